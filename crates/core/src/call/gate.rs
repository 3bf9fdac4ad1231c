//! The gate paces calls according to the server's rate limits.

use core::time::Duration;

use super::line::{Line, Micros, Moments, Ticket};
use super::pace::{Crowd, Pace};
use crate::Timestamp;
use crate::time::{SteadyClock, millis, thousand};

/// Every call of a client, or of a Worker isolate, passes through one gate.
///
/// The gate is open until the server answers 429. Then it closes for as long as the server asked, but for at most five
/// minutes: after that one call is let through to find out. When it reopens, it lets calls through one at a time, a
/// distance apart, so that calls that waited together do not arrive together.
///
/// A call that has to wait and can afford to takes a place in the line. It keeps that place until its turn, even when
/// it comes back too early or the gate closes again meanwhile. A call that cannot wait that long takes no place and
/// delays nobody.
///
/// The gate learns the distance. When many calls are sent close together (a crowd), the number that succeed before the
/// server's next reset shows the rate it allows. Without a crowd, a 429 doubles the distance. Each success shrinks it.
/// After a minute without a 429, everything learnt is forgotten as soon as nobody waits.
///
/// The gate keeps its own clock, which does not go back when the driver's clock does.
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
    /// When calls that were asked to pause individually are due.
    pauses: Moments,
    crowd: Crowd,
    /// When the last call was let through.
    last: Micros,
    /// When the last success arrived.
    passed_at: Micros,
    /// When the pace allows the next call.
    next: Micros,
    slowed_at: Micros,
    era: u32,
}

/// Issued to a call that is let through. It shows which refusals belong to the same burst.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pass {
    era: u32,
}

impl Gate {
    /// The longest time that one 429 closes the gate. After that one call is let through to find out, so that one wrong
    /// header cannot stop a client for a day.
    const LONGEST_HOLD: Duration = Duration::from_mins(5);
    /// A refusal is forgotten after this time if nobody waits.
    const MEMORY: Micros = 60_000_000;
    /// A pause of this length between two calls ends a crowd.
    const PAUSE: Micros = 250_000;
    const HALF_SECOND: Micros = 500_000;
    /// A waiter may be this late without delaying those behind it, because timers are not exact.
    const SLACK: Micros = 100_000;
    /// A call with more than this many milliseconds of line before it comes back halfway, to see whether the line has
    /// become faster.
    const SHORT_LINE: u64 = 1_000;

    /// How long the holder of a ticket, or a newcomer, has to wait; zero means it may go now. Asking changes nothing.
    pub fn wait(&self, ticket: Option<Ticket>, now: Timestamp) -> Duration {
        let now = micros(self.clock.at(now));
        until(self.turn(ticket, now), now)
    }

    /// How many calls are in line before this one.
    pub fn ahead(&self, ticket: Option<Ticket>, now: Timestamp) -> usize {
        self.line.ahead_of(ticket, micros(self.clock.at(now)))
    }

    /// Whether the line is full: 10,000 calls wait, so a newcomer may not [`queue`](Self::queue). A call that is
    /// already in line keeps its place.
    pub(crate) fn is_full(&self, ticket: Option<Ticket>, now: Timestamp) -> bool {
        !ticket.is_some_and(|ticket| self.line.holds(ticket)) && self.line.is_full(micros(self.clock.at(now)))
    }

    /// Joins the line or stays in it. Returns the ticket and how long to wait before coming back with it. This may be
    /// shorter than [`wait`](Self::wait), because the line may become faster.
    pub fn queue(&mut self, ticket: Option<Ticket>, now: Timestamp) -> (Ticket, Duration) {
        // Plain numbers, because arithmetic on `Duration` can panic.
        let turn = millis(self.wait(ticket, now));
        let behind_others = turn.saturating_sub(millis(self.closed_for(now))).saturating_sub(Self::SHORT_LINE);
        let wait = Duration::from_millis(turn - behind_others.div_ceil(2));
        let now = micros(self.clock.advance(now));
        (self.line.stand(ticket, now.saturating_add(micros_of(wait)), now), wait)
    }

