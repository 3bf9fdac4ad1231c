//! The issuer's key set, and signatures checked with it. When it is asked for, and what a token may say, is the
//! gateway's to decide.

use std::time::Duration;

use attention_gateway::exchange::Signature;
use js_sys::{Date, JsString, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Response;

use crate::body;
use crate::end::{End, Thrown};
use crate::js::{self, Dictionary, Init};
use crate::waits::{Outcome, Settled};

#[wasm_bindgen(raw_module = "../../jwt.mjs")]
extern "C" {
    /// A set, for `verify`. Throws when the bytes are not one.
    #[wasm_bindgen(catch, js_name = keySet)]
    fn key_set(bytes: &Uint8Array) -> Result<JsValue, Thrown>;

    /// `undefined` when the token was signed with a key of the set, else jose's name for the fault, which never
    /// holds a value.
    #[wasm_bindgen(catch)]
    fn verify(token: &str, keys: &JsValue, algorithms: &JsValue) -> Result<Promise, Thrown>;
}

/// jose's name for a token that names a key which is not in the set.
const UNKNOWN_KEY: &str = "ERR_JWKS_NO_MATCHING_KEY";

pub(crate) struct KeySet {
    keys: JsValue,
    algorithms: JsValue,
}

impl KeySet {
    /// None yet, for signatures by these algorithms.
    pub(crate) fn new(algorithms: &[String]) -> Self {
        let algorithms = algorithms.iter().map(|name| JsString::from(name.as_str())).collect::<js_sys::Array>();
        Self { keys: JsValue::UNDEFINED, algorithms: algorithms.into() }
    }

    pub(crate) fn replace(&mut self, keys: JsValue) {
        self.keys = keys;
    }

    /// What there is of it, for a check that outlasts it.
    pub(crate) fn check(&self, token: &str) -> Result<Promise, Thrown> {
        verify(token, &self.keys, &self.algorithms)
    }
}

/// Gets the set at this URL. A redirect, and what is too large or not a set, is none.
pub(crate) async fn fetch(url: &str, timeout: Duration, limit: usize) -> Result<Option<JsValue>, End> {
    let ends = Date::now() + timeout.as_secs_f64() * 1000.0;
    let headers = Object::new().unchecked_into::<Dictionary>();
    headers.put(&"accept".into(), &"application/json".into())?;
    let init = Object::new().unchecked_into::<Init>();
    init.set_redirect("manual")?;
    init.set_headers(&headers)?;
    let sent = js::send(url, &init)?;
    let Outcome::Fulfilled(response) = Settled::of(sent.into(), Some(timeout))?.await? else { return Ok(None) };
    let response: Response = response.unchecked_into();
    if response.status() != 200 {
        js::discard(&response);
        return Ok(None);
    }
    let bytes = body::read(response.body().as_ref(), limit, Some(ends), |_| true).await?;
    Ok(bytes.whole().and_then(|bytes| key_set(&Uint8Array::from(&bytes[..])).ok()))
}

/// What the check came to.
pub(crate) fn signature(fault: Option<&str>) -> Signature<'_> {
    match fault {
        None => Signature::Good,
        Some(UNKNOWN_KEY) => Signature::UnknownKey,
        Some(fault) => Signature::Bad(fault),
    }
}
