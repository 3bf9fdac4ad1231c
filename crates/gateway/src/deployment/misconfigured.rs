//! The reasons a deployment serves no requests.

use alloc::string::String;
use core::fmt;

use attention_core::KeyError;
use attention_core::codec::text;
use attention_core::url::BaseUrlError;

use crate::authorize::policy::PolicyError;
use crate::authorize::sessions::SessionError;
use crate::deployment::Slip;
use crate::deployment::bindings as binding;
use crate::deployment::strict_json::Fault;
use crate::deployment::vault;

/// The reason the Worker serves no requests. It contains no values of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Misconfigured {
    /// There is no API key.
    NoKey,
    /// The key in this binding is invalid.
    Key(&'static str, KeyError),
    /// The base URL is invalid.
    BaseUrl(BaseUrlError),
    /// Nobody may call: there is no caller, and no issuer is configured.
    NoCallers,
    /// The JSON in this binding is invalid.
    Record(&'static str, Fault),
    /// The secret that signs sessions is invalid.
    Session(SessionError),
    /// A caller may request sessions, but there is no secret to sign them with.
    NoSessionSecret,
    /// The policy cannot be parsed.
    Policy(PolicyError),
    /// An entry in the list of sessions is not a session's id.
    SessionId {
        /// Its index, from 0.
        index: usize,
    },
    /// An allowed origin is invalid.
    Origin {
        /// Its index, from 0.
        index: usize,
        /// The problem and the next step.
        why: &'static str,
    },
    /// This binding is not a whole number in the range.
    Number(&'static str, u64, u64),
    /// The text of this binding was damaged by a tool.
    Slip(&'static str, Slip),
    /// This binding is set but empty, where that would leave more open than any value.
    SaysNothing {
        /// Its name.
        name: &'static str,
        /// The default that applies if the binding is absent.
        otherwise: &'static str,
    },
    /// There is a binding whose name is close to a documented one.
    Unknown {
        /// Its name, limited to the characters of names.
        name: String,
        /// The name that is probably meant.
        meant: Option<&'static str>,
    },
    /// The first of these has the same secret as the second.
    OneForTwo(&'static str, &'static str),
    /// The log's level is not a known one.
    LogLevel,
    /// The log's format is not a known one.
    LogForm,
    /// The binding for the platform's counter is not a Rate Limiting binding.
    NotALimiter,
    /// There is a budget but no gate to enforce it.
    NoGate,
    /// The binding for the gate is not a Durable Object.
    NotAGate,
    /// This binding exists but returned no text.
    Unreadable(&'static str),
    /// The text of this binding was read so long ago that it may have changed.
    TooOld(&'static str),
}

impl Misconfigured {
    /// Only characters that names consist of are kept.
    pub(crate) fn unknown(name: &str, meant: Option<&'static str>) -> Self {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        Self::Unknown { name: name.chars().take(64).take_while(is_part).collect(), meant }
    }

    /// The binding and the problem, on one line.
    pub fn message(&self) -> String {
        match self {
            Self::NoKey => [binding::KEY, " is not set; run `wrangler secret put ", binding::KEY, "`"].concat(),
            Self::Key(name, error) => [name, ": ", &error.message()].concat(),
            Self::BaseUrl(error) => [binding::BASE_URL, ": ", &error.message()].concat(),
            Self::NoCallers => [
                binding::CALLERS,
                " has no caller, so nobody may call; set it to [{\"name\":\"my-app\",\"sha256\":\"<sha-256 of its token, hex>\"}]",
            ]
            .concat(),
            Self::Record(name, fault) => {
                let separator = if matches!(fault, Fault::Syntax { .. }) { ": " } else { "" };
                [name, separator, &fault.message()].concat()
            }
            Self::Session(error) => [binding::SESSION_SECRET, ": ", &error.message()].concat(),
            Self::NoSessionSecret => {
                let name = binding::SESSION_SECRET;
                [name, " is not set, but a caller may mint sessions; run `wrangler secret put ", name, "`"].concat()
            }
            Self::Policy(error) => [binding::POLICY, ": ", &error.message()].concat(),
            Self::SessionId { index } => {
                let form = " is not a session's id: 1 to 64 letters, digits, `-`, `_` or `.`, as the log has it";
                [binding::REVOKED_SESSIONS, ": entry ", &text::count(*index), form].concat()
            }
            Self::Origin { index, why } => {
                let entry = text::count(*index);
                let form = " is not an exact origin such as https://app.example: ";
                [binding::ORIGINS, ": entry ", &entry, form, why].concat()
            }
            Self::Number(name, least, most) => {
                let (least, most) = (text::decimal(*least), text::decimal(*most));
                let form = "; write digits alone, without a unit, a fraction, `_` or `,`";
                [name, ": not a whole number from ", &least, " to ", &most, form].concat()
            }
            Self::SaysNothing { name, otherwise } => says_nothing(name, otherwise),
            Self::Slip(name, slip) => [name, ": ", slip.message()].concat(),
            Self::Unknown { name, meant: Some(meant) } => {
                [name, " is not the name of a binding; did you mean ", meant, "? Nothing reads it under this name"].concat()
            }
            Self::Unknown { name, meant: None } => {
                let what = " is not the name of a binding, although it has their prefix; remove it, or check its spelling";
                [name, what].concat()
            }
            Self::OneForTwo(name, other) if name == other => [name, ": two of its entries have the same secret"].concat(),
            Self::OneForTwo(name, other) => {
                [name, ": is the same secret as that of ", other, "; create a separate secret for each"].concat()
            }
            Self::LogLevel => [binding::LOG, ": one of all, errors, silent"].concat(),
            Self::LogForm => [binding::LOG_FORM, ": one of short, columns"].concat(),
            Self::NotALimiter => [binding::RATE_LIMIT, ": not a Rate Limiting binding"].concat(),
            Self::NoGate => {
                [binding::BUDGET, " is set, but ", binding::GATE, ", the Durable Object that keeps it, is not bound"].concat()
            }
            Self::NotAGate => [binding::GATE, ": not a Durable Object"].concat(),
            Self::Unreadable(name) => [name, ": the binding could not be read"].concat(),
            Self::TooOld(name) => too_old(name),
        }
    }
}

fn says_nothing(name: &str, otherwise: &str) -> String {
    let what = ": is set but empty; set a value, or remove the binding for ";
    [name, what, otherwise].concat()
}

fn too_old(name: &str) -> String {
    let minutes = text::decimal(vault::STALE_AT_MOST.as_secs() / 60);
    let what = " minutes, so it is no longer used; check that its Secrets Store responds";
    [name, ": the binding could not be read again for ", &minutes, what].concat()
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}
