//! Finds the JWT in a request.

use alloc::borrow::{Cow, ToOwned as _};
use core::fmt;

use attention_core::Headers;
use attention_core::credential::MAX_TOKEN_BYTES;

use super::Jwt;
use super::claims::Refusal;

/// The longest token in a header of its own: 16 KiB. In `Authorization`, the limit for any token, [`MAX_TOKEN_BYTES`],
/// applies.
pub const MAX_OWN_HEADER_BYTES: usize = 16 * 1024;

/// The text that a request carries as its JWT. Nothing has been checked yet; it may not even be a compact serialization
/// (RFC 7515 §7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Token<'a>(Cow<'a, str>);

impl Token<'_> {
    /// The text itself, for verifying the signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// The JWT of a request; `None` if it carries none. A header of its own contains nothing else, so its value always
/// counts, even if empty: another token must not take precedence. `Authorization` may also contain callers' own tokens
/// and sessions, so there only a text with the form of a JWT is treated as one.
pub fn find<'a>(config: &Jwt, headers: &'a dyn Headers) -> Result<Option<Token<'a>>, Refusal> {
    let (found, longest) = match &config.header {
        Some(name) => (headers.get(name), MAX_OWN_HEADER_BYTES),
        None => (headers.get("authorization").and_then(bearer), MAX_TOKEN_BYTES),
    };
    match found {
        Some(text) if text.len() > longest => Err(Refusal::TooLong),
        found => Ok(found.map(Token)),
    }
}

fn bearer(value: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match value {
        Cow::Borrowed(value) => compact(value).map(Cow::Borrowed),
        Cow::Owned(value) => compact(&value).map(|token| Cow::Owned(token.to_owned())),
    }
}

