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
//! | [`call`] | the life of one call: whether, when and with which key to try again; what went wrong, and why |
//! | [`credential`] | keys and tokens: accepted, sent, received, named in logs and kept out of them; the life of a key |
//! | [`url`] | where a request may go: base URL, path, query |
//! | [`codec`] | replacements for parts of std and serde where bytes count |
//!
//! The rooms depend on each other in one direction: `call` on `credential` and
//! `url`, all three on `codec`. The crate's root has the names that nearly every
//! program needs; every other item has the path of its room.
//!
//! Out of scope: sending anything, reading the clock, holding a success body.

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
