//! Calls that arrive independently of each other, as in a Worker: how many a rate limit lets succeed.
//!
//! In a closed loop each call waits for the previous one, so a gate that blocks everybody would go unnoticed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use attention_core::call::{CallOptions, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, ApiKey, Call, KeyRing, Method, Timestamp, Upstream};

const BEGIN: u64 = 1_700_000_000_000;
/// The time from a request to its response, in milliseconds.
const LATENCY: u64 = 20;
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;

/// How a server counts the calls that it allows.
#[derive(Clone, Copy, Debug)]
enum Limit {
    /// This many in each second of its clock.
    Window(usize),
    /// This many in any second.
    Sliding(usize),
    /// A token bucket: this many per second, and a burst of the same size.
    Bucket(usize),
}

struct Server {
    limit: Limit,
    /// The calls that it let through in the last or the current second.
    taken: VecDeque<u64>,
    /// In thousandths.
    tokens: u64,
    filled_at: u64,
    refused: usize,
}

impl Server {
    fn new(limit: Limit) -> Self {
        Self { limit, taken: VecDeque::new(), tokens: u64::MAX, filled_at: 0, refused: 0 }
    }

    fn admits(&mut self, now: u64) -> bool {
        let is_admitted = match self.limit {
            Limit::Window(rate) => {
                self.taken.retain(|at| at / SECOND == now / SECOND);
                self.taken.len() < rate
            }
            Limit::Sliding(rate) => {
                self.taken.retain(|at| at + SECOND > now);
                self.taken.len() < rate
            }
            Limit::Bucket(rate) => {
                let filled = (now - self.filled_at) * rate as u64;
                self.tokens = self.tokens.saturating_add(filled).min(rate as u64 * 1000);
                self.filled_at = now;
                self.tokens >= 1000
            }
        };
        if is_admitted {
            self.taken.push_back(now);
            self.tokens = self.tokens.saturating_sub(1000);
        } else {
            self.refused += 1;
        }
        is_admitted
    }
}

/// Calls per minute during a period, evenly spaced.
#[derive(Clone, Copy)]
struct Load {
    from: u64,
    to: u64,
    per_minute: u64,
}

impl Load {
    fn arrivals(self) -> impl Iterator<Item = u64> {
        (0..).map(move |index| self.from + index * MINUTE / self.per_minute).take_while(move |at| *at < self.to)
    }
}

enum Event {
    Arrives,
    Waited(usize),
    Answered(usize, bool),
}

/// How a call ended.
#[derive(Clone, Copy)]
struct Outcome {
    arrived: u64,
    ended: u64,
    succeeded: bool,
}

impl Outcome {
    fn millis(&self) -> u64 {
        self.ended - self.arrived
    }
}

struct Run {
    outcomes: Vec<Outcome>,
    refused: usize,
}

impl Run {
    fn succeeded(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.succeeded).count()
    }

    fn succeeded_between(&self, from: u64, to: u64) -> (usize, usize) {
        let among = || self.outcomes.iter().filter(|outcome| (from..to).contains(&outcome.arrived));
        (among().filter(|outcome| outcome.succeeded).count(), among().count())
    }
}

fn run(limit: Limit, timeout: u64, arrivals: impl Iterator<Item = u64>) -> Run {
    let key = ApiKey::parse("an-obviously-fake-key").expect("a key");
    let mut upstream = Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), KeyRing::new(key, None));
    let mut server = Server::new(limit);
    let mut events = BinaryHeap::new();
    let mut queue: Vec<Option<Event>> = Vec::new();
    let push = |queue: &mut Vec<Option<Event>>, events: &mut BinaryHeap<_>, at: u64, event| {
        events.push(Reverse((at, queue.len())));
        queue.push(Some(event));
    };
    for at in arrivals {
        push(&mut queue, &mut events, at, Event::Arrives);
    }
    let mut calls: Vec<Call> = Vec::new();
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut jitter = 0.5;
    while let Some(Reverse((at, index))) = events.pop() {
        let now = Timestamp::from_unix_millis(BEGIN + at);
        let event = queue[index].take().expect("an event");
        jitter = (jitter * 997.0 + 0.137) % 1.0;
        let (number, action) = match event {
            Event::Arrives => {
                let options =
                    CallOptions { timeout: Some(Duration::from_millis(timeout)), ..CallOptions::new(Method::Get) };
                let mut call = Call::new(options, now);
                let action = call.start(&mut upstream, now);
                calls.push(call);
                outcomes.push(Outcome { arrived: at, ended: 0, succeeded: false });
                (calls.len() - 1, action)
            }
            Event::Waited(number) => (number, calls[number].on_waited(&mut upstream, now)),
            Event::Answered(number, is_admitted) => {
                let call = &mut calls[number];
                let action = if is_admitted {
                    let headers: &[(&str, &str)] = &[];
                    call.on_response(&mut upstream, 200, &headers, now, jitter)
                } else {
                    let headers: &[(&str, &str)] = &[("retry-after", "1")];
                    call.on_response(&mut upstream, 429, &headers, now, jitter)
                };
                (number, action)
            }
        };
        match action {
            Action::Send(_) => {
                let is_admitted = server.admits(at + LATENCY / 2);
                push(&mut queue, &mut events, at + LATENCY, Event::Answered(number, is_admitted));
            }
            Action::Wait(wait) => {
                let wait = u64::try_from(wait.as_millis()).expect("a short wait");
                push(&mut queue, &mut events, at + wait, Event::Waited(number));
            }
            Action::Done(verdict) => {
                outcomes[number].ended = at;
                outcomes[number].succeeded = verdict == Verdict::Success;
            }
        }
    }
    Run { outcomes, refused: server.refused }
}

