//! Fetching the issuer's key set: any order of requests, responses, callers that leave and clocks that are set, checked
//! against invariants.

use attention_core::Timestamp;
use attention_gateway::authorize::jwt::key_set::{KeySetSchedule, KeySetStep, Lookup};
use proptest::prelude::*;

/// Events of an isolate. `which` is taken modulo the number of candidates.
#[derive(Clone, Debug)]
enum Event {
    Request {
        renews: bool,
    },
    Answer {
        which: usize,
        got: bool,
    },
    /// The caller of the fetching request goes away.
    Leave {
        which: usize,
    },
    Pass {
        millis: u64,
    },
    /// The clock is set forward or back.
    Jump {
        millis: i64,
    },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let span = prop_oneof![0..100_u64, 900..1_100_u64, 4_900..5_100_u64, 29_900..30_100_u64, 599_000..601_000_u64];
    let event = prop_oneof![
        4 => any::<bool>().prop_map(|renews| Event::Request { renews }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, got)| Event::Answer { which, got }),
        1 => any::<usize>().prop_map(|which| Event::Leave { which }),
        3 => span.prop_map(|millis| Event::Pass { millis }),
        1 => prop_oneof![-7_000..7_000_i64, -4_000_000..4_000_000_i64].prop_map(|millis| Event::Jump { millis }),
    ];
    proptest::collection::vec(event, 0..80)
}

/// A waiting request: until when, and since when.
struct Waiting {
    lookup: Lookup,
    renews: bool,
    until: u64,
    since: u64,
}

/// A fetch whose request still exists.
struct Asking {
    lookup: Lookup,
    number: usize,
    asked_at: u64,
}

/// The last fetch, and whether the clock was set since.
#[derive(Clone, Copy)]
struct Question {
    number: usize,
    asked_at: u64,
    is_open: bool,
    has_jumped: bool,
}

/// An isolate with a clock that is never set, beside the schedule that uses the other clock.
#[derive(Default)]
struct World {
    schedule: KeySetSchedule,
    now: u64,
    clock_ahead: i64,
    is_held: bool,
    waiting: Vec<Waiting>,
    asking: Vec<Asking>,
    last: Option<Question>,
}

impl World {
    /// The time as the schedule sees it, far enough from 1970 for any jump.
    fn clock(&self) -> Timestamp {
        let millis = 1_700_000_000_000 + i64::try_from(self.now).unwrap() + self.clock_ahead;
        Timestamp::from_unix_millis(millis.try_into().unwrap())
    }

    fn happens(&mut self, event: &Event) {
        let there = self.asking.len();
        match *event {
            Event::Request { renews } => {
                let mut lookup = Lookup::default();
                if renews {
                    lookup.renew();
                }
                self.ask(lookup, renews, self.now);
            }
            Event::Answer { which, got } if there > 0 => self.answer(which % there, got),
            Event::Leave { which } if there > 0 => drop(self.asking.remove(which % there)),
            Event::Answer { .. } | Event::Leave { .. } => {}
            Event::Pass { millis } => self.pass(millis),
            Event::Jump { millis } => {
                self.clock_ahead += millis;
                if let Some(last) = &mut self.last {
                    last.has_jumped = true;
                }
            }
        }
    }

    fn answer(&mut self, index: usize, got: bool) {
        let Asking { mut lookup, number, .. } = self.asking.remove(index);
        self.schedule.answered(&lookup, got);
        self.is_held |= got;
        if let Some(last) = &mut self.last {
            last.is_open &= last.number != number;
        }
        let have = if self.is_held { KeySetStep::Use } else { KeySetStep::Unavailable };
        assert_eq!(self.schedule.next(&mut lookup, self.clock()), have, "the fetching request does nothing else");
    }

    /// Time passes: waiting requests check again, and fetches without a response are given up.
    fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        loop {
            let look = (0..self.waiting.len()).min_by_key(|&index| self.waiting[index].until);
            let give_up = (0..self.asking.len()).min_by_key(|&index| self.asking[index].asked_at);
            let look_at = look.map_or(u64::MAX, |index| self.waiting[index].until);
            let give_up_at = give_up.map_or(u64::MAX, |index| self.asking[index].asked_at + 5_000);
            self.now = look_at.min(give_up_at).min(end);
            match (look, give_up) {
                (_, Some(index)) if give_up_at <= self.now => self.answer(index, false),
                (Some(index), _) if look_at <= self.now => {
                    let Waiting { lookup, renews, since, .. } = self.waiting.remove(index);
                    self.ask(lookup, renews, since);
                }
                _ => return,
            }
        }
    }

    fn ask(&mut self, mut lookup: Lookup, renews: bool, since: u64) {
        let step = self.schedule.next(&mut lookup, self.clock());
        let age = self.last.map(|last| self.now - last.asked_at);
        let is_open = self.last.is_some_and(|last| last.is_open) && age.is_some_and(|age| age < 5_000);
        let has_jumped = self.last.is_some_and(|last| last.has_jumped);
        let lasts = match (self.is_held, renews) {
            (false, _) => 1_000,
            (true, true) => 30_000,
            (true, false) => 600_000,
        };
        let is_due = !is_open && age.is_none_or(|age| age > lasts);
        match step {
            KeySetStep::Use => {
                assert!(self.is_held);
                assert!(!is_due || has_jumped, "no request fetches although a fetch is due");
            }
            KeySetStep::Unavailable => {
                assert!(!self.is_held, "an old set is used while the issuer is away");
                assert!(!is_due || has_jumped, "no request fetches although a fetch is due");
            }
            KeySetStep::Wait(poll) => {
                assert!(self.last.is_some_and(|last| last.is_open), "there is nothing to wait for");
                assert!(renews || !self.is_held, "it has what it needs");
                let until = self.now + u64::try_from(poll.as_millis()).unwrap();
                assert!(until <= since + 5_000, "nobody waits longer than five seconds");
                self.waiting.push(Waiting { lookup, renews, until, since });
            }
            KeySetStep::Fetch { .. } => {
                assert!(is_due || has_jumped, "more fetches than allowed although no clock was set");
                let number = self.last.map_or(0, |last| last.number) + 1;
                let asked_at = self.now;
                self.last = Some(Question { number, asked_at, is_open: true, has_jumped: false });
                self.asking.push(Asking { lookup, number, asked_at });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_schedule_holds_for_any_events(events in events()) {
        let mut world = World::default();
        for event in &events {
            world.happens(event);
        }
        // However the clock was set, requests that arrive now and then cause an old set to be renewed.
        let before = world.last.map(|last| last.number);
        for _ in 0..122 {
            world.pass(5_000);
            world.happens(&Event::Request { renews: false });
        }
        prop_assert!(world.last.map(|last| last.number) > before);
    }
}

/// The answer to a fetch that was given up still counts, and that of the next one does not take it back.
#[test]
fn two_answers_are_an_answer() {
    let at = |millis: u64| Timestamp::from_unix_millis(1_700_000_000_000 + millis);
    let mut schedule = KeySetSchedule::default();
    let (mut first, mut second) = (Lookup::default(), Lookup::default());
    assert!(matches!(schedule.next(&mut first, at(0)), KeySetStep::Fetch { .. }));
    assert!(matches!(schedule.next(&mut second, at(5_001)), KeySetStep::Fetch { .. }));
    assert!(!schedule.is_answered());
    for lookup in [&first, &second] {
        schedule.answered(lookup, true);
        assert!(schedule.is_answered());
    }
    schedule.answered(&first, false);
    assert!(schedule.is_answered());
    assert_eq!(schedule.next(&mut Lookup::default(), at(5_002)), KeySetStep::Use);
}
