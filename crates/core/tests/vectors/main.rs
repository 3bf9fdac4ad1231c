//! Runs the golden vectors of `tests/vectors` natively. The same files drive the wasm package and the Worker.
//!
//! Each case is a test of its own: `cargo test -p attention-core --test vectors -- ring`.

mod cases;
mod error;
mod expected;
mod keys;
mod script;
mod steps;
mod text;
mod urls;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A vector file: its subject, the data its cases share, and the cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "C: DeserializeOwned")]
struct File<C> {
    #[allow(dead_code)] // For people.
    about: String,
    now: Option<u64>,
    keys: Option<steps::Keys>,
    #[serde(default = "everywhere")]
    runs: Vec<Runtime>,
    cases: Vec<Case<C>>,
}

/// The common fields of a case, and its content.
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Map<String, serde_json::Value>", bound = "C: DeserializeOwned")]
struct Case<C> {
    name: String,
    runs: Option<Vec<Runtime>>,
    content: C,
}

/// Written by hand, because `flatten` would accept misspelt fields.
impl<C: DeserializeOwned> TryFrom<serde_json::Map<String, serde_json::Value>> for Case<C> {
    type Error = String;

    fn try_from(mut case: serde_json::Map<String, serde_json::Value>) -> Result<Self, String> {
        let name = case.remove("name").and_then(|name| Some(name.as_str()?.to_owned())).ok_or("a case has no name")?;
        let told = |error: serde_json::Error| format!("{name}: {error}");
        let runs = case.remove("runs").map(serde_json::from_value).transpose().map_err(told)?;
        let content = serde_json::from_value(case.into()).map_err(told)?;
        Ok(Self { name, runs, content })
    }
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Runtime {
    Rust,
    Wasm,
    Worker,
}

fn everywhere() -> Vec<Runtime> {
    vec![Runtime::Rust, Runtime::Wasm, Runtime::Worker]
}

/// The content of a case.
trait Check: DeserializeOwned + Send + 'static {
    /// Runs the case with the data that its file's cases share.
    fn check(&self, shared: &Shared) -> Result<(), String>;
}

/// The data that the cases of a file share.
#[derive(Clone)]
struct Shared {
    now: u64,
    keys: steps::Keys,
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    load::<cases::AuthorizationCase>("authorization", &mut trials);
    load::<cases::KeyCase>("keys", &mut trials);
    load::<cases::UrlCase>("urls", &mut trials);
    load::<cases::ErrorCase>("errors", &mut trials);
    load::<cases::RetryAfterCase>("retry_after", &mut trials);
    load::<steps::Script>("retries", &mut trials);
    load::<steps::Script>("ring", &mut trials);
    trials.push(Trial::test("every file is run by a test", every_file_is_run_by_a_test));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

const FILES: [&str; 7] = ["authorization", "keys", "urls", "errors", "retry_after", "retries", "ring"];
/// Run by `crates/gateway/tests/sessions.rs`.
const OF_THE_GATEWAY: &str = "sessions";

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Adds a test for each case of a file. A file that cannot be read, has no case, or has two cases of the same name
/// becomes a failing test.
fn load<C: Check>(name: &'static str, trials: &mut Vec<Trial>) {
    match read::<C>(name) {
        Err(complaint) => trials.push(Trial::test(format!("{name}.json"), move || Err(Failed::from(complaint)))),
        Ok(file) => {
            let shared = Shared { now: file.now.unwrap_or(0), keys: file.keys.unwrap_or_default() };
            for case in file.cases {
                if !case.runs.as_ref().unwrap_or(&file.runs).contains(&Runtime::Rust) {
                    continue;
                }
                let shared = shared.clone();
                let title = format!("{name}: {}", case.name);
                trials.push(Trial::test(title, move || case.content.check(&shared).map_err(Failed::from)));
            }
        }
    }
}

fn read<C: Check>(name: &str) -> Result<File<C>, String> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).map_err(|error| error.to_string())?;
    let file: File<C> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if file.cases.is_empty() {
        return Err("it has no cases".to_owned());
    }
    let mut names: Vec<&str> = file.cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two cases are named {:?}", pair[0])),
        None => Ok(file),
    }
}

/// Guards against a vector file that no test runs.
fn every_file_is_run_by_a_test() -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "json")
            && !FILES.contains(&name)
            && name != OF_THE_GATEWAY
        {
            return Err(format!("{name}.json is not run by any test").into());
        }
    }
    Ok(())
}

/// Fails with both values if they differ.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    // Truncated, because a whole URL of 8 KiB is of no use.
    let short = |value: T| format!("{value:?}").chars().take(400).collect::<String>();
    if got == expected { Ok(()) } else { Err(format!("{what}: got {}, expected {}", short(got), short(expected))) }
}
