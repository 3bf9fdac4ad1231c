//! The state of the gate's Durable Object. Its class is the shim's, which makes this anew after a trap.

use attention_core::millis;
use attention_gateway::limits::shared_gate::{self, BudgetError};
use std::time::Duration;
use wasm_bindgen::prelude::*;

use crate::driver::{now, time};

/// The gate that all isolates share.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SharedGate {
    gate: shared_gate::SharedGate,
}

#[wasm_bindgen]
impl SharedGate {
    /// A gate, with a budget such as `50/s` or none. Throws a text when it is not one.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn new(budget: Option<String>) -> Result<Self, JsValue> {
        crate::keep_panics_quiet();
        let gate = shared_gate::SharedGate::new(budget.as_deref());
        let gate = gate.map_err(|BudgetError| JsValue::from_str(BudgetError::MESSAGE))?;
        Ok(Self { gate })
    }

    /// A caller asks to send, under its own limit such as `100/min` if it has one. Returns its place as JSON.
    #[expect(clippy::needless_pass_by_value)] // As above.
    pub fn admit(&mut self, caller: &str, limit: Option<String>) -> String {
        self.gate.admit(caller, limit.as_deref(), now()).to_json()
    }

    /// Somebody was answered with a 429 and is to wait this long, in milliseconds. Returns the time at which the
    /// gate opens, for the object's storage.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
    #[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
    pub fn limited(&mut self, wait: f64) -> f64 {
        let opens = self.gate.limited(Duration::from_millis(wait as u64), now());
        millis(opens.saturating_since(time(0.0))) as f64
    }

    /// The object has been restarted; this is what its storage says.
    pub fn restore(&mut self, opens_at: f64) {
        self.gate.restore(time(opens_at), now());
    }
}
