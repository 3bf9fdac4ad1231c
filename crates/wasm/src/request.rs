//! The request that a call begins with, read from JavaScript.

use alloc::string::String;
use core::time::Duration;

use attention_core as rules;
use attention_core::call::{CallOptions, RetryPolicy};
use attention_core::url::RequestError;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A request, as far as the rules look at it.
    #[wasm_bindgen(typescript_type = "CallRequest")]
    pub type CallRequest;

    // All are declared to throw: an exception that passed through wasm would leave the upstream locked for ever.
    #[wasm_bindgen(method, getter, structural, catch)]
    fn method(this: &CallRequest) -> Result<Method, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn path(this: &CallRequest) -> Result<String, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn query(this: &CallRequest) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn idempotent(this: &CallRequest) -> Result<Option<bool>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = isOneShot)]
    fn is_one_shot(this: &CallRequest) -> Result<Option<bool>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = maxRetries)]
    fn max_retries(this: &CallRequest) -> Result<Option<u32>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn timeout(this: &CallRequest) -> Result<Option<f64>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = attemptTimeout)]
    fn attempt_timeout(this: &CallRequest) -> Result<Option<f64>, JsValue>;
}

/// The request methods that the API has. JavaScript sees the names.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// As [`rules::Method::Get`], and so on.
    Get = "GET",
    Head = "HEAD",
    Options = "OPTIONS",
    Post = "POST",
    Put = "PUT",
    Patch = "PATCH",
    Delete = "DELETE",
}

/// What a request says, and what a call is made of.
pub(crate) struct Asked {
    method: Result<rules::Method, RequestError>,
    pub(crate) path: String,
    pub(crate) query: String,
    idempotent: Option<bool>,
    is_one_shot: bool,
    max_retries: Option<u32>,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
}

impl Asked {
    /// Reads each member once.
    pub(crate) fn read(request: &CallRequest) -> Result<Self, JsValue> {
        Ok(Self {
            method: known(request.method()?),
            path: request.path()?,
            query: request.query()?.unwrap_or_default(),
            idempotent: request.idempotent()?,
            is_one_shot: request.is_one_shot()?.unwrap_or_default(),
            max_retries: request.max_retries()?,
            timeout: request.timeout()?.and_then(duration),
            attempt_timeout: request.attempt_timeout()?.and_then(duration),
        })
    }

    pub(crate) fn options(&self) -> Result<CallOptions, RequestError> {
        let usual = RetryPolicy::default();
        Ok(CallOptions {
            idempotent: self.idempotent,
            replayable: !self.is_one_shot,
            retry: RetryPolicy { max_retries: self.max_retries.unwrap_or(usual.max_retries), ..usual },
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            ..CallOptions::new(self.method?)
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

/// Infinity is for ever, as is what is no number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating.
fn duration(millis: f64) -> Option<Duration> {
    millis.is_finite().then(|| Duration::from_millis(millis as u64))
}
