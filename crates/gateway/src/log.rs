//! Log lines and Analytics Engine data points of requests, and which requests are logged.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::time::Duration;

use attention_core::codec::json::{Array, Object};
use attention_core::codec::text::decimal;
use attention_core::credential::Fingerprint;
use attention_core::{Error, Method, Timestamp, millis};

use crate::authorize::jwt::name;

/// Which requests are logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// All requests.
    All,
    /// Requests that did not end in a success.
    Errors,
    /// No requests.
    Silent,
}

/// The format of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// The members that have a value.
    Short,
    /// The time and all members, `null` if they have no value, as required for tables filled by Logpush.
    Columns,
}

/// The severity, on which alerts are based.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// A call that was answered, or a caller's own mistake.
    Info,
    /// The keys were switched, the API refused the key or its permissions, somebody has to wait (429), or a session was
    /// revoked: calls continue, but somebody should know.
    Warn,
    /// A call failed, and not because of its caller: a 5xx.
    Error,
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The version of the deployment on Cloudflare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionRecord<'a> {
    /// Its id.
    pub id: &'a str,
    /// The tag that was assigned when it was deployed.
    pub tag: Option<&'a str>,
}

/// Whether a request is logged. `sample_percent` is the percentage of successes that are logged, `draw` a random number
/// from 0 to 1. Probes arrive every few seconds, so successful ones are not logged.
pub fn wanted(level: LogLevel, sample_percent: u64, failed: bool, is_probe: bool, draw: f64) -> bool {
    // Only successes are sampled; failures are always logged.
    #[expect(clippy::cast_precision_loss)] // At most a hundred.
    let drawn = failed || draw * 100.0 < sample_percent as f64;
    match level {
        LogLevel::All => drawn && (failed || !is_probe),
        LogLevel::Errors => failed,
        LogLevel::Silent => false,
    }
}

/// The log settings of a deployment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogSettings {
    /// Which requests are logged.
    pub level: LogLevel,
    /// The percentage of successes that are logged.
    pub sample_percent: u64,
    /// The format of log lines.
    pub format: LogFormat,
}

impl Default for LogSettings {
    /// Every request in the short format; also used by a proxy that is not configured.
    fn default() -> Self {
        Self { level: LogLevel::All, sample_percent: 100, format: LogFormat::Short }
    }
}

impl LogSettings {
    /// The log line of a request, if it is logged. `jitter` is a random number from 0 to 1.
    pub fn line(&self, record: &Record<'_>, is_probe: bool, jitter: f64) -> Option<String> {
        // Warnings and errors are never sampled.
        let failed = record.status >= 400 || record.severity() != Severity::Info;
        wanted(self.level, self.sample_percent, failed, is_probe, jitter).then(|| record.line(self.format))
    }
}

/// The record of an answered request. A member is `None` if the request did not get that far.
///
/// It contains no key, token, path, header or body: keys are identified by fingerprint, and an [`Error`] contains no
/// secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// When the request was answered.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The status of the response.
    pub status: u16,
    /// The request id in the response.
    pub request_id: &'a str,
    /// The method, if it is a known one.
    pub method: Option<Method>,
    /// The name of the caller.
    pub caller: Option<&'a str>,
    /// The id of the caller's session.
    pub session: Option<&'a str>,
    /// Whether this request is the operator's revocation of that session.
    pub is_revocation: bool,
    /// The pattern of the policy's rule. The path is not logged, because it contains ids and is a caller's text.
    pub route: Option<&'a str>,
    /// The MCP tools that it calls, comma-separated; `?` for an invalid name.
    pub tool: Option<&'a str>,
    /// The code of the problem in the response.
    pub code: Option<&'a str>,
    /// The reason for the failure, for the operator only.
    pub fault: Option<&'a str>,
    /// The next step for the operator.
    pub hint: Option<&'a str>,
    /// The source of refused credentials: a keyed hash of the address.
    pub source: Option<&'a str>,
    /// The number of that source's refusals that the line represents, including this one.
    pub refusals: Option<u64>,
    /// The id of its trace.
    pub trace: Option<&'a str>,
    /// The cache's outcome.
    pub cache: Option<&'a str>,
    /// The call to the API.
    pub call: Option<CallRecord>,
    /// The API's last status.
    pub upstream_status: Option<u16>,
    /// The error of the call.
    pub upstream_error: Option<&'a Error>,
    /// The key switch that the call caused.
    pub switch: Option<SwitchRecord>,
    /// The version of the proxy that answered.
    pub version: Option<VersionRecord<'a>>,
}

