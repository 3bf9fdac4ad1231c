//! The gate that makes calls heed what a server says of its limits.

use core::time::Duration;

use crate::Timestamp;

/// The one door that all calls of a client, or of a Worker isolate, pass.
///
/// It is open until a 429. Then it closes for as long as the server asked (five
/// minutes at most, then a call goes and asks again), and afterwards lets calls
/// through one by one, `spacing` apart, so that those that waited together do
/// not arrive together.
///
/// How far apart is learnt: what a crowd of calls got through until the server
/// wants to be called again is what it allows in that time. Where there was no
/// crowd a 429 doubles the spacing. While calls go through, the spacing shrinks:
/// by a sixteenth each, or, from where it was learnt, so slowly that the next
/// refusal is a call or two beyond the rate. So TCP probes (RFC 5681): fast up to
/// where it was refused before, slowly from there. After a minute without a
/// refusal all is forgotten as soon as nobody waits.
///
/// ```
/// use attention_core::{Timestamp, call::Gate};
/// use std::time::Duration;
///
/// let now = Timestamp::from_unix_seconds(1_000);
/// let mut gate = Gate::default();
/// assert_eq!(gate.admit(now), Duration::ZERO);
/// gate.on_limited(now, now, Duration::from_secs(2));
/// assert_eq!(gate.admit(now), Duration::from_secs(2));
/// assert!(gate.admit(now) > Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gate {
    opens_at: Timestamp,
    next_free: Timestamp,
    /// In nanoseconds: a number needs none of the checks that `Duration` makes.
    spacing: u64,
    /// The spacing that the last refusal taught; 0 for none.
    learnt: u64,
    widened_at: Timestamp,
    /// What went through since `counted_from`, one call on the heels of the other.
    passed: u64,
    counted_from: Timestamp,
    last_place: Timestamp,
}

impl Gate {
    /// The spacing after a 429 from which nothing was learnt.
    const FIRST_SPACING: u64 = 20_000_000;
    /// The widest spacing: slower than this, a queue is an outage.
    const WIDEST: u64 = 2_000_000_000;
    /// The longest it stays shut on one server's word: then a call goes and asks.
    /// One odd header must not lock a client out for a day.
    const LONGEST_HOLD: Duration = Duration::from_mins(5);
    /// Closer than this, spacing does nothing.
    const NARROWEST: u64 = 1_000_000;
    /// What is older teaches nothing, and a quota of more time than this is better
    /// used at once than evenly.
    const MEMORY: Duration = Duration::from_mins(1);
    /// Fewer calls teach nothing.
    const CROWD: u64 = 10;
    /// A pause between two calls that ends a crowd.
    const PAUSE: Duration = Duration::from_millis(250);

    /// Gives the caller its place and says how long to wait for it; zero when it
    /// may go now.
    pub fn admit(&mut self, now: Timestamp) -> Duration {
        let place = now.max(self.opens_at).max(self.next_free);
        if place == now && now.saturating_since(self.last_place) > Self::PAUSE {
            self.count_from(now);
            if now.saturating_since(self.widened_at) > Self::MEMORY {
                (self.spacing, self.learnt) = (0, 0);
            }
        }
        self.last_place = place;
        let spacing = Duration::from_nanos(self.spacing);
        self.next_free = if spacing.is_zero() { Timestamp::default() } else { place.saturating_add(spacing) };
        place.saturating_since(now)
    }

