//! The gate's Durable Object, for the driver.

use alloc::string::String;

use attention_gateway::ledger;
use attention_gateway::limits::shared_gate::{self, BudgetError};
use wasm_bindgen::prelude::*;

use crate::numbers::{as_millis, duration, time};

/// The state of the Durable Object.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SharedGate(shared_gate::SharedGate);

#[wasm_bindgen]
impl SharedGate {
    /// A gate, with a budget such as `50/s` or none. Throws when it is not one.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn new(budget: Option<String>) -> Result<Self, JsValue> {
        let gate = shared_gate::SharedGate::new(budget.as_deref());
        gate.map(Self).map_err(|BudgetError| JsValue::from_str(BudgetError::MESSAGE))
    }

    /// A caller asks to send, under its own limit such as `100/min` if it has one. Returns its place as JSON.
    #[expect(clippy::needless_pass_by_value)] // As above.
    pub fn admit(&mut self, caller: &str, limit: Option<String>, now: f64) -> String {
        self.0.admit(caller, limit.as_deref(), time(now)).to_json()
    }

    /// Somebody was answered with a 429 and is to wait this long. Returns the time at which the gate opens, for
    /// the object's storage.
    pub fn limited(&mut self, wait: f64, now: f64) -> f64 {
        as_millis(self.0.limited(duration(wait), time(now)).saturating_since(time(0.0)))
    }

    /// The object has been restarted; this is what its storage says.
    pub fn restore(&mut self, opens_at: f64, now: f64) {
        self.0.restore(time(opens_at), time(now));
    }
}

/// What all isolates have counted, in the Durable Object.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Ledger(ledger::Ledger);

#[wasm_bindgen]
impl Ledger {
    /// An empty one.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what an isolate has counted, as JSON. Throws when it cannot be read: then the isolate keeps it.
    pub fn add(&mut self, counted: &str) -> Result<(), JsValue> {
        let counted = ledger::from_json(counted).map_err(|fault| JsValue::from_str(&fault.message()))?;
        self.0.add(&counted);
        Ok(())
    }

    /// What all isolates have counted, as JSON.
    pub fn snapshot(&self) -> String {
        ledger::to_json(&self.0.snapshot())
    }
}
