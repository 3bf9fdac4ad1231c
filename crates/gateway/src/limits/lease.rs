//! An isolate's leases of places and calls from the shared gate: which places its calls may use, and which calls wait.
//!
//! The times in a lease count from the moment of the gate's answer, which an isolate knows only to lie between the
//! question and the answer's arrival. So a place opens relative to the arrival, and ends relative to the question, plus
//! a margin ([`Leases::LATE`]). Clocks are never compared with others; if the clock goes back, all leases end.
//!
//! A call that can wait for a place claims it; a call that cannot does not delay others. A claim ends with its call,
//! and the place becomes available again. Calls without a place wait in a line and come back one by one, at the pace of
//! the places.

use alloc::borrow::ToOwned as _;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use crate::limits::Micros;
use crate::limits::places::Places;
use crate::limits::shared_gate::Lease;

/// The leases of an isolate by holder.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    /// Sorted by name.
    held: Vec<(String, Held)>,
    /// The number of tickets issued.
    made: u64,
    /// Tickets with lower numbers were issued before the clock went back.
    first_number: u64,
    seen: Micros,
    /// Cloned once for each call that waits in a line.
    waiting: Arc<()>,
}

/// The state of one holder.
#[derive(Debug, Default)]
struct Held {
    blocks: VecDeque<Block>,
    /// Places that calls wait for.
    claims: Vec<Claim>,
    /// Calls without a place.
    line: VecDeque<Waiter>,
    /// Cloned once for each waiting call of this holder.
    waiting: Arc<()>,
    issued: u64,
    /// Until then, other calls assume that a question is in progress.
    asking_until: Micros,
    /// The gate has no places until then.
    again_at: Micros,
    /// The holder's own limit is reached until then.
    limited_until: Micros,
    /// The number of calls since `since`.
    taken: u64,
    since: Micros,
    used_at: Micros,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    /// When the first place opens.
    opens: Micros,
    /// When that place ends.
    lapses: Micros,
    step: Micros,
    /// The first place that has not been used.
    next: u32,
    count: u32,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    /// When it comes back.
    expected: Micros,
    alive: Weak<()>,
}

/// A place that a call waits for.
#[derive(Debug)]
struct Claim {
    place: Spot,
    alive: Weak<()>,
}

/// When a place opens and ends.
#[derive(Clone, Copy, Debug)]
struct Spot {
    opens: Micros,
    lapses: Micros,
}

/// A claim or a place in the line, given up on drop.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    claim: Option<Spot>,
    /// Shared with the claim or the line, which detect the drop.
    alive: Arc<()>,
    /// While it is in a line, it counts as a waiting call of its holder and of all.
    _waits: Option<[Arc<()>; 2]>,
}

/// The next action of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// It goes.
    Go,
    /// It waits this long, and comes back with its ticket.
    Wait(Micros),
    /// It asks the gate for this many places.
    Ask(u32),
    /// It would have to wait this long, which is too long.
    Late(Micros),
    /// Its holder's limit is reached for this long.
    Limited(Micros),
    /// Too many calls are waiting already.
    Crowded,
}

impl Leases {
    /// How much later than intended a place may be used, because an answer takes time.
    pub(crate) const LATE: Micros = 250_000;
    /// How long leased calls can be used if there is no budget and thus no places in time.
    pub(crate) const CALLS_FOR: Micros = 1_000_000;
    /// A question that takes longer than this does not prevent others.
    const ASKING: Micros = 250_000;
    /// How soon a call checks whether the question was answered.
    const LOOK: Micros = 20_000;
    /// A waiter this late no longer delays those behind it.
    const OVERDUE: Micros = 100_000;
    /// A lease is renewed when it covers less than this time.
    const AHEAD: Micros = 100_000;
    /// The minimum time over which rates are measured.
    const SHORTEST: Micros = 50_000;
    /// The maximum number of holders; beyond it, the one that was not used for longest is removed.
    pub(crate) const MOST: usize = 1_000;
    /// The maximum number of waiting calls per holder in an isolate.
    pub(crate) const MOST_WAITING: usize = 5_000;
    /// The maximum number of waiting calls of all holders. Beyond it, only a few of each holder wait, so that no crowd
    /// keeps others out.
    pub(crate) const MOST_IN_ALL: usize = 20_000;
    /// The number of calls per holder in that case.
    pub(crate) const FEW: usize = 20;

