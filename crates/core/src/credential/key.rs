//! API keys and caller tokens, validated before any call is made.

use core::fmt;

use super::claims::{self, Claims};
use super::fingerprint::Fingerprint;
use super::key_error::KeyError;
use super::secret::Secret;
use crate::Timestamp;

/// An Attention API key.
///
/// A key is shown once, copied by hand, pasted into a secret store and read back from an environment variable, and each
/// of these steps can damage it. [`parse`](Self::parse) detects the damage that the text alone reveals. Its errors
/// never contain the text.
///
/// Zeroed on drop. `Debug` and `Display` show at most its last four characters. Source:
/// <https://docs.attention.com/api-authentication>.
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
    /// Parses a key as typed by a person or read from an environment variable. Surrounding white space is removed; any
    /// other defect is an error.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text).map(Self)
    }

    /// The key itself, for the request's header.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The key's fingerprint, for logs and metrics.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// The key's own claims, if it is a JWT. They are not verified: only the API can tell whether a key is valid.
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

/// A token that authenticates a caller to the Worker. It has the syntax of a key and is protected like one, but it
/// gives access to the Worker only, not to the API.
pub struct CallerToken(pub(crate) Secret);

impl CallerToken {
    /// Like [`ApiKey::parse`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text).map(Self)
    }

    /// The token's fingerprint, for logs and metrics.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// When the token expires by its own claim: the `exp` of a session issued by the Worker, or of a JWT. It is not
    /// verified: only the Worker can tell whether a token is valid. `None` if the token has no such claim.
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
