//! `policy explain`: one call, judged as the Worker judges it, in words.

use std::fmt::Write as _;

use anyhow::Result;
use attention_core::Method;
use attention_core::route::{BodyLength, Decision, Policy, Rule, Unmet};
use attention_core::url::RequestPath;

use super::Source;
use super::catalogue::{Catalogue, MCP};

/// What the Worker answers itself, before any policy.
const OWN: [&str; 6] =
    ["/healthz", "/readyz", "/status", "/sessions", "/admin/keys/current/test", "/admin/keys/next/test"];

/// The verdict in words, and whether the call is allowed.
pub(super) fn report(
    source: &Source,
    catalogue: &Catalogue,
    name: &str,
    method: &str,
    target: &str,
) -> Result<(String, bool)> {
    let (verdict, good) = match judge(source, catalogue, name, method, target) {
        Ok(words) => (format!("allowed\n{words}"), true),
        Err(words) => (format!("refused\n{words}"), false),
    };
    let mut text = format!("{method} {target} under policy {name}: ");
    for (index, line) in verdict.lines().enumerate() {
        writeln!(text, "{}{line}", if index == 0 { "" } else { "  " })?;
    }
    Ok((text, good))
}

fn judge(source: &Source, catalogue: &Catalogue, name: &str, method: &str, target: &str) -> Result<String, String> {
    let (path_text, query) = target.split_once('?').unwrap_or((target, ""));
    let path = RequestPath::parse(path_text).map_err(|error| {
        format!(
            "400 {}: {error}\nno policy is asked: what two servers could read differently goes nowhere",
            error.code()
        )
    })?;
    let known_method = Method::parse(method).filter(|method| *method != Method::Options);
    let method = known_method.ok_or_else(|| match method {
        "OPTIONS" => {
            "405 method_not_allowed: OPTIONS is a browser's question, which the Worker answers itself".to_owned()
        }
        _ => "405 method_not_allowed: the Worker forwards GET, HEAD, POST, PUT, PATCH and DELETE, written in capitals"
            .to_owned(),
    })?;
    if OWN.contains(&path_text) {
        return Err("the Worker answers this path itself; no policy speaks of it".to_owned());
    }
    let under_prefix = path_text.strip_prefix(&catalogue.prefix).is_some_and(|rest| rest.starts_with('/'));
    if !under_prefix && path_text != MCP {
        return Err(format!("404 no_such_route: the paths of the API begin with {}/, but for {MCP}", catalogue.prefix));
    }
    let policy = source.policies.get(name).ok_or_else(|| format!("there is no policy {name}"))?;
    let operation = catalogue.find(method, &path.decoded()).map_or_else(
        || "operation: none of the catalogue's".to_owned(),
        |operation| format!("operation: {} ({} {})", operation.id, operation.method, operation.path),
    );
    match policy.decide(method, path) {
        Decision::Allowed(rule) => {
            conditions(source, rule, method, path_text, query).map(|words| format!("{words}{operation}"))
        }
        Decision::Denied { line: 0 } => Err(format!(
            "403 route_denied: built in, whatever a policy says: the path has a segment that names API keys, and that list returns their values\n{operation}"
        )),
        Decision::Denied { line } => Err(format!(
            "403 route_denied: {}, and a denial wins over every `allow`\n{operation}",
            line_of(source, line)
        )),
        Decision::Unknown => {
            let hints = hints(source, policy, name, method, path);
            Err(format!("403 route_denied: no line allows it, and what no line names is refused\n{hints}{operation}"))
        }
    }
}

/// The line and what it asks for beyond the path.
fn conditions(source: &Source, rule: &Rule, method: Method, path: &str, query: &str) -> Result<String, String> {
    let by = line_of(source, rule.line());
    let offending = |pair: &&str| rule.admits(pair, BodyLength::NoBody) == Err(Unmet::Query);
    if let Some(pair) = query.split('&').find(offending) {
        let parameter = pair.split('=').next().unwrap_or_default();
        return Err(format!("403 query_denied: {by}\nits `query=` does not name the parameter {parameter}"));
    }
    let mut words = format!("{by}\n");
    let mut say = |text: &str| {
        words.push_str(text);
        words.push('\n');
    };
    if rule.admits("any-parameter-at-all", BodyLength::NoBody).is_err() {
        say("condition: no other parameter in the query than those of `query=`, or 403 query_denied");
    }
    if let Err(Unmet::BodyTooLarge { most }) = rule.admits("", BodyLength::Announced(u64::MAX)) {
        say(&format!(
            "condition: a body of at most {most} bytes, or 413 body_too_large, and announced, or 411 length_required"
        ));
    }
    if path == MCP {
        say("condition: no tool that lists, makes or deletes keys, or 403 mcp_tool_denied");
    }
    if !rule.redacted().is_empty() {
        say(&format!("taken out of the answer, wherever they stand: {}", rule.redacted().join(", ")));
    }
    if let Some(time) = rule.cache().filter(|_| method == Method::Get && path != MCP) {
        say(&format!(
            "kept for this caller alone, as long as the API's Cache-Control lets it be, but {} seconds at most",
            time.as_secs()
        ));
    }
    if rule.allows_websocket() && method == Method::Get && path != MCP {
        say("may become a WebSocket, of which nothing is looked at");
    }
    if let Some(wait) = rule.coalesce().filter(|_| method == Method::Get && path != MCP) {
        say(&format!(
            "while one is under way, others of this caller that are the same wait for its answer, {} seconds at most",
            wait.as_secs()
        ));
    }
    Ok(words)
}

fn line_of(source: &Source, line: usize) -> String {
    format!("line {line}: {}", source.rule_at(line).map(|rule| rule.text.as_str()).unwrap_or_default())
}

