//! Questions to the gate shared by all isolates, and work that continues after a response.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use attention_core::millis;
use attention_gateway::ledger::{self, Ledger};
use attention_gateway::limits::asking::Question;
use attention_gateway::limits::lanes::Closing;
use wasm_bindgen::prelude::*;
use worker::Context;
use worker::wasm_bindgen_futures::future_to_promise;

use crate::end::{End, Thrown};
use crate::isolate::Isolate;
use crate::js::{self, Bindings, Gate};
use crate::waits::{self, Outcome, Settled};

/// The gate, if it is bound.
pub(crate) fn gate(env: &Bindings) -> Option<Gate> {
    let namespace = env.gate().ok()??;
    let id = namespace.id_from_name("upstream").ok()?;
    namespace.object(&id).ok()
}

/// The answer, if it arrives in time; `None` if the call threw or took longer.
pub(crate) async fn answered(asked: Result<JsValue, Thrown>, most: Duration) -> Result<Option<JsValue>, End> {
    // The call may not even have returned a promise.
    let Ok(settled) = asked.and_then(|promise| Settled::of(promise, Some(most))) else { return Ok(None) };
    Ok(match settled.await? {
        Outcome::Fulfilled(answer) => Some(answer),
        Outcome::Rejected | Outcome::TimedOut => None,
    })
}

/// The gate's answer to a question as JSON; `None` if it does not respond in time.
pub(crate) async fn ask(gate: Option<&Gate>, question: &Question, most: Duration) -> Result<Option<String>, End> {
    let asked = match (gate, question) {
        (None, _) => return Ok(None),
        (Some(gate), Question::Places { holder, limit, wanted }) => gate.admit(holder, limit.as_deref(), *wanted),
        (Some(gate), Question::News) => gate.news(),
    };
    let answer = answered(asked, most).await?;
    Ok(answer.and_then(|answer| js::to_json(&answer).ok()?.as_string()))
}

/// A call was answered with a 429: all isolates should hold such calls back.
#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
pub(crate) async fn close(gate: &Gate, closing: Closing) -> Result<(), End> {
    if let Ok(told) = gate.limited(millis(closing.wait) as f64, &closing.caller, &closing.route)
        && let Ok(settled) = Settled::of(told, None)
    {
        settled.await?;
    }
    Ok(())
}

/// Reports the counts of this isolate. The gate's answer is the counts of all isolates if `is_asked`, otherwise
/// nothing. `None` if the gate does not respond, in which case the reported counts are kept here.
pub(crate) async fn tell(own: &RefCell<Ledger>, gate: &Gate, is_asked: bool) -> Result<Option<JsValue>, End> {
    let counted = own.take();
    let told = answered(gate.ledger(&counted.to_text(), is_asked), ledger::TIMEOUT).await?;
    if told.is_none() {
        own.borrow_mut().add_all(&counted);
    }
    Ok(told)
}

/// Reports the counts of a deployment after the request has been answered.
pub(crate) fn tell_later(isolate: &Rc<Isolate>, env: &Bindings, context: &Context) -> Result<(), Thrown> {
    let Some(gate) = gate(env).filter(|_| !isolate.ledger.borrow().is_empty()) else { return Ok(()) };
    let isolate = Rc::clone(isolate);
    later(context, async move { tell(&isolate.ledger, &gate, false).await.map(drop) })
}

/// Continues after the request has been answered. Boxed, because the code for each type of future takes 2 KB.
pub(crate) fn later(context: &Context, work: impl Future<Output = Result<(), End>> + 'static) -> Result<(), Thrown> {
    later_boxed(context, Box::pin(work))
}

fn later_boxed(context: &Context, work: Pin<Box<dyn Future<Output = Result<(), End>>>>) -> Result<(), Thrown> {
    let context: &worker::worker_sys::Context = context.as_ref();
    // Not with `Context::wait_until`, which panics if it fails.
    let promise = future_to_promise(async {
        // There is nobody to report a failure to.
        drop(work.await);
        Ok(JsValue::UNDEFINED)
    });
    waits::later(context, &promise)
}
