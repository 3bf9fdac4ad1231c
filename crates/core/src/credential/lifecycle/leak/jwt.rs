//! Finds JWTs in a run of characters, and tells which cannot be keys.

use alloc::string::String;
use core::ops::Range;

use zeroize::Zeroizing;

use crate::codec::base64url;
use crate::codec::json::{self, Value};
use crate::codec::text::find as find_text;
use crate::credential::MAX_KEY_BYTES;

/// The longest header that is read, and the most candidates for its beginning in one part. Both bounds keep the time
/// linear.
const MAX_HEADER: usize = 1024;
const MAX_BEGINNINGS: usize = 4;

/// A JWT in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Jwt {
    /// Its range in the run.
    pub(super) range: Range<usize>,
    /// Whether it cannot be a real key.
    pub(super) is_placeholder: bool,
}

/// The first JWT in a run of base64url characters and dots, from position `from` on.
pub(super) fn find(run: &str, from: usize) -> Option<Jwt> {
    let mut at = from;
    loop {
        let rest = run.get(at..)?;
        let dot = at + rest.bytes().position(|b| b == b'.')?;
        if let Some(jwt) = with_header_in(run, at, dot) {
            return Some(jwt);
        }
        at = dot + 1;
    }
}

/// The JWT whose header ends at the given dot.
fn with_header_in(run: &str, from: usize, dot: usize) -> Option<Jwt> {
    let part = run.get(from..dot)?;
    let mut at = 0;
    for _ in 0..MAX_BEGINNINGS {
        // Base64url of `{"`.
        at += find_text(part.get(at..)?, "eyJ")?;
        let header = part.get(at..)?;
        if header.len() <= MAX_HEADER
            && let Some(algorithm) = algorithm(header)
        {
            return with_payload_at(run, from + at, dot + 1, &algorithm);
        }
        at += 1;
    }
    None
}

fn with_payload_at(run: &str, start: usize, from: usize, algorithm: &str) -> Option<Jwt> {
    let rest = run.get(from..)?;
    let dot = from + rest.bytes().take(MAX_KEY_BYTES).position(|b| b == b'.')?;
    let claims = object(run.get(from..dot)?)?;
    let rest = run.get(dot + 1..)?;
    let whole = rest.get(..rest.bytes().position(|b| b == b'.').unwrap_or(rest.len()))?;
    // A longer signature than the algorithm allows includes characters that follow the JWT.
    let signature = match Lengths::of(algorithm) {
        Lengths::Exactly(length) => whole.get(..length).unwrap_or(whole),
        Lengths::AtLeast(_) => whole,
    };
    let range = start..dot + 1 + signature.len();
    (range.len() <= MAX_KEY_BYTES).then(|| Jwt {
        range,
        is_placeholder: !is_signature(signature, algorithm) || says_fake(&claims) || is_sample(&claims),
    })
}

/// Decodes a JSON object from base64url.
fn object(part: &str) -> Option<Zeroizing<String>> {
    let bytes = base64url::decode(part)?;
    let text = Zeroizing::new(String::from_utf8(bytes).ok()?);
    let element = json::read(&text).ok()?;
    element.members().is_ok().then_some(text)
}

/// The header's `alg`, which is required (RFC 7515 §4.1.1).
fn algorithm(header: &str) -> Option<String> {
    json::member(&object(header)?, "alg")?.into_string().map(|text| String::from(&*text))
}

/// The length of a signature in characters (RFC 7518 §3).
enum Lengths {
    Exactly(usize),
    AtLeast(usize),
}

impl Lengths {
    fn of(algorithm: &str) -> Self {
        match algorithm {
            "HS256" => Self::Exactly(43),
            "HS384" => Self::Exactly(64),
            "HS512" | "ES256" => Self::Exactly(86),
            "ES384" => Self::Exactly(128),
            "ES512" => Self::Exactly(176),
            // For a modulus of at least 1024 bits.
            "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => Self::AtLeast(171),
            // At least 128 bits.
            _ => Self::AtLeast(22),
        }
    }
}

/// Whether this can be a signature of the algorithm: the right length, base64url, and not typed by hand.
fn is_signature(signature: &str, algorithm: &str) -> bool {
    let is_long_enough = match Lengths::of(algorithm) {
        Lengths::Exactly(length) => signature.len() == length,
        Lengths::AtLeast(length) => signature.len() >= length,
    };
    // One bit per ASCII character.
    let bit = |byte: u8| 1_u128.checked_shl(u32::from(byte)).unwrap_or_default();
    let distinct = signature.bytes().fold(0, |seen, byte| seen | bit(byte)).count_ones();
    !algorithm.eq_ignore_ascii_case("none")
        && is_long_enough
        && distinct >= 10
        && base64url::decode(signature).map(Zeroizing::new).is_some()
        && !says_fake(signature)
}

/// Words that people put into fake keys.
const FAKE: [&str; 9] =
    ["fake", "example", "dummy", "placeholder", "sample", "redacted", "signature", "notakey", "changeme"];

/// Whether a word of the text says that it is fake. In random base64url, a four-letter word between two separators
/// occurs by chance once in ten million signatures.
fn says_fake(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| FAKE.iter().any(|fake| word.eq_ignore_ascii_case(fake)))
}

/// Whether this is the sample of jwt.io.
fn is_sample(claims: &str) -> bool {
    let is =
        |member, sample| json::member(claims, member).and_then(Value::into_string).is_some_and(|text| text == sample);
    is("sub", "1234567890") || is("name", "John Doe")
}
