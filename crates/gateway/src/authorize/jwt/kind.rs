//! Determines the purpose of a token.
//!
//! An issuer signs more than access tokens with the same keys: ID tokens, logout tokens, security events about
//! accounts. By RFC 8725 §3.11 and §3.12, none of them may be accepted for another purpose.

use super::claims::Refusal;
use super::members::{Member, Members};

/// The kinds of tokens that the configuration accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tokens {
    /// Access tokens, and tokens that do not state their purpose.
    Access,
    /// ID tokens, and tokens that do not state their purpose.
    Id,
    /// Both.
    Any,
}

/// The kind that a token states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Unsaid,
    Access,
    /// An ID token, by this claim.
    Id(&'static str),
}

/// Claims that ID tokens have and access tokens do not (`OpenID` Connect Core §2, §3.3.2.11).
const OF_ID_TOKENS: [&str; 3] = ["nonce", "at_hash", "c_hash"];
/// The claim of security events, including logout (RFC 8417 §2.2, `OpenID` Connect Back-Channel Logout §2.4).
const EVENTS: &str = "events";
/// The confirmation claim: the holder must prove possession of a key (RFC 7800 §3.1), which a bearer does not.
const CONFIRMATION: &str = "cnf";

/// Refuses a token that states a purpose other than `tokens`.
pub(super) fn check(tokens: Tokens, header: &Members<'_>, claims: &Members<'_>) -> Result<(), Refusal> {
    let by_header = of_header(header.get("typ"))?;
    for name in [EVENTS, CONFIRMATION] {
        if claims.get(name) != Member::Absent {
            return Err(Refusal::Purpose(name));
        }
    }
    let by_claims = of_claims(claims)?;
    match (by_header, by_claims, tokens) {
        // The token contradicts itself. `nonce` and the hashes do not count, since they may be in any token that has
        // its own `typ`.
        (Kind::Access, Kind::Id(claim), _) if !OF_ID_TOKENS.contains(&claim) => Err(Refusal::Purpose(claim)),
        (Kind::Access, _, Tokens::Id) => Err(Refusal::Type),
        (Kind::Unsaid, Kind::Access, Tokens::Id) => Err(Refusal::Purpose("token_use, typ")),
        (Kind::Unsaid, Kind::Id(claim), Tokens::Access) => Err(Refusal::Purpose(claim)),
        _ => Ok(()),
    }
}

/// The kind in the header: a media type with or without `application/` (RFC 7515 §4.1.9, RFC 9068 §2.1).
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

/// The kind in issuer-specific claims.
fn of_claims(claims: &Members<'_>) -> Result<Kind, Refusal> {
    // Cloudflare Access: an application's token, or the one of its own login.
    if claims.get("type").text().as_deref() == Some("org") {
        return Err(Refusal::Purpose("type"));
    }
    let mut kind = Kind::Unsaid;
    // Amazon Cognito and Keycloak.
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
