//! The operations that a policy can allow: those in a description of the API, and its MCP endpoint.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, iter};

use attention_core::Method;
use attention_core::url::{PathError, RequestPath};

use crate::authorize::mcp;
use crate::authorize::policy::Pattern;

/// Represents an id that no rule names.
const ANY: &str = "any-id-at-all";

/// The known operations. The API may have others, because a description may be outdated.
#[derive(Clone, Debug)]
pub struct Catalogue {
    prefix: String,
    operations: Vec<Operation>,
}

/// One operation of the API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Its method; an operation with GET also answers HEAD.
    pub method: Method,
    /// Its path, including the prefix of the API's base URL.
    pub path: PathTemplate,
    /// Its name in the API's description.
    pub id: String,
    /// Its effect.
    pub effect: Effect,
    /// Whether its response contains an address or a code that grants access by itself.
    pub returns_capability: bool,
    /// The named parts of its response, as far as the description names them.
    pub answer: Vec<Part>,
}

/// The effect of an operation, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It creates, changes or deletes something.
    Write,
    /// It returns an address or a code that gives others access for reading or writing.
    HandsOutAccess,
    /// Its response contains key values.
    Secret,
}

impl Effect {
    /// The effect with this name in the description.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "read" => Self::Read,
            "write" => Self::Write,
            "hands-out-access" => Self::HandsOutAccess,
            "secret" => Self::Secret,
            _ => return None,
        })
    }
}

/// A named part of responses: a schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The schema's name.
    pub schema: String,
    /// The names of its members, except those of nested parts.
    pub members: Vec<String>,
}

/// A path whose segments may be parameters, such as `/v2/labels/{id}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathTemplate(String);

impl Catalogue {
    /// The operations of an API whose base URL has this path, such as `/v2`, and its MCP endpoint, which is beside the
    /// prefix.
    pub fn new(prefix: &str, operations: impl IntoIterator<Item = Operation>) -> Self {
        let mcp = mcp::METHODS.map(|method| Operation {
            method,
            path: PathTemplate(mcp::PATH.to_owned()),
            id: "mcp".to_owned(),
            // A GET opens a stream.
            effect: if method == Method::Get { Effect::Read } else { Effect::Write },
            returns_capability: false,
            answer: Vec::new(),
        });
        Self { prefix: prefix.to_owned(), operations: operations.into_iter().chain(mcp).collect() }
    }

    /// The path of the API's base URL, such as `/v2`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The operations in the order of the description; the MCP endpoint is last.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation for a decoded path. If several match, the one with a name where the others have a parameter
    /// applies, the leftmost first, as in routers: `/labels/list` is not the label `list`.
    pub fn find(&self, method: Method, path: &str) -> Option<&Operation> {
        let mut found: Option<&Operation> = None;
        for own in self.operations.iter().filter(|own| own.answers(method) && own.path.fits(path)) {
            if found.is_none_or(|found| found.path.parameters().gt(own.path.parameters())) {
                found = Some(own);
            }
        }
        found
    }
}

impl Operation {
    /// The methods that reach it: with GET also HEAD (RFC 9110 §9.3.2), except for MCP, which has no HEAD.
    pub fn methods(&self) -> impl Iterator<Item = Method> + use<> {
        let has_head = self.method == Method::Get && self.path.as_str() != mcp::PATH;
        iter::once(self.method).chain(has_head.then_some(Method::Head))
    }

    fn answers(&self, method: Method) -> bool {
        self.methods().any(|own| own == method)
    }
}

