//! Small replacements for parts of std, serde and other crates. Every page that uses the npm package downloads its
//! wasm, so its size matters.
//!
//! Each module is a fraction of the size of the original (`docs/size.md`) and is tested against it with generated
//! input.
//!
//! | module | original | reads or writes |
//! | --- | --- | --- |
//! | [`json`] | `serde_json` | single members of a document, strict values, flat objects and arrays |
//! | [`text`] | `core::fmt`, `core::str::pattern` | messages, numbers, hex, separated lists |
//! | [`http_date`] | `httpdate` | the three forms of an HTTP date |
//! | [`base64url`] | `base64ct` | JWTs, sessions, Basic credentials |
//! | `rfc3339` | `httpdate`'s calendar | [`Timestamp::from_rfc3339`](crate::Timestamp::from_rfc3339) and its inverse |
//! | [`ip`] | `core::net` | addresses of hosts and clients |

pub mod base64url;
pub mod http_date;
pub mod ip;
pub mod json;
mod rfc3339;
pub mod text;
