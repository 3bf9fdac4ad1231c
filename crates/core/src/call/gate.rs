//! The gate that makes calls heed what a server says of its limits.

use core::time::Duration;

use super::line::{Line, Micros, Moments, Ticket};
use super::pace::{Crowd, Pace};
use crate::Timestamp;
use crate::time::{SteadyClock, millis, thousand};

/// The one door that all calls of a client, or of a Worker isolate, pass.
///
/// It is open until a 429. Then it is shut for as long as the server asked (five minutes at most, then a call
/// goes and asks again), and afterwards lets calls through one by one, at a distance, so that those that waited
/// together do not arrive together.
///
/// Who has to wait and will, takes a place in the line, and keeps it until its turn: when it comes back too early,
/// and when the gate is shut again meanwhile. Who cannot wait so long takes none, and costs the others nothing.
///
/// The distance is learnt: what a crowd of calls got through until the server wants to be called again is what it
/// allows in that time. Where there was no crowd a 429 doubles the distance. While calls go through, it shrinks.
/// After a minute without a refusal all is forgotten as soon as nobody waits.
///
/// It has a clock of its own that does not go back when the driver's does.
///
/// ```
/// use attention_core::{Timestamp, call::Gate};
/// use std::time::Duration;
///
/// let now = Timestamp::from_unix_seconds(1_000);
/// let mut gate = Gate::default();
/// assert_eq!(gate.wait(None, now), Duration::ZERO);
/// let pass = gate.pass(None, now);
///
/// gate.on_limited(pass, now, Duration::from_secs(2));
/// assert_eq!(gate.wait(None, now), Duration::from_secs(2));
/// let (first, wait) = gate.queue(None, now);
/// assert_eq!(wait, Duration::from_secs(2));
/// assert!(gate.wait(None, now) > Duration::from_secs(2));
/// assert_eq!(gate.wait(Some(first), now), Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gate {
    clock: SteadyClock,
    opens_at: Micros,
    pace: Pace,
    line: Line,
    /// When those go that the server asked to pause one by one.
    pauses: Moments,
    crowd: Crowd,
    /// When the last call went through.
    last: Micros,
    /// When the last success came.
    passed_at: Micros,
    /// When the next call may go, by the pace.
    next: Micros,
    slowed_at: Micros,
    era: u32,
}

/// What a call was let through with. It says which refusals belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pass {
    era: u32,
}

impl Gate {
    /// The longest that the gate stays shut on one server's word: then a call goes and asks. One odd header must
    /// not lock a client out for a day.
    const LONGEST_HOLD: Duration = Duration::from_mins(5);
    /// A refusal older than this is forgotten when nobody waits.
    const MEMORY: Micros = 60_000_000;
    /// A pause between two calls that ends a crowd.
    const PAUSE: Micros = 250_000;
    const HALF_SECOND: Micros = 500_000;
    /// So much later than its turn a waiter may come without delaying those behind: timers are never exact.
    const SLACK: Micros = 100_000;
    /// Who waits longer than so many milliseconds for those before it looks halfway whether the line moves faster now.
    const SHORT_LINE: u64 = 1_000;

    /// How long until it is the turn of the holder of a ticket, or of a newcomer; zero: now. Nothing changes by asking.
    pub fn wait(&self, ticket: Option<Ticket>, now: Timestamp) -> Duration {
        let now = micros(self.clock.at(now));
        until(self.turn(ticket, now), now)
    }

    /// How many are in line before the one that asks.
    pub fn ahead(&self, ticket: Option<Ticket>, now: Timestamp) -> usize {
        self.line.ahead_of(ticket, micros(self.clock.at(now)))
    }

    /// Whether the line is so long that the holder of a ticket, or a newcomer, is not to [`queue`](Self::queue): 10,000
    /// wait already. Who is in line has its place.
    pub(crate) fn is_full(&self, ticket: Option<Ticket>, now: Timestamp) -> bool {
        !ticket.is_some_and(|ticket| self.line.holds(ticket)) && self.line.is_full(micros(self.clock.at(now)))
    }

