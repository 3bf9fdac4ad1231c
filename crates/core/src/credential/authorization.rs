//! The `Authorization` header of outgoing requests to the API.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::key::ApiKey;
use super::secret::Secret;
use crate::codec::text;

/// The value of an outgoing `Authorization` header: `Bearer` and the key (RFC 6750 §2.1). Zeroed on drop; hidden from
/// `Debug`.
///
/// ```
/// use attention_core::{ApiKey, credential::Authorization};
///
/// let key = ApiKey::parse("an-obviously-fake-key")?;
/// let header = Authorization::bearer(&key);
/// assert_eq!(header.expose(), "Bearer an-obviously-fake-key");
/// assert_eq!(format!("{header:?}"), "Authorization(Bearer …)");
/// # Ok::<(), attention_core::KeyError>(())
/// ```
pub struct Authorization(Zeroizing<String>);

impl Authorization {
    /// The header value for a key.
    pub fn bearer(key: &ApiKey) -> Self {
        Self::of(&key.0)
    }

    pub(crate) fn of(secret: &Secret) -> Self {
        // `concat` allocates once: growing would leave copies of the key in freed memory.
        Self(Zeroizing::new(text::concat(&["Bearer ", secret.expose()])))
    }

    /// The header value itself, for the request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(Bearer …)")
    }
}
