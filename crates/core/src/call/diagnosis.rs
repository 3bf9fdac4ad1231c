//! Explains a 401 by the four causes that the API documents.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::key_ring::{CredentialKind, KeyVerdict};
use super::operation::KeyLevel;
use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::codec::text::{self, decimal};

/// A documented cause of a 401.
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

/// How strongly the evidence points to a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likelihood {
    /// The evidence excludes this cause.
    RuledOut,
    /// The evidence points to this cause.
    Likely,
    /// There is no evidence for or against this cause.
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

/// The assessment of one cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// How strongly the evidence points to it.
    pub likelihood: Likelihood,
    /// The reason for the assessment, in one sentence.
    pub reason: Cow<'static, str>,
}

/// The explanation of a 401: an assessment of each documented cause, and the next step.
///
/// The API's authentication page names four things to check: that the header is present, that `Bearer` precedes the
/// key, that the key is neither revoked nor expired, and that it has the required permissions. This library always
/// sends the header and the scheme, so the first two are ruled out. The key and its history decide between the others.
/// Source: <https://docs.attention.com/api-authentication>.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis {
    /// The four causes, in the order of the API's page.
    pub findings: [Finding; 4],
    /// What to do next, in one sentence.
    pub next_step: &'static str,
}

impl Diagnosis {
    /// Explains a 401 for one key. `level` is the only level of key that the operation accepts, `None` when that is not
    /// known.
    pub(crate) fn of(key: RefusedKey, before: History, level: Option<KeyLevel>, now: Timestamp) -> Self {
        const AS_BEARER: &str = "it was sent as `Bearer` followed by the key";
        let (scheme, validity, permission, next_step) = match key.kind {
            CredentialKind::ApiKey => {
                let (validity, (likelihood, reason), next_step) = judge(key.expires_at, before, now);
                let reason = match level {
                    Some(level) => text::concat(&[reason, "; ", level.demand()]).into(),
                    None => reason.into(),
                };
                let next_step = if key.is_replaced { "call again: another key has replaced it" } else { next_step };
                (AS_BEARER, validity, (likelihood, reason), next_step)
            }
            CredentialKind::CallerToken => (
                "it was sent as `Bearer` followed by the token",
                (Likelihood::Likely, refused_token(key.expires_at, now)),
                (Likelihood::Unknown, "for a missing permission the Worker answers 403".into()),
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

    /// The most likely cause, `None` when no cause is likely.
    pub fn likely(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.likelihood == Likelihood::Likely)
    }

    /// JSON: `{"findings":[{"cause","likelihood","reason"},…],"nextStep"}`.
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

/// The key that was refused. Another key may have replaced it since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedKey {
    pub(crate) kind: CredentialKind,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) is_replaced: bool,
}

/// The history of the key before this call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) verdict: KeyVerdict,
    /// When the key was last accepted for this same operation.
    pub(crate) worked: Option<Timestamp>,
}

type Assessed<T> = (Likelihood, T);

fn judge(
    expires_at: Option<Timestamp>,
    before: History,
    now: Timestamp,
) -> (Assessed<Cow<'static, str>>, Assessed<&'static str>, &'static str) {
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
        // The key used to work, so it was revoked since, or it lacks the permission for this operation. Only another
        // call with the same key can tell which.
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

/// A duration rounded to one unit, for a sentence.
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
