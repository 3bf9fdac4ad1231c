//! Generates lists of tools in JSON and in event streams, filters them, and reads the result with independent readers:
//! `serde_json`, and the event stream algorithm of the HTML standard.

use attention_gateway::answer::tool_list::{in_events, in_json};
use attention_gateway::authorize::policy::{Policy, ToolPatterns};
use proptest::prelude::*;
use serde_json::{Value, json};

const ALLOWED: [&str; 3] = ["search_calls", "search_", "get_call"];

fn allowed() -> Vec<ToolPatterns> {
    let policy = Policy::parse("allow POST /mcp tool=search_*,get_call").unwrap();
    vec![policy.rules()[0].conditions().tools.clone().unwrap()]
}

fn names() -> impl Strategy<Value = &'static str> {
    let refused = ["ask", "Search_calls", "get_calls", "search_api_keys", "search_ x", "", "list_api_keys", "séarch_"];
    prop::sample::select([&ALLOWED[..], &refused[..]].concat())
}

/// A message with or without a list of tools.
fn messages() -> impl Strategy<Value = Value> {
    let tool = (names(), any::<Option<u8>>()).prop_map(|(name, more)| match more {
        Some(more) => json!({ "name": name, "n": more, "inputSchema": { "properties": { "name": {}, "Name": {} } } }),
        None => json!({ "title": "a } ] , \" \\ \n ü", "name": name }),
    });
    let list = (prop::collection::vec(tool, 0..6), any::<[bool; 2]>()).prop_map(|(tools, [has_next, is_public])| {
        let mut result = json!({ "tools": tools, "_meta": { "tools": [{ "name": "ask" }] } });
        if has_next {
            result["nextCursor"] = json!("ask");
        }
        if is_public {
            result["cacheScope"] = json!("public");
        }
        json!({ "jsonrpc": "2.0", "id": 1, "result": result })
    });
    let other = prop::sample::select(vec![
        json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }),
        json!({ "jsonrpc": "2.0", "id": 2, "error": { "code": -1, "message": "ask" } }),
        json!({ "jsonrpc": "2.0", "id": 3, "result": { "content": [{ "type": "text", "text": "ask" }] } }),
    ]);
    prop_oneof![3 => list, 1 => other]
}

/// The expected message after filtering.
fn filtered(mut message: Value) -> Value {
    if let Some(tools) = message.pointer_mut("/result/tools").and_then(Value::as_array_mut) {
        tools.retain(|tool| ALLOWED.contains(&tool["name"].as_str().unwrap()));
    }
    if let Some(scope) = message.pointer_mut("/result/cacheScope") {
        *scope = json!("private");
    }
    message
}

/// The events of a stream: HTML standard, "Interpreting an event stream".
fn events(stream: &str) -> Vec<(String, String, Option<String>)> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream).replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut id) = (Vec::new(), String::new());
    let (mut kind, mut data) = (String::new(), None::<String>);
    let Some((whole, _)) = stream.rsplit_once('\n') else { return events };
    for line in whole.split('\n') {
        let (field, value) =
            line.split_once(':').map_or((line, ""), |(field, value)| (field, value.strip_prefix(' ').unwrap_or(value)));
        match field {
            "" if line.is_empty() => events.push((std::mem::take(&mut kind), id.clone(), data.take())),
            "event" => kind = String::from(value),
            "id" => id = String::from(value),
            "data" => data = Some(data.map_or(value.to_owned(), |data| format!("{data}\n{value}"))),
            _ => {}
        }
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_json_list_shows_only_permitted_tools(
        batch in prop::collection::vec(messages(), 1..4), is_batch: bool, is_pretty: bool,
    ) {
        let answer = if is_batch { Value::Array(batch.clone()) } else { batch[0].clone() };
        let text = if is_pretty { serde_json::to_string_pretty(&answer) } else { serde_json::to_string(&answer) };
        let text = text.unwrap();
        let left = in_json(text.as_bytes(), &allowed()).unwrap();
        let expected = if is_batch {
            Value::Array(batch.into_iter().map(filtered).collect())
        } else {
            filtered(answer)
        };
        prop_assert_eq!(serde_json::from_slice::<Value>(&left).unwrap(), expected);
        prop_assert!(left.len() <= text.len() + "private".len() * 4);
    }

    #[test]
    fn a_stream_keeps_its_events_and_shows_only_permitted_tools(
        sent in prop::collection::vec((messages(), any::<[bool; 4]>(), 0_usize..3), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut stream = String::new();
        for (index, (message, [is_named, has_id, is_split, is_comment], end)) in sent.iter().enumerate() {
            let end = ["\n", "\r\n", "\r"][*end];
            let data = if *is_split { serde_json::to_string_pretty(message) } else { serde_json::to_string(message) };
            let mut line = |text: &str| stream.push_str(&[text, end].concat());
            if *is_comment {
                line(": ask");
            }
            if *is_named {
                line("event: message");
            }
            if *has_id {
                line(&format!("id: {index}"));
            }
            data.unwrap().split('\n').for_each(|part| line(&format!("data: {part}")));
            line("");
        }
        // A stream may be interrupted between any two characters.
        let mut at = if stream.is_empty() { 0 } else { cut.index(stream.len() + 1) };
        while !stream.is_char_boundary(at) {
            at -= 1;
        }
        for stream in [&stream[..], &stream[..at]] {
            let left = String::from_utf8(in_events(stream.as_bytes(), &allowed()).unwrap()).unwrap();
            let read = |stream: &str| -> Vec<_> {
                events(stream)
                    .into_iter()
                    .map(|(kind, id, data)| (kind, id, data.map(|data| serde_json::from_str::<Value>(&data).unwrap())))
                    .collect()
            };
            let expected: Vec<_> =
                read(stream).into_iter().map(|(kind, id, data)| (kind, id, data.map(filtered))).collect();
            prop_assert_eq!(read(&left), expected, "{:?}\n{:?}", stream, left);
        }
    }

    /// Whatever the input, no tool is shown that may not be called.
    #[test]
    fn malformed_lists_are_refused_or_show_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(),
    ) {
        let whole = br#"{"result":{"tools":[{"name":"ask"},{"name":"search_calls"}]}}"#;
        let mut answer = whole.to_vec();
        let at = at.index(answer.len());
        answer.splice(at..at, bytes.clone());
        for answer in [&answer, &bytes] {
            if let Ok(left) = in_json(answer, &allowed()) {
                let read: Value = serde_json::from_slice(&left).unwrap();
                let tools = read.pointer("/result/tools").and_then(Value::as_array).cloned().unwrap_or_default();
                let may_be_called = |name: &str| name == "get_call" || name.starts_with("search_");
                prop_assert!(tools.iter().all(|tool| may_be_called(tool["name"].as_str().unwrap())), "{}", read);
            }
        }
    }
}
