//! Rust bindings to the simulated browser in `browser.js`.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/tests/vectors/browser.js")]
extern "C" {
    pub(crate) fn enter(now: f64);
    pub(crate) fn leave();
    pub(crate) async fn settle();
    pub(crate) fn set(now: f64, unit: f64);
    /// The number of requests sent; a request is identified by its index.
    pub(crate) fn sent() -> u32;
    pub(crate) fn url(index: u32) -> String;
    pub(crate) fn header(index: u32, name: &str) -> Option<String>;
    #[wasm_bindgen(js_name = body)]
    async fn body_of(index: u32) -> JsValue;
    pub(crate) fn method(index: u32) -> String;
    #[wasm_bindgen(js_name = isAborted)]
    pub(crate) fn is_aborted(index: u32) -> bool;
    /// The number of timers ever set; a timer is identified by its number, from 1.
    pub(crate) fn timers() -> u32;
    /// The newest running timer after this one, 0 for none.
    #[wasm_bindgen(js_name = timerAfter)]
    pub(crate) fn timer_after(timer: u32) -> u32;
    pub(crate) fn millis(timer: u32) -> f64;
    pub(crate) fn fire(timer: u32);
    pub(crate) fn answer(index: u32, status: u16, headers: &Array, body: &[u8]);
    #[wasm_bindgen(js_name = answerEndlessly)]
    pub(crate) fn answer_endlessly(index: u32, status: u16, chunk: &[u8]);
    pub(crate) fn chunks() -> u32;
    pub(crate) fn fail(index: u32);
}

/// Headers in the form that JavaScript expects.
pub(crate) fn pairs(headers: &[(String, String)]) -> Array {
    headers.iter().map(|(name, value)| Array::of2(&name.into(), &value.into())).collect()
}

/// The body of a request, as text.
pub(crate) async fn body(index: u32) -> String {
    body_of(index).await.as_string().expect("text")
}
