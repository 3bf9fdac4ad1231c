//! What an isolate keeps between requests.

use std::cell::RefCell;
use std::rc::Rc;

use attention_core::call::Upstream;
use attention_core::{Slot, Timestamp};
use js_sys::{Array, Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;

use crate::config::{Config, Misconfigured, Texts, binding};
use crate::hygiene;
use crate::js;

/// A configured isolate.
#[derive(Debug)]
pub(crate) struct Isolate {
    pub(crate) config: Config,
    pub(crate) upstream: RefCell<Upstream>,
    pub(crate) up: JsValue,
    pub(crate) down: JsValue,
    /// The keys as JavaScript strings, so that no header that echoes one goes down.
    pub(crate) secrets: Array,
    /// The `Authorization` values, made once; no other place holds them.
    authorization: [Option<String>; 2],
}

thread_local! {
    static ISOLATE: RefCell<Option<Rc<Isolate>>> = const { RefCell::new(None) };
}

impl Isolate {
    /// The isolate's state, made at the first request that finds a valid
    /// configuration. A faulty one is read again at each request: a vault that did
    /// not answer may answer next time.
    pub(crate) async fn get(env: &Env) -> Result<Rc<Self>, Misconfigured> {
        if let Some(isolate) = ISOLATE.with_borrow(Clone::clone) {
            return Ok(isolate);
        }
        let (config, upstream) = Config::parse(&texts(env).await?)?;
        let set = |names: &[&str]| js::name_set(&names.iter().map(|name| JsValue::from_str(name)).collect());
        let authorization = [Slot::Current, Slot::Next]
            .map(|slot| upstream.keys().authorization(slot).map(|value| value.expose().to_owned()));
        let isolate = Rc::new(Self {
            config,
            upstream: RefCell::new(upstream),
            up: set(hygiene::UP),
            down: set(hygiene::DOWN),
            secrets: Array::new(),
            authorization,
        });
        for key in isolate.keys() {
            isolate.secrets.push(&JsValue::from_str(key));
        }
        // Of two first requests at once the later one finds the earlier one's state.
        ISOLATE.with_borrow_mut(|kept| Ok(Rc::clone(kept.get_or_insert(isolate))))
    }

    /// The keys themselves, for taking them out of foreign text.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.authorization.iter().flatten().filter_map(|value| value.strip_prefix("Bearer "))
    }

    pub(crate) fn authorization(&self, slot: Slot) -> &str {
        let index = usize::from(slot == Slot::Next);
        self.authorization[index].as_deref().unwrap_or_default()
    }
}

/// Now, as the runtime tells it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Milliseconds since 1970 fit.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_millis(js_sys::Date::now() as u64)
}

async fn texts(env: &Env) -> Result<Texts, Misconfigured> {
    Ok(Texts {
        key: text(env, binding::KEY).await?,
        next_key: text(env, binding::NEXT_KEY).await?,
        base_url: text(env, binding::BASE_URL).await?,
        callers: text(env, binding::CALLERS).await?,
        policy: text(env, binding::POLICY).await?,
        origins: text(env, binding::ORIGINS).await?,
        timeout: text(env, binding::TIMEOUT).await?,
        retries: text(env, binding::RETRIES).await?,
        log: text(env, binding::LOG).await?,
    })
}

/// A variable or secret (text), a JSON variable (object, as its text), or a
/// Secrets Store binding (an object with an async `get`).
async fn text(env: &Env, name: &'static str) -> Result<Option<String>, Misconfigured> {
    let unreadable = |_| Misconfigured::Unreadable(name);
    let value = Reflect::get(env, &JsValue::from_str(name)).map_err(unreadable)?;
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.as_string() {
        return Ok(Some(text));
    }
    if let Ok(get) = Reflect::get(&value, &JsValue::from_str("get")).and_then(JsValue::dyn_into::<Function>) {
        let secret: Promise = get.call0(&value).map_err(unreadable)?.unchecked_into();
        let secret = secret.await.map_err(|_: JsValue| Misconfigured::Unreadable(name))?;
        return secret.as_string().map(Some).ok_or(Misconfigured::Unreadable(name));
    }
    let text = JSON::stringify(&value).map_err(unreadable)?;
    text.as_string().map(Some).ok_or(Misconfigured::Unreadable(name))
}
