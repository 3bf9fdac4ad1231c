//! The text of a credential: checked, zeroed on drop, never printed.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::key::{CharacterClass, Fingerprint, KeyError, MAX_KEY_BYTES};

/// A bearer credential whose syntax has been checked: RFC 9110 §11.2 `token68`,
/// which RFC 6750 §2.1 calls `b64token`.
pub(crate) struct Secret {
    text: Zeroizing<String>,
    fingerprint: Fingerprint,
}

impl Secret {
    pub(crate) fn parse(given: &str) -> Result<Self, KeyError> {
        let trimmed = given.trim_matches(|c: char| c.is_ascii_whitespace());
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
        let led = given.chars().take_while(char::is_ascii_whitespace).count();
        let body = trimmed.trim_end_matches('=');
        let odd = trimmed.chars().position(|c| !is_token68(c)).or_else(|| {
            // `=` may only stand at the end (padding), and not alone.
            body.find('=').or(body.is_empty().then_some(0))
        });
        if let Some(index) = odd {
            let class = trimmed.chars().nth(index).map_or(CharacterClass::Other, CharacterClass::of);
            return Err(KeyError::InvalidCharacter { position: led + index, class });
        }
        Ok(Self { fingerprint: Fingerprint::of(trimmed.as_bytes()), text: Zeroizing::new(trimmed.to_owned()) })
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

    /// `NAME(…last4, N bytes)`; a short secret shows no character at all.
    pub(crate) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.text.len();
        match self.text.get(bytes.saturating_sub(4)..) {
            Some(last) if bytes >= 24 => write!(f, "{name}(…{last}, {bytes} bytes)"),
            _ => write!(f, "{name}({bytes} bytes)"),
        }
    }
}

const fn is_token68(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '=')
}

/// Copied together with what stands before it in the header or in a curl line.
fn has_scheme_prefix(text: &str) -> bool {
    ["bearer", "basic", "token", "authorization:"].iter().any(|prefix| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && text[prefix.len()..].chars().next().is_none_or(|c| c.is_ascii_whitespace() || prefix.ends_with(':'))
    })
}

/// What documentation and templates put where a key belongs, and what scripting
/// languages print for a variable that was never set.
fn is_placeholder(text: &str) -> bool {
    let marked = [("<", ">"), ("${", "}"), ("{{", "}}"), ("[", "]"), ("%", "%")]
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close));
    if marked || text.starts_with('$') {
        return true;
    }
    if text.len() > 64 {
        return false;
    }
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if !plain.is_empty() && plain.bytes().all(|b| b == b'x') {
        return true;
    }
    let plain = plain.strip_suffix("here").unwrap_or(&plain);
    matches!(
        plain,
        "apikey"
            | "key"
            | "token"
            | "yourapikey"
            | "yourkey"
            | "yourtoken"
            | "yourattentionapikey"
            | "attentionapikey"
            | "attentionapikeynext"
            | "insertapikey"
            | "insertyourapikey"
            | "myapikey"
            | "changeme"
            | "replaceme"
            | "placeholder"
            | "todo"
            | "undefined"
            | "null"
            | "none"
            | "secret"
    )
}
