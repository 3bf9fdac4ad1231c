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
