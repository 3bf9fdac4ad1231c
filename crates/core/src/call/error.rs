//! The error of a failed call.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::diagnosis::Diagnosis;
use super::outcome::Rejection;
use super::retry::Failure;
use crate::codec::json::{self, Object, Value};
use crate::codec::text::{self, decimal};
use crate::credential::{KeyError, scrub_all};
use crate::time::millis;
use crate::url::{BaseUrlError, RequestError};

/// At most this many bytes of an error response's body are read for its message: 64 KiB.
pub const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// The API's page on keys: how to create and send them, and why the API refuses one.
pub const API_KEYS_PAGE: &str = "https://docs.attention.com/api-authentication";

/// At most this much of the server's message is kept in an error.
const MAX_SERVER_MESSAGE_CHARS: usize = 500;

/// The category of an error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key or token was refused before any call.
    InvalidKey,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404 or 410.
    NotFound,
    /// 409 or 412.
    Conflict,
    /// 400, 422, and every other 4xx: the request itself is at fault. Also a
    /// request that was refused before it was sent.
    Validation,
    /// 413, 414 or 431.
    PayloadTooLarge,
    /// 429, or a wait longer than the policy allows.
    RateLimited,
    /// 5xx.
    Server,
    /// The connection failed.
    Connection,
    /// No answer in time, or 408.
    Timeout,
    /// The caller aborted the call.
    Aborted,
    /// The response is not one that this API returns, such as a redirect.
    Protocol,
    /// The configuration is at fault.
    Config,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 14] = [
        Self::InvalidKey,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Validation,
        Self::PayloadTooLarge,
        Self::RateLimited,
        Self::Server,
        Self::Connection,
        Self::Timeout,
        Self::Aborted,
        Self::Protocol,
        Self::Config,
    ];

    /// The kind of an error response with this status.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            408 => Self::Timeout,
            409 | 412 => Self::Conflict,
            413 | 414 | 431 => Self::PayloadTooLarge,
            429 => Self::RateLimited,
            400..=499 => Self::Validation,
            500..=599 => Self::Server,
            _ => Self::Protocol,
        }
    }

    /// A stable, machine-readable name. It is also the error's code when the server sent none.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidKey => "invalid_key",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::PayloadTooLarge => "payload_too_large",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Aborted => "aborted",
            Self::Protocol => "protocol",
            Self::Config => "config",
        }
    }
}

/// A failed call.
///
/// It never contains a key or a token: the server's message is scrubbed before it is stored. `Display` prints the full
/// error on one line. `Debug`, which is printed if `main` returns the error, prints it on several lines.
///
/// ```
/// use attention_core::{ApiKey, Error, ErrorKind};
///
/// let error: Error = ApiKey::parse("Bearer abc").unwrap_err().into();
/// assert_eq!(error.kind(), ErrorKind::InvalidKey);
/// assert_eq!(error.code(), "key_has_scheme");
/// assert!(!error.to_string().contains("abc"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    status: Option<u16>,
    code: Cow<'static, str>,
    message: String,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    diagnosis: Option<Box<Diagnosis>>,
    attempts: u32,
}

impl Error {
    fn local(kind: ErrorKind, code: &'static str, message: String) -> Self {
        Self {
            kind,
            status: None,
            code: Cow::Borrowed(code),
            message,
            request_id: None,
            retry_after: None,
            diagnosis: None,
            attempts: 0,
        }
    }

    /// The error of a call that ended without a response after this many attempts.
    pub fn of_failure(failure: Failure, attempts: u32) -> Self {
        let (kind, message) = match failure {
            Failure::Connection => (
                ErrorKind::Connection,
                "could not reach the server, or the connection broke; check the network and the base URL",
            ),
            Failure::Timeout => {
                (ErrorKind::Timeout, "no answer within the timeout; raise `timeout` if the call is a long one")
            }
            Failure::Aborted => (ErrorKind::Aborted, "the call was aborted by its caller"),
        };
        Self { attempts, ..Self::local(kind, kind.code(), message.to_owned()) }
    }

