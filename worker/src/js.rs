//! What the runtime gives beside `web_sys`, declared by handle.
//!
//! A header's value that only passes through stays JavaScript's: `web_sys` would copy it into this module and out
//! of it again. Whatever may throw is declared `catch`: an exception that passes through wasm frames would skip
//! destructors, so it would have to count as a trap.

use std::time::Duration;

use attention_core::millis;
use attention_gateway::exchange::Streaming;
use js_sys::{JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Headers, ReadableStream, Response};

use crate::end::Thrown;

#[wasm_bindgen]
extern "C" {
    /// `Headers`, by handle.
    #[wasm_bindgen(js_name = Headers)]
    pub(crate) type HeaderHandles;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn set(this: &HeaderHandles, name: &JsString, value: &JsString) -> Result<(), Thrown>;

    /// An object that is read by its properties' names, such as `fetch` takes headers.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Dictionary;

    #[wasm_bindgen(method, catch, indexing_setter)]
    pub(crate) fn put(this: &Dictionary, name: &JsString, value: &JsValue) -> Result<(), Thrown>;

    /// How a request is sent.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Init;

    #[wasm_bindgen(method, catch, setter)]
    pub(crate) fn set_method(this: &Init, method: &str) -> Result<(), Thrown>;

    #[wasm_bindgen(method, catch, setter)]
    pub(crate) fn set_headers(this: &Init, headers: &Dictionary) -> Result<(), Thrown>;

    #[wasm_bindgen(method, catch, setter)]
    pub(crate) fn set_body(this: &Init, body: &JsValue) -> Result<(), Thrown>;

    #[wasm_bindgen(method, catch, setter)]
    pub(crate) fn set_redirect(this: &Init, redirect: &str) -> Result<(), Thrown>;

    #[wasm_bindgen(method, catch, setter)]
    pub(crate) fn set_cache(this: &Init, cache: &str) -> Result<(), Thrown>;

    // Not by its bare name: in the glue that is the event of this module.
    #[wasm_bindgen(catch, js_namespace = globalThis, js_name = fetch)]
    pub(crate) fn send(url: &str, init: &Init) -> Result<Promise, Thrown>;

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

    /// What a read gives.
    pub(crate) type Piece;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn done(this: &Piece) -> Result<bool, Thrown>;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn value(this: &Piece) -> Result<js_sys::Uint8Array, Thrown>;

    /// `env`: bindings that have no text. Which kind each is, nobody has checked.
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

    /// The gate's Durable Object, from afar: `Gate` of the shim.
    pub(crate) type Gate;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn admit(this: &Gate, holder: &str, limit: Option<&str>, wanted: u32) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn news(this: &Gate) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limited(this: &Gate, millis: f64, caller: &str, route: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn ledger(this: &Gate, counted: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn standing(this: &Gate, session: &str) -> Result<JsValue, Thrown>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn revoke(this: &Gate, session: &str) -> Result<JsValue, Thrown>;

    pub(crate) type RateLimiter;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limit(this: &RateLimiter, key: &Dictionary) -> Result<JsValue, Thrown>;

    /// What the Rate Limiting binding says.
    pub(crate) type Counted;

    #[wasm_bindgen(method, getter, catch)]
    pub(crate) fn success(this: &Counted) -> Result<JsValue, Thrown>;

    pub(crate) type Dataset;

    #[wasm_bindgen(method, catch, js_name = writeDataPoint)]
    pub(crate) fn write_data_point(this: &Dataset, point: &JsValue) -> Result<JsValue, Thrown>;

    /// A binding of the Secrets Store, or another that is asked for a text.
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

/// Why there is no answer to an upload that streams, as `upload.mjs` has it.
pub(crate) enum Without {
    UploadInTime,
    WholeUpload,
    AnswerInTime,
}

impl Without {
    /// What came in place of an answer; `None` of an answer.
    pub(crate) fn of(came: &JsValue) -> Option<Self> {
        came.as_f64().map(|reason| match reason {
            0.0 => Self::UploadInTime,
            1.0 => Self::WholeUpload,
            _ => Self::AnswerInTime,
        })
    }
}

#[wasm_bindgen(raw_module = "../../upload.mjs")]
extern "C" {
    /// Sends a request with a body that streams. A length of -1 is unknown, a time of -1 endless.
    #[wasm_bindgen(catch, js_name = upload)]
    fn send_streaming(
        url: &str,
        init: &Init,
        body: &ReadableStream,
        length: f64,
        patience: f64,
        timeout: f64,
    ) -> Result<Promise, Thrown>;
}

#[wasm_bindgen(raw_module = "../../until.mjs")]
extern "C" {
    /// A body that breaks off after so many milliseconds; then the line is logged.
    #[wasm_bindgen(catch)]
    pub(crate) fn until(
        body: &ReadableStream,
        headers: &Headers,
        millis: f64,
        line: Option<&str>,
    ) -> Result<ReadableStream, Thrown>;
}

/// An answer of this status and with these headers: those of a model, which the runtime copies for a fraction of
/// what it takes to set them.
pub(crate) fn answer(body: &JsValue, model: &JsValue) -> Result<Response, Thrown> {
    Answer::new(body, model).map(JsCast::unchecked_into)
}

/// Sends a request with a body that streams: gives the answer, or a number, see [`Without`].
#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds, and bytes of thousands of terabytes, are exact.
pub(crate) fn upload(
    url: &str,
    init: &Init,
    body: &ReadableStream,
    streaming: Streaming,
    timeout: Option<Duration>,
) -> Result<Promise, Thrown> {
    let length = streaming.length.map_or(-1.0, |length| length as f64);
    let timeout = timeout.map_or(-1.0, |timeout| millis(timeout) as f64);
    send_streaming(url, init, body, length, millis(streaming.patience) as f64, timeout)
}

/// `Headers`, by handle.
pub(crate) fn handles(headers: &Headers) -> &HeaderHandles {
    headers.unchecked_ref()
}

/// A body twice, to be read apart.
pub(crate) fn tee(body: &ReadableStream) -> Result<(ReadableStream, ReadableStream), Thrown> {
    let both = body.unchecked_ref::<Stream>().tee()?;
    Ok((both.get(0).unchecked_into(), both.get(1).unchecked_into()))
}

pub(crate) fn reader(body: &ReadableStream) -> Result<Reader, Thrown> {
    body.unchecked_ref::<Stream>().get_reader()
}

/// Frees the connection of a response that nobody will read.
pub(crate) fn discard(response: &Response) {
    if let Some(body) = response.body()
        && let Ok(cancelled) = body.unchecked_ref::<Stream>().cancel()
    {
        crate::waits::ignore(&cancelled);
    }
}
