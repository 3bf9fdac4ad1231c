//! Who is admitted, as what, and what the others are told: single requests at the gateway, with their answers and their
//! log lines.

use attention_core::Timestamp;
use attention_core::credential::TokenDigest;
use attention_gateway::authorize::policy::Rule;
use attention_gateway::authorize::sessions::{Session, SessionSecret};
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Exchange, Incoming, Report, Step};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000;
const KEY: &str = "an-obviously-fake-key";
const TOKEN: &str = "an-obviously-fake-caller-token";
const BACKEND: &str = "an-obviously-fake-backend-token";
const OPERATOR: &str = "an-obviously-fake-operator-token";
const SECRET: &str = "an-obviously-fake-session-secret-0123456789";
const PAGE: &str = "https://app.example";
const OWN: &str = "https://proxy.example";

fn deployment(changes: &[(&'static str, Option<&str>)]) -> Deployment {
    let digest = |token: &str| TokenDigest::of(token).to_hex();
    let callers = json!([
        { "name": "app", "sha256": digest(TOKEN) },
        { "name": "backend", "sha256": digest(BACKEND), "mintsSessions": true },
    ]);
    let (callers, operator) = (callers.to_string(), digest(OPERATOR));
    let mut settings = vec![
        ("ATTENTION_API_KEY", Some(KEY)),
        ("ATTENTION_CALLERS", Some(&*callers)),
        ("ATTENTION_ADMIN_SHA256", Some(&*operator)),
        ("ATTENTION_SESSION_SECRET", Some(SECRET)),
        ("ATTENTION_ALLOWED_ORIGINS", Some(PAGE)),
        (
            "ATTENTION_POLICY",
            Some("allow GET /v2/list query=page\nallow GET /v2/open/**\nallow POST /mcp tool=ask,find"),
        ),
    ];
    for (name, text) in changes {
        settings.retain(|(known, _)| known != name);
        settings.push((*name, *text));
    }
    let mut texts = Texts::default();
    for (name, text) in settings {
        if let Some(text) = text {
            texts.set(name, Text::Given(text.to_owned()));
        }
    }
    Deployment::parse(&texts).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The outcome of a request.
#[derive(Debug)]
struct Seen {
    /// The status, or what the driver is to do.
    done: String,
    headers: Vec<(String, String)>,
    body: Value,
    line: String,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }
}

/// Makes a request with these headers; its body is `body`.
fn asked(deployment: &mut Deployment, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let now = Timestamp::from_unix_seconds(NOW);
    let length = body.len().to_string();
    let mut list = headers.to_vec();
    if !body.is_empty() {
        list.extend([("content-type", "application/json"), ("content-length", &*length)]);
    }
    let headers = list.as_slice();
    let url = format!("{OWN}{path}");
    let incoming = Incoming { method, url, headers: &headers, has_body: !body.is_empty(), fresh_id: "a-fresh-id" };
    let mut exchange = Exchange::begin(Ok(&mut *deployment), incoming, now);
    for _ in 0..9 {
        let report = match exchange.step() {
            Step::ReadRequest { .. } => {
                Report::RequestBody { body: Some(body.as_bytes()), fresh_id: "a-session-of-the-test" }
            }
            Step::Count { .. } => Report::Counted(true),
            step => {
                let (done, headers, body) = match step {
                    Step::Reply(reply) => {
                        (reply.status.to_string(), reply.headers.clone(), reply.body.clone().unwrap_or_default())
                    }
                    Step::Send(send) => (format!("sends {}", send.url), vec![], String::new()),
                    Step::ShowStatus => ("shows the page".to_owned(), vec![], String::new()),
                    Step::FetchKeySet { .. } => ("asks the issuer".to_owned(), vec![], String::new()),
                    other => panic!("{path}: {other:?}"),
                };
                let line = exchange.finish(Ok(deployment), 200, now, 0.0).line.unwrap_or_default();
                return Seen {
                    done,
                    headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                    body: serde_json::from_str(&body).unwrap_or_default(),
                    line,
                };
            }
        };
        exchange.report(deployment, &headers, report, now);
    }
    panic!("{path}: no end")
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A session of the backend for any page, which ends so many seconds from now.
fn session(life: u64, routes: &[&str]) -> String {
    let secret = SessionSecret::parse(SECRET).expect("a secret");
    // A session lasts a minute at least, so a shorter one began earlier.
    let (begin, length) = if life < 60 { (NOW + life - 60, 60) } else { (NOW, life) };
    let length = std::time::Duration::from_secs(length);
    Session::new("backend", Timestamp::from_unix_seconds(begin), length, None, routes, "a-session")
        .expect("a session")
        .sign(&secret)
}

const ISSUER: &str = r#"{"issuer":"https://team.example","audience":"abc","jwks":"https://team.example/certs",
    "grants":[{"claim":"scope","is":["read","write"]},{"claim":"scope","is":"read"},{"claim":"groups","is":"staff"}]}"#;

/// ISSUER with another member.
fn issuer(more: &str) -> String {
    ISSUER.replacen('{', &format!("{{{more},"), 1)
}

#[test]
fn the_log_says_what_an_unknown_token_looks_like() {
    let elsewhere = issuer(r#""header":"x-assertion""#);
    let session = session(600, &[]);
    let known = "no caller has this token";
    for (changes, token, why) in [
        (&[][..], KEY, "the token is the API key itself"),
        (&[], "an-obviously-fake-guess", known),
        (&[], "eyJhbGciOiJub25lIn0.e30.fake", "the token looks like a JWT, and ATTENTION_JWT is not set"),
        (
            &[("ATTENTION_JWT", Some(&*elsewhere))],
            "eyJhbGciOiJub25lIn0.e30.fake",
            "JWTs are expected in another header",
        ),
        (&[("ATTENTION_JWT", Some(&*elsewhere))], "an-obviously-fake-guess", known),
        (
            &[
                ("ATTENTION_SESSION_SECRET", None),
                (
                    "ATTENTION_CALLERS",
                    Some(
                        r#"[{"name":"a","sha256":"b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"}]"#,
                    ),
                ),
            ],
            &*session,
            "the token looks like a session, and ATTENTION_SESSION_SECRET is not set",
        ),
        (&[], "s1.x.y", "the session was not signed with this ATTENTION_SESSION_SECRET"),
    ] {
        let seen = asked(&mut deployment(changes), "GET", "/v2/open/a", &[("authorization", &bearer(token))], "");
        assert_eq!(seen.done, "401", "{why}");
        assert!(seen.line.contains(why) && !seen.line.contains(token), "{why}: {}", seen.line);
        assert!(!seen.body.to_string().contains(why), "the caller is not told");
    }
}

#[test]
fn the_operator_has_a_password_for_the_page_alone() {
    let basic = |text: &str| format!("Basic {}", Base64::encode_string(text.as_bytes()));
    let probe = "/admin/keys/current/test";
    let tried = "sends https://api.attention.tech/v2/conversations/list?page=1&size=1";
    for (method, path, authorization, done, asks) in [
        ("GET", "/status", basic(&format!("me:{OPERATOR}")), "shows the page", None),
        ("GET", "/status", basic(&format!(":{OPERATOR}")).replacen("Basic", "bAsIc", 1), "shows the page", None),
        ("GET", "/status", bearer(OPERATOR), "shows the page", None),
        ("GET", "/status", basic(OPERATOR), "401", Some("Basic")),
        ("GET", "/status", basic(&format!("{OPERATOR}:me")), "401", Some("Basic")),
        ("GET", "/status", basic(&format!("me:{TOKEN}")), "401", Some("Basic")),
        ("GET", "/status", bearer(TOKEN), "401", Some("Basic")),
        ("GET", "/status", String::new(), "401", Some("Basic")),
        ("POST", probe, bearer(OPERATOR), tried, None),
        ("POST", probe, basic(&format!("me:{OPERATOR}")), "401", Some("Bearer")),
        ("POST", probe, bearer(TOKEN), "401", Some("Bearer")),
        ("POST", probe, String::new(), "401", Some("Bearer")),
    ] {
        let headers = [("authorization", &*authorization)];
        let headers = if authorization.is_empty() { &[] } else { &headers[..] };
        let seen = asked(&mut deployment(&[]), method, path, headers, "");
        assert_eq!(seen.done, done, "{method} {path} {authorization}");
        let challenge = seen.header("www-authenticate").map(|text| text.split(' ').next().unwrap_or_default());
        assert_eq!(challenge, asks, "{method} {path} {authorization}");
    }
}

/// A credential is over in the second that it names.
#[test]
fn a_credential_ends_in_its_second() {
    for (seconds, is_admitted) in [(-1_i64, false), (0, false), (1, true)] {
        let end = Timestamp::from_unix_seconds(NOW.checked_add_signed(seconds).expect("a time")).to_rfc3339();
        let callers = json!([{ "name": "app", "sha256": TokenDigest::of(TOKEN).to_hex(), "expires": end }]).to_string();
        let seen = asked(
            &mut deployment(&[("ATTENTION_CALLERS", Some(&callers))]),
            "GET",
            "/v2/open/a",
            &[("authorization", &bearer(TOKEN))],
            "",
        );
        assert_eq!(seen.done.starts_with("sends"), is_admitted, "{end}: {}", seen.done);
        let life = u64::try_from(seconds).ok();
        let Some(life) = life else { continue };
        let token = session(life, &["GET /v2/open/**"]);
        let seen = asked(&mut deployment(&[]), "GET", "/v2/open/a", &[("authorization", &bearer(&token))], "");
        assert_eq!(seen.done.starts_with("sends"), is_admitted, "a session, {end}: {}", seen.done);
    }
}

#[test]
fn only_a_backend_with_leave_requests_sessions() {
    let session = session(600, &["* /**"]);
    for (method, token, done, why) in [
        ("POST", BACKEND, "201", ""),
        ("POST", TOKEN, "403", "this caller may not request sessions"),
        ("POST", &*session, "403", "a session cannot request sessions"),
        ("GET", BACKEND, "405", ""),
        ("DELETE", BACKEND, "405", ""),
    ] {
        let body = if method == "POST" { "{}" } else { "" };
        let seen = asked(&mut deployment(&[]), method, "/sessions", &[("authorization", &bearer(token))], body);
        assert_eq!(seen.done, done, "{method} {token}");
        assert!(seen.detail().contains(why), "{}", seen.detail());
    }
}

#[test]
fn a_session_is_minted_as_requested_or_the_fault_is_named() {
    let mint =
        |body: &str| asked(&mut deployment(&[]), "POST", "/sessions", &[("authorization", &bearer(BACKEND))], body);
    let secret = SessionSecret::parse(SECRET).expect("a secret");
    for (body, minutes, origin, routes) in [
        ("{}", 15, None, ""),
        (r#"{"minutes":1}"#, 1, None, ""),
        (r#"{"origin":"https://app.example","routes":["GET /v2/open/a"]}"#, 15, Some(PAGE), "/v2/open/a"),
    ] {
        let seen = mint(body);
        assert_eq!(seen.done, "201", "{body}: {:?}", seen.body);
        let token = seen.body["token"].as_str().expect("a token");
        let read = Session::verify(token, &secret, Timestamp::from_unix_seconds(NOW)).expect("a session");
        assert_eq!((&*read.id, read.origin.as_deref(), &*read.caller), ("a-session-of-the-test", origin, "backend"));
        let end = Timestamp::from_unix_seconds(NOW + 60 * minutes);
        assert_eq!((read.expires_at, &seen.body["expiresAt"]), (end, &json!(end.as_unix_millis())), "{body}");
        assert_eq!(seen.body["id"], json!("a-session-of-the-test"));
        if !routes.is_empty() {
            assert_eq!(read.routes.rules().iter().map(Rule::route).collect::<Vec<_>>(), [routes]);
        }
    }
    let life = "`minutes` is too much or too little: a session lasts 1 to";
    for (body, why) in [
        (r#"{"origin":"https://evil.example"}"#, "`origin` is not one of the origins"),
        (r#"{"minutes":0}"#, life),
        (r#"{"minutes":100000}"#, life),
        (r#"{"routes":["everything"]}"#, "`routes` cannot be granted: route 1"),
        (r#"{"minute":1}"#, "minute"),
        ("[]", "the request for a session cannot be granted: "),
        ("{", "the request for a session cannot be granted: the body is "),
    ] {
        let seen = mint(body);
        assert_eq!(seen.done, "400", "{body}");
        assert!(seen.detail().contains(why), "{body}: {}", seen.detail());
    }
}

#[test]
fn pages_of_the_proxys_own_origin_are_no_other_pages() {
    for (origin, is_served, is_told) in
        [(OWN, true, false), (PAGE, true, true), ("https://evil.example", false, false), ("null", false, false)]
    {
        let headers = [("authorization", &*bearer(TOKEN)), ("origin", origin)];
        let seen = asked(&mut deployment(&[]), "GET", "/v2/open/a", &headers, "");
        assert_eq!(seen.done.starts_with("sends"), is_served, "{origin}");
        let preflight = asked(&mut deployment(&[]), "OPTIONS", "/v2/open/a", &[("origin", origin)], "");
        assert_eq!(preflight.done == "204", is_told, "{origin}: {}", preflight.done);
    }
}

/// Where a client finds the issuer: in the challenge of a 401, and at the address that it names.
#[test]
fn a_client_learns_from_the_challenge_where_to_get_a_token() {
    let elsewhere = issuer(r#""header":"x-assertion""#);
    let nowhere = ISSUER.replace("https://team.example\"", "urn:team\"");
    let unscoped = ISSUER.replace("\"scope\"", "\"roles\"");
    let known = "/.well-known/oauth-protected-resource";
    let address = |path: &str| format!("resource_metadata=\"{OWN}{known}{path}\"");
    for (settings, path, expected) in [
        (Some(ISSUER), "/v2/open/a", Some((address(""), Some("scope=\"read write\"")))),
        (Some(ISSUER), "/mcp", Some((address("/mcp"), Some("scope=\"read write\"")))),
        (Some(&*unscoped), "/v2/open/a", Some((address(""), None))),
        (Some(&*elsewhere), "/v2/open/a", None),
        (Some(&*nowhere), "/v2/open/a", None),
        (None, "/v2/open/a", None),
    ] {
        let mut deployment = deployment(&[("ATTENTION_JWT", settings)]);
        let challenge =
            asked(&mut deployment, "GET", path, &[], "").header("www-authenticate").expect("a challenge").to_owned();
        let resource = if path == "/mcp" { path } else { "" };
        let metadata = asked(&mut deployment, "GET", &format!("{known}{resource}"), &[], "");
        match expected {
            None => {
                assert!(!challenge.contains("resource_metadata"), "{challenge}");
                assert_eq!(metadata.done, "401");
            }
            Some((address, scopes)) => {
                assert!(challenge.contains(&address), "{challenge}");
                assert!(scopes.is_none_or(|scopes| challenge.contains(scopes)), "{challenge}");
                assert_eq!(challenge.contains("scope="), scopes.is_some(), "{challenge}");
                let mut document = json!({
                    "resource": format!("{OWN}{resource}"),
                    "authorization_servers": ["https://team.example"],
                    "bearer_methods_supported": ["header"],
                });
                if scopes.is_some() {
                    document["scopes_supported"] = json!(["read", "write"]);
                }
                assert_eq!(metadata.body, document);
            }
        }
    }
    // The operator's paths have no issuer.
    let mut with_issuer = deployment(&[("ATTENTION_JWT", Some(ISSUER))]);
    for path in ["/status", "/admin/keys/current/test"] {
        let method = if path == "/status" { "GET" } else { "POST" };
        let seen = asked(&mut with_issuer, method, path, &[], "");
        assert!(!seen.header("www-authenticate").expect("a challenge").contains("resource_metadata"), "{path}");
    }
}

#[test]
fn the_terms_of_a_rule_and_of_a_sessions_routes_hold_together() {
    let call = |tool: &str| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } }).to_string()
    };
    let narrow = session(600, &["POST /mcp tool=find,more", "GET /v2/open/a"]);
    let wide = session(600, &["* /**"]);
    for (token, tool, is_allowed) in [
        (TOKEN, "ask", true),
        (TOKEN, "find", true),
        (TOKEN, "more", false),
        (&*narrow, "ask", false),
        (&*narrow, "find", true),
        (&*narrow, "more", false),
        (&*wide, "ask", true),
        (&*wide, "more", false),
    ] {
        let headers = [("authorization", &*bearer(token)), ("accept", "application/json, text/event-stream")];
        let seen = asked(&mut deployment(&[]), "POST", "/mcp", &headers, &call(tool));
        assert_eq!(seen.done.starts_with("sends"), is_allowed, "{tool}: {} {:?}", seen.done, seen.body);
        // A parameter could carry another message.
        let seen = asked(&mut deployment(&[]), "POST", "/mcp?message=1", &headers, &call("find"));
        assert_eq!(seen.done, "403", "{:?}", seen.body);
    }
    let spelling = "in this spelling";
    for (path, done, why) in [
        ("/v2/open/a", "sends https://api.attention.tech/v2/open/a", ""),
        ("/v2/list?page=1", "sends https://api.attention.tech/v2/list?page=1", ""),
        ("/v2/list?size=1", "403", ""),
        ("/v2/list?_method=PUT", "403", ""),
        ("/v2/open/a?_method=PUT", "400", ""),
        ("/v2/LIST", "403", spelling),
        ("/v2/list.json", "403", spelling),
        ("/v2/none", "403", "does not allow this call"),
        // A server that maps full-width digits and decodes again would read `A`.
        ("/v2/open/%25%EF%BC%94%EF%BC%91", "403", spelling),
    ] {
        let seen = asked(&mut deployment(&[]), "GET", path, &[("authorization", &bearer(TOKEN))], "");
        assert_eq!(seen.done, done, "{path}: {:?}", seen.body);
        assert!(seen.detail().contains(why), "{path}: {}", seen.detail());
    }
    // A policy may allow a query at the MCP endpoint.
    let with_query = [("ATTENTION_POLICY", Some("allow POST /mcp query=team"))];
    let headers = [("authorization", &*bearer(TOKEN)), ("accept", "application/json, text/event-stream")];
    let seen = asked(&mut deployment(&with_query), "POST", "/mcp?team=1", &headers, &call("find"));
    assert_eq!(seen.done, "sends https://api.attention.tech/mcp?team=1", "{:?}", seen.body);
}

/// The last refusals of a flood are reported without another one, unless nothing is logged.
#[test]
fn refusals_that_no_line_reported_are_reported_once() {
    for (log, told) in [("all", Some(3)), ("silent", None)] {
        let mut deployment = deployment(&[("ATTENTION_LOG", Some(log))]);
        let guess = bearer("an-obviously-fake-guess");
        let headers = [("authorization", &*guess), ("cf-connecting-ip", "192.0.2.7")];
        for _ in 0..8 {
            assert_eq!(asked(&mut deployment, "GET", "/v2/open/a", &headers, "").done, "401");
        }
        let at = |seconds| Timestamp::from_unix_seconds(NOW + seconds);
        assert_eq!(deployment.take_notice(at(59)), None);
        let line = deployment.take_notice(at(60)).map(std::borrow::Cow::into_owned);
        let line: Option<Value> = line.map(|line| serde_json::from_str(&line).expect("JSON"));
        assert_eq!(line.as_ref().map(|line| line["refusals"].as_u64()), told.map(Some), "{line:?}");
        if let Some(line) = line {
            assert_eq!((&line["event"], line["source"].as_str().map(str::len)), (&json!("refusals"), Some(16)));
            assert!(!line.to_string().contains("192.0.2.7"));
        }
        assert_eq!(deployment.take_notice(at(200)), None);
    }
}
