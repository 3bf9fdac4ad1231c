//! Many calls with two keys: a 401 never shuts out a key that works, and a pair of dead keys does not double the number
//! of requests.

use std::time::Duration;

use attention_core::call::{CallOptions, Failover, KeyVerdict, Switch, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, ApiKey, Call, ErrorKind, KeyRing, Method, Slot, Timestamp, Upstream};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const NONE: &[(&str, &str)] = &[];
const CURRENT: &str = "fake-current-key-0123456789";
const NEXT: &str = "fake-next-key-0123456789";

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).expect("a key")
}

fn pair() -> KeyRing {
    KeyRing::new(key(CURRENT), Some(key(NEXT)))
}

fn upstream(keys: KeyRing) -> Upstream {
    Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), keys)
}

fn at(millis: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_millis(millis))
}

/// The status that a server returns for a kind of call and a key.
type Server<'a> = &'a dyn Fn(u32, Slot) -> u16;

/// Begins a call; `one_shot` if its body cannot be sent again.
fn begin(upstream: &mut Upstream, one_shot: bool, now: Timestamp) -> (Call, Slot) {
    let method = if one_shot { Method::Post } else { Method::Get };
    let mut call = Call::new(CallOptions { replayable: !one_shot, ..CallOptions::new(method) }, now);
    match call.start(upstream, now) {
        Action::Send(attempt) => (call, attempt.slot),
        action => panic!("{action:?}"),
    }
}

/// Makes one call: whether it succeeded, and the keys it was sent with.
fn whole(upstream: &mut Upstream, kind: u32, one_shot: bool, now: Timestamp, server: Server) -> (bool, Vec<Slot>) {
    let (mut call, slot) = begin(upstream, one_shot, now);
    let mut slots = vec![slot];
    loop {
        let status = server(kind, *slots.last().expect("a slot"));
        match call.on_response(upstream, status, &NONE, now, 0.5) {
            Action::Send(attempt) => slots.push(attempt.slot),
            Action::Done(verdict) => return (verdict == Verdict::Success, slots),
            Action::Wait(wait) => panic!("it waits {wait:?}"),
        }
    }
}

#[test]
fn a_missing_permission_does_not_shut_the_good_key_out() {
    // Calls of kind 1 need a permission; the next key was deleted long ago.
    let server: Server = &|kind, slot| if slot == Slot::Next || kind == 1 { 401 } else { 200 };
    let mut upstream = upstream(pair());
    assert!(whole(&mut upstream, 0, false, at(0), server).0);
    assert!(!whole(&mut upstream, 1, true, at(1000), server).0);
    assert_eq!(upstream.take_switch(), None);
    for second in 2..300 {
        assert_eq!(whole(&mut upstream, 0, false, at(second * 1000), server), (true, vec![Slot::Current]));
    }
}

#[test]
fn two_refused_streams_switch_keys_and_a_bad_key_switches_back() {
    let revoked: Server = &|_, slot| if slot == Slot::Current { 401 } else { 200 };
    let mut rotated = upstream(pair());
    assert!(whole(&mut rotated, 0, true, at(0), &|_, _| 200).0);
    let succeeded: Vec<bool> =
        (1..6).map(|second| whole(&mut rotated, 0, true, at(second * 1000), revoked).0).collect();
    assert_eq!(succeeded, [false, false, true, true, true]);

    // Both refusals were about a permission, and the next key is dead. One more call fails, then the ring is back.
    let server: Server = &|kind, slot| if slot == Slot::Next || kind == 1 { 401 } else { 200 };
    let mut limited = upstream(pair());
    assert!(whole(&mut limited, 0, true, at(0), server).0);
    for kind in [1, 1, 0] {
        assert!(!whole(&mut limited, kind, true, at(1000), server).0);
    }
    for second in 2..30 {
        assert_eq!(whole(&mut limited, 0, true, at(second * 1000), server), (true, vec![Slot::Current]));
        assert!(!whole(&mut limited, 1, true, at(second * 1000), server).0);
        assert!(!whole(&mut limited, 1, true, at(second * 1000), server).0);
    }
}

