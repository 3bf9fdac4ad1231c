//! Where a request may go: a base URL, and paths and queries that cannot leave it.

mod base;
mod path;
mod query;
mod request_error;

pub use base::{BaseUrl, BaseUrlError, DEFAULT_BASE_URL};
pub use path::{MAX_TARGET_BYTES, PathError, RequestPath};
pub use query::{QueryError, encode_query};
pub use request_error::RequestError;
