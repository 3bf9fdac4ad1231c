//! Runs the golden vectors of `tests/vectors` with the client, in a browser with a simulated clock and network.
//!
//! Some cases are left out because a program cannot express them with this client: methods that `Method` does not have,
//! encoded queries, an incoming `Authorization`, and an attempt without a timeout that times out.

#![cfg(target_arch = "wasm32")]

#[allow(dead_code, reason = "client.rs uses more of it")]
mod browser;
#[path = "../../../core/tests/vectors/cases.rs"]
#[allow(dead_code, reason = "what cannot be asked for is not read")]
mod cases;
#[path = "../../../core/tests/vectors/expected.rs"]
mod expected;
mod play;
mod single;
#[path = "../../../core/tests/vectors/steps.rs"]
mod steps;
#[path = "../../../core/tests/vectors/text.rs"]
mod text;

use std::fmt::Debug;

use attention_client::{Attention, Error};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// The parts of a vector file that are used here.
#[derive(Deserialize)]
struct File {
    now: Option<u64>,
    keys: Option<steps::Keys>,
    runs: Option<Vec<String>>,
    cases: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// The data that the cases of a file share.
#[derive(Clone)]
struct Shared {
    now: u64,
    keys: steps::Keys,
}

/// The result of a case that did not fail.
#[derive(PartialEq, Debug)]
enum Ran {
    Held,
    /// The case cannot be expressed with this client.
    NotAskable,
}

/// Runs every case for clients in JavaScript runtimes. `not_askable` is the number of cases that cannot be expressed
/// with this client; an unnoticed omission would look like a pass.
async fn run<C: DeserializeOwned>(
    text: &str,
    not_askable: usize,
    check: impl AsyncFn(&C, &Shared) -> Result<Ran, String>,
) {
    let file: File = serde_json::from_str(text).expect("the file");
    let shared = Shared { now: file.now.unwrap_or(0), keys: file.keys.unwrap_or_default() };
    let (mut held, mut left_out, mut failed) = (0, 0, Vec::new());
    for mut case in file.cases {
        let name = case.remove("name").expect("a name");
        let runs = case.remove("runs").map(|runs| serde_json::from_value(runs).expect("runtimes"));
        if runs.or_else(|| file.runs.clone()).is_some_and(|runs: Vec<String>| !runs.iter().any(|each| each == "wasm")) {
            continue;
        }
        let content: C = serde_json::from_value(case.into()).unwrap_or_else(|error| panic!("{name}: {error}"));
        browser::enter(millis(shared.now));
        let ran = check(&content, &shared).await;
        browser::leave();
        match ran {
            Ok(Ran::Held) => held += 1,
            Ok(Ran::NotAskable) => left_out += 1,
            Err(complaint) => failed.push(format!("{name}: {complaint}")),
        }
    }
    assert!(failed.is_empty(), "{} failed, {held} held\n{}", failed.len(), failed.join("\n"));
    assert!(held > 0, "no case was run");
    assert_eq!(left_out, not_askable, "cases were left out");
}

/// Fails with both values if they differ.
fn same<T: PartialEq + Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, expected {expected:?}")) }
}

/// A client with these credentials that retries twice and has no timeout, as the vectors assume.
fn client(base: Option<&str>, keys: &steps::Keys) -> Result<Attention, Error> {
    let builder = Attention::builder().dangerously_allow_browser().options(|options| options.timeout = None);
    let builder = if let Some(base) = base { builder.base_url(base)? } else { builder };
    if keys.token {
        return builder.caller_token(&keys.current)?.build();
    }
    builder.api_keys(&keys.current, keys.next.as_deref())?.build()
}

/// The core error that every vector expects.
fn of_core(error: Error) -> Result<attention_client::core::Error, String> {
    if let Error::Call(error) = error { Ok(*error) } else { Err(format!("not core's: {error:?}")) }
}

#[allow(clippy::cast_precision_loss)] // Exact for milliseconds since 1970.
fn millis(millis: u64) -> f64 {
    millis as f64
}

#[wasm_bindgen_test]
async fn retries() {
    run(include_str!("../../../../tests/vectors/retries.json"), 6, play::check).await;
}

#[wasm_bindgen_test]
async fn ring() {
    run(include_str!("../../../../tests/vectors/ring.json"), 1, play::check).await;
}

#[wasm_bindgen_test]
async fn errors() {
    run(include_str!("../../../../tests/vectors/errors.json"), 0, single::error).await;
}

#[wasm_bindgen_test]
async fn retry_after() {
    run(include_str!("../../../../tests/vectors/retry_after.json"), 0, single::retry_after).await;
}

#[wasm_bindgen_test]
async fn urls() {
    run(include_str!("../../../../tests/vectors/urls.json"), 16, single::url).await;
}

#[wasm_bindgen_test]
async fn keys() {
    run(include_str!("../../../../tests/vectors/keys.json"), 0, single::key).await;
}

#[wasm_bindgen_test]
async fn authorization() {
    run(include_str!("../../../../tests/vectors/authorization.json"), 0, single::authorization).await;
}
