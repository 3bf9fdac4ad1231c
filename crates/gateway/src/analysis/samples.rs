//! A small API and policies for it, for tests.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use attention_core::Method;
use proptest::prelude::*;
use proptest::sample::select;

use super::catalogue::{Catalogue, Effect, Operation, PathTemplate};

/// The ids that rules of [`policies`] name, and two others.
pub(super) const IDS: [&str; 6] = ["7", "locked", "Locked", "list", "any-id-at-all", "42"];

/// Operations in the order of a description.
pub(super) fn catalogue() -> Catalogue {
    let operation = |method, path: &str, id: &str| Operation {
        method,
        path: PathTemplate::parse(path).unwrap(),
        id: id.into(),
        effect: match (id, method) {
            ("listApiKeys" | "createToken", _) => Effect::Secret,
            (_, Method::Get) => Effect::Read,
            _ => Effect::Write,
        },
        returns_capability: id == "getRecording",
        answer: Vec::new(),
    };
    Catalogue::new(
        "/v2",
        [
            operation(Method::Get, "/v2/api_keys", "listApiKeys"),
            operation(Method::Get, "/v2/labels/{id}", "getLabel"),
            operation(Method::Get, "/v2/labels/list", "listLabels"),
            operation(Method::Delete, "/v2/labels/{id}", "deleteLabel"),
            operation(Method::Post, "/v2/labels/{id}/calls/{call}", "addCall"),
            operation(Method::Get, "/v2/recordings/{id}", "getRecording"),
            operation(Method::Post, "/v2/tokens", "createToken"),
        ],
    )
}

/// Every call of every operation with these ids.
pub(super) fn calls(catalogue: &Catalogue) -> Vec<(Method, String)> {
    let mut calls = Vec::new();
    for operation in catalogue.operations() {
        let template = operation.path.as_str();
        let mut paths: Vec<String> = IDS
            .iter()
            .flat_map(|first| IDS.map(|second| template.replace("{id}", first).replace("{call}", second)))
            .collect();
        paths.sort();
        paths.dedup();
        // `/v2/labels/list` is a separate operation and not the label `list`.
        paths.retain(|path| catalogue.find(operation.method, path) == Some(operation));
        calls.extend(operation.methods().flat_map(|method| paths.iter().map(move |path| (method, path.clone()))));
    }
    calls
}

/// Texts of policies, whose rules are mostly about operations of [`catalogue`].
pub(super) fn policies() -> impl Strategy<Value = String> {
    let allow = (select(ALLOW), select(PATTERNS), select(CONDITIONS));
    let lines = prop_oneof![
        5 => allow.prop_map(|(allow, path, rest)| allow.to_owned() + path + rest),
        3 => (select(DENY), select(PATTERNS)).prop_map(|(deny, path)| deny.to_owned() + path),
        1 => Just(String::new()),
        // The line number makes the name unique.
        1 => Just("[policy-?]".to_owned()),
    ];
    proptest::collection::vec(lines, 0..7).prop_map(|lines| {
        let numbered = lines.iter().enumerate().map(|(index, line)| line.replace('?', &index.to_string()));
        numbered.collect::<Vec<_>>().join("\n")
    })
}

const ALLOW: &[&str] = &["allow GET ", "allow GET ", "allow * ", "allow HEAD ", "allow POST ", "allow DELETE "];
const DENY: &[&str] = &["deny * ", "deny GET ", "deny POST ", "deny DELETE "];
const CONDITIONS: &[&str] = &["", "", "", " query=", " query=page,size", " body=1kb", " redact=email"];
const PATTERNS: &[&str] = &[
    "/**",
    "/v2/**",
    "/v2",
    "/v2/*",
    "/v2/*/*",
    "/v2/*/7",
    "/v2/labels/**",
    "/v2/labels/*",
    "/v2/labels/7",
    "/v2/labels/locked",
    "/v2/labels/Locked",
    "/v2/labels/list",
    "/v2/labels/",
    "/v2/labels/7/**",
    "/v2/labels/*/calls/*",
    "/v2/labels/*/calls/7",
    "/v2/labels/locked/calls/7",
    "/v2/recordings/**",
    "/v2/recordings/7",
    "/v2/tokens",
    "/v2/api_keys/**",
    "/v2/nothing/*",
    "/mcp",
    "/v2/mcp",
];
