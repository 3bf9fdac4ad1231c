//! Who a request is from: the operator, or a caller with a static token, a session, or an issuer's JWT.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::credential::{Bearer, TokenDigest};
use attention_core::{Headers, Timestamp};
use base64ct::{Base64, Encoding as _};

use crate::answer::problem::Problem;
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
        (None, Err(_), Asks::ForAPage) => return Err(Problem::ask_for_password()),
        (None, Err(error), Asks::ForData) => return Err(Problem::authorization(error)),
    };
    if admin.matches(digest) {
        return Ok(());
    }
    Err(match asks {
        Asks::ForAPage => Problem::ask_for_password(),
        Asks::ForData => Problem::unknown_token(),
    })
}

fn basic_password(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| Base64::decode_vec(credentials.trim()).ok())??;
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
    let session = match &config.session_secret {
        Some(secret) if Session::is_session(bearer.token()) => {
            let session = Session::verify(bearer.token(), secret, now).map_err(|error| match error {
                SessionError::Expired => Problem::expired_token(),
                _ => Problem::unknown_token(),
            })?;
            if session.origin.is_some() && session.origin.as_deref() != page {
                return Err(Problem::origin());
            }
            Some(session)
        }
        _ => None,
    };
    let caller = match &session {
        // The caller that asked for the session must still be configured: that is how sessions are revoked.
        Some(session) => config.callers.iter().find(|caller| caller.name == session.caller && caller.mints_sessions),
        None => holder_of(bearer, &config.callers),
    };
    let caller = caller.ok_or_else(Problem::unknown_token)?;
    if caller.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::expired_token());
    }
    Ok(Identity {
        name: caller.name.clone(),
        named_by: NamedBy::Configuration,
        policy: caller.policy.clone(),
        mints_sessions: session.is_none() && caller.mints_sessions,
        session,
        limit: caller.limit,
    })
}

fn holder_of<'c>(bearer: Bearer<'_>, callers: &'c [Caller]) -> Option<&'c Caller> {
    let index = TokenDigest::of(bearer.token()).find_in(callers.iter().map(|caller| caller.token))?;
    callers.get(index)
}