    /// Joins the line, or stays in it. Its ticket, and how long to wait before coming back with it: not always all of
    /// [`wait`](Self::wait), as the line may move faster by then.
    pub fn queue(&mut self, ticket: Option<Ticket>, now: Timestamp) -> (Ticket, Duration) {
        // In numbers: what a Duration computes with can panic.
        let turn = millis(self.wait(ticket, now));
        let behind_others = turn.saturating_sub(millis(self.closed_for(now))).saturating_sub(Self::SHORT_LINE);
        let wait = Duration::from_millis(turn - behind_others.div_ceil(2));
        let now = micros(self.clock.advance(now));
        (self.line.stand(ticket, now.saturating_add(micros_of(wait)), now), wait)
    }

    /// Lets a call through, the holder of a ticket or a newcomer, whose wait is over.
    pub fn pass(&mut self, ticket: Option<Ticket>, now: Timestamp) -> Pass {
        let now = micros(self.clock.advance(now));
        let has_waited = ticket.is_some_and(|ticket| self.line.holds(ticket));
        self.leave(ticket);
        if !has_waited && now.saturating_sub(self.last) > Self::PAUSE {
            self.crowd = Crowd::beginning(now);
            if self.line.is_empty() && now.saturating_sub(self.slowed_at) > Self::MEMORY {
                self.pace = Pace::Free;
            }
        }
        self.last = now;
        // By the distance of those who wait for a waiter, which may come a little late; a newcomer keeps the pace's.
        let (on_time, distance) =
            if has_waited { (now.saturating_sub(Self::SLACK), self.distance()) } else { (now, self.pace.distance()) };
        self.next = self.next.max(on_time).max(self.opens_at).saturating_add(distance);
        Pass { era: self.era }
    }

    /// Gives a place up: for those who cannot wait so long, or no longer want to.
    pub fn leave(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.line.leave(ticket);
        }
    }

    /// How long a call waits that the server asked to pause, it alone: so long, and then apart from others that were
    /// asked the same. `None` when 10,000 pause already: it is not to.
    pub fn pause(&self, asked: Duration, now: Timestamp) -> Option<Duration> {
        let now = micros(self.clock.at(now));
        let free = || self.pauses.first_free(now.saturating_add(micros_of(asked)), self.distance());
        (!self.pauses.is_full(now)).then(|| until(free(), now))
    }

    /// It waits, for so long as [`pause`](Self::pause) says.
    pub fn on_pause(&mut self, wait: Duration, now: Timestamp) {
        let now = micros(self.clock.advance(now));
        self.pauses.take(now.saturating_add(micros_of(wait)), now);
    }

    /// Until when the server asked everybody to hold back; zero when it is open.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        until(self.opens_at, micros(self.clock.at(now)))
    }

    /// Whether there was a 429 not long ago, so that a server's word on what is
    /// left is worth reading.
    pub fn is_wary(&self) -> bool {
        self.pace != Pace::Free
    }

    /// A call that was let through with `pass` has been refused with a 429; `wait` is what the server asked for, or
    /// the caller's own back-off.
    pub fn on_limited(&mut self, pass: Pass, now: Timestamp, wait: Duration) {
        self.hold(now, wait);
        // A burst that is refused together counts once: only a call that was sent after the last slowing down tells
        // that it was not enough.
        if self.is_wary() && pass.era != self.era {
            return;
        }
        let now = micros(self.clock.at(now));
        let wait = micros_of(wait);
        // Whole seconds were rounded up: half of one on average.
        let measured = self.crowd.teaches(now.saturating_add(wait - (wait / 2).min(Self::HALF_SECOND)));
        self.pace = self.pace.after_refusal(now.saturating_sub(self.slowed_at), wait, measured, now);
        self.era = self.era.wrapping_add(1);
        self.slowed_at = now.max(self.opens_at);
        self.crowd = Crowd::beginning(self.slowed_at);
    }

    /// Nothing goes before `wait` is over.
    pub fn hold(&mut self, now: Timestamp, wait: Duration) {
        let now = micros(self.clock.advance(now));
        self.opens_at = self.opens_at.max(now.saturating_add(micros_of(wait.min(Self::LONGEST_HOLD))));
    }

    /// A call went through.
    pub fn on_passed(&mut self, now: Timestamp) {
        let now = micros(self.clock.advance(now));
        self.crowd.one_passed();
        self.pace = self.pace.after_success(now.saturating_sub(self.passed_at), now);
        self.passed_at = now;
    }

    /// When it is the turn of the holder of a ticket, or of a newcomer.
    fn turn(&self, ticket: Option<Ticket>, now: Micros) -> Micros {
        let held = ticket.filter(|ticket| self.line.holds(*ticket));
        if held.is_none() && self.opens_at <= now && !self.is_wary() {
            // Nobody waits at a gate that is open and remembers nothing.
            return now;
        }
        let first = self.opens_at.max(if held.is_some() { self.next } else { self.next.max(now) });
        // More than any memory holds; a product of the two that could be larger takes 128 bits.
        let ahead = u32::try_from(self.line.ahead_of(held, now)).unwrap_or(u32::MAX);
        first.saturating_add(u64::from(ahead) * self.distance())
    }

    /// Between those who wait.
    fn distance(&self) -> Micros {
        if self.is_wary() { self.pace.distance() } else { Pace::FIRST }
    }
}

