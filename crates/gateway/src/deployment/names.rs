//! Detects binding names that are close to a documented one.

use alloc::string::String;
use alloc::vec::Vec;

use crate::deployment::bindings::{ALL, ANALYTICS, PREFIX, is_known};

/// A name that is not documented but was probably meant to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Misspelt {
    /// The name that is probably meant, if one is close.
    pub(crate) meant: Option<&'static str>,
}

/// Whether a name is probably a misspelling of a documented one, so that nothing reads it.
///
/// The setting then has its default, which may be more permissive: with `ATTENTION_POLICIES`, the default policy would
/// apply.
pub(crate) fn misspelt(name: &str) -> Option<Misspelt> {
    let known = || ALL.into_iter().chain([ANALYTICS]);
    if is_known(name) {
        return None;
    }
    let as_ours = |c: char| if matches!(c, '-' | ' ' | '.') { '_' } else { c.to_ascii_uppercase() };
    let plain: String = name.chars().map(as_ours).collect();
    let nearest = known().map(|known| (distance(&plain, known), known)).min();
    let is_ours = plain.starts_with(PREFIX);
    let meant = nearest.filter(|(distance, _)| *distance <= if is_ours { 4 } else { 2 }).map(|(_, known)| known);
    (is_ours || meant.is_some()).then_some(Misspelt { meant })
}

/// The number of letters to insert, delete or replace to turn one into the other (Levenshtein distance).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, wanted) in row.iter_mut().skip(1).zip(other.bytes()) {
            let changed = diagonal + usize::from(letter != wanted);
            diagonal = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn misspelt_names_are_distinguished_from_unrelated_ones() {
        for (name, meant) in [
            ("ATTENTION_CALLER", Some("ATTENTION_CALLERS")),
            ("attention_callers", Some("ATTENTION_CALLERS")),
            ("ATTENTION-CALLERS", Some("ATTENTION_CALLERS")),
            ("ATTENTION_POLICIES", Some("ATTENTION_POLICY")),
            ("ATTENTION_ALLOWED_ORIGIN", Some("ATTENTION_ALLOWED_ORIGINS")),
            ("ATTENTION_APIKEY", Some("ATTENTION_API_KEY")),
            ("ATENTION_API_KEY", Some("ATTENTION_API_KEY")),
            ("ATTENTION_API_KEY_NXET", Some("ATTENTION_API_KEY_NEXT")),
            ("ATTENTION_COLOUR_OF_THE_SKY", None),
        ] {
            assert_eq!(misspelt(name), Some(Misspelt { meant }), "{name}");
        }
        for name in [
            "ATTENTION_API_KEY",
            "ATTENTION_ANALYTICS",
            "DATABASE_URL",
            "API_KEY",
            "CF_VERSION_METADATA",
            "",
            "ATTENTION",
        ] {
            assert_eq!(misspelt(name), None, "{name}");
        }
    }

    proptest! {
        // By the definition of the distance, which is slow.
        #[test]
        fn the_distance_is_the_levenshtein_distance(one in "[ab]{0,6}", other in "[abc]{0,6}") {
            fn slow(one: &[u8], other: &[u8]) -> usize {
                match (one, other) {
                    ([], rest) | (rest, []) => rest.len(),
                    ([a, one @ ..], [b, other @ ..]) if a == b => slow(one, other),
                    ([_, less @ ..], [_, fewer @ ..]) => {
                        1 + slow(less, other).min(slow(one, fewer)).min(slow(less, fewer))
                    }
                }
            }
            prop_assert_eq!(distance(&one, &other), slow(one.as_bytes(), other.as_bytes()));
        }

        #[test]
        fn a_typing_error_is_reported(
            name in prop::sample::select(&ALL[..]),
            at in any::<prop::sample::Index>(),
            letter in "[A-Z_]",
            slip in 0..4_u8,
        ) {
            let mut letters: Vec<char> = name.chars().collect();
            let at = at.index(letters.len());
            match slip {
                0 => drop(letters.remove(at)),
                1 => letters.insert(at, letter.chars().next().unwrap()),
                2 => letters[at] = letter.chars().next().unwrap(),
                _ => letters = letters.into_iter().map(|c| c.to_ascii_lowercase()).collect(),
            }
            let spoilt: String = letters.into_iter().collect();
            prop_assume!(!ALL.contains(&spoilt.as_str()));
            prop_assert!(misspelt(&spoilt).is_some_and(|found| found.meant.is_some()), "{}", spoilt);
        }
    }
}
