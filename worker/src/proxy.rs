//! Core's `Call`, driven by the runtime's `fetch`.
//!
//! Bodies stay JavaScript streams in both directions. Two exceptions, both
//! bounded: a small request body is held (outside wasm) so that it can be sent
//! again, and a small error body is read so that a key echoed in it goes nowhere.

use std::borrow::Cow;

use attention_core::call::{Attempt, CallOptions, Verdict};
use attention_core::error::MAX_ERROR_BODY_BYTES;
use attention_core::path::RequestPath;
use attention_core::redaction::scrub;
use attention_core::retry::{Failure, RetryPolicy};
use attention_core::{Action, Call, Error, Method};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Headers, ReadableStream, Request, RequestInit, RequestRedirect, Response};

use crate::exchange::{Exchange, UpstreamPart};
use crate::isolate::{Isolate, now};
use crate::js;
use crate::problem::Problem;

/// A request body up to this size, announced by `Content-Length`, is held so that
/// a 401 or a 429 does not lose the call.
const HELD_BODY_BYTES: u64 = 256 * 1024;

/// What goes down to the caller, apart from headers of the Worker's own.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: AnswerBody,
}

pub(crate) enum AnswerBody {
    Stream(Option<ReadableStream>),
    Bytes(Uint8Array),
}

enum RequestBody {
    None,
    Held(JsValue),
    Stream(ReadableStream),
}

struct Lookup<'a>(&'a Headers);

impl attention_core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}

/// Forwards one judged request.
pub(crate) async fn forward(
    isolate: &Isolate,
    exchange: &mut Exchange,
    request: &Request,
    method: Method,
    path: RequestPath<'_>,
    query: &str,
) -> Result<Answer, Problem> {
    let url = {
        let upstream = isolate.upstream.borrow();
        // The caller's path begins with the base's prefix: that is where it is mounted.
        let Some(target) = path.as_str().strip_prefix(upstream.base().path()) else {
            return Err(Problem::outside());
        };
        upstream.url(target, query).map_err(Problem::request)?
    };
    let headers = Headers::new().map_err(|_| Problem::internal())?;
    js::copy_headers(&request.headers(), &headers, &isolate.up, &isolate.secrets);
    let body = body_of(request).await?;
    let started = now();
    let options = CallOptions {
        replayable: !matches!(body, RequestBody::Stream(_)),
        retry: RetryPolicy { max_retries: isolate.config.max_retries, ..RetryPolicy::default() },
        idempotent: has(&headers, "idempotency-key"),
        timeout: Some(isolate.config.timeout),
        ..CallOptions::new(method)
    };
    let mut call = Call::new(options, started);
    let mut response: Option<Response> = None;
    let mut next = call.start(&mut isolate.upstream.borrow_mut(), started);
    let verdict = loop {
        match next {
            Action::Send(attempt) => {
                discard(response.take());
                let sent = send(isolate, &url, method, &headers, &body, attempt).await;
                let now = now();
                let mut upstream = isolate.upstream.borrow_mut();
                next = match sent {
                    Ok(came) => {
                        let headers = came.headers();
                        let action = call.on_response(
                            &mut upstream,
                            came.status(),
                            &Lookup(&headers),
                            now,
                            js_sys::Math::random(),
                        );
                        response = Some(came);
                        action
                    }
                    Err(failure) => call.on_failure(&mut upstream, failure, now, js_sys::Math::random()),
                };
            }
            Action::Wait(wait) => {
                discard(response.take());
                let _ = js::after_millis(wait.as_secs_f64() * 1000.0).await;
                next = call.on_waited(&mut isolate.upstream.borrow_mut(), now());
            }
            Action::Done(verdict) => break verdict,
        }
    };
    let mut part = UpstreamPart {
        status: response.as_ref().map(Response::status),
        tries: call.attempts(),
        key: isolate.upstream.borrow().keys().fingerprint(call.slot()).map(|name| name.to_string()).unwrap_or_default(),
        millis: now().saturating_since(started).as_secs_f64() * 1000.0,
        ..UpstreamPart::default()
    };
    report_switch(isolate, exchange);
    let result = match (verdict, response) {
        (Verdict::Success, Some(response)) => Ok(success(isolate, &response)),
        (Verdict::Failed(error), _) => Err(*error),
        (_, Some(response)) => rejected(isolate, &call, &response).await,
        (_, None) => Err(call.error(&isolate.upstream.borrow(), &[], now())),
    };
    let problem = result.map_err(|error| {
        let problem = Problem::of_upstream(&error).unwrap_or_else(Problem::internal);
        part.request_id = error.request_id().map(str::to_owned);
        part.error = Some((error.kind(), error.message().to_owned()));
        problem
    });
    exchange.upstream = Some(part);
    problem
}

