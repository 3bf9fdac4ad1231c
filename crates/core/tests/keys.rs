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
}
