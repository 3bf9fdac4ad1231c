//! Which headers cross the proxy, and what becomes of those that mean something else on its other side.
//!
//! Both lists are allow lists: what nobody has thought of stays out, so cookies, hop-by-hop headers and forwarding
//! headers need no rule of their own.
//!
//! | header | down |
//! | --- | --- |
//! | `Vary` | after the proxy's own: `Origin, Authorization` |
//! | `Cache-Control` | for one caller: without what would let a shared cache store it for all; `no-store` for errors |
//! | `Age` | with what may be stored: what the API says or what its `Date` says, whichever is more |
//! | `Date` | not at all: who is between proxy and caller writes its own |
//! | `Expires` | as it comes, and as a `max-age` where `Cache-Control` has none |
//! | `ETag` | not of bytes that were changed; weak of bytes that were decoded |
//! | `Content-Encoding` | not of bytes that were decoded |
//! | `Content-Range` | with 206 and 416 alone |
//! | `Accept-Ranges` | not where parts cannot be had: where members are taken out, and of errors |
//! | `Location`, `Link` | as paths at the proxy, where they lead to the API |
//! | `Retry-After` | a number of seconds or a date |
//! | any that `Connection` names | not at all (RFC 9110 §7.6.1) |
//! | any that echoes a key | not at all |

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::http_date;
use attention_core::codec::text::{decimal, whole_number};
use attention_core::url::BaseUrl;
use attention_core::{Headers, Timestamp};

use super::reference;
use crate::cache::freshness::{self, Directives};

/// From the caller to the API.
pub const UP: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-event-id",
    "prefer",
    "range",
    "traceparent",
    "tracestate",
];

/// From the API to the caller, as far as no edit says otherwise.
pub const DOWN: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "preference-applied",
    "ratelimit",
    "ratelimit-limit",
    "ratelimit-policy",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "sunset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// What the proxy's own answers depend on: whose token it was, and which page asked.
const OWN_VARY: &str = "Origin, Authorization";

/// What answers carry that nobody said anything else of.
const NOT_STORED: &str = "private, no-store";

/// What every answer carries beside its request id, the API's included.
pub const ALWAYS: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    // No shared cache may mix callers up.
    ("vary", OWN_VARY),
    // Unless the API, or an answer of the Worker's own, says otherwise.
    ("cache-control", NOT_STORED),
];

/// A header that is set, or does not pass when it has no value: of [`ALWAYS`] the answer's own is left then.
pub type HeaderEdit = (&'static str, Option<Cow<'static, str>>);

/// What becomes of a response's body, as far as its headers are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handling {
    /// It comes down as it came.
    Streamed,
    /// Members are taken out of it.
    Redacted,
    /// It is an error's, which is read.
    Error,
}

/// A response, as its headers are judged.
pub(crate) struct Coming<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a dyn Headers,
    pub(crate) base: &'a BaseUrl,
    pub(crate) handling: Handling,
    /// Whether the caller's token came in another header than `Authorization`, which caches do not look at.
    pub(crate) is_told_apart_otherwise: bool,
    pub(crate) now: Timestamp,
    /// Whether a value holds a key: then it does not come down, and nothing that is made of it.
    pub(crate) echoes: &'a dyn Fn(&str) -> bool,
}

impl Coming<'_> {
    /// What changes of the headers of [`DOWN`].
    pub(crate) fn edits(&self) -> Vec<HeaderEdit> {
        let mut edits = Vec::new();
        match self.handling {
            Handling::Streamed => {}
            Handling::Redacted => {
                edits.extend(["content-encoding", "etag", "accept-ranges", "content-range"].map(|name| (name, None)));
                if !self.headers.has("content-type") {
                    edits.push(("content-type", Some(Cow::Borrowed("application/json"))));
                }
            }
            Handling::Error => {
                if self.headers.has("content-encoding") {
                    self.edit("etag", &mut edits, |etag| Some(weak(etag)));
                }
                edits.extend([("content-encoding", None), ("accept-ranges", None)]);
            }
        }
        if !matches!(self.status, 206 | 416) {
            self.edit("content-range", &mut edits, |_| None);
        }
        self.edit("vary", &mut edits, |value| Some(Cow::Owned(varying(value))));
        self.edit("link", &mut edits, |value| reference::link(self.base, value));
        self.edit("location", &mut edits, |value| reference::location(self.base, value).map(Cow::Borrowed));
        self.edit("retry-after", &mut edits, |value| is_a_wait(value).then_some(Cow::Borrowed(value)));
        self.times(&mut edits);
        self.hop_by_hop(&mut edits);
        edits
    }

    /// Adds what becomes of a header that is there, if it is not to come down as it came.
    fn edit<'v>(
        &'v self,
        name: &'static str,
        edits: &mut Vec<HeaderEdit>,
        rule: impl for<'x> FnOnce(&'x str) -> Option<Cow<'x, str>>,
    ) {
        let Some(value) = self.headers.get(name) else { return };
        match rule(&value) {
            Some(same) if same == value => {}
            // What the driver would have found in the value as it came is judged here.
            Some(other) if !(self.echoes)(&other) => edits.push((name, Some(Cow::Owned(other.into_owned())))),
            Some(_) | None => edits.push((name, None)),
        }
    }

    /// How long the answer may be stored, and for whom. `Date` stays behind, since whatever is between proxy and
    /// caller writes its own: what was to be counted from it is told in `Age` and `max-age`.
    fn times(&self, edits: &mut Vec<HeaderEdit>) {
        let told = self.headers.get("age").map(|age| whole_number(age.trim_ascii()));
        let has_control = self.headers.has("cache-control");
        let directives = if has_control { Directives::of(self.headers) } else { Directives::default() };
        let may_be_stored = has_control && !directives.no_store;
        let age = told.unwrap_or(Some(0)).filter(|_| may_be_stored && self.handling != Handling::Error);
        let Some(age) = age else {
            // What cannot be read may be as old as anything; what is not stored has no age.
            if may_be_stored {
                edits.push(("cache-control", Some(Cow::Borrowed(NOT_STORED))));
            }
            if told.is_some() {
                edits.push(("age", None));
            }
            return;
        };
        let age = age.max(freshness::apparent_age(self.headers, self.now).as_secs());
        if age > 0 {
            edits.push(("age", Some(Cow::Owned(decimal(age)))));
        }
        let lifetime = if directives.max_age.is_none() { freshness::expires_in(self.headers, self.now) } else { None };
        let lifetime = lifetime.map(|lifetime| ["max-age=", &decimal(lifetime.as_secs())].concat());
        self.edit("cache-control", edits, |value| {
            let control = for_one_caller(value, self.is_told_apart_otherwise);
            Some(match &lifetime {
                Some(lifetime) if control.trim_ascii().is_empty() => Cow::Owned(lifetime.clone()),
                Some(lifetime) => Cow::Owned([&*control, ", ", lifetime].concat()),
                None => control,
            })
        });
    }

    fn hop_by_hop(&self, edits: &mut Vec<HeaderEdit>) {
        let Some(connection) = self.headers.get("connection") else { return };
        for named in connection.split(',').map(str::trim) {
            let known = DOWN.iter().find(|known| known.eq_ignore_ascii_case(named));
            if let Some(name) = known {
                edits.retain(|(edited, _)| edited != name);
                // Never appropriate there (RFC 9110 §7.6.1), so nobody knows what it says.
                let instead = (*name == "cache-control").then_some(Cow::Borrowed(NOT_STORED));
                edits.push((name, instead));
            }
        }
    }
}

