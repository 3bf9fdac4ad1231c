//! The Worker: it keeps the key, lets known callers do allowed things, and
//! streams the rest through.
//!
//! What it decides is here; `driver.mjs` performs the IO. Every step that
//! refuses answers with a problem (RFC 9457) and sends nothing.

#![cfg_attr(feature = "bare", no_std)]

extern crate alloc;

mod allowance;
#[cfg(feature = "bare")]
mod bare;
mod breaker;
mod cache;
mod caller;
mod config;
mod cors;
mod exchange;
mod gatekeeper;
mod health;
mod hygiene;
mod identity;
mod judgement;
mod jwt;
mod mcp;
mod minting;
mod problem;
mod record;
mod reply;
mod shared_gate;
mod target;
mod trace;

pub use gatekeeper::Gatekeeper;
pub use shared_gate::SharedGate;
