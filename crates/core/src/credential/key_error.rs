//! The reasons a text is rejected as a key.

use alloc::string::String;
use core::fmt;

use crate::codec::text;

/// The longest accepted key: 8 KiB, a header size that common servers accept.
pub const MAX_KEY_BYTES: usize = 8 * 1024;

/// The reason a text is rejected as a key. It never contains the text.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is empty or only white space.
    Empty,
    /// It begins with `Bearer ` or another scheme: the key was copied together with part of its header.
    SchemePrefix,
    /// It is a placeholder from documentation or a template, such as `YOUR_API_KEY`.
    Placeholder,
    /// It is longer than [`MAX_KEY_BYTES`].
    TooLong {
        /// Its length after trimming.
        bytes: usize,
    },
    /// It contains a character that a bearer credential cannot have.
    InvalidCharacter {
        /// The number of characters before it in the original text.
        position: usize,
        /// The class of the character.
        class: CharacterClass,
    },
}

impl KeyError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "key_empty",
            Self::SchemePrefix => "key_has_scheme",
            Self::Placeholder => "key_placeholder",
            Self::TooLong { .. } => "key_too_long",
            Self::InvalidCharacter { .. } => "key_invalid_character",
        }
    }
}

impl KeyError {
    /// The problem and the next step, on one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::Empty => "the key is empty; set it to the value shown when the key was created",
            Self::SchemePrefix => {
                "the key begins with an authorization scheme or header name; pass the key alone, `Bearer` is added for you"
            }
            Self::Placeholder => "the key is a placeholder from a template; put the real key into your secret store",
            Self::TooLong { bytes } => {
                let parts = [
                    "the key has ",
                    &text::count(bytes),
                    " bytes, more than the ",
                    &text::count(MAX_KEY_BYTES),
                    " that a header can carry; is it the content of a file?",
                ];
                return text::concat(&parts);
            }
            Self::InvalidCharacter { position, class } => {
                let parts = [
                    "the key holds ",
                    class.as_str(),
                    " at position ",
                    &text::count(position),
                    " (counting from 0), which an Authorization header cannot carry; copy the key again, in one piece",
                ];
                return text::concat(&parts);
            }
        })
    }
}

impl_error!(KeyError);

/// The class of a rejected character: enough to find it, too little to reveal it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CharacterClass {
    /// CR or LF.
    LineBreak,
    /// A space or a tab.
    Blank,
    /// NUL.
    Nul,
    /// Another control character.
    Control,
    /// A quotation mark or a backtick.
    Quote,
    /// Anything outside ASCII.
    NonAscii,
    /// Another ASCII character outside RFC 9110 `token68`.
    Other,
}

impl CharacterClass {
    pub(crate) const fn of(c: char) -> Self {
        match c {
            '\r' | '\n' => Self::LineBreak,
            ' ' | '\t' => Self::Blank,
            '\0' => Self::Nul,
            '"' | '\'' | '`' => Self::Quote,
            _ if c.is_ascii_control() => Self::Control,
            _ if !c.is_ascii() => Self::NonAscii,
            _ => Self::Other,
        }
    }
}

impl CharacterClass {
    /// The name of the class in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LineBreak => "a line break",
            Self::Blank => "a space or tab",
            Self::Nul => "a NUL character",
            Self::Control => "a control character",
            Self::Quote => "a quotation mark",
            Self::NonAscii => "a non-ASCII character",
            Self::Other => "a character outside the token68 alphabet",
        }
    }
}

impl fmt::Display for CharacterClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
