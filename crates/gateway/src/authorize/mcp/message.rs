//! Parses a JSON-RPC message so strictly that no other parser can read a different one.
//!
//! A message may contain only the members of JSON-RPC 2.0. The members of `params` depend on the method, but none may
//! resemble another. Members that the proxy judges by must be strings where strings are expected.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::{Element, Value};

use super::names::{letters, resembles};

/// The members of a message.
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// The members of `params` known to the revisions of MCP, and of tasks, which are now an extension.
const PARAMS: [&str; 22] = [
    "_meta",
    "name",
    "arguments",
    "uri",
    "cursor",
    "ref",
    "argument",
    "context",
    "task",
    "taskId",
    "level",
    "protocolVersion",
    "capabilities",
    "clientInfo",
    "notifications",
    "inputResponses",
    "requestState",
    "requestId",
    "reason",
    "progressToken",
    "progress",
    "message",
];

/// The member in which a request states its revision, since 2026-07-28.
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// The client's methods in all revisions. Variants of their spelling are refused; other methods may be extensions.
const METHODS: [&str; 29] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/result",
    "tasks/cancel",
    "tasks/list",
    "tasks/update",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
    "notifications/message",
    "roots/list",
    "sampling/createMessage",
    "elicitation/create",
];

/// The longest name or URI that a method concerns, equal to the limit of the header that repeats it.
const SUBJECT_BYTES: usize = 8 * 1024;

/// The longest method name.
const METHOD_BYTES: usize = 128;

/// The reason a text is not an unambiguous message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unclear {
    /// It is not a message of JSON-RPC 2.0, for this reason.
    NotAMessage(&'static str),
    /// Two parsers could read it differently.
    Ambiguous,
}

type Members<'a> = [(Cow<'a, str>, Element<'a>)];

/// An unambiguous message.
#[derive(Clone, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    /// Empty for a response.
    pub(super) method: Cow<'a, str>,
    /// As written, for a refusal that repeats it.
    pub(super) id: Option<String>,
    /// `params.name` or `params.uri`: the object of the method.
    pub(super) subject: Option<Cow<'a, str>>,
    /// The revision that it states.
    pub(super) claim: Option<Cow<'a, str>>,
    pub(super) arguments: Option<Element<'a>>,
    /// The members of `params.notifications`.
    pub(super) subscriptions: Vec<Cow<'a, str>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Request,
    Notification,
    Response,
}

/// The member of `params` that names the object of a method, for methods that require one.
pub(super) fn subject_of(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => Some("uri"),
        _ => None,
    }
}

impl<'a> Message<'a> {
    pub(super) fn read(element: &Element<'a>) -> Result<Self, Unclear> {
        let not = Unclear::NotAMessage;
        let members = element.members().map_err(|_| not("a message is an object"))?;
        if members.iter().any(|(name, _)| resembles(name, &MEMBERS)) {
            return Err(Unclear::Ambiguous);
        }
        if members.iter().any(|(name, _)| !MEMBERS.contains(&&**name)) {
            return Err(not("a member of the message is not one of jsonrpc, id, method, params, result and error"));
        }
        if !get(&members, "jsonrpc").is_some_and(|version| is_text(version, "2.0")) {
            return Err(not("`jsonrpc` is \"2.0\""));
        }
        let id = get(&members, "id").map(|id| written_id(id).ok_or(not("an id is a text or a whole number")));
        let id = id.transpose()?;
        let (result, error) = (get(&members, "result"), get(&members, "error"));
        let Some(method) = get(&members, "method") else {
            let is_object = |member: &Element<'_>| member.members().is_ok();
            let has_one = result.is_some() != error.is_some();
            let is_whole = has_one && result.or(error).is_some_and(is_object) && id.is_some();
            return if is_whole && get(&members, "params").is_none() {
                Ok(Self::response(id))
            } else {
                Err(not("a message has a method, or an id with a result or an error"))
            };
        };
        if result.is_some() || error.is_some() {
            return Err(Unclear::Ambiguous);
        }
        let method = method.clone().into_text().ok_or(not("a method is a text"))?;
        check_method(&method)?;
        let kind = if id.is_some() { Kind::Request } else { Kind::Notification };
        let message = Self { kind, method, id, ..Self::response(None) };
        match get(&members, "params") {
            Some(params) => message.with_params(params),
            None if subject_of(&message.method).is_some() => Err(not("what the method is about is missing")),
            None => Ok(message),
        }
    }

