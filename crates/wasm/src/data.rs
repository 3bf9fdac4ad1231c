//! What crosses as plain data, and the parts of JavaScript that are read.

use alloc::borrow::Cow;
use alloc::string::String;

use attention_core as rules;
use attention_core::call::{API_KEYS_PAGE, DEFAULT_TIMEOUT, MAX_ERROR_BODY_BYTES, RetryPolicy};
use attention_core::codec::json::Object;
use attention_core::codec::text::split;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../types.d.ts");

#[wasm_bindgen]
extern "C" {
    /// An error as data; `errorOf` of the package makes an `AttentionError` of it.
    #[wasm_bindgen(typescript_type = "ErrorFacts")]
    #[derive(Debug)]
    pub type ErrorFacts;

    /// What is known of the credentials, without the credentials.
    #[wasm_bindgen(typescript_type = "KeysInfo")]
    #[derive(Debug)]
    pub type KeysInfo;

    /// What applies when a caller says nothing.
    #[wasm_bindgen(typescript_type = "Defaults")]
    #[derive(Debug)]
    pub type Defaults;

    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(json: &str) -> JsValue;

    /// The Fetch standard's. web-sys has it too, and brings js-sys, whose parts stay in the module whether used or not.
    #[wasm_bindgen(typescript_type = "Pick<Headers, \"get\">")]
    pub type Headers;

    /// Declared to throw: what somebody's own `fetch` returns need not be the standard's.
    #[wasm_bindgen(method, catch)]
    fn get(this: &Headers, name: &str) -> Result<Option<String>, JsValue>;
}

/// Headers that cannot be read are absent.
impl rules::Headers for Headers {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        Self::get(self, name).ok().flatten().map(Cow::Owned)
    }
}

pub(crate) fn error(error: &rules::Error) -> ErrorFacts {
    parse(&error.to_json()).unchecked_into()
}

pub(crate) fn keys(keys: &rules::KeyRing) -> KeysInfo {
    parse(&keys.to_json()).unchecked_into()
}

/// What applies when a caller says nothing, and the bounds that the rules have.
#[wasm_bindgen]
pub fn defaults() -> Defaults {
    let mut object = Object::new();
    object
        .number("timeout", rules::millis(DEFAULT_TIMEOUT))
        .number("maxRetries", RetryPolicy::default().max_retries)
        .number("maxErrorBody", MAX_ERROR_BODY_BYTES as u64)
        .string("apiKeysPage", API_KEYS_PAGE);
    parse(&object.finish()).unchecked_into()
}

/// The id under which the server knows the exchange that these headers belong to.
#[wasm_bindgen(js_name = requestId)]
pub fn request_id(headers: &Headers) -> Option<String> {
    rules::call::request_id(headers)
}

/// A text without these credentials, which a line break separates, and without what looks like one.
#[wasm_bindgen]
pub fn scrub(text: &str, secrets: &str) -> String {
    rules::credential::scrub(text, split(secrets, b'\n')).into_owned()
}