/// The headers of a response as they come down.
pub(crate) struct Edited<'a> {
    pub(crate) headers: &'a dyn Headers,
    pub(crate) edits: &'a [HeaderEdit],
}

impl Headers for Edited<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.edits.iter().rev().find(|(edited, _)| *edited == name) {
            Some((_, value)) => value.as_deref().map(Cow::Borrowed),
            None => self.headers.get(name),
        }
    }
}

/// The proxy's own `Vary` and the API's, each name once. What is no name may be any of them.
fn varying(value: &str) -> String {
    let mut list = OWN_VARY.to_owned();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let name = if is_token { name } else { "*" };
        if !list.split(',').any(|known| known.trim_ascii().eq_ignore_ascii_case(name)) {
            list.push_str(", ");
            list.push_str(name);
        }
    }
    list
}

/// A `Cache-Control` of the API's, which knows one caller, for a proxy's, which has many: what lets a shared cache
/// store an answer to a request with `Authorization` (RFC 9111 §3.5) is left out, and `private` comes in.
fn for_one_caller(value: &str, always: bool) -> Cow<'_, str> {
    let name = |part: &str| part.split_once('=').map_or(part, |(name, _)| name).trim_ascii().to_ascii_lowercase();
    let shares = |part: &&str| matches!(&*name(part), "public" | "s-maxage" | "proxy-revalidate");
    let parts = || freshness::parts(value, true);
    let opens = parts().any(|part| shares(&part) || name(part) == "must-revalidate");
    if !opens && !always {
        return Cow::Borrowed(value);
    }
    let is_private = parts().any(|part| part.eq_ignore_ascii_case("private"));
    let own = (!is_private).then_some("private");
    let kept = parts().filter(|part| !part.is_empty() && !shares(part));
    let list = own.into_iter().chain(kept).fold(String::new(), |mut list, part| {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(part);
        list
    });
    Cow::Owned(list)
}

/// An entity tag of coded bytes for what they were decoded to (RFC 9110 §8.8.1).
pub(crate) fn weak(etag: &str) -> Cow<'_, str> {
    if etag.starts_with("W/") { Cow::Borrowed(etag) } else { Cow::Owned(["W/", etag].concat()) }
}

/// Whether a `Retry-After` is one (RFC 9110 §10.2.3).
fn is_a_wait(value: &str) -> bool {
    let value = value.trim_ascii();
    whole_number(value).is_some() || http_date::parse(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_ours_and_theirs() {
        for (theirs, all) in [
            ("", "Origin, Authorization"),
            ("Accept-Language", "Origin, Authorization, Accept-Language"),
            ("origin, AUTHORIZATION, accept , Accept", "Origin, Authorization, accept"),
            ("*", "Origin, Authorization, *"),
            ("Accept, a b", "Origin, Authorization, Accept, *"),
        ] {
            assert_eq!(varying(theirs), all, "{theirs}");
        }
    }

    #[test]
    fn what_is_stored_is_stored_for_one_caller() {
        for (theirs, ours) in [
            ("max-age=60", "max-age=60"),
            ("no-store", "no-store"),
            ("public, max-age=60", "private, max-age=60"),
            ("Public", "private"),
            ("max-age=5, s-maxage=60, PRIVATE", "max-age=5, PRIVATE"),
            ("must-revalidate,max-age=5", "private, must-revalidate, max-age=5"),
            ("private=\"x, public\", public", "private, private=\"x, public\""),
        ] {
            assert_eq!(for_one_caller(theirs, false), ours, "{theirs}");
        }
        assert_eq!(for_one_caller("max-age=60", true), "private, max-age=60");
    }
}
