//! Which deployment a request belongs to.
//!
//! An isolate may be given another `env` at any request: Cloudflare lets isolates live on when a deployment changes
//! nothing but bindings, and sends them calls of both versions while it is gradual. So each request's `env` is looked
//! at. One that holds the very same values as before is the same deployment, whatever object it is; otherwise the
//! values are read, and what differs in any of them is another one.
//!
//! Everything that is remembered goes with its deployment: keys and what is known of them, callers' limits, the breaker,
//! the issuer's key set, the cache, counts, and what refused credentials were counted. None of it may be right under
//! another configuration, and what is learnt again costs a call. What stays is the isolate's: the memory for bodies that
//! are read whole, since there is one memory. A call under way holds its own deployment until it ends.

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

/// As many as a gradual deployment has: each may hold a cache.
const MOST: usize = 2;

#[wasm_bindgen(raw_module = "../../held.mjs")]
extern "C" {
    /// What `env` holds now: each name and its value, in turn.
    #[wasm_bindgen(catch)]
    fn held(env: &Bindings) -> Result<Array, Thrown>;

    /// Whether `env` holds the very same now.
    #[wasm_bindgen(catch)]
    fn holds(env: &Bindings, all: &Array) -> Result<bool, Thrown>;
}

thread_local! {
    /// The one that was used last comes first.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    static ROOM: Room = Room::default();
}

/// A deployment that was made here.
struct Known {
    /// What the `env` holds that it was made from.
    held: Array,
    /// Of the texts that were read of that.
    digest: [u8; 32],
    /// What is in a vault is read again.
    vault: Option<Vaulted>,
    isolate: Rc<Isolate>,
}

struct Vaulted {
    schedule: VaultSchedule,
    /// One of the bindings.
    name: &'static str,
}

impl Vaulted {
    fn of(read: &Read) -> Option<Self> {
        read.vault.map(|name| Self { schedule: VaultSchedule::read_at(read.at), name })
    }
}

/// What there is for an `env`.
enum Found {
    Nothing,
    Ready(Rc<Isolate>),
    /// Its vaults are to be asked again.
    Due(Rc<Isolate>, Question),
    /// This binding's text is too old.
    TooOld(&'static str),
}

/// The deployment of this `env`, as it is now.
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

/// The API has refused every key of this deployment: another one may be in the vault by now.
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

/// Its vaults have been asked again. `Nothing` when what they said makes another deployment.
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

/// The deployment of what was read, and those that nothing is kept of any more.
fn made(env: &Bindings, held: Array, read: &Read) -> Result<(Rc<Isolate>, Vec<Rc<Isolate>>), Thrown> {
    let digest = read.texts.digest();
    let known = KNOWN.with_borrow_mut(|all| {
        let at = all.iter().position(|known| known.digest == digest)?;
        all.swap(0, at);
        let known = all.first_mut()?;
        // The same values in another object, or another request was quicker.
        known.held.clone_from(&held);
        known.vault = Vaulted::of(read);
        Some(Rc::clone(&known.isolate))
    });
    if let Some(isolate) = known {
        return Ok((isolate, Vec::new()));
    }
    let deployment = Deployment::parse(&read.texts).map(|deployment| deployment.within(ROOM.with(Room::clone)));
    // A vault that did not answer, or gave something else, may answer the next request.
    let is_kept = deployment.is_ok() || read.vault.is_none();
    for note in deployment.as_ref().map(Deployment::notes).unwrap_or_default() {
        js::log(&note)?;
    }
    let isolate = Rc::new(Isolate::new(deployment)?);
    let left = KNOWN.with_borrow_mut(|all| {
        // What the same `env` was before.
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
