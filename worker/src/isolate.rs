//! The state shared by all requests of a deployment in an isolate.

use std::cell::RefCell;

use attention_core::Slot;
use attention_gateway::answer::header_policy;
use attention_gateway::cache::EntryId;
use attention_gateway::deployment::{Deployment, Misconfigured};
use attention_gateway::exchange::HeaderEdit;
use attention_gateway::ledger::Ledger;
use js_sys::{Array, JsString, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Response;

use crate::end::Thrown;
use crate::fields::{Fields, passing};
use crate::js::{self, Dictionary, HeaderHandles};
use crate::key_set::KeySet;

/// A configuration and its state. No part of it stays borrowed while a request waits.
pub(crate) struct Isolate {
    pub(crate) deployment: RefCell<Result<Deployment, Misconfigured>>,
    pub(crate) ledger: RefCell<Ledger>,
    /// The issuer's key set, once it has been fetched.
    pub(crate) key_set: RefCell<KeySet>,
    /// The `Authorization` headers for the current and the next key.
    authorizations: [Option<JsString>; 2],
    pub(crate) names: Names,
    /// The headers of every response.
    always: Dictionary,
    /// A template response with those headers for each status.
    models: RefCell<Vec<(u16, Response)>>,
    /// The bodies of stored responses, sorted by id.
    bodies: RefCell<Vec<(EntryId, Uint8Array)>>,
}

/// Names of headers and methods as JavaScript strings, because creating one takes longer than using it.
pub(crate) struct Names {
    pub(crate) up: Array,
    pub(crate) down: Vec<JsString>,
    pub(crate) authorization: JsString,
    /// Other names, created when they are first needed.
    others: RefCell<Vec<(&'static str, JsString)>>,
}

impl Names {
    pub(crate) fn of(&self, name: &'static str) -> JsString {
        let mut others = self.others.borrow_mut();
        if let Some((_, handle)) = others.iter().find(|(known, _)| *known == name) {
            return handle.clone();
        }
        let handle = JsString::from(name);
        others.push((name, handle.clone()));
        handle
    }
}

impl Isolate {
    /// A new deployment without any state.
    pub(crate) fn new(deployment: Result<Deployment, Misconfigured>) -> Result<Self, Thrown> {
        let authorization = |slot| {
            let keys = deployment.as_ref().ok()?.upstream().keys();
            keys.authorization(slot).map(|value| JsString::from(value.expose()))
        };
        let always = Object::new().unchecked_into::<Dictionary>();
        for (name, value) in header_policy::ALWAYS {
            always.put(&name.into(), &value.into())?;
        }
        let names = Names {
            up: header_policy::UP.iter().map(|name| JsValue::from(*name)).collect(),
            down: header_policy::DOWN.iter().map(|name| JsString::from(*name)).collect(),
            authorization: "authorization".into(),
            others: RefCell::default(),
        };
        Ok(Self {
            authorizations: [Slot::Current, Slot::Next].map(authorization),
            key_set: RefCell::new(KeySet::new(deployment.as_ref().map_or(&[], Deployment::algorithms))),
            deployment: RefCell::new(deployment),
            ledger: RefCell::default(),
            names,
            always,
            models: RefCell::default(),
            bodies: RefCell::default(),
        })
    }

    pub(crate) fn authorization(&self, slot: Slot) -> Option<&JsString> {
        match slot {
            Slot::Current => self.authorizations[0].as_ref(),
            Slot::Next => self.authorizations[1].as_ref(),
        }
    }

    /// A response with the headers of every response. It is created from a template with the same status, because the
    /// runtime copies headers much faster than it sets them.
    pub(crate) fn answer(&self, status: u16, body: &JsValue) -> Result<Response, Thrown> {
        if let Some((_, model)) = self.models.borrow().iter().find(|(known, _)| *known == status) {
            return js::answer(body, model);
        }
        let init = Object::new().unchecked_into::<Dictionary>();
        init.put(&"status".into(), &status.into())?;
        init.put(&"headers".into(), &self.always)?;
        let model = js::answer(&JsValue::NULL, &init)?;
        let answer = js::answer(body, &model);
        self.models.borrow_mut().push((status, model));
        answer
    }

    /// The API's response with this body. Only headers of the list are passed on, and none that echoes a key; from the
    /// status line, only the number.
    pub(crate) fn passed(
        &self,
        status: u16,
        headers: &Fields,
        edits: &[HeaderEdit],
        body: &JsValue,
    ) -> Result<Response, Thrown> {
        let answer = self.answer(status, body)?;
        let down = answer.headers();
        let down = js::handles(&down);
        for (listed, place) in passing(headers, header_policy::DOWN, edits) {
            if !self.echoes(&headers.text(place)) {
                down.set(&self.names.down[listed], &headers.value(place))?;
            }
        }
        self.put_all(down, edits.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))))?;
        Ok(answer)
    }

    /// Sets headers whose values are Rust strings.
    pub(crate) fn put_all<'v>(
        &self,
        headers: &HeaderHandles,
        all: impl Iterator<Item = (&'static str, &'v str)>,
    ) -> Result<(), Thrown> {
        for (name, value) in all {
            headers.set_text(&self.names.of(name), value)?;
        }
        Ok(())
    }

    /// Without a deployment there is no key to echo, and nothing was sent.
    fn echoes(&self, value: &str) -> bool {
        self.deployment.borrow().as_ref().is_ok_and(|deployment| deployment.echoes(value))
    }

    pub(crate) fn keep(&self, entry: EntryId, bytes: Uint8Array) {
        // Ids increase, so the newest is the largest.
        self.bodies.borrow_mut().push((entry, bytes));
    }

    pub(crate) fn kept(&self, entry: EntryId) -> JsValue {
        let bodies = self.bodies.borrow();
        let place = bodies.binary_search_by_key(&entry, |(known, _)| *known);
        place.map_or(JsValue::NULL, |place| bodies[place].1.clone().into())
    }

    /// Drops the bodies that the cache no longer refers to.
    pub(crate) fn tidy(&self) {
        let mut bodies = self.bodies.borrow_mut();
        if let Ok(deployment) = &mut *self.deployment.borrow_mut()
            && !bodies.is_empty()
        {
            let dropped = deployment.cache().take_dropped();
            if !dropped.is_empty() {
                bodies.retain(|(entry, _)| !dropped.contains(entry));
            }
        }
    }
}
