//! Whole calls: a driver in simulated time against a scripted server.
//!
//! The golden vectors fix single steps. These tests run calls from the first action to the last, alone and
//! concurrently, and check the invariants that hold for all of them.

use std::time::Duration;

use attention_core::call::{CallOptions, Failure, RetryPolicy, Upstream, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, ApiKey, Call, ErrorKind, KeyRing, Method, Slot, Timestamp};
use proptest::prelude::*;

const BEGIN: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// The server's reaction to a request.
#[derive(Clone, Debug)]
enum Reply {
    /// Responds with a status and perhaps `Retry-After`.
    Status(u16, Option<u64>),
    /// Breaks the connection.
    Break,
    /// Does not respond until the driver gives up.
    Silence,
}
use Reply::{Break, Silence, Status};

/// One request as the server saw it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sent {
    slot: Slot,
    at: u64,
}

/// A driver, its clock, and a server that takes `latency` for each response. It follows a script, and after its end
/// responds with 200.
struct Scenario {
    upstream: Upstream,
    options: CallOptions,
    now: Timestamp,
    latency: Duration,
    jitter: f64,
    script: std::vec::IntoIter<Reply>,
}

/// The course of a call.
#[derive(Debug)]
struct Trace {
    sent: Vec<Sent>,
    waits: Vec<u64>,
    verdict: Verdict,
    /// The error of a call that ended without success.
    error: Option<attention_core::Error>,
    /// From the start to the verdict.
    millis: u64,
}

impl Scenario {
    fn new(method: Method) -> Self {
        let key = |text| ApiKey::parse(text).expect("a key");
        Self::with(method, KeyRing::new(key("fake-current-key-0123456789"), None))
    }

    fn with_next(method: Method) -> Self {
        let key = |text| ApiKey::parse(text).expect("a key");
        Self::with(method, KeyRing::new(key("fake-current-key-0123456789"), Some(key("fake-next-key-0123456789"))))
    }

