//! Identifies the sender of a request: the operator, or a caller with a static token, a session or an issuer's JWT.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::codec::base64url;
use attention_core::credential::{AuthorizationError, Bearer, TokenDigest};
use attention_core::{Headers, Timestamp};

use crate::answer::problem::{Credentials, Problem};
use crate::authorize::callers::Caller;
use crate::authorize::sessions::{Session, SessionError};
use crate::deployment::Config;
use crate::limits::rate::Rate;

/// The identified caller and its permissions.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) named_by: NamedBy,
    /// The name of an existing policy.
    pub(crate) policy: String,
    pub(crate) session: Option<Session>,
    /// Whether it may request sessions: a backend with its own token, not a page with a session.
    pub(crate) mints_sessions: bool,
    pub(crate) limit: Option<Rate>,
    /// When its credential expires.
    pub(crate) ends_at: Option<Timestamp>,
}

/// The origin of a caller's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NamedBy {
    /// The list of callers in the configuration.
    Configuration,
    /// A claim in an issuer's token.
    Issuer,
}

/// The form in which the operator wants the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asks {
    /// A page in a browser, which supports only the Basic scheme (RFC 7617): any user name, and the token as password.
    ForAPage,
    /// Any other client.
    ForData,
}

/// Admits only the operator. If the configuration has no operator's token, the path does not exist.
pub(crate) fn operator(config: &Config, headers: &dyn Headers, asks: Asks) -> Result<(), Problem> {
    let admin = config.admin.ok_or_else(Problem::outside)?;
    let authorization = headers.get("authorization");
    let password = authorization.as_deref().filter(|_| asks == Asks::ForAPage).and_then(basic_password);
    let digest = match (password, Bearer::parse(authorization.as_deref()), asks) {
        (Some(token), _, _) => TokenDigest::of(&token),
        (None, Ok(bearer), _) => TokenDigest::of(bearer.token()),
        (None, Err(AuthorizationError::Missing), Asks::ForAPage) => {
            return Err(Problem::ask_for_password(Credentials::Missing));
        }
        (None, Err(_), Asks::ForAPage) => return Err(Problem::ask_for_password(Credentials::Refused)),
        (None, Err(error), Asks::ForData) => return Err(Problem::authorization(error)),
    };
    if admin.matches(digest) {
        return Ok(());
    }
    let problem = match asks {
        Asks::ForAPage => Problem::ask_for_password(Credentials::Refused),
        Asks::ForData => Problem::unknown_token(),
    };
    Err(problem.because("not the operator's token: its SHA-256 is not ATTENTION_ADMIN_SHA256"))
}

fn basic_password(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded =
        scheme.eq_ignore_ascii_case("basic").then(|| base64url::decode_padded(credentials.trim_ascii()))??;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_, token)| token.to_owned())
}

/// Identifies the holder of the bearer token in `Authorization`: a static token or a session. `page` is the requesting
/// page.
pub(crate) fn by_bearer(
    config: &Config,
    authorization: Option<&str>,
    page: Option<&str>,
    now: Timestamp,
) -> Result<Identity, Problem> {
    let bearer = Bearer::parse(authorization).map_err(Problem::authorization)?;
    let session = session_of(config, bearer, page, now)?;
    let caller = match &session {
        // The caller that requested the session must still be configured; removing it revokes its sessions.
        Some(session) => config
            .callers
            .iter()
            .find(|caller| caller.name == session.caller && caller.mints_sessions)
            .ok_or_else(|| Problem::unknown_token().because(ORPHAN))?,
        None => holder_of(bearer, &config.callers)
            .ok_or_else(|| Problem::unknown_token().because(why_nobody_has(config, bearer.token())))?,
    };
    if caller.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::expired_token().because("the caller's `expires` in ATTENTION_CALLERS is past"));
    }
    let session_ends = session.as_ref().map(|session| session.expires_at);
    Ok(Identity {
        ends_at: [session_ends, caller.expires_at].into_iter().flatten().min(),
        name: caller.name.clone(),
        named_by: NamedBy::Configuration,
        policy: caller.policy.clone(),
        mints_sessions: session.is_none() && caller.mints_sessions,
        session,
        limit: caller.limit,
    })
}

const ORPHAN: &str = "the session's caller is no longer in ATTENTION_CALLERS, or has no mintsSessions";

/// The session in a token; `None` if the token does not have the form of a session or sessions are not configured.
fn session_of(
    config: &Config,
    bearer: Bearer<'_>,
    page: Option<&str>,
    now: Timestamp,
) -> Result<Option<Session>, Problem> {
    let Some(secret) = config.session_secret.as_ref().filter(|_| Session::is_session(bearer.token())) else {
        return Ok(None);
    };
    let session = Session::verify(bearer.token(), secret, now).map_err(|error| match error {
        SessionError::Expired => {
            Problem::expired_token().because("the session has expired; its page requests a new one")
        }
        _ => Problem::unknown_token()
            .because("the session was not signed with this ATTENTION_SESSION_SECRET, or is not a session"),
    })?;
    if config.revoked_sessions.contains(&session.id) {
        return Err(Problem::revoked_session().because("the session's id is in ATTENTION_REVOKED_SESSIONS"));
    }
    if session.origin.is_some() && session.origin.as_deref() != page {
        return Err(Problem::origin().because("the session is bound to the pages of another origin"));
    }
    Ok(Some(session))
}

/// A hint for the operator about an unknown token, derived from its form.
fn why_nobody_has(config: &Config, token: &str) -> &'static str {
    if config.api_keys.iter().any(|key| key.matches(TokenDigest::of(token))) {
        return "the token is the API key itself: the key has leaked, so rotate it; \
                callers have tokens of their own";
    }
    if Session::is_session(token) && config.session_secret.is_none() {
        return "the token looks like a session, and ATTENTION_SESSION_SECRET is not set";
    }
    match &config.jwt {
        None if token.starts_with("eyJ") => "the token looks like a JWT, and ATTENTION_JWT is not set",
        Some(_) if token.starts_with("eyJ") => {
            "the token looks like a JWT, but JWTs are expected in another header, or it is truncated"
        }
        _ => "no caller has this token: its SHA-256 is not in ATTENTION_CALLERS",
    }
}

fn holder_of<'c>(bearer: Bearer<'_>, callers: &'c [Caller]) -> Option<&'c Caller> {
    let index = TokenDigest::of(bearer.token()).find_in(callers.iter().map(|caller| caller.token))?;
    callers.get(index)
}