    /// A call of a holder is ready to go, and can wait as long as `patience`. `step` is the time between two places of
    /// the budget, if there is one.
    pub(crate) fn turn(
        &mut self,
        holder: &str,
        ticket: &mut Option<Ticket>,
        (step, patience): (Micros, Micros),
        now: Micros,
    ) -> Turn {
        let is_crowd = tickets(&self.waiting) >= Self::MOST_IN_ALL;
        let all = Arc::clone(&self.waiting);
        self.look_at_clock(now);
        drop(ticket.take_if(|ticket| ticket.number < self.first_number));
        let held = self.of(holder, now);
        held.clear(now);
        if let Some(claim) = ticket.as_mut().and_then(|ticket| ticket.claim.take()) {
            if claim.opens > now {
                held.keep(ticket, claim);
                return Turn::Wait(claim.opens - now);
            }
            held.unclaim(ticket.take());
            if now < claim.lapses {
                return held.go(now);
            }
        }
        // Its line may have been removed meanwhile; it then joins again.
        drop(ticket.take_if(|ticket| held.position(ticket).is_none()));
        if let Some(place) = held.first_free(now.saturating_add(patience)) {
            if place.opens <= now {
                *ticket = None;
                return held.go(now);
            }
            held.claim(ticket, place);
            return Turn::Wait(place.opens - now);
        }
        // A call with less time than a question takes leaves the question to those behind it; the answer would come too
        // late for it.
        let turn = if patience < Self::ASKING && held.ahead_of(None, now) > 1 {
            Turn::Late(Self::ASKING)
        } else {
            held.without_place(ticket.as_ref(), step, now)
        };
        let expected = match turn {
            Turn::Wait(wait) if wait > patience => {
                *ticket = None;
                return Turn::Late(wait);
            }
            Turn::Wait(wait) => now + wait,
            Turn::Ask(_) => now + Self::ASKING,
            Turn::Go | Turn::Late(_) | Turn::Limited(_) | Turn::Crowded => {
                *ticket = None;
                return turn;
            }
        };
        // A call with a ticket is already in a line.
        let most = if is_crowd { Self::FEW } else { Self::MOST_WAITING };
        if ticket.is_none() && tickets(&held.waiting) >= most {
            if matches!(turn, Turn::Ask(_)) {
                // Another call has to ask its question.
                held.asking_until = 0;
            }
            return Turn::Crowded;
        }
        held.stand(ticket, expected, all);
        if matches!(turn, Turn::Ask(_)) { Turn::Ask(held.wanted(step, now)) } else { turn }
    }

    /// How many places to request after a call has gone: a holder with many calls renews its lease in time.
    pub(crate) fn renewal(&mut self, holder: &str, step: Micros, now: Micros) -> Option<u32> {
        let held = self.of(holder, now);
        if held.asking_until > now || held.again_at > now || held.limited_until > now {
            return None;
        }
        let pace = held.pace(now);
        let has_many = pace.in_time(Self::LATE) >= 2;
        let is_short = held.left_at(now + Self::AHEAD) <= pace.in_time(Self::AHEAD);
        if held.waiting(now) <= held.left_at(now) && !(has_many && is_short) {
            return None;
        }
        held.asking_until = now + Self::ASKING;
        Some(held.wanted(step, now))
    }

