//! The steps between the policy and the API: the platform's counter, the cache, the request's body.

use attention_core::call::{CallOptions, Operation};
use attention_core::{Call, Headers, Timestamp};

use super::{Exchange, Stage, Step, Upload};
use crate::answer::coding;
use crate::answer::problem::Problem;
use crate::authorize::Forward;
use crate::cache::{Found, Owner};
use crate::deployment::Deployment;
use crate::limits;
use crate::limits::proof::Cell;

/// A request body up to this size with a `Content-Length` is held, so that the call can be sent again after a 401 or a
/// 429.
pub(super) const HELD_BODY_BYTES: u64 = 256 * 1024;

/// The longest JSON-RPC message that is read.
const MESSAGE_BYTES: usize = 256 * 1024;

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
            Upload::Inspected => self.go(Stage::ReadingMessage, Step::ReadRequest { limit: MESSAGE_BYTES }),
            Upload::Held => self.go(Stage::Holding, Step::HoldRequest),
        }
        Ok(())
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

    /// Begins the call to the API. Its timeout runs from the arrival of the request.
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
        let mut call = Call::new(options, self.facts.started);
        let action = call.start(&mut deployment.upstream, now);
        self.call = Some(call);
        self.follow(deployment, action, now)
    }
}
