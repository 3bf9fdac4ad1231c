//! The rules of a policy's text one by one, each with its line: what core keeps to itself.

use anyhow::{Context as _, Result};
use attention_core::Method;
use attention_core::route::{Decision, Policies, Policy};
use attention_core::url::RequestPath;

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) line: usize,
    /// The name of the policy that it belongs to.
    pub(super) policy: String,
    pub(super) allows: bool,
    pub(super) pattern: String,
    /// The conditions, as they stand there.
    pub(super) conditions: String,
    /// The rule, with single blanks.
    pub(super) text: String,
    /// A policy in which nothing else decides.
    alone: Policy,
}

/// The rules of a text that core has accepted.
pub(super) fn of(text: &str) -> Result<Vec<Rule>> {
    let mut policy = Policies::DEFAULT.to_owned();
    let mut rules = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').trim().clone_into(&mut policy);
            continue;
        }
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [effect, method, pattern, conditions @ ..] = &words[..] else { continue };
        let allows = *effect == "allow";
        let alone =
            if allows { format!("allow {method} {pattern}") } else { format!("allow * /**\ndeny {method} {pattern}") };
        rules.push(Rule {
            line: index + 1,
            policy: policy.clone(),
            allows,
            pattern: (*pattern).to_owned(),
            conditions: conditions.join(" "),
            text: words.join(" "),
            alone: Policy::parse(&alone).context("a rule that was good in its policy is not alone")?,
        });
    }
    Ok(rules)
}

impl Rule {
    /// Whether it speaks of a call, whatever other rules say; never of keys, of which no rule speaks.
    pub(super) fn speaks_of(&self, method: Method, path: &str) -> bool {
        let Ok(path) = RequestPath::parse(path) else { return false };
        match self.alone.decide(method, path) {
            Decision::Allowed(_) => self.allows,
            Decision::Denied { line } => !self.allows && line > 0,
            Decision::Unknown => false,
        }
    }

    /// Whether it can only mean keys, which are refused whatever a policy says.
    pub(super) fn names_keys(&self) -> bool {
        let literal = self.pattern.trim_end_matches("/**");
        RequestPath::parse(literal)
            .is_ok_and(|path| self.alone.decide(Method::Get, path) == Decision::Denied { line: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# for the dashboard\nallow GET   /v2/labels/** query=page # all\ndeny * /v2/labels/locked\n\n[ wide ]\nallow * /**\n";

    #[test]
    fn rules_keep_their_line_and_policy() {
        let rules = of(TEXT).unwrap();
        let told: Vec<_> =
            rules.iter().map(|rule| (rule.line, rule.policy.as_str(), rule.allows, rule.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "default", true, "allow GET /v2/labels/** query=page"),
                (3, "default", false, "deny * /v2/labels/locked"),
                (6, "wide", true, "allow * /**")
            ]
        );
        assert_eq!(rules[0].conditions, "query=page");
    }

    #[test]
    fn a_rule_speaks_as_in_core() {
        let rules = of(TEXT).unwrap();
        assert!(rules[0].speaks_of(Method::Get, "/v2/labels/1"));
        assert!(!rules[0].speaks_of(Method::Post, "/v2/labels/1"));
        assert!(rules[1].speaks_of(Method::Post, "/v2/LABELS/locked/"), "a denial holds for every spelling");
        assert!(!rules[1].speaks_of(Method::Get, "/v2/labels/1"));
        assert!(rules[2].speaks_of(Method::Delete, "/v2/users") && !rules[2].speaks_of(Method::Get, "/v2/api_keys"));
    }

    #[test]
    fn rules_about_keys_are_known() {
        let rules = of("allow GET /v2/api_keys\nallow GET /v2/api-keys/**\nallow * /**").unwrap();
        assert_eq!(rules.iter().map(Rule::names_keys).collect::<Vec<_>>(), [true, true, false]);
    }
}
