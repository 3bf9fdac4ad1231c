use std::time::Duration;

use attention_core::call::{Answered, Failure, Transport, drive};
use attention_core::credential::Authorization;
use attention_core::url::encode_query;
use attention_core::{Timestamp, millis};
use gloo_net::http;
use gloo_timers::{callback::Timeout, future::TimeoutFuture};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{AbortController, ReadableStreamDefaultReader};

use crate::{Error, Request, Response};

impl Request {
    /// Makes the call. Dropping the future aborts it.
    pub async fn send(mut self) -> Result<Response, Error> {
        self.fault.take().map_or(Ok(()), Err)?;
        let query = encode_query(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let url = self.client.upstream.borrow().url(&self.path, &query)?;
        let answered = drive(self.options.clone(), &*self.client.upstream, &Sender { url, request: &self }).await?;
        let Answered { response: (inner, mut sending), attempts, time_left } = answered;
        let controller = sending.controller.clone();
        sending.timer = time_left.map(|left| Timeout::new(timer(left), move || controller.abort()));
        Ok(Response { inner, sending, attempts })
    }
}

/// Performs the IO of one call.
struct Sender<'a> {
    url: String,
    request: &'a Request,
}

impl Sender<'_> {
    fn prepare(&self, authorization: Option<Authorization>) -> Result<(http::Request, Sending), JsValue> {
        let headers = web_sys::Headers::new_with_headers(&self.request.headers)?;
        if let Some(value) = authorization {
            headers.set("authorization", value.expose())?;
        }
        let controller = AbortController::new()?;
        let init = web_sys::RequestInit::new();
        init.set_method(self.request.options.method.as_str());
        init.set_headers(&headers);
        init.set_body(&self.request.body);
        init.set_signal(Some(&controller.signal()));
        init.set_redirect(web_sys::RequestRedirect::Manual);
        // The Fetch standard requires this for a stream, and web-sys has no method for it.
        js_sys::Reflect::set(&init, &"duplex".into(), &"half".into())?;
        let request = web_sys::Request::new_with_str_and_init(&self.url, &init)?;
        Ok((request.into(), Sending { controller, timer: None }))
    }
}

impl Transport for Sender<'_> {
    type Response = (http::Response, Sending);
    type Error = Error;

    async fn send(&self, authorization: Option<Authorization>) -> Result<Result<Self::Response, Failure>, Error> {
        let (request, sending) = self.prepare(authorization).map_err(|_| Error::Unsendable)?;
        Ok(request.send().await.map(|response| (response, sending)).map_err(|_| Failure::Connection))
    }

    fn head<'a>(&self, (response, _): &'a Self::Response) -> (u16, impl attention_core::Headers + 'a) {
        let headers = response.headers();
        (response.status(), move |name: &str| headers.get(name))
    }

    async fn read_chunk(&self, (response, _): &mut Self::Response) -> Option<Vec<u8>> {
        let reader = ReadableStreamDefaultReader::new(&response.body()?).ok()?;
        let result = wasm_bindgen_futures::JsFuture::from(reader.read()).await.ok()?;
        reader.release_lock();
        let chunk = web_sys::ReadableStreamReadResult::from(result).get_value();
        Some(chunk.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec())
    }

    async fn wait(&self, wait: Duration) {
        TimeoutFuture::new(timer(wait)).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_date_now(js_sys::Date::now())
    }

    fn jitter(&self) -> f64 {
        js_sys::Math::random()
    }
}

/// One request, until the response's body ends. Dropping it aborts the request.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) controller: AbortController,
    timer: Option<Timeout>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// A duration in milliseconds, capped at a browser timer's maximum of 24 days.
fn timer(wait: Duration) -> u32 {
    u32::try_from(millis(wait)).unwrap_or(u32::MAX).min(i32::MAX as u32)
}
