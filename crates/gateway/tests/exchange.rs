//! Complete exchanges, whatever the driver reports and in whatever order things happen at the API.

use std::fmt::{self, Write as _};
use std::time::Duration;

use attention_core::call::Failure;
use attention_core::credential::TokenDigest;
use attention_core::{Headers, Timestamp};
use attention_gateway::answer::header_policy::UP;
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Body, Exchange, Incoming, Pass, Report, Step};
use attention_gateway::limits::shared_gate::Place;
use proptest::prelude::*;

const KEY: &str = "an-obviously-fake-current-key";
const NEXT_KEY: &str = "an-obviously-fake-next-key";
const TOKEN: &str = "an-obviously-fake-caller-token";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const RETRIES: usize = 2;

fn deployment(changes: &[(&'static str, Text)]) -> Deployment {
    let callers = format!(r#"[{{"name":"app","sha256":"{}","limit":"1000/s"}}]"#, TokenDigest::of(TOKEN).to_hex());
    let mut texts = Texts::default();
    for (name, text) in [
        ("ATTENTION_API_KEY", KEY),
        ("ATTENTION_API_KEY_NEXT", NEXT_KEY),
        ("ATTENTION_CALLERS", &callers),
        (
            "ATTENTION_POLICY",
            "allow GET /v2/plain\nallow * /v2/any/**\nallow GET /v2/kept cache=1min\nallow GET /v2/shown redact=email",
        ),
        ("ATTENTION_ALLOWED_ORIGINS", "https://app.example"),
    ] {
        texts.set(name, Text::Given(text.to_owned()));
    }
    for (name, text) in changes {
        texts.set(name, text.clone());
    }
    Deployment::parse(&texts).expect("a valid configuration")
}

fn bound(gate: bool, limiter: bool) -> Deployment {
    // A binding without a text is an object.
    let object = |bound| if bound { Text::Unreadable } else { Text::Absent };
    deployment(&[("ATTENTION_GATE", object(gate)), ("ATTENTION_RATE_LIMIT", object(limiter))])
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn begin(deployment: &mut Deployment, method: &str, path: &str, request: &dyn Headers, has_body: bool) -> Exchange {
    let url = format!("https://proxy.example{path}");
    let incoming = Incoming { method, url, headers: request, has_body, fresh_id: "a-fresh-id" };
    Exchange::begin(Ok(deployment), incoming, NOW)
}

fn with_token(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut headers = owned(more);
    headers.push(("authorization".to_owned(), format!("Bearer {TOKEN}")));
    headers
}

/// The possible events of a request, one per step.
#[derive(Clone, Debug)]
struct Event {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    answers: bool,
    whole: bool,
    place: Option<Place>,
    body: &'static [u8],
    later: u64,
    jitter: f64,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let status =
        prop::sample::select(vec![200_u16, 200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 407, 429, 500, 502, 503]);
    let headers = prop::sample::select(vec![
        vec![],
        vec![("cache-control", "max-age=60"), ("etag", "\"a\"")],
        vec![("retry-after", "1")],
        vec![("retry-after", "100000")],
        vec![("etag", "\"b\""), ("content-length", "3")],
    ]);
    let place = prop::option::of(prop::sample::select(vec![
        Place::Granted(Duration::ZERO),
        Place::Granted(Duration::from_millis(300)),
        Place::AskAgain(Duration::from_millis(250)),
        Place::AskAgain(Duration::from_hours(1)),
        Place::Limited(Duration::from_secs(1)),
    ]));
    let body = prop::sample::select(vec![&b""[..], b"{}", br#"{"email":"x","a":1.0}"#, b"not json", KEY.as_bytes()]);
    let event =
        (status, headers, prop::bool::weighted(0.8), prop::bool::weighted(0.9), place, body, 0..30_000_u64, 0.0..1.0)
            .prop_map(|(status, headers, answers, whole, place, body, later, jitter)| Event {
                status,
                headers,
                answers,
                whole,
                place,
                body,
                later,
                jitter,
            });
    prop::collection::vec(event, 200)
}

/// The course of a request.
#[derive(Debug, Default)]
struct Outcome {
    sent: usize,
    /// The final status of each; `None` if there was no response.
    ends: Vec<Option<u16>>,
    asked_the_gate: usize,
    counted: usize,
    texts: String,
}

impl Outcome {
    fn shows(&mut self, shown: &dyn fmt::Debug) {
        write!(self.texts, "{shown:?}").expect("a String takes everything");
    }
}

/// Simulates a driver until the last step.
fn drive(deployment: &mut Deployment, exchange: &mut Exchange, request: &dyn Headers, events: &[Event]) -> Outcome {
    let (mut now, mut outcome) = (NOW, Outcome::default());
    for event in events {
        outcome.shows(&exchange);
        now = now.saturating_add(Duration::from_millis(event.later / 10));
        let headers = owned(&event.headers);
        let report = match exchange.step() {
            Step::FetchKeySet { .. } | Step::VerifyToken => panic!("no issuer is believed here"),
            Step::AskStanding { .. } | Step::Revoke { .. } => panic!("there are no sessions here"),
            Step::ReadRequest { limit, .. } => Report::RequestBody {
                body: event.whole.then_some(&event.body[..event.body.len().min(*limit)]),
                fresh_id: "id",
            },
            Step::HoldRequest { .. } => Report::RequestHeld(event.whole),
            Step::Count { .. } => {
                outcome.counted += 1;
                Report::Counted(event.answers)
            }
            Step::AskGate { .. } => {
                outcome.asked_the_gate += 1;
                Report::Place(event.place)
            }
            Step::Wait(wait) => {
                now = now.saturating_add(*wait);
                Report::Waited
            }
            Step::Send(send) => {
                outcome.sent += 1;
                assert!(send.url.starts_with("https://api.attention.tech/v2/"), "{}", send.url);
                assert!(!send.url.contains(TOKEN) && !send.url.contains(KEY));
                outcome.ends.push(event.answers.then_some(event.status));
                if event.answers {
                    Report::Response { status: event.status, headers: &headers, jitter: event.jitter }
                } else {
                    let failure = if event.whole { Failure::Timeout } else { Failure::Connection };
                    Report::NoResponse { failure, jitter: event.jitter }
                }
            }
            Step::ReadResponse { limit, .. } => {
                let fits = event.body.len() <= *limit;
                let may = event.body.chunks(3).all(|piece| exchange.may_hold(deployment, piece.len(), now));
                Report::ResponseBody((event.whole && fits && may).then(|| event.body.to_vec()))
            }
            Step::Pass(_) | Step::Serve(_) | Step::Reply(_) | Step::ShowStatus => {
                outcome.shows(&(exchange.headers(), exchange.step()));
                let finished = exchange.finish(Ok(deployment), 200, now, 0.0);
                assert!(finished.line.is_some() || !finished.is_call, "every call has its line");
                outcome.texts.push_str(&finished.line.unwrap_or_default());
                outcome.texts.push_str(&exchange.point(Some(deployment), 200, now).to_json());
                return outcome;
            }
        };
        exchange.report(deployment, request, report, now);
    }
    panic!("{exchange:?} does not end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_request_ends_without_showing_a_secret(
        path in prop::sample::select(vec!["/v2/plain", "/v2/any/a", "/v2/kept", "/v2/shown", "/v2/none", "/healthz", "/readyz"]),
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]),
        length in prop::sample::select(vec![None, Some("0"), Some("5"), Some("99999999"), Some("x")]),
        page: bool, gate: bool, limiter: bool, known: bool, events in events(),
    ) {
        let mut deployment = bound(gate, limiter);
        let mut headers = if known { with_token(&[]) } else { owned(&[("authorization", "Bearer somebody-elses-token")]) };
        if page {
            headers.push(("origin".to_owned(), "https://app.example".to_owned()));
        }
        let has_body = matches!(method, "POST" | "PUT") && length.is_some();
        if let (Some(length), true) = (length, has_body) {
            headers.push(("content-length".to_owned(), length.to_owned()));
        }
        let mut exchange = begin(&mut deployment, method, path, &headers, has_body);
        let outcome = drive(&mut deployment, &mut exchange, &headers, &events);
        let may = known
            && !matches!(method, "OPTIONS" | "TRACE")
            && match path {
                "/v2/plain" | "/v2/kept" | "/v2/shown" => method == "GET",
                "/v2/any/a" => true,
                _ => false,
            };
        prop_assert!(may || outcome.sent + outcome.asked_the_gate + outcome.counted == 0, "{:?}", outcome);
        // The first attempt, its retries, and one with the other key; a wait at the gate is not an attempt.
        prop_assert!(outcome.sent <= 1 + RETRIES + 1, "{}", outcome.sent);
        prop_assert!(gate || outcome.asked_the_gate == 0);
        prop_assert_eq!(outcome.counted, usize::from(may && limiter));
        for secret in [KEY, NEXT_KEY, TOKEN, "somebody-elses-token"] {
            prop_assert!(!outcome.texts.contains(secret), "{} is shown", secret);
        }
    }

    #[test]
    fn a_report_that_does_not_match_the_step_is_an_internal_error(which in 0..7_usize, gate: bool) {
        let mut deployment = bound(gate, false);
        let headers = with_token(&[]);
        let mut exchange = begin(&mut deployment, "GET", "/v2/plain", &headers, false);
        let none = owned(&[]);
        let reports = [
            Report::RequestBody { body: None, fresh_id: "id" },
            Report::RequestHeld(true),
            Report::Counted(true),
            Report::Waited,
            Report::ResponseBody(Some(Vec::new())),
            Report::Place(None),
            Report::Response { status: 200, headers: &none, jitter: 0.5 },
        ];
        let report = reports.into_iter().nth(which).unwrap();
        let belongs = matches!((&report, gate), (Report::Place(_), true) | (Report::Response { .. }, false));
        exchange.report(&mut deployment, &headers, report, NOW);
        let refused = matches!(exchange.step(), Step::Reply(reply) if reply.status == 500);
        prop_assert_eq!(refused, !belongs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_post_of_unknown_outcome_is_never_sent_again_whatever_the_caller_sends(
        method in prop::sample::select(vec!["POST", "PATCH"]),
        name in prop::sample::select([UP, &["x-http-method-override", "x-idempotent", "retry-after"]].concat()),
        value in prop::sample::select(vec!["once-1", "\"once-1\"", "GET", "idempotent", "true", "1", "0-4"]),
        has_body: bool, events in events(),
    ) {
        let mut deployment = bound(false, false);
        let mut headers = with_token(&[(name, value), ("idempotency-key", "once-2")]);
        if has_body {
            headers.push(("content-length".to_owned(), "2".to_owned()));
        }
        let mut exchange = begin(&mut deployment, method, "/v2/any/a", &headers, has_body);
        let outcome = drive(&mut deployment, &mut exchange, &headers, &events);
        for end in outcome.ends.iter().rev().skip(1) {
            prop_assert!(matches!(end, Some(401 | 421 | 425 | 429)), "sent again after {:?}", end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A caller whose token expires in ten seconds. Whatever happens, after that nothing is sent and no response of the
    /// API is passed on, and before that nothing is refused because of it.
    #[test]
    fn nothing_is_sent_or_passed_on_after_the_callers_credential_expires(
        path in prop::sample::select(vec!["/v2/plain", "/v2/any/a", "/v2/kept", "/v2/shown"]),
        method in prop::sample::select(vec!["GET", "POST"]),
        gate: bool, limiter: bool, streams: bool, events in events(),
    ) {
        let end = NOW.saturating_add(Duration::from_secs(10));
        let digest = TokenDigest::of(TOKEN).to_hex();
        let callers = format!(r#"[{{"name":"app","sha256":"{digest}","expires":"{}"}}]"#, end.to_rfc3339());
        let object = |bound| if bound { Text::Unreadable } else { Text::Absent };
        let mut deployment = deployment(&[
            ("ATTENTION_CALLERS", Text::Given(callers)),
            ("ATTENTION_GATE", object(gate)),
            ("ATTENTION_RATE_LIMIT", object(limiter)),
        ]);
        let has_body = method == "POST";
        let headers = with_token(if has_body && !streams { &[("content-length", "5")] } else { &[] });
        let mut exchange = begin(&mut deployment, method, path, &headers, has_body);
        let (mut now, mut was_sent) = (NOW, false);
        for event in &events {
            let past = now >= end;
            match exchange.step() {
                Step::Reply(reply) => {
                    let body = reply.body.clone().unwrap_or_default();
                    let midway = body.contains("token_expired_midway");
                    let ended = midway || body.contains("token_expired");
                    prop_assert!(past || !ended, "{}", body);
                    // If repeated with another token, the call would be processed twice.
                    prop_assert!(!ended || midway == (was_sent && method == "POST"), "{}", body);
                    return Ok(());
                }
                Step::Pass(_) | Step::Serve(_) => {
                    prop_assert!(!past);
                    return Ok(());
                }
                Step::Send(send) => {
                    prop_assert!(!past);
                    prop_assert!(send.timeout.is_some_and(|timeout| now.saturating_add(timeout) <= end));
                    let whole = send.streaming.map(|streaming| streaming.whole);
                    prop_assert!(whole.is_none_or(|whole| whole.is_some_and(|whole| now.saturating_add(whole) <= end)));
                    was_sent = true;
                }
                _ => prop_assert!(!past, "{:?} after the end", exchange.step()),
            }
            now = now.saturating_add(Duration::from_millis(event.later / 5));
            let headers_down = owned(&event.headers);
            let report = match exchange.step() {
                Step::ReadRequest { .. } => Report::RequestBody { body: Some(b"{}"), fresh_id: "id" },
                Step::HoldRequest { .. } => Report::RequestHeld(true),
                Step::Count { .. } => Report::Counted(true),
                Step::AskGate { .. } => Report::Place(event.place),
                Step::Wait(wait) => {
                    now = now.saturating_add(*wait);
                    Report::Waited
                }
                Step::Send(_) if event.answers => {
                    Report::Response { status: event.status, headers: &headers_down, jitter: event.jitter }
                }
                Step::Send(_) => Report::NoResponse { failure: Failure::Timeout, jitter: event.jitter },
                Step::ReadResponse { .. } => Report::ResponseBody(Some(event.body.to_vec())),
                step => panic!("{step:?}"),
            };
            exchange.report(&mut deployment, &headers, report, now);
        }
        prop_assert!(false, "{:?} does not end", exchange);
    }
}

#[test]
fn interrupted_uploads_do_not_affect_other_callers() {
    let fail = |length: Option<&str>| {
        let mut deployment = deployment(&[("ATTENTION_MAX_RETRIES", Text::Given("0".to_owned()))]);
        let more: Vec<(&str, &str)> = length.map(|length| ("content-length", length)).into_iter().collect();
        let headers = with_token(&more);
        for _ in 0..100 {
            let mut exchange = begin(&mut deployment, "POST", "/v2/any/upload", &headers, true);
            if matches!(exchange.step(), Step::HoldRequest { .. }) {
                exchange.report(&mut deployment, &headers, Report::RequestHeld(true), NOW);
            }
            if let Step::Reply(reply) = exchange.step() {
                return reply.status;
            }
            let failure = Report::NoResponse { failure: Failure::Connection, jitter: 0.5 };
            exchange.report(&mut deployment, &headers, failure, NOW);
        }
        200
    };
    assert_eq!(fail(None), 200);
    assert_eq!(fail(Some("1000000000")), 200);
    // The same with bodies that were available: then the API is at fault.
    assert_eq!(fail(Some("2")), 503);
}

#[test]
fn an_empty_response_keeps_its_status_on_a_redacted_route() {
    let answered = |method: &str, status, response: &[(&str, &str)]| {
        let mut deployment = deployment(&[("ATTENTION_POLICY", Text::Given("allow * /v2/shown redact=email".into()))]);
        let headers = with_token(&[]);
        let mut exchange = begin(&mut deployment, method, "/v2/shown", &headers, false);
        let response = owned(response);
        exchange.report(&mut deployment, &headers, Report::Response { status, headers: &response, jitter: 0.5 }, NOW);
        if matches!(exchange.step(), Step::ReadResponse { .. }) {
            exchange.report(&mut deployment, &headers, Report::ResponseBody(Some(Vec::new())), NOW);
        }
        matches!(exchange.step(), Step::Pass(Pass { body: Body::Empty, .. }))
    };
    assert!(answered("DELETE", 204, &[]));
    assert!(answered("POST", 205, &[("content-type", "text/html")]));
    assert!(answered("HEAD", 200, &[("content-type", "text/html"), ("content-length", "70")]));
    for status in [200, 201, 202] {
        assert!(answered("POST", status, &[("content-length", "0"), ("content-type", "text/html")]));
        assert!(answered("POST", status, &[]));
    }
}

#[test]
fn a_page_can_read_every_refusal() {
    let mut deployment = bound(false, false);
    for (origin, may_read) in [("https://app.example", true), ("https://evil.example", false)] {
        for (method, path) in [("GET", "/v2//x"), ("GET", "/v2/../x"), ("TRACE", "/v2/plain"), ("GET", "/v2/plain")] {
            let exchange = begin(&mut deployment, method, path, &owned(&[("origin", origin)]), false);
            assert!(matches!(exchange.step(), Step::Reply(reply) if reply.status >= 400), "{method} {path}");
            let named = exchange
                .headers()
                .iter()
                .any(|(name, value)| *name == "access-control-allow-origin" && value == "https://app.example");
            assert_eq!(named, may_read, "{origin} {method} {path}");
        }
    }
}

/// The step for a request's body, and how often the request is sent while the API does not respond.
fn upload(method: &str, path: &str, length: Option<&str>, failures: usize) -> (bool, usize) {
    let policy = "allow * /v2/any/**\nallow * /mcp";
    let mut deployment = deployment(&[("ATTENTION_POLICY", Text::Given(policy.to_owned()))]);
    let request = with_token(&length.map_or_else(Vec::new, |length| vec![("content-length", length)]));
    let (mut is_held, mut sent, mut now) = (false, 0, NOW);
    for _ in 0..failures {
        let mut exchange = begin(&mut deployment, method, path, &request, true);
        loop {
            now = now.saturating_add(Duration::from_millis(1));
            let report = match exchange.step() {
                Step::ReadRequest { .. } => {
                    is_held = true;
                    let body: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
                    Report::RequestBody { body: Some(body), fresh_id: "another-fresh-id" }
                }
                Step::HoldRequest { .. } => {
                    is_held = true;
                    Report::RequestHeld(true)
                }
                Step::Send(_) => {
                    sent += 1;
                    Report::NoResponse { failure: Failure::Connection, jitter: 0.0 }
                }
                Step::Wait(wait) => {
                    now = now.saturating_add(*wait);
                    Report::Waited
                }
                _ => break,
            };
            exchange.report(&mut deployment, &request, report, now);
        }
    }
    (is_held, sent)
}

#[test]
fn a_streamed_body_is_sent_once_and_affects_no_other_caller() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/v2/any/x", "/mcp"] {
            for length in [None, Some("0"), Some("2"), Some("262144"), Some("262145"), Some("two"), Some("-1")] {
                let shown = format!("{method} {path} {length:?}");
                let (is_held, sent) = upload(method, path, length, 1);
                let is_there = length != Some("0");
                if path == "/mcp" && (method != "POST" || !is_there) {
                    assert_eq!((is_held, sent), (false, 0), "{shown}: no message");
                    continue;
                }
                if is_there && !is_held {
                    assert_eq!(sent, 1, "{shown}");
                    // Disconnecting callers are not failures of the API, so every call is let through.
                    assert_eq!(upload(method, path, length, 20).1, 20, "{shown}");
                } else if method != "POST" && method != "PATCH" {
                    assert!(sent > 1, "{shown}: it can be sent again");
                }
                let is_read = is_there && method == "POST" && path == "/mcp";
                let is_small = matches!(length, Some("2" | "262144"));
                assert_eq!(is_held, is_there && (is_read || is_small), "{shown}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever time a caller takes over its body is none of the API's, and has a bound of its own.
    #[test]
    fn a_callers_time_for_its_body_and_the_apis_for_its_answer_are_two(
        timeout in 1_000..900_000_u64,
        length in prop_oneof![Just(None), (1..=256 * 1024_u64).prop_map(Some), (1..u64::MAX / 2_000).prop_map(Some)],
        takes in 0..2_000_000_u64,
        end in 0..3_u8,
    ) {
        let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of(TOKEN).to_hex());
        let mut deployment = deployment(&[
            ("ATTENTION_CALLERS", Text::Given(callers)),
            ("ATTENTION_TIMEOUT_MS", Text::Given(timeout.to_string())),
        ]);
        let timeout = Duration::from_millis(timeout);
        let announced = length.map(|length| length.to_string());
        let headers = match &announced {
            Some(length) => with_token(&[("content-length", length)]),
            None => with_token(&[("transfer-encoding", "chunked")]),
        };
        // A second for each 64 KiB; chunks count as a hundred megabytes.
        let allowed = timeout + Duration::from_secs(length.unwrap_or(100 << 20) >> 16);
        let mut exchange = begin(&mut deployment, "POST", "/v2/any/a", &headers, true);
        let mut now = NOW;
        let is_held = length.is_some_and(|length| length <= 256 * 1024);
        if is_held {
            let Step::HoldRequest { patience } = exchange.step() else { panic!("{:?}", exchange.step()) };
            prop_assert_eq!(*patience, allowed);
            // As late as it may be, the whole time of the call is left.
            now = now.saturating_add(Duration::from_millis(takes).min(allowed));
            let report = if end == 0 { Report::UploadLate } else { Report::RequestHeld(true) };
            exchange.report(&mut deployment, &headers, report, now);
        }
        if !is_held || end != 0 {
            let Step::Send(send) = exchange.step() else { panic!("{:?}", exchange.step()) };
            prop_assert_eq!(send.timeout, Some(timeout));
            prop_assert_eq!(send.streaming.is_some(), !is_held);
            if let Some(streaming) = send.streaming {
                prop_assert_eq!((streaming.length, streaming.patience, streaming.whole), (length, allowed, None));
            }
            let report = match end {
                0 => Report::UploadLate,
                1 if !is_held => Report::UploadBroken,
                _ => Report::NoResponse { failure: Failure::Timeout, jitter: 0.5 },
            };
            now = now.saturating_add(allowed + timeout);
            exchange.report(&mut deployment, &headers, report, now);
        }
        let Step::Reply(reply) = exchange.step() else { panic!("{:?}", exchange.step()) };
        let wanted = match end {
            0 => (408, "upload_too_slow"),
            1 if !is_held => (400, "upload_broken"),
            _ => (504, "upstream_timeout"),
        };
        prop_assert_eq!(reply.status, wanted.0);
        prop_assert!(reply.body.as_ref().is_some_and(|body| body.contains(wanted.1)));
    }
}