/// Rounded up, as timers count milliseconds.
const fn until(moment: Micros, now: Micros) -> Duration {
    Duration::from_millis(moment.saturating_sub(now).div_ceil(1000))
}

const fn micros(time: Timestamp) -> Micros {
    thousand(time.as_unix_millis())
}

const fn micros_of(duration: Duration) -> Micros {
    thousand(millis(duration))
}

#[cfg(test)]
mod tests {
    use super::super::quota::retry_after;
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn after(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    /// A newcomer that waits as long as it has to: its ticket and the wait in milliseconds.
    fn queue(gate: &mut Gate, now: Timestamp) -> (Ticket, u64) {
        let wait = gate.wait(None, now);
        (gate.queue(None, now).0, millis(wait))
    }

    fn limited(retry_after: u64) -> Gate {
        let mut gate = Gate::default();
        let pass = gate.pass(None, NOW);
        gate.on_limited(pass, NOW, Duration::from_secs(retry_after));
        gate
    }

    #[test]
    fn a_burst_of_refusals_slows_down_once() {
        let mut gate = Gate::default();
        let passes: Vec<Pass> = (0..1000).map(|_| gate.pass(None, NOW)).collect();
        for pass in passes {
            gate.on_limited(pass, NOW, Duration::from_secs(1));
        }
        assert_eq!(gate.pace, Pace::Guessed { distance: Pace::FIRST });
        let (first, wait) = queue(&mut gate, NOW);
        assert_eq!(wait, 1000);
        assert_eq!(queue(&mut gate, NOW).1, 1020);
        // The next one to be refused is of another time.
        let pass = gate.pass(Some(first), after(1000));
        gate.on_limited(pass, after(1001), Duration::from_secs(1));
        assert_eq!(gate.pace, Pace::Guessed { distance: 2 * Pace::FIRST });
        gate.on_limited(pass, after(1001), Duration::from_secs(1));
        assert_eq!(gate.pace, Pace::Guessed { distance: 2 * Pace::FIRST });
    }

    #[test]
    fn at_the_moment_at_which_it_opens_nobody_waits_at_a_gate_that_remembers_nothing() {
        let mut gate = Gate::default();
        gate.hold(NOW, Duration::from_secs(1));
        queue(&mut gate, NOW);
        queue(&mut gate, NOW);
        assert_eq!(gate.wait(None, after(999)), Duration::from_millis(41));
        assert_eq!(gate.wait(None, after(1000)), Duration::ZERO);
    }

    #[test]
    fn a_waiter_keeps_its_place() {
        let mut gate = limited(1);
        let (first, _) = queue(&mut gate, NOW);
        let (second, _) = queue(&mut gate, NOW);
        // Its timer fires a millisecond early.
        assert_eq!(gate.wait(Some(first), after(999)), Duration::from_millis(1));
        assert_eq!(gate.queue(Some(first), after(999)), (first, Duration::from_millis(1)));
        // The gate is shut again, twenty times; newcomers stay behind.
        for round in 1..=20 {
            gate.hold(after(1000 * round - 1), Duration::from_secs(1));
            let newcomer = gate.wait(None, after(1000 * round));
            assert!(gate.wait(Some(first), after(1000 * round)) < gate.wait(Some(second), after(1000 * round)));
            assert!(gate.wait(Some(second), after(1000 * round)) < newcomer);
            let again = [first, second].map(|ticket| gate.queue(Some(ticket), after(1000 * round)).0);
            assert_eq!(again, [first, second]);
        }
        assert_eq!(gate.ahead(Some(first), after(20_000)), 0);
        assert_eq!((gate.ahead(Some(second), after(20_000)), gate.ahead(None, after(20_000))), (1, 2));
    }

    #[test]
    fn a_place_that_is_given_up_is_the_next_ones() {
        let mut gate = limited(1);
        let tickets = [0, 1, 2].map(|_| queue(&mut gate, NOW).0);
        gate.leave(Some(tickets[0]));
        assert_eq!(gate.wait(Some(tickets[1]), NOW), Duration::from_secs(1));
        assert_eq!(gate.wait(None, NOW), Duration::from_millis(1040));
        // The second has gone without a word: it holds up nobody for longer than timers are late.
        assert_eq!(gate.wait(Some(tickets[2]), after(1020)), Duration::ZERO);
        gate.pass(Some(tickets[2]), after(1020));
        assert_eq!((gate.ahead(None, after(1120)), gate.wait(None, after(1120))), (1, Duration::from_millis(20)));
        assert_eq!((gate.ahead(None, after(1121)), gate.wait(None, after(1121))), (0, Duration::ZERO));
    }

    #[test]
    fn those_who_left_without_a_word_are_forgotten() {
        let mut gate = limited(1);
        for _ in 0..100 {
            queue(&mut gate, NOW);
        }
        gate.hold(after(20_000), Duration::from_secs(1));
        let (ticket, wait) = gate.queue(None, after(20_000));
        assert_eq!(wait, Duration::from_secs(1));
        assert_eq!((gate.ahead(Some(ticket), after(20_000)), gate.ahead(None, after(20_000))), (0, 1));
    }

    #[test]
    fn ten_thousand_wait_and_whoever_left_makes_room() {
        let mut gate = limited(1);
        let mut tickets = Vec::new();
        while !gate.is_full(None, NOW) {
            tickets.push(gate.queue(None, NOW).0);
        }
        assert_eq!((tickets.len(), gate.ahead(None, NOW)), (Line::MOST, Line::MOST));
        // Those who are in line stay in it.
        assert!(!gate.is_full(Some(tickets[7]), NOW));
        assert_eq!(gate.queue(Some(tickets[7]), NOW).0, tickets[7]);
        gate.leave(Some(tickets[7]));
        assert!(!gate.is_full(None, NOW));
        tickets[7] = gate.queue(None, NOW).0;
        assert!(gate.is_full(None, NOW));
        // All of them are gone without a word: the last one was to come back after 101 s at the latest.
        let later = after(112_000);
        assert!(!gate.is_full(None, later));
        let newcomer = gate.queue(None, later).0;
        assert_eq!((gate.line.holds(tickets[0]), gate.line.holds(newcomer)), (false, true));
    }

    #[test]
    fn who_waits_long_looks_in_between() {
        let mut gate = limited(1);
        let tickets: Vec<(Ticket, Duration)> = (0..201).map(|_| gate.queue(None, NOW)).collect();
        let (last, wait) = tickets[200];
        assert_eq!(gate.wait(Some(last), NOW), Duration::from_secs(5));
        assert_eq!(wait, Duration::from_millis(3500), "until it opens, a second, and half of the rest");
        assert_eq!(tickets[50].1, Duration::from_secs(2), "a second is not worth looking");
        assert!(tickets.windows(2).all(|pair| pair[0].1 < pair[1].1), "they do not come back together");
    }

    #[test]
    fn late_timers_do_not_slow_the_line_down_and_no_burst_follows_a_pause() {
        let mut gate = limited(1);
        let tickets: Vec<Ticket> = (0..50).map(|_| queue(&mut gate, NOW).0).collect();
        for (index, ticket) in (0..).zip(&tickets) {
            let late = after(1000 + 20 * index + 3);
            assert_eq!(gate.wait(Some(*ticket), late), Duration::ZERO, "call {index}");
            gate.pass(Some(*ticket), late);
        }
        // After the line, newcomers keep their distance as well.
        let later = after(2500);
        gate.pass(None, later);
        assert_eq!(gate.wait(None, later), Duration::from_millis(20));
    }

    #[test]
    fn paused_calls_go_apart_and_hold_back_nobody() {
        let mut gate = Gate::default();
        let asked = Duration::from_secs(5);
        let mut waits: Vec<u64> = Vec::new();
        for _ in 0..100 {
            let wait = gate.pause(asked, NOW).unwrap();
            gate.on_pause(wait, NOW);
            waits.push(millis(wait));
        }
        assert_eq!(waits, (0..100).map(|index| 5000 + 20 * index).collect::<Vec<_>>());
        assert_eq!((gate.wait(None, NOW), gate.closed_for(NOW)), (Duration::ZERO, Duration::ZERO));
        // One that was asked for less is not behind them, and finds the gap before or after.
        assert_eq!(gate.pause(Duration::from_secs(1), NOW), Some(Duration::from_secs(1)));
        assert_eq!(gate.pause(Duration::from_millis(4981), NOW), Some(Duration::from_secs(7)));
        assert_eq!(gate.pause(Duration::from_millis(4980), NOW), Some(Duration::from_millis(4980)));
        // What is past is nobody's.
        assert_eq!(gate.pause(Duration::ZERO, after(6990)), Some(Duration::from_millis(10)));
        gate.on_pause(Duration::from_secs(1), after(8000));
        assert_eq!(gate.pause(Duration::ZERO, after(8000)), Some(Duration::ZERO));
    }

    #[test]
    fn a_clock_that_is_put_back_shuts_nobody_out() {
        const DAY: u64 = 86_400_000;
        let fast = after(DAY);
        let mut gate = Gate::default();
        let pass = gate.pass(None, fast);
        gate.on_limited(pass, fast, Duration::from_secs(1));
        let (ticket, _) = gate.queue(None, fast);
        assert_eq!(
            (gate.closed_for(NOW), gate.wait(Some(ticket), NOW)),
            (Duration::from_secs(1), Duration::from_secs(1))
        );
        let (ticket, wait) = gate.queue(Some(ticket), NOW);
        assert_eq!(wait, Duration::from_secs(1));
        assert_eq!(gate.wait(Some(ticket), after(1000)), Duration::ZERO);
        assert_eq!(gate.closed_for(after(1000)), Duration::ZERO);
    }

    /// A thousand calls, 64 under way at once, each answered after 20 ms by a server
    /// that allows `limit` in each window of a second and says when the next one
    /// begins. Returns how many it refused, and after how many milliseconds the last
    /// one was through.
    fn storm(limit: u32) -> (u32, u64) {
        const LATENCY: u64 = 20;
        let mut gate = Gate::default();
        let (mut waiting, mut under_way) = (Vec::new(), Vec::<(u64, Pass, bool)>::new());
        let (mut unsent, mut refused, mut window, mut taken, mut now) = (1000_u32, 0, 0, 0, 0);
        while unsent > 0 || !waiting.is_empty() || !under_way.is_empty() {
            let (answered, rest) = under_way.into_iter().partition::<Vec<_>, _>(|(sent, ..)| sent + LATENCY <= now);
            under_way = rest;
            for (sent, pass, passed) in answered {
                if passed {
                    gate.on_passed(after(now));
                } else {
                    refused += 1;
                    let next_window = 1000 - (sent % 1000);
                    gate.on_limited(pass, after(now), Duration::from_millis(next_window.saturating_sub(LATENCY)));
                    waiting.push((now, None));
                }
            }
            while unsent > 0 && waiting.len() + under_way.len() < 64 {
                unsent -= 1;
                waiting.push((now, None));
            }
            let (due, rest) = waiting.into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= now);
            waiting = rest;
            for (_, ticket) in due {
                if gate.wait(ticket, after(now)).is_zero() {
                    if window != now / 1000 {
                        (window, taken) = (now / 1000, 0);
                    }
                    taken += 1;
                    under_way.push((now, gate.pass(ticket, after(now)), taken <= limit));
                } else {
                    let (ticket, wait) = gate.queue(ticket, after(now));
                    waiting.push((now + millis(wait), Some(ticket)));
                }
            }
            now += 1;
        }
        (refused, now)
    }

