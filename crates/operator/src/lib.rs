//! The operator's rules behind wasm-bindgen, used only by `npx attention-wasm`. This is a crate of its own and not a
//! feature of `attention-wasm`, because a crate's wasm module contains all its exports, so it would include the
//! client's binding.
//!
//! Arguments and results are JSON and text; the command is called rarely enough for that. Keys are passed in, and
//! results name them by fingerprint. The exception is [`value_in`], with which a resumed rotation recovers a key's
//! value.

use attention_core::credential::lifecycle::audit::{Finding, Thresholds, Usage, UsedBy, audit};
use attention_core::credential::lifecycle::leak::{self, Known, Leak};
use attention_core::credential::lifecycle::listing::{self, KeyList, ListedKey, ListedValue};
use attention_core::credential::{Claims, Fingerprint};
use attention_core::{ApiKey, Timestamp};
use attention_gateway::deployment::bindings;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

mod policy;
mod rotation;

pub use policy::{built_in_policy, check_policy, explain_policy};
pub use rotation::{Rotation, value_in};

type Json = String;

/// An error as JSON: `code` and `message`.
fn refused(code: &str, message: &str) -> JsValue {
    json!({ "code": code, "message": message }).to_string().into()
}

/// Returns a key's fingerprint and claims. Throws the reason if the text is not a key.
#[wasm_bindgen(js_name = inspectKey)]
pub fn inspect_key(text: &str) -> Result<Json, JsValue> {
    let key = ApiKey::parse(text).map_err(|error| refused(error.code(), &error.message()))?;
    let claims = key.peek();
    Ok(json!({ "fingerprint": key.fingerprint().to_hex(), "claims": claims.as_ref().map(told) }).to_string())
}

fn told(claims: &Claims) -> Value {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_unix_millis);
    json!({ "expiresAt": millis(claims.expires_at), "issuedAt": millis(claims.issued_at) })
}

/// Parses the API's list of keys; the result contains no values.
#[wasm_bindgen(js_name = readKeys)]
pub fn read_keys(answer: String) -> Result<Json, JsValue> {
    let list = parsed(answer)?;
    Ok(Value::from(list.keys().iter().map(listed).collect::<Vec<_>>()).to_string())
}

fn parsed(answer: String) -> Result<KeyList, JsValue> {
    KeyList::parse(answer).map_err(|error| refused("list_unreadable", &error.message()))
}

fn listed(key: &ListedKey) -> Value {
    let value = match key.value {
        ListedValue::Shown { .. } => "shown",
        ListedValue::Hidden => "hidden",
        ListedValue::Unusable(_) => "unusable",
    };
    json!({
        "id": key.id,
        "name": key.name,
        "fingerprint": key.fingerprint().map(Fingerprint::to_hex),
        "userUUID": key.user,
        "lastSeenAt": key.last_seen.map(Timestamp::as_unix_millis),
        "claims": key.claims().map(told),
        "value": value,
    })
}

/// Parses the response of a key's creation: the key without its value, and whether there was one.
#[wasm_bindgen(js_name = readCreated)]
pub fn read_created(answer: String) -> Result<Json, JsValue> {
    let (key, _) = listing::created(answer).map_err(|error| refused("answer_unreadable", &error.message()))?;
    Ok(listed(&key).to_string())
}

/// Returns the findings of an audit. `uses` is a list of `{ environment, fingerprint, by }`, where `by` is `service` or
/// `person`.
#[wasm_bindgen(js_name = auditKeys)]
pub fn audit_keys(answer: String, uses: &str, now: f64) -> Result<Json, JsValue> {
    let list = parsed(answer)?;
    let uses = usages(uses).ok_or_else(|| refused("uses_unreadable", "the uses of keys are not a list of uses"))?;
    let findings = audit(&list, &uses, Thresholds::default(), Timestamp::from_date_now(now));
    Ok(format!("[{}]", findings.iter().map(Finding::to_json).collect::<Vec<_>>().join(",")))
}

fn usages(uses: &str) -> Option<Vec<Usage>> {
    let uses: Vec<Value> = serde_json::from_str(uses).ok()?;
    let usage = |each: &Value| {
        Some(Usage {
            environment: each["environment"].as_str()?.to_owned(),
            fingerprint: Fingerprint::from_hex(each["fingerprint"].as_str()?)?,
            by: if each["by"].as_str()? == "person" { UsedBy::Person } else { UsedBy::Service },
        })
    };
    uses.iter().map(usage).collect()
}

/// Finds keys in text that arrives in chunks.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Scanner(leak::Scanner);

#[wasm_bindgen]
impl Scanner {
    /// `known` is a comma-separated list of fingerprints; keys with these are found in any context.
    #[wasm_bindgen(constructor)]
    pub fn new(known: &str) -> Self {
        let known: Vec<Known> = known.split(',').filter_map(Fingerprint::from_hex).map(Known::Fingerprint).collect();
        Self(leak::Scanner::new(&known))
    }

    /// Returns the findings that are complete after this chunk.
    pub fn feed(&mut self, piece: &[u8]) -> Json {
        leaks(&self.0.feed(piece))
    }

    /// Ends the text and returns the remaining findings.
    pub fn finish(self) -> Json {
        leaks(&self.0.finish())
    }
}

fn leaks(found: &[Leak]) -> Json {
    let with_message = |leak: &Leak| {
        let mut json: Value = serde_json::from_str(&leak.to_json()).unwrap_or_default();
        json["message"] = leak.message().into();
        json
    };
    Value::from(found.iter().map(with_message).collect::<Vec<_>>()).to_string()
}

/// The environment variables that hold an API key, comma-separated.
#[wasm_bindgen(js_name = keyNames)]
pub fn key_names() -> String {
    bindings::KEYS.join(",")
}

/// Whether the Worker or the npm package reads a variable of this name.
#[wasm_bindgen(js_name = isKnownName)]
pub fn is_known_name(name: &str) -> bool {
    bindings::is_known(name)
}

/// The digest that identifies a caller token in the Worker's configuration.
#[wasm_bindgen(js_name = callerDigest)]
pub fn caller_digest(token: &str) -> String {
    attention_core::credential::TokenDigest::of(token).to_hex()
}

/// Removes a secret, and everything that looks like a key, from text that comes from elsewhere.
#[wasm_bindgen]
pub fn scrub(text: &str, secret: &str) -> String {
    attention_core::credential::scrub(text, Some(secret).filter(|secret| !secret.is_empty())).into_owned()
}
