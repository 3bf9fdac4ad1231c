//! The effect of policies on all known operations.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::Method;
use attention_core::url::RequestPath;

use super::catalogue::{self, Catalogue, Operation, Part};
use super::{company, speaks_of};
use crate::authorize::mcp;
use crate::authorize::policy::{Conditions, Decision, Effect, Policies, Policy, Rule};

/// The methods of calls to which policies apply.
const METHODS: [Method; 6] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];

/// The effect of one policy.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The policy's name.
    pub name: &'a str,
    /// The operations it allows, in the order of the catalogue.
    pub entries: Vec<Entry<'a>>,
    /// The operations that return key values and that it refuses.
    pub refused_secrets: Vec<&'a Operation>,
    /// Whether one of its wildcards also allows operations that are not in the catalogue.
    pub allows_unknown: bool,
    /// Its problems: warnings in the order of its rules, then errors in the order of the catalogue.
    pub findings: Vec<Finding<'a>>,
}

/// Something that a policy allows, or an exception from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// The operation is allowed for every id that no rule names.
    Every {
        /// The operation.
        operation: &'a Operation,
        /// The grant.
        grant: Grant<'a>,
    },
    /// It is allowed only for these ids, or differently for these ids.
    Only {
        /// The operation.
        operation: &'a Operation,
        /// Its path with the ids.
        path: String,
        /// The grant for these ids.
        grant: Grant<'a>,
    },
    /// It is refused for these ids but allowed for others.
    Except {
        /// The operation.
        operation: &'a Operation,
        /// Its path with the ids.
        path: String,
        /// The methods that are allowed for other ids.
        methods: Vec<Method>,
    },
}

/// The methods and the rule by which an operation is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant<'a> {
    /// The allowed methods: one, or GET and HEAD.
    pub methods: Vec<Method>,
    /// The rule that allows the first of them.
    pub rule: &'a Rule,
}

/// A problem in a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding<'a> {
    /// A rule allows an operation that returns key values.
    AllowsSecret {
        /// The rule.
        rule: &'a Rule,
        /// The operation.
        operation: &'a Operation,
    },
    /// A rule allows API keys, which are refused regardless of the policy.
    AllowsKeys {
        /// The rule.
        rule: &'a Rule,
    },
    /// A rule has no effect, because a denial or an earlier rule covers the same operations.
    DecidesNothing {
        /// The rule.
        rule: &'a Rule,
    },
    /// A rule matches no known operation.
    MatchesNothing {
        /// The rule.
        rule: &'a Rule,
    },
    /// A rule limits the body, but its methods have none.
    LimitsNoBody {
        /// The rule.
        rule: &'a Rule,
    },
    /// A rule with a wildcard allows an operation whose effect such a rule is not meant for. GET and HEAD are meant for
    /// reading, `*` for reading and writing, other methods for the least effect among their operations.
    OtherEffect {
        /// The rule.
        rule: &'a Rule,
        /// The operation.
        operation: &'a Operation,
    },
    /// A rule shows a member that another rule redacts: its operation returns the same part.
    ShowsRedacted {
        /// The rule.
        rule: &'a Rule,
        /// The operation.
        operation: &'a Operation,
        /// The rule that redacts it.
        redacting: &'a Rule,
        /// The shared part of the responses.
        part: &'a Part,
        /// The redacted member of the part.
        member: &'a str,
    },
    /// A rule is stricter than before policies considered all spellings of a path.
    Stricter {
        /// The rule.
        rule: &'a Rule,
        /// The change.
        change: Change<'a>,
    },
}

