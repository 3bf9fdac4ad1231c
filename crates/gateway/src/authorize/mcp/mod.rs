//! The API's MCP endpoint (Streamable HTTP), beside its REST paths.
//!
//! The content of a message is in its body and not in its path, so bodies are read. Tools that list, create or delete
//! API keys are refused, like the corresponding REST operations. Source:
//! <https://docs.attention.com/mcp/tools/api-keys>. A message is forwarded only if no parser can read a different one.
//!
//! | module | contents |
//! | --- | --- |
//! | `names` | names that some parser treats as equal |
//! | `message` | the grammar of a message |
//! | [`revision`] | the revisions of the protocol |
//! | [`mirror`] | headers that repeat parts of a message |
//! | [`seal`] | ownership of sessions |

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::Method;
use attention_core::codec::json;
use attention_core::codec::text;

use crate::authorize::policy::ToolPatterns;

mod message;
pub mod mirror;
mod names;
pub mod revision;
pub mod seal;

use message::{Kind, Message, Unclear};
use mirror::{Mirror, Mismatch};
use names::are_names_unique;
pub(crate) use names::resembles;
use revision::Revision;

/// The path of the endpoint, at the API and at the Worker.
pub const PATH: &str = "/mcp";
/// Its methods: sending messages, opening a stream from the server, ending a session.
pub const METHODS: [Method; 3] = [Method::Post, Method::Get, Method::Delete];
/// The path and everything below it, as a pattern.
pub(crate) const PATH_AND_BELOW: &str = "/mcp/**";

/// The methods for callers whose policy names tools: those that every connection uses, and those for tools. Others
/// (resources, prompts, completions, tasks, logging) give access to data that no tool's name covers.
const METHODS_OF_TOOLS: [&str; 9] = [
    "initialize",
    "server/discover",
    "ping",
    "tools/list",
    "tools/call",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
];

/// The content of a message, or a batch of them, that may be forwarded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Asked {
    /// The tools to be called.
    pub tools: Vec<String>,
    /// Whether the response is a list of tools.
    pub lists_tools: bool,
    /// Whether its revision has no sessions.
    pub is_stateless: bool,
}

/// The reason a message is not forwarded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not a message of JSON-RPC 2.0, for this reason.
    NotAMessage(&'static str),
    /// Two parsers could read it differently.
    Ambiguous,
    /// A tool that returns or manages keys.
    Keys {
        /// Its name.
        tool: String,
    },
    /// A tool that the policy does not name.
    Tool {
        /// Its name.
        tool: String,
    },
    /// A method that is not available to callers whose policy names tools.
    Method,
    /// A header contradicts the message or is missing.
    Mismatch {
        /// The message's id, as JSON.
        id: Option<String>,
        /// The header and the problem.
        mismatch: Mismatch,
    },
    /// The rules of this revision are not known.
    Revision {
        /// The message's id, as JSON.
        id: Option<String>,
    },
}

impl From<Unclear> for Refusal {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::NotAMessage(why) => Self::NotAMessage(why),
            Unclear::Ambiguous => Self::Ambiguous,
        }
    }
}

/// Judges the body of a POST: one message, or a batch if the revision has batches. `tools` are those that the caller's
/// rules name; each set must include the called tool.
///
/// ```
/// use attention_gateway::authorize::mcp::{judge, mirror::Mirror, Refusal};
///
/// let call = |name| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#);
/// let asked = judge(call("search_calls").as_bytes(), &Mirror::default(), &[]).unwrap();
/// assert_eq!(asked.tools, ["search_calls"]);
/// let refused = judge(call("list_api_keys").as_bytes(), &Mirror::default(), &[]);
/// assert!(matches!(refused, Err(Refusal::Keys { .. })));
/// ```
pub fn judge(body: &[u8], mirror: &Mirror, tools: &[ToolPatterns]) -> Result<Asked, Refusal> {
    let text = str::from_utf8(body).map_err(|_| Refusal::NotAMessage("it is not UTF-8"))?;
    let root = json::read(text).map_err(|_| Refusal::NotAMessage("it is not JSON"))?;
    if !are_names_unique(text) {
        return Err(Refusal::Ambiguous);
    }
    let (messages, is_batch) = match root.elements() {
        Ok(elements) => (elements, true),
        Err(_) => (vec![root], false),
    };
    let messages = messages.iter().map(Message::read).collect::<Result<Vec<_>, _>>()?;
    let mut asked = Asked::default();
    if is_batch {
        check_batch(&messages, mirror)?;
    }
    for message in &messages {
        let mismatched = |mismatch| Refusal::Mismatch { id: message.id.clone(), mismatch };
        mirror.names_revision_of(message).map_err(mismatched)?;
        let revision = revision_of(message, mirror)?;
        asked.is_stateless |= revision.is_some_and(Revision::is_stateless);
        if asked.is_stateless && message.kind == Kind::Response {
            return Err(Refusal::NotAMessage("a client of this revision sends no responses"));
        }
        if !is_batch {
            mirror.agrees(message, revision).map_err(mismatched)?;
        }
        permit(message, tools)?;
        match &*message.method {
            "tools/call" => asked.tools.extend(message.subject.as_deref().map(str::to_owned)),
            "tools/list" => asked.lists_tools = true,
            _ => {}
        }
    }
    Ok(asked)
}

