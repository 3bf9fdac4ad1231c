//! Unintended side effects of rules: operations with another effect that a wildcard allows, and responses that show
//! members that another rule redacts.

use alloc::vec::Vec;

use attention_core::Method;

use super::catalogue::{Effect, Part};
use super::check::{Entry, Finding};

/// The operations that a rule with a wildcard allows but is probably not meant for.
pub(super) fn other_effects<'a>(entries: &[Entry<'a>]) -> Vec<Finding<'a>> {
    let allowed = || {
        entries.iter().filter_map(|entry| match entry {
            Entry::Every { operation, grant } | Entry::Only { operation, grant, .. } => Some((*operation, grant.rule)),
            Entry::Except { .. } => None,
        })
    };
    let mut findings: Vec<Finding<'a>> = Vec::new();
    for (operation, rule) in allowed().filter(|(_, rule)| rule.pattern().has_wildcard()) {
        let least = allowed().filter(|(_, other)| other.line() == rule.line()).map(|(other, _)| other.effect).min();
        let most_meant = match rule.method() {
            Some(Method::Get | Method::Head) => Some(Effect::Read),
            None => Some(Effect::Write),
            Some(_) => least,
        };
        // Key values are reported as a separate error.
        let is_other = operation.effect != Effect::Secret && Some(operation.effect) > most_meant;
        let finding = Finding::OtherEffect { rule, operation };
        if is_other && !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// The operations that show members which a rule redacts from another operation's response.
pub(super) fn shows_redacted<'a>(entries: &[Entry<'a>]) -> Vec<Finding<'a>> {
    let allowed = || {
        entries.iter().filter_map(|entry| match entry {
            Entry::Every { operation, grant } => Some((*operation, grant.rule)),
            Entry::Only { .. } | Entry::Except { .. } => None,
        })
    };
    let mut findings: Vec<Finding<'a>> = Vec::new();
    for (redacted, redacting) in allowed() {
        for (operation, rule) in allowed().filter(|(_, rule)| rule.line() != redacting.line()) {
            let hidden = redacting.redacted().iter().filter(|name| !rule.redacted().contains(name));
            for member in hidden {
                let is_shared = |part: &&Part| {
                    part.members.contains(member) && redacted.answer.iter().any(|own| own.schema == part.schema)
                };
                let Some(part) = operation.answer.iter().find(is_shared) else { continue };
                let finding = Finding::ShowsRedacted { rule, operation, redacting, part, member };
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use attention_core::url::RequestPath;
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::catalogue::{Catalogue, Operation};
    use crate::analysis::{PathTemplate, check, samples};
    use crate::authorize::policy::{Decision, Policies, Policy, Rule};

    /// The API of [`samples`], with one operation for each of these effects and responses.
    fn catalogue(parts: &[(Effect, Vec<Part>)]) -> Catalogue {
        let operations = samples::catalogue().operations().to_vec().into_iter().filter(|own| own.id != "mcp");
        let made = operations.zip(parts.iter().cycle()).map(|(operation, (effect, answer))| Operation {
            effect: *effect,
            answer: answer.clone(),
            ..operation
        });
        Catalogue::new("/v2", made.collect::<Vec<_>>())
    }

    fn part(schema: &str, members: &[&str]) -> Part {
        Part { schema: schema.into(), members: members.iter().map(|member| (*member).into()).collect() }
    }

    /// The rule that decides a call of an operation with ordinary ids.
    fn deciding<'p>(policy: &'p Policy, operation: &Operation) -> Option<&'p Rule> {
        let path = operation.path.sample();
        let path = RequestPath::parse(&path).ok()?;
        operation.methods().find_map(|method| match policy.decide(method, path) {
            Decision::Allowed(rule) => Some(rule),
            Decision::Denied { .. } | Decision::Unknown => None,
        })
    }

    fn effects() -> impl Strategy<Value = Effect> {
        prop::sample::select(vec![Effect::Read, Effect::Write, Effect::HandsOutAccess, Effect::Secret])
    }

    fn answers() -> impl Strategy<Value = Vec<(Effect, Vec<Part>)>> {
        let one = prop::sample::subsequence(
            vec![part("Call", &["email", "id"]), part("User", &["email"]), part("Label", &["id"])],
            0..=3,
        );
        prop::collection::vec((effects(), one), 7)
    }

    proptest! {
        #[test]
        fn redacted_members_that_another_rule_shows_are_reported(text in samples::policies(), answers in answers()) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), catalogue(&answers));
            for outcome in check(&policies, &catalogue) {
                let policy = policies.get(outcome.name).unwrap();
                for shown in catalogue.operations() {
                    let Some(rule) = deciding(policy, shown) else { continue };
                    let has = |operation: &Operation, schema: &str| operation.answer.iter().any(|own| own.schema == schema);
                    let is_hidden = |schema: &str| catalogue.operations().iter().any(|hidden| {
                        let redacts = deciding(policy, hidden).is_some_and(|rule| !rule.redacted().is_empty());
                        redacts && has(hidden, schema)
                    });
                    // `redact=email` is the only redaction, and `Label` has none.
                    let leaks = rule.redacted().is_empty()
                        && ["Call", "User"].into_iter().any(|schema| has(shown, schema) && is_hidden(schema));
                    let is_told = outcome.findings.iter().any(|finding| {
                        matches!(finding, Finding::ShowsRedacted { operation, .. } if *operation == shown)
                    });
                    prop_assert_eq!(is_told, leaks, "{} {}", shown.id, text);
                }
            }
        }

        #[test]
        fn other_effects_of_a_read_wildcard_are_reported(text in samples::policies(), answers in answers()) {
            let (policies, catalogue) = (Policies::parse(&text).unwrap(), catalogue(&answers));
            for outcome in check(&policies, &catalogue) {
                let policy = policies.get(outcome.name).unwrap();
                for operation in catalogue.operations() {
                    let Some(rule) = deciding(policy, operation).filter(|rule| rule.pattern().has_wildcard()) else { continue };
                    let is_told = outcome.findings.contains(&Finding::OtherEffect { rule, operation });
                    let reads = matches!(rule.method(), Some(Method::Get | Method::Head));
                    let expected = match operation.effect {
                        Effect::Read | Effect::Secret => Some(false),
                        Effect::Write | Effect::HandsOutAccess if reads => Some(true),
                        Effect::HandsOutAccess if rule.method().is_none() => Some(true),
                        Effect::Write if rule.method().is_none() => Some(false),
                        // It depends on what else the rule allows.
                        Effect::Write | Effect::HandsOutAccess => None,
                    };
                    prop_assert!(expected.is_none_or(|expected| expected == is_told), "{} {}", operation.id, text);
                }
            }
        }
    }

    #[test]
    fn a_rule_for_writing_is_not_meant_for_reading_or_granting_access() {
        let operation = |path: &str, effect| Operation {
            method: Method::Post,
            path: PathTemplate::parse(path).unwrap(),
            id: path.into(),
            effect,
            returns_capability: false,
            answer: Vec::new(),
        };
        let catalogue = Catalogue::new(
            "/v2",
            [
                operation("/v2/ask", Effect::Read),
                operation("/v2/labels", Effect::Write),
                operation("/v2/media/url", Effect::HandsOutAccess),
            ],
        );
        for (text, told) in [
            ("allow POST /v2/*", vec!["/v2/labels"]),
            ("allow POST /v2/**", vec!["/v2/labels", "/v2/media/url"]),
            ("allow POST /v2/labels\nallow POST /v2/media/*", vec![]),
            ("allow POST /v2/ask\nallow POST /v2/**", vec!["/v2/media/url"]),
            ("allow * /v2/**", vec!["/v2/media/url"]),
            ("allow * /v2/**\ndeny * /v2/media/**", vec![]),
        ] {
            let policies = Policies::parse(text).unwrap();
            let outcome = &check(&policies, &catalogue)[0];
            let found: Vec<&str> = outcome
                .findings
                .iter()
                .filter_map(|finding| match finding {
                    Finding::OtherEffect { operation, .. } => Some(operation.id.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(found, told, "{text}");
        }
    }
}
