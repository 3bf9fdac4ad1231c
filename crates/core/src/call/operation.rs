//! The operation that a call performs, and the key level that it accepts.

use crate::Method;

/// A method and a path without identifiers: enough to tell whether two calls perform the same operation.
///
/// A segment that contains a digit, `@` or `%` counts as an identifier: those of the API are UUIDs, numbers and
/// addresses.
///
/// ```
/// use attention_core::Method;
/// use attention_core::call::Operation;
///
/// let of = |path| Operation::of(Method::Get, path);
/// assert_eq!(of("/teams/7d444840-9dc0-11d1-b245-5ffdce74fad2/members"), of("/teams/42/members?page=2"));
/// assert_ne!(of("/teams/42/members"), of("/teams/42"));
/// assert_ne!(of("/users"), Operation::of(Method::Delete, "/users"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation(u32);

impl Operation {
    /// The operation of a method and a target. The query is ignored.
    pub fn of(method: Method, target: &str) -> Self {
        let mut hash = method.as_str().bytes().fold(0x811c_9dc5, add);
        // The hash before the segment that is being read.
        let mut before = hash;
        let mut is_identifier = false;
        for byte in target.bytes() {
            match byte {
                b'?' | b'#' => break,
                b'/' => {
                    hash = add(hash, byte);
                    (before, is_identifier) = (hash, false);
                    continue;
                }
                b'0'..=b'9' | b'@' | b'%' => is_identifier = true,
                _ => {}
            }
            hash = if is_identifier { add(before, b'{') } else { add(hash, byte) };
        }
        Self(hash)
    }
}

/// FNV-1a, 32 bits.
fn add(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// The level of a key: whose permissions it has.
/// Source: <https://docs.attention.com/mcp/authentication>.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyLevel {
    /// It acts as one user.
    User,
    /// It acts for the whole organization.
    Organization,
}

impl KeyLevel {
    /// The next step when an operation accepts only this level.
    pub(crate) const fn demand(self) -> &'static str {
        match self {
            Self::User => "this operation takes user-level keys only",
            Self::Organization => "this operation takes organization-level keys only",
        }
    }
}

/// The operations that a key was recently accepted for.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    operations: [Option<Operation>; Self::MOST],
    noted: usize,
}

impl Worked {
    /// A program repeats a handful of operations.
    const MOST: usize = 16;

    pub(crate) fn note(&mut self, operation: Operation) {
        if self.has(operation) {
            return;
        }
        if let Some(place) = self.operations.get_mut(self.noted % Self::MOST) {
            *place = Some(operation);
        }
        self.noted = self.noted.wrapping_add(1);
    }

    pub(crate) fn has(&self, operation: Operation) -> bool {
        self.operations.contains(&Some(operation))
    }
}
