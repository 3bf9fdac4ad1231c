//! The parts of the runtime that the Worker touches, and nothing of its rules.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Headers, ReadableStream, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(crate) fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, millis: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(timer: &JsValue);

    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    pub(crate) fn random_uuid() -> String;

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub(crate) fn log(line: &str);

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn log_error(line: &str);
}

// One crossing for a whole set of headers. Which names pass is Rust's list; a
// value that holds one of `secrets` stays behind whatever its name.
#[wasm_bindgen(inline_js = "
export const nameSet = (names) => new Set(names);
export function copyHeaders(from, to, names, secrets) {
  for (const [name, value] of from) {
    if (names.has(name) && !secrets.some((secret) => value.includes(secret))) to.set(name, value);
  }
}
export const onTimeout = (controller) => () => controller.abort();
export const discard = (body) => { body.cancel().catch(() => {}); };
export async function readBounded(response, limit) {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > limit) {
      reader.cancel().catch(() => {});
      return null;
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
export const afterMillis = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
")]
extern "C" {
    #[wasm_bindgen(js_name = nameSet)]
    pub(crate) fn name_set(names: &Array) -> JsValue;

    #[wasm_bindgen(js_name = copyHeaders)]
    pub(crate) fn copy_headers(from: &Headers, to: &Headers, names: &JsValue, secrets: &Array);

    #[wasm_bindgen(js_name = onTimeout)]
    pub(crate) fn on_timeout(controller: &web_sys::AbortController) -> Function;

    pub(crate) fn discard(body: &ReadableStream);

    #[wasm_bindgen(js_name = readBounded)]
    pub(crate) fn read_bounded(response: &Response, limit: usize) -> Promise;

    #[wasm_bindgen(js_name = afterMillis)]
    pub(crate) fn after_millis(millis: f64) -> Promise;
}
