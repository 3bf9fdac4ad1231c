//! Which answers may be kept, and when they may be given again (RFC 9111).
//!
//! The rules are those of a private cache: what is kept is kept for one caller,
//! so `private` and `Authorization` are no hindrance. Where the RFC leaves a
//! choice, less is kept: nothing is guessed from `Last-Modified` (§4.2.2), what
//! cannot be read counts as stale, and only whole answers to GET with status 200
//! are kept.

use alloc::borrow::Cow;
use alloc::string::String;
use core::time::Duration;

use attention_core::codec::http_date;
use attention_core::codec::text::whole_number;
use attention_core::{Headers, Timestamp};

/// The request headers by which servers choose between representations, and which
/// a cache's key therefore holds. An answer that varies by another one is not kept.
pub const SELECTING: [&str; 4] = ["accept", "accept-encoding", "accept-language", "prefer"];

/// How old a kept answer is, and how long it is fresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// When the server made it, as far as can be told (§4.2.3).
    pub born: Timestamp,
    /// From when on it may be given only after the server was asked again.
    pub fresh_until: Timestamp,
}

impl Freshness {
    /// Judges an answer to GET that was asked for and came at these times; `None`
    /// when it is not to be kept. It is fresh for no longer than `most`, whatever
    /// the server says. `varies` says whether two requests of the same key may
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

    /// The answer's age (§4.2.3).
    pub const fn age(self, now: Timestamp) -> Duration {
        now.saturating_since(self.born)
    }

    /// Whether it may be given to this request without asking the server.
    pub fn satisfies(self, request: &dyn Headers, now: Timestamp) -> bool {
        let control = Directives::of(request);
        let left = self.fresh_until.saturating_since(now);
        let young = control.max_age.is_none_or(|most| self.age(now) <= Duration::from_secs(most));
        let lasts = control.min_fresh.is_none_or(|least| left >= Duration::from_secs(least));
        !left.is_zero() && !control.no_cache && young && lasts
    }
}

/// How old an answer is by its `Date` (§4.2.3).
pub(crate) fn apparent_age(headers: &dyn Headers, answered: Timestamp) -> Duration {
    date(headers).map_or(Duration::ZERO, |date| answered.saturating_since(date))
}

/// How long an answer is fresh by its `Expires` (§4.2.1), `None` when it has none. One that is no date is over.
pub(crate) fn expires_in(headers: &dyn Headers, answered: Timestamp) -> Option<Duration> {
    let expires = headers.get("expires")?;
    let from = date(headers).unwrap_or(answered);
    Some(http_date::parse(expires.trim_ascii()).map_or(Duration::ZERO, |at| at.saturating_since(from)))
}

fn date(headers: &dyn Headers) -> Option<Timestamp> {
    http_date::parse(headers.get("date")?.trim_ascii())
}

/// Whether the caller has the answer with this entity tag already, by what it says
/// in `If-None-Match` (RFC 9110 §13.1.2): then it is answered with 304.
pub fn matches_if_none_match(etag: &str, request: &dyn Headers) -> bool {
    let held = request.get("if-none-match").unwrap_or_default();
    opaque(etag).is_some_and(|tag| parts(&held, false).any(|part| opaque(part) == Some(tag)))
}

/// Whether a 304 confirms the answer that was asked for with this condition: it may
/// name its entity tag, and then it has to be that one (§4.3.4).
pub fn validates(condition: &str, headers: &dyn Headers) -> bool {
    match (opaque(condition), headers.get("etag")) {
        (Some(tag), Some(named)) => opaque(&named) == Some(tag),
        _ => true,
    }
}

/// Whether an answer to GET may be given to more than the one request that it came
/// for: a whole 200, and nothing said against it.
fn is_shareable(status: u16, headers: &dyn Headers, varies: impl Fn(&str) -> bool) -> bool {
    let has = |name| headers.has(name);
    // A cookie is for one request; a part is not the whole; a stream has no end.
    if status != 200 || has("set-cookie") || has("content-range") || is_event_stream(headers) {
        return false;
    }
    let vary = headers.get("vary").unwrap_or_default();
    let mut names = vary.split(',').map(str::trim);
    !names.any(|name| name == "*" || varies(&name.to_ascii_lowercase())) && !Directives::of(headers).no_store
}

/// Whether a kept answer could do for a request, and its answer be kept: whole, and
/// with no condition but `If-None-Match`.
pub fn is_cacheable_request(request: &dyn Headers) -> bool {
    let has = |name| request.has(name);
    let conditions = ["range", "if-range", "if-match", "if-unmodified-since", "last-event-id"];
    let tags = request.get("if-none-match");
    // `*` asks whether there is anything at all, which is not a cache's to say.
    let any = tags.as_ref().is_some_and(|tags| tags.trim_ascii() == "*");
    let since = tags.is_none() && has("if-modified-since");
    !(conditions.into_iter().any(has) || any || since || Directives::of(request).no_store)
}

/// The header that asks the server whether the answer is still the same (§4.3.1),
/// and its value; `None` when the answer came without a validator.
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

/// An entity tag without the mark of a weak one: how they are compared (RFC 9110
/// §8.8.3.2). `None` when it is not one.
fn opaque(tag: &str) -> Option<&str> {
    let tag = tag.trim_ascii();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    (!inside.bytes().any(|b| b == b'"')).then_some(tag)
}

/// What `Cache-Control` says, as far as it matters here. Of a directive that stands
/// there twice the stricter one counts.
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
        let text = headers.get("cache-control").unwrap_or(Cow::Borrowed(""));
        for part in parts(&text, true) {
            // A quotation without an end may hide anything.
            read.no_store |= part.bytes().filter(|b| *b == b'"').count() % 2 == 1;
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim_ascii(), value.trim_ascii());
            let seconds = || whole_number(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value));
            if name.eq_ignore_ascii_case("no-store") {
                read.no_store = true;
            } else if name.eq_ignore_ascii_case("no-cache") {
                // With names of headers it would allow more; that is left aside.
                read.no_cache = true;
            } else if name.eq_ignore_ascii_case("max-age") {
                // What cannot be read is stale (§4.2.1).
                let seconds = seconds().unwrap_or(0);
                read.max_age = Some(read.max_age.map_or(seconds, |before| before.min(seconds)));
            } else if name.eq_ignore_ascii_case("min-fresh") {
                read.min_fresh = Some(read.min_fresh.unwrap_or(0).max(seconds().unwrap_or(u64::MAX)));
            }
        }
        read
    }
}

/// The parts of a list: what stands between commas that are not in quotes. In quotes
/// a backslash takes the next character's meaning away, if there are `escapes`.
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