/// The record of a call to the API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallRecord {
    /// How many requests were sent.
    pub tries: u32,
    /// The key that was sent last, unless its slot has been emptied since.
    pub key: Option<Fingerprint>,
    /// How long the API took, including waits and retries.
    pub took: Duration,
}

/// A switch of keys. A key is `None` if its slot has been emptied since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SwitchRecord {
    /// The key used until then.
    pub from: Option<Fingerprint>,
    /// The key used from then on.
    pub to: Option<Fingerprint>,
}

impl Record<'_> {
    /// The severity.
    pub fn severity(&self) -> Severity {
        let is_refused = matches!(self.upstream_status, Some(401 | 403 | 429));
        match self.status {
            500.. => Severity::Error,
            429 => Severity::Warn,
            _ if is_refused || self.switch.is_some() || self.is_revocation => Severity::Warn,
            _ => Severity::Info,
        }
    }

    /// The log line: one JSON object in ASCII, without secrets.
    pub fn line(&self, format: LogFormat) -> String {
        let mut line = Line { object: Object::new(), format };
        if format == LogFormat::Columns {
            line.object.string("time", &self.at.to_rfc3339());
        }
        line.object
            .string("event", "request")
            .string("level", self.severity().as_str())
            .string("requestId", self.request_id)
            .number("status", self.status);
        line.text("method", self.method.map(Method::as_str));
        line.text("caller", self.caller);
        line.text("session", self.session);
        line.text("route", self.route);
        line.text("tool", self.tool);
        line.text("code", self.code);
        line.text("fault", self.fault);
        line.text("hint", self.hint);
        line.text("source", self.source);
        line.number("refusals", self.refusals);
        line.text("traceId", self.trace);
        line.text("cache", self.cache);
        line.number("tries", self.call.map(|call| call.tries.into()));
        line.text("key", self.call.map(|call| hex(call.key)).as_deref());
        line.number("upstreamMs", self.call.map(|call| millis(call.took)));
        line.number("upstreamStatus", self.upstream_status.map(u64::from));
        let error = self.upstream_error;
        line.text("upstreamError", error.map(|error| error.kind().code()));
        line.text("upstreamMessage", error.map(Error::message));
        line.text("upstreamRequestId", error.and_then(Error::request_id));
        line.text("keySwitchedFrom", self.switch.map(|switch| hex(switch.from)).as_deref());
        line.text("keySwitchedTo", self.switch.map(|switch| hex(switch.to)).as_deref());
        // If no version is bound, the table has no column for it.
        if let Some(version) = self.version {
            line.text("version", Some(version.id));
            line.text("versionTag", version.tag);
        }
        line.object.number("ms", millis(self.took));
        line.object.finish()
    }

    /// The data point for Analytics Engine.
    pub fn data_point(&self) -> DataPoint {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let call = self.call;
        DataPoint {
            indexes: [self.caller.map_or_else(String::new, index)],
            blobs: [
                text(self.route),
                text(self.method.map(Method::as_str)),
                text(self.code),
                hex(call.and_then(|call| call.key)),
                self.request_id.to_owned(),
            ],
            doubles: [
                self.status.into(),
                millis(self.took),
                call.map_or(0, |call| millis(call.took)),
                self.upstream_status.map_or(0, u64::from),
                call.map_or(0, |call| call.tries.into()),
            ],
        }
    }
}