    fn with(method: Method, keys: KeyRing) -> Self {
        Self {
            upstream: Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), keys),
            options: CallOptions::new(method),
            now: BEGIN,
            latency: Duration::from_millis(10),
            jitter: 1.0,
            script: Vec::new().into_iter(),
        }
    }

    fn options(mut self, change: impl FnOnce(&mut CallOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn replies(mut self, script: impl IntoIterator<Item = Reply>) -> Self {
        self.script = script.into_iter().collect::<Vec<_>>().into_iter();
        self
    }

    /// Makes another call to the same server with the same keys.
    fn then_replies(&mut self, script: impl IntoIterator<Item = Reply>) -> Trace {
        self.script = script.into_iter().collect::<Vec<_>>().into_iter();
        self.run()
    }

    fn run(&mut self) -> Trace {
        let begin = self.now;
        let mut call = Call::new(self.options.clone(), begin);
        let (mut sent, mut waits) = (Vec::new(), Vec::new());
        let mut action = call.start(&mut self.upstream, self.now);
        loop {
            assert!(sent.len() + waits.len() < 10_000, "the call does not terminate");
            action = match action {
                Action::Wait(wait) => {
                    waits.push(millis(wait));
                    self.now = self.now.saturating_add(wait);
                    call.on_waited(&mut self.upstream, self.now)
                }
                Action::Send(attempt) => {
                    assert_eq!(attempt.number as usize, sent.len() + 1, "attempts are counted from 1");
                    sent.push(Sent { slot: attempt.slot, at: millis(self.now.saturating_since(BEGIN)) });
                    self.answer(&mut call, attempt.timeout)
                }
                Action::Done(verdict) => {
                    assert_eq!(call.attempts() as usize, sent.len());
                    let error = match &verdict {
                        Verdict::Success => None,
                        Verdict::Rejected => Some(call.error(&self.upstream, "", self.now)),
                        Verdict::Failed(error) => Some((**error).clone()),
                    };
                    return Trace { sent, waits, verdict, error, millis: millis(self.now.saturating_since(begin)) };
                }
            };
        }
    }

    /// Lets the server respond, unless the driver's timer fires first.
    fn answer(&mut self, call: &mut Call, timeout: Option<Duration>) -> Action {
        let reply = self.script.next().unwrap_or(Status(200, None));
        let in_time = timeout.is_none_or(|timeout| self.latency < timeout) && !matches!(reply, Silence);
        if !in_time {
            self.now = self.now.saturating_add(timeout.unwrap_or(Duration::from_mins(10)));
            return call.on_failure(&mut self.upstream, Failure::Timeout, self.now, self.jitter);
        }
        self.now = self.now.saturating_add(self.latency);
        match reply {
            Status(status, retry_after) => {
                let value = retry_after.map(|seconds| seconds.to_string());
                let headers: Vec<(String, String)> =
                    value.into_iter().map(|value| ("Retry-After".to_owned(), value)).collect();
                call.on_response(&mut self.upstream, status, &headers, self.now, self.jitter)
            }
            Break | Silence => call.on_failure(&mut self.upstream, Failure::Connection, self.now, self.jitter),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a short time")
}

impl Trace {
    fn kind(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(attention_core::Error::kind)
    }

    fn slots(&self) -> Vec<Slot> {
        self.sent.iter().map(|sent| sent.slot).collect()
    }
}

#[test]
fn a_call_to_a_flaky_server_succeeds() {
    let trace = Scenario::new(Method::Get).replies([Status(502, None), Break]).run();
    assert_eq!(trace.verdict, Verdict::Success);
    assert_eq!(trace.sent.iter().map(|sent| sent.at).collect::<Vec<_>>(), [0, 510, 1520]);
}

#[test]
fn a_server_that_stays_down_gets_the_retries_of_the_policy() {
    let trace = Scenario::new(Method::Get).replies(vec![Status(503, None); 9]).run();
    assert_eq!((trace.kind(), trace.sent.len(), trace.waits), (Some(ErrorKind::Server), 3, vec![500, 1000]));
}

#[test]
fn silence_ends_at_the_timeout_of_the_call() {
    let trace = Scenario::new(Method::Get)
        .options(|options| {
            options.timeout = Some(Duration::from_secs(5));
            options.attempt_timeout = Some(Duration::from_secs(2));
        })
        .replies(vec![Silence; 9])
        .run();
    // 2 s, back-off of 500 ms, 2 s; the remaining half second is shorter than the next back-off of one second.
    assert_eq!((trace.kind(), trace.sent.len(), trace.millis), (Some(ErrorKind::Timeout), 2, 4500));
}

#[test]
fn a_post_of_unknown_outcome_is_not_sent_again() {
    for reply in [Status(500, None), Status(502, None), Status(503, None), Status(504, None), Break, Silence] {
        let trace = Scenario::new(Method::Post)
            .options(|options| options.attempt_timeout = Some(Duration::from_secs(1)))
            .replies([reply.clone()])
            .run();
        assert_eq!(trace.sent.len(), 1, "{reply:?}");
        assert!(trace.error.is_some(), "{reply:?}");
    }
}

#[test]
fn rotation_never_fails_a_call() {
    let mut scenario = Scenario::with_next(Method::Post);
    // First both keys work, then the old one is deleted.
    let before = scenario.then_replies([Status(201, None)]);
    let during = scenario.then_replies([Status(401, None), Status(201, None)]);
    let after = scenario.then_replies([Status(201, None)]);
    for trace in [&before, &during, &after] {
        assert_eq!(trace.verdict, Verdict::Success);
    }
    assert_eq!(before.slots(), [Slot::Current]);
    assert_eq!(during.slots(), [Slot::Current, Slot::Next]);
    assert_eq!(after.slots(), [Slot::Next]);
    assert!(during.waits.is_empty(), "the other key is tried immediately");
}

#[test]
fn a_pair_of_dead_keys_does_not_double_the_calls() {
    let mut scenario = Scenario::with_next(Method::Get);
    let sent: usize = (0..100).map(|_| scenario.then_replies(vec![Status(401, None); 4]).sent.len()).sum();
    // One hundred calls in two seconds: the other key is tried once, then each call sends one request.
    assert_eq!(sent, 101);
}

#[test]
fn the_retry_budget_stops_a_retry_storm() {
    let mut scenario = Scenario::new(Method::Get);
    scenario.jitter = 0.0;
    let sent = |scenario: &mut Scenario, calls: usize| -> usize {
        (0..calls).map(|_| scenario.then_replies(vec![Status(503, None); 3]).sent.len()).sum()
    };
    // 500 tokens buy 100 retries: fifty calls with two retries each, and then none.
    assert_eq!(sent(&mut scenario, 50), 150);
    assert_eq!(sent(&mut scenario, 50), 50);
    // Five successes pay for one retry.
    for _ in 0..5 {
        assert_eq!(scenario.then_replies([]).verdict, Verdict::Success);
    }
    assert_eq!(sent(&mut scenario, 2), 3);
}

#[test]
fn rate_limit_retries_cost_no_budget() {
    let mut scenario = Scenario::new(Method::Get);
    for _ in 0..200 {
        assert_eq!(scenario.then_replies([Status(429, Some(1))]).verdict, Verdict::Success);
    }
    assert_eq!(scenario.then_replies([Status(503, None)]).verdict, Verdict::Success);
}

#[test]
fn a_shared_gate_holds_a_call_back() {
    let mut scenario = Scenario::new(Method::Get);
    scenario.upstream.hold(BEGIN, Duration::from_secs(3));
    assert_eq!(scenario.upstream.closed_for(BEGIN), Duration::from_secs(3));
    let trace = scenario.run();
    assert_eq!((trace.verdict, trace.sent[0].at), (Verdict::Success, 3000));
    scenario.upstream.hold(scenario.now, Duration::from_mins(2));
    let trace = scenario.run();
    assert_eq!((trace.kind(), trace.sent.len(), trace.millis), (Some(ErrorKind::RateLimited), 0, 0));
}

#[test]
fn a_hundred_calls_that_wait_together_leave_one_by_one() {
    let mut scenario = Scenario::new(Method::Get);
    let now = BEGIN;
    let mut calls: Vec<Call> = (0..100).map(|_| Call::new(CallOptions::new(Method::Get), now)).collect();
    for call in &mut calls {
        assert!(matches!(call.start(&mut scenario.upstream, now), Action::Send(_)));
    }
    let headers: &[(&str, &str)] = &[("retry-after", "1")];
    let mut waits: Vec<u64> = calls
        .iter_mut()
        .map(|call| match call.on_response(&mut scenario.upstream, 429, &headers, now, 0.5) {
            Action::Wait(wait) => millis(wait),
            action => panic!("{action:?}"),
        })
        .collect();
    waits.sort_unstable();
    assert_eq!(waits[0], 1000);
    assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "{waits:?}");
}

#[test]
fn a_switch_is_reported_once_and_shown_by_the_ring() {
    let mut scenario = Scenario::with_next(Method::Get).replies([Status(401, None)]);
    assert_eq!(scenario.run().verdict, Verdict::Success);
    let switch = scenario.upstream.take_switch().expect("a switch");
    assert_eq!((switch.from, switch.to), (Slot::Current, Slot::Next));
    assert_eq!(scenario.upstream.take_switch(), None);
    assert_eq!(scenario.upstream.keys().in_use(), Slot::Next);
}

#[test]
fn an_error_before_any_response_is_harmless() {
    // A mistake of the driver: nothing was rejected yet.
    let scenario = Scenario::new(Method::Get);
    let call = Call::new(CallOptions::new(Method::Get), BEGIN);
    let error = call.error(&scenario.upstream, "{}", BEGIN);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Protocol, 0));
}