    /// The error of a call that cannot wait for its turn at the gate. `wait` is the time until its turn. Of that the
    /// gate is closed for `closed`, because the server asked for it; the rest is due to the `ahead` calls in line.
    /// Either the wait is too long for this call, or the line is full.
    pub(crate) fn held_back(wait: Duration, closed: Duration, ahead: usize, is_full: bool, attempts: u32) -> Self {
        let seconds = |duration: Duration| decimal(millis(duration).div_ceil(1000));
        let mut message = String::new();
        if !closed.is_zero() {
            message.push_str(&text::concat(&[
                "the server asked all calls to wait, for another ",
                &seconds(closed),
                " s; ",
            ]));
        }
        if ahead > 0 {
            let calls = if ahead == 1 { " call is" } else { " calls are" };
            message.push_str(&text::concat(&[&text::count(ahead), calls, " in line before this one; "]));
        }
        let why = if is_full { " s, and no more calls may wait" } else { " s, later than it may wait" };
        let end = if attempts == 0 { "; nothing was sent" } else { "" };
        message.push_str(&text::concat(&["its turn would come in ", &seconds(wait), why, end]));
        let kind = ErrorKind::RateLimited;
        Self { attempts, retry_after: Some(wait), ..Self::local(kind, kind.code(), message) }
    }

    pub(crate) fn of_rejection(
        rejection: &Rejection,
        body: &str,
        diagnosis: Option<Diagnosis>,
        advice: Option<&str>,
        attempts: u32,
        secrets: &[&str],
    ) -> Self {
        let status = rejection.status;
        let kind = ErrorKind::of_status(status);
        let most = body.floor_char_boundary(MAX_ERROR_BODY_BYTES);
        let said = ServerWords::read(body.get(..most).unwrap_or(body));
        let mut message = text::concat(&[summary(kind), " (", &decimal(status), ")"]);
        if let Some(words) = &said.message {
            let mut line = String::new();
            for c in scrub_all(words, secrets.to_vec()).chars().take(MAX_SERVER_MESSAGE_CHARS) {
                line.push(if breaks_a_line(c) { ' ' } else { c });
            }
            let line = line.trim_ascii();
            if !line.is_empty() {
                message.push_str("; it says: ");
                message.push_str(line);
            }
        }
        if let Some(diagnosis) = &diagnosis {
            if let Some(finding) = diagnosis.likely() {
                message.push_str("; most likely ");
                message.push_str(&finding.reason);
            }
            message.push_str("; next: ");
            message.push_str(diagnosis.next_step);
        }
        if let Some(advice) = advice {
            message.push_str("; ");
            message.push_str(advice);
        }
        // A code or an id may echo a secret as well. A partly redacted name is useless, so it is dropped.
        let is_harmless = |name: &String| scrub_all(name, secrets.to_vec()) == *name;
        Self {
            kind,
            status: Some(status),
            code: said.code.filter(is_harmless).map_or(Cow::Borrowed(kind.code()), Cow::Owned),
            message,
            request_id: rejection.request_id.clone().filter(is_harmless),
            retry_after: rejection.asked_wait,
            diagnosis: diagnosis.map(Box::new),
            attempts,
        }
    }

    /// Adds that the resource may be missing because an earlier attempt of this call deleted it.
    pub(crate) fn may_be_done_already(mut self) -> Self {
        self.message.push_str("; an earlier try of this call got no answer, and may have deleted it");
        self
    }

