//! The request of a call, read from JavaScript.

use alloc::string::String;
use core::time::Duration;

use attention_core as rules;
use attention_core::call::{CallOptions, Operation, RetryPolicy};
use attention_core::url::RequestError;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/request.js")]
extern "C" {
    /// The members of a request that the rules use.
    #[wasm_bindgen(typescript_type = "CallRequest")]
    pub type CallRequest;

    /// The result of `read`.
    type Members;

    /// Declared as throwing: an exception passing through wasm would leave the upstream locked forever.
    #[wasm_bindgen(catch)]
    fn read(request: &CallRequest) -> Result<Members, JsValue>;

    #[wasm_bindgen(method, getter, structural)]
    fn method(this: &Members) -> Method;
    #[wasm_bindgen(method, getter, structural)]
    fn path(this: &Members) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn query(this: &Members) -> Option<String>;
    #[wasm_bindgen(method, getter, structural)]
    fn idempotent(this: &Members) -> Option<bool>;
    #[wasm_bindgen(method, getter, structural, js_name = isOneShot)]
    fn is_one_shot(this: &Members) -> bool;
    #[wasm_bindgen(method, getter, structural, js_name = maxRetries)]
    fn max_retries(this: &Members) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural)]
    fn timeout(this: &Members) -> f64;
    #[wasm_bindgen(method, getter, structural, js_name = attemptTimeout)]
    fn attempt_timeout(this: &Members) -> f64;
    #[wasm_bindgen(method, getter, structural)]
    fn remember(this: &Members) -> bool;
    #[wasm_bindgen(method, getter, structural, js_name = keyLevel)]
    fn key_level(this: &Members) -> Option<KeyLevel>;
}

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

/// The content of a request, from which a call is made.
pub(crate) struct Asked {
    method: Result<rules::Method, RequestError>,
    pub(crate) path: String,
    pub(crate) query: String,
    idempotent: Option<bool>,
    is_one_shot: bool,
    max_retries: Option<u32>,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    remember: bool,
    key_level: Option<rules::call::KeyLevel>,
}

impl Asked {
    pub(crate) fn read(request: &CallRequest) -> Result<Self, JsValue> {
        let members = read(request)?;
        Ok(Self {
            method: known(members.method()),
            path: members.path(),
            query: members.query().unwrap_or_default(),
            idempotent: members.idempotent(),
            is_one_shot: members.is_one_shot(),
            max_retries: members.max_retries(),
            timeout: duration(members.timeout()),
            attempt_timeout: duration(members.attempt_timeout()),
            remember: members.remember(),
            key_level: members.key_level().and_then(level),
        })
    }

    pub(crate) fn options(&self) -> Result<CallOptions, RequestError> {
        let usual = RetryPolicy::default();
        let method = self.method?;
        Ok(CallOptions {
            idempotent: self.idempotent,
            replayable: !self.is_one_shot,
            retry: RetryPolicy { max_retries: self.max_retries.unwrap_or(usual.max_retries), ..usual },
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            operation: self.remember.then(|| Operation::of(method, &self.path)),
            key_level: self.key_level,
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
