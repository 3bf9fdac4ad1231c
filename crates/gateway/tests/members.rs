//! Redaction of members, compared with a tree that was never text, and with `serde_json`, which parses independently.

use attention_gateway::answer::members::{Unredactable, redact};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Names that members may have, and that may be hidden.
const NAMES: [&str; 8] = ["email", "emails", "0", "", "a/\"\\\n", "caf\u{e9} \u{1f600}", "\u{fffd}", "\u{1f}{[,:]}"];

const SPACE: [&str; 6] = ["", "", "", " ", "\n\t", "\r\n  "];

const SCALARS: [&str; 16] = [
    "0",
    "-0",
    "1.0",
    "1e400",
    "-1.5E-3",
    "9223372036854775808",
    "123456789012345678901234567890",
    "true",
    "false",
    "null",
    "\"\"",
    "\"email\"",
    r#""\"}],{:""#,
    r#""\u00E9\/\\""#,
    r#""\ud800""#,
    "\"\u{2028}\u{1f600}\"",
];

#[derive(Clone, Debug)]
enum Tree {
    Scalar(&'static str),
    Array(Vec<Self>),
    Object(Vec<(Name, Self)>),
}

/// A name's meaning and its spelling. An unpaired surrogate has no meaning as text.
#[derive(Clone, Debug)]
struct Name {
    meant: Option<&'static str>,
    written: String,
}

/// One character of a string, in one of the ways to write it.
fn spell(c: char, way: u8) -> String {
    let escaped = || {
        let units = c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>();
        units.concat()
    };
    match (way % 4, c) {
        (0, _) => escaped(),
        (1, _) => escaped().to_uppercase().replace("\\U", "\\u"),
        (_, '"' | '\\' | '/') => format!("\\{c}"),
        (_, '\n') => "\\n".to_owned(),
        _ if c < ' ' => escaped(),
        _ => c.to_string(),
    }
}

fn name() -> impl Strategy<Value = Name> {
    let text = (select(&NAMES[..]), proptest::collection::vec(any::<u8>(), 8)).prop_map(|(meant, ways)| {
        let inner: String = meant.chars().zip(ways.into_iter().cycle()).map(|(c, way)| spell(c, way)).collect();
        Name { meant: Some(meant), written: format!("\"{inner}\"") }
    });
    let half = select(vec![r"\ud800", r"\uDFFF", r"email\ud83d", r"\ude00\ud83d", r"caf\u00e9 \ud83d"])
        .prop_map(|inner| Name { meant: None, written: format!("\"{inner}\"") });
    prop_oneof![9 => text, 1 => half]
}

fn tree() -> impl Strategy<Value = Tree> {
    select(&SCALARS[..]).prop_map(Tree::Scalar).prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            3 => proptest::collection::vec((name(), inner), 0..6).prop_map(Tree::Object),
        ]
    })
}

fn hidden() -> impl Strategy<Value = Vec<String>> {
    subsequence(&NAMES[..], 0..4).prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

/// The tree as text, without the hidden members and with the given white space between tokens.
fn written(tree: &Tree, hidden: &[String], space: &mut dyn FnMut() -> &'static str) -> String {
    let mut gap = |token: &str| [space(), token, space()].concat();
    match tree {
        Tree::Scalar(scalar) => gap(scalar),
        Tree::Array(elements) => {
            let (opening, closing, comma) = (gap("["), gap("]"), gap(","));
            let elements: Vec<_> = elements.iter().map(|element| written(element, hidden, space)).collect();
            [opening, elements.join(&comma), closing].concat()
        }
        Tree::Object(members) => {
            let (opening, closing, comma, colon) = (gap("{"), gap("}"), gap(","), gap(":"));
            let stays = |name: &Name| name.meant.is_none_or(|meant| hidden.iter().all(|hidden| hidden != meant));
            let members: Vec<_> = members
                .iter()
                .filter(|(name, _)| stays(name))
                .map(|(name, value)| {
                    [&name.written, &colon, &written(value, hidden, space)].map(String::as_str).concat()
                })
                .collect();
            [opening, members.join(&comma), closing].concat()
        }
    }
}

fn compact(tree: &Tree, hidden: &[String]) -> String {
    written(tree, hidden, &mut || "")
}

/// With the chosen white space.
fn spaced(tree: &Tree, choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle();
    written(tree, &[], &mut || SPACE[usize::from(*choices.next().unwrap()) % SPACE.len()])
}

/// The members of an object as `serde_json` reads them: in order, including repeated names, with names and values as
/// written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Read).map(Members)
    }
}

