//! `cargo xtask start`: the Worker in workerd on this machine, with a curl line that works.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value as Json;

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
mod http;
mod upstream;

use config::{Module, Service, Value};
use upstream::Upstream;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port to listen on (8787, or the next free one, when left out)
    #[arg(long)]
    port: Option<u16>,
}

const FIRST_CALL: &str = "/v2/conversations";

/// workerd needs well under a second, unless the machine is busy with something else.
const START: Duration = Duration::from_secs(30);

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    // Before anything is built: a taken port is best heard of at once.
    ports::choose(options.port)?;
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
    let token = caller_token()?;
    let described = upstream.described.clone();
    let real = upstream.mock.is_none();
    let mut server = spawn(repo, &workerd, port, &token, upstream)?;
    wait_until_ready(&mut server, port)?;
    introduce(port, &token, &described, real)?;

    let status = server.wait(None, || ())?;
    if children::interrupted() {
        say::line("\nstopped");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("workerd ended by itself ({status:?}); its reason stands above")
}

/// A new one each time, so that none is ever worth keeping.
fn caller_token() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(format!("local-{}", stamp::hex(&bytes)))
}

fn spawn(repo: &Repo, workerd: &Path, port: u16, token: &str, upstream: Upstream) -> Result<Child> {
    let callers = format!(r#"[{{"name":"local","sha256":"{}"}}]"#, stamp::sha256(token.as_bytes()));
    let mut bindings = upstream.keys;
    bindings.extend([
        ("ATTENTION_BASE_URL", Value::Text(upstream.base_url)),
        ("ATTENTION_CALLERS", Value::Text(callers)),
        ("ATTENTION_ALLOWED_ORIGINS", Value::Text(format!("http://127.0.0.1:{port},http://localhost:{port}"))),
    ]);
    let mut services = vec![Service { name: "main", port, modules: worker_modules(repo)?, bindings }];
    services.extend(upstream.mock);

    // By its port, so that two starts at once do not read each other's.
    let file = repo.at(format!("target/start/{port}.capnp"));
    stamp::write(&file, &config::text(&services))?;
    let mut command = server_command(repo, workerd)?;
    command.arg("serve").arg(&file).stdin(Stdio::null());
    // Taken away from every other child; here they are what `fromEnvironment` reads.
    for name in upstream.secrets {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    Child::spawn(&mut command)
}

/// Nothing runs when this process itself is killed beyond recall (SIGKILL), but Linux can end a child with its parent;
/// `setpriv` asks for that and then becomes the program, so that no process more is there.
fn server_command(repo: &Repo, program: &Path) -> Result<Command> {
    let Some(setpriv) = find::on_path("setpriv") else {
        return commands::native(repo, program);
    };
    let mut command = commands::native(repo, setpriv)?;
    command.args(["--pdeathsig", "KILL"]).arg(program);
    Ok(command)
}

/// What `build` leaves: the entry, which comes first, and its wasm.
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
            bail!("workerd ended at once ({status}); its reason stands above");
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
            bail!("/readyz was not 200 within {} s; its last answer: {last}", START.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Makes the call of the curl line, then shows the line.
fn introduce(port: u16, token: &str, described: &str, real: bool) -> Result<()> {
    let answer = http::get(port, FIRST_CALL, Some(token), Duration::from_secs(30))
        .with_context(|| format!("GET {FIRST_CALL} got no answer"))?;
    let said = match (answer.status, conversations(&answer.body)) {
        (200, Some(count)) => format!("This very call has just answered 200 with {count} conversations."),
        (status, _) if real => {
            format!("This very call has just answered {status}: {}", excerpt(&answer.body))
        }
        (status, _) => bail!("GET {FIRST_CALL} answered {status}: {}", excerpt(&answer.body)),
    };
    println!("\nThe Worker: http://127.0.0.1:{port}\nUpstream:   {described}\n");
    println!("  curl -H 'Authorization: Bearer {token}' http://127.0.0.1:{port}{FIRST_CALL}\n");
    println!("{said} Ctrl-C stops it.\n");
    Ok(())
}

fn conversations(body: &[u8]) -> Option<usize> {
    let body: Json = serde_json::from_slice(body).ok()?;
    Some(body.get("data")?.as_array()?.len())
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (caller_token().unwrap(), caller_token().unwrap());
        assert!(one.starts_with("local-") && one.len() == 6 + 48, "{}", one.len());
        assert_ne!(one, other);
    }

    #[test]
    fn conversations_are_counted_where_they_are() {
        assert_eq!(conversations(br#"{"data":[{},{}]}"#), Some(2));
        assert_eq!(conversations(br#"{"error":"no"}"#), None);
        assert_eq!(conversations(b"<html>"), None);
    }
}
