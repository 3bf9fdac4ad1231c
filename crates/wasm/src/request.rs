//! The request of a call, read from JavaScript.

use core::time::Duration;

use attention_core as rules;
use attention_core::Timestamp;
use attention_core::call::{CallOptions, Operation, RetryPolicy};
use attention_core::url::RequestError;
use wasm_bindgen::prelude::*;

use crate::calls::Open;

/// The key level that an operation accepts. JavaScript uses the names.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyLevel {
    /// [`rules::call::KeyLevel::User`], and so on.
    User = "user",
    Organization = "organization",
}

/// The request methods of the API. JavaScript uses the names.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// [`rules::Method::Get`], and so on.
    Get = "GET",
    Head = "HEAD",
    Options = "OPTIONS",
    Post = "POST",
    Put = "PUT",
    Patch = "PATCH",
    Delete = "DELETE",
}

/// The members of a request that the rules use, as JavaScript passes them.
pub(crate) struct Asked<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) is_one_shot: bool,
    pub(crate) max_retries: Option<u32>,
    /// Milliseconds; Infinity or NaN for no limit.
    pub(crate) timeout: f64,
    pub(crate) attempt_timeout: f64,
    pub(crate) remember: bool,
    pub(crate) key_level: Option<KeyLevel>,
}

impl Asked<'_> {
    /// The call and its URL.
    pub(crate) fn open(&self, upstream: &rules::Upstream, started: Timestamp) -> Result<Open, RequestError> {
        let options = self.options()?;
        let url = upstream.url(self.path, self.query.unwrap_or_default())?;
        Ok(Open { call: rules::Call::new(options, started), url })
    }

    fn options(&self) -> Result<CallOptions, RequestError> {
        let usual = RetryPolicy::default();
        let method = known(self.method)?;
        Ok(CallOptions {
            idempotent: self.idempotent,
            replayable: !self.is_one_shot,
            retry: RetryPolicy { max_retries: self.max_retries.unwrap_or(usual.max_retries), ..usual },
            timeout: duration(self.timeout),
            attempt_timeout: duration(self.attempt_timeout),
            operation: self.remember.then(|| Operation::of(method, self.path)),
            key_level: self.key_level.and_then(level),
            ..CallOptions::new(method)
        })
    }
}

fn known(method: Method) -> Result<rules::Method, RequestError> {
    Ok(match method {
        Method::Get => rules::Method::Get,
        Method::Head => rules::Method::Head,
        Method::Options => rules::Method::Options,
        Method::Post => rules::Method::Post,
        Method::Put => rules::Method::Put,
        Method::Patch => rules::Method::Patch,
        Method::Delete => rules::Method::Delete,
        _ => return Err(RequestError::Method),
    })
}

const fn level(named: KeyLevel) -> Option<rules::call::KeyLevel> {
    match named {
        KeyLevel::User => Some(rules::call::KeyLevel::User),
        KeyLevel::Organization => Some(rules::call::KeyLevel::Organization),
        _ => None,
    }
}

/// Infinity and NaN mean no limit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating.
fn duration(millis: f64) -> Option<Duration> {
    millis.is_finite().then(|| Duration::from_millis(millis as u64))
}
