//! The version of the running proxy, from Cloudflare's `version_metadata` binding.

use alloc::borrow::Cow;
use alloc::string::String;

use attention_core::codec::json::{self, Object};

use crate::log::VersionRecord;

/// A version's id, and the tag assigned when it was deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    id: String,
    tag: Option<String>,
}

/// Longer ones are truncated, because they are in every log line.
const MOST_CHARS: usize = 64;

impl Version {
    /// Reads `{"id","tag","timestamp"}`. The platform sets the binding and nothing depends on it, so any other content
    /// counts as no version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let members = json::read(text).ok()?.members().ok()?;
        let text = |name: &str| {
            let element = members.iter().find(|(known, _)| known == name).map(|(_, element)| element.clone());
            let text = element?.into_text().map(Cow::into_owned)?;
            let text: String = text.trim().chars().take(MOST_CHARS).collect();
            (!text.is_empty()).then_some(text)
        };
        Some(Self { id: text("id")?, tag: text("tag") })
    }

    pub(crate) fn record(&self) -> VersionRecord<'_> {
        VersionRecord { id: &self.id, tag: self.tag.as_deref() }
    }

    /// `{"id","tag"}`.
    pub(crate) fn to_json(&self) -> String {
        let mut object = Object::new();
        object.string("id", &self.id);
        if let Some(tag) = &self.tag {
            object.string("tag", tag);
        }
        object.finish()
    }

    /// The name of the version on a page.
    pub fn name(&self) -> String {
        match &self.tag {
            Some(tag) => [tag, " (", &self.id, ")"].concat(),
            None => self.id.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudflares_binding_is_read_and_other_content_ignored() {
        let version = Version::parse(r#"{"id":"5f7c","tag":"","timestamp":"2026-11-29T00:00:00Z"}"#).unwrap();
        assert_eq!((version.to_json().as_str(), version.name().as_str()), (r#"{"id":"5f7c"}"#, "5f7c"));
        let version = Version::parse(r#"{"id":"5f7c","tag":"1.2"}"#).unwrap();
        assert_eq!(
            (version.to_json().as_str(), version.name().as_str()),
            (r#"{"id":"5f7c","tag":"1.2"}"#, "1.2 (5f7c)")
        );
        for text in ["", "5f7c", "{}", r#"{"id":7}"#, r#"{"id":" "}"#, r#"["id"]"#, "null"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
        let long = Version::parse(&format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000))).unwrap();
        assert_eq!(long.name().len(), MOST_CHARS);
    }
}
