//! The Worker: it keeps the key, lets known callers do allowed things, and
//! streams the rest through.
//!
//! ```text
//! caller ─► path ─► origin ─► token ─► policy ─► headers ─► Call ─► fetch ─► API
//!    ◄───────────────────────── headers ◄── verdict ◄──────────────────────────
//! ```
//!
//! Every step that refuses answers with a problem (RFC 9457) and sends nothing.

mod config;
mod cors;
mod exchange;
mod health;
mod hygiene;
mod isolate;
mod js;
mod problem;
mod proxy;
mod request_id;
mod target;

use attention_core::Method;
use attention_core::authorization::Bearer;
use attention_core::route::Decision;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Request, Response, ResponseInit};
use worker::{Context, Env, event};

use config::LogLevel;
use cors::Cors;
use exchange::Exchange;
use isolate::Isolate;
use problem::Problem;
use proxy::{Answer, AnswerBody};
use target::Target;

/// A response of whatever the request came to; the runtime sees no failure.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    Ok(serve(request, env).await?)
}

async fn serve(request: Request, env: Env) -> Result<Response, JsValue> {
    let url = request.url();
    let target = Target::of(&url);
    let headers = request.headers();
    let mut exchange = Exchange {
        started: js_sys::Date::now(),
        request_id: header(&headers, "x-request-id")
            .filter(|id| request_id::acceptable(id))
            .unwrap_or_else(js::random_uuid),
        method: Method::parse(&request.method()),
        ..Exchange::default()
    };
    if target.path == "/healthz" {
        return respond_json(200, r#"{"status":"alive"}"#, &exchange);
    }
    let isolate = match Isolate::get(&env).await {
        Ok(isolate) => isolate,
        Err(fault) => {
            let mut line = attention_core::json::Object::new();
            line.string("event", "misconfigured")
                .string("level", "error")
                .string("requestId", &exchange.request_id)
                .string("message", &fault.to_string());
            js::log_error(&line.finish());
            return respond_problem(&Problem::misconfigured(), &exchange, Cors::SameOrigin);
        }
    };
    if target.path == "/readyz" {
        let (ready, body) = health::readiness(isolate.upstream.borrow().keys(), isolate::now());
        return respond_json(if ready { 200 } else { 503 }, &body, &exchange);
    }
    let origin = header(&headers, "origin");
    let cors = Cors::judge(&isolate.config, origin.as_deref(), target.origin);
    let answer = answer(&isolate, &mut exchange, &request, &headers, target, cors).await;
    let (status, response) = match answer {
        Ok(Reply::Answer(answer)) => (answer.status, respond(answer, &exchange, cors)?),
        Ok(Reply::Preflight) => (204, respond_preflight(&exchange, cors)?),
        Err(problem) => {
            exchange.code = Some(problem.code);
            (problem.status, respond_problem(&problem, &exchange, cors)?)
        }
    };
    let loud = match isolate.config.log {
        LogLevel::All => true,
        LogLevel::Errors => status >= 400,
        LogLevel::Silent => false,
    };
    if loud {
        js::log(&exchange.line(status, js_sys::Date::now()));
    }
    Ok(response)
}

enum Reply {
    Answer(Answer),
    Preflight,
}

async fn answer(
    isolate: &Isolate,
    exchange: &mut Exchange,
    request: &Request,
    headers: &Headers,
    target: Target<'_>,
    cors: Cors<'_>,
) -> Result<Reply, Problem> {
    let path = target.checked_path().map_err(Problem::path)?;
    let method = exchange.method.ok_or_else(Problem::method)?;
    if cors == Cors::Refused {
        return Err(Problem::origin());
    }
    if method == Method::Options {
        // The API documents no OPTIONS; here it is the browser's question.
        return if matches!(cors, Cors::Allowed(_)) { Ok(Reply::Preflight) } else { Err(Problem::method()) };
    }
    if header(headers, "upgrade").is_some() {
        return Err(Problem::upgrade());
    }
    let authorization = header(headers, "authorization");
    let bearer = Bearer::parse(authorization.as_deref()).map_err(Problem::authorization)?;
    let caller = isolate.config.caller(bearer.token()).ok_or_else(Problem::unknown_token)?;
    exchange.caller = Some(caller.name.clone());
    match isolate.config.policy.decide(method, path) {
        Decision::Allowed { route } => exchange.route = Some(route.to_owned()),
        Decision::Denied { .. } | Decision::Unknown => return Err(Problem::denied()),
    }
    proxy::forward(isolate, exchange, request, method, path, target.query).await.map(Reply::Answer)
}

fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// The headers that every answer carries.
fn dress(headers: &Headers, exchange: &Exchange, cors: Cors<'_>) -> Result<(), JsValue> {
    headers.set("x-request-id", &exchange.request_id)?;
    headers.set("x-content-type-options", "nosniff")?;
    // Whose token it was decides what came: no shared cache may mix them up.
    headers.set("vary", "Origin, Authorization")?;
    if let Cors::Allowed(origin) = cors {
        headers.set("access-control-allow-origin", origin)?;
        headers.set("access-control-expose-headers", cors::EXPOSE_HEADERS)?;
    }
    Ok(())
}

fn respond(answer: Answer, exchange: &Exchange, cors: Cors<'_>) -> Result<Response, JsValue> {
    let Answer { status, headers, body } = answer;
    dress(&headers, exchange, cors)?;
    if !headers.has("cache-control")? {
        headers.set("cache-control", "private, no-store")?;
    }
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&headers);
    match body {
        AnswerBody::Stream(stream) => Response::new_with_opt_readable_stream_and_init(stream.as_ref(), &init),
        AnswerBody::Bytes(bytes) => Response::new_with_opt_js_u8_array_and_init(Some(&bytes), &init),
    }
}

fn respond_text(
    status: u16,
    content_type: &str,
    body: Option<&str>,
    exchange: &Exchange,
    cors: Cors<'_>,
    dress_more: impl FnOnce(&Headers) -> Result<(), JsValue>,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    dress(&headers, exchange, cors)?;
    headers.set("cache-control", "no-store")?;
    if body.is_some() {
        headers.set("content-type", content_type)?;
    }
    dress_more(&headers)?;
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(body, &init)
}

fn respond_json(status: u16, body: &str, exchange: &Exchange) -> Result<Response, JsValue> {
    respond_text(status, "application/json", Some(body), exchange, Cors::SameOrigin, |_| Ok(()))
}

fn respond_problem(problem: &Problem, exchange: &Exchange, cors: Cors<'_>) -> Result<Response, JsValue> {
    let body = problem.body(&exchange.request_id);
    // A HEAD is answered without a body, which the runtime sees to.
    respond_text(problem.status, "application/problem+json", Some(&body), exchange, cors, |headers| {
        if let Some(challenge) = problem.challenge {
            headers.set("www-authenticate", challenge)?;
        }
        if let Some(seconds) = problem.retry_after_seconds() {
            headers.set("retry-after", &seconds.to_string())?;
        }
        problem.allow.map_or(Ok(()), |allow| headers.set("allow", allow))
    })
}

fn respond_preflight(exchange: &Exchange, cors: Cors<'_>) -> Result<Response, JsValue> {
    respond_text(204, "", None, exchange, cors, |headers| {
        headers.set("access-control-allow-methods", cors::ALLOW_METHODS)?;
        headers.set("access-control-allow-headers", cors::ALLOW_HEADERS)?;
        headers.set("access-control-max-age", cors::MAX_AGE)
    })
}
