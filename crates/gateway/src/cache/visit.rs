//! The interaction of one request with the cache.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use attention_core::codec::text::whole_number;
use attention_core::{Headers, Timestamp};

use super::changes::Moment;
use super::freshness::{self, Freshness};
use super::head::{Head, Merged, Stored};
use super::index::{EntryId, Index, Snapshot};
use super::key::{self, Key, Owner};
use super::path::Path;
use crate::answer::coding;

/// The result of looking up a request in the cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// A fresh response; nothing is sent to the API.
    Fresh(Stored),
    /// A response that the API has to validate. This header replaces the caller's own `If-None-Match` and
    /// `If-Modified-Since`. If the API responds with 304, [`Visit::confirmed`] returns the response.
    Stale {
        /// The name and the value of the header.
        condition: (&'static str, String),
    },
    /// No response. The request is sent unchanged, and a 304 is passed on to the caller.
    Absent,
}

/// The outcome of a request, for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Answered from the cache without contacting the API.
    Hit,
    /// Answered with a stored response that the API validated.
    Revalidated,
    /// Answered by the API.
    Miss,
}

impl Outcome {
    /// The outcome's name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Miss => "miss",
        }
    }
}

/// A response from the API, as seen by the cache.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its original headers, which determine whether it is stored and how it is validated.
    pub headers: &'a dyn Headers,
    /// Its headers as sent to the caller, with which the stored response is served too.
    pub down: &'a dyn Headers,
    /// Whether the body is what is left after members were removed.
    pub rewritten: bool,
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The API responded with a 304 for another response than the one it was asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unconfirmed;

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the 304 refers to another response than the one that was to be validated")
    }
}

impl core::error::Error for Unconfirmed {}

/// The cache's part in one request. It lives until the request is answered, and the driver keeps the bytes that it
/// found.
#[derive(Debug)]
pub struct Visit {
    key: Arc<Key>,
    /// The longest time its response may be served, whatever the API says.
    most: Duration,
    /// When it began: a later change may make its response outdated.
    moment: Moment,
    /// When the API was last asked.
    asked: Timestamp,
    /// The entry that it found. While it is held, the driver keeps its bytes.
    stored: Option<Snapshot>,
    outcome: Outcome,
}

impl Index {
    /// Looks up a GET whose responses the policy allows to be cached for at most `most`. `None` if the cache is not
    /// involved.
    pub fn visit(
        &mut self,
        url: &str,
        owner: &Owner,
        most: Duration,
        request: &dyn Headers,
        now: Timestamp,
    ) -> Option<(Visit, Found)> {
        if !freshness::is_cacheable_request(request) {
            return None;
        }
        let key = Arc::new(Key::new(url, owner, request));
        let stored = self.find(&key);
        let (outcome, stored, found) = match stored {
            Some(stored) if stored.head.freshness.satisfies(request, now) => {
                let answer = stored.head.answer(request, stored.id(), now);
                (Outcome::Hit, Some(stored), Found::Fresh(answer))
            }
            Some(stored) => match stored.head.condition().cloned() {
                Some(condition) => (Outcome::Miss, Some(stored), Found::Stale { condition }),
                None => (Outcome::Miss, None, Found::Absent),
            },
            None => (Outcome::Miss, None, Found::Absent),
        };
        let visit = Visit { key, most, moment: self.moment(), asked: now, stored, outcome };
        Some((visit, found))
    }
}

impl Visit {
    /// The request is sent, for the first time or again. The time in transit counts as age.
    pub const fn sent(&mut self, now: Timestamp) {
        self.asked = now;
    }

