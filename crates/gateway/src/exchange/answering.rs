//! Handles the API's response, and builds the response to the caller.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use attention_core::call::MAX_ERROR_BODY_BYTES;
use attention_core::{Headers, Timestamp};

use super::calling::Response;
use super::{Body, Exchange, HeaderEdit, Pass, Stage, Step, in_millis};
use crate::answer::header_policy::Edited;
use crate::answer::problem::Problem;
use crate::answer::status::is_without_content;
use crate::answer::{coding, echo, media_type, members, tool_list};
use crate::authorize::cors;
use crate::cache::{Answer, Unconfirmed};
use crate::deployment::{Deployment, Misconfigured, Version};
use crate::ledger::Ledger;
use crate::log::{CallRecord, DataPoint, LogSettings, Record, SwitchRecord};

/// A response that is redacted is held in memory; see [`Room`](crate::answer::room::Room).
const REDACTABLE_BYTES: usize = 8 * 1024 * 1024;

/// Lists of tools are meant for a model to read and come in pages. They are parsed into parts, which take more memory
/// than the bytes.
const LIST_BYTES: usize = 1024 * 1024;

/// The remains of an answered request.
#[derive(Debug)]
pub struct Finished {
    /// Its log line, if the configuration requires one.
    pub line: Option<String>,
    /// Whether the request is from a known caller, and not from a stranger, a probe or the operator.
    pub is_call: bool,
}

/// The JSON without these members. `None` for a string, whose content cannot be redacted.
fn redacted(json: &[u8], names: &[String]) -> Option<Vec<u8>> {
    let left = members::redact(json, names).ok()?;
    (left.first() != Some(&b'"')).then_some(left)
}

/// Whether the head states that there is no body.
fn is_empty(headers: &dyn Headers) -> bool {
    headers.get("content-length").is_some_and(|length| length.trim_ascii() == "0")
}

impl Exchange {
    /// The API responded with a success, or with 304 to a condition.
    pub(super) fn on_success(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        response: &Response<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let &Response { status, headers, .. } = response;
        let edits = mem::take(&mut self.edits);
        let down = Edited { headers, edits: &edits };
        let answer = Answer { status, headers, down: &down, rewritten: self.rewrites() };
        let (keys, glance) = (deployment.upstream.keys(), &deployment.glance);
        let echoes = |value: &str| glance.echoes(keys, value);
        if let Some(visit) = &mut self.visit
            && status == 304
            && self.condition.is_some()
        {
            let confirmed = visit.confirmed(&mut deployment.cache, &answer, request, echoes, now);
            let stored = confirmed.map_err(|Unconfirmed| Problem::unconfirmed())?;
            self.go(Stage::Over, Step::Serve(stored));
            return Ok(());
        }
        let keep = self.visit.as_ref().and_then(|visit| visit.keep(&mut deployment.cache, &answer, echoes, now));
        let method = self.forward.as_ref().ok_or_else(Problem::internal)?.method;
        if is_without_content(method, status) {
            self.pass(Body::Empty, edits);
        } else if !self.rewrites() {
            self.pass(Body::Streamed { keep }, edits);
        } else if self.answers_in_readable_events(headers) || is_empty(headers) || media_type::is_json(headers) {
            (self.kept, self.edits) = (keep, edits);
            let limit = if self.filters_tools() { LIST_BYTES } else { REDACTABLE_BYTES };
            self.read(deployment, Stage::Redacting, limit, now);
        } else {
            return Err(self.untakable());
        }
        Ok(())
    }

    /// Whether the response is a stream of events from which only tools are removed.
    fn answers_in_readable_events(&mut self, headers: &dyn Headers) -> bool {
        let has_members_to_hide = self.forward.as_ref().is_some_and(|forward| !forward.redact.is_empty());
        let in_events = media_type::is_events(headers) && self.filters_tools() && !has_members_to_hide;
        if let Some(conversation) = &mut self.conversation {
            conversation.answers_in_events = in_events;
        }
        in_events
    }

    /// The response without the members and tools that the caller may not see.
    fn taken_apart(&self, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let forward = self.forward.as_ref().ok_or_else(Problem::internal)?;
        let is_stream = self.conversation.as_ref().is_some_and(|conversation| conversation.answers_in_events);
        let listed = match self.filters_tools() {
            true if is_stream => tool_list::in_events(&body, &forward.tools),
            true => tool_list::in_json(&body, &forward.tools),
            false => return redacted(&body, &forward.redact).ok_or_else(Problem::unredactable),
        };
        // Freed before a third copy is made.
        drop(body);
        let listed = listed.map_err(|tool_list::Unreadable| Problem::mcp_list())?;
        if forward.redact.is_empty() {
            return Ok(listed);
        }
        redacted(&listed, &forward.redact).ok_or_else(Problem::unredactable)
    }

    /// The response cannot be redacted.
    fn untakable(&self) -> Problem {
        if self.filters_tools() { Problem::mcp_list() } else { Problem::unredactable() }
    }

