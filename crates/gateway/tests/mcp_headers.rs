//! Headers that repeat parts of an MCP message, and the methods that rules with tools leave: generated messages, judged
//! by the table in `authorize::mcp::mirror`, row by row.

use attention_core::Method;
use attention_core::url::RequestPath;
use attention_gateway::authorize::mcp::mirror::Mirror;
use attention_gateway::authorize::mcp::{Asked, Refusal, judge};
use attention_gateway::authorize::policy::{Decision, Policy, ToolPatterns};
use base64ct::{Base64, Encoding as _};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

const CLAIM: &str = "io.modelcontextprotocol/protocolVersion";
const STATEFUL: &str = "2025-06-18";
const STATELESS: &str = "2026-07-28";

/// What the headers of tools' arguments may repeat in the messages below, and what they may not.
const REPEATED: [&str; 6] = ["x", "42", "42.0", "true", "eu", "=?base64?eA==?="];
const NOT_REPEATED: [&str; 6] = ["z", "null", "false", "43", "", "=?base64?eA?="];

/// The kind of a message, its method and what it is about.
const MESSAGES: [(&str, &str, Option<&str>); 7] = [
    ("request", "tools/call", Some("ask")),
    ("request", "tools/list", None),
    ("request", "prompts/get", Some("summary")),
    ("request", "resources/read", Some("file:///a b")),
    ("request", "resources/subscribe", Some("file:///a b")),
    ("notification", "notifications/initialized", None),
    ("response", "", None),
];

fn message((kind, method, subject): (&str, &str, Option<&str>), claim: Option<&str>) -> String {
    if kind == "response" {
        return json!({ "jsonrpc": "2.0", "id": 1, "result": {} }).to_string();
    }
    let mut params = json!({});
    if let Some(subject) = subject {
        params[if method.starts_with("resources") { "uri" } else { "name" }] = json!(subject);
    }
    let more = json!({ "region": "eu", "deeper": { "list": ["z"] } });
    params["arguments"] = json!({ "q": "x", "n": 42, "flag": true, "none": null, "more": more });
    if let Some(claim) = claim {
        params["_meta"] = json!({ CLAIM: claim });
    }
    let mut message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
    if kind == "request" {
        message["id"] = json!("an id");
    }
    message.to_string()
}

/// The message of the first row that is violated.
fn violated(
    (kind, method, subject): (&str, &str, Option<&str>),
    claim: Option<&str>,
    mirror: &Mirror,
) -> Option<&'static str> {
    let version = mirror.version.as_deref();
    let is_stateless = [version, claim].contains(&Some(STATELESS));
    let is_required = is_stateless && kind == "request";
    let plain = |header: &str| match header.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(Base64::decode_vec(encoded).ok()?).ok(),
        None => Some(header.to_owned()),
    };
    let name = mirror.name.as_deref().map(plain);
    let needs_name = ["tools/call", "prompts/get", "resources/read"].contains(&method);
    let is_repeated = |(_, value): &(String, String)| REPEATED.contains(&value.as_str()) && method == "tools/call";
    let rows = [
        (
            version.is_some() && claim.is_some() && version != claim,
            "MCP-Protocol-Version is not the revision in the message's _meta",
        ),
        (is_stateless && version.is_none(), "MCP-Protocol-Version is missing"),
        (
            is_required && claim.is_none(),
            "MCP-Protocol-Version repeats a revision that the message's _meta does not have",
        ),
        (
            mirror.method.as_ref().is_some_and(|own| kind == "response" || own != method),
            "Mcp-Method is not the message's method",
        ),
        (is_required && mirror.method.is_none(), "Mcp-Method is missing"),
        (
            name.as_ref().is_some_and(|name| subject.is_none() || name.as_deref() != subject),
            "Mcp-Name is not what the message is about",
        ),
        (is_required && needs_name && name.is_none(), "Mcp-Name is missing"),
        (!mirror.params.iter().all(is_repeated), "a header Mcp-Param-… repeats no argument of the message"),
    ];
    rows.into_iter().find(|(is_violated, _)| *is_violated).map(|(_, message)| message)
}

