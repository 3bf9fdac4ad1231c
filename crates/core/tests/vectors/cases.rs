//! The cases of the vector files that are not scripts.

use attention_core::call::KeyLevel;
use serde::Deserialize;

use crate::expected::Expected;
use crate::text::{Body, Text};

/// A case of `authorization.json`.
#[derive(Deserialize)]
#[serde(tag = "direction", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum AuthorizationCase {
    Outgoing {
        current: Text,
        next: Option<Text>,
        #[serde(default)]
        token: bool,
        headers: PerSlot,
    },
    Incoming {
        values: Vec<Text>,
        token: Option<Text>,
        code: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerSlot {
    pub(crate) current: Text,
    pub(crate) next: Option<Text>,
}

/// A case of `keys.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyCase {
    pub(crate) text: Text,
    pub(crate) ok: Option<Accepted>,
    pub(crate) error: Option<RefusedKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Accepted {
    pub(crate) fingerprint: String,
    pub(crate) expires_at: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusedKey {
    pub(crate) code: String,
    pub(crate) position: Option<usize>,
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

/// A case of `urls.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UrlCase {
    pub(crate) base: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) target: Text,
    pub(crate) query: Option<Text>,
    pub(crate) pairs: Option<Vec<(String, String)>>,
    pub(crate) url: Option<Text>,
    pub(crate) error: Option<RefusedUrl>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusedUrl {
    pub(crate) kind: String,
    pub(crate) code: String,
    pub(crate) position: Option<usize>,
}

/// A case of `errors.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ErrorCase {
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) token: bool,
    #[serde(default)]
    pub(crate) history: Vec<Before>,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) path: Option<String>,
    pub(crate) key_level: Option<Level>,
    pub(crate) error: Option<Expected>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    User,
    Organization,
}

impl From<Level> for KeyLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::User => Self::User,
            Level::Organization => Self::Organization,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    pub(crate) status: u16,
    pub(crate) ago: u64,
    pub(crate) path: Option<String>,
}

/// A case of `retry_after.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryAfterCase {
    pub(crate) value: Text,
    pub(crate) now: Option<u64>,
    pub(crate) millis: Option<u64>,
}
