//! A deployment of the proxy: its configuration, parsed strictly from the texts of bindings, and the state that an
//! isolate keeps for it.
//!
//! A proxy whose configuration is incomplete serves no upstream call. The problem is reported in the log, never to a
//! caller.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::call::Upstream;
use attention_core::codec::json::Object;
use attention_core::{Slot, Timestamp};

use crate::answer::echo::Glance;
use crate::answer::room::Room;
use crate::authorize::jwt::Jwt;
use crate::authorize::jwt::key_set::KeySetSchedule;
use crate::authorize::mcp::seal::Seal;
use crate::authorize::place::Places;
use crate::authorize::sessions::revoked::Remembered;
use crate::authorize::sources::Sources;
use crate::cache::Index;
use crate::limits::asking::{Asking, Question};
use crate::limits::breaker::Breaker;
use crate::limits::lanes::Lanes;
use crate::limits::proof::Scope;
use crate::limits::rate::Allowances;
use crate::limits::shared_gate::Place;
use crate::log::LogLevel;

pub mod bindings;
mod config;
pub(crate) mod digest;
mod misconfigured;
mod names;
mod origin;
pub(crate) mod pasted;
pub(crate) mod placeholder;
pub(crate) mod strict_json;
pub mod vault;
mod version;

pub use bindings::{Text, Texts};
pub use config::{Config, budget};
pub use misconfigured::Misconfigured;
pub use pasted::Slip;
pub use version::Version;

/// A valid configuration, and the state that an isolate keeps for it.
#[derive(Debug)]
pub struct Deployment {
    pub(crate) config: Config,
    pub(crate) upstream: Upstream,
    pub(crate) places: Places,
    pub(crate) allowances: Allowances,
    pub(crate) asking: Asking,
    pub(crate) breaker: Breaker,
    pub(crate) lanes: Lanes,
    pub(crate) cache: Index,
    pub(crate) key_set: KeySetSchedule,
    pub(crate) sources: Sources,
    pub(crate) seal: Seal,
    pub(crate) room: Room,
    pub(crate) standings: Remembered,
    pub(crate) glance: Glance,
}

/// Seals the ids of MCP sessions, with the secret for sessions if there is one, otherwise with the API keys.
fn seal(config: &Config, upstream: &Upstream) -> Seal {
    if let Some(secret) = &config.session_secret {
        return Seal::new([secret.as_bytes()]);
    }
    let keys = [Slot::Current, Slot::Next].map(|slot| upstream.keys().authorization(slot));
    Seal::new(keys.iter().flatten().map(|key| key.expose().as_bytes()))
}

impl Deployment {
    /// Parses the texts of all bindings.
    pub fn parse(texts: &Texts) -> Result<Self, Misconfigured> {
        let (config, upstream) = Config::parse(texts)?;
        let key = upstream.keys().authorization(Slot::Current);
        let key = key.as_ref().map_or("", |key| key.expose());
        Ok(Self {
            sources: Sources::new(key),
            asking: Asking::new(config.budget),
            seal: seal(&config, &upstream),
            glance: Glance::of(upstream.keys()),
            places: Places::new(upstream.base().path()),
            config,
            upstream,
            allowances: Allowances::default(),
            breaker: Breaker::default(),
            lanes: Lanes::default(),
            cache: Index::default(),
            key_set: KeySetSchedule::default(),
            room: Room::default(),
            standings: Remembered::default(),
        })
    }

    /// Uses the isolate's memory budget for bodies that are read completely, which is shared by all its deployments.
    #[must_use]
    pub fn within(self, room: Room) -> Self {
        Self { room, ..self }
    }

    /// The server and the credentials for it.
    pub const fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Whether a header's value contains a key or a part of one, however it is encoded.
    pub fn echoes(&self, value: &str) -> bool {
        self.glance.echoes(self.upstream.keys(), value)
    }

    /// The accepted signature algorithms for an issuer's tokens; empty if no issuer is configured.
    pub fn algorithms(&self) -> &[String] {
        self.config.jwt.as_ref().map_or(&[], Jwt::algorithms)
    }