    /// The gate leased places, in response to a question sent at `asked`. Returns whether one of them can still be
    /// used.
    pub(crate) fn leased(&mut self, holder: &str, lease: Lease, asked: Micros, now: Micros) -> bool {
        let held = self.of(holder, now);
        held.asking_until = 0;
        // If the clock went back meanwhile, the end of the places is unknown.
        if now < asked {
            return true;
        }
        // Without a step, calls are counted and there are no places in time.
        let lasts = if lease.step == 0 { Self::CALLS_FOR } else { lease.step.max(1_000).saturating_add(Self::LATE) };
        let block = Block {
            opens: now.saturating_add(lease.wait),
            lapses: asked.saturating_add(lease.wait).saturating_add(lasts),
            step: lease.step,
            next: 0,
            count: lease.count,
        };
        held.blocks.push_back(block);
        held.clear(now);
        !held.blocks.is_empty()
    }

    /// The gate has no places for this long.
    pub(crate) fn refused(&mut self, holder: &str, wait: Micros, now: Micros) {
        let held = self.of(holder, now);
        (held.asking_until, held.again_at) = (0, now.saturating_add(wait));
    }

    /// The holder's own limit is reached for this long.
    pub(crate) fn limited(&mut self, holder: &str, wait: Micros, now: Micros) {
        let held = self.of(holder, now);
        (held.asking_until, held.limited_until) = (0, now.saturating_add(wait));
    }

    /// The gate did not respond.
    pub(crate) fn unanswered(&mut self, holder: &str, now: Micros) {
        self.of(holder, now).asking_until = 0;
    }

    /// The number of places it holds, claimed or not.
    #[cfg(test)]
    pub(crate) fn places(&self) -> u64 {
        self.held.iter().map(|(_, held)| held.left_at(0) + held.claims.len() as u64).sum()
    }

    /// Whether it has seen a later time.
    #[cfg(test)]
    pub(crate) const fn has_seen_later(&self, now: Micros) -> bool {
        now < self.seen
    }

    /// After the clock went back, earlier times are meaningless: those of leases, and those of claims and lines, for
    /// which calls hold tickets.
    fn look_at_clock(&mut self, now: Micros) {
        if now < self.seen {
            self.held.clear();
            self.first_number = (self.made + 1) << 32;
        }
        self.seen = now;
    }

    fn of(&mut self, holder: &str, now: Micros) -> &mut Held {
        self.look_at_clock(now);
        let place = |all: &Self| all.held.binary_search_by(|(name, _)| name.as_str().cmp(holder));
        let mut at = place(self);
        if at.is_err() && self.held.len() >= Self::MOST {
            let oldest = self.held.iter().enumerate().min_by_key(|(_, (_, held))| held.used_at).map(|(at, _)| at);
            if let Some(oldest) = oldest {
                self.held.remove(oldest);
            }
            at = place(self);
        }
        let at = at.unwrap_or_else(|free| {
            // A ticket of an earlier line must not be taken for one of this line.
            self.made += 1;
            let issued = self.made << 32;
            self.held.insert(free, (holder.to_owned(), Held { issued, since: now, ..Held::default() }));
            free
        });
        let held = &mut self.held[at].1;
        held.used_at = now;
        held
    }
}

impl Held {
    /// Removes ended places, and calls that have left.
    fn clear(&mut self, now: Micros) {
        for block in &mut self.blocks {
            block.clear(now);
        }
        self.blocks.retain(|block| block.next < block.count);
        self.claims.retain(|claim| claim.place.lapses > now);
        while self.line.front().is_some_and(|waiter| waiter.alive.strong_count() == 0) {
            self.line.pop_front();
        }
    }

    /// The number of calls in line before the holder of a ticket, or before a newcomer.
    fn ahead_of(&self, ticket: Option<&Ticket>, now: Micros) -> u64 {
        let number = ticket.map_or(u64::MAX, |ticket| ticket.number);
        let waits = |waiter: &&Waiter| {
            waiter.alive.strong_count() > 0 && waiter.expected.saturating_add(Leases::OVERDUE) >= now
        };
        self.line.iter().take_while(|waiter| waiter.number < number).filter(waits).count() as u64
    }

