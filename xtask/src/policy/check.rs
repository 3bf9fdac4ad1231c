//! `policy check`: what the policies of a text come to, over all operations that are known.

use std::fmt::Write as _;

use anyhow::Result;
use attention_core::route::{Decision, Policy};
use attention_core::url::RequestPath;

use super::Source;
use super::catalogue::{Catalogue, Operation};
use super::rules::Rule;
use crate::table;

/// The report, and whether nothing is wrong with the policies.
pub(super) fn report(source: &Source, catalogue: &Catalogue, strict: bool) -> Result<(String, bool)> {
    let mut text = String::new();
    let mut wrong = Vec::new();
    let mut warnings = Vec::new();
    for name in source.policies.names() {
        let Some(policy) = source.policies.get(name) else { continue };
        let outcome = Outcome::of(source, catalogue, name, policy)?;
        writeln!(
            text,
            "policy {name}: {} of {} known operations allowed",
            outcome.allowed,
            catalogue.operations.len()
        )?;
        if outcome.rows.len() > 1 {
            write!(text, "\n{}\n", table::aligned(&outcome.rows, &[]))?;
        }
        if !outcome.refused_secrets.is_empty() {
            writeln!(text, "refused, because they return key values: {}\n", outcome.refused_secrets.join(", "))?;
        }
        warnings.extend(source.rules_of(name).filter_map(|rule| outcome.warning(rule, catalogue)));
        wrong.extend(outcome.wrong);
    }
    if source.rules.iter().any(|rule| rule.allows && rule.pattern.contains('*')) {
        text.push_str("note: a wildcard also allows what the catalogue does not know; it is not complete\n");
    }
    for warning in &warnings {
        writeln!(text, "warning: {warning}")?;
    }
    for fault in &wrong {
        writeln!(text, "error: {fault}")?;
    }
    Ok((text, wrong.is_empty() && (!strict || warnings.is_empty())))
}

/// What one policy comes to.
struct Outcome {
    allowed: usize,
    /// A table with its heading.
    rows: Vec<Vec<String>>,
    refused_secrets: Vec<String>,
    wrong: Vec<String>,
    /// Which lines decide something.
    deciding: Vec<usize>,
}

impl Outcome {
    fn of(source: &Source, catalogue: &Catalogue, name: &str, policy: &Policy) -> Result<Self> {
        let heading = ["method", "path", "operation", "line", "conditions and remarks"].map(str::to_owned).to_vec();
        let mut outcome = Self {
            allowed: 0,
            rows: vec![heading],
            refused_secrets: Vec::new(),
            wrong: Vec::new(),
            deciding: Vec::new(),
        };
        for operation in &catalogue.operations {
            let usual = outcome.decide(policy, operation, &operation.sample())?;
            if let Some((methods, line)) = &usual {
                outcome.allowed += 1;
                outcome.row(methods, &operation.path, operation, &line.to_string(), remarks(source, *line, operation));
            }
            for special in specials(source, catalogue, name, operation) {
                let decided = outcome.decide(policy, operation, &special)?;
                match (&usual, &decided) {
                    (_, Some((methods, line))) if decided != usual => {
                        outcome.row(methods, &special, operation, &line.to_string(), remarks(source, *line, operation));
                    }
                    (Some((methods, _)), None) => {
                        outcome.row(methods, &special, operation, "-", "but not this one".to_owned());
                    }
                    _ => {}
                }
            }
            if operation.returns_secret {
                let named = format!("{} {} ({})", operation.method, operation.path, operation.id);
                match usual {
                    None => outcome.refused_secrets.push(named),
                    Some((_, line)) => {
                        outcome.wrong.push(format!("line {line} allows {named}, which returns key values"));
                    }
                }
            }
        }
        Ok(outcome)
    }

    /// The methods that are allowed at a path, and the line that allows the first of them.
    fn decide(&mut self, policy: &Policy, operation: &Operation, path: &str) -> Result<Option<(String, usize)>> {
        let path = RequestPath::parse(path)?;
        let mut allowed: Option<(String, usize)> = None;
        for method in operation.methods() {
            match policy.decide(*method, path) {
                Decision::Allowed(rule) => {
                    self.deciding.push(rule.line());
                    allowed = Some(match allowed {
                        None => (method.to_string(), rule.line()),
                        Some((methods, line)) => (format!("{methods} {method}"), line),
                    });
                }
                Decision::Denied { line } => self.deciding.push(line),
                Decision::Unknown => {}
            }
        }
        Ok(allowed)
    }

    fn row(&mut self, methods: &str, path: &str, operation: &Operation, line: &str, remarks: String) {
        self.rows.push(vec![methods.to_owned(), path.to_owned(), operation.id.clone(), line.to_owned(), remarks]);
    }

