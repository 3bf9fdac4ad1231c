//! Reads the texts of the bindings.

use attention_core::Timestamp;
use attention_gateway::deployment::{Text, Texts, bindings};
use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::driver::now;
use crate::end::{End, Thrown};
use crate::js::{self, Bindings, Vault};
use crate::waits::{Outcome, Settled};

/// The values read from an `env`.
pub(crate) struct Read {
    pub(crate) texts: Texts,
    /// When they were requested.
    pub(crate) at: Timestamp,
    /// A binding that is in a vault, if any.
    pub(crate) vault: Option<&'static str>,
    /// A vault that returned nothing.
    pub(crate) silent: Option<&'static str>,
}

impl Read {
    /// Reads all bindings. `held` contains their names, each followed by its value.
    pub(crate) async fn of(env: &Bindings, held: &Array) -> Result<Self, End> {
        let at = now();
        let mut asked = Vec::with_capacity(bindings::ALL.len());
        for name in bindings::ALL {
            asked.push((name, Asked::new(&env.binding(name)?)));
        }
        let mut read = Self { texts: Texts::default(), at, vault: None, silent: None };
        for name in held.iter().step_by(2).filter_map(|name| name.as_string()) {
            read.texts.there_is(&name);
        }
        for (name, asked) in asked {
            let is_vault = matches!(asked, Asked::Vault(_));
            let text = asked.text().await?;
            if is_vault {
                read.vault = Some(name);
                read.silent = read.silent.or(matches!(text, Text::Unreadable).then_some(name));
            }
            read.texts.set(name, text);
        }
        Ok(read)
    }
}

/// A binding: a variable or secret, a JSON variable, or one in the Secrets Store. All are requested before the first
/// answer is awaited.
enum Asked {
    Known(Text),
    Vault(Settled),
}

impl Asked {
    fn new(binding: &JsValue) -> Self {
        match binding.as_string() {
            Some(text) => Self::Known(Text::Given(text)),
            None if binding.is_undefined() => Self::Known(Text::Absent),
            None => Self::object(binding.unchecked_ref()).unwrap_or(Self::Known(Text::Unreadable)),
        }
    }

    fn object(binding: &Vault) -> Result<Self, Thrown> {
        if binding.has_get()?.is_function() {
            return Settled::of(binding.secret()?, Some(bindings::VAULT_TIMEOUT)).map(Self::Vault);
        }
        let text = if binding.has_limit()?.is_function() { None } else { js::to_json(binding)?.as_string() };
        Ok(Self::Known(text.map_or(Text::Unreadable, Text::Given)))
    }

    async fn text(self) -> Result<Text, End> {
        match self {
            Self::Known(text) => Ok(text),
            Self::Vault(settled) => Ok(match settled.await? {
                Outcome::Fulfilled(value) => value.as_string().map_or(Text::Unreadable, Text::Given),
                Outcome::Rejected | Outcome::TimedOut => Text::Unreadable,
            }),
        }
    }
}
