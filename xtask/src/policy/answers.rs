//! What the answers of operations are made of: the schemas that a description has names for.

use std::collections::BTreeMap;

use attention_gateway::analysis::Part;
use saphyr::Yaml;

/// Where named schemas are.
const SCHEMAS: &str = "#/components/schemas/";

/// The parts of an operation's successes, by their names, those in others included.
pub(super) fn parts(root: &Yaml<'_>, operation: &Yaml<'_>) -> Vec<Part> {
    let mut found = BTreeMap::new();
    let responses = operation.as_mapping_get("responses").and_then(Yaml::as_mapping);
    for (status, response) in responses.into_iter().flatten() {
        if status.as_str().is_some_and(|status| status.starts_with('2')) {
            // What has no name is a part of this operation alone.
            walk(root, response, &mut Vec::new(), &mut found);
        }
    }
    found.into_iter().map(|(schema, members)| Part { schema, members }).collect()
}

/// Gathers the members of a schema that have no name of their own, and goes on with those that have.
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
                // Before it is walked through: schemas name each other in circles.
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
