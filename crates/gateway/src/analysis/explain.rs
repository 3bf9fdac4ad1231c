//! Explains how the Worker judges one call.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Method;
use attention_core::url::{PathError, RequestPath};

use super::catalogue::{Catalogue, Operation};
use crate::answer::problem::Problem;
use crate::authorize::place::Places;
use crate::authorize::policy::parameters::method_override;
use crate::authorize::policy::{ConditionError, Decision, Policies, Policy, Reading, Rule, ToolPatterns};
use crate::authorize::{ALIVE, PROBES, READY, SESSIONS, STATUS, mcp};

/// The paths that the Worker answers itself, before any policy applies.
const OWN: [&str; 6] = [ALIVE, READY, STATUS, SESSIONS, PROBES[0].0, PROBES[1].0];

/// The methods that are forwarded.
const FORWARDED: [Method; 6] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];

/// A call, as a caller would write it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The name of the caller's policy.
    pub policy: &'a str,
    /// The method, in upper case.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
}

/// The verdict on a call, with its reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Explanation<'a> {
    /// It is forwarded to the API.
    Allowed(Permission<'a>),
    /// It is refused.
    Refused(Refusal<'a>),
}

/// The reason a call is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permission<'a> {
    /// The rule that allows it.
    pub rule: &'a Rule,
    /// The rule's conditions beyond the path, and its effects on the response.
    pub terms: Vec<Term<'a>>,
    /// The operation that it calls; `None` if it is not in the catalogue.
    pub operation: Option<&'a Operation>,
}

/// A condition or an effect of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term<'a> {
    /// The query may have only these parameters.
    Query(&'a [String]),
    /// The body may have at most this many bytes, and its length must be stated.
    Body(u64),
    /// Messages may not call tools that list, create or delete keys.
    McpTools,
    /// Messages may call only these tools, and may not request anything that no tool's name covers.
    Tools(&'a [String]),
    /// These members are redacted from the response.
    Redact(&'a [String]),
    /// The response is cached for this caller, for at most this time.
    Cache(Duration),
}

/// The reason a call is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal<'a> {
    /// Two servers could read its path differently.
    Path(PathError),
    /// It is a browser's preflight (CORS), which the Worker answers itself.
    Preflight,
    /// Its method is not forwarded.
    Method,
    /// The MCP endpoint does not have this method.
    McpMethod,
    /// The Worker answers this path itself.
    OwnPath,
    /// The API has nothing at this path.
    Outside,
    /// Its query has a parameter that some servers read as the method.
    MethodOverride {
        /// The parameter as written in the call.
        parameter: &'a str,
    },
    /// Its path names API keys, which are refused regardless of the policy.
    Keys {
        /// The operation that it calls.
        operation: Option<&'a Operation>,
    },
    /// A rule denies it.
    Denied {
        /// The rule.
        rule: &'a Rule,
        /// The operation that it calls.
        operation: Option<&'a Operation>,
    },
    /// No rule matches it as written.
    Unknown {
        /// The rule that matches another spelling of it.
        misspelt: Option<&'a Rule>,
        /// Similar calls that are allowed.
        hints: Vec<Hint<'a>>,
        /// The operation that it calls.
        operation: Option<&'a Operation>,
    },
    /// The rule that allows its path does not list a parameter of its query.
    Query {
        /// The rule.
        rule: &'a Rule,
        /// The parameter's name as written in the call.
        parameter: &'a str,
    },
}

/// A similar call that would be allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint<'a> {
    /// The same call with another method.
    Method {
        /// The method.
        method: Method,
        /// The rule that allows it.
        rule: &'a Rule,
    },
    /// The same call under another policy.
    Policy {
        /// The policy's name.
        name: &'a str,
        /// The rule that allows it.
        rule: &'a Rule,
    },
    /// The path in lower case and without a trailing slash.
    Spelling(String),
}

/// Explains a call; `None` if there is no policy with that name.
pub fn explain<'a>(policies: &'a Policies, catalogue: &'a Catalogue, call: Call<'a>) -> Option<Explanation<'a>> {
    let policy = policies.get(call.policy)?;
    let question = Question { policies, catalogue, policy };
    Some(match question.judge(call.method, call.target) {
        Ok(permission) => Explanation::Allowed(permission),
        Err(refusal) => Explanation::Refused(refusal),
    })
}

