//! Runs `authorization.json` and `keys.json`.

use attention_core::credential::{AuthorizationError, Bearer};
use attention_core::{ApiKey, CallerToken, Error, KeyError, Slot, Timestamp};

use crate::cases::{Accepted, AuthorizationCase, KeyCase, RefusedKey};
use crate::steps::ring;
use crate::text::Text;
use crate::{Check, Shared, same};

impl Check for AuthorizationCase {
    fn check(&self, _: &Shared) -> Result<(), String> {
        match self {
            Self::Outgoing { current, next, token, headers } => {
                let ring = ring(&current.build(), next.as_ref().map(Text::build).as_deref(), *token)
                    .map_err(|error| error.to_string())?;
                let header = |slot| ring.authorization(slot).map(|value| value.expose().to_owned());
                same("current", header(Slot::Current), Some(headers.current.build()))?;
                same("next", header(Slot::Next), headers.next.as_ref().map(Text::build))
            }
            Self::Incoming { values, token, code } => {
                // Repeated headers, joined as fetch joins them.
                let joined = values.iter().map(Text::build).collect::<Vec<_>>().join(", ");
                let parsed = Bearer::parse((!values.is_empty()).then_some(joined.as_str()));
                let got = parsed.map(|bearer| bearer.token().to_owned()).map_err(AuthorizationError::code);
                match (token, code) {
                    (Some(token), None) => same("token", got, Ok(token.build())),
                    (None, Some(code)) => same("code", got, Err(code.as_str())),
                    _ => Err("give either token or code".to_owned()),
                }
            }
        }
    }
}

impl Check for KeyCase {
    fn check(&self, _: &Shared) -> Result<(), String> {
        let text = self.text.build();
        match (&self.ok, &self.error) {
            (Some(ok), None) => ok.check(&text),
            (None, Some(error)) => error.check(&text),
            _ => Err("give either ok or error".to_owned()),
        }
    }
}

impl Accepted {
    fn check(&self, text: &str) -> Result<(), String> {
        let key = ApiKey::parse(text).map_err(|error| error.to_string())?;
        same("fingerprint", key.fingerprint().to_string(), self.fingerprint.clone())?;
        let expires_at = key.peek().and_then(|claims| claims.expires_at).map(Timestamp::as_unix_millis);
        same("expiry", expires_at, self.expires_at)?;
        let token = CallerToken::parse(text).map_err(|error| error.to_string())?;
        same("fingerprint of the token", token.fingerprint().to_string(), self.fingerprint.clone())
    }
}

impl RefusedKey {
    fn check(&self, text: &str) -> Result<(), String> {
        let Err(error) = ApiKey::parse(text) else { return Err("the key is accepted".to_owned()) };
        same("the same refusal as a token", CallerToken::parse(text).map(|_| ()), Err(error))?;
        same("code", error.code(), self.code.as_str())?;
        let position = if let KeyError::InvalidCharacter { position, .. } = error { Some(position) } else { None };
        same("position", position, self.position)?;
        let told = Error::from(error).to_json();
        for words in &self.says {
            same(words, told.contains(words), true)?;
        }
        same("the key's text in the message", text.contains("fake") && told.contains("fake"), false)
    }
}
