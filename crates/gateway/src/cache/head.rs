//! The head of a stored response: the headers it is served with, and how it is validated.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::text::decimal;
use attention_core::{Headers, Timestamp};

use super::freshness::{self, Freshness};
use super::index::EntryId;
use super::visit::Answer;
use crate::answer::header_policy;

/// A stored response, as it is served now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// 200, or 304 if the caller already has it.
    pub status: u16,
    /// Lower-case names and values, including `age`. No other header from the API is sent with it.
    pub headers: Vec<(&'static str, String)>,
    /// The entry whose bytes are the body; `None` for a 304.
    pub body: Option<EntryId>,
}

#[derive(Debug)]
pub(super) struct Head {
    headers: Vec<(&'static str, String)>,
    condition: Option<(&'static str, String)>,
    pub(super) freshness: Freshness,
}

impl Head {
    /// The head of a response whose body is stored decoded. `echoes` says whether a value contains a key. If the body
    /// was rewritten, the entity tag no longer applies to it.
    pub(super) fn of(answer: &Answer<'_>, freshness: Freshness, echoes: &dyn Fn(&str) -> bool) -> Self {
        let response = answer.headers;
        let mut headers: Vec<(&'static str, String)> = lasting(answer.down, echoes).collect();
        if answer.rewritten {
            headers.retain(|(name, _)| *name != "etag");
        } else if response.get("content-encoding").is_some()
            && let Some((_, etag)) = headers.iter_mut().find(|(name, _)| *name == "etag")
            && !etag.starts_with("W/")
        {
            // The tag applies to the encoded bytes. For the decoded body it is weak (RFC 9110 §8.8.1).
            etag.insert_str(0, "W/");
        }
        let condition = freshness::condition(response).filter(|(_, value)| !echoes(value));
        Self { headers, condition, freshness }
    }

    /// The same response after a 304, whose headers are `merged` with its own.
    pub(super) fn updated(&self, merged: &Merged<'_>, freshness: Freshness, echoes: &dyn Fn(&str) -> bool) -> Self {
        let untagged = lasting(merged, echoes).filter(|(name, _)| *name != "etag");
        // The tag of the stored body is kept: it may be weak or absent where the API's is not.
        let etag = self.get("etag").map(|etag| ("etag", etag.to_owned()));
        Self { headers: untagged.chain(etag).collect(), condition: self.condition.clone(), freshness }
    }

    /// The request header that validates the response at the API.
    pub(super) fn condition(&self) -> Option<&(&'static str, String)> {
        self.condition.as_ref()
    }

    /// Whether it can still be served: directly, or after validation.
    pub(super) fn is_of_use(&self, now: Timestamp) -> bool {
        self.condition.is_some() || self.freshness.fresh_until > now
    }

    /// The response to this request.
    pub(super) fn answer(&self, request: &dyn Headers, body: EntryId, now: Timestamp) -> Stored {
        let has_it = self.get("etag").is_some_and(|etag| freshness::matches_if_none_match(etag, request));
        // A 304 does not describe a body (RFC 9110 §15.4.5).
        let headers = self.headers.iter().filter(|(name, _)| !(has_it && describes_body(name)));
        let age = ("age", decimal(self.freshness.age(now).as_secs()));
        Stored {
            status: if has_it { 304 } else { 200 },
            headers: headers.cloned().chain([age]).collect(),
            body: (!has_it).then_some(body),
        }
    }

    /// The number of bytes of text it contains.
    pub(super) fn length(&self) -> usize {
        self.headers.iter().chain(&self.condition).map(|(name, value)| name.len() + value.len()).sum()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }
}

/// The headers of a stored response combined with those of a 304 that validates it (RFC 9111 §3.2). Those of the 304
/// take precedence, except headers that describe the body, which is unchanged.
pub(super) struct Merged<'a> {
    pub(super) stored: &'a Head,
    pub(super) update: &'a dyn Headers,
}

impl Headers for Merged<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let stored = || self.stored.get(name).map(Cow::Borrowed);
        let update = || self.update.get(name);
        if describes_body(name) { stored().or_else(update) } else { update().or_else(stored) }
    }
}

/// The headers that are sent each time it is served. There is no coding, because the body is stored decoded.
fn lasting(response: &dyn Headers, echoes: &dyn Fn(&str) -> bool) -> impl Iterator<Item = (&'static str, String)> {
    let names = header_policy::DOWN.iter().chain(&["vary"]);
    let names = names.filter(|name| **name != "content-encoding" && !is_momentary(name));
    names.filter_map(move |name| Some((*name, response.get(name)?.into_owned()))).filter(|(_, value)| !echoes(value))
}

