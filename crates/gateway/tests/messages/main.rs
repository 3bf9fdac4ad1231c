//! Every reading of a message must be the same. Messages and ways of writing them are generated. If the proxy forwards
//! one, many readers that are written differently (over `serde_json`) must all find the same message in it, and none
//! may find a refused one.
//!
//! `ATTENTION_MESSAGES` sets the number of messages (100,000 by default).

use std::env;

use attention_gateway::authorize::mcp::mirror::Mirror;
use attention_gateway::authorize::mcp::{Refusal, judge};
use attention_gateway::authorize::policy::{Policy, ToolPatterns};
use base64ct::{Base64, Encoding as _};

use dice::Dice;
use readers::{Counts, FOLDINGS, ROUTERS, Reader, Reading};
use tree::{Tree, object, text};

#[path = "../spellings/dice.rs"]
mod dice;
mod readers;
mod tree;

const REVISION: &str = "io.modelcontextprotocol/protocolVersion";
const STATELESS: &str = "2026-07-28";

fn messages() -> usize {
    // The dice are shared with another test, which has its own number of cases.
    let _ = dice::requests;
    env::var("ATTENTION_MESSAGES").map_or(100_000, |count| count.parse().expect("ATTENTION_MESSAGES is a number"))
}

/// A message as a client writes it, and its headers.
fn documented(dice: &mut Dice) -> (Tree, Mirror) {
    let is_stateless = dice.one_in(3);
    let tool = dice.of(&["search_calls", "ask", "get_call", "search.x"]);
    let (method, mut params) = match dice.below(12) {
        0 => ("ping", vec![]),
        1 => ("tools/list", vec![("cursor", text("next"))]),
        2 => ("resources/read", vec![("uri", text("file:///a b"))]),
        3 => ("prompts/get", vec![("name", text("summary"))]),
        4 => ("notifications/cancelled", vec![("requestId", text("1"))]),
        _ => {
            let region = object([("region", text("eu")), ("n", Tree::Other(42.into()))]);
            let arguments = object([("q", text("list_api_keys")), ("kind", text("k")), ("deep", region)]);
            ("tools/call", vec![("name", text(tool)), ("arguments", arguments)])
        }
    };
    let mut mirror = Mirror::default();
    if is_stateless {
        params.push(("_meta", object([(REVISION, text(STATELESS)), ("traceparent", text("x"))])));
        mirror.version = Some(STATELESS.to_owned());
        mirror.method = Some(method.to_owned());
        mirror.name = params.iter().find_map(|(name, value)| match value {
            Tree::Text(text) if matches!(*name, "name" | "uri") => Some(text.clone()),
            _ => None,
        });
        if method == "tools/call" && dice.one_in(2) {
            mirror.params = vec![("mcp-param-region".to_owned(), "eu".to_owned())];
        }
    } else if dice.one_in(2) {
        mirror.version = Some("2025-11-25".to_owned());
    }
    let params = Tree::Object(params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    let mut message = object([("jsonrpc", text("2.0")), ("method", text(method)), ("params", params)]);
    if !method.starts_with("notifications/") {
        let id = if dice.one_in(2) { Tree::Other(7.into()) } else { text("seven") };
        message.members().unwrap().insert(1, ("id".to_owned(), id));
    }
    (message, mirror)
}

/// Another spelling of a name that some reader treats as equal.
fn dressed(dice: &mut Dice, name: &str) -> String {
    match dice.below(10) {
        0 => name.to_uppercase(),
        1 => format!("{name}\0"),
        2 => format!("{name}\0x"),
        3 => name.replace('s', "\u{17f}"),
        4 => name.replace('k', "\u{212a}"),
        5 => format!("{}{name}", dice.of(&[" ", "\t", "_", "\u{200b}"])),
        6 => format!("{name}{}", dice.of(&[" ", "_", "-", "/", "\u{200b}"])),
        7 => name.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c > ' ').unwrap_or(c)).collect(),
        8 => name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect(),
        _ => name.to_owned(),
    }
}

/// The content of a hostile message in place of harmless content.
fn hostile(dice: &mut Dice, name: &str) -> Tree {
    match name {
        "method" => text(dice.of(&["tools/call", "ping", "prompts/get"])),
        "params" => object([("name", text("list_api_keys"))]),
        "name" => text(dice.of(&["list_api_keys", "ask", "createApiKey"])),
        "uri" => text("attention://api_keys"),
        "id" => Tree::Other(dice.of(&[1, 2]).into()),
        "arguments" => object([("q", text("other"))]),
        REVISION => text("2025-11-25"),
        "_meta" => object([(REVISION, text("2025-11-25"))]),
        "result" => object([]),
        _ => text("other"),
    }
}

