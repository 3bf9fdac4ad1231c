//! The id that names a request in the log, in the answer and in a problem.

/// A caller's own id, when it is plain enough to stand in a header and a log:
/// 8 to 64 letters, digits, `-`, `_` or `.`. Otherwise the Worker makes one.
pub(crate) fn acceptable(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