/// A load: the share that must succeed, and the share that the limit allows at best.
struct Row {
    name: &'static str,
    rate: usize,
    timeout: u64,
    /// The number of calls in the first moment.
    burst: usize,
    loads: [Load; 2],
    least: usize,
}

impl Row {
    /// The places in line of a burst count as well, but no more than arrive.
    fn run(&self, limit: Limit) -> Run {
        run(limit, self.timeout, (0..self.burst).map(|_| 0).chain(self.loads.into_iter().flat_map(Load::arrivals)))
    }
}

/// The rows of findings/core.md, with its figures for a gate that gives places only to calls that use them.
fn rows() -> [Row; 5] {
    let load = |from, to, per_minute| Load { from: from * MINUTE, to: to * MINUTE, per_minute };
    let overload = [load(0, 5, 3000), load(5, 10, 30)];
    let row = |name, rate, timeout, burst, loads, least| Row { name, rate, timeout, burst, loads, least };
    [
        row("10/s: 50/s for 5 min, 0.5/s for 5 min, 60 s", 10, 60 * SECOND, 0, overload, 2_940),
        row("10/s: the same, 5 s", 10, 5 * SECOND, 0, overload, 2_262),
        row("10/s: 15/s for 5 min, 60 s", 10, 60 * SECOND, 0, [load(0, 5, 900), load(5, 5, 60)], 2_711),
        row("10/s: 500 at once, 8/s for 10 min, 5 s", 10, 5 * SECOND, 500, [load(0, 10, 479), load(10, 10, 60)], 4_552),
        row(
            "100/s: 200/s for 2 min, 50/s for 8 min, 10 s",
            100,
            10 * SECOND,
            0,
            [load(0, 2, 12_000), load(2, 10, 3000)],
            32_915,
        ),
    ]
}

#[test]
fn under_overload_the_limit_is_used_fully() {
    for row in rows() {
        for limit in [Limit::Window(row.rate), Limit::Sliding(row.rate), Limit::Bucket(row.rate)] {
            let run = row.run(limit);
            let (succeeded, all) = (run.succeeded(), run.outcomes.len());
            println!(
                "{:46} {:12} {succeeded} of {all}, at least {}; {} refused",
                row.name,
                format!("{limit:?}"),
                row.least,
                run.refused
            );
            assert!(succeeded >= row.least, "{} {limit:?}: {succeeded} of {all} succeeded", row.name);
        }
    }
}

/// Five seconds after a burst ends, all calls are served. After a second burst, once its line is gone, no call waits
/// for long.
#[test]
fn light_load_is_served_after_a_burst() {
    for timeout in [SECOND / 2, 2 * SECOND, 5 * SECOND] {
        for limit in [Limit::Window(10), Limit::Sliding(10), Limit::Bucket(10)] {
            let burst = Load { from: 0, to: 40 * SECOND, per_minute: 3000 };
            let light = Load { from: 40 * SECOND, to: 100 * SECOND, per_minute: 120 };
            let run = run(limit, timeout, burst.arrivals().chain(light.arrivals()));
            let (succeeded, all) = run.succeeded_between(45 * SECOND, 100 * SECOND);
            assert_eq!(succeeded, all, "{timeout} ms, {limit:?}");
            let slowest =
                run.outcomes.iter().filter(|outcome| outcome.arrived >= 46 * SECOND).map(Outcome::millis).max();
            assert!(slowest.is_some_and(|slowest| slowest < SECOND), "{timeout} ms, {limit:?}: {slowest:?} ms");
        }
    }
}

/// A minimal example of the first fault in findings/core.md.
#[test]
fn refused_calls_do_not_delay_others() {
    let key = ApiKey::parse("an-obviously-fake-key").expect("a key");
    let mut upstream = Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), KeyRing::new(key, None));
    let now = Timestamp::from_unix_millis(BEGIN);
    let mut limited = Call::new(CallOptions::new(Method::Get), now);
    assert!(matches!(limited.start(&mut upstream, now), Action::Send(_)));
    let headers: &[(&str, &str)] = &[("retry-after", "1")];
    limited.on_response(&mut upstream, 429, &headers, now, 0.5);
    let hurried = CallOptions { timeout: Some(Duration::from_millis(500)), ..CallOptions::new(Method::Get) };
    for _ in 0..4000 {
        let mut call = Call::new(hurried.clone(), now);
        let Action::Done(Verdict::Failed(error)) = call.start(&mut upstream, now) else { panic!("it waits") };
        let said = "the server asked all calls to wait, for another 1 s; 1 call is in line before this one; \
                    its turn would come in 2 s, later than it may wait; nothing was sent";
        assert_eq!(error.message(), said);
    }
    let later = now.saturating_add(Duration::from_secs(1));
    let mut patient = Call::new(CallOptions::new(Method::Get), later);
    assert_eq!(patient.start(&mut upstream, later), Action::Wait(Duration::from_millis(20)));
}
