//! Decides which responses may be stored, and when they may be reused (RFC 9111).
//!
//! The rules are those of a private cache: a response is stored for one caller, so `private` and `Authorization` do not
//! prevent it. Where the RFC leaves a choice, less is stored: there is no heuristic freshness from `Last-Modified`
//! (§4.2.2), an unreadable value counts as stale, and only complete 200 responses to GET are stored.

use alloc::string::String;
use core::time::Duration;

use attention_core::codec::http_date;
use attention_core::codec::text::whole_number;
use attention_core::{Headers, Timestamp};

/// The request headers by which servers select a representation, which are therefore part of the cache key. A response
/// that varies by another header is not stored.
pub const SELECTING: [&str; 4] = ["accept", "accept-encoding", "accept-language", "prefer"];

/// The age of a stored response and the time for which it is fresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// When the server generated it, as far as known (§4.2.3).
    pub born: Timestamp,
    /// From this time on, it may be reused only after validation.
    pub fresh_until: Timestamp,
}

impl Freshness {
    /// Judges a response to GET that was requested and received at these times; `None` if it must not be stored. It is
    /// fresh for at most `most`, whatever the server says. `varies` says whether two requests with the same key may
    /// differ in a header.
    pub fn judge(
        status: u16,
        headers: &dyn Headers,
        asked: Timestamp,
        answered: Timestamp,
        most: Duration,
        varies: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        if !is_shareable(status, headers, varies) {
            return None;
        }
        let control = Directives::of(headers);
        let lifetime = match control.max_age {
            Some(seconds) => Duration::from_secs(seconds),
            None => expires_in(headers, answered).unwrap_or_default(),
        };
        let apparent = apparent_age(headers, answered);
        let told = headers.get("age").map_or(Some(0), |text| whole_number(text.trim_ascii()));
        let corrected = Duration::from_secs(told?).saturating_add(answered.saturating_since(asked));
        let age = apparent.max(corrected);
        let born = Timestamp::from_unix_millis(answered.as_unix_millis().saturating_sub(attention_core::millis(age)));
        let fresh_until =
            if control.no_cache { born } else { born.saturating_add(lifetime).min(answered.saturating_add(most)) };
        (fresh_until > answered || condition(headers).is_some()).then_some(Self { born, fresh_until })
    }

    /// The response's age (§4.2.3).
    pub const fn age(self, now: Timestamp) -> Duration {
        now.saturating_since(self.born)
    }

    /// Whether it may be used for this request without validation.
    pub fn satisfies(self, request: &dyn Headers, now: Timestamp) -> bool {
        let control = Directives::of(request);
        let left = self.fresh_until.saturating_since(now);
        let young = control.max_age.is_none_or(|most| self.age(now) <= Duration::from_secs(most));
        let lasts = control.min_fresh.is_none_or(|least| left >= Duration::from_secs(least));
        !left.is_zero() && !control.no_cache && young && lasts
    }
}

/// The apparent age of a response by its `Date` (§4.2.3).
pub(crate) fn apparent_age(headers: &dyn Headers, answered: Timestamp) -> Duration {
    date(headers).map_or(Duration::ZERO, |date| answered.saturating_since(date))
}

/// How long a response is fresh by its `Expires` (§4.2.1); `None` if it has none. An invalid date means that it has
/// expired.
pub(crate) fn expires_in(headers: &dyn Headers, answered: Timestamp) -> Option<Duration> {
    let expires = headers.get("expires")?;
    let from = date(headers).unwrap_or(answered);
    Some(http_date::parse(expires.trim_ascii()).map_or(Duration::ZERO, |at| at.saturating_since(from)))
}

fn date(headers: &dyn Headers) -> Option<Timestamp> {
    http_date::parse(headers.get("date")?.trim_ascii())
}

/// Whether the caller already has the response with this entity tag, according to its `If-None-Match` (RFC 9110
/// §13.1.2). It is then answered with 304.
pub fn matches_if_none_match(etag: &str, request: &dyn Headers) -> bool {
    let held = request.get("if-none-match").unwrap_or_default();
    opaque(etag).is_some_and(|tag| parts(&held, false).any(|part| opaque(part) == Some(tag)))
}

/// Whether a 304 validates the response that the condition refers to: if the 304 has an entity tag, it must be the same
/// (§4.3.4).
pub fn validates(condition: &str, headers: &dyn Headers) -> bool {
    match (opaque(condition), headers.get("etag")) {
        (Some(tag), Some(named)) => opaque(&named) == Some(tag),
        _ => true,
    }
}