/// The way in which a rule became stricter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change<'a> {
    /// A `deny` for GET now also denies HEAD, which this rule allowed.
    DeniesHead {
        /// The rule for HEAD.
        of_head: &'a Rule,
    },
    /// A `deny` whose pattern ends with a slash now also applies without it. Before, it denied nothing.
    SlashCounts,
    /// The conditions of the rule for GET now also apply to the HEAD that this rule allows.
    ConditionsOfGet {
        /// The rule for GET.
        of_get: &'a Rule,
    },
    /// The MCP endpoint now has only the methods POST, GET and DELETE, a query there is allowed only if `query=` lists
    /// its parameters, and a session belongs to the caller that began it.
    McpIsRead,
    /// Other spellings of the rule's paths are now refused. A later rule allowed them under other conditions.
    SpellingsRefused {
        /// The later rule.
        later: &'a Rule,
    },
}

/// The severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// A rule that is correct, but meant something else in the past.
    Notice,
    /// A rule without effect, perhaps a mistake.
    Warning,
    /// A policy that must not be deployed.
    Error,
}

/// Checks every operation of the catalogue against every policy.
pub fn check<'a>(policies: &'a Policies, catalogue: &'a Catalogue) -> Vec<Outcome<'a>> {
    policies.iter().map(|(name, policy)| Outcome::of(name, policy, catalogue)).collect()
}

impl<'a> Entry<'a> {
    /// The grant; `None` for an exception.
    pub const fn grant(&self) -> Option<&Grant<'a>> {
        match self {
            Self::Every { grant, .. } | Self::Only { grant, .. } => Some(grant),
            Self::Except { .. } => None,
        }
    }
}

impl<'a> Finding<'a> {
    /// The rule that the finding is about.
    pub const fn rule(&self) -> &'a Rule {
        match self {
            Self::AllowsSecret { rule, .. }
            | Self::AllowsKeys { rule }
            | Self::DecidesNothing { rule }
            | Self::MatchesNothing { rule }
            | Self::LimitsNoBody { rule }
            | Self::OtherEffect { rule, .. }
            | Self::ShowsRedacted { rule, .. }
            | Self::Stricter { rule, .. } => rule,
        }
    }

    /// Its severity.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::AllowsSecret { .. } => Severity::Error,
            Self::AllowsKeys { .. }
            | Self::DecidesNothing { .. }
            | Self::MatchesNothing { .. }
            | Self::LimitsNoBody { .. }
            | Self::OtherEffect { .. }
            | Self::ShowsRedacted { .. } => Severity::Warning,
            Self::Stricter { .. } => Severity::Notice,
        }
    }
}

impl<'a> Outcome<'a> {
    /// The number of operations it allows, whatever the ids in their paths.
    pub fn allowed(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Every { .. })).count()
    }

    fn of(name: &'a str, policy: &'a Policy, catalogue: &'a Catalogue) -> Self {
        let mut survey = Survey { policy, catalogue, deciding: Vec::new() };
        let (mut entries, mut refused_secrets, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for operation in catalogue.operations() {
            let usual = survey.grant(operation, &operation.path.sample());
            let special = survey.special(operation, usual.as_ref());
            let listed = entries.len();
            entries.extend(usual.map(|grant| Entry::Every { operation, grant }));
            entries.extend(special);
            if operation.effect == catalogue::Effect::Secret {
                // It counts as allowed if it is allowed for one id.
                match entries.iter().skip(listed).find_map(Entry::grant) {
                    Some(grant) => errors.push(Finding::AllowsSecret { rule: grant.rule, operation }),
                    None => refused_secrets.push(operation),
                }
            }
        }
        let mut findings = Vec::new();
        for rule in policy.rules() {
            let change = survey.stricter(rule).map(|change| Finding::Stricter { rule, change });
            findings.extend([survey.without_effect(rule), limits_no_body(rule), change].into_iter().flatten());
        }
        findings.extend(company::other_effects(&entries));
        findings.extend(company::shows_redacted(&entries));
        findings.append(&mut errors);
        let allows_unknown =
            policy.rules().iter().any(|rule| rule.effect() == Effect::Allow && rule.pattern().has_wildcard());
        Self { name, entries, refused_secrets, allows_unknown, findings }
    }
}

/// A pass over the catalogue that records which rules decided a call.
struct Survey<'a> {
    policy: &'a Policy,
    catalogue: &'a Catalogue,
    /// The lines of those rules.
    deciding: Vec<usize>,
}

