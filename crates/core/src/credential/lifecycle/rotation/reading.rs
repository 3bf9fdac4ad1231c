//! Reads a journal as strictly as it is written.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::exchange::{Exchange, Phase};
use super::journal::{DIRECTIONS, ENDINGS, FORMAT, JournalError, OBTAIN, PROOFS, ROLES, VERSION, owner};
use super::obtain::Obtain;
use super::plan::{Place, Plan, Source};
use super::problem::Problem;
use super::step::{Ending, Role, Stray, Watch};
use super::{NewKey, Origin, Rotation, Stage};
use crate::Timestamp;
use crate::codec::json::{self, Element, Malformed, Value};
use crate::credential::Fingerprint;
use crate::credential::lifecycle::listing;

pub(super) fn read(text: &str) -> Result<Rotation, JournalError> {
    let element = json::read(text).map_err(|at| malformed(text, at, "one JSON object"))?;
    listing::check(text, &element).map_err(|fault| {
        let (line, column) = fault.position();
        JournalError::Malformed { line, column, expected: "JSON" }
    })?;
    let mut journal = Members::of(text, &element)?;
    journal.one_of("format", &[(FORMAT, ())], "attention-rotation")?;
    // The version comes next, because a newer version may give the other members another meaning.
    let version = journal.number("version")?;
    if version > VERSION {
        return Err(JournalError::NewerVersion { version });
    }
    if version != VERSION {
        return Err(JournalError::Inconsistent { what: "there is no such version" });
    }
    let (plan, old_id) = plan(&mut journal)?;
    let rotation = Rotation {
        owner: owner(&journal.string("owner")?, plan.old)?,
        revision: journal.number("revision")?,
        plan,
        old_id,
        strays: journal.list("strays", stray)?,
        unaccounted: u32::try_from(journal.number("unaccounted")?).unwrap_or(u32::MAX),
        stage: stage(&mut journal)?,
        problem: journal.optional_one_of("problem", &Problem::ALL.map(|problem| (problem.code(), problem)))?,
        wait: None,
        setbacks: 0,
    };
    journal.finish()?;
    match contradiction(&rotation) {
        Some(what) => Err(JournalError::Inconsistent { what }),
        None => Ok(rotation),
    }
}

fn malformed(text: &str, at: Malformed, expected: &'static str) -> JournalError {
    let (line, column) = at.line_and_column(text);
    JournalError::Malformed { line, column, expected }
}

fn plan(journal: &mut Members<'_>) -> Result<(Plan, Option<String>), JournalError> {
    let mut source = journal.object("source")?;
    let from = if source.one_of("kind", &[("create", true), ("take", false)], "create or take")? {
        Source::Create { name: source.string("name")?, org_level: source.bool("orgLevel")? }
    } else {
        Source::Take
    };
    source.finish()?;
    let mut old = journal.object("old")?;
    let (fingerprint, id) = (old.fingerprint("fingerprint")?, old.optional_string("id")?);
    old.finish()?;
    let quiet = Duration::from_secs(journal.number("quietSeconds")?);
    let places = journal
        .list("places", |place| Ok(Place { name: place.string("name")?, holds_next: place.bool("holdsNext")? }))?;
    let plan = Plan::new(from, fingerprint, places, quiet);
    Ok((plan.map_err(|_| JournalError::Inconsistent { what: "a name or a place of the plan" })?, id))
}

