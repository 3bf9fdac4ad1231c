//! The steps between the policy and the API: the platform's counter, the cache, the request's body.

use core::time::Duration;

use attention_core::call::{CallOptions, Operation};
use attention_core::{Call, Headers, Timestamp};

use super::{Exchange, Stage, Step, Streaming, Upload};
use crate::answer::coding;
use crate::answer::problem::Problem;
use crate::authorize::Forward;
use crate::authorize::policy::BodyLength;
use crate::cache::{Found, Owner};
use crate::deployment::Deployment;
use crate::limits;
use crate::limits::proof::Cell;

/// A request body up to this size with a `Content-Length` is held, so that the call can be sent again after a 401 or a
/// 429.
pub(super) const HELD_BODY_BYTES: u64 = 256 * 1024;

/// The longest JSON-RPC message that is read.
const MESSAGE_BYTES: usize = 256 * 1024;

/// For each of so many bytes of its body a caller has a second, beside the time that a call has. A line of half a
/// megabit a second is as fast.
const UPLOAD_BYTES_A_SECOND: u64 = 64 * 1024;

/// What a body counts as that comes in chunks and announces no length: the longest that Cloudflare lets through by its
/// smaller plans.
const UNANNOUNCED_BYTES: u64 = 100 * 1024 * 1024;

/// How long a caller may take over a body, where a call may take as long as `timeout`.
pub(super) fn patience(timeout: Duration, body: BodyLength) -> Duration {
    let bytes = match body {
        BodyLength::NoBody => 0,
        BodyLength::Announced(bytes) => bytes,
        BodyLength::Unknown => UNANNOUNCED_BYTES,
    };
    timeout.saturating_add(Duration::from_secs(bytes / UPLOAD_BYTES_A_SECOND))
}

impl Exchange {
    /// The policy allows the request. `Err` means that it is refused nevertheless.
    pub(super) fn forward(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        forward: Forward,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.open_conversation(deployment, request, &forward)?;
        self.upload = Upload::of(self.request.body, &forward);
        self.cell = Cell::of(self.facts.seat(), &forward.url, deployment.upstream.base().as_str());
        self.forward = Some(forward);
        deployment.breaker.admit(&self.cell, now).map_err(Problem::circuit_open)?;
        if deployment.config.has_limiter {
            self.counted = true;
            self.go(Stage::Counting, Step::Count { timeout: limits::ANSWER_WITHIN });
            return Ok(());
        }
        self.look_up(deployment, request, now)
    }

    pub(super) fn on_counted(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        may: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if may {
            self.look_up(deployment, request, now)
        } else {
            Err(Problem::caller_rate_limited(limits::PLATFORM_PERIOD))
        }
    }

    /// Looks for the response in the cache.
    fn look_up(&mut self, deployment: &mut Deployment, request: &dyn Headers, now: Timestamp) -> Result<(), Problem> {
        if let Some(forward) = &self.forward
            && let Some(most) = forward.cache
        {
            let owner = Owner::new(&self.facts.holder(), &self.facts.policy, self.facts.session.as_deref());
            let visited = deployment.cache.visit(&forward.url, &owner, most, request, now);
            let (visit, found) = visited.map_or((None, Found::Absent), |(visit, found)| (Some(visit), found));
            self.visit = visit;
            match found {
                Found::Fresh(stored) => {
                    self.go(Stage::Over, Step::Serve(stored));
                    return Ok(());
                }
                Found::Stale { condition } => self.condition = Some(condition),
                Found::Absent => {}
            }
        }
        match self.upload {
            Upload::Absent | Upload::Streamed => return self.start(deployment, request, now),
            Upload::Inspected => {
                let most = BodyLength::Announced(MESSAGE_BYTES as u64);
                let patience = patience(deployment.config.timeout, most);
                self.go(Stage::ReadingMessage(now), Step::ReadRequest { limit: MESSAGE_BYTES, patience });
            }
            Upload::Held => {
                let patience = patience(deployment.config.timeout, self.request.body);
                self.go(Stage::Holding(now), Step::HoldRequest { patience });
            }
        }
        Ok(())
    }

    /// The time that the caller took over the body does not count towards the call's timeout.
    pub(super) fn took_over_the_body(&mut self, since: Timestamp, now: Timestamp) {
        self.begun = self.begun.saturating_add(now.saturating_since(since));
    }

    /// How to send a body that streams.
    pub(super) fn streaming(&self, timeout: Option<Duration>, now: Timestamp) -> Option<Streaming> {
        let length = match self.request.body {
            _ if self.upload != Upload::Streamed => return None,
            BodyLength::Announced(length) => Some(length),
            BodyLength::NoBody | BodyLength::Unknown => None,
        };
        let whole = self.lasts_for(now);
        let patience = patience(timeout.unwrap_or_default(), self.request.body);
        Some(Streaming { length, patience, whole })
    }

    pub(super) fn on_held(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        whole: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if whole { self.start(deployment, request, now) } else { Err(Problem::broken_upload()) }
    }

    /// Begins the call to the API. Its timeout runs from the arrival of the request, without the time that the caller took
    /// over the body.
    pub(super) fn start(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let forward = self.forward.as_ref().ok_or_else(Problem::internal)?;
        self.codings = request.get("accept-encoding").and_then(|asked| coding::asked_for(&asked));
        let options = CallOptions {
            // Nothing in a caller's request permits repeating it: the API is not known to honour `Idempotency-Key`.
            idempotent: None,
            replayable: self.upload != Upload::Streamed,
            retry: deployment.config.retry.clone(),
            timeout: Some(deployment.config.timeout),
            // All MCP messages have the same path, whatever they do.
            operation: (!forward.is_mcp).then(|| Operation::of(forward.method, &forward.url)),
            ..CallOptions::new(forward.method)
        };
        let mut call = Call::new(options, self.begun);
        let action = call.start(&mut deployment.upstream, now);
        self.call = Some(call);
        self.follow(deployment, action, now)
    }
}