#[test]
fn a_failover_in_progress_does_not_affect_other_calls() {
    let mut upstream = upstream(pair());
    assert!(whole(&mut upstream, 0, false, at(0), &|_, _| 200).0);
    let (mut limited, _) = begin(&mut upstream, false, at(1));
    assert!(
        matches!(limited.on_response(&mut upstream, 401, &NONE, at(2), 0.5), Action::Send(try_next) if try_next.slot == Slot::Next)
    );
    // Twenty calls succeed while the next key is being tried.
    for _ in 0..20 {
        assert_eq!(
            whole(&mut upstream, 0, false, at(3), &|_, slot| if slot == Slot::Next { 401 } else { 200 }),
            (true, vec![Slot::Current])
        );
    }
    assert_eq!(limited.on_response(&mut upstream, 401, &NONE, at(4), 0.5), Action::Done(Verdict::Rejected));
    assert!(whole(&mut upstream, 0, false, at(5), &|_, slot| if slot == Slot::Next { 401 } else { 200 }).0);
    // The key was accepted meanwhile, so a late refusal concerns only its call, and the key stays trusted.
    let (mut late, _) = begin(&mut upstream, true, at(6));
    assert!(whole(&mut upstream, 0, false, at(7), &|_, _| 200).0);
    late.on_response(&mut upstream, 401, &NONE, at(8), 0.5);
    assert_eq!(upstream.keys().verdict(Slot::Current), Some(KeyVerdict::Accepted { at: at(7) }));
}

#[test]
fn keys_with_different_permissions_fail_no_call() {
    let server: Server = &|kind, slot| if (kind == 0) == (slot == Slot::Current) { 200 } else { 401 };
    let mut upstream = upstream(pair());
    let mut requests = 0;
    for call in 0..100 {
        let (succeeded, slots) = whole(&mut upstream, call % 2, false, at(u64::from(call) * 10), server);
        assert!(succeeded, "call {call}");
        requests += slots.len();
    }
    assert!(requests <= 200, "{requests} requests");
}

/// Starts `size` calls at once while both keys, or the one in use, are dead. Returns the number of requests and of
/// successes.
fn crowd(size: usize, is_next_good: bool, had_been_good: bool) -> (usize, usize) {
    let mut upstream = upstream(pair());
    if had_been_good {
        assert!(whole(&mut upstream, 0, false, at(0), &|_, slot| if slot == Slot::Next { 200 } else { 401 }).0);
        assert!(whole(&mut upstream, 0, false, at(0), &|_, slot| if slot == Slot::Current { 200 } else { 401 }).0);
    }
    let (mut requests, mut succeeded) = (0, 0);
    let mut under_way: Vec<(u64, Call, Option<Slot>)> = Vec::new();
    for _ in 0..size {
        let (call, slot) = begin(&mut upstream, false, at(0));
        under_way.push((50, call, Some(slot)));
    }
    requests += size;
    while let Some((index, (now, ..))) = under_way.iter().enumerate().min_by_key(|(_, (now, ..))| *now) {
        let now = *now;
        let (_, mut call, slot) = under_way.swap_remove(index);
        let action = match slot {
            Some(slot) => {
                let status = if slot == Slot::Next && is_next_good { 200 } else { 401 };
                call.on_response(&mut upstream, status, &NONE, at(now), 0.5)
            }
            None => call.on_waited(&mut upstream, at(now)),
        };
        match action {
            Action::Send(attempt) => {
                requests += 1;
                under_way.push((now + 50, call, Some(attempt.slot)));
            }
            Action::Wait(wait) => under_way.push((now + attention_core::millis(wait), call, None)),
            Action::Done(Verdict::Success) => succeeded += 1,
            Action::Done(Verdict::Rejected) => {}
            Action::Done(Verdict::Failed(error)) => assert_eq!(error.kind(), ErrorKind::Unauthorized),
        }
    }
    (requests, succeeded)
}

#[test]
fn many_calls_with_two_dead_keys_make_few_extra_requests() {
    assert_eq!(crowd(200, false, false), (204, 0));
    assert_eq!(crowd(200, false, true), (204, 0), "after both were accepted");
}

#[test]
fn many_calls_with_a_revoked_key_continue_with_the_other() {
    assert_eq!(crowd(200, true, false), (400, 200));
}

#[test]
fn dead_keys_that_are_set_again_do_not_double_the_requests() {
    for next in [NEXT, CURRENT] {
        let mut upstream = upstream(pair());
        let mut requests = 0;
        for call in 0..100 {
            requests += whole(&mut upstream, 0, false, at(call * 10), &|_, _| 401).1.len();
            let current = if next == NEXT { CURRENT } else { NEXT };
            upstream.replace_keys(KeyRing::new(key(current), Some(key(next))));
        }
        assert_eq!(requests, 101);
        // A different pair of keys is tried again.
        upstream.replace_keys(KeyRing::new(key(CURRENT), Some(key("fake-newer-key-0123456789"))));
        assert_eq!(whole(&mut upstream, 0, false, at(1000), &|_, _| 401).1.len(), 2);
    }
}