fn stray(stray: &mut Members<'_>) -> Result<Stray, JournalError> {
    if stray.has("id") {
        Ok(Stray::Listed { id: stray.string("id")? })
    } else {
        Ok(Stray::Pasted { fingerprint: stray.fingerprint("fingerprint")? })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Obtain,
    Exchange,
    Ended,
}

fn stage(journal: &mut Members<'_>) -> Result<Stage, JournalError> {
    let mut stage = journal.object("stage")?;
    let kinds = [("obtain", Kind::Obtain), ("exchange", Kind::Exchange), ("ended", Kind::Ended)];
    let read = match stage.one_of("kind", &kinds, "obtain, exchange or ended")? {
        Kind::Obtain => Stage::Obtain(stage.one_of("phase", &OBTAIN, "a phase of obtaining a key")?),
        Kind::Exchange => Stage::Exchange(Exchange {
            new: new_key(&mut stage)?,
            direction: stage.one_of("direction", &DIRECTIONS, "forward or back")?,
            touched: stage.bool("touched")?,
            deleting: stage.bool("deleting")?,
            was_alive: stage.bool("wasAlive")?,
            proof: stage.optional_one_of("proof", &PROOFS)?,
            phase: phase(&mut stage)?,
        }),
        Kind::Ended => Stage::Ended {
            ending: stage.one_of("ending", &ENDINGS, "an ending")?,
            new: if stage.is_null("new") { stage.take("new").map(|_| None)? } else { Some(stage.fingerprint("new")?) },
            proof: stage.optional_one_of("proof", &PROOFS)?,
            left: stage.optional_one_of("left", &ROLES)?,
        },
    };
    stage.finish()?;
    Ok(read)
}

fn new_key(stage: &mut Members<'_>) -> Result<NewKey, JournalError> {
    let mut new = stage.object("new")?;
    let fingerprint = new.fingerprint("fingerprint")?;
    let origin = match (new.bool("made")?, new.optional_string("id")?) {
        (true, Some(id)) => Origin::Made { id },
        (true, None) => return Err(JournalError::Inconsistent { what: "a key that was made has no id" }),
        (false, id) => Origin::Pasted { id },
    };
    new.finish()?;
    Ok(NewKey { fingerprint, origin })
}

/// With place 0 and nothing watched; those members are read afterwards.
const PHASES: [(&str, Phase); 13] = [
    ("try", Phase::Try),
    ("deliver_next", Phase::DeliverNext(0)),
    ("verify_next", Phase::VerifyNext(0)),
    ("promote", Phase::Promote(0)),
    ("verify_current", Phase::VerifyCurrent(0)),
    ("clear_next", Phase::ClearNext(0)),
    ("watch", Phase::Watch(None)),
    ("recheck", Phase::Recheck(0)),
    ("prove_alive", Phase::ProveAlive),
    ("delete", Phase::Delete),
    ("prove_dead", Phase::ProveDead),
    ("count", Phase::Count),
    ("replace", Phase::Replace),
];

fn phase(stage: &mut Members<'_>) -> Result<Phase, JournalError> {
    let phase = stage.one_of("phase", &PHASES, "a phase of an exchange")?;
    let mut place = || Ok(usize::try_from(stage.number("place")?).unwrap_or(usize::MAX));
    Ok(match phase {
        Phase::DeliverNext(_) => Phase::DeliverNext(place()?),
        Phase::VerifyNext(_) => Phase::VerifyNext(place()?),
        Phase::Promote(_) => Phase::Promote(place()?),
        Phase::VerifyCurrent(_) => Phase::VerifyCurrent(place()?),
        Phase::ClearNext(_) => Phase::ClearNext(place()?),
        Phase::Recheck(_) => Phase::Recheck(place()?),
        Phase::Watch(_) if stage.is_null("since") => stage.take("since").map(|_| Phase::Watch(None))?,
        Phase::Watch(_) => Phase::Watch(Some(Watch {
            since: Timestamp::from_unix_millis(stage.number("since")?),
            seen: if stage.is_null("seen") {
                stage.take("seen").map(|_| None)?
            } else {
                Some(Timestamp::from_unix_millis(stage.number("seen")?))
            },
            changed: stage.bool("changed")?,
        })),
        Phase::Try | Phase::ProveAlive | Phase::Delete | Phase::ProveDead | Phase::Count | Phase::Replace => phase,
    })
}

/// The contradiction between a journal's members, if any. No rotation writes such a journal, but a person who edits one
/// might.
fn contradiction(rotation: &Rotation) -> Option<&'static str> {
    let creates = matches!(rotation.plan.source, Source::Create { .. });
    match &rotation.stage {
        Stage::Obtain(Obtain::Take) => None,
        Stage::Obtain(_) => (!creates).then_some("a key is made, and the plan takes one"),
        Stage::Exchange(exchange) => {
            let place = exchange.phase.place().map(|at| rotation.plan.places.get(at));
            let needs_next =
                matches!(exchange.phase, Phase::DeliverNext(_) | Phase::VerifyNext(_) | Phase::ClearNext(_));
            let is_moving = exchange.phase.place().is_some()
                || matches!(exchange.phase, Phase::Watch(_) | Phase::ProveAlive | Phase::Replace);
            let is_ending = matches!(exchange.phase, Phase::Delete);
            let contradictions = [
                (exchange.new.fingerprint == rotation.plan.old, "the new key is the old one"),
                (place == Some(None), "the plan has no such place"),
                (needs_next && place.flatten().is_some_and(|place| !place.holds_next), "the place holds no next key"),
                (is_moving && !exchange.touched, "places have a key, and none was touched"),
                (is_moving && exchange.deleting, "a deletion has begun, and places are changed"),
                (exchange.was_alive && !exchange.deleting, "the key was tried before a deletion, and none has begun"),
                (is_ending && !exchange.deleting, "a key is deleted, and no deletion has begun"),
                (exchange.proof.is_some() && exchange.phase != Phase::Count, "a proof is there before its time"),
            ];
            contradictions.iter().find(|(is_so, _)| *is_so).map(|(_, what)| *what)
        }
        Stage::Ended { ending, new, proof, left } => {
            let is_unfinished =
                *ending == Ending::Rotated && (new.is_none() || (proof.is_none() && *left != Some(Role::Old)));
            let contradictions = [
                (is_unfinished, "the rotation ended without an end of the old key"),
                (rotation.problem.is_some(), "the rotation is over, and has a problem"),
            ];
            contradictions.iter().find(|(is_so, _)| *is_so).map(|(_, what)| *what)
        }
    }
}