/// The same as [`redact`], by parsing, removing and serializing. Quadratic in the depth.
fn reference(json: &[u8], hidden: &[String]) -> Option<String> {
    fn write(value: &RawValue, hidden: &[String]) -> String {
        let text = value.get();
        match text.as_bytes()[0] {
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap();
                let elements: Vec<_> = elements.iter().map(|element| write(element, hidden)).collect();
                format!("[{}]", elements.join(","))
            }
            b'{' => {
                let Members(members) = serde_json::from_str(text).unwrap();
                let members: Vec<_> = members
                    .iter()
                    .filter(|(name, _)| {
                        !serde_json::from_str(name.get()).is_ok_and(|name: String| hidden.contains(&name))
                    })
                    .map(|(name, value)| format!("{}:{}", name.get(), write(value, hidden)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            _ => text.to_owned(),
        }
    }
    let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
    serde_json::from_slice(json).ok().map(|value: &RawValue| write(value, hidden))
}

fn redacted(json: &[u8], hidden: &[String]) -> Option<String> {
    redact(json, hidden).ok().map(|out| String::from_utf8(out).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn hidden_members_are_removed_and_others_unchanged(
        tree in tree(), hidden in hidden(), choices in proptest::collection::vec(any::<u8>(), 1..40), mark: bool,
    ) {
        let json = [if mark { "\u{feff}" } else { "" }, &spaced(&tree, &choices)].concat();
        let left = redacted(json.as_bytes(), &hidden);
        prop_assert_eq!(left.as_deref(), Some(&*compact(&tree, &hidden)), "{}", json);
        prop_assert_eq!(&left, &reference(json.as_bytes(), &hidden), "{}", json);
        // A text without hidden members is unchanged.
        let again = left.as_ref().and_then(|left| redacted(left.as_bytes(), &hidden));
        prop_assert_eq!(again, left);
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_documents(
        tree in tree(), hidden in hidden(), choices in proptest::collection::vec(any::<u8>(), 1..40),
        slips in proptest::collection::vec((any::<prop::sample::Index>(), 0..3_u8, slip()), 1..3),
    ) {
        let mut json = spaced(&tree, &choices).into_bytes();
        for (at, kind, byte) in slips {
            let at = at.index(json.len() + 1);
            match json.get_mut(at) {
                Some(there) if kind == 0 => *there = byte,
                Some(_) if kind == 1 => drop(json.remove(at)),
                _ => json.insert(at, byte),
            }
        }
        prop_assert_eq!(redacted(&json, &hidden), reference(&json, &hidden), "{:?}", String::from_utf8_lossy(&json));
    }

    #[test]
    fn agrees_with_serde_json_on_short_texts(
        json in prop_oneof![
            "[\\[\\]{}\",:0a ]{0,10}",
            "-?[01.eE+-]{1,6}",
            "\"(\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-fA-F]{3,4}|[a\u{1f}é]){0,4}\"?",
            "(tru|fals|e|nul|l){1,3}",
        ],
        hidden in hidden(),
    ) {
        prop_assert_eq!(redacted(json.as_bytes(), &hidden), reference(json.as_bytes(), &hidden), "{:?}", json);
    }

    #[test]
    fn any_bytes_are_read_or_refused_within_bounds(json: Vec<u8>, hidden in hidden()) {
        match redact(&json, &hidden) {
            Ok(out) => prop_assert!(out.len() <= json.len()),
            Err(Unredactable::NotUtf8 { at }) => prop_assert!(str::from_utf8(&json[..at]).is_ok() && at < json.len()),
            Err(Unredactable::NotJson { at }) => prop_assert!(at <= json.len()),
            Err(Unredactable::TooDeep) => prop_assert!(false, "a hundred bytes are not that deep"),
        }
    }
}

/// A byte that usually makes a difference.
fn slip() -> impl Strategy<Value = u8> {
    prop_oneof![8 => select(br#"[]{}",:\/ue01.-+ dE"#.to_vec()), 1 => any::<u8>()]
}

const MEBIBYTE: usize = 1 << 20;

fn email() -> Vec<String> {
    vec!["email".to_owned()]
}

/// A quadratic algorithm would take hours.
#[test]
fn eight_mebibytes_of_any_input_take_linear_time() {
    let most = 8 * MEBIBYTE;
    let nested = |opening: &str| redact(opening.repeat(most / opening.len()).as_bytes(), &email());
    assert_eq!(nested("["), Err(Unredactable::TooDeep));
    assert_eq!(nested("{\"email\":"), Err(Unredactable::TooDeep));
    assert_eq!(nested("{\"email\":["), Err(Unredactable::TooDeep));
    assert_eq!(nested(" "), Err(Unredactable::NotJson { at: most }));

    for unit in ["\\\\", "\\u0065", "\\ud800", "e", "\u{1f600}"] {
        let string = format!("\"{}\"", unit.repeat(most / 3 / unit.len()));
        let json = format!("{{\"email\":{string},{string}:{string}}}");
        assert!(redacted(json.as_bytes(), &email()) == Some(format!("{{{string}:{string}}}")), "{unit}");
        let cut = &json.as_bytes()[..json.len() - 2];
        assert_eq!(redact(cut, &email()), Err(Unredactable::NotJson { at: cut.len() }), "{unit}");
    }
}

#[test]
fn a_million_members_take_linear_time() {
    let members = |member: &str| vec![member; 1_000_000].join(",");
    let kept = format!("{{{}}}", members("\"a\":1"));
    assert!(redacted(kept.as_bytes(), &email()) == Some(kept));
    let hidden = format!("{{{}}}", members("\"email\":[1]"));
    assert_eq!(redacted(hidden.as_bytes(), &email()).as_deref(), Some("{}"));
    let objects = format!("[{}]", members("{\"email\":1}"));
    assert!(redacted(objects.as_bytes(), &email()) == Some(format!("[{}]", members("{}"))));
}