    /// The API responded with 304 to the condition of [`Found::Stale`]: the stored response answers `request` and is
    /// fresh again for as long as the 304 says. `echoes` says whether a header's value contains a key.
    pub fn confirmed(
        &mut self,
        index: &mut Index,
        update: &Answer<'_>,
        request: &dyn Headers,
        echoes: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<Stored, Unconfirmed> {
        let stored = self.stored.as_ref().ok_or(Unconfirmed)?;
        let validates = stored.head.condition().is_some_and(|(_, value)| freshness::validates(value, update.headers));
        if !validates {
            index.remove(&self.key);
            return Err(Unconfirmed);
        }
        self.outcome = Outcome::Revalidated;
        let freshness = self.judge(200, &Merged { stored: &stored.head, update: update.headers }, now);
        let down = Merged { stored: &stored.head, update: update.down };
        let head = stored.head.updated(&down, freshness.unwrap_or(Freshness { born: now, fresh_until: now }), &echoes);
        let answer = head.answer(request, stored.id(), now);
        if freshness.is_some() {
            index.update(&self.key, stored.id(), head);
        } else {
            index.remove(&self.key);
        }
        Ok(answer)
    }

    /// The API sent a response that is passed on, so the stored one is dropped. `None` if the new response must not be
    /// stored. `echoes` says whether a header's value contains a key.
    pub fn keep(
        &self,
        index: &mut Index,
        answer: &Answer<'_>,
        echoes: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Option<Pending> {
        index.remove(&self.key);
        let headers = answer.headers;
        let freshness = self.judge(answer.status, headers, now)?;
        // It is served without a content coding.
        if !coding::is_decoded(headers.get("content-encoding").as_deref()) {
            return None;
        }
        let fits =
            |text: &str| whole_number(text.trim_ascii()).is_some_and(|length| length <= Index::ENTRY_BYTES as u64);
        if headers.get("content-length").is_some_and(|length| !fits(&length)) {
            return None;
        }
        let head = Head::of(answer, freshness, &echoes);
        head.is_of_use(now).then(|| Pending { key: Arc::clone(&self.key), moment: self.moment, head })
    }

    /// The outcome of the request so far.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn judge(&self, status: u16, headers: &dyn Headers, now: Timestamp) -> Option<Freshness> {
        Freshness::judge(status, headers, self.asked, now, self.most, key::varies)
    }
}

/// A response that is stored once its body is complete. It may outlive the request.
#[derive(Debug)]
pub struct Pending {
    key: Arc<Key>,
    moment: Moment,
    head: Head,
}

impl Pending {
    /// The longest body that is stored, in bytes. Reading more is pointless.
    pub const fn limit(&self) -> usize {
        Index::ENTRY_BYTES
    }

    /// The body is complete, decoded, and has this length. The driver stores it under this id. `None` if it is too
    /// long, if a change since the visit may have made it outdated, or if all room is taken by responses that are being
    /// served.
    pub fn store(self, index: &mut Index, length: usize) -> Option<EntryId> {
        let path = Path::of(self.key.url());
        let may = length <= self.limit() && !index.changed_since(self.moment, &path);
        if may { index.insert(self.key, path, self.head, length) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.example/v2/a?b=c";
    const MINUTE: Duration = Duration::from_mins(1);
    const SECRET: &str = "an-obviously-fake-key";
    const PLAIN: List = &[];
    const TAGGED: List = &[("cache-control", "no-cache"), ("etag", "\"a\"")];
    const FRESH: List = &[("cache-control", "max-age=600"), ("etag", "\"a\"")];

    type List = &'static [(&'static str, &'static str)];

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_700_000_000 + seconds)
    }

    fn echoes(value: &str) -> bool {
        value.contains(SECRET)
    }

    fn answered(headers: &dyn Headers) -> Answer<'_> {
        Answer { status: 200, headers, down: headers, rewritten: false }
    }

    fn owner() -> Owner {
        Owner::new("app", "default", None)
    }

    fn look_up(index: &mut Index, request: List, seconds: u64) -> (Visit, Found) {
        index.visit(URL, &owner(), MINUTE, &request, at(seconds)).unwrap()
    }

    /// A visit that is not answered from the cache and asks the API.
    fn ask(index: &mut Index, request: List, seconds: u64) -> Visit {
        let (mut visit, found) = look_up(index, request, seconds);
        assert!(!matches!(found, Found::Fresh(_)), "{found:?}");
        visit.sent(at(seconds));
        visit
    }

    fn keep(index: &mut Index, visit: &Visit, response: List, seconds: u64) -> Option<Pending> {
        visit.keep(index, &answered(&response), echoes, at(seconds))
    }

    fn confirm(index: &mut Index, visit: &mut Visit, update: List, seconds: u64) -> Result<Stored, Unconfirmed> {
        visit.confirmed(index, &answered(&update), &PLAIN, echoes, at(seconds))
    }

    /// An index that has stored this response, requested and received at time 0, and its id.
    fn stored(response: List) -> (Index, EntryId) {
        let mut index = Index::default();
        let visit = ask(&mut index, PLAIN, 0);
        let id = keep(&mut index, &visit, response, 0).unwrap().store(&mut index, 7).unwrap();
        (index, id)
    }

