//! Keys and tokens: parsing, sending, receiving, naming them in logs, and redaction.

mod authorization;
mod bearer;
mod claims;
mod fingerprint;
mod key;
mod key_error;
pub mod lifecycle;
mod redaction;
mod secret;
mod token_digest;

pub use authorization::Authorization;
pub use bearer::{AuthorizationError, Bearer, MAX_TOKEN_BYTES};
pub use claims::Claims;
pub use fingerprint::Fingerprint;
pub use key::{ApiKey, CallerToken};
pub use key_error::{CharacterClass, KeyError, MAX_KEY_BYTES};
pub(crate) use redaction::scrub_all;
pub use redaction::{REDACTED, scrub};
pub use token_digest::{DigestError, TokenDigest};

pub(crate) use claims::token_end;
pub(crate) use redaction::reveals;
pub(crate) use secret::Secret;
