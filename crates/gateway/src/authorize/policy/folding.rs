//! The ASCII text that some server may read a character as.
//!
//! Servers compare names after mapping them to lower case, to compatibility forms (Unicode UAX #15, NFKC: full width,
//! ligatures, mathematical letters), to letters without accents (database collations), or to the nearest character of a
//! code page. Patterns are ASCII, so other characters matter only if one of these mappings yields ASCII.

use alloc::string::String;

/// Appends the text that `c` may become: a lower-case letter for a letter, a blank for a `+`, nothing for an invisible
/// character, and the character itself if no known server maps it to ASCII.
pub(crate) fn push_folded(c: char, out: &mut String) {
    match c {
        '+' => out.push(' '),
        '\0'..='\x7f' => out.push(c.to_ascii_lowercase()),
        _ if is_shapeless(c) => {}
        _ => match regular(c) {
            Some(ascii) => out.push(ascii),
            None => match listed(c) {
                Some(ascii) => ascii.chars().for_each(|c| push_folded(if c == BLANK { ' ' } else { c }, out)),
                None => out.push(c),
            },
        },
    }
}

/// Characters that collations ignore and that sanitizers remove: controls, combining marks, joiners, directional marks,
/// variation selectors. Marks of single scripts are omitted.
const fn is_shapeless(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{20d0}'..='\u{20ff}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}')
}

/// Characters in the order of the ASCII characters that they are forms of.
fn regular(c: char) -> Option<char> {
    let (first, start, count) = match c {
        '\u{24b6}'..='\u{24e9}' => ('\u{24b6}', b'a', 26),
        '\u{ff01}'..='\u{ff5e}' => ('\u{ff01}', b'!', 94),
        '\u{1ccd6}'..='\u{1ccef}' => ('\u{1ccd6}', b'a', 26),
        '\u{1ccf0}'..='\u{1ccf9}' => ('\u{1ccf0}', b'0', 10),
        '\u{1d400}'..='\u{1d6a3}' => ('\u{1d400}', b'a', 26),
        '\u{1d7ce}'..='\u{1d7ff}' => ('\u{1d7ce}', b'0', 10),
        '\u{1fbf0}'..='\u{1fbf9}' => ('\u{1fbf0}', b'0', 10),
        _ => return None,
    };
    let offset = (u32::from(c) - u32::from(first)) % count;
    char::from_u32(u32::from(start) + offset).map(|c| if c == '+' { ' ' } else { c.to_ascii_lowercase() })
}

fn listed(c: char) -> Option<&'static str> {
    let (first, forms) = FORMS.iter().rev().find(|(first, _)| *first <= c)?;
    let offset = usize::try_from(u32::from(c) - u32::from(*first)).ok()?;
    forms.split(' ').nth(offset).filter(|form| *form != NONE)
}

/// Represents a blank in [`FORMS`].
const BLANK: char = '␣';

/// Represents a character without an ASCII form in [`FORMS`].
const NONE: &str = "·";

