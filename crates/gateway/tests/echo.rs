//! However a key is written into a response, nobody who reads the response can recover it.
//!
//! Nested writers write a key into a text. Readers that share no code with the gateway try to recover it: every reader
//! is applied to the results of every other one, three levels deep.

use std::collections::HashSet;

use attention_core::{ApiKey, KeyRing};
use attention_gateway::answer::echo::{self, Glance};
use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;

/// How many consecutive letters and digits count as part of a key: see `docs/security.md`.
fn piece_of(key: &str) -> usize {
    let letters = key.chars().filter(char::is_ascii_alphanumeric).count();
    (letters / 2).clamp(8, 16)
}

fn ring(key: &str) -> KeyRing {
    KeyRing::new(ApiKey::parse(key).unwrap(), None)
}

fn keys() -> impl Strategy<Value = String> {
    // Random, as keys are, with some characters that only keys have.
    "[A-Za-z0-9][A-Za-z0-9._~+/-]{18,48}[A-Za-z0-9]={0,2}"
        .prop_filter("of few letters", |key| key.chars().filter(char::is_ascii_alphanumeric).count() >= 16)
}

/// How a serializer writes one character, selected by a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Escapes {
    Json,
    Script,
    Percent,
    Html,
    Quoted,
}

fn escaped(character: char, how: Escapes, pick: u8) -> String {
    let code = u32::from(character);
    let plain = character.to_string();
    match (how, pick % 5) {
        (_, 0) if !"\\%&=".contains(character) => plain,
        (Escapes::Json, 1 | 3) if character == '/' => "\\/".to_owned(),
        (Escapes::Json, 1) => format!("\\u{code:04x}"),
        (Escapes::Json, _) if "\\\"".contains(character) => format!("\\{character}"),
        (Escapes::Json, 4) => plain,
        (Escapes::Json, _) => format!("\\u{code:04X}"),
        (Escapes::Script, 1) => format!("\\x{code:02x}"),
        (Escapes::Script, 2) => format!("\\u{{{code:x}}}"),
        (Escapes::Script, 3) => format!("\\U{code:08x}"),
        (Escapes::Script, _) => format!("\\{code:03o}"),
        (Escapes::Percent, 1) => format!("%u{code:04x}"),
        (Escapes::Percent, 2) => format!("%{code:02x}"),
        (Escapes::Percent, _) => format!("%{code:02X}"),
        (Escapes::Html, 1) => format!("&#{code};"),
        (Escapes::Html, 2) => format!("&#x{code:X};"),
        (Escapes::Html, 3) => format!("&#{code:07};"),
        (Escapes::Html, _) => match character {
            '+' => "&plus;".to_owned(),
            '/' => "&sol;".to_owned(),
            '=' => "&equals;".to_owned(),
            '&' => "&amp;".to_owned(),
            _ => format!("&#x{code:x};"),
        },
        (Escapes::Quoted, 1) => format!("=\r\n={code:02X}"),
        (Escapes::Quoted, _) => format!("={code:02X}"),
    }
}

/// A way to write a text within a text. The text before a key does not begin an escape, because that would be another
/// text.
#[derive(Clone, Debug)]
enum Writer {
    Escaped(Escapes, Vec<u8>),
    Base64 {
        before: String,
        url: bool,
        padded: bool,
        lines: bool,
    },
    Hex {
        upper: bool,
        between: &'static str,
    },
    Numbers,
    Utf16 {
        big: bool,
    },
    Cased(Vec<bool>),
    /// Invisible characters, soft hyphens and line breaks between its own characters.
    Interrupted(Vec<u8>),
    /// Quoted-printable lines of this many characters (RFC 2045 §6.7), with soft line breaks wherever they fall.
    Soft {
        columns: usize,
        line_end: &'static str,
    },
}

fn writer() -> impl Strategy<Value = Writer> {
    let escapes =
        prop::sample::select(vec![Escapes::Json, Escapes::Script, Escapes::Percent, Escapes::Html, Escapes::Quoted]);
    prop_oneof![
        5 => (escapes, prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(how, picks)| Writer::Escaped(how, picks)),
        3 => (r"[a-zA-Z0-9 :,.{}=%&\\-]{0,7}", any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(before, url, padded, lines)| Writer::Base64 { before, url, padded, lines }),
        1 => (any::<bool>(), prop::sample::select(vec!["", ":", " ", "-"]))
            .prop_map(|(upper, between)| Writer::Hex { upper, between }),
        1 => Just(Writer::Numbers),
        1 => any::<bool>().prop_map(|big| Writer::Utf16 { big }),
        1 => prop::collection::vec(any::<bool>(), 1..9).prop_map(Writer::Cased),
        1 => prop::collection::vec(any::<u8>(), 1..9).prop_map(Writer::Interrupted),
        2 => (3..30_usize, prop::sample::select(vec!["\r\n", "\n", " \r\n", "\t\n"]))
            .prop_map(|(columns, line_end)| Writer::Soft { columns, line_end }),
    ]
}