/// Modifies a message, so that some reader may read another one.
fn tampered(dice: &mut Dice, message: &mut Tree, mirror: &mut Mirror) {
    let place = dice.of(&["", "", "params", "params", "arguments", "_meta", "deep"]);
    let name = match place {
        "" => dice.of(&["method", "params", "id", "result", "jsonrpc"]),
        "params" => dice.of(&["name", "arguments", "_meta", "uri"]),
        "_meta" => REVISION,
        "arguments" => dice.of(&["q", "kind"]),
        _ => "region",
    };
    let target = match place {
        "" => Some(&mut *message),
        "params" => message.at("params"),
        "deep" => message.at("params").and_then(|params| params.at("arguments")).and_then(|own| own.at("deep")),
        place => message.at("params").and_then(|params| params.at(place)),
    };
    let Some(members) = target.and_then(Tree::members) else { return };
    match dice.below(8) {
        // Another member with that name, before or after the first.
        0..=2 => {
            let written = dressed(dice, name);
            let at = dice.below(members.len() + 1);
            let value = hostile(dice, name);
            members.insert(at, (written, value));
        }
        // The member under another name.
        3 => {
            if let Some((own, _)) = members.iter_mut().find(|(own, _)| own == name) {
                *own = dressed(dice, name);
            }
        }
        // Another value, the same value in another spelling, or in a list.
        4 | 5 => {
            if let Some((_, value)) = members.iter_mut().find(|(own, _)| own == name) {
                *value = match &*value {
                    Tree::Text(text) if dice.one_in(2) => Tree::Text(dressed(dice, text)),
                    value if dice.one_in(3) => Tree::Array(vec![value.clone()]),
                    _ => hostile(dice, name),
                };
            }
        }
        // Headers that contradict the message, or are missing.
        6 => match dice.below(5) {
            0 => mirror.method = dice.of(&[None, Some("ping"), Some("tools/call")]).map(str::to_owned),
            1 => mirror.name = dice.of(&[None, Some("ask"), Some("Search_calls")]).map(str::to_owned),
            2 => mirror.version = dice.of(&[None, Some("2025-03-26"), Some(STATELESS), Some("x")]).map(str::to_owned),
            3 => {
                mirror.name =
                    mirror.name.as_ref().map(|name| format!("=?base64?{}?=", Base64::encode_string(name.as_bytes())));
            }
            _ => mirror.params = vec![("mcp-param-x".to_owned(), dice.of(&["eu", "us", "42.0"]).to_owned())],
        },
        _ => members.push((dice.of(&["tool", "verb", "x", "Extra"]).to_owned(), text("y"))),
    }
}

/// The bytes of a message, or of something similar.
fn written(dice: &mut Dice, message: &Tree) -> Vec<u8> {
    let mut json = String::new();
    message.write(dice, &mut json);
    match dice.below(60) {
        0 => json.insert(0, '\u{feff}'),
        1 => json += "{}",
        2 => json += ",",
        3 => json = json.replacen(':', ":0", 1),
        4 => return json.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        5 => json = json.replace('"', "'"),
        6 => return json.replacen('a', "\u{1}", 1).into_bytes(),
        7 => return [json.as_bytes(), b"\xff"].concat(),
        _ => {}
    }
    json.into_bytes()
}

/// All readings of a message.
fn readings(message: &Tree) -> Vec<(&'static str, Reading)> {
    let both = |counts| FOLDINGS.iter().map(move |(name, fold)| (*name, Reader { fold: *fold, counts }.read(message)));
    both(Counts::First).chain(both(Counts::Last)).collect()
}

fn tools() -> ToolPatterns {
    let policy = Policy::parse("allow POST /mcp tool=search_*,get_call").unwrap();
    policy.rules()[0].conditions().tools.clone().unwrap()
}

fn names_keys(text: &str) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    FOLDINGS.iter().any(|(_, fold)| letters(&fold(text).to_lowercase()).contains("apikey"))
}

/// Checks that the headers agree with the common reading, for any intermediary that routes by them.
fn check_mirror(mirror: &Mirror, reading: &Reading, context: &dyn Fn() -> String) {
    let subject = reading.uri.as_ref().filter(|_| reading.name.is_none()).or(reading.name.as_ref());
    let is_stateless = mirror.version.as_deref() == Some(STATELESS) || reading.revision.as_deref() == Some(STATELESS);
    if reading.revision.is_some() {
        assert!(mirror.version == reading.revision || !is_stateless, "{}", context());
    }
    if let Some(method) = &mirror.method {
        assert_eq!(Some(method), reading.method.as_ref(), "{}", context());
    }
    if let Some(name) = &mirror.name {
        let decoded = name.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
        let name =
            decoded.map_or(name.clone(), |base64| String::from_utf8(Base64::decode_vec(base64).unwrap()).unwrap());
        assert_eq!(Some(&name), subject, "{}", context());
    }
    for (_, value) in &mirror.params {
        let arguments = reading.arguments.clone().unwrap_or_default();
        let whole = value.strip_suffix(".0").unwrap_or(value);
        assert!(arguments.contains(&format!("{value:?}")) || arguments.contains(whole), "{}", context());
    }
    if is_stateless && reading.has_id {
        let is_named = matches!(reading.method.as_deref(), Some("tools/call" | "prompts/get" | "resources/read"));
        let is_whole = mirror.version.is_some() && mirror.method.is_some() && (mirror.name.is_some() || !is_named);
        assert!(is_whole && reading.revision.is_some(), "{}", context());
    }
}

