//! Keys are found regardless of the chunks in which a text arrives. Ordinary JWTs and the files of this repository are
//! not reported as keys, and no finding contains a key.

use std::fs;
use std::path::{Path, PathBuf};

use attention_core::ApiKey;
use attention_core::credential::TokenDigest;
use attention_core::credential::lifecycle::leak::{Confidence, Evidence, Known, Leak, Scanner, scan};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use serde_json::json;

/// A JWT like those of an issuer, with a random signature of the algorithm's length. It is assembled here so that no
/// file of the repository contains anything that looks like a key.
fn jwt(algorithm: &str, subject: &str, seed: u64) -> String {
    let bytes = match algorithm {
        "HS256" => 32,
        "HS512" | "ES256" => 64,
        "RS256" => 256,
        _ => 0,
    };
    // A generator that is independent of the code under test.
    let mut state = seed | 1;
    let signature: Vec<u8> = (0..bytes)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[1]
        })
        .collect();
    let part = |value: serde_json::Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let head = part(json!({ "alg": algorithm, "typ": "JWT" }));
    let claims = part(json!({ "sub": subject, "iat": 1_700_000_000 + seed % 1000 }));
    format!("{head}.{claims}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn fingerprint(text: &str) -> attention_core::credential::Fingerprint {
    ApiKey::parse(text).expect("a key").fingerprint()
}

fn in_chunks(text: &[u8], sizes: &[usize], known: &[Known]) -> Vec<Leak> {
    let mut scanner = Scanner::new(known);
    let mut found = Vec::new();
    let mut rest = text;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let (chunk, more) = rest.split_at((*sizes.next().unwrap_or(&1)).clamp(1, rest.len()));
        found.extend(scanner.feed(chunk));
        rest = more;
    }
    found.extend(scanner.finish());
    found
}

/// A piece of a text. The reference knows its meaning without parsing it.
#[derive(Clone, Debug)]
enum Piece {
    Name(String),
    Word(String),
    Host,
    Bearer,
    Filler(String),
    Jwt { text: String, fake: bool },
    Known(String),
}

impl Piece {
    fn text(&self) -> &str {
        match self {
            Self::Name(text) | Self::Word(text) | Self::Filler(text) | Self::Jwt { text, .. } | Self::Known(text) => {
                text
            }
            Self::Host => "api.attention.tech",
            Self::Bearer => "Bearer",
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        "(ATTENTION_API_KEY|attentionApiKey|ATTENTION_API_KEY_NEXT|prod-attention-api-key|Attention_Token)"
            .prop_map(Piece::Name),
        "(attention|ATTENTION_URL|attention-wasm|docs\\.attention\\.com|useAttention)".prop_map(Piece::Word),
        Just(Piece::Host),
        Just(Piece::Bearer),
        "[a-z]{1,12}|[a-z ,;()\u{e9}\u{1f600}\n]{1,160}|[a-z\n ]{200,700}".prop_map(Piece::Filler),
        ("(HS256|HS512|ES256|RS256)", "[a-z]{4,20}-0", any::<u64>())
            .prop_map(|(algorithm, subject, seed)| Piece::Jwt { text: jwt(&algorithm, &subject, seed), fake: false }),
        ("(HS256|none)", "(fake-user|user@example\\.com|[a-z]{4}-0)", any::<u64>()).prop_map(
            |(algorithm, subject, seed)| {
                let text = jwt(&algorithm, &subject, seed);
                Piece::Jwt { fake: algorithm == "none" || !subject.ends_with("-0"), text }
            }
        ),
        "fake-known-key-[0-9]{4}".prop_map(Piece::Known),
    ]
}

/// Separates two pieces: nothing that is part of a word.
fn separator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["=", ": ", "=\"", "\": \"", " ", "\n", "\r\n", "/", "' ", "\u{e9}", "://", ">\n  "][..])
}

#[derive(Debug)]
struct Expected {
    line: usize,
    column: usize,
    length: usize,
    evidence: Evidence,
    confidence: Confidence,
}