impl Explanation<'_> {
    /// Whether the call is forwarded to the API.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl Refusal<'_> {
    /// The problem with which the Worker responds; `None` if the response is not a problem.
    pub fn problem(&self) -> Option<Problem> {
        Some(match self {
            Self::Path(error) => Problem::path(*error),
            Self::Preflight | Self::Method => Problem::method(),
            Self::McpMethod => Problem::mcp_method(),
            Self::OwnPath => return None,
            Self::Outside => Problem::outside(),
            Self::MethodOverride { .. } => Problem::method_override(),
            Self::Unknown { misspelt: Some(_), .. } => Problem::spelling(),
            Self::Keys { .. } | Self::Denied { .. } | Self::Unknown { .. } => Problem::denied(),
            Self::Query { .. } => Problem::condition(&ConditionError::Query),
        })
    }
}

/// The parts of a call that it is judged by.
struct Question<'a> {
    policies: &'a Policies,
    catalogue: &'a Catalogue,
    policy: &'a Policy,
}

impl<'a> Question<'a> {
    fn judge(&self, method: &str, target: &'a str) -> Result<Permission<'a>, Refusal<'a>> {
        let (path_text, query) = target.split_once('?').unwrap_or((target, ""));
        let path = RequestPath::parse(path_text).map_err(Refusal::Path)?;
        let method = match Method::parse(method) {
            Some(Method::Options) => return Err(Refusal::Preflight),
            Some(method) => method,
            None => return Err(Refusal::Method),
        };
        if OWN.contains(&path_text) {
            return Err(Refusal::OwnPath);
        }
        if !self.is_mounted(path) {
            return Err(Refusal::Outside);
        }
        let operation = self.catalogue.find(method, &path.decoded());
        match self.policy.decide(method, path) {
            Decision::Allowed(rule) => {
                let terms = self.terms_met(rule, method, path, query)?;
                Ok(Permission { rule, terms, operation })
            }
            Decision::Denied { line } => Err(match self.policy.rule_at(line) {
                Some(rule) => Refusal::Denied { rule, operation },
                None => Refusal::Keys { operation },
            }),
            Decision::Unknown => {
                let misspelt = self.policy.of_another_spelling(method, path);
                Err(Refusal::Unknown { misspelt, hints: self.hints(method, path), operation })
            }
        }
    }

    /// The terms on which a rule allows a call, if its query satisfies the rule's conditions.
    fn terms_met(
        &self,
        rule: &'a Rule,
        method: Method,
        path: RequestPath<'_>,
        query: &'a str,
    ) -> Result<Vec<Term<'a>>, Refusal<'a>> {
        let of_get = self.policy.of_get(method, path);
        for rule in [Some(rule), of_get].into_iter().flatten() {
            if let Some(parameter) = rule.conditions().unnamed_parameter(query) {
                return Err(Refusal::Query { rule, parameter });
            }
        }
        let is_mcp = path.as_str() == mcp::PATH;
        if is_mcp && !query.is_empty() && rule.conditions().query.is_none() {
            let parameter = query.split(['&', '=']).find(|name| !name.is_empty()).unwrap_or(query);
            return Err(Refusal::Query { rule, parameter });
        }
        if is_mcp && !mcp::METHODS.contains(&method) {
            return Err(Refusal::McpMethod);
        }
        if let Some(parameter) = method_override(query) {
            return Err(Refusal::MethodOverride { parameter });
        }
        let mut all = terms(rule, method, path);
        let of_get = of_get.map(|rule| terms(rule, method, path)).unwrap_or_default().into_iter();
        all.extend(of_get.filter(|term| matches!(term, Term::Query(_) | Term::Redact(_))));
        Ok(all)
    }

    /// Whether the path belongs to the API: it has the prefix, or is that of MCP.
    fn is_mounted(&self, path: RequestPath<'_>) -> bool {
        Places::new(self.catalogue.prefix()).of(path, &Reading::of(path)).is_some()
    }

