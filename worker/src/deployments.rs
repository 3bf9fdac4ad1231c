//! Finds the deployment that a request belongs to.
//!
//! An isolate may receive a different `env` with any request: Cloudflare keeps isolates when a deployment changes only
//! bindings, and sends them calls of both versions during a gradual deployment. So the `env` of each request is
//! compared. If it holds the identical values, it is the same deployment, even if it is another object. Otherwise the
//! values are read, and if any of them differs, it is another deployment.
//!
//! All state belongs to a deployment: keys and their history, callers' limits, the breaker, the issuer's key set, the
//! cache, counts, and counted refusals. None of it may be valid under another configuration, and learning it again
//! costs one call. Only the memory budget for bodies belongs to the isolate, because the memory does. A call in
//! progress keeps its own deployment until it ends.

use std::cell::RefCell;
use std::rc::Rc;

use attention_gateway::answer::room::Room;
use attention_gateway::deployment::vault::{Question, VaultSchedule, VaultStep};
use attention_gateway::deployment::{Deployment, Misconfigured};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use worker::Context;

use crate::bindings::Read;
use crate::driver::now;
use crate::end::{End, Thrown};
use crate::isolate::Isolate;
use crate::js::{self, Bindings};
use crate::shared;

/// Enough for a gradual deployment; each may have a cache.
const MOST: usize = 2;

#[wasm_bindgen(raw_module = "../../held.mjs")]
extern "C" {
    /// The current contents of `env`: names and values, alternating.
    #[wasm_bindgen(catch)]
    fn held(env: &Bindings) -> Result<Array, Thrown>;

    /// Whether `env` currently holds the identical values.
    #[wasm_bindgen(catch)]
    fn holds(env: &Bindings, all: &Array) -> Result<bool, Thrown>;
}

thread_local! {
    /// The most recently used one comes first.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    static ROOM: Room = Room::default();
}

/// A deployment that was created in this isolate.
struct Known {
    /// The contents of the `env` that it was created from.
    held: Array,
    /// A digest of the texts of those values.
    digest: [u8; 32],
    /// Present if some values come from a vault and are read again.
    vault: Option<Vaulted>,
    isolate: Rc<Isolate>,
}

struct Vaulted {
    schedule: VaultSchedule,
    /// The name of one of the bindings.
    name: &'static str,
}

impl Vaulted {
    fn of(read: &Read) -> Option<Self> {
        read.vault.map(|name| Self { schedule: VaultSchedule::read_at(read.at), name })
    }
}

/// The result of looking up an `env`.
enum Found {
    Nothing,
    Ready(Rc<Isolate>),
    /// Its vaults must be asked again.
    Due(Rc<Isolate>, Question),
    /// This binding's text is too old.
    TooOld(&'static str),
}

/// The current deployment for this `env`.
pub(crate) async fn of(env: &Bindings, context: &Context) -> Result<Rc<Isolate>, End> {
    let due = match find(env)? {
        Found::Ready(isolate) => return Ok(isolate),
        Found::TooOld(name) => return Ok(Rc::new(Isolate::new(Err(Misconfigured::TooOld(name)))?)),
        Found::Due(isolate, question) => Some((isolate, question)),
        Found::Nothing => None,
    };
    let held = held(env)?;
    let read = Read::of(env, &held).await?;
    if let Some((isolate, question)) = due {
        match answered(&isolate, question, &read) {
            Found::Ready(isolate) => return Ok(isolate),
            Found::TooOld(name) => return Ok(Rc::new(Isolate::new(Err(Misconfigured::TooOld(name)))?)),
            Found::Nothing | Found::Due(..) => {}
        }
    }
    let (isolate, left) = made(env, held, &read)?;
    for left in left {
        shared::tell_later(&left, env, context)?;
    }
    Ok(isolate)
}

/// The API has refused every key of this deployment, so the vault may have a newer one.
pub(crate) fn doubt(isolate: &Rc<Isolate>) {
    KNOWN.with_borrow_mut(|known| {
        let own = known.iter_mut().find(|known| Rc::ptr_eq(&known.isolate, isolate));
        if let Some(vault) = own.and_then(|known| known.vault.as_mut()) {
            vault.schedule.doubt();
        }
    });
}

fn find(env: &Bindings) -> Result<Found, Thrown> {
    KNOWN.with_borrow_mut(|all| {
        let mut at = 0;
        while let Some(known) = all.get(at) {
            if holds(env, &known.held)? {
                all.swap(0, at);
                return Ok(all.first_mut().map_or(Found::Nothing, Known::next));
            }
            at += 1;
        }
        Ok(Found::Nothing)
    })
}

impl Known {
    fn next(&mut self) -> Found {
        let isolate = Rc::clone(&self.isolate);
        let Some(Vaulted { schedule, name }) = &mut self.vault else { return Found::Ready(isolate) };
        match schedule.next(now()) {
            VaultStep::Use => Found::Ready(isolate),
            VaultStep::Read(question) => Found::Due(isolate, question),
            VaultStep::Refuse => Found::TooOld(name),
        }
    }
}

/// Its vaults were asked again. `Nothing` if their values make another deployment.
fn answered(isolate: &Rc<Isolate>, question: Question, read: &Read) -> Found {
    KNOWN.with_borrow_mut(|all| {
        let Some(at) = all.iter().position(|known| Rc::ptr_eq(&known.isolate, isolate)) else { return Found::Nothing };
        let known = &mut all[at];
        let Some(Vaulted { schedule, name }) = &mut known.vault else { return Found::Nothing };
        if schedule.answered(question, read.silent.is_none()) && known.digest != read.texts.digest() {
            return Found::Nothing;
        }
        if schedule.is_too_old(now()) {
            Found::TooOld(read.silent.unwrap_or(name))
        } else {
            Found::Ready(known.isolate.clone())
        }
    })
}

/// The deployment for the values read, and those whose state is discarded.
fn made(env: &Bindings, held: Array, read: &Read) -> Result<(Rc<Isolate>, Vec<Rc<Isolate>>), Thrown> {
    let digest = read.texts.digest();
    let known = KNOWN.with_borrow_mut(|all| {
        let at = all.iter().position(|known| known.digest == digest)?;
        all.swap(0, at);
        let known = all.first_mut()?;
        // The same values in another object, or another request was faster.
        known.held.clone_from(&held);
        known.vault = Vaulted::of(read);
        Some(Rc::clone(&known.isolate))
    });
    if let Some(isolate) = known {
        return Ok((isolate, Vec::new()));
    }
    let deployment = Deployment::parse(&read.texts).map(|deployment| deployment.within(ROOM.with(Room::clone)));
    // A vault that did not respond, or returned something else, may respond to the next request.
    let is_kept = deployment.is_ok() || read.vault.is_none();
    for note in deployment.as_ref().map(Deployment::notes).unwrap_or_default() {
        js::log(&note)?;
    }
    let isolate = Rc::new(Isolate::new(deployment)?);
    let left = KNOWN.with_borrow_mut(|all| {
        // The previous state of the same `env`.
        let before = all.iter().position(|known| holds(env, &known.held).unwrap_or(true)).map(|at| all.remove(at));
        let mut left = Vec::from_iter(before);
        if is_kept {
            if all.len() == MOST {
                left.extend(all.pop());
            }
            all.insert(0, Known { held, digest, vault: Vaulted::of(read), isolate: Rc::clone(&isolate) });
        }
        left
    });
    Ok((isolate, left.into_iter().map(|known| known.isolate).collect()))
}