fn params(values: &[&str]) -> Vec<(String, String)> {
    values.iter().map(|value| (format!("mcp-param-{}", value.len()), (*value).to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn headers_agree_with_the_message_as_the_table_says(
        told in select(&MESSAGES),
        // A message may state its revision; most clients of a revision state it in both places, or in none.
        (version, claim) in prop_oneof![
            2 => Just((Some(STATELESS), Some(STATELESS))),
            1 => Just((None, None)),
            1 => Just((Some(STATEFUL), None)),
            1 => select(&[(Some(STATELESS), None), (None, Some(STATELESS)), (None, Some(STATEFUL))]),
            1 => select(&[(Some(STATEFUL), Some(STATELESS)), (Some(STATEFUL), Some(STATEFUL))]),
        ],
        method in prop_oneof![4 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)],
        name in select(&[Some(0), Some(0), Some(0), Some(0), Some(1), Some(2), Some(3), None, None]),
        repeated in subsequence(REPEATED.to_vec(), 0..3),
        wrong in prop::option::weighted(0.15, select(&NOT_REPEATED)),
    ) {
        let (kind, written_method, subject) = told;
        let claim = claim.filter(|_| kind != "response");
        let text = subject.unwrap_or("ask");
        let mirror = Mirror {
            version: version.map(str::to_owned),
            method: method.map(|is_right| if is_right { written_method } else { "ping" }.to_owned()),
            name: name.map(|form| match form {
                0 => text.to_owned(),
                1 => format!("=?base64?{}?=", Base64::encode_string(text.as_bytes())),
                2 => "other".to_owned(),
                _ => "=?base64?eA?=".to_owned(),
            }),
            params: params(&[repeated, wrong.into_iter().collect()].concat()),
        };
        let is_stateless = [version, claim].contains(&Some(STATELESS));
        let first = violated(told, claim, &mirror);
        let judged = judge(message(told, claim).as_bytes(), &mirror, &[]);
        match judged {
            Ok(asked) => {
                prop_assert_eq!(first, None, "{:?} {:?}", told, mirror);
                let tools = if written_method == "tools/call" { vec!["ask".to_owned()] } else { vec![] };
                let lists_tools = written_method == "tools/list";
                prop_assert_eq!(asked, Asked { tools, lists_tools, is_stateless });
            }
            Err(Refusal::Mismatch { id, mismatch }) => {
                prop_assert_eq!(Some(mismatch.message()), first, "{:?} {:?}", told, mirror);
                let expected = match kind {
                    "request" => Some("\"an id\""),
                    "response" => Some("1"),
                    _ => None,
                };
                prop_assert_eq!(id.as_deref(), expected);
            }
            Err(Refusal::NotAMessage(_)) => prop_assert!(kind == "response" && is_stateless, "{:?} {:?}", told, mirror),
            Err(other) => prop_assert!(false, "{:?}: {:?}", other, mirror),
        }
    }
}

fn called(arguments: &Value, values: &[&str]) -> Result<Asked, Refusal> {
    let params_of = json!({ "name": "ask", "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params_of });
    let mirror = Mirror { params: params(values), ..Mirror::default() };
    judge(message.to_string().as_bytes(), &mirror, &[])
}

#[test]
fn arguments_are_repeated_up_to_32_times_and_from_16_levels_down() {
    let argument = json!({ "a": "x" });
    for (count, is_fine) in [(1, true), (31, true), (32, true), (33, false), (34, false)] {
        let told = called(&argument, &vec!["x"; count]);
        let is_too_many = matches!(&told, Err(Refusal::Mismatch { mismatch, .. })
            if mismatch.message() == "there are more than 32 headers Mcp-Param-…");
        assert_eq!((told.is_ok(), is_too_many), (is_fine, !is_fine), "{count}: {told:?}");
    }
    for (depth, is_found) in [(1, true), (15, true), (16, true), (17, false), (18, false)] {
        let nested = (0..depth).fold(argument.clone(), |inner, _| json!({ "o": inner }));
        assert_eq!(called(&nested, &["x"]).is_ok(), is_found, "{depth}");
    }
}

fn text(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// The tools that a rule names.
fn patterns(list: &str) -> ToolPatterns {
    let policy = Policy::parse(&format!("allow POST /mcp tool={list}")).expect("a policy");
    let path = RequestPath::parse("/mcp").expect("a path");
    let Decision::Allowed(rule) = policy.decide(Method::Post, path) else { panic!("it is allowed") };
    let patterns = rule.conditions().tools.clone().expect("tools");
    assert_eq!(patterns.patterns().join(","), list);
    patterns
}

fn judged(text: &str, tools: &[&str]) -> Result<Asked, Refusal> {
    let tools: Vec<ToolPatterns> = tools.iter().map(|list| patterns(list)).collect();
    judge(text.as_bytes(), &Mirror::default(), &tools)
}

/// With `tool=`, only the methods that every connection uses and those for tools remain: no other gives away what no
/// tool's name covers.
#[test]
fn rules_with_tools_leave_the_methods_of_tools() {
    let none = json!({});
    let only = json!({ "notifications": { "toolsListChanged": true } });
    let also = json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true } });
    let (ask, uri) = (json!({ "name": "ask" }), json!({ "uri": "file:///a" }));
    for (method, params, is_left) in [
        ("initialize", &none, true),
        ("server/discover", &none, true),
        ("ping", &none, true),
        ("tools/list", &none, true),
        ("tools/call", &ask, true),
        ("notifications/cancelled", &none, true),
        ("subscriptions/listen", &only, true),
        ("subscriptions/listen", &also, false),
        ("attention/own", &only, false),
        ("resources/list", &none, false),
        ("resources/read", &uri, false),
        ("prompts/get", &ask, false),
        ("completion/complete", &none, false),
        ("tasks/result", &none, false),
        ("logging/setLevel", &none, false),
    ] {
        let text = text(method, params);
        assert!(judged(&text, &[]).is_ok(), "{method}");
        let told = judged(&text, &["a*"]);
        assert_eq!(told.is_ok(), is_left, "{method} {params}: {told:?}");
        assert!(is_left || told == Err(Refusal::Method), "{method}: {told:?}");
    }
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} }).to_string();
    assert!(judged(&response, &["a*"]).is_ok());
    for (length, is_named) in [(1, true), (128, true), (129, false)] {
        let call = text("tools/call", &json!({ "name": "a".repeat(length) }));
        assert_eq!(judged(&call, &["a*"]).is_ok(), is_named, "{length}");
    }
    let call = text("tools/call", &ask);
    for (tools, is_named) in
        [(&["ask"][..], true), (&["b,ask"], true), (&["a*", "*k"], true), (&["a*", "b"], false), (&["b"], false)]
    {
        let told = judged(&call, tools);
        assert_eq!(told.is_ok(), is_named, "{tools:?}");
        assert!(is_named || told == Err(Refusal::Tool { tool: "ask".to_owned() }), "{told:?}");
    }
}

