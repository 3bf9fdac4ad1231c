//! Many concurrent calls to one server, with events in any order, checked against invariants.
//!
//! A run is a list of generated events. Calls begin, receive any status and any headers, break off, wait, wake early or
//! late, are given up or forgotten; keys are replaced; the gate is held from outside; the clock jumps.
//! `ATTENTION_MODEL_CASES` sets the number of cases (300 by default).

use std::time::Duration;

use attention_core::call::{Attempt, CallOptions, Failure, KeyVerdict, RetryPolicy, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, ApiKey, Call, ErrorKind, KeyRing, Method, Slot, Timestamp, Upstream};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

const BEGIN: u64 = 1_700_000_000_000;
const METHODS: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
const KEYS: [&str; 3] = ["fake-key-one-0123456789", "fake-key-two-0123456789", "fake-key-three-0123456789"];
const LONGEST_HOLD: u64 = 300_000;

#[derive(Clone, Debug)]
enum Event {
    Begin {
        method: usize,
        marked: Option<bool>,
        one_shot: bool,
        retries: u32,
        timeout: Option<u64>,
        attempt: Option<u64>,
    },
    Answer {
        call: usize,
        status: u16,
        headers: Vec<(&'static str, String)>,
        jitter: f64,
    },
    Break {
        call: usize,
        failure: Failure,
        jitter: f64,
    },
    /// Its timer fires this many milliseconds early or late.
    Wake {
        call: usize,
        off: i64,
    },
    /// Its caller goes away without notice.
    Forget {
        call: usize,
    },
    Replace {
        current: usize,
        next: Option<usize>,
    },
    Hold(u64),
    Pass(u64),
    Jump(i64),
}

fn status() -> impl Strategy<Value = u16> {
    let known = [
        200, 201, 204, 304, 302, 400, 401, 401, 401, 403, 404, 408, 409, 410, 413, 421, 422, 425, 429, 429, 429, 500,
        502, 503, 503, 504, 520, 522, 526, 529, 530, 101, 600,
    ];
    prop_oneof![8 => proptest::sample::select(known.to_vec()), 1 => any::<u16>()]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let retry_after = prop_oneof![
        (0..3_u64).prop_map(|seconds| seconds.to_string()),
        (0..400_u64).prop_map(|seconds| seconds.to_string()),
        Just("99999999999999999999".to_owned()),
        Just("Tue, 14 Nov 2023 22:14:20 GMT".to_owned()),
        Just("soon".to_owned()),
    ];
    let date = prop_oneof![Just("Tue, 14 Nov 2023 22:13:20 GMT"), Just("Tue, 14 Nov 2023 22:14:00 GMT"), Just("never")];
    let reset =
        prop_oneof![Just("7"), Just("30000"), Just("1700000030"), Just("1700000030000"), Just("18446744073709551615")];
    let limit = prop_oneof![
        Just("\"burst\";r=5;t=1, \"daily\";r=0;t=30"),
        Just("limit=10, remaining=0, reset=5"),
        Just("\"a;r=0;t=9"),
    ];
    prop_oneof![
        3 => Just(Vec::new()),
        3 => retry_after.clone().prop_map(|value| vec![("retry-after", value)]),
        1 => (retry_after, date).prop_map(|(value, date)| vec![("retry-after", value), ("date", date.to_owned())]),
        1 => reset.prop_map(|value| vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", value.to_owned())]),
        1 => limit.prop_map(|value| vec![("ratelimit", value.to_owned())]),
    ]
}

fn event(clock_jumps: bool) -> BoxedStrategy<Event> {
    let jitter =
        || prop_oneof![4 => 0.0..1.0_f64, 1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, -1.0, 2.0])];
    let call = 0..8_usize;
    let failure = proptest::sample::select(vec![Failure::Connection, Failure::Timeout, Failure::Aborted]);
    let time = || prop_oneof![0..100_000_u64, Just(u64::MAX)];
    let begin = (
        0..5_usize,
        any::<Option<bool>>(),
        any::<bool>(),
        0..4_u32,
        proptest::option::of(time()),
        proptest::option::of(time()),
    )
        .prop_map(|(method, marked, one_shot, retries, timeout, attempt)| Event::Begin {
            method,
            marked,
            one_shot,
            retries,
            timeout,
            attempt,
        });
    let answer = (call.clone(), status(), headers(), jitter())
        .prop_map(|(call, status, headers, jitter)| Event::Answer { call, status, headers, jitter });
    let passes = prop_oneof![0..50_u64, 0..5_000_u64, 0..100_000_u64];
    let events = prop_oneof![
        4 => begin,
        8 => answer,
        2 => (call.clone(), failure, jitter()).prop_map(|(call, failure, jitter)| Event::Break { call, failure, jitter }),
        6 => (call.clone(), -3..50_i64).prop_map(|(call, off)| Event::Wake { call, off }),
        1 => call.prop_map(|call| Event::Forget { call }),
        1 => (0..3_usize, proptest::option::of(0..3_usize)).prop_map(|(current, next)| Event::Replace { current, next }),
        1 => (0..400_000_u64).prop_map(Event::Hold),
        4 => passes.prop_map(Event::Pass),
    ];
    if !clock_jumps {
        return events.boxed();
    }
    let jump = prop_oneof![-90_000_000..90_000_000_i64, -2_000..2_000_i64, Just(-1_000_000_000_000), Just(i64::MAX)];
    prop_oneof![20 => events, 1 => jump.prop_map(Event::Jump)].boxed()
}

