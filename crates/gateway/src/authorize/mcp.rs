//! The API's MCP endpoint (Streamable HTTP), beside its REST paths.
//!
//! What a message asks for stands in its body, not in its path, so bodies are
//! read: the tools that list, make and delete API keys are refused, as their REST
//! operations are. Source: <https://docs.attention.com/mcp/tools/api-keys>.

use alloc::string::String;
use alloc::vec;

use attention_core::codec::json::{self, Element, Malformed};
use attention_core::codec::text;

/// Where it is, at the API and at the Worker.
pub const PATH: &str = "/mcp";

/// What a body asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// Nothing that is refused.
    Plain,
    /// A tool that returns or manages keys, or a message that two readers could
    /// read differently.
    Refused,
}

/// Reads a JSON-RPC message, or a batch of them.
pub(crate) fn judge(body: &str) -> Result<Message, Malformed> {
    let root = json::read(body)?;
    let messages = root.elements().unwrap_or_else(|_| vec![root]);
    for message in &messages {
        let members = message.members()?;
        let (method, params) = (one(&members, "method"), one(&members, "params"));
        let (Ok(method), Ok(params)) = (method, params) else { return Ok(Message::Refused) };
        if method.and_then(|method| method.clone().into_text()).as_deref() != Some("tools/call") {
            continue;
        }
        let Some(params) = params else { continue };
        let params = params.members()?;
        let Ok(name) = one(&params, "name") else { return Ok(Message::Refused) };
        if name.and_then(|name| name.clone().into_text()).is_some_and(|name| names_keys(&name)) {
            return Ok(Message::Refused);
        }
    }
    Ok(Message::Plain)
}

type Members<'a> = [(alloc::borrow::Cow<'a, str>, Element<'a>)];

/// The one member of a name, if there is one. Two are an error: which of them
/// counts is anyone's guess. Names are compared as loosely as a loose reader would.
fn one<'m, 'a>(members: &'m Members<'a>, name: &str) -> Result<Option<&'m Element<'a>>, ()> {
    let mut found = members.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let first = found.next();
    match (first, found.next()) {
        (Some((exact, element)), None) if exact == name => Ok(Some(element)),
        (None, _) => Ok(None),
        _ => Err(()),
    }
}

/// `list_api_keys` in any spelling.
fn names_keys(tool: &str) -> bool {
    let letters: String = tool.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    text::find(&letters, "apikey").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_that_manage_keys_are_refused_in_every_dress() {
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_api_keys"}}"#,
            r#"{"method":"tools/call","params":{"name":"list\u005fapi_keys","arguments":{}}}"#,
            r#"[{"method":"ping"},{"method":"tools/call","params":{"name":"createApiKey"}}]"#,
            r#"{"method":"ping","method":"tools/call","params":{"name":"x"}}"#,
            r#"{"method":"tools/call","Method":"ping","params":{"name":"x"}}"#,
            r#"{"METHOD":"tools/call","params":{"name":"delete_api_key"}}"#,
            r#"{"method":"tools/call","params":{"name":"x","name":"list_api_keys"}}"#,
            r#"{"method":"tools\/call","params":{"name":"DELETE-API-KEY"}}"#,
        ] {
            assert_eq!(judge(body), Ok(Message::Refused), "{body}");
        }
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search_calls","arguments":{"q":"list_api_keys"}}}"#,
            r#"{"method":"initialize","params":{"capabilities":{}}}"#,
            r#"{"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            "[]",
        ] {
            assert_eq!(judge(body), Ok(Message::Plain), "{body}");
        }
        for body in ["", "x", "{", r#"["a"]"#, "1", r#"{"method":"tools/call","params":[]}"#] {
            assert!(judge(body).is_err(), "{body}");
        }
    }
}
