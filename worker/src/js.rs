//! Declarations of runtime APIs that are not in `web_sys`, or are used by reference here.
//!
//! A header's value that is only passed on stays in JavaScript; `web_sys` would copy it into this module and back.
//! Everything that may throw is declared `catch`: an exception passing through wasm frames skips destructors, so it
//! would have to be treated as a trap.

use std::time::Duration;

use attention_core::millis;
use attention_gateway::exchange::Streaming;
use js_sys::{JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Headers, ReadableStream, Response};

use crate::end::Thrown;

#[wasm_bindgen]
extern "C" {
    /// `Headers`, by reference.
    #[wasm_bindgen(js_name = Headers)]
    pub(crate) type HeaderHandles;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn set(this: &HeaderHandles, name: &JsString, value: &JsString) -> Result<(), Thrown>;

    #[wasm_bindgen(method, catch, js_name = set)]
    pub(crate) fn set_text(this: &HeaderHandles, name: &JsString, value: &str) -> Result<(), Thrown>;

    /// An object with named properties, such as the headers passed to `fetch`.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Dictionary;

    #[wasm_bindgen(method, catch, indexing_setter)]
    pub(crate) fn put(this: &Dictionary, name: &JsString, value: &JsValue) -> Result<(), Thrown>;

    #[wasm_bindgen(js_name = Response)]
    type Answer;

    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: &JsValue, model: &JsValue) -> Result<Answer, Thrown>;

    #[wasm_bindgen(js_name = ReadableStream)]
    type Stream;

    #[wasm_bindgen(method, catch)]
    fn tee(this: &Stream) -> Result<js_sys::Array, Thrown>;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Stream) -> Result<Reader, Thrown>;

    #[wasm_bindgen(method, catch)]
    fn cancel(this: &Stream) -> Result<Promise, Thrown>;

    pub(crate) type Reader;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn read(this: &Reader) -> Result<Promise, Thrown>;

    #[wasm_bindgen(method, catch, js_name = cancel)]
    pub(crate) fn cancel_reading(this: &Reader) -> Result<Promise, Thrown>;

    /// The result of a read.
    pub(crate) type Piece;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn done(this: &Piece) -> Result<bool, Thrown>;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn value(this: &Piece) -> Result<js_sys::Uint8Array, Thrown>;

    /// `env`: bindings without a text. Their types have not been checked.
    pub(crate) type Bindings;

    #[wasm_bindgen(method, catch, indexing_getter)]
    pub(crate) fn binding(this: &Bindings, name: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, getter, catch, js_name = ATTENTION_GATE)]
    pub(crate) fn gate(this: &Bindings) -> Result<Option<GateNamespace>, Thrown>;

    #[wasm_bindgen(method, getter, catch, js_name = ATTENTION_RATE_LIMIT)]
    pub(crate) fn rate_limit(this: &Bindings) -> Result<RateLimiter, Thrown>;

    #[wasm_bindgen(method, getter, catch, js_name = ATTENTION_ANALYTICS)]
    pub(crate) fn analytics(this: &Bindings) -> Result<Option<Dataset>, Thrown>;

    pub(crate) type GateNamespace;

    #[wasm_bindgen(method, catch, js_name = idFromName)]
    pub(crate) fn id_from_name(this: &GateNamespace, name: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch, js_name = get)]
    pub(crate) fn object(this: &GateNamespace, id: &JsValue) -> Result<Gate, Thrown>;

    /// A stub of the gate's Durable Object, `Gate` in the shim.
    pub(crate) type Gate;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn admit(this: &Gate, holder: &str, limit: Option<&str>, wanted: u32) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn news(this: &Gate) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limited(this: &Gate, millis: f64, caller: &str, route: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn ledger(this: &Gate, counted: &str, is_asked: bool) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn standing(this: &Gate, session: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn revoke(this: &Gate, session: &str) -> Result<JsValue, Thrown>;

    pub(crate) type RateLimiter;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limit(this: &RateLimiter, key: &Dictionary) -> Result<JsValue, Thrown>;

    /// The result of the Rate Limiting binding.
    pub(crate) type Counted;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn success(this: &Counted) -> Result<JsValue, Thrown>;

    pub(crate) type Dataset;

    #[wasm_bindgen(method, catch, js_name = writeDataPoint)]
    pub(crate) fn write_data_point(this: &Dataset, point: &JsValue) -> Result<JsValue, Thrown>;

    /// A binding of the Secrets Store, or another one that returns a text.
    pub(crate) type Vault;

    #[wasm_bindgen(method, getter, catch, js_name = get)]
    pub(crate) fn has_get(this: &Vault) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, getter, catch, js_name = limit)]
    pub(crate) fn has_limit(this: &Vault) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch, js_name = get)]
    pub(crate) fn secret(this: &Vault) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(catch, js_namespace = crypto, js_name = randomUUID)]
    pub(crate) fn random_uuid() -> Result<String, Thrown>;

    #[wasm_bindgen(catch, js_namespace = console, js_name = log)]
    pub(crate) fn log(line: &str) -> Result<(), Thrown>;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    pub(crate) fn parse_json(text: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = stringify)]
    pub(crate) fn to_json(value: &JsValue) -> Result<JsValue, Thrown>;
}