/// Whether a response to GET may be reused for other requests: a complete 200 that does not prohibit it.
fn is_shareable(status: u16, headers: &dyn Headers, varies: impl Fn(&str) -> bool) -> bool {
    let has = |name| headers.has(name);
    // A cookie belongs to one request, a part is incomplete, and a stream does not end.
    if status != 200 || has("set-cookie") || has("content-range") || is_event_stream(headers) {
        return false;
    }
    let vary = headers.get("vary").unwrap_or_default();
    let mut names = vary.split(',').map(str::trim);
    !names.any(|name| name == "*" || varies(&name.to_ascii_lowercase())) && !Directives::of(headers).no_store
}

/// Whether a stored response may be used for a request, and its response stored: it asks for the whole resource, with
/// no condition except `If-None-Match`.
pub fn is_cacheable_request(request: &dyn Headers) -> bool {
    let has = |name| request.has(name);
    let conditions = ["range", "if-range", "if-match", "if-unmodified-since", "last-event-id"];
    let tags = request.get("if-none-match");
    // `*` asks whether any representation exists, which a cache cannot know.
    let any = tags.as_ref().is_some_and(|tags| tags.trim_ascii() == "*");
    let since = tags.is_none() && has("if-modified-since");
    !(conditions.into_iter().any(has) || any || since || Directives::of(request).no_store)
}

/// The header and value that ask the server whether the response is still valid (§4.3.1); `None` if the response has no
/// validator.
pub fn condition(headers: &dyn Headers) -> Option<(&'static str, String)> {
    let tag = headers.get("etag").filter(|tag| opaque(tag).is_some());
    if let Some(tag) = tag {
        return Some(("if-none-match", tag.into_owned()));
    }
    let modified = headers.get("last-modified").filter(|text| http_date::parse(text.trim_ascii()).is_some());
    modified.map(|text| ("if-modified-since", text.into_owned()))
}

fn is_event_stream(headers: &dyn Headers) -> bool {
    let kind = headers.get("content-type").unwrap_or_default();
    let kind = kind.split_once(';').map_or(&*kind, |(kind, _)| kind);
    kind.trim_ascii().eq_ignore_ascii_case("text/event-stream")
}

/// An entity tag without the weakness indicator, for comparison (RFC 9110 §8.8.3.2). `None` if it is invalid.
fn opaque(tag: &str) -> Option<&str> {
    let tag = tag.trim_ascii();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    (!inside.bytes().any(|b| b == b'"')).then_some(tag)
}

/// The relevant directives of `Cache-Control`. If a directive is repeated, the stricter one applies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Directives {
    pub(crate) no_store: bool,
    no_cache: bool,
    pub(crate) max_age: Option<u64>,
    min_fresh: Option<u64>,
}

impl Directives {
    pub(crate) fn of(headers: &dyn Headers) -> Self {
        let mut read = Self::default();
        let Some(text) = headers.get("cache-control") else { return read };
        for part in parts(&text, true) {
            // An unterminated quoted string may hide any directive.
            read.no_store |= part.bytes().filter(|b| *b == b'"').count() % 2 == 1;
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim_ascii(), value.trim_ascii());
            let seconds = || whole_number(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value));
            if name.eq_ignore_ascii_case("no-store") {
                read.no_store = true;
            } else if name.eq_ignore_ascii_case("no-cache") {
                // With field names it would be less restrictive; that is ignored.
                read.no_cache = true;
            } else if name.eq_ignore_ascii_case("max-age") {
                // An unreadable value counts as stale (§4.2.1).
                let seconds = seconds().unwrap_or(0);
                read.max_age = Some(read.max_age.map_or(seconds, |before| before.min(seconds)));
            } else if name.eq_ignore_ascii_case("min-fresh") {
                read.min_fresh = Some(read.min_fresh.unwrap_or(0).max(seconds().unwrap_or(u64::MAX)));
            }
        }
        read
    }
}

/// The elements of a list, separated by commas outside quoted strings. With `escapes`, a backslash in a quoted string
/// escapes the next character.
pub(crate) fn parts(list: &str, escapes: bool) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    core::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut next_is_plain) = (false, false);
        let end = text.bytes().position(|byte| {
            let plain = !core::mem::take(&mut next_is_plain);
            match byte {
                b'"' if plain => quoted = !quoted,
                b'\\' if plain => next_is_plain = quoted && escapes,
                _ => {}
            }
            byte == b',' && !quoted
        });
        let (part, more) = match end {
            Some(at) => (text.get(..at)?, text.get(at + 1..)),
            None => (text, None),
        };
        rest = more;
        Some(part.trim_ascii())
    })
}
