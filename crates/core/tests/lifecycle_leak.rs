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
