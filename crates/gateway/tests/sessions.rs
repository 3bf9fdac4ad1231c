//! The format of session tokens, by `tests/vectors/sessions.json`: tokens that are issued, tokens that are accepted,
//! and the parts that a holder can read. Also that nothing else is accepted: payloads are assembled at random, each
//! correctly signed.

use std::collections::BTreeSet;
use std::time::Duration;

use attention_core::credential::MAX_TOKEN_BYTES;
use attention_core::{CallerToken, Timestamp};
use attention_gateway::authorize::sessions::{Session, SessionError, SessionSecret};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[allow(dead_code)] // For readers.
    about: String,
    #[allow(dead_code)] // For other runtimes.
    runs: Vec<String>,
    secret: String,
    now: u64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    token: String,
    asked: Option<Asked>,
    exp: Option<u64>,
    ok: Option<Read>,
    error: Option<String>,
}

/// A backend's request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    caller: String,
    minutes: u64,
    origin: Option<String>,
    routes: Vec<String>,
    id: String,
}

/// The content that the Worker reads from a token.
#[derive(Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    caller: String,
    expires_at: u64,
    origin: Option<String>,
    rules: String,
    id: String,
}

fn file() -> File {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/sessions.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The content of a token for anyone who can decode base64 and JSON: the reference, which knows no secret.
fn payload(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [prefix, payload, _] = parts[..] else { return None };
    let bytes = Base64UrlUnpadded::decode_vec(payload).ok().filter(|_| prefix == "s1")?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
}

fn read(session: &Session, token: &str) -> Read {
    Read {
        caller: session.caller.clone(),
        expires_at: session.expires_at.as_unix_millis() / 1000,
        origin: session.origin.clone(),
        rules: payload(token).unwrap()["rts"].as_str().unwrap().to_owned(),
        id: session.id.clone(),
    }
}

#[test]
fn every_session_vector() {
    let File { secret, now, cases, .. } = file();
    let (secret, at) = (SessionSecret::parse(&secret).unwrap(), Timestamp::from_unix_seconds(now));
    assert!(cases.len() >= 60, "{} cases", cases.len());
    assert_eq!(cases.iter().map(|case| &case.name).collect::<BTreeSet<_>>().len(), cases.len(), "a name stands twice");
    for Case { name, token, asked, exp, ok, error } in cases {
        let judged = Session::verify(&token, &secret, at);
        match (&ok, error.as_deref()) {
            (Some(ok), None) => assert_eq!(read(&judged.unwrap(), &token), *ok, "{name}"),
            (None, Some("expired")) => assert_eq!(judged.map(|_| ()), Err(SessionError::Expired), "{name}"),
            (None, Some("invalid")) => assert_eq!(judged.map(|_| ()), Err(SessionError::Invalid), "{name}"),
            _ => panic!("{name}: either `ok` or `error`"),
        }
        // A client also reads the expiry of a JWT, which this file does not cover.
        if !token.starts_with("eyJ") {
            let told = CallerToken::parse(&token).ok().and_then(|token| token.expires_at());
            assert_eq!(told.map(|at| at.as_unix_millis() / 1000), exp, "{name}");
        }
        // For a repeated name serde_json uses the last value; a client ignores such a payload.
        if exp.is_some() {
            assert_eq!(payload(&token).and_then(|payload| payload["exp"].as_u64()), exp, "{name}");
        }
        if let Some(Asked { caller, minutes, origin, routes, id }) = asked {
            let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
            let life = Duration::from_secs(60 * minutes);
            let session = Session::new(&caller, at, life, origin.as_deref(), &routes, &id).unwrap();
            assert_eq!(session.sign(&secret), token, "{name}");
            assert_eq!(Some(session.expires_at.as_unix_millis()), exp.map(|exp| 1000 * exp), "{name}");
        }
    }
}

#[test]
fn a_secret_needs_32_characters_beside_white_space() {
    for (text, is_enough) in [
        ("s".repeat(31), false),
        ("s".repeat(32), true),
        ("\u{e9}".repeat(31), false),
        ("\u{e9}".repeat(32), true),
        (format!(" {}\n", "s".repeat(31)), false),
        (format!(" {}\n", "s".repeat(32)), true),
    ] {
        assert_eq!(SessionSecret::parse(&text).is_ok(), is_enough, "{text:?}");
    }
}

#[test]
fn a_session_with_too_long_a_token_is_not_issued() {
    let secret = SessionSecret::parse("an-obviously-fake-secret-of-some-length").unwrap();
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let (mut longest, mut refused) = (0, 0);
    for count in 1..200 {
        let routes: Vec<String> = (0..count).map(|number| format!("GET /v2/conversations/{number:030}/*")).collect();
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        match Session::new("shop", now, Duration::from_mins(1), None, &routes, "id") {
            Ok(session) => {
                let token = session.sign(&secret);
                assert!(Session::verify(&token, &secret, now).is_ok());
                longest = longest.max(token.len());
                assert_eq!(refused, 0, "fewer routes were too many");
            }
            Err(error) => {
                assert_eq!(error, SessionError::TooLong);
                refused += 1;
            }
        }
    }
    assert!((MAX_TOKEN_BYTES - 100..=MAX_TOKEN_BYTES).contains(&longest) && refused > 0, "{longest}");
    // The longest token, byte by byte: three of a route are four of base64url.
    let lengths: Vec<usize> = (6_000..6_200)
        .map_while(|bytes| {
            let route = format!("GET /v2/{}", "a".repeat(bytes));
            Session::new("shop", now, Duration::from_mins(1), None, &[&*route], "id").ok()
        })
        .map(|session| session.sign(&secret).len())
        .collect();
    assert!(lengths.len() < 200 && lengths.last().is_some_and(|last| *last + 2 > MAX_TOKEN_BYTES), "{lengths:?}");
    assert_eq!(SessionError::Life.message(), "a session lasts 1 to 60 minutes");
}

fn signed(payload: &str, secret: &str) -> String {
    let signed = format!("s1.{}", Base64UrlUnpadded::encode_string(payload.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

const SECRET: &str = "an-obviously-fake-secret-of-some-length";
const NOW: u64 = 1_700_000_000;

/// A member's text, and whether it is valid in a session.
fn member(name: &'static str, good: &'static [&str], bad: &'static [&str]) -> impl Strategy<Value = (String, bool)> {
    let written = move |value: &str| format!("\"{name}\":{value}");
    prop_oneof![
        12 => select(good).prop_map(move |value| (written(value), true)),
        1 => select(bad).prop_map(move |value| (written(value), false)),
        1 => Just((String::new(), name == "org")),
        1 => select(good).prop_map(move |value| (format!("{},{}", written(value), written(value)), false)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn a_signed_payload_is_a_session_if_each_member_is_valid_and_unique(
        sub in member("sub", &["\"shop\"", "\"s\\u0068op\""], &["null", "1", "[]", "{}"]),
        exp in member(
            "exp",
            &["1700000001", "1700003600", "1700003900"],
            &["1700003901", "9999999999", "\"1700000900\"", "1700000900.0", "1.7e9", "null", "-1", "[1700000900]"],
        ),
        rts in member("rts", &["\"allow * /**\"", "\"allow GET /v2/a\\nallow GET /v2/b\""], &["null", "\"x\"", "[]"]),
        jti in member("jti", &["\"id\"", "\"3f0c-7A_.\""], &["\"\"", "\"a b\"", "\"\\u00e9\"", "7", "null"]),
        org in member("org", &["\"https://app.example\""], &["null", "0", "false", "[\"https://app.example\"]", "{}"]),
        other in prop_oneof![9 => Just(None), 1 => select(vec!["x", "", "nbf", "SUB", "scope"]).prop_map(Some)],
        order in Just(vec![0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let members = [&sub, &exp, &rts, &jti, &org];
        let other = other.map(|name| format!("\"{name}\":1"));
        let list: Vec<&str> = order
            .iter()
            .map(|index: &usize| members[*index].0.as_str())
            .chain(other.as_deref())
            .filter(|text| !text.is_empty())
            .collect();
        let is_session = members.iter().all(|(_, good)| *good) && other.is_none();
        let payload = format!("{{{}}}", list.join(","));
        let secret = SessionSecret::parse(SECRET).unwrap();
        let judged = Session::verify(&signed(&payload, SECRET), &secret, Timestamp::from_unix_seconds(NOW));
        prop_assert_eq!(judged.is_ok(), is_session, "{}", &payload);
        if let Ok(session) = judged {
            prop_assert_eq!(session.origin.is_some(), !org.0.is_empty());
            prop_assert_eq!(session.caller.as_str(), "shop");
        }
    }

    #[test]
    fn every_issued_session_is_read_back_and_expires(
        caller in "[a-zA-Z0-9._@+-]{1,64}",
        minutes in 1..=60_u64,
        origin in prop::option::of("https://[a-z]{1,9}\\.example"),
        routes in prop::collection::vec("(GET|POST|\\*) /v2/[a-z]{1,9}(/\\*)?", 0..5),
        id in "[A-Za-z0-9._-]{1,64}",
        millis in 0..1_000_u64,
    ) {
        let now = Timestamp::from_unix_millis(NOW * 1000 + millis);
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        let made = Session::new(&caller, now, Duration::from_secs(60 * minutes), origin.as_deref(), &routes, &id);
        let made = made.unwrap();
        let secret = SessionSecret::parse(SECRET).unwrap();
        let token = made.sign(&secret);
        let read = Session::verify(&token, &secret, now).unwrap();
        prop_assert_eq!((&read.caller, &read.origin, &read.id), (&caller, &origin, &id));
        prop_assert_eq!(read.expires_at, made.expires_at);
        // As another JSON parser reads it, which is what clients rely on.
        prop_assert_eq!(payload(&token).unwrap()["exp"].as_u64(), Some(NOW + 60 * minutes));
        let before = Timestamp::from_unix_millis(made.expires_at.as_unix_millis() - 1);
        prop_assert!(Session::verify(&token, &secret, before).is_ok());
        prop_assert_eq!(Session::verify(&token, &secret, made.expires_at).map(|_| ()), Err(SessionError::Expired));
    }
}
