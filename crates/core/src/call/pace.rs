//! The distance between calls, and how it is learnt.

use super::line::Micros;

/// The distance between two calls, given what is known of the server's limit.
///
/// ```text
///            refused                   refused soon, after a crowd
///   Free ──────────────► Guessed ◄──────────────────────────────► Measured
///                        shrinks quickly                          shrinks
///                           │ refused late                           │ refused late
///                           └───────────────► Settled ◄──────────────┘
///                                   stays, then shrinks slowly
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Pace {
    /// No distance: no refusal is remembered.
    #[default]
    Free,
    /// After a refusal that taught nothing.
    Guessed {
        /// The distance between two calls.
        distance: Micros,
    },
    /// The distance at which a crowd got through until the server's next reset, with a margin.
    Measured {
        /// The distance between two calls.
        distance: Micros,
    },
    /// A little more than the distance at which calls were refused after many that were not.
    Settled {
        /// The distance between two calls.
        distance: Micros,
        /// The distance stays unchanged until then.
        until: Micros,
        /// Whether the distance held: no refusal came soon after it was set.
        is_sure: bool,
    },
}

impl Pace {
    /// The first distance after a refusal that taught nothing.
    pub(super) const FIRST: Micros = 20_000;
    /// The widest distance: a slower line would amount to an outage.
    pub(super) const WIDEST: Micros = 2_000_000;
    /// A distance below this has no effect.
    pub(super) const NARROWEST: Micros = 1_000;
    const SECOND: Micros = 1_000_000;
    /// How long a settled distance stays unchanged.
    const REST: Micros = 30_000_000;

    /// The distance; zero for [`Free`](Self::Free).
    pub(super) const fn distance(self) -> Micros {
        match self {
            Self::Free => 0,
            Self::Guessed { distance } | Self::Measured { distance } | Self::Settled { distance, .. } => distance,
        }
    }

    /// The pace after a refusal at `now`. `lasted` is the time since the previous refusal, `wait` the time until the
    /// next call may go, and `measured` the distance learnt from a crowd in between.
    ///
    /// A late refusal means that the pace was about right, so it settles at a slightly larger distance. An early
    /// refusal after that means that the increase was too small; the next early one means that the limit has changed.
    pub(super) fn after_refusal(self, lasted: Micros, wait: Micros, measured: Option<Micros>, now: Micros) -> Self {
        let is_late = lasted >= wait.saturating_mul(2);
        let settle = |held: Micros, part: Micros| Self::Settled {
            distance: (held + held / part).clamp(Self::NARROWEST, Self::WIDEST),
            until: now.saturating_add(Self::REST),
            is_sure: is_late,
        };
        match (self, measured) {
            (Self::Guessed { distance } | Self::Measured { distance } | Self::Settled { distance, .. }, _)
                if is_late =>
            {
                settle(distance, 32)
            }
            (Self::Settled { distance, is_sure: true, .. }, _) => settle(distance, 16),
            (_, Some(distance)) => Self::Measured { distance: distance.clamp(Self::NARROWEST, Self::WIDEST) },
            (_, None) => Self::Guessed { distance: (self.distance() * 2).clamp(Self::FIRST, Self::WIDEST) },
        }
    }

    /// The pace after a success at `now`, `elapsed` after the previous one. It probes for the server's current limit
    /// like TCP congestion control (RFC 5681, RFC 9438): quickly up to the rate that was refused before, then so slowly
    /// that the next refusal comes within a call or two of the limit.
    pub(super) fn after_success(self, elapsed: Micros, now: Micros) -> Self {
        // The decrease depends on time and not on the number of calls: calls in line take a moment to follow, and with
        // many of them the pace would overshoot.
        let less = |distance: Micros, part: Micros, time: Micros| {
            distance - (distance / part).min(distance * elapsed.min(Self::SECOND) / time)
        };
        let next = match self {
            Self::Settled { until, .. } if now < until => self,
            Self::Free => self,
            Self::Guessed { distance } => Self::Guessed { distance: less(distance, 16, Self::SECOND) },
            Self::Measured { distance } => Self::Measured { distance: less(distance, 128, 10 * Self::SECOND) },
            Self::Settled { distance, until, is_sure } => {
                Self::Settled { distance: less(distance, 1024, 100 * Self::SECOND), until, is_sure }
            }
        };
        if next.distance() < Self::NARROWEST { Self::Free } else { next }
    }
}

/// A crowd: calls in close succession. The number that succeed shows how many the server allows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crowd {
    since: Micros,
    passed: u64,
}

impl Crowd {
    /// A smaller crowd teaches nothing.
    const LEAST: u64 = 10;
    /// A longer crowd teaches nothing: a quota over more than this time is better used up at once than evenly.
    const LONGEST: Micros = 60_000_000;

