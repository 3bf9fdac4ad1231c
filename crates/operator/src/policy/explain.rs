//! `policy explain`: explains in words how the Worker judges one call.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use attention_gateway::analysis::{Call, Catalogue, Explanation, Hint, Operation, Permission, Refusal, Term, explain};
use attention_gateway::answer::problem::Problem;
use attention_gateway::authorize::mcp;
use attention_gateway::authorize::policy::{ConditionError, Policies, Rule};

/// The verdict in words, and whether the call is allowed.
pub(super) fn report(policies: &Policies, catalogue: &Catalogue, call: Call<'_>) -> Result<(String, bool)> {
    let explanation = explain(policies, catalogue, call).with_context(|| {
        let names: Vec<&str> = policies.names().collect();
        format!("there is no policy {}\n  next: one of {}", call.policy, names.join(", "))
    })?;
    let (verdict, reasons) = match &explanation {
        Explanation::Allowed(permission) => ("allowed", permitted(permission)),
        Explanation::Refused(refusal) => ("refused", refused(refusal, catalogue)),
    };
    let mut text = format!("{} {} under policy {}: {verdict}\n", call.method, call.target, call.policy);
    // A parameter's name may contain line breaks.
    for line in reasons.join("\n").lines() {
        writeln!(text, "  {line}")?;
    }
    Ok((text, explanation.is_allowed()))
}

fn permitted(permission: &Permission<'_>) -> Vec<String> {
    let mut lines = vec![at(permission.rule)];
    lines.extend(permission.terms.iter().map(term));
    lines.push(named(permission.operation));
    lines
}

fn term(term: &Term<'_>) -> String {
    match term {
        Term::Query(_) => {
            let denied = code(&Problem::condition(&ConditionError::Query));
            format!("condition: only query parameters listed in `query=`, otherwise {denied}")
        }
        Term::Body(most) => {
            let too_large = code(&Problem::condition(&ConditionError::BodyTooLarge { most: *most }));
            let unknown = code(&Problem::condition(&ConditionError::BodyLengthUnknown));
            format!(
                "condition: a body of at most {most} bytes, otherwise {too_large}; with a Content-Length, otherwise {unknown}"
            )
        }
        Term::McpTools => {
            let denied = code(&Problem::mcp_refused());
            format!("condition: no tool that lists, creates or deletes keys, otherwise {denied}")
        }
        Term::Tools(names) => format!(
            "condition: only the tools {}, otherwise 403 mcp_tool_denied; lists show only these, and methods that neither list nor \
                call tools are refused",
            names.join(", ")
        ),
        Term::Redact(names) => format!("redacted wherever they occur in the response: {}", names.join(", ")),
        Term::Cache(time) => format!(
            "cached for this caller only, as long as the API's Cache-Control allows, for at most {} seconds",
            time.as_secs()
        ),
    }
}

fn refused(refusal: &Refusal<'_>, catalogue: &Catalogue) -> Vec<String> {
    let reason = reason(refusal, catalogue);
    let mut lines = vec![match refusal.problem() {
        Some(problem) => format!("{}: {reason}", code(&problem)),
        None => reason,
    }];
    match refusal {
        Refusal::Path(_) => {
            lines.push(
                "rejected before any policy applies, because two servers could read the path differently".to_owned(),
            );
        }
        Refusal::Preflight
        | Refusal::Method
        | Refusal::McpMethod
        | Refusal::MethodOverride { .. }
        | Refusal::OwnPath
        | Refusal::Outside => {}
        Refusal::Keys { operation } | Refusal::Denied { operation, .. } => lines.push(named(*operation)),
        Refusal::Unknown { hints, operation, .. } => {
            lines.extend(hints.iter().map(hint));
            lines.push(named(*operation));
        }
        Refusal::Query { parameter, .. } => {
            lines.push(format!("its `query=` does not name the parameter {parameter}"));
            if parameter.contains(['%', ';', '?']) {
                lines.push(
                    "some servers read a `;`, a second `?` or an encoded `&` as the end of a parameter".to_owned(),
                );
            }
        }
    }
    lines
}

