//! Request paths: read strictly once, so that what was judged is what is sent.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::text::{self, find_byte, hex_pair, split};

/// The longest accepted path or query: 8 KiB.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;

/// A path that every party reads in the same way.
///
/// A path that two parties read differently is how a policy is passed by. So a
/// path in which the parties could differ (dot segments, encoded separators,
/// doubled encoding, back slashes, path parameters) is refused, and one that is
/// accepted is sent on with the bytes it came with. A server may map characters
/// to their compatibility forms (Unicode UAX #15, NFKC) or to the nearest one of
/// its code page before it reads a path, so characters that become a delimiter
/// are refused as that delimiter is: U+FF0F becomes `/`.
///
/// ```
/// use attention_core::url::{PathError, RequestPath};
///
/// let path = RequestPath::parse("/v2/api%5Fkeys")?;
/// assert_eq!(path.as_str(), "/v2/api%5Fkeys");
/// assert_eq!(path.decoded(), "/v2/api_keys");
///
/// assert_eq!(RequestPath::parse("/v2/%2e%2e/x").unwrap_err(), PathError::DotSegment { position: 4 });
/// # Ok::<(), PathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestPath<'a>(&'a str);

impl<'a> RequestPath<'a> {
    /// Checks a path: absolute, RFC 3986 §3.3 characters, and none of the shapes
    /// named in [`PathError`].
    pub fn parse(path: &'a str) -> Result<Self, PathError> {
        let bytes = path.as_bytes();
        if bytes.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        if bytes.len() > MAX_TARGET_BYTES {
            return Err(PathError::TooLong { bytes: bytes.len() });
        }
        let (mut position, mut is_plain, mut last) = (0, true, 0);
        while let Some(&byte) = bytes.get(position) {
            // Without any of these, no segment needs a second look; a slash may end the path.
            is_plain &= !matches!(byte, b'%' | b'.') && (byte != b'/' || last != b'/');
            last = byte;
            match byte {
                b'%' => position += encoded(bytes, position)?,
                b'\\' => return Err(PathError::Backslash { position }),
                b'?' | b'#' | b';' => return Err(PathError::Delimiter { position }),
                0x21..=0x7e if !matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'[' | b']') => {
                }
                _ => return Err(PathError::InvalidCharacter { position }),
            }
            position += 1;
        }
        if is_plain {
            return Ok(Self(path));
        }
        // The first segment is what stands before the first slash: nothing.
        let mut start = 0;
        for segment in split(path, b'/') {
            let end = start + segment.len();
            if segment.is_empty() && start > 0 && end < path.len() {
                return Err(PathError::EmptySegment { position: start });
            }
            let decoded = decode(segment).ok_or(PathError::InvalidEncoding { position: start })?;
            if is_dots(&decoded) {
                return Err(PathError::DotSegment { position: start });
            }
            if !decoded.is_ascii()
                && let Some(error) = decoded.chars().find_map(|c| stands_for_delimiter(c, start))
            {
                return Err(error);
            }
            start = end + 1;
        }
        Ok(Self(path))
    }

    /// The path with the bytes it came with.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The path as the server will read it, for matching it against a policy.
    pub fn decoded(self) -> Cow<'a, str> {
        // `parse` has seen every escape.
        decode(self.0).unwrap_or(Cow::Borrowed(self.0))
    }
}

/// Judges the escape at `position`; two more bytes belong to it.
fn encoded(bytes: &[u8], position: usize) -> Result<usize, PathError> {
    let byte = hex_pair(bytes, position + 1).ok_or(PathError::InvalidEncoding { position })?;
    match byte {
        b'/' | b'\\' => Err(PathError::EncodedSeparator { position }),
        b'%' if decodes_to_hex_pair(bytes, position + 3) => Err(PathError::DoubleEncoding { position }),
        b'?' | b'#' | b';' => Err(PathError::Delimiter { position }),
        0..=0x1f | 0x7f => Err(PathError::InvalidCharacter { position }),
        _ => Ok(2),
    }
}

/// Whether a decoded segment is `.` or `..` to some reader: in compatibility forms of
/// the dot, or once blanks and characters without a shape are taken out.
fn is_dots(segment: &str) -> bool {
    let mut dots = 0;
    for c in segment.chars() {
        dots += match c {
            '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => 1,
            '\u{2025}' | '\u{fe30}' => 2,
            _ if is_blank(c) => 0,
            _ => return false,
        };
    }
    matches!(dots, 1 | 2)
}

