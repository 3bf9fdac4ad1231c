//! The readings of a path: all the ways in which some server may interpret it.
//!
//! Servers differ: some ignore case and accents, a trailing slash or dot, blanks around a name, a file extension
//! (`/users.json` is `/users`), or a segment that is empty after cleaning. None of this may bypass a rule. So a path is
//! normalized into names that are the same for all servers, and segments that some servers ignore are marked.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::url::RequestPath;

use super::folding::push_folded;

/// The letters of the segment that names API keys; the list of keys returns their values.
const KEYS: [&str; 2] = ["apikeys", "apikey"];

/// The number of letters of the longest of [`KEYS`].
const LONGEST_KEYS: usize = 7;

/// A path as policies see it.
#[derive(Debug)]
pub(crate) struct Reading {
    decoded: String,
    segments: Vec<Segment>,
}

/// A segment of a request's path.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Folded, without the characters at its ends that servers remove.
    name: String,
    /// Whether some servers ignore the segment.
    pub(super) may_vanish: bool,
    /// Whether there is nothing between its slashes, so that no server reads it as a name.
    pub(super) is_empty: bool,
}

/// A name in a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    name: String,
    /// The name without its extension.
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

    /// The segments after each slash.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether some server may read a segment as the one that names API keys.
    pub(super) fn names_keys(&self) -> bool {
        self.decoded.split('/').any(names_keys)
    }

    /// Whether decoding it again, after mapping its characters, could yield another path.
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
        // Nearly every segment consists of these bytes, which have only one reading.
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !text.is_empty() && text.bytes().all(is_plain) {
            return Self { name: text.into(), may_vanish: false, is_empty: false };
        }
        let name = cleaned(text);
        let may_vanish = before_mark(&name).is_empty();
        Self { name, may_vanish, is_empty: text.is_empty() }
    }

    /// Whether some server reads it as the given name.
    pub(super) fn may_be(&self, literal: &Literal) -> bool {
        extends(&self.name, &literal.stem) || extends(&literal.name, &self.name)
    }
}

impl Literal {
    /// Reads a segment of a pattern; `None` if some server would ignore it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let name = cleaned(text);
        // Dots before an @ do not begin an extension; they separate names in an address.
        let (user, rest) = name.split_at_checked(name.rfind('@').map_or(0, |at| at + 1))?;
        let stem = [user, before_mark(rest)].concat();
        (!before_mark(&name).is_empty()).then_some(Self { name, stem })
    }
}

/// Folded, without leading and trailing blanks and without trailing dots.
fn cleaned(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| push_folded(c, &mut folded));
    let kept = folded.trim_end_matches([' ', '.']).trim_start_matches(' ');
    if kept.len() == folded.len() { folded } else { kept.into() }
}

/// Whether a character ends a name for some server, followed by an extension, a stream, a verb or a parameter (RFC 3986
/// §3.3).
const fn is_mark(c: char) -> bool {
    matches!(c, '.' | ':' | ',')
}

fn before_mark(name: &str) -> &str {
    name.split(is_mark).next().unwrap_or_default().trim_end_matches(' ')
}

/// Whether a name is `stem`, with or without an extension.
fn extends(name: &str, stem: &str) -> bool {
    let rest = name.strip_prefix(stem).map(|rest| rest.trim_start_matches(' '));
    !stem.is_empty() && rest.is_some_and(|rest| rest.chars().next().is_none_or(is_mark))
}

/// Whether some server reads a segment as the one that names API keys: its letters match, or those of a part of it
/// between separators other than `_`, `-` and blanks.
pub(super) fn names_keys(segment: &str) -> bool {
    // Most segments are ids, and few contain the letter k.
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
                // A new part begins here.
                _ if is_boundary(c) && letters.is_empty() => return false,
                _ if letters.len() > LONGEST_KEYS => return false,
                _ if c.is_ascii_alphanumeric() => letters.push(c),
                _ => {}
            }
        }
        KEYS.contains(&&*letters)
    })
}
