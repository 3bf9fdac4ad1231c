//! Access to the headers of a message, in whatever type they are stored.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::text;

/// Response headers, looked up by lower-case name.
///
/// This is a trait rather than a map because in a wasm driver each look-up crosses into JavaScript, and core looks up
/// only the headers that it needs. With the feature `http`, `http::HeaderMap` implements it. For another map, pass a
/// look-up function:
///
/// ```
/// use attention_core::Headers;
/// use std::collections::HashMap;
///
/// let map = HashMap::from([("retry-after".to_owned(), "2".to_owned())]);
/// let headers = |name: &str| map.get(name).cloned();
/// assert_eq!(Headers::get(&headers, "retry-after").as_deref(), Some("2"));
///
/// // Pairs form a slice; for a `&dyn Headers`, pass a reference to it.
/// let pairs: &[(&str, &str)] = &[("Retry-After", "2")];
/// let headers: &dyn Headers = &pairs;
/// assert_eq!(headers.get("retry-after").as_deref(), Some("2"));
/// ```
pub trait Headers {
    /// The header's value, `None` if it is absent. Repeated values are joined with a comma.
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;

    /// The headers whose names begin with `prefix`, which is lower-case: lower-case names, and values as from
    /// [`Self::get`]. Empty if the implementation cannot list its headers.
    fn beginning_with(&self, prefix: &str) -> Vec<(String, String)> {
        let _ = prefix;
        Vec::new()
    }

    /// Whether the header is present, for callers that do not need its value.
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<F: Fn(&str) -> Option<String>> Headers for F {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self(name).map(Cow::Owned)
    }
}

impl Headers for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        joined(self.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value))
    }

    fn beginning_with(&self, prefix: &str) -> Vec<(String, String)> {
        listed(self, self.iter().map(|(name, _)| *name), prefix)
    }
}

impl Headers for Vec<(String, String)> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        joined(self.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()))
    }

    fn beginning_with(&self, prefix: &str) -> Vec<(String, String)> {
        listed(self, self.iter().map(|(name, _)| name.as_str()), prefix)
    }
}

/// Each header whose name begins with `prefix`, once.
fn listed<'a>(headers: &dyn Headers, names: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<(String, String)> {
    let mut listed: Vec<(String, String)> = Vec::new();
    for name in names.map(str::to_ascii_lowercase).filter(|name| name.starts_with(prefix)) {
        if !listed.iter().any(|(known, _)| *known == name) {
            let value = headers.get(&name).map(Cow::into_owned).unwrap_or_default();
            listed.push((name, value));
        }
    }
    listed
}

/// Invalid UTF-8 is replaced by U+FFFD; the headers that core reads are ASCII.
#[cfg(feature = "http")]
impl Headers for http::HeaderMap {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = values.next()?;
        Some(values.fold(first, |list, value| Cow::Owned(text::concat(&[&*list, ", ", &*value]))))
    }
}

/// Repeated values form one list (RFC 9110 §5.3). For a header that is not a list, such as `Retry-After`, the joined
/// value cannot be parsed, so it is ignored instead of guessed.
fn joined<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<Cow<'a, str>> {
    let first = Cow::Borrowed(values.next()?);
    Some(values.fold(first, |list, value| Cow::Owned(text::concat(&[&*list, ", ", value]))))
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::Timestamp;

    #[test]
    fn headers_of_http_libraries_are_read_directly() {
        let mut map = http::HeaderMap::new();
        for (name, value) in [("retry-after", &b"2"[..]), ("x-odd", b"\xff"), ("vary", b"a"), ("vary", b"b")] {
            map.append(name, http::HeaderValue::from_bytes(value).unwrap());
        }
        let headers: &dyn Headers = &map;
        assert_eq!(headers.get("retry-after").as_deref(), Some("2"));
        assert_eq!(headers.get("vary").as_deref(), Some("a, b"));
        assert_eq!(headers.get("x-odd").as_deref(), Some("\u{fffd}"));
        assert!(headers.get("date").is_none() && headers.has("vary"));
        let at = |time: SystemTime| Timestamp::from(time).as_unix_millis();
        assert_eq!(at(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)), 1_700_000_000_123);
        assert_eq!(at(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
