//! Request paths, validated strictly so that the path a policy judged is the path that is sent.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::text::{self, find_byte, hex_pair, split};

/// The longest accepted path or query: 8 KiB.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;

/// A path that every party reads in the same way.
///
/// If two parties read a path differently, it can bypass a policy. So a path that could be read differently (dot
/// segments, encoded separators, double encoding, backslashes, path parameters) is rejected, and an accepted path is
/// sent with its bytes unchanged. Before it reads a path, a server may map characters to compatibility forms (Unicode
/// UAX #15, NFKC) or to the nearest character of its code page. Therefore characters that map to a delimiter are
/// rejected like that delimiter: U+FF0F maps to `/`.
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
    /// Validates a path: absolute, with RFC 3986 §3.3 characters, and without any of the defects in [`PathError`].
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
            // Without any of these bytes no segment needs a second look; a slash may end the path.
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
        // The first segment, before the first slash, is empty.
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

    /// The path with its original bytes.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The path as the server will read it, for matching against a policy.
    pub fn decoded(self) -> Cow<'a, str> {
        // `parse` has validated every escape.
        decode(self.0).unwrap_or(Cow::Borrowed(self.0))
    }
}

/// Checks the escape at `position` and returns its length without the `%`.
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

/// Whether some parser reads a decoded segment as `.` or `..`: with dots in compatibility forms, or after removing
/// blanks and invisible characters.
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

/// Whether a character is a blank, including after form decoding, or invisible.
const fn is_blank(c: char) -> bool {
    matches!(c,
        ' ' | '+' | '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The error for a character that some parser maps to one that is not allowed in a segment. `start` is the beginning of
/// the segment.
const fn stands_for_delimiter(c: char, start: usize) -> Option<PathError> {
    Some(match c {
        // Map to `/`, to a fraction that contains it, or to `\`.
        '\u{2044}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' | '\u{2215}' | '\u{ff0f}' | '\u{2216}'
        | '\u{fe68}' | '\u{ff3c}' => PathError::EncodedSeparator { position: start },
        // Map to `;`, `?` or `#`.
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
        // Map to `%`.
        '\u{66a}' | '\u{fe6a}' | '\u{ff05}' => PathError::DoubleEncoding { position: start },
        _ => return None,
    })
}

/// Whether two hex digits are at `at`, plain or themselves encoded: both `%252e` and `%25%32%65` decode to `%2e`.
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

/// One round of percent-decoding; `None` if the result is not UTF-8, as with overlong forms of `.` and `/`.
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

/// The reason a path is rejected. Positions count bytes from 0.
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
    /// It contains `//`, which some servers collapse and others read as the start of a host.
    EmptySegment {
        /// Where the empty segment is.
        position: usize,
    },
    /// A segment is `.` or `..`: plain, encoded, in compatibility forms, or with only blanks besides the dots.
    DotSegment {
        /// Where the segment begins.
        position: usize,
    },
    /// It contains an encoded `/` or `\`, or a character that some servers map to one.
    EncodedSeparator {
        /// Where the escape, or its segment, begins.
        position: usize,
    },
    /// It contains a backslash, which URL parsers turn into a slash.
    Backslash {
        /// Where the backslash is.
        position: usize,
    },
    /// It contains a double encoding, such as `%252e` or `%25%32%65`, or a character that some servers map to `%`.
    DoubleEncoding {
        /// Where the escape, or its segment, begins.
        position: usize,
    },
    /// It contains a `%` without two hex digits after it, or bytes that are not UTF-8.
    InvalidEncoding {
        /// Where the escape, or its segment, begins.
        position: usize,
    },
    /// It contains `?`, `#` or `;`, plain, encoded or in a compatibility form, which some parsers read as the end of
    /// the path.
    Delimiter {
        /// Where it, or its segment, begins.
        position: usize,
    },
    /// It contains a control character, a space, a non-ASCII character, or another character that RFC 3986 does not
    /// allow in a path.
    InvalidCharacter {
        /// Where the character is.
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
    /// The problem, on one line.
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
            Self::Backslash { position } => ("has a backslash", position),
            Self::DoubleEncoding { position } => ("is percent-encoded twice", position),
            Self::InvalidEncoding { position } => ("has an invalid percent-encoding", position),
            Self::Delimiter { position } => ("has a `?`, `#` or `;`, which is not allowed in a path", position),
            Self::InvalidCharacter { position } => {
                ("has a character that must be percent-encoded (encodeURIComponent does it)", position)
            }
        };
        text::concat(&["the path ", what, " at byte ", &text::count(position), " (counting from 0)"])
    }
}

impl_error!(PathError);