    /// The category of the error.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The HTTP status, `None` if there was no response.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// A stable, machine-readable name: the server's own code if it sent one, otherwise the code of
    /// [`kind`](Self::kind) or a more specific one of this library.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What happened and what to do next, on one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The id that the server gave this request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How long the server asked the client to wait.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// For a 401, an assessment of its documented causes.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.diagnosis.as_deref()
    }

    /// How many requests were sent.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The page of the API's documentation that helps with this error.
    pub const fn documentation(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::InvalidKey | ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::RateLimited => {
                Some(API_KEYS_PAGE)
            }
            _ => None,
        }
    }

    /// JSON that is safe to log. Absent members are omitted; `retryAfter` is in milliseconds.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.string("kind", self.kind.code()).string("code", &self.code).string("message", &self.message);
        if let Some(status) = self.status {
            object.number("status", status);
        }
        if let Some(id) = &self.request_id {
            object.string("requestId", id);
        }
        if let Some(wait) = self.retry_after {
            object.number("retryAfter", millis(wait));
        }
        object.number("attempts", self.attempts);
        if let Some(diagnosis) = &self.diagnosis {
            object.raw("diagnosis", &diagnosis.to_json());
        }
        if let Some(page) = self.documentation() {
            object.string("documentation", page);
        }
        object.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The form in which the npm package prints an error on a console: the message, the facts, and every cause of a 401.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n  code: {}", self.code)?;
        if let Some(status) = self.status {
            write!(f, ", status: {status}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request id: {id}")?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, ", retry after: {wait:?}")?;
        }
        write!(f, ", attempts: {}", self.attempts)?;
        if let Some(diagnosis) = &self.diagnosis {
            write!(f, "\n{diagnosis}")?;
        }
        self.documentation().map_or(Ok(()), |page| write!(f, "\n  see     {page}"))
    }
}

impl core::error::Error for Error {}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::local(ErrorKind::InvalidKey, error.code(), error.message())
    }
}

impl From<BaseUrlError> for Error {
    fn from(error: BaseUrlError) -> Self {
        Self::local(ErrorKind::Config, error.code(), error.message())
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::local(ErrorKind::Validation, error.code(), error.message())
    }
}

const fn summary(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthorized => "the credentials were refused",
        ErrorKind::Forbidden => "this call is not allowed",
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "the request conflicts with the current state",
        ErrorKind::Validation => "the server does not accept the request",
        ErrorKind::PayloadTooLarge => "the request is too large",
        ErrorKind::RateLimited => "too many calls",
        ErrorKind::Server => "the server failed",
        ErrorKind::Timeout => "the server gave up waiting",
        _ => {
            "the answer is not one that this API gives; redirects are not followed, as the key must not travel with them"
        }
    }
}

/// The parts of an error body that are worth showing. Its shape is not documented, so this reads the usual JSON
/// members, `errors[]` of JSON:API, RFC 9457 problem details, and otherwise plain text.
#[derive(Default)]
struct ServerWords {
    message: Option<String>,
    code: Option<String>,
}

impl ServerWords {
    fn read(body: &str) -> Self {
        // `TextDecoder` removes the byte order mark itself; other drivers may not.
        let body = body.strip_prefix('\u{feff}').unwrap_or(body).trim_ascii();
        if !body.starts_with('{') {
            // An HTML page comes from a proxy rather than the API, and neither HTML nor binary data is worth showing.
            let is_binary = |c| matches!(c, '\0' | char::REPLACEMENT_CHARACTER);
            let is_text = !matches!(body.as_bytes().first(), None | Some(b'<' | b'[' | b'"'))
                && !body.chars().take(MAX_SERVER_MESSAGE_CHARS).any(is_binary);
            return Self { message: is_text.then(|| body.to_owned()), code: None };
        }
        let mut inner = "";
        for name in ["errors", "error"] {
            let Some(Value::Container(reported)) = json::member(body, name) else { continue };
            match json::first_element(reported) {
                Some(Value::String(text)) => return Self { message: Some(text.into_owned()), code: code_of(body) },
                Some(Value::Container(object)) => inner = object,
                None if reported.starts_with('{') => inner = reported,
                _ => continue,
            }
            break;
        }
        Self { message: words_of(inner).or_else(|| words_of(body)), code: code_of(inner).or_else(|| code_of(body)) }
    }
}

/// Whether a character would end the line, control the terminal or change the direction of the text.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn words_of(document: &str) -> Option<String> {
    ["detail", "message", "error_description", "error", "title"].iter().find_map(|name| {
        let text = json::member(document, name).and_then(Value::into_string)?;
        if text.trim_ascii().is_empty() { None } else { Some(text.into_owned()) }
    })
}

