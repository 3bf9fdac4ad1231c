//! The Worker: it keeps the key, lets known callers do allowed things, and
//! streams the rest through.
//!
//! What it decides is here; `driver.mjs` performs the IO. Every step that
//! refuses answers with a problem (RFC 9457) and sends nothing.

#![cfg_attr(feature = "bare", no_std)]

extern crate alloc;

#[cfg(feature = "bare")]
mod bare;
mod exchanges;
mod gate;
mod gatekeeper;
mod numbers;
mod pending;
mod step_kind;

pub use gate::{Ledger, SharedGate};
pub use gatekeeper::Gatekeeper;
pub use step_kind::StepKind;