impl PathTemplate {
    /// Parses a template, which is a path except for its parameters.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let template = Self(text.to_owned());
        RequestPath::parse(&template.sample())?;
        Ok(template)
    }

    /// The template, with parameters in braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A path for it, with ids that no rule names.
    pub fn sample(&self) -> String {
        self.filled(iter::empty())
    }

    /// A path for it, with the ids that a pattern names, if any.
    pub fn sample_for(&self, pattern: &Pattern) -> String {
        self.filled(pattern.as_str().split('/'))
    }

    /// A path for it, with parameters taken from the segments in the same positions.
    fn filled<'a>(&'a self, mut wanted: impl Iterator<Item = &'a str>) -> String {
        let segments = self.0.split('/').map(|own| {
            let wanted = wanted.next().filter(|wanted| !wanted.is_empty() && !wanted.contains('*'));
            if is_parameter(own) { wanted.unwrap_or(ANY) } else { own }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// Whether each segment is a parameter.
    fn parameters(&self) -> impl Iterator<Item = bool> {
        self.0.split('/').map(is_parameter)
    }

    fn fits(&self, path: &str) -> bool {
        let mut theirs = path.split('/');
        let fits = self.0.split('/').all(|own| {
            theirs.next().is_some_and(|segment| if is_parameter(own) { !segment.is_empty() } else { own == segment })
        });
        fits && theirs.next().is_none()
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::samples;
    use crate::authorize::policy::Policy;

    #[test]
    fn a_path_finds_its_operation() {
        let catalogue = samples::catalogue();
        let find = |method, path| catalogue.find(method, path).map(|operation| operation.id.as_str());
        assert_eq!(find(Method::Get, "/v2/labels/7"), Some("getLabel"));
        assert_eq!(find(Method::Head, "/v2/labels/7"), Some("getLabel"));
        assert_eq!(find(Method::Delete, "/v2/labels/7"), Some("deleteLabel"));
        // `/v2/labels/{id}` matches too and precedes it.
        assert_eq!(find(Method::Get, "/v2/labels/list"), Some("listLabels"));
        assert_eq!(find(Method::Delete, "/v2/labels/list"), Some("deleteLabel"));
        for path in ["/v2/labels/", "/v2/labels", "/v2/labels/7/", "/v2/labels/7/calls", "v2/labels/7", ""] {
            assert_eq!(find(Method::Get, path), None, "{path}");
        }
        assert_eq!(find(Method::Options, "/v2/labels/7"), None);
    }

    #[test]
    fn a_name_takes_precedence_over_a_parameter_leftmost_first() {
        let operation = |path: &str| Operation {
            method: Method::Get,
            path: PathTemplate::parse(path).unwrap(),
            id: path.to_owned(),
            effect: Effect::Read,
            returns_capability: false,
            answer: Vec::new(),
        };
        let paths = ["/v2/{a}/{b}", "/v2/{a}/logs", "/v2/calls/{b}", "/v2/{a}/{b}/c", "/v2/calls/last"];
        let catalogue = Catalogue::new("/v2", paths.map(operation));
        for (path, id) in [
            ("/v2/calls/logs", "/v2/calls/{b}"),
            ("/v2/calls/last", "/v2/calls/last"),
            ("/v2/x/logs", "/v2/{a}/logs"),
            ("/v2/x/y", "/v2/{a}/{b}"),
            ("/v2/calls/last/c", "/v2/{a}/{b}/c"),
        ] {
            assert_eq!(catalogue.find(Method::Get, path).map(|found| found.id.as_str()), Some(id), "{path}");
        }
    }

    #[test]
    fn mcp_is_beside_the_prefix() {
        let catalogue = samples::catalogue();
        for method in [Method::Post, Method::Get, Method::Delete] {
            assert_eq!(catalogue.find(method, "/mcp").map(|operation| operation.id.as_str()), Some("mcp"), "{method}");
        }
        assert_eq!(catalogue.find(Method::Put, "/mcp"), None);
        assert_eq!(catalogue.find(Method::Head, "/mcp"), None);
        assert_eq!(catalogue.find(Method::Post, "/v2/mcp"), None);
    }

    #[test]
    fn samples_use_the_ids_of_a_pattern() {
        let template = PathTemplate::parse("/v2/labels/{id}/calls/{call}").unwrap();
        let policy = |pattern: &str| Policy::parse(&["allow GET ", pattern].concat()).unwrap();
        for (pattern, sample) in [
            ("/v2/labels/locked", "/v2/labels/locked/calls/any-id-at-all"),
            ("/v2/labels/*/calls/9/**", "/v2/labels/any-id-at-all/calls/9"),
            ("/x/y/7/z/8", "/v2/labels/7/calls/8"),
            ("/v2/*/**", "/v2/labels/any-id-at-all/calls/any-id-at-all"),
            ("/v2/labels/", "/v2/labels/any-id-at-all/calls/any-id-at-all"),
        ] {
            assert_eq!(template.sample_for(policy(pattern).rules()[0].pattern()), sample, "{pattern}");
        }
        assert_eq!(template.sample(), "/v2/labels/any-id-at-all/calls/any-id-at-all");
    }

    #[test]
    fn a_template_is_a_path_except_for_its_parameters() {
        for text in ["", "labels", "/v2//labels", "/v2/../x", "/v2/a{id}", "/v2/%2f"] {
            assert!(PathTemplate::parse(text).is_err(), "{text}");
        }
        assert_eq!(PathTemplate::parse("/v2/{a}").unwrap().to_string(), "/v2/{a}");
    }
}