#[test]
fn a_success_refunds_only_the_tokens_of_its_call() {
    let mut scenario = Scenario::new(Method::Get);
    scenario.jitter = 0.0;
    let spend = |scenario: &mut Scenario| {
        for _ in 0..50 {
            scenario.then_replies(vec![Status(503, None); 3]);
        }
        assert_eq!(scenario.then_replies([Status(503, None)]).sent.len(), 1, "the budget is spent");
    };
    spend(&mut scenario);
    // Four successes after a 429, which costs nothing, do not pay for a retry; the fifth does.
    for _ in 0..4 {
        assert_eq!(scenario.then_replies([Status(429, Some(1))]).verdict, Verdict::Success);
    }
    assert_eq!(scenario.then_replies([Status(503, None)]).sent.len(), 1);
    assert_eq!(scenario.then_replies([Status(429, Some(1))]).verdict, Verdict::Success);
    // That retry succeeds and returns the five tokens, so another retry is possible, and another.
    for _ in 0..10 {
        assert_eq!(scenario.then_replies([Status(503, None)]).sent.len(), 2);
    }
}

#[test]
fn a_post_is_not_sent_again_after_a_503_unless_it_is_marked() {
    let sent = |marked| {
        let scenario = Scenario::new(Method::Post).options(|options| options.idempotent = marked);
        scenario.replies([Status(503, Some(1))]).run().sent.len()
    };
    assert_eq!((sent(None), sent(Some(false)), sent(Some(true))), (1, 1, 2));
}

