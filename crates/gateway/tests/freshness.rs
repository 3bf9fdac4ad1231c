//! Caching: which responses are stored, for how long, and which requests they may answer.

use std::time::Duration;

use attention_core::Timestamp;
use attention_gateway::cache::freshness::{
    Freshness, condition, is_cacheable_request, matches_if_none_match, validates,
};
use proptest::prelude::*;

type Head = &'static [(&'static str, &'static str)];

/// Sun, 06 Nov 1994 08:49:37 GMT.
const NOW: Timestamp = Timestamp::from_unix_seconds(784_111_777);
const HOUR: Duration = Duration::from_hours(1);

fn after(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn judge(status: u16, headers: &[(&str, &str)]) -> Option<Freshness> {
    Freshness::judge(status, &owned(headers), NOW, NOW, HOUR, |name| name == "range" || name == "traceparent")
}

/// How long a response with these headers is fresh; `None` if it is not stored.
fn fresh(headers: &[(&str, &str)]) -> Option<u64> {
    judge(200, headers).map(|freshness| freshness.fresh_until.saturating_since(NOW).as_secs())
}

#[test]
#[expect(clippy::too_many_lines)] // A table of headers.
fn how_long_a_response_is_fresh() {
    let table: &[(Head, Option<u64>)] = &[
        // §5.2.2.1 and its invalid forms: stale, so not stored without a validator.
        (&[("cache-control", "max-age=60")], Some(60)),
        (&[("Cache-Control", "MAX-AGE=60")], Some(60)),
        (&[("cache-control", "private, max-age=60")], Some(60)),
        (&[("cache-control", "public,max-age=60,must-revalidate")], Some(60)),
        (&[("cache-control", "max-age=\"60\"")], Some(60)),
        (&[("cache-control", "  max-age = 60 ")], Some(60)),
        (&[("cache-control", "max-age=60, max-age=30")], Some(30)),
        (&[("cache-control", "max-age=60"), ("cache-control", "max-age=30")], Some(30)),
        (&[("cache-control", "max-age=0")], None),
        (&[("cache-control", "max-age=-1")], None),
        (&[("cache-control", "max-age=1.5")], None),
        (&[("cache-control", "max-age")], None),
        (&[("cache-control", "max-age=60;x")], None),
        (&[("cache-control", "max-age=99999999999999999999999")], None),
        (&[("cache-control", "s-maxage=60")], None),
        (&[("cache-control", "xmax-age=60")], None),
        (&[], None),
        // Never longer than the policy allows.
        (&[("cache-control", "max-age=86400")], Some(3600)),
        (&[("cache-control", "max-age=18446744073709551615")], Some(3600)),
        (&[("cache-control", "immutable, max-age=31536000")], Some(3600)),
        // Not stored, whatever other directives there are.
        (&[("cache-control", "no-store, max-age=60"), ("etag", "\"a\"")], None),
        (&[("cache-control", "max-age=60"), ("cache-control", "No-Store")], None),
        (&[("cache-control", "max-age=60, no-store=\"x\"")], None),
        (&[("cache-control", "ext=\"a, b\", no-store, max-age=60")], None),
        (&[("cache-control", "ext=\"a, no-store, max-age=60")], None),
        (&[("cache-control", "max-age=\"60, no-store"), ("etag", "\"a\"")], None),
        (&[("cache-control", "max-age=60"), ("set-cookie", "a=1")], None),
        (&[("cache-control", "max-age=60"), ("content-range", "bytes 0-1/2")], None),
        (&[("cache-control", "max-age=60"), ("content-type", "Text/Event-Stream; charset=utf-8")], None),
        // Text in a quoted string is not a directive.
        (&[("cache-control", "ext=\"no-store, max-age=5\", max-age=60")], Some(60)),
        (&[("cache-control", "private=\"a, b\", max-age=60")], Some(60)),
        // §5.2.2.4: stored, and validated each time.
        (&[("cache-control", "no-cache, max-age=60")], None),
        (&[("cache-control", "no-cache, max-age=60"), ("etag", "\"a\"")], Some(0)),
        (&[("cache-control", "no-cache=\"etag\", max-age=60"), ("etag", "\"a\"")], Some(0)),
        // A validator makes it worth storing; an invalid one does not.
        (&[("etag", "\"a\"")], Some(0)),
        (&[("etag", "W/\"a\"")], Some(0)),
        (&[("etag", "a")], None),
        (&[("etag", "\"a\", \"b\"")], None),
        (&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")], Some(0)),
        (&[("last-modified", "yesterday")], None),
        // §5.3: Expires is relative to Date, and is ignored beside max-age.
        (&[("expires", "Sun, 06 Nov 1994 08:50:37 GMT")], Some(60)),
        (&[("expires", "Sun, 06 Nov 1994 08:50:37 GMT"), ("cache-control", "max-age=5")], Some(5)),
        (&[("expires", "Sun, 06 Nov 1994 08:50:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:27 GMT")], Some(60)),
        (&[("expires", "Sun, 06 Nov 1994 08:48:37 GMT")], None),
        (&[("expires", "0")], None),
        // §4.2.3: its current age, by Age or by Date, whichever is larger.
        (&[("cache-control", "max-age=60"), ("age", "20")], Some(40)),
        (&[("cache-control", "max-age=60"), ("age", "60")], None),
        (&[("cache-control", "max-age=60"), ("age", "60"), ("etag", "\"a\"")], Some(0)),
        (&[("cache-control", "max-age=60"), ("age", "20, 1")], None),
        (&[("cache-control", "max-age=60"), ("age", "soon")], None),
        (&[("cache-control", "max-age=60"), ("date", "Sun, 06 Nov 1994 08:49:07 GMT")], Some(30)),
        (&[("cache-control", "max-age=60"), ("date", "Sun, 06 Nov 1994 08:49:07 GMT"), ("age", "40")], Some(20)),
        // A date in the future does not make it younger.
        (&[("cache-control", "max-age=60"), ("date", "Sun, 06 Nov 1994 09:49:37 GMT")], Some(60)),
        // §4.1: it may vary by headers in the key, and by those that are the same in all requests.
        (&[("cache-control", "max-age=60"), ("vary", "Accept, accept-encoding, Origin, Authorization")], Some(60)),
        (&[("cache-control", "max-age=60"), ("vary", "*")], None),
        (&[("cache-control", "max-age=60"), ("vary", "accept"), ("vary", "Range")], None),
        (&[("cache-control", "max-age=60"), ("vary", "x, TraceParent ,y")], None),
    ];
    for (headers, expected) in table {
        assert_eq!(fresh(headers), *expected, "{headers:?}");
    }
}

#[test]
fn only_complete_successes_are_stored() {
    for status in [201, 202, 203, 204, 206, 300, 301, 304, 400, 401, 403, 404, 410, 429, 500, 503] {
        assert_eq!(judge(status, &[("cache-control", "public, max-age=60"), ("etag", "\"a\"")]), None, "{status}");
    }
}

#[test]
fn time_in_transit_counts_as_age() {
    let headers = owned(&[("cache-control", "max-age=60"), ("age", "5")]);
    let freshness = Freshness::judge(200, &headers, NOW, after(10), HOUR, |_| false).unwrap();
    assert_eq!((freshness.born.saturating_add(Duration::from_secs(5)), freshness.fresh_until), (NOW, after(55)));
    assert_eq!(freshness.age(after(10)), Duration::from_secs(15));
}

#[test]
fn when_a_stored_response_may_be_used() {
    let freshness = Freshness { born: NOW, fresh_until: after(60) };
    let table: &[(u64, Head, bool)] = &[
        (0, &[], true),
        (59, &[], true),
        (60, &[], false),
        (6000, &[], false),
        (0, &[("cache-control", "no-cache")], false),
        (9, &[("cache-control", "max-age=9")], true),
        (10, &[("cache-control", "max-age=9")], false),
        (1, &[("cache-control", "max-age=0")], false),
        (50, &[("cache-control", "min-fresh=10")], true),
        (51, &[("cache-control", "min-fresh=10")], false),
        (0, &[("cache-control", "min-fresh=soon")], false),
        // A directive that would allow more is ignored.
        (60, &[("cache-control", "max-stale=1000")], false),
        (60, &[("cache-control", "only-if-cached")], false),
    ];
    for (seconds, request, expected) in table {
        assert_eq!(freshness.satisfies(&owned(request), after(*seconds)), *expected, "after {seconds} s: {request:?}");
    }
}

#[test]
fn which_responses_the_caller_already_has() {
    let table: &[(&str, Head, bool)] = &[
        ("\"a\"", &[("if-none-match", "\"a\"")], true),
        ("\"a\"", &[("if-none-match", "W/\"a\"")], true),
        ("W/\"a\"", &[("if-none-match", "\"a\"")], true),
        ("\"a\"", &[("if-none-match", "\"b\", \"x,\\\" , \"a\"")], true),
        ("\"a\"", &[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")], true),
        ("\"a\"", &[], false),
        ("\"a\"", &[("if-none-match", "\"b\"")], false),
        ("\"a\"", &[("if-none-match", "\"A\"")], false),
        ("\"a\"", &[("if-none-match", "a")], false),
        ("\"a\"", &[("if-none-match", "*")], false),
        ("\"a\"", &[("if-none-match", "\"b, \"a\"")], false),
        ("\"a\"", &[("if-none-match", "")], false),
        ("a", &[("if-none-match", "a")], false),
        ("", &[("if-none-match", "")], false),
    ];
    for (etag, request, expected) in table {
        assert_eq!(matches_if_none_match(etag, &owned(request)), *expected, "{etag}: {request:?}");
    }
}

#[test]
fn which_responses_a_304_validates() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let table: &[(&str, Head, bool)] = &[
        ("\"a\"", &[], true),
        ("\"a\"", &[("etag", "\"a\"")], true),
        ("\"a\"", &[("etag", "W/\"a\"")], true),
        ("\"a\"", &[("etag", "\"b\"")], false),
        ("\"a\"", &[("etag", "a")], false),
        (date, &[], true),
        (date, &[("etag", "\"b\"")], true),
    ];
    for (condition, headers, expected) in table {
        assert_eq!(validates(condition, &owned(headers)), *expected, "{condition}: {headers:?}");
    }
}

#[test]
fn requests_that_bypass_the_cache() {
    let table: &[(Head, bool)] = &[
        (&[], true),
        (&[("if-none-match", "\"a\"")], true),
        (&[("if-none-match", "\"a\""), ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], true),
        (&[("cache-control", "no-cache")], true),
        (&[("range", "bytes=0-1")], false),
        (&[("if-range", "\"a\"")], false),
        (&[("if-match", "\"a\"")], false),
        (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], false),
        (&[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], false),
        (&[("if-none-match", " * ")], false),
        (&[("last-event-id", "7")], false),
        (&[("cache-control", "no-store")], false),
    ];
    for (request, expected) in table {
        assert_eq!(is_cacheable_request(&owned(request)), *expected, "{request:?}");
    }
}

#[test]
fn validation_uses_the_tag_or_else_the_date() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let ask = |headers: &[(&str, &str)]| condition(&owned(headers)).map(|(name, value)| format!("{name}: {value}"));
    assert_eq!(ask(&[("etag", "W/\"a\""), ("last-modified", date)]).unwrap(), "if-none-match: W/\"a\"");
    assert_eq!(ask(&[("etag", "a"), ("last-modified", date)]).unwrap(), format!("if-modified-since: {date}"));
    assert_eq!(ask(&[("etag", "*"), ("last-modified", "0")]), None);
}

proptest! {
    #[test]
    fn a_response_with_no_store_is_never_stored(before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        // Unless it is in a quoted string, where it has no meaning.
        prop_assume!(!before.contains('"'));
        let value = format!("{before}, no-store, {after}");
        prop_assert_eq!(judge(200, &[("cache-control", &value), ("etag", "\"a\"")]), None);
    }

    #[test]
    fn reading_never_panics(control in "\\PC*", vary in "\\PC*", age in "\\PC*", tags in "\\PC*", asked in any::<u64>(), answered in any::<u64>()) {
        let headers = owned(&[("cache-control", &control), ("vary", &vary), ("age", &age), ("etag", &tags), ("if-none-match", &tags)]);
        let [asked, answered] = [asked, answered].map(Timestamp::from_unix_millis);
        let freshness = Freshness::judge(200, &headers, asked, answered, HOUR, |_| false);
        let _ = freshness.map(|freshness| freshness.satisfies(&headers, answered));
        let _ = (is_cacheable_request(&headers), matches_if_none_match(&tags, &headers), validates(&tags, &headers));
    }

    #[test]
    fn no_response_is_fresh_for_longer_than_allowed(control in "[a-z0-9=, \"-]{0,40}", most in 1..10_000_u64) {
        let headers = owned(&[("cache-control", &control)]);
        let freshness = Freshness::judge(200, &headers, NOW, NOW, Duration::from_secs(most), |_| false);
        prop_assert!(freshness.is_none_or(|freshness| freshness.fresh_until <= after(most)));
    }

    #[test]
    fn a_directive_in_a_quoted_string_has_no_effect(
        texts in prop::collection::vec(prop::collection::vec(prop::sample::select(vec!["no-store", ",", "\"", "\\", " ", "max-age=1"]), 0..5), 0..4),
        seconds in 1..3_600_u64,
        place in any::<prop::sample::Index>(),
    ) {
        let quoted = |text: &Vec<&str>| format!("x=\"{}\"", text.concat().replace('\\', "\\\\").replace('"', "\\\""));
        let mut parts: Vec<String> = texts.iter().map(quoted).collect();
        parts.insert(place.index(parts.len() + 1), format!("max-age={seconds}"));
        let control = parts.join(", ");
        // An odd number of quotation marks may hide a directive, so such a response is not stored.
        let is_clear = parts.iter().all(|part| part.matches('"').count() % 2 == 0);
        prop_assert_eq!(fresh(&[("cache-control", &control)]), is_clear.then_some(seconds), "{}", control);
    }

    #[test]
    fn an_entity_tag_is_found_in_a_list_if_it_is_one_of_the_list(
        tags in prop::collection::vec("[a,\\\\ ]{0,3}", 0..5), one in "[a,\\\\ ]{0,3}", weak in any::<bool>(),
    ) {
        // A backslash is an ordinary character of an entity tag (RFC 9110 §8.8.3).
        let quoted = |tag: &String| format!("{}\"{tag}\"", if weak { "W/" } else { "" });
        let list = tags.iter().map(quoted).collect::<Vec<_>>().join(",");
        let found = matches_if_none_match(&format!("\"{one}\""), &owned(&[("if-none-match", &list)]));
        prop_assert_eq!(found, tags.contains(&one), "{} in {}", one, list);
    }
}
