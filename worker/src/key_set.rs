//! The issuer's key set, and verification of signatures with it. The gateway decides when to fetch it and judges the
//! claims.

use std::time::Duration;

use attention_gateway::exchange::Signature;
use js_sys::{Date, JsString, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Response;

use crate::body;
use crate::end::{End, Thrown};
use crate::js::{self, Dictionary};
use crate::waits::{Outcome, Settled};

#[wasm_bindgen(raw_module = "../../jwt.mjs")]
extern "C" {
    /// A key set for `verify`. Throws if the bytes are not one.
    #[wasm_bindgen(catch, js_name = keySet)]
    fn key_set(bytes: &Uint8Array) -> Result<JsValue, Thrown>;

    /// `undefined` if the token was signed with a key of the set, otherwise jose's error code, which never contains a
    /// value.
    #[wasm_bindgen(catch)]
    fn verify(token: &str, keys: &JsValue, algorithms: &JsValue) -> Result<Promise, Thrown>;
}

/// jose's error code for a token that names a key which is not in the set.
const UNKNOWN_KEY: &str = "ERR_JWKS_NO_MATCHING_KEY";

pub(crate) struct KeySet {
    keys: JsValue,
    algorithms: JsValue,
}

impl KeySet {
    /// No key set yet, for signatures with these algorithms.
    pub(crate) fn new(algorithms: &[String]) -> Self {
        let algorithms = algorithms.iter().map(|name| JsString::from(name.as_str())).collect::<js_sys::Array>();
        Self { keys: JsValue::UNDEFINED, algorithms: algorithms.into() }
    }

    pub(crate) fn replace(&mut self, keys: JsValue) {
        self.keys = keys;
    }

    /// The current set, for a verification that may outlast it.
    pub(crate) fn check(&self, token: &str) -> Result<Promise, Thrown> {
        verify(token, &self.keys, &self.algorithms)
    }
}

/// Fetches the set at this URL. `None` for a redirect, a response that is too large, and one that is not a key set.
pub(crate) async fn fetch(url: &str, timeout: Duration, limit: usize) -> Result<Option<JsValue>, End> {
    let ends = Date::now() + timeout.as_secs_f64() * 1000.0;
    let headers = Object::new().unchecked_into::<Dictionary>();
    headers.put(&"accept".into(), &"application/json".into())?;
    let sent = js::send(url, &"GET".into(), &headers, &JsValue::NULL)?;
    let Outcome::Fulfilled(response) = Settled::of(sent.into(), Some(timeout))?.await? else { return Ok(None) };
    let response: Response = response.unchecked_into();
    if response.status() != 200 {
        js::discard(&response);
        return Ok(None);
    }
    let bytes = body::read(response.body().as_ref(), limit, Some(ends), |_| true).await?;
    Ok(bytes.whole().and_then(|bytes| key_set(&Uint8Array::from(&bytes[..])).ok()))
}

/// The result of a verification.
pub(crate) fn signature(fault: Option<&str>) -> Signature<'_> {
    match fault {
        None => Signature::Good,
        Some(UNKNOWN_KEY) => Signature::UnknownKey,
        Some(fault) => Signature::Bad(fault),
    }
}