    #[test]
    fn a_storm_finds_the_rate_without_being_told() {
        for limit in [20, 50, 100, 200, 500] {
            let (refused, millis) = storm(limit);
            let windows = millis / 1000 + 1;
            println!("{limit}/s: {refused} refused in {windows} windows, {millis} ms");
            // The crowd that was under way when the server first said no, then a few for each window.
            assert!(u64::from(refused) <= 64 + 3 * windows, "{limit}/s: {refused} refused in {windows} windows");
            assert!(millis <= 1000 * 1000 / u64::from(limit) * 3 / 2 + 1000, "{limit}/s: took {millis} ms");
        }
    }

    #[test]
    fn what_was_learnt_is_forgotten_when_nobody_waits() {
        let mut gate = Gate::default();
        let mut pass = Pass::default();
        for _ in 0..10 {
            pass = gate.pass(None, NOW);
            gate.on_passed(NOW);
        }
        gate.on_limited(pass, NOW, Duration::from_secs(1));
        assert_eq!(gate.pace, Pace::Measured { distance: 50_000 }, "ten in a second that was rounded up");
        let two = |gate: &mut Gate, now| {
            assert_eq!(gate.wait(None, now), Duration::ZERO);
            gate.pass(None, now);
            gate.wait(None, now)
        };
        assert_eq!(two(&mut gate, after(10_000)), Duration::from_millis(50));
        // A minute after it was slowed down, at the opening, is not yet long enough.
        assert_eq!(two(&mut gate, after(61_000)), Duration::from_millis(50));
        assert!(gate.is_wary());
        // A call that follows on another's heels ends no pause.
        assert_eq!(two(&mut gate, after(61_250)), Duration::from_millis(50));
        assert_eq!(two(&mut gate, after(61_501)), Duration::ZERO);
        assert!(!gate.is_wary());
    }

