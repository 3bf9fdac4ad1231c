//! Identifies the sender of a request and decides whether its policy allows it.
//!
//! ```text
//! request ─► open: path ─► method ─► page ─► upgrade, body ─┬─► the proxy's own paths, probes, the status page
//!                                                           └─► identity ─► permit: sessions │ policy ─► Forward
//! ```
//!
//! There is one function for each check, which refuses with a [`Problem`]. A refused request sends nothing upstream.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::call::Upstream;
use attention_core::url::RequestPath;
use attention_core::{Headers, Method, Slot, Timestamp};

use crate::answer::health;
use crate::answer::problem::{NotRevoked, Problem};
use crate::answer::reply::Reply;
use crate::authorize::cors::Cors;
use crate::authorize::identity::{Identity, operator};
use crate::authorize::place::Place;
use crate::authorize::policy::{BodyLength, ConditionError, Decision, Policy, Reading, Rule, ToolPatterns};
use crate::authorize::target::Target;
use crate::deployment::{Deployment, bindings};

pub(crate) mod callers;
pub(crate) mod cors;
pub(crate) mod discovery;
pub(crate) mod identity;
pub mod jwt;
pub mod mcp;
pub(crate) mod place;
pub mod policy;
pub mod sessions;
pub(crate) mod sources;
pub(crate) mod target;

/// The path of the operator's status page.
pub(crate) const STATUS: &str = "/status";
/// The path at which a backend requests a session.
pub(crate) const SESSIONS: &str = "/sessions";
/// The paths at which the operator has a key probed, and the key's slot.
pub(crate) const PROBES: [(&str, Slot); 2] =
    [("/admin/keys/current/test", Slot::Current), ("/admin/keys/next/test", Slot::Next)];
/// The path at which the operator revokes a session: the parts before and after its id.
const REVOKE: (&str, &str) = ("/admin/sessions/", "/revoke");
/// A documented operation that returns little data.
const PROBE_TARGET: (&str, &str) = ("/conversations/list", "page=1&size=1");

/// Liveness: answered whatever the configuration.
pub const ALIVE: &str = "/healthz";
/// Readiness: polled by load balancers every few seconds.
pub const READY: &str = "/readyz";

/// The parts of a request that are judged, besides its headers.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Option<Method>,
    pub(crate) target: Target,
    pub(crate) body: BodyLength,
    /// Whether the body has a `Content-Encoding`, so that its length is not that of the decoded content.
    pub(crate) is_body_coded: bool,
}

/// The result of the checks that precede identification.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The proxy responds itself.
    Reply(Reply),
    /// The operator requests the status page.
    Status,
    /// The operator has a key probed.
    Probe { slot: Slot, url: String },
    /// The operator revokes the session with this id.
    Revoke { id: String },
    /// The request is from a caller, who is to be identified.
    Caller { method: Method },
}

/// The result for a caller's request.
#[derive(Debug)]
pub(crate) enum Permitted {
    /// The caller requests a session; the body has the details.
    Mint,
    /// The request is forwarded to the API, by the rule with this pattern.
    Forward { forward: Forward, route: String },
}

/// A request that its policy allows.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// Members to remove from the API's response.
    pub(crate) redact: Vec<String>,
    /// How long the response may be cached for its caller.
    pub(crate) cache: Option<Duration>,
    /// Whether the body determines what the request does.
    pub(crate) is_mcp: bool,
    /// The MCP tools that may be called: each set must include the called tool.
    pub(crate) tools: Vec<ToolPatterns>,
}

/// The origin of the requesting page, if the request is from an allowed page.
pub(crate) fn page(
    deployment: &Deployment,
    request: &Request,
    origin: Option<&str>,
) -> Result<Option<String>, Problem> {
    match Cors::judge(&deployment.config, origin, request.target.origin()) {
        Cors::Refused => Err(Problem::origin()),
        Cors::Allowed(page) => Ok(Some(page.to_owned())),
        Cors::SameOrigin => Ok(None),
    }
}