#[test]
fn what_a_method_is_about_has_one_name() {
    let not = |told: &Result<Asked, Refusal>| matches!(told, Err(Refusal::NotAMessage(_)));
    let (name, uri, both) = (json!({ "name": "a" }), json!({ "uri": "a" }), json!({ "name": "a", "uri": "a" }));
    for method in ["tools/call", "prompts/get", "resources/read", "resources/subscribe", "resources/unsubscribe"] {
        let is_of_name = !method.starts_with("resources");
        assert_eq!(judged(&text(method, &name), &[]).is_ok(), is_of_name, "{method}");
        assert_eq!(judged(&text(method, &uri), &[]).is_ok(), !is_of_name, "{method}");
        assert_eq!(judged(&text(method, &both), &[]), Err(Refusal::Ambiguous), "{method}");
        assert!(not(&judged(&text(method, &json!({})), &[])), "{method}");
    }
    for (bytes, is_read) in [(1, true), (8192, true), (8193, false)] {
        assert_eq!(judged(&text("tools/call", &json!({ "name": "a".repeat(bytes) })), &[]).is_ok(), is_read, "{bytes}");
    }
    for (arguments, is_read) in [(json!({}), true), (json!(null), true), (json!([]), false), (json!("a"), false)] {
        let told = judged(&text("tools/call", &json!({ "name": "a", "arguments": arguments })), &[]);
        assert_eq!(told.is_ok(), is_read, "{arguments}");
    }
    for (length, is_read) in [(1, true), (128, true), (129, false)] {
        assert_eq!(judged(&text(&"a".repeat(length), &json!({})), &[]).is_ok(), is_read, "{length}");
    }
    for method in ["", "/", "a b", "é"] {
        assert!(not(&judged(&text(method, &json!({})), &[])), "{method}");
    }
    // A revision that is not known, and one that is no text.
    let claimed = |claim: Value| judged(&text("ping", &json!({ "_meta": { CLAIM: claim } })), &[]);
    assert_eq!(claimed(json!("2020-01-01")), Err(Refusal::Revision { id: Some("1".to_owned()) }));
    assert!(not(&claimed(json!(1))) && not(&judged(&text("ping", &json!({ "_meta": [] })), &[])));
    assert!(matches!(claimed(json!(STATELESS)), Err(Refusal::Mismatch { .. })) && claimed(json!(STATEFUL)).is_ok());
}

/// A batch goes with no header that repeats a single message.
#[test]
fn a_batch_is_repeated_by_no_header() {
    let batch = json!([{ "jsonrpc": "2.0", "id": 1, "method": "ping" }]).to_string();
    let of = |mirror: &Mirror| judge(batch.as_bytes(), mirror, &[]).is_ok();
    let silent = Mirror { version: Some("2025-03-26".to_owned()), ..Mirror::default() };
    assert!(of(&Mirror::default()) && of(&silent));
    let ping = || Some("ping".to_owned());
    for mirror in [
        Mirror { method: ping(), ..silent.clone() },
        Mirror { name: ping(), ..silent.clone() },
        Mirror { params: params(&["x"]), ..silent.clone() },
        Mirror { version: Some(STATEFUL.to_owned()), ..Mirror::default() },
    ] {
        assert!(!of(&mirror), "{mirror:?}");
    }
}
