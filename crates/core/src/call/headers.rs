//! The headers of a message, wherever they are kept.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::text;

/// Response headers, looked up by lower-case name.
///
/// A trait rather than a map: in a wasm driver every look-up crosses into
/// JavaScript, and on the success path core makes none that it does not need.
pub trait Headers {
    /// The header's value, repeated ones joined with a comma, `None` when absent.
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Whether it is there at all, for who does not ask for its value.
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl Headers for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        joined(self.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value))
    }
}

impl Headers for Vec<(String, String)> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        joined(self.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()))
    }
}

/// Repeated values are one list (RFC 9110 §5.3): for a header that is no list,
/// such as `Retry-After`, that makes two values none instead of a guess.
fn joined<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<Cow<'a, str>> {
    let first = Cow::Borrowed(values.next()?);
    Some(values.fold(first, |list, value| Cow::Owned(text::concat(&[&*list, ", ", value]))))
}
