//! Judging tokens that the issuer signed: tokens assembled in any order from claims that are known to be good or to
//! have a certain fault.

use attention_core::Timestamp;
use attention_gateway::authorize::jwt::Jwt;
use attention_gateway::authorize::jwt::claims::Refusal;
use attention_gateway::authorize::policy::Policies;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use proptest::sample::select;

const NOW: i64 = 1_700_000_000;
const LEEWAY: i64 = 30;
const CONFIG: &str = r#"{
    "issuer": "https://team.example", "audience": ["abc", "def"], "jwks": "https://team.example/certs",
    "nameClaim": "email", "emailVerified": "issuer", "leewaySeconds": 30,
    "grants": [
        { "claim": "groups", "is": ["admins", "owners"], "policy": "wide" },
        { "claim": "email", "endsWith": "@corp.example" }
    ]
}"#;

/// The faults, in the order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fault {
    Header,
    NoIssuer,
    NoAudience,
    NoEnd,
    Issuer,
    Audience,
    IssuedAt,
    Begin,
    EndIsNoTime,
    Ended,
    Type,
    Nobody,
}

impl Fault {
    /// The expected reason; `None` for reasons that name a claim of the configuration.
    fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::Header => Refusal::Form,
            Self::NoIssuer | Self::Issuer => Refusal::Claim("iss"),
            Self::NoAudience | Self::Audience => Refusal::Claim("aud"),
            Self::NoEnd | Self::EndIsNoTime => Refusal::Claim("exp"),
            Self::IssuedAt => Refusal::Claim("iat"),
            Self::Begin => Refusal::Claim("nbf"),
            Self::Ended => Refusal::Expired,
            Self::Type => Refusal::Type,
            Self::Nobody => return None,
        })
    }
}

/// A value's text and its fault.
type Value = (String, Option<Fault>);

/// A member: how often it occurs, with which values, and its fault.
#[derive(Clone, Debug)]
struct Member {
    name: &'static str,
    values: Vec<String>,
    fault: Option<Fault>,
}

/// A member that is present, missing or repeated; `missing` and `twice` are the faults in those cases.
fn member(
    name: &'static str,
    value: impl Strategy<Value = Value> + Clone + 'static,
    missing: Option<Fault>,
    twice: Option<Fault>,
) -> impl Strategy<Value = Member> {
    prop_oneof![
        10 => value.clone().prop_map(move |(value, fault)| Member { name, values: vec![value], fault }),
        1 => Just(Member { name, values: vec![], fault: missing }),
        1 => (value.clone(), value).prop_map(move |(one, other)| {
            Member { name, values: vec![one.0, other.0], fault: twice }
        }),
    ]
}

/// One of these texts, mostly a good one.
fn one_of(good: &'static [&str], bad: &'static [&str], fault: Fault) -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        5 => select(good).prop_map(|text| (text.to_owned(), None)),
        1 => select(bad).prop_map(move |text| (text.to_owned(), Some(fault))),
    ]
}

const NO_NUMBERS: &[&str] = &["null", "true", "\"1700000000\"", "[1700000000]", "{}", "{\"a\":1}"];

/// A time this many tenths of a second from now, in one of its spellings.
fn time(judge: fn(i64) -> Option<Fault>, no_time: Fault) -> impl Strategy<Value = Value> + Clone {
    let near = prop_oneof![-320..-280_i64, 280..320_i64, -100_000..100_000_i64];
    let spelled = (near, 0..4_u8).prop_map(move |(tenths, spelling)| {
        let at = NOW * 10 + tenths;
        let text = match spelling {
            0 => format!("{}.{}", at / 10, at % 10),
            1 => format!("{at}e-1"),
            2 => format!("{}.{:010}E+9", at / 10_000_000_000, at % 10_000_000_000),
            _ => format!("{}.{}000000", at / 10, at % 10),
        };
        (text, judge(tenths))
    });
    prop_oneof![8 => spelled, 1 => select(NO_NUMBERS).prop_map(move |text| (text.to_owned(), Some(no_time)))]
}

fn claims() -> impl Strategy<Value = Vec<Member>> {
    let issuer = one_of(
        &["\"https://team.example\"", "\"https:\\/\\/team.\\u0065xample\""],
        &["\"https://team.example/\"", "[\"https://team.example\"]", "null", "\"\"", "1"],
        Fault::Issuer,
    );
    let audience = one_of(
        &["\"abc\"", "[\"abc\"]", "[\"other\",\"def\"]", "[1,null,{},\"\\u0061bc\"]"],
        &["\"other\"", "[]", "[\"other\"]", "[[\"abc\"]]", "{\"abc\":\"abc\"}", "null", "\"abc def\""],
        Fault::Audience,
    );
    let begin = time(|tenths| (tenths > 10 * LEEWAY).then_some(Fault::Begin), Fault::Begin);
    let end = time(|tenths| (tenths <= -10 * LEEWAY).then_some(Fault::Ended), Fault::EndIsNoTime);
    let minted = time(|_| None, Fault::IssuedAt);
    let name = one_of(
        &["\"ann@corp.example\"", "\"a\\u006en@corp.example\""],
        &[
            "\"eve@other.example\"",
            "\"ann@corp.example \"",
            "\"a\\nb@corp.example\"",
            "[\"ann@corp.example\"]",
            "null",
            "\"\"",
        ],
        Fault::Nobody,
    );
    let more = one_of(&["1e5", "[[[]]]", "{\"iss\":1,\"exp\":0,\"exp\":1}", "\"\""], &["null"], Fault::Nobody);
    let more = more.prop_map(|(text, _)| (text, None));
    (
        member("iss", issuer, Some(Fault::NoIssuer), Some(Fault::NoIssuer)),
        member("aud", audience, Some(Fault::NoAudience), Some(Fault::NoAudience)),
        member("exp", end, Some(Fault::NoEnd), Some(Fault::NoEnd)),
        member("nbf", begin, None, Some(Fault::Begin)),
        member("iat", minted, None, Some(Fault::IssuedAt)),
        member("email", name, Some(Fault::Nobody), Some(Fault::Nobody)),
        member("more", more, None, None),
    )
        .prop_map(|(a, b, c, d, e, f, g)| vec![a, b, c, d, e, f, g])
}