fn hex(key: Option<Fingerprint>) -> String {
    key.map(Fingerprint::to_hex).unwrap_or_default()
}

/// A caller's name that fits an Analytics Engine index, which has at most 96 bytes.
fn index(caller: &str) -> String {
    if caller.len() <= 96 { caller.to_owned() } else { name::digest(caller) }
}

/// A data point of Analytics Engine. Its columns have no names, so their order is part of the interface: operators'
/// queries use `blob1` and `double2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataPoint {
    /// The caller, which is the sampling key of Analytics Engine.
    pub indexes: [String; 1],
    /// Route, method, code, key and request id; empty if unknown.
    pub blobs: [String; 5],
    /// Status, duration in milliseconds, the API's duration in milliseconds, its status, and attempts; 0 if unknown.
    /// All are whole numbers.
    pub doubles: [u64; 5],
}

impl DataPoint {
    /// The argument of `writeDataPoint`: `{"indexes":[…],"blobs":[…],"doubles":[…]}`.
    pub fn to_json(&self) -> String {
        let texts = |texts: &[String]| {
            let mut array = Array::new();
            for text in texts {
                array.string(text);
            }
            array.finish()
        };
        let mut doubles = Array::new();
        for number in self.doubles {
            doubles.raw(&decimal(number));
        }
        let mut object = Object::new();
        object
            .raw("indexes", &texts(&self.indexes))
            .raw("blobs", &texts(&self.blobs))
            .raw("doubles", &doubles.finish());
        object.finish()
    }
}

struct Line {
    object: Object,
    format: LogFormat,
}

impl Line {
    fn text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.object.string(name, value)),
            None => self.nothing(name),
        }
    }

    fn number(&mut self, name: &str, value: Option<u64>) {
        match value {
            Some(value) => drop(self.object.number(name, value)),
            None => self.nothing(name),
        }
    }

    fn nothing(&mut self, name: &str) {
        if self.format == LogFormat::Columns {
            self.object.raw(name, "null");
        }
    }
}

