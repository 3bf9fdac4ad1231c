//! Reads the operations of the API that are known: openapi/attention.v2.yaml.

use std::fs;

use anyhow::{Context as _, Result};
use attention_core::Method;
use attention_core::url::BaseUrl;
use attention_gateway::analysis::{Catalogue, Effect, Operation, PathTemplate};
use saphyr::{LoadableYamlNode as _, Yaml};

use super::answers;
use crate::repo::Repo;

pub(super) fn of(repo: &Repo) -> Result<Catalogue> {
    let file = "openapi/attention.v2.yaml";
    let text = fs::read_to_string(repo.at(file)).with_context(|| format!("cannot read {file}"))?;
    parse(&text).with_context(|| format!("{file} is not the description that was expected"))
}

fn parse(text: &str) -> Result<Catalogue> {
    let documents = Yaml::load_from_str(text)?;
    let root = documents.first().context("it is empty")?;
    let server = root
        .as_mapping_get("servers")
        .and_then(|servers| servers.as_sequence_get(0))
        .and_then(|server| text_of(server, "url"))
        .context("it names no server")?;
    let base = BaseUrl::parse(server).context("its server is not a base URL")?;
    let mut operations = Vec::new();
    let paths = root.as_mapping_get("paths").and_then(Yaml::as_mapping).context("it has no paths")?;
    for (path, item) in paths {
        let path = path.as_str().context("a path is not a text")?;
        for (name, described) in item.as_mapping().with_context(|| format!("{path} is not a mapping"))? {
            let method = name.as_str().map(str::to_ascii_uppercase);
            let Some(method) = method.as_deref().and_then(Method::parse) else { continue };
            let full_path = format!("{}{path}", base.path());
            operations.push(operation(root, method, &full_path, described)?);
        }
    }
    Ok(Catalogue::new(base.path(), operations))
}

fn operation(root: &Yaml<'_>, method: Method, path: &str, described: &Yaml<'_>) -> Result<Operation> {
    let effect = text_of(described, "x-effect").and_then(Effect::parse);
    Ok(Operation {
        method,
        path: PathTemplate::parse(path).with_context(|| format!("{path} is not a path"))?,
        id: text_of(described, "operationId").with_context(|| format!("{path} has no operationId"))?.to_owned(),
        effect: effect.with_context(|| format!("{path} has no x-effect that is known"))?,
        returns_capability: described.as_mapping_get("x-returns-capability-url").is_some(),
        answer: answers::parts(root, described),
    })
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
        static REAL: LazyLock<Catalogue> = LazyLock::new(|| of(&Repo::find().unwrap()).unwrap());
        &REAL
    }

    #[test]
    fn the_catalogue_is_read_whole() {
        let catalogue = real();
        assert_eq!(catalogue.prefix(), "/v2");
        assert!(catalogue.operations().len() > 50, "{}", catalogue.operations().len());
        let secret: Vec<&str> =
            catalogue.operations().iter().filter(|o| o.effect == Effect::Secret).map(|o| o.id.as_str()).collect();
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
    fn what_is_no_description_is_refused() {
        for text in ["", "a: [", "servers: []", "servers: [{url: 'https://a.example/v2'}]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
