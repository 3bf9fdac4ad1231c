//! The `Authorization` header, both ways: built for the API, parsed from a caller.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::codec::text;
use crate::key::ApiKey;
use crate::secret::Secret;

/// The longest caller token that is looked at: 8 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The value of an outgoing `Authorization` header: `Bearer` and the key
/// (RFC 6750 §2.1). Zeroed on drop, hidden from `Debug`.
///
/// ```
/// use attention_core::{ApiKey, authorization::Authorization};
///
/// let key = ApiKey::parse("an-obviously-fake-key")?;
/// let header = Authorization::bearer(&key);
/// assert_eq!(header.expose(), "Bearer an-obviously-fake-key");
/// assert_eq!(format!("{header:?}"), "Authorization(Bearer …)");
/// # Ok::<(), attention_core::KeyError>(())
/// ```
pub struct Authorization(Zeroizing<Box<str>>);

impl Authorization {
    /// The header value for a key.
    pub fn bearer(key: &ApiKey) -> Self {
        Self::of(&key.0)
    }

    pub(crate) fn of(secret: &Secret) -> Self {
        // `concat` sizes first: growing would leave copies of the key behind in freed memory.
        Self(Zeroizing::new(text::concat(&["Bearer ", secret.expose()]).into_boxed_str()))
    }

    /// The value itself, for the request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(Bearer …)")
    }
}

/// A bearer token as an incoming request carries it, checked for syntax only.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(&'a str);

impl<'a> Bearer<'a> {
    /// Parses the value of the one `Authorization` header, `None` when there is
    /// none. The scheme is case-insensitive (RFC 9110 §11.1), one or more spaces
    /// follow it, and the token is a `b64token` (RFC 6750 §2.1).
    ///
    /// Fetch joins repeated headers with a comma, which no `b64token` can hold,
    /// so two headers read as [`AuthorizationError::Multiple`].
    ///
    /// ```
    /// use attention_core::authorization::{AuthorizationError, Bearer};
    ///
    /// assert_eq!(Bearer::parse(Some("bearer abc"))?.token(), "abc");
    /// assert_eq!(Bearer::parse(Some("Bearer a, Bearer b")).unwrap_err(), AuthorizationError::Multiple);
    /// # Ok::<(), AuthorizationError>(())
    /// ```
    pub fn parse(header: Option<&'a str>) -> Result<Self, AuthorizationError> {
        let value = header.ok_or(AuthorizationError::Missing)?.trim_matches([' ', '\t']);
        if value.is_empty() {
            return Err(AuthorizationError::Missing);
        }
        if value.contains(',') {
            return Err(AuthorizationError::Multiple);
        }
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AuthorizationError::UnsupportedScheme);
        }
        let token = token.trim_start_matches(' ');
        if token.is_empty() {
            return Err(AuthorizationError::NoToken);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthorizationError::TooLong);
        }
        let body = token.trim_end_matches('=');
        let well_formed = !body.is_empty()
            && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'));
        if well_formed { Ok(Self(token)) } else { Err(AuthorizationError::Malformed) }
    }

    /// The token.
    pub const fn token(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bearer({} bytes)", self.0.len())
    }
}

/// Why an incoming `Authorization` header is not usable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// There is none.
    Missing,
    /// There is more than one: which of them counts is anyone's guess, so none does.
    Multiple,
    /// It is not `Bearer`.
    UnsupportedScheme,
    /// `Bearer` with nothing behind it.
    NoToken,
    /// The token is longer than [`MAX_TOKEN_BYTES`].
    TooLong,
    /// The token is not a `b64token`.
    Malformed,
}

impl AuthorizationError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "authorization_missing",
            Self::Multiple => "authorization_repeated",
            Self::UnsupportedScheme => "authorization_scheme",
            Self::NoToken => "authorization_no_token",
            Self::TooLong => "authorization_too_long",
            Self::Malformed => "authorization_malformed",
        }
    }

    /// Whether RFC 6750 §3.1 calls this a malformed request (400) rather than
    /// missing or wrong credentials (401).
    pub const fn is_bad_request(self) -> bool {
        matches!(self, Self::Multiple | Self::TooLong | Self::Malformed)
    }
}

impl AuthorizationError {
    /// What is wrong and what to do, in one line.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "the request has no Authorization header; send `Authorization: Bearer TOKEN`",
            Self::Multiple => "the request has more than one Authorization value; send exactly one",
            Self::UnsupportedScheme => "the Authorization scheme is not Bearer; send `Authorization: Bearer TOKEN`",
            Self::NoToken => "the Authorization header says Bearer but holds no token",
            Self::TooLong => "the token is longer than 8 KiB",
            Self::Malformed => "the token holds characters that a bearer token cannot have",
        }
    }
}

impl fmt::Display for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for AuthorizationError {}

/// The SHA-256 of a caller token: what a configuration stores instead of it.
///
/// ```
/// use attention_core::authorization::TokenDigest;
///
/// let stored = TokenDigest::from_hex(&TokenDigest::of("an-obviously-fake-token").to_hex())?;
/// assert!(stored.matches(TokenDigest::of("an-obviously-fake-token")));
/// assert!(!stored.matches(TokenDigest::of("another-token")));
/// # Ok::<(), attention_core::authorization::DigestError>(())
/// ```
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Hashes a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads 64 hex digits, in either case.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        if hex.len() != 64 {
            return Err(DigestError::Length { characters: hex.chars().count() });
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = text::hex_pair(hex.as_bytes(), 2 * index).ok_or_else(|| {
                let position = hex.bytes().position(|b| !b.is_ascii_hexdigit()).unwrap_or_default();
                DigestError::NotHex { position }
            })?;
        }
        Ok(Self(bytes))
    }

    /// As 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        text::hex(&self.0)
    }

    /// Equality in constant time: a wrong digest tells nothing about how near it was.
    pub fn matches(self, other: Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Where among `stored` this digest stands. Every entry is compared, so the
    /// time taken tells nothing about which one matched.
    pub fn find_in(self, stored: impl IntoIterator<Item = Self>) -> Option<usize> {
        stored.into_iter().enumerate().fold(
            None,
            |found, (index, digest)| {
                if digest.matches(self) { Some(index) } else { found }
            },
        )
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell two apart in a log.
        write!(f, "TokenDigest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// Why a text is not the hex form of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DigestError {
    /// It does not have 64 characters.
    Length {
        /// How many it has.
        characters: usize,
    },
    /// It holds something other than hex digits.
    NotHex {
        /// How many characters stand before it.
        position: usize,
    },
}

impl DigestError {
    /// What is wrong, in one line.
    pub fn message(self) -> String {
        match self {
            Self::Length { characters } => text::concat(&[
                "a SHA-256 has 64 hex digits, this has ",
                &text::count(characters),
                " characters; is it the token itself?",
            ]),
            Self::NotHex { position } => {
                text::concat(&["not a hex digit at position ", &text::count(position), " (counting from 0)"])
            }
        }
    }
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for DigestError {}
