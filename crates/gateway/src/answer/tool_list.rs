//! Removes the MCP tools that a caller may not call from lists: bytes in, bytes out.
//!
//! A list is the `tools` member of a result, in a JSON response or in an event of a stream. The remaining bytes are
//! unchanged. A list that two parsers could read differently is not passed on, because its content for the other parser
//! is unknown.
//!
//! Pages of a list remain pages: one may have no tools left, and `nextCursor` leads to the next. A list that applied to
//! everybody now applies to one caller, so `cacheScope` becomes `private`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::codec::json::{self, Element, Value};

use crate::authorize::mcp::{names_keys, resembles};
use crate::authorize::policy::ToolPatterns;

/// A list that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

/// A JSON response, one message or a batch, with only those tools that all of `allowed` name.
///
/// ```
/// use attention_gateway::answer::tool_list::in_json;
/// use attention_gateway::authorize::policy::Policy;
///
/// let policy = Policy::parse("allow POST /mcp tool=search_*")?;
/// let allowed = policy.rules()[0].conditions().tools.clone().unwrap();
/// let answer = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search_calls"},{"name":"ask"}]}}"#;
/// let left = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search_calls"}]}}"#;
/// assert_eq!(in_json(answer, &[allowed]).unwrap(), left);
/// # Ok::<(), attention_gateway::authorize::policy::PolicyError>(())
/// ```
pub fn in_json(answer: &[u8], allowed: &[ToolPatterns]) -> Result<Vec<u8>, Unreadable> {
    let text = str::from_utf8(answer).map_err(|_| Unreadable)?;
    message(text, allowed).map(|left| left.into_owned().into_bytes())
}

/// A complete stream of events. Every line of the output ends with a line feed; an incomplete event is dropped.
pub fn in_events(answer: &[u8], allowed: &[ToolPatterns]) -> Result<Vec<u8>, Unreadable> {
    let text = str::from_utf8(answer).map_err(|_| Unreadable)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut left = String::with_capacity(text.len());
    let mut event = Event::default();
    for line in Lines(text) {
        if line.is_empty() {
            event.write(&mut left, allowed)?;
            event = Event::default();
        } else {
            event.read(line);
        }
    }
    Ok(left.into_bytes())
}

/// An event of a stream that is being read.
#[derive(Default)]
struct Event<'a> {
    /// Its lines other than data, as written.
    others: Vec<&'a str>,
    data: Option<String>,
}

impl<'a> Event<'a> {
    fn read(&mut self, line: &'a str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field != "data" {
            self.others.push(line);
            return;
        }
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(String::from(value)),
        }
    }

    fn write(&self, left: &mut String, allowed: &[ToolPatterns]) -> Result<(), Unreadable> {
        for line in &self.others {
            left.push_str(line);
            left.push('\n');
        }
        // An event without data only carries its id.
        let data = match self.data.as_deref() {
            None => {
                left.push('\n');
                return Ok(());
            }
            Some("") => Cow::Borrowed(""),
            Some(data) => message(data, allowed)?,
        };
        for line in data.split('\n') {
            left.push_str("data: ");
            left.push_str(line);
            left.push('\n');
        }
        left.push('\n');
        Ok(())
    }
}

/// The complete lines of a stream, which end with a carriage return, a line feed, or both.
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = self.0.find(['\r', '\n'])?;
        let (line, rest) = self.0.split_at_checked(end)?;
        let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..))?;
        self.0 = rest;
        Some(line)
    }
}

/// The maximum number of elements and members in a message. Each is stored separately while it is read, which may take
/// fourteen times the length of its text (`1,`). A list of a thousand tools has fewer.
const MOST_PARTS: usize = 65_536;

/// One message, or a batch of them.
fn message<'a>(text: &'a str, allowed: &[ToolPatterns]) -> Result<Cow<'a, str>, Unreadable> {
    // Commas separate the parts; commas inside strings are counted as well.
    if text.bytes().filter(|byte| *byte == b',').count() >= MOST_PARTS {
        return Err(Unreadable);
    }
    let root = json::read(text).map_err(|_| Unreadable)?;
    let messages = root.elements().unwrap_or_else(|_| vec![root]);
    let mut edits = Vec::new();
    for message in &messages {
        let members = message.members().map_err(|_| Unreadable)?;
        if let Some(result) = one(&members, "result")? {
            // A result that is not an object has no tools.
            result_edits(text, &result.members().unwrap_or_default(), allowed, &mut edits)?;
        }
    }
    if edits.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, instead) in &edits {
        left.push_str(text.get(at..*start).ok_or(Unreadable)?);
        left.push_str(instead);
        at = *end;
    }
    left.push_str(text.get(at..).ok_or(Unreadable)?);
    Ok(Cow::Owned(left))
}

