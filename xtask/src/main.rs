//! Every chore of this repository, starting from a bare machine: `cargo xtask start | test | build | bench | doctor`.

use std::process::ExitCode;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

mod against;
mod apt;
mod bench;
mod bootstrap;
mod build;
mod children;
mod commands;
mod commit;
mod count;
mod doctor;
mod find;
mod javascript;
mod npm;
mod platform;
mod ports;
mod repo;
mod rustup;
mod say;
mod stamp;
mod start;
mod step;
mod suites;
mod sysroot;
mod table;
mod test;
mod tests_of;
mod tools;
mod versions;
mod wasm_target;

/// The chores of attention-wasm. Each obtains the tools it needs first.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run the Worker locally in front of the mock Attention API, or of the real one when `ATTENTION_API_KEY` is set
    Start(start::Options),
    /// Run every test suite, or the named ones
    Test(test::Options),
    /// Build the Worker and the npm package
    Build(build::Options),
    /// Run a benchmark of bench/
    Bench(bench::Options),
    /// Show what is present, what is missing, and where each tool comes from
    Doctor(doctor::Options),
}

/// Adds help that depends on the repository: the names of its suites.
fn command(suites: &[String]) -> Command {
    let help = format!(
        "Suites: {}\n\nATTENTION_SLOW=1 adds builds that take half a minute or more, ATTENTION_FIREFOX=1 makes a missing \
         Firefox a failure.\nThe name of a skipped test states the reason, and the last line counts them.",
        suites.join(", ")
    );
    Cli::command().mut_subcommand("test", |test| test.after_help(help))
}

fn main() -> ExitCode {
    let found = repo::Repo::find();
    let suites = found.as_ref().ok().and_then(|repo| suites::all(repo).ok()).unwrap_or_default();
    let names: Vec<String> = suites.into_iter().map(|suite| suite.name).collect();
    let cli = match Cli::from_arg_matches(&command(&names).get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let done = children::stop_on_signals().and(found).and_then(|repo| match &cli.chore {
        Chore::Start(options) => start::run(&repo, options),
        Chore::Test(options) => test::run(&repo, options),
        Chore::Build(options) => build::run(&repo, options),
        Chore::Bench(options) => bench::run(&repo, options),
        Chore::Doctor(options) => doctor::run(&repo, options),
    });
    match done {
        Ok(code) => code,
        // An error after Ctrl-C is a consequence of it; shells expect the status 130.
        Err(_) if children::interrupted() => {
            say::line("stopped");
            ExitCode::from(130)
        }
        Err(error) => {
            say::line(&format!("\nerror: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_suite() {
        let suites = suites::all(&repo::Repo::find().unwrap()).unwrap();
        let names: Vec<String> = suites.into_iter().map(|suite| suite.name).collect();
        let mut command = command(&names);
        command.clone().debug_assert();
        let help = command.find_subcommand_mut("test").unwrap().render_help().to_string();
        for name in ["clippy", "attack", "journeys"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        for name in names {
            assert!(help.contains(&format!(" {name}")), "{help}");
        }
    }
}
