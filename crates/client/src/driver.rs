use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use attention_core::call::{Attempt, Failure, Upstream, Verdict};
use attention_core::url::encode_query;
use attention_core::{Action, Call, Timestamp, millis};
use gloo_net::http::{self, Headers, RequestBuilder};
use gloo_timers::{callback::Timeout, future::TimeoutFuture};
use js_sys::Math::random;
use serde::{Serialize as _, de::DeserializeOwned};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, RequestRedirect};

use crate::{Attention, Error, Request};

impl Request {
    /// Makes the call: core's `Call` says what to do next, this does it and reports. Dropping the future aborts it.
    pub async fn send(mut self) -> Result<Response, Error> {
        self.fault.take().map_or(Ok(()), Err)?;
        let query = encode_query(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let url = self.client.upstream.borrow().url(&self.path, &query)?;
        let call = Call::new(self.options.clone(), now());
        let mut call = Running { client: &self.client, call, is_over: false };
        let mut answer: Option<Response> = None;
        let mut action = call.step(|call, upstream| call.start(upstream, now()));
        loop {
            action = match action {
                Action::Send(attempt) => {
                    answer = None;
                    match self.send_once(&url, attempt).await {
                        Ok(came) => {
                            let (status, headers) = (came.status(), Head(came.inner.headers()));
                            answer = Some(came);
                            call.step(|call, upstream| call.on_response(upstream, status, &headers, now(), random()))
                        }
                        Err(failure) => call.step(|call, upstream| call.on_failure(upstream, failure, now(), random())),
                    }
                }
                Action::Wait(wait) => {
                    answer = None;
                    TimeoutFuture::new(timer(wait)).await;
                    call.step(|call, upstream| call.on_waited(upstream, now()))
                }
                Action::Done(verdict) => return call.end(verdict, answer).await,
            };
        }
    }

    async fn send_once(&self, url: &str, attempt: Attempt) -> Result<Response, Failure> {
        let headers = web_sys::Headers::new_with_headers(&self.headers).map_err(|_| Failure::Connection)?;
        if let Some(value) = self.client.upstream.borrow().keys().authorization(attempt.slot) {
            headers.set("authorization", value.expose()).map_err(|_| Failure::Connection)?;
        }
        let sending = Sending::within(attempt.timeout);
        let method = http::Method::from_bytes(self.options.method.as_str().as_bytes());
        // The key goes to one server: a redirect is an answer and no instruction.
        let request = RequestBuilder::new(url).headers(Headers::from_raw(headers)).redirect(RequestRedirect::Manual);
        let request = request.method(method.unwrap_or_default()).abort_signal(Some(&sending.controller.signal()));
        let request = request.body(self.body.clone()).map_err(|_| Failure::Connection)?;
        match request.send().await {
            Ok(inner) => Ok(Response { inner, sending }),
            Err(_) if sending.is_late.get() => Err(Failure::Timeout),
            Err(_) => Err(Failure::Connection),
        }
    }
}

/// A call until its end. When it is dropped before, its place at the gate is free again.
struct Running<'a> {
    client: &'a Attention,
    call: Call,
    is_over: bool,
}

impl Running<'_> {
    /// Never borrowed across an await: other calls run meanwhile.
    fn step(&mut self, rule: impl FnOnce(&mut Call, &mut Upstream) -> Action) -> Action {
        let action = rule(&mut self.call, &mut self.client.upstream.borrow_mut());
        self.is_over = matches!(action, Action::Done(_));
        action
    }

    async fn end(&self, verdict: Verdict, answer: Option<Response>) -> Result<Response, Error> {
        match (verdict, answer) {
            (Verdict::Failed(error), _) => Err(Error::Call(error)),
            (Verdict::Success, Some(mut response)) => {
                response.sending.limit(self.call.left(now()));
                Ok(response)
            }
            (_, response) => {
                let read = async { response?.text().await.ok() }.await;
                let body = read.unwrap_or_default();
                Err(Error::Call(Box::new(self.call.error(&self.client.upstream.borrow(), &body, now()))))
            }
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.step(|call, upstream| call.on_failure(upstream, Failure::Aborted, now(), 0.0));
        }
    }
}

/// One sending, up to the end of its answer; dropping it aborts it.
#[derive(Debug)]
struct Sending {
    controller: AbortController,
    is_late: Rc<Cell<bool>>,
    timer: Option<Timeout>,
}

impl Sending {
    fn within(left: Option<Duration>) -> Self {
        let controller = AbortController::new().expect("browsers have it since 2018");
        let mut sending = Self { controller, is_late: Rc::default(), timer: None };
        sending.limit(left);
        sending
    }

    fn limit(&mut self, left: Option<Duration>) {
        let (controller, is_late) = (self.controller.clone(), Rc::clone(&self.is_late));
        self.timer = left.map(|left| {
            Timeout::new(timer(left), move || {
                is_late.set(true);
                controller.abort();
            })
        });
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// The answer of a call that succeeded. Dropping it unread closes its connection.
#[derive(Debug)]
pub struct Response {
    inner: http::Response,
    sending: Sending,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.inner.status()
    }

    /// A header that the page may see.
    pub fn header(&self, name: &str) -> Option<String> {
        self.inner.headers().get(name)
    }

    /// The body as text.
    pub async fn text(self) -> Result<String, Error> {
        self.inner.text().await.map_err(|_| Error::Broken)
    }

    /// The body, of JSON; nothing is `null`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let text = self.text().await?;
        let read = serde_json::from_str(if text.is_empty() { "null" } else { &text });
        // Not serde's words, which show a part of the answer.
        read.map_err(|error| {
            let fault = if error.is_data() { "another shape" } else { "a syntax error" };
            Error::Json(format!("{fault} in line {}, column {} of the answer", error.line(), error.column()))
        })
    }

    /// The body, of JSON, as plain JavaScript values, for functions that hand it on.
    pub async fn js(self) -> Result<JsValue, Error> {
        let value: serde_json::Value = self.json().await?;
        let made = value.serialize(&serde_wasm_bindgen::Serializer::json_compatible());
        made.map_err(|error| Error::Json(error.to_string()))
    }
}

/// Headers as core reads them.
struct Head(Headers);

impl attention_core::Headers for Head {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(Cow::Owned)
    }
}

/// What a browser's timer takes: at most 24 days, after which a call is not waited for by anybody.
fn timer(wait: Duration) -> u32 {
    u32::try_from(millis(wait)).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole milliseconds since 1970")]
fn now() -> Timestamp {
    Timestamp::from_unix_millis(js_sys::Date::now() as u64)
}