    pub(super) const fn beginning(since: Micros) -> Self {
        Self { since, passed: 0 }
    }

    pub(super) const fn one_passed(&mut self) {
        self.passed = self.passed.saturating_add(1);
    }

    /// The distance at which the crowd would have taken until `end`; `None` if there was no crowd.
    pub(super) const fn teaches(&self, end: Micros) -> Option<Micros> {
        let time = end.saturating_sub(self.since);
        if time <= Self::LONGEST && self.passed >= Self::LEAST { Some(time / self.passed) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_700_000_000_000_000;
    const SECOND: Micros = 1_000_000;

    #[test]
    fn after_a_refusal_that_teaches_nothing_the_distance_doubles_within_bounds() {
        let refused = |pace: Pace| pace.after_refusal(0, SECOND, None, NOW);
        assert_eq!(refused(Pace::Free), Pace::Guessed { distance: Pace::FIRST });
        assert_eq!(refused(Pace::Guessed { distance: 5_000 }), Pace::Guessed { distance: Pace::FIRST });
        assert_eq!(refused(Pace::Guessed { distance: 30_000 }), Pace::Guessed { distance: 60_000 });
        assert_eq!(refused(Pace::Measured { distance: 1_500_000 }), Pace::Guessed { distance: Pace::WIDEST });
    }

    #[test]
    fn after_an_early_refusal_the_distance_is_that_of_the_crowd_within_bounds() {
        let refused = |taught| Pace::Measured { distance: 50_000 }.after_refusal(1_999_999, SECOND, Some(taught), NOW);
        assert_eq!(refused(80_000), Pace::Measured { distance: 80_000 });
        assert_eq!(refused(3), Pace::Measured { distance: Pace::NARROWEST });
        assert_eq!(refused(u64::MAX), Pace::Measured { distance: Pace::WIDEST });
    }

    #[test]
    fn after_late_refusals_the_pace_settles_slower_then_measures_again() {
        let until = NOW + Pace::REST;
        let held = Pace::Measured { distance: 96_000 };
        let settled = held.after_refusal(2 * SECOND, SECOND, Some(1), NOW);
        assert_eq!(settled, Pace::Settled { distance: 99_000, until, is_sure: true });
        let slower = settled.after_refusal(SECOND, SECOND, Some(150_000), NOW);
        assert_eq!(slower, Pace::Settled { distance: 105_187, until, is_sure: false });
        assert_eq!(slower.after_refusal(SECOND, SECOND, Some(150_000), NOW), Pace::Measured { distance: 150_000 });
        assert_eq!(slower.after_refusal(9 * SECOND, SECOND, Some(1), NOW).distance(), 105_187 + 105_187 / 32);
        assert_eq!(
            Pace::Free.after_refusal(9 * SECOND, SECOND, Some(70_000), NOW),
            Pace::Measured { distance: 70_000 }
        );
    }

    #[test]
    fn success_probes_quickly_after_a_guess_and_slowly_after_a_measurement() {
        let after = |pace: Pace, elapsed| pace.after_success(elapsed, NOW).distance();
        let guessed = Pace::Guessed { distance: 32_000 };
        assert_eq!((after(guessed, SECOND), after(guessed, 10_000)), (30_000, 31_680));
        let measured = Pace::Measured { distance: 128_000 };
        assert_eq!((after(measured, SECOND), after(measured, 10_000)), (127_000, 127_872));
        let settled = |until| Pace::Settled { distance: 102_400, until, is_sure: true };
        assert_eq!((after(settled(NOW), SECOND), after(settled(NOW), 10_000)), (102_300, 102_390));
        assert_eq!(after(settled(NOW + 1), SECOND), 102_400);
        assert_eq!(after(Pace::Free, SECOND), 0);
    }

    #[test]
    fn a_negligible_distance_becomes_none() {
        assert_eq!(Pace::Guessed { distance: 1_060 }.after_success(SECOND, NOW), Pace::Free);
        assert_eq!(Pace::Guessed { distance: 1_066 }.after_success(SECOND, NOW), Pace::Guessed { distance: 1_000 });
    }

    #[test]
    fn a_crowd_of_ten_within_a_minute_teaches() {
        let crowd = |passed| Crowd { since: NOW, passed };
        assert_eq!(crowd(9).teaches(NOW + SECOND), None);
        assert_eq!(crowd(10).teaches(NOW + SECOND), Some(100_000));
        assert_eq!(crowd(10).teaches(NOW + 60 * SECOND), Some(6 * SECOND));
        assert_eq!(crowd(10).teaches(NOW + 60 * SECOND + 1), None);
    }
}
