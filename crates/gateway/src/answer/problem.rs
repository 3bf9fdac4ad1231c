//! The Worker's own error responses: problem details (RFC 9457).

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use crate::authorize::mcp::Refusal;
use crate::authorize::mcp::revision::Revision;
use crate::authorize::policy::ConditionError;
use attention_core::codec::json::{Array, Object};
use attention_core::codec::text::{self, decimal};
use attention_core::credential::AuthorizationError;
use attention_core::url::PathError;
use attention_core::url::RequestError;
use attention_core::{Error, ErrorKind, Method, millis};

use crate::deployment::strict_json::Fault;

/// What a refusal states about the request's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Credentials {
    /// Nothing: they were not checked, or are valid.
    #[default]
    NotJudged,
    /// There are no credentials.
    Missing,
    /// The credentials are invalid, or grant nothing here.
    Refused,
}

/// The reason a session could not be revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotRevoked {
    /// There is no gate.
    NoGate,
    /// The gate did not respond.
    Silent,
    /// The gate's list is full.
    Full,
}

/// The longest part of a request that a refusal repeats. The id of a message may be as long as the message, and JSON may
/// need six bytes for each of its bytes.
const REPEATED_BYTES: usize = 256;

/// A JSON-RPC error defined by MCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RpcError {
    /// The message's id, as JSON.
    id: Option<String>,
    /// The error's number.
    code: &'static str,
    /// Its additional data, as JSON.
    data: Option<String>,
}

/// A problem. Nothing in it depends on the configuration or on a credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The status of the response.
    pub status: u16,
    /// The machine-readable code: the last part of its `type`.
    pub code: &'static str,
    pub(crate) detail: Box<str>,
    pub(crate) challenge: Option<Cow<'static, str>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) allow: Option<&'static str>,
    pub(crate) credentials: Credentials,
    /// The corresponding error for an MCP client, if the protocol has one.
    pub(crate) rpc: Option<Box<RpcError>>,
    /// The reason, which only the operator sees.
    pub(crate) reason: Option<&'static str>,
}

