//! Writes the catalogue of the API's operations (openapi/attention.v2.yaml) as JSON, reduced to the parts that `policy
//! check` and `policy explain` use. The module then needs no YAML parser and contains a tenth of the description.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::{Value, json};

const FILE: &str = "../../openapi/attention.v2.yaml";
/// The location of named schemas.
const SCHEMAS: &str = "#/components/schemas/";

fn main() {
    println!("cargo::rerun-if-changed={FILE}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(FILE).unwrap_or_else(|error| panic!("cannot read {FILE}: {error}"));
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{FILE} is not YAML: {error}"));
    let root = documents.first().expect("the description is empty");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("catalogue.json"), catalogue(root).to_string()).expect("OUT_DIR is writable");
}

fn catalogue(root: &Yaml<'_>) -> Value {
    let servers = root.as_mapping_get("servers").and_then(|servers| servers.as_sequence_get(0));
    let server = servers.and_then(|server| text_of(server, "url")).expect("the description names no server");
    let paths = root.as_mapping_get("paths").and_then(Yaml::as_mapping).expect("the description has no paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        let path = path.as_str().expect("a path is not a text");
        for (name, described) in item.as_mapping().expect("a path is not a mapping") {
            let is_method = |name: &&str| ["get", "head", "post", "put", "patch", "delete"].contains(name);
            let Some(method) = name.as_str().filter(is_method) else { continue };
            operations.push(operation(root, method, path, described));
        }
    }
    json!({ "server": server, "operations": operations })
}

fn operation(root: &Yaml<'_>, method: &str, path: &str, described: &Yaml<'_>) -> Value {
    let needed = |name| text_of(described, name).unwrap_or_else(|| panic!("{method} {path} has no {name}"));
    json!({
        "method": method.to_ascii_uppercase(),
        "path": path,
        "id": needed("operationId"),
        "effect": needed("x-effect"),
        "returnsCapability": described.as_mapping_get("x-returns-capability-url").is_some(),
        "answer": parts(root, described),
    })
}

fn text_of<'a>(node: &'a Yaml<'_>, name: &str) -> Option<&'a str> {
    node.as_mapping_get(name)?.as_str()
}

/// The named parts of an operation's successful responses, including nested ones, with their members.
fn parts(root: &Yaml<'_>, operation: &Yaml<'_>) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let responses = operation.as_mapping_get("responses").and_then(Yaml::as_mapping);
    for (status, response) in responses.into_iter().flatten() {
        if status.as_str().is_some_and(|status| status.starts_with('2')) {
            // Members without a schema name belong to this operation alone.
            walk(root, response, &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Collects the members of unnamed schemas and follows the named ones.
fn walk(root: &Yaml<'_>, node: &Yaml<'_>, members: &mut Vec<String>, found: &mut BTreeMap<String, Vec<String>>) {
    if let Some(items) = node.as_sequence() {
        for item in items {
            walk(root, item, members, found);
        }
    }
    for (name, value) in node.as_mapping().into_iter().flatten() {
        match (name.as_str(), value.as_str()) {
            (Some("$ref"), Some(target)) => {
                let Some(schema) = target.strip_prefix(SCHEMAS).filter(|schema| !found.contains_key(*schema)) else {
                    continue;
                };
                let schemas = root.as_mapping_get("components").and_then(|all| all.as_mapping_get("schemas"));
                let Some(described) = schemas.and_then(|all| all.as_mapping_get(schema)) else { continue };
                // Inserted before it is walked, because schemas may refer to each other in cycles.
                found.insert(schema.to_owned(), Vec::new());
                let mut own = Vec::new();
                walk(root, described, &mut own, found);
                found.insert(schema.to_owned(), own);
            }
            (Some("properties"), None) => {
                for (member, described) in value.as_mapping().into_iter().flatten() {
                    members.extend(member.as_str().map(str::to_owned));
                    walk(root, described, members, found);
                }
            }
            (Some("example" | "examples"), _) => {}
            _ => walk(root, value, members, found),
        }
    }
}
