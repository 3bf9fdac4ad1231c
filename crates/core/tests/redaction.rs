//! No type that can contain a secret, or that is created near one, shows it.

use attention_core::call::{CallOptions, Failure, Upstream};
use attention_core::credential::{Authorization, Bearer, TokenDigest, scrub};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL, encode_query};
use attention_core::{ApiKey, Call, CallerToken, Error, KeyRing, Method, Slot, Timestamp};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// How much of a secret may be shown: its last four characters identify it.
const SHOWN: usize = 4;

/// Secrets in their usual forms: opaque, base64, JWT. Each contains a random part, so that it does not occur in a text
/// by chance.
fn secret() -> impl Strategy<Value = String> {
    let random = "[A-Za-z0-9]{12,40}";
    prop_oneof![
        random.prop_map(|random| format!("fake-{random}")),
        random.prop_map(|random| format!("fake+{random}/x==")),
        (random, random).prop_map(|(subject, signature)| {
            use base64ct::Encoding as _;
            let payload = format!(r#"{{"sub":"fake-{subject}","exp":1600000000}}"#);
            format!(
                "eyJhbGciOiJub25lIn0.{}.{signature}",
                base64ct::Base64UrlUnpadded::encode_string(payload.as_bytes())
            )
        }),
    ]
}

/// Fails if a text shows more of a secret than its end.
fn hides(what: &str, text: &str, secret: &str) -> Result<(), TestCaseError> {
    prop_assert!(!text.contains(secret), "{what} shows the secret: {text}");
    // Nor any part of it: ten characters of a random part are no coincidence.
    let bytes = secret.as_bytes();
    for stretch in bytes[..bytes.len() - SHOWN].windows(10).filter_map(|stretch| str::from_utf8(stretch).ok()) {
        // The header of every JWT in this suite is the same and is not secret.
        if !"eyJhbGciOiJub25lIn0.".contains(stretch) {
            prop_assert!(!text.contains(stretch), "{what} shows {stretch:?} of the secret: {text}");
        }
    }
    Ok(())
}

fn upstream(current: &str, next: &str) -> Upstream {
    let key = |text| ApiKey::parse(text).expect("a key");
    Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), KeyRing::new(key(current), Some(key(next))))
}