#[test]
fn a_retry_after_of_zero_still_backs_off() {
    for status in [429, 503] {
        let trace = Scenario::new(Method::Get).replies(vec![Status(status, Some(0)); 2]).run();
        assert_eq!((trace.verdict, trace.waits), (Verdict::Success, vec![500, 1000]), "{status}");
    }
}

#[test]
fn a_hundred_calls_that_are_asked_to_pause_leave_one_by_one() {
    let mut scenario = Scenario::new(Method::Get);
    let mut calls: Vec<Call> = (0..100).map(|_| Call::new(CallOptions::new(Method::Get), BEGIN)).collect();
    for call in &mut calls {
        assert!(matches!(call.start(&mut scenario.upstream, BEGIN), Action::Send(_)));
    }
    let headers: &[(&str, &str)] = &[("retry-after", "5")];
    let waits: Vec<Action> =
        calls.iter_mut().map(|call| call.on_response(&mut scenario.upstream, 503, &headers, BEGIN, 0.5)).collect();
    assert_eq!(waits, (0..100).map(|index| Action::Wait(Duration::from_millis(5000 + 20 * index))).collect::<Vec<_>>());
}

#[test]
fn a_hundred_calls_behind_a_shared_gate_leave_one_by_one() {
    let mut scenario = Scenario::new(Method::Get);
    scenario.upstream.hold(BEGIN, Duration::from_secs(3));
    let mut waits: Vec<u64> = (0..100)
        .map(|_| match Call::new(CallOptions::new(Method::Get), BEGIN).start(&mut scenario.upstream, BEGIN) {
            Action::Wait(wait) => millis(wait),
            action => panic!("{action:?}"),
        })
        .collect();
    assert_eq!(waits[0], 3000);
    waits.dedup();
    assert_eq!(waits.len(), 100);
}

#[test]
fn an_exhausted_quota_on_a_success_counts_after_a_refusal() {
    let spent: &[(&str, &str)] = &[("ratelimit", "\"default\";r=0;t=5")];
    let mut scenario = Scenario::new(Method::Get);
    let success = |scenario: &mut Scenario| {
        let mut call = Call::new(CallOptions::new(Method::Get), scenario.now);
        assert!(matches!(call.start(&mut scenario.upstream, scenario.now), Action::Send(_)));
        call.on_response(&mut scenario.upstream, 200, &spent, scenario.now, 0.5);
        scenario.upstream.closed_for(scenario.now)
    };
    assert_eq!(success(&mut scenario), Duration::ZERO, "no call was refused yet");
    assert_eq!(scenario.then_replies([Status(429, Some(1))]).verdict, Verdict::Success);
    scenario.now = scenario.now.saturating_add(Duration::from_secs(1));
    assert_eq!(success(&mut scenario), Duration::from_secs(5));
}