    /// Lets a call through whose wait is over: the holder of a ticket, or a newcomer.
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
        // A waiter is followed after the line's distance, measured from its own turn, since it may be slightly late. A
        // newcomer is followed after the pace's distance.
        let (on_time, distance) =
            if has_waited { (now.saturating_sub(Self::SLACK), self.distance()) } else { (now, self.pace.distance()) };
        self.next = self.next.max(on_time).max(self.opens_at).saturating_add(distance);
        Pass { era: self.era }
    }

    /// Gives up a place in line, for a call that cannot or no longer wants to wait.
    pub fn leave(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.line.leave(ticket);
        }
    }

    /// How long a call waits that the server asked to pause individually: `asked`, and then until it is a distance away
    /// from other calls that were asked the same. `None` when 10,000 calls pause already; then it must not pause.
    pub fn pause(&self, asked: Duration, now: Timestamp) -> Option<Duration> {
        let now = micros(self.clock.at(now));
        let free = || self.pauses.first_free(now.saturating_add(micros_of(asked)), self.distance());
        (!self.pauses.is_full(now)).then(|| until(free(), now))
    }

    /// Records that a call pauses for `wait`, as returned by [`pause`](Self::pause).
    pub fn on_pause(&mut self, wait: Duration, now: Timestamp) {
        let now = micros(self.clock.advance(now));
        self.pauses.take(now.saturating_add(micros_of(wait)), now);
    }

    /// For how long the server asked all calls to hold back; zero when the gate is open.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        until(self.opens_at, micros(self.clock.at(now)))
    }

    /// Whether there was a 429 recently, so that the quota headers of a success are worth reading.
    pub fn is_wary(&self) -> bool {
        self.pace != Pace::Free
    }

    /// A call that was let through with `pass` was refused with a 429. `wait` is the server's wait, or else the
    /// caller's back-off.
    pub fn on_limited(&mut self, pass: Pass, now: Timestamp, wait: Duration) {
        self.hold(now, wait);
        // A burst of refusals counts once: only a call that was sent after the last slow-down shows that it was not
        // enough.
        if self.is_wary() && pass.era != self.era {
            return;
        }
        let now = micros(self.clock.at(now));
        let wait = micros_of(wait);
        // Servers round up to whole seconds, which adds half a second on average.
        let measured = self.crowd.teaches(now.saturating_add(wait - (wait / 2).min(Self::HALF_SECOND)));
        self.pace = self.pace.after_refusal(now.saturating_sub(self.slowed_at), wait, measured, now);
        self.era = self.era.wrapping_add(1);
        self.slowed_at = now.max(self.opens_at);
        self.crowd = Crowd::beginning(self.slowed_at);
    }

    /// Closes the gate until `wait` is over.
    pub fn hold(&mut self, now: Timestamp, wait: Duration) {
        let now = micros(self.clock.advance(now));
        self.opens_at = self.opens_at.max(now.saturating_add(micros_of(wait.min(Self::LONGEST_HOLD))));
    }

    /// A call succeeded.
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
            // Nobody waits at a gate that is open and has learnt nothing.
            return now;
        }
        let first = self.opens_at.max(if held.is_some() { self.next } else { self.next.max(now) });
        // Larger than any possible line; `saturating_mul` of two `u64` would need 128 bits.
        let ahead = u32::try_from(self.line.ahead_of(held, now)).unwrap_or(u32::MAX);
        first.saturating_add(u64::from(ahead) * self.distance())
    }

    /// The distance between two waiters.
    fn distance(&self) -> Micros {
        if self.is_wary() { self.pace.distance() } else { Pace::FIRST }
    }
}

