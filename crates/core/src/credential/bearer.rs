//! The `Authorization` header of an incoming request.

use core::fmt;

/// The longest caller token that is accepted: 8 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The bearer token of an incoming request. Only its syntax has been checked.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(&'a str);

impl<'a> Bearer<'a> {
    /// Parses the value of the request's only `Authorization` header; `None` if it has no such header. The scheme is
    /// case-insensitive (RFC 9110 §11.1), one or more spaces follow it, and the token is a `b64token` (RFC 6750 §2.1).
    ///
    /// Fetch joins repeated headers with a comma, which a `b64token` cannot contain, so two headers are reported as
    /// [`AuthorizationError::Multiple`].
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

/// The reason an incoming `Authorization` header is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// There is no header.
    Missing,
    /// There is more than one value. Implementations differ in which one they use, so none is accepted.
    Multiple,
    /// The scheme is not `Bearer`.
    UnsupportedScheme,
    /// `Bearer` is not followed by a token.
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

    /// Whether RFC 6750 §3.1 treats this as a malformed request (400) rather than as missing or invalid credentials
    /// (401).
    pub const fn is_bad_request(self) -> bool {
        matches!(self, Self::Multiple | Self::TooLong | Self::Malformed)
    }
}

impl AuthorizationError {
    /// The problem and the next step, on one line.
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
