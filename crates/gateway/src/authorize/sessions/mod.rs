//! Short-lived tokens that the Worker issues for browsers.
//!
//! A trusted backend requests a session from the Worker and passes it to its page. The page then calls the Worker
//! itself: for minutes, from one origin, on few routes, and never beyond the backend's own policy. The token is signed
//! (HMAC-SHA-256, RFC 2104), so the Worker does not store it.
//!
//! ```text
//! s1 . base64url({"sub","exp","rts","jti","org"}) . base64url(HMAC-SHA-256(secret, "s1." + payload))
//! ```
//!
//! base64url is that of RFC 4648 §5 without padding, and the payload is a JSON object in UTF-8:
//!
//! | member | meaning |
//! | --- | --- |
//! | `sub` | the name of the caller that requested it |
//! | `exp` | its expiry: whole seconds since 1970, digits only, at most [`LONGEST_SESSION`] ahead |
//! | `rts` | its permissions: rules of a policy without sections, one per line |
//! | `jti` | its id: 1 to 64 letters, digits, `-`, `_` or `.`; it can be listed as revoked |
//! | `org` | the only origin whose pages may use it; absent if it is not bound to an origin |
//!
//! `tests/vectors/sessions.json` fixes this format byte for byte, because the client reads `exp` and other versions of
//! the Worker read the rest. A token with an unknown member is refused, since the member might restrict the session. A
//! format with more members would get another prefix.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use attention_core::Timestamp;
use attention_core::codec::base64url;
use attention_core::codec::json::Object;
use attention_core::codec::text::{self, decimal};
use attention_core::credential::MAX_TOKEN_BYTES;

use crate::authorize::jwt::members::{Member, Members};
use crate::authorize::policy::{Policy, PolicyError};

pub mod mint;
pub mod revoked;

/// The maximum lifetime of a session.
pub const LONGEST_SESSION: Duration = Duration::from_hours(1);

/// The minimum length of the signing secret, in characters.
pub const LEAST_SECRET_CHARS: usize = 32;

const PREFIX: &str = "s1.";
const MEMBERS: [&str; 5] = ["sub", "exp", "rts", "jti", "org"];
/// A dot, and 32 bytes in base64url.
const SIGNATURE_BYTES: usize = 1 + 43;
/// Isolates' clocks differ. A session that ends later than the maximum lifetime plus this was not issued here.
const CLOCKS_DIFFER: Duration = Duration::from_mins(5);

/// The Worker's secret for signing sessions. Zeroed on drop, never printed.
pub struct SessionSecret(Zeroizing<Vec<u8>>);