/// A range of bytes in a text, and its replacement.
type Edit<'a> = (usize, usize, Cow<'a, str>);

/// Inserts an edit in order. It belongs at the end or just before it, because edits are found in the order of the text.
fn insert<'a>(edits: &mut Vec<Edit<'a>>, edit: Edit<'a>) {
    let at = edits.iter().rposition(|(start, _, _)| *start < edit.0).map_or(0, |before| before + 1);
    edits.insert(at, edit);
}

type Members<'a> = [(Cow<'a, str>, Element<'a>)];

fn result_edits<'a>(
    text: &'a str,
    result: &Members<'a>,
    allowed: &[ToolPatterns],
    edits: &mut Vec<Edit<'a>>,
) -> Result<(), Unreadable> {
    let Some(tools) = one(result, "tools")? else { return Ok(()) };
    let written = container(tools)?;
    let mut kept = String::from("[");
    for tool in tools.elements().map_err(|_| Unreadable)? {
        let members = tool.members().map_err(|_| Unreadable)?;
        let name = one(&members, "name")?.and_then(|name| name.clone().into_text()).ok_or(Unreadable)?;
        if names_keys(&name) || !allowed.iter().all(|patterns| patterns.name(&name)) {
            continue;
        }
        if kept.len() > 1 {
            kept.push(',');
        }
        kept.push_str(container(&tool)?);
    }
    kept.push(']');
    insert(edits, replaced(text, written, Cow::Owned(kept)));
    if let Some(scope) = one(result, "cacheScope")? {
        let Value::String(Cow::Borrowed(scope)) = scope.value() else { return Err(Unreadable) };
        insert(edits, replaced(text, scope, Cow::Borrowed("private")));
    }
    Ok(())
}

/// The only member with a name, provided that no parser takes another member for it.
fn one<'m, 'a>(members: &'m Members<'a>, name: &str) -> Result<Option<&'m Element<'a>>, Unreadable> {
    let mut found = None;
    for (own, element) in members {
        let is_another = own.contains(char::is_control) || resembles(own, &[name]);
        if is_another || own == name && found.replace(element).is_some() {
            return Err(Unreadable);
        }
    }
    Ok(found)
}

/// The text of an object or an array.
fn container<'a>(element: &Element<'a>) -> Result<&'a str, Unreadable> {
    match element.value() {
        Value::Container(written) => Ok(written),
        _ => Err(Unreadable),
    }
}