#[test]
fn a_clock_that_goes_back_does_not_extend_timeouts() {
    let day = Duration::from_hours(24);
    let options = CallOptions { timeout: Some(Duration::from_secs(5)), ..CallOptions::new(Method::Get) };
    let fast = BEGIN.saturating_add(day);
    let timeout = |action: Action| match action {
        Action::Send(attempt) => attempt.timeout,
        action => panic!("{action:?}"),
    };
    let mut scenario = Scenario::new(Method::Get);
    let mut call = Call::new(options.clone(), fast);
    assert_eq!(timeout(call.start(&mut scenario.upstream, BEGIN)), Some(Duration::from_secs(5)));
    // The clock went back during a wait: the wait has passed regardless.
    let mut call = Call::new(options.clone(), fast);
    call.start(&mut scenario.upstream, fast);
    let wait = call.on_failure(&mut scenario.upstream, Failure::Connection, fast, 1.0);
    assert_eq!(wait, Action::Wait(Duration::from_millis(500)));
    assert_eq!(timeout(call.on_waited(&mut scenario.upstream, BEGIN)), Some(Duration::from_millis(4500)));
    // The clock went back during an attempt that used all its time.
    let options = CallOptions { attempt_timeout: Some(Duration::from_secs(2)), ..options };
    let mut call = Call::new(options, fast);
    call.start(&mut scenario.upstream, fast);
    call.on_failure(&mut scenario.upstream, Failure::Timeout, BEGIN, 0.0);
    let again = call.on_waited(&mut scenario.upstream, BEGIN.saturating_add(Duration::from_millis(1)));
    assert_eq!(timeout(again), Some(Duration::from_secs(2)));
    call.on_failure(&mut scenario.upstream, Failure::Timeout, BEGIN, 0.0);
    assert_eq!(timeout(call.on_waited(&mut scenario.upstream, BEGIN)), Some(Duration::from_millis(999)));
    // The clock goes back while the response is read.
    assert_eq!(call.time_left(BEGIN.saturating_add(Duration::from_millis(400))), Some(Duration::from_millis(599)));
    assert_eq!(call.time_left(Timestamp::default()), Some(Duration::from_millis(999)));
}

#[test]
fn a_waiter_that_gives_up_makes_room_and_one_that_is_too_late_says_why() {
    let mut scenario = Scenario::new(Method::Get).replies([Status(429, Some(2))]);
    scenario.options.retry.max_retries = 0;
    scenario.run();
    let now = scenario.now;
    let start = |scenario: &mut Scenario, timeout: u64| {
        let timeout = Some(Duration::from_millis(timeout));
        let mut call = Call::new(CallOptions { timeout, ..CallOptions::new(Method::Get) }, now);
        let action = call.start(&mut scenario.upstream, now);
        (call, action)
    };
    let (mut first, action) = start(&mut scenario, 60_000);
    assert_eq!(action, Action::Wait(Duration::from_secs(2)));
    assert_eq!(start(&mut scenario, 60_000).1, Action::Wait(Duration::from_millis(2020)));
    let aborted = first.on_failure(&mut scenario.upstream, Failure::Aborted, now, 0.5);
    assert!(matches!(aborted, Action::Done(Verdict::Failed(error)) if error.kind() == ErrorKind::Aborted));
    assert_eq!(start(&mut scenario, 60_000).1, Action::Wait(Duration::from_millis(2020)), "the place of the first");
    let Action::Done(Verdict::Failed(error)) = start(&mut scenario, 2000).1 else { panic!("it waits") };
    assert_eq!(error.retry_after(), Some(Duration::from_millis(2040)));
    let said = "the server asked all calls to wait, for another 2 s; 2 calls are in line before this one; \
                its turn would come in 3 s, later than it may wait; nothing was sent";
    assert_eq!(error.message(), said);
}

#[test]
fn a_call_that_finds_the_line_full_fails_until_there_is_room() {
    let mut scenario = Scenario::new(Method::Get).replies([Status(429, Some(2))]);
    scenario.options.retry.max_retries = 0;
    scenario.run();
    let now = scenario.now;
    let mut options = CallOptions { timeout: None, ..CallOptions::new(Method::Get) };
    options.retry.longest_wait = Duration::from_hours(1);
    let start = |upstream: &mut Upstream| {
        let mut call = Call::new(options.clone(), now);
        let action = call.start(upstream, now);
        (call, action)
    };
    let mut waiting = Vec::new();
    let error = loop {
        match start(&mut scenario.upstream) {
            (call, Action::Wait(_)) => waiting.push(call),
            (_, Action::Done(Verdict::Failed(error))) => break error,
            (_, action) => panic!("{action:?}"),
        }
    };
    assert_eq!(waiting.len(), 10_000);
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(202))));
    let said = "the server asked all calls to wait, for another 2 s; 10000 calls are in line before this one; \
                its turn would come in 202 s, and no more calls may wait; nothing was sent";
    assert_eq!(error.message(), said);
    // One of them gives up.
    waiting[4_000].on_failure(&mut scenario.upstream, Failure::Aborted, now, 0.5);
    let (mut last, action) = start(&mut scenario.upstream);
    assert!(matches!(action, Action::Wait(_)), "{action:?}");
    assert!(matches!(start(&mut scenario.upstream).1, Action::Done(_)));
    // A call that is in line is not rejected because the line is full.
    assert!(matches!(last.on_waited(&mut scenario.upstream, now), Action::Wait(_)));
}

