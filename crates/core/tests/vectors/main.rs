//! The golden vectors of `tests/vectors`, natively. The wasm package and the
//! Worker are driven by the same files.
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

/// One file: what it is about, what its cases share, and the cases.
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

/// What every case has, and what it is about.
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Map<String, serde_json::Value>", bound = "C: DeserializeOwned")]
struct Case<C> {
    name: String,
    runs: Option<Vec<Runtime>>,
    content: C,
}

/// By hand and not by `flatten`, which would let misspelt fields pass.
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

/// What a case's content has to be able to do.
trait Check: DeserializeOwned + Send + 'static {
    /// Runs the case; what its file's cases share comes with it.
    fn check(&self, shared: &Shared) -> Result<(), String>;
}

/// What the cases of a file share.
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
    trials.push(Trial::test("every file is driven", every_file_is_driven));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

const FILES: [&str; 7] = ["authorization", "keys", "urls", "errors", "retry_after", "retries", "ring"];
/// Driven by `crates/gateway/tests/sessions.rs`.
const OF_THE_GATEWAY: &str = "sessions";

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Adds a test per case of a file. A file that cannot be read, has no case, or
/// has two of one name is a failing test.
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

/// A file that nobody drives would look like a test and be none.
fn every_file_is_driven() -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "json")
            && !FILES.contains(&name)
            && name != OF_THE_GATEWAY
        {
            return Err(format!("{name}.json is driven by no test").into());
        }
    }
    Ok(())
}

/// Fails with both values when they differ.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    // A whole URL of 8 KiB helps nobody.
    let short = |value: T| format!("{value:?}").chars().take(400).collect::<String>();
    if got == expected { Ok(()) } else { Err(format!("{what}: got {}, expected {}", short(got), short(expected))) }
}