/// Whether the proxy is ready to serve calls, for [`READY`].
pub(crate) fn readiness(upstream: &Upstream, now: Timestamp) -> Reply {
    let (ready, body) = health::readiness(upstream.keys(), now);
    Reply::json(if ready { 200 } else { 503 }, body)
}

/// Whether a path is for the operator only.
pub(crate) fn is_operators(path: &str) -> bool {
    path == STATUS || PROBES.iter().any(|(probe, _)| *probe == path)
}

/// Performs all checks that do not depend on the caller. `page` is the origin of the requesting page.
pub(crate) fn open(
    deployment: &Deployment,
    request: &Request,
    path: RequestPath<'_>,
    headers: &dyn Headers,
    page: Option<&str>,
) -> Result<Opened, Problem> {
    let method = request.method.ok_or_else(Problem::method)?;
    if method == Method::Options {
        // The API documents no OPTIONS; here it is a browser's preflight.
        let asked = headers.get("access-control-request-headers");
        let reply = page.map(|_| Opened::Reply(Reply::preflight(asked.as_deref())));
        return reply.ok_or_else(Problem::method);
    }
    if headers.has("upgrade") {
        return Err(Problem::upgrade());
    }
    // fetch sends no body with these methods, and a server could take the body for the next request.
    if method.is_safe() && request.body != BodyLength::NoBody {
        return Err(Problem::unexpected_body());
    }
    if let Some(metadata) = discovery::metadata(deployment.config.jwt.as_ref(), &request.target) {
        let is_read = matches!(method, Method::Get | Method::Head);
        return if is_read { Ok(Opened::Reply(Reply::json(200, metadata))) } else { Err(Problem::read_only()) };
    }
    if path.as_str() == STATUS {
        operator(&deployment.config, headers, identity::Asks::ForAPage)?;
        return if method == Method::Get { Ok(Opened::Status) } else { Err(Problem::method()) };
    }
    if let Some((_, slot)) = PROBES.iter().find(|(probe, _)| *probe == path.as_str()) {
        return probe(deployment, headers, method, *slot);
    }
    match path.as_str().strip_prefix(REVOKE.0).and_then(|rest| rest.strip_suffix(REVOKE.1)) {
        Some(id) => revoke(deployment, headers, method, id),
        None => Ok(Opened::Caller { method }),
    }
}

fn revoke(deployment: &Deployment, headers: &dyn Headers, method: Method, id: &str) -> Result<Opened, Problem> {
    operator(&deployment.config, headers, identity::Asks::ForData)?;
    if method != Method::Post {
        return Err(Problem::method());
    }
    if !sessions::is_id(id) {
        return Err(Problem::session_id());
    }
    if !deployment.config.has_gate {
        return Err(Problem::not_revoked(NotRevoked::NoGate));
    }
    Ok(Opened::Revoke { id: id.to_owned() })
}

fn probe(deployment: &Deployment, headers: &dyn Headers, method: Method, slot: Slot) -> Result<Opened, Problem> {
    operator(&deployment.config, headers, identity::Asks::ForData)?;
    if method != Method::Post {
        return Err(Problem::method());
    }
    let is_there = deployment.upstream.keys().fingerprint(slot).is_some();
    if !is_there {
        return Err(Problem::no_next_key(deployment.config.empty.contains(&bindings::NEXT_KEY)));
    }
    let url = deployment.upstream.url(PROBE_TARGET.0, PROBE_TARGET.1).map_err(Problem::request)?;
    Ok(Opened::Probe { slot, url })
}

