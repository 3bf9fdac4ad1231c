//! The rules of calling the Attention API, and nothing else.
//!
//! No IO, no clock, no randomness, no async, no JavaScript: a driver hands in
//! what it saw and when, and is told what to do. The npm package, the Cloudflare
//! Worker and any Rust program are drivers of this one crate, so a rule lives
//! here once and is the same everywhere.
//!
//! ```text
//! caller ──► Call ──► Action::Send ──► driver performs IO ──► on_response ──┐
//!              ▲                                                            │
//!              └────────────── Action::Wait / Action::Done ◄────────────────┘
//! ```
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`credential`] | which texts are keys and tokens, the `Authorization` header, and how both stay out of other texts |
//! | [`url`] | where a request may go |
//! | [`call`] | the life of one call: whether, when and with which key to try again, and what went wrong |
//! | [`caching`] | which answers may be kept, and given again |
//! | [`route`], [`session`] | which calls a policy allows, and tokens that carry a part of one |
//! | [`codec`] | what stands in for parts of std and serde |
//!
//! Out of scope: sending anything, reading the clock, holding a success body.

#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

extern crate alloc;

pub mod caching;
pub mod call;
pub mod codec;
pub mod credential;
mod method;
pub mod route;
pub mod session;
mod time;
pub mod url;

pub use call::{Action, Call, Error, ErrorKind, Headers, KeyRing, Slot, Upstream};
pub use credential::{ApiKey, CallerToken, KeyError};
pub use method::Method;
pub use time::{Timestamp, millis};