/// The driver's current activity for a call.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Sending { slot: Slot, key: usize, at: u64 },
    Waiting { until: u64 },
}

struct Held {
    call: Call,
    options: CallOptions,
    begun: u64,
    doing: Doing,
    sent: u32,
    replaced: u32,
    /// The key that was sent last, and how often the keys were replaced since.
    key: usize,
    replaced_since: u32,
}

struct Model {
    upstream: Upstream,
    calls: Vec<Option<Held>>,
    /// The real time, and the offset of the driver's clock.
    real: u64,
    off: i64,
    keys: [Option<usize>; 2],
    /// The latest real time until which the server may have closed the gate.
    shut_until: u64,
    clock_jumps: bool,
}

type Checked = Result<(), TestCaseError>;

impl Model {
    fn new(clock_jumps: bool, has_next: bool) -> Self {
        let keys = [Some(0), has_next.then_some(1)];
        let upstream = Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), ring(keys));
        let calls = (0..8).map(|_| None).collect();
        Self { upstream, calls, real: 0, off: 0, keys, shut_until: 0, clock_jumps }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis((BEGIN + self.real).saturating_add_signed(self.off))
    }

    fn perform(&mut self, event: Event) -> Checked {
        let now = self.now();
        match event {
            Event::Pass(time) => self.real += time,
            // Not before 1970, where the driver's clock would stop.
            Event::Jump(by) => self.off = self.off.saturating_add(by).max(-1_000_000_000_000),
            Event::Hold(wait) => {
                self.upstream.hold(now, Duration::from_millis(wait));
                self.shut_until = self.shut_until.max(self.real + wait.min(LONGEST_HOLD));
            }
            Event::Replace { current, next } => {
                self.keys = [Some(current), next.filter(|next| *next != current)];
                self.upstream.replace_keys(ring(self.keys));
                for held in self.calls.iter_mut().flatten() {
                    held.replaced += 1;
                    held.replaced_since += 1;
                }
            }
            Event::Forget { call } => self.calls[call] = None,
            Event::Begin { method, marked, one_shot, retries, timeout, attempt } => {
                let Some(place) = self.calls.iter().position(Option::is_none) else { return Ok(()) };
                let options = CallOptions {
                    idempotent: marked,
                    replayable: !one_shot,
                    retry: RetryPolicy { max_retries: retries, ..RetryPolicy::default() },
                    timeout: timeout.map(Duration::from_millis),
                    attempt_timeout: attempt.map(Duration::from_millis),
                    ..CallOptions::new(METHODS[method])
                };
                let mut call = Call::new(options.clone(), now);
                let action = call.start(&mut self.upstream, now);
                let doing = Doing::Waiting { until: 0 };
                let (begun, sent, replaced, key, replaced_since) = (self.real, 0, 0, 0, 0);
                self.calls[place] = Some(Held { call, options, begun, doing, sent, replaced, key, replaced_since });
                self.follow(place, action)?;
            }
            Event::Answer { call: place, status, headers, jitter } => self.answer(place, status, &headers, jitter)?,
            Event::Break { call: place, failure, jitter } => {
                let Some(held) = &mut self.calls[place] else { return Ok(()) };
                // A wait can only end by being given up.
                let failure = if matches!(held.doing, Doing::Waiting { .. }) { Failure::Aborted } else { failure };
                let action = held.call.on_failure(&mut self.upstream, failure, now, jitter);
                let is_over = matches!(action, Action::Done(_));
                prop_assert!(is_over || failure != Failure::Aborted, "it goes on after it was given up");
                prop_assert!(is_over || may_repeat(&self.calls[place].as_ref().expect("a call").options), "sent again");
                self.follow(place, action)?;
            }
            Event::Wake { call: place, off } => {
                let Some(held) = &mut self.calls[place] else { return Ok(()) };
                let Doing::Waiting { until } = held.doing else { return Ok(()) };
                self.real = self.real.max(until.saturating_add_signed(off));
                let now = self.now();
                let held = self.calls[place].as_mut().expect("a call");
                let action = held.call.on_waited(&mut self.upstream, now);
                self.follow(place, action)?;
            }
        }
        self.check_always()
    }

    fn answer(&mut self, place: usize, status: u16, headers: &[(&'static str, String)], jitter: f64) -> Checked {
        let now = self.now();
        let verdicts = [Slot::Current, Slot::Next].map(|slot| self.upstream.keys().verdict(slot));
        let in_use = self.upstream.keys().in_use();
        let Some(held) = &mut self.calls[place] else { return Ok(()) };
        let Doing::Sending { slot, key, at } = held.doing else { return Ok(()) };
        let list: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let action = held.call.on_response(&mut self.upstream, status, &list.as_slice(), now, jitter);
        if status == 429 || matches!(status, 200..=299 | 304) {
            // Whatever it asked for.
            self.shut_until = self.shut_until.max(self.real + millis(self.upstream.closed_for(now)));
        }
        let is_in_place = self.keys[slot as usize] == Some(key);
        let held = self.calls[place].as_ref().expect("a call");
        match (&action, status) {
            (Action::Done(Verdict::Success), _) => prop_assert!(matches!(status, 200..=299 | 304)),
            (_, 200..=299 | 304) => prop_assert!(false, "{status} is a success, got {action:?}"),
            (Action::Send(_) | Action::Wait(_), 408 | 500 | 502..=504 | 520..=527 | 529 | 530) => {
                prop_assert!(may_repeat(&held.options), "sent again after {status}");
            }
            (Action::Done(_), _) | (_, 401 | 421 | 425 | 429) => {}
            (Action::Send(_) | Action::Wait(_), _) => prop_assert!(false, "sent again after {status}"),
        }
        if let Some(switch) = self.upstream.take_switch() {
            prop_assert!(is_in_place, "a key that is not there any more changes nothing");
            prop_assert_eq!((switch.from, switch.to), (in_use, in_use.other()));
            let [from, to] = [switch.from, switch.to].map(|slot| verdicts[slot as usize]);
            if status == 401 {
                prop_assert!(!held.options.replayable, "a 401 alone changes no key that can be tried");
                let accepted_since = matches!(from, Some(KeyVerdict::Accepted { .. }));
                let better = matches!(to, Some(KeyVerdict::Accepted { at }) if !accepted_since || Some(KeyVerdict::Accepted { at }) != from);
                prop_assert!(!accepted_since || better, "away from a key that was accepted, at {at}");
            } else {
                prop_assert_eq!(slot, switch.to, "to a key that was accepted");
                prop_assert!(matches!(from, Some(KeyVerdict::Refused { .. })), "away from one that was refused");
            }
        } else {
            prop_assert_eq!(in_use, self.upstream.keys().in_use());
        }
        if !matches!(status, 200..=299 | 304 | 409 | 412 | 422) && status != 401 {
            let after = [Slot::Current, Slot::Next].map(|slot| self.upstream.keys().verdict(slot));
            prop_assert_eq!(after, verdicts, "{} proves nothing of a key", status);
        }
        self.follow(place, action)
    }

    fn follow(&mut self, place: usize, action: Action) -> Checked {
        let now = self.now();
        let held = self.calls[place].as_mut().expect("a call");
        let left = held.options.timeout.map(|timeout| millis(timeout).saturating_sub(self.real - held.begun));
        match action {
            Action::Send(attempt) => {
                self.sends(place, attempt)?;
            }
            Action::Wait(wait) => {
                prop_assert!(wait <= held.options.retry.longest_wait, "waits {wait:?}");
                if let Some(left) = left.filter(|_| !self.clock_jumps) {
                    prop_assert!(millis(wait) < left, "waits {wait:?} with {left} ms left");
                }
                held.doing = Doing::Waiting { until: self.real + millis(wait) };
            }
            Action::Done(verdict) => {
                let error = match verdict {
                    Verdict::Success => None,
                    Verdict::Rejected => {
                        Some(held.call.error(&self.upstream, &format!("no such key: {}", KEYS[held.key]), now))
                    }
                    Verdict::Failed(error) => Some(*error),
                };
                prop_assert_eq!(held.call.attempts(), held.sent);
                if let Some(error) = error {
                    prop_assert_eq!(error.attempts(), held.sent);
                    prop_assert_eq!(error.diagnosis().is_some(), error.kind() == ErrorKind::Unauthorized);
                    let told = format!("{} {error:?}", error.to_json());
                    prop_assert!(held.replaced_since > 4 || !told.contains(KEYS[held.key]), "an error holds a key");
                }
                self.calls[place] = None;
            }
        }
        Ok(())
    }

    fn sends(&mut self, place: usize, attempt: Attempt) -> Checked {
        let now = self.now();
        let closed = self.upstream.closed_for(now);
        let held = self.calls[place].as_mut().expect("a call");
        held.sent += 1;
        prop_assert_eq!(attempt.number, held.sent);
        prop_assert!(closed.is_zero(), "sent through a gate that is shut for {closed:?}");
        let most = held.options.retry.max_retries + 2 + 2 * held.replaced;
        prop_assert!(held.sent <= most, "{} requests of {most}", held.sent);
        prop_assert!(held.options.replayable || held.sent == 1, "a body that cannot be replayed was sent again");
        let key = self.keys[attempt.slot as usize];
        prop_assert!(key.is_some(), "sent with a key that is not there");
        for most in [held.options.timeout, held.options.attempt_timeout].into_iter().flatten() {
            prop_assert!(attempt.timeout.is_some_and(|timeout| timeout <= most), "{:?} of {most:?}", attempt.timeout);
        }
        if let Some(timeout) = held.options.timeout.filter(|_| !self.clock_jumps) {
            let passed = self.real - held.begun;
            prop_assert!(passed < millis(timeout), "sent after its deadline");
            prop_assert!(attempt.timeout.is_some_and(|left| passed + millis(left) <= millis(timeout)));
        }
        (held.key, held.replaced_since) = (key.expect("a key"), 0);
        held.doing = Doing::Sending { slot: attempt.slot, key: key.expect("a key"), at: self.real };
        Ok(())
    }

    fn check_always(&self) -> Checked {
        let now = self.now();
        let closed = millis(self.upstream.closed_for(now));
        prop_assert!(closed <= LONGEST_HOLD, "shut for {closed} ms");
        if !self.clock_jumps {
            prop_assert!(self.real + closed <= self.shut_until.max(self.real), "shut for longer than the server asked");
        }
        for held in self.calls.iter().flatten() {
            let left = held.call.time_left(now);
            prop_assert_eq!(left.is_none(), held.options.timeout.is_none());
            let passed = if self.clock_jumps { 0 } else { self.real - held.begun };
            let most = held.options.timeout.map(|timeout| millis(timeout).saturating_sub(passed));
            prop_assert!(left.map(millis) <= most, "{:?} of {:?} ms are left", left, most);
        }
        Ok(())
    }

    /// In the end every call is answered or refused at once; none is blocked forever.
    fn ends(&mut self) -> Checked {
        // The gate must be polled: if its clock goes back unobserved, its time stops.
        self.upstream.hold(self.now(), Duration::ZERO);
        self.real += LONGEST_HOLD + 60_000;
        let now = self.now();
        let mut call = Call::new(CallOptions::new(Method::Get), now);
        let mut action = call.start(&mut self.upstream, now);
        for _ in 0..100 {
            let Action::Wait(wait) = action else { break };
            self.real += millis(wait);
            let now = self.now();
            action = call.on_waited(&mut self.upstream, now);
        }
        prop_assert!(matches!(action, Action::Send(_)), "six minutes later: {action:?}");
        let (none, now): (&[(&str, &str)], _) = (&[], self.now());
        let action = call.on_response(&mut self.upstream, 200, &none, now, 0.5);
        prop_assert_eq!(action, Action::Done(Verdict::Success));
        Ok(())
    }
}

fn ring(keys: [Option<usize>; 2]) -> KeyRing {
    let key = |index: usize| ApiKey::parse(KEYS[index]).expect("a key");
    KeyRing::new(key(keys[0].expect("a current key")), keys[1].map(key))
}

fn may_repeat(options: &CallOptions) -> bool {
    options.idempotent.unwrap_or(options.method.is_idempotent())
}

fn millis(duration: Duration) -> u64 {
    attention_core::millis(duration)
}

fn cases() -> u32 {
    std::env::var("ATTENTION_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

fn run(events: Vec<Event>, has_next: bool, clock_jumps: bool) -> Checked {
    let mut model = Model::new(clock_jumps, has_next);
    for event in events {
        model.perform(event)?;
    }
    model.ends()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_for_any_events(events in proptest::collection::vec(event(false), 0..120), has_next: bool) {
        run(events, has_next, false)?;
    }

    #[test]
    fn invariants_hold_when_the_clock_jumps(events in proptest::collection::vec(event(true), 0..120), has_next: bool) {
        run(events, has_next, true)?;
    }
}
