//! The hashes that identify caller tokens in a configuration.

use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::codec::text;

/// The SHA-256 of a caller token, which a configuration stores in place of the token.
///
/// ```
/// use attention_core::credential::TokenDigest;
///
/// let stored = TokenDigest::from_hex(&TokenDigest::of("an-obviously-fake-token").to_hex())?;
/// assert!(stored.matches(TokenDigest::of("an-obviously-fake-token")));
/// assert!(!stored.matches(TokenDigest::of("another-token")));
/// # Ok::<(), attention_core::credential::DigestError>(())
/// ```
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Hashes a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads 64 hex digits, in either case.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        if hex.len() != 64 {
            return Err(DigestError::Length { characters: hex.chars().count() });
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = text::hex_pair(hex.as_bytes(), 2 * index).ok_or_else(|| {
                let position = hex.bytes().position(|b| !b.is_ascii_hexdigit()).unwrap_or_default();
                DigestError::NotHex { position }
            })?;
        }
        Ok(Self(bytes))
    }

    /// The digest as 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        text::hex(&self.0)
    }

    /// Compares in constant time, so that a wrong digest does not reveal how close it was.
    pub fn matches(self, other: Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The bytes, for sorting digests where timing does not matter.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The index of this digest in `stored`. Every entry is compared, so the time taken does not reveal which one
    /// matched.
    pub fn find_in(self, stored: impl IntoIterator<Item = Self>) -> Option<usize> {
        stored.into_iter().enumerate().fold(
            None,
            |found, (index, digest)| {
                if digest.matches(self) { Some(index) } else { found }
            },
        )
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to distinguish two digests in a log.
        write!(f, "TokenDigest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The reason a text is not a SHA-256 in hex.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// It does not have 64 characters.
    Length {
        /// The number of characters it has.
        characters: usize,
    },
    /// It contains a character that is not a hex digit.
    NotHex {
        /// The number of characters before it.
        position: usize,
    },
}

impl DigestError {
    /// The problem, on one line.
    pub fn message(self) -> String {
        match self {
            Self::Length { characters } => text::concat(&[
                "a SHA-256 has 64 hex digits, but this has ",
                &text::count(characters),
                " characters; is it the token itself?",
            ]),
            Self::NotHex { position } => {
                text::concat(&["not a hex digit at position ", &text::count(position), " (counting from 0)"])
            }
        }
    }
}

impl_error!(DigestError);