impl Problem {
    fn new(status: u16, code: &'static str, detail: impl Into<Box<str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            challenge: None,
            retry_after: None,
            allow: None,
            credentials: Credentials::NotJudged,
            rpc: None,
            reason: None,
        }
    }

    /// Adds a reason that is only logged.
    pub(crate) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    pub(crate) fn misconfigured() -> Self {
        Self::new(503, "misconfigured", "this proxy is not fully configured; its operator finds the reason in its log")
    }

    pub(crate) fn internal() -> Self {
        Self::new(500, "internal", "the proxy failed; its operator finds the reason in its log")
    }

    pub(crate) fn unexpected_body() -> Self {
        Self::new(400, "body_not_allowed", "a GET or HEAD request has no body; use the query instead")
    }

    pub(crate) fn broken_upload() -> Self {
        Self::new(400, "upload_broken", "the request's body broke off before its end")
    }

    /// RFC 9110 §15.5.9.
    pub(crate) fn slow_upload() -> Self {
        Self::new(
            408,
            "upload_too_slow",
            "the request's body was not there in the time that its length allows; send it faster, or in parts",
        )
    }

    pub(crate) fn path(error: PathError) -> Self {
        Self::new(400, error.code(), error.message())
    }

    pub(crate) fn request(error: RequestError) -> Self {
        Self::new(400, error.code(), error.message())
    }

    pub(crate) fn outside() -> Self {
        Self::new(404, "no_such_route", "there is nothing at this path; API paths begin with /v2/")
    }

    /// The operator refers to a key that does not exist.
    pub(crate) fn no_next_key(is_empty: bool) -> Self {
        Self::new(
            404,
            "no_such_route",
            if is_empty {
                "there is no next key: ATTENTION_API_KEY_NEXT is set but empty"
            } else {
                "there is no next key: ATTENTION_API_KEY_NEXT is not set, or has not arrived here yet"
            },
        )
    }

    pub(crate) fn method() -> Self {
        let allow = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE";
        Self {
            allow: Some(allow),
            ..Self::new(405, "method_not_allowed", "the method is not one that this proxy forwards")
        }
    }

    /// The resource exists but can only be read.
    pub(crate) fn read_only() -> Self {
        Self { allow: Some("GET, HEAD, OPTIONS"), ..Self::new(405, "method_not_allowed", "this resource is read-only") }
    }

    pub(crate) fn upgrade() -> Self {
        Self::new(
            400,
            "upgrade_not_supported",
            "this proxy does not forward protocol upgrades such as WebSockets; send the request without an Upgrade header",
        )
    }

    pub(crate) fn origin() -> Self {
        Self::new(
            403,
            "origin_not_allowed",
            "pages of this origin may not use the proxy; its operator can allow the origin",
        )
    }

    /// RFC 6750 §3.1: no error code if there were no credentials.
    pub(crate) fn authorization(error: AuthorizationError) -> Self {
        let bad_request = error.is_bad_request();
        let challenge = match error {
            _ if bad_request => r#"Bearer realm="attention", error="invalid_request""#,
            _ => r#"Bearer realm="attention""#,
        };
        let status = if bad_request { 400 } else { 401 };
        let credentials = match error {
            AuthorizationError::Missing => Credentials::Missing,
            _ => Credentials::Refused,
        };
        Self {
            challenge: Some(Cow::Borrowed(challenge)),
            credentials,
            ..Self::new(status, error.code(), error.message())
        }
    }

    pub(crate) fn unknown_token() -> Self {
        Self {
            challenge: Some(Cow::Borrowed(r#"Bearer realm="attention", error="invalid_token""#)),
            credentials: Credentials::Refused,
            ..Self::new(401, "invalid_token", "this proxy does not accept the token; ask its operator for one")
        }
    }

    pub(crate) fn revoked_session() -> Self {
        Self {
            challenge: Some(Cow::Borrowed(
                r#"Bearer realm="attention", error="invalid_token", error_description="revoked""#,
            )),
            credentials: Credentials::Refused,
            ..Self::new(401, "session_revoked", "the session was revoked; sign in again where it came from")
        }
    }

    /// It is unknown whether a session was revoked, so it is neither accepted nor reported as invalid.
    pub(crate) fn unchecked_session() -> Self {
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(
                503,
                "session_unchecked",
                "it is currently unknown whether the session was revoked; wait as long as Retry-After says",
            )
        }
    }

    pub(crate) fn session_id() -> Self {
        Self::new(400, "session_id", "the path does not contain a session's id; log lines have it as `session`")
    }

    /// A session should be revoked, but the revocation is not certain.
    pub(crate) fn not_revoked(why: NotRevoked) -> Self {
        let (status, detail) = match why {
            NotRevoked::NoGate => (
                501,
                "no list of revoked sessions is shared by all isolates: bind ATTENTION_GATE, or put the id into \
                    ATTENTION_REVOKED_SESSIONS",
            ),
            NotRevoked::Silent => (
                503,
                "ATTENTION_GATE did not respond, so the session may not be revoked: try again, or put the id into \
                    ATTENTION_REVOKED_SESSIONS",
            ),
            NotRevoked::Full => (
                507,
                "the list of revoked sessions is full; put the id into ATTENTION_REVOKED_SESSIONS, or end all \
                    sessions by a new ATTENTION_SESSION_SECRET",
            ),
        };
        Self::new(status, "session_not_revoked", detail)
    }

    /// `credentials` states whether the request had any.
    pub(crate) fn ask_for_password(credentials: Credentials) -> Self {
        Self {
            challenge: Some(Cow::Borrowed(r#"Basic realm="attention status", charset="UTF-8""#)),
            credentials,
            ..Self::new(
                401,
                "operator_only",
                "this page is for the operator; use any user name, and the operator's token as the password",
            )
        }
    }

    pub(crate) fn expired_token() -> Self {
        Self {
            challenge: Some(Cow::Borrowed(
                r#"Bearer realm="attention", error="invalid_token", error_description="expired""#,
            )),
            credentials: Credentials::Refused,
            ..Self::new(401, "token_expired", "the token has expired; get a new one")
        }
    }

    /// A valid token expired before the response arrived. A call that may have had an effect must not be repeated with
    /// another token, as a 401 would suggest.
    pub(crate) fn outlived(method: Option<Method>, was_sent: bool) -> Self {
        if !was_sent || matches!(method, Some(Method::Get | Method::Head)) {
            return Self { credentials: Credentials::NotJudged, ..Self::expired_token() };
        }
        Self::new(
            502,
            "token_expired_midway",
            "the token expired before the API responded; the call may have been processed",
        )
    }

    pub(crate) fn no_grant() -> Self {
        Self {
            credentials: Credentials::Refused,
            ..Self::new(403, "token_not_granted", "the token is valid, but its holder has no permissions here")
        }
    }

    /// Adds the information that a client needs to get a token. If grants depend on other claims than scopes, a token
    /// with more scopes would not help, so none are listed.
    pub(crate) fn with_discovery(self, parameters: Option<String>) -> Self {
        let Some(parameters) = parameters else { return self };
        let is_scoped = text::find(&parameters, "scope=").is_some();
        let challenge = match (self.status, self.code) {
            (401, _) => self.challenge.as_deref().filter(|challenge| challenge.starts_with("Bearer")),
            (403, "token_not_granted") if is_scoped => Some(r#"Bearer realm="attention", error="insufficient_scope""#),
            _ => None,
        };
        let Some(challenge) = challenge else { return self };
        Self { challenge: Some(Cow::Owned([challenge, &parameters].concat())), ..self }
    }

    /// It is unknown whether an issuer's token is valid, so it is not reported as invalid: pages discard invalid
    /// tokens.
    pub(crate) fn issuer_unavailable(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(
                503,
                "issuer_unavailable",
                "the token cannot be verified, because its issuer's keys are not available; try again later",
            )
        }
    }

    /// More credentials of this source were refused than are checked per minute.
    pub(crate) fn refused_too_often(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(
                429,
                "too_many_refusals",
                "too many invalid tokens were sent from this address; wait as long as Retry-After says, and send a valid one",
            )
        }
    }

    pub(crate) fn caller_rate_limited(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(
                429,
                "caller_rate_limited",
                "this caller's own limit at the proxy is reached; wait as long as Retry-After says",
            )
        }
    }

    pub(crate) fn held_back(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(429, "rate_limited", "calls are held back for longer than this one may wait; nothing was sent")
        }
    }

    pub(crate) fn circuit_open(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(
                503,
                "upstream_down",
                "the API has been failing, so the Worker pauses for a moment; nothing was sent",
            )
        }
    }

    /// An MCP message that asks for keys, or that two parsers could read differently.
    pub fn mcp_refused() -> Self {
        Self::new(
            403,
            "mcp_tool_denied",
            "the proxy does not forward tools that return or manage keys, or messages that could be read in two ways",
        )
    }

    pub(crate) fn mcp_body() -> Self {
        Self::new(400, "mcp_message", "the body is not a JSON-RPC message of at most 256 KiB")
    }

    /// The reason an MCP message is not forwarded. `version` is the revision in its header.
    pub(crate) fn mcp(refusal: Refusal, version: Option<&str>) -> Self {
        match refusal {
            Refusal::NotAMessage(why) => {
                Self::new(400, "mcp_message", ["the body is not a JSON-RPC message of MCP: ", why].concat())
            }
            Refusal::Ambiguous | Refusal::Keys { .. } => Self::mcp_refused(),
            Refusal::Tool { .. } => Self::new(
                403,
                "mcp_tool_denied",
                "the proxy's policy does not list this tool; its operator can change the policy",
            ),
            Refusal::Method => Self::new(
                403,
                "mcp_method_denied",
                "the proxy's policy lists tools, and this method neither lists nor calls one; its operator can change the policy",
            ),
            Refusal::Mismatch { id, mismatch } => Self {
                rpc: Some(Box::new(RpcError { id, code: "-32020", data: None })),
                ..Self::new(400, "mcp_header_mismatch", ["Header mismatch: ", mismatch.message()].concat())
            },
            Refusal::Revision { id } => Self::mcp_revision(id, version),
        }
    }

    /// An MCP revision whose rules are not known. `id` is that of the message, as JSON.
    pub(crate) fn mcp_revision(id: Option<String>, version: Option<&str>) -> Self {
        let mut supported = Array::new();
        for revision in Revision::ALL {
            supported.string(revision.as_str());
        }
        let mut data = Object::new();
        let requested = version.filter(|version| version.len() <= REPEATED_BYTES).unwrap_or_default();
        data.raw("supported", &supported.finish()).string("requested", requested);
        Self {
            rpc: Some(Box::new(RpcError { id, code: "-32022", data: Some(data.finish()) })),
            ..Self::new(400, "mcp_revision", "Unsupported protocol version: the proxy supports those in `supported`")
        }
    }

    pub(crate) fn mcp_method() -> Self {
        let detail = "the MCP endpoint has the methods POST, GET and DELETE";
        Self { allow: Some("GET, OPTIONS, POST, DELETE"), ..Self::new(405, "method_not_allowed", detail) }
    }

    pub(crate) fn mcp_unexpected_body() -> Self {
        Self::new(400, "body_not_allowed", "at the MCP endpoint a GET or DELETE has no body; send messages with POST")
    }

    pub(crate) fn mcp_content_type() -> Self {
        Self::new(
            415,
            "mcp_content_type",
            "an MCP message is application/json in UTF-8; send one Content-Type with it, and no Content-Encoding",
        )
    }

    /// MCP and RFC 9110 agree on the status: for this caller there is no such session.
    pub(crate) fn mcp_session() -> Self {
        Self::new(
            404,
            "mcp_session_unknown",
            "the MCP session has ended or belongs to another caller; begin one with `initialize`, without Mcp-Session-Id",
        )
    }

    pub(crate) fn mcp_no_session() -> Self {
        Self::new(
            400,
            "mcp_session_missing",
            "Mcp-Session-Id names the session to end or the stream to resume; send it as you received it",
        )
    }

    pub(crate) fn mcp_resumption() -> Self {
        Self::new(
            403,
            "mcp_resumption_denied",
            "the proxy's policy lists tools, and a resumed stream may show others; open one without Last-Event-ID",
        )
    }

    pub(crate) fn mcp_list() -> Self {
        Self::new(
            502,
            "mcp_list_unreadable",
            "the API's list of tools could not be read, so it is unknown which of them this caller may see",
        )
    }

    /// A session was requested that cannot be granted.
    pub(crate) fn session_request(fault: &Fault) -> Self {
        let what = match fault {
            Fault::Member { path, what } if !path.is_empty() => {
                ["`", path.strip_prefix('.').unwrap_or(path), "` ", what].concat()
            }
            Fault::Member { what, .. } => ["it has ", what].concat(),
            Fault::Syntax { .. } => ["the body is ", &fault.message()].concat(),
        };
        Self::new(400, "session_request", ["the request for a session cannot be granted: ", &what].concat())
    }

    /// The call does not satisfy a condition of the rule that allows it.
    pub fn condition(error: &ConditionError) -> Self {
        match error {
            ConditionError::BodyTooLarge { most } => Self::new(
                413,
                "body_too_large",
                ["the proxy's policy allows a body of at most ", &decimal(*most), " bytes here"].concat(),
            ),
            ConditionError::BodyLengthUnknown => {
                Self::new(411, "length_required", "the proxy's policy limits the body here; send its Content-Length")
            }
            ConditionError::BodyCoded => Self::new(
                415,
                "body_coded",
                "the proxy's policy limits the body here; send it uncompressed, without a Content-Encoding",
            ),
            ConditionError::Query => Self::new(
                403,
                "query_denied",
                "the query has a parameter that the proxy's policy does not allow here, or what some servers read as \
                    one; a `;`, `?` or `=` in a value has to be percent-encoded",
            ),
        }
    }

    /// The query has a parameter that some servers read as the method.
    pub fn method_override() -> Self {
        Self::new(
            400,
            "method_override",
            "the query has a parameter, such as _method, that some servers read as the request's method; \
                leave it out, and send the request with the method that is meant",
        )
    }

    pub(crate) fn unredactable() -> Self {
        Self::new(
            502,
            "unredactable",
            "the API's response may contain members that this caller may not see, and they could not be removed",
        )
    }

    /// Too many responses are being redacted. A call that may have had an effect must not be repeated.
    pub(crate) fn crowded_out(method: Method) -> Self {
        if matches!(method, Method::Get | Method::Head) {
            let detail = "too many responses are being redacted at the moment; wait as long as Retry-After says";
            return Self { retry_after: Some(Duration::from_secs(1)), ..Self::new(503, "redaction_busy", detail) };
        }
        Self::new(
            502,
            "redaction_busy",
            "the API processed the call, but there was not enough memory to redact its response",
        )
    }

    /// A response that does not fit the request.
    pub(crate) fn out_of_place() -> Self {
        Self::new(502, "upstream_protocol", "the API responded with a status that does not fit the request")
    }

    pub(crate) fn unconfirmed() -> Self {
        Self::new(502, "upstream_protocol", "the API validated a different response than the one that was asked about")
    }

    pub(crate) fn denied() -> Self {
        Self::new(
            403,
            "route_denied",
            "the proxy's policy does not allow this call; its operator can change the policy",
        )
    }

    /// This is not a matter of policy: each caller's entry states whether it may request sessions.
    pub(crate) fn may_not_mint() -> Self {
        Self::new(
            403,
            "route_denied",
            "this caller may not request sessions; the operator can allow it with `mintsSessions`",
        )
    }

    /// The same for a token that is itself a session.
    pub(crate) fn session_mints_none() -> Self {
        Self::new(
            403,
            "route_denied",
            "a session cannot request sessions; its backend requests them with its own token",
        )
    }

    /// No rule allows the path as written, but one would in another spelling.
    pub fn spelling() -> Self {
        Self::new(
            403,
            "route_denied",
            "the proxy's policy does not allow the path in this spelling; write it as the API's documentation does: \
                the same capitals, no slash, dot or extension at its end",
        )
    }

    /// An API response that is not passed on unchanged; `None` for those that are, which are the caller's own mistakes.
    pub(crate) fn of_upstream(error: &Error) -> Option<Self> {
        let status = error.status().unwrap_or_default();
        Some(match (error.kind(), status) {
            // A proxy before the API requires credentials of its own; fetch would ask the caller for them.
            (_, 407) => {
                Self::new(502, "upstream_protocol", "an intermediary before the API requires proxy credentials")
            }
            // The caller's own token is valid, so the API's 401 does not concern it.
            (ErrorKind::Unauthorized, _) => Self::new(
                502,
                "upstream_unauthorized",
                "the API refused the proxy's key; the proxy's operator has to replace it",
            ),
            (ErrorKind::RateLimited, _) => Self {
                retry_after: error.retry_after(),
                ..Self::new(429, "rate_limited", "too many calls; wait as long as Retry-After says, if it is set")
            },
            (ErrorKind::Server, 503) => Self {
                retry_after: error.retry_after(),
                ..Self::new(503, "upstream_unavailable", "the API is not available at the moment")
            },
            (ErrorKind::Server, 504) | (ErrorKind::Timeout, 0) => {
                Self::new(504, "upstream_timeout", "the API did not respond in time")
            }
            (ErrorKind::Server, _) => Self::new(502, "upstream_error", "the API failed to answer the call"),
            (ErrorKind::Connection, _) => Self::new(502, "upstream_unreachable", "the API could not be reached"),
            (ErrorKind::Protocol | ErrorKind::Aborted, _) => Self::new(
                502,
                "upstream_protocol",
                "the API returned something other than an API response, such as a redirect",
            ),
            _ => return None,
        })
    }

    /// The corresponding JSON-RPC error for an MCP client.
    pub(crate) fn rpc_body(&self, request_id: &str) -> Option<String> {
        let rpc = self.rpc.as_ref()?;
        let mut error = Object::new();
        error.raw("code", rpc.code).string("message", &self.detail);
        let mut known = Object::new();
        known.string("code", self.code).string("requestId", request_id);
        error.raw("data", rpc.data.as_deref().unwrap_or(&known.finish()));
        let mut object = Object::new();
        object.string("jsonrpc", "2.0");
        if let Some(id) = rpc.id.as_ref().filter(|id| id.len() <= REPEATED_BYTES) {
            object.raw("id", id);
        }
        object.raw("error", &error.finish());
        Some(object.finish())
    }

    /// The body: `application/problem+json`.
    pub(crate) fn body(&self, request_id: &str) -> String {
        let mut object = Object::new();
        object
            .string("type", &["urn:attention-wasm:problem:", self.code].concat())
            .string("title", phrase(self.status))
            .number("status", self.status)
            .string("code", self.code)
            .string("detail", &self.detail)
            .string("requestId", request_id);
        object.finish()
    }

    /// The value of `Retry-After`: whole seconds, rounded up.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|wait| millis(wait).div_ceil(1000))
    }
}

