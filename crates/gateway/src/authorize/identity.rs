//! Who a request is from: the operator, or a caller with a static token, a session, or an issuer's JWT.

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

/// Who a request is from, and what that allows.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) named_by: NamedBy,
    /// The name of a policy that exists.
    pub(crate) policy: String,
    pub(crate) session: Option<Session>,
    /// Whether it may ask for sessions: a backend with its own token, not a page with a session.
    pub(crate) mints_sessions: bool,
    pub(crate) limit: Option<Rate>,
    /// When what it came with ends.
    pub(crate) ends_at: Option<Timestamp>,
}

/// Where a caller's name is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NamedBy {
    /// The configuration's list of callers.
    Configuration,
    /// A claim of an issuer's token.
    Issuer,
}

/// What the operator asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asks {
    /// A page, in a browser, which knows only the Basic scheme (RFC 7617): any name, and the token.
    ForAPage,
    /// Anything else.
    ForData,
}

/// Lets nobody pass but the operator. Without an operator's token in the configuration there is no such path.
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

/// Who the holder of the bearer token in `Authorization` is: of a static one, or of a session. `page` is the
/// page that asks.
pub(crate) fn by_bearer(
    config: &Config,
    authorization: Option<&str>,
    page: Option<&str>,
    now: Timestamp,
) -> Result<Identity, Problem> {
    let bearer = Bearer::parse(authorization).map_err(Problem::authorization)?;
    let session = session_of(config, bearer, page, now)?;
    let caller = match &session {
        // The caller that asked for the session must still be configured: that is how sessions are revoked.
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

const ORPHAN: &str = "the session's caller is not in ATTENTION_CALLERS any more, or has no mintsSessions";

/// The session that a token is; `None` when it does not have the form of one, or there are none here.
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
        SessionError::Expired => Problem::expired_token().because("the session is over; its page asks for a new one"),
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

/// What the operator is to look at when nobody has a token: what it looks like, not what it is.
fn why_nobody_has(config: &Config, token: &str) -> &'static str {
    if config.api_keys.iter().any(|key| key.matches(TokenDigest::of(token))) {
        return "the token is the API key itself: it has left the Worker, so rotate it; \
                callers have tokens of their own";
    }
    if Session::is_session(token) && config.session_secret.is_none() {
        return "the token looks like a session, and ATTENTION_SESSION_SECRET is not set";
    }
    match &config.jwt {
        None if token.starts_with("eyJ") => "the token looks like a JWT, and ATTENTION_JWT is not set",
        Some(_) if token.starts_with("eyJ") => {
            "the token looks like a JWT, which is expected in another header, or cut off"
        }
        _ => "no caller has this token: its SHA-256 is not in ATTENTION_CALLERS",
    }
}

fn holder_of<'c>(bearer: Bearer<'_>, callers: &'c [Caller]) -> Option<&'c Caller> {
    let index = TokenDigest::of(bearer.token()).find_in(callers.iter().map(|caller| caller.token))?;
    callers.get(index)
}
