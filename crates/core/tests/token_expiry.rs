//! The expiry that a caller token claims: tokens assembled from parts with known claims.

use attention_core::CallerToken;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use proptest::sample::select;

/// An `exp` as written, and the seconds it means in a session and in a JWT.
type End = (&'static str, Option<u64>, Option<u64>);

const ENDS: [End; 14] = [
    ("1700000900", Some(1_700_000_900), Some(1_700_000_900)),
    ("0", Some(0), Some(0)),
    ("999999999999", Some(999_999_999_999), Some(999_999_999_999)),
    // A session's has digits only; a JWT's (RFC 7519 §2, NumericDate) may have a fraction.
    ("1700000900.5", None, Some(1_700_000_900)),
    // Beyond any calendar: a session's expiry is used as it is, a JWT's is ignored.
    ("1000000000000", Some(1_000_000_000_000), None),
    ("1.7e9", None, None),
    ("-1", None, None),
    ("18446744073709551616", None, None),
    ("\"1700000900\"", None, None),
    ("null", None, None),
    ("true", None, None),
    ("[1700000900]", None, None),
    ("{\"exp\":1700000900}", None, None),
    ("017", None, None),
];

/// A payload and its expiries; none if it is not an object.
#[derive(Clone, Debug)]
struct Payload {
    text: String,
    ends: Vec<End>,
}

fn payload() -> impl Strategy<Value = Payload> {
    let end = (select(&ENDS[..]), select(vec!["\"exp\"", "\"e\\u0078p\"", " \"exp\"\t"]))
        .prop_map(|(end, name)| (format!("{name}:{}", end.0), Some(end)));
    let other = select(vec!["\"sub\":\"shop\"", "\"nested\":{\"exp\":1}", "\"EXP\":1", "\"\":[\"exp\",1]"])
        .prop_map(|member| (member.to_owned(), None));
    let whole = prop::collection::vec(prop_oneof![end, other], 0..4).prop_map(|members| {
        let texts: Vec<&str> = members.iter().map(|(text, _)| text.as_str()).collect();
        let text = format!("{{{}}}", texts.join(","));
        Payload { text, ends: members.iter().filter_map(|(_, end)| *end).collect() }
    });
    let broken = (whole.clone(), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(whole, at, is_cut)| {
        let at = at.index(whole.text.len());
        let text = if is_cut { whole.text[..at].to_owned() } else { format!("{},", whole.text) };
        Payload { text, ends: Vec::new() }
    });
    let odd = select(vec!["", "[]", "null", "{}{}", "\"x\"", "1700000900"])
        .prop_map(|text| Payload { text: text.to_owned(), ends: Vec::new() });
    prop_oneof![8 => whole, 1 => broken, 1 => odd]
}

fn encoded(text: &str) -> String {
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Session,
    Jwt,
    Neither,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    #[test]
    fn a_token_expires_at_its_only_exp(
        (first, form) in prop_oneof![
            3 => Just(("s1".to_owned(), Form::Session)),
            3 => select(vec!["{\"alg\":\"none\"}", " {}"]).prop_map(|header| (encoded(header), Form::Jwt)),
            1 => select(vec!["s0", "s2", "S1", "s01", "s1s1", "W10", "bnVsbA"])
                .prop_map(|first| (first.to_owned(), Form::Neither)),
        ],
        payload in payload(),
        is_padded in prop::bool::weighted(0.1),
        (rest, has_three_parts) in select(vec![(".not-a-signature", true), (".x", true), ("", false), (".a.b", false)]),
    ) {
        let padding = if is_padded { "=" } else { "" };
        let token = format!("{first}.{}{padding}{rest}", encoded(&payload.text));
        // A text that cannot be sent in a header is rejected before its expiry is read.
        let Ok(parsed) = CallerToken::parse(&token) else { return Ok(()) };
        let expected = match (payload.ends.as_slice(), form) {
            _ if !has_three_parts => None,
            // A number that is not valid JSON invalidates the whole payload.
            (ends, _) if ends.iter().any(|end| end.0 == "017") => None,
            ([(_, seconds, _)], Form::Session) if !is_padded => *seconds,
            ([(_, _, seconds)], Form::Jwt) => *seconds,
            _ => None,
        };
        prop_assert_eq!(parsed.expires_at().map(|at| at.as_unix_millis() / 1000), expected, "{}", payload.text);
    }
}