#[test]
fn a_clock_that_goes_back_does_not_block_the_other_key() {
    let mut upstream = upstream(pair());
    let day = 86_400_000;
    assert_eq!(whole(&mut upstream, 0, false, at(day), &|_, _| 401).1.len(), 2);
    assert_eq!(whole(&mut upstream, 0, false, at(day + 29_999), &|_, _| 401).1.len(), 1);
    assert_eq!(whole(&mut upstream, 0, false, at(0), &|_, _| 401).1.len(), 2);
    assert_eq!(whole(&mut upstream, 0, false, at(1), &|_, _| 401).1.len(), 1);
    assert_eq!(whole(&mut upstream, 0, false, at(30_000), &|_, _| 401).1.len(), 2);
}

#[test]
fn the_diagnosis_concerns_the_key_that_was_sent() {
    const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE2OTk5OTk5NzB9.fake-signature";
    let mut upstream = upstream(KeyRing::new(key(EXPIRED), None));
    let (mut call, _) = begin(&mut upstream, true, at(0));
    upstream.replace_keys(KeyRing::new(key(NEXT), None));
    assert_eq!(call.on_response(&mut upstream, 401, &NONE, at(10), 0.5), Action::Done(Verdict::Rejected));
    let error = call.error(&upstream, &format!("unknown key {EXPIRED}, fake: {NEXT}"), at(10));
    assert!(error.message().contains("the key expired 30 seconds ago"), "{error}");
    assert!(error.message().contains("call again: another key has replaced it"), "{error}");
    for secret in [EXPIRED, NEXT] {
        assert!(!error.to_json().contains(secret) && !format!("{error:?} {upstream:?} {call:?}").contains(secret));
    }
}

#[test]
fn a_key_that_has_expired_is_not_tried_first() {
    const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE2OTk5OTk5NzB9.fake-signature";
    const ENDED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE2OTk5OTk5ODB9.fake-signature";
    let first = |current, next: Option<&str>| {
        let mut upstream = upstream(KeyRing::new(key(current), next.map(key)));
        (begin(&mut upstream, true, at(0)).1, upstream)
    };
    assert_eq!(first(EXPIRED, Some(NEXT)).0, Slot::Next);
    assert_eq!(first(EXPIRED, None).0, Slot::Current);
    assert_eq!(first(EXPIRED, Some(ENDED)).0, Slot::Current);
    assert_eq!(first(CURRENT, Some(NEXT)).0, Slot::Current);
    // The key works nevertheless: the local clock is wrong.
    let mut upstream = upstream(KeyRing::new(key(EXPIRED), Some(key(NEXT))));
    let server: Server = &|_, slot| if slot == Slot::Current { 200 } else { 401 };
    assert_eq!(whole(&mut upstream, 0, false, at(0), server), (true, vec![Slot::Next, Slot::Current]));
    assert_eq!(whole(&mut upstream, 0, false, at(1), server), (true, vec![Slot::Current]));
}

#[test]
fn the_ring_reports_its_keys() {
    let mut ring = pair();
    assert!(ring.has_next() && !KeyRing::new(key(CURRENT), None).has_next());
    ring.on_accepted(Slot::Current, at(5));
    assert_eq!(ring.on_unauthorized(Slot::Next, at(7)), Failover::Try(Slot::Current));
    let told: serde_json::Value = serde_json::from_str(&ring.to_json()).expect("JSON");
    let fingerprint = |slot| ring.fingerprint(slot).expect("a key").to_hex();
    let expected = serde_json::json!({
        "kind": "api_key",
        "inUse": "current",
        "keys": [
            {"slot": "current", "fingerprint": fingerprint(Slot::Current), "verdict": "accepted", "at": 1_700_000_000_005_u64},
            {"slot": "next", "fingerprint": fingerprint(Slot::Next), "verdict": "refused", "at": 1_700_000_000_007_u64},
        ],
    });
    assert_eq!(told, expected);
    assert_eq!(ring.on_unauthorized(Slot::Current, at(8)), Failover::Try(Slot::Next));
    assert_eq!(ring.on_accepted(Slot::Next, at(9)), Some(Switch { from: Slot::Current, to: Slot::Next }));
    assert_eq!(KeyRing::new(key(CURRENT), None).on_unauthorized(Slot::Current, at(0)), Failover::None);
}