fn reason(refusal: &Refusal<'_>, catalogue: &Catalogue) -> String {
    match refusal {
        Refusal::Path(error) => error.to_string(),
        Refusal::Preflight => "OPTIONS is a browser's preflight, which the Worker answers itself".to_owned(),
        Refusal::Method => "the Worker forwards GET, HEAD, POST, PUT, PATCH and DELETE, written in capitals".to_owned(),
        Refusal::McpMethod => "the MCP endpoint has the methods POST, GET and DELETE".to_owned(),
        Refusal::OwnPath => "the Worker answers this path itself; policies do not apply to it".to_owned(),
        Refusal::Outside => {
            format!("the paths of the API begin with {}/, except {}", catalogue.prefix(), mcp::PATH)
        }
        Refusal::Keys { .. } => "built in, regardless of the policy: a segment of the path names API keys, and \
            the list of keys returns their values"
            .to_owned(),
        Refusal::Denied { rule, .. } => format!("{}; a denial overrides every `allow`", at(rule)),
        Refusal::MethodOverride { parameter } => {
            format!("some servers read the parameter {parameter} as the method; send the intended method instead")
        }
        Refusal::Unknown { misspelt: Some(rule), .. } => {
            format!("{}; some servers treat this as a spelling of its paths, but an `allow` matches exactly", at(rule))
        }
        Refusal::Unknown { .. } => "no line allows it, and everything else is refused".to_owned(),
        Refusal::Query { rule, .. } => at(rule),
    }
}

fn hint(hint: &Hint<'_>) -> String {
    match hint {
        Hint::Method { method, rule } => format!("{method} is allowed there, by {}", at(rule)),
        Hint::Policy { name, rule } => format!("policy {name} allows it, by {}", at(rule)),
        Hint::Spelling(path) => {
            format!("{path} is allowed: an `allow` matches exactly, including case and trailing slash")
        }
    }
}

/// A rule with its line number.
fn at(rule: &Rule) -> String {
    format!("line {}: {}", rule.line(), rule.text())
}

fn named(operation: Option<&Operation>) -> String {
    operation.map_or_else(
        || "operation: not in the catalogue".to_owned(),
        |operation| format!("operation: {} ({} {})", operation.id, operation.method, operation.path),
    )
}

/// The status and code of a problem: `403 route_denied`.
fn code(problem: &Problem) -> String {
    format!("{} {}", problem.status, problem.code)
}

#[cfg(test)]
mod tests {
    use attention_gateway::authorize::policy::DEFAULT_POLICY;

    use super::super::catalogue::tests::real;
    use super::*;

