//! What a token was made for.
//!
//! An issuer signs more than tokens for access with the same keys: it says who signed in (an ID token), that somebody
//! signed out, what happened to an account. RFC 8725 §3.11 and §3.12: none of them is a token for something else.

use super::claims::Refusal;
use super::members::{Member, Members};

/// Which tokens the configuration believes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tokens {
    /// Those for access, and those that do not say what they are for.
    Access,
    /// ID tokens, and those that do not say.
    Id,
    /// Both.
    Any,
}

/// What a token says that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Unsaid,
    Access,
    /// By this claim.
    Id(&'static str),
}

/// Claims that an ID token has and a token for access does not (`OpenID` Connect Core §2, §3.3.2.11).
const OF_ID_TOKENS: [&str; 3] = ["nonce", "at_hash", "c_hash"];
/// The claim of security events, of which a logout is one (RFC 8417 §2.2, `OpenID` Connect Back-Channel Logout §2.4).
const EVENTS: &str = "events";
/// The key that its holder has to show (RFC 7800 §3.1): a bearer shows none.
const CONFIRMATION: &str = "cnf";

/// Refuses a token that says it is for something else than `tokens`.
pub(super) fn check(tokens: Tokens, header: &Members<'_>, claims: &Members<'_>) -> Result<(), Refusal> {
    let by_header = of_header(header.get("typ"))?;
    for name in [EVENTS, CONFIRMATION] {
        if claims.get(name) != Member::Absent {
            return Err(Refusal::Purpose(name));
        }
    }
    let by_claims = of_claims(claims)?;
    match (by_header, by_claims, tokens) {
        // It says two things of itself; `nonce` and the hashes may stand in any token that has a `typ` of its own.
        (Kind::Access, Kind::Id(claim), _) if !OF_ID_TOKENS.contains(&claim) => Err(Refusal::Purpose(claim)),
        (Kind::Access, _, Tokens::Id) => Err(Refusal::Type),
        (Kind::Unsaid, Kind::Access, Tokens::Id) => Err(Refusal::Purpose("token_use, typ")),
        (Kind::Unsaid, Kind::Id(claim), Tokens::Access) => Err(Refusal::Purpose(claim)),
        _ => Ok(()),
    }
}

/// By the header: a media type without `application/`, or with it (RFC 7515 §4.1.9, RFC 9068 §2.1).
fn of_header(typ: Member<'_>) -> Result<Kind, Refusal> {
    if typ == Member::Absent {
        return Ok(Kind::Unsaid);
    }
    let is = |name: &str| typ.text().is_some_and(|typ| typ.eq_ignore_ascii_case(name));
    if is("JWT") {
        Ok(Kind::Unsaid)
    } else if is("at+jwt") || is("application/at+jwt") {
        Ok(Kind::Access)
    } else {
        Err(Refusal::Type)
    }
}

/// By the claims that issuers have for it.
fn of_claims(claims: &Members<'_>) -> Result<Kind, Refusal> {
    // Cloudflare Access: an application's token, or the one that its own login keeps.
    if claims.get("type").text().as_deref() == Some("org") {
        return Err(Refusal::Purpose("type"));
    }
    let mut kind = Kind::Unsaid;
    // Amazon Cognito, and Keycloak.
    for (claim, access, id) in
        [("token_use", &["access"][..], "id"), ("typ", &["Bearer", "at+jwt", "access"][..], "ID")]
    {
        let value = claims.get(claim);
        let text = value.text();
        kind = match text.as_deref() {
            None if value == Member::Absent => continue,
            Some("JWT") if claim == "typ" => continue,
            Some(text) if access.contains(&text) && !matches!(kind, Kind::Id(_)) => Kind::Access,
            Some(text) if text == id && kind != Kind::Access => Kind::Id(claim),
            _ => return Err(Refusal::Purpose(claim)),
        };
    }
    let of_id = OF_ID_TOKENS.into_iter().find(|name| claims.get(name) != Member::Absent);
    Ok(match (kind, of_id) {
        (Kind::Unsaid, Some(claim)) => Kind::Id(claim),
        (kind, _) => kind,
    })
}