#[cfg(test)]
mod tests {
    use attention_core::call::{CallOptions, Upstream};
    use attention_core::url::BaseUrl;
    use attention_core::{ApiKey, Call, KeyRing, Slot};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_700_000_000_123);
    const KEY: &str = "an-obviously-fake-key";
    const NEXT_KEY: &str = "another-obviously-fake-key";

    fn ring() -> KeyRing {
        KeyRing::new(ApiKey::parse(KEY).unwrap(), Some(ApiKey::parse(NEXT_KEY).unwrap()))
    }

    /// The error of a 401 with a request id and a body that echoes the key.
    fn error() -> Error {
        let base = BaseUrl::parse("https://api.example/v2").unwrap();
        let mut upstream = Upstream::new(base, KeyRing::new(ApiKey::parse(KEY).unwrap(), None));
        let mut call = Call::new(CallOptions::new(Method::Get), NOW);
        call.start(&mut upstream, NOW);
        call.on_response(&mut upstream, 401, &[("x-request-id", "up-1")].as_slice(), NOW, 0.5);
        call.error(&upstream, &format!(r#"{{"message":"no key {KEY}"}}"#), NOW)
    }

    /// A record with only the required members.
    fn bare() -> Record<'static> {
        Record { at: NOW, took: Duration::from_millis(1), status: 404, request_id: "id-0", ..Record::default() }
    }

    /// A record with all members.
    fn whole<'a>(error: &'a Error, ring: &KeyRing) -> Record<'a> {
        let (current, next) = (ring.fingerprint(Slot::Current), ring.fingerprint(Slot::Next));
        Record {
            at: NOW,
            took: Duration::from_millis(1_300),
            status: 502,
            request_id: "id-1",
            method: Some(Method::Get),
            caller: Some("app"),
            session: Some("s-1"),
            is_revocation: false,
            route: Some("/v2/**"),
            tool: Some("search_calls"),
            code: Some("upstream_key_refused"),
            fault: Some("a fault"),
            hint: Some("a hint"),
            source: Some("0123456789abcdef"),
            refusals: Some(3),
            trace: Some("0af7651916cd43dd8448eb211c80319c"),
            cache: Some("miss"),
            call: Some(CallRecord { tries: 2, key: next, took: Duration::from_millis(1_234) }),
            upstream_status: Some(401),
            upstream_error: Some(error),
            switch: Some(SwitchRecord { from: current, to: next }),
            version: Some(VersionRecord { id: "v-1", tag: Some("1.2.3") }),
        }
    }

    #[test]
    fn a_line_with_all_members() {
        let error = error();
        let ring = ring();
        let record = whole(&error, &ring);
        let line = [
            r#"{"event":"request","level":"error","requestId":"id-1","status":502,"method":"GET","caller":"app","#,
            r#""session":"s-1","route":"/v2/**","tool":"search_calls","code":"upstream_key_refused","fault":"a fault","#,
            r#""hint":"a hint","source":"0123456789abcdef","refusals":3,"#,
            r#""traceId":"0af7651916cd43dd8448eb211c80319c","cache":"miss","tries":2,"key":"a1a8be5b","#,
            r#""upstreamMs":1234,"upstreamStatus":401,"upstreamError":"unauthorized","upstreamMessage":"MESSAGE","#,
            r#""upstreamRequestId":"up-1","keySwitchedFrom":"d8b84e31","keySwitchedTo":"a1a8be5b","#,
            r#""version":"v-1","versionTag":"1.2.3","ms":1300}"#,
        ]
        .concat()
        .replace("MESSAGE", error.message());
        assert_eq!(record.line(LogFormat::Short), line);
        let columns = line.replacen('{', r#"{"time":"2023-11-14T22:13:20.123Z","#, 1);
        assert_eq!(record.line(LogFormat::Columns), columns);
    }

    #[test]
    fn a_line_with_few_members() {
        let line = r#"{"event":"request","level":"info","requestId":"id-0","status":404,"ms":1}"#;
        assert_eq!(bare().line(LogFormat::Short), line);
        let columns = concat!(
            r#"{"time":"2023-11-14T22:13:20.123Z","event":"request","level":"info","requestId":"id-0","status":404,"#,
            r#""method":null,"caller":null,"session":null,"route":null,"tool":null,"code":null,"fault":null,"#,
            r#""hint":null,"source":null,"refusals":null,"traceId":null,"#,
            r#""cache":null,"tries":null,"key":null,"upstreamMs":null,"upstreamStatus":null,"upstreamError":null,"#,
            r#""upstreamMessage":null,"upstreamRequestId":null,"keySwitchedFrom":null,"keySwitchedTo":null,"ms":1}"#
        );
        assert_eq!(bare().line(LogFormat::Columns), columns);
    }

    #[test]
    fn a_name_too_long_for_analytics_engine_is_its_digest_there_and_unchanged_in_the_log() {
        let (short, long) = ("x".repeat(96), "x".repeat(97));
        let index = |caller: &str| Record { caller: Some(caller), ..bare() }.data_point().indexes[0].clone();
        assert_eq!(index(&short), short);
        assert!(index(&long).starts_with("sha256:") && index(&long).len() == 39);
        assert!(Record { caller: Some(&long), ..bare() }.line(LogFormat::Short).contains(&long));
    }

    #[test]
    fn every_member_appears_with_its_fact() {
        let error = error();
        let ring = ring();
        let (current, next) = (ring.fingerprint(Slot::Current), ring.fingerprint(Slot::Next));
        let call = CallRecord { tries: 3, key: current, took: Duration::from_millis(7) };
        let told = [
            (Record { status: 500, ..bare() }, json!({ "level": "error", "status": 500 })),
            (Record { status: 499, ..bare() }, json!({ "status": 499 })),
            (Record { request_id: "id-2", ..bare() }, json!({ "requestId": "id-2" })),
            (Record { took: Duration::from_secs(2), ..bare() }, json!({ "ms": 2000 })),
            (Record { method: Some(Method::Delete), ..bare() }, json!({ "method": "DELETE" })),
            (Record { caller: Some("ann"), ..bare() }, json!({ "caller": "ann" })),
            (Record { session: Some("s"), ..bare() }, json!({ "session": "s" })),
            (Record { session: Some("s"), is_revocation: true, ..bare() }, json!({ "level": "warn", "session": "s" })),
            (Record { status: 429, ..bare() }, json!({ "level": "warn", "status": 429 })),
            (Record { upstream_status: Some(403), ..bare() }, json!({ "level": "warn", "upstreamStatus": 403 })),
            (
                Record { version: Some(VersionRecord { id: "v", tag: Some("t") }), ..bare() },
                json!({ "version": "v", "versionTag": "t" }),
            ),
            (Record { route: Some("/v2/*"), ..bare() }, json!({ "route": "/v2/*" })),
            (Record { code: Some("denied"), ..bare() }, json!({ "code": "denied" })),
            (Record { fault: Some("line 2\n"), ..bare() }, json!({ "fault": "line 2\n" })),
            (Record { hint: Some("see x"), ..bare() }, json!({ "hint": "see x" })),
            (Record { source: Some("0a"), ..bare() }, json!({ "source": "0a" })),
            (Record { refusals: Some(7), ..bare() }, json!({ "refusals": 7 })),
            (Record { trace: Some("0af7"), ..bare() }, json!({ "traceId": "0af7" })),
            (Record { cache: Some("hit"), ..bare() }, json!({ "cache": "hit" })),
            (Record { call: Some(call), ..bare() }, json!({ "tries": 3, "key": "d8b84e31", "upstreamMs": 7 })),
            // Its slot has been emptied.
            (
                Record { call: Some(CallRecord { key: None, ..call }), ..bare() },
                json!({ "tries": 3, "key": "", "upstreamMs": 7 }),
            ),
            (Record { upstream_status: Some(204), ..bare() }, json!({ "upstreamStatus": 204 })),
            (
                Record { upstream_error: Some(&error), ..bare() },
                json!({
                    "upstreamError": "unauthorized",
                    "upstreamMessage": error.message(),
                    "upstreamRequestId": "up-1",
                }),
            ),
            (
                Record { switch: Some(SwitchRecord { from: next, to: None }), ..bare() },
                json!({ "level": "warn", "keySwitchedFrom": "a1a8be5b", "keySwitchedTo": "" }),
            ),
        ];
        for format in [LogFormat::Short, LogFormat::Columns] {
            for (record, told) in &told {
                let mut expected: Value = serde_json::from_str(&bare().line(format)).unwrap();
                for (name, value) in told.as_object().unwrap() {
                    expected[name] = value.clone();
                }
                let line = record.line(format);
                assert!(line.is_ascii() && !line.contains('\n'), "{line}");
                assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected, "{format:?}");
            }
        }
        let later = Record { at: Timestamp::from_unix_seconds(1_800_000_000), ..bare() };
        assert_eq!(later.line(LogFormat::Short), bare().line(LogFormat::Short));
        let time = r#"{"time":"2027-01-15T08:00:00.000Z","#;
        assert!(later.line(LogFormat::Columns).starts_with(time));
    }

    proptest! {
        /// Whatever text is in whatever member: the line is one line of ASCII; another reader of JSON finds the members
        /// that are known and no others, and in each of them its text.
        #[test]
        fn no_text_leaves_its_member(
            texts in prop::collection::vec(prop::option::of(text()), 11),
            tag in prop::option::of(text()),
            columns in any::<bool>(),
        ) {
            const NAMES: [&str; 12] = [
                "requestId", "caller", "session", "route", "tool", "code", "fault", "hint", "source", "traceId", "cache",
                "versionTag",
            ];
            let all: Vec<Option<&str>> = texts.iter().chain([&tag]).map(Option::as_deref).collect();
            let record = Record {
                request_id: all[0].unwrap_or_default(),
                caller: all[1],
                session: all[2],
                route: all[3],
                tool: all[4],
                code: all[5],
                fault: all[6],
                hint: all[7],
                source: all[8],
                trace: all[9],
                cache: all[10],
                version: Some(VersionRecord { id: "v", tag: all[11] }),
                ..bare()
            };
            let format = if columns { LogFormat::Columns } else { LogFormat::Short };
            let line = record.line(format);
            prop_assert!(line.is_ascii() && !line.contains(|c: char| c.is_control() || c == '<'), "{}", line);
            let empty = Record { request_id: "", version: Some(VersionRecord { id: "v", tag: None }), ..bare() };
            let mut expected: Value = serde_json::from_str(&empty.line(format)).expect("JSON");
            for (name, text) in NAMES.into_iter().zip(all) {
                if let Some(text) = text {
                    expected[name] = json!(text);
                }
            }
            prop_assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), expected);
            let point = record.data_point();
            let read: Value = serde_json::from_str(&point.to_json()).expect("JSON");
            let told = json!({ "indexes": point.indexes, "blobs": point.blobs, "doubles": point.doubles });
            prop_assert_eq!(read, told);
            prop_assert!(point.indexes[0].len() <= 96);
        }
    }

    /// Texts that try to be something else: with quotes, backslashes, line ends, halves of escapes, other scripts.
    fn text() -> impl Strategy<Value = String> {
        let parts = [
            "\"",
            "\\",
            "\n",
            "\r",
            "\u{2028}",
            "\0",
            "\u{7f}",
            ",",
            ":",
            "{",
            "}",
            "<",
            "/",
            "u0022",
            "\u{1f511}",
            "a",
        ];
        prop_oneof![
            any::<String>(),
            prop::collection::vec(prop::sample::select(parts.to_vec()), 0..24).prop_map(|parts| parts.concat()),
            Just(r#"x","status":200,"fault":"y"#.to_owned()),
        ]
    }

    #[test]
    fn which_requests_are_logged() {
        const CALL: bool = false;
        const PROBE: bool = true;
        use LogLevel::{All, Errors, Silent};
        for (level, percent, status, is_probe, draw, expected) in [
            (All, 100, 200, CALL, 0.0, true),
            (All, 100, 200, CALL, 0.999_999, true),
            (All, 100, 399, CALL, 0.5, true),
            // A sample of the successes.
            (All, 25, 200, CALL, 0.249, true),
            (All, 25, 200, CALL, 0.25, false),
            (All, 25, 304, CALL, 0.9, false),
            (All, 0, 200, CALL, 0.0, false),
            // All failures, whatever the random number.
            (All, 0, 400, CALL, 0.9, true),
            (All, 25, 429, CALL, 0.9, true),
            (All, 25, 502, CALL, 0.9, true),
            // A probe is logged only if it failed.
            (All, 100, 200, PROBE, 0.0, false),
            (All, 0, 503, PROBE, 0.9, true),
            (Errors, 100, 200, CALL, 0.0, false),
            (Errors, 100, 399, CALL, 0.0, false),
            (Errors, 0, 400, CALL, 0.9, true),
            (Errors, 0, 503, PROBE, 0.9, true),
            (Silent, 100, 200, CALL, 0.0, false),
            (Silent, 100, 502, CALL, 0.0, false),
            (Silent, 100, 503, PROBE, 0.0, false),
        ] {
            let row = format!("{level:?}, {percent} %, {status}, {is_probe}, {draw}");
            assert_eq!(wanted(level, percent, status >= 400, is_probe, draw), expected, "{row}");
        }
    }

    #[test]
    fn warnings_and_errors_are_never_sampled_whatever_the_status() {
        let ring = ring();
        let switch = SwitchRecord { from: ring.fingerprint(Slot::Current), to: ring.fingerprint(Slot::Next) };
        let noted = [
            (Record { status: 200, switch: Some(switch), ..bare() }, "warn"),
            (Record { status: 403, upstream_status: Some(403), ..bare() }, "warn"),
            (Record { status: 200, upstream_status: Some(429), ..bare() }, "warn"),
            (Record { status: 200, session: Some("s"), is_revocation: true, ..bare() }, "warn"),
            (Record { status: 502, switch: Some(switch), ..bare() }, "error"),
        ];
        for (record, level) in noted {
            let settings = LogSettings { level: LogLevel::Errors, sample_percent: 0, format: LogFormat::Short };
            let line = settings.line(&record, false, 0.9).expect("a line");
            assert!(line.contains(&format!(r#""level":"{level}""#)), "{line}");
            assert_eq!(LogSettings { level: LogLevel::Silent, ..settings }.line(&record, false, 0.0), None);
        }
        let settings = LogSettings { sample_percent: 0, ..LogSettings::default() };
        assert_eq!(settings.line(&Record { status: 200, ..bare() }, false, 0.9), None);
    }

    #[test]
    fn a_data_point_has_its_columns_in_the_documented_order() {
        let error = error();
        let ring = ring();
        let point = whole(&error, &ring).data_point();
        let json = concat!(
            r#"{"indexes":["app"],"blobs":["/v2/**","GET","upstream_key_refused","a1a8be5b","id-1"],"#,
            r#""doubles":[502,1300,1234,401,2]}"#
        );
        assert_eq!(point.to_json(), json);
        let json = r#"{"indexes":[""],"blobs":["","","","","id-0"],"doubles":[404,1,0,0,0]}"#;
        assert_eq!(bare().data_point().to_json(), json);
    }

    #[test]
    fn a_data_point_agrees_with_the_line() {
        let error = error();
        let ring = ring();
        for record in [bare(), whole(&error, &ring), Record { caller: Some("J\u{f6}rg \"<\u{1f511}"), ..bare() }] {
            let point = record.data_point();
            let line: Value = serde_json::from_str(&record.line(LogFormat::Columns)).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let number = |name: &str| line[name].as_u64().unwrap_or_default();
            assert_eq!(point.indexes, ["caller"].map(text));
            assert_eq!(point.blobs, ["route", "method", "code", "key", "requestId"].map(text));
            assert_eq!(point.doubles, ["status", "ms", "upstreamMs", "upstreamStatus", "tries"].map(number));
            let json: Value = serde_json::from_str(&point.to_json()).unwrap();
            let expected = json!({ "indexes": point.indexes, "blobs": point.blobs, "doubles": point.doubles });
            assert_eq!(json, expected);
        }
    }

    #[test]
    fn no_record_of_a_request_shows_a_key() {
        // A record cannot contain a key: it is made from fingerprints and an error, from which the key that the API
        // echoed was removed.
        let error = error();
        let ring = ring();
        assert!(error.message().contains("no key "), "the API's message is included: {}", error.message());
        let record = whole(&error, &ring);
        let written = [
            format!("{record:?}"),
            format!("{:?}", record.data_point()),
            record.line(LogFormat::Short),
            record.line(LogFormat::Columns),
            record.data_point().to_json(),
        ];
        for text in written {
            for key in [KEY, NEXT_KEY] {
                assert!(!text.contains(key), "{text}");
            }
            assert!(text.contains("a1a8be5b"), "its fingerprint is included: {text}");
        }
    }
}
