//! Waiting for promises, and no longer than so long.
//!
//! `wasm_bindgen_futures` makes two Rust closures for each `.await`. Here a wait is a number: JavaScript calls
//! [`settle`] with it (`waits.mjs`), which wakes the future of the same request. Numbers do not come back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use attention_core::millis;
use wasm_bindgen::prelude::*;

use crate::end::{End, Thrown};

#[wasm_bindgen(raw_module = "../../waits.mjs")]
extern "C" {
    /// Calls `settle` once the promise is settled, or so many milliseconds have passed; without a promise the
    /// latter alone, and with -1 milliseconds the former.
    #[wasm_bindgen(catch)]
    fn wait(promise: &JsValue, millis: f64, number: f64) -> Result<(), Thrown>;

    /// Whatever becomes of the promise.
    pub(crate) fn ignore(promise: &JsValue);

    /// Nobody waits any longer for the answer to this request.
    pub(crate) fn forget(request: &JsValue);
}

/// How a wait ended.
pub(crate) enum Outcome {
    Fulfilled(JsValue),
    Rejected,
    TimedOut,
}

enum Wait {
    Pending(Option<Waker>),
    Over(Result<Outcome, End>),
}

thread_local! {
    static WAITS: RefCell<BTreeMap<u64, Wait>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// How the wait of this number ended: 0 for fulfilled, 1 for rejected, 2 for timed out, 3 for abandoned. The first
/// one counts.
#[wasm_bindgen]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // It is one of `NEXT`.
pub fn settle(number: f64, how: u8, value: JsValue) {
    let outcome = match how {
        0 => Ok(Outcome::Fulfilled(value)),
        1 => Ok(Outcome::Rejected),
        2 => Ok(Outcome::TimedOut),
        _ => Err(End::Abandoned),
    };
    let waker = WAITS.with_borrow_mut(|waits| match waits.get_mut(&(number as u64)) {
        Some(wait @ Wait::Pending(_)) => match std::mem::replace(wait, Wait::Over(outcome)) {
            Wait::Pending(waker) => waker,
            Wait::Over(_) => None,
        },
        _ => None,
    });
    // Outside: it borrows the queue of futures.
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A wait under way.
pub(crate) struct Settled(u64);

impl Settled {
    /// Waits for a promise. Of a response that is the head alone: a body may stream for as long as it likes.
    /// Nothing is aborted: what nobody waits for ends with the request that it belongs to.
    pub(crate) fn of(promise: &JsValue, most: Option<Duration>) -> Result<Self, Thrown> {
        let settled = Self(NEXT.replace(NEXT.get() + 1));
        WAITS.with_borrow_mut(|waits| waits.insert(settled.0, Wait::Pending(None)));
        wait(promise, most.map_or(-1.0, ceiling), number(settled.0))?;
        Ok(settled)
    }

    /// Waits for so long.
    pub(crate) fn after(wait: Duration) -> Result<Self, Thrown> {
        Self::of(&JsValue::UNDEFINED, Some(wait))
    }
}

impl Future for Settled {
    type Output = Result<Outcome, End>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        WAITS.with_borrow_mut(|waits| match waits.get_mut(&self.0) {
            Some(Wait::Pending(waker)) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            _ => match waits.remove(&self.0) {
                Some(Wait::Over(outcome)) => Poll::Ready(outcome),
                _ => Poll::Ready(Err(End::Abandoned)),
            },
        })
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        WAITS.with_borrow_mut(|waits| waits.remove(&self.0));
    }
}

/// Rounded up: a timer that is cut short would fire too early.
fn ceiling(duration: Duration) -> f64 {
    number(millis(duration.saturating_add(Duration::from_nanos(999_999))))
}

#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds, and as many waits, are exact.
const fn number(whole: u64) -> f64 {
    whole as f64
}
