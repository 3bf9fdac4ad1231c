//! One path in all the ways in which some server reads it.
//!
//! Servers differ: some ignore case and accents, a slash or a dot at the end, blanks around
//! a name, a file extension (`/users.json` is `/users`), a segment that is empty once it is
//! cleaned. A rule must not be shed by any of these, so a path is read into names that are
//! the same for all of them, and the segments that some server leaves out are marked.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::url::RequestPath;

use super::folding::push_folded;

/// The letters of the segment that names API keys; the list of keys returns their values.
const KEYS: [&str; 2] = ["apikeys", "apikey"];

/// The most letters that one of [`KEYS`] has.
const LONGEST_KEYS: usize = 7;

/// A path as a policy sees it.
#[derive(Debug)]
pub(crate) struct Reading {
    decoded: String,
    segments: Vec<Segment>,
}

/// A segment of a request's path.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Folded, without what servers cut off at its ends.
    name: String,
    /// Some servers read the path as if it were not there.
    pub(super) may_vanish: bool,
    /// Nothing is between its slashes: it is no name to anybody.
    pub(super) is_empty: bool,
}

/// A segment that a pattern names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    name: String,
    /// The name before its extension.
    stem: String,
}

impl Reading {
    pub(crate) fn of(path: RequestPath<'_>) -> Self {
        let decoded = path.decoded().into_owned();
        let segments = decoded.split('/').skip(1).map(Segment::read).collect();
        Self { decoded, segments }
    }

    /// The path, percent-decoded once.
    pub(super) fn decoded(&self) -> &str {
        &self.decoded
    }

    /// What follows each slash.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether a segment may be read as the one of API keys.
    pub(super) fn names_keys(&self) -> bool {
        self.decoded.split('/').any(names_keys)
    }

    /// Whether decoding it once more, after its characters were mapped, could find another path.
    pub(super) fn is_encoded_again(&self) -> bool {
        let is_escape = |name: &str| {
            let mut triples = name.as_bytes().windows(3);
            triples.any(|triple| matches!(triple, [b'%', pair @ ..] if pair.iter().all(u8::is_ascii_hexdigit)))
        };
        self.decoded.bytes().any(|byte| byte == b'%') && self.segments.iter().any(|segment| is_escape(&segment.name))
    }
}

impl Segment {
    fn read(text: &str) -> Self {
        // What nearly every segment is: nothing of it is read in two ways.
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !text.is_empty() && text.bytes().all(is_plain) {
            return Self { name: text.into(), may_vanish: false, is_empty: false };
        }
        let name = cleaned(text);
        let may_vanish = before_mark(&name).is_empty();
        Self { name, may_vanish, is_empty: text.is_empty() }
    }

    /// Whether some server reads it as what a pattern names.
    pub(super) fn may_be(&self, literal: &Literal) -> bool {
        extends(&self.name, &literal.stem) || extends(&literal.name, &self.name)
    }
}

impl Literal {
    /// Reads a segment of a pattern; `None` when some server would read it as nothing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let name = cleaned(text);
        // Dots before an @ begin no extension: they are between the names in an address.
        let (user, rest) = name.split_at_checked(name.rfind('@').map_or(0, |at| at + 1))?;
        let stem = [user, before_mark(rest)].concat();
        (!before_mark(&name).is_empty()).then_some(Self { name, stem })
    }
}

/// Folded, without blanks at its ends and dots at the last.
fn cleaned(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| push_folded(c, &mut folded));
    let kept = folded.trim_end_matches([' ', '.']).trim_start_matches(' ');
    if kept.len() == folded.len() { folded } else { kept.into() }
}

/// Whether a character ends a name for some server: an extension, a stream or a verb, a
/// parameter (RFC 3986 §3.3) follows it.
const fn is_mark(c: char) -> bool {
    matches!(c, '.' | ':' | ',')
}

fn before_mark(name: &str) -> &str {
    name.split(is_mark).next().unwrap_or_default().trim_end_matches(' ')
}

/// Whether a name is `stem`, or `stem` and an extension.
fn extends(name: &str, stem: &str) -> bool {
    let rest = name.strip_prefix(stem).map(|rest| rest.trim_start_matches(' '));
    !stem.is_empty() && rest.is_some_and(|rest| rest.chars().next().is_none_or(is_mark))
}

/// Whether some server reads a segment as the one of API keys: its letters are, or those of
/// a part of it between other signs than `_`, `-` and blanks.
pub(super) fn names_keys(segment: &str) -> bool {
    // Ids are many, and few have the letter.
    if segment.is_ascii() && !segment.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'k')) {
        return false;
    }
    let mut folded = String::with_capacity(segment.len());
    segment.chars().for_each(|c| push_folded(c, &mut folded));
    let is_boundary = |c: char| c.is_ascii_punctuation() && !matches!(c, '_' | '-');
    let starts = core::iter::once(0).chain(folded.match_indices(is_boundary).map(|(at, _)| at + 1));
    starts.filter_map(|start| folded.get(start..)).any(|part| {
        let mut letters = String::new();
        for c in part.chars() {
            match c {
                _ if is_boundary(c) && KEYS.contains(&&*letters) => return true,
                // What follows is a part of its own.
                _ if is_boundary(c) && letters.is_empty() => return false,
                _ if letters.len() > LONGEST_KEYS => return false,
                _ if c.is_ascii_alphanumeric() => letters.push(c),
                _ => {}
            }
        }
        KEYS.contains(&&*letters)
    })
}