/// The members of an object, each of which can be taken once.
struct Members<'a> {
    text: &'a str,
    at: Malformed,
    rest: Vec<(Cow<'a, str>, Element<'a>)>,
}

impl<'a> Members<'a> {
    fn of(text: &'a str, element: &Element<'a>) -> Result<Self, JournalError> {
        let at = element.misplaced();
        match element.value() {
            Value::Container(raw) if raw.starts_with('{') => {
                let rest = element.members().map_err(|at| malformed(text, at, "JSON"))?;
                Ok(Self { text, at, rest })
            }
            _ => Err(malformed(text, at, "an object")),
        }
    }

    /// Checks that no unknown or repeated member is left.
    fn finish(self) -> Result<(), JournalError> {
        match self.rest.first() {
            None => Ok(()),
            Some((_, value)) => {
                let (line, column) = value.misplaced().line_and_column(self.text);
                Err(JournalError::Unknown { line, column })
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.rest.iter().any(|(known, _)| known == name)
    }

    fn is_null(&self, name: &str) -> bool {
        self.rest.iter().any(|(known, value)| known == name && *value.value() == Value::Null)
    }

    fn take(&mut self, name: &'static str) -> Result<Element<'a>, JournalError> {
        if let Some(at) = self.rest.iter().position(|(known, _)| known == name) {
            return Ok(self.rest.remove(at).1);
        }
        let (line, column) = self.at.line_and_column(self.text);
        Err(JournalError::Missing { line, column, member: name })
    }

    fn object(&mut self, name: &'static str) -> Result<Self, JournalError> {
        let element = self.take(name)?;
        Self::of(self.text, &element)
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> Result<T, JournalError>,
    ) -> Result<Vec<T>, JournalError> {
        let list = self.take(name)?;
        let elements = list.elements().map_err(|at| malformed(self.text, at, "a list"))?;
        let each = elements.iter().map(|element| {
            let mut members = Self::of(self.text, element)?;
            let item = read(&mut members)?;
            members.finish()?;
            Ok(item)
        });
        each.collect()
    }

    fn string(&mut self, name: &'static str) -> Result<String, JournalError> {
        let element = self.take(name)?;
        let at = element.misplaced();
        element.into_text().map(Cow::into_owned).ok_or_else(|| malformed(self.text, at, "a text"))
    }

    fn optional_string(&mut self, name: &'static str) -> Result<Option<String>, JournalError> {
        if self.is_null(name) { self.take(name).map(|_| None) } else { self.string(name).map(Some) }
    }

    fn number(&mut self, name: &'static str) -> Result<u64, JournalError> {
        let element = self.take(name)?;
        element.as_whole_number().ok_or_else(|| malformed(self.text, element.misplaced(), "a whole number"))
    }

    fn bool(&mut self, name: &'static str) -> Result<bool, JournalError> {
        let element = self.take(name)?;
        element.as_bool().ok_or_else(|| malformed(self.text, element.misplaced(), "true or false"))
    }

    fn fingerprint(&mut self, name: &'static str) -> Result<Fingerprint, JournalError> {
        let element = self.take(name)?;
        let at = element.misplaced();
        let text = element.into_text();
        // Only in the spelling that is written.
        let read = text.and_then(|text| Fingerprint::from_hex(&text).filter(|read| read.to_hex() == *text));
        read.ok_or_else(|| malformed(self.text, at, "a fingerprint, eight hex digits"))
    }

    fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        names: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, JournalError> {
        let element = self.take(name)?;
        let at = element.misplaced();
        let text = element.into_text().unwrap_or_default();
        let known = names.iter().find(|(known, _)| *known == text);
        known.map(|(_, value)| *value).ok_or_else(|| malformed(self.text, at, expected))
    }

    fn optional_one_of<T: Copy>(&mut self, name: &'static str, names: &[(&str, T)]) -> Result<Option<T>, JournalError> {
        if self.is_null(name) {
            return self.take(name).map(|_| None);
        }
        self.one_of(name, names, "a known name, or null").map(Some)
    }
}
