//! Callers with static tokens, from the configuration.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::authorize::policy::Policies;
use attention_core::Timestamp;
use attention_core::credential::TokenDigest;

use crate::deployment::digest;
use crate::deployment::strict_json::{Document, Fault};
use crate::limits::rate::Rate;

/// A caller that may use the Worker.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) token: TokenDigest,
    /// The name of an existing policy.
    pub(crate) policy: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) limit: Option<Rate>,
    /// Whether it may request sessions: a backend, not a page.
    pub(crate) mints_sessions: bool,
}

const MEMBERS: [&str; 6] = ["name", "sha256", "policy", "expires", "limit", "mintsSessions"];

impl Caller {
    /// Reads `[{"name","sha256","policy","expires","limit","mintsSessions"}]`; the first two members are required.
    pub(crate) fn parse_list(text: &str, policies: &Policies) -> Result<Vec<Self>, Fault> {
        let mut callers: Vec<Self> = Vec::new();
        // Comparing each with all others would take seconds for ten thousand callers.
        let (mut named, mut told) = (Order::default(), Order::default());
        let known = digest::known();
        for record in Document::new(text).records(&MEMBERS)? {
            let name = record.required_text("name")?.into_owned();
            if !is_name(&name) {
                return Err(record.fault("name", NAME_RULE));
            }
            let token = digest::read(&record.required_text("sha256")?).map_err(|what| record.fault("sha256", what))?;
            if known.iter().any(|known| known.matches(token)) {
                return Err(record.fault("sha256", digest::IS_KNOWN));
            }
            if !named.insert(callers.len(), |other| callers.get(other).map(|caller| caller.name.as_str().cmp(&name))) {
                return Err(record.fault("name", "another caller has this name"));
            }
            let order = |other: usize| callers.get(other).map(|caller| caller.token.as_bytes().cmp(token.as_bytes()));
            if !told.insert(callers.len(), order) {
                return Err(record.fault("sha256", "another caller has this token; they could not be distinguished"));
            }
            let expires_at = match record.text("expires")? {
                None => None,
                Some(text) => Some(Timestamp::from_rfc3339(&text).ok_or_else(|| {
                    record.fault("expires", "must be a date such as 2027-01-31 or 2027-01-31T08:30:00Z (UTC)")
                })?),
            };
            callers.push(Self {
                name,
                token,
                policy: policy_name(record.text("policy")?.as_deref(), policies)
                    .ok_or_else(|| record.fault("policy", "there is no policy of this name"))?,
                expires_at,
                limit: match record.text("limit")? {
                    None => None,
                    Some(text) => Some(Rate::parse(&text).ok_or_else(|| record.fault("limit", Rate::FORM))?),
                },
                mints_sessions: record.flag("mintsSessions")?,
            });
        }
        Ok(callers)
    }
}

/// Indices of the callers read so far, kept sorted.
#[derive(Debug, Default)]
struct Order(Vec<usize>);

impl Order {
    /// Inserts an index; `false` if an equal entry exists. `compare` compares the entry at an index with the new one.
    fn insert(&mut self, number: usize, compare: impl Fn(usize) -> Option<Ordering>) -> bool {
        let place = self.0.binary_search_by(|other| compare(*other).unwrap_or(Ordering::Less));
        let Err(place) = place else { return false };
        self.0.insert(place, number);
        true
    }
}

pub(crate) const NAME_RULE: &str =
    "must be 1 to 64 letters, digits, `-`, `_`, `.`, `+` or `@`: it appears in every log line";

/// Whether a name is safe in a log line.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b'+'))
}

/// The name of an existing policy; the default policy if none is given.
pub(crate) fn policy_name(given: Option<&str>, policies: &Policies) -> Option<String> {
    let name = given.unwrap_or(Policies::DEFAULT);
    policies.get(name).map(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use attention_core::credential::TokenDigest;
    use proptest::prelude::*;

    use super::*;
    use crate::authorize::policy::DEFAULT_POLICY;

    #[test]
    fn a_name_is_safe_in_a_log_line() {
        let (longest, longer) = ("a".repeat(64), "a".repeat(65));
        for (name, is_one) in [
            ("a", true),
            ("A-z_0.9+b@c", true),
            (&*longest, true),
            (&*longer, false),
            ("", false),
            ("a b", false),
            ("a\n", false),
            ("\u{e9}", false),
            ("a:b", false),
        ] {
            assert_eq!(is_name(name), is_one, "{name:?}");
        }
    }

    fn parsed(entries: &[(String, TokenDigest)]) -> Result<usize, String> {
        let records: Vec<String> = entries
            .iter()
            .map(|(name, token)| format!(r#"{{"name":"{name}","sha256":"{}"}}"#, token.to_hex()))
            .collect();
        let policies = Policies::parse(DEFAULT_POLICY).expect("a policy");
        let list = Caller::parse_list(&format!("[{}]", records.join(",")), &policies);
        list.map(|callers| callers.len()).map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn ten_thousand_callers_are_read_quickly() {
        let mut entries: Vec<(String, TokenDigest)> =
            (0..10_000).map(|n| (format!("caller-{n}"), TokenDigest::of(&format!("fake-token-{n}")))).collect();
        // Comparing each with all others would take twice fifty million comparisons, which is seconds in a test.
        assert_eq!(parsed(&entries), Ok(10_000));
        entries[9_999].1 = TokenDigest::of("fake-token-17");
        assert!(parsed(&entries).unwrap_err().contains("[9999]"));
    }

    proptest! {
        /// The same result as comparing each with all others.
        #[test]
        fn duplicate_names_and_tokens_are_found_anywhere(
            entries in prop::collection::vec((0..60_u8, 0..60_u8), 1..30),
        ) {
            let entries: Vec<(String, TokenDigest)> = entries
                .into_iter()
                .map(|(name, token)| (format!("n{name}"), TokenDigest::of(&format!("fake-token-{token}"))))
                .collect();
            let twice = entries.iter().enumerate().position(|(index, (name, token))| {
                entries[..index].iter().any(|(other, known)| other == name || known.matches(*token))
            });
            match (parsed(&entries), twice) {
                (Ok(count), None) => prop_assert_eq!(count, entries.len()),
                (Err(fault), Some(index)) => prop_assert!(fault.contains(&format!("[{index}]")), "{} {}", fault, index),
                (parsed, twice) => prop_assert!(false, "{:?} {:?}", parsed, twice),
            }
        }
    }
}
