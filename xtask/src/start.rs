//! `cargo xtask start`: runs the Worker in workerd on this machine and prints a curl line that works.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::bootstrap::{Builders, Turn};
use crate::build::Part;
use crate::children::{self, Child};
use crate::commands;
use crate::find;
use crate::ports;
use crate::repo::Repo;
use crate::say;
use crate::stamp;
use crate::tools;

mod config;
mod credentials;
mod http;
mod introduction;
mod output;
mod upstream;

use config::{Module, Service, Value};
use credentials::Credentials;
use introduction::Introduction;
use upstream::Upstream;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port to listen on (default: 8787 or the next free one; 0 for any)
    #[arg(long)]
    port: Option<u16>,
    /// An origin whose pages may call, besides this port, Vite's (port 5173) and those in `ATTENTION_ALLOWED_ORIGINS`;
    /// may be given several times
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// A policy to try, in the format of `npx attention-wasm policy check` (default: reads of everything except API keys)
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Show workerd's stack traces too
    #[arg(long)]
    verbose: bool,
}

/// Vite's development server, in both spellings.
const VITE: [&str; 2] = ["http://localhost:5173", "http://127.0.0.1:5173"];

/// workerd takes well under a second to start, unless the machine is busy.
const START: Duration = Duration::from_secs(30);

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    // Checked before anything is built, so that a port in use, a malformed key or a missing file is reported at once.
    ports::choose(options.port)?;
    upstream::check_keys()?;
    let policy = options.policy.as_deref().map(read_policy).transpose()?;
    let turn = Turn::take(repo)?;
    let builders = Builders::ensure(repo)?;
    Part::Worker.build(repo, &builders, false)?;
    let upstream = Upstream::choose(repo, &builders)?;
    let workerd = tools::ensure(repo, tools::WORKERD)?.path;
    drop(turn);

    let (port, moved) = ports::choose(options.port)?;
    if moved {
        say::line(&format!("port {} is taken, using {port}", ports::DEFAULT));
    }
    let credentials = Credentials::new()?;
    let described = upstream.described.clone();
    let mock = upstream.mock_key.clone().map(|key| (upstream.base_url.clone(), key));
    let origins = origins(port, &options.origin);
    let bindings = bindings(&credentials, &origins, policy);
    let mut server = spawn(repo, &workerd, port, &credentials, upstream, bindings)?;
    output::show(&mut server, options.verbose);
    wait_until_ready(&mut server, port)?;
    let mock = mock.as_ref().map(|(base_url, key)| (base_url.as_str(), key.as_str()));
    Introduction { port, credentials: &credentials, origins: &origins, described: &described, mock }.tell()?;

    let status = server.wait(None, || ())?;
    if children::interrupted() {
        say::line("\nstopped");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("workerd exited unexpectedly ({status:?}); see its output above")
}

fn read_policy(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read the policy {}", file.display()))
}

