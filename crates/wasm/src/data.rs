//! Plain data for JavaScript, and the parts of JavaScript objects that are read.

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
    /// An error as plain data; the package's `errorOf` converts it to an `AttentionError`.
    #[wasm_bindgen(typescript_type = "ErrorFacts")]
    #[derive(Debug)]
    pub type ErrorFacts;

    /// The state of the credentials, without the secrets.
    #[wasm_bindgen(typescript_type = "KeysInfo")]
    #[derive(Debug)]
    pub type KeysInfo;

    /// The default options.
    #[wasm_bindgen(typescript_type = "Defaults")]
    #[derive(Debug)]
    pub type Defaults;

    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(json: &str) -> JsValue;

    /// The `Headers` of the Fetch standard. web-sys has it too, but pulls in js-sys, parts of which stay in the module
    /// even if unused.
    #[wasm_bindgen(typescript_type = "Pick<Headers, \"get\">")]
    pub type Headers;

    /// Declared as throwing, because a custom `fetch` need not return the standard's `Headers`.
    #[wasm_bindgen(method, catch)]
    fn get(this: &Headers, name: &str) -> Result<Option<String>, JsValue>;
}

/// Headers that cannot be read are treated as absent.
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

/// The default options, and the limits of the rules.
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

/// The request id in these response headers.
#[wasm_bindgen(js_name = requestId)]
pub fn request_id(headers: &Headers) -> Option<String> {
    rules::call::request_id(headers)
}

/// A text without these credentials, which are separated by line breaks, and without anything that looks like one.
#[wasm_bindgen]
pub fn scrub(text: &str, secrets: &str) -> String {
    rules::credential::scrub(text, split(secrets, b'\n')).into_owned()
}