/// The `code` member if it looks like a name: short, and made of letters, digits and separators.
fn code_of(document: &str) -> Option<String> {
    let code = json::member(document, "code").and_then(Value::into_string)?;
    let plain = !code.is_empty()
        && code.len() <= 64
        && text::is_all(&code, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    plain.then(|| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Action, CallOptions, Upstream, Verdict};
    use crate::url::BaseUrl;
    use crate::{ApiKey, Call, KeyRing, Method, Timestamp};

    /// The error of a call that gets this response.
    fn answered(status: u16, headers: &[(&str, &str)]) -> Error {
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        let key = ApiKey::parse("obviously-fake-key-of-the-errors").unwrap();
        let mut upstream = Upstream::new(BaseUrl::parse("https://api.example/v2").unwrap(), KeyRing::new(key, None));
        let options = CallOptions {
            retry: crate::call::RetryPolicy { max_retries: 0, ..Default::default() },
            ..CallOptions::new(Method::Get)
        };
        let mut call = Call::new(options, now);
        assert!(matches!(call.start(&mut upstream, now), Action::Send(_)));
        let action = call.on_response(&mut upstream, status, &headers, now, 0.5);
        assert_eq!(action, Action::Done(Verdict::Rejected));
        call.error(&upstream, "", now)
    }

    #[test]
    fn main_prints_a_401_with_its_diagnosis() {
        let error = answered(401, &[("x-request-id", "r-1")]);
        let told = format!("{error:?}");
        let mut lines = told.lines();
        assert_eq!(lines.next(), Some(error.message()));
        assert_eq!(lines.next(), Some("  code: unauthorized, status: 401, request id: r-1, attempts: 1"));
        let diagnosis = error.diagnosis().unwrap();
        for (finding, mark) in diagnosis.findings.iter().zip(["no    ", "no    ", "LIKELY", "maybe "]) {
            let line = format!("  {mark}  {}: {}", finding.cause.code(), finding.reason);
            assert_eq!(lines.next(), Some(&*line));
        }
        assert_eq!(lines.next(), Some(&*format!("  next    {}", diagnosis.next_step)));
        assert_eq!(lines.next(), Some(&*format!("  see     {API_KEYS_PAGE}")));
        assert_eq!(lines.next(), None);
    }

    /// Each kind of refusal is told in its own words; only an answer of no kind is said to be none of this API.
    #[test]
    fn each_kind_of_answer_has_its_own_summary() {
        let mut told: Vec<(ErrorKind, String)> = Vec::new();
        for status in [300, 302, 400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 503, 504] {
            let error = answered(status, &[]);
            let words = error.message().split_once(": ").map_or(error.message(), |(_, words)| words);
            assert_eq!(words.contains("redirects"), error.kind() == ErrorKind::Protocol, "{status}: {error}");
            let summary = summary(error.kind());
            assert!(error.message().contains(summary), "{error}");
            assert!(
                told.iter().all(|(kind, words)| (*kind == error.kind()) == (words == summary)),
                "{status}: {summary}"
            );
            told.push((error.kind(), summary.to_owned()));
        }
        told.dedup_by_key(|(kind, _)| *kind);
        assert!(told.len() > 9, "{told:?}");
    }

    #[test]
    fn main_prints_failures_without_dumping_the_type() {
        for status in [302, 400, 403, 404, 409, 413, 422, 429, 500, 503] {
            let error = answered(status, &[("retry-after", "120")]);
            let told = format!("{error:?}");
            let (first, facts) = told.split_once("\n  ").unwrap();
            assert_eq!(first, error.to_string());
            assert!(facts.contains(&format!("status: {status}")), "{told}");
            assert_eq!(facts.contains("retry after: 120s"), error.retry_after().is_some(), "{told}");
            assert!(!told.contains(['{', '}']) && !told.contains("Some("), "{told}");
            assert_eq!(told, format!("{error:#?}"));
        }
    }
}
