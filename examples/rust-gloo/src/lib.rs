//! A Rust web app's way to the API: attention-core brings the rules, gloo the IO,
//! and JavaScript gets plain objects. A page holds a caller token of the Worker,
//! never a key.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use attention_core::call::{Attempt, CallOptions, Failure, Upstream, Verdict};
use attention_core::url::BaseUrl;
use attention_core::{Action, Call, CallerToken, Error, KeyRing, Method, Timestamp};
use gloo_net::http::{Headers, Request, Response};
use gloo_timers::future::TimeoutFuture;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// What this app needs of a conversation; the rest of the answer is skipped.
#[derive(Deserialize, Serialize)]
struct Conversation {
    id: String,
    attributes: Attributes,
}

#[derive(Deserialize, Serialize)]
struct Attributes {
    title: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Conversation>,
}

/// A client of the Worker at `base`.
#[wasm_bindgen]
pub struct Client {
    upstream: RefCell<Upstream>,
}

#[wasm_bindgen]
impl Client {
    #[wasm_bindgen(constructor)]
    pub fn new(base: &str, token: &str) -> Result<Client, JsError> {
        let token = CallerToken::parse(token)?;
        let upstream = Upstream::new(BaseUrl::parse(base)?, KeyRing::of_token(token));
        Ok(Self { upstream: RefCell::new(upstream) })
    }

    /// The newest conversations, as an array of `{ id, attributes: { title } }`.
    pub async fn conversations(&self, size: u32) -> Result<JsValue, JsError> {
        let response = self.get("/conversations/list", &format!("size={size}")).await?;
        let page: Page = response.json().await?;
        Ok(serde_wasm_bindgen::to_value(&page.data)?)
    }
}

impl Client {
    /// Core's `Call` says what to do next; this does it and tells what came of it.
    async fn get(&self, path: &str, query: &str) -> Result<Response, Error> {
        // Never borrowed across an await: other calls run meanwhile.
        let upstream = || self.upstream.borrow_mut();
        let url = upstream().url(path, query)?;
        let options = CallOptions { timeout: Some(Duration::from_secs(30)), ..CallOptions::new(Method::Get) };
        let mut call = Call::new(options, now());
        let mut response = None;
        let mut action = call.start(&mut upstream(), now());
        loop {
            action = match action {
                Action::Send(attempt) => match self.send(&url, attempt).await {
                    Ok(came) => {
                        let headers = Lookup(came.headers());
                        let next =
                            call.on_response(&mut upstream(), came.status(), &headers, now(), js_sys::Math::random());
                        response = Some(came);
                        next
                    }
                    Err(failure) => call.on_failure(&mut upstream(), failure, now(), js_sys::Math::random()),
                },
                Action::Wait(wait) => {
                    TimeoutFuture::new(millis(wait)).await;
                    call.on_waited(&mut upstream(), now())
                }
                Action::Done(Verdict::Failed(error)) => return Err(*error),
                Action::Done(verdict) => {
                    let response = response.expect("a response came before a verdict on it");
                    if verdict == Verdict::Success {
                        return Ok(response);
                    }
                    let body = response.text().await.unwrap_or_default();
                    return Err(call.error(&upstream(), &body, now()));
                }
            };
        }
    }

    async fn send(&self, url: &str, attempt: Attempt) -> Result<Response, Failure> {
        let timeout = attempt.timeout.map_or(u32::MAX, millis);
        let signal = AbortSignal::timeout_with_u32(timeout);
        let request = {
            let upstream = self.upstream.borrow();
            let authorization = upstream.keys().authorization(attempt.slot).expect("the slot that core chose");
            Request::get(url).header("authorization", authorization.expose())
        };
        let sent = request.abort_signal(Some(&signal)).send().await;
        sent.map_err(|_| if signal.aborted() { Failure::Timeout } else { Failure::Connection })
    }
}

struct Lookup(Headers);

impl attention_core::Headers for Lookup {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(Cow::Owned)
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn now() -> Timestamp {
    // Whole milliseconds since 1970, so nothing is lost.
    Timestamp::from_unix_millis(js_sys::Date::now() as u64)
}
