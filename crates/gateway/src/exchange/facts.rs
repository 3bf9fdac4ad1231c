//! What becomes known of a request on its way, for its answer and its log line.

use alloc::string::String;
use core::time::Duration;

use attention_core::call::Switch;
use attention_core::{Error, Method, Timestamp};

use crate::authorize::identity::NamedBy;
use crate::authorize::sources::Noted;
use crate::limits::rate::{Holder, Rate};

/// Filled in on the way; what was never reached stays out of the line.
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
    /// When what it came with ends.
    pub(crate) ends_at: Option<Timestamp>,
    /// The id of the session that it came with.
    pub(crate) session: Option<String>,
    /// The operator has revoked that session.
    pub(crate) is_revocation: bool,
    /// The name of the caller's policy.
    pub(crate) policy: String,
    /// The trace that it is part of.
    pub(crate) trace: Option<String>,
    /// The policy's pattern rather than the path: paths hold ids, and are a caller's text.
    pub(crate) route: Option<String>,
    /// The MCP tools that it calls.
    pub(crate) tool: Option<String>,
    pub(crate) code: Option<&'static str>,
    /// The origin of the page that asked, once it is allowed.
    pub(crate) page: Option<String>,
    pub(crate) upstream_status: Option<u16>,
    pub(crate) upstream_time: Duration,
    pub(crate) upstream_error: Option<Error>,
    pub(crate) switch: Option<Switch>,
    /// What the operator has to know, beside the request itself.
    pub(crate) fault: Option<String>,
    /// What there is to do about it.
    pub(crate) hint: Option<&'static str>,
    /// Where refused credentials come from, and whether the line that tells of them is to be.
    pub(crate) refusal: Option<Noted>,
    /// A probe asks every few seconds, and its answer is its own record.
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

    /// Who may keep others from nothing: each session is one for itself.
    pub(crate) fn seat(&self) -> String {
        let caller = self.holder();
        if self.session.is_none() {
            return caller;
        }
        Holder { caller: &caller, session: self.session.as_deref() }.text().into_owned()
    }

    /// By whom its calls are counted: by its caller, and where that one has a limit by its session as well.
    pub(crate) fn counted_as(&self) -> String {
        let caller = self.holder();
        let session = self.session.as_deref().filter(|_| self.limit.is_some());
        Holder { caller: &caller, session }.text().into_owned()
    }

    /// What it came with is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Who the caller is, unlike any other: an issuer may give somebody a name that a configured caller has.
    pub(crate) fn holder(&self) -> String {
        let prefix = match self.named_by {
            NamedBy::Issuer => "jwt:",
            NamedBy::Configuration => "",
        };
        [prefix, self.caller.as_deref().unwrap_or_default()].concat()
    }
}