/// Rounded up, because timers count milliseconds.
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

    /// A newcomer that waits as long as needed: its ticket and the wait in milliseconds.
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
        // The next refusal belongs to a later burst.
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
        // The gate closes again twenty times; newcomers stay behind.
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
    fn a_place_that_is_given_up_passes_to_the_next_waiter() {
        let mut gate = limited(1);
        let tickets = [0, 1, 2].map(|_| queue(&mut gate, NOW).0);
        gate.leave(Some(tickets[0]));
        assert_eq!(gate.wait(Some(tickets[1]), NOW), Duration::from_secs(1));
        assert_eq!(gate.wait(None, NOW), Duration::from_millis(1040));
        // The second leaves without notice. It delays the others no longer than a late timer would.
        assert_eq!(gate.wait(Some(tickets[2]), after(1020)), Duration::ZERO);
        gate.pass(Some(tickets[2]), after(1020));
        assert_eq!((gate.ahead(None, after(1120)), gate.wait(None, after(1120))), (1, Duration::from_millis(20)));
        assert_eq!((gate.ahead(None, after(1121)), gate.wait(None, after(1121))), (0, Duration::ZERO));
    }

    #[test]
    fn waiters_that_left_without_notice_are_removed() {
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
    fn ten_thousand_calls_wait_and_one_that_leaves_makes_room() {
        let mut gate = limited(1);
        let mut tickets = Vec::new();
        while !gate.is_full(None, NOW) {
            tickets.push(gate.queue(None, NOW).0);
        }
        assert_eq!((tickets.len(), gate.ahead(None, NOW)), (Line::MOST, Line::MOST));
        // Calls that are already in line keep their places.
        assert!(!gate.is_full(Some(tickets[7]), NOW));
        assert_eq!(gate.queue(Some(tickets[7]), NOW).0, tickets[7]);
        gate.leave(Some(tickets[7]));
        assert!(!gate.is_full(None, NOW));
        tickets[7] = gate.queue(None, NOW).0;
        assert!(gate.is_full(None, NOW));
        // All of them leave without notice; the last one was due back after 101 s at the latest.
        let later = after(112_000);
        assert!(!gate.is_full(None, later));
        let newcomer = gate.queue(None, later).0;
        assert_eq!((gate.line.holds(tickets[0]), gate.line.holds(newcomer)), (false, true));
    }

    #[test]
    fn a_long_wait_is_split_to_check_for_progress() {
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
    fn paused_calls_leave_one_by_one_and_delay_no_other_call() {
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
        // A call that was asked for a shorter pause does not queue behind them; it takes the next gap.
        assert_eq!(gate.pause(Duration::from_secs(1), NOW), Some(Duration::from_secs(1)));
        assert_eq!(gate.pause(Duration::from_millis(4981), NOW), Some(Duration::from_secs(7)));
        assert_eq!(gate.pause(Duration::from_millis(4980), NOW), Some(Duration::from_millis(4980)));
        // Places in the past are free.
        assert_eq!(gate.pause(Duration::ZERO, after(6990)), Some(Duration::from_millis(10)));
        gate.on_pause(Duration::from_secs(1), after(8000));
        assert_eq!(gate.pause(Duration::ZERO, after(8000)), Some(Duration::ZERO));
    }

    #[test]
    fn a_clock_that_goes_back_blocks_no_call() {
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

    /// A thousand calls, 64 at a time, each answered after 20 ms by a server that allows `limit` in each one-second
    /// window and reports when the next window begins. Returns how many calls it refused, and after how many
    /// milliseconds the last one succeeded.
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
    fn a_burst_of_calls_finds_the_rate_by_itself() {
        for limit in [20, 50, 100, 200, 500] {
            let (refused, millis) = storm(limit);
            let windows = millis / 1000 + 1;
            println!("{limit}/s: {refused} refused in {windows} windows, {millis} ms");
            // The calls that were in flight when the server first refused one, then a few for each window.
            assert!(u64::from(refused) <= 64 + 3 * windows, "{limit}/s: {refused} refused in {windows} windows");
            assert!(millis <= 1000 * 1000 / u64::from(limit) * 3 / 2 + 1000, "{limit}/s: took {millis} ms");
        }
    }

    #[test]
    fn the_pace_is_forgotten_when_nobody_waits() {
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
        // One minute after the slow-down began is too early: it counts from the reopening.
        assert_eq!(two(&mut gate, after(61_000)), Duration::from_millis(50));
        assert!(gate.is_wary());
        // A call that follows another immediately does not end the crowd.
        assert_eq!(two(&mut gate, after(61_250)), Duration::from_millis(50));
        assert_eq!(two(&mut gate, after(61_501)), Duration::ZERO);
        assert!(!gate.is_wary());
    }

    #[test]
    fn the_pace_is_kept_while_somebody_waits() {
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
        fn no_call_passes_a_closed_gate(waits in proptest::collection::vec(0..100_000_u64, 1..20), step in 0..500_u64) {
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