/// What would have been allowed nearby: another method, another policy, another spelling.
fn hints(source: &Source, policy: &Policy, name: &str, method: Method, path: RequestPath<'_>) -> String {
    let mut hints = String::new();
    let mut say = |text: String| {
        hints.push_str(&text);
        hints.push('\n');
    };
    for other in [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete] {
        if let Decision::Allowed(rule) = policy.decide(other, path) {
            say(format!("{other} is allowed there, by {}", line_of(source, rule.line())));
        }
    }
    for other in source.policies.names().filter(|other| *other != name) {
        let decision = source.policies.get(other).map(|policy| policy.decide(method, path));
        if let Some(Decision::Allowed(rule)) = decision {
            say(format!("policy {other} allows it, by {}", line_of(source, rule.line())));
        }
    }
    let lower = path.as_str().to_ascii_lowercase();
    let spelt = lower.strip_suffix('/').unwrap_or(&lower);
    if let Ok(other) = RequestPath::parse(spelt)
        && spelt != path.as_str()
        && policy.decide(method, other).is_allowed()
    {
        say(format!("{spelt} is allowed: an `allow` matches to the letter, case and last slash included"));
    }
    hints
}

#[cfg(test)]
mod tests {
    use attention_core::route::DEFAULT_POLICY;

    use super::super::catalogue::tests::real;
    use super::*;

    const TEXT: &str = "\
allow GET /v2/conversations/list query=page,filter[title] redact=email,phone
allow POST /v2/ask_attention/v2 body=64kb
allow GET /v2/labels/** cache=5min coalesce=2s
deny * /v2/labels/locked/**

[wide]
allow * /v2/**
";

    fn explain(method: &str, target: &str) -> (String, bool) {
        report(&Source::parse(TEXT).unwrap(), real(), "default", method, target).unwrap()
    }

    #[test]
    fn what_is_allowed_names_line_operation_and_conditions() {
        let (said, good) = explain("GET", "/v2/conversations/list?page=1&filter%5Btitle%5D=x");
        assert!(good, "{said}");
        for part in [
            "under policy default: allowed",
            "line 1: allow GET /v2/conversations/list",
            "condition: no other parameter",
            "taken out of the answer, wherever they stand: email, phone",
            "operation: listConversationsOptimized (GET /v2/conversations/list)",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let (said, good) = explain("POST", "/v2/ask_attention/v2");
        assert!(good && said.contains("at most 65536 bytes") && said.contains("411 length_required"), "{said}");
        assert!(explain("GET", "/v2/labels/a/b").0.contains("operation: none of the catalogue's"));
        assert!(explain("GET", "/v2/labels/a/b").0.contains("kept for this caller alone, as long as the API's"));
        assert!(explain("GET", "/v2/labels/a/b").0.contains("300 seconds at most"));
        assert!(explain("GET", "/v2/labels/a/b").0.contains("wait for its answer, 2 seconds at most"));
    }

    #[test]
    fn every_refusal_has_its_code_and_reason() {
        let cases = [
            ("GET", "/v2/conversations/list?size=9", "403 query_denied: line 1: "),
            ("GET", "/v2/conversations/list?size=9", "does not name the parameter size"),
            ("GET", "/v2/api_keys", "403 route_denied: built in, whatever a policy says"),
            ("GET", "/v2/API%2DKeys/1", "built in, whatever a policy says"),
            ("GET", "/v2/labels/LOCKED/1", "line 4: deny * /v2/labels/locked/**, and a denial wins"),
            ("GET", "/v2/users", "no line allows it"),
            ("GET", "/v2/users", "policy wide allows it, by line 7: allow * /v2/**"),
            ("POST", "/v2/conversations/list", "GET is allowed there, by line 1"),
            ("GET", "/v2/Conversations/list", "/v2/conversations/list is allowed: an `allow` matches to the letter"),
            ("GET", "/v2/conversations/list/", "case and last slash included"),
            ("GET", "/v2/labels/../users", "400 path_dot_segment: the path has a `.` or `..` segment at byte 11"),
            ("GET", "/v2/labels%2f1", "400 path_encoded_separator"),
            ("GET", "/v2//labels", "400 path_empty_segment"),
            ("GET", "v2/labels", "400 path_not_absolute"),
            ("OPTIONS", "/v2/labels", "405 method_not_allowed: OPTIONS is a browser's question"),
            ("TRACE", "/v2/labels", "405 method_not_allowed"),
            ("get", "/v2/labels", "written in capitals"),
            ("GET", "/labels", "404 no_such_route: the paths of the API begin with /v2/, but for /mcp"),
            ("GET", "/v2", "404 no_such_route"),
            ("POST", "/sessions", "the Worker answers this path itself"),
        ];
        for (method, target, reason) in cases {
            let (said, good) = explain(method, target);
            assert!(said.contains("under policy default: refused") && said.contains(reason) && !good, "{said}");
        }
    }

    #[test]
    fn the_mcp_endpoint_stands_beside_the_prefix() {
        let source = Source::parse("allow POST /mcp").unwrap();
        let (said, good) = report(&source, real(), "default", "POST", "/mcp").unwrap();
        assert!(good && said.contains("operation: mcp (POST /mcp)") && said.contains("mcp_tool_denied"), "{said}");
        assert!(!explain("POST", "/mcp").1);
    }

    #[test]
    fn the_built_in_policy_explains_itself() {
        let source = Source::parse(DEFAULT_POLICY).unwrap();
        let explain = |method, target| report(&source, real(), "default", method, target).unwrap();
        assert!(explain("GET", "/v2/users").1);
        assert!(explain("DELETE", "/v2/labels/1").0.contains("GET is allowed there, by line 1: allow GET /v2/**"));
        assert!(!explain("HEAD", "/v2/api_keys").1);
    }
}
