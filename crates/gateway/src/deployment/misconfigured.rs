//! Why a deployment serves nothing.

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

/// Why the Worker serves nothing. It holds no value of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Misconfigured {
    /// There is no API key.
    NoKey,
    /// The key of this binding is not one.
    Key(&'static str, KeyError),
    /// The base URL is not one.
    BaseUrl(BaseUrlError),
    /// Nobody may call: there is no caller, and no issuer is believed.
    NoCallers,
    /// Something is wrong with the JSON of this binding.
    Record(&'static str, Fault),
    /// The secret that signs sessions is not one.
    Session(SessionError),
    /// A caller may ask for sessions, and there is no secret to sign them with.
    NoSessionSecret,
    /// The policy cannot be read.
    Policy(PolicyError),
    /// What is to be the id of a session is not one.
    SessionId {
        /// Which of them, from 0.
        index: usize,
    },
    /// An allowed origin is not one.
    Origin {
        /// Which of them, from 0.
        index: usize,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// This binding is not a whole number from one to the other.
    Number(&'static str, u64, u64),
    /// The text of this binding was spoilt on its way.
    Slip(&'static str, Slip),
    /// This binding is there with nothing in it, where that would leave more open than any value.
    SaysNothing {
        /// Its name.
        name: &'static str,
        /// What holds when the binding is left out.
        otherwise: &'static str,
    },
    /// There is a binding of a name that is nearly a documented one.
    Unknown {
        /// Its name, as far as it is one.
        name: String,
        /// What is probably meant.
        meant: Option<&'static str>,
    },
    /// The first of these has the same secret as the other.
    OneForTwo(&'static str, &'static str),
    /// The log's level is none of those that there are.
    LogLevel,
    /// Nor is its format.
    LogForm,
    /// What is bound as the platform's counter is not one.
    NotALimiter,
    /// There is a budget and nothing that could keep it.
    NoGate,
    /// What is bound as the gate is not a Durable Object.
    NotAGate,
    /// This binding is there and gave no text.
    Unreadable(&'static str),
    /// This binding gave one, so long ago that it may be another by now.
    TooOld(&'static str),
}

impl Misconfigured {
    /// Of a name only what a name is made of is told.
    pub(crate) fn unknown(name: &str, meant: Option<&'static str>) -> Self {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        Self::Unknown { name: name.chars().take(64).take_while(is_part).collect(), meant }
    }

    /// Which binding it is and what is wrong with it, in one line.
    pub fn message(&self) -> String {
        match self {
            Self::NoKey => {
                let name = binding::KEY;
                [name, " is not set; run `wrangler secret put ", name, "`"].concat()
            }
            Self::Key(name, error) => [name, ": ", &error.message()].concat(),
            Self::BaseUrl(error) => [binding::BASE_URL, ": ", &error.message()].concat(),
            Self::NoCallers => [
                binding::CALLERS,
                " names nobody, so nobody may call; set it to [{\"name\":\"my-app\",\"sha256\":\"<sha-256 of its token, hex>\"}]",
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
            Self::SaysNothing { name, otherwise } => {
                [name, ": is there with nothing in it; say what is meant, or leave the binding out for ", otherwise].concat()
            }
            Self::Slip(name, slip) => [name, ": ", slip.message()].concat(),
            Self::Unknown { name, meant: Some(meant) } => {
                [name, " is not the name of a binding; is ", meant, " meant? Nothing reads it as it is"].concat()
            }
            Self::Unknown { name, meant: None } => {
                let what = " is not the name of a binding, though it begins as they do; take it out, or see its spelling";
                [name, what].concat()
            }
            Self::OneForTwo(name, other) if name == other => [name, ": two of them are the same secret"].concat(),
            Self::OneForTwo(name, other) => {
                [name, ": is the same secret as that of ", other, "; make one of its own for each"].concat()
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

fn too_old(name: &str) -> String {
    let minutes = text::decimal(vault::STALE_AT_MOST.as_secs() / 60);
    let what = " minutes, so it is not used any more; see that its Secrets Store answers";
    [name, ": the binding could not be read again for ", &minutes, what].concat()
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}