#[test]
fn no_wait_exceeds_the_maximum() {
    let mut scenario = Scenario::new(Method::Get);
    let mut calls: Vec<Call> = (0..3).map(|_| Call::new(CallOptions::new(Method::Get), BEGIN)).collect();
    for call in &mut calls {
        call.start(&mut scenario.upstream, BEGIN);
    }
    let headers: &[(&str, &str)] = &[("retry-after", "60")];
    let actions: Vec<Action> =
        calls.iter_mut().map(|call| call.on_response(&mut scenario.upstream, 429, &headers, BEGIN, 0.5)).collect();
    let rejected = Action::Done(Verdict::Rejected);
    assert_eq!(actions, [Action::Wait(Duration::from_mins(1)), rejected.clone(), rejected]);
}

#[test]
fn a_retried_delete_that_gets_a_404_says_that_the_first_attempt_may_have_succeeded() {
    let says = |script: Vec<Reply>| {
        let trace = Scenario::new(Method::Delete).replies(script).run();
        trace.error.expect("an error").message().contains("an earlier try of this call got no answer")
    };
    assert!(says(vec![Break, Status(404, None)]) && says(vec![Status(502, None), Status(410, None)]));
    assert!(!says(vec![Status(404, None)]) && !says(vec![Status(429, Some(1)), Status(404, None)]));
    assert!(!says(vec![Break, Status(409, None)]));
    let put = Scenario::new(Method::Put).replies([Break, Status(404, None)]).run();
    assert!(!put.error.expect("an error").message().contains("earlier try"));
}

#[test]
fn a_url_beside_the_base_keeps_the_origin_and_contains_no_key() {
    let upstream = Scenario::new(Method::Post).upstream;
    assert_eq!(upstream.url_beside("/mcp", "a=1").as_deref(), Ok("https://api.attention.tech/mcp?a=1"));
    assert!(upstream.url_beside("/mcp", "key=fake-current-key-0123456789").is_err());
    assert!(upstream.url_beside("/../mcp", "").is_err());
}

#[test]
fn however_often_a_delete_was_tried_before_it_found_nothing_it_may_be_done() {
    for failures in 1..6 {
        let script = [vec![Status(503, None); failures], vec![Status(404, None)]].concat();
        let trace =
            Scenario::new(Method::Delete).options(|options| options.retry.max_retries = 9).replies(script).run();
        let message = trace.error.expect("an error").message().to_owned();
        assert!(message.contains("an earlier try of this call got no answer"), "{failures}: {message}");
    }
}

#[test]
fn a_call_of_several_retries_gives_back_one_of_them_only() {
    let mut scenario = Scenario::new(Method::Get);
    scenario.jitter = 0.0;
    for _ in 0..50 {
        scenario.then_replies(vec![Status(503, None); 3]);
    }
    // Ten successes buy two retries; the call that takes both gives the price of one back.
    for _ in 0..10 {
        scenario.then_replies([]);
    }
    assert_eq!(scenario.then_replies(vec![Status(503, None); 2]).sent.len(), 3);
    assert_eq!(scenario.then_replies(vec![Status(503, None); 2]).sent.len(), 2);
    assert_eq!(scenario.then_replies(vec![Status(503, None); 2]).sent.len(), 1);
}

#[test]
fn a_second_that_the_server_asks_for_is_a_second_and_less_is_the_back_off_at_the_least() {
    for (asked, waited) in [(0, 2000), (1, 1000), (2, 2000), (3, 3000)] {
        let mut scenario =
            Scenario::new(Method::Get).replies([Status(500, None), Status(500, None), Status(503, Some(asked))]);
        scenario.options.retry.max_retries = 3;
        assert_eq!(scenario.run().waits, [500, 1000, waited], "{asked}");
    }
}

