//! The known operations of the API, as the build script extracted them from openapi/attention.v2.yaml.

use anyhow::{Context as _, Result};
use attention_core::Method;
use attention_core::url::BaseUrl;
use attention_gateway::analysis::{Catalogue, Effect, Operation, Part, PathTemplate};
use serde_json::Value;

const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.json"));

pub(super) fn known() -> Result<Catalogue> {
    parse(TEXT)
}

fn parse(text: &str) -> Result<Catalogue> {
    let read: Value = serde_json::from_str(text).context("the catalogue is not JSON")?;
    let server = read["server"].as_str().context("it names no server")?;
    let base = BaseUrl::parse(server).context("its server is not a base URL")?;
    let described = read["operations"].as_array().context("it has no operations")?;
    let operations = described.iter().map(|each| operation(base.path(), each)).collect::<Result<Vec<_>>>()?;
    Ok(Catalogue::new(base.path(), operations))
}

fn operation(prefix: &str, described: &Value) -> Result<Operation> {
    let text = |name: &str| described[name].as_str().with_context(|| format!("an operation has no {name}"));
    let path = format!("{prefix}{}", text("path")?);
    let members =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let parts = described["answer"].as_object().into_iter().flatten();
    Ok(Operation {
        method: Method::parse(text("method")?).context("a method is not known")?,
        path: PathTemplate::parse(&path).with_context(|| format!("{path} is not a path"))?,
        id: text("id")?.to_owned(),
        effect: Effect::parse(text("effect")?).with_context(|| format!("{path} has no x-effect that is known"))?,
        returns_capability: described["returnsCapability"] == true,
        answer: parts.map(|(schema, list)| Part { schema: schema.clone(), members: members(list) }).collect(),
    })
}

#[cfg(test)]
pub(in crate::policy) mod tests {
    use std::sync::LazyLock;

    use super::*;

    pub(in crate::policy) fn real() -> &'static Catalogue {
        // Parsed once, because parsing is slow in a debug build.
        static REAL: LazyLock<Catalogue> = LazyLock::new(|| known().unwrap());
        &REAL
    }

    #[test]
    fn the_whole_catalogue_is_read() {
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
        // `/conversations/{id}` would match too.
        assert_eq!(find(Method::Get, "/v2/conversations/list"), Some("listConversationsOptimized"));
        assert_eq!(find(Method::Delete, "/v2/users"), None);
        assert_eq!(find(Method::Get, "/v2/conversations/"), None);
    }

    #[test]
    fn an_invalid_catalogue_is_rejected() {
        for text in ["", "{", "{}", r#"{"server":"https://a.example/v2"}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