impl SessionSecret {
    /// Takes a secret of at least [`LEAST_SECRET_CHARS`] characters.
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        let text = text.trim();
        if text.chars().count() < LEAST_SECRET_CHARS {
            return Err(SessionError::WeakSecret);
        }
        Ok(Self(Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// The bytes from which other secrets are derived.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn mac(&self, signed: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(signed.as_bytes());
        Some(mac)
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// The content of a session: its caller, expiry, origin and permissions.
///
/// ```
/// use attention_core::Timestamp;
/// use attention_gateway::authorize::sessions::{Session, SessionSecret};
/// use std::time::Duration;
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let secret = SessionSecret::parse("an-obviously-fake-secret-of-some-length")?;
/// let session = Session::new("shop", now, Duration::from_secs(600), Some("https://app.example"), &["GET /v2/conversations/*"], "7f3a")?;
/// let token = session.sign(&secret);
/// assert_eq!(Session::verify(&token, &secret, now)?.caller, "shop");
/// # Ok::<(), attention_gateway::authorize::sessions::SessionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    /// The caller that requested it, whose policy it cannot exceed.
    pub caller: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The only origin whose pages may use it; `None` for callers that are not pages.
    pub origin: Option<String>,
    /// Its permissions, within the caller's own policy.
    pub routes: Policy,
    /// Identifies the session in logs.
    pub id: String,
    rules: String,
}

impl Session {
    /// A session that begins now. `routes` are rules without the word `allow`, such as `GET /v2/conversations/*`; if
    /// empty, all of the caller's own routes are allowed.
    pub fn new(
        caller: &str,
        now: Timestamp,
        life: Duration,
        origin: Option<&str>,
        routes: &[&str],
        id: &str,
    ) -> Result<Self, SessionError> {
        if life.is_zero() || life > LONGEST_SESSION {
            return Err(SessionError::Life);
        }
        if routes.iter().any(|route| route.contains(['\n', '\r', '#'])) {
            return Err(SessionError::Routes(None));
        }
        let mut rules = String::new();
        for route in if routes.is_empty() { &["* /**"] } else { routes } {
            if !rules.is_empty() {
                rules.push('\n');
            }
            rules.push_str("allow ");
            rules.push_str(route);
        }
        if !is_id(id) {
            return Err(SessionError::Id);
        }
        let session = Self {
            caller: caller.to_owned(),
            // Whole seconds, as in the token.
            expires_at: Timestamp::from_unix_seconds(now.saturating_add(life).as_unix_millis() / 1000),
            origin: origin.map(str::to_owned),
            routes: Policy::parse(&rules).map_err(|error| SessionError::Routes(Some(error)))?,
            id: id.to_owned(),
            rules,
        };
        if session.signed_part().len() + SIGNATURE_BYTES > MAX_TOKEN_BYTES {
            return Err(SessionError::TooLong);
        }
        Ok(session)
    }

    /// The prefix and the payload.
    fn signed_part(&self) -> String {
        let mut payload = Object::new();
        payload
            .string("sub", &self.caller)
            .number("exp", self.expires_at.as_unix_millis() / 1000)
            .string("rts", &self.rules)
            .string("jti", &self.id);
        if let Some(origin) = &self.origin {
            payload.string("org", origin);
        }
        text::concat(&[PREFIX, &base64url::encode(payload.finish().as_bytes())])
    }

    /// The token.
    pub fn sign(&self, secret: &SessionSecret) -> String {
        let mut token = self.signed_part();
        if let Some(mac) = secret.mac(&token) {
            token.push('.');
            token.push_str(&base64url::encode(&mac.finalize().into_bytes()));
        }
        token
    }

    /// Whether a token has the form of a session. This does not mean that it is valid.
    pub fn is_session(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    /// Reads a token that was signed with `secret` and has not expired. The signature is compared in constant time
    /// before anything is parsed.
    pub fn verify(token: &str, secret: &SessionSecret, now: Timestamp) -> Result<Self, SessionError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(SessionError::Invalid)?;
        let payload = signed.strip_prefix(PREFIX).ok_or(SessionError::Invalid)?;
        let signature = base64url::decode(signature).ok_or(SessionError::Invalid)?;
        let mac = secret.mac(signed).ok_or(SessionError::Invalid)?;
        mac.verify_slice(&signature).map_err(|_| SessionError::Invalid)?;
        let bytes = base64url::decode(payload).ok_or(SessionError::Invalid)?;
        // A byte order mark is not accepted, because sessions are never written with one.
        let text = str::from_utf8(&bytes).map_err(|_| SessionError::Invalid)?;
        let session = Self::read(text).ok_or(SessionError::Invalid)?;
        if session.expires_at > now.saturating_add(LONGEST_SESSION).saturating_add(CLOCKS_DIFFER) {
            return Err(SessionError::Invalid);
        }
        if session.expires_at <= now {
            return Err(SessionError::Expired);
        }
        Ok(session)
    }

    /// The session in a payload.
    fn read(payload: &str) -> Option<Self> {
        let members = Members::read(payload).filter(|members| members.are_all_of(&MEMBERS))?;
        let string = |name| members.get(name).text().map(Cow::into_owned);
        let Member::One(end) = members.get("exp") else { return None };
        let rules = string("rts")?;
        Some(Self {
            caller: string("sub")?,
            expires_at: text::whole_number(end).map(Timestamp::from_unix_seconds)?,
            // An invalid `org` must not be read as a session that is not bound to an origin.
            origin: if members.get("org") == Member::Absent { None } else { Some(string("org")?) },
            routes: Policy::parse(&rules).ok()?,
            id: string("jti").filter(|id| is_id(id))?,
            rules,
        })
    }
}

/// An id that a list of sessions can contain: 1 to 64 letters, digits, `-`, `_` or `.`.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The reason a session cannot be issued or is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The signing secret is too short.
    WeakSecret,
    /// Its lifetime is zero or longer than [`LONGEST_SESSION`].
    Life,
    /// A route is invalid.
    Routes(Option<PolicyError>),
    /// Its routes make the token longer than [`MAX_TOKEN_BYTES`].
    TooLong,
    /// Its id is invalid.
    Id,
    /// The token was not signed with this secret, or is not a session.
    Invalid,
    /// It has expired.
    Expired,
}

impl SessionError {
    /// The problem, on one line.
    pub fn message(&self) -> String {
        String::from(match self {
            Self::WeakSecret => {
                let least = text::count(LEAST_SECRET_CHARS);
                return text::concat(&["the signing secret has fewer than ", &least, " characters"]);
            }
            Self::Life => {
                return text::concat(&["a session lasts 1 to ", &decimal(LONGEST_SESSION.as_secs() / 60), " minutes"]);
            }
            Self::Routes(Some(error)) => {
                return text::concat(&["route ", &text::count(error.line), ": ", &error.fault.message()]);
            }
            Self::TooLong => {
                let most = text::count(MAX_TOKEN_BYTES);
                return text::concat(&["the routes make the token longer than ", &most, " characters; list fewer"]);
            }
            Self::Id => "a session's id is 1 to 64 letters, digits, `-`, `_` or `.`",
            Self::Routes(None) => "a route is one line such as `GET /v2/conversations/*`",
            Self::Invalid => "the session token was not issued by this proxy",
            Self::Expired => "the session has expired; request a new one",
        })
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for SessionError {}

#[cfg(test)]
mod tests {
    use super::*;
    use attention_core::{Method, url::RequestPath};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn secret() -> SessionSecret {
        SessionSecret::parse("an-obviously-fake-secret-of-some-length").unwrap()
    }

    fn session() -> Session {
        Session::new(
            "shop",
            NOW,
            Duration::from_mins(10),
            Some("https://app.example"),
            &["GET /v2/conversations/*"],
            "id",
        )
        .unwrap()
    }

    #[test]
    fn a_signed_session_is_read_back() {
        let read = Session::verify(&session().sign(&secret()), &secret(), NOW).unwrap();
        assert_eq!(
            (read.caller.as_str(), read.origin.as_deref(), read.id.as_str()),
            ("shop", Some("https://app.example"), "id")
        );
        let allows = |path| read.routes.decide(Method::Get, RequestPath::parse(path).unwrap()).is_allowed();
        assert!(allows("/v2/conversations/1") && !allows("/v2/users") && !allows("/v2/api_keys"));
    }

    #[test]
    fn a_session_expires() {
        let token = session().sign(&secret());
        let at = |seconds| {
            Session::verify(&token, &secret(), NOW.saturating_add(Duration::from_secs(seconds))).map(|s| s.caller)
        };
        assert_eq!(at(599), Ok("shop".into()));
        assert_eq!(at(600), Err(SessionError::Expired));
    }

    #[test]
    fn another_secret_or_a_changed_byte_is_refused() {
        let token = session().sign(&secret());
        let other = SessionSecret::parse("another-obviously-fake-secret-of-some-length").unwrap();
        assert_eq!(Session::verify(&token, &other, NOW).map(|_| ()), Err(SessionError::Invalid));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Session::verify(&changed, &secret(), NOW).is_err(), "byte {at}");
        }
        for token in ["", "s1", "s1.", "s1..", "s1.e30.", "s1.e30", "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(Session::verify(token, &secret(), NOW).map(|_| ()), Err(SessionError::Invalid), "{token}");
        }
    }

    #[test]
    fn invalid_requests_for_sessions_are_refused() {
        let new = |life, routes: &[&str]| Session::new("a", NOW, life, None, routes, "id").map(|_| ());
        assert_eq!(new(Duration::ZERO, &[]), Err(SessionError::Life));
        assert_eq!(new(Duration::from_secs(3601), &[]), Err(SessionError::Life));
        assert_eq!(new(Duration::from_secs(1), &["GET /v2/a\nallow * /**"]), Err(SessionError::Routes(None)));
        assert!(matches!(
            new(Duration::from_secs(1), &["GET /v2/a", "FETCH /x"]),
            Err(SessionError::Routes(Some(PolicyError { line: 2, .. })))
        ));
        assert_eq!(SessionSecret::parse("short").map(|_| ()), Err(SessionError::WeakSecret));
        assert!(!format!("{:?}", secret()).contains("fake"));
    }

    proptest! {
        #[test]
        fn no_other_text_verifies_as_a_session(text in "\\PC{0,80}|s1\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{43}") {
            prop_assert!(Session::verify(&text, &secret(), NOW).is_err());
        }
    }
}
