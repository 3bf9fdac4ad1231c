//! Child processes that never outlive the chore.
//!
//! Each child leads its own process group, and the whole group ends with it: at the end of the step, on Ctrl-C or
//! SIGTERM, and on an error or a panic (by `Drop`). So Ctrl-C in a terminal reaches only this process, which then stops
//! the children in order.

use std::process::{self, ChildStderr, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::platform::{Ending, Group};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static GROUPS: Mutex<Vec<Group>> = Mutex::new(Vec::new());

/// How long a child may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(3);

const POLL: Duration = Duration::from_millis(25);

/// From now on SIGINT, SIGTERM and SIGHUP stop the children and end the chore. A second signal does not wait for them.
pub(crate) fn stop_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        let again = INTERRUPTED.swap(true, Ordering::SeqCst);
        let ending = if again { Ending::Forced } else { Ending::Asked };
        for group in groups().iter() {
            group.end(ending);
        }
        if again {
            process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

pub(crate) fn check() -> Result<()> {
    if interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

fn groups() -> MutexGuard<'static, Vec<Group>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running child. It and its process group end at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    inner: process::Child,
    group: Option<Group>,
    ended: bool,
}

impl Child {
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        Group::lead(command);
        Self::spawn_as_is(command, true)
    }

    /// For a child that may prompt on the terminal, such as sudo for a password; a background group could not read it.
    pub(crate) fn spawn_in_foreground(command: &mut Command) -> Result<Self> {
        Self::spawn_as_is(command, false)
    }

    fn spawn_as_is(command: &mut Command, leads_group: bool) -> Result<Self> {
        check()?;
        // Held while spawning, so that no signal arrives between the start of a group and its registration.
        let mut groups = groups();
        let inner = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let group = if leads_group { Group::of(&inner) } else { None };
        groups.extend(group);
        drop(groups);
        let child = Self { inner, group, ended: false };
        check()?;
        Ok(child)
    }

    /// The child's piped standard error; available once.
    pub(crate) fn stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr.take()
    }

    /// The status, once the child has ended.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.inner.try_wait().context("cannot wait for a child")?;
        if status.is_some() {
            self.ended = true;
            self.end_group();
        }
        Ok(status)
    }

    /// Waits until the child ends, calling `tick` meanwhile. `None` if the deadline passed or the chore was
    /// interrupted; the child has been stopped then.
    pub(crate) fn wait(&mut self, deadline: Option<Instant>, mut tick: impl FnMut()) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self.poll()? {
                return Ok(Some(status));
            }
            if interrupted() || deadline.is_some_and(|at| Instant::now() >= at) {
                self.stop();
                return Ok(None);
            }
            tick();
            thread::sleep(POLL);
        }
    }

    /// Asks the group to end, and kills it after the grace period.
    pub(crate) fn stop(&mut self) {
        if self.ended {
            return;
        }
        if let Some(group) = self.group {
            group.end(Ending::Asked);
        }
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if matches!(self.inner.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(POLL);
        }
        // Before the wait: once an ended leader is waited for, its id can be reused; the id of a group with members
        // cannot.
        if let Some(group) = self.group {
            group.end(Ending::Forced);
        }
        let _ = self.inner.kill();
        let _ = self.inner.wait();
        self.ended = true;
        self.end_group();
    }

    /// Ends whatever the leader left running.
    fn end_group(&mut self) {
        if let Some(group) = self.group.take() {
            group.end(Ending::Forced);
            groups().retain(|known| *known != group);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_and_its_children_end_when_dropped() {
        let child = Child::spawn(Command::new("sh").args(["-c", "sleep 60 & sleep 60"])).unwrap();
        let group = child.group.unwrap();
        assert!(group.is_alive());
        drop(child);
        // The grandchild is now an orphan; its new parent may take a moment to reap it.
        let deadline = Instant::now() + GRACE;
        while group.is_alive() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        assert!(!group.is_alive());
    }

    #[test]
    fn a_deadline_stops_a_child() {
        let mut child = Child::spawn(Command::new("sleep").arg("60")).unwrap();
        let status = child.wait(Some(Instant::now()), || ()).unwrap();
        assert!(status.is_none());
        assert!(child.ended);
    }

    #[test]
    fn an_ended_child_reports_its_status() {
        let mut child = Child::spawn(Command::new("sh").args(["-c", "exit 7"])).unwrap();
        let status = child.wait(None, || ()).unwrap();
        assert_eq!(status.and_then(|status| status.code()), Some(7));
    }
}