fn hides_error(error: &Error, secret: &str) -> Result<(), TestCaseError> {
    hides("Debug of an error", &format!("{error:?} {error:#?}"), secret)?;
    hides("Display of an error", &error.to_string(), secret)?;
    hides("JSON of an error", &error.to_json(), secret)?;
    if let Some(diagnosis) = error.diagnosis() {
        hides("a diagnosis", &format!("{diagnosis} {diagnosis:?} {}", diagnosis.to_json()), secret)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn types_with_a_secret_do_not_show_it(secret in secret()) {
        let key = ApiKey::parse(&secret).expect("a key");
        hides("an ApiKey", &format!("{key:?} {key:#?} {key}"), &secret)?;
        hides("a fingerprint", &format!("{:?} {}", key.fingerprint(), key.fingerprint()), &secret)?;
        let header = Authorization::bearer(&key);
        hides("an Authorization", &format!("{header:?} {header:#?}"), &secret)?;
        let token = CallerToken::parse(&secret).expect("a token");
        hides("a CallerToken", &format!("{token:?} {token:#?}"), &secret)?;
        let value = format!("Bearer {secret}");
        let bearer = Bearer::parse(Some(&value)).expect("a bearer token");
        hides("a Bearer", &format!("{bearer:?} {bearer:#?}"), &secret)?;
        let digest = TokenDigest::of(&secret);
        hides("a TokenDigest", &format!("{digest:?} {}", digest.to_hex()), &secret)?;
        for ring in [KeyRing::of_token(token), KeyRing::new(key, None)] {
            hides("a KeyRing", &format!("{ring:?} {ring:#?}"), &secret)?;
        }
    }

    #[test]
    fn a_client_and_its_calls_do_not_show_it(secret in secret(), other in secret()) {
        let mut upstream = upstream(&secret, &other);
        let mut call = Call::new(CallOptions::new(Method::Get), NOW);
        let none: &[(&str, &str)] = &[];
        let actions = [
            call.start(&mut upstream, NOW),
            call.on_response(&mut upstream, 401, &none, NOW, 0.5),
            call.on_response(&mut upstream, 200, &none, NOW, 0.5),
        ];
        let switch = upstream.take_switch();
        let told = format!("{actions:?} {switch:?} {upstream:?} {upstream:#?} {call:?} {call:#?}");
        for text in [&secret, &other] {
            hides("a client", &told, text)?;
        }
        // These two places must reveal it, for the request.
        let header = upstream.keys().authorization(Slot::Current).expect("a key");
        prop_assert_eq!(header.expose(), format!("Bearer {secret}"));
    }

    #[test]
    fn a_refused_key_is_not_repeated(secret in secret(), spoil in "[\\PC\n\r\t\0]{1,3}", at in 0..8_usize) {
        for text in [format!("Bearer {secret}"), format!("{}{spoil}{}", &secret[..at], &secret[at..]), format!("\"{secret}\""), format!("{secret} {secret}")] {
            if let Err(error) = ApiKey::parse(&text) {
                hides("a KeyError", &format!("{error} {error:?}"), &secret)?;
                hides_error(&error.into(), &secret)?;
            }
        }
    }

    #[test]
    fn a_refused_url_is_not_repeated(secret in secret(), place in 0..4_usize) {
        let upstream = upstream(&secret, "fake-other-key-0123456789");
        let percent_encoded = secret.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
        let (target, query) = [
            (format!("/x/{secret}"), String::new()),
            ("/x".to_owned(), format!("key={secret}")),
            ("/x".to_owned(), encode_query([("key", secret.as_str())])),
            ("/x".to_owned(), format!("key={percent_encoded}")),
        ][place].clone();
        let error = upstream.url(&target, &query).expect_err("a URL with a secret");
        prop_assert_eq!(error.code(), "url_holds_secret");
        hides("a RequestError", &format!("{error} {error:?}"), &secret)?;
        hides_error(&error.into(), &secret)?;
        let base = BaseUrl::parse(&format!("https://user:{secret}@api.attention.tech/v2"));
        hides_error(&base.expect_err("user information").into(), &secret)?;
    }

    #[test]
    fn an_echo_is_not_repeated(
        secret in secret(),
        other in secret(),
        shape in 0..9_usize,
        status in prop_oneof![Just(401_u16), Just(403), Just(422), Just(500)],
    ) {
        let mut upstream = upstream(&other, &secret);
        let quoted = serde_json::to_string(&format!("refused {secret}, {other}")).expect("JSON");
        let body = [
            format!("refused {secret}, {other}"),
            format!(r#"{{"message":{quoted}}}"#),
            format!(r#"{{"error":{{"message":{quoted},"code":"{secret}"}}}}"#),
            format!(r#"{{"errors":[{{"title":{quoted},"code":"{other}"}}]}}"#),
            format!(r#"{{"code":"{secret}","detail":{quoted}}}"#),
            format!("Authorization: Bearer {secret}\r\nAuthorization: Bearer {other}"),
            format!(r#"{{"message":"https://api.attention.tech/v2?{}"}}"#, encode_query([("key", secret.as_str()), ("key", &other)])),
            format!("{}{secret}{other}", "x".repeat(490)),
            format!("<html>{secret} {other}</html>"),
        ][shape].clone();
        let headers = vec![("x-request-id".to_owned(), secret.clone()), ("www-authenticate".to_owned(), format!("Bearer error=\"{other}\""))];
        let mut call = Call::new(CallOptions { replayable: false, ..CallOptions::new(Method::Post) }, NOW);
        call.start(&mut upstream, NOW);
        call.on_response(&mut upstream, status, &headers, NOW, 0.5);
        let error = call.error(&upstream, &body, NOW);
        for text in [&secret, &other] {
            hides_error(&error, text)?;
            hides("a call", &format!("{upstream:?}"), text)?;
        }
    }

    #[test]
    fn failures_do_not_show_it(secret in secret()) {
        for failure in [Failure::Connection, Failure::Timeout, Failure::Aborted] {
            let mut upstream = upstream(&secret, "fake-other-key-0123456789");
            let mut call = Call::new(CallOptions::new(Method::Post), NOW);
            call.start(&mut upstream, NOW);
            hides("a failure", &format!("{:?}", call.on_failure(&mut upstream, failure, NOW, 0.5)), &secret)?;
        }
    }

    #[test]
    fn scrubbing_removes_every_secret(before in "\\PC{0,30}", secrets in proptest::collection::vec(secret(), 1..4), after in "\\PC{0,30}") {
        let text = format!("{before}{}{after}", secrets.join(" and "));
        let scrubbed = scrub(&text, secrets.iter().map(String::as_str));
        for secret in &secrets {
            hides("a scrubbed text", &scrubbed, secret)?;
        }
    }

    /// Text without secrets is unchanged, including its percent signs. An escape is decoded to its character only.
    #[test]
    fn scrubbing_keeps_other_escapes(secret in "fake-key-[a-z]{4,8}", at in 1..9_usize, other in "[A-Z0-9]") {
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let mut changed = secret.clone();
        changed.replace_range(at..=at, &other);
        for text in [escaped(&changed), format!("/v2/things/{}?page=%20", escaped(&changed))] {
            prop_assert_eq!(scrub(&text, [secret.as_str()]), text.as_str());
        }
        let echo = escaped(&secret);
        prop_assert_eq!(scrub(&echo, [secret.as_str()]), "[redacted]");
    }

    #[test]
    fn scrubbing_keeps_prose(text in "([a-z]{1,9}[ ,.!%é]{1,3}){0,12}") {
        prop_assert_eq!(&*scrub(&text, ["fake-0123456789-0123456789"]), text.as_str());
    }

    #[test]
    fn scrubbing_never_panics(text in any::<String>(), secret in any::<String>()) {
        let _ = scrub(&text, [secret.as_str()]);
    }
}

/// A secret that is so short that its end would be most of it is not shown at all.
#[test]
fn a_short_secret_shows_nothing() {
    let key = ApiKey::parse("fake-Q7x9").expect("a key");
    let told = format!("{key} {key:?} {:?}", KeyRing::new(ApiKey::parse("fake-Q7x9").expect("a key"), None));
    assert!(!told.contains("Q7x9") && !told.contains("fake"), "{told}");
}

/// Both secrets of a ring are removed from a text, and nothing else.
#[test]
fn a_ring_removes_its_own_secrets_from_a_text() {
    let key = |text| ApiKey::parse(text).expect("a key");
    let ring = KeyRing::new(key("fake-current-key-0123456789"), Some(key("fake-next-key-0123456789")));
    let told = ring.scrub("of fake-next-key-0123456789 and fake-current-key-0123456789, not fake-other-key-0123456789");
    assert_eq!(told, "of [redacted] and [redacted], not fake-other-key-0123456789");
    let upstream = Upstream::new(BaseUrl::parse("https://api.example/v2").expect("a base"), ring);
    assert_eq!(upstream.base().as_str(), "https://api.example/v2");
}