    #[test]
    fn nothing_is_forgotten_while_somebody_waits() {
        let mut gate = limited(1);
        gate.hold(NOW, Duration::from_secs(100));
        let (ticket, _) = gate.queue(None, NOW);
        gate.pass(None, after(100_000));
        assert!(gate.is_wary());
        gate.leave(Some(ticket));
        gate.pass(None, after(100_300));
        assert!(!gate.is_wary());
    }

    proptest! {
        #[test]
        fn retry_after_never_panics_or_overflows(text in "[0-9]{0,30}|\\PC{0,40}|[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9:]{8} GMT") {
            if let Some(wait) = retry_after(&text, NOW) {
                let mut gate = Gate::default();
                let pass = gate.pass(None, NOW);
                gate.on_limited(pass, NOW, wait);
                prop_assert_eq!(gate.closed_for(NOW), wait.min(Gate::LONGEST_HOLD));
                prop_assert!(gate.wait(None, NOW) >= wait.min(Gate::LONGEST_HOLD));
            }
        }

        #[test]
        fn nobody_passes_a_closed_gate(waits in proptest::collection::vec(0..100_000_u64, 1..20), step in 0..500_u64) {
            let mut gate = Gate::default();
            let mut now = 0;
            for wait in waits {
                let wait = Duration::from_millis(wait);
                let pass = gate.pass(None, after(now));
                gate.on_limited(pass, after(now), wait);
                prop_assert!(gate.wait(None, after(now)) >= wait.min(Gate::LONGEST_HOLD));
                now += step;
            }
        }
    }
}
