//! Policies, the paths that they concern, and ways to write these paths.

use std::fmt::Write as _;

use crate::dice::Dice;

/// Names with letters that have other forms: a ligature, a long s, a Kelvin sign.
const NAMES: [&str; 9] = ["v2", "users", "staff", "kinds", "list", "7", "file", "locked", "straße"];

fn plain_name(dice: &mut Dice) -> &'static str {
    // Patterns are ASCII, paths need not be.
    dice.of(&NAMES[..8])
}

fn pattern(dice: &mut Dice) -> String {
    let mut text = String::from("/v2");
    for _ in 0..=dice.below(3) {
        text.push('/');
        match dice.below(12) {
            0..=2 => text.push('*'),
            3 => text += &plain_name(dice).to_ascii_uppercase(),
            4 => text += &[plain_name(dice), dice.of(&[".json", ".csv", ".b"])].concat(),
            _ => text += plain_name(dice),
        }
    }
    text + match dice.below(8) {
        0..=1 => "/**",
        2 => "/",
        _ => "",
    }
}

pub(crate) fn policy_text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(5) {
        let line = if dice.one_in(3) {
            format!("deny {} {}\n", dice.of(&["GET", "*", "HEAD", "POST"]), pattern(dice))
        } else {
            let conditions = dice.of(&["", "", " redact=email", " query=page", " body=1kb"]);
            format!("allow {} {}{conditions}\n", dice.of(&["GET", "GET", "*", "HEAD", "POST"]), pattern(dice))
        };
        text += &line;
    }
    if dice.one_in(2) { text + "allow * /v2/**\n" } else { text }
}

/// A path as in the API's documentation.
pub(crate) fn documented(dice: &mut Dice) -> Vec<String> {
    let mut segments = vec!["v2".to_owned()];
    for _ in 0..=dice.below(3) {
        segments.push(if dice.one_in(25) { "api_keys".to_owned() } else { dice.of(&NAMES).to_owned() });
    }
    segments
}

/// Other forms of a letter or digit.
fn form_of(dice: &mut Dice, c: char) -> String {
    let wide = || char::from_u32(u32::from(c) - 0x21 + 0xff01).map(String::from);
    let listed: &[&str] = match c {
        'a' => &["ａ", "á", "ª", "𝐚", "ⓐ", "a\u{301}"],
        'e' => &["é", "e\u{301}", "ℯ", "ë", "ẽ"],
        'f' => &["ｆ", "𝒇", "ḟ"],
        'i' => &["ı", "İ", "ⅰ", "ï", "i\u{307}"],
        'k' => &["\u{212a}", "ⓚ", "ķ"],
        'l' => &["ℓ", "ł", "ｌ"],
        's' => &["ſ", "ş", "ṡ", "ⓢ"],
        'u' => &["ü", "u\u{308}", "ｕ"],
        '2' => &["²", "②", "２", "𝟚"],
        '7' => &["⑦", "７", "⁷"],
        _ => &[],
    };
    if listed.is_empty() || dice.one_in(4) {
        return if c.is_ascii_graphic() { wide().unwrap() } else { c.to_string() };
    }
    dice.of(listed).to_owned()
}

/// Endings that some reader removes from a name.
const ENDS: [&str; 14] = [
    ".",
    " ",
    "+",
    "\u{a0}",
    ".json",
    ".XML",
    ".csv.gz",
    ":list",
    ",v=1",
    "..",
    " .json",
    ".a@b",
    "\u{3000}",
    "．ｊｓ",
];

/// Changes a segment in a way that some reader ignores.
fn rewrite(dice: &mut Dice, segment: &mut String) {
    let boundaries: Vec<usize> = segment.char_indices().map(|(at, _)| at).chain([segment.len()]).collect();
    let at = dice.of(&boundaries);
    let next = segment[at..].chars().next();
    match dice.below(7) {
        0 => *segment = segment.to_uppercase(),
        1 => {
            if let Some(c) = next {
                let other = if dice.one_in(2) { c.to_ascii_uppercase().to_string() } else { form_of(dice, c) };
                segment.replace_range(at..at + c.len_utf8(), &other);
            }
        }
        2 => segment.insert_str(
            at,
            dice.of(&["\u{200b}", "\u{ad}", "\u{301}", "\u{fe0f}", "\u{2060}", "\u{feff}", "\u{20dd}"]),
        ),
        3 => *segment = segment.replace("ff", "ﬀ").replace("fi", "ﬁ").replace("st", "ﬆ").replace("ss", "ß"),
        4 | 5 => {
            *segment += dice.of(&ENDS);
        }
        _ => segment.insert_str(0, dice.of(&[" ", "+", "\u{a0}", "\u{200b}"])),
    }
}

/// The path in another spelling.
pub(crate) fn written(dice: &mut Dice, segments: &[String]) -> String {
    let mut segments = segments.to_vec();
    for _ in 0..dice.below(4) {
        let at = dice.below(segments.len());
        rewrite(dice, &mut segments[at]);
    }
    if dice.one_in(6) {
        let at = 1 + dice.below(segments.len());
        segments.insert(at, dice.of(&["...", " ", ".json", "\u{200b}", "+", "....", ".xml.", ":x"]).to_owned());
    }
    let mut path = String::new();
    for segment in &segments {
        path.push('/');
        for byte in segment.bytes() {
            let must = !byte.is_ascii_alphanumeric() && !b"_-.~+:,=@".contains(&byte);
            match (must || dice.one_in(12), dice.one_in(2)) {
                (true, true) => write!(path, "%{byte:02x}").unwrap(),
                (true, false) => write!(path, "%{byte:02X}").unwrap(),
                (false, _) => path.push(char::from(byte)),
            }
        }
    }
    match dice.below(30) {
        0..=3 => path.push('/'),
        4 => path += dice.of(&["//", "/.", "/%2e", "%2f", ";x=1", "%3bx", "\\", "%00", "%5c", "/x/..", "?x", "#x"]),
        5 if path.starts_with("/v2/") => path.insert_str(
            3,
            dice.of(&["/", "/.", "/%2E", "/x/..", "/x/%2e.", ";a", "/．", "/%EF%BC%8E", "%EF%BC%8F", "/%e2%80%a5"]),
        ),
        6 => path = path.replacen('u', "%2575", 1).replacen('l', "%25%36%63", 1),
        _ => {}
    }
    path
}