    /// Lines for the beginning of the log, about settings that are valid but may be unintended.
    pub fn notes(&self) -> Vec<String> {
        if self.config.log.level == LogLevel::Silent { Vec::new() } else { self.config.notes() }
    }

    /// The shared gate's answer to a question that is not part of a call and was sent at `asked`: its JSON, or `None`
    /// if it did not respond.
    pub fn on_gate(&mut self, question: &Question, answer: Option<&str>, asked: Timestamp, now: Timestamp) {
        match question {
            Question::Places { holder, .. } => {
                let place = answer.and_then(Place::from_json);
                self.asking.on_place(holder, place, asked, now);
            }
            Question::News => {
                for hold in self.asking.on_news(answer, now) {
                    let scope = Scope::named(hold.caller, hold.route);
                    if scope.is_everybodys() {
                        self.upstream.hold(now, hold.wait);
                    } else {
                        self.lanes.hold(&scope, None, hold.wait, now);
                    }
                }
            }
        }
    }

    /// A log line that does not belong to a request, once: about the gate, or about refusals that no request's line
    /// reported.
    pub fn take_notice(&mut self, now: Timestamp) -> Option<Cow<'static, str>> {
        if let Some(notice) = self.asking.take_notice() {
            return Some(Cow::Borrowed(notice.line()));
        }
        if self.config.log.level == LogLevel::Silent {
            return None;
        }
        let (source, refusals) = self.sources.overdue(now)?;
        let mut line = Object::new();
        line.string("event", "refusals").string("level", "info").string("source", &source).number("refusals", refusals);
        Some(Cow::Owned(line.finish()))
    }

    /// The version of the proxy, if the platform provides it.
    pub const fn version(&self) -> Option<&Version> {
        self.config.version.as_ref()
    }

    /// The cache.
    pub const fn cache(&mut self) -> &mut Index {
        &mut self.cache
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::mcp::seal::Owner;

    /// An MCP session that one deployment sealed is opened by those with the same secret, or without one with the same
    /// key, and by no other.
    #[test]
    fn mcp_sessions_are_sealed_with_the_deployments_own_secret() {
        let sealing = |secret: Option<&str>, keys: [&str; 2]| {
            let mut texts = Texts::default();
            let callers =
                r#"[{"name":"a","sha256":"b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"}]"#;
            for (name, text) in [
                ("ATTENTION_API_KEY", Some(keys[0])),
                ("ATTENTION_API_KEY_NEXT", Some(keys[1])),
                ("ATTENTION_CALLERS", Some(callers)),
                ("ATTENTION_SESSION_SECRET", secret),
            ] {
                if let Some(text) = text {
                    texts.set(name, Text::Given(text.to_owned()));
                }
            }
            Deployment::parse(&texts).unwrap_or_else(|fault| panic!("{fault}")).seal
        };
        let (one, other) =
            (Some("an-obviously-fake-session-secret-0000000001"), Some("an-obviously-fake-session-secret-0000000002"));
        let keys = ["an-obviously-fake-key-a", "an-obviously-fake-key-b"];
        let (turned, strange) = ([keys[1], keys[0]], ["an-obviously-fake-key-c", "an-obviously-fake-key-d"]);
        let owner = Owner { caller: "a", session: None };
        for (sealed_by, opened_by, is_opened) in [
            ((one, keys), (one, strange), true),
            ((one, keys), (other, keys), false),
            ((one, keys), (None, keys), false),
            ((None, keys), (None, keys), true),
            ((None, keys), (None, turned), true),
            ((None, keys), (None, strange), false),
            ((None, keys), (one, keys), false),
        ] {
            let sealed = sealing(sealed_by.0, sealed_by.1).seal("an-id", owner).expect("an id");
            let opened = sealing(opened_by.0, opened_by.1);
            assert_eq!(opened.open(&sealed, owner), is_opened.then_some("an-id"), "{sealed_by:?} {opened_by:?}");
        }
    }
}