/// `part` is a slice of `text`, not a copy.
fn replaced<'a>(text: &str, part: &str, instead: Cow<'a, str>) -> Edit<'a> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    (start, start + part.len(), instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::policy::Policy;

    fn allowed(list: &str) -> Vec<ToolPatterns> {
        let policy = Policy::parse(&["allow POST /mcp tool=", list].concat()).unwrap();
        vec![policy.rules()[0].conditions().tools.clone().unwrap()]
    }

    fn json(answer: &str) -> Result<String, Unreadable> {
        in_json(answer.as_bytes(), &allowed("search_*,get_call")).map(|left| String::from_utf8(left).unwrap())
    }

    fn events(answer: &str) -> Result<String, Unreadable> {
        in_events(answer.as_bytes(), &allowed("search_*")).map(|left| String::from_utf8(left).unwrap())
    }

    #[test]
    fn a_list_with_too_many_parts_for_the_memory_is_not_read() {
        let list = |parts: usize| {
            let numbers = vec!["1"; parts].join(",");
            [r#"{"result":{"tools":[{"name":"search_calls","n":["#, &numbers, "]}]}}"].concat()
        };
        // One comma precedes the numbers.
        assert_eq!(json(&list(MOST_PARTS - 1)), Ok(list(MOST_PARTS - 1)));
        assert_eq!(json(&list(MOST_PARTS)), Err(Unreadable));
        let in_event = |list: &str| ["data: ", list, "\n\n"].concat();
        assert!(events(&in_event(&list(MOST_PARTS - 1))).is_ok());
        assert_eq!(events(&in_event(&list(MOST_PARTS))), Err(Unreadable));
    }

    #[test]
    fn permitted_tools_are_unchanged() {
        for (answer, left) in [
            (
                r#"{"result": {"tools": [ {"name" : "search_calls", "n":1.0} , {"name":"ask"},{"name":"get_call"} ] }}"#,
                r#"{"result": {"tools": [{"name" : "search_calls", "n":1.0},{"name":"get_call"}] }}"#,
            ),
            (
                r#"{"result":{"tools":[{"name":"ask"}],"nextCursor":"2"}}"#,
                r#"{"result":{"tools":[],"nextCursor":"2"}}"#,
            ),
            (
                r#"{"result":{"tools":[{"name":"search\u005fx"}]}}"#,
                r#"{"result":{"tools":[{"name":"search\u005fx"}]}}"#,
            ),
            (r#"{"result":{"tools":[{"name":"search_api_keys"}]}}"#, r#"{"result":{"tools":[]}}"#),
            (
                r#"{"result":{"cacheScope":"public","ttlMs":1,"tools":[]}}"#,
                r#"{"result":{"cacheScope":"private","ttlMs":1,"tools":[]}}"#,
            ),
            (
                r#"[{"id":1,"result":{"tools":[{"name":"ask"}]}},{"id":2,"result":{"content":[]}}]"#,
                r#"[{"id":1,"result":{"tools":[]}},{"id":2,"result":{"content":[]}}]"#,
            ),
            // Names inside a tool's schema do not matter here.
            (
                r#"{"result":{"tools":[{"name":"search_x","inputSchema":{"properties":{"from":{},"From":{}}}}]}}"#,
                r#"{"result":{"tools":[{"name":"search_x","inputSchema":{"properties":{"from":{},"From":{}}}}]}}"#,
            ),
            (r#"{"error":{"code":1,"message":"tools"}}"#, r#"{"error":{"code":1,"message":"tools"}}"#),
            (r#"{"method":"x","params":{"tools":[1]}}"#, r#"{"method":"x","params":{"tools":[1]}}"#),
        ] {
            assert_eq!(json(answer).as_deref(), Ok(left), "{answer}");
        }
    }

    #[test]
    fn an_unreadable_list_is_not_passed_on() {
        for answer in [
            "",
            "{",
            "1",
            "[1]",
            r#"{"result":{"tools":{}}}"#,
            r#"{"result":{"tools":["ask"]}}"#,
            r#"{"result":{"tools":[{"name":1}]}}"#,
            r#"{"result":{"tools":[{"title":"ask"}]}}"#,
            r#"{"result":{"tools":[{"name":"search_x","name":"ask"}]}}"#,
            r#"{"result":{"tools":[{"name":"search_x","Name":"ask"}]}}"#,
            r#"{"result":{"tools":[],"Tools":[{"name":"ask"}]}}"#,
            r#"{"result":{"tools":[],"tools":[{"name":"ask"}]}}"#,
            r#"{"result":{"tools":[]},"result":{"tools":[{"name":"ask"}]}}"#,
            r#"{"result":{"tools":[],"tools\u0000x":[{"name":"ask"}]}}"#,
            r#"{"Result":{"tools":[{"name":"ask"}]}}"#,
            r#"{"result":{"tools":[],"cacheScope":1}}"#,
            r#"{"result":{"tools":[],"cacheScope":"publi\u0063"}}"#,
        ] {
            assert_eq!(json(answer), Err(Unreadable), "{answer}");
        }
        assert_eq!(in_json(b"{\"a\":\"\xff\"}", &allowed("a")), Err(Unreadable));
    }

    #[test]
    fn events_are_read_by_the_standard() {
        let whole = r#"{"result":{"tools":[{"name":"ask"},{"name":"search_x"}]}}"#;
        let left = r#"{"result":{"tools":[{"name":"search_x"}]}}"#;
        for (stream, expected) in [
            (format!("data: {whole}\n\n"), format!("data: {left}\n\n")),
            (
                format!("\u{feff}event: message\r\nid: 7\r\ndata:{whole}\r\n\r\n"),
                format!("event: message\nid: 7\ndata: {left}\n\n"),
            ),
            (format!(": hello\rdata: {whole}\r\r"), format!(": hello\ndata: {left}\n\n")),
            ("id: 1\ndata: \n\n".to_owned(), "id: 1\ndata: \n\n".to_owned()),
            ("retry: 5\n\n".to_owned(), "retry: 5\n\n".to_owned()),
            ("data: {\ndata:  \"a\":1}\n\n".to_owned(), "data: {\ndata:  \"a\":1}\n\n".to_owned()),
            // An incomplete event is dropped.
            (format!("data: {whole}\n"), String::new()),
            (format!("data: {whole}"), String::new()),
        ] {
            assert_eq!(events(&stream), Ok(expected), "{stream:?}");
        }
        let parts = "data: {\"result\":{\"tools\":[\ndata: {\"name\":\"ask\"}]}}\n\n";
        assert_eq!(events(parts).as_deref(), Ok("data: {\"result\":{\"tools\":[]}}\n\n"));
        for stream in ["data: x\n\n", "data\ndata: {}x\n\n", "event: other\ndata: no JSON\n\n"] {
            assert_eq!(events(stream), Err(Unreadable), "{stream:?}");
        }
    }
}
