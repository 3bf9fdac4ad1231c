//! Installs Debian packages.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::commands;
use crate::find;
use crate::platform;
use crate::repo::Repo;
use crate::say;
use crate::step::Step;

/// The command that installs these packages by hand.
pub(crate) fn command_line(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Installs the missing ones of `packages`. `why` is the beginning of the error message.
pub(crate) fn install(repo: &Repo, packages: &[&str], why: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = command_line(&missing);
    if find::on_path("apt-get").is_none() {
        bail!("{why}: the Debian packages {} would provide it, but this machine has no apt-get", missing.join(", "));
    }
    if !platform::is_root() && find::on_path("sudo").is_none() {
        bail!(
            "{why}: it needs Debian packages, but this user is not root and there is no sudo\n  next: as root, {by_hand}"
        );
    }
    say::line(&format!("{why}: installing {}, which changes this machine beyond the repository", missing.join(" ")));
    if install_now(repo, &missing).is_err() {
        // The package lists may be absent, as in container images, or outdated.
        let update = announced(apt_get(repo, &["update"])?);
        Step::new(repo, "apt-update", "apt-get update", update)
            .may_ask()
            .on_failure(&format!("apt-get update && {by_hand}"))
            .run()?;
        install_now(repo, &missing)?;
    }
    Ok(())
}

fn install_now(repo: &Repo, packages: &[&str]) -> Result<()> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    let command = announced(apt_get(repo, &arguments)?);
    Step::new(repo, "apt-install", &format!("apt-get install {}", packages.join(" ")), command)
        .may_ask()
        .on_failure(&format!("run it by hand: {}", command_line(packages)))
        .run()?;
    Ok(())
}

/// Prints the exact command before it runs.
fn announced(command: Command) -> Command {
    say::line(&format!("  {}", spelled(&command)));
    command
}

/// The command as a person would type it; none of its words contains a space.
fn spelled(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn apt_get(repo: &Repo, arguments: &[&str]) -> Result<Command> {
    let mut command = if platform::is_root() {
        commands::native(repo, "env")?
    } else {
        let mut sudo = commands::native(repo, "sudo")?;
        sudo.arg("env");
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        // Waits for another apt process to finish.
        .args(["-o", "DPkg::Lock::Timeout=600"])
        .args(arguments);
    Ok(command)
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_it_runs() {
        let mut command = Command::new("sudo");
        command.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "lld"]);
        assert_eq!(spelled(&command), "sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes lld");
    }
}
