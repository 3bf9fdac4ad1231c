//! The MCP endpoint: checks a request before its message is read, judges the message, and seals session ids.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::{Headers, Method, Timestamp};

use super::{Exchange, HeaderEdit};
use crate::answer::media_type;
use crate::answer::problem::Problem;
use crate::authorize::Forward;
use crate::authorize::mcp::mirror::{Mirror, PARAM_PREFIX};
use crate::authorize::mcp::revision::Revision;
use crate::authorize::mcp::seal::Owner;
use crate::authorize::mcp::{self, Asked, Refusal};
use crate::authorize::policy::BodyLength;
use crate::deployment::Deployment;

/// The header in which client and server exchange the session's id.
const SESSION: &str = "mcp-session-id";
/// The header with which a client resumes a stream.
const LAST_EVENT: &str = "last-event-id";

/// The maximum length of tool names in a log line.
const TOLD_BYTES: usize = 256;

/// One exchange with the MCP endpoint.
#[derive(Debug)]
pub(super) struct Conversation {
    /// The headers that repeat parts of the message.
    mirror: Mirror,
    /// The API's id of its session.
    session: Option<String>,
    /// The content of the message, once it has been read.
    asked: Asked,
    /// Whether the request states the type of its body.
    is_typed: bool,
    /// Whether the response is a stream of events.
    pub(super) answers_in_events: bool,
}

impl Conversation {
    /// Checks a request to the endpoint before its message is read.
    pub(super) fn open(
        deployment: &Deployment,
        request: &dyn Headers,
        body: BodyLength,
        forward: &Forward,
        owner: Owner<'_>,
    ) -> Result<Self, Problem> {
        check_shape(request, body, forward.method)?;
        let text = |name| request.get(name).map(Cow::into_owned);
        let mirror = Mirror {
            version: text("mcp-protocol-version"),
            method: text("mcp-method"),
            name: text("mcp-name"),
            params: request.beginning_with(PARAM_PREFIX),
        };
        let revision = mirror.version.as_deref().and_then(Revision::parse);
        if forward.method != Method::Post && mirror.version.is_some() && revision.is_none() {
            return Err(Problem::mcp_revision(None, mirror.version.as_deref()));
        }
        // A revision without sessions ignores session ids, so they are not forwarded.
        let is_stateless = forward.method == Method::Post && revision.is_some_and(Revision::is_stateless);
        let session = match request.get(SESSION) {
            _ if is_stateless => None,
            Some(sealed) => Some(deployment.seal.open(&sealed, owner).ok_or_else(Problem::mcp_session)?.to_owned()),
            None if forward.method == Method::Delete => return Err(Problem::mcp_no_session()),
            None => None,
        };
        if forward.method == Method::Get && request.get(LAST_EVENT).is_some() {
            // Without a session the stream could belong to anybody.
            if session.is_none() {
                return Err(Problem::mcp_no_session());
            }
            // It could contain an unfiltered list of tools.
            if !forward.tools.is_empty() {
                return Err(Problem::mcp_resumption());
            }
        }
        let is_typed = request.get("content-type").is_some();
        Ok(Self { mirror, session, asked: Asked::default(), is_typed, answers_in_events: false })
    }

    /// Whether the response is a list of tools.
    pub(super) const fn lists_tools(&self) -> bool {
        self.asked.lists_tools
    }

    /// The edits of the headers for the API.
    pub(super) fn edits_up(&self, method: Method) -> Vec<HeaderEdit> {
        let value = |value: &Option<String>| value.clone().map(Cow::Owned);
        let mut edits = Vec::from([("mcp-protocol-version", value(&self.mirror.version))]);
        if method == Method::Post {
            edits.extend([("mcp-method", value(&self.mirror.method)), ("mcp-name", value(&self.mirror.name))]);
            if !self.is_typed {
                edits.push(("content-type", Some(Cow::Borrowed("application/json"))));
            }
        }
        // Streams are resumed only with GET; a revision without sessions ignores event ids.
        if method != Method::Get {
            edits.push((LAST_EVENT, None));
        }
        if !self.asked.is_stateless {
            edits.push((SESSION, value(&self.session)));
        }
        edits
    }