/// The origins of pages that may call.
fn origins(port: u16, asked: &[String]) -> Vec<String> {
    let own = [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")];
    let set = env::var("ATTENTION_ALLOWED_ORIGINS").unwrap_or_default();
    let set = set.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let mut origins: Vec<String> = Vec::new();
    let vite = VITE.iter().map(|origin| (*origin).to_owned());
    for origin in own.into_iter().chain(vite).chain(set.map(str::to_owned)).chain(asked.iter().cloned()) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}

/// The configuration of a Worker that uses every feature: callers, sessions, an operator, pages, a policy, the gate.
fn bindings(credentials: &Credentials, origins: &[String], policy: Option<String>) -> Vec<(&'static str, Value)> {
    let mut bindings = vec![
        ("ATTENTION_CALLERS", Value::Text(credentials.callers())),
        ("ATTENTION_ADMIN_SHA256", Value::Text(credentials.operator.digest())),
        ("ATTENTION_SESSION_SECRET", Value::Environment("ATTENTION_SESSION_SECRET")),
        ("ATTENTION_ALLOWED_ORIGINS", Value::Text(origins.join(","))),
        ("ATTENTION_LOG", Value::Text("errors".to_owned())),
        ("ATTENTION_GATE", Value::Objects("Gate")),
    ];
    bindings.extend(policy.map(|policy| ("ATTENTION_POLICY", Value::Text(policy))));
    bindings
}

fn spawn(
    repo: &Repo,
    workerd: &Path,
    port: u16,
    credentials: &Credentials,
    upstream: Upstream,
    mut bindings: Vec<(&'static str, Value)>,
) -> Result<Child> {
    bindings.extend(upstream.keys);
    bindings.push(("ATTENTION_BASE_URL", Value::Text(upstream.base_url)));
    let mut services = vec![Service { name: "main", port, modules: worker_modules(repo)?, bindings }];
    services.extend(upstream.mock);

    // Named after the port, so that two simultaneous starts do not read each other's file.
    let file = repo.at(format!("target/start/{port}.capnp"));
    stamp::write(&file, &config::text(&services))?;
    let mut command = server_command(repo, workerd)?;
    command.arg("serve").arg(&file).stdin(Stdio::null()).stderr(Stdio::piped());
    command.env("ATTENTION_SESSION_SECRET", credentials.session_secret.expose());
    // Withheld from every other child; workerd reads them through `fromEnvironment`.
    for name in upstream.secrets {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    Child::spawn(&mut command)
}

/// If this process is killed by SIGKILL, it cannot stop its children, but Linux can end a child together with its
/// parent. `setpriv` requests that and then replaces itself with the program, so no additional process remains.
fn server_command(repo: &Repo, program: &Path) -> Result<Command> {
    let Some(setpriv) = find::on_path("setpriv") else {
        return commands::native(repo, program);
    };
    let mut command = commands::native(repo, setpriv)?;
    command.args(["--pdeathsig", "KILL"]).arg(program);
    Ok(command)
}

/// The output of `build`: the entry module, which comes first, and its wasm.
fn worker_modules(repo: &Repo) -> Result<Vec<Module>> {
    let module = |name: &str| {
        let folder = Part::Worker.output();
        if !repo.at(folder).join(name).exists() {
            bail!("{folder} has no {name}\n  next: cargo xtask build worker --force");
        }
        Ok(Module { file: format!("../../{folder}/{name}"), name: name.to_owned() })
    };
    Ok(vec![module("index.js")?, module("index_bg.wasm")?])
}

fn wait_until_ready(server: &mut Child, port: u16) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        children::check()?;
        if let Some(status) = server.poll()? {
            bail!("workerd exited immediately ({status}); see its output above");
        }
        let answer = http::get(port, "/readyz", None, Duration::from_secs(2));
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let last = match answer {
                Ok(answer) => format!("{} {}", answer.status, excerpt(&answer.body)),
                Err(error) => format!("{error:#}"),
            };
            bail!("/readyz did not return 200 within {} s; its last response: {last}", START.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requested_origin_is_added() {
        let origins = origins(8787, &["http://localhost:8080".to_owned(), "http://localhost:5173".to_owned()]);
        let local =
            ["http://127.0.0.1:8787", "http://localhost:8787", "http://localhost:5173", "http://127.0.0.1:5173"];
        assert_eq!(origins[..4], local);
        assert_eq!(origins.last().map(String::as_str), Some("http://localhost:8080"));
    }

    #[test]
    fn secrets_are_not_written_to_files() {
        let credentials = Credentials::new().unwrap();
        let bindings = bindings(&credentials, &[], None);
        let service = Service { name: "main", port: 8787, modules: Vec::new(), bindings };
        let text = config::text(&[service]);
        for secret in [&credentials.local, &credentials.backend, &credentials.operator, &credentials.session_secret] {
            assert!(!text.contains(secret.expose()));
        }
        assert!(text.contains("durableObjectNamespace = \"Gate\""), "{text}");
    }
}