/// An object with these members, in the order given by the numbers.
fn object(members: &[Member], order: &[u8]) -> String {
    let values = members.iter().flat_map(|member| member.values.iter().map(|value| (member.name, value)));
    let mut list: Vec<_> = values.zip(order.iter().cycle()).collect();
    list.sort_by_key(|(_, key)| **key);
    let list: Vec<_> = list.iter().map(|((name, value), _)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", list.join(","))
}

fn token(header: &str, payload: &str) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    format!("{}.{}.{}", part(header), part(payload), part("fake"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn the_first_fault_is_reported_and_a_valid_token_is_accepted(
        claims in claims(),
        typ in member(
            "typ",
            one_of(
                &["\"JWT\"", "\"jwt\"", "\"at+jwt\"", "\"application/AT+jwt\""],
                &["\"logout+jwt\"", "\"Secevent+JWT\"", "\"stat+jwt\"", "\"\"", "\"x\"", "null", "1", "[\"JWT\"]"],
                Fault::Type,
            ),
            None,
            Some(Fault::Header),
        ),
        order in proptest::collection::vec(any::<u8>(), 7..14),
        millis in 0..1_000_u64,
    ) {
        let policies = Policies::parse("allow GET /v2/a\n[wide]\nallow * /**").unwrap();
        let jwt = Jwt::parse(CONFIG, &policies).unwrap();
        let alg = Member { name: "alg", values: vec!["\"RS256\"".to_owned()], fault: None };
        let header = [alg, typ];
        let token = token(&object(&header, &order), &object(&claims, &order));
        let now = Timestamp::from_unix_millis(u64::try_from(NOW).unwrap() * 1_000 + millis);
        let judged = jwt.judge(&token, now).map(|admitted| (admitted.name, admitted.policy));
        let fault = claims.iter().chain(&header).filter_map(|member| member.fault).min();
        let told = format!("{header:?} {claims:?}");
        match (judged, fault.map(Fault::refusal)) {
            (judged, None) => prop_assert_eq!(judged, Ok(("ann@corp.example".to_owned(), "default")), "{}", told),
            (judged, Some(Some(refusal))) => prop_assert_eq!(judged, Err(refusal), "{}", told),
            (judged, Some(None)) => {
                let is_of_nobody = matches!(judged, Err(Refusal::NoName(_) | Refusal::NoGrant(_)));
                prop_assert!(is_of_nobody, "{:?} {}", judged, told);
            }
        }
    }

    #[test]
    fn a_grant_whose_claim_is_repeated_ends_the_search(
        groups in proptest::collection::vec(select(&["\"admins\"", "[\"owners\"]", "[]", "[\"x\"]", "1"][..]), 0..4),
        order in proptest::collection::vec(any::<u8>(), 4..8),
    ) {
        let policies = Policies::parse("allow GET /v2/a\n[wide]\nallow * /**").unwrap();
        let jwt = Jwt::parse(CONFIG, &policies).unwrap();
        let member = |name, values: &[&str]| {
            Member { name, values: values.iter().map(|value| (*value).to_owned()).collect(), fault: None }
        };
        let claims = [
            member("iss", &["\"https://team.example\""]),
            member("aud", &["\"abc\""]),
            member("exp", &["1800000000"]),
            member("email", &["\"ann@corp.example\""]),
            member("groups", &groups),
        ];
        let token = token("{\"alg\":\"RS256\"}", &object(&claims, &order));
        let judged = jwt.judge(&token, Timestamp::from_unix_seconds(u64::try_from(NOW).unwrap()));
        let expected = match groups[..] {
            ["\"admins\"" | "[\"owners\"]"] => Ok("wide"),
            [] | [_] => Ok("default"),
            _ => Err(Refusal::NoGrant("[0] `groups` is duplicated".to_owned())),
        };
        prop_assert_eq!(judged.map(|admitted| admitted.policy), expected);
    }

    // For anything that a key of the issuer may have signed.
    #[test]
    fn no_token_causes_a_panic(
        token in "[\\PC]{0,40}|[A-Za-z0-9_.=-]{0,80}",
        payload in "[\\PC\\x00-\\x1f]{0,40}",
        bytes: Vec<u8>,
    ) {
        let jwt = Jwt::parse(CONFIG, &Policies::parse("[wide]").unwrap()).unwrap();
        let now = Timestamp::from_unix_millis(u64::MAX);
        prop_assert!(jwt.judge(&token, now).is_err());
        let part = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
        for header in [&b"{}"[..], &bytes, payload.as_bytes()] {
            for payload in [payload.as_bytes(), &bytes] {
                let token = [&part(header), ".", &part(payload), "."].concat();
                prop_assert!(jwt.judge(&token, now).is_err());
            }
        }
    }
}
