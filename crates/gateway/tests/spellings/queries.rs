//! `query=`, and the query parsers of servers.

use std::fmt::Write as _;

use attention_core::url::encode_query;
use attention_gateway::authorize::policy::{BodyLength, Policy};

use crate::dice::{Dice, requests};

/// Query parsers: the names that each finds.
const PARSERS: [fn(&str) -> Vec<String>; 4] = [
    |query| query.split('&').filter(|pair| !pair.is_empty()).map(name).collect(),
    |query| query.split(['&', ';']).filter(|pair| !pair.is_empty()).map(name).collect(),
    |query| query.split(['&', '?']).filter(|pair| !pair.is_empty()).map(name).collect(),
    // One that decodes first. Text without a `=` is not a parameter, as in `Q&A`.
    |query| {
        let decoded = form_decoded(query);
        let pairs = decoded.split(['&', ';']).filter(|pair| !pair.is_empty());
        pairs.filter(|pair| pair.contains('=')).filter_map(|pair| pair.split('=').next()).map(str::to_owned).collect()
    },
];

/// How parsers normalize names.
const NAMINGS: [fn(&str) -> String; 4] = [
    str::to_owned,
    // ASP.NET.
    |name| name.to_lowercase(),
    // PHP: the name of the variable, truncated where C would end it.
    |name| {
        let bare = name.trim_start_matches(' ').split(['[', '\0']).next().unwrap_or_default();
        bare.replace([' ', '.'], "_")
    },
    // Rails and qs: lists.
    |name| name.trim_end_matches("[]").to_owned(),
];

fn name(pair: &str) -> String {
    form_decoded(pair.split('=').next().unwrap_or_default())
}

fn form_decoded(text: &str) -> String {
    let mut bytes = text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect::<Vec<_>>();
    let mut at = 0;
    while at + 2 < bytes.len() {
        let pair = [bytes[at + 1], bytes[at + 2]];
        if bytes[at] == b'%' && pair.iter().all(u8::is_ascii_hexdigit) {
            let byte = u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap();
            bytes.splice(at..at + 3, [byte]);
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const NAMED: [&str; 4] = ["page", "filter[title]", "crm.id", "a"];

fn admits(query: &str) -> bool {
    let text = format!("allow GET /v2/x query={}", NAMED.join(","));
    Policy::parse(&text).unwrap().rules()[0].admits(query, BodyLength::NoBody).is_ok()
}

/// A name or a value with some of its characters encoded.
fn encoded(dice: &mut Dice, text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match dice.below(8) {
            0 => write!(out, "%{:02X}", u32::from(c)).unwrap(),
            1 => write!(out, "%{:02x}", u32::from(c)).unwrap(),
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn no_parser_finds_an_unlisted_parameter() {
    let mut dice = Dice(9);
    let mut admitted = 0;
    for _ in 0..requests() / 2 {
        let mut query = String::new();
        for _ in 0..=dice.below(4) {
            let name =
                dice.of(&["page", "filter[title]", "crm.id", "a", "secret", "PAGE", "page[]", "a[0]", "", "crm_id"]);
            // Nearly always a listed one; otherwise nothing would be allowed.
            let name = if dice.one_in(3) { name } else { dice.of(&NAMED) };
            query += &encoded(&mut dice, name);
            query += dice.of(&["=", "=", "=", "=", "", "%3D", "%00=", "+=", "[]=", "=="]);
            let value = dice.of(&["1", "x y", "Q&A", "a=b", "1;secret=2", "what?", "1&secret=2", "\0", "%zz", "%"]);
            query += &encoded(&mut dice, &value.replace('&', "%26").replace('\0', "%00").replace(' ', "+"));
            query += dice.of(&["&", "&", "&", ";", "%26", "&&", "?", "%3B", "%3f", "&="]);
        }
        if admits(&query) {
            admitted += 1;
            for name in PARSERS.iter().flat_map(|parse| parse(&query)) {
                for naming in NAMINGS {
                    let is_named = NAMED.iter().any(|named| naming(named) == naming(&name));
                    assert!(is_named, "{query}: {name:?}");
                }
            }
        }
    }
    assert!(admitted > requests() / 100, "{admitted}");
}

#[test]
fn an_unlisted_parameter_is_refused_in_every_spelling() {
    let mut dice = Dice(10);
    for _ in 0..requests() / 20 {
        let secret = encoded(&mut dice, "secret");
        let (before, after) = (dice.of(&["", "page=1", "page", "filter[title]=x"]), dice.of(&["", "&a=1", ";a", "&&"]));
        let joint = dice.of(&["&", ";", "?", "&+", "&&", "&=&", "%26", "%3B"]);
        let end = dice.of(&["=1", "%3D1", "=", "[]=1", "[0]=1", "%5B%5D=1", "%00=1", "+=1", ".x=1", "=a=b"]);
        // Without anything before it, the query begins with it, or with a separator that is a name itself.
        let query = [before, joint, &secret, end, after].concat();
        assert!(!admits(&query), "{query}");
    }
}

#[test]
fn parameters_encoded_by_clients_are_accepted() {
    let mut dice = Dice(11);
    for _ in 0..requests() / 20 {
        let mut value = String::new();
        for _ in 0..dice.below(8) {
            value.push(dice.of(&['a', ' ', '&', '?', ';', '+', '%', 'é', '"', '#', '/', '.']));
        }
        let pairs = [(dice.of(&NAMED), &*value), (dice.of(&NAMED), "1"), ("page", dice.of(&["", "=", "a=b"]))];
        let query = encode_query(pairs);
        assert!(admits(&query), "{query}");
    }
}
