//! The operations of the API that are known: openapi/attention.v2.yaml.

use std::fs;

use anyhow::{Context as _, Result};
use attention_core::Method;
use attention_core::url::BaseUrl;
use saphyr::{LoadableYamlNode as _, Yaml};

use crate::repo::Repo;

#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) operations: Vec<Operation>,
    /// The path of the API's base URL: `/v2`.
    pub(super) prefix: String,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// With the base's prefix, and with parameters as `{name}`.
    pub(super) path: String,
    pub(super) id: String,
    /// Its answer holds key values.
    pub(super) returns_secret: bool,
    /// Its answer holds an address or a code that grants access by itself.
    pub(super) returns_capability: bool,
}

/// The API's MCP endpoint (worker/src/mcp.rs), which is no REST operation and stands beside the prefix.
pub(super) const MCP: &str = "/mcp";

/// Stands for an id; no rule names it.
const ANY: &str = "any-id-at-all";

impl Catalogue {
    pub(super) fn of(repo: &Repo) -> Result<Self> {
        let file = "openapi/attention.v2.yaml";
        let text = fs::read_to_string(repo.at(file)).with_context(|| format!("cannot read {file}"))?;
        Self::parse(&text).with_context(|| format!("{file} is not the description that was expected"))
    }

    fn parse(text: &str) -> Result<Self> {
        let documents = Yaml::load_from_str(text)?;
        let root = documents.first().context("it is empty")?;
        let server = root
            .as_mapping_get("servers")
            .and_then(|servers| servers.as_sequence_get(0))
            .and_then(|server| text_of(server, "url"))
            .context("it names no server")?;
        let base = BaseUrl::parse(server).context("its server is no base URL")?;
        let prefix = base.path().to_owned();
        let mut operations = Vec::new();
        let paths = root.as_mapping_get("paths").and_then(Yaml::as_mapping).context("it has no paths")?;
        for (path, item) in paths {
            let path = path.as_str().context("a path is not a text")?;
            for (name, operation) in item.as_mapping().with_context(|| format!("{path} is not a mapping"))? {
                let method = name.as_str().map(str::to_ascii_uppercase);
                let Some(method) = method.as_deref().and_then(Method::parse) else { continue };
                let flag = |name| operation.as_mapping_get(name).and_then(Yaml::as_bool).unwrap_or_default();
                operations.push(Operation {
                    method,
                    path: format!("{prefix}{path}"),
                    id: text_of(operation, "operationId")
                        .with_context(|| format!("{path} has no operationId"))?
                        .to_owned(),
                    returns_secret: flag("x-returns-secret"),
                    returns_capability: operation.as_mapping_get("x-returns-capability-url").is_some(),
                });
            }
        }
        let mcp = |method| Operation {
            method,
            path: MCP.to_owned(),
            id: "mcp".to_owned(),
            returns_secret: false,
            returns_capability: false,
        };
        operations.extend([Method::Post, Method::Get, Method::Delete].map(mcp));
        Ok(Self { operations, prefix })
    }

    /// The operation that a concrete path belongs to; one that has it to the letter comes before templates.
    pub(super) fn find(&self, method: Method, path: &str) -> Option<&Operation> {
        let fitting = || self.operations.iter().filter(|operation| operation.answers(method) && operation.fits(path));
        fitting().find(|operation| operation.path == path).or_else(|| fitting().next())
    }
}

impl Operation {
    /// Whether it is what a call of this method reaches: HEAD is a GET without a body (RFC 9110 §9.3.2).
    pub(super) fn answers(&self, method: Method) -> bool {
        self.method == method || (self.method == Method::Get && method == Method::Head)
    }

    pub(super) fn methods(&self) -> &'static [Method] {
        match self.method {
            Method::Get => &[Method::Get, Method::Head],
            Method::Options => &[Method::Options],
            Method::Post => &[Method::Post],
            Method::Put => &[Method::Put],
            Method::Patch => &[Method::Patch],
            Method::Delete => &[Method::Delete],
            Method::Head => &[Method::Head],
        }
    }

    /// A path of it with ids that no rule names.
    pub(super) fn sample(&self) -> String {
        self.sample_for("")
    }

    /// A path of it with the ids that a pattern names, where it names some.
    pub(super) fn sample_for(&self, pattern: &str) -> String {
        let mut wanted = pattern.split('/');
        let segments = self.path.split('/').map(|segment| {
            let wanted = wanted.next().filter(|wanted| !wanted.is_empty() && !wanted.contains('*'));
            if is_parameter(segment) { wanted.unwrap_or(ANY) } else { segment }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn fits(&self, path: &str) -> bool {
        let (mine, theirs) = (self.path.split('/'), path.split('/'));
        mine.clone().count() == theirs.clone().count()
            && mine
                .zip(theirs)
                .all(|(mine, theirs)| if is_parameter(mine) { !theirs.is_empty() } else { mine == theirs })
    }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn text_of<'a>(node: &'a Yaml<'_>, name: &str) -> Option<&'a str> {
    node.as_mapping_get(name)?.as_str()
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use super::*;

    pub(crate) fn real() -> &'static Catalogue {
        // Read once: the reader takes its time in a debug build.
        static REAL: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(&Repo::find().unwrap()).unwrap());
        &REAL
    }

    #[test]
    fn the_catalogue_is_read_whole() {
        let catalogue = real();
        assert_eq!(catalogue.prefix, "/v2");
        assert!(catalogue.operations.len() > 50, "{}", catalogue.operations.len());
        let secret: Vec<&str> =
            catalogue.operations.iter().filter(|o| o.returns_secret).map(|o| o.id.as_str()).collect();
        assert_eq!(secret, ["listApiKeys", "createApiKey"]);
    }

    #[test]
    fn paths_find_their_operation() {
        let catalogue = real();
        let find = |method, path| catalogue.find(method, path).map(|operation| operation.id.as_str());
        assert_eq!(find(Method::Get, "/v2/conversations/42"), Some("getConversation"));
        assert_eq!(find(Method::Head, "/v2/conversations/42"), Some("getConversation"));
        // `/conversations/{id}` would fit too.
        assert_eq!(find(Method::Get, "/v2/conversations/list"), Some("listConversationsOptimized"));
        assert_eq!(find(Method::Delete, "/v2/users"), None);
        assert_eq!(find(Method::Get, "/v2/conversations/"), None);
    }

    #[test]
    fn samples_take_the_ids_of_a_pattern() {
        let catalogue = real();
        let operation = catalogue.find(Method::Get, "/v2/labels/7").unwrap();
        assert_eq!(operation.sample(), "/v2/labels/any-id-at-all");
        assert_eq!(operation.sample_for("/v2/labels/locked"), "/v2/labels/locked");
        assert_eq!(operation.sample_for("/v2/*/**"), operation.sample());
    }

    #[test]
    fn what_is_no_description_is_refused() {
        for text in ["", "a: [", "servers: []", "servers: [{url: 'https://a.example/v2'}]"] {
            assert!(Catalogue::parse(text).is_err(), "{text}");
        }
    }
}