#[test]
fn no_reader_finds_another_message_in_a_forwarded_one() {
    let mut dice = Dice(41);
    let tools = tools();
    let (mut sent, mut refused, mut untouched) = (0, 0, 0);
    for _ in 0..messages() {
        let (mut message, mut mirror) = documented(&mut dice);
        let original = message.clone();
        for _ in 0..dice.below(3) {
            tampered(&mut dice, &mut message, &mut mirror);
        }
        let body = written(&mut dice, &message);
        let context = || format!("{}\n{mirror:?}", String::from_utf8_lossy(&body));
        let allowed = dice.one_in(3).then(|| tools.clone());
        let asked = match judge(&body, &mirror, allowed.as_slice()) {
            Ok(asked) => asked,
            Err(refusal) => {
                refused += 1;
                // A conforming client can only be refused by a policy.
                let is_untouched =
                    message == original && mirror.params.iter().all(|(name, _)| name == "mcp-param-region");
                let is_policy = matches!(refusal, Refusal::Tool { .. } | Refusal::Method);
                let is_own = serde_json::from_slice::<Tree>(&body).is_ok_and(|read| read == original);
                let is_mirrored = matches!(refusal, Refusal::Mismatch { .. } | Refusal::Revision { .. });
                assert!(!(is_untouched && is_own) || is_policy || is_mirrored, "{refusal:?} {}", context());
                continue;
            }
        };
        sent += 1;
        let read: Tree = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {}", context()));
        untouched += usize::from(read == original);
        let readings = readings(&read);
        let (_, first) = &readings[0];
        for (reader, reading) in &readings {
            assert_eq!(reading, first, "{reader}: {}", context());
        }
        let method = first.method.clone().unwrap_or_default();
        for router in ROUTERS {
            assert_eq!(
                router(&method),
                router(&method).replace("logging/setlevel", "logging/setLevel"),
                "{}",
                context()
            );
            assert_eq!(router(&method) == "tools/call", method == "tools/call", "{}", context());
            assert_eq!(router(&method) == "tools/list", method == "tools/list", "{}", context());
        }
        for subject in [&first.name, &first.uri].into_iter().flatten() {
            assert!(!names_keys(subject), "{}", context());
        }
        let called: Vec<String> = first.name.clone().filter(|_| method == "tools/call").into_iter().collect();
        assert_eq!(asked.tools, called, "{}", context());
        assert_eq!(asked.lists_tools, method == "tools/list", "{}", context());
        if allowed.is_some() {
            assert!(called.iter().all(|tool| tool.starts_with("search_") || tool == "get_call"), "{}", context());
        }
        check_mirror(&mirror, first, &context);
    }
    // Each kind occurs often enough for the test to be meaningful.
    let all = messages();
    assert!(sent > all / 4 && refused > all / 4 && untouched > all / 5, "{sent} {refused} {untouched} of {all}");
}

#[test]
fn a_batch_is_forwarded_if_each_of_its_messages_would_be() {
    let mut dice = Dice(43);
    let tools = tools();
    let (mut sent, mut refused) = (0, 0);
    for _ in 0..messages() / 10 {
        let mut batch = Vec::new();
        for _ in 0..dice.below(4) {
            let (mut message, mut mirror) = documented(&mut dice);
            if dice.one_in(4) {
                tampered(&mut dice, &mut message, &mut mirror);
            }
            batch.push(message);
        }
        let version = dice.of(&[None, Some("2025-03-26"), Some("2025-06-18"), Some(STATELESS)]).map(str::to_owned);
        let has_batches = version.as_deref().is_none_or(|version| version == "2025-03-26");
        let mirror = Mirror { version, ..Mirror::default() };
        let allowed = dice.one_in(3).then(|| tools.clone());
        let mut one_by_one = has_batches && !batch.is_empty();
        for message in &batch {
            let mut body = String::new();
            message.write(&mut dice, &mut body);
            let claims = Reader { fold: FOLDINGS[0].1, counts: Counts::First }.read(message).revision.is_some();
            one_by_one &= !claims && judge(body.as_bytes(), &mirror, allowed.as_slice()).is_ok();
        }
        let mut body = String::new();
        Tree::Array(batch).write(&mut dice, &mut body);
        let together = judge(body.as_bytes(), &mirror, allowed.as_slice());
        assert_eq!(together.is_ok(), one_by_one, "{body}\n{mirror:?}: {together:?}");
        sent += usize::from(one_by_one);
        refused += usize::from(!one_by_one);
    }
    assert!(sent > messages() / 300 && refused > messages() / 300, "{sent} {refused}");
}
