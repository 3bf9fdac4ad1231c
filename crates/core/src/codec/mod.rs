//! Readers and writers that replace parts of std, serde and small crates where bytes count: the npm package's
//! wasm is downloaded with every page that uses it.
//!
//! Each module is a fraction of the size of its original (`docs/size.md`) and is tested against it with generated
//! texts.
//!
//! | module | original | reads or writes |
//! | --- | --- | --- |
//! | [`json`] | `serde_json` | single members of a document, strict values, flat objects and arrays |
//! | [`text`] | `core::fmt`, `core::str::pattern` | messages, numbers, hex, separated lists |
//! | [`http_date`] | `httpdate` | the three forms of an HTTP date |
//! | [`base64url`] | `base64ct` | JWTs, sessions, Basic credentials |
//! | `rfc3339` | `httpdate`'s calendar | [`Timestamp::from_rfc3339`](crate::Timestamp::from_rfc3339) and its inverse |
//! | [`ip`] | `core::net` | addresses: of hosts, and of those who ask |

pub mod base64url;
pub mod http_date;
pub mod ip;
pub mod json;
mod rfc3339;
pub mod text;
