//! What becomes of the API's answer, and what the answer carries.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::call::MAX_ERROR_BODY_BYTES;
use attention_core::{Headers, Timestamp};

use super::calling::Response;
use super::{Body, Exchange, HeaderEdit, Pass, Stage, Step, in_millis};
use crate::answer::problem::Problem;
use crate::answer::{echo, members};
use crate::authorize::cors;
use crate::cache::{Pending, Unconfirmed};
use crate::deployment::{Deployment, Misconfigured};
use crate::log::{CallRecord, DataPoint, LogSettings, Record, SwitchRecord};

/// An answer that is to be redacted is taken apart in memory, of which an isolate has 128 MB.
const REDACTABLE_BYTES: usize = 8 * 1024 * 1024;

/// What is left of a request that has been answered.
#[derive(Debug)]
pub struct Finished {
    /// Its log line, when the configuration wants one.
    pub line: Option<String>,
    /// Whether the request is a known caller's, rather than a stranger's, a probe or the operator's.
    pub is_call: bool,
}

impl Exchange {
    /// The API answered with a success, or with 304 to a condition.
    pub(super) fn on_success(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        response: &Response<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let &Response { status, headers, .. } = response;
        if let Some(visit) = &mut self.visit
            && status == 304
            && self.condition.is_some()
        {
            let keys = deployment.upstream.keys();
            let echoes = |value: &str| echo::echoes(keys, value);
            let confirmed = visit.confirmed(&mut deployment.cache, headers, request, echoes, now);
            let stored = confirmed.map_err(|Unconfirmed| Problem::unconfirmed())?;
            self.go(Stage::Over, Step::Serve(stored));
            return Ok(());
        }
        let redacts = self.forward.as_ref().is_some_and(|forward| !forward.redact.is_empty());
        let keep = self.keep(deployment, status, headers, redacts, now);
        if redacts {
            self.kept = keep;
            let timeout = deployment.config.timeout;
            self.go(Stage::Redacting, Step::ReadResponse { limit: REDACTABLE_BYTES, timeout });
        } else {
            self.pass(Body::Streamed { keep }, Vec::new());
        }
        Ok(())
    }

    fn keep(
        &self,
        deployment: &mut Deployment,
        status: u16,
        headers: &dyn Headers,
        rewritten: bool,
        now: Timestamp,
    ) -> Option<Pending> {
        let keys = deployment.upstream.keys();
        let echoes = |value: &str| echo::echoes(keys, value);
        self.visit.as_ref()?.keep(&mut deployment.cache, status, headers, echoes, rewritten, now)
    }

    /// The body of an answer of which something is taken out. It was read decoded, and is no longer what the
    /// entity tag names.
    pub(super) fn on_redactable(&mut self, deployment: &mut Deployment, body: Option<Vec<u8>>) -> Result<(), Problem> {
        let names = self.forward.as_ref().map_or(&[][..], |forward| &forward.redact);
        let edits = [("content-encoding", None), ("etag", None)].into();
        let kept = self.kept.take();
        let body = match body {
            // An answer with nothing in it is its status.
            Some(body) if body.is_empty() => Body::Empty,
            Some(body) => {
                let bytes = members::redact(&body, names).map_err(|_| Problem::unredactable())?;
                let keep = kept.and_then(|kept| kept.store(&mut deployment.cache, bytes.len()));
                Body::Replaced { bytes, keep }
            }
            None => return Err(Problem::unredactable()),
        };
        self.pass(body, edits);
        Ok(())
    }

    /// The API refused the call: what it says is read, since it may echo the key.
    pub(super) fn read_error(&mut self, deployment: &Deployment) {
        let timeout = deployment.config.timeout;
        self.go(Stage::ReadingError, Step::ReadResponse { limit: MAX_ERROR_BODY_BYTES, timeout });
    }