    /// Takes the first unclaimed place that opens by then.
    fn first_free(&mut self, until: Micros) -> Option<Spot> {
        let given_up = self.claims.iter().enumerate().filter(|(_, claim)| claim.alive.strong_count() == 0);
        let given_up = given_up.min_by_key(|(_, claim)| claim.place.opens).map(|(at, claim)| (at, claim.place));
        let next = self.blocks.front().map(Block::first).filter(|place| place.opens <= until);
        match (given_up, next) {
            (Some((at, place)), next) if next.is_none_or(|next| place.opens <= next.opens) => {
                if place.opens > until {
                    return None;
                }
                self.claims.swap_remove(at);
                Some(place)
            }
            (_, next) => {
                if next.is_some()
                    && let Some(block) = self.blocks.front_mut()
                {
                    block.next += 1;
                    if block.next >= block.count {
                        self.blocks.pop_front();
                    }
                }
                next
            }
        }
    }

    /// The action of a call without a place: wait, ask, or give up because its holder has no calls left.
    fn without_place(&mut self, ticket: Option<&Ticket>, step: Micros, now: Micros) -> Turn {
        if !self.blocks.is_empty() {
            // There is a place, but too late for the call.
            return Turn::Late(self.blocks.front().map_or(0, |block| block.first().opens.saturating_sub(now)));
        }
        if self.limited_until > now {
            return Turn::Limited(self.limited_until - now);
        }
        if self.again_at <= now && self.asking_until <= now {
            self.asking_until = now + Leases::ASKING;
            return Turn::Ask(0);
        }
        let first = if self.again_at > now { self.again_at } else { now + Leases::LOOK };
        // The places before it take at least this long.
        Turn::Wait(first.saturating_add(step.saturating_mul(self.ahead_of(ticket, now))) - now)
    }

    fn claim(&mut self, ticket: &mut Option<Ticket>, place: Spot) {
        if let Some(ticket) = ticket.take() {
            self.leave(&ticket);
        }
        self.issued += 1;
        *ticket = Some(Ticket { number: self.issued, claim: None, alive: Arc::new(()), _waits: None });
        self.keep(ticket, place);
    }

    /// Keeps the place for the call for as long as the ticket exists.
    fn keep(&mut self, ticket: &mut Option<Ticket>, place: Spot) {
        let Some(ticket) = ticket else { return };
        ticket.claim = Some(place);
        let alive = Arc::downgrade(&ticket.alive);
        if !self.claims.iter().any(|claim| claim.alive.ptr_eq(&alive)) {
            self.claims.push(Claim { place, alive });
        }
    }

    /// Releases the claim on the call's own place.
    fn unclaim(&mut self, ticket: Option<Ticket>) {
        if let Some(alive) = ticket.map(|ticket| Arc::downgrade(&ticket.alive)) {
            self.claims.retain(|claim| !claim.alive.ptr_eq(&alive));
        }
    }

    fn leave(&mut self, ticket: &Ticket) {
        if let Some(at) = self.position(ticket) {
            self.line.remove(at);
        }
    }

    fn position(&self, ticket: &Ticket) -> Option<usize> {
        self.line.binary_search_by_key(&ticket.number, |waiter| waiter.number).ok()
    }

    fn go(&mut self, now: Micros) -> Turn {
        if self.taken == 0 {
            self.since = self.since.max(now.saturating_sub(Leases::CALLS_FOR));
        }
        self.taken += 1;
        Turn::Go
    }

    fn stand(&mut self, ticket: &mut Option<Ticket>, expected: Micros, all: Arc<()>) {
        if let Some(held) = ticket
            && let Some(at) = self.position(held)
            && let Some(waiter) = self.line.get_mut(at)
        {
            waiter.expected = expected;
            return;
        }
        // Calls in the middle of the line may have left as well; the line is searched when it has grown.
        if self.line.len().is_power_of_two() {
            self.line.retain(|waiter| waiter.alive.strong_count() > 0);
        }
        self.issued += 1;
        let alive = Arc::new(());
        self.line.push_back(Waiter { number: self.issued, expected, alive: Arc::downgrade(&alive) });
        let waits = [Arc::clone(&self.waiting), all];
        *ticket = Some(Ticket { number: self.issued, claim: None, alive, _waits: Some(waits) });
    }

