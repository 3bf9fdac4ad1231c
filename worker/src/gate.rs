//! The state of the gate's Durable Object. The object's class is in the shim, which creates this state anew after a
//! trap.

use attention_core::Timestamp;
use attention_gateway::deployment::{self, Text, Texts, bindings};
use attention_gateway::limits::lanes::Closing;
use attention_gateway::limits::rate::Holder;
use attention_gateway::limits::shared_gate;
use std::time::Duration;
use wasm_bindgen::prelude::*;

use crate::driver::now;

/// The gate shared by all isolates.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SharedGate {
    gate: shared_gate::SharedGate,
}

#[wasm_bindgen]
impl SharedGate {
    /// Creates a gate with this deployment's budget, if any. Throws a text if the budget is invalid.
    #[wasm_bindgen(constructor)]
    pub fn new(budget: Option<String>) -> Result<Self, JsValue> {
        crate::keep_panics_quiet();
        let mut texts = Texts::default();
        texts.set(bindings::BUDGET, budget.map_or(Text::Absent, Text::Given));
        let budget = deployment::budget(&texts).map_err(|fault| JsValue::from_str(&fault.message()))?;
        Ok(Self { gate: shared_gate::SharedGate::new(budget) })
    }

    /// An isolate asks for up to `wanted` places for a holder, with the holder's own limit such as `100/min`, if any.
    /// Returns a place as JSON.
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn admit(&mut self, holder: &str, limit: Option<String>, wanted: Option<u32>) -> String {
        let place = self.gate.admit(Holder::of(holder), limit.as_deref(), wanted.unwrap_or(1), now());
        place.to_json()
    }

    /// The API's requests to wait, as JSON.
    pub fn news(&self) -> String {
        self.gate.news(now())
    }

    /// The first time for which no place was allocated, for the object's storage.
    pub fn reserved(&self) -> f64 {
        in_millis(self.gate.reserved())
    }

    /// A call was answered with a 429 and has to wait this long, in milliseconds: a caller on a route, or everybody.
    /// Returns the time at which the gate opens for everybody, for the object's storage.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
    pub fn limited(&mut self, wait: f64, caller: Option<String>, route: Option<String>) -> f64 {
        let wait = Duration::from_millis(wait as u64);
        let closing = Closing { wait, caller: caller.unwrap_or_default(), route: route.unwrap_or_default() };
        in_millis(self.gate.limited(closing, now()))
    }

    /// The object was restarted; these are the values in its storage.
    pub fn restore(&mut self, opens_at: Option<f64>, reserved: Option<f64>) {
        let time = |stored: Option<f64>| Timestamp::from_date_now(stored.unwrap_or_default());
        self.gate.restore(time(opens_at), time(reserved), now());
    }
}

#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
fn in_millis(moment: Timestamp) -> f64 {
    moment.as_unix_millis() as f64
}