/// `Bearer`, spaces, and three base64url parts, the last of which may be empty.
fn compact(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_at_checked("bearer".len())?;
    let token = rest.trim_start_matches(' ');
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_base64url = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let is_one = scheme.eq_ignore_ascii_case("bearer")
        && token.len() < rest.len()
        && parts.next().is_none()
        // A session also has three parts, but its first is not a JOSE header, which begins with `{"`.
        && header.starts_with("eyJ")
        && !payload.is_empty()
        && [header, payload, signature].into_iter().all(is_base64url);
    is_one.then_some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::authorize::policy::Policies;

    fn config(header: Option<&str>) -> Jwt {
        let header = header.map(|name| format!(r#""header": "{name}","#)).unwrap_or_default();
        let text = format!(
            r#"{{ {header} "issuer": "https://team.example", "audience": "abc", "jwks": "https://team.example/certs",
                "grants": [{{"everybody": true}}] }}"#
        );
        Jwt::parse(&text, &Policies::parse("").unwrap()).unwrap()
    }

    /// The JWT found in these headers, as a text.
    fn found(config: &Jwt, headers: &[(&str, &str)]) -> Result<Option<String>, Refusal> {
        find(config, &headers).map(|token| token.map(|token| token.as_str().to_owned()))
    }

    fn authorization(value: &str) -> Option<String> {
        found(&config(None), &[("Authorization", value)]).unwrap()
    }

    #[test]
    fn a_bearer_token_of_the_form_of_a_jwt_is_found() {
        for value in ["Bearer eyJh.eyJp.c2ln", "bearer eyJh.eyJp.c2ln", "BEARER    eyJh.eyJp.c2ln"] {
            assert_eq!(authorization(value).as_deref(), Some("eyJh.eyJp.c2ln"), "{value}");
        }
        // Without a signature it is an invalid JWT and not another kind of token.
        assert_eq!(authorization("Bearer eyJ.-_9.").as_deref(), Some("eyJ.-_9."));
    }

    #[test]
    fn other_bearer_tokens_are_ignored() {
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "BearereyJh.eyJp.c2ln",
            "Bearer\teyJh.eyJp.c2ln",
            " Bearer eyJh.eyJp.c2ln",
            "Bearer eyJh.eyJp.c2ln ",
            "Bearer eyJh.eyJp.c2ln, Bearer x",
            "JWT eyJh.eyJp.c2ln",
            "\u{212a}earer eyJh.eyJp.c2ln",
            "Beare\u{e9} eyJh.eyJp.c2ln",
            "Bearer s1.eyJp.c2ln",
            "Bearer EYJh.eyJp.c2ln",
            "Bearer eyJh",
            "Bearer eyJh.eyJp",
            "Bearer eyJh..c2ln",
            "Bearer .eyJp.c2ln",
            "Bearer eyJh.eyJp.c2ln.x",
            "Bearer eyJh.eyJp.c2ln=",
            "Bearer eyJh.eyJ+.c2ln",
            "Bearer eyJh.eyJ\u{e9}.c2ln",
        ] {
            assert_eq!(authorization(value), None, "{value}");
        }
        assert_eq!(found(&config(None), &[]), Ok(None));
        // Two headers become one value with a comma.
        let twice = [("Authorization", "Bearer eyJh.eyJp.c2ln"), ("authorization", "Bearer eyJh.eyJp.c2ln")];
        assert_eq!(found(&config(None), &twice), Ok(None));
    }

    #[test]
    fn in_a_header_of_its_own_any_value_counts() {
        let config = config(Some("Cf-Access-Jwt-Assertion"));
        for value in ["eyJh.eyJp.c2ln", "", "x", "Bearer eyJh.eyJp.c2ln", "eyJh.eyJp.c2ln, x"] {
            assert_eq!(found(&config, &[("cf-access-jwt-assertion", value)]), Ok(Some(value.to_owned())), "{value}");
        }
        assert_eq!(found(&config, &[("authorization", "Bearer eyJh.eyJp.c2ln")]), Ok(None));
    }

    #[test]
    fn a_token_that_is_too_long_is_refused() {
        let of = |bytes: usize| format!("eyJ.{}.", "a".repeat(bytes - 5));
        let authorization = |bytes| found(&config(None), &[("authorization", &format!("Bearer  {}", of(bytes)))]);
        assert_eq!(authorization(8 * 1024), Ok(Some(of(8 * 1024))));
        assert_eq!(authorization(8 * 1024 + 1), Err(Refusal::TooLong));
        let own = |bytes| found(&config(Some("x-jwt")), &[("x-jwt", &of(bytes))]);
        assert_eq!(own(16 * 1024), Ok(Some(of(16 * 1024))));
        assert_eq!(own(16 * 1024 + 1), Err(Refusal::TooLong));
        assert_eq!(Refusal::TooLong.reason(), "too long");
    }

    #[test]
    fn a_token_is_not_printed() {
        let headers: &[(&str, &str)] = &[("authorization", "Bearer eyJh.eyJp.c2ln")];
        assert_eq!(format!("{:?}", find(&config(None), &headers)), "Ok(Some(Token(14 bytes)))");
    }

    /// `/^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i`, character by character, followed by the check for `eyJ`.
    fn reference(value: &str) -> Option<String> {
        let mut rest: Vec<char> = value.chars().rev().collect();
        for letter in "bearer".chars() {
            rest.pop().filter(|c| c.to_ascii_lowercase() == letter)?;
        }
        rest.pop().filter(|c| *c == ' ')?;
        while rest.last() == Some(&' ') {
            rest.pop();
        }
        let token: String = rest.iter().rev().collect();
        let mut lengths = vec![0];
        for c in token.chars() {
            match c {
                '.' => lengths.push(0),
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => *lengths.last_mut()? += 1,
                _ => return None,
            }
        }
        let is_one = matches!(lengths[..], [first, second, _] if first > 0 && second > 0);
        (is_one && token.starts_with("eyJ")).then_some(token)
    }

    proptest! {
        #[test]
        fn agrees_with_the_expression(
            scheme in "[Bb]e[aA]re?r {0,2}|bearer |JWT ",
            first in "(eyJ|eyj|s1)?[a-z_.-]{0,6}",
            rest in "(\\.[a-zA-Z0-9_-]{0,3}){0,3}[.=, \u{e9}]?",
        ) {
            let value = format!("{scheme}{first}{rest}");
            prop_assert_eq!(authorization(&value), reference(&value));
        }

        #[test]
        fn agrees_with_the_expression_on_matching_values(
            value in "[Bb][Ee][Aa][Rr][Ee][Rr] {1,3}eyJ[A-Za-z0-9_-]{0,9}\\.[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{0,9}",
        ) {
            let taken = reference(&value);
            prop_assert!(taken.is_some());
            prop_assert_eq!(authorization(&value), taken);
        }
    }
}
