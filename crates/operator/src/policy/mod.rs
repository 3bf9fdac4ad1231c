//! `policy check` and `policy explain`: show the effect of a Worker's policy before it is deployed.
//!
//! attention-gateway decides, with the same code as in the Worker; this module puts the results into words.

mod catalogue;
mod check;
mod explain;
mod table;

use attention_gateway::analysis::Call;
use attention_gateway::authorize::policy::{DEFAULT_POLICY, Policies};
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::{Json, refused};

/// The policy that applies if a Worker has none.
#[wasm_bindgen(js_name = builtInPolicy)]
pub fn built_in_policy() -> String {
    DEFAULT_POLICY.to_owned()
}

/// Checks policies: `{ said, isGood }`. With `strict`, warnings count as errors.
#[wasm_bindgen(js_name = checkPolicy)]
pub fn check_policy(text: &str, strict: bool) -> Result<Json, JsValue> {
    let policies = parsed(text)?;
    told(catalogue::known().and_then(|catalogue| check::report(&policies, &catalogue, strict)))
}

/// Explains whether a call is allowed: `{ said, isGood }`.
#[wasm_bindgen(js_name = explainPolicy)]
pub fn explain_policy(text: &str, policy: &str, method: &str, target: &str) -> Result<Json, JsValue> {
    let policies = parsed(text)?;
    let call = Call { policy, method, target };
    told(catalogue::known().and_then(|catalogue| explain::report(&policies, &catalogue, call)))
}

fn parsed(text: &str) -> Result<Policies, JsValue> {
    Policies::parse(text).map_err(|error| refused("policy", &error.to_string()))
}

fn told(report: anyhow::Result<(String, bool)>) -> Result<Json, JsValue> {
    let (said, is_good) = report.map_err(|error| refused("policy", &format!("{error:#}")))?;
    Ok(json!({ "said": said, "isGood": is_good }).to_string())
}
