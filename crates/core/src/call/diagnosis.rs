//! Which of the API's four causes of a 401 it is.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::key_ring::{CredentialKind, KeyVerdict};
use super::operation::KeyLevel;
use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::codec::text::{self, decimal};

/// One of the causes that the API's page names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The `Authorization` header is missing.
    HeaderMissing,
    /// `Bearer` is missing before the key.
    SchemeMissing,
    /// The key has been revoked or has expired.
    RevokedOrExpired,
    /// The key's account lacks permission.
    NoPermission,
}

impl Cause {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HeaderMissing => "header_missing",
            Self::SchemeMissing => "scheme_missing",
            Self::RevokedOrExpired => "revoked_or_expired",
            Self::NoPermission => "no_permission",
        }
    }
}

/// How much speaks for a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likelihood {
    /// It cannot be this one.
    RuledOut,
    /// It is probably this one.
    Likely,
    /// Nothing speaks for or against it.
    Unknown,
}

impl Likelihood {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RuledOut => "ruled_out",
            Self::Likely => "likely",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of one cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// How much speaks for it.
    pub likelihood: Likelihood,
    /// Why, in one sentence.
    pub reason: Cow<'static, str>,
}

/// A 401 explained: each documented cause with what speaks for or against it,
/// and what to do next.
///
/// The authentication page names four things to check: that the header is
/// there, that `Bearer` precedes the key, that the key is neither revoked nor
/// expired, and that it has the permissions. Two of them this library rules out
/// by construction; of the other two the key and its history tell something.
/// Source: <https://docs.attention.com/api-authentication>.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis {
    /// The four causes, in the order of the API's page.
    pub findings: [Finding; 4],
    /// What to do next, in one sentence.
    pub next_step: &'static str,
}

impl Diagnosis {
    /// Explains a 401 that a key was answered with, for an operation that takes keys of this level alone, if that is
    /// known.
    pub(crate) fn of(key: RefusedKey, before: History, level: Option<KeyLevel>, now: Timestamp) -> Self {
        const AS_BEARER: &str = "it was sent as `Bearer` and the key";
        let (scheme, validity, permission, next_step) = match key.kind {
            CredentialKind::ApiKey => {
                let (validity, (likelihood, reason), next_step) = judge(key.expires_at, before, now);
                let reason = match level {
                    Some(level) => text::concat(&[reason, "; ", level.demand()]).into(),
                    None => reason.into(),
                };
                let next_step =
                    if key.is_replaced { "call again: another key is in its place by now" } else { next_step };
                (AS_BEARER, validity, (likelihood, reason), next_step)
            }
            CredentialKind::CallerToken => (
                "it was sent as `Bearer` and the token",
                (Likelihood::Likely, refused_token(key.expires_at, now)),
                (Likelihood::Unknown, "the Worker answers 403 when it is this".into()),
                "ask the operator of the Worker for a valid caller token",
            ),
        };
        let ruled_out =
            |cause, reason| Finding { cause, likelihood: Likelihood::RuledOut, reason: Cow::Borrowed(reason) };
        Self {
            findings: [
                ruled_out(Cause::HeaderMissing, "the header was sent"),
                ruled_out(Cause::SchemeMissing, scheme),
                Finding { cause: Cause::RevokedOrExpired, likelihood: validity.0, reason: validity.1 },
                Finding { cause: Cause::NoPermission, likelihood: permission.0, reason: permission.1 },
            ],
            next_step,
        }
    }

    /// The likely cause, when there is one.
    pub fn likely(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.likelihood == Likelihood::Likely)
    }

    /// As JSON: `{"findings":[{"cause","likelihood","reason"},…],"nextStep"}`.
    pub fn to_json(&self) -> String {
        let mut findings = Array::new();
        for finding in &self.findings {
            let mut object = Object::new();
            object
                .string("cause", finding.cause.code())
                .string("likelihood", finding.likelihood.code())
                .string("reason", &finding.reason);
            findings.raw(&object.finish());
        }
        let mut object = Object::new();
        object.raw("findings", &findings.finish()).string("nextStep", self.next_step);
        object.finish()
    }
}

