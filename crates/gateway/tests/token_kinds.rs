//! What a token is for, and whom it was issued to: every combination of the claims that say so, judged by rules that
//! are written as sets.

use attention_core::Timestamp;
use attention_gateway::authorize::jwt::Jwt;
use attention_gateway::authorize::policy::Policies;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const NOW: u64 = 1_700_000_000;
const PURPOSE: &str = "issued for another purpose";

/// A member of an object, as JSON writes it; none if it is absent.
type Given = Option<&'static str>;

/// The reason for which a token is refused; none if it is admitted.
fn refused(settings: &str, header: &[(&str, Given)], claims: &[(&str, Given)]) -> Option<String> {
    let config = format!(
        r#"{{"issuer":"https://team.example","audience":"abc","jwks":"https://team.example/certs","nameClaim":"sub",
            "grants":[{{"everybody":true}}]{settings}}}"#
    );
    let policies = Policies::parse("allow GET /v2/a").expect("a policy");
    let jwt = Jwt::parse(&config, &policies).unwrap_or_else(|error| panic!("{config}: {error:?}"));
    let object = |members: &[(&str, Given)]| {
        let members = members.iter().filter_map(|(name, value)| Some(format!(r#""{name}":{}"#, (*value)?)));
        Base64UrlUnpadded::encode_string(format!("{{{}}}", members.collect::<Vec<_>>().join(",")).as_bytes())
    };
    let end = (NOW + 60).to_string();
    let sound = [
        ("iss", Some(r#""https://team.example""#)),
        ("aud", Some(r#""abc""#)),
        ("exp", Some(&*end)),
        ("sub", Some(r#""ann""#)),
    ];
    let header = [&[("alg", Some(r#""RS256""#))], header].concat();
    let sound: Vec<(&str, Option<&str>)> = sound.to_vec();
    let payload: Vec<String> = sound
        .iter()
        .copied()
        .chain(claims.iter().map(|(name, value)| (*name, *value)))
        .filter_map(|(name, value)| Some(format!(r#""{name}":{}"#, value?)))
        .collect();
    let payload = Base64UrlUnpadded::encode_string(format!("{{{}}}", payload.join(",")).as_bytes());
    let token = format!("{}.{payload}.fake", object(&header));
    jwt.judge(&token, Timestamp::from_unix_seconds(NOW)).err().map(|refusal| refusal.reason())
}

/// The rules of a token's purpose, in the order in which they are reported.
fn reference(tokens: &str, header: Given, claims: &[(&'static str, Given)]) -> Option<String> {
    let value = |name: &str| claims.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value);
    let purpose = |claim: &str| Some(format!("{PURPOSE} ({claim})"));
    let header = header.map(|typ| typ.trim_matches('"').to_lowercase());
    let is_access_by_header = match header.as_deref() {
        None | Some("jwt") => false,
        Some("at+jwt" | "application/at+jwt") => true,
        Some(_) => return Some("typ".to_owned()),
    };
    for never in ["events", "cnf"] {
        if value(never).is_some() {
            return purpose(never);
        }
    }
    if value("type") == Some(r#""org""#) {
        return purpose("type");
    }
    // Each claim of the issuer's, with what it says: that it is an access token, an ID token, or nothing.
    let says = |claim: &str| match (claim, value(claim)) {
        (_, None) | ("typ", Some(r#""JWT""#)) => Ok(None),
        ("token_use", Some(r#""access""#)) | ("typ", Some(r#""Bearer""# | r#""at+jwt""# | r#""access""#)) => {
            Ok(Some("access"))
        }
        ("token_use", Some(r#""id""#)) | ("typ", Some(r#""ID""#)) => Ok(Some("id")),
        _ => Err(()),
    };
    let said = ["token_use", "typ"].map(says);
    if let Some(at) = said.iter().position(Result::is_err) {
        // One that cannot be read is reported before a contradiction behind it.
        return purpose(["token_use", "typ"][at]);
    }
    let said: Vec<(&str, &str)> =
        ["token_use", "typ"].into_iter().zip(said).filter_map(|(claim, said)| Some((claim, said.ok()??))).collect();
    if said.iter().any(|(_, kind)| *kind != said[0].1) {
        return purpose("typ");
    }
    let of_id = ["nonce", "at_hash", "c_hash"].into_iter().find(|name| value(name).is_some());
    let kind = said.last().map(|(claim, kind)| (*claim, *kind)).or(of_id.map(|claim| (claim, "id")));
    match (is_access_by_header, kind) {
        (true, Some((claim, "id"))) if Some(claim) != of_id => purpose(claim),
        (true, _) => (tokens == "id").then(|| "typ".to_owned()),
        (false, Some((_, "access"))) if tokens == "id" => purpose("token_use, typ"),
        (false, Some((claim, "id"))) if tokens == "access" => purpose(claim),
        (false, _) => None,
    }
}

fn claim(name: &'static str, values: &'static [Given]) -> impl Strategy<Value = (&'static str, Given)> {
    // Mostly absent, so that each of the later rules decides often.
    prop_oneof![3 => Just(None), 2 => select(values)].prop_map(move |value| (name, value))
}

fn rare(name: &'static str, values: &'static [Given]) -> impl Strategy<Value = (&'static str, Given)> {
    prop_oneof![12 => Just(None), 1 => select(values)].prop_map(move |value| (name, value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_token_is_admitted_for_its_purpose_only(
        tokens in select(&["access", "id", "any"]),
        header in select(&[
            None, None, Some(r#""JWT""#), Some(r#""at+jwt""#), Some(r#""application/AT+JWT""#), Some(r#""logout+jwt""#),
        ]),
        of_issuer in (
            claim("token_use", &[
                Some(r#""access""#), Some(r#""id""#), Some(r#""id""#),
                Some(r#""refresh""#), Some(r#""JWT""#), Some("1"),
            ]),
            claim("typ", &[
                Some(r#""Bearer""#), Some(r#""at+jwt""#), Some(r#""access""#), Some(r#""ID""#), Some(r#""ID""#),
                Some(r#""JWT""#), Some(r#""Refresh""#), Some("null"),
            ]),
        ),
        of_id in (
            claim("nonce", &[Some(r#""n""#), Some("null")]),
            claim("at_hash", &[Some(r#""h""#)]),
            claim("c_hash", &[Some(r#""h""#)]),
        ),
        never in (
            rare("events", &[Some("{}"), Some("null")]),
            rare("cnf", &[Some("{}")]),
            rare("type", &[Some(r#""org""#), Some(r#""app""#)]),
        ),
    ) {
        let claims = [of_issuer.0, of_issuer.1, of_id.0, of_id.1, of_id.2, never.0, never.1, never.2];
        let expected = reference(tokens, header, &claims);
        let told = refused(&format!(r#","tokens":"{tokens}""#), &[("typ", header)], &claims);
        prop_assert_eq!(told, expected, "{} {:?} {:?}", tokens, header, claims);
        if tokens == "access" {
            prop_assert_eq!(refused("", &[("typ", header)], &claims), reference("access", header, &claims));
        }
    }

    /// With `clients`, at least one claim names the client, and none names another.
    #[test]
    fn a_token_of_another_client_is_refused(
        own in subsequence(vec!["me", "also me", "me too"], 1..3),
        azp in select(&[
            None, Some(r#""me""#), Some(r#""also me""#), Some(r#""m\u0065""#), Some(r#""other""#), Some("1"),
            Some(r#"["me"]"#),
        ]),
        client_id in select(&[None, Some(r#""me""#), Some(r#""me too""#), Some(r#""other""#), Some("null")]),
        twice in prop::option::weighted(0.2, select(&[r#""me""#, r#""other""#])),
    ) {
        let said = [azp, client_id, twice.filter(|_| azp.is_some())];
        let text = |said: &str| match serde_json::from_str(said) {
            Ok(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        // A repeated claim names nobody.
        let by_azp = azp.map(|said| if twice.is_some() { None } else { text(said) });
        let names: Vec<Option<String>> = [by_azp, client_id.map(text)].into_iter().flatten().collect();
        let is_own = |name: &Option<String>| name.as_ref().is_some_and(|name| own.contains(&name.as_str()));
        let is_admitted = !names.is_empty() && names.iter().all(is_own);
        let claims = [("azp", said[0]), ("client_id", said[1]), ("azp", said[2])];
        let settings = format!(r#","clients":{}"#, serde_json::to_string(&own).expect("JSON"));
        let expected = (!is_admitted).then(|| "issued to another client (azp, client_id)".to_owned());
        prop_assert_eq!(refused(&settings, &[], &claims), expected, "{:?} {:?}", own, claims);
        // Without `clients` it does not matter.
        prop_assert_eq!(refused("", &[], &claims), None);
    }
}

/// Cloudflare Access never states that an address is verified, so that has to be settled where an address counts.
#[test]
fn addresses_of_cloudflare_access_need_a_setting() {
    let address = r#"{"claim":"email","domain":"corp.example"}"#;
    let end = r#"{"claim":"email","endsWith":"@corp.example"}"#;
    let group = r#"{"claim":"groups","is":"staff"}"#;
    for (issuer, name, grants, is_read) in [
        ("https://corp.cloudflareaccess.com", "sub", group, true),
        ("https://corp.cloudflareaccess.com", "email", group, false),
        ("https://corp.cloudflareaccess.com", "sub", address, false),
        ("https://corp.cloudflareaccess.com/", "sub", end, false),
        ("https://team.example", "email", address, true),
    ] {
        let config = |more: &str| {
            format!(
                r#"{{"issuer":"{issuer}","audience":"a","jwks":"https://team.example/certs","nameClaim":"{name}",
                    "grants":[{group},{grants}]{more}}}"#
            )
        };
        let policies = Policies::parse("allow GET /v2/a").expect("a policy");
        assert_eq!(Jwt::parse(&config(""), &policies).is_ok(), is_read, "{issuer} {name} {grants}");
        for settled in ["issuer", "required"] {
            let more = format!(r#","emailVerified":"{settled}""#);
            assert!(Jwt::parse(&config(&more), &policies).is_ok(), "{issuer} {name} {grants} {settled}");
        }
    }
}

#[test]
fn the_leeway_is_five_minutes_at_the_most() {
    let policies = Policies::parse("allow GET /v2/a").expect("a policy");
    for (seconds, is_read) in [(0, true), (299, true), (300, true), (301, false)] {
        let config = format!(
            r#"{{"issuer":"https://team.example","audience":"a","jwks":"https://team.example/certs",
                "leewaySeconds":{seconds},"grants":[{{"everybody":true}}]}}"#
        );
        assert_eq!(Jwt::parse(&config, &policies).is_ok(), is_read, "{seconds}");
    }
}
