//! Who a request is from: the operator, or a caller with a static token, a
//! session, or an issuer's JWT.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::credential::{Bearer, TokenDigest};
use attention_core::session::{Session, SessionError};
use base64ct::{Base64, Encoding as _};

use crate::allowance::Rate;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::problem::Problem;

/// Who a request is from, and what that allows.
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) session: Option<Session>,
    /// Which of the configured callers; none is a JWT's.
    pub(crate) caller: Option<usize>,
    pub(crate) limit: Option<Rate>,
}

/// What the driver found out about a request's JWT, when the configuration
/// believes an issuer and the request carries one of its tokens.
pub(crate) enum Token<'a> {
    /// There is none.
    Other,
    /// It is good, and these are its claims.
    Verified(&'a str),
    /// It is not, for this reason.
    Refused(&'a str),
}

/// Lets nobody pass but the operator. Without an operator's token in the
/// configuration there is no such path. A page is asked for by a person in a
/// browser, which knows only the Basic scheme (RFC 7617): any name, and the token.
pub(crate) fn operator(config: &Config, authorization: Option<&str>, page: bool) -> Result<(), Problem> {
    let admin = config.admin.ok_or_else(Problem::outside)?;
    let basic = authorization.filter(|_| page).and_then(|value| {
        let (scheme, credentials) = value.split_once(' ')?;
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| Base64::decode_vec(credentials.trim()).ok())??;
        let text = String::from_utf8(decoded).ok()?;
        text.split_once(':').map(|(_, token)| token.to_owned())
    });
    let digest = match basic {
        Some(token) => TokenDigest::of(&token),
        None => match Bearer::parse(authorization) {
            Ok(bearer) => TokenDigest::of(bearer.token()),
            Err(_) if page => return Err(Problem::ask_for_password()),
            Err(error) => return Err(Problem::authorization(error)),
        },
    };
    if admin.matches(digest) {
        return Ok(());
    }
    Err(if page { Problem::ask_for_password() } else { Problem::unknown_token() })
}

/// Who a request is from: the holder of a static token, of a session, or of an
/// issuer's JWT.
pub(crate) fn identify(
    config: &Config,
    exchange: &mut Exchange,
    authorization: Option<&str>,
    token: &Token<'_>,
) -> Result<Identity, Problem> {
    match token {
        Token::Other => {}
        Token::Verified(claims) => {
            let (name, policy, limit) =
                config.jwt.as_ref().and_then(|jwt| jwt.admit(claims)).ok_or_else(Problem::no_grant)?;
            return Ok(Identity { name, policy: policy.to_owned(), session: None, caller: None, limit });
        }
        Token::Refused(reason) => {
            exchange.fault = Some(["the JWT was refused: ", reason].concat());
            return Err(Problem::unknown_token());
        }
    }
    let bearer = Bearer::parse(authorization).map_err(Problem::authorization)?;
    let now = exchange.started;
    let session = match &config.session_secret {
        Some(secret) if Session::is_session(bearer.token()) => {
            let session = Session::verify(bearer.token(), secret, now).map_err(|error| match error {
                SessionError::Expired => Problem::expired_token(),
                _ => Problem::unknown_token(),
            })?;
            if session.origin.is_some() && session.origin != exchange.cors_origin {
                return Err(Problem::origin());
            }
            Some(session)
        }
        _ => None,
    };
    let index = match &session {
        // Who asked for it has to be somebody still: that is how sessions are revoked.
        Some(session) => {
            config.callers.iter().position(|caller| caller.name == session.caller && caller.mints_sessions)
        }
        None => TokenDigest::of(bearer.token()).find_in(config.callers.iter().map(|caller| caller.token)),
    };
    let (index, caller) =
        index.and_then(|index| Some((index, config.callers.get(index)?))).ok_or_else(Problem::unknown_token)?;
    if caller.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::expired_token());
    }
    let (name, policy) = (caller.name.clone(), caller.policy.clone());
    Ok(Identity { name, policy, session, caller: Some(index), limit: caller.limit })
}
