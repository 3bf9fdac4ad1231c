//! Whole requests at the gateway: which are forwarded, by method, path, query and the stated length of the body.

use attention_core::Timestamp;
use attention_core::credential::TokenDigest;
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Exchange, Incoming, Step};
use proptest::prelude::*;
use proptest::sample::select;

const TOKEN: &str = "an-obviously-fake-caller-token";

const POLICY: &str = "
    allow GET  /v2/list query=page
    allow POST /v2/ask  body=4
    allow *    /v2/open/**
    allow HEAD /v2/**
    deny  GET  /v2/open/users/";

fn deployment(base: &str, policy: &str) -> Deployment {
    let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of(TOKEN).to_hex());
    let mut texts = Texts::default();
    for (name, text) in [
        ("ATTENTION_API_KEY", "an-obviously-fake-key"),
        ("ATTENTION_BASE_URL", base),
        ("ATTENTION_CALLERS", &callers),
        ("ATTENTION_POLICY", policy),
    ] {
        texts.set(name, Text::Given(text.to_owned()));
    }
    Deployment::parse(&texts).expect("a valid configuration")
}

/// A request as its caller writes it.
#[derive(Clone, Copy, Debug)]
struct Written<'a> {
    method: &'a str,
    target: &'a str,
    headers: &'a [(&'a str, &'a str)],
    has_body: bool,
}

/// The status of a refusal; `None` if the request is forwarded.
fn refused(deployment: &mut Deployment, written: Written<'_>) -> Option<u16> {
    let mut headers = vec![("authorization".to_owned(), format!("Bearer {TOKEN}"))];
    headers.extend(written.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let incoming = Incoming {
        method: written.method,
        url: format!("https://proxy.example{}", written.target),
        headers: &headers,
        has_body: written.has_body,
        fresh_id: "a-fresh-id",
    };
    let exchange = Exchange::begin(Ok(deployment), incoming, Timestamp::from_unix_seconds(1_700_000_000));
    match exchange.step() {
        Step::Reply(reply) => Some(reply.status),
        Step::Send(send) => {
            assert!(send.url.ends_with(written.target), "{written:?} went up as {}", send.url);
            None
        }
        _ => None,
    }
}

#[test]
fn a_limited_body_needs_a_length_and_no_coding() {
    let mut deployment = deployment("https://api.example/v2", POLICY);
    let mut ask = |headers: &[(&str, &str)], has_body| {
        refused(&mut deployment, Written { method: "POST", target: "/v2/ask", headers, has_body })
    };
    assert_eq!(ask(&[], false), None);
    assert_eq!(ask(&[("content-length", "0")], true), None);
    assert_eq!(ask(&[("content-length", "4")], true), None);
    assert_eq!(ask(&[("content-length", "4"), ("content-encoding", "Identity")], true), None);
    assert_eq!(ask(&[("content-length", "5")], true), Some(413));
    for length in ["+4", "4, 4", "0x4", "", " ", "4.0", "99999999999999999999"] {
        assert_eq!(ask(&[("content-length", length)], true), Some(411), "{length:?}");
    }
    assert_eq!(ask(&[], true), Some(411));
    // A chunked body has no length, whatever length is stated with it (RFC 9112 §6.3).
    for length in ["0", "4"] {
        assert_eq!(ask(&[("content-length", length), ("transfer-encoding", "chunked")], true), Some(411));
    }
    for coding in ["gzip", "GZIP", "identity, gzip", "br", "x"] {
        assert_eq!(ask(&[("content-length", "4"), ("content-encoding", coding)], true), Some(415), "{coding}");
    }
}

#[test]
fn head_must_satisfy_the_conditions_of_get() {
    let mut deployment = deployment("https://api.example/v2", POLICY);
    let mut head = |target| refused(&mut deployment, Written { method: "HEAD", target, headers: &[], has_body: false });
    assert_eq!(
        (head("/v2/list?page=1"), head("/v2/list?size=1"), head("/v2/List/?size=1")),
        (None, Some(403), Some(403))
    );
    assert_eq!((head("/v2/open/users"), head("/v2/open/users/7"), head("/v2/ask?x=1")), (Some(403), None, None));
}

#[test]
fn mcp_is_only_at_its_own_path() {
    let mut deployment = deployment("https://api.example", "allow * /**");
    let mut post = |target| {
        let written = Written { method: "POST", target, headers: &[("content-length", "2")], has_body: true };
        refused(&mut deployment, written)
    };
    for target in [
        "/%6dcp",
        "/Mcp",
        "/mcp/",
        "/mcp.json",
        "/mcp:x",
        "/%20mcp",
        "/mcp%E2%80%8B",
        "/.x/mcp",
        "/mcp/...",
        "/%EF%BD%8Dcp",
    ] {
        assert_eq!(post(target), Some(404), "{target}");
    }
    assert_eq!((post("/mcp"), post("/mcps"), post("/x/mcp")), (None, None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    /// A request is forwarded exactly if these rules allow it, and it is forwarded unchanged.
    #[test]
    fn forwarded_requests_satisfy_the_conditions_of_their_rule(
        method in select(vec!["GET", "HEAD", "POST", "PUT", "DELETE"]),
        path in select(vec![
            "/v2/list", "/v2/%6Cist", "/v2/list/", "/v2/LIST", "/v2/list.json", "/v2/.x/list", "/v2/ask", "/v2/ask%20",
            "/v2/as%E2%84%AA", "/v2/open/users", "/v2/open/users/", "/v2/open/%55sers.xml", "/v2/open/users/7",
            "/v2/open/a", "/v2/open/api_keys", "/v2/open/api%EF%BC%BFkeys", "/v2/Open/a",
        ]),
        query in proptest::collection::vec(
            select(vec![
                "page=1", "size=1", "p%61ge=2", "_method=PUT", "page=1;size=1", "page=%26size%3D1", "page=Q%26A", "",
            ]),
            0..3,
        ),
        length in select(vec![None, Some("0"), Some("4"), Some("5"), Some("4 ")]),
        coding in select(vec![None, None, Some("identity"), Some("gzip")]),
    ) {
        let mut deployment = deployment("https://api.example/v2", POLICY);
        let joined = query.join("&");
        let target = if joined.is_empty() { path.to_owned() } else { format!("{path}?{joined}") };
        let has_body = matches!(method, "POST" | "PUT" | "DELETE") && length.is_some();
        let mut headers: Vec<(&str, &str)> = coding.map(|coding| ("content-encoding", coding)).into_iter().collect();
        headers.extend(length.filter(|_| has_body).map(|length| ("content-length", length)));
        let written = Written { method, target: &target, headers: &headers, has_body };
        let went_up = refused(&mut deployment, written).is_none();

        let reads = matches!(method, "GET" | "HEAD");
        let is_named = query.iter().all(|parameter| matches!(*parameter, "page=1" | "p%61ge=2" | "page=Q%26A" | ""));
        let fits = (!has_body || matches!(length, Some("0" | "4"))) && coding.is_none_or(|coding| coding == "identity");
        let may = match path {
            "/v2/list" | "/v2/%6Cist" => reads && is_named,
            "/v2/ask" => method == "POST" && fits || method == "HEAD",
            "/v2/open/users/7" | "/v2/open/a" => true,
            "/v2/open/users" | "/v2/open/users/" | "/v2/open/%55sers.xml" => !reads,
            // `allow HEAD /v2/**` matches these; those that a rule for GET matches as well must satisfy its conditions.
            "/v2/list/" | "/v2/LIST" | "/v2/list.json" | "/v2/.x/list" => method == "HEAD" && is_named,
            "/v2/ask%20" | "/v2/as%E2%84%AA" => method == "HEAD",
            // Keys, and a spelling of a path that `allow *` matches.
            _ => false,
        };
        prop_assert_eq!(went_up, may && !query.contains(&"_method=PUT"), "{} {} {:?}", method, target, headers);
    }
}