proptest! {
    /// Each key may make some kinds of calls, or none. Whatever came before, a replayable call that one of the keys may
    /// make succeeds. The exception: it directly follows calls that neither key may make, one if no key was ever
    /// accepted, otherwise two.
    #[test]
    fn a_call_that_one_of_the_keys_may_make_succeeds(
        may in proptest::collection::vec((any::<bool>(), any::<bool>()), 4),
        calls in proptest::collection::vec((0..4_u32, any::<bool>(), 0..40_000_u64), 1..60),
    ) {
        let allowed = |kind: u32, slot| {
            let (current, next) = may[kind as usize];
            if slot == Slot::Current { current } else { next }
        };
        let server: Server = &|kind, slot| if allowed(kind, slot) { 200 } else { 401 };
        let mut upstream = upstream(pair());
        let (mut now, mut pair_refused, mut pair_refused_at, mut was_accepted) = (0, 0, None, false);
        for (kind, one_shot, pause) in calls {
            now += pause;
            let (succeeded, slots) = whole(&mut upstream, kind, one_shot, at(now), server);
            let possible = [Slot::Current, Slot::Next].into_iter().any(|slot| allowed(kind, slot));
            prop_assert!(slots.len() <= 2);
            prop_assert!(possible || !succeeded);
            let is_barred = pair_refused_at.is_some_and(|at| now < at + 30_000);
            if !one_shot && !is_barred {
                prop_assert_eq!(succeeded, possible, "kind {} at {}", kind, now);
            }
            if !one_shot && !succeeded {
                prop_assert_eq!(slots.len(), if is_barred { 1 } else { 2 }, "kind {} at {}", kind, now);
            }
            if succeeded {
                (pair_refused, pair_refused_at, was_accepted) = (0, None, true);
            } else if slots.len() == 2 {
                pair_refused += 1;
                if !was_accepted || pair_refused >= 2 {
                    pair_refused_at = Some(now);
                }
            }
        }
    }

    /// What a refusal of a call that cannot be sent again does to the ring, by the history of both keys.
    #[test]
    fn a_refusal_that_is_final_changes_the_key_by_what_is_known_of_both(
        events in proptest::collection::vec((any::<bool>(), 0..4_u8, 0..3_u64), 1..40),
    ) {
        let mut ring = pair();
        // Of each key, when it was accepted and refused, the last one last.
        let mut history: [Vec<(u64, bool)>; 2] = Default::default();
        let (mut in_use, mut now) = (0_usize, 0);
        let slot_of = |place: usize| [Slot::Current, Slot::Next][place];
        for (is_next, event, pause) in events {
            now += pause;
            let place = usize::from(is_next);
            let switch = if event == 0 {
                history[place].push((now, true));
                let used_failed = history[in_use].last().is_some_and(|(_, accepted)| !accepted);
                let switches = place != in_use && used_failed;
                prop_assert_eq!(ring.on_accepted(slot_of(place), at(now)).is_some(), switches);
                switches
            } else {
                history[place].push((now, false));
                let accepted = |place: usize| history[place].iter().rev().find(|(_, accepted)| *accepted).map(|(at, _)| *at);
                let refusals = history[in_use].iter().rev().take_while(|(_, accepted)| !accepted).count();
                let (used, other) = (accepted(in_use), accepted(1 - in_use));
                let is_trusted = used.is_some() && refusals < 2;
                let switches = place == in_use && match history[1 - in_use].last() {
                    None => !is_trusted,
                    Some((_, true)) => !is_trusted || other > used,
                    Some((_, false)) => used.is_none() && other.is_some(),
                };
                let switch = ring.on_unauthorized_final(slot_of(place), at(now));
                prop_assert_eq!(switch.is_some(), switches, "{:?} at {}", &history, now);
                switches
            };
            if switch {
                in_use = 1 - in_use;
            }
            prop_assert_eq!(ring.in_use(), slot_of(in_use));
        }
    }

    /// Of a credential's own word and its issuer's the earlier one counts, and from then on it is not tried first, unless
    /// it was accepted after that moment: then the clock is wrong.
    #[test]
    fn what_has_ended_is_not_tried_first(own in 0..4_u64, issued in proptest::option::of(0..4_u64), accepted in proptest::option::of(0..4_u64)) {
        // Ends at a second of the times below.
        let jwt = |second: u64| {
            use base64ct::{Base64UrlUnpadded, Encoding as _};
            let payload = format!("{{\"exp\":{}}}", 1_700_000_000 + second);
            format!("eyJhbGciOiJub25lIn0.{}.fake-signature", Base64UrlUnpadded::encode_string(payload.as_bytes()))
        };
        let mut upstream = upstream(KeyRing::new(key(&jwt(own)), Some(key(NEXT))));
        prop_assert_eq!(upstream.keys().claims(Slot::Current).and_then(|claims| claims.expires_at), Some(at(own * 1000)));
        prop_assert_eq!(upstream.keys().claims(Slot::Next), None);
        for second in 0..5 {
            let claims = upstream.keys().claims(Slot::Current).expect("claims");
            prop_assert_eq!(claims.is_expired(at(second * 1000)), own <= second);
        }
        let end = issued.map_or(own, |issued| issued.min(own));
        if let Some(issued) = issued {
            upstream.note_expiry(Slot::Current, at(issued * 1000));
        }
        prop_assert_eq!(upstream.keys().expires_at(Slot::Current), Some(at(end * 1000)));
        if let Some(second) = accepted {
            let server: Server = &|_, slot| if slot == Slot::Current { 200 } else { 401 };
            prop_assert!(whole(&mut upstream, 0, false, at(second * 1000), server).0);
        }
        for second in accepted.unwrap_or(0)..6 {
            let is_over = second >= end && accepted.is_none_or(|at| at < end);
            // Next was refused, if anybody asked it.
            let was_next_asked = accepted.is_some_and(|at| at >= end);
            let first = begin(&mut upstream, false, at(second * 1000)).1;
            prop_assert_eq!(first, if is_over && !was_next_asked { Slot::Next } else { Slot::Current }, "{}", second);
        }
    }
}

