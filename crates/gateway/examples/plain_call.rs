//! Performs plain calls through the rules one after the other: a GET by a caller with a token, answered with 200.
//!
//! The cost of the rules is measured in instructions and not in time, so that other load on the machine makes no
//! difference:
//!
//! ```sh
//! cargo build -p attention-gateway --example plain_call --profile worker
//! valgrind --tool=callgrind target/worker/examples/plain_call 2000
//! ```

use std::borrow::Cow;
use std::env;

use attention_core::credential::TokenDigest;
use attention_core::{Headers, Timestamp};
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Exchange, Incoming, Pass, Report, Step};
use attention_gateway::ledger::Ledger;

/// Invented, like everything here.
const TOKEN: &str = "bench-token-0123456789abcdef";
const KEY: &str = "bench-key-0123456789abcdef";

/// The request of the Worker's benchmark (`bench/worker/request.mjs`), and the response of its nginx.
const REQUEST: [(&str, &str); 6] = [
    ("accept", "application/json"),
    ("accept-encoding", "gzip"),
    ("authorization", "Bearer bench-token-0123456789abcdef"),
    ("cookie", "session=1"),
    ("host", "127.0.0.1:8080"),
    ("user-agent", "bench/1"),
];
const RESPONSE: [(&str, &str); 10] = [
    ("connection", "keep-alive"),
    ("content-length", "297"),
    ("content-type", "application/json"),
    ("date", "Sun, 29 Nov 2026 10:00:00 GMT"),
    ("server", "nginx"),
    ("set-cookie", "a=b"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-powered-by", "Express"),
    ("x-ratelimit-limit", "100"),
    ("x-ratelimit-remaining", "99"),
];

/// As in the Worker's driver, a value is copied when it is read.
struct Fields(&'static [(&'static str, &'static str)]);

impl Headers for Fields {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| Cow::Owned((*value).to_owned()))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }
}

fn main() {
    let times = env::args().nth(1).map_or(2_000, |times| times.parse().expect("how many calls"));
    let callers = format!(r#"[{{"name":"bench","sha256":"{}"}}]"#, TokenDigest::of(TOKEN).to_hex());
    let mut texts = Texts::default();
    for (name, text) in [
        ("ATTENTION_API_KEY", KEY),
        ("ATTENTION_CALLERS", &callers),
        ("ATTENTION_ALLOWED_ORIGINS", "https://app.example"),
        ("ATTENTION_POLICY", "allow GET /v2/**\nallow HEAD /v2/**\nallow POST /v2/upload"),
        ("ATTENTION_LOG", "silent"),
    ] {
        texts.set(name, Text::Given(text.to_owned()));
    }
    let mut deployment = Deployment::parse(&texts).expect("it is configured");
    let mut ledger = Ledger::default();
    for time in 0..times {
        call(&mut deployment, &mut ledger, Timestamp::from_unix_millis(1_700_000_000_000 + time));
    }
}

fn call(deployment: &mut Deployment, ledger: &mut Ledger, now: Timestamp) {
    let request = Fields(&REQUEST);
    let incoming = Incoming {
        method: "GET",
        url: "http://127.0.0.1:8080/v2/conversations?page=1".to_owned(),
        headers: &request,
        has_body: false,
        fresh_id: "7f3a1c5e-0b9d-4e57-9d2c-1a2b3c4d5e6f",
    };
    let mut exchange = Exchange::begin(Ok(deployment), incoming, now);
    assert!(matches!(exchange.step(), Step::Send(_)));
    let report = Report::Response { status: 200, headers: &Fields(&RESPONSE), jitter: 0.5 };
    exchange.report(deployment, &request, report, now);
    let Step::Pass(Pass { edits, .. }) = exchange.step() else { panic!("it is passed on") };
    assert!(edits.is_empty());
    for name in ["content-type", "x-ratelimit-limit", "x-ratelimit-remaining"] {
        let value = Fields(&RESPONSE).get(name).expect("it is there");
        assert!(!deployment.echoes(&value));
    }
    assert_eq!(exchange.headers().len(), 2);
    assert!(exchange.finish(Ok(deployment), 200, now, 0.5).line.is_none());
    exchange.count(Some(deployment), ledger, 200, now);
}