    /// Has the response's body read, within the memory budget shared by all requests.
    fn read(&mut self, deployment: &mut Deployment, stage: Stage, limit: usize, now: Timestamp) {
        let timeout = deployment.config.timeout;
        // After this time a late report gets no share, and the share of a request whose caller left is released.
        self.share = Some(deployment.room.share(now.saturating_add(timeout)));
        self.go(stage, Step::ReadResponse { limit, timeout });
    }

    /// The body of a response that is redacted.
    pub(super) fn on_redactable(&mut self, deployment: &mut Deployment, body: Option<Vec<u8>>) -> Result<(), Problem> {
        let (kept, edits) = (self.kept.take(), mem::take(&mut self.edits));
        let forward = self.forward.as_ref().ok_or_else(Problem::internal)?;
        let body = match body {
            // A response without a body is complete with its status.
            Some(body) if body.is_empty() => Body::Empty,
            Some(body) => {
                let bytes = self.taken_apart(body)?;
                if let Some(share) = &self.share {
                    share.shrink(bytes.len());
                }
                let keep = kept.and_then(|kept| kept.store(&mut deployment.cache, bytes.len()));
                Body::Replaced { bytes, keep }
            }
            None if self.is_crowded_out => return Err(Problem::crowded_out(forward.method)),
            None => return Err(self.untakable()),
        };
        self.pass(body, edits);
        Ok(())
    }

    /// The API refused the call. Its message is read, because it may echo the key.
    pub(super) fn read_error(
        &mut self,
        deployment: &mut Deployment,
        headers: &dyn Headers,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if !coding::is_decoded(headers.get("content-encoding").as_deref()) {
            return self.on_error_body(deployment, None, now);
        }
        self.read(deployment, Stage::ReadingError, MAX_ERROR_BODY_BYTES, now);
        Ok(())
    }

    /// The body of an error. A truncated body must not pass for a complete one, and part of a key at its end would not
    /// be found.
    pub(super) fn on_error_body(
        &mut self,
        deployment: &Deployment,
        body: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let upstream = &deployment.upstream;
        let body = body.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let told = echo::scrubbed(upstream.keys(), &text).unwrap_or_default();
        let call = self.call.as_ref().ok_or_else(Problem::internal)?;
        let error = call.error(upstream, &told, now);
        let problem = Problem::of_upstream(&error);
        self.facts.upstream_error = Some(error);
        if let Some(problem) = problem.or_else(|| self.out_of_place.take()) {
            return Err(problem);
        }
        let method = self.forward.as_ref().ok_or_else(Problem::internal)?.method;
        if is_without_content(method, self.facts.upstream_status.unwrap_or_default()) {
            let edits = mem::take(&mut self.edits);
            self.pass(Body::Empty, edits);
            return Ok(());
        }
        // Text that is not UTF-8 contains nothing that an error needs, and could not be searched for a key.
        let is_text = matches!(text, Cow::Borrowed(_));
        let names = self.forward.as_ref().map_or(&[][..], |forward| &forward.redact);
        let bytes = match told {
            _ if !is_text => Vec::new(),
            told if names.is_empty() || told.is_empty() => told.into_owned().into_bytes(),
            // Its members may be those that the caller may not see elsewhere.
            told => redacted(told.as_bytes(), names).unwrap_or_default(),
        };
        let mut edits = mem::take(&mut self.edits);
        if bytes != body {
            edits.push(("etag", None));
        }
        if bytes.is_empty() {
            edits.extend(["content-type", "content-language", "content-disposition"].map(|name| (name, None)));
        }
        self.pass(Body::Replaced { bytes, keep: None }, edits);
        Ok(())
    }

    fn pass(&mut self, body: Body, edits: Vec<HeaderEdit>) {
        self.go(Stage::Over, Step::Pass(Pass { body, edits }));
    }

    /// The additional headers of the response, as names and values: the request id, the API's duration if it was
    /// called, and those that let the requesting page read the response.
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
        // A refusal that another line of its source reports needs no line.
        let is_told = self.facts.refusal.as_ref().is_none_or(|noted| noted.told.is_some());
        let line = if is_told { settings.line(&record, self.facts.is_probe, jitter) } else { None };
        Finished { line, is_call: self.facts.caller.is_some() }
    }

    /// Counts a request that was answered with `status`, if it is from a known caller and not from a stranger, a probe
    /// or the operator.
    pub fn count(&self, deployment: Option<&Deployment>, ledger: &mut Ledger, status: u16, now: Timestamp) {
        if self.facts.caller.is_some() {
            ledger.note_call(&self.record(deployment, status, now));
        }
    }

    /// The Analytics Engine data point of a request that is about to be answered with `status`.
    pub fn point(&self, deployment: Option<&Deployment>, status: u16, now: Timestamp) -> DataPoint {
        self.record(deployment, status, now).data_point()
    }

    fn record<'a>(&'a self, deployment: Option<&'a Deployment>, status: u16, now: Timestamp) -> Record<'a> {
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
            is_revocation: facts.is_revocation,
            route: facts.route.as_deref(),
            tool: facts.tool.as_deref(),
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
            version: deployment.and_then(|deployment| deployment.config.version.as_ref()).map(Version::record),
        }
    }
}
