//! The judgement of a request, step by step.

pub mod callers;
pub mod cors;
pub mod identity;
pub mod jwt;
pub mod mcp;
pub mod policy;
pub mod sessions;
pub mod target;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;

use crate::authorize::policy::{BodyLength, Decision};
use attention_core::call::Upstream;
use attention_core::{Method, Slot};

use crate::answer::health;
use crate::answer::problem::Problem;
use crate::answer::reply::Reply;
use crate::authorize::cors::Cors;
use crate::authorize::identity::{Token, identify, operator};
use crate::authorize::target::Target;
use crate::cache::Cache;
use crate::deployment::{Config, Misconfigured, Texts};
use crate::exchange::{Exchange, NamedBy};
use crate::limits::breaker::Breaker;
use crate::limits::rate::Allowances;

/// A valid configuration, and what an isolate remembers under it.
#[derive(Debug)]
pub struct Configured {
    pub config: Config,
    pub upstream: Upstream,
    pub allowances: Allowances,
    pub breaker: Breaker,
}

/// What there is to judge of a request, beside its method.
pub struct Incoming<'a> {
    pub target: Target<'a>,
    pub authorization: Option<&'a str>,
    pub token: Token<'a>,
    pub origin: Option<String>,
    /// Whether it asks to switch to another protocol.
    pub upgrades: bool,
    pub body: BodyLength,
}

impl fmt::Debug for Incoming<'_> {
    // Without what the caller sent: a token is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("body", &self.body).finish_non_exhaustive()
    }
}

/// What a request comes to.
#[derive(Debug)]
pub enum Judged {
    /// It goes to the API.
    Forward { method: Method, url: String },
    /// The Worker answers it.
    Reply(Reply),
    /// It asks for a session; its body says what for.
    Mint,
    /// The operator has a key tried.
    Probe { slot: Slot, url: String },
    /// The operator looks at the status page.
    Status,
}

/// Where the operator sees how it goes.
const STATUS: &str = "/status";
/// Where a backend asks for a session.
const SESSIONS: &str = "/sessions";
/// Where the operator has a key tried, by the name of its place.
const PROBES: [(&str, Slot); 2] = [("/admin/keys/current/test", Slot::Current), ("/admin/keys/next/test", Slot::Next)];
/// A documented operation that reads little.
const PROBE_TARGET: (&str, &str) = ("/conversations/list", "page=1&size=1");

/// What is answered whatever the configuration: that the Worker runs.
pub const ALIVE: &str = "/healthz";
/// What load balancers ask, every few seconds.
pub const READY: &str = "/readyz";

impl Configured {
    pub fn parse(texts: &Texts) -> Result<Self, Misconfigured> {
        let (config, upstream) = Config::parse(texts)?;
        Ok(Self { config, upstream, allowances: Allowances::default(), breaker: Breaker::default() })
    }

    /// Judges one request; what it learns goes into its exchange.
    pub fn judge(&mut self, exchange: &mut Exchange, incoming: Incoming<'_>) -> Result<Judged, Problem> {
        let Incoming { target, authorization, token, origin, upgrades, body } = incoming;
        let Self { config, upstream, allowances, breaker } = self;
        if target.path == READY {
            let (ready, body) = health::readiness(upstream.keys(), exchange.started);
            return Ok(Judged::Reply(Reply::json(if ready { 200 } else { 503 }, body)));
        }
        let path = target.checked_path().map_err(Problem::path)?;
        let method = exchange.method.ok_or_else(Problem::method)?;
        match Cors::judge(config, origin.as_deref(), target.origin) {
            Cors::Refused => return Err(Problem::origin()),
            Cors::Allowed(_) => exchange.cors_origin = origin,
            Cors::SameOrigin => {}
        }
        if method == Method::Options {
            // The API documents no OPTIONS; here it is the browser's question.
            let is_preflight = exchange.cors_origin.is_some();
            return if is_preflight { Ok(Judged::Reply(Reply::preflight())) } else { Err(Problem::method()) };
        }
        if upgrades {
            return Err(Problem::upgrade());
        }
        // fetch sends none with these, and a server could take one for the next request.
        if method.is_safe() && body != BodyLength::NoBody {
            return Err(Problem::unexpected_body());
        }
        if path.as_str() == STATUS {
            operator(config, authorization, true)?;
            return if method == Method::Get { Ok(Judged::Status) } else { Err(Problem::method()) };
        }
        if let Some((_, slot)) = PROBES.iter().find(|(probe, _)| *probe == path.as_str()) {
            operator(config, authorization, false)?;
            if method != Method::Post {
                return Err(Problem::method());
            }
            upstream.keys().fingerprint(*slot).ok_or_else(Problem::outside)?;
            let url = upstream.url(PROBE_TARGET.0, PROBE_TARGET.1).map_err(Problem::request)?;
            return Ok(Judged::Probe { slot: *slot, url });
        }
        let identity = identify(config, exchange, authorization, &token)?;
        exchange.caller = Some(identity.name);
        exchange.session = identity.session.as_ref().map(|session| session.id.clone());
        if identity.caller.is_none() {
            exchange.named_by = NamedBy::Issuer;
        }
        exchange.limit = identity.limit;
        if let Some(rate) = identity.limit {
            allowances.take(&exchange.holder(), rate, exchange.started).map_err(Problem::allowance)?;
        }
        if path.as_str() == SESSIONS {
            let mints = identity.session.is_none()
                && identity
                    .caller
                    .and_then(|index| config.callers.get(index))
                    .is_some_and(|caller| caller.mints_sessions);
            return match method {
                Method::Post if mints => Ok(Judged::Mint),
                Method::Post => Err(Problem::denied()),
                _ => Err(Problem::method()),
            };
        }
        // The caller's path begins with the base's prefix: that is where it is mounted.
        let prefix = upstream.base().path();
        let under_prefix = path.as_str().strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
        exchange.is_mcp = path.as_str() == mcp::PATH;
        if under_prefix.is_none() && !exchange.is_mcp {
            return Err(Problem::outside());
        }
        let policy = config.policies.get(&identity.policy).ok_or_else(Problem::denied)?;
        let Decision::Allowed(rule) = policy.decide(method, path) else { return Err(Problem::denied()) };
        rule.admits(target.query, body).map_err(|unmet| Problem::unmet(&unmet))?;
        exchange.redact = rule.redacted().to_vec();
        let mut most = rule.cache();
        if let Some(session) = &identity.session {
            // What its backend asked for narrows the caller's policy, conditions included.
            let Decision::Allowed(own) = session.routes.decide(method, path) else { return Err(Problem::denied()) };
            own.admits(target.query, body).map_err(|unmet| Problem::unmet(&unmet))?;
            exchange.redact.extend_from_slice(own.redacted());
            most = most.map(|most| own.cache().map_or(most, |own| own.min(most)));
        }
        if let Some(most) = most.filter(|_| method == Method::Get && !exchange.is_mcp) {
            let session = identity.session.as_ref().map(|session| session.id.as_str());
            exchange.cache = Some(Cache::new(most, &exchange.holder(), &identity.policy, session));
        }
        exchange.route = Some(rule.route().to_owned());
        let url = match under_prefix {
            Some(rest) => upstream.url(rest, target.query),
            None => upstream.url_beside(mcp::PATH, target.query),
        };
        let url = url.map_err(Problem::request)?;
        breaker.admit(exchange.started).map_err(Problem::circuit_open)?;
        Ok(Judged::Forward { method, url })
    }
}