    /// How many places to request: for the waiting calls, and for those expected while the places can be used. Surplus
    /// places lapse.
    fn wanted(&mut self, step: Micros, now: Micros) -> u32 {
        let pace = self.pace(now);
        let coming = if step == 0 {
            pace.in_time(Leases::CALLS_FOR)
        } else {
            // Places pass at their own pace; a slower holder can also use the few that are late.
            let used = pace.in_time(step.saturating_mul(1_000)).min(900);
            pace.in_time(Leases::LATE) * 1_000 / (1_000 - used)
        };
        let waiting = self.waiting(now).saturating_sub(self.left_at(now));
        (self.taken, self.since) = (0, now);
        u32::try_from(waiting.max(1) + coming).unwrap_or(Places::MOST).min(Places::MOST)
    }

    fn waiting(&self, now: Micros) -> u64 {
        self.ahead_of(None, now)
    }

    /// How many places can still be used at that time.
    fn left_at(&self, then: Micros) -> u64 {
        self.blocks.iter().map(|block| block.left_at(then)).sum()
    }

    /// The pace of calls; a single call does not make one.
    fn pace(&self, now: Micros) -> Pace {
        Pace { calls: self.taken.saturating_sub(1), time: now.saturating_sub(self.since).max(Leases::SHORTEST) }
    }
}

/// The number of tickets that hold a clone: all references except the counter's own.
fn tickets(counting: &Arc<()>) -> usize {
    Arc::strong_count(counting) - 1
}

/// A number of calls in a time.
struct Pace {
    calls: u64,
    time: Micros,
}

impl Pace {
    const fn in_time(&self, time: Micros) -> u64 {
        self.calls.saturating_mul(time) / self.time
    }
}

impl Block {
    /// The first unused place.
    fn first(&self) -> Spot {
        let from = self.step.saturating_mul(self.next.into());
        let lapses = self.lapses.saturating_add(from);
        Spot { opens: self.opens.saturating_add(from), lapses }
    }

    /// Removes the places that have ended.
    fn clear(&mut self, now: Micros) {
        self.next = self.next.max(self.over_at(now));
    }

    /// How many have ended by then.
    fn over_at(&self, now: Micros) -> u32 {
        match now.checked_sub(self.lapses) {
            None => 0,
            Some(_) if self.step == 0 => self.count,
            Some(late) => u32::try_from(late / self.step + 1).unwrap_or(u32::MAX).min(self.count),
        }
    }

