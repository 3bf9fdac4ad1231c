//! The API's responses as callers receive them: through exchanges with a simulated driver and API, judged by a reader
//! that knows RFC 9110 and 9111 and shares no code with the gateway.

use std::borrow::Cow;
use std::time::Duration;

use attention_core::call::Failure;
use attention_core::codec::http_date;
use attention_core::credential::TokenDigest;
use attention_core::{Headers, Timestamp};
use attention_gateway::answer::echo;
use attention_gateway::answer::header_policy::{ALWAYS, DOWN};
use attention_gateway::answer::room::Room;
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Body, Exchange, Incoming, Pass, Report, Step};
use proptest::prelude::*;

const KEY: &str = "an-obviously-fake-current-key";
const TOKEN: &str = "an-obviously-fake-caller-token";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
/// A value of the member that redacting routes remove.
const HIDDEN: &str = "ann@corp.example";
const API: &str = "api.attention.tech";

type Pairs = Vec<(String, String)>;

fn deployment() -> Deployment {
    let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of(TOKEN).to_hex());
    let policy = "allow * /v2/plain\nallow * /v2/shown redact=email\nallow * /v2/kept cache=1h\n\
                  allow * /v2/both cache=1h redact=email";
    let mut texts = Texts::default();
    for (name, text) in [
        ("ATTENTION_API_KEY", KEY),
        ("ATTENTION_CALLERS", &callers),
        ("ATTENTION_POLICY", policy),
        ("ATTENTION_MAX_RETRIES", "0"),
    ] {
        texts.set(name, Text::Given(text.to_owned()));
    }
    Deployment::parse(&texts).expect("a valid configuration")
}

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn find(headers: &Pairs, name: &str) -> Option<String> {
    headers.get(name).map(Cow::into_owned)
}

/// The API's response; the content is not encoded yet.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: Pairs,
    content: Vec<u8>,
}

impl Answer {
    /// The bytes on the wire. A coding is represented by a marker, which reveals a reader that takes encoded bytes for
    /// content.
    fn coded(&self) -> Vec<u8> {
        match find(&self.headers, "content-encoding") {
            Some(coding) if coding != "identity" => [b"\0coded ", &*self.content].concat(),
            _ => self.content.clone(),
        }
    }

    /// The bytes as a runtime reads them; it knows two codings.
    fn read(&self) -> Vec<u8> {
        match find(&self.headers, "content-encoding").as_deref() {
            Some("gzip" | "br") => self.content.clone(),
            _ => self.coded(),
        }
    }
}

/// The response that the caller receives.
#[derive(Clone, Debug)]
struct Received {
    status: u16,
    headers: Pairs,
    body: Vec<u8>,
    /// Whether it is the API's, and not the gateway's own.
    is_passed: bool,
}

