//! The second part of a rotation: from the new key to the end of the old one, or back.

use alloc::string::String;
use core::time::Duration;

use super::problem::{Answer, Problem};
use super::step::{Ending, Proof, Report, Role, Step, Stray, Watch};
use super::{NewKey, Origin, Rotation, Source, Stage};
use crate::credential::Fingerprint;
use crate::credential::lifecycle::listing::{KeyList, ListedKey};
use crate::{Slot, Timestamp};

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Exchange {
    pub(super) new: NewKey,
    pub(super) direction: Direction,
    /// Whether a place may have received a key.
    pub(super) touched: bool,
    /// Whether a deletion may have begun. From then on the direction cannot change.
    pub(super) deleting: bool,
    /// Whether the key to be deleted was accepted just before. Only then does a 401 after the deletion prove it, since
    /// a 401 has other causes too.
    pub(super) was_alive: bool,
    pub(super) proof: Option<Proof>,
    pub(super) phase: Phase,
}

/// The direction: which key all places should use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Forward,
    Back,
}

impl Direction {
    /// The key that all places should use.
    pub(super) const fn target(self) -> Role {
        match self {
            Self::Forward => Role::New,
            Self::Back => Role::Old,
        }
    }
}

/// The current phase, in order. A place is an index into the plan's places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Try,
    DeliverNext(usize),
    VerifyNext(usize),
    Promote(usize),
    VerifyCurrent(usize),
    ClearNext(usize),
    /// `None` until the list has been read.
    Watch(Option<Watch>),
    /// Each place is verified again, because days may have passed.
    Recheck(usize),
    ProveAlive,
    Delete,
    ProveDead,
    /// Searching the list for leftover keys.
    Count,
    /// The new key's value is lost, and places use that key: a person creates another.
    Replace,
}

impl Phase {
    pub(super) const fn place(self) -> Option<usize> {
        match self {
            Self::DeliverNext(index)
            | Self::VerifyNext(index)
            | Self::Promote(index)
            | Self::VerifyCurrent(index)
            | Self::ClearNext(index)
            | Self::Recheck(index) => Some(index),
            Self::Try
            | Self::Watch(_)
            | Self::ProveAlive
            | Self::Delete
            | Self::ProveDead
            | Self::Count
            | Self::Replace => None,
        }
    }
}

impl Phase {
    const fn touches(self) -> bool {
        matches!(self, Self::DeliverNext(_) | Self::Promote(_))
    }

    /// The problem that a refusal means in this phase, and the problem that another failure means.
    const fn problems(self) -> (Problem, Problem) {
        match self {
            Self::DeliverNext(_) | Self::Promote(_) => (Problem::DeliveryFailed, Problem::DeliveryFailed),
            Self::VerifyNext(_) | Self::VerifyCurrent(_) | Self::Recheck(_) => {
                (Problem::NotVerified, Problem::NotVerified)
            }
            Self::Watch(_) | Self::Count => (Problem::ListDenied, Problem::StepFailed),
            Self::Delete => (Problem::DeleteByHand, Problem::StepFailed),
            Self::Try | Self::ClearNext(_) | Self::ProveAlive | Self::ProveDead | Self::Replace => {
                (Problem::StepFailed, Problem::StepFailed)
            }
        }
    }
}

impl Exchange {
    /// The possible answers to a problem in this phase.
    pub(super) fn answers(&self, problem: Problem) -> &'static [Answer] {
        use Answer::{Confirm, DeletedByHand, GoBack, GoForward, Leave, Retry, TakeKey};
        match (self.phase, self.direction) {
            (Phase::Delete, _) => &[Retry, DeletedByHand, Leave],
            (Phase::ProveDead | Phase::Count, _) if problem == Problem::StillAlive => &[Retry, DeletedByHand, Leave],
            (Phase::ProveDead | Phase::Count, _) => &[Retry, Confirm],
            (Phase::Try, Direction::Forward) if !self.touched => &[Retry, TakeKey, GoBack],
            (Phase::Watch(_), Direction::Forward) => &[Retry, Confirm, Leave, GoBack],
            (Phase::Watch(_), Direction::Back) => &[Retry, Confirm, Leave, GoForward],
            // Going back may fail by now, because the old key may be dead.
            (_, Direction::Forward) if matches!(problem, Problem::NewKeyMissing | Problem::NewKeyRejected) => {
                &[Retry, TakeKey, GoBack]
            }
            (_, Direction::Forward) => &[Retry, GoBack],
            (_, Direction::Back) => &[Retry, GoForward],
        }
    }
}