/// The revision of a message, from its header or its content; `None` if neither states it.
fn revision_of(message: &Message<'_>, mirror: &Mirror) -> Result<Option<Revision>, Refusal> {
    let unknown = || Refusal::Revision { id: message.id.clone() };
    let known = |name: &str| Revision::parse(name).ok_or_else(unknown);
    let claim = message.claim.as_deref().map(known).transpose()?;
    let header = mirror.version.as_deref().map(known).transpose()?;
    Ok(header.max(claim))
}

/// Checks a batch: its revision must have batches, and no header may describe a single message.
fn check_batch(messages: &[Message<'_>], mirror: &Mirror) -> Result<(), Refusal> {
    let assumed = Revision::V2025_03_26.as_str();
    let version = mirror.version.as_deref().unwrap_or(assumed);
    let revision = Revision::parse(version).ok_or(Refusal::Revision { id: None })?;
    let is_one_of_many = |message: &Message<'_>| message.claim.is_none() && message.method != "initialize";
    if !revision.has_batches() || messages.is_empty() || !messages.iter().all(is_one_of_many) {
        return Err(Refusal::NotAMessage("this revision has no batches of such messages; send them one by one"));
    }
    if !mirror.is_silent() {
        return Err(Refusal::NotAMessage("a header that repeats one message does not go with a batch"));
    }
    Ok(())
}

/// Whether the content of a message is permitted.
fn permit(message: &Message<'_>, tools: &[ToolPatterns]) -> Result<(), Refusal> {
    let subject = message.subject.as_deref().unwrap_or_default();
    if names_keys(subject) || names_keys(&message.method) {
        return Err(Refusal::Keys { tool: subject.to_owned() });
    }
    if tools.is_empty() || message.kind == Kind::Response {
        return Ok(());
    }
    let listens_for_tools = message.method == "subscriptions/listen"
        && message.subscriptions.iter().all(|subscription| subscription == "toolsListChanged");
    if !METHODS_OF_TOOLS.contains(&&*message.method) && !listens_for_tools {
        return Err(Refusal::Method);
    }
    if message.method == "tools/call" && !tools.iter().all(|patterns| patterns.name(subject)) {
        return Err(Refusal::Tool { tool: subject.to_owned() });
    }
    Ok(())
}

/// Whether a tool's name is `list_api_keys` or similar, in any spelling.
pub(crate) fn names_keys(tool: &str) -> bool {
    let mut letters = names::letters(tool);
    letters.retain(|c| c.is_ascii_alphanumeric());
    text::find(&letters, "apikey").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(body: &str) -> Result<Asked, Refusal> {
        judge(body.as_bytes(), &Mirror::default(), &[])
    }

    #[test]
    fn tools_that_manage_keys_are_refused_in_every_spelling() {
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_api_keys"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list\u005fapi_keys","arguments":{}}}"#,
            concat!(
                r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},"#,
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"createApiKey"}}]"#
            ),
            r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"DELETE-API-KEY"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_\uff41p\u0131_\u212aeys"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"attention://api-keys"}}"#,
        ] {
            assert!(matches!(judged(body), Err(Refusal::Keys { .. })), "{body}");
        }
    }

    #[test]
    fn an_ambiguous_message_is_refused() {
        for body in [
            r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","Method":"ping","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","METHOD":"tools/call","params":{"name":"delete_api_key"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name":"list_api_keys"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"},"param\u017f":{"name":"list_api_keys"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","Name":"y"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name\u0000":"y"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":1,"A":2}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"TOOLS/CALL","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call\u0000","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","_method":"GET"}"#,
        ] {
            assert_eq!(judged(body), Err(Refusal::Ambiguous), "{body}");
        }
    }

    #[test]
    fn a_malformed_message_is_refused() {
        for body in [
            "",
            "x",
            "{",
            "1",
            "null",
            r#"["a"]"#,
            "[]",
            "[[]]",
            "\u{feff}{}",
            r#"{"method":"ping"}"#,
            r#"{"jsonrpc":2.0,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":["tools/call"]}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["list_api_keys"]}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u0000b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":""}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","verb":"GET"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"2.0","result":{}}"#,
            r#"[{"jsonrpc":"2.0","id":1,"method":"initialize"}]"#,
        ] {
            assert!(matches!(judged(body), Err(Refusal::NotAMessage(_))), "{body}: {:?}", judged(body));
        }
    }

    #[test]
    fn valid_messages_of_every_kind_are_forwarded() {
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"q":"list_api_keys"}}}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#,
            r#"{"jsonrpc":"2.0","id":-1,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"attention/own","params":{"anything":[1,{"a":"b"}]}}"#,
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"}]"#,
        ] {
            assert!(judged(body).is_ok(), "{body}: {:?}", judged(body));
        }
    }
}
