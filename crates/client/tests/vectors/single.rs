//! Runs the other vector files: at most one call per case.

use std::time::Duration;

use attention_client::core::call::KeyLevel;
use attention_client::core::{ApiKey, Timestamp};
use attention_client::{Attention, Error, Request};
use futures_util::future::join;

use crate::cases::{AuthorizationCase, ErrorCase, KeyCase, Level, RetryAfterCase, UrlCase};
use crate::steps::Keys;
use crate::text::{Body, Text};
use crate::{Ran, Shared, browser, client, millis, of_core, same};

const KEY: &str = "fake-key-of-the-vectors";

/// Credentials with this key as the current one.
fn current(key: &str) -> Keys {
    Keys { current: key.to_owned(), ..Keys::default() }
}

/// Responds to the next request once the call has sent it. Returns the result of the call.
async fn answered(request: Request, status: u16, headers: &[(String, String)], body: &[u8]) -> Result<u16, Error> {
    let (index, headers) = (browser::sent(), browser::pairs(headers));
    let server = async {
        browser::settle().await;
        if browser::sent() > index {
            browser::answer(index, status, &headers, body);
        }
    };
    join(request.send(), server).await.0.map(|response| response.status())
}

/// A call without retries; its operation is unknown unless a path is given.
fn get(attention: &Attention, path: Option<&str>, level: Option<Level>) -> Request {
    attention.get(path.unwrap_or("/conversations")).options(|options| {
        options.retry.max_retries = 0;
        options.operation = options.operation.filter(|_| path.is_some());
        options.key_level = level.map(KeyLevel::from);
    })
}

pub(crate) async fn error(case: &ErrorCase, shared: &Shared) -> Result<Ran, String> {
    let keys = Keys { token: case.token, ..current(case.key.as_deref().unwrap_or(KEY)) };
    let attention = client(None, &keys).map_err(|error| error.to_string())?;
    for before in &case.history {
        browser::set(millis(shared.now - before.ago), 0.5);
        // The result shows in the key's history.
        let _ = answered(get(&attention, before.path.as_deref(), None), before.status, &[], b"").await;
    }
    browser::set(millis(shared.now), 0.5);
    let body = case.body.as_ref().map(Body::build).unwrap_or_default();
    match (
        answered(get(&attention, case.path.as_deref(), case.key_level), case.status, &case.headers, &body).await,
        &case.error,
    ) {
        (Ok(status), None) => same("status", status, case.status)?,
        (Err(error), Some(expected)) => {
            let error = of_core(error)?;
            same("status", error.status(), Some(case.status))?;
            expected.check(&error, &[&keys.current])?;
        }
        (got, _) => return Err(format!("got {got:?}")),
    }
    Ok(Ran::Held)
}

pub(crate) async fn retry_after(case: &RetryAfterCase, shared: &Shared) -> Result<Ran, String> {
    let value = case.value.build();
    let attention = client(None, &current(KEY)).map_err(|error| error.to_string())?;
    browser::set(millis(case.now.unwrap_or(shared.now)), 0.5);
    let headers = [("retry-after".to_owned(), value)];
    let Err(error) = answered(get(&attention, None, None), 429, &headers, b"").await else {
        return Err("a success".to_owned());
    };
    same("retry after", of_core(error)?.retry_after(), case.millis.map(Duration::from_millis))?;
    Ok(Ran::Held)
}

pub(crate) async fn url(case: &UrlCase, _: &Shared) -> Result<Ran, String> {
    if case.query.is_some() {
        return Ok(Ran::NotAskable);
    }
    let keys = current(case.key.as_deref().unwrap_or(KEY));
    let sent = async {
        let attention = client(case.base.as_deref(), &keys)?;
        let request = attention.get(&case.target.build()).options(|options| options.retry.max_retries = 0);
        let pairs = case.pairs.iter().flatten();
        let request = pairs.fold(request, |request, (name, value)| request.query(name, value));
        answered(request, 200, &[], b"").await
    };
    match (sent.await, &case.url, &case.error) {
        (Ok(_), Some(url), None) => {
            // As a browser writes it, by rules that the vectors do not describe.
            let expected = web_sys::Url::new(&url.build()).map_err(|_| "not a URL")?.href();
            same("url", browser::url(browser::sent() - 1), expected)?;
        }
        (Err(error), None, Some(expected)) => {
            let error = of_core(error)?;
            same("kind", error.kind().code(), expected.kind.as_str())?;
            same("code", error.code(), expected.code.as_str())?;
            if let Some(position) = expected.position {
                same(error.message(), error.message().contains(&format!("at byte {position} (")), true)?;
            }
            same("requests", browser::sent(), 0)?;
        }
        (got, ..) => return Err(format!("got {got:?}")),
    }
    Ok(Ran::Held)
}

pub(crate) async fn key(case: &KeyCase, _: &Shared) -> Result<Ran, String> {
    let text = case.text.build();
    let next = Keys { next: Some(text.clone()), ..current(KEY) };
    let token = Keys { token: true, ..current(&text) };
    for (place, keys) in [("current", current(&text)), ("next", next), ("token", token)] {
        match (client(None, &keys), &case.ok, &case.error) {
            (Ok(attention), Some(ok), None) => attention.inspect(|upstream| {
                let ring = upstream.keys();
                let slot = if place == "next" { ring.in_use().other() } else { ring.in_use() };
                same(place, ring.fingerprint(slot).map(|each| each.to_string()), Some(ok.fingerprint.clone()))?;
                let expires_at = ring.claims(slot).and_then(|claims| claims.expires_at).map(Timestamp::as_unix_millis);
                same(place, expires_at, ok.expires_at.filter(|_| place != "token"))
            })?,
            (Err(error), None, Some(expected)) => {
                let error = of_core(error)?;
                same("code", error.code(), expected.code.as_str())?;
                for words in &expected.says {
                    same(words, error.message().contains(words.as_str()), true)?;
                }
                same("the text in the message", error.message().contains("fake"), false)?;
            }
            (got, ..) => return Err(format!("as {place}: got {:?}", got.map(|_| "a client"))),
        }
    }
    // Core agrees with the client.
    same("core", ApiKey::parse(&text).is_ok(), case.ok.is_some())?;
    Ok(Ran::Held)
}

pub(crate) async fn authorization(case: &AuthorizationCase, _: &Shared) -> Result<Ran, String> {
    let AuthorizationCase::Outgoing { current, next, token, headers } = case else { return Ok(Ran::NotAskable) };
    let keys = Keys { current: current.build(), next: next.as_ref().map(Text::build), token: *token };
    let attention = client(None, &keys).map_err(|error| error.to_string())?;
    // A 401 with the first key makes the client send the other.
    let server = async {
        for index in 0..2 {
            browser::settle().await;
            if index < browser::sent() {
                browser::answer(index, 401, &browser::pairs(&[]), b"");
            }
        }
    };
    let (ended, ()) = join(attention.post("/conversations").send(), server).await;
    same("an end", ended.is_err(), true)?;
    let header = |index| (index < browser::sent()).then(|| browser::header(index, "authorization")).flatten();
    same("current", header(0), Some(headers.current.build()))?;
    same("next", header(1), headers.next.as_ref().map(Text::build))?;
    Ok(Ran::Held)
}