#[test]
fn a_limit_of_some_calls_alone_is_tried_again_as_often_as_any_and_leaves_the_gate_open() {
    let none: &[(&str, &str)] = &[];
    let limited = |headers: &[(&str, &str)], options: CallOptions| {
        let mut upstream = Scenario::new(Method::Get).upstream;
        let mut call = Call::new(options, BEGIN);
        let mut action = call.start(&mut upstream, BEGIN);
        let (mut sent, mut asked) = (0, Vec::new());
        while let Action::Send(_) = action {
            sent += 1;
            let (next, wait) = call.on_limited_apart(&mut upstream, &headers, BEGIN, 1.0);
            asked.push(millis(wait));
            action = next;
        }
        assert_eq!(action, Action::Done(Verdict::Rejected));
        let others = Call::new(CallOptions::new(Method::Get), BEGIN).start(&mut upstream, BEGIN);
        assert!(matches!(others, Action::Send(_)), "{others:?}");
        (sent, asked)
    };
    for max_retries in 0..4 {
        let retry = RetryPolicy { max_retries, ..RetryPolicy::default() };
        let options = CallOptions { retry, ..CallOptions::new(Method::Post) };
        // The back-off, where the server asks for nothing.
        let expected: Vec<u64> = (0..=max_retries).map(|retry| 500 << retry).collect();
        assert_eq!(limited(none, options.clone()), (max_retries + 1, expected));
        assert_eq!(limited(&[("retry-after", "3")], options), (max_retries + 1, vec![3000; max_retries as usize + 1]));
    }
    let once = CallOptions { replayable: false, ..CallOptions::new(Method::Post) };
    assert_eq!(limited(none, once), (1, vec![500]));
    let longer = CallOptions::new(Method::Get);
    assert_eq!(limited(&[("retry-after", "61")], longer), (1, vec![61_000]));
}

#[test]
fn advice_is_for_whom_it_helps() {
    let says = |base: &str, keys: KeyRing, status: u16| {
        let mut scenario = Scenario::new(Method::Get).options(|options| options.retry.max_retries = 0);
        scenario.upstream = Upstream::new(BaseUrl::parse(base).expect("a base"), keys);
        let message = scenario.replies([Status(status, None)]).run().error.expect("an error").message().to_owned();
        (message.contains("the base URL has no path"), message.contains("the account manager can raise them"))
    };
    let key = || KeyRing::new(ApiKey::parse("fake-current-key-0123456789").expect("a key"), None);
    let token = || {
        KeyRing::of_token(attention_core::CallerToken::parse("an-obviously-fake-token-0123456789").expect("a token"))
    };
    let (whole, bare) = (DEFAULT_BASE_URL, "https://api.attention.tech");
    for keys in [key, token] as [fn() -> KeyRing; 2] {
        assert_eq!(says(whole, keys(), 404), (false, false));
        assert_eq!(says(bare, keys(), 404), (true, false));
        assert_eq!(says(bare, keys(), 403), (false, false));
    }
    assert_eq!(says(whole, key(), 429), (false, true));
    assert_eq!(says(whole, token(), 429), (false, false));
}

#[test]
fn the_wait_of_a_call_that_is_held_back_says_who_is_before_it_when_anybody_is() {
    let mut scenario = Scenario::new(Method::Get).options(|options| options.retry.max_retries = 0);
    assert_eq!(scenario.then_replies([Status(429, Some(50))]).verdict, Verdict::Rejected);
    scenario.options.timeout = Some(Duration::from_secs(5));
    let message = scenario.run().error.expect("an error").message().to_owned();
    assert!(message.contains("asked all calls to wait") && !message.contains("in line"), "{message}");
}

fn reply() -> impl Strategy<Value = Reply> {
    let status = prop_oneof![
        Just(200_u16),
        Just(401),
        Just(403),
        Just(408),
        Just(429),
        Just(500),
        Just(502),
        Just(503),
        Just(504),
        any::<u16>()
    ];
    let retry_after = proptest::option::of(prop_oneof![0..3_u64, 50..70_u64, Just(u64::MAX)]);
    prop_oneof![6 => (status, retry_after).prop_map(|(status, after)| Status(status, after)), 1 => Just(Break), 1 => Just(Silence)]
}