    /// How many can still be used by then.
    fn left_at(&self, then: Micros) -> u64 {
        u64::from(self.count - self.next.max(self.over_at(then)).min(self.count))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const SECOND: Micros = 1_000_000;
    const START: Micros = 1_700_000_000 * SECOND;

    fn wait(leases: &mut Leases, holder: &str, now: Micros) -> (Turn, Option<Ticket>) {
        let mut ticket = None;
        (leases.turn(holder, &mut ticket, (20_000, 3_600 * SECOND), now), ticket)
    }

    /// What becomes of a holder's places, one after the other, in time.
    #[derive(Clone, Debug)]
    enum Event {
        /// The gate hands out the next ones, so long after the last: to a question that took so long.
        Leased { after: Micros, step: Micros, count: u32, took: Micros },
        /// Time passes.
        Passes(Micros),
        /// A call comes that cannot wait.
        Calls,
        /// The clock is put back.
        Back(Micros),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let step = prop_oneof![1..3_000_u64, 3_000..100_000_u64, Just(20_000)];
        let event = prop_oneof![
            2 => (0..400_000_u64, step, 1..40_u32, 0..600_000_u64)
                .prop_map(|(after, step, count, took)| Event::Leased { after, step, count, took }),
            6 => (0..60_000_u64).prop_map(Event::Passes),
            1 => (0..600_000_u64).prop_map(Event::Passes),
            12 => Just(Event::Calls),
            1 => (1..2_000_000_u64).prop_map(Event::Back),
        ];
        prop::collection::vec(event, 1..200)
    }

    proptest! {
        /// Beside a list of all places, each with its beginning and its end: a call goes if the first one that is not
        /// over has begun, and no place is for two calls. What nobody used is over.
        #[test]
        fn a_place_is_for_one_call_in_its_time(events in events()) {
            let mut leases = Leases::default();
            let mut places: VecDeque<(Micros, Micros)> = VecDeque::new();
            let (mut now, mut end) = (START, START);
            for event in events {
                match event {
                    Event::Leased { after, step, count, took } => {
                        let asked = now - took;
                        let opens = end.max(now) + after;
                        leases.leased("app", Lease { wait: opens - now, step, count }, asked, now);
                        let each = (0..Micros::from(count)).map(|place| place * step);
                        places.extend(each.map(|later| (opens + later, opens - took + later + step.max(1_000) + Leases::LATE)));
                        end = opens + step * Micros::from(count);
                    }
                    Event::Passes(time) => now += time,
                    Event::Calls => {
                        places.retain(|(_, lapses)| now < *lapses);
                        let goes = places.front().is_some_and(|(opens, _)| *opens <= now);
                        if goes {
                            places.pop_front();
                        }
                        let turn = leases.turn("app", &mut None, (20_000, 0), now);
                        prop_assert_eq!(turn == Turn::Go, goes, "{:?}", turn);
                    }
                    Event::Back(by) => {
                        // Who has not looked before cannot know.
                        leases.look_at_clock(now);
                        now -= by;
                        leases.look_at_clock(now);
                        places.clear();
                        end = now;
                    }
                }
            }
        }
    }

    /// If the clock goes back while a question is in progress, its places would end too late by the same amount.
    #[test]
    fn an_answer_to_a_question_from_before_a_clock_change_is_requested_again() {
        for back in [1, SECOND, 86_400 * SECOND] {
            let mut leases = Leases::default();
            let (Turn::Ask(_), _ticket) = wait(&mut leases, "app", START) else { panic!("there is no lease") };
            let lease = Lease { wait: 0, step: 20_000, count: 10 };
            assert!(leases.leased("app", lease, START, START - back), "it is an answer");
            assert!(matches!(wait(&mut leases, "app", START - back).0, Turn::Ask(_)), "{back}");
        }
    }

    /// If the clock goes back while a call waits for its place, the call neither waits longer nor uses a place that has
    /// ended.
    #[test]
    fn a_claim_ends_when_the_clock_goes_back() {
        for back in [10_000, SECOND, 86_400 * SECOND] {
            let mut leases = Leases::default();
            let lease = Lease { wait: 500_000, step: 20_000, count: 10 };
            assert!(leases.leased("app", lease, START, START));
            let (Turn::Wait(500_000), mut ticket) = wait(&mut leases, "app", START) else { panic!("it has a place") };
            let turn = leases.turn("app", &mut ticket, (20_000, SECOND), START - back);
            assert!(matches!(turn, Turn::Ask(_)), "{turn:?}");
        }
    }

    /// Calls that have left do not count, wherever in the line they were, so they do not exclude a newcomer.
    #[test]
    fn a_line_of_calls_that_have_left_has_room() {
        let mut leases = Leases::default();
        let first = wait(&mut leases, "app", START);
        let mut others: Vec<_> = (1..Leases::MOST_WAITING).map(|_| wait(&mut leases, "app", START).1).collect();
        assert_eq!(wait(&mut leases, "app", START).0, Turn::Crowded);
        others.truncate(10);
        assert!(matches!(wait(&mut leases, "app", START), (Turn::Wait(_), Some(_))));
        assert!(leases.held[0].1.line.len() <= 2 * Leases::MOST_WAITING);
        drop(first);
    }

    /// While the gate is silent, crowds of waiting calls are bounded per holder and in total, and a newcomer of another
    /// holder still gets a place in the line. Calls that leave make room.
    #[test]
    fn waiting_calls_are_bounded_per_holder_and_in_total_without_excluding_others() {
        let mut leases = Leases::default();
        let mut tickets: BTreeMap<String, Vec<Ticket>> = BTreeMap::new();
        for crowd in 0..5 {
            let holder = format!("crowd-{crowd}");
            for _ in 0..Leases::MOST_WAITING + 100 {
                if let (Turn::Wait(_) | Turn::Ask(_), Some(ticket)) = wait(&mut leases, &holder, START) {
                    tickets.entry(holder.clone()).or_default().push(ticket);
                }
            }
        }
        let waiting = |tickets: &BTreeMap<String, Vec<Ticket>>| tickets.values().map(Vec::len).collect::<Vec<_>>();
        let full = [vec![Leases::MOST_WAITING; 4], vec![Leases::FEW; 1]].concat();
        assert_eq!(waiting(&tickets), full);
        assert!(matches!(wait(&mut leases, "another", START), (Turn::Ask(_), Some(_))));
        assert_eq!(wait(&mut leases, "crowd-0", START).0, Turn::Crowded);
        tickets.remove("crowd-1");
        assert!(matches!(wait(&mut leases, "crowd-4", START), (Turn::Wait(_), Some(_))));
    }

    /// A limit of the holder's own ends after the time that the gate said, to the microsecond, and holds nobody else up.
    #[test]
    fn a_holder_is_limited_for_as_long_as_the_gate_said() {
        let mut leases = Leases::default();
        let long = 5 * SECOND;
        assert!(matches!(wait(&mut leases, "app", START), (Turn::Ask(_), Some(_))));
        leases.limited("app", long, START);
        for passed in [0, 1, SECOND, long - 1] {
            assert_eq!(wait(&mut leases, "app", START + passed).0, Turn::Limited(long - passed));
            assert_eq!(leases.renewal("app", 20_000, START + passed), None, "{passed}");
        }
        assert!(matches!(wait(&mut leases, "another", START + long - 1).0, Turn::Ask(_)));
        assert!(matches!(wait(&mut leases, "app", START + long).0, Turn::Ask(_)));
    }

    /// The questions that calls send in passing come early enough: a second after the start, which nobody could
    /// foresee, no call waits any more, although an answer takes longer than the pause between two calls.
    #[test]
    fn a_steady_holder_has_its_next_places_before_it_needs_them() {
        for (pause, took) in [(1_000, 20_000), (2_000, 5_000), (5_000, 60_000), (20_000, 60_000)] {
            let (mut leases, mut question) = (Leases::default(), None);
            let mut waiting: Vec<(Option<Ticket>, Micros)> = Vec::new();
            for tick in 0..20_000 {
                let now = START + tick * 500;
                if let Some((count, asked)) = question.take_if(|(_, asked)| *asked + took <= now) {
                    leases.leased("app", Lease { wait: 0, step: 500, count }, asked, now);
                }
                if tick * 500 % pause == 0 {
                    waiting.push((None, now));
                }
                waiting.retain_mut(|(ticket, back)| {
                    if *back > now {
                        return true;
                    }
                    let turn = leases.turn("app", ticket, (500, SECOND), now);
                    let asked = if let Turn::Ask(count) = turn { Some(count) } else { leases.renewal("app", 500, now) };
                    if let Some(count) = asked {
                        assert!(question.is_none(), "two questions at once");
                        question = Some((count, now));
                    }
                    match turn {
                        Turn::Go => return false,
                        Turn::Wait(wait) => *back = now + wait,
                        Turn::Ask(_) => *back = now + Leases::LOOK,
                        Turn::Late(_) | Turn::Limited(_) | Turn::Crowded => panic!("{turn:?}"),
                    }
                    assert!(now < START + SECOND, "a call waits after {tick} ticks: {pause}, {took}");
                    true
                });
            }
        }
    }

    #[test]
    fn the_least_recently_used_holder_is_removed_if_there_are_too_many() {
        let mut leases = Leases::default();
        let lease = Lease { wait: 0, step: SECOND, count: 100 };
        for number in 0..Leases::MOST + 500 {
            assert!(leases.leased(&number.to_string(), lease, START, START));
            assert!(leases.held.len() <= Leases::MOST);
        }
        assert_eq!(leases.held.len(), Leases::MOST);
    }
}
