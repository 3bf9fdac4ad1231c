//! Which headers the proxy forwards in each direction, and how headers are edited whose meaning changes on the other
//! side.
//!
//! Both lists are allow lists: an unlisted header is dropped, so cookies, hop-by-hop headers and forwarding headers
//! need no rule of their own.
//!
//! | header | in the response |
//! | --- | --- |
//! | `Vary` | after the proxy's own: `Origin, Authorization` |
//! | `Cache-Control` | without directives that let a shared cache store it for all callers; `no-store` for errors |
//! | `Age` | if it may be stored: the API's own value or the age by its `Date`, whichever is larger |
//! | `Date` | dropped: intermediaries after the proxy write their own |
//! | `Expires` | unchanged, and as a `max-age` if `Cache-Control` has none |
//! | `ETag` | dropped if the bytes were changed; weak if they were decoded |
//! | `Content-Encoding` | dropped if the bytes were decoded |
//! | `Content-Range` | only with 206 and 416 |
//! | `Accept-Ranges` | dropped if ranges are not available: for redacted responses and errors |
//! | `Location`, `Link` | as paths at the proxy, if they lead to the API |
//! | `Retry-After` | a number of seconds or a date |
//! | any that `Connection` names | dropped (RFC 9110 §7.6.1) |
//! | any that echoes a key | dropped |

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

/// From the API to the caller, unless an edit applies.
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

/// The request headers on which the proxy's own responses depend: the caller's token and the requesting page.
const OWN_VARY: &str = "Origin, Authorization";

/// The `Cache-Control` of responses for which nothing else is specified.
const NOT_STORED: &str = "private, no-store";

/// The headers of every response besides its request id, including responses from the API.
pub const ALWAYS: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    // A shared cache must not mix callers up.
    ("vary", OWN_VARY),
    // Unless the API, or a response of the Worker's own, specifies otherwise.
    ("cache-control", NOT_STORED),
];

/// A header with its new value, or without a value if it is dropped. For a header in [`ALWAYS`], its value there
/// remains.
pub type HeaderEdit = (&'static str, Option<Cow<'static, str>>);

/// How a response's body is handled, as far as it affects the headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handling {
    /// It is passed on unchanged.
    Streamed,
    /// Members are removed from it.
    Redacted,
    /// It is the body of an error, which is read.
    Error,
}

/// A response whose headers are edited.
pub(crate) struct Coming<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a dyn Headers,
    pub(crate) base: &'a BaseUrl,
    pub(crate) handling: Handling,
    /// Whether the caller's token was sent in a header other than `Authorization`, which caches do not consider.
    pub(crate) is_told_apart_otherwise: bool,
    pub(crate) now: Timestamp,
    /// Whether a value contains a key; such a value, and any value derived from it, is dropped.
    pub(crate) echoes: &'a dyn Fn(&str) -> bool,
}

impl Coming<'_> {
    /// The edits of the headers in [`DOWN`].
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

    /// Adds an edit for a header that is present, unless it is passed on unchanged.
    fn edit<'v>(
        &'v self,
        name: &'static str,
        edits: &mut Vec<HeaderEdit>,
        rule: impl for<'x> FnOnce(&'x str) -> Option<Cow<'x, str>>,
    ) {
        let Some(value) = self.headers.get(name) else { return };
        match rule(&value) {
            Some(same) if same == value => {}
            // The driver checks unchanged values for keys; a changed value is checked here.
            Some(other) if !(self.echoes)(&other) => edits.push((name, Some(Cow::Owned(other.into_owned())))),
            Some(_) | None => edits.push((name, None)),
        }
    }

    /// How long the response may be stored, and for whom. `Date` is dropped, because intermediaries between proxy and
    /// caller write their own; the time since then is included in `Age` and `max-age`.
    fn times(&self, edits: &mut Vec<HeaderEdit>) {
        let told = self.headers.get("age").map(|age| whole_number(age.trim_ascii()));
        let directives = Directives::of(self.headers);
        let may_be_stored = self.headers.has("cache-control") && !directives.no_store;
        let age = told.unwrap_or(Some(0)).filter(|_| may_be_stored && self.handling != Handling::Error);
        let Some(age) = age else {
            // An unreadable value may mean any age; a response that is not stored needs no age.
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
                // Naming it there is never appropriate (RFC 9110 §7.6.1), so its value cannot be interpreted.
                let instead = (*name == "cache-control").then_some(Cow::Borrowed(NOT_STORED));
                edits.push((name, instead));
            }
        }
    }
}

/// The edited headers of a response.
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

/// The proxy's own `Vary` combined with the API's, without duplicates. An invalid name may mean any header, so it
/// becomes `*`.
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

/// Adapts the API's `Cache-Control` to the proxy. The API has one caller, the proxy has many: directives that let a
/// shared cache store a response to a request with `Authorization` (RFC 9111 §3.5) are removed, and `private` is added.
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

/// The entity tag of encoded bytes, made weak for the decoded ones (RFC 9110 §8.8.1).
pub(crate) fn weak(etag: &str) -> Cow<'_, str> {
    if etag.starts_with("W/") { Cow::Borrowed(etag) } else { Cow::Owned(["W/", etag].concat()) }
}

/// Whether a `Retry-After` is valid (RFC 9110 §10.2.3).
fn is_a_wait(value: &str) -> bool {
    let value = value.trim_ascii();
    whole_number(value).is_some() || http_date::parse(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_combines_the_proxys_and_the_apis() {
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
    fn a_retry_after_is_passed_on_if_it_is_one() {
        for (value, is_one) in [
            ("0", true),
            (" 120 ", true),
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("soon", false),
            ("-1", false),
            ("1.5", false),
            ("", false),
        ] {
            assert_eq!(is_a_wait(value), is_one, "{value}");
        }
    }

    /// Edited headers are read as edited, the last edit last, and the others as they were.
    #[test]
    fn edits_are_read_in_place_of_headers() {
        let headers: &[(&str, &str)] = &[("a", "1"), ("b", "2"), ("c", "3")];
        let edits = [("b", Some(Cow::Borrowed("4"))), ("c", None), ("b", Some(Cow::Borrowed("5")))];
        let edited = Edited { headers: &headers, edits: &edits };
        let read = ["a", "b", "c", "d"].map(|name| edited.get(name).map(Cow::into_owned));
        assert_eq!(read, [Some("1".to_owned()), Some("5".to_owned()), None, None]);
    }

    /// A rewritten value that repeats a key is dropped, though the original one did not.
    #[test]
    fn a_rewritten_value_is_searched_for_keys() {
        let base = BaseUrl::parse("https://api.example/v2").unwrap();
        let headers: &[(&str, &str)] = &[("location", "https://api.example/v2/fake-key"), ("vary", "accept")];
        for (secret, location) in [("/v2/fake-key", None), ("nothing", Some("/v2/fake-key"))] {
            let echoes = |value: &str| value == secret;
            let coming = Coming {
                status: 201,
                headers: &headers,
                handling: Handling::Streamed,
                base: &base,
                now: Timestamp::from_unix_seconds(1_700_000_000),
                is_told_apart_otherwise: false,
                echoes: &echoes,
            };
            let edits = coming.edits();
            let edited = edits.iter().find(|(name, _)| *name == "location").expect("it is edited");
            assert_eq!(edited.1.as_deref(), location, "{secret}");
        }
    }

    #[test]
    fn responses_are_stored_for_one_caller_only() {
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
