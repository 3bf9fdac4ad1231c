//! The rules of a proxy for the Attention API.
//!
//! The proxy holds the API's key, authenticates callers, enforces policies and forwards everything else unchanged. This
//! crate decides who may call what and how responses are passed on; a driver performs the IO. The crate has no IO, no
//! clock, no randomness and no JavaScript. The Worker is one driver of it, the command-line policy tool another.
//!
//! | module | contents |
//! | --- | --- |
//! | [`deployment`] | the configuration, parsed strictly from the texts of bindings |
//! | [`authorize`] | identifying the sender of a request, and judging it by policy |
//! | [`limits`] | callers' limits, the gate shared by isolates, the breaker |
//! | [`cache`] | storing and reusing responses (RFC 9111) |
//! | [`answer`] | headers in both directions, problems (RFC 9457), redaction |
//! | [`exchange`] | the course of one request through all of them |
//! | [`log`] | log lines and Analytics Engine data points |
//! | [`ledger`], [`status_page`] | calls counted per minute, and the page that shows them |
//! | [`analysis`] | the effect of policies, before they are deployed |

#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

extern crate alloc;

pub mod analysis;
pub mod answer;
pub mod authorize;
pub mod cache;
pub mod deployment;
pub mod exchange;
pub mod ledger;
pub mod limits;
pub mod log;
pub mod status_page;
mod trace;