    /// Until when the server asked everybody to hold back; zero when it is open.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        self.opens_at.saturating_since(now)
    }

    /// Whether there was a 429 not long ago, so that a server's word on what is
    /// left is worth reading.
    pub const fn is_wary(&self) -> bool {
        self.spacing > 0
    }

    /// A call that was sent at `sent_at` has been refused with a 429; `wait` is
    /// what the server asked for, or the caller's own back-off.
    pub fn on_limited(&mut self, sent_at: Timestamp, now: Timestamp, wait: Duration) {
        self.hold(now, wait);
        // A burst that is refused together counts once: only a call that was sent
        // after the last widening tells that it was not enough.
        if self.spacing > 0 && sent_at < self.widened_at {
            return;
        }
        let time = now.saturating_add(wait).saturating_since(self.counted_from);
        self.learnt = 0;
        if time <= Self::MEMORY && self.passed >= Self::CROWD {
            self.learnt = (crate::millis(time) * 1_000_000 / self.passed).clamp(Self::NARROWEST, Self::WIDEST);
        }
        self.spacing = match self.learnt {
            0 => (self.spacing * 2).clamp(Self::FIRST_SPACING, Self::WIDEST),
            learnt => learnt,
        };
        self.widened_at = now.max(self.opens_at);
        self.count_from(self.widened_at);
    }

    /// The server announced that nothing goes before `wait` is over.
    pub fn hold(&mut self, now: Timestamp, wait: Duration) {
        self.opens_at = self.opens_at.max(now.saturating_add(wait.min(Self::LONGEST_HOLD)));
    }

    /// A call went through.
    pub fn on_passed(&mut self) {
        self.passed = self.passed.saturating_add(1);
        let step = if self.learnt == 0 { 16 } else { 512 };
        self.spacing -= self.spacing / step;
        if self.spacing < Self::NARROWEST {
            self.spacing = 0;
        }
    }

    fn count_from(&mut self, moment: Timestamp) {
        self.counted_from = moment;
        self.passed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::quota::retry_after;
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn a_burst_of_refusals_widens_once() {
        let mut gate = Gate::default();
        for _ in 0..1000 {
            gate.on_limited(NOW, NOW, Duration::from_secs(1));
        }
        assert_eq!(gate.admit(NOW), Duration::from_secs(1));
        assert_eq!(gate.admit(NOW), Duration::from_secs(1) + Duration::from_nanos(Gate::FIRST_SPACING));
        for _ in 0..1000 {
            gate.on_passed();
        }
        let later = NOW.saturating_add(Duration::from_mins(1));
        assert_eq!((gate.admit(later), gate.admit(later)), (Duration::ZERO, Duration::ZERO));
    }

    /// A thousand calls, 64 under way at once, each answered after 20 ms by a server
    /// that allows `limit` in each window of a second and says when the next one
    /// begins. Gives how many it refused, and after how many milliseconds the last
    /// one was through.
    fn storm(limit: u32) -> (u32, u64) {
        const LATENCY: u64 = 20;
        let at = |millis: u64| NOW.saturating_add(Duration::from_millis(millis));
        let mut gate = Gate::default();
        let (mut waiting, mut under_way) = (Vec::new(), Vec::<(u64, bool)>::new());
        let (mut unsent, mut refused, mut window, mut taken, mut now) = (1000_u32, 0, 0, 0, 0);
        while unsent > 0 || !waiting.is_empty() || !under_way.is_empty() {
            let (answered, rest) = under_way.into_iter().partition::<Vec<_>, _>(|(sent, _)| sent + LATENCY <= now);
            under_way = rest;
            for (sent, passed) in answered {
                if passed {
                    gate.on_passed();
                } else {
                    refused += 1;
                    let next_window = 1000 - (sent % 1000);
                    gate.on_limited(at(sent), at(now), Duration::from_millis(next_window.saturating_sub(LATENCY)));
                    waiting.push(now + crate::millis(gate.admit(at(now))));
                }
            }
            while unsent > 0 && waiting.len() + under_way.len() < 64 {
                unsent -= 1;
                waiting.push(now + crate::millis(gate.admit(at(now))));
            }
            let (due, rest) = waiting.into_iter().partition::<Vec<_>, _>(|place| *place <= now);
            waiting = rest;
            for _ in due {
                if gate.closed_for(at(now)).is_zero() {
                    if window != now / 1000 {
                        (window, taken) = (now / 1000, 0);
                    }
                    taken += 1;
                    under_way.push((now, taken <= limit));
                } else {
                    waiting.push(now + crate::millis(gate.admit(at(now))));
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
            // The crowd that was under way when the server first said no, then a few for each window.
            assert!(u64::from(refused) <= 64 + 3 * windows, "{limit}/s: {refused} refused in {windows} windows");
            assert!(millis <= 1000 * 1000 / u64::from(limit) * 3 / 2 + 1000, "{limit}/s: took {millis} ms");
        }
    }

    #[test]
    fn what_was_learnt_is_forgotten_when_nobody_waits() {
        let mut gate = Gate::default();
        for _ in 0..Gate::CROWD {
            gate.admit(NOW);
            gate.on_passed();
        }
        gate.on_limited(NOW, NOW, Duration::from_secs(1));
        assert_eq!(gate.spacing, 100_000_000);
        let soon = NOW.saturating_add(Duration::from_secs(10));
        assert_eq!((gate.admit(soon), gate.admit(soon)), (Duration::ZERO, Duration::from_millis(100)));
        let later = NOW.saturating_add(Duration::from_secs(100));
        assert_eq!((gate.admit(later), gate.admit(later)), (Duration::ZERO, Duration::ZERO));
    }

    proptest! {
        #[test]
        fn retry_after_never_panics_or_overflows(text in "[0-9]{0,30}|\\PC{0,40}|[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} [0-9]{4} [0-9:]{8} GMT") {
            if let Some(wait) = retry_after(&text, NOW) {
                let mut gate = Gate::default();
                gate.on_limited(NOW, NOW, wait);
                prop_assert_eq!(gate.admit(NOW), wait.min(Gate::LONGEST_HOLD));
            }
        }

        #[test]
        fn nobody_passes_a_closed_gate(waits in proptest::collection::vec(0..100_000_u64, 1..20), step in 0..500_u64) {
            let mut gate = Gate::default();
            let mut now = NOW;
            for wait in waits {
                let wait = Duration::from_millis(wait);
                gate.on_limited(now, now, wait);
                prop_assert!(gate.admit(now) >= wait.min(Gate::LONGEST_HOLD));
                now = now.saturating_add(Duration::from_millis(step));
            }
        }
    }
}