impl Rotation {
    pub(super) fn step_of_exchange<'a>(&'a self, exchange: &'a Exchange, now: Timestamp) -> Step<'a> {
        let key = exchange.direction.target();
        let fingerprint = self.fingerprint(exchange, key);
        // Indices are checked when a phase is entered or read.
        let place = |index: usize| &self.plan.places[index];
        match exchange.phase {
            Phase::Try => Step::Try { key, fingerprint },
            Phase::DeliverNext(at) => Step::Deliver { place: place(at), slot: Slot::Next, key, fingerprint },
            Phase::VerifyNext(at) => Step::Verify { place: place(at), slot: Slot::Next, fingerprint },
            Phase::Promote(at) => Step::Deliver { place: place(at), slot: Slot::Current, key, fingerprint },
            Phase::VerifyCurrent(at) | Phase::Recheck(at) => {
                Step::Verify { place: place(at), slot: Slot::Current, fingerprint }
            }
            Phase::ClearNext(at) => Step::ClearNext { place: place(at), key },
            Phase::Watch(Some(watch)) if !self.rest(watch, now).is_zero() => Step::Wait(self.rest(watch, now)),
            Phase::Watch(_) | Phase::Count => Step::List { with: key },
            Phase::Delete => match self.id(exchange, key.other()) {
                Some(id) => Step::Delete { id, key: key.other(), with: key },
                // The list may contain the id.
                None => Step::List { with: key },
            },
            Phase::Replace => Step::Take,
            Phase::ProveAlive | Phase::ProveDead => {
                Step::Try { key: key.other(), fingerprint: self.fingerprint(exchange, key.other()) }
            }
        }
    }

    /// The remaining watching time. A clock that was put back does not extend it.
    fn rest(&self, watch: Watch, now: Timestamp) -> Duration {
        self.plan.quiet.saturating_sub(now.saturating_since(watch.since))
    }

    fn fingerprint(&self, exchange: &Exchange, role: Role) -> Fingerprint {
        match role {
            Role::Old => self.plan.old,
            Role::New => exchange.new.fingerprint,
        }
    }

    fn id<'a>(&'a self, exchange: &'a Exchange, role: Role) -> Option<&'a str> {
        match role {
            Role::Old => self.old_id.as_deref(),
            Role::New => exchange.new.id(),
        }
    }

