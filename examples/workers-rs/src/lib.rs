//! A Worker of your own in Rust: attention-core brings the rules, the `worker`
//! crate does the IO. It is small rather than complete; `worker/` is complete.

mod config;
mod refusal;

use std::time::Duration;

use attention_core::call::{CallOptions, Failure, Transport, drive};
use attention_core::credential::{Authorization, Bearer, TokenDigest};
use attention_core::url::RequestPath;
use attention_core::{Method, Timestamp};
use attention_gateway::answer::header_policy;
use futures_util::StreamExt as _;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    AbortController, ByteStream, Context, Cors, Date, Delay, Env, Fetch, Headers, Request, RequestInit,
    RequestRedirect, Response, console_error, event,
};

use config::Config;
use refusal::Refusal;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    fn random_uuid() -> String;
}

type Result<T> = std::result::Result<T, Refusal>;

/// Longer than the API is known to take.
const TIMEOUT: Duration = Duration::from_secs(60);

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    let request_id = random_uuid();
    let config = match Config::of(&env) {
        Ok(config) => config,
        Err(error) => {
            console_error!("misconfigured: {error}");
            return Refusal::new(503, "misconfigured").into_response(&request_id);
        }
    };
    let origin = request.headers().get("origin")?;
    let mut response = match serve(&request, origin.as_deref(), config).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(&request_id)?,
    };
    let headers = response.headers_mut();
    headers.set("x-request-id", &request_id)?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("vary", "Origin, Authorization")?;
    match origin.filter(|origin| config.origins.contains(origin)) {
        Some(origin) => response.with_cors(&Cors::new().with_origins([origin])),
        None => Ok(response),
    }
}

/// Every check comes before anything is sent.
async fn serve(request: &Request, origin: Option<&str>, config: &Config) -> Result<Response> {
    let url = request.url()?;
    let path = RequestPath::parse(url.path())?;
    if origin.is_some_and(|origin| config.origins.iter().all(|allowed| allowed != origin)) {
        return Err(Refusal::new(403, "origin_not_allowed"));
    }
    let method = Method::parse(request.method().as_ref()).ok_or(Refusal::new(405, "method_not_allowed"))?;
    if method == Method::Options {
        let cors =
            Cors::new().with_allowed_headers(["Authorization", "Content-Type"]).with_methods(worker::Method::all());
        return Ok(Response::empty()?.with_status(204).with_cors(&cors)?);
    }
    let authorization = request.headers().get("authorization")?;
    let bearer = Bearer::parse(authorization.as_deref())?;
    if TokenDigest::of(bearer.token()).find_in(config.callers.iter().copied()).is_none() {
        return Err(Refusal::new(401, "invalid_token"));
    }
    if !config.policy.decide(method, path).is_allowed() {
        return Err(Refusal::new(403, "route_denied"));
    }
    let url = {
        let upstream = config.upstream.borrow();
        let target = path.as_str().strip_prefix(upstream.base().path()).ok_or(Refusal::new(404, "no_such_route"))?;
        upstream.url(target, url.query().unwrap_or_default())?
    };
    forward(request, method, &url, config).await
}

/// Makes the call by core's loop, which decides what to send and when.
async fn forward(request: &Request, method: Method, url: &str, config: &Config) -> Result<Response> {
    let headers =
        request.headers().entries().filter(|(name, _)| header_policy::UP.contains(&name.as_str())).collect();
    let body: Option<JsValue> = request.inner().body().map(Into::into);
    let options = CallOptions { replayable: body.is_none(), timeout: Some(TIMEOUT), ..CallOptions::new(method) };
    let answered = drive(options, &config.upstream, &Upward { url, method: request.method(), headers, body }).await?;
    Ok(passed(answered.response.0)?)
}

/// One request of the caller, as it is sent to the API.
struct Upward<'a> {
    url: &'a str,
    method: worker::Method,
    headers: Headers,
    body: Option<JsValue>,
}

impl Transport for Upward<'_> {
    /// A response, and its body once that is read here.
    type Response = (Response, Option<ByteStream>);
    type Error = Refusal;

    async fn send(
        &self,
        authorization: Option<Authorization>,
    ) -> Result<std::result::Result<Self::Response, Failure>> {
        let headers = self.headers.clone();
        if let Some(value) = authorization {
            headers.set("authorization", value.expose())?;
        }
        let mut init = RequestInit::new();
        init.with_method(self.method.clone()).with_body(self.body.clone()).with_headers(headers);
        // A redirect is passed on, not followed: the key is for one origin.
        init.with_redirect(RequestRedirect::Manual);
        let request = Fetch::Request(Request::new_with_init(self.url, &init)?);
        let controller = AbortController::default();
        let signal = controller.signal();
        let mut unanswered = AbortOnDrop(Some(controller));
        let sent = request.send_with_signal(&signal).await;
        unanswered.0 = None;
        Ok(sent.map(|response| (response, None)).map_err(|_| Failure::Connection))
    }

    fn head<'a>(&self, (response, _): &'a Self::Response) -> (u16, impl attention_core::Headers + 'a) {
        (response.status_code(), |name: &str| response.headers().get(name).ok().flatten())
    }

    async fn read_chunk(&self, (response, body): &mut Self::Response) -> Option<Vec<u8>> {
        if body.is_none() {
            *body = response.stream().ok();
        }
        body.as_mut()?.next().await?.ok()
    }

    async fn wait(&self, wait: Duration) {
        Delay::from(wait).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(Date::now().as_millis())
    }

    fn jitter(&self) -> f64 {
        js_sys::Math::random()
    }
}

/// Aborts a request that is not waited for any more: its time is over, or its caller has left.
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

/// The body stays a stream.
fn passed(response: Response) -> worker::Result<Response> {
    let headers: Headers =
        response.headers().entries().filter(|(name, _)| header_policy::DOWN.contains(&name.as_str())).collect();
    if !headers.has("cache-control")? {
        headers.set("cache-control", "private, no-store")?;
    }
    Ok(response.with_headers(headers))
}