/// The expected findings, computed from the positions of the pieces; distances in characters.
fn reference(pieces: &[(Piece, &'static str)], known: &[String]) -> Vec<Expected> {
    let mut at = 0;
    let mut placed = Vec::new();
    let mut text = String::new();
    for (piece, separator) in pieces {
        let length = piece.text().chars().count();
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        placed.push((piece, at, at + length, line, column));
        text.push_str(piece.text());
        text.push_str(separator);
        at += length + separator.chars().count();
    }
    let before = |start: usize, reach: usize, is: &dyn Fn(&Piece) -> bool| {
        placed.iter().any(|(piece, _, end, ..)| is(piece) && *end <= start && start - *end <= reach)
    };
    let mut found = Vec::new();
    for (piece, start, end, line, column) in &placed {
        let is_known = known.iter().any(|known| known == piece.text());
        let bearer = before(*start, 8, &|piece| matches!(piece, Piece::Bearer));
        let host = before(*start, 512, &|piece| matches!(piece, Piece::Host))
            || placed
                .iter()
                .any(|(piece, from, ..)| matches!(piece, Piece::Host) && *from >= *end && from - end <= 512);
        let evidence = match piece {
            Piece::Jwt { .. } | Piece::Known(_) if is_known => Some(Evidence::Known),
            Piece::Jwt { .. } if before(*start, 96, &|piece| matches!(piece, Piece::Name(_))) => Some(Evidence::Name),
            Piece::Jwt { .. } if host && bearer => Some(Evidence::Request),
            Piece::Jwt { .. } if host => Some(Evidence::Host),
            Piece::Jwt { .. } => {
                before(*start, 128, &|piece| matches!(piece, Piece::Name(_) | Piece::Word(_) | Piece::Host))
                    .then_some(Evidence::Word)
            }
            _ => None,
        };
        let Some(evidence) = evidence else { continue };
        let confidence = match (piece, evidence) {
            (Piece::Jwt { .. }, Evidence::Known) => Confidence::Certain,
            (_, Evidence::Known) => Confidence::Likely,
            (Piece::Jwt { fake: true, .. }, _) => Confidence::Placeholder,
            (_, Evidence::Name | Evidence::Request) => Confidence::Likely,
            (_, Evidence::Host | Evidence::Word) => Confidence::Possible,
        };
        found.push(Expected { line: *line, column: *column, length: end - start, evidence, confidence });
    }
    found
}

fn written(pieces: &[(Piece, &'static str)]) -> String {
    pieces.iter().flat_map(|(piece, separator)| [piece.text(), *separator]).collect()
}

/// Every second key of those that can be known.
fn known_of(pieces: &[(Piece, &'static str)]) -> Vec<String> {
    let can = pieces.iter().filter(|(piece, _)| matches!(piece, Piece::Jwt { .. } | Piece::Known(_)));
    can.step_by(2).map(|(piece, _)| piece.text().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_match_the_documented_table(pieces in prop::collection::vec((piece(), separator()), 0..14)) {
        let (text, known) = (written(&pieces), known_of(&pieces));
        let hashes: Vec<Known> = known.iter().map(|key| Known::Fingerprint(fingerprint(key))).collect();
        let found = scan(text.as_bytes(), &hashes);
        let expected = reference(&pieces, &known);
        prop_assert_eq!(found.len(), expected.len(), "{:?}\n{:?}\n{}", found, expected, text);
        for (leak, expected) in found.iter().zip(&expected) {
            prop_assert_eq!(
                (leak.line, leak.column, leak.length, leak.evidence, leak.confidence),
                (expected.line, expected.column, expected.length, expected.evidence, expected.confidence),
                "{}", text
            );
        }
        // A digest proves a key, where a fingerprint only makes it likely.
        let digests: Vec<Known> = known.iter().map(|key| Known::Digest(TokenDigest::of(key))).collect();
        for (by_digest, leak) in scan(text.as_bytes(), &digests).iter().zip(&found) {
            let is_known = leak.evidence == Evidence::Known;
            prop_assert_eq!(by_digest.confidence, if is_known { Confidence::Certain } else { leak.confidence });
        }
    }

    #[test]
    fn chunk_boundaries_make_no_difference(
        pieces in prop::collection::vec((piece(), separator()), 0..10),
        sizes in prop::collection::vec(1..200_usize, 1..6),
    ) {
        let (text, known) = (written(&pieces), known_of(&pieces));
        let hashes: Vec<Known> = known.iter().map(|key| Known::Fingerprint(fingerprint(key))).collect();
        let whole = scan(text.as_bytes(), &hashes);
        prop_assert_eq!(&in_chunks(text.as_bytes(), &sizes, &hashes), &whole);
        prop_assert_eq!(&in_chunks(text.as_bytes(), &[1], &hashes), &whole);
    }

    #[test]
    fn utf16_is_read_too(pieces in prop::collection::vec((piece(), separator()), 0..8)) {
        let text: String = written(&pieces).chars().map(|c| if c.is_ascii() { c } else { '-' }).collect();
        let low_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let high_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let whole = scan(text.as_bytes(), &[]);
        prop_assert_eq!(&scan(&low_first, &[]), &whole);
        prop_assert_eq!(&scan(&high_first, &[]), &whole);
    }

    #[test]
    fn any_bytes_are_read(
        bytes: Vec<u8>,
        words in "([a-zA-Z0-9_.=/+~-]|eyJ|\\.|ATTENTION_API_KEY=){0,400}",
        size in 1..40_usize,
    ) {
        for text in [bytes.as_slice(), words.as_bytes()] {
            prop_assert_eq!(in_chunks(text, &[size], &[]), scan(text, &[]));
        }
    }

    #[test]
    fn no_finding_shows_a_key(seed: u64, subject in "[a-z]{8,20}-0", cut in 0..100_usize) {
        let key = jwt("HS256", &subject, seed);
        let text = format!("ATTENTION_API_KEY={key}\n");
        let known = [Known::Digest(TokenDigest::of(&key)), Known::Fingerprint(fingerprint(&key))];
        let mut scanner = Scanner::new(&known);
        let mut found = scanner.feed(&text.as_bytes()[..cut]);
        let held = format!("{scanner:?} {scanner:#?}");
        found.extend(scanner.feed(&text.as_bytes()[cut..]));
        found.extend(scanner.finish());
        let told = found.iter().fold(String::new(), |told, leak| format!("{told} {leak} {leak:?} {}", leak.to_json()));
        prop_assert_eq!(found.len(), 1);
        for part in key.split('.').chain([key.as_str()]) {
            let shown = part.as_bytes().windows(10).any(|part| {
                let part = str::from_utf8(part).expect("ASCII");
                held.contains(part) || told.contains(part)
            });
            prop_assert!(!shown, "{} {}", held, told);
        }
    }
}

proptest! {
    // Each of these texts is long.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 32, ..ProptestConfig::default() })]

    /// Keys are found in an unbroken run that is longer than the window.
    #[test]
    fn keys_are_found_in_long_runs(
        before in 0..40_000_usize,
        after in 0..40_000_usize,
        seed: u64,
        separator in "[/+~=.]",
        size in 1..5_000_usize,
    ) {
        let key = jwt("HS256", "user-0", seed);
        let known = [Known::Fingerprint(fingerprint(&key))];
        let text = format!("{}{separator}{key}{separator}{}", "b".repeat(before), "c".repeat(after));
        let found = scan(text.as_bytes(), &known);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].column, found[0].length), (before + 2, key.len()));
        prop_assert_eq!(found[0].confidence, Confidence::Certain);
        prop_assert_eq!(in_chunks(text.as_bytes(), &[size], &known), found);
    }
}

/// Tokens as they occur in files unrelated to Attention.
#[test]
fn ordinary_jwts_are_not_reported() {
    let tokens: Vec<String> = (0..40)
        .map(|seed| jwt(["HS256", "HS512", "ES256", "RS256"][seed % 4], "7c1e-user-0", seed as u64 * 7_919))
        .collect();
    for token in &tokens {
        for text in [
            format!("Cookie: session={token}; Path=/; HttpOnly"),
            format!("set-cookie: __Host-token={token}"),
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#),
            format!("SUPABASE_ANON_KEY={token}\nDATABASE_URL=postgres://localhost"),
            format!("curl -H 'Authorization: Bearer {token}' https://api.example.com/v2/users"),
            format!(r#"!function(e){{var t="{token}";e.exports=t}}(module);//# sourceMappingURL=x.js.map"#),
            format!("<a href=\"https://example.com/login?token={token}\">"),
            // The same letters in another word.
            format!("attenuation: {token}"),
            // Too far from a word that would be evidence.
            format!("attention! {} {token}", "lorem ipsum ".repeat(12)),
        ] {
            assert_eq!(scan(text.as_bytes(), &[]), [], "{}", &text[..40]);
        }
    }
}

/// The samples that documentation shows in place of a key.
#[test]
fn samples_are_placeholders() {
    let part = |value: &str| Base64UrlUnpadded::encode_string(value.as_bytes());
    // The sample of jwt.io with another signature.
    let claims = part(r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#);
    let real = jwt("HS256", "user-0", 7);
    let (body, signature) = real.rsplit_once('.').expect("a JWT");
    for token in [
        format!("{}.{claims}.{signature}", part(r#"{"alg":"HS256","typ":"JWT"}"#)),
        jwt("none", "user-0", 1),
        jwt("HS256", "fake-user", 1),
        jwt("HS256", "someone@example.com", 1),
        format!("{body}.signature"),
        format!("{body}.{}", "x".repeat(43)),
        format!("{body}.{}...", &signature[..12]),
        format!("{body}.fake-signature-fake-signature-fake-signature"),
    ] {
        let found = scan(format!("ATTENTION_API_KEY={token}").as_bytes(), &[]);
        assert_eq!(found.len(), 1, "{token}");
        assert_eq!(found[0].confidence, Confidence::Placeholder, "{token}");
    }
    // A known hash overrides the evidence that it is fake.
    let fake = jwt("none", "fake-user", 1);
    let found = scan(fake.as_bytes(), &[Known::Digest(TokenDigest::of(&fake))]);
    assert_eq!(found[0].confidence, Confidence::Certain);
}

#[test]
fn keys_are_found_in_the_usual_places() {
    let key = jwt("HS256", "user-0", 11);
    for (text, evidence) in [
        (format!("ATTENTION_API_KEY={key}"), Evidence::Name),
        (format!("export ATTENTION_API_KEY=\"{key}\"\r\n"), Evidence::Name),
        (format!("      - name: ATTENTION_API_KEY\n        value: {key}\n"), Evidence::Name),
        (format!("const c = new Attention({{ apiKey: '{key}' }})"), Evidence::Word),
        (format!("const key = process.env.ATTENTION_API_KEY ?? `{key}`;"), Evidence::Name),
        (format!("attentionApiKey: {key}."), Evidence::Name),
        (format!("{{\"env\":\"A=1\\nATTENTION_API_KEY=\\n{key}\"}}"), Evidence::Name),
        (format!("curl https://api.attention.tech/v2/users \\\n  -H 'Authorization: Bearer {key}'"), Evidence::Request),
        (format!("curl -H \"Authorization: Bearer {key}\" https://api.attention.tech/v2/users"), Evidence::Request),
        (
            format!("fetch('https://api.attention.tech/v2', {{ headers: {{ Authorization: '{key}' }} }})"),
            Evidence::Host,
        ),
    ] {
        let found = scan(text.as_bytes(), &[]);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].evidence, evidence, "{text}");
        assert_eq!(found[0].fingerprint, fingerprint(&key), "{text}");
        assert_eq!(found[0].length, key.len());
        let before = &text[..text.find(&key).unwrap()];
        assert_eq!(found[0].line, before.matches('\n').count() + 1);
        assert_eq!(found[0].column, before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1);
    }
}

/// Hundreds of thousands of characters that look like beginnings of keys are read in linear time and bounded memory. A
/// quadratic scanner would take hours.
#[test]
fn hostile_texts_are_read_in_linear_time() {
    for pattern in
        ["eyJ", "eyJ.", "eyJhbGciOiJIUzI1NiJ9.", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.", "a.", "=", "a=", ".", "A"]
    {
        let text = pattern.repeat(300_000 / pattern.len());
        assert_eq!(scan(text.as_bytes(), &[Known::Fingerprint(fingerprint("fake-known-key"))]), []);
    }
}

/// A JWT with this header and these claims, and a signature of so many characters, `distinct` of them different. Its
/// last character has no bits that base64url would refuse.
fn signed(header: &str, claims: &str, length: usize, distinct: usize) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signature: String =
        "AbcdefghijklmnopqrstuvwxyzBCDEFG".chars().take(distinct).cycle().take(length - 1).collect();
    format!("{}.{}.{signature}A", part(header), part(claims))
}

/// The length and the confidence of the only finding.
fn single(text: &str) -> Option<(usize, Confidence)> {
    let found = scan(text.as_bytes(), &[]);
    assert!(found.len() < 2, "{found:?}");
    found.first().map(|leak| (leak.length, leak.confidence))
}

/// The lengths of RFC 7518 §3: a shorter signature is a placeholder, and what follows an exact one is no part of it.
#[test]
fn a_signature_is_as_long_as_its_algorithm_says() {
    let exact = [("HS256", 43), ("HS384", 64), ("HS512", 86), ("ES256", 86), ("ES384", 128), ("ES512", 176)];
    let least = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|algorithm| (algorithm, 171));
    for (algorithm, length) in exact.into_iter().chain(least).chain([("EdDSA", 22), ("none of these", 22)]) {
        let whole = |length| signed(&format!(r#"{{"alg":"{algorithm}"}}"#), r#"{"a":1}"#, length, 32.min(length - 1));
        let told = |length| single(&format!("ATTENTION_API_KEY={}", whole(length))).expect("a JWT");
        assert_eq!(told(length), (whole(length).len(), Confidence::Likely), "{algorithm}");
        // One less, or two where no base64url has that length.
        let shorter = if length % 4 == 2 { length - 2 } else { length - 1 };
        assert_eq!(told(shorter), (whole(shorter).len(), Confidence::Placeholder), "{algorithm}");
        let is_exact = exact.iter().any(|(known, _)| *known == algorithm);
        let longer = format!("{}AAAA", whole(length));
        let expected = if is_exact { longer.len() - 4 } else { longer.len() };
        assert_eq!(single(&format!("ATTENTION_API_KEY={longer}")), Some((expected, Confidence::Likely)), "{algorithm}");
    }
    // Without an algorithm it is no JWT (RFC 7515 §4.1.1), nor if a part is no object.
    for (header, claims) in
        [("{}", "{}"), (r#"{"alg":1}"#, "{}"), (r#"{"alg":"HS256"}"#, "[]"), (r#"{"alg":"HS256"}"#, "1")]
    {
        assert_eq!(single(&format!("ATTENTION_API_KEY={}", signed(header, claims, 43, 32))), None, "{header} {claims}");
    }
}

#[test]
fn a_signature_of_few_characters_was_typed_by_hand() {
    for (distinct, confidence) in
        [(8, Confidence::Placeholder), (9, Confidence::Placeholder), (10, Confidence::Likely), (16, Confidence::Likely)]
    {
        // Each of them several times, an even number of times or not.
        for length in [64, 128, 176] {
            let algorithm = match length {
                64 => "HS384",
                128 => "ES384",
                _ => "ES512",
            };
            let jwt = signed(&format!(r#"{{"alg":"{algorithm}"}}"#), r#"{"a":1}"#, length, distinct);
            assert_eq!(single(&format!("ATTENTION_API_KEY={jwt}")).map(|found| found.1), Some(confidence), "{jwt}");
        }
    }
}

#[test]
fn each_of_the_claims_of_the_sample_makes_a_placeholder() {
    for (claims, confidence) in [
        (r#"{"sub":"1234567890"}"#, Confidence::Placeholder),
        (r#"{"name":"John Doe"}"#, Confidence::Placeholder),
        (r#"{"sub":"John Doe","name":"1234567890"}"#, Confidence::Likely),
    ] {
        let jwt = signed(r#"{"alg":"HS256"}"#, claims, 43, 32);
        assert_eq!(single(&format!("ATTENTION_API_KEY={jwt}")).map(|found| found.1), Some(confidence), "{claims}");
    }
}

/// Text before a JWT that looks like the beginning of one.
#[test]
fn a_jwt_is_found_behind_three_false_beginnings() {
    let jwt = signed(r#"{"alg":"HS256"}"#, r#"{"a":1}"#, 43, 32);
    for (before, is_found) in
        [("", true), ("eyJ", true), ("eyJeyJx", true), ("eyJeyJeyJ", true), ("eyJeyJeyJeyJ", false)]
    {
        let found = single(&format!("ATTENTION_API_KEY={before}{jwt}"));
        assert_eq!(found, is_found.then_some((jwt.len(), Confidence::Likely)), "{before}");
    }
}

#[test]
fn a_jwt_is_as_long_as_a_key_may_be_and_its_header_a_kilobyte() {
    // A signature of RS256 has any length from 171 on that base64url can have.
    let claims = format!(r#"{{"a":"{}"}}"#, "x".repeat(5950));
    let rest = signed(r#"{"alg":"RS256"}"#, &claims, 171, 32).len() - 171;
    for length in 8188..8197 {
        if (length - rest) % 4 != 1 {
            let jwt = signed(r#"{"alg":"RS256"}"#, &claims, length - rest, 32);
            let expected = (length <= 8192).then_some(length);
            assert_eq!(single(&format!("ATTENTION_API_KEY={jwt}")).map(|found| found.0), expected, "{length}");
        }
    }
    assert_ne!((8192 - rest) % 4, 1);
    for extra in 0..12 {
        let header = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(740 + extra));
        let jwt = signed(&header, r#"{"a":1}"#, 43, 32);
        let is_found = jwt.find('.').expect("a header") <= 1024;
        assert_eq!(single(&format!("ATTENTION_API_KEY={jwt}")).is_some(), is_found, "{extra}");
    }
}

/// Evidence at the greatest distance, and one character further.
#[test]
fn evidence_counts_up_to_its_distance() {
    let jwt = signed(r#"{"alg":"HS256"}"#, r#"{"a":1}"#, 43, 32);
    let evidence = |text: &str| {
        let found = scan(text.as_bytes(), &[]);
        assert_eq!(in_chunks(text.as_bytes(), &[1, 7], &[]), found);
        found.first().map(|leak| leak.evidence)
    };
    // A word on its own, not longer for the filler: between blanks, or in the same run.
    for (filler, edge) in [("-", " "), ("x", " "), (",", " "), (" ", " "), ("x", "/"), ("/", "/")] {
        let gap = |length: usize| format!("{edge}{}{edge}", filler.repeat(length - 2));
        for (length, is_near) in [(3, true), (511, true), (512, true), (513, false)] {
            let expected = is_near.then_some(Evidence::Host);
            assert_eq!(evidence(&format!("{jwt}{}api.attention.tech", gap(length))), expected, "{filler} {length}");
        }
        for (word, reach, with) in [("attention-key", 96, Evidence::Name), ("attention", 128, Evidence::Word)] {
            for (length, is_near) in [(reach - 1, true), (reach, true), (reach + 1, false)] {
                // A name is still a word further away.
                let expected = if is_near { Some(with) } else { (length <= 128).then_some(Evidence::Word) };
                assert_eq!(evidence(&format!("{word}{}{jwt}", gap(length))), expected, "{filler} {length}");
            }
        }
    }
    // A word with a JWT in it is none.
    assert_eq!(evidence(&format!("attention.{jwt} {jwt}")), None);
    for (length, expected) in [(128, Some(Evidence::Word)), (129, None), (130, None)] {
        let word = format!("{}attention", "x".repeat(length - 9));
        assert_eq!(evidence(&format!("{word} {jwt}")), expected, "a word of {length} characters");
    }
}

/// Known keys that contain separators, two in one run, and the shortest that are searched for.
#[test]
fn known_keys_are_found_whole_between_separators() {
    let (padded, other) = ("fake+known/key-0123456==", "fake-other-key-01234567");
    let known = [padded, other].map(|key| Known::Fingerprint(fingerprint(key)));
    for (text, columns) in [
        (format!("ATTENTION_API_KEY={padded}"), vec![19]),
        (padded.to_owned(), vec![1]),
        (format!("{other}."), vec![1]),
        (format!("{other}/{other}~{other}"), vec![1, 25, 49]),
        (format!("name={other}+{other}"), vec![6, 30]),
    ] {
        let found: Vec<usize> = scan(text.as_bytes(), &known).iter().map(|leak| leak.column).collect();
        assert_eq!(found, columns, "{text}");
    }
    for (length, is_found) in [(15, false), (16, true), (17, true)] {
        let short = &"fake-key-abcdefghij"[..length];
        let known = [Known::Fingerprint(fingerprint(short))];
        assert_eq!(scan(short.as_bytes(), &known).len(), usize::from(is_found), "{length}");
    }
}

#[test]
fn a_finding_says_where_it_is_how_certain_and_what_to_do() {
    let jwt = signed(r#"{"alg":"HS256"}"#, r#"{"a":1}"#, 43, 32);
    let fake = signed(r#"{"alg":"none"}"#, r#"{"a":1}"#, 43, 32);
    let (host, known) = ("api.attention.tech", [Known::Fingerprint(fingerprint("fake-known-key-0123"))]);
    let (check, rotate) =
        ("check whether it is a key; if so, rotate it", "rotate it: anyone who has read this text has the key");
    for (text, column, confidence, evidence, words, next) in [
        (format!("attention {jwt}"), 11, "possible", "word", "a JWT after a word that contains \"attention\"", check),
        (format!("{host} {jwt}"), 20, "possible", "host", "a JWT near api.attention.tech", check),
        (
            format!("{host} bearer {jwt}"),
            27,
            "likely",
            "request",
            "the bearer token of a request to api.attention.tech",
            rotate,
        ),
        (
            format!("attention_key {jwt}"),
            15,
            "likely",
            "name",
            "a JWT after the name of a variable for an Attention key",
            rotate,
        ),
        (
            format!("attention_key {fake}"),
            15,
            "placeholder",
            "name",
            "a JWT after the name of a variable for an Attention key",
            "a placeholder: nothing to do",
        ),
        ("fake-known-key-0123".to_owned(), 1, "likely", "known", "a known key", rotate),
    ] {
        let found = scan(format!("\n{text}").as_bytes(), &known);
        let [leak] = found.as_slice() else { panic!("{text}: {found:?}") };
        let key = text.get(column - 1..).expect("the key");
        let hex = fingerprint(key).to_hex();
        assert_eq!(leak.message(), format!("line 2, column {column}: {words} ({hex}); {next}"));
        assert_eq!(leak.to_string(), leak.message());
        let told: serde_json::Value = serde_json::from_str(&leak.to_json()).expect("JSON");
        let expected = json!({
            "line": 2,
            "column": column,
            "length": key.len(),
            "fingerprint": hex,
            "confidence": confidence,
            "evidence": evidence,
        });
        assert_eq!(told, expected);
    }
    let digest = [Known::Digest(TokenDigest::of("fake-known-key-0123"))];
    assert_eq!(scan(b"fake-known-key-0123", &digest)[0].confidence.as_str(), "certain");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// A run is examined when it is as long as the window, and its first half is dropped. Wherever that happens in a
    /// text, what is found in it is the same.
    #[test]
    fn findings_do_not_depend_on_the_place_in_a_long_run(
        pieces in prop::collection::vec((piece(), prop::sample::select(&["=", "/", "+", "~="][..])), 1..7),
        cut: prop::sample::Index,
        after in prop_oneof![Just(0_usize), 8_000..9_000_usize],
        window in prop::sample::select(&[16_384_usize, 16_384 + 8_192][..]),
    ) {
        let text: String = pieces.iter().flat_map(|(piece, separator)| [piece.text(), *separator]).collect();
        prop_assume!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._=/+~".contains(&byte)));
        let alone = scan(text.as_bytes(), &[]);
        let before = window - cut.index(text.len() + 1) - 1;
        let long = format!("{}/{text}{}", "b".repeat(before), "c".repeat(after));
        let mut found = scan(long.as_bytes(), &[]);
        for leak in &mut found {
            leak.column -= before + 1;
        }
        prop_assert_eq!(&found, &alone, "{}", text);
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    // Build output and installed packages are not part of the repository.
    let is_left_out =
        |name: &str| ["target", "node_modules", ".git", ".tools", "build", "dist", "pkg-build"].contains(&name);
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name();
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() && !is_left_out(&name.to_string_lossy()) => files(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// This repository: source, documentation, lock files and many fake keys.
#[test]
fn this_repository_contains_only_placeholders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the repository");
    let mut all = Vec::new();
    files(root, &mut all);
    let (mut jwts, mut placeholders) = (0, 0);
    for path in &all {
        let bytes = fs::read(path).expect("a file");
        jwts += bytes.windows(4).filter(|four| four == b".eyJ").count();
        for leak in scan(&bytes, &[]) {
            assert_eq!(leak.confidence, Confidence::Placeholder, "{}: {leak}", path.display());
            placeholders += 1;
        }
    }
    for name in ["Cargo.lock", "package-lock.json"] {
        assert!(all.contains(&root.join(name)), "{name} is not among the {} files", all.len());
    }
    assert!(all.len() > 100 && jwts > 10, "{} files, {jwts} JWTs, {placeholders} placeholders", all.len());
}