#[test]
fn the_key_in_use_is_worth_a_try_to_any_number_of_calls() {
    let mut ring = pair();
    for millis in 0..50 {
        assert_eq!(ring.on_unauthorized(Slot::Next, at(millis)), Failover::Try(Slot::Current));
    }
    // Of the other one, of which nothing good is known, four try it; unless it was good a moment ago.
    let tries: Vec<Failover> = (50..56).map(|millis| ring.on_unauthorized(Slot::Current, at(millis))).collect();
    assert_eq!(tries, [[Failover::Try(Slot::Next); 4].as_slice(), &[Failover::See; 2]].concat());
    ring.on_accepted(Slot::Current, at(60));
    let mut other = pair();
    other.on_accepted(Slot::Next, at(0));
    for millis in 0..50 {
        assert_eq!(other.on_unauthorized(Slot::Current, at(millis)), Failover::Try(Slot::Next));
    }
}

/// Four calls try the key of which nothing is known; the fifth one, which has so long, waits for what they find.
fn fifth(upstream: &mut Upstream, timeout: Duration) -> (Call, Action) {
    for _ in 0..4 {
        let (mut call, _) = begin(upstream, false, at(0));
        assert!(matches!(call.on_response(upstream, 401, &NONE, at(0), 0.5), Action::Send(_)));
    }
    let options = CallOptions { timeout: Some(timeout), ..CallOptions::new(Method::Get) };
    let mut call = Call::new(options, at(0));
    assert!(matches!(call.start(upstream, at(0)), Action::Send(_)));
    let action = call.on_response(upstream, 401, &NONE, at(0), 0.5);
    (call, action)
}

#[test]
fn who_waits_for_what_others_find_of_a_key_goes_with_keys_that_were_put_in_place_meanwhile() {
    let mut upstream = upstream(pair());
    let (mut call, action) = fifth(&mut upstream, Duration::from_mins(1));
    let Action::Wait(wait) = action else { panic!("{action:?}") };
    upstream.replace_keys(KeyRing::new(key("fake-newer-key-0123456789"), Some(key("fake-newest-key-0123456789"))));
    let now = at(0).saturating_add(wait);
    assert!(matches!(call.on_waited(&mut upstream, now), Action::Send(attempt) if attempt.slot == Slot::Current));
}

#[test]
fn who_has_no_time_to_wait_for_what_others_find_tries_the_key_itself() {
    for millis in [1, 50, 100] {
        let action = fifth(&mut upstream(pair()), Duration::from_millis(millis)).1;
        assert!(matches!(action, Action::Send(attempt) if attempt.slot == Slot::Next), "{millis}: {action:?}");
    }
    let action = fifth(&mut upstream(pair()), Duration::from_millis(101)).1;
    assert!(matches!(action, Action::Wait(_)), "{action:?}");
}

