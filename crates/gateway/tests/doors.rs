//! Every combination of settings that are absent, empty, blank, quoted, valid or invalid: either the proxy names a
//! fault, or each of its doors opens exactly for those for whom the documentation of the settings says so.
//!
//! The table of open doors is derived from `worker/README.md` and shares no code with the gateway.

use attention_core::Timestamp;
use attention_core::credential::TokenDigest;
use attention_gateway::authorize::sessions::revoked::Standing;
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Exchange, Incoming, Report, Step};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

const NOW: u64 = 1_700_000_000;
const TOKEN: &str = "an-obviously-fake-caller-token-of-the-doors";
const OPERATOR: &str = "an-obviously-fake-operator-token-of-the-doors";
const SECRET: &str = "an-obviously-fake-session-secret-of-the-doors";
const PAGE: &str = "https://app.example";
const SESSION_ID: &str = "a-session-of-the-doors";

/// The value of a binding, in a person's terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Given {
    Absent,
    /// Without content, in one of the ways to write that.
    Nothing(&'static str),
    /// This valid value.
    Good(&'static str),
    Bad(&'static str),
    /// A platform object, which has no text.
    Object,
}
use Given::{Absent, Bad, Good, Nothing, Object};

const NOTHINGS: [Given; 6] =
    [Nothing(""), Nothing(" "), Nothing("\r\n\t"), Nothing("\u{feff}"), Nothing("\"\""), Nothing(" '' \n")];

/// The bindings, and the values that each may have. Callers are assembled later; `app` represents them.
const BINDINGS: [(&str, &[Given]); 17] = [
    ("ATTENTION_API_KEY", &[Absent, Good("an-obviously-fake-key"), Bad("Bearer an-obviously-fake-key")]),
    ("ATTENTION_API_KEY_NEXT", &[Absent, Good("an-obviously-fake-next-key"), Bad("a key\nof two lines")]),
    ("ATTENTION_BASE_URL", &[Absent, Good("https://api.example/v2"), Bad("http://api.example/v2"), Bad("[]")]),
    ("ATTENTION_CALLERS", &[Absent, Good("app"), Good("minting"), Good("expired"), Good("[]"), Bad("{}"), Bad("null")]),
    ("ATTENTION_JWT", &[Absent, Good("issuer"), Bad("{}"), Bad("[]"), Bad("null")]),
    ("ATTENTION_SESSION_SECRET", &[Absent, Good(SECRET), Bad("short"), Bad("<secret>")]),
    ("ATTENTION_REVOKED_SESSIONS", &[Absent, Good(SESSION_ID), Good("[\"another\"]"), Good("[]"), Bad("<id>")]),
    ("ATTENTION_ADMIN_SHA256", &[Absent, Good("digest"), Bad("digest of nothing"), Bad("true"), Bad("[]")]),
    (
        "ATTENTION_POLICY",
        &[
            Absent,
            Good("allow GET /v2/one"),
            Good("[\"allow GET /v2/one\"]"),
            Good("allow * /v2/**\nallow * /mcp"),
            Bad("[]"),
            Bad("{}"),
            Bad("allow everything"),
            Bad("null"),
        ],
    ),
    ("ATTENTION_ALLOWED_ORIGINS", &[Absent, Good(PAGE), Good("[]"), Bad("*"), Bad("null"), Bad("https://*.example")]),
    ("ATTENTION_BUDGET", &[Absent, Good("50/s"), Bad("0"), Bad("[]")]),
    ("ATTENTION_GATE", &[Absent, Object, Bad("a text")]),
    ("ATTENTION_RATE_LIMIT", &[Absent, Object, Bad("a text")]),
    ("ATTENTION_TIMEOUT_MS", &[Absent, Good("5000"), Bad("0"), Bad("5s"), Bad("null")]),
    ("ATTENTION_MAX_RETRIES", &[Absent, Good("0"), Bad("-1"), Bad("[]")]),
    ("ATTENTION_LOG", &[Absent, Good("silent"), Bad("none"), Bad("[]")]),
    ("ATTENTION_LOG_SAMPLE_PERCENT", &[Absent, Good("1"), Bad("101"), Bad("1%")]),
];

/// One value for each, mostly such that requests are served.
fn settings() -> impl Strategy<Value = Vec<Given>> {
    let choices: Vec<_> = BINDINGS
        .iter()
        .map(|(_, choices)| {
            let good: Vec<Given> = choices.iter().copied().filter(|given| !matches!(given, Bad(_))).collect();
            let bad: Vec<Given> = choices.iter().copied().filter(|given| matches!(given, Bad(_))).collect();
            let present: Vec<Given> = good.iter().copied().filter(|given| *given != Absent).collect();
            prop_oneof![
                24 => prop::sample::select(present),
                8 => prop::sample::select(good),
                1 => prop::sample::select(NOTHINGS.to_vec()),
                1 => prop::sample::select(bad),
            ]
        })
        .collect();
    choices
}

struct Settings<'a>(&'a [Given]);

impl Settings<'_> {
    fn of(&self, name: &str) -> Given {
        let at = BINDINGS.iter().position(|(known, _)| known.ends_with(name)).expect("a binding");
        self.0[at]
    }

    fn says(&self, name: &str, text: &'static str) -> bool {
        self.of(name) == Good(text)
    }

    fn is_set(&self, name: &str) -> bool {
        matches!(self.of(name), Good(_) | Object)
    }

    /// Objects that are bound where a text is expected have no text; a text bound where an object is expected is not
    /// one.
    fn texts(&self) -> Texts {
        let digest = |text: &str| TokenDigest::of(text).to_hex();
        let mut texts = Texts::default();
        for ((name, _), given) in BINDINGS.iter().zip(self.0) {
            if *given == Absent {
                continue;
            }
            texts.there_is(name);
            let caller = |more: &str| format!(r#"[{{"name":"app","sha256":"{}"{more}}}]"#, digest(TOKEN));
            let text = match given {
                Absent | Object => {
                    texts.set(name, Text::Unreadable);
                    continue;
                }
                Good("app") => caller(""),
                Good("minting") => caller(r#","mintsSessions":true"#),
                Good("expired") => caller(r#","expires":"2020-01-31""#),
                Good("digest") => digest(OPERATOR),
                Bad("digest of nothing") => digest(""),
                Good("issuer") => concat!(
                    r#"{"issuer":"https://issuer.example","audience":"an-audience","jwks":"https://issuer.example/keys","#,
                    r#""grants":[{"claim":"groups","is":"staff"}]}"#
                )
                .to_owned(),
                Nothing(text) | Good(text) | Bad(text) => (*text).to_owned(),
            };
            texts.set(name, Text::Given(text));
        }
        texts
    }

    /// The bindings that are wrong or missing.
    fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        for ((name, _), given) in BINDINGS.iter().zip(self.0) {
            let is_needed = name.ends_with("_API_KEY");
            // Without these, more is open than with any value.
            let narrows = ["ATTENTION_POLICY", "ATTENTION_BASE_URL", "ATTENTION_BUDGET"].contains(name);
            // From a secret only white space is removed, so the remaining text is neither a key nor a secret.
            let is_opaque = name.contains("_KEY") || name.ends_with("_SECRET");
            let is_object = name.ends_with("_GATE") || name.ends_with("_LIMIT");
            match given {
                Bad(_) => faults.push(*name),
                Absent if is_needed => faults.push(*name),
                Nothing(text) if is_opaque && !text.trim().is_empty() => faults.push(*name),
                Nothing(_) if is_needed || narrows || is_object => faults.push(*name),
                _ => {}
            }
        }
        let calls = self.is_set("CALLERS") && !self.says("CALLERS", "[]");
        if !calls && !self.is_set("JWT") {
            faults.push("ATTENTION_CALLERS");
        }
        if self.says("CALLERS", "minting") && !self.is_set("SESSION_SECRET") {
            faults.push("ATTENTION_SESSION_SECRET");
        }
        if self.is_set("BUDGET") && !self.is_set("GATE") {
            faults.push("ATTENTION_BUDGET");
        }
        faults
    }

    /// The expected table of doors, one per line.
    fn doors(&self) -> String {
        let calls = self.says("CALLERS", "app") || self.says("CALLERS", "minting");
        let mints = self.says("CALLERS", "minting");
        let knows = |served: &str| if calls { served.to_owned() } else { "401".to_owned() };
        let base = if self.is_set("BASE_URL") { "https://api.example/v2" } else { "https://api.attention.tech/v2" };
        let sent = |path: &str| format!("sends {base}{path}");
        let policy = match self.of("POLICY") {
            Absent => Policy::Reading,
            Good(text) if text.contains("**") => Policy::Everything,
            _ => Policy::One,
        };
        let allows = |is_allowed: bool, path: &str| knows(&if is_allowed { sent(path) } else { "403".to_owned() });
        let operates = self.is_set("ADMIN_SHA256");
        let operator = |done: &str| if operates { done.to_owned() } else { "404".to_owned() };
        let page_may = self.says("ALLOWED_ORIGINS", PAGE);
        let of_page = |served: String| if page_may { served } else { "403".to_owned() };
        // A session is accepted while its backend may request sessions and unless its id was revoked.
        let is_signed = self.is_set("SESSION_SECRET") && !self.says("REVOKED_SESSIONS", SESSION_ID);
        let is_session = is_signed && mints;
        let session = if is_session { sent("/one") } else { "401".to_owned() };
        let issuer = self.is_set("JWT");
        let revokes = if self.is_set("GATE") { "revokes" } else { "501" };
        let probes_next =
            if self.is_set("API_KEY_NEXT") { sent("/conversations/list?page=1&size=1") } else { "404".to_owned() };
        let all = policy == Policy::Everything;
        [
            ("a caller reads what every policy allows", allows(true, "/one")),
            ("a caller reads something else", allows(policy != Policy::One, "/two")),
            ("a caller writes", allows(all, "/one")),
            ("a caller reads keys", allows(false, "")),
            ("a caller reads an address to write to", allows(all, "/conversations/upload-url")),
            ("a caller talks MCP", knows(if all { "reads the message" } else { "403" })),
            ("nobody reads", "401".to_owned()),
            ("a guess reads", "401".to_owned()),
            ("a JWT is looked at", if issuer { "asks the issuer" } else { "401" }.to_owned()),
            ("a session of a page", of_page(session)),
            ("a session of a page, elsewhere", if is_signed { "403" } else { "401" }.to_owned()),
            ("a session of another secret", of_page("401".to_owned())),
            ("a caller asks for a session", knows(if mints { "reads the message" } else { "403" })),
            ("the operator sees the page", operator("shows the page")),
            ("a caller sees the page", operator("401")),
            ("nobody sees the page", operator("401")),
            ("the operator has the key tried", operator(&sent("/conversations/list?page=1&size=1"))),
            ("the operator has the next key tried", operator(&probes_next)),
            ("a caller has the key tried", operator("401")),
            ("the operator revokes", operator(revokes)),
            ("a caller revokes", operator("401")),
            ("the operator reads", "401".to_owned()),
            ("a page asks beforehand", of_page("204".to_owned())),
            ("another page asks beforehand", "403".to_owned()),
            ("a page without a name asks beforehand", "403".to_owned()),
            ("another page with a token", "403".to_owned()),
            ("a page with a token", of_page(allows(true, "/one"))),
            ("who asks whether it is alive", "200".to_owned()),
            ("who asks whether it is ready", "200".to_owned()),
            ("who looks for the issuer", if issuer { "200" } else { "401" }.to_owned()),
        ]
        .map(|(door, outcome)| format!("{door}: {outcome}\n"))
        .concat()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Reading,
    One,
    Everything,
}

/// A session of the backend `app` for a page of [`PAGE`], signed by another implementation.
fn session(secret: &str) -> String {
    let payload =
        format!(r#"{{"sub":"app","exp":{},"rts":"allow * /**","jti":"{SESSION_ID}","org":"{PAGE}"}}"#, NOW + 600);
    let signed = format!("s1.{}", Base64UrlUnpadded::encode_string(payload.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

fn jwt() -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let claims = format!(
        r#"{{"iss":"https://issuer.example","aud":"an-audience","exp":{},"sub":"ann","groups":["staff"]}}"#,
        NOW + 600
    );
    format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT","kid":"k"}"#), part(&claims), part("a signature"))
}

/// A request at one of the doors.
struct Knock {
    door: &'static str,
    method: &'static str,
    path: &'static str,
    token: Option<String>,
    origin: Option<&'static str>,
    has_body: bool,
}

fn knocks() -> Vec<Knock> {
    let knock = |door, method, path, token: Option<&str>, origin| Knock {
        door,
        method,
        path,
        token: token.map(str::to_owned),
        origin,
        has_body: matches!(path, "/mcp" | "/sessions"),
    };
    let (app, operator) = (Some(TOKEN), Some(OPERATOR));
    let (good, other) = (session(SECRET), session("another-obviously-fake-session-secret-of-the-doors"));
    let jwt = jwt();
    let one = "/v2/one";
    let revoke = "/admin/sessions/a-session-of-the-doors/revoke";
    vec![
        knock("a caller reads what every policy allows", "GET", one, app, None),
        knock("a caller reads something else", "GET", "/v2/two", app, None),
        knock("a caller writes", "POST", one, app, None),
        knock("a caller reads keys", "GET", "/v2/api_keys", app, None),
        knock("a caller reads an address to write to", "GET", "/v2/conversations/upload-url", app, None),
        knock("a caller talks MCP", "POST", "/mcp", app, None),
        knock("nobody reads", "GET", one, None, None),
        knock("a guess reads", "GET", one, Some("an-obviously-fake-guess"), None),
        knock("a JWT is looked at", "GET", one, Some(&jwt), None),
        knock("a session of a page", "GET", one, Some(&good), Some(PAGE)),
        knock("a session of a page, elsewhere", "GET", one, Some(&good), None),
        knock("a session of another secret", "GET", one, Some(&other), Some(PAGE)),
        knock("a caller asks for a session", "POST", "/sessions", app, None),
        knock("the operator sees the page", "GET", "/status", operator, None),
        knock("a caller sees the page", "GET", "/status", app, None),
        knock("nobody sees the page", "GET", "/status", None, None),
        knock("the operator has the key tried", "POST", "/admin/keys/current/test", operator, None),
        knock("the operator has the next key tried", "POST", "/admin/keys/next/test", operator, None),
        knock("a caller has the key tried", "POST", "/admin/keys/current/test", app, None),
        knock("the operator revokes", "POST", revoke, operator, None),
        knock("a caller revokes", "POST", revoke, app, None),
        knock("the operator reads", "GET", one, operator, None),
        knock("a page asks beforehand", "OPTIONS", one, None, Some(PAGE)),
        knock("another page asks beforehand", "OPTIONS", one, None, Some("https://evil.example")),
        knock("a page without a name asks beforehand", "OPTIONS", one, None, Some("null")),
        knock("another page with a token", "GET", one, app, Some("https://evil.example")),
        knock("a page with a token", "GET", one, app, Some(PAGE)),
        knock("who asks whether it is alive", "GET", "/healthz", None, None),
        knock("who asks whether it is ready", "GET", "/readyz", None, None),
        knock("who looks for the issuer", "GET", "/.well-known/oauth-protected-resource", None, None),
    ]
}

/// The result of a request, assuming that the gate's object and the platform's counter do not object.
fn opened(
    deployment: Result<&mut Deployment, &mut attention_gateway::deployment::Misconfigured>,
    knock: &Knock,
) -> String {
    let now = Timestamp::from_unix_seconds(NOW);
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    if let Some(token) = &knock.token {
        add("authorization", format!("Bearer {token}"));
    }
    if let Some(origin) = knock.origin {
        add("origin", origin.to_owned());
    }
    if knock.method == "OPTIONS" {
        add("access-control-request-method", "GET".to_owned());
    }
    if knock.has_body {
        add("content-type", "application/json".to_owned());
        add("content-length", "2".to_owned());
    }
    let url = format!("https://proxy.example{}", knock.path);
    let incoming =
        Incoming { method: knock.method, url, headers: &headers, has_body: knock.has_body, fresh_id: "a-fresh-id" };
    let (mut exchange, deployment) = match deployment {
        Ok(deployment) => (Exchange::begin(Ok(&mut *deployment), incoming, now), Some(deployment)),
        Err(fault) => (Exchange::begin(Err(fault), incoming, now), None),
    };
    let Some(deployment) = deployment else {
        let Step::Reply(reply) = exchange.step() else { panic!("{:?}", exchange.step()) };
        return reply.status.to_string();
    };
    for _ in 0..9 {
        let report = match exchange.step() {
            Step::Count { .. } => Report::Counted(true),
            Step::AskGate { .. } => Report::Place(None),
            Step::AskStanding { .. } => Report::Standing(Standing::Good),
            Step::Wait(_) => Report::Waited,
            Step::Send(send) => return format!("sends {}", send.url),
            Step::FetchKeySet { .. } | Step::VerifyToken => return "asks the issuer".to_owned(),
            Step::ReadRequest { .. } => return "reads the message".to_owned(),
            Step::Revoke { .. } => return "revokes".to_owned(),
            Step::ShowStatus => return "shows the page".to_owned(),
            Step::Reply(reply) => return reply.status.to_string(),
            other => panic!("{}: {other:?}", knock.door),
        };
        exchange.report(deployment, &headers, report, now);
    }
    panic!("{}: no end", knock.door)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn doors_open_as_documented_or_a_fault_is_named(given in settings()) {
        let settings = Settings(&given);
        let faults = settings.faults();
        match Deployment::parse(&settings.texts()) {
            Ok(mut deployment) => {
                prop_assert!(faults.is_empty(), "served in spite of {:?}: {:?}", faults, given);
                let knocks = knocks();
                let lines = knocks.iter().map(|knock| format!("{}: {}\n", knock.door, opened(Ok(&mut deployment), knock)));
                let seen = lines.collect::<String>();
                let doors = settings.doors();
                let wrong = seen.lines().zip(doors.lines()).filter(|(seen, wanted)| seen != wanted);
                let wrong = wrong.map(|(seen, wanted)| format!("{seen}, not {wanted}")).collect::<Vec<_>>();
                prop_assert!(wrong.is_empty() && seen.lines().count() == 30, "{:?}: {:?}", wrong, given);
            }
            Err(mut fault) => {
                let said = fault.to_string();
                prop_assert!(faults.iter().any(|name| said.starts_with(name)), "{} is no fault of {:?}: {:?}", said, faults, given);
                for knock in knocks() {
                    let status = if knock.path == "/healthz" { "200" } else { "503" };
                    prop_assert_eq!(opened(Err(&mut fault), &knock), status, "{}", knock.door);
                }
            }
        }
    }
}