/// The reason phrases of RFC 9110 §15 and RFC 4918 §11 for the statuses used here.
const fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::authorize::mcp::judge;
    use crate::authorize::mcp::mirror::Mirror;

    /// The title is the status's own phrase, for each status that this module mentions.
    #[test]
    fn each_status_has_its_phrase() {
        let source = include_str!("problem.rs").split("#[cfg(test)]").next().unwrap();
        let used = source.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
        let used: std::collections::BTreeSet<u16> = used.filter(|status| (400..600).contains(status)).collect();
        // Answers of the API that become others here.
        let never_sent = [407];
        assert!(used.len() > 15, "{used:?}");
        let phrases: Vec<&str> =
            used.iter().filter(|used| !never_sent.contains(used)).map(|status| phrase(*status)).collect();
        assert!(!phrases.contains(&"Error") && !phrases.contains(&""), "{used:?}: {phrases:?}");
        let distinct: std::collections::BTreeSet<&str> = phrases.iter().copied().collect();
        assert_eq!(distinct.len(), phrases.len());
        let problem: Value = serde_json::from_str(&Problem::origin().body("r-1")).unwrap();
        let expected = json!({
            "type": "urn:attention-wasm:problem:origin_not_allowed", "title": "Forbidden", "status": 403,
            "code": "origin_not_allowed", "detail": problem["detail"], "requestId": "r-1",
        });
        assert_eq!(problem, expected);
    }

    #[test]
    fn a_request_without_credentials_is_told_no_error_code() {
        for (error, status, challenge, credentials) in [
            (AuthorizationError::Missing, 401, r#"Bearer realm="attention""#, Credentials::Missing),
            (AuthorizationError::NoToken, 401, r#"Bearer realm="attention""#, Credentials::Refused),
            (
                AuthorizationError::Multiple,
                400,
                r#"Bearer realm="attention", error="invalid_request""#,
                Credentials::Refused,
            ),
        ] {
            let problem = Problem::authorization(error);
            assert_eq!((problem.status, problem.challenge.as_deref()), (status, Some(challenge)), "{error:?}");
            assert_eq!(problem.credentials, credentials, "{error:?}");
        }
    }

    #[test]
    fn a_challenge_names_scopes_where_more_of_them_would_help() {
        let (plain, scoped) = (", resource_metadata=\"x\"", ", resource_metadata=\"x\", scope=\"read\"");
        let missing = || Problem::authorization(AuthorizationError::Missing);
        let ungranted = || Problem::new(403, "token_not_granted", "");
        let told = |problem: Problem, parameters: Option<&str>| {
            problem.with_discovery(parameters.map(str::to_owned)).challenge.map(Cow::into_owned)
        };
        let bearer = r#"Bearer realm="attention""#;
        assert_eq!(told(missing(), Some(plain)), Some([bearer, plain].concat()));
        assert_eq!(told(missing(), None).as_deref(), Some(bearer));
        assert_eq!(told(ungranted(), Some(scoped)), Some([bearer, r#", error="insufficient_scope""#, scoped].concat()));
        assert_eq!(told(ungranted(), Some(plain)), None);
        assert_eq!(told(Problem::denied(), Some(scoped)), None);
        let password = Problem::ask_for_password(Credentials::Missing);
        assert!(
            told(password, Some(scoped))
                .is_some_and(|challenge| challenge.starts_with("Basic ") && !challenge.contains("scope"))
        );
    }

    /// What a caller sends is repeated up to a length.
    #[test]
    fn an_id_and_a_revision_are_repeated_up_to_a_length() {
        for (length, is_repeated) in [(REPEATED_BYTES, true), (REPEATED_BYTES + 1, false)] {
            let text = "9".repeat(length);
            let problem = Problem::mcp_revision(Some(text.clone()), Some(&text));
            let body: Value = serde_json::from_str(&problem.rpc_body("r").unwrap()).unwrap();
            assert_eq!(body.get("id").is_some(), is_repeated, "{length}");
            assert_eq!(body["error"]["data"]["requested"] == json!(text), is_repeated, "{length}");
        }
    }

    proptest! {
        /// Whatever a message and its headers contain: the refusal is JSON to another reader, has the message's id, unless
        /// that is longer than any real one, and is short.
        #[test]
        fn a_refusal_is_json_and_repeats_what_it_may(
            id in prop_oneof![
                any::<String>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                "[ -~\n\r\u{2030}]{0,300}".prop_map(Value::from),
            ],
            version in prop_oneof!["[ -~]{1,20}", "\\PC{1,300}", Just("2025-06-18".to_owned())],
            request_id in "[0-9a-f]{8,64}",
        ) {
            let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" });
            let method = Some("ping".to_owned());
            let mirror = Mirror { version: Some(version.clone()), method, ..Mirror::default() };
            let refusal = judge(message.to_string().as_bytes(), &mirror, &[]).expect_err("its headers differ");
            let problem = Problem::mcp(refusal, Some(&version));
            let body = problem.rpc_body(&request_id).expect("an error of MCP");
            prop_assert!(body.len() < 1_000 + 6 * REPEATED_BYTES && body.is_ascii() && !body.contains(char::is_control));
            let read: Value = serde_json::from_str(&body).expect("JSON");
            if let Some(repeated) = read.get("id") {
                prop_assert_eq!(repeated, &id);
            } else {
                prop_assert!(id.as_str().is_some_and(|id| id.len() * 6 + 2 > REPEATED_BYTES), "{}", id);
            }
            let error = &read["error"];
            prop_assert_eq!(error["message"].as_str(), Some(&*problem.detail));
            match error["code"].as_i64() {
                Some(-32022) => {
                    let requested = error["data"]["requested"].as_str().expect("a text");
                    prop_assert!(requested == version || requested.is_empty() && version.len() > REPEATED_BYTES);
                }
                code => {
                    prop_assert_eq!(code, Some(-32020));
                    prop_assert_eq!(error["data"]["requestId"].as_str(), Some(&*request_id));
                }
            }
            let body: Value = serde_json::from_str(&problem.body(&request_id)).expect("JSON");
            prop_assert_eq!(body["requestId"].as_str(), Some(&*request_id));
        }
    }

    #[test]
    fn a_challenge_states_where_to_get_a_token_and_which_scope_is_missing() {
        let scoped = || Some(", resource_metadata=\"https://p/x\", scope=\"a b\"".to_owned());
        let challenge = |problem: Problem| problem.challenge.map(Cow::into_owned);
        assert_eq!(
            challenge(Problem::unknown_token().with_discovery(scoped())).as_deref(),
            Some(r#"Bearer realm="attention", error="invalid_token", resource_metadata="https://p/x", scope="a b""#)
        );
        assert_eq!(
            challenge(Problem::no_grant().with_discovery(scoped())).as_deref(),
            Some(
                r#"Bearer realm="attention", error="insufficient_scope", resource_metadata="https://p/x", scope="a b""#
            )
        );
        // Another claim is missing, so a token with other scopes would not help.
        let unscoped = Some(", resource_metadata=\"https://p/x\"".to_owned());
        assert_eq!(challenge(Problem::no_grant().with_discovery(unscoped)), None);
        assert_eq!(Problem::unknown_token().with_discovery(None), Problem::unknown_token());
        assert_eq!(Problem::denied().with_discovery(scoped()), Problem::denied());
        let password = Problem::ask_for_password(Credentials::Missing);
        assert_eq!(password.clone().with_discovery(scoped()), password);
    }
}