/// The key that a 401 is about, which another may have replaced by now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedKey {
    pub(crate) kind: CredentialKind,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) is_replaced: bool,
}

/// What was known of the key before the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) verdict: KeyVerdict,
    /// When it was last accepted, if it was for this very operation.
    pub(crate) worked: Option<Timestamp>,
}

type Judged<T> = (Likelihood, T);

fn judge(
    expires_at: Option<Timestamp>,
    before: History,
    now: Timestamp,
) -> (Judged<Cow<'static, str>>, Judged<&'static str>, &'static str) {
    const LOOK: &str = "compare the key with the list of API keys in the Attention app; if it is not there, create a new one and deploy it";
    const CREATE: &str = "create a new key in the Attention app, put it into your secret store and deploy";
    let unknown_permission = (Likelihood::Unknown, "the API gives the same 401 for missing permissions");
    if let Some(at) = expires_at.filter(|at| *at <= now) {
        let reason = text::concat(&["the key expired ", &coarse(now.saturating_since(at)), " ago"]);
        return ((Likelihood::Likely, reason.into()), unknown_permission, CREATE);
    }
    if let Some(at) = before.worked {
        let ago = coarse(now.saturating_since(at));
        let reason = text::concat(&[
            "the key was accepted for this very operation, and last ",
            &ago,
            " ago: probably revoked since",
        ]);
        return (
            (Likelihood::Likely, reason.into()),
            (Likelihood::Unknown, "its account may have lost the permission since"),
            LOOK,
        );
    }
    if let KeyVerdict::Accepted { at } = before.verdict {
        // It worked, and now it does not: revoked since, or not allowed to do
        // just this. Which of the two, only another call with it can tell.
        let ago = coarse(now.saturating_since(at));
        let reason = text::concat(&["the key was accepted ", &ago, " ago, so it may have been revoked since"]);
        return (
            (Likelihood::Unknown, reason.into()),
            (Likelihood::Likely, "the key was accepted for another call, so it may lack permission for this one"),
            "call an endpoint that worked before: if that fails too, the key was revoked and needs replacing; if not, ask an Admin for a key with the permission",
        );
    }
    let reason = match (expires_at, before.verdict) {
        (Some(at), _) => {
            let left = coarse(at.saturating_since(now));
            text::concat(&["the key expires in ", &left, ", but it may have been revoked or mistyped"]).into()
        }
        (None, KeyVerdict::Refused { .. }) => {
            "the key has been refused before; it names no expiry, so it is revoked or mistyped".into()
        }
        (None, _) => "the key has never been accepted; it names no expiry, so it is revoked or mistyped".into(),
    };
    ((Likelihood::Likely, reason), unknown_permission, LOOK)
}

fn refused_token(expires_at: Option<Timestamp>, now: Timestamp) -> Cow<'static, str> {
    match expires_at.filter(|at| *at <= now) {
        Some(at) => text::concat(&["the token expired ", &coarse(now.saturating_since(at)), " ago"]).into(),
        None => "the Worker does not know the caller token, or it has expired".into(),
    }
}

/// A duration as a person says it.
fn coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        172_800..63_072_000 => (seconds / 86_400, "day"),
        _ => (seconds / 31_536_000, "year"),
    };
    text::concat(&[decimal(count).as_str(), " ", unit, if count == 1 { "" } else { "s" }])
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let mark = match finding.likelihood {
                Likelihood::RuledOut => "no    ",
                Likelihood::Likely => "LIKELY",
                Likelihood::Unknown => "maybe ",
            };
            writeln!(f, "  {mark}  {}: {}", finding.cause.code(), finding.reason)?;
        }
        write!(f, "  next    {}", self.next_step)
    }
}