/// Why there is no response to an upload that streams, as `upstream.mjs` has it.
pub(crate) enum Without {
    UploadInTime,
    WholeUpload,
    ResponseInTime,
}

impl Without {
    /// The number in place of a response; `None` for a response.
    pub(crate) fn of(came: &JsValue) -> Option<Self> {
        came.as_f64().map(|reason| match reason {
            0.0 => Self::UploadInTime,
            1.0 => Self::WholeUpload,
            _ => Self::ResponseInTime,
        })
    }
}

#[wasm_bindgen(raw_module = "../../upstream.mjs")]
extern "C" {
    /// Sends a request to the API or to an issuer. Redirects are not followed.
    #[wasm_bindgen(catch)]
    pub(crate) fn send(url: &str, method: &JsString, headers: &Dictionary, body: &JsValue) -> Result<Promise, Thrown>;

    /// Sends a request with a body that streams. Without a length it is sent in chunks; without a timeout, the response
    /// may take any time.
    #[wasm_bindgen(catch, js_name = upload)]
    fn send_streaming(
        url: &str,
        method: &JsString,
        headers: &Dictionary,
        body: &ReadableStream,
        length: Option<f64>,
        patience: f64,
        timeout: Option<f64>,
    ) -> Result<Promise, Thrown>;
}

#[wasm_bindgen(raw_module = "../../until.mjs")]
extern "C" {
    /// A body that is aborted after this many milliseconds; the line is logged then.
    #[wasm_bindgen(catch)]
    pub(crate) fn until(
        body: &ReadableStream,
        headers: &Headers,
        millis: f64,
        line: Option<&str>,
    ) -> Result<ReadableStream, Thrown>;
}

/// A response with this status and the headers of a template, which the runtime copies much faster than it sets them.
pub(crate) fn answer(body: &JsValue, model: &JsValue) -> Result<Response, Thrown> {
    Answer::new(body, model).map(JsCast::unchecked_into)
}

/// Sends a request with a body that streams. The promise is of the response, or of a number, see [`Without`].
#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds, and thousands of terabytes, are exact.
pub(crate) fn upload(
    url: &str,
    method: &JsString,
    headers: &Dictionary,
    body: &ReadableStream,
    streaming: Streaming,
    timeout: Option<Duration>,
) -> Result<Promise, Thrown> {
    let length = streaming.length.map(|length| length as f64);
    let timeout = timeout.map(|timeout| millis(timeout) as f64);
    send_streaming(url, method, headers, body, length, millis(streaming.patience) as f64, timeout)
}

/// `Headers`, by reference.
pub(crate) fn handles(headers: &Headers) -> &HeaderHandles {
    headers.unchecked_ref()
}

/// Two copies of a body that can be read independently.
pub(crate) fn tee(body: &ReadableStream) -> Result<(ReadableStream, ReadableStream), Thrown> {
    let both = body.unchecked_ref::<Stream>().tee()?;
    Ok((both.get(0).unchecked_into(), both.get(1).unchecked_into()))
}

pub(crate) fn reader(body: &ReadableStream) -> Result<Reader, Thrown> {
    body.unchecked_ref::<Stream>().get_reader()
}

/// Frees the connection of a response that is no longer needed.
pub(crate) fn discard(response: &Response) {
    if let Some(body) = response.body()
        && let Ok(cancelled) = body.unchecked_ref::<Stream>().cancel()
    {
        crate::waits::ignore(&cancelled);
    }
}
