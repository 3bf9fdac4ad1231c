//! An async client for the Attention API, for Rust programs in the browser.
//!
//! [`attention_core`] decides whether, when and with which key a request is sent; gloo-net sends it and gloo-timers
//! waits.
//!
//! ```no_run
//! # use attention_client::{Attention, Error};
//! # async fn run(token: &str) -> Result<(), Error> {
//! let attention = Attention::builder().same_origin("/api/v2")?.caller_token(token)?.build()?;
//! let page: serde_json::Value = attention.get("/conversations/list").query("size", 20).send().await?.json().await?;
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]
#![cfg(feature = "gloo")]

mod client;
mod driver;
mod error;
mod request;
mod response;

pub use attention_core as core;

pub use client::{Attention, Builder};
pub use error::Error;
pub use request::Request;
pub use response::Response;