/// Whether a character is a blank, also once it is decoded as in a form, or has no shape.
const fn is_blank(c: char) -> bool {
    matches!(c,
        ' ' | '+' | '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The refusal of a character that some reader maps to one that may not be in a
/// segment. `start` is where the segment begins.
const fn stands_for_delimiter(c: char, start: usize) -> Option<PathError> {
    Some(match c {
        // To `/`, or to a fraction with one in it; to `\`.
        '\u{2044}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' | '\u{2215}' | '\u{ff0f}' | '\u{2216}'
        | '\u{fe68}' | '\u{ff3c}' => PathError::EncodedSeparator { position: start },
        // To `;`, `?`, `#`.
        '\u{37e}'
        | '\u{fe14}'
        | '\u{fe54}'
        | '\u{ff1b}'
        | '\u{2047}'..='\u{2049}'
        | '\u{fe16}'
        | '\u{fe56}'
        | '\u{ff1f}'
        | '\u{fe5f}'
        | '\u{ff03}' => PathError::Delimiter { position: start },
        // To `%`.
        '\u{66a}' | '\u{fe6a}' | '\u{ff05}' => PathError::DoubleEncoding { position: start },
        _ => return None,
    })
}

/// Whether two hex digits stand at `at`, plain or encoded themselves: `%252e` and
/// `%25%32%65` are both `%2e` once decoded.
fn decodes_to_hex_pair(bytes: &[u8], mut at: usize) -> bool {
    (0..2).all(|_| {
        let (byte, width) = match bytes.get(at) {
            Some(b'%') => (hex_pair(bytes, at + 1), 3),
            plain => (plain.copied(), 1),
        };
        at += width;
        byte.is_some_and(|byte| byte.is_ascii_hexdigit())
    })
}

/// One round of percent-decoding; `None` when the result is not UTF-8, as with
/// overlong forms of `.` and `/`.
fn decode(encoded: &str) -> Option<Cow<'_, str>> {
    if find_byte(encoded, b'%').is_none() {
        return Some(Cow::Borrowed(encoded));
    }
    let bytes = encoded.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            decoded.push(hex_pair(bytes, at + 1)?);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Why a path is refused. Positions count bytes from 0.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// It does not begin with `/`.
    NotAbsolute,
    /// It is longer than [`MAX_TARGET_BYTES`].
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It holds `//`, which some servers fold and others take for a host.
    EmptySegment {
        /// Where the empty segment stands.
        position: usize,
    },
    /// A segment is `.` or `..`: plain, encoded, in compatibility forms, or with
    /// nothing but blanks beside the dots.
    DotSegment {
        /// Where the segment begins.
        position: usize,
    },
    /// It holds an encoded `/` or `\`, or a character that some servers turn into one.
    EncodedSeparator {
        /// Where the escape, or the segment it is in, begins.
        position: usize,
    },
    /// It holds a back slash, which URL parsers turn into a slash.
    Backslash {
        /// Where.
        position: usize,
    },
    /// It holds an encoding of an encoding, such as `%252e` or `%25%32%65`, or a
    /// character that some servers turn into `%`.
    DoubleEncoding {
        /// Where the escape, or the segment it is in, begins.
        position: usize,
    },
    /// A `%` without two hex digits behind it, or bytes that are not UTF-8.
    InvalidEncoding {
        /// Where the escape, or the segment it is in, begins.
        position: usize,
    },
    /// `?`, `#` or `;`, plain, encoded or in a compatibility form: it would end the
    /// path for some readers.
    Delimiter {
        /// Where it, or the segment it is in, begins.
        position: usize,
    },
    /// A control character, a space, non-ASCII, or another character that
    /// RFC 3986 does not allow in a path.
    InvalidCharacter {
        /// Where.
        position: usize,
    },
}

impl PathError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAbsolute => "path_not_absolute",
            Self::TooLong { .. } => "path_too_long",
            Self::EmptySegment { .. } => "path_empty_segment",
            Self::DotSegment { .. } => "path_dot_segment",
            Self::EncodedSeparator { .. } => "path_encoded_separator",
            Self::Backslash { .. } => "path_backslash",
            Self::DoubleEncoding { .. } => "path_double_encoding",
            Self::InvalidEncoding { .. } => "path_invalid_encoding",
            Self::Delimiter { .. } => "path_delimiter",
            Self::InvalidCharacter { .. } => "path_invalid_character",
        }
    }
}

impl PathError {
    /// What is wrong, in one line.
    pub fn message(self) -> String {
        let (what, position) = match self {
            Self::NotAbsolute => return "the path must begin with `/`".into(),
            Self::TooLong { bytes } => {
                let parts =
                    ["the path has ", &text::count(bytes), " bytes, more than ", &text::count(MAX_TARGET_BYTES)];
                return text::concat(&parts);
            }
            Self::EmptySegment { position } => ("has an empty segment (`//`)", position),
            Self::DotSegment { position } => ("has a `.` or `..` segment", position),
            Self::EncodedSeparator { position } => ("has an encoded slash", position),
            Self::Backslash { position } => ("has a back slash", position),
            Self::DoubleEncoding { position } => ("is percent-encoded twice", position),
            Self::InvalidEncoding { position } => ("has an invalid percent-encoding", position),
            Self::Delimiter { position } => ("has a `?`, `#` or `;` where none can be", position),
            Self::InvalidCharacter { position } => {
                ("has a character that must be percent-encoded (encodeURIComponent does it)", position)
            }
        };
        text::concat(&["the path ", what, " at byte ", &text::count(position), " (counting from 0)"])
    }
}

impl_error!(PathError);