impl<'a> Survey<'a> {
    /// The grant for a path of the operation. Paths that are rejected before policies apply are refused.
    fn grant(&mut self, operation: &Operation, path: &str) -> Option<Grant<'a>> {
        let path = RequestPath::parse(path).ok()?;
        let mut grant: Option<Grant<'a>> = None;
        for method in operation.methods() {
            match self.policy.decide(method, path) {
                Decision::Allowed(rule) => {
                    self.deciding.push(rule.line());
                    grant.get_or_insert_with(|| Grant { methods: Vec::new(), rule }).methods.push(method);
                }
                Decision::Denied { line } => self.deciding.push(line),
                Decision::Unknown => {}
            }
        }
        grant
    }

    /// The ids for which the grant differs from `usual`.
    fn special(&mut self, operation: &'a Operation, usual: Option<&Grant<'a>>) -> Vec<Entry<'a>> {
        let mut entries = Vec::new();
        for path in self.singled_out(operation) {
            match (self.grant(operation, &path), usual) {
                (Some(grant), usual) if usual != Some(&grant) => entries.push(Entry::Only { operation, path, grant }),
                (None, Some(usual)) => {
                    let methods = usual.methods.clone();
                    entries.push(Entry::Except { operation, path, methods });
                }
                _ => {}
            }
        }
        entries
    }

    /// The paths of an operation that rules name by their ids.
    fn singled_out(&self, operation: &Operation) -> Vec<String> {
        let usual = operation.path.sample();
        let mut found = Vec::new();
        for rule in self.policy.rules() {
            let path = operation.path.sample_for(rule.pattern());
            // `/conversations/list` is a separate operation and not the conversation `list`.
            let owner = self.catalogue.find(operation.method, &path);
            let own = owner.is_some_and(|owner| owner.path == operation.path);
            let about_it = || operation.methods().any(|method| speaks_of(rule, method, &path));
            if path != usual && own && !found.contains(&path) && about_it() {
                found.push(path);
            }
        }
        found
    }

    /// The reason why a rule has no effect, if it has none.
    fn without_effect(&self, rule: &'a Rule) -> Option<Finding<'a>> {
        if self.deciding.contains(&rule.line()) {
            return None;
        }
        if rule.pattern().names_keys() {
            // Denying keys again is harmless.
            return (rule.effect() == Effect::Allow).then_some(Finding::AllowsKeys { rule });
        }
        let matches_known = self.catalogue.operations().iter().any(|operation| {
            let path = operation.path.sample_for(rule.pattern());
            operation.methods().any(|method| speaks_of(rule, method, &path))
        });
        Some(if matches_known { Finding::DecidesNothing { rule } } else { Finding::MatchesNothing { rule } })
    }
}

