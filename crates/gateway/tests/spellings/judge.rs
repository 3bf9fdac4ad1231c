//! The judge that policies are compared with.

use std::collections::{BTreeSet, HashMap};

use attention_core::Method::{self, Get, Head};
use attention_gateway::authorize::policy::{Effect, Policy, Rule};
use icu_normalizer::DecomposingNormalizer;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The judge: segments and their readings.
#[derive(Default)]
pub(crate) struct Judge {
    readings: HashMap<String, BTreeSet<String>>,
}

impl Judge {
    /// All readings of a segment.
    fn readings(&mut self, segment: &str) -> &BTreeSet<String> {
        if !self.readings.contains_key(segment) {
            let mut found = BTreeSet::from([segment.to_owned()]);
            let mut fresh = vec![segment.to_owned()];
            while let Some(text) = fresh.pop() {
                for transformed in TRANSFORMATIONS.map(|transform| transform(&text)) {
                    if found.insert(transformed.clone()) {
                        fresh.push(transformed);
                    }
                }
            }
            if self.readings.len() > 200_000 {
                self.readings.clear();
            }
            self.readings.insert(segment.to_owned(), found);
        }
        &self.readings[segment]
    }

    /// Whether a segment and the corresponding part of a pattern have a reading in common.
    fn agree(&mut self, segment: &str, wanted: &str) -> bool {
        if wanted == "*" {
            return !segment.is_empty();
        }
        let theirs = self.readings(segment).clone();
        let mut own = self.readings(wanted).clone();
        own.remove("");
        !own.is_disjoint(&theirs)
    }

    fn names_keys(&mut self, segment: &str) -> bool {
        self.readings(segment).iter().any(|reading| {
            let parts: Vec<&str> = reading.split(|c: char| c.is_ascii_punctuation() && c != '_' && c != '-').collect();
            let letters =
                |parts: &[&str]| parts.concat().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let mut runs = (0..parts.len()).flat_map(|from| (from..=parts.len()).map(move |to| (from, to)));
            runs.any(|(from, to)| matches!(&*letters(&parts[from..to]), "apikeys" | "apikey"))
        })
    }

    /// Whether the segments, after ignoring some, match a rule. A trailing slash of the pattern is optional in the
    /// path.
    fn is_of(&mut self, segments: &[&str], rule: &Rule) -> bool {
        let wanted = wanted(rule);
        let without_slash = segments.strip_suffix(&[""]).filter(|_| rule.route().ends_with('/'));
        self.fits(segments, &wanted) || without_slash.is_some_and(|segments| self.fits(segments, &wanted))
    }

    /// Whether the segments match those of a pattern.
    fn fits(&mut self, segments: &[&str], wanted: &[&str]) -> bool {
        match wanted {
            [] => segments.is_empty(),
            ["**"] => true,
            [own, rest @ ..] => match segments {
                [first, others @ ..] => self.agree(first, own) && self.fits(others, rest),
                [] => false,
            },
        }
    }

    /// The ways to ignore segments; the first one ignores none.
    fn shapes<'s>(&mut self, segments: &[&'s str]) -> Vec<Vec<&'s str>> {
        let mut shapes = vec![Vec::new()];
        for segment in segments {
            let without = if self.readings(segment).contains("") { shapes.clone() } else { Vec::new() };
            for shape in &mut shapes {
                shape.push(*segment);
            }
            shapes.extend(without);
        }
        shapes
    }

    pub(crate) fn judge<'p>(&mut self, policy: &'p Policy, method: Method, path: &str) -> Verdict<'p> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if segments.iter().any(|segment| self.names_keys(segment)) {
            return Verdict::Denied;
        }
        let shapes = self.shapes(&segments);
        let about = |method: Method, effect: Effect| {
            policy
                .rules()
                .iter()
                .filter(move |rule| rule.effect() == effect && rule.method().is_none_or(|own| own == method))
        };
        let seen_as: &[Method] = if method == Head { &[Head, Get] } else { std::slice::from_ref(&method) };
        let denials: Vec<&Rule> = seen_as.iter().flat_map(|method| about(*method, Effect::Deny)).collect();
        if shapes.iter().any(|shape| denials.iter().any(|rule| self.is_of(shape, rule))) {
            return Verdict::Denied;
        }
        let allows: Vec<&Rule> = about(method, Effect::Allow).collect();
        let mut deciding = shapes.iter().map(|shape| allows.iter().find(|rule| self.is_of(shape, rule)).copied());
        let first = deciding.next().flatten();
        let all_the_same = deciding.all(|other| other.map(Rule::line) == first.map(Rule::line));
        match first {
            Some(rule) if all_the_same && to_the_letter(rule, path) => Verdict::Allowed(rule, shapes.len() == 1),
            _ => Verdict::Refused,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Verdict<'p> {
    /// By this rule; the flag says that the path has no segment that could be ignored.
    Allowed(&'p Rule, bool),
    Denied,
    Refused,
}

/// The parts of a pattern after each slash; a trailing slash counts as nothing.
fn wanted(rule: &Rule) -> Vec<&str> {
    rule.route().trim_end_matches('/').split('/').skip(1).collect()
}

fn to_the_letter(rule: &Rule, path: &str) -> bool {
    let wanted: Vec<&str> = rule.route().split('/').collect();
    let segments: Vec<&str> = path.split('/').collect();
    let is_open = wanted.last() == Some(&"**");
    let named = wanted.len() - usize::from(is_open);
    (is_open && segments.len() >= named || segments.len() == named)
        && wanted[..named].iter().zip(&segments).all(|(own, segment)| own == segment || *own == "*")
}

/// The transformations that readers apply to a segment, each on its own.
const TRANSFORMATIONS: [fn(&str) -> String; 11] = [
    |text| text.to_lowercase(),
    |text| text.to_uppercase().to_lowercase(),
    |text| DecomposingNormalizer::new_nfkd().normalize(text).into_owned(),
    |text| {
        let category = CodePointMapData::<GeneralCategory>::new();
        let is_mark = |c| matches!(category.get(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark);
        text.chars().filter(|c| !is_mark(*c)).collect()
    },
    |text| text.chars().filter(|c| !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(*c)).collect(),
    |text| text.replace('+', " "),
    |text| text.replace('ł', "l"),
    |text| text.trim().to_owned(),
    |text| text.trim_end_matches('.').to_owned(),
    |text| text.rsplit_once(['.', ':', ',']).map_or(text, |(name, _)| name).to_owned(),
    |text| text.trim_end().to_owned(),
];