#[test]
fn the_diagnosis_of_a_token_says_that_it_has_ended_from_that_moment_on() {
    let token = |text| attention_core::CallerToken::parse(text).expect("a token");
    for (end, is_over) in [(None, false), (Some(0), true), (Some(1000), true), (Some(2000), true), (Some(2001), false)]
    {
        let mut upstream = upstream(KeyRing::of_token(token("an-obviously-fake-token-0123456789")));
        if let Some(end) = end {
            upstream.note_expiry(Slot::Current, at(end));
        }
        let (mut call, _) = begin(&mut upstream, false, at(0));
        assert_eq!(call.on_response(&mut upstream, 401, &NONE, at(2000), 0.5), Action::Done(Verdict::Rejected));
        let message = call.error(&upstream, "", at(2000)).message().to_owned();
        assert_eq!(message.contains("the token expired"), is_over, "{end:?}: {message}");
        assert_eq!(message.contains("does not know the caller token"), !is_over, "{end:?}: {message}");
    }
}

#[test]
fn a_key_is_itself_and_shows_its_end_when_it_is_long_enough() {
    let text = |bytes: usize| format!("{}wxyz", "fake-key-".repeat(8).get(..bytes - 4).expect("a beginning"));
    for bytes in [16, 23, 24, 25, 40] {
        let (one, other) = (key(&text(bytes)), key(&text(bytes + 1)));
        assert_eq!(one, key(&text(bytes)));
        assert_ne!(one, other);
        let shown = format!("{one}");
        assert_eq!(shown.contains("wxyz"), bytes >= 24, "{shown}");
        assert!(shown.contains(&format!("{bytes} bytes")), "{shown}");
    }
}

#[test]
fn what_templates_leave_is_no_key_and_braces_alone_are_another_fault() {
    use attention_core::KeyError;
    assert_eq!(ApiKey::parse("{{an-obviously-fake-key}}"), Err(KeyError::Placeholder));
    assert_ne!(ApiKey::parse("{an-obviously-fake-key}"), Err(KeyError::Placeholder));
    assert!(ApiKey::parse(&"x".repeat(64)).is_err_and(|error| error == KeyError::Placeholder));
}

#[test]
fn a_key_that_was_accepted_at_its_end_or_later_is_tried_first() {
    for (end, first) in [(999, Slot::Current), (1000, Slot::Current), (1001, Slot::Next)] {
        let mut upstream = upstream(pair());
        assert!(whole(&mut upstream, 0, false, at(1000), &|_, _| 200).0);
        // The issuer says it afterwards, so nobody has asked about the other key.
        upstream.note_expiry(Slot::Current, at(end));
        assert_eq!(begin(&mut upstream, false, at(2000)).1, first, "{end}");
    }
}

#[test]
fn who_waits_for_what_others_find_goes_with_a_single_key_that_was_put_in_place_meanwhile() {
    let mut upstream = upstream(pair());
    let (mut call, action) = fifth(&mut upstream, Duration::from_mins(1));
    let Action::Wait(wait) = action else { panic!("{action:?}") };
    upstream.replace_keys(KeyRing::new(key("fake-newer-key-0123456789"), None));
    let action = call.on_waited(&mut upstream, at(0).saturating_add(wait));
    assert!(matches!(action, Action::Send(attempt) if attempt.slot == Slot::Current), "{action:?}");
}

#[test]
fn who_wakes_too_late_has_no_time_left_whatever_others_have_found_and_leaves_their_places_free() {
    for others_were_refused in [false, true] {
        let mut upstream = upstream(pair());
        let (mut call, action) = fifth(&mut upstream, Duration::from_millis(150));
        assert!(matches!(action, Action::Wait(_)), "{action:?}");
        if others_were_refused {
            assert_eq!(whole(&mut upstream, 0, false, at(2500), &|_, _| 401).1.len(), 2);
        }
        let Action::Done(Verdict::Failed(error)) = call.on_waited(&mut upstream, at(2600)) else {
            panic!("it goes on")
        };
        assert_eq!((error.code(), error.attempts()), ("timeout", 1), "{error}");
        if !others_were_refused {
            let slots: Vec<usize> = (0..4)
                .map(|_| {
                    let (mut trying, _) = begin(&mut upstream, false, at(2600));
                    usize::from(matches!(trying.on_response(&mut upstream, 401, &NONE, at(2600), 0.5), Action::Send(_)))
                })
                .collect();
            assert_eq!(slots, [1; 4], "four may try the other key");
        }
    }
}
