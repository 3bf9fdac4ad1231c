//! The `Authorization` header of a request from a caller.

use core::fmt;

/// The longest caller token that is looked at: 8 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

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
    /// use attention_core::credential::{AuthorizationError, Bearer};
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
#[derive(Clone, Copy, PartialEq, Eq)]
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

impl_error!(AuthorizationError);
