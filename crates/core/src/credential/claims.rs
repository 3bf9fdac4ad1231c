//! Claims that a credential makes about itself: a key or token that is a JWT, or a session of the Worker.

use alloc::borrow::Cow;
use alloc::string::String;

use zeroize::Zeroizing;

use crate::Timestamp;
use crate::codec::base64url;
use crate::codec::json::{self, Value};
use crate::codec::text::{find_byte, is_all, split, split_once, trim_end, whole_number};

/// The unverified claims of a key that is a JWT (RFC 7519 §4.1). A repeated claim is ignored, because the API may use
/// another of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `exp`: when the key expires.
    pub expires_at: Option<Timestamp>,
    /// `iat`: when the key was issued.
    pub issued_at: Option<Timestamp>,
    /// `sub`: the subject of the key.
    pub subject: Option<String>,
}

impl Claims {
    pub(crate) fn peek(jwt: &str) -> Option<Self> {
        let mut parts = split(jwt, b'.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let bytes = Zeroizing::new(base64url::decode(trim_end(payload, b'='))?);
        let text = object(&bytes)?;
        let date = |name| match json::only_member(text, name) {
            // A NumericDate: seconds, optionally with a fraction.
            Some(Value::Number(text)) => {
                let (seconds, fraction) = split_once(text, b'.').unwrap_or((text, ""));
                let plain = seconds.len() <= 12 && is_all(fraction, |b| b.is_ascii_digit());
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

    /// Whether `exp` is in the past.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// The unverified expiry of a caller token: `exp` of a session issued by the Worker, or of a JWT. `None` for tokens of
/// another format.
pub(crate) fn token_end(token: &str) -> Option<Timestamp> {
    let (first, rest) = split_once(token, b'.')?;
    if first == "s1" {
        return session_end(rest);
    }
    object(&base64url::decode(first)?)?;
    Claims::peek(token)?.expires_at
}

/// The expiry in `<payload>.<signature>`, which follows the `s1.` of a session. `tests/vectors/sessions.json` fixes the
/// format.
fn session_end(parts: &str) -> Option<Timestamp> {
    let (payload, signature) = split_once(parts, b'.')?;
    if find_byte(signature, b'.').is_some() {
        return None;
    }
    match json::only_member(object(&base64url::decode(payload)?)?, "exp") {
        Some(Value::Number(digits)) => whole_number(digits).map(Timestamp::from_unix_seconds),
        _ => None,
    }
}

/// The bytes as text, if the first character is that of a JSON object.
fn object(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| text.trim_ascii_start().starts_with('{'))
}