    /// Handles the report on a step of an exchange; `false` if it does not fit the step.
    pub(super) fn on_exchanged(&mut self, phase: Phase, report: Report<'_>, now: Timestamp) -> bool {
        match (phase, report) {
            (Phase::Try, Report::Accepted) => self.move_to_places(),
            (Phase::Try, Report::Rejected) => {
                self.problem = Some(match self.target() {
                    Role::New => Problem::NewKeyRejected,
                    Role::Old => Problem::OldKeyRejected,
                });
            }
            (Phase::DeliverNext(at), Report::Delivered) => self.move_to(Phase::VerifyNext(at)),
            (Phase::VerifyNext(at), Report::Verified) => {
                self.move_to(self.next_holder(at + 1).map_or(Phase::Promote(0), Phase::DeliverNext));
            }
            (Phase::Promote(at), Report::Delivered) => self.move_to(Phase::VerifyCurrent(at)),
            (Phase::VerifyCurrent(at), Report::Verified) if self.holds_next(at) => self.move_to(Phase::ClearNext(at)),
            (Phase::VerifyCurrent(at), Report::Verified) | (Phase::ClearNext(at), Report::Cleared) => {
                self.leave_place(at);
            }
            (Phase::VerifyNext(_) | Phase::VerifyCurrent(_) | Phase::Recheck(_), Report::NotVerified) => {
                // A delivered key may take a moment to arrive.
                self.again(None, Problem::NotVerified);
            }
            (Phase::Watch(Some(_)), Report::Waited) => {}
            (Phase::Watch(watch), Report::Keys(list)) => self.on_watched(watch, list, now),
            (Phase::Recheck(at), Report::Verified) => {
                let next = at + 1;
                self.move_to(if next < self.plan.places.len() { Phase::Recheck(next) } else { Phase::ProveAlive });
            }
            (Phase::Delete, Report::Deleted | Report::NotFound) if self.retired_id().is_some() => {
                self.move_to(Phase::ProveDead);
            }
            (Phase::Delete, Report::Keys(list)) if self.retired_id().is_none() => self.on_id_sought(list),
            (Phase::ProveAlive, Report::Accepted) => self.delete(true),
            (Phase::ProveAlive, Report::Rejected) => self.delete(false),
            (Phase::ProveAlive, Report::KeyMissing(role)) if role == self.target().other() => self.delete(false),
            (Phase::ProveDead, Report::Rejected) if self.was_alive() => self.prove(Proof::Rejected),
            // The key may never have been allowed to make this call.
            (Phase::ProveDead, Report::Rejected) => self.move_to(Phase::Count),
            (Phase::ProveDead, Report::Accepted) => self.on_alive(),
            // Nobody holds the key's value any more, so its absence from the list must suffice as proof.
            (Phase::ProveDead, Report::KeyMissing(role)) if role == self.target().other() => self.move_to(Phase::Count),
            (Phase::Count, Report::Keys(list)) => self.on_counted(list),
            (Phase::Replace, Report::Taken(fingerprint)) => self.on_replaced(fingerprint),
            // In this phase only the person is asked.
            (Phase::Replace, Report::Refused { .. } | Report::Denied | Report::KeyMissing(_)) => return false,
            (phase, report) => {
                let (denied, failed) = phase.problems();
                return self.set_back(&report, denied, failed);
            }
        }
        true
    }

    fn exchange(&mut self) -> Option<&mut Exchange> {
        match &mut self.stage {
            Stage::Exchange(exchange) => Some(exchange),
            Stage::Obtain(_) | Stage::Ended { .. } => None,
        }
    }

    fn target(&self) -> Role {
        match &self.stage {
            Stage::Exchange(exchange) => exchange.direction.target(),
            Stage::Obtain(_) | Stage::Ended { .. } => Role::Old,
        }
    }

    fn retired_id(&self) -> Option<&str> {
        match &self.stage {
            Stage::Exchange(exchange) => self.id(exchange, exchange.direction.target().other()),
            Stage::Obtain(_) | Stage::Ended { .. } => None,
        }
    }

    fn move_to(&mut self, phase: Phase) {
        self.setbacks = 0;
        if let Some(exchange) = self.exchange() {
            exchange.phase = phase;
            exchange.touched |= phase.touches();
            exchange.deleting |= phase == Phase::Delete;
        }
    }

    /// The first place, from index `from` on, that holds a next key.
    fn next_holder(&self, from: usize) -> Option<usize> {
        (from..self.plan.places.len()).find(|at| self.holds_next(*at))
    }

    fn holds_next(&self, at: usize) -> bool {
        self.plan.places.get(at).is_some_and(|place| place.holds_next)
    }

    fn move_to_places(&mut self) {
        let first = match self.target() {
            Role::New => self.next_holder(0),
            // The old key was in each place before, so there is nothing to try.
            Role::Old => None,
        };
        self.move_to(first.map_or(Phase::Promote(0), Phase::DeliverNext));
    }

    /// The place uses only the target key now. Continues with the next place, or with retiring the other key.
    fn leave_place(&mut self, at: usize) {
        if at + 1 < self.plan.places.len() {
            return self.move_to(Phase::Promote(at + 1));
        }
        match &self.stage {
            // A person created it, and decides whether to delete it.
            Stage::Exchange(Exchange { direction: Direction::Back, new, .. })
                if matches!(new.origin, Origin::Pasted { .. }) =>
            {
                self.end(None, None);
            }
            _ => self.move_to(Phase::Watch(None)),
        }
    }

