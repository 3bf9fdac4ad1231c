//! Runs `retries.json` and `ring.json` step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use attention_core::call::{Attempt, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL, RequestError};
use attention_core::{Action, Call, Error, Method, Timestamp, Upstream};

use crate::steps::{Keys, RingState, Script, Step, Then, ring};
use crate::text::Body;
use crate::{Check, Shared, same};

/// The result of a step.
enum Outcome {
    Nothing,
    Action(Action),
    Refused(RequestError),
}

impl Check for Script {
    fn check(&self, shared: &Shared) -> Result<(), String> {
        let keys = self.keys.as_ref().unwrap_or(&shared.keys);
        let base = BaseUrl::parse(DEFAULT_BASE_URL).expect("a base URL");
        let made = ring(&keys.current, keys.next.as_deref(), keys.token).map_err(|error| error.to_string())?;
        let mut play = Play { upstream: Upstream::new(base, made), calls: BTreeMap::new(), now: shared.now };
        for (index, step) in self.steps.iter().enumerate() {
            let told = |complaint| format!("step {}, at {} ms: {complaint}", index + 1, step.at);
            let outcome = play.perform(step).map_err(told)?;
            play.check(step, outcome, keys).map_err(told)?;
        }
        Ok(())
    }
}

struct Play {
    upstream: Upstream,
    calls: BTreeMap<String, Call>,
    now: u64,
}

impl Play {
    fn perform(&mut self, step: &Step) -> Result<Outcome, String> {
        let now = Timestamp::from_unix_millis(self.now + step.at);
        let upstream = &mut self.upstream;
        if let Some(keys) = &step.replace_keys {
            let made = ring(&keys.current, keys.next.as_deref(), keys.token).map_err(|error| error.to_string())?;
            upstream.replace_keys(made);
            return Ok(Outcome::Nothing);
        }
        if let Some(begin) = &step.begin {
            let Some(method) = Method::parse(&begin.method) else {
                return Ok(Outcome::Refused(RequestError::Method));
            };
            let mut call = Call::new(begin.options(method), now);
            let action = call.start(upstream, now);
            self.calls.insert(step.call.clone(), call);
            return Ok(Outcome::Action(action));
        }
        let call = self.calls.get_mut(&step.call).ok_or("no such call")?;
        Ok(Outcome::Action(match (step.response, step.failure, step.waited) {
            (Some(status), None, false) => call.on_response(upstream, status, &step.headers, now, step.unit),
            (None, Some(failure), false) => call.on_failure(upstream, failure.into(), now, step.unit),
            (None, None, true) => call.on_waited(upstream, now),
            _ => return Err("a step must have exactly one event".to_owned()),
        }))
    }

    fn check(&mut self, step: &Step, outcome: Outcome, keys: &Keys) -> Result<(), String> {
        let then = &step.then;
        match (then.action.as_str(), outcome) {
            ("none", Outcome::Nothing) | ("success", Outcome::Action(Action::Done(Verdict::Success))) => {}
            ("send", Outcome::Action(Action::Send(attempt))) => then.check_attempt(attempt)?,
            ("wait", Outcome::Action(Action::Wait(wait))) => {
                same("wait", Some(wait), then.millis.map(Duration::from_millis))?;
            }
            ("rejected", Outcome::Action(Action::Done(Verdict::Rejected))) => {
                let body = step.body.as_ref().map(Body::build).unwrap_or_default();
                let now = Timestamp::from_unix_millis(self.now + step.at);
                then.check_error(
                    &self.calls[&step.call].error(&self.upstream, &String::from_utf8_lossy(&body), now),
                    keys,
                )?;
            }
            ("failed", Outcome::Action(Action::Done(Verdict::Failed(error)))) => then.check_error(&error, keys)?,
            ("refused", Outcome::Refused(error)) => then.check_error(&error.into(), keys)?,
            (expected, Outcome::Action(action)) => return Err(format!("got {action:?}, expected {expected}")),
            (expected, _) => return Err(format!("the call was refused, expected {expected}")),
        }
        let switch = self.upstream.take_switch().map(|switch| switch.to.as_str().to_owned());
        same("switch", switch, then.switch.clone())?;
        then.keys.as_ref().map_or(Ok(()), |keys| same("keys", &RingState::of(&self.upstream), keys))
    }
}

impl Then {
    fn check_attempt(&self, attempt: Attempt) -> Result<(), String> {
        same("slot", Some(attempt.slot.as_str()), self.slot.as_deref())?;
        same("timeout", attempt.timeout, self.timeout.map(Duration::from_millis))
    }

    fn check_error(&self, error: &Error, keys: &Keys) -> Result<(), String> {
        let secrets: Vec<&str> = [Some(keys.current.as_str()), keys.next.as_deref()].into_iter().flatten().collect();
        self.error.as_ref().ok_or("the case names no error")?.check(error, &secrets)
    }
}
