//! The bindings of a deployment: their documented names and their texts.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::deployment::{Misconfigured, pasted};

/// The prefix of all of them.
pub(crate) const PREFIX: &str = "ATTENTION_";

pub(crate) const KEY: &str = "ATTENTION_API_KEY";
pub(crate) const NEXT_KEY: &str = "ATTENTION_API_KEY_NEXT";
pub(crate) const BASE_URL: &str = "ATTENTION_BASE_URL";
pub(crate) const CALLERS: &str = "ATTENTION_CALLERS";
pub(crate) const JWT: &str = "ATTENTION_JWT";
pub(crate) const SESSION_SECRET: &str = "ATTENTION_SESSION_SECRET";
/// Ids of revoked sessions.
pub(crate) const REVOKED_SESSIONS: &str = "ATTENTION_REVOKED_SESSIONS";
pub(crate) const ADMIN: &str = "ATTENTION_ADMIN_SHA256";
pub(crate) const POLICY: &str = "ATTENTION_POLICY";
pub(crate) const ORIGINS: &str = "ATTENTION_ALLOWED_ORIGINS";
pub(crate) const TIMEOUT: &str = "ATTENTION_TIMEOUT_MS";
pub(crate) const RETRIES: &str = "ATTENTION_MAX_RETRIES";
pub(crate) const LOG: &str = "ATTENTION_LOG";
pub(crate) const LOG_SAMPLE: &str = "ATTENTION_LOG_SAMPLE_PERCENT";
pub(crate) const LOG_FORM: &str = "ATTENTION_LOG_FORM";
/// The rate limit for the calls of all isolates together.
pub const BUDGET: &str = "ATTENTION_BUDGET";
/// A Durable Object, which has no text.
pub(crate) const GATE: &str = "ATTENTION_GATE";
/// A Rate Limiting binding, which has no text either.
pub(crate) const RATE_LIMIT: &str = "ATTENTION_RATE_LIMIT";

/// Cloudflare's `version_metadata`, under the name in Cloudflare's documentation.
pub(crate) const VERSION: &str = "CF_VERSION_METADATA";

/// A vault that takes longer to return a text counts as failed.
pub const VAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// An Analytics Engine dataset, used by the driver only; it has no text.
pub(crate) const ANALYTICS: &str = "ATTENTION_ANALYTICS";

/// All bindings that have a text.
pub const ALL: [&str; 19] = [
    KEY,
    NEXT_KEY,
    BASE_URL,
    CALLERS,
    JWT,
    SESSION_SECRET,
    REVOKED_SESSIONS,
    ADMIN,
    POLICY,
    ORIGINS,
    TIMEOUT,
    RETRIES,
    LOG,
    LOG_SAMPLE,
    LOG_FORM,
    BUDGET,
    GATE,
    RATE_LIMIT,
    VERSION,
];

/// The bindings that contain an API key.
pub const KEYS: [&str; 2] = [KEY, NEXT_KEY];

/// Whether the Worker or the npm package reads a binding of this name.
pub fn is_known(name: &str) -> bool {
    ALL.contains(&name) || name == ANALYTICS
}

/// The text of a binding.
#[derive(Clone, Debug, Default)]
pub enum Text {
    /// There is no such binding.
    #[default]
    Absent,
    /// There is a binding but no text: a vault that did not respond, or a value that is not text.
    Unreadable,
    /// The text.
    Given(String),
}

/// The texts of the bindings by name.
#[derive(Default)]
pub struct Texts {
    texts: Vec<(&'static str, Text)>,
    /// The names of all bindings, including those without a text.
    names: Vec<String>,
}

impl fmt::Debug for Texts {
    // Omits the texts, which include a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.texts.iter().map(|(name, _)| name)).finish()
    }
}

impl Texts {
    /// Sets a binding's text; the last one applies.
    pub fn set(&mut self, name: &'static str, text: Text) {
        self.texts.retain(|(known, _)| *known != name);
        self.texts.push((name, text));
    }

    /// Records that a binding of this name exists, of whatever type. A name that is close to a documented one is a
    /// fault.
    pub fn there_is(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(crate) fn find(&self, name: &'static str) -> &Text {
        self.texts.iter().find(|(known, _)| *known == name).map_or(&Text::Absent, |(_, text)| text)
    }

    /// A digest that identifies a set of texts, in the order in which they were set, without storing them.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut add = |kind: u8, text: &str| {
            digest.update([kind]);
            digest.update(u64::try_from(text.len()).unwrap_or_default().to_le_bytes());
            digest.update(text);
        };
        for name in self.names() {
            add(0, name);
        }
        for name in ALL {
            add(1, name);
            match self.find(name) {
                Text::Absent => add(2, ""),
                Text::Unreadable => add(3, ""),
                Text::Given(text) => add(4, text),
            }
        }
        digest.finalize().into()
    }

    /// The text as given. An empty text counts as absent, because shells unset variables that way.
    pub(crate) fn get(&self, name: &'static str) -> Result<Option<&str>, Misconfigured> {
        match self.find(name) {
            Text::Given(text) if !text.trim().is_empty() => Ok(Some(text)),
            Text::Unreadable => Err(Misconfigured::Unreadable(name)),
            _ => Ok(None),
        }
    }

    /// The text without the characters that tools commonly add around it.
    pub(crate) fn read(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Misconfigured> {
        let read = self.get(name)?.map(pasted::unquoted).transpose();
        let read = read.map_err(|slip| Misconfigured::Slip(name, slip))?;
        Ok(read.filter(|text| !text.is_empty()))
    }

    /// A secret, which may contain quotation marks; only surrounding white space is removed.
    pub(crate) fn secret(&self, name: &'static str) -> Result<Option<&str>, Misconfigured> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        pasted::bare(text).map(Some).map_err(|slip| Misconfigured::Slip(name, slip))
    }
}
