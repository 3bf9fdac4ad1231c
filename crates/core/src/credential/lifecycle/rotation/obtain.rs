//! The first part of a rotation: obtaining the new key, created through the API or pasted.

use alloc::string::String;

use super::problem::{Answer, Problem};
use super::step::{Ending, Report, Role, Step, Stray};
use super::{MAX_CREATIONS, NewKey, Origin, Rotation, Source, Stage};
use crate::credential::lifecycle::listing::KeyList;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obtain {
    /// Checking that no key has the name yet, so that it identifies the new key.
    CheckName,
    /// Requesting a new key.
    Create,
    /// The key was requested and may exist.
    FindCreated,
    /// A person creates the key.
    Take,
}

impl Rotation {
    pub(super) fn step_to_obtain(&self, obtain: Obtain) -> Step<'_> {
        match (obtain, &self.plan.source) {
            (Obtain::CheckName | Obtain::FindCreated, _) => Step::List { with: Role::Old },
            (Obtain::Create, Source::Create { name, org_level }) => {
                Step::Create { name, org_level: *org_level, with: Role::Old }
            }
            (Obtain::Take, _) | (Obtain::Create, Source::Take) => Step::Take,
        }
    }

    pub(super) fn on_obtained(&mut self, obtain: Obtain, report: Report<'_>) -> bool {
        match (obtain, report) {
            (Obtain::CheckName, Report::Keys(list)) => {
                self.old_id = list.find(self.plan.old).map(|key| key.id.clone());
                if list.keys().iter().any(|key| self.made_here(key)) {
                    self.problem = Some(Problem::NameTaken);
                } else {
                    self.enter(Stage::Obtain(Obtain::Create));
                }
            }
            (Obtain::FindCreated, Report::Keys(list)) => self.on_search(list),
            (Obtain::Create, Report::Created { id, fingerprint }) => match fingerprint {
                Some(fingerprint) if fingerprint != self.plan.old => {
                    self.begin_exchange(NewKey { fingerprint, origin: Origin::Made { id: String::from(id) } });
                }
                Some(_) => self.problem = Some(Problem::SameKey),
                None => {
                    self.strays.push(Stray::Listed { id: String::from(id) });
                    self.problem = Some(Problem::ValueHidden);
                }
            },
            // The server may also fail after it created the key.
            (Obtain::Create, Report::Lost | Report::Failed) => {
                self.unaccounted = self.unaccounted.saturating_add(1);
                self.setbacks += 1;
                // The count of setbacks continues, because these two phases alternate.
                self.stage = Stage::Obtain(Obtain::FindCreated);
            }
            (Obtain::Take, Report::Taken(fingerprint)) => {
                if fingerprint == self.plan.old {
                    self.problem = Some(Problem::SameKey);
                } else {
                    self.begin_exchange(NewKey { fingerprint, origin: Origin::Pasted { id: None } });
                }
            }
            // In this phase only the person is asked.
            (Obtain::Take, Report::Refused { .. } | Report::Denied | Report::KeyMissing(_)) => return false,
            (Obtain::Create, report) => return self.set_back(&report, Problem::CreateDenied, Problem::StepFailed),
            (_, report) => return self.set_back(&report, Problem::ListDenied, Problem::StepFailed),
        }
        true
    }

    /// Searches the list for the new key after its response was lost.
    fn on_search(&mut self, list: &KeyList) {
        let is_stray =
            |id: &str| self.strays.iter().any(|stray| matches!(stray, Stray::Listed { id: known } if known == id));
        let made = || list.keys().iter().filter(|key| self.made_here(key) && !is_stray(&key.id));
        // Chooses the same key each time if there are several.
        let usable = made().filter_map(|key| Some((&key.id, key.fingerprint()?))).min_by_key(|(id, _)| *id);
        match usable {
            Some((id, fingerprint)) if fingerprint != self.plan.old => {
                let id = id.clone();
                self.note_strays(list, |key| key.id == id);
                self.unaccounted = self.unaccounted.saturating_sub(1);
                self.begin_exchange(NewKey { fingerprint, origin: Origin::Made { id } });
            }
            Some(_) => self.problem = Some(Problem::SameKey),
            None if made().next().is_some() => {
                self.note_strays(list, |_| false);
                self.problem = Some(Problem::ValueHidden);
            }
            None if self.setbacks >= MAX_CREATIONS => self.problem = Some(Problem::CreateFailed),
            None => self.stage = Stage::Obtain(Obtain::Create),
        }
    }

    pub(super) fn answer_to_obtain(&mut self, obtain: Obtain, problem: Problem, answer: Answer) {
        match answer {
            Answer::TakeKey => self.take_instead(),
            Answer::GoBack => {
                self.enter(Stage::Ended { ending: Ending::Abandoned, new: None, proof: None, left: None });
            }
            // Keys with hidden values remain strays; the next one may be shown.
            _ if problem == Problem::ValueHidden => self.enter(Stage::Obtain(Obtain::Create)),
            _ => self.enter(Stage::Obtain(obtain)),
        }
    }

    /// A person creates the key instead. The name is still needed only if a key may exist under it.
    pub(super) fn take_instead(&mut self) {
        if self.unaccounted == 0 && self.strays.is_empty() {
            self.plan.source = Source::Take;
        }
        self.enter(Stage::Obtain(Obtain::Take));
    }
}