    /// Takes ids that were unknown from the list.
    fn learn(&mut self, list: &KeyList) {
        if let Some(key) = list.find(self.plan.old) {
            self.old_id = Some(key.id.clone());
        }
        if let Some(exchange) = self.exchange()
            && let Some(key) = list.find(exchange.new.fingerprint)
            && let Origin::Pasted { id } = &mut exchange.new.origin
        {
            *id = Some(key.id.clone());
            let pasted = Stray::Pasted { fingerprint: exchange.new.fingerprint };
            // A key that was considered lost was found.
            self.strays.retain(|stray| *stray != pasted && !matches!(stray, Stray::Listed { id } if *id == key.id));
        }
    }

    /// Finds the key to be deleted in the list: by its value, or by its id if values are hidden.
    fn find_retired<'l>(&self, list: &'l KeyList) -> Option<&'l ListedKey> {
        let Stage::Exchange(exchange) = &self.stage else { return None };
        let retired = exchange.direction.target().other();
        let by_id = || {
            let id = self.id(exchange, retired)?;
            list.keys().iter().find(|key| key.id == id)
        };
        list.find(self.fingerprint(exchange, retired)).or_else(by_id)
    }

    fn on_watched(&mut self, watch: Option<Watch>, list: &KeyList, now: Timestamp) {
        self.learn(list);
        match (self.find_retired(list), watch) {
            // It was apparently deleted meanwhile.
            (None, _) if list.is_complete() => self.move_to(Phase::ProveDead),
            // Both keys have been used, so a list without times proves nothing.
            (None | Some(ListedKey { last_seen: None, .. }), _) => self.problem = Some(Problem::NotSeen),
            (Some(key), None) => {
                self.move_to(Phase::Watch(Some(Watch { since: now, seen: key.last_seen, changed: false })));
            }
            (Some(key), Some(watch)) if key.last_seen == watch.seen => {
                if self.rest(watch, now).is_zero() {
                    self.move_to(Phase::Recheck(0));
                }
            }
            (Some(_), Some(Watch { changed: true, .. })) => self.problem = Some(Problem::StillUsed),
            (Some(key), Some(_)) => {
                self.move_to(Phase::Watch(Some(Watch { since: now, seen: key.last_seen, changed: true })));
            }
        }
    }

    fn on_id_sought(&mut self, list: &KeyList) {
        self.learn(list);
        if self.retired_id().is_none() {
            if list.is_complete() {
                self.move_to(Phase::ProveDead);
            } else {
                self.problem = Some(Problem::DeleteByHand);
            }
        }
    }

    /// The key that should be dead was accepted.
    fn on_alive(&mut self) {
        if matches!(&self.stage, Stage::Exchange(exchange) if exchange.deleting) {
            self.again(None, Problem::StillAlive);
        } else {
            // The key is not in the list but works, so it is not known whether it is used.
            self.move_to(Phase::Watch(None));
            self.problem = Some(Problem::NotSeen);
        }
    }

    fn was_alive(&self) -> bool {
        matches!(&self.stage, Stage::Exchange(exchange) if exchange.was_alive)
    }

    fn delete(&mut self, was_alive: bool) {
        self.move_to(Phase::Delete);
        if let Some(exchange) = self.exchange() {
            exchange.was_alive = was_alive;
        }
    }

    fn prove(&mut self, proof: Proof) {
        if let Some(exchange) = self.exchange() {
            exchange.proof = Some(proof);
        }
        match self.plan.source {
            // A key of that name may have been created late.
            Source::Create { .. } => self.move_to(Phase::Count),
            Source::Take => self.end(Some(proof), None),
        }
    }

    fn on_counted(&mut self, list: &KeyList) {
        self.learn(list);
        let Stage::Exchange(exchange) = &self.stage else { return };
        let proof = match exchange.proof {
            Some(proof) => proof,
            None if self.find_retired(list).is_some() => return self.on_alive(),
            None if list.is_complete() || self.retired_id().is_some() => Proof::Unlisted,
            None => {
                self.problem = Some(Problem::NotSeen);
                return;
            }
        };
        let (used, fingerprint) = (exchange.new.id().map(String::from), exchange.new.fingerprint);
        // A pasted key may have the same name. If values are hidden, it may be any of those entries.
        self.note_strays(list, |key| {
            used.as_ref() == Some(&key.id)
                || key.fingerprint() == Some(fingerprint)
                || (used.is_none() && key.fingerprint().is_none())
        });
        self.end(Some(proof), None);
    }

    /// Ends the rotation in its current direction.
    fn end(&mut self, proof: Option<Proof>, left: Option<Role>) {
        let Stage::Exchange(exchange) = &self.stage else { return };
        let (ending, new) = (exchange.ending(), exchange.new.clone());
        let fingerprint = new.fingerprint;
        if exchange.direction == Direction::Back && proof.is_none() {
            self.strays.push(new.into_stray());
        }
        self.enter(Stage::Ended { ending, new: Some(fingerprint), proof, left });
    }

    pub(super) fn answer_in_exchange(&mut self, phase: Phase, problem: Problem, answer: Answer) {
        match (answer, phase) {
            (Answer::Retry, Phase::VerifyNext(at)) => self.move_to(Phase::DeliverNext(at)),
            (Answer::Retry, Phase::VerifyCurrent(at) | Phase::Recheck(at)) => self.move_to(Phase::Promote(at)),
            (Answer::Retry, Phase::Watch(_)) => self.move_to(Phase::Watch(None)),
            (Answer::Retry, _) if problem == Problem::StillAlive => self.move_to(Phase::Delete),
            (Answer::Retry, phase) => self.move_to(phase),
            (Answer::Confirm, Phase::Watch(_)) => self.move_to(Phase::Recheck(0)),
            (Answer::Confirm, Phase::ProveDead) => self.prove(Proof::Confirmed),
            (Answer::Confirm, _) => {
                let proof = self.exchange().and_then(|exchange| exchange.proof).unwrap_or(Proof::Confirmed);
                self.end(Some(proof), None);
            }
            (Answer::DeletedByHand, _) => self.move_to(Phase::ProveDead),
            (Answer::Leave, _) => self.end(None, Some(self.target().other())),
            (Answer::TakeKey, _) => self.replace_new(),
            (Answer::GoBack, _) => self.turn(Direction::Back),
            (Answer::GoForward, _) => self.turn(Direction::Forward),
        }
    }

    /// Replaces the new key with another one.
    fn replace_new(&mut self) {
        if let Stage::Exchange(exchange) = &self.stage {
            if exchange.touched {
                // Places use it, so they are all visited again.
                return self.move_to(Phase::Replace);
            }
            let stray = exchange.new.clone().into_stray();
            self.strays.push(stray);
            self.take_instead();
        }
    }

    /// Another new key goes to all places, from the first on; afterwards nobody uses the one that was lost.
    fn on_replaced(&mut self, fingerprint: Fingerprint) {
        if fingerprint == self.plan.old {
            self.problem = Some(Problem::SameKey);
            return;
        }
        let Some(exchange) = self.exchange() else { return };
        if fingerprint != exchange.new.fingerprint {
            let new = NewKey { fingerprint, origin: Origin::Pasted { id: None } };
            let stray = core::mem::replace(&mut exchange.new, new).into_stray();
            self.strays.push(stray);
        }
        self.move_to(Phase::Try);
    }

    fn turn(&mut self, direction: Direction) {
        let Some(exchange) = self.exchange() else { return };
        exchange.direction = direction;
        match (exchange.touched, &exchange.new.origin) {
            (true, _) => self.move_to(Phase::Try),
            // No place ever had the new key, so it can be deleted at once.
            (false, Origin::Made { .. }) => self.move_to(Phase::Delete),
            (false, Origin::Pasted { .. }) => self.end(None, None),
        }
    }
}

impl Exchange {
    const fn ending(&self) -> Ending {
        match (self.direction, self.touched) {
            (Direction::Forward, _) => Ending::Rotated,
            (Direction::Back, true) => Ending::RolledBack,
            (Direction::Back, false) => Ending::Abandoned,
        }
    }
}