    fn warning(&self, rule: &Rule, catalogue: &Catalogue) -> Option<String> {
        let Rule { line, text, .. } = rule;
        if self.deciding.contains(line) {
            return None;
        }
        if rule.names_keys() {
            // Said twice does no harm.
            return rule
                .allows
                .then(|| format!("line {line} is about keys, which are refused whatever a policy says: {text}"));
        }
        let mut calls = catalogue.operations.iter().flat_map(|operation| {
            let path = operation.sample_for(&rule.pattern);
            operation.methods().iter().map(move |method| (*method, path.clone()))
        });
        Some(if calls.any(|(method, path)| rule.speaks_of(method, &path)) {
            format!("line {line} decides nothing: a denial, or an earlier line, speaks of the same operations: {text}")
        } else {
            format!("line {line} matches no known operation: {text}")
        })
    }
}

/// Paths of an operation that a rule of the policy singles out by their ids.
fn specials(source: &Source, catalogue: &Catalogue, policy: &str, operation: &Operation) -> Vec<String> {
    let usual = operation.sample();
    let mut found = Vec::new();
    for rule in source.rules_of(policy) {
        let path = operation.sample_for(&rule.pattern);
        // `/conversations/list` is an operation of its own, not the conversation `list`.
        let own = catalogue.find(operation.method, &path).is_some_and(|found| found.path == operation.path);
        let spoken_of = || operation.methods().iter().any(|method| rule.speaks_of(*method, &path));
        if path != usual && own && !found.contains(&path) && spoken_of() {
            found.push(path);
        }
    }
    found
}

fn remarks(source: &Source, line: usize, operation: &Operation) -> String {
    let mut remarks = source.rule_at(line).map(|rule| rule.conditions.clone()).unwrap_or_default();
    if operation.returns_capability {
        let gap = if remarks.is_empty() { "" } else { "; " };
        remarks = format!("{remarks}{gap}its answer holds a link that grants access");
    }
    remarks
}

#[cfg(test)]
mod tests {
    use attention_core::Method;
    use attention_core::route::DEFAULT_POLICY;

    use super::super::catalogue::{MCP, tests::real};
    use super::*;

    fn check(text: &str) -> (String, bool) {
        report(&Source::parse(text).unwrap(), real(), true).unwrap()
    }

    fn has(said: &str, parts: &[&str]) -> bool {
        said.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").contains(&parts.join(" ")))
    }

    #[test]
    fn the_default_policy_reads_and_never_hands_out_a_secret() {
        let source = Source::parse(DEFAULT_POLICY).unwrap();
        let policy = source.policies.get("default").unwrap();
        let mut allowed = 0;
        for operation in &real().operations {
            let path = operation.sample();
            let path = RequestPath::parse(&path).unwrap();
            for method in
                [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options]
            {
                if policy.decide(method, path).is_allowed() {
                    assert!(method.is_safe() && method != Method::Options, "{method} {}", operation.path);
                    assert!(!operation.returns_secret, "{}", operation.id);
                }
            }
            let is_allowed = policy.decide(operation.method, path).is_allowed();
            let is_read = operation.method == Method::Get && !operation.returns_secret && operation.path != MCP;
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
    fn rules_without_effect_are_named() {
        let cases = [
            ("allow GET /v2/convesations", "line 1 matches no known operation"),
            ("allow DELETE /v2/users", "line 1 matches no known operation"),
            ("allow OPTIONS /v2/users", "line 1 matches no known operation"),
            ("allow GET /conversations", "line 1 matches no known operation"),
            ("deny * /v2/nothing/**", "line 1 matches no known operation"),
            ("allow GET /v2/users\nallow GET /v2/users query=page", "line 2 decides nothing"),
            ("allow GET /v2/users\ndeny * /v2/users", "line 1 decides nothing"),
            ("allow GET /v2/api_keys", "line 1 is about keys, which are refused whatever a policy says"),
        ];
        for (text, said) in cases {
            let (report, good) = check(text);
            assert!(report.contains(&format!("warning: {said}")) && !good, "{text}:\n{report}");
            assert!(self::report(&Source::parse(text).unwrap(), real(), false).unwrap().1, "a warning is no fault");
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
    fn a_single_id_is_told_from_all_of_them() {
        let (said, _) = check("allow GET /v2/labels/*\ndeny GET /v2/labels/locked\nallow GET /v2/teams/7");
        assert!(has(&said, &["GET /v2/labels/{id} getLabel 1"]), "{said}");
        assert!(has(&said, &["GET /v2/labels/locked getLabel - but not this one"]), "{said}");
        assert!(has(&said, &["GET /v2/teams/7 getTeam 3"]) && !said.contains("/v2/teams/{id}"), "{said}");
    }

    #[test]
    fn every_policy_of_a_text_is_told_of() {
        let (said, _) = check("[reports]\nallow GET /v2/scorecards\n[all]\nallow * /**\n");
        for line in ["policy default: 0 of ", "policy reports: 1 of ", "policy all: "] {
            assert!(said.lines().any(|told| told.starts_with(line)), "{said}");
        }
        assert!(said.contains("a link that grants access") && said.contains("note: a wildcard"), "{said}");
    }
}