/// Whether a header applies to one request only.
fn is_momentary(name: &str) -> bool {
    // The age is computed each time.
    matches!(name, "retry-after" | "age") || name.strip_prefix("x-").unwrap_or(name).starts_with("ratelimit")
}

fn describes_body(name: &str) -> bool {
    name.starts_with("content-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const FRESH: Freshness = Freshness { born: NOW, fresh_until: Timestamp::from_unix_seconds(1_700_000_060) };
    const SECRET: &str = "an-obviously-fake-key";
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    type List = &'static [(&'static str, &'static str)];

    fn echoes(value: &str) -> bool {
        value.contains(SECRET)
    }

    fn answered(headers: &dyn Headers) -> Answer<'_> {
        Answer { status: 200, headers, down: headers, rewritten: false }
    }

    fn head(response: List) -> Head {
        Head::of(&answered(&response), FRESH, &echoes)
    }

    fn rewritten(response: List) -> Head {
        Head::of(&Answer { rewritten: true, ..answered(&response) }, FRESH, &echoes)
    }

    fn updated(head: &Head, update: List) -> Head {
        head.updated(&Merged { stored: head, update: &update }, FRESH, &echoes)
    }

    /// The headers sorted by name.
    fn sorted(head: &Head) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> = head.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        headers.sort_unstable();
        headers
    }

    #[test]
    fn headers_that_are_not_sent_or_apply_to_one_request_are_not_stored() {
        let all: Vec<(&str, &str)> = header_policy::DOWN.iter().chain(&["vary"]).map(|name| (*name, "x")).collect();
        let stored = Head::of(&answered(&&*all), FRESH, &echoes);
        let names: Vec<&str> = sorted(&stored).into_iter().map(|(name, _)| name).collect();
        // All of DOWN except the coding and the headers that apply to one request only.
        let expected = [
            "accept-ranges",
            "allow",
            "cache-control",
            "content-disposition",
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
            "sunset",
            "vary",
        ];
        assert_eq!(names, expected);
        let never =
            [("set-cookie", "a=1"), ("date", DATE), ("age", "7"), ("x-powered-by", "x"), ("content-length", "1")];
        assert_eq!(sorted(&Head::of(&answered(&&never[..]), FRESH, &echoes)), []);
    }

    #[test]
    fn headers_of_one_request_are_recognized() {
        for name in ["ratelimit", "ratelimit-reset", "ratelimit-any", "x-ratelimit-limit", "x-ratelimit", "retry-after"]
        {
            assert!(is_momentary(name), "{name}");
        }
        for name in ["etag", "retry-after-all", "x-retry-after", "x-x-ratelimit", "my-ratelimit", "rate", "x-"] {
            assert!(!is_momentary(name), "{name}");
        }
    }

    #[test]
    fn header_values_that_contain_a_key_are_not_stored() {
        let stored = head(&[
            ("etag", "\"an-obviously-fake-key\""),
            ("link", "<https://a.example/?k=an-obviously-fake-key>"),
            ("content-type", "text/plain"),
        ]);
        assert_eq!(sorted(&stored), [("content-type", "text/plain")]);
        assert_eq!(stored.condition(), None);
        let stored = updated(
            &head(&[("link", "<https://a.example>")]),
            &[("link", "<https://b.example/an-obviously-fake-key>")],
        );
        assert_eq!(sorted(&stored), []);
    }

    #[test]
    fn a_decoded_body_has_a_weak_tag_and_no_coding() {
        let table: &[(List, List)] = &[
            (&[("content-encoding", "gzip"), ("etag", "\"a\"")], &[("etag", "W/\"a\"")]),
            (&[("content-encoding", "gzip"), ("etag", "W/\"a\"")], &[("etag", "W/\"a\"")]),
            (&[("content-encoding", "gzip")], &[]),
            (&[("etag", "\"a\"")], &[("etag", "\"a\"")]),
        ];
        for (response, stored) in table {
            assert_eq!(sorted(&head(response)), *stored, "{response:?}");
        }
        // The API is asked with its own tag.
        let stored = head(&[("content-encoding", "gzip"), ("etag", "\"a\"")]);
        assert_eq!(stored.condition(), Some(&("if-none-match", "\"a\"".to_owned())));
    }

    #[test]
    fn a_rewritten_body_has_no_tag_but_is_validated_with_the_apis_tag() {
        for response in [&[("etag", "\"a\"")][..], &[("etag", "\"a\""), ("content-encoding", "br")]] {
            let stored = rewritten(response);
            assert_eq!(sorted(&stored), []);
            assert_eq!(stored.condition(), Some(&("if-none-match", "\"a\"".to_owned())));
        }
    }

    #[test]
    fn a_304_updates_headers_that_do_not_describe_the_body() {
        let stored: List = &[
            ("cache-control", "max-age=1"),
            ("content-type", "application/json"),
            ("etag", "\"a\""),
            ("last-modified", DATE),
            ("link", "<a>"),
        ];
        let update: List = &[
            ("cache-control", "max-age=2"),
            ("content-language", "de"),
            ("content-type", "text/html"),
            ("content-encoding", "gzip"),
            ("etag", "W/\"a\""),
            ("link", "<b>"),
            ("ratelimit-remaining", "7"),
            ("set-cookie", "a=1"),
            ("sunset", DATE),
        ];
        let expected = [
            ("cache-control", "max-age=2"),
            ("content-language", "de"),
            ("content-type", "application/json"),
            ("etag", "\"a\""),
            ("last-modified", DATE),
            ("link", "<b>"),
            ("sunset", DATE),
        ];
        let (stored, before) = (head(stored), head(stored));
        let after = updated(&stored, update);
        assert_eq!(sorted(&after), expected);
        assert_eq!(after.condition(), before.condition());
        assert_eq!(sorted(&updated(&stored, &[])), sorted(&before));
    }

    #[test]
    fn a_304_does_not_change_the_tag_of_the_body() {
        let coded = head(&[("content-encoding", "gzip"), ("etag", "\"a\"")]);
        assert_eq!(sorted(&updated(&coded, &[("etag", "\"a\"")])), [("etag", "W/\"a\"")]);
        let redacted = rewritten(&[("etag", "\"a\"")]);
        assert_eq!(sorted(&updated(&redacted, &[("etag", "\"a\"")])), []);
        let dated = head(&[("last-modified", DATE)]);
        assert_eq!(sorted(&updated(&dated, &[("etag", "\"a\"")])), [("last-modified", DATE)]);
    }

    #[test]
    fn a_stored_response_is_served_with_its_age() {
        let stored = head(&[("content-type", "text/plain"), ("etag", "\"a\"")]);
        let at = |millis| Timestamp::from_unix_millis(NOW.as_unix_millis() + millis);
        for (millis, age) in [(0, "0"), (999, "0"), (1000, "1"), (61_500, "61")] {
            let answer = stored.answer(&&[][..], EntryId(7), at(millis));
            let headers = [("content-type", "text/plain"), ("etag", "\"a\""), ("age", age)];
            let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
            assert_eq!(answer, Stored { status: 200, headers, body: Some(EntryId(7)) });
        }
        // If the clock goes back, the age is zero.
        let before = Timestamp::from_unix_seconds(1);
        assert_eq!(stored.answer(&&[][..], EntryId(7), before).headers.last().unwrap().1, "0");
    }

    #[test]
    fn a_caller_that_has_the_response_gets_304_without_headers_of_the_body() {
        let response: List = &[
            ("cache-control", "max-age=60"),
            ("content-disposition", "inline"),
            ("content-language", "de"),
            ("content-type", "text/plain"),
            ("etag", "\"a\""),
            ("last-modified", DATE),
        ];
        let answer = |head: &Head, tags| head.answer(&&[("if-none-match", tags)][..], EntryId(7), NOW);
        let expected = [("cache-control", "max-age=60"), ("etag", "\"a\""), ("last-modified", DATE), ("age", "0")];
        let headers = expected.map(|(name, value)| (name, value.to_owned())).to_vec();
        let not_modified = Stored { status: 304, headers, body: None };
        for tags in ["\"a\"", "W/\"a\"", "\"x\", \"a\""] {
            assert_eq!(answer(&head(response), tags), not_modified, "{tags}");
        }
        assert_eq!(answer(&head(response), "\"b\"").status, 200);
        // Without a tag, no caller is assumed to have it, even if the API's tag matches.
        assert_eq!(answer(&rewritten(response), "\"a\"").status, 200);
    }

    #[test]
    fn it_is_usable_while_fresh_or_validatable() {
        let until = FRESH.fresh_until;
        assert_eq!([NOW, until].map(|at| head(&[]).is_of_use(at)), [true, false]);
        assert!(head(&[("etag", "\"a\"")]).is_of_use(until));
        assert!(!head(&[("etag", "\"an-obviously-fake-key\"")]).is_of_use(until));
    }

    #[test]
    fn its_length_counts_all_its_texts() {
        assert_eq!(head(&[]).length(), 0);
        assert_eq!(head(&[("link", "<a>"), ("etag", "\"a\"")]).length(), "link<a>etag\"a\"if-none-match\"a\"".len());
    }
}
