//! `policy check`: describes the effect of policies in a table and in sentences.

use std::fmt::Write as _;

use anyhow::Result;
use attention_core::Method;
use attention_gateway::analysis::{Catalogue, Change, Effect, Entry, Finding, Operation, Outcome, Severity, check};
use attention_gateway::authorize::policy::{Policies, Rule};

use super::table;

/// The report, and whether the policies have no serious findings.
pub(super) fn report(policies: &Policies, catalogue: &Catalogue, strict: bool) -> Result<(String, bool)> {
    let outcomes = check(policies, catalogue);
    let mut text = String::new();
    for outcome in &outcomes {
        let known = catalogue.operations().len();
        writeln!(text, "policy {}: {} of {known} known operations allowed", outcome.name, outcome.allowed())?;
        if !outcome.entries.is_empty() {
            write!(text, "\n{}\n", table::aligned(&rows(outcome)))?;
        }
        if !outcome.refused_secrets.is_empty() {
            let named: Vec<String> = outcome.refused_secrets.iter().map(|operation| named(operation)).collect();
            writeln!(text, "refused, because they return key values: {}\n", named.join(", "))?;
        }
    }
    if outcomes.iter().any(|outcome| outcome.allows_unknown) {
        text.push_str(
            "note: a wildcard also allows operations that are missing from the catalogue, which is incomplete\n",
        );
    }
    let mut findings: Vec<&Finding<'_>> = outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
    // The most severe finding comes last, where it is noticed.
    findings.sort_by_key(|finding| finding.severity());
    let mut told: Vec<String> = Vec::new();
    for finding in &findings {
        let severity = match finding.severity() {
            Severity::Notice => "stricter",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let said = match finding {
            Finding::OtherEffect { rule, operation } => other_effect(rule, operation.effect, &findings),
            finding => sentence(finding),
        };
        // One line for all findings of a kind about a rule.
        if !told.contains(&said) {
            writeln!(text, "{severity}: {said}")?;
            told.push(said);
        }
    }
    let is_tolerated = |finding: &&Finding<'_>| match finding.severity() {
        Severity::Notice => true,
        Severity::Warning => !strict,
        Severity::Error => false,
    };
    Ok((text, findings.iter().all(is_tolerated)))
}

/// A table with its heading.
fn rows(outcome: &Outcome<'_>) -> Vec<Vec<String>> {
    let heading = ["method", "path", "operation", "line", "conditions and remarks"].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    rows.extend(outcome.entries.iter().map(|entry| match entry {
        Entry::Every { operation, grant } => allowed(&grant.methods, operation.path.as_str(), operation, grant.rule),
        Entry::Only { operation, path, grant } => allowed(&grant.methods, path, operation, grant.rule),
        Entry::Except { operation, path, methods } => row(methods, path, operation, "-", "but not this one".to_owned()),
    }));
    rows
}

fn allowed(methods: &[Method], path: &str, operation: &Operation, rule: &Rule) -> Vec<String> {
    row(methods, path, operation, &rule.line().to_string(), remarks(rule, operation))
}

fn row(methods: &[Method], path: &str, operation: &Operation, line: &str, remarks: String) -> Vec<String> {
    let methods: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    vec![methods.join(" "), path.to_owned(), operation.id.clone(), line.to_owned(), remarks]
}

fn remarks(rule: &Rule, operation: &Operation) -> String {
    let capability = operation.returns_capability.then_some("its response contains a link that grants access");
    let conditions = Some(rule.conditions_text()).filter(|conditions| !conditions.is_empty());
    conditions.into_iter().chain(capability).collect::<Vec<_>>().join("; ")
}

