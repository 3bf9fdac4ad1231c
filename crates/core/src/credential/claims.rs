//! What a key says of itself when it is a JWT.

use alloc::borrow::Cow;
use alloc::string::String;

use zeroize::Zeroizing;

use crate::Timestamp;
use crate::codec::base64url;
use crate::codec::json::{self, Value};
use crate::codec::text::{split, split_once, trim_end, whole_number};

/// Unverified claims of a key that is a JWT (RFC 7519 §4.1). Of a claim that is repeated none counts, as the API may
/// read another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `exp`: when the key stops working.
    pub expires_at: Option<Timestamp>,
    /// `iat`: when it was made.
    pub issued_at: Option<Timestamp>,
    /// `sub`: whom it stands for.
    pub subject: Option<String>,
}

impl Claims {
    pub(crate) fn peek(jwt: &str) -> Option<Self> {
        let mut parts = split(jwt, b'.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let bytes = Zeroizing::new(base64url::decode(trim_end(payload, b'='))?.into_boxed_slice());
        let text = str::from_utf8(&bytes).ok()?;
        if !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        let date = |name| match json::only_member(text, name) {
            // NumericDate: seconds, with a fraction if the issuer likes.
            Some(Value::Number(text)) => {
                let (seconds, fraction) = split_once(text, b'.').unwrap_or((text, ""));
                let plain = seconds.len() <= 12 && fraction.bytes().all(|b| b.is_ascii_digit());
                whole_number(seconds).filter(|_| plain).map(Timestamp::from_unix_seconds)
            }
            _ => None,
        };
        Some(Self {
            expires_at: date("exp"),
            issued_at: date("iat"),
            subject: json::only_member(text, "sub").and_then(Value::into_string).map(Cow::into_owned),
        })
    }

    /// Whether `exp` lies in the past.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}
