//! Revocation of single sessions by id.
//!
//! There are two lists. `ATTENTION_REVOKED_SESSIONS` is a setting: it applies from the next request of every isolate
//! that has it. The other list is kept by the Durable Object that all isolates share, for `POST
//! /admin/sessions/<id>/revoke`: isolates ask it about each session, so it applies at once.
//!
//! A session lasts one hour at most, so an id is removed when no session with it can be valid any more. Nothing may be
//! lost: if a list cannot be read, every session counts as possibly revoked until all sessions of that time have
//! expired.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::codec::json::{self, Array, Object};
use attention_core::codec::text::decimal;
use attention_core::{Timestamp, millis};

use super::{CLOCKS_DIFFER, LONGEST_SESSION, is_id};

/// The maximum number of ids: at most 100 bytes each.
pub const MOST_REVOKED: usize = 1_000;
/// After this time, no session issued before is valid. Isolates' clocks differ from each other and from the object's.
pub const LAPSES_AFTER: Duration = Duration::from_secs(LONGEST_SESSION.as_secs() + 2 * CLOCKS_DIFFER.as_secs());
/// How long the object's last answer about a session is used while the object does not respond.
pub const BELIEVED_FOR: Duration = Duration::from_mins(1);
/// How many answers an isolate remembers: at most 100 bytes each.
const MOST_REMEMBERED: usize = 1_000;
/// The version of the stored text.
const VERSION: u64 = 1;

/// The list that the Durable Object keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Revocations {
    /// The ids, with the times at which they lapse.
    ids: Vec<(String, Timestamp)>,
    /// A list was lost; the status of sessions is unknown until then.
    lost_until: Option<Timestamp>,
}

/// The status of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is not revoked.
    Good,
    /// It is.
    Revoked,
    /// Unknown, because a list was lost.
    Unknown,
}

/// The list already has [`MOST_REVOKED`] ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl Revocations {
    /// Revokes every session with this id. Returns when the entry lapses because no such session can be valid any more.
    pub fn revoke(&mut self, id: &str, now: Timestamp) -> Result<Timestamp, Full> {
        self.tidy(now);
        let lapses = now.saturating_add(LAPSES_AFTER);
        let is_full = self.ids.len() >= MOST_REVOKED;
        match self.ids.iter_mut().find(|(known, _)| known == id) {
            Some((_, at)) => *at = lapses.max(*at),
            None if is_full => return Err(Full),
            None => self.ids.push((id.to_owned(), lapses)),
        }
        Ok(lapses)
    }

    /// The status of a session.
    pub fn standing(&self, id: &str, now: Timestamp) -> Standing {
        // An entry counts even after it has lapsed, so that a clock that goes back does not reinstate a session.
        match () {
            () if self.ids.iter().any(|(known, _)| known == id) => Standing::Revoked,
            () if self.lost_until.is_some_and(|until| until > now) => Standing::Unknown,
            () => Standing::Good,
        }
    }

    fn tidy(&mut self, now: Timestamp) {
        self.ids.retain(|(_, lapses)| *lapses > now);
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        let mut ids = Array::new();
        for (id, lapses) in &self.ids {
            let mut pair = Array::new();
            pair.string(id).raw(&decimal(lapses.as_unix_millis()));
            ids.raw(&pair.finish());
        }
        let mut object = Object::new();
        object.number("version", VERSION);
        if let Some(until) = self.lost_until {
            object.number("lostUntil", until.as_unix_millis());
        }
        object.raw("ids", &ids.finish());
        object.finish()
    }

    /// Restores a stored list. A text that [`to_json`](Self::to_json) does not write, or that a later version wrote,
    /// counts as a list that was lost now; the second value says whether that is so.
    pub fn restore(text: &str, now: Timestamp) -> (Self, bool) {
        match Self::from_json(text) {
            Some(list) => (list, false),
            None => (Self { ids: Vec::new(), lost_until: Some(now.saturating_add(LAPSES_AFTER)) }, true),
        }
    }

    fn from_json(text: &str) -> Option<Self> {
        let mut list = Self::default();
        let mut version = None;
        for (name, element) in json::read(text).ok()?.members().ok()? {
            match &*name {
                "version" => version = element.as_whole_number(),
                "lostUntil" => list.lost_until = Some(Timestamp::from_unix_millis(element.as_whole_number()?)),
                "ids" => {
                    for pair in element.elements().ok()? {
                        let pair: [_; 2] = pair.elements().ok()?.try_into().ok()?;
                        let [id, lapses] = pair;
                        let id = id.into_text().filter(|id| is_id(id))?.into_owned();
                        list.ids.push((id, Timestamp::from_unix_millis(lapses.as_whole_number()?)));
                    }
                }
                _ => return None,
            }
        }
        (version == Some(VERSION) && list.ids.len() <= MOST_REVOKED).then_some(list)
    }
}