impl<'a> Survey<'a> {
    /// How a rule became stricter, if that concerns a known operation.
    fn stricter(&self, rule: &'a Rule) -> Option<Change<'a>> {
        match rule.effect() {
            Effect::Deny if rule.pattern().ends_with_slash() => Some(Change::SlashCounts),
            Effect::Deny if rule.method() == Some(Method::Get) => {
                let of_head = self.first_beside(rule, |other, path| is_allowed_by(other, Method::Head, path))?;
                Some(Change::DeniesHead { of_head })
            }
            Effect::Deny => None,
            Effect::Allow => {
                self.conditions_of_get(rule).or_else(|| mcp_is_read(rule)).or_else(|| self.spellings_refused(rule))
            }
        }
    }

    fn conditions_of_get(&self, rule: &'a Rule) -> Option<Change<'a>> {
        let asks = |rule: &Rule| rule.conditions().query.is_some() || !rule.redacted().is_empty();
        let of_get = self.first_beside(rule, |other, path| {
            let of_get = RequestPath::parse(path).ok().and_then(|path| self.policy.of_get(Method::Head, path));
            asks(other) && is_allowed_by(rule, Method::Head, path) && of_get == Some(other)
        })?;
        (rule.method() == Some(Method::Head)).then_some(Change::ConditionsOfGet { of_get })
    }

    fn spellings_refused(&self, rule: &'a Rule) -> Option<Change<'a>> {
        let narrows = |own: &Conditions, other: &Conditions| {
            own.query != other.query && own.query.is_some()
                || own.redact != other.redact && !own.redact.is_empty()
                || own.max_body != other.max_body && own.max_body.is_some()
        };
        let later = self.first_beside(rule, |other, path| {
            let meet =
                METHODS.iter().any(|method| is_allowed_by(rule, *method, path) && is_allowed_by(other, *method, path));
            other.line() > rule.line() && narrows(rule.conditions(), other.conditions()) && meet
        })?;
        Some(Change::SpellingsRefused { later })
    }

    /// The first other rule for which `holds` is true at a known path that both may match.
    fn first_beside(&self, rule: &Rule, holds: impl Fn(&'a Rule, &str) -> bool) -> Option<&'a Rule> {
        let paths = || self.catalogue.operations().iter().map(|operation| operation.path.sample_for(rule.pattern()));
        let is_beside = |other: &&'a Rule| {
            other.line() != rule.line()
                && paths()
                    .any(|path| METHODS.iter().any(|method| speaks_of(rule, *method, &path)) && holds(other, &path))
        };
        self.policy.rules().iter().find(is_beside)
    }
}

/// Whether it is an `allow` that matches the call.
fn is_allowed_by(rule: &Rule, method: Method, path: &str) -> bool {
    rule.effect() == Effect::Allow && speaks_of(rule, method, path)
}

/// Calls to the MCP endpoint that were formerly forwarded without being read.
fn mcp_is_read(rule: &Rule) -> Option<Change<'_>> {
    let was_unread = [Method::Head, Method::Put, Method::Patch];
    let is_about = |method: &Method| speaks_of(rule, *method, mcp::PATH);
    was_unread.iter().any(is_about).then_some(Change::McpIsRead)
}

/// `body=` on a rule whose methods have no body.
fn limits_no_body(rule: &Rule) -> Option<Finding<'_>> {
    let has_none = matches!(rule.method(), Some(Method::Get | Method::Head));
    (has_none && rule.conditions().max_body.is_some()).then_some(Finding::LimitsNoBody { rule })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{PathTemplate, samples};

    /// A policy's entries, one per line: methods, path, and the line of the rule.
    fn entries(outcome: &Outcome<'_>) -> Vec<String> {
        let names = |methods: &[Method]| methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(" ");
        let written = |entry: &Entry<'_>| match entry {
            Entry::Every { operation, grant } => {
                format!("{} {} {}", names(&grant.methods), operation.path, grant.rule.line())
            }
            Entry::Only { path, grant, .. } => {
                format!("{} {path} alone {}", names(&grant.methods), grant.rule.line())
            }
            Entry::Except { path, methods, .. } => format!("{} {path} not", names(methods)),
        };
        outcome.entries.iter().map(written).collect()
    }

    #[track_caller]
    fn assert_entries(text: &str, expected: &[&str]) {
        let (policies, catalogue) = (Policies::parse(text).unwrap(), samples::catalogue());
        assert_eq!(entries(&check(&policies, &catalogue)[0]), expected, "{text}");
    }

    #[test]
    fn operations_are_listed_with_the_first_rule_that_allows_them() {
        assert_entries("", &[]);
        assert_entries(
            "allow HEAD /v2/**\nallow GET /v2/labels/*\nallow * /mcp",
            &[
                "GET HEAD /v2/labels/{id} 2",
                "GET HEAD /v2/labels/list 2",
                "HEAD /v2/recordings/{id} 1",
                "POST /mcp 3",
                "GET /mcp 3",
                "DELETE /mcp 3",
            ],
        );
    }

    #[test]
    fn ids_that_a_rule_names_are_distinguished_from_others() {
        assert_entries(
            "allow GET /v2/labels/*\ndeny * /v2/labels/Locked\nallow * /v2/labels/7\nallow GET /v2/recordings/7",
            &[
                "GET /v2/labels/{id} 1",
                "GET /v2/labels/Locked not",
                "GET HEAD /v2/labels/7 alone 1",
                "GET /v2/labels/list 1",
                "DELETE /v2/labels/7 alone 3",
                "GET /v2/recordings/7 alone 4",
            ],
        );
        // The label `list` does not exist and is not reported.
        assert_entries("allow GET /v2/labels/*\ndeny GET /v2/labels/list", &["GET /v2/labels/{id} 1"]);
        // Neither is an id that rules name in the path of another operation.
        assert_entries(
            "allow GET /v2/labels/*\ndeny * /v2/labels/Locked\nallow GET /v2/recordings/locked",
            &[
                "GET /v2/labels/{id} 1",
                "GET /v2/labels/Locked not",
                "GET /v2/labels/list 1",
                "GET /v2/recordings/locked alone 3",
            ],
        );
        // A rule that changes nothing for its id adds no entry.
        assert_entries("allow DELETE /v2/labels/*\nallow DELETE /v2/labels/7", &["DELETE /v2/labels/{id} 1"]);
    }

    #[test]
    fn every_policy_has_its_own_outcome() {
        let policies = Policies::parse("allow GET /v2/tokens\n[none]\n[all]\nallow * /**").unwrap();
        let catalogue = samples::catalogue();
        let outcomes = check(&policies, &catalogue);
        let told: Vec<_> = outcomes.iter().map(|o| (o.name, o.allowed(), o.allows_unknown)).collect();
        assert_eq!(told, [("default", 0, false), ("none", 0, false), ("all", 9, true)]);
        let closed = Policies::parse("deny * /**\nallow GET /v2/tokens").unwrap();
        assert!(!check(&closed, &catalogue)[0].allows_unknown, "a wildcard that denies");
    }

    #[test]
    fn secrets_are_refused_or_reported_as_an_error() {
        let catalogue = samples::catalogue();
        for (text, refused, allowing) in [
            ("allow GET /v2/**", vec!["listApiKeys", "createToken"], None),
            ("allow * /v2/**", vec!["listApiKeys"], Some(1)),
            ("deny * /v2/labels/*\nallow POST /v2/tokens query=", vec!["listApiKeys"], Some(2)),
        ] {
            let policies = Policies::parse(text).unwrap();
            let outcome = &check(&policies, &catalogue)[0];
            let refused_ids: Vec<&str> = outcome.refused_secrets.iter().map(|o| o.id.as_str()).collect();
            assert_eq!(refused_ids, refused, "{text}");
            let errors = outcome.findings.iter().filter(|finding| finding.severity() == Severity::Error);
            let lines: Vec<usize> = errors
                .map(|finding| match finding {
                    Finding::AllowsSecret { rule, operation } if operation.id == "createToken" => rule.line(),
                    other => panic!("{text}: {other:?}"),
                })
                .collect();
            assert_eq!(lines, allowing.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_allowed_for_one_id_is_an_error_too() {
        let secret = Operation {
            method: Method::Get,
            path: PathTemplate::parse("/v2/hooks/{id}").unwrap(),
            id: "getHook".to_owned(),
            effect: catalogue::Effect::Secret,
            returns_capability: false,
            answer: Vec::new(),
        };
        let catalogue = Catalogue::new("/v2", [secret]);
        for (text, allowing) in [
            ("allow GET /v2/hooks/7\nallow HEAD /v2/hooks/*", Some(2)),
            ("\nallow GET /v2/hooks/7", Some(2)),
            ("allow GET /v2/hooks/7\ndeny GET /v2/hooks/*", None),
        ] {
            let policies = Policies::parse(text).unwrap();
            let outcome = &check(&policies, &catalogue)[0];
            let mut errors = outcome.findings.iter().filter(|finding| finding.severity() == Severity::Error);
            assert_eq!(errors.next().map(|finding| finding.rule().line()), allowing, "{text}");
            assert_eq!(errors.next(), None, "{text}");
            assert_eq!(outcome.refused_secrets.is_empty(), allowing.is_some(), "{text}");
        }
    }

    #[test]
    fn a_rule_without_effect_is_reported_with_the_reason() {
        let catalogue = samples::catalogue();
        let kind = |finding: &Finding<'_>| match finding {
            Finding::AllowsSecret { .. } => "secret",
            Finding::AllowsKeys { .. } => "keys",
            Finding::DecidesNothing { .. } => "has no effect",
            Finding::MatchesNothing { .. } => "matches nothing",
            Finding::LimitsNoBody { .. } => "limits no body",
            Finding::Stricter { change: Change::DeniesHead { .. }, .. } => "denies HEAD",
            Finding::Stricter { change: Change::SlashCounts, .. } => "slash",
            Finding::Stricter { change: Change::ConditionsOfGet { .. }, .. } => "conditions of GET",
            Finding::Stricter { change: Change::SpellingsRefused { .. }, .. } => "spellings",
            Finding::Stricter { change: Change::McpIsRead, .. } => "mcp",
            Finding::OtherEffect { .. } => "other effect",
            Finding::ShowsRedacted { .. } => "shows redacted",
        };
        for (text, expected) in [
            ("allow GET /v2/lables/*", vec![(1, "matches nothing")]),
            ("allow PUT /v2/labels/*\nallow OPTIONS /**", vec![(1, "matches nothing"), (2, "matches nothing")]),
            ("allow GET /labels/*", vec![(1, "matches nothing")]),
            ("deny * /v2/nothing/**", vec![(1, "matches nothing")]),
            ("allow GET /v2/labels/*\nallow GET /v2/labels/* query=page", vec![(2, "has no effect")]),
            ("allow GET /v2/labels/*\nallow GET /v2/labels/7 cache=1s", vec![(2, "has no effect")]),
            ("allow GET /v2/labels/7\ndeny * /v2/labels/7", vec![(1, "has no effect")]),
            ("allow GET /v2/api_keys\nallow GET /v2/api-keys/**", vec![(1, "keys"), (2, "keys")]),
            ("allow POST /v2/tokens\nallow GET /v2/x", vec![(2, "matches nothing"), (1, "secret")]),
            // None of these is a mistake.
            ("deny * /v2/api_keys/**\nallow GET /v2/labels/*\ndeny GET /v2/labels/locked", vec![]),
            ("deny GET /v2/labels/*", vec![]),
            ("allow GET /v2/labels/* query=page\nallow GET /v2/recordings/*", vec![]),
            // HEAD reveals what GET would.
            ("deny GET /v2/labels/*\nallow HEAD /v2/labels/*", vec![(1, "denies HEAD"), (2, "has no effect")]),
            ("allow GET /v2/labels/* query=\nallow HEAD /v2/**", vec![(2, "conditions of GET")]),
            ("allow GET /v2/labels/* cache=1s\nallow HEAD /v2/**", vec![]),
            // A trailing slash makes no difference to a denial.
            ("allow GET /v2/labels/*\ndeny GET /v2/labels/*/", vec![(1, "has no effect"), (2, "slash")]),
            // Other spellings of its paths were formerly allowed by another rule.
            ("allow GET /v2/labels/* redact=email\nallow GET /v2/**", vec![(1, "spellings")]),
            ("allow POST /v2/tokens body=1kb\nallow * /v2/labels/**", vec![(1, "secret")]),
            ("allow GET /v2/labels/* body=1kb", vec![(1, "limits no body")]),
            ("allow GET /v2/labels/locked\nallow GET /v2/labels/Locked", vec![(2, "has no effect")]),
            ("allow * /mcp\nallow GET /v2/labels/*", vec![(1, "mcp")]),
            ("allow POST /mcp tool=x\nallow GET /mcp\nallow DELETE /mcp", vec![]),
        ] {
            let policies = Policies::parse(text).unwrap();
            let outcome = &check(&policies, &catalogue)[0];
            let found: Vec<_> = outcome.findings.iter().map(|f| (f.rule().line(), kind(f))).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    /// The methods that a policy's list allows for a path of an operation.
    fn listed<'o>(outcome: &'o Outcome<'_>, operation: &Operation, path: &str) -> &'o [Method] {
        let mut listed: &[Method] = &[];
        for entry in &outcome.entries {
            match entry {
                Entry::Every { operation: own, grant } if *own == operation => listed = &grant.methods,
                Entry::Only { operation: own, path: at, grant } if *own == operation && at == path => {
                    listed = &grant.methods;
                }
                Entry::Except { operation: own, path: at, methods } if *own == operation && at == path => {
                    assert_eq!(listed, methods, "an exception from something else");
                    listed = &[];
                }
                _ => {}
            }
        }
        listed
    }

    /// A policy's decisions on these calls: whether they are allowed, and by which line.
    fn decisions(policy: &Policy, calls: &[(Method, String)]) -> Vec<(bool, Option<usize>)> {
        let decide = |(method, path): &(Method, String)| match policy.decide(*method, RequestPath::parse(path).unwrap())
        {
            Decision::Allowed(rule) => (true, Some(rule.line())),
            Decision::Denied { line } => (false, Some(line)),
            Decision::Unknown => (false, None),
        };
        calls.iter().map(decide).collect()
    }

    /// A text in which one line was emptied.
    fn without(text: &str, line: usize) -> String {
        let lines = text.lines().enumerate().map(|(index, kept)| if index + 1 == line { "" } else { kept });
        lines.collect::<Vec<_>>().join("\n")
    }

    proptest! {
        /// For every path with at most one id, the list agrees with the policy's decision.
        #[test]
        fn the_list_agrees_with_the_policys_decisions(text in samples::policies()) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), samples::catalogue());
            for outcome in check(&policies, &catalogue) {
                let policy = policies.get(outcome.name).unwrap();
                for (method, path) in samples::calls(&catalogue) {
                    let operation = catalogue.find(method, &path).unwrap();
                    let is_allowed = policy.decide(method, RequestPath::parse(&path).unwrap()).is_allowed();
                    // A denial applies to every spelling, but the list shows only the rule's own.
                    let denied_spelling = !is_allowed && path.to_ascii_lowercase().ends_with("/locked");
                    if operation.id != "addCall" && !denied_spelling {
                        let listed = listed(&outcome, operation, &path);
                        prop_assert_eq!(listed.contains(&method), is_allowed, "{} {}", method, path);
                    }
                }
            }
        }

        /// A rule is reported as without effect exactly if the policy decides all known calls in the same way without
        /// it. Denying keys again is not a mistake.
        #[test]
        fn a_rule_without_effect_can_be_removed(text in samples::policies()) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), samples::catalogue());
            let calls = samples::calls(&catalogue);
            for outcome in check(&policies, &catalogue) {
                let policy = policies.get(outcome.name).unwrap();
                for rule in policy.rules() {
                    let rest = Policies::parse(&without(&text, rule.line())).unwrap();
                    let rest = rest.get(outcome.name).unwrap();
                    let is_idle = decisions(rest, &calls) == decisions(policy, &calls);
                    let denies_keys = rule.effect() == Effect::Deny && rule.pattern().names_keys();
                    let is_warning = |found: &&Finding<'_>| {
                        use Finding::{LimitsNoBody, OtherEffect, ShowsRedacted};
                        let is_of_the_answer = matches!(found, OtherEffect { .. } | ShowsRedacted { .. });
                        found.severity() == Severity::Warning && !matches!(found, LimitsNoBody { .. }) && !is_of_the_answer
                    };
                    let mut warnings = outcome.findings.iter().filter(is_warning);
                    let warning = warnings.find(|warning| warning.rule() == rule);
                    prop_assert_eq!(warning.is_some(), is_idle && !denies_keys, "{}: {:?}", rule.text(), warning);
                }
            }
        }
    }
}
