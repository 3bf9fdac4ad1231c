//! A base URL, and joining of targets that must stay under it.

use alloc::string::String;
use core::fmt;

use super::path::{PathError, RequestPath};
use super::query::check_query;
use super::request_error::RequestError;
use crate::codec::ip;
use crate::codec::text::{self, find, find_byte, is_all, split, split_once, trim_end, whole_number};

/// The API's own base URL. Source: <https://docs.attention.com/api-authentication>.
pub const DEFAULT_BASE_URL: &str = "https://api.attention.tech/v2";

/// The scheme, host, port and path prefix shared by every request of a client.
///
/// HTTPS only, except for the local machine, because a key must not cross a network unencrypted.
///
/// ```
/// use attention_core::url::BaseUrl;
///
/// let base = BaseUrl::parse("https://api.attention.tech/v2/")?;
/// assert_eq!(base.join("/conversations", "page=1")?, "https://api.attention.tech/v2/conversations?page=1");
/// assert!(base.join("//evil.example/x", "").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaseUrl {
    text: String,
    origin_bytes: usize,
}

/// [`DEFAULT_BASE_URL`], the base URL of the API.
impl Default for BaseUrl {
    fn default() -> Self {
        Self { text: String::from(DEFAULT_BASE_URL), origin_bytes: DEFAULT_BASE_URL.len() - "/v2".len() }
    }
}

impl BaseUrl {
    /// Reads an absolute URL without user information, query or fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim_ascii();
        let scheme_end = find(text, "://").ok_or(BaseUrlError::NotAbsolute)?;
        let (scheme, rest) = text.split_at_checked(scheme_end).unwrap_or_default();
        let rest = rest.get("://".len()..).unwrap_or_default();
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(BaseUrlError::UnsupportedScheme);
        }
        if text::position(rest, |b| matches!(b, b'?' | b'#')).is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        let path_at = find_byte(rest, b'/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at).unwrap_or_default();
        if find_byte(authority, b'@').is_some() {
            return Err(BaseUrlError::UserInfo);
        }
        let authority = authority.to_ascii_lowercase();
        let host = host_of(&authority).ok_or(BaseUrlError::InvalidHost)?;
        if !secure && !is_loopback(host) {
            return Err(BaseUrlError::Insecure);
        }
        let path = trim_end(path, b'/');
        if !path.is_empty() {
            RequestPath::parse(path).map_err(BaseUrlError::Path)?;
        }
        let mut url = String::from(if secure { "https://" } else { "http://" });
        // An explicit default port is the same origin (RFC 6454 §4).
        url.push_str(authority.strip_suffix(if secure { ":443" } else { ":80" }).unwrap_or(&authority));
        let origin_bytes = url.len();
        url.push_str(path);
        Ok(Self { text: url, origin_bytes })
    }

    /// The whole base URL, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        self.text.get(..self.origin_bytes).unwrap_or_default()
    }

    /// The path prefix, such as `/v2`; empty if there is none.
    pub fn path(&self) -> &str {
        self.text.get(self.origin_bytes..).unwrap_or_default()
    }

    /// The same server without the path prefix, for resources beside it.
    #[must_use]
    pub fn at_origin(&self) -> Self {
        Self { text: String::from(self.origin()), origin_bytes: self.origin_bytes }
    }

    /// The URL of `target` under this base.
    ///
    /// `target` is a path (`/conversations`, with or without the leading slash and with or without a query) or a whole
    /// URL that begins with this base, as the API's own links do. `query` is an encoded query string, or empty; it is
    /// appended to the target's own query.
    pub fn join(&self, target: &str, query: &str) -> Result<String, RequestError> {
        let target = self.relative(target)?;
        let (path, own_query) = split_once(target, b'?').unwrap_or((target, ""));
        let mut url = String::with_capacity(self.text.len() + target.len() + query.len() + 2);
        url.push_str(&self.text);
        if !path.starts_with('/') {
            url.push('/');
        }
        url.push_str(path);
        let path = url.get(self.text.len()..).unwrap_or_default();
        RequestPath::parse(path).map_err(RequestError::Path)?;
        let prefix = self.path();
        if !prefix.is_empty() && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return Err(RequestError::RepeatsBase);
        }
        let mut separator = '?';
        for part in [own_query, query] {
            if !part.is_empty() {
                check_query(part).map_err(RequestError::Query)?;
                url.push(separator);
                url.push_str(part);
                separator = '&';
            }
        }
        Ok(url)
    }

    fn relative<'a>(&self, target: &'a str) -> Result<&'a str, RequestError> {
        let first = text::position(target, |b| matches!(b, b':' | b'/' | b'?'));
        if first.and_then(|at| target.as_bytes().get(at)) != Some(&b':') {
            return Ok(target);
        }
        match target.strip_prefix(self.as_str()) {
            Some(rest) if rest.starts_with('/') => Ok(rest),
            _ => Err(RequestError::OtherOrigin),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The host of a lower-case `host[:port]`; `None` if it is invalid.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = if let Some(end) = authority.strip_prefix('[').and_then(|rest| find(rest, "]")) {
        let (host, rest) = authority.split_at_checked(end + 2)?;
        ip::v6(host.get(1..=end)?)?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) = split_once(authority, b':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let label = |label: &str| {
            !label.is_empty()
                && is_all(label, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
        };
        let name = host.strip_suffix('.').unwrap_or(host);
        // URL parsers read a name that ends in a number as an IPv4 address. They agree only on dotted decimal, so other
        // forms are rejected.
        if !split(name, b'.').all(label) || (ends_in_number(name) && ip::v4(name).is_none()) {
            return None;
        }
        (host, port)
    };
    // URL parsers drop leading zeros, so the origin would be written in two ways.
    let is_port = |port: &str| !port.starts_with('0') && whole_number(port).is_some_and(|port| port <= 65_535);
    let port_is_valid = port.is_none_or(is_port);
    port_is_valid.then_some(host)
}