fn sentence(finding: &Finding<'_>) -> String {
    let rule = finding.rule();
    let (line, text) = (rule.line(), rule.text());
    match finding {
        Finding::AllowsSecret { operation, .. } => {
            format!("line {line} allows {}, which returns key values", named(operation))
        }
        Finding::AllowsKeys { .. } => {
            format!("line {line} concerns API keys, which every policy refuses: {text}")
        }
        Finding::DecidesNothing { .. } => {
            format!("line {line} has no effect: a denial or an earlier line covers the same operations: {text}")
        }
        Finding::MatchesNothing { .. } => format!("line {line} matches no known operation: {text}"),
        Finding::LimitsNoBody { .. } => {
            format!("line {line} limits no body: GET and HEAD have none, so `body=` has no effect: {text}")
        }
        Finding::OtherEffect { operation, .. } => other_effect(rule, operation.effect, &[finding]),
        Finding::ShowsRedacted { operation, redacting, part, member, .. } => format!(
            "line {line} lets {} show `{member}` of {}, which line {} redacts elsewhere: {text}",
            named(operation),
            part.schema,
            redacting.line()
        ),
        Finding::Stricter { change, .. } => format!("line {line} {}: {text}", now(*change)),
    }
}

/// The operations with another effect that a rule's wildcard also allows.
fn other_effect(rule: &Rule, effect: Effect, findings: &[&Finding<'_>]) -> String {
    let allowed = findings.iter().filter_map(|finding| match finding {
        Finding::OtherEffect { rule: own, operation } if *own == rule && operation.effect == effect => Some(*operation),
        _ => None,
    });
    let names: Vec<String> = allowed.map(named).collect();
    let (shown, more) = names.split_at(names.len().min(3));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!(
        "line {} has a wildcard, which also allows operations that {}: {}{more}; deny them, or list what you mean: {}",
        rule.line(),
        does(effect),
        shown.join(", "),
        rule.text()
    )
}

/// The meaning of a rule that changed when policies began to consider all spellings of a path.
fn now(change: Change<'_>) -> String {
    match change {
        Change::DeniesHead { of_head } => {
            format!("also denies HEAD, which reveals what GET would; line {} allowed it", of_head.line())
        }
        Change::McpIsRead => "allows only POST, GET and DELETE at /mcp, a query there only if `query=` names its \
            parameters, and only the caller's own sessions"
            .to_owned(),
        Change::SlashCounts => "also denies the path without the trailing slash; before, it denied nothing".to_owned(),
        Change::ConditionsOfGet { of_get } => {
            format!("allows HEAD on the same conditions as line {} allows GET", of_get.line())
        }
        Change::SpellingsRefused { later } => format!(
            "matches only its exact paths; in other spellings, such as capitals or a trailing slash, line {} allowed \
                them without these conditions, and now they are refused",
            later.line()
        ),
    }
}

/// Describes operations by their effect.
const fn does(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::HandsOutAccess => "return a link that gives others access",
        Effect::Secret => "return key values",
    }
}

