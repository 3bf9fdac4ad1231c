//! The state of the gate's Durable Object besides places. The object's class is in the shim, which stores the texts
//! returned here and creates this state anew from them after a trap or a restart.

use attention_gateway::authorize::sessions::revoked::{Full, Revocations};
use attention_gateway::ledger::Ledger;
use wasm_bindgen::prelude::*;

use crate::driver::now;
use crate::js;

/// Revoked sessions, and the counts of all isolates.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SharedRecord {
    revocations: Revocations,
    ledger: Ledger,
}

#[wasm_bindgen]
impl SharedRecord {
    /// From the stored texts, which are absent if the object is new.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn new(revoked: Option<String>, counted: Option<String>) -> Self {
        crate::keep_panics_quiet();
        let ledger = counted.as_deref().map(Ledger::from_text);
        if matches!(ledger, Some(None)) {
            drop(js::log(
                r#"{"event":"counts_lost","level":"warn","fault":"the stored counts of the status page cannot be read and are dropped"}"#,
            ));
        }
        let (revocations, was_lost) =
            revoked.as_deref().map_or_else(Default::default, |text| Revocations::restore(text, now()));
        if was_lost {
            drop(js::log(
                r#"{"event":"revocations_lost","level":"error","fault":"the stored list of revoked sessions cannot be read: no session is accepted until all that may be in it have expired"}"#,
            ));
        }
        Self { revocations, ledger: ledger.flatten().unwrap_or_default() }
    }

    /// The status of a session.
    pub fn standing(&self, id: &str) -> String {
        self.revocations.standing(id, now()).as_str().to_owned()
    }

    /// Revokes a session. Returns when the revocation lapses, in milliseconds since the epoch; 0 if the list is full.
    #[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
    pub fn revoke(&mut self, id: &str) -> f64 {
        match self.revocations.revoke(id, now()) {
            Ok(lapses) => lapses.as_unix_millis() as f64,
            Err(Full) => 0.0,
        }
    }

    /// Adds an isolate's counts. Throws a text if they cannot be read; the isolate then keeps them.
    pub fn count(&mut self, counted: &str) -> Result<(), JsValue> {
        let mut counted = Ledger::from_text(counted).ok_or_else(|| JsValue::from_str("not a ledger's text"))?;
        // Before adding: the isolate's clock may be wrong, and this object's clock may have been.
        for ledger in [&mut counted, &mut self.ledger] {
            ledger.forget_after(now());
        }
        self.ledger.add_all(&counted);
        Ok(())
    }

    /// The counts of all isolates, to be shown and stored.
    pub fn counted(&self) -> String {
        self.ledger.to_text()
    }

    /// The revoked sessions, to be stored.
    pub fn revoked(&self) -> String {
        self.revocations.to_json()
    }
}