    /// The headers that repeat arguments of the message.
    pub(super) fn params(&self) -> &[(String, String)] {
        &self.mirror.params
    }

    /// The edit of the API's session id for the caller.
    pub(super) fn edit_down(&self, deployment: &Deployment, headers: &dyn Headers, owner: Owner<'_>) -> HeaderEdit {
        let id = headers.get(SESSION).filter(|id| !self.asked.is_stateless && !deployment.echoes(id));
        (SESSION, id.and_then(|id| deployment.seal.seal(&id, owner)).map(Cow::Owned))
    }
}

/// Checks the requirements for a request that do not depend on its message.
fn check_shape(request: &dyn Headers, body: BodyLength, method: Method) -> Result<(), Problem> {
    match method {
        Method::Post if body == BodyLength::NoBody => Err(Problem::mcp_body()),
        // If the server read the body as another type, it would not be the text that was judged here.
        Method::Post if !media_type::is_plain_json(request) => Err(Problem::mcp_content_type()),
        Method::Post => Ok(()),
        Method::Get | Method::Delete if body == BodyLength::NoBody => Ok(()),
        Method::Get | Method::Delete => Err(Problem::mcp_unexpected_body()),
        Method::Head | Method::Options | Method::Put | Method::Patch => Err(Problem::mcp_method()),
    }
}

impl Exchange {
    /// The owner of a session of the MCP endpoint.
    pub(super) fn open_conversation(
        &mut self,
        deployment: &Deployment,
        request: &dyn Headers,
        forward: &Forward,
    ) -> Result<(), Problem> {
        if forward.is_mcp {
            let caller = self.facts.holder();
            let owner = Owner { caller: &caller, session: self.facts.session.as_deref() };
            let conversation = Conversation::open(deployment, request, self.request.body, forward, owner)?;
            self.conversation = Some(conversation);
        }
        Ok(())
    }

    /// The body of an MCP message, which is judged before anything is sent.
    pub(super) fn on_message(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        body: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let body = body.ok_or_else(Problem::mcp_body)?;
        let tools = self.forward.as_ref().map_or(&[][..], |forward| &forward.tools);
        let conversation = self.conversation.as_mut().ok_or_else(Problem::internal)?;
        match mcp::judge(body, &conversation.mirror, tools) {
            Ok(asked) => {
                self.facts.tool = told(deployment, &asked.tools);
                conversation.asked = asked;
                self.start(deployment, request, now)
            }
            Err(refusal) => {
                if let Refusal::Keys { tool } | Refusal::Tool { tool } = &refusal {
                    self.facts.tool = told(deployment, core::slice::from_ref(tool));
                }
                let version = conversation.mirror.version.as_deref();
                Err(Problem::mcp(refusal, version))
            }
        }
    }

    /// The edit of a session's id for the caller.
    pub(super) fn session_edit(&self, deployment: &Deployment, headers: &dyn Headers) -> Option<HeaderEdit> {
        let conversation = self.conversation.as_ref()?;
        let caller = self.facts.holder();
        let owner = Owner { caller: &caller, session: self.facts.session.as_deref() };
        Some(conversation.edit_down(deployment, headers, owner))
    }
}

/// Tool names for the log. Names are a caller's text, so invalid names and names that contain a key are omitted.
fn told(deployment: &Deployment, tools: &[String]) -> Option<String> {
    let is_name = |tool: &str| tool.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let mut told = String::new();
    for tool in tools {
        let name = if is_name(tool) && tool.len() <= TOLD_BYTES / 2 && !deployment.echoes(tool) { tool } else { "?" };
        if told.len() + name.len() >= TOLD_BYTES {
            told.push('…');
            break;
        }
        if !told.is_empty() {
            told.push(',');
        }
        told.push_str(name);
    }
    (!told.is_empty()).then_some(told)
}
