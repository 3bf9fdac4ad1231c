//! API keys and caller tokens: accepted or refused before any call is made.
//!
//! A key is shown once, copied by hand, pasted into a secret store and read back
//! from an environment variable: each step has its own way of spoiling it. What
//! can be told from the text alone is told here, and the text itself is never
//! repeated.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use sha2::block_api::compress256;
use zeroize::Zeroizing;

use crate::Timestamp;
use crate::codec::base64url;
use crate::codec::json::{self, Value};
use crate::codec::text::{self, cut, split, trim_end, whole_number};
use crate::secret::Secret;

/// The longest accepted key: 8 KiB, the header size that common servers take.
pub const MAX_KEY_BYTES: usize = 8 * 1024;

/// An Attention API key.
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
}

impl fmt::Debug for CallerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("CallerToken", f)
    }
}

/// Why a text is not accepted as a key. It never holds the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing but white space.
    Empty,
    /// It begins with `Bearer ` or another scheme: the key was copied together
    /// with the header around it.
    SchemePrefix,
    /// It is a placeholder of documentation or a template, such as `YOUR_API_KEY`.
    Placeholder,
    /// It is longer than [`MAX_KEY_BYTES`].
    TooLong {
        /// Its length after trimming.
        bytes: usize,
    },
    /// It holds a character that a bearer credential cannot have.
    InvalidCharacter {
        /// How many characters stand before it in the text as given.
        position: usize,
        /// What sort of character it is.
        class: CharacterClass,
    },
}

impl KeyError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "key_empty",
            Self::SchemePrefix => "key_has_scheme",
            Self::Placeholder => "key_placeholder",
            Self::TooLong { .. } => "key_too_long",
            Self::InvalidCharacter { .. } => "key_invalid_character",
        }
    }
}

impl KeyError {
    /// What is wrong and what to do, in one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::Empty => "the key is empty; set it to the value shown when the key was created",
            Self::SchemePrefix => {
                "the key begins with an authorization scheme or header name; pass the key alone, `Bearer` is added for you"
            }
            Self::Placeholder => "the key is a placeholder from a template; put the real key into your secret store",
            Self::TooLong { bytes } => {
                let parts = [
                    "the key has ",
                    &text::count(bytes),
                    " bytes, more than the ",
                    &text::count(MAX_KEY_BYTES),
                    " a header can carry; is it a file's content?",
                ];
                return text::concat(&parts);
            }
            Self::InvalidCharacter { position, class } => {
                let parts = [
                    "the key holds ",
                    class.as_str(),
                    " at position ",
                    &text::count(position),
                    " (counting from 0), which an Authorization header cannot carry; copy the key again, in one piece",
                ];
                return text::concat(&parts);
            }
        })
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for KeyError {}

/// The sort of a refused character: enough to find it, too little to leak it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CharacterClass {
    /// CR or LF.
    LineBreak,
    /// A space or a tab.
    Blank,
    /// NUL.
    Nul,
    /// Another control character.
    Control,
    /// A quotation mark or a backtick.
    Quote,
    /// Anything outside ASCII.
    NonAscii,
    /// Another ASCII character outside RFC 9110 `token68`.
    Other,
}

impl CharacterClass {
    pub(crate) const fn of(c: char) -> Self {
        match c {
            '\r' | '\n' => Self::LineBreak,
            ' ' | '\t' => Self::Blank,
            '\0' => Self::Nul,
            '"' | '\'' | '`' => Self::Quote,
            _ if c.is_ascii_control() => Self::Control,
            _ if !c.is_ascii() => Self::NonAscii,
            _ => Self::Other,
        }
    }
}

impl CharacterClass {
    /// Its name in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LineBreak => "a line break",
            Self::Blank => "a space or tab",
            Self::Nul => "a NUL character",
            Self::Control => "a control character",
            Self::Quote => "a quotation mark",
            Self::NonAscii => "a non-ASCII character",
            Self::Other => "a character outside the token68 alphabet",
        }
    }
}

impl fmt::Display for CharacterClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first eight hex digits of a credential's SHA-256: it names a key in logs
/// without helping anyone to guess it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(sha256_start(bytes))
    }

    /// The eight digits.
    pub fn to_hex(self) -> String {
        text::hex(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first four bytes of the SHA-256 of `bytes`. The padding (FIPS 180-4 §5.1.1)
/// is done here: `Sha256`'s buffer for bytes that come in pieces is as large as
/// the hash itself.
fn sha256_start(bytes: &[u8]) -> [u8; 4] {
    let mut state =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let length = (8 * bytes.len() as u64).to_be_bytes();
    // A byte that marks the end, zeros, and the length at the end of the last block.
    let blocks = bytes.len() / 64 + if bytes.len() % 64 < 56 { 1 } else { 2 };
    let mut at = 0;
    for _ in 0..blocks {
        let mut block = Zeroizing::new([0; 64]);
        for byte in &mut *block {
            *byte = match bytes.get(at) {
                Some(byte) => *byte,
                None if at == bytes.len() => 0x80,
                None => (at + 8).checked_sub(64 * blocks).and_then(|at| length.get(at)).copied().unwrap_or_default(),
            };
            at += 1;
        }
        compress256(&mut state, &[*block]);
    }
    let [start, ..] = state;
    start.to_be_bytes()
}

/// Unverified claims of a key that is a JWT (RFC 7519 §4.1).
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
        let text = &*Zeroizing::new(text::utf8(&bytes)?.into_boxed_str());
        if !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        let date = |name| match json::member(text, name) {
            // NumericDate: seconds, with a fraction if the issuer likes.
            Some(Value::Number(text)) => {
                let (seconds, fraction) = cut(text, b'.').unwrap_or((text, ""));
                let plain = seconds.len() <= 12 && fraction.bytes().all(|b| b.is_ascii_digit());
                whole_number(seconds).filter(|_| plain).map(Timestamp::from_unix_seconds)
            }
            _ => None,
        };
        Some(Self {
            expires_at: date("exp"),
            issued_at: date("iat"),
            subject: json::member(text, "sub").and_then(Value::into_string).map(Cow::into_owned),
        })
    }

    /// Whether `exp` lies in the past.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn a_fingerprint_is_the_start_of_the_sha256() {
        let bytes = [b'k'; 200];
        for (length, _) in bytes.iter().enumerate() {
            let (bytes, _) = bytes.split_at(length);
            assert_eq!(sha256_start(bytes), Sha256::digest(bytes)[..4], "{length} bytes");
        }
    }
}