    /// Similar calls that are allowed, for a call that no rule of the policy matches: with another method, under
    /// another policy, in another spelling.
    fn hints(&self, method: Method, path: RequestPath<'_>) -> Vec<Hint<'a>> {
        let mut hints = Vec::new();
        let goes_up = |method, path: RequestPath<'_>| path.as_str() != mcp::PATH || mcp::METHODS.contains(&method);
        for other in FORWARDED.into_iter().filter(|other| goes_up(*other, path)) {
            if let Decision::Allowed(rule) = self.policy.decide(other, path) {
                hints.push(Hint::Method { method: other, rule });
            }
        }
        for (name, policy) in self.policies.iter().filter(|_| goes_up(method, path)) {
            if let Decision::Allowed(rule) = policy.decide(method, path) {
                hints.push(Hint::Policy { name, rule });
            }
        }
        let lower = path.as_str().to_ascii_lowercase();
        let spelt = lower.strip_suffix('/').unwrap_or(&lower);
        if let Ok(other) = RequestPath::parse(spelt)
            && other != path
            && self.is_mounted(other)
            && goes_up(method, other)
            && self.policy.decide(method, other).is_allowed()
        {
            hints.push(Hint::Spelling(spelt.to_owned()));
        }
        hints
    }
}

/// The terms of a rule that apply to this call.
fn terms<'a>(rule: &'a Rule, method: Method, path: RequestPath<'_>) -> Vec<Term<'a>> {
    let conditions = rule.conditions();
    let is_mcp = path.as_str() == mcp::PATH;
    let query = conditions.query.as_deref().map(Term::Query);
    let body = conditions.max_body.map(Term::Body);
    let redact = Some(&conditions.redact[..]).filter(|names| !names.is_empty()).map(Term::Redact);
    // Responses of the MCP endpoint and to other methods are not cached.
    let cache = conditions.cache.filter(|_| method == Method::Get && !is_mcp).map(Term::Cache);
    let tools = conditions.tools.as_ref().map(ToolPatterns::patterns).map(Term::Tools);
    [query, body, is_mcp.then_some(Term::McpTools), tools, redact, cache].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{Entry, check, samples};
    use crate::authorize::policy::BodyLength;

    const TEXT: &str = "\
allow GET /v2/labels/list query=page,filter[title] redact=email,phone
allow POST /v2/tokens body=64kb query=
allow * /v2/recordings/** cache=5min
allow * /mcp cache=1s
deny * /v2/recordings/locked/**

[wide]
allow * /v2/**
";

    fn with<T>(text: &str, method: &str, target: &str, look: impl FnOnce(Explanation<'_>) -> T) -> T {
        let (policies, catalogue) = (Policies::parse(text).unwrap(), samples::catalogue());
        look(explain(&policies, &catalogue, Call { policy: Policies::DEFAULT, method, target }).unwrap())
    }

    fn permission<T>(method: &str, target: &str, look: impl FnOnce(Permission<'_>) -> T) -> T {
        with(TEXT, method, target, |explanation| match explanation {
            Explanation::Allowed(permission) => look(permission),
            Explanation::Refused(refusal) => panic!("{method} {target}: {refusal:?}"),
        })
    }

    fn refusal<T>(method: &str, target: &str, look: impl FnOnce(Refusal<'_>) -> T) -> T {
        with(TEXT, method, target, |explanation| match explanation {
            Explanation::Refused(refusal) => look(refusal),
            Explanation::Allowed(permission) => panic!("{method} {target}: {permission:?}"),
        })
    }

    #[test]
    fn a_permission_has_rule_terms_and_operation() {
        let id = |permission: &Permission<'_>| permission.operation.map(|operation| operation.id.clone());
        permission("GET", "/v2/labels/list?page=1&filter%5Btitle%5D=x", |permission| {
            assert_eq!((permission.rule.line(), id(&permission).as_deref()), (1, Some("listLabels")));
            let [Term::Query(query), Term::Redact(redact)] = permission.terms[..] else { panic!("{permission:?}") };
            assert_eq!(
                (query, redact),
                (&["page", "filter[title]"].map(String::from)[..], &["email", "phone"].map(String::from)[..])
            );
        });
        permission("POST", "/v2/tokens", |permission| {
            assert_eq!((permission.rule.line(), id(&permission).as_deref()), (2, Some("createToken")));
            assert_eq!(permission.terms, [Term::Query(&[]), Term::Body(65_536)]);
        });
        permission("GET", "/v2/recordings/7?any=thing", |permission| {
            assert_eq!((permission.rule.line(), id(&permission).as_deref()), (3, Some("getRecording")));
            assert_eq!(permission.terms, [Term::Cache(Duration::from_mins(5))]);
        });
        // The operation is not in the catalogue, and responses to HEAD are not cached.
        permission("HEAD", "/v2/recordings/7/parts", |permission| {
            assert_eq!((id(&permission), permission.terms), (None, vec![]));
        });
        // The conditions for GET apply to HEAD as well.
        with(
            "allow GET /v2/labels/* query=a redact=b cache=1s\nallow HEAD /v2/**",
            "HEAD",
            "/v2/labels/7?a",
            |explanation| {
                let Explanation::Allowed(permission) = explanation else { panic!("{explanation:?}") };
                let (a, b) = (["a".to_owned()], ["b".to_owned()]);
                assert_eq!(permission.terms, [Term::Query(&a), Term::Redact(&b)]);
            },
        );
        permission("GET", "/mcp", |permission| {
            assert_eq!((permission.rule.line(), id(&permission).as_deref()), (4, Some("mcp")));
            assert_eq!(permission.terms, [Term::McpTools]);
        });
    }

    #[test]
    fn a_refusal_before_any_policy_has_a_reason() {
        for (method, target, expected) in [
            ("GET", "/v2/labels/../x", Refusal::Path(PathError::DotSegment { position: 11 })),
            ("GET", "v2/labels/7", Refusal::Path(PathError::NotAbsolute)),
            ("GET", "", Refusal::Path(PathError::NotAbsolute)),
            // The path is checked first.
            ("TRACE", "//", Refusal::Path(PathError::EmptySegment { position: 1 })),
            ("OPTIONS", "/v2/labels/7", Refusal::Preflight),
            ("TRACE", "/v2/labels/7", Refusal::Method),
            ("get", "/v2/labels/7", Refusal::Method),
            ("", "/v2/labels/7", Refusal::Method),
            ("POST", "/sessions", Refusal::OwnPath),
            ("GET", "/healthz?x", Refusal::OwnPath),
            ("GET", "/labels/7", Refusal::Outside),
            ("GET", "/v2", Refusal::Outside),
            ("GET", "/v20/labels", Refusal::Outside),
            ("POST", "/mcp/", Refusal::Outside),
        ] {
            refusal(method, target, |refusal| assert_eq!(refusal, expected, "{method} {target}"));
        }
    }

    #[test]
    fn a_refusal_by_the_policy_names_the_rule() {
        for target in ["/v2/api_keys", "/v2/API%2DKeys", "/v2/x/apikeys"] {
            refusal("GET", target, |refusal| assert!(matches!(refusal, Refusal::Keys { .. }), "{refusal:?}"));
        }
        refusal("GET", "/v2/api_keys", |refusal| {
            assert!(
                matches!(refusal, Refusal::Keys { operation: Some(own) } if own.id == "listApiKeys"),
                "{refusal:?}"
            );
        });
        refusal("GET", "/v2/recordings/LOCKED?x", |refusal| match refusal {
            Refusal::Denied { rule, operation: Some(own) } => {
                assert_eq!((rule.line(), own.id.as_str()), (5, "getRecording"));
            }
            other => panic!("{other:?}"),
        });
        refusal("GET", "/v2/labels/list?page=1&si%7ae=2&page=3", |refusal| match refusal {
            Refusal::Query { rule, parameter } => assert_eq!((rule.line(), parameter), (1, "si%7ae")),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn a_call_that_no_rule_matches_gets_hints() {
        let hints = |method, target| {
            refusal(method, target, |refusal| match refusal {
                Refusal::Unknown { hints, .. } => hints
                    .iter()
                    .map(|hint| match hint {
                        Hint::Method { method, rule } => format!("{method} by {}", rule.line()),
                        Hint::Policy { name, rule } => format!("{name} by {}", rule.line()),
                        Hint::Spelling(path) => path.clone(),
                    })
                    .collect::<Vec<_>>(),
                other => panic!("{method} {target}: {other:?}"),
            })
        };
        assert_eq!(hints("POST", "/v2/labels/list"), ["GET by 1", "wide by 8"]);
        assert_eq!(hints("GET", "/v2/Labels/List/"), ["wide by 8", "/v2/labels/list"]);
        assert_eq!(hints("GET", "/v2/labels/7"), ["wide by 8"]);
        // `/v2` is allowed but is not a path of the API.
        with("allow GET /v2", "GET", "/v2/", |explanation| match explanation {
            Explanation::Refused(Refusal::Unknown { misspelt: Some(rule), hints, operation: None }) => {
                assert_eq!((rule.line(), hints), (1, vec![]));
            }
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn a_refusal_has_the_workers_problem() {
        for (method, target, expected) in [
            ("GET", "/v2/a%2fb", Some((400, "path_encoded_separator"))),
            ("OPTIONS", "/v2/x", Some((405, "method_not_allowed"))),
            ("TRACE", "/v2/x", Some((405, "method_not_allowed"))),
            ("GET", "/readyz", None),
            ("GET", "/x", Some((404, "no_such_route"))),
            ("GET", "/v2/api_keys", Some((403, "route_denied"))),
            ("GET", "/v2/recordings/locked", Some((403, "route_denied"))),
            ("GET", "/v2/labels/7", Some((403, "route_denied"))),
            ("GET", "/v2/labels/list?x", Some((403, "query_denied"))),
            ("GET", "/v2/Labels/list", Some((403, "route_denied"))),
            ("GET", "/v2/recordings/7?%5Fmethod=PUT", Some((400, "method_override"))),
        ] {
            let problem = refusal(method, target, |refusal| refusal.problem());
            assert_eq!(problem.map(|problem| (problem.status, problem.code)), expected, "{method} {target}");
        }
    }

    #[test]
    fn an_unknown_policy_has_no_explanation() {
        let (policies, catalogue) = (Policies::parse(TEXT).unwrap(), samples::catalogue());
        let explained = |policy| explain(&policies, &catalogue, Call { policy, method: "PUT", target: "/v2/x" });
        assert_eq!(explained("nowhere"), None);
        assert!(explained("wide").unwrap().is_allowed() && !explained("default").unwrap().is_allowed());
    }

    /// Whether a call without a body is forwarded to the API, computed from the Worker's checks one after the other.
    fn goes_through(policy: &Policy, method: &str, target: &str) -> bool {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let Ok(checked) = RequestPath::parse(path) else { return false };
        let Some(method) = Method::parse(method) else { return false };
        // The MCP endpoint has one spelling and nothing below it, and is not under the API's prefix.
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let mounted = path == "/mcp" || (segments[0] == "v2" && segments.len() > 1 && segments[1] != "mcp");
        match policy.decide(method, checked) {
            Decision::Allowed(rule) => {
                // A query at the MCP endpoint is forwarded if a rule lists its parameters.
                let is_unnamed = path == "/mcp" && !query.is_empty() && rule.conditions().query.is_none();
                // MCP has these methods: https://modelcontextprotocol.io, Streamable HTTP.
                let is_method = path != "/mcp" || matches!(method, Method::Get | Method::Post | Method::Delete);
                let is_forwarded = mounted && method != Method::Options && is_method && !is_unnamed;
                is_forwarded && rule.admits(query, BodyLength::NoBody).is_ok()
            }
            _ => false,
        }
    }

    const PATHS: &str = "/(v2|V2|v2|mcp|status)\
        (/(labels|Labels|recordings|tokens|api_keys|mcp)(/(7|[lL]ocked|list|[.]{2}|%6cist))?)?/?";

    proptest! {
        #[test]
        fn explanations_agree_with_the_workers_judgement(
            text in samples::policies(),
            method in "GET|HEAD|POST|DELETE|PUT|OPTIONS|TRACE|get",
            path in PATHS,
            query in "([?]((page|si%7Ae|x)=1&?){0,2})?",
        ) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), samples::catalogue());
            for (name, policy) in policies.iter() {
                let target = [&path[..], &query].concat();
                let call = Call { policy: name, method: &method, target: &target };
                let explanation = explain(&policies, &catalogue, call).unwrap();
                prop_assert_eq!(explanation.is_allowed(), goes_through(policy, &method, &target), "{:?}", explanation);
                let Explanation::Refused(Refusal::Unknown { hints, .. }) = explanation else { continue };
                // A call that follows a hint is allowed, apart from its query.
                for hint in hints {
                    let hinted = match &hint {
                        Hint::Method { method, .. } => goes_through(policy, method.as_str(), &path),
                        Hint::Policy { name, .. } => goes_through(policies.get(name).unwrap(), &method, &path),
                        Hint::Spelling(spelt) => goes_through(policy, &method, spelt),
                    };
                    prop_assert!(hinted, "{:?}", hint);
                }
            }
        }

        /// `check` and `explain` agree.
        #[test]
        fn check_and_explain_agree(text in samples::policies()) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), samples::catalogue());
            for outcome in check(&policies, &catalogue) {
                for entry in &outcome.entries {
                    let (operation, path, methods, is_allowed) = match entry {
                        Entry::Every { operation, grant } => (operation, operation.path.sample(), &grant.methods, true),
                        Entry::Only { operation, path, grant } => (operation, path.clone(), &grant.methods, true),
                        Entry::Except { operation, path, methods } => (operation, path.clone(), methods, false),
                    };
                    for method in methods {
                        let call = Call { policy: outcome.name, method: method.as_str(), target: &path };
                        let explanation = explain(&policies, &catalogue, call).unwrap();
                        prop_assert_eq!(explanation.is_allowed(), is_allowed, "{:?}", entry);
                        if let Explanation::Allowed(permission) = explanation {
                            prop_assert_eq!(permission.operation, Some(*operation));
                        }
                    }
                }
            }
        }
    }
}
