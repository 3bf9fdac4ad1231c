//! The rules for calling the Attention API.
//!
//! This crate has no IO, no clock, no randomness, no async and no JavaScript. A driver reports what happened and when,
//! and gets the next action in return. The npm package, the Cloudflare Worker and Rust programs are all drivers of this
//! crate, so each rule is implemented once and applies everywhere.
//!
//! ```text
//! caller ──► Call ──► Action::Send ──► driver performs IO ──► on_response ──┐
//!              ▲                                                            │
//!              └────────────── Action::Wait / Action::Done ◄────────────────┘
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | [`call`] | one call: whether, when and with which key to retry; errors and their diagnosis |
//! | [`credential`] | keys and tokens: parsing, sending, receiving, fingerprints, redaction; the life cycle of a key |
//! | [`url`] | where a request may go: base URL, path, query |
//! | [`codec`] | replacements for parts of std and serde where bytes count |
//!
//! The modules depend on each other in one direction: `call` on `credential` and `url`, and all three on `codec`. The
//! crate root re-exports the names that nearly every program needs.
//!
//! Out of scope: sending requests, reading the clock, holding the body of a success.

#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[macro_use]
mod impl_error;

pub mod call;
pub mod codec;
pub mod credential;
mod method;
mod time;
pub mod url;

pub use call::{Action, Call, Error, ErrorKind, Headers, KeyRing, Slot, Upstream};
pub use credential::{ApiKey, CallerToken, KeyError};
pub use method::Method;
pub use time::{SteadyClock, Timestamp, millis};