    const TEXT: &str = "\
allow GET /v2/conversations/list query=page,filter[title] redact=email,phone
allow POST /v2/ask_attention/v2 body=64kb
allow GET /v2/labels/** cache=5min
deny * /v2/labels/locked/**

[wide]
allow * /v2/**
";

    fn explain(method: &str, target: &str) -> (String, bool) {
        explain_under(TEXT, method, target)
    }

    fn explain_under(text: &str, method: &str, target: &str) -> (String, bool) {
        let call = Call { policy: Policies::DEFAULT, method, target };
        report(&Policies::parse(text).unwrap(), real(), call).unwrap()
    }

    #[test]
    fn an_allowed_call_is_explained_with_line_operation_and_conditions() {
        let (said, good) = explain("GET", "/v2/conversations/list?page=1&filter%5Btitle%5D=x");
        assert!(good, "{said}");
        for part in [
            "under policy default: allowed",
            "line 1: allow GET /v2/conversations/list",
            "condition: only query parameters",
            "redacted wherever they occur in the response: email, phone",
            "operation: listConversationsOptimized (GET /v2/conversations/list)",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let (said, good) = explain("POST", "/v2/ask_attention/v2");
        assert!(good && said.contains("at most 65536 bytes") && said.contains("411 length_required"), "{said}");
        assert!(explain("GET", "/v2/labels/a/b").0.contains("operation: not in the catalogue"));
        assert!(explain("GET", "/v2/labels/a/b").0.contains("cached for this caller only, as long as the API's"));
        assert!(explain("GET", "/v2/labels/a/b").0.contains("at most 300 seconds"));
    }

    #[test]
    fn every_refusal_has_its_code_and_reason() {
        let cases = [
            ("GET", "/v2/conversations/list?size=9", "403 query_denied: line 1: "),
            ("GET", "/v2/conversations/list?size=9", "does not name the parameter size"),
            ("GET", "/v2/api_keys", "403 route_denied: built in, regardless of the policy"),
            ("GET", "/v2/API%2DKeys/1", "built in, regardless of the policy"),
            ("GET", "/v2/labels/LOCKED/1", "line 4: deny * /v2/labels/locked/**; a denial overrides"),
            ("GET", "/v2/users", "no line allows it"),
            ("GET", "/v2/users", "policy wide allows it, by line 7: allow * /v2/**"),
            ("POST", "/v2/conversations/list", "GET is allowed there, by line 1"),
            ("GET", "/v2/Conversations/list", "/v2/conversations/list is allowed: an `allow` matches exactly"),
            ("GET", "/v2/conversations/list/", "including case and trailing slash"),
            ("GET", "/v2/users/", "no line allows it"),
            ("GET", "/v2/conversations/list.json", "403 route_denied: line 1: allow GET /v2/conversations/list"),
            ("GET", "/v2/conversations/list.json", "some servers treat this as a spelling of its paths"),
            (
                "GET",
                "/v2/labels/7?_method=DELETE",
                "400 method_override: some servers read the parameter _method=DELETE",
            ),
            ("GET", "/v2/conversations/list?page=1;x", "does not name the parameter x"),
            ("GET", "/v2/conversations/list?page=1%26x=1", "or an encoded `&` as the end of a parameter"),
            ("GET", "/v2/labels/../users", "400 path_dot_segment: the path has a `.` or `..` segment at byte 11"),
            ("GET", "/v2/labels%2f1", "400 path_encoded_separator"),
            ("GET", "/v2//labels", "400 path_empty_segment"),
            ("GET", "v2/labels", "400 path_not_absolute"),
            ("OPTIONS", "/v2/labels", "405 method_not_allowed: OPTIONS is a browser's preflight"),
            ("TRACE", "/v2/labels", "405 method_not_allowed"),
            ("get", "/v2/labels", "written in capitals"),
            ("GET", "/labels", "404 no_such_route: the paths of the API begin with /v2/, except /mcp"),
            ("GET", "/v2", "404 no_such_route"),
            ("POST", "/sessions", "the Worker answers this path itself"),
        ];
        for (method, target, reason) in cases {
            let (said, good) = explain(method, target);
            assert!(said.contains("under policy default: refused") && said.contains(reason) && !good, "{said}");
        }
    }

    #[test]
    fn the_mcp_endpoint_is_outside_the_prefix() {
        let (said, good) = explain_under("allow POST /mcp", "POST", "/mcp");
        assert!(good && said.contains("operation: mcp (POST /mcp)") && said.contains("mcp_tool_denied"), "{said}");
        assert!(!explain("POST", "/mcp").1);
    }

    #[test]
    fn the_built_in_policy_is_explained() {
        let explain = |method, target| explain_under(DEFAULT_POLICY, method, target);
        assert!(explain("GET", "/v2/users").1);
        assert!(explain("DELETE", "/v2/labels/1").0.contains("GET is allowed there, by line 1: allow GET /v2/**"));
        assert!(!explain("HEAD", "/v2/api_keys").1);
    }
}
