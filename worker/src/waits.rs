//! Waits for promises with a time limit.
//!
//! `wasm_bindgen_futures` creates two Rust closures for each `.await`. Here a wait is a number: JavaScript calls
//! [`settle`] with it (`waits.mjs`), which wakes the future of the same request. Numbers are not reused.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use attention_core::millis;
use wasm_bindgen::prelude::*;

use crate::end::{End, Thrown};

#[wasm_bindgen(raw_module = "../../waits.mjs")]
extern "C" {
    /// Calls `settle` once the promise is settled or this many milliseconds have passed. Without a promise, only the
    /// time counts; with -1 milliseconds, only the promise.
    #[wasm_bindgen(catch)]
    fn wait(promise: &JsValue, millis: f64, place: u32, given: u32) -> Result<(), Thrown>;

    /// Runs the promise's work after the request has been answered.
    #[wasm_bindgen(catch)]
    pub(crate) fn later(context: &JsValue, promise: &JsValue) -> Result<(), Thrown>;

    /// Ignores the result of a promise.
    pub(crate) fn ignore(promise: &JsValue);

    /// Nobody waits for the response to this request any more.
    pub(crate) fn forget(request: &JsValue);
}

/// The outcome of a wait.
pub(crate) enum Outcome {
    Fulfilled(JsValue),
    Rejected,
    TimedOut,
}

enum Wait {
    Pending(Option<Waker>),
    Over(Result<Outcome, End>),
}

/// Waits by number: a slot, and how often it has been reused.
#[derive(Default)]
struct Waits {
    places: Vec<Place>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Place {
    given: u32,
    wait: Option<Wait>,
}

/// The identity of a wait. A slot may be reused by another wait, which has another number.
#[derive(Clone, Copy)]
struct Number {
    place: u32,
    given: u32,
}

impl Waits {
    fn begin(&mut self) -> Number {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let free = &mut self.places[place as usize];
        free.given = free.given.wrapping_add(1);
        free.wait = Some(Wait::Pending(None));
        Number { place, given: free.given }
    }

    fn find(&mut self, number: Number) -> Option<&mut Option<Wait>> {
        let place = self.places.get_mut(number.place as usize)?;
        (place.given == number.given && place.wait.is_some()).then_some(&mut place.wait)
    }

    fn end(&mut self, number: Number) -> Option<Wait> {
        let wait = self.find(number)?.take();
        self.free.push(number.place);
        wait
    }
}

thread_local! {
    static WAITS: RefCell<Waits> = RefCell::default();
}

/// The outcome of a wait: 0 for fulfilled, 1 for rejected, 2 for timed out, 3 for abandoned. The first report counts.
#[wasm_bindgen]
pub fn settle(place: u32, given: u32, how: u8, value: JsValue) {
    let outcome = match how {
        0 => Ok(Outcome::Fulfilled(value)),
        1 => Ok(Outcome::Rejected),
        2 => Ok(Outcome::TimedOut),
        _ => Err(End::Abandoned),
    };
    let before = WAITS.with_borrow_mut(|waits| match waits.find(Number { place, given }) {
        Some(wait @ Some(Wait::Pending(_))) => wait.replace(Wait::Over(outcome)),
        _ => None,
    });
    // Called outside the borrow, because it borrows the queue of futures.
    if let Some(Wait::Pending(Some(waker))) = before {
        waker.wake();
    }
}

/// A wait in progress.
pub(crate) struct Settled(Number);

impl Settled {
    /// Waits for a promise. For a response this means its head; the body may stream as long as it likes. Nothing is
    /// aborted: work that nobody waits for ends with its request. The promise is not kept, because a reference to it
    /// would keep everything that waits for it alive, and its loss could not be detected.
    #[expect(clippy::needless_pass_by_value)]
    pub(crate) fn of(promise: JsValue, most: Option<Duration>) -> Result<Self, Thrown> {
        let settled = Self(WAITS.with_borrow_mut(Waits::begin));
        wait(&promise, most.map_or(-1.0, ceiling), settled.0.place, settled.0.given)?;
        Ok(settled)
    }

    /// Waits for this time.
    pub(crate) fn after(wait: Duration) -> Result<Self, Thrown> {
        Self::of(JsValue::UNDEFINED, Some(wait))
    }
}

impl Future for Settled {
    type Output = Result<Outcome, End>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        WAITS.with_borrow_mut(|waits| {
            if let Some(Some(Wait::Pending(waker))) = waits.find(self.0) {
                *waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            match waits.end(self.0) {
                Some(Wait::Over(outcome)) => Poll::Ready(outcome),
                _ => Poll::Ready(Err(End::Abandoned)),
            }
        })
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        WAITS.with_borrow_mut(|waits| waits.end(self.0));
    }
}

/// Rounded up, because a truncated timer would fire too early.
#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
fn ceiling(duration: Duration) -> f64 {
    millis(duration.saturating_add(Duration::from_nanos(999_999))) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number finds its own wait, and none after that wait has ended.
    #[test]
    fn each_number_finds_only_its_own_pending_wait() {
        let mut waits = Waits::default();
        let mut open: Vec<Number> = Vec::new();
        let mut over: Vec<Number> = Vec::new();
        // Begins and ends waits in an order that leaves gaps.
        for step in 0_usize..2_000 {
            if open.is_empty() || (step * step) % 7 < 4 {
                open.push(waits.begin());
            } else {
                let ended = open.swap_remove((step * 31) % open.len());
                assert!(matches!(waits.end(ended), Some(Wait::Pending(None))));
                over.push(ended);
            }
            assert!(open.iter().all(|number| waits.find(*number).is_some()));
            assert!(over.iter().all(|number| waits.find(*number).is_none()));
        }
        assert!(over.iter().all(|number| waits.end(*number).is_none()));
        let most = open.len() + waits.free.len();
        assert_eq!(waits.places.len(), most, "slots are reused");
    }
}