impl Writer {
    fn write(&self, text: &str) -> String {
        let picked = |picks: &[u8], at: usize| picks[at % picks.len()];
        match self {
            Self::Escaped(how, picks) => {
                text.chars().enumerate().map(|(at, c)| escaped(c, *how, picked(picks, at))).collect()
            }
            Self::Base64 { before, url, padded, lines } => {
                let bytes = format!("{before}{text}").into_bytes();
                let coded = match (url, padded) {
                    (true, _) => Base64UrlUnpadded::encode_string(&bytes),
                    (false, true) => Base64::encode_string(&bytes),
                    (false, false) => Base64Unpadded::encode_string(&bytes),
                };
                let wrapped =
                    |(at, c): (usize, char)| if *lines && at % 19 == 18 { format!("{c}\r\n") } else { c.into() };
                coded.chars().enumerate().map(wrapped).collect()
            }
            Self::Hex { upper, between } => {
                let pair = |byte: u8| if *upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
                text.bytes().map(pair).collect::<Vec<_>>().join(between)
            }
            Self::Numbers => format!("[{}]", text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(",")),
            Self::Utf16 { big } => text
                .encode_utf16()
                .flat_map(|unit| if *big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .map(char::from)
                .collect(),
            Self::Cased(cases) => text
                .chars()
                .enumerate()
                .map(|(at, c)| if cases[at % cases.len()] { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect(),
            // Like encoders, which write `=` as an escape and do not break their own escapes.
            Self::Soft { columns, line_end } => text
                .chars()
                .enumerate()
                .map(|(at, c)| {
                    let broken = if at > 0 && at % columns == 0 { format!("={line_end}") } else { String::new() };
                    broken
                        + &if matches!(c, '=' | '\r' | '\n') { format!("={:02X}", u32::from(c)) } else { c.to_string() }
                })
                .collect(),
            Self::Interrupted(picks) => text
                .chars()
                .enumerate()
                .map(|(at, c)| match picked(picks, at) % 8 {
                    0 => format!("{c}\u{200b}"),
                    1 => format!("{c}\u{ad}"),
                    2 => format!("{c}\r\n "),
                    _ => c.to_string(),
                })
                .collect(),
        }
    }
}

/// Writers in an order that may occur: after a change of case no code can be decoded, and an interrupted text is only
/// decoded by a reader that repairs it first. A soft line break of quoted-printable text is not interrupted again.
fn writers() -> impl Strategy<Value = Vec<Writer>> {
    prop::collection::vec(writer(), 0..=3).prop_map(|mut writers| {
        let last = writers.len().saturating_sub(1);
        let has_soft_breaks =
            writers.iter().any(|writer| matches!(writer, Writer::Escaped(Escapes::Quoted, _) | Writer::Soft { .. }));
        let mut at = 0;
        writers.retain(|writer| {
            at += 1;
            match writer {
                Writer::Cased(_) => at == 1,
                Writer::Interrupted(_) => at == last + 1 && !has_soft_breaks,
                _ => true,
            }
        });
        writers
    })
}

// The readers: hand-written regular grammars on characters instead of bytes, each for one language.

type Reader = fn(&str) -> Vec<String>;

/// Replaces every escape that begins with a sign by the result of `read` on the rest: a text and the number of
/// characters consumed.
fn with_escapes(text: &str, sign: char, read: impl Fn(&[char]) -> Option<(String, usize)>) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        let read = (chars[at] == sign).then(|| read(&chars[at + 1..])).flatten();
        let (what, length) = read.map_or((chars[at].to_string(), 1), |(what, length)| (what, length + 1));
        out.push_str(&what);
        at += length;
    }
    if out == text { Vec::new() } else { vec![out] }
}

fn radix(chars: &[char], count: usize, base: u32) -> Option<String> {
    let digits: String = chars.get(..count)?.iter().collect();
    let value = u32::from_str_radix(digits.trim_start_matches('+'), base).ok().filter(|_| !digits.starts_with('+'))?;
    Some(char::from_u32(value)?.to_string())
}

fn of_scripts(text: &str) -> Vec<String> {
    with_escapes(text, '\\', |rest| {
        let first = *rest.first()?;
        let tail = rest.get(1..).unwrap_or_default();
        match first {
            'u' if tail.first() == Some(&'{') => {
                let end = tail.iter().position(|c| *c == '}')?;
                Some((radix(&tail[1..end], end - 1, 16)?, end + 2))
            }
            'u' => Some((radix(tail, 4, 16)?, 5)),
            'U' => Some((radix(tail, 8, 16)?, 9)),
            'x' => Some((radix(tail, 2, 16)?, 3)),
            '0'..='3' if rest.len() > 2 => Some((radix(rest, 3, 8)?, 3)),
            'n' | 'r' | 't' | 'b' | 'f' => Some((" ".to_owned(), 1)),
            other => Some((other.to_string(), 1)),
        }
    })
}

fn of_urls(text: &str) -> Vec<String> {
    with_escapes(text, '%', |rest| match rest.first() {
        Some('u') => Some((radix(&rest[1..], 4, 16)?, 5)),
        _ => Some((radix(rest, 2, 16)?, 2)),
    })
}

fn of_pages(text: &str) -> Vec<String> {
    with_escapes(text, '&', |rest| {
        let end = rest.iter().position(|c| *c == ';')?;
        let name: String = rest[..end].iter().collect();
        let said = match name.strip_prefix('#') {
            Some(number) if number.starts_with(['x', 'X']) => {
                char::from_u32(u32::from_str_radix(&number[1..], 16).ok()?)?.to_string()
            }
            Some(number) => char::from_u32(number.parse().ok()?)?.to_string(),
            None => match &*name {
                "plus" => "+",
                "sol" => "/",
                "equals" => "=",
                "amp" => "&",
                _ => return None,
            }
            .to_owned(),
        };
        Some((said, end + 1))
    })
}

fn of_mail(text: &str) -> Vec<String> {
    let joined =
        [" \r\n", "\t\n", "\r\n", "\n"].iter().fold(text.to_owned(), |text, end| text.replace(&format!("={end}"), ""));
    let read = with_escapes(&joined, '=', |rest| Some((radix(rest, 2, 16)?, 2)));
    if joined == text { read } else { read.into_iter().chain([joined]).collect() }
}

/// The longest runs in an alphabet, read from each of the first few characters.
fn coded(text: &str, is_digit: fn(char) -> bool, least: usize, read: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let mended: String = text.chars().filter(|c| !c.is_control() && *c != ' ' && c.is_ascii()).collect();
    let pieces = mended.split(|c| !is_digit(c)).filter(|piece| piece.len() >= least);
    let bytes = pieces.flat_map(|piece| (0..4).filter_map(|from| read(piece.get(from..)?)).collect::<Vec<_>>());
    bytes.map(|bytes| bytes.into_iter().map(char::from).collect()).collect()
}

fn of_base64(text: &str) -> Vec<String> {
    coded(
        text,
        |c| c.is_ascii_alphanumeric() || "+/-_".contains(c),
        12,
        |piece| {
            let standard: String = piece.replace('-', "+").replace('_', "/");
            // An incomplete group has no meaning of its own.
            let whole = standard.len() / 4 * 4;
            let mut bytes = Base64Unpadded::decode_vec(&standard[..whole]).ok()?;
            let zeros = format!("{}{}", &standard[whole..], "A".repeat(4 - standard.len() % 4));
            bytes.extend(Base64Unpadded::decode_vec(&zeros[..4.min(zeros.len())]).ok().unwrap_or_default());
            Some(bytes)
        },
    )
}

fn of_hex(text: &str) -> Vec<String> {
    let mended: String = text.chars().filter(|c| !":-".contains(*c)).collect();
    coded(
        &mended,
        |c| c.is_ascii_hexdigit(),
        16,
        |piece| {
            let digits: Vec<char> = piece.chars().collect();
            Some(
                digits
                    .chunks_exact(2)
                    .filter_map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
                    .collect(),
            )
        },
    )
}

fn of_numbers(text: &str) -> Vec<String> {
    let list: Vec<u8> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    if list.len() < 8 { Vec::new() } else { vec![list.into_iter().map(char::from).collect()] }
}

fn of_utf16(text: &str) -> Vec<String> {
    if text.contains('\0') { vec![text.replace('\0', "")] } else { Vec::new() }
}

const READERS: [Reader; 8] = [of_scripts, of_urls, of_pages, of_mail, of_base64, of_hex, of_numbers, of_utf16];

/// Whether anybody can read part of the key's letters and digits.
fn reads(text: &str, key: &str) -> bool {
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let letters = plain(key);
    let pieces: Vec<&str> = (0..=letters.len() - piece_of(key)).map(|at| &letters[at..at + piece_of(key)]).collect();
    let mut seen: HashSet<String> = HashSet::new();
    let mut now = vec![text.to_owned()];
    for _ in 0..=3 {
        if now.iter().map(|text| plain(text)).any(|text| pieces.iter().any(|piece| text.contains(piece))) {
            return true;
        }
        let next = now.iter().flat_map(|text| READERS.iter().flat_map(|read| read(text)));
        now = next.filter(|text| text.len() >= 8 && seen.insert(text.clone())).collect();
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reader_recovers_a_key_from_a_response(
        key in keys(), writers in writers(),
        before in r#"[a-zA-Z0-9 :,.{}"\[\]<>é-]{0,30}"#, after in r#"[ :,.{}"\[\]<>é-][a-zA-Z0-9 :,.é]{0,30}"#,
    ) {
        let written = writers.iter().fold(key.clone(), |text, writer| writer.write(&text));
        let text = format!("{before}{written}{after}");
        prop_assert!(echo::echoes(&ring(&key), &text), "in a header: {:?} wrote {:?}", writers, text);
        // A header's value contains no control characters (RFC 9110 §5.5).
        let is_value = !text.chars().any(char::is_control);
        prop_assert!(!is_value || Glance::of(&ring(&key)).may_hold(&text), "at a glance: {:?} wrote {:?}", writers, text);
        let told = echo::scrubbed(&ring(&key), &text);
        let told = told.as_deref().unwrap_or_default();
        prop_assert!(!reads(told, &key), "{:?} wrote {:?}, of which {:?} is told", writers, text, told);
    }

    #[test]
    fn no_reader_recovers_part_of_a_key(key in keys(), writers in writers(), from in 0..40_usize) {
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count();
        let ends = (1..=key.len()).filter(|end| *end > from && letters(&key[from.min(key.len())..*end]) >= piece_of(&key));
        let piece = ends.min().map_or(&*key, |end| &key[from..end]);
        // Directly before a part that is just long enough, such a character would turn the first letter into an escape.
        let apart = |writer: &Writer| match writer {
            Writer::Base64 { before, url, padded, lines } if before.ends_with(['=', '%', '&', '\\']) => {
                Writer::Base64 { before: format!("{before} "), url: *url, padded: *padded, lines: *lines }
            }
            other => other.clone(),
        };
        let written = writers.iter().map(apart).fold(piece.to_owned(), |text, writer| writer.write(&text));
        let told = echo::scrubbed(&ring(&key), &written);
        prop_assert!(!reads(told.as_deref().unwrap_or_default(), &key), "{:?} wrote {:?}: {:?}", writers, written, told);
    }

    #[test]
    fn texts_without_a_key_are_unchanged(key in keys(), text in r#"[ -~\n\u{e0}-\u{ff}]{0,300}|("[a-z]{1,9}": ?("[ -~]{0,40}"|[0-9.]{1,9}),\n? *){0,12}"#) {
        prop_assume!(!text.to_ascii_lowercase().contains("bearer") && !text.contains("eyJ"));
        let told = echo::scrubbed(&ring(&key), &text);
        prop_assert_eq!(told.as_deref(), Some(&*text));
        prop_assert!(!echo::echoes(&ring(&key), &text));
    }
}

/// If the readers cannot read, the test proves nothing.
#[test]
fn the_readers_can_decode_the_writers() {
    let key = "Fake+Key/4f9a0c1b.7d2e~8a35-6c07==";
    let picks = vec![1, 2, 3, 4, 7];
    for writer in [
        Writer::Escaped(Escapes::Json, picks.clone()),
        Writer::Escaped(Escapes::Script, picks.clone()),
        Writer::Escaped(Escapes::Percent, picks.clone()),
        Writer::Escaped(Escapes::Html, picks.clone()),
        Writer::Escaped(Escapes::Quoted, picks.clone()),
        Writer::Base64 { before: "a".to_owned(), url: true, padded: false, lines: true },
        Writer::Base64 { before: "ab".to_owned(), url: false, padded: true, lines: false },
        Writer::Hex { upper: true, between: ":" },
        Writer::Numbers,
        Writer::Utf16 { big: false },
        Writer::Cased(vec![true, false]),
        Writer::Interrupted(vec![0, 1, 2, 3]),
        Writer::Soft { columns: 5, line_end: " \r\n" },
    ] {
        let once = writer.write(key);
        assert!(reads(&once, key), "{writer:?}: {once}");
        let twice = Writer::Escaped(Escapes::Percent, picks.clone()).write(&once.replace(|c: char| !c.is_ascii(), ""));
        assert!(reads(&twice, key), "{writer:?}: {twice}");
        assert!(!reads(&once, "Another-Fake-Key-0123456789abcdef"), "{writer:?}");
    }
}
