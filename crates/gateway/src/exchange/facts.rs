//! The facts about a request that are collected for its response and its log line.

use alloc::string::String;
use core::time::Duration;

use attention_core::call::Switch;
use attention_core::{Error, Method, Timestamp};

use crate::authorize::identity::NamedBy;
use crate::authorize::sources::Noted;
use crate::limits::rate::{Holder, Rate};

/// Filled in step by step; facts that were never established are not logged.
#[derive(Debug)]
pub struct Facts {
    pub(crate) request_id: String,
    pub(crate) started: Timestamp,
    pub(crate) method: Option<Method>,
    /// The caller's name, once it is known.
    pub(crate) caller: Option<String>,
    pub(crate) named_by: NamedBy,
    /// The caller's own limit.
    pub(crate) limit: Option<Rate>,
    /// When its credential expires.
    pub(crate) ends_at: Option<Timestamp>,
    /// The id of its session.
    pub(crate) session: Option<String>,
    /// Whether the operator has revoked that session.
    pub(crate) is_revocation: bool,
    /// The name of the caller's policy.
    pub(crate) policy: String,
    /// The id of its trace.
    pub(crate) trace: Option<String>,
    /// The pattern of the policy's rule. The path is not kept, because it contains ids and is a caller's text.
    pub(crate) route: Option<String>,
    /// The MCP tools that it calls.
    pub(crate) tool: Option<String>,
    pub(crate) code: Option<&'static str>,
    /// The origin of the requesting page, once it is allowed.
    pub(crate) page: Option<String>,
    pub(crate) upstream_status: Option<u16>,
    pub(crate) upstream_time: Duration,
    pub(crate) upstream_error: Option<Error>,
    pub(crate) switch: Option<Switch>,
    /// The problem, for the operator only.
    pub(crate) fault: Option<String>,
    /// The next step for the operator.
    pub(crate) hint: Option<&'static str>,
    /// The source of refused credentials, and whether a line reports them.
    pub(crate) refusal: Option<Noted>,
    /// A probe arrives every few seconds, and its response is recorded elsewhere.
    pub(crate) is_probe: bool,
}

impl Facts {
    pub(crate) const fn new(request_id: String, method: Option<Method>, started: Timestamp) -> Self {
        Self {
            request_id,
            started,
            method,
            caller: None,
            named_by: NamedBy::Configuration,
            limit: None,
            ends_at: None,
            session: None,
            is_revocation: false,
            policy: String::new(),
            trace: None,
            route: None,
            tool: None,
            code: None,
            page: None,
            upstream_status: None,
            upstream_time: Duration::ZERO,
            upstream_error: None,
            switch: None,
            fault: None,
            hint: None,
            refusal: None,
            is_probe: false,
        }
    }

    /// The identity by which fair shares are computed: each session counts separately.
    pub(crate) fn seat(&self) -> String {
        let caller = self.holder();
        if self.session.is_none() {
            return caller;
        }
        Holder { caller: &caller, session: self.session.as_deref() }.text().into_owned()
    }

    /// The identity by which calls are counted: the caller, and additionally the session if the caller has a limit.
    pub(crate) fn counted_as(&self) -> String {
        let caller = self.holder();
        let session = self.session.as_deref().filter(|_| self.limit.is_some());
        Holder { caller: &caller, session }.text().into_owned()
    }

    /// Whether its credential has expired.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// A unique identity of the caller: an issuer may name somebody like a configured caller.
    pub(crate) fn holder(&self) -> String {
        let prefix = match self.named_by {
            NamedBy::Issuer => "jwt:",
            NamedBy::Configuration => "",
        };
        [prefix, self.caller.as_deref().unwrap_or_default()].concat()
    }
}