    fn served(found: Found) -> Stored {
        let Found::Fresh(stored) = found else { panic!("{found:?}") };
        stored
    }

    fn is_absent(index: &mut Index, seconds: u64) -> bool {
        look_up(index, PLAIN, seconds).1 == Found::Absent
    }

    fn header<'a>(stored: &'a Stored, name: &str) -> Option<&'a str> {
        stored.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    #[test]
    fn a_stored_response_is_served_while_fresh_and_then_validated() {
        let mut index = Index::default();
        let (first, found) = look_up(&mut index, PLAIN, 0);
        assert_eq!((found, first.outcome()), (Found::Absent, Outcome::Miss));
        let pending = keep(&mut index, &first, FRESH, 0).unwrap();
        assert!(is_absent(&mut index, 1), "its body is not complete");
        let id = pending.store(&mut index, 7).unwrap();
        let (again, found) = look_up(&mut index, PLAIN, 59);
        let answer = served(found);
        assert_eq!((answer.status, answer.body, header(&answer, "age")), (200, Some(id), Some("59")));
        assert_eq!(again.outcome(), Outcome::Hit);
        // No longer than the policy allows.
        let (late, found) = look_up(&mut index, PLAIN, 60);
        assert_eq!(found, Found::Stale { condition: ("if-none-match", "\"a\"".to_owned()) });
        assert_eq!(late.outcome(), Outcome::Miss);
        // The caller's own tag does not require asking the API, but a request for a new response does.
        assert_eq!(served(look_up(&mut index, &[("if-none-match", "\"a\"")], 1).1).status, 304);
        let (_, found) = look_up(&mut index, &[("cache-control", "no-cache")], 1);
        assert!(matches!(found, Found::Stale { .. }));
    }

    #[test]
    fn a_stale_response_without_validator_is_not_used() {
        let (mut index, _) = stored(&[("cache-control", "max-age=60")]);
        let (mut visit, found) = look_up(&mut index, PLAIN, 60);
        assert_eq!(found, Found::Absent);
        assert_eq!(confirm(&mut index, &mut visit, PLAIN, 60), Err(Unconfirmed));
    }

    #[test]
    fn some_requests_bypass_the_cache() {
        let mut index = Index::default();
        for request in [&[("range", "bytes=0-1")], &[("cache-control", "no-store")], &[("if-none-match", "*")]] {
            assert!(index.visit(URL, &owner(), MINUTE, &&request[..], at(0)).is_none(), "{request:?}");
        }
    }

    #[test]
    fn no_other_caller_is_served() {
        let (mut index, _) = stored(FRESH);
        let french: List = &[("accept-language", "fr")];
        let mut other = |url, owner: &Owner, request: List| index.visit(url, owner, MINUTE, &request, at(1)).unwrap().1;
        assert_eq!(other(URL, &Owner::new("other", "default", None), PLAIN), Found::Absent);
        assert_eq!(other(URL, &Owner::new("app", "wide", None), PLAIN), Found::Absent);
        assert_eq!(other(URL, &Owner::new("app", "default", Some("1")), PLAIN), Found::Absent);
        assert_eq!(other("https://api.example/v2/a", &owner(), PLAIN), Found::Absent);
        assert_eq!(other(URL, &owner(), french), Found::Absent);
        assert_eq!(served(other(URL, &owner(), PLAIN)).status, 200);
    }

    #[test]
    fn a_response_that_is_passed_on_replaces_the_stored_one() {
        let kept: List = FRESH;
        let not_kept: [(u16, List); 8] = [
            (200, PLAIN),
            (200, &[("cache-control", "no-store, max-age=60")]),
            (200, &[("cache-control", "max-age=60"), ("vary", "traceparent")]),
            (200, &[("cache-control", "max-age=60"), ("content-length", "262145")]),
            (200, &[("cache-control", "max-age=60"), ("content-length", "99999999999999999999999")]),
            (200, &[("cache-control", "max-age=60"), ("content-length", "soon")]),
            // It could never be served: it is stale, and its tag contains a key, so the API is not asked.
            (200, &[("cache-control", "no-cache"), ("etag", "\"an-obviously-fake-key\"")]),
            (204, kept),
        ];
        for (status, response) in not_kept {
            let (mut index, id) = stored(TAGGED);
            let visit = ask(&mut index, PLAIN, 1);
            assert!(
                visit.keep(&mut index, &Answer { status, ..answered(&response) }, echoes, at(1)).is_none(),
                "{status} {response:?}"
            );
            drop(visit);
            assert_eq!(index.take_dropped(), [id]);
            assert!(is_absent(&mut index, 1));
        }
        let (mut index, _) = stored(TAGGED);
        let visit = ask(&mut index, PLAIN, 1);
        let largest: List = &[("cache-control", "max-age=60"), ("content-length", "262144")];
        assert!(keep(&mut index, &visit, largest, 1).is_some());
        assert!(is_absent(&mut index, 1));
    }

    #[test]
    fn a_body_that_turns_out_too_long_is_not_stored() {
        for (length, is_stored) in [(Index::ENTRY_BYTES, true), (Index::ENTRY_BYTES + 1, false)] {
            let mut index = Index::default();
            let visit = ask(&mut index, PLAIN, 0);
            let pending = keep(&mut index, &visit, FRESH, 0).unwrap();
            assert_eq!(pending.limit(), 256 * 1024);
            assert_eq!(pending.store(&mut index, length).is_some(), is_stored);
        }
    }

    #[test]
    fn time_in_transit_since_the_last_sending_counts_as_age() {
        let mut index = Index::default();
        let (mut visit, _) = look_up(&mut index, PLAIN, 0);
        let age = |index: &mut Index, visit: &Visit| {
            keep(index, visit, FRESH, 30).unwrap().store(index, 7).unwrap();
            header(&served(look_up(index, PLAIN, 30).1), "age").unwrap().to_owned()
        };
        // If the time of sending is not reported, the time of the visit counts.
        assert_eq!(age(&mut index, &visit), "30");
        visit.sent(at(10));
        visit.sent(at(25));
        assert_eq!(age(&mut index, &visit), "5");
    }

    #[test]
    fn a_304_validates_the_stored_response_and_sets_its_freshness() {
        let (mut index, id) = stored(TAGGED);
        let mut visit = ask(&mut index, PLAIN, 100);
        let answer = confirm(&mut index, &mut visit, &[("cache-control", "max-age=20"), ("age", "3")], 102).unwrap();
        assert_eq!((answer.status, answer.body, header(&answer, "age")), (200, Some(id), Some("5")));
        assert_eq!(header(&answer, "cache-control"), Some("max-age=20"));
        assert_eq!(visit.outcome(), Outcome::Revalidated);
        let answer = served(look_up(&mut index, PLAIN, 116).1);
        assert_eq!((answer.body, header(&answer, "age")), (Some(id), Some("19")));
        assert!(matches!(look_up(&mut index, PLAIN, 117).1, Found::Stale { .. }));
        drop(visit);
        assert_eq!(index.take_dropped(), []);
    }

    #[test]
    fn the_callers_own_condition_is_evaluated_after_validation() {
        for (tags, status) in [("\"a\"", 304), ("\"b\"", 200)] {
            let (mut index, id) = stored(TAGGED);
            let request: List =
                if status == 304 { &[("if-none-match", "\"a\"")] } else { &[("if-none-match", "\"b\"")] };
            let mut visit = ask(&mut index, request, 1);
            let answer = visit.confirmed(&mut index, &answered(&PLAIN), &request, echoes, at(1)).unwrap();
            assert_eq!((answer.status, answer.body), (status, (status == 200).then_some(id)), "{tags}");
        }
    }

    #[test]
    fn a_304_may_end_storage() {
        let endings: [List; 4] =
            [&[("cache-control", "no-store")], &[("set-cookie", "a=1")], &[("vary", "*")], &[("age", "soon")]];
        for update in endings {
            let (mut index, id) = stored(TAGGED);
            let mut visit = ask(&mut index, PLAIN, 1);
            let answer = confirm(&mut index, &mut visit, update, 9).unwrap();
            assert_eq!((answer.body, header(&answer, "age")), (Some(id), Some("0")), "{update:?}");
            assert!(is_absent(&mut index, 9));
            assert_eq!(index.take_dropped(), []);
            drop(visit);
            assert_eq!(index.take_dropped(), [id]);
        }
    }

    #[test]
    fn a_304_for_another_response_drops_the_stored_one() {
        let (mut index, _) = stored(TAGGED);
        let mut visit = ask(&mut index, PLAIN, 1);
        assert_eq!(confirm(&mut index, &mut visit, &[("etag", "\"b\"")], 1), Err(Unconfirmed));
        assert_eq!(visit.outcome(), Outcome::Miss);
        assert!(is_absent(&mut index, 1));
    }

    #[test]
    fn a_response_dropped_during_validation_is_served_once_and_not_stored() {
        let ways: [fn(&mut Index); 3] = [
            |index| index.invalidate("https://api.example/v2/a/7"),
            |index| {
                let visit = ask(index, PLAIN, 1);
                assert!(keep(index, &visit, PLAIN, 1).is_none());
            },
            |index| {
                let mut visit = ask(index, PLAIN, 1);
                confirm(index, &mut visit, &[("cache-control", "no-store")], 1).unwrap();
            },
        ];
        for way in ways {
            let (mut index, id) = stored(TAGGED);
            let mut visit = ask(&mut index, PLAIN, 1);
            way(&mut index);
            assert!(!index.take_dropped().contains(&id));
            let answer = confirm(&mut index, &mut visit, FRESH, 2).unwrap();
            assert_eq!(answer.body, Some(id));
            assert!(is_absent(&mut index, 2));
            assert!(!index.take_dropped().contains(&id));
            drop(visit);
            assert!(index.take_dropped().contains(&id));
        }
    }

    #[test]
    fn a_newer_response_is_not_replaced_by_a_validated_one() {
        let (mut index, old) = stored(TAGGED);
        let mut slow = ask(&mut index, PLAIN, 1);
        let quick = ask(&mut index, PLAIN, 1);
        let new = keep(&mut index, &quick, FRESH, 1).unwrap().store(&mut index, 8).unwrap();
        assert_eq!(confirm(&mut index, &mut slow, FRESH, 2).unwrap().body, Some(old));
        assert_eq!(served(look_up(&mut index, PLAIN, 2).1).body, Some(new));
    }

    #[test]
    fn two_visits_may_validate_the_same_response() {
        let (mut index, id) = stored(TAGGED);
        let mut both = [1, 1].map(|seconds| ask(&mut index, PLAIN, seconds));
        for visit in &mut both {
            assert_eq!(confirm(&mut index, visit, FRESH, 2).unwrap().body, Some(id));
        }
        assert_eq!(served(look_up(&mut index, PLAIN, 2).1).body, Some(id));
    }

    #[test]
    fn a_response_requested_before_a_change_is_not_stored_after_it() {
        let changes = [
            ("https://api.example/v2/a", false),
            ("https://api.example/v2/%61/?x=y", false),
            ("https://api.example/v2/a/7", false),
            ("https://api.example/v2", false),
            ("https://api.example/v2/b", true),
            ("https://api.example/v2/ab", true),
        ];
        for (url, is_stored) in changes {
            for in_between in [true, false] {
                let mut index = Index::default();
                let visit = ask(&mut index, PLAIN, 0);
                if in_between {
                    index.invalidate(url);
                }
                let pending = keep(&mut index, &visit, FRESH, 0).unwrap();
                if !in_between {
                    index.invalidate(url);
                }
                assert_eq!(pending.store(&mut index, 7).is_some(), is_stored, "{url}");
                // A response requested after the change is stored.
                let visit = ask(&mut index, &[("cache-control", "no-cache")], 1);
                assert!(keep(&mut index, &visit, FRESH, 1).unwrap().store(&mut index, 7).is_some());
            }
        }
    }

    #[test]
    fn a_redacted_body_never_gets_a_tag() {
        let mut index = Index::default();
        let visit = ask(&mut index, PLAIN, 0);
        let pending = visit.keep(&mut index, &Answer { rewritten: true, ..answered(&TAGGED) }, echoes, at(0)).unwrap();
        let id = pending.store(&mut index, 7).unwrap();
        let request: List = &[("if-none-match", "\"a\"")];
        let mut visit = ask(&mut index, request, 1);
        let answer = visit.confirmed(&mut index, &answered(&FRESH), &request, echoes, at(1)).unwrap();
        assert_eq!((answer.status, answer.body, header(&answer, "etag")), (200, Some(id), None));
        let answer = served(look_up(&mut index, request, 2).1);
        assert_eq!((answer.status, answer.body, header(&answer, "etag")), (200, Some(id), None));
    }

    #[test]
    fn outcomes_have_the_names_of_the_log() {
        let outcomes = [Outcome::Hit, Outcome::Revalidated, Outcome::Miss];
        assert_eq!(outcomes.map(Outcome::as_str), ["hit", "revalidated", "miss"]);
    }
}