/// Runs of characters, each beginning at the given code point, with their ASCII forms: compatibility and canonical
/// decomposition without marks, Latin letters with a stroke, and dashes.
const FORMS: &[(char, &str)] = &[
    ('\u{a0}', "␣"),
    (
        '\u{a8}',
        "␣ · a · · · · ␣ · · 2 3 ␣ · · · ␣ 1 o · · · · · a a a a a a ae c e e e e i i i i d n o o o o o · o u \
         u u u y · ss a a a a a a ae c e e e e i i i i d n o o o o o · o u u u u y · y a a a a a a c c c c c \
         c c c d d d d e e e e e e e e e e g g g g g g g g h h h h i i i i i i i i i i ij ij j j k k · l l l \
         l l l · · l l n n n n n n · · · o o o o o o oe oe r r r r r r s s s s s s s s t t t t t t u u u u u \
         u u u u u u u w w y y y z z z z z z s",
    ),
    ('\u{1a0}', "o o"),
    ('\u{1af}', "u u"),
    (
        '\u{1c4}',
        "dz dz dz lj lj lj nj nj nj a a i i o o u u u u u u u u u u · a a a a · · · · g g k k o o o o · · j \
         dz dz dz g g · · n n a a · · · · a a a a e e e e i i i i o o o o r r r r u u u u s s t t · · h h",
    ),
    ('\u{226}', "a a e e o o o o o o o o y y"),
    ('\u{2b0}', "h · j r · · · w y"),
    ('\u{2d8}', "␣ ␣ ␣ ␣ ␣ ␣ · · · l s x"),
    ('\u{37a}', "␣"),
    ('\u{384}', "␣ ␣"),
    ('\u{1d2c}', "a · b · d e · g h i j k l m n · o · p r t u w a · · · b d e · · · g · k m · o · · · p t u · · v"),
    ('\u{1d62}', "i r u v"),
    ('\u{1d9c}', "c · · · f"),
    ('\u{1dbb}', "z"),
    (
        '\u{1e00}',
        "a a b b b b b b c c d d d d d d d d d d e e e e e e e e e e f f g g h h h h h h h h h h i i i i k k \
         k k k k l l l l l l l l m m m m m m n n n n n n n n o o o o o o o o p p p p r r r r r r r r s s s s \
         s s s s s s t t t t t t t t u u u u u u u u u u v v v v w w w w w w w w w w x x x x y y z z z z z z \
         h t w y · s · · ss · a a a a a a a a a a a a a a a a a a a a a a a a e e e e e e e e e e e e e e e e \
         i i i i o o o o o o o o o o o o o o o o o o o o o o o o u u u u u u u u u u u u u u y y y y y y y y",
    ),
    ('\u{1fbd}', "␣ · ␣ ␣ ␣"),
    ('\u{1fcd}', "␣ ␣ ␣"),
    ('\u{1fdd}', "␣ ␣ ␣"),
    ('\u{1fed}', "␣ ␣ `"),
    ('\u{1ffd}', "␣ ␣ · ␣ ␣ ␣ ␣ ␣ ␣ ␣ ␣ ␣ ␣ ␣ · · · · · - - - - - - · ␣"),
    ('\u{2024}', ". .. ..."),
    ('\u{202f}', "␣"),
    ('\u{203c}', "!! · ␣"),
    ('\u{205f}', "␣"),
    ('\u{2070}', "0 i · · 4 5 6 7 8 9 + · = ( ) n 0 1 2 3 4 5 6 7 8 9 + · = ( ) · a e o x · h k l m n p s t w y z"),
    ('\u{20a8}', "rs"),
    ('\u{2102}', "c"),
    (
        '\u{210a}',
        "g h h h h · i i l l · n no · · p q r r r · · sm tel tm · z · · · z · k a b c · e e f · m o · · · · i \
         · fax",
    ),
    ('\u{2145}', "d d e i j"),
    ('\u{2160}', "i ii iii iv v vi vii viii ix x xi xii l c d m i ii iii iv v vi vii viii ix x xi xii l c d m"),
    ('\u{2212}', "-"),
    ('\u{221e}', "8"),
    ('\u{2260}', "="),
    ('\u{226e}', "< >"),
    (
        '\u{2460}',
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 (1) (2) (3) (4) (5) (6) (7) (8) (9) (10) (11) \
         (12) (13) (14) (15) (16) (17) (18) (19) (20) 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. \
         17. 18. 19. 20. (a) (b) (c) (d) (e) (f) (g) (h) (i) (j) (k) (l) (m) (n) (o) (p) (q) (r) (s) (t) (u) \
         (v) (w) (x) (y) (z)",
    ),
    ('\u{24ea}', "0"),
    ('\u{2a74}', "::= == ==="),
    ('\u{2c7c}', "j v"),
    ('\u{3000}', "␣"),
    ('\u{309b}', "␣ ␣"),
    ('\u{3250}', "pte 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35"),
    ('\u{32b1}', "36 37 38 39 40 41 42 43 44 45 46 47 48 49 50"),
    ('\u{32cc}', "hg erg ev ltd"),
    (
        '\u{3371}',
        "hpa da au bar ov pc dm dm2 dm3 iu · · · · · pa na · ma ka kb mb gb cal kcal pf nf · · mg kg hz khz \
         mhz ghz thz · ml dl kl fm nm · mm cm km mm2 cm2 m2 km2 mm3 cm3 m3 km3 · · pa kpa mpa gpa rad · · ps \
         ns · ms pv nv · mv kv mv pw nw · mw kw mw · · a.m. bq cc cd · co. db gy ha hp in kk km kt lm ln log \
         lx mb mil mol ph p.m. ppm pr sr sv wb",
    ),
    ('\u{33ff}', "gal"),
    ('\u{a7f1}', "s c f q"),
    ('\u{fb00}', "ff fi fl ffi ffl st st"),
    ('\u{fb29}', "+"),
    ('\u{fc5e}', "␣ ␣ ␣ ␣ ␣ ␣"),
    ('\u{fe10}', ", · · : · ! · · · ..."),
    ('\u{fe30}', ".. · · _ _ ( ) { }"),
    (
        '\u{fe47}',
        "[ ] ␣ ␣ ␣ ␣ _ _ _ , · . · · : · ! · ( ) { } · · · & * + - < > = · · $ · @ · · · · ␣ · ␣ · ␣ · ␣ · ␣ \
         · ␣ · ␣ · ␣",
    ),
    ('\u{ffe3}', "␣"),
    ('\u{107a5}', "q"),
    (
        '\u{1f100}',
        "0. 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, · · · · · (a) (b) (c) (d) (e) (f) (g) (h) (i) (j) (k) (l) (m) (n) \
         (o) (p) (q) (r) (s) (t) (u) (v) (w) (x) (y) (z) · c r cd wz · a b c d e f g h i j k l m n o p q r s \
         t u v w x y z hv mv sd ss ppv wc",
    ),
    ('\u{1f16a}', "mc md mr"),
    ('\u{1f190}', "dj"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use icu_normalizer::DecomposingNormalizer;
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
    use icu_properties::{CodePointMapData, CodePointSetData};

    /// A text in lower case, in compatibility decomposition, without marks and ignorable characters.
    fn reference(text: &str) -> String {
        let nfkd = DecomposingNormalizer::new_nfkd();
        let lower = nfkd.normalize(text).to_lowercase();
        let category = CodePointMapData::<GeneralCategory>::new();
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let is_mark = |c| matches!(category.get(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark);
        let kept =
            nfkd.normalize(&lower).chars().filter(|c| !is_mark(*c) && !ignorable.contains(*c)).collect::<String>();
        kept.chars().map(|c| if c.is_whitespace() || c == '+' { ' ' } else { c }).collect()
    }

    fn folded(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| push_folded(c, &mut out));
        out
    }

    /// Every character that Unicode maps to ASCII in any of these ways is mapped likewise by the table.
    #[test]
    fn the_table_contains_every_character_that_unicode_maps_to_ascii() {
        // `RequestPath` rejects characters that become a path delimiter.
        let is_refused = |text: &str| text.contains(['/', '\\', '%', ';', '?', '#']);
        let mut mapped = 0;
        // Ideographs, syllables and private characters have no ASCII forms.
        let is_skipped = |c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}' | '\u{e000}'..='\u{f8ff}');
        for c in ('\u{a0}'..='\u{1ffff}').filter(|c| !is_skipped(*c)) {
            let text = c.to_string();
            for form in [reference(&text), reference(&text.to_uppercase())] {
                let is_mark_of_a_script = form.is_empty() && !is_shapeless(c);
                if form.is_ascii() && !is_refused(&form) && !is_mark_of_a_script {
                    assert_eq!(folded(&text).trim(), form.trim(), "U+{:04X} {c}", u32::from(c));
                    mapped += 1;
                }
            }
        }
        assert!(mapped > 3000, "{mapped}");
    }

    #[test]
    fn characters_without_an_ascii_form_are_kept() {
        for text in ["日本語", "привет", "λόγος"] {
            assert!(!folded(text).is_ascii() && !folded(text).is_empty(), "{text}");
        }
        assert_eq!(folded("Gespr\u{e4}ch Ｎｏ．１ \u{212a}\u{17f}ﬁ e\u{301}"), "gesprach no.1 ksfi e");
    }
}
