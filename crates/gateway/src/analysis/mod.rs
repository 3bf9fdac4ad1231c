//! The effect of policies, before they are deployed.
//!
//! | module | question |
//! | --- | --- |
//! | [`catalogue`] | Which operations are known? |
//! | [`mod@check`] | Which of them do the policies allow, and which rules are mistakes? |
//! | [`mod@explain`] | Why is a particular call allowed or refused? |
//!
//! All judgements are made by the code that runs in the Worker. The results are data; the caller puts them into words.
//!
//! ```
//! use attention_core::Method;
//! use attention_gateway::analysis::{Catalogue, Effect, Finding, Operation, PathTemplate, check};
//! use attention_gateway::authorize::policy::Policies;
//!
//! let labels = Operation {
//!     method: Method::Get,
//!     path: PathTemplate::parse("/v2/labels/{id}")?,
//!     id: "getLabel".into(),
//!     effect: Effect::Read,
//!     returns_capability: false,
//!     answer: Vec::new(),
//! };
//! let catalogue = Catalogue::new("/v2", [labels]);
//! let policies = Policies::parse("allow GET /v2/labels/*\nallow GET /v2/lables/7")?;
//!
//! let [default] = &check(&policies, &catalogue)[..] else { unreachable!("a text without names is one policy") };
//! assert_eq!(default.allowed(), 1);
//! assert!(matches!(default.findings[..], [Finding::MatchesNothing { rule }] if rule.line() == 2));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

pub mod catalogue;
pub mod check;
mod company;
pub mod explain;
#[cfg(test)]
mod samples;

pub use catalogue::{Catalogue, Effect, Operation, Part, PathTemplate};
pub use check::{Change, Entry, Finding, Grant, Outcome, Severity, check};
pub use explain::{Call, Explanation, Hint, Permission, Refusal, Term, explain};

use attention_core::Method;
use attention_core::url::RequestPath;

use crate::authorize::policy::Rule;

/// Whether a rule matches a call. No rule matches a path that is rejected before policies apply.
fn speaks_of(rule: &Rule, method: Method, path: &str) -> bool {
    RequestPath::parse(path).is_ok_and(|path| rule.speaks_of(method, path))
}
