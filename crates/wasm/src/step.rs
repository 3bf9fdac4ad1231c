//! The driver's next step, as a JavaScript object.

use core::time::Duration;

use attention_core as rules;
use attention_core::call::MAX_ERROR_BODY_BYTES;
use wasm_bindgen::prelude::*;

use crate::data;

/// The kind of a [`Step`].
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send the request.
    Send,
    /// Wait.
    Wait,
    /// The response is a success.
    Success,
    /// The response is an error.
    Rejected,
    /// There is no response.
    Failed,
}

/// The slot whose `Authorization` to send.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// The key in regular use, or the caller token.
    Current,
    /// The key that will replace it.
    Next,
}

impl From<rules::Slot> for Slot {
    fn from(slot: rules::Slot) -> Self {
        match slot {
            rules::Slot::Current => Self::Current,
            rules::Slot::Next => Self::Next,
        }
    }
}

impl From<Slot> for rules::Slot {
    fn from(slot: Slot) -> Self {
        match slot {
            Slot::Current => Self::Current,
            Slot::Next => Self::Next,
        }
    }
}

#[wasm_bindgen(module = "/js/step.js")]
extern "C" {
    /// An object made by `js/step.js`.
    #[wasm_bindgen(typescript_type = "Step")]
    pub type Step;

    fn send(action: Action, call: u32, url: &str, slot: Slot, attempt: u32, timeout: Option<f64>) -> Step;
    fn wait(action: Action, call: u32, url: &str, duration: f64) -> Step;
    fn success(action: Action) -> Step;
    fn rejected(action: Action, call: u32, limit: usize) -> Step;
    fn failed(action: Action, error: data::ErrorFacts) -> Step;
}

impl Step {
    pub(crate) fn send(call: u32, url: &str, attempt: rules::call::Attempt) -> Self {
        let timeout = attempt.timeout.map(millis);
        send(Action::Send, call, url, attempt.slot.into(), attempt.number, timeout)
    }

    pub(crate) fn wait(call: u32, url: &str, duration: Duration) -> Self {
        wait(Action::Wait, call, url, millis(duration))
    }

    pub(crate) fn success() -> Self {
        success(Action::Success)
    }

    pub(crate) fn rejected(call: u32) -> Self {
        rejected(Action::Rejected, call, MAX_ERROR_BODY_BYTES)
    }

    pub(crate) fn failed(error: &rules::Error) -> Self {
        failed(Action::Failed, data::error(error))
    }
}

#[expect(clippy::cast_precision_loss)] // Exact for centuries in milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    rules::millis(duration) as f64
}