/// The driver's part: the last step as an HTTP message.
fn receive(deployment: &Deployment, exchange: &Exchange, answer: &Answer, stored: &[Vec<u8>]) -> Received {
    let mut headers = pairs(&ALWAYS);
    let set = |headers: &mut Pairs, name: &str, value: Option<&str>| {
        headers.retain(|(known, _)| known != name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    };
    let (status, body, is_passed) = match exchange.step() {
        Step::Reply(reply) => {
            reply.headers.iter().for_each(|(name, value)| set(&mut headers, name, Some(value)));
            (reply.status, reply.body.clone().unwrap_or_default().into_bytes(), false)
        }
        Step::Serve(served) => {
            served.headers.iter().for_each(|(name, value)| set(&mut headers, name, Some(value)));
            let body = served.body.map(|id| stored[usize::try_from(id.number()).unwrap()].clone());
            (served.status, body.unwrap_or_default(), true)
        }
        Step::Pass(Pass { body, edits }) => {
            for name in DOWN {
                let value = answer.headers.get(name).filter(|value| !echo::echoes(deployment.upstream().keys(), value));
                if let Some(value) = value {
                    set(&mut headers, name, Some(&value));
                }
            }
            for (name, value) in edits {
                set(&mut headers, name, value.as_deref());
            }
            let body = match body {
                Body::Streamed { .. } => answer.coded(),
                Body::Replaced { bytes, .. } => bytes.clone(),
                Body::Empty => Vec::new(),
            };
            (answer.status, body, true)
        }
        step => panic!("{step:?} is not the last one"),
    };
    Received { status, headers, body, is_passed }
}

/// A request that the API answers with this response as often as it is asked, and the bodies that are stored.
fn play(
    deployment: &mut Deployment,
    (method, path, more): (&str, &str, &Pairs),
    answer: &Answer,
    stored: &mut Vec<Vec<u8>>,
    mut now: Timestamp,
) -> (Received, Vec<Pairs>) {
    let mut request = more.clone();
    request.push(("authorization".to_owned(), format!("Bearer {TOKEN}")));
    let url = format!("https://proxy.example{path}");
    let incoming = Incoming { method, url, headers: &request, has_body: false, fresh_id: "a-fresh-id" };
    let mut exchange = Exchange::begin(Ok(deployment), incoming, now);
    let mut went_up = Vec::new();
    for _ in 0..20 {
        let report = match exchange.step() {
            Step::Send(send) => {
                let mut up = more.clone();
                if let attention_gateway::exchange::Carries::TheCallers { edits, .. } = &send.carries {
                    for (name, value) in edits {
                        up.retain(|(known, _)| known != name);
                        up.extend(value.as_deref().map(|value| ((*name).to_owned(), value.to_owned())));
                    }
                }
                went_up.push(up);
                Report::Response { status: answer.status, headers: &answer.headers, jitter: 0.5 }
            }
            Step::Wait(wait) => {
                now = now.saturating_add(*wait);
                Report::Waited
            }
            Step::ReadResponse { limit, .. } => {
                let body = answer.read();
                assert!(body.len() <= *limit && exchange.may_hold(deployment, body.len(), now));
                Report::ResponseBody(Some(body))
            }
            _ => break,
        };
        exchange.report(deployment, &request, report, now);
    }
    let received = receive(deployment, &exchange, answer, stored);
    let mut keep = |bytes: Vec<u8>, id: u64| {
        let id = usize::try_from(id).unwrap();
        stored.resize(stored.len().max(id + 1), Vec::new());
        stored[id] = bytes;
    };
    match exchange.step_mut() {
        Step::Pass(Pass { body: Body::Streamed { keep: pending }, .. }) => {
            // The copy for the cache is read decoded.
            let bytes = answer.read();
            let id = pending.take().and_then(|pending| pending.store(deployment.cache(), bytes.len()));
            if let Some(id) = id {
                keep(bytes, id.number());
            }
        }
        Step::Pass(Pass { body: Body::Replaced { bytes, keep: Some(id) }, .. }) => keep(bytes.clone(), id.number()),
        _ => {}
    }
    (received, went_up)
}

// The reference, from the RFCs: the freshness of a response, computed the slow way.

fn seconds(control: &str, directive: &str) -> Option<u64> {
    control
        .split(',')
        .find_map(|part| part.trim().to_ascii_lowercase().strip_prefix(directive)?.strip_prefix('=')?.parse().ok())
}

fn has(control: &str, directive: &str) -> bool {
    control.split(',').any(|part| part.trim().eq_ignore_ascii_case(directive))
}

/// For how many seconds from now on a private cache may use a response; 0 if not at all.
fn freshness(headers: &Pairs, now: Timestamp) -> u64 {
    let control = find(headers, "cache-control").unwrap_or_default();
    if has(&control, "no-store") {
        return 0;
    }
    let date = |name| find(headers, name).and_then(|text| http_date::parse(&text));
    let expires = find(headers, "expires")
        .map(|_| date("expires").map_or(0, |at| at.saturating_since(date("date").unwrap_or(now)).as_secs()));
    let lifetime = seconds(&control, "max-age").or(expires).unwrap_or(0);
    let told = find(headers, "age").map_or(Some(0), |age| age.parse().ok());
    let apparent = date("date").map_or(0, |at| now.saturating_since(at).as_secs());
    // A reader that cannot parse an age does not use the response.
    told.map_or(0, |told: u64| lifetime.saturating_sub(told.max(apparent)))
}

fn lists(headers: &Pairs, name: &str) -> Vec<String> {
    find(headers, name).unwrap_or_default().split(',').map(|item| item.trim().to_ascii_lowercase()).collect()
}

/// All problems of a response as received.
struct Judge<'a> {
    received: &'a Received,
    answer: &'a Answer,
    asked: (&'a str, &'a str, &'a Pairs),
    now: Timestamp,
    faults: Vec<String>,
}

impl Judge<'_> {
    fn expect(&mut self, holds: bool, what: &str) {
        if !holds {
            self.faults.push(what.to_owned());
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        find(&self.received.headers, name)
    }

    fn redacts(&self) -> bool {
        matches!(self.asked.1, "/v2/shown" | "/v2/both")
    }

    fn status(&mut self) {
        let ((method, _, request), status) = (self.asked, self.received.status);
        self.expect(matches!(status, 200..=299 | 304 | 400..=599), "a status that is useless for a caller");
        self.expect(!matches!(status, 401 | 407 | 421 | 425 | 426), "a status that concerns the proxy");
        if method == "HEAD" || matches!(status, 204 | 205 | 304) {
            let holds = self.received.body.is_empty() || !self.received.is_passed;
            self.expect(holds, "content where there must be none");
        }
        let asked_a_part = find(request, "range").is_some() && !self.redacts();
        self.expect(!matches!(status, 206 | 416) || asked_a_part, "a part that nobody asked for");
        let names_a_part = self.header("content-range").is_some();
        self.expect(!names_a_part || matches!(status, 206 | 416), "a Content-Range on a complete response");
        let is_conditional = ["if-none-match", "if-modified-since"].iter().any(|name| find(request, name).is_some());
        let may_be_the_same = is_conditional && matches!(method, "GET" | "HEAD");
        self.expect(status != 304 || may_be_the_same, "a 304 that nobody asked for");
    }

    /// Its content can be read according to its headers, and contains nothing that it must not.
    fn content(&mut self) {
        let (body, status) = (&self.received.body, self.received.status);
        let lines = self.received.headers.iter().map(|(name, value)| [name, ": ", value].concat());
        let (head, text) = (lines.collect::<Vec<_>>().join("\n"), String::from_utf8_lossy(body).into_owned());
        let names_coding = self.header("content-encoding").is_some_and(|coding| coding != "identity");
        let fits = body.starts_with(b"\0coded ") == names_coding || body.is_empty();
        self.expect(fits, "a coding that is wrong or not named");
        if let Some(etag) = self.header("etag").filter(|tag| !tag.starts_with("W/")) {
            let same = *body == self.answer.coded() || body.is_empty();
            self.expect(same, &format!("the strong tag {etag} belongs to other bytes"));
        }
        if self.redacts() {
            self.expect(!text.contains(HIDDEN) && !head.contains(HIDDEN), "a hidden member");
            self.expect(self.header("accept-ranges").is_none(), "ranges of a redacted response");
            let is_json = serde_json::from_slice::<serde_json::Value>(body).is_ok();
            self.expect(body.is_empty() || is_json, "a body that cannot be redacted");
        }
        // A success is streamed without being read: docs/security.md.
        self.expect((status < 400 || !text.contains(KEY)) && !head.contains(KEY), "the key");
    }

    /// Who may store it, and for how long.
    fn storing(&mut self) {
        let is_error = self.received.status >= 400;
        let control = self.header("cache-control").unwrap_or_default();
        let is_shared = has(&control, "public") || seconds(&control, "s-maxage").is_some();
        self.expect(!is_shared, "a shared cache may store it");
        let vary = lists(&self.received.headers, "vary");
        let has_ours = ["origin", "authorization"].iter().all(|own| vary.iter().any(|name| name == own));
        self.expect(has_ours, "Vary without ours");
        if self.received.is_passed && !is_error {
            let theirs = lists(&self.answer.headers, "vary");
            self.expect(theirs.iter().all(|name| name.is_empty() || vary.contains(name)), "Vary without theirs");
            let before = freshness(&self.answer.headers, self.now);
            let after = freshness(&self.received.headers, self.now);
            self.expect(after <= before, &format!("fresh for {after} s instead of {before}"));
            let is_hop = lists(&self.answer.headers, "connection").iter().any(|name| name == "cache-control");
            let says = find(&self.answer.headers, "cache-control").is_some() && !is_hop;
            self.expect(after == before || !says, &format!("fresh for {after} s instead of {before}, which is less"));
        }
        self.expect(!is_error || has(&control, "no-store"), "an error that may be stored");
    }

    /// Where it leads, and its other headers.
    fn others(&mut self) {
        for name in ["location", "link"] {
            let value = self.header(name).unwrap_or_default().to_ascii_lowercase();
            self.expect(!value.contains(API), &format!("{name} leads past the proxy: {value}"));
            self.expect(name != "location" || !value.contains("evil"), "Location leads to another host");
        }
        if let Some(wait) = self.header("retry-after") {
            let is_one = wait.parse::<u64>().is_ok() || http_date::parse(&wait).is_some();
            self.expect(is_one, "an invalid Retry-After");
        }
        let allows = find(&self.answer.headers, "allow").is_some();
        self.expect(!allows || self.received.status != 405 || self.header("allow").is_some(), "a 405 without Allow");
        let connection = lists(&self.answer.headers, "connection");
        for (name, _) in &self.received.headers {
            let own = ["x-content-type-options", "vary", "www-authenticate"].contains(&&**name);
            self.expect(own || DOWN.contains(&&**name), &format!("{name} comes down"));
            let is_hop = self.received.is_passed && name != "cache-control" && connection.contains(name);
            self.expect(!is_hop, "a header that Connection names");
        }
    }
}

fn faults(received: &Received, answer: &Answer, asked: (&str, &str, &Pairs), now: Timestamp) -> Vec<String> {
    let mut judge = Judge { received, answer, asked, now, faults: Vec::new() };
    judge.status();
    judge.content();
    judge.storing();
    judge.others();
    judge.faults
}

fn choose(name: &'static str, values: &'static [&'static str]) -> BoxedStrategy<Option<(String, String)>> {
    let value = prop::sample::select(values);
    prop_oneof![3 => Just(None), 2 => value.prop_map(move |value| Some((name.to_owned(), value.to_owned())))].boxed()
}

/// Headers that an API may send with its content: names, and values that are good, odd or wrong.
const SAID: [(&str, &[&str]); 18] = [
    (
        "content-type",
        &[
            "application/json",
            "application/json; charset=utf-8",
            "application/problem+json",
            "application/json; charset=utf-16le",
            "text/html",
            "text/csv",
            "text/event-stream",
            "application/x-ndjson",
            "multipart/byteranges; boundary=x",
            "application/javascript",
        ],
    ),
    ("content-encoding", &["gzip", "br", "zstd", "deflate", "x-gzip", "gzip, br", "identity"]),
    ("content-range", &["bytes 0-5/50", "bytes */50"]),
    ("accept-ranges", &["bytes"]),
    ("etag", &["\"a\"", "W/\"a\"", "\"an-obviously-fake-current-key\""]),
    (
        "cache-control",
        &[
            "max-age=600",
            "public, max-age=600",
            "s-maxage=600",
            "private",
            "no-store",
            "no-cache",
            "public",
            "private, must-revalidate, max-age=60",
            "max-age=600, public, s-maxage=10",
        ],
    ),
    ("age", &["0", "7", "500", "100000", "-1", "x"]),
    ("date", &["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:08:20 GMT", "yesterday"]),
    ("expires", &["Tue, 14 Nov 2023 22:23:20 GMT", "Tue, 14 Nov 2023 22:00:00 GMT", "0"]),
    ("vary", &["Accept", "Accept-Language, Cookie", "*", "origin"]),
    (
        "location",
        &[
            "/v2/things/1",
            "https://api.attention.tech/v2/things/1",
            "https://evil.example/",
            "//api.attention.tech:443/v2/x",
            "https://api.attention.tech:444/v2/x",
            "things/1",
        ],
    ),
    (
        "link",
        &[
            "<https://api.attention.tech/v2/x?page=2>; rel=next",
            "<https://docs.example>; rel=help",
            "</v2/x>; rel=prev, <HTTPS://API.attention.tech/v2/y>; rel=next",
            "<https://api.attention.tech/admin>; rel=up",
        ],
    ),
    ("retry-after", &["3", "soon", "Tue, 14 Nov 2023 22:23:20 GMT", "-1"]),
    ("connection", &["close, ETag, Last-Modified", "cache-control"]),
    ("set-cookie", &["a=b"]),
    ("x-powered-by", &["nobody"]),
    ("content-disposition", &["attachment; filename=\"ann.csv\""]),
    ("allow", &["GET, POST"]),
];

fn answers() -> impl Strategy<Value = Answer> {
    let status = prop_oneof![
        6 => prop::sample::select(vec![200_u16, 200, 201, 202, 204, 205, 206, 226, 304]),
        2 => prop::sample::select(vec![300_u16, 301, 302, 303, 305, 307, 308, 400, 401, 403, 404, 405, 407, 408, 409, 412, 413,
            416, 417, 421, 422, 425, 426, 428, 429, 431, 451, 499, 500, 502, 503, 504, 511, 520, 530, 599]),
        1 => 100..1000_u16,
    ];
    let person: &'static str = r#"{"email":"ann@corp.example","id":1}"#;
    let content = prop::sample::select(vec![
        person,
        r#"{"a":[{"email":"ann@corp.example"}],"n":9007199254740993}"#,
        r#""ann@corp.example""#,
        "email,ann@corp.example",
        "ann@corp.example",
        "{\"email\":\"ann@corp.example\"}\n{\"email\":\"ann@corp.example\"}",
        "data: {\"email\":\"ann@corp.example\"}\n\n",
        "callback({\"email\":\"ann@corp.example\"})",
        "e\0m\0",
        r#"{"key":"an-obviously-fake-current-key"}"#,
        r#"{"key":"an-obviously-fake-current\u002dkey"}"#,
        "",
        "{}",
    ]);
    let headers: Vec<_> = SAID.into_iter().map(|(name, values)| choose(name, values)).collect();
    (status, content, headers).prop_map(|(status, content, headers)| {
        let content = if matches!(status, 204 | 205 | 304) { "" } else { content };
        Answer { status, headers: headers.into_iter().flatten().collect(), content: content.as_bytes().to_vec() }
    })
}

fn requests() -> impl Strategy<Value = (&'static str, &'static str, Pairs)> {
    let method = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "POST", "DELETE"]);
    let path = prop::sample::select(vec!["/v2/plain", "/v2/shown", "/v2/kept", "/v2/both"]);
    let headers = vec![
        choose("range", &["bytes=0-5"]),
        choose("if-range", &["\"a\""]),
        choose("if-none-match", &["\"a\""]),
        choose("if-modified-since", &["Tue, 14 Nov 2023 22:00:00 GMT"]),
        choose("accept-encoding", &["gzip, deflate, br, zstd", "zstd", "*", "gzip"]),
        choose("accept", &["text/csv", "text/event-stream"]),
    ];
    (method, path, headers).prop_map(|(method, path, headers)| (method, path, headers.into_iter().flatten().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn responses_keep_their_meaning_on_the_way_to_the_caller((method, path, more) in requests(), answer in answers(), later in 0..900_u64) {
        let mut deployment = deployment();
        let mut stored = Vec::new();
        let asked = (method, path, &more);
        let (first, sent) = play(&mut deployment, asked, &answer, &mut stored, NOW);
        prop_assert_eq!(faults(&first, &answer, asked, NOW), Vec::<String>::new(), "{:?}", first);
        for up in &sent {
            let redacts = matches!(path, "/v2/shown" | "/v2/both");
            prop_assert!(!redacts || find(up, "range").is_none() && find(up, "if-range").is_none());
            let codings = lists(up, "accept-encoding");
            prop_assert!(codings.iter().all(|coding| matches!(&**coding, "" | "gzip" | "br" | "identity")), "{:?}", codings);
        }
        // The same request again, some time later: perhaps from the cache, but no fresher for that.
        let now = NOW.saturating_add(Duration::from_secs(later));
        let (again, sent) = play(&mut deployment, asked, &answer, &mut stored, now);
        // The rules are for every method, and the cache is for GET. Nothing is sent while a 429 holds calls up.
        prop_assert!(method == "GET" || !sent.is_empty() || !again.is_passed, "{:?}", again);
        let mut wrong = faults(&again, &answer, asked, now);
        if sent.is_empty() && again.is_passed {
            // The API's statements date from the first response.
            wrong.retain(|fault| !fault.starts_with("fresh for"));
            let left = freshness(&answer.headers, NOW).saturating_sub(later);
            prop_assert!(freshness(&again.headers, now) <= left, "{:?} is fresher than {} s", again, left);
            prop_assert!(left > 0, "it was over: {:?}", again);
            prop_assert!(again.status == 304 || again.body == first.body || !first.body.is_empty());
        }
        prop_assert_eq!(wrong, Vec::<String>::new(), "the second time: {:?}", again);
    }
}

/// The registry of statuses (RFC 9110 §16.2), and the proxy's status for each, for a plain GET.
#[test]
fn every_registered_status_is_mapped() {
    let itself: &[u16] = &[
        200, 201, 202, 203, 204, 205, 207, 208, // 206 and 304 to who asked for them, below
        400, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 418, 422, 423, 424, 428, 429, 431, 451,
        503, 504,
    ];
    let bad_gateway: &[u16] = &[
        206, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308, 401, 407, 416, 417, 421, 425, 426, 500, 501, 502, 505,
        506, 507, 508, 510, 511,
    ];
    let answered = |status, headers: &[(&str, &str)]| {
        let answer = Answer { status, headers: Vec::new(), content: b"{}".to_vec() };
        let (received, _) =
            play(&mut deployment(), ("GET", "/v2/plain", &pairs(headers)), &answer, &mut Vec::new(), NOW);
        received.status
    };
    for status in 0..1000 {
        let expected = match status {
            _ if itself.contains(&status) => status,
            _ if bad_gateway.contains(&status) => 502,
            // RFC 9110 §15: an unknown status is treated as the x00 of its class.
            200..=299 | 400..=499 => status,
            _ => 502,
        };
        assert_eq!(answered(status, &[]), expected, "{status}");
    }
    assert_eq!([206, 416].map(|status| answered(status, &[("range", "bytes=0-1")])), [206, 416]);
    assert_eq!(answered(304, &[("if-none-match", "\"a\"")]), 304);
    assert_eq!(answered(304, &[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")]), 304);
    assert_eq!(answered(304, &[("if-match", "\"a\"")]), 502);
}

/// A request whose response is redacted, as seen by its driver.
struct Reading {
    exchange: Exchange,
    held: usize,
}

fn reading(deployment: &mut Deployment, method: &str, request: &Pairs, now: Timestamp) -> Option<Reading> {
    let url = "https://proxy.example/v2/shown".to_owned();
    let incoming = Incoming { method, url, headers: request, has_body: false, fresh_id: "a-fresh-id" };
    let mut exchange = Exchange::begin(Ok(deployment), incoming, now);
    let headers = pairs(&[("content-type", "application/json")]);
    exchange.report(deployment, request, Report::Response { status: 200, headers: &headers, jitter: 0.5 }, now);
    matches!(exchange.step(), Step::ReadResponse { .. }).then_some(Reading { exchange, held: 0 })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Hundreds of responses at once, of which some are interrupted, some abandoned and some slow.
    #[test]
    fn concurrent_redactions_share_one_memory_budget(
        moves in prop::collection::vec((0..1000_usize, 0..14_u8, 1..2_500_000_usize, 0..4_000_u64), 600),
    ) {
        let mut deployment = deployment();
        let request = pairs(&[("authorization", &format!("Bearer {TOKEN}"))]);
        let (mut open, mut forgotten): (Vec<Reading>, Vec<Exchange>) = (Vec::new(), Vec::new());
        let (mut now, mut refused) = (NOW, 0);
        for (whose, what, bytes, millis) in moves {
            let held: usize = open.iter().map(|reading| reading.held).sum();
            prop_assert!(held <= Room::BYTES, "{} bytes are held", held);
            if open.len() < 8 || what > 8 {
                open.extend(reading(&mut deployment, if bytes % 2 == 0 { "GET" } else { "POST" }, &request, now));
                continue;
            }
            let at = whose % open.len();
            match what {
                1 if bytes % 3 == 0 => forgotten.push(open.swap_remove(at).exchange),
                1 if bytes % 3 == 1 => drop(open.swap_remove(at)),
                1 => {
                    let Reading { mut exchange, .. } = open.swap_remove(at);
                    exchange.report(&mut deployment, &request, Report::ResponseBody(Some(b"{}".to_vec())), now);
                    prop_assert!(matches!(exchange.step(), Step::Pass(_)));
                }
                2 => {
                    now = now.saturating_add(Duration::from_millis(millis));
                    // A request that has not read its response within a minute is told that it took too long.
                    let is_late = |reading: &Reading| now.saturating_since(reading.exchange.started()) >= Duration::from_mins(1);
                    open.retain(|reading| !is_late(reading));
                }
                _ => {
                    let held = {
                        let Reading { exchange, held } = &mut open[at];
                        let may = exchange.may_hold(&mut deployment, bytes, now);
                        *held += if may { bytes } else { 0 };
                        may
                    };
                    if !held {
                        refused += 1;
                        let Reading { mut exchange, .. } = open.swap_remove(at);
                        exchange.report(&mut deployment, &request, Report::ResponseBody(None), now);
                        let Step::Reply(reply) = exchange.step() else { panic!("{exchange:?}") };
                        let waits = reply.headers.iter().any(|(name, value)| *name == "retry-after" && value == "1");
                        prop_assert!(matches!((reply.status, waits), (503, true) | (502, false)), "{:?}", reply);
                    }
                }
            }
        }
        prop_assert!(refused > 0, "there was always room");
        drop(open);
        let later = now.saturating_add(Duration::from_secs(61));
        let mut whole = reading(&mut deployment, "GET", &request, later).expect("a place for one more");
        prop_assert!(whole.exchange.may_hold(&mut deployment, Room::BYTES, later), "something leaked");
    }
}

#[test]
fn a_call_without_a_response_holds_nothing() {
    let mut deployment = deployment();
    let request = pairs(&[("authorization", &format!("Bearer {TOKEN}"))]);
    let url = "https://proxy.example/v2/shown".to_owned();
    let incoming = Incoming { method: "GET", url, headers: &request, has_body: false, fresh_id: "a-fresh-id" };
    let mut exchange = Exchange::begin(Ok(&mut deployment), incoming, NOW);
    assert!(!exchange.may_hold(&mut deployment, 1, NOW), "nothing is read yet");
    exchange.report(&mut deployment, &request, Report::NoResponse { failure: Failure::Timeout, jitter: 0.5 }, NOW);
    assert!(matches!(exchange.step(), Step::Reply(reply) if reply.status == 504));
}
