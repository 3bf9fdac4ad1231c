//! The rules of a proxy before the Attention API, and nothing else.
//!
//! The proxy keeps the API's key, lets known callers do allowed things and
//! passes the rest through. Here it is decided who may call what, and what
//! becomes of the answer; a driver performs the IO. There is no IO here, no
//! clock, no randomness and no JavaScript: the Worker is one driver of this
//! crate, the policy tool on the command line another.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`deployment`] | the configuration, parsed strictly from the texts of bindings |
//! | [`authorize`] | who a request is from, and whether its policy allows it |
//! | [`limits`] | callers' limits, the gate that isolates share, the breaker |
//! | [`cache`] | which answers are kept, and given again (RFC 9111) |
//! | [`answer`] | which headers cross, problems (RFC 9457), what is taken out of an answer |
//! | [`exchange`] | one request's way through all of them |
//! | [`log`] | what the log and Analytics Engine keep of a request |
//! | [`ledger`], [`status_page`] | calls counted by the minute, and the page that draws them |
//! | [`analysis`] | what policies come to, before they are deployed |

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
