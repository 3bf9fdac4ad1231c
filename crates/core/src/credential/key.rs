//! API keys and caller tokens: accepted or refused before any call is made.

use core::fmt;

use super::claims::{self, Claims};
use super::fingerprint::Fingerprint;
use super::key_error::KeyError;
use super::secret::Secret;
use crate::Timestamp;

/// An Attention API key.
///
/// A key is shown once, copied by hand, pasted into a secret store and read back
/// from an environment variable: each step has its own way of spoiling it.
/// [`parse`](Self::parse) finds what can be found in the text alone, and never
/// repeats the text.
///
/// Zeroed on drop. Neither `Debug` nor `Display` shows more than its last four
/// characters. Source: <https://docs.attention.com/api-authentication>.
///
/// ```
/// use attention_core::{ApiKey, KeyError};
///
/// let key = ApiKey::parse("an-obviously-fake-key-for-documentation\n")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(…tion, 39 bytes)");
///
/// let refused = ApiKey::parse("Bearer an-obviously-fake-key").unwrap_err();
/// assert_eq!(refused, KeyError::SchemePrefix);
/// # Ok::<(), KeyError>(())
/// ```
pub struct ApiKey(pub(crate) Secret);

impl ApiKey {
    /// Takes a key as a person or an environment variable gives it: white space
    /// around it is dropped, anything else that is off is refused.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text).map(Self)
    }

    /// The key itself, for the one place that needs it: the request's header.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Names the key in logs and metrics.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// What the key says of itself when it is a JWT. Nothing is verified: only
    /// the API can tell whether a key is good.
    pub fn peek(&self) -> Option<Claims> {
        Claims::peek(self.expose())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("ApiKey", f)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("ApiKey", f)
    }
}

impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(&other.0)
    }
}

impl Eq for ApiKey {}

/// A token with which a caller authenticates to the Worker. It has the syntax
/// of a key and is guarded like one, but it is not a key: it opens the Worker,
/// not the API.
pub struct CallerToken(pub(crate) Secret);

impl CallerToken {
    /// As [`ApiKey::parse`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text).map(Self)
    }

    /// Names the token in logs and metrics.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// When the token ends, by its own word: the `exp` of a session that the Worker made, or of a JWT. Nothing is
    /// verified: only the Worker can tell whether a token is good. `None` for a token that does not say.
    ///
    /// ```
    /// use attention_core::{CallerToken, Timestamp};
    ///
    /// // {"exp":1700000900}
    /// let session = CallerToken::parse("s1.eyJleHAiOjE3MDAwMDA5MDB9.not-a-signature")?;
    /// assert_eq!(session.expires_at(), Some(Timestamp::from_unix_seconds(1_700_000_900)));
    /// assert_eq!(CallerToken::parse("an-obviously-fake-token")?.expires_at(), None);
    /// # Ok::<(), attention_core::KeyError>(())
    /// ```
    pub fn expires_at(&self) -> Option<Timestamp> {
        claims::token_end(self.0.expose())
    }
}

impl fmt::Debug for CallerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("CallerToken", f)
    }
}