async fn send(
    isolate: &Isolate,
    url: &str,
    method: Method,
    headers: &Headers,
    body: &RequestBody,
    attempt: Attempt,
) -> Result<Response, Failure> {
    let fault = |_: JsValue| Failure::Connection;
    headers.set("authorization", isolate.authorization(attempt.slot)).map_err(fault)?;
    let init = RequestInit::new();
    init.set_method(method.as_str());
    init.set_headers(headers);
    // The key goes to one origin: a redirect is an answer, not an instruction.
    init.set_redirect(RequestRedirect::Manual);
    match body {
        RequestBody::None => {}
        RequestBody::Held(bytes) => init.set_body(bytes),
        RequestBody::Stream(stream) => init.set_body(stream),
    }
    let controller = AbortController::new().map_err(fault)?;
    init.set_signal(Some(&controller.signal()));
    let timer =
        attempt.timeout.map(|timeout| js::set_timeout(&js::on_timeout(&controller), timeout.as_secs_f64() * 1000.0));
    let sent: Promise = js::fetch(url, &init).map_err(fault)?;
    let came = sent.await;
    // The timeout is for the head: a body may stream for as long as it likes.
    if let Some(timer) = timer {
        js::clear_timeout(&timer);
    }
    came.map(JsCast::unchecked_into)
        .map_err(|_: JsValue| if controller.signal().aborted() { Failure::Timeout } else { Failure::Connection })
}

async fn body_of(request: &Request) -> Result<RequestBody, Problem> {
    let Some(stream) = request.body() else { return Ok(RequestBody::None) };
    let length = request.headers().get("content-length").ok().flatten().and_then(|text| text.parse::<u64>().ok());
    if length.is_none_or(|length| length > HELD_BODY_BYTES) {
        return Ok(RequestBody::Stream(stream));
    }
    let bytes: Promise = request.array_buffer().map_err(|_| Problem::internal())?.unchecked_into();
    match bytes.await {
        Ok(bytes) => Ok(RequestBody::Held(bytes)),
        Err(_) => Err(Problem::broken_upload()),
    }
}

fn success(isolate: &Isolate, response: &Response) -> Answer {
    Answer { status: response.status(), headers: down(isolate, response), body: AnswerBody::Stream(response.body()) }
}

/// An error of the API: the caller's own mistakes are passed on, scrubbed; for
/// the rest the Worker speaks.
async fn rejected(isolate: &Isolate, call: &Call, response: &Response) -> Result<Answer, Error> {
    let whole = js::read_bounded(response, MAX_ERROR_BODY_BYTES).await.ok().filter(|bytes| !bytes.is_null());
    let bytes: Option<Uint8Array> = whole.map(JsCast::unchecked_into);
    let text = bytes.as_ref().map(Uint8Array::to_vec).unwrap_or_default();
    let error = call.error(&isolate.upstream.borrow(), &text, now());
    if Problem::of_upstream(&error).is_some() {
        return Err(error);
    }
    let headers = down(isolate, response);
    // It was read decoded.
    let _ = headers.delete("content-encoding");
    let body = match (bytes, str::from_utf8(&text)) {
        (Some(bytes), Ok(text)) => match scrub(text, isolate.keys()) {
            Cow::Borrowed(_) => bytes,
            Cow::Owned(scrubbed) => Uint8Array::from(scrubbed.as_bytes()),
        },
        // Too large or not text: there is nothing in it that an error needs.
        _ => Uint8Array::new_with_length(0),
    };
    Ok(Answer { status: response.status(), headers, body: AnswerBody::Bytes(body) })
}

fn down(isolate: &Isolate, response: &Response) -> Headers {
    let headers = Headers::new().unwrap_or_else(|_| response.headers());
    js::copy_headers(&response.headers(), &headers, &isolate.down, &isolate.secrets);
    headers
}

fn report_switch(isolate: &Isolate, exchange: &Exchange) {
    let mut upstream = isolate.upstream.borrow_mut();
    let Some(switch) = upstream.take_switch() else { return };
    let name = |slot| upstream.keys().fingerprint(slot).map(|name| name.to_string()).unwrap_or_default();
    let mut line = attention_core::json::Object::new();
    line.string("event", "key_switch")
        .string("level", "warn")
        .string("requestId", &exchange.request_id)
        .string("from", switch.from.as_str())
        .string("fromKey", &name(switch.from))
        .string("to", switch.to.as_str())
        .string("toKey", &name(switch.to));
    js::log(&line.finish());
}

fn has(headers: &Headers, name: &str) -> bool {
    headers.has(name).unwrap_or(false)
}

/// Frees the connection of an answer that nobody will read.
fn discard(response: Option<Response>) {
    if let Some(body) = response.and_then(|response| response.body()) {
        js::discard(&body);
    }
}