fn method() -> impl Strategy<Value = Method> {
    proptest::sample::select(vec![Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// Invariants of every call, whatever the server does.
    #[test]
    fn every_call_ends_within_its_bounds(
        method in method(),
        marked: Option<bool>,
        one_shot: bool,
        two_keys: bool,
        max_retries in 0..5_u32,
        timeout in proptest::option::of(0..20_000_u64),
        attempt_timeout in proptest::option::of(1..5_000_u64),
        jitter in -0.5..1.5_f64,
        latency in 0..2_000_u64,
        script in proptest::collection::vec(reply(), 0..24),
    ) {
        let scenario = if two_keys { Scenario::with_next(method) } else { Scenario::new(method) };
        let mut scenario = scenario.options(|options| {
            options.idempotent = marked;
            options.replayable = !one_shot;
            options.retry = RetryPolicy { max_retries, ..RetryPolicy::default() };
            options.timeout = timeout.map(Duration::from_millis);
            options.attempt_timeout = attempt_timeout.map(Duration::from_millis);
        }).replies(script.clone());
        scenario.latency = Duration::from_millis(latency);
        scenario.jitter = jitter;
        let trace = scenario.run();
        let sent = trace.sent.len();

        // Each attempt may meet at most one refusal of its key.
        prop_assert!(sent <= 2 * (max_retries as usize + 1), "{sent} requests");
        prop_assert!(!one_shot || sent <= 1, "a body that cannot be replayed was sent again");
        prop_assert!(trace.waits.iter().all(|wait| *wait <= 60_000), "{:?}", trace.waits);
        if let Some(timeout) = timeout {
            prop_assert!(trace.sent.iter().all(|sent| sent.at < timeout), "sent after the deadline");
            prop_assert!(trace.millis <= timeout.max(latency), "took {} ms of {timeout}", trace.millis);
        }
        // A request that may have been processed is not sent again unless that is harmless.
        if !marked.unwrap_or(method.is_idempotent()) {
            for reply in script.iter().take(sent.saturating_sub(1)) {
                let may_go_again = matches!(reply, Status(401 | 421 | 425 | 429, _));
                prop_assert!(may_go_again, "sent again after {reply:?}");
            }
        }
        // The last response is a success, and no earlier one is.
        let last = script.get(sent.saturating_sub(1)).cloned().unwrap_or(Status(200, None));
        let arrived = trace.verdict != Verdict::Success || matches!(last, Status(200..=299 | 304, _));
        prop_assert!(arrived, "success after {last:?}");
        if let Some(error) = &trace.error {
            prop_assert_eq!(error.attempts() as usize, sent);
            prop_assert_eq!(error.diagnosis().is_some(), error.kind() == ErrorKind::Unauthorized);
        }
        // A ring with a single key sends only that key.
        prop_assert!(two_keys || trace.sent.iter().all(|sent| sent.slot == Slot::Current));
    }
}

/// A timer may fire 20 ms early. If more is missing, the clock went back, and the wait counts in full.
#[test]
fn an_early_timer_is_told_from_a_clock_that_was_put_back() {
    for (early, counted) in [(0, 0), (19, 19), (20, 20), (21, 0), (5000, 0)] {
        let mut scenario = Scenario::new(Method::Get);
        let timeout = Duration::from_mins(1);
        let mut call = Call::new(CallOptions { timeout: Some(timeout), ..CallOptions::new(Method::Get) }, BEGIN);
        assert!(matches!(call.start(&mut scenario.upstream, BEGIN), Action::Send(_)));
        let headers: &[(&str, &str)] = &[("retry-after", "7")];
        let Action::Wait(wait) = call.on_response(&mut scenario.upstream, 503, &headers, BEGIN, 0.5) else {
            panic!("a wait")
        };
        let now = BEGIN.saturating_add(wait.saturating_sub(Duration::from_millis(early)));
        let Action::Send(attempt) = call.on_waited(&mut scenario.upstream, now) else { panic!("it is sent") };
        assert_eq!(attempt.timeout, Some(timeout.saturating_sub(wait) + Duration::from_millis(counted)), "{early}");
    }
}
