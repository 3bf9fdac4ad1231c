//! Runs `retries.json` and `ring.json` step by step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use attention_client::core::{Method, Slot};
use attention_client::{Attention, Error};
use futures_util::future::{AbortHandle, abortable};
use wasm_bindgen_futures::spawn_local;

use crate::steps::{Begin, Broken, Keys, RingState, Script, Step, ring};
use crate::text::Body;
use crate::{Ran, Shared, browser, client, millis, of_core, same};

type Outcome = Rc<RefCell<Option<Result<u16, Error>>>>;

/// A call, and its traces in the browser.
struct Call {
    outcome: Outcome,
    abort: AbortHandle,
    /// The request in progress.
    request: u32,
    /// Its running timer.
    timer: u32,
}

pub(crate) async fn check(script: &Script, shared: &Shared) -> Result<Ran, String> {
    let keys = script.keys.as_ref().unwrap_or(&shared.keys);
    let attention = client(None, keys).map_err(|error| error.to_string())?;
    let mut calls = BTreeMap::new();
    for (index, step) in script.steps.iter().enumerate() {
        let told = |complaint| format!("step {}, at {} ms: {complaint}", index + 1, step.at);
        browser::set(millis(shared.now + step.at), step.unit);
        let before = Seen::now();
        let in_use = attention.inspect(|upstream| upstream.keys().in_use());
        if happen(step, &attention, &mut calls).map_err(told)? == Ran::NotAskable {
            return Ok(Ran::NotAskable);
        }
        browser::settle().await;
        if let Some(call) = calls.get_mut(&step.call) {
            follow(step, before, call, &attention, keys).map_err(told)?;
        }
        attention.inspect(|upstream| -> Result<(), String> {
            if let Some(slot) = &step.then.switch {
                same("switch", upstream.keys().in_use().as_str(), slot)?;
                same("a switch", upstream.keys().in_use() == in_use, false)?;
            }
            step.then.keys.as_ref().map_or(Ok(()), |keys| same("keys", &RingState::of(upstream), keys))
        })?;
    }
    Ok(Ran::Held)
}

/// The state of the browser before a step.
#[derive(Clone, Copy)]
struct Seen {
    sent: u32,
    timers: u32,
}

impl Seen {
    fn now() -> Self {
        Self { sent: browser::sent(), timers: browser::timers() }
    }
}

/// Performs the event of a step.
fn happen(step: &Step, attention: &Attention, calls: &mut BTreeMap<String, Call>) -> Result<Ran, String> {
    if let Some(keys) = &step.replace_keys {
        let made = ring(&keys.current, keys.next.as_deref(), keys.token).map_err(|error| error.to_string())?;
        attention.replace_keys(made);
        return Ok(Ran::Held);
    }
    if let Some(begin) = &step.begin {
        let Some(method) = Method::parse(&begin.method) else { return Ok(Ran::NotAskable) };
        calls.insert(step.call.clone(), start(attention, begin, method));
        return Ok(Ran::Held);
    }
    let call = calls.get(&step.call).ok_or("no such call")?;
    match (step.response, step.failure, step.waited) {
        (Some(status), None, false) => {
            let body = step.body.as_ref().map(Body::build).unwrap_or_default();
            browser::answer(call.request, status, &browser::pairs(&step.headers), &body);
        }
        (None, Some(Broken::Connection), false) => browser::fail(call.request),
        (None, Some(Broken::Timeout), false) if call.timer == 0 => return Ok(Ran::NotAskable),
        (None, Some(Broken::Timeout), false) | (None, None, true) => browser::fire(call.timer),
        (None, Some(Broken::Aborted), false) => call.abort.abort(),
        _ => return Err("a step must have exactly one event".to_owned()),
    }
    Ok(Ran::Held)
}

fn start(attention: &Attention, begin: &Begin, method: Method) -> Call {
    let outcome = Outcome::default();
    let request = attention.request(method, "/conversations").options(|options| *options = begin.options(method));
    let kept = Rc::clone(&outcome);
    let (call, abort) = abortable(async move {
        let answered = request.send().await.map(|response| response.status());
        *kept.borrow_mut() = Some(answered);
    });
    spawn_local(async {
        // The call is over, aborted or not.
        let _ = call.await;
    });
    Call { outcome, abort, request: 0, timer: 0 }
}

/// Checks the outcome of a step.
fn follow(step: &Step, before: Seen, call: &mut Call, attention: &Attention, keys: &Keys) -> Result<(), String> {
    let then = &step.then;
    let now = Seen::now();
    if matches!(step.failure, Some(Broken::Aborted)) {
        // A dropped call reports nothing, because the caller dropped it.
        return same("the request is aborted", browser::is_aborted(call.request), true);
    }
    let timer = browser::timer_after(before.timers);
    let waits = (timer != 0).then(|| browser::millis(timer));
    let outcome = call.outcome.borrow_mut().take();
    match (then.action.as_str(), outcome) {
        ("none", None) => same("requests", now.sent, before.sent),
        ("success", Some(Ok(_))) => Ok(()),
        ("rejected" | "failed", Some(Err(error))) => {
            let expected = then.error.as_ref().ok_or("the case names no error")?;
            expected.check(&of_core(error)?, &secrets(keys))
        }
        ("send", None) => {
            same("requests", now.sent, before.sent + 1)?;
            (call.request, call.timer) = (before.sent, timer);
            same("timeout", waits, then.timeout.map(millis))?;
            let slot = if then.slot.as_deref() == Some(Slot::Next.as_str()) { Slot::Next } else { Slot::Current };
            let expected = attention.inspect(|upstream| upstream.keys().authorization(slot));
            same(
                "authorization",
                browser::header(call.request, "authorization"),
                expected.map(|value| value.expose().to_owned()),
            )
        }
        ("wait", None) => {
            same("requests", now.sent, before.sent)?;
            call.timer = timer;
            same("wait", waits, then.millis.map(millis))
        }
        (expected, got) => {
            Err(format!("got {got:?}, {} requests, {waits:?}, expected {expected}", now.sent - before.sent))
        }
    }
}

fn secrets(keys: &Keys) -> Vec<&str> {
    [Some(keys.current.as_str()), keys.next.as_deref()].into_iter().flatten().collect()
}