impl Standing {
    /// The form in which the object sends it to an isolate.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the output of [`as_str`](Self::as_str); anything else is [`Unknown`](Self::Unknown).
    pub fn parse(text: &str) -> Self {
        match text {
            "good" => Self::Good,
            "revoked" => Self::Revoked,
            _ => Self::Unknown,
        }
    }
}

/// An isolate's memory of the object's answers.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Vec<(String, Timestamp, bool)>);

impl Remembered {
    /// The status to use, given the object's answer or the lack of one. A session that was recently reported as good
    /// stays good, and one that was reported as revoked stays revoked.
    pub(crate) fn settle(&mut self, id: &str, said: Standing, now: Timestamp) -> Standing {
        let known = self.0.iter().position(|(known, ..)| known == id);
        let before = known.map(|at| self.0.remove(at));
        let (at, is_good) = match (said, before) {
            (_, Some((_, at, false))) => (at, false),
            (Standing::Good, _) => (now, true),
            (Standing::Revoked, _) => (now, false),
            (Standing::Unknown, Some((_, at, true))) if is_lately(at, now) => (at, true),
            (Standing::Unknown, _) => return Standing::Unknown,
        };
        if self.0.len() >= MOST_REMEMBERED {
            // Removes entries that are too old to be used, or else the oldest, good ones first.
            self.0.retain(
                |(_, at, is_good)| if *is_good { is_lately(*at, now) } else { at.saturating_add(LAPSES_AFTER) > now },
            );
            if self.0.len() >= MOST_REMEMBERED {
                let oldest = self.0.iter().position(|(.., is_good)| *is_good).unwrap_or_default();
                self.0.remove(oldest);
            }
        }
        self.0.push((id.to_owned(), at, is_good));
        if is_good { Standing::Good } else { Standing::Revoked }
    }
}

