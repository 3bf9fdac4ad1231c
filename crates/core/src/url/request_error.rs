//! The reasons a request's target is rejected before anything is sent.

use alloc::string::String;

use super::path::PathError;
use super::query::QueryError;

/// The reason a request's target is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The path is rejected.
    Path(PathError),
    /// The query is rejected.
    Query(QueryError),
    /// The target is a whole URL that does not begin with the base URL.
    OtherOrigin,
    /// The path begins with the prefix that the base URL already has.
    RepeatsBase,
    /// The API does not have this method.
    Method,
    /// The URL would contain a key or a token, and URLs end up in logs.
    SecretInUrl,
}

impl RequestError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Path(error) => error.code(),
            Self::Query(error) => error.code(),
            Self::OtherOrigin => "url_other_origin",
            Self::RepeatsBase => "url_repeats_base",
            Self::Method => "method_unknown",
            Self::SecretInUrl => "url_holds_secret",
        }
    }
}

impl RequestError {
    /// The problem and the next step, on one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::Path(error) => return error.message(),
            Self::Query(error) => return error.message(),
            Self::OtherOrigin => "the URL is not under the base URL; the key is sent nowhere else",
            Self::RepeatsBase => {
                "the path begins with the prefix that the base URL already has; write /conversations, not /v2/conversations"
            }
            Self::Method => "the method is not one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
            Self::SecretInUrl => {
                "the URL contains the key or token; it belongs in the Authorization header, which is sent for you"
            }
        })
    }
}

impl_error!(RequestError);
