//! The text of a credential: validated, zeroed on drop, never printed.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::fingerprint::Fingerprint;
use super::key_error::{CharacterClass, KeyError, MAX_KEY_BYTES};
use crate::codec::text::{self, find, trim_end};

/// A bearer credential whose syntax has been checked: RFC 9110 §11.2 `token68`,
/// which RFC 6750 §2.1 calls `b64token`.
pub(crate) struct Secret {
    text: Zeroizing<String>,
    fingerprint: Fingerprint,
}

impl Secret {
    pub(crate) fn parse(given: &str) -> Result<Self, KeyError> {
        let trimmed = given.trim_ascii();
        if trimmed.is_empty() {
            return Err(KeyError::Empty);
        }
        if has_scheme_prefix(trimmed) {
            return Err(KeyError::SchemePrefix);
        }
        if is_placeholder(trimmed) {
            return Err(KeyError::Placeholder);
        }
        if trimmed.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLong { bytes: trimmed.len() });
        }
        let led = given.len() - given.trim_ascii_start().len();
        // Positions in bytes and in characters agree, because everything before the first invalid character is ASCII.
        let body = trim_end(trimmed, b'=');
        let odd = text::position(trimmed, |b| !is_token68(b)).or_else(|| {
            // `=` is allowed only at the end (padding), and not alone.
            text::find_byte(body, b'=').or(body.is_empty().then_some(0))
        });
        if let Some(index) = odd {
            let odd = trimmed.get(index..).and_then(|rest| rest.chars().next());
            let class = odd.map_or(CharacterClass::Other, CharacterClass::of);
            return Err(KeyError::InvalidCharacter { position: led + index, class });
        }
        Ok(Self { fingerprint: Fingerprint::of(trimmed.as_bytes()), text: Zeroizing::new(String::from(trimmed)) })
    }

    pub(crate) fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Equality without a data-dependent branch; lengths are not secret.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.text.as_bytes().ct_eq(other.text.as_bytes()).into()
    }

    /// `NAME(…last4, N bytes)`; for a short secret no character is shown.
    pub(crate) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.text.len();
        match self.text.get(bytes.saturating_sub(4)..) {
            Some(last) if bytes >= 24 => write!(f, "{name}(…{last}, {bytes} bytes)"),
            _ => write!(f, "{name}({bytes} bytes)"),
        }
    }
}

pub(crate) const fn is_token68(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether the text was copied together with the header name or scheme before it.
fn has_scheme_prefix(text: &str) -> bool {
    ["bearer", "basic", "token", "authorization:"].iter().any(|prefix| {
        text.split_at_checked(prefix.len()).is_some_and(|(start, rest)| {
            let is_whole = prefix.ends_with(':') || rest.bytes().next().is_none_or(|b| b.is_ascii_whitespace());
            is_whole && start.eq_ignore_ascii_case(prefix)
        })
    })
}

/// Letters and digits of placeholders, in lower case; `here` may follow.
const PLACEHOLDERS: &str = "|apikey|key|token|yourapikey|yourkey|yourtoken|yourattentionapikey|attentionapikey|attentionapikeynext\
    |insertapikey|insertyourapikey|myapikey|changeme|replaceme|placeholder|todo|undefined|null|none|secret|";

/// Whether the text is a placeholder of documentation or a template, or the text that scripting languages print for an
/// unset variable.
fn is_placeholder(text: &str) -> bool {
    let mut bytes = text.bytes();
    match (bytes.next(), bytes.next_back()) {
        (Some(b'$'), _) | (Some(b'<'), Some(b'>')) | (Some(b'['), Some(b']')) | (Some(b'%'), Some(b'%')) => {
            return true;
        }
        (Some(b'{'), Some(b'}')) if bytes.next() == Some(b'{') => return true,
        _ => {}
    }
    if text.len() > 64 {
        return false;
    }
    let mut plain = String::new();
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        plain.push(char::from(byte.to_ascii_lowercase()));
    }
    if !plain.is_empty() && trim_end(&plain, b'x').is_empty() {
        return true;
    }
    let plain = plain.strip_suffix("here").unwrap_or(&plain);
    !plain.is_empty() && find(PLACEHOLDERS, &text::concat(&["|", plain, "|"])).is_some()
}