fn named(operation: &Operation) -> String {
    format!("{} {} ({})", operation.method, operation.path, operation.id)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use attention_core::url::RequestPath;
    use attention_gateway::authorize::mcp;
    use attention_gateway::authorize::policy::DEFAULT_POLICY;

    use super::super::catalogue::tests::real;
    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    fn check(text: &str) -> (String, bool) {
        report(&Policies::parse(text).unwrap(), real(), true).unwrap()
    }

    fn has(said: &str, parts: &[&str]) -> bool {
        said.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").contains(&parts.join(" ")))
    }

    #[test]
    fn the_default_policy_allows_reads_and_no_secrets() {
        let policies = Policies::parse(DEFAULT_POLICY).unwrap();
        let policy = policies.get("default").unwrap();
        let mut allowed = 0;
        for operation in real().operations() {
            let path = operation.path.sample();
            let path = RequestPath::parse(&path).unwrap();
            for method in
                [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options]
            {
                if policy.decide(method, path).is_allowed() {
                    assert!(method.is_safe() && method != Method::Options, "{method} {}", operation.path);
                    let called = real().find(method, &path.decoded());
                    assert!(called.is_none_or(|called| called.effect == Effect::Read), "{called:?}");
                }
            }
            let is_allowed = policy.decide(operation.method, path).is_allowed();
            let is_read = operation.method == Method::Get
                && operation.effect == Effect::Read
                && operation.path.as_str() != mcp::PATH;
            assert_eq!(is_allowed, is_read, "{}", operation.id);
            allowed += usize::from(is_allowed);
        }
        let (said, good) = check(DEFAULT_POLICY);
        assert!(good, "{said}");
        assert!(said.starts_with(&format!("policy default: {allowed} of ")), "{said}");
        assert!(said.contains(
            "refused, because they return key values: GET /v2/api_keys (listApiKeys), POST /v2/api_keys (createApiKey)"
        ));
    }

    #[test]
    fn every_allowed_operation_is_listed_with_its_line_and_conditions() {
        let (said, good) =
            check("# reports\nallow GET /v2/conversations/list query=page,size\nallow GET /v2/teams/*\n");
        assert!(good, "{said}");
        assert!(said.starts_with("policy default: 2 of "), "{said}");
        assert!(has(&said, &["GET /v2/conversations/list listConversationsOptimized 2 query=page,size"]), "{said}");
        assert!(has(&said, &["GET /v2/teams/{id} getTeam 3"]), "{said}");
        assert!(!said.contains("createLabel"));
    }

    #[test]
    fn rules_without_effect_are_reported() {
        let cases = [
            ("allow GET /v2/convesations", "line 1 matches no known operation"),
            ("allow DELETE /v2/users", "line 1 matches no known operation"),
            ("allow OPTIONS /v2/users", "line 1 matches no known operation"),
            ("allow GET /conversations", "line 1 matches no known operation"),
            ("deny * /v2/nothing/**", "line 1 matches no known operation"),
            ("allow GET /v2/users\nallow GET /v2/users query=page", "line 2 has no effect"),
            ("allow GET /v2/users\ndeny * /v2/users", "line 1 has no effect"),
            ("allow GET /v2/api_keys", "line 1 concerns API keys, which every policy refuses"),
        ];
        for (text, said) in cases {
            let (report, good) = check(text);
            assert!(report.contains(&format!("warning: {said}")) && !good, "{text}:\n{report}");
            assert!(self::report(&Policies::parse(text).unwrap(), real(), false).unwrap().1, "a warning is no fault");
        }
        for text in [
            "allow GET /v2/users\ndeny * /v2/api_keys/**",
            "allow GET /v2/labels/*\ndeny GET /v2/labels/locked",
            "deny GET /v2/users",
        ] {
            assert!(check(text).1, "{text}:\n{}", check(text).0);
        }
    }

    #[test]
    fn operations_that_a_wildcard_also_allows_are_reported() {
        for (text, said) in [
            (
                "allow GET /v2/**",
                "line 1 has a wildcard, which also allows operations that return a link that gives others access: GET \
                    /v2/conversations/upload-url (getConversationUploadUrl); deny them",
            ),
            ("allow POST /v2/**", "(importConversation) and "),
            ("allow POST /v2/*/**", "operations that write: "),
        ] {
            let (report, good) = check(text);
            assert!(report.contains(said) && !good, "{text}:\n{report}");
            let twice = report.lines().filter(|line| line.contains("has a wildcard")).count();
            assert!(twice <= 2, "a line for each effect: {report}");
        }
        for text in
            ["allow GET /v2/**\ndeny GET /v2/conversations/upload-url", "allow GET /v2/conversations/upload-url"]
        {
            assert!(check(text).1, "{}", check(text).0);
        }
    }

    #[test]
    fn a_member_that_one_line_redacts_and_another_shows_is_reported() {
        let list = "allow GET /v2/conversations/list";
        let one = "allow GET /v2/conversations/*\ndeny * /v2/conversations/upload-url";
        for (text, shows) in [
            (format!("{list}\n{one} redact=x").replace("* redact=x", "*"), false),
            (format!("{list}\n{}", one.replace("/*", "/* redact=transcript")), true),
            (format!("{list} redact=transcript\n{}", one.replace("/*", "/* redact=transcript")), false),
            (format!("{list} redact=transcript\n{one}"), true),
        ] {
            let text = text.replace(" redact=x", "");
            let (report, _) = check(&text);
            assert_eq!(report.contains("show `transcript`"), shows, "{text}:\n{report}");
        }
    }

    /// The policies in the documentation, in their original form: a block of lines, or a string in a setting.
    fn documented() -> Vec<(String, String)> {
        let mut found = Vec::new();
        for file in ["docs/deploying.md", "docs/upgrading.md", "docs/security.md", "README.md", "worker/README.md"] {
            let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
            for block in text.split("```").skip(1).step_by(2) {
                let lines: Vec<&str> = block.lines().skip(1).collect();
                let is_rule = |line: &&str| line.starts_with("allow ") || line.starts_with("deny ");
                if lines.iter().any(is_rule) {
                    found.push((file.to_owned(), lines.join("\n")));
                }
                for line in lines.iter().filter(|line| line.contains("ATTENTION_POLICY")) {
                    let quoted = line.split('"').nth(1).unwrap_or_default();
                    found.push((file.to_owned(), quoted.replace("\\n", "\n")));
                }
            }
        }
        for file in ["docs/deploying.md", "worker/README.md"] {
            let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
            let inline = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
            let rules = inline.filter(|code| code.starts_with("allow ") && Policies::parse(code).is_ok());
            found.extend(rules.map(|rule| (file.to_owned(), rule.to_owned())));
        }
        found.push(("the default".to_owned(), DEFAULT_POLICY.to_owned()));
        found
    }

    #[test]
    fn no_documented_policy_allows_unintended_operations() {
        let policies = documented();
        assert!(policies.len() >= 3, "{policies:?}");
        for (file, text) in policies {
            let parsed = Policies::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
            let (report, good) = report(&parsed, real(), true).unwrap();
            assert!(good, "{file}:\n{text}\n{report}");
        }
    }

    #[test]
    fn stricter_rules_are_reported_but_are_not_errors() {
        let cases = [
            ("deny GET /v2/users\nallow HEAD /v2/**", "line 1 also denies HEAD, which reveals what GET would; line 2"),
            ("deny GET /v2/users/\nallow GET /v2/labels", "line 1 also denies the path without the trailing slash"),
            (
                "allow GET /v2/users query=page\nallow HEAD /v2/users",
                "line 2 allows HEAD on the same conditions as line 1",
            ),
            ("allow GET /v2/users redact=email\nallow GET /v2/**", "line 1 matches only its exact paths; in other"),
            ("allow * /mcp", "line 1 allows only POST, GET and DELETE at /mcp"),
        ];
        for (text, said) in cases {
            let policies = Policies::parse(text).unwrap();
            let (told, _) = report(&policies, real(), true).unwrap();
            assert!(told.contains(&format!("stricter: {said}")), "{text}:\n{told}");
        }
        let upload = "deny GET /v2/conversations/upload-url";
        let (report, good) = check(&format!("allow GET /v2/users query=page\nallow GET /v2/**\n{upload}"));
        assert!(good, "{report}");
        assert!(check("allow GET /v2/users body=1kb").0.contains("warning: line 1 limits no body"));
    }

    #[test]
    fn a_single_id_is_distinguished_from_all_ids() {
        let (said, _) = check("allow GET /v2/labels/*\ndeny GET /v2/labels/locked\nallow GET /v2/teams/7");
        assert!(has(&said, &["GET /v2/labels/{id} getLabel 1"]), "{said}");
        assert!(has(&said, &["GET /v2/labels/locked getLabel - but not this one"]), "{said}");
        assert!(has(&said, &["GET /v2/teams/7 getTeam 3"]) && !said.contains("/v2/teams/{id}"), "{said}");
    }

    #[test]
    fn every_policy_of_a_text_is_reported() {
        let (said, _) = check("[reports]\nallow GET /v2/scorecards\n[all]\nallow * /**\n");
        for line in ["policy default: 0 of ", "policy reports: 1 of ", "policy all: "] {
            assert!(said.lines().any(|told| told.starts_with(line)), "{said}");
        }
        assert!(said.contains("a link that grants access") && said.contains("note: a wildcard"), "{said}");
    }
}