    const fn response(id: Option<String>) -> Self {
        Self {
            kind: Kind::Response,
            method: Cow::Borrowed(""),
            id,
            subject: None,
            claim: None,
            arguments: None,
            subscriptions: Vec::new(),
        }
    }

    fn with_params(mut self, params: &Element<'a>) -> Result<Self, Unclear> {
        let not = Unclear::NotAMessage;
        let members = params.members().map_err(|_| not("`params` is an object"))?;
        if members.iter().any(|(name, _)| resembles(name, &PARAMS)) {
            return Err(Unclear::Ambiguous);
        }
        let (name, uri) = (subject(&members, "name")?, subject(&members, "uri")?);
        self.subject = match (name, uri) {
            // It would be unclear which of them the header repeats and the server uses.
            (Some(_), Some(_)) => return Err(Unclear::Ambiguous),
            (Some(_), None) if subject_of(&self.method) == Some("uri") => None,
            (None, Some(_)) if subject_of(&self.method) == Some("name") => None,
            (name, uri) => name.or(uri),
        };
        if subject_of(&self.method).is_some() && self.subject.is_none() {
            return Err(not("what the method is about is missing"));
        }
        self.arguments = get(&members, "arguments").cloned();
        if let Some(arguments) = &self.arguments
            && arguments.members().is_err()
            && *arguments.value() != Value::Null
        {
            return Err(not("`arguments` is an object"));
        }
        if let Some(notifications) = get(&members, "notifications") {
            let asked = notifications.members().map_err(|_| not("`notifications` is an object"))?;
            self.subscriptions = asked.into_iter().map(|(name, _)| name).collect();
        }
        self.claim = get(&members, "_meta").map(claim).transpose()?.flatten();
        Ok(self)
    }
}

/// A member that names the object of a method.
fn subject<'a>(params: &Members<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Unclear> {
    let Some(element) = get(params, name) else { return Ok(None) };
    let is_subject =
        |text: &Cow<'_, str>| (1..=SUBJECT_BYTES).contains(&text.len()) && !text.contains(char::is_control);
    let text = element.clone().into_text().filter(is_subject);
    text.map(Some)
        .ok_or(Unclear::NotAMessage("`name` and `uri` are texts of 8 KiB at most, without control characters"))
}

/// The revision in `_meta`.
fn claim<'a>(meta: &Element<'a>) -> Result<Option<Cow<'a, str>>, Unclear> {
    let members = meta.members().map_err(|_| Unclear::NotAMessage("`_meta` is an object"))?;
    if members.iter().any(|(name, _)| resembles(name, &[REVISION])) {
        return Err(Unclear::Ambiguous);
    }
    let claim = get(&members, REVISION).cloned();
    claim.map(|claim| claim.into_text().ok_or(Unclear::NotAMessage("the revision in `_meta` is a text"))).transpose()
}

/// Accepts known methods in their exact spelling, and others that cannot be mistaken for one.
fn check_method(method: &str) -> Result<(), Unclear> {
    if resembles(method, &METHODS) {
        return Err(Unclear::Ambiguous);
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.$:".contains(&byte);
    if method.is_empty() || method.len() > METHOD_BYTES || !method.bytes().all(is_part) || letters(method).is_empty() {
        return Err(Unclear::NotAMessage("a method is made of letters, digits and a few signs"));
    }
    Ok(())
}

/// The member with this name; [`super::names::are_names_unique`] ensures that there is at most one.
fn get<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Element<'a>> {
    members.iter().find(|(known, _)| known == name).map(|(_, element)| element)
}

fn is_text(element: &Element<'_>, text: &str) -> bool {
    matches!(element.value(), Value::String(own) if own == text)
}

/// An id as JSON: a string or a whole number. `null` is refused, because parsers differ on whether it makes a request
/// or a notification.
fn written_id(id: &Element<'_>) -> Option<String> {
    match id.value() {
        Value::String(text) => {
            let mut array = attention_core::codec::json::Array::new();
            array.string(text);
            let array = array.finish();
            array.strip_prefix('[')?.strip_suffix(']').map(String::from)
        }
        Value::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
            Some(String::from(*number))
        }
        Value::Number(_) | Value::Container(_) | Value::Bool(_) | Value::Null => None,
    }
}
