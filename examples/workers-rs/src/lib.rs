//! A Worker of your own in Rust: attention-core brings the rules, the `worker`
//! crate does the IO. It is small rather than complete; `worker/` is complete.

mod config;
mod refusal;

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use attention_core::call::{Attempt, CallOptions, Failure, Verdict};
use attention_core::credential::{Bearer, TokenDigest};
use attention_core::url::RequestPath;
use attention_core::{Action, Call, Method, Timestamp};
use attention_gateway::answer::header_policy;
use futures_util::future::{Either, select};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    Context, Cors, Date, Delay, Env, Fetch, Headers, Request, RequestInit, RequestRedirect, Response, console_error,
    event,
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

/// Core's `Call` says what to do next; this does it and tells what came of it.
async fn forward(request: &Request, method: Method, url: &str, config: &Config) -> Result<Response> {
    let headers: Headers =
        request.headers().entries().filter(|(name, _)| header_policy::UP.contains(&name.as_str())).collect();
    let body = request.inner().body().map(Into::into);
    let options = CallOptions { replayable: body.is_none(), timeout: Some(TIMEOUT), ..CallOptions::new(method) };
    let mut init = RequestInit::new();
    // The key goes to one origin: a redirect is an answer, not an instruction.
    init.with_method(request.method()).with_body(body).with_redirect(RequestRedirect::Manual);
    let mut call = Call::new(options, now());
    let mut response = None;
    // Never borrowed across an await: other requests run meanwhile.
    let upstream = || config.upstream.borrow_mut();
    let mut action = call.start(&mut upstream(), now());
    loop {
        action = match action {
            Action::Send(attempt) => {
                {
                    let upstream = upstream();
                    let key = upstream.keys().authorization(attempt.slot).ok_or(Refusal::new(500, "internal"))?;
                    headers.set("authorization", key.expose())?;
                }
                init.with_headers(headers.clone());
                match send(url, &init, attempt).await {
                    Ok(came) => {
                        let judged = call.on_response(
                            &mut upstream(),
                            came.status_code(),
                            &Lookup(came.headers()),
                            now(),
                            js_sys::Math::random(),
                        );
                        response = Some(came);
                        judged
                    }
                    Err(failure) => call.on_failure(&mut upstream(), failure, now(), js_sys::Math::random()),
                }
            }
            Action::Wait(wait) => {
                response = None;
                Delay::from(wait).await;
                call.on_waited(&mut upstream(), now())
            }
            Action::Done(Verdict::Failed(error)) => return Err((*error).into()),
            Action::Done(verdict) => {
                let response = response.ok_or(Refusal::new(500, "internal"))?;
                return if verdict == Verdict::Success {
                    Ok(passed(response)?)
                } else {
                    Err(call.error(&upstream(), "", now()).into())
                };
            }
        };
    }
}

async fn send(url: &str, init: &RequestInit, attempt: Attempt) -> std::result::Result<Response, Failure> {
    let request = Fetch::Request(Request::new_with_init(url, init).map_err(|_| Failure::Connection)?);
    let (sent, late) = (pin!(request.send()), pin!(Delay::from(attempt.timeout.unwrap_or(TIMEOUT))));
    match select(sent, late).await {
        Either::Left((came, _)) => came.map_err(|_| Failure::Connection),
        Either::Right(_) => Err(Failure::Timeout),
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

struct Lookup<'a>(&'a Headers);

impl attention_core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(Date::now().as_millis())
}