/// The WHATWG URL standard's "ends in a number" check (§3.5).
fn ends_in_number(name: &str) -> bool {
    let dot = name.bytes().rposition(|b| b == b'.');
    let last = dot.map_or(name, |dot| name.get(dot + 1..).unwrap_or_default());
    let hex = last.strip_prefix("0x").is_some_and(|digits| is_all(digits, |b| b.is_ascii_hexdigit()));
    hex || is_all(last, |b| b.is_ascii_digit())
}

/// Hosts that always mean the local machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3).
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || ip::v4(host).is_some_and(|[first, ..]| first == 127)
}

/// The reason a text is rejected as a base URL.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is not `scheme://…`.
    NotAbsolute,
    /// Its scheme is neither `https` nor `http`.
    UnsupportedScheme,
    /// Plain `http` to another machine.
    Insecure,
    /// It holds a user name or a password.
    UserInfo,
    /// Its host or port is invalid.
    InvalidHost,
    /// It holds a query or a fragment.
    QueryOrFragment,
    /// Its path is rejected.
    Path(PathError),
}

impl BaseUrlError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAbsolute => "base_url_not_absolute",
            Self::UnsupportedScheme => "base_url_scheme",
            Self::Insecure => "base_url_insecure",
            Self::UserInfo => "base_url_user_info",
            Self::InvalidHost => "base_url_host",
            Self::QueryOrFragment => "base_url_query",
            Self::Path(_) => "base_url_path",
        }
    }
}

impl BaseUrlError {
    /// The problem and the next step, on one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::NotAbsolute => "the base URL is not absolute; write it like https://api.attention.tech/v2",
            Self::UnsupportedScheme => "the base URL's scheme is not https",
            Self::Insecure => "the base URL is plain http; a key may only leave this machine over https",
            Self::UserInfo => "the base URL holds a user name or password; remove it",
            Self::InvalidHost => "the base URL's host or port is not valid",
            Self::QueryOrFragment => "the base URL holds a query or fragment; remove it",
            Self::Path(error) => return text::concat(&["the base URL is not valid: ", &error.message()]),
        })
    }
}

impl_error!(BaseUrlError);
