//! Grants: random grants and claims, judged by another JSON parser with rules written the other way round. And names:
//! whatever an issuer calls somebody.

use std::collections::BTreeMap;

use attention_core::Timestamp;
use attention_gateway::authorize::jwt::Jwt;
use attention_gateway::authorize::jwt::claims::Refusal;
use attention_gateway::authorize::policy::Policies;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn token(claims: &Value) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims.to_string()), part("fake"))
}

fn config(grants: &Value, more: &Value) -> String {
    let mut config = json!({
        "issuer": "https://team.example", "audience": "abc", "jwks": "https://team.example/certs", "grants": grants,
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config.to_string()
}

fn policies() -> Policies {
    Policies::parse("allow GET /v2/a\n[p0]\nallow GET /v2/b\n[p1]\nallow GET /v2/c\n[p2]\nallow GET /v2/d").unwrap()
}

/// A condition's members.
fn condition() -> impl Strategy<Value = Value> {
    let claim = select(vec!["email", "groups", "scope", "scp", "flag", "level", "https://corp.example/role"]);
    let is = prop_oneof![
        select(vec![
            json!("admins"),
            json!("attention.read"),
            json!("true"),
            json!("false"),
            json!("7"),
            json!("x@corp.example")
        ]),
        select(vec![json!(true), json!(false), json!(7), json!(0)]),
        Just(json!(["staff", 7, true])),
    ];
    let test = prop_oneof![
        3 => is.prop_map(|is| json!({ "is": is })),
        1 => select(vec!["@corp.example", ".read", "/x", ":admins"]).prop_map(|end| json!({ "endsWith": end })),
        2 => select(vec![json!("corp.example"), json!("@Corp.Example"), json!(["other.example", "sub.corp.example"])])
            .prop_map(|domain| json!({ "domain": domain })),
    ];
    (claim, test).prop_map(|(claim, test)| {
        let mut condition = test;
        condition["claim"] = json!(claim);
        condition
    })
}

fn grants() -> impl Strategy<Value = Vec<Value>> {
    let grant =
        prop_oneof![condition(), prop::collection::vec(condition(), 1..4).prop_map(|all| json!({ "all": all })),];
    (prop::collection::vec(grant, 1..4), any::<bool>()).prop_map(|(mut grants, everybody)| {
        if everybody && grants.len() < 3 {
            grants.push(json!({ "everybody": true }));
        }
        for (index, grant) in grants.iter_mut().enumerate() {
            grant["policy"] = json!(format!("p{index}"));
        }
        grants.truncate(3);
        grants
    })
}

fn claim_values() -> impl Strategy<Value = Value> {
    let text = select(vec![
        "admins",
        "staff",
        "attention.read",
        "openid attention.read",
        "attention.reads x.read",
        "a:admins",
        "y/x",
        "true",
        "7",
        "",
        " ",
        "x@corp.example",
        "X@CORP.example",
        "x@sub.corp.example",
        "x@y@corp.example",
        "@corp.example",
        "x@corp.example ",
        "x y@corp.example",
        "\"x@corp.example",
        "z\u{fc}@corp.example",
        "corp.example",
        "x@other.example",
        "x@notcorp.example",
        "x@corp.example.",
        "x\n@corp.example",
    ]);
    let scalar = prop_oneof![
        6 => text.prop_map(|text| json!(text)),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => select(vec![json!(7), json!(0), json!(-7), json!(7.5), json!(null)]),
    ];
    prop_oneof![
        3 => scalar.clone(),
        1 => prop::collection::vec(scalar.clone(), 0..4).prop_map(Value::Array),
        1 => scalar.prop_map(|value| json!([[value]])),
        1 => Just(json!({ "admins": true })),
    ]
}

/// The granted policy, according to `serde_json` and the documentation.
fn reference(grants: &[Value], claims: &BTreeMap<String, Value>, vouches: bool) -> Option<String> {
    let verified = match claims.get("email_verified") {
        None => vouches,
        Some(said) => *said == json!(true) || *said == json!("true"),
    };
    let domain = |text: &str| {
        let parts: Vec<&str> = text.split('@').collect();
        let odd = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>[]\\".contains(c);
        match parts[..] {
            [local, domain] if !local.is_empty() && !local.contains(odd) && !domain.is_empty() => {
                let plain = domain.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
                (plain && domain.split('.').all(|label| !label.is_empty())).then(|| domain.to_lowercase())
            }
            _ => None,
        }
    };
    let holds = |condition: &Value| {
        let name = condition["claim"].as_str().unwrap();
        let mut candidates: Vec<Value> = match claims.get(name) {
            None => return false,
            Some(Value::Array(list)) => list.clone(),
            Some(value) => vec![value.clone()],
        };
        if name == "scope" || name == "scp" {
            candidates = candidates
                .into_iter()
                .flat_map(|value| match value.as_str() {
                    Some(text) => text.split(' ').map(|part| json!(part)).collect(),
                    None => vec![value],
                })
                .collect();
        }
        let fits = candidates.iter().any(|candidate| {
            if let Some(is) = condition.get("is") {
                let wanted = is.as_array().cloned().unwrap_or_else(|| vec![is.clone()]);
                return wanted.contains(candidate)
                    || candidate.as_bool().is_some_and(|flag| wanted.contains(&json!(flag.to_string())));
            }
            let Some(text) = candidate.as_str() else { return false };
            if let Some(end) = condition.get("endsWith").and_then(Value::as_str) {
                return text.ends_with(end) && (!end.contains('@') || (text.is_ascii() && domain(text).is_some()));
            }
            let wanted = &condition["domain"];
            let wanted = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
            domain(text).is_some_and(|own| {
                wanted.iter().any(|wanted| wanted.as_str().unwrap().trim_start_matches('@').to_lowercase() == own)
            })
        });
        // An email address counts as one in whichever claim it is required.
        let ends = condition.get("endsWith").and_then(Value::as_str).unwrap_or_default();
        let is_address = name == "email" || condition.get("domain").is_some() || ends.contains('@');
        fits && (!is_address || verified)
    };
    let grant = grants.iter().find(|grant| match (grant.get("all"), grant.get("claim")) {
        (Some(all), _) => all.as_array().unwrap().iter().all(holds),
        (None, Some(_)) => holds(grant),
        (None, None) => true,
    });
    grant.map(|grant| grant["policy"].as_str().unwrap().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn grants_agree_with_another_reader(
        grants in grants(),
        more in prop::collection::btree_map(
            select(vec!["email", "groups", "scope", "scp", "flag", "level", "https://corp.example/role"]),
            claim_values(),
            0..7,
        ),
        verified in prop::option::of(select(vec![
            json!(true),
            json!(false),
            json!("true"),
            json!("false"),
            json!("TRUE"),
            json!(1),
            json!(null),
            json!([true]),
        ])),
        said in select(vec![None, Some("required"), Some("issuer"), Some("ifPresent")]),
    ) {
        let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
        let mut claims: BTreeMap<String, Value> = more.into_iter().map(owned).collect();
        if let Some(verified) = verified {
            claims.insert("email_verified".to_owned(), verified);
        }
        let more = said.map_or_else(|| json!({}), |said| json!({ "emailVerified": said }));
        let config = config(&json!(grants), &more);
        let policies = policies();
        let jwt = Jwt::parse(&config, &policies).unwrap();
        let expected = reference(&grants, &claims, matches!(said, Some("issuer" | "ifPresent")));
        let mut payload = json!({ "iss": "https://team.example", "aud": "abc", "exp": 1_800_000_000 });
        payload["sub"] = json!("auth0|1");
        payload.as_object_mut().unwrap().extend(claims);
        match jwt.judge(&token(&payload), NOW) {
            Ok(admitted) => {
                prop_assert_eq!(Some(admitted.policy), expected.as_deref(), "{} {}", config, payload);
                prop_assert_eq!(admitted.name, "auth0|1");
            }
            Err(Refusal::NoGrant(why)) => {
                prop_assert_eq!(expected, None, "{} {}", config, payload);
                // It names claims of the configuration, never values of the token.
                prop_assert!(!why.contains('@') && !why.contains("attention.read"), "{why}");
            }
            Err(other) => prop_assert!(false, "{other:?} {payload}"),
        }
    }

    #[test]
    fn every_caller_of_an_issuer_has_a_distinct_name(
        names in prop::collection::hash_set(
            "[ -~]{1,20}|[\\PC\\n\\t\u{202e}\u{200b}\u{2028}]{1,12}|[a-z|:/@.]{200,400}",
            2..12,
        ),
    ) {
        let config = config(&json!([{ "everybody": true }]), &json!({}));
        let policies = policies();
        let jwt = Jwt::parse(&config, &policies).unwrap();
        let mut given = BTreeMap::new();
        for name in names.into_iter().filter(|name| !name.contains('\u{fffd}')) {
            let payload = json!({ "iss": "https://team.example", "aud": "abc", "exp": 1_800_000_000, "sub": name });
            let own = jwt.judge(&token(&payload), NOW).map(|admitted| admitted.name);
            let own = own.map_err(|refusal| TestCaseError::fail(format!("{name:?}: {refusal:?}")))?;
            prop_assert!(own == name || (own.starts_with("sha256:") && own.len() == 39), "{name:?} {own:?}");
            // Printable ASCII of ordinary length is kept unchanged.
            let is_usual = name.len() <= 255 && name.bytes().all(|b| b.is_ascii_graphic());
            prop_assert!(!is_usual || own == name || name.starts_with("sha256:"));
            prop_assert!(given.insert(own, name).is_none());
        }
    }
}

/// The log line's reason for which a token is refused, or the caller's name.
fn outcome(grants: &Value, more: &Value, claims: &Value) -> String {
    let jwt = Jwt::parse(&config(grants, more), &policies()).expect("a configuration");
    let mut whole = json!({ "iss": "https://team.example", "aud": "abc", "exp": NOW.as_unix_millis() / 1000 + 60 });
    whole.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    match jwt.judge(&token(&whole), NOW) {
        Ok(admitted) => admitted.name,
        Err(refusal) => refusal.reason(),
    }
}

/// Nobody can call himself as another claim would call somebody else.
#[test]
fn a_name_that_looks_like_another_claims_is_another_name() {
    let (everybody, more) =
        (json!([{ "everybody": true }]), json!({ "nameClaim": ["sub", "email"], "emailVerified": "issuer" }));
    let ann = outcome(&everybody, &more, &json!({ "email": "ann@corp.example" }));
    assert_eq!(ann, "email:ann@corp.example");
    let other = outcome(&everybody, &more, &json!({ "sub": "email:ann@corp.example" }));
    assert!(other != ann && !other.contains("no name") && !other.is_empty(), "{other}");
    assert_eq!(outcome(&everybody, &more, &json!({ "sub": "emails:ann" })), "emails:ann");
    assert_eq!(outcome(&everybody, &more, &json!({ "sub": "" })), "no name: `sub` is empty or cannot be read");
}

#[test]
fn the_log_says_why_an_address_is_not_accepted() {
    let grants = json!([{ "claim": "email", "domain": "corp.example" }]);
    let address = |more: Value| {
        let mut claims = json!({ "sub": "ann", "email": "ann@corp.example" });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        outcome(&grants, &json!({ "nameClaim": "sub" }), &claims)
    };
    assert_eq!(address(json!({ "email_verified": true })), "ann");
    let unsaid = address(json!({}));
    assert!(unsaid.contains("the address is not verified: `email_verified` is not there"), "{unsaid}");
    let denied = address(json!({ "email_verified": false }));
    assert!(denied.contains("the address is not verified: `email_verified` is not true"), "{denied}");
}

/// Whole ends of texts; an end with an `@` is that of an address, which has one.
#[test]
fn the_ends_of_texts_and_of_addresses_are_compared() {
    let admits = |test: Value, claim: &str, value: &str| {
        let mut grant = test;
        grant["claim"] = json!(claim);
        let more = json!({ "nameClaim": "sub", "emailVerified": "issuer" });
        outcome(&json!([grant]), &more, &json!({ "sub": "ann", claim: value })) == "ann"
    };
    for (end, value, fits) in [
        (".read", "attention.read", true),
        (".read", "a b.read", true),
        (".read", "attention.reads", false),
        ("@corp.example", "ann@corp.example", true),
        ("@corp.example", "eve@other.example@corp.example", false),
        ("@corp.example", "\u{e9}@corp.example", false),
        ("@corp.example", "a\u{0}b@corp.example", false),
        ("@corp.example", "a\u{7f}@corp.example", false),
        ("@corp.example", "@corp.example", false),
    ] {
        assert_eq!(admits(json!({ "endsWith": end }), "groups", value), fits, "{end} {value:?}");
    }
    // An address has 254 bytes at the most (RFC 5321), and a domain's label 63.
    let label = "d".repeat(63);
    for (local, fits) in [(1, true), (254 - 64 * 3 - 8, true), (254 - 64 * 3 - 7, false)] {
        let domain = format!("{label}.{label}.{label}.example");
        let address = format!("{}@{domain}", "a".repeat(local));
        assert_eq!(admits(json!({ "domain": domain }), "email", &address), fits, "{} bytes", address.len());
    }
    let long = format!("{label}d.example");
    let more = json!({ "nameClaim": "sub", "emailVerified": "issuer" });
    for (domain, is_read) in [
        (format!("{label}.example"), true),
        (long, false),
        ([&*label, &label, &label, &"d".repeat(62)].join("."), true),
        ([&*label; 4].join("."), false),
    ] {
        let grants = json!([{ "claim": "email", "domain": domain }]);
        assert_eq!(Jwt::parse(&config(&grants, &more), &policies()).is_ok(), is_read, "{} bytes", domain.len());
    }
}