fn is_lately(at: Timestamp, now: Timestamp) -> bool {
    at <= now && millis(now.saturating_since(at)) < millis(BELIEVED_FOR)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn standings_have_the_names_that_the_object_and_isolates_exchange() {
        assert_eq!(
            [Standing::Good, Standing::Revoked, Standing::Unknown].map(Standing::as_str),
            ["good", "revoked", "unknown"]
        );
    }

    fn at(seconds: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(seconds))
    }

    #[test]
    fn a_full_list_refuses_entries_and_keeps_the_others() {
        let mut list = Revocations::default();
        for number in 0..MOST_REVOKED {
            assert!(list.revoke(&number.to_string(), at(0)).is_ok());
        }
        assert_eq!(list.revoke("one-more", at(0)), Err(Full));
        assert!(list.revoke("7", at(1)).is_ok(), "it is there already");
        assert_eq!(list.standing("0", at(0)), Standing::Revoked);
        assert_eq!(list.standing("one-more", at(0)), Standing::Good);
        // All entries except one have lapsed.
        assert!(list.revoke("one-more", at(LAPSES_AFTER.as_secs())).is_ok());
        assert_eq!(list.ids.len(), 2);
    }

    #[test]
    fn an_unreadable_list_makes_every_session_unknown_until_all_have_expired() {
        let newer = r#"{"version":2,"ids":[]}"#;
        for text in ["", "null", "[]", "{}", newer, r#"{"version":1,"ids":[["a b",1]]}"#, r#"{"version":1,"x":1}"#] {
            let (mut list, was_lost) = Revocations::restore(text, at(0));
            assert!(was_lost, "{text}");
            assert_eq!(list.standing("a", at(0)), Standing::Unknown, "{text}");
            list.revoke("b", at(1)).unwrap();
            // A restart does not restart the waiting time.
            let (list, was_lost) = Revocations::restore(&list.to_json(), at(60));
            assert!(!was_lost);
            assert_eq!(list.standing("b", at(60)), Standing::Revoked);
            assert_eq!(list.standing("a", at(LAPSES_AFTER.as_secs() - 1)), Standing::Unknown);
            assert_eq!(list.standing("a", at(LAPSES_AFTER.as_secs())), Standing::Good);
        }
    }

    proptest! {
        /// An object that restarts at random, compared with a map that forgets nothing.
        #[test]
        fn a_revocation_lasts_as_long_as_any_session(
            events in prop::collection::vec((0_u64..900, 0_usize..12, 0_u8..4), 1..120),
        ) {
            let (mut list, mut now) = (Revocations::default(), 0);
            let mut revoked: BTreeMap<String, u64> = BTreeMap::new();
            for (later, id, what) in events {
                now += later;
                let id = format!("s.{id}");
                match what {
                    0 => {
                        let lapses = list.revoke(&id, at(now)).unwrap();
                        prop_assert!(lapses >= at(now).saturating_add(LONGEST_SESSION));
                        revoked.insert(id, now);
                    }
                    1 => list = Revocations::restore(&list.to_json(), at(now)).0,
                    _ => {
                        let since = revoked.get(&id).map(|at| now - at);
                        match list.standing(&id, at(now)) {
                            Standing::Revoked => prop_assert!(since.is_some()),
                            Standing::Good => prop_assert!(since.is_none_or(|since| since >= LAPSES_AFTER.as_secs())),
                            Standing::Unknown => prop_assert!(false),
                        }
                    }
                }
            }
        }

        /// An isolate whose object is unavailable at random: a session is good for one minute after the object said so,
        /// and never again after the object said that it is not.
        #[test]
        fn an_isolate_uses_an_answer_for_one_minute(
            events in prop::collection::vec((0_u64..45, 0_usize..4, 0_u8..5), 1..150),
        ) {
            let (mut isolate, mut now) = (Remembered::default(), 0);
            let mut good: BTreeMap<usize, u64> = BTreeMap::new();
            let mut revoked: Vec<usize> = Vec::new();
            for (later, id, said) in events {
                now += later;
                let said = match said {
                    0 => Standing::Revoked,
                    1 | 2 => Standing::Good,
                    _ => Standing::Unknown,
                };
                let counts = isolate.settle(&id.to_string(), said, at(now));
                if said == Standing::Revoked || revoked.contains(&id) {
                    revoked.push(id);
                    prop_assert_eq!(counts, Standing::Revoked);
                } else if said == Standing::Good {
                    good.insert(id, now);
                    prop_assert_eq!(counts, Standing::Good);
                } else {
                    let lately = good.get(&id).is_some_and(|at| now - at < 60);
                    prop_assert_eq!(counts, if lately { Standing::Good } else { Standing::Unknown });
                }
            }
        }
    }

    #[test]
    fn the_memory_is_bounded_and_revocations_are_dropped_last() {
        let mut isolate = Remembered::default();
        isolate.settle("revoked", Standing::Revoked, at(0));
        for number in 0..3 * MOST_REMEMBERED {
            isolate.settle(&number.to_string(), Standing::Good, at(0));
            assert!(isolate.0.len() <= MOST_REMEMBERED);
        }
        assert_eq!(isolate.settle("revoked", Standing::Unknown, at(1)), Standing::Revoked);
    }
}