    /// The body of an error. Half of it may not pass for all, and half a key would not be found in it.
    pub(super) fn on_error_body(
        &mut self,
        deployment: &Deployment,
        body: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let upstream = &deployment.upstream;
        let body = body.unwrap_or_default();
        let call = self.call.as_ref().ok_or_else(Problem::internal)?;
        let error = call.error(upstream, &String::from_utf8_lossy(&body), now);
        let problem = Problem::of_upstream(&error);
        self.facts.upstream_error = Some(error);
        if let Some(problem) = problem {
            return Err(problem);
        }
        let edits = [
            // It was read decoded.
            ("content-encoding", None),
            // No error is worth keeping, whatever the API says of caches.
            ("cache-control", Some(Cow::Borrowed("private, no-store"))),
        ];
        self.pass(Body::Replaced { bytes: echo::scrubbed(upstream.keys(), body), keep: None }, edits.into());
        Ok(())
    }

    fn pass(&mut self, body: Body, edits: Vec<HeaderEdit>) {
        self.go(Stage::Over, Step::Pass(Pass { body, edits }));
    }

    /// What the answer carries beside its own headers, as names and values: the request's name, how long the API
    /// took when it was asked and answered, and what lets the page that asked read it.
    pub fn headers(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut headers = Vec::with_capacity(4);
        headers.push(("x-request-id", Cow::Borrowed(self.request_id())));
        if matches!(self.step, Step::Pass(_) | Step::Serve(_)) && self.facts.upstream_status.is_some() {
            let took = ["upstream;dur=", &in_millis(self.facts.upstream_time)].concat();
            headers.push(("server-timing", Cow::Owned(took)));
        }
        if let Some(page) = &self.facts.page {
            headers.extend(cors::headers(page).map(|(name, value)| (name, Cow::Borrowed(value))));
        }
        headers
    }

    /// The request has been answered with `status`. `jitter` is a random number from 0 to 1.
    pub fn finish(
        &self,
        deployment: Result<&Deployment, &Misconfigured>,
        status: u16,
        now: Timestamp,
        jitter: f64,
    ) -> Finished {
        let record = self.record(deployment.ok(), status, now);
        let settings = deployment.map_or_else(|_| LogSettings::default(), |deployment| deployment.config.log);
        // What a line of its source tells of already needs none.
        let is_told = self.facts.refusal.as_ref().is_none_or(|noted| noted.told.is_some());
        let line = if is_told { settings.line(&record, self.facts.is_probe, jitter) } else { None };
        Finished { line, is_call: self.facts.caller.is_some() }
    }

    /// What Analytics Engine keeps of a request that is about to be answered with `status`.
    pub fn point(&self, deployment: Option<&Deployment>, status: u16, now: Timestamp) -> DataPoint {
        self.record(deployment, status, now).data_point()
    }

    fn record<'a>(&'a self, deployment: Option<&Deployment>, status: u16, now: Timestamp) -> Record<'a> {
        let facts = &self.facts;
        let key = |slot| deployment.and_then(|deployment| deployment.upstream.keys().fingerprint(slot));
        Record {
            at: now,
            took: now.saturating_since(facts.started),
            status,
            request_id: &facts.request_id,
            method: facts.method,
            caller: facts.caller.as_deref(),
            session: facts.session.as_deref(),
            route: facts.route.as_deref(),
            code: facts.code,
            fault: facts.fault.as_deref(),
            hint: facts.hint,
            source: facts.refusal.as_ref().map(|noted| noted.source.as_str()),
            refusals: facts.refusal.as_ref().and_then(|noted| noted.told),
            trace: facts.trace.as_deref(),
            cache: self.visit.as_ref().map(|visit| visit.outcome().as_str()),
            call: self.call.as_ref().map(|call| CallRecord {
                tries: call.attempts(),
                key: key(call.slot()),
                took: facts.upstream_time,
            }),
            upstream_status: facts.upstream_status,
            upstream_error: facts.upstream_error.as_ref(),
            switch: facts.switch.map(|switch| SwitchRecord { from: key(switch.from), to: key(switch.to) }),
        }
    }
}