/// Decides on the request of an identified caller.
pub(crate) fn permit(
    deployment: &Deployment,
    request: &Request,
    method: Method,
    identity: &Identity,
) -> Result<Permitted, Problem> {
    let (path, query) = (request.target.checked_path().map_err(Problem::path)?, request.target.query());
    if path.as_str() == SESSIONS {
        return may_mint(method, identity).map(|()| Permitted::Mint);
    }
    let reading = Reading::of(path);
    let place = deployment.places.of(path, &reading).ok_or_else(Problem::outside)?;
    let is_mcp = matches!(place, Place::Mcp);
    let call = Call { method, path, reading: &reading, is_mcp, query, request };
    let policy = deployment.config.policies.get(&identity.policy).ok_or_else(Problem::denied)?;
    let terms = call.allowed(policy)?;
    if policy::parameters::method_override(query).is_some() {
        return Err(Problem::method_override());
    }
    let (mut redact, mut cache) = (terms.redacted(), terms.rule.cache());
    let mut tools: Vec<ToolPatterns> = call.tools(policy).cloned().into_iter().collect();
    if let Some(session) = &identity.session {
        // The routes that the backend requested narrow the caller's policy, including its conditions.
        let own = call.allowed(&session.routes)?;
        redact.append(&mut own.redacted());
        tools.extend(call.tools(&session.routes).cloned());
        cache = cache.map(|most| own.rule.cache().map_or(most, |own| own.min(most)));
    }
    // A server could read a parameter as a message or a session; the documentation knows none.
    if is_mcp && !query.is_empty() && terms.rule.conditions().query.is_none() {
        return Err(Problem::condition(&ConditionError::Query));
    }
    let url = match place {
        Place::Api { rest } => deployment.upstream.url(rest, query),
        Place::Mcp => deployment.upstream.url_beside(mcp::PATH, query),
    };
    let forward = Forward {
        method,
        url: url.map_err(Problem::request)?,
        redact,
        cache: cache.filter(|_| method == Method::Get && !is_mcp),
        is_mcp,
        tools,
    };
    Ok(Permitted::Forward { forward, route: terms.rule.route().to_owned() })
}

/// The parts of a request that a policy judges.
#[derive(Clone, Copy)]
struct Call<'a> {
    method: Method,
    path: RequestPath<'a>,
    /// The path in all readings of some server.
    reading: &'a Reading,
    /// Whether the path is that of the MCP endpoint.
    is_mcp: bool,
    query: &'a str,
    request: &'a Request,
}

/// The rules whose conditions a call satisfied.
struct Terms<'p> {
    rule: &'p Rule,
    /// The rule for GET, in case of a HEAD.
    of_get: Option<&'p Rule>,
}

impl Terms<'_> {
    fn redacted(&self) -> Vec<String> {
        let of_get = self.of_get.map(Rule::redacted).unwrap_or_default();
        [self.rule.redacted(), of_get].concat()
    }
}

impl Call<'_> {
    /// The terms on which a policy allows the call, if their conditions are satisfied.
    fn allowed<'p>(&self, policy: &'p Policy) -> Result<Terms<'p>, Problem> {
        let rule = match policy.judge(self.method, self.reading) {
            Decision::Allowed(rule) => rule,
            Decision::Unknown if policy.of_another_spelling(self.method, self.path).is_some() => {
                return Err(Problem::spelling());
            }
            Decision::Denied { .. } | Decision::Unknown => return Err(Problem::denied()),
        };
        let terms = Terms { rule, of_get: policy.of_get(self.method, self.path) };
        for rule in [Some(rule), terms.of_get].into_iter().flatten() {
            self.meets(rule).map_err(|error| Problem::condition(&error))?;
        }
        Ok(terms)
    }

    /// The MCP tools that a policy names for this path. They apply to every method, so that a GET cannot reveal what a
    /// POST may not. Only rules for the endpoint's path name tools.
    fn tools<'p>(&self, policy: &'p Policy) -> Option<&'p ToolPatterns> {
        if !self.is_mcp {
            return None;
        }
        match policy.judge(Method::Post, self.reading) {
            Decision::Allowed(rule) => rule.conditions().tools.as_ref(),
            Decision::Denied { .. } | Decision::Unknown => None,
        }
    }

    fn meets(&self, rule: &Rule) -> Result<(), ConditionError> {
        if self.request.is_body_coded && rule.conditions().max_body.is_some() {
            return Err(ConditionError::BodyCoded);
        }
        rule.admits(self.query, self.request.body)
    }
}

fn may_mint(method: Method, identity: &Identity) -> Result<(), Problem> {
    match method {
        Method::Post if identity.mints_sessions => Ok(()),
        Method::Post if identity.session.is_some() => Err(Problem::session_mints_none()),
        Method::Post => Err(Problem::may_not_mint()),
        _ => Err(Problem::method()),
    }
}
