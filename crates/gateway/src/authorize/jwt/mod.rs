//! Callers with a JWT from another issuer: which issuer is accepted, and what its claims allow.
//!
//! | module | contents |
//! | --- | --- |
//! | here | the accepted issuer, and the grants |
//! | [`token`] | finding the JWT in a request |
//! | [`key_set`] | when to fetch the issuer's keys |
//! | [`claims`] | judging a token's claims |
//! | `kind` | the purpose of a token |
//! | `grant` | the claims that a policy requires |
//! | `name` | the name of the token's holder |
//!
//! The driver fetches the keys and verifies the signature, only with the algorithms listed here. It does not interpret
//! the signed content.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::url::BaseUrl;

use crate::authorize::discovery::Discovery;
use crate::authorize::policy::Policies;
use crate::deployment::placeholder;
use crate::deployment::strict_json::{Document, Fault, Record};
use grant::{EmailVerified, Grant};
use kind::Tokens;

pub mod claims;
mod grant;
pub mod key_set;
mod kind;
pub(in crate::authorize) mod members;
pub(crate) mod name;
mod numeric_date;
pub mod token;

/// The issuer whose tokens are accepted, and the permissions that they grant.
#[derive(Debug)]
pub struct Jwt {
    issuer: String,
    audiences: Vec<String>,
    keys_url: String,
    algorithms: Vec<String>,
    leeway_seconds: u64,
    /// The header that carries the token without a scheme; `None` for `Authorization: Bearer`.
    header: Option<String>,
    /// The claims that may name a caller; the first one present does.
    name_claims: Vec<String>,
    tokens: Tokens,
    /// The clients that a token may have been issued to; empty for any.
    clients: Vec<String>,
    email_verified: EmailVerified,
    grants: Vec<Grant>,
}

const MEMBERS: [&str; 11] = [
    "issuer",
    "audience",
    "jwks",
    "algorithms",
    "leewaySeconds",
    "header",
    "nameClaim",
    "tokens",
    "clients",
    "emailVerified",
    "grants",
];
/// Only asymmetric ones: with a symmetric algorithm, anyone could sign with the published key.
const ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];
const MOST_LEEWAY_SECONDS: u64 = 300;
/// Cloudflare Access verifies every address, but its tokens do not state that.
const ACCESS: &str = ".cloudflareaccess.com";

impl Jwt {
    /// Reads the text of `ATTENTION_JWT`; grants may name the policies in `policies`.
    pub fn parse(text: &str, policies: &Policies) -> Result<Self, Fault> {
        let root = Document::new(text).root(&MEMBERS)?;
        let keys_url = root.required_text("jwks")?.into_owned();
        BaseUrl::parse(&keys_url).map_err(|error| root.fault("jwks", error.message()))?;
        let issuer = issuer(&root)?;
        let (name_claims, grants) = (name_claims(&root)?, Grant::parse_list(&root, policies)?);
        let has_addresses =
            name_claims.iter().any(|claim| claim == grant::EMAIL) || grants.iter().any(Grant::is_of_an_address);
        Ok(Self {
            email_verified: email_verified(&root, &issuer, has_addresses)?,
            audiences: audiences(&root)?,
            keys_url,
            algorithms: algorithms(&root)?,
            leeway_seconds: leeway_seconds(&root)?,
            header: header(&root)?,
            name_claims,
            tokens: match root.text("tokens")?.as_deref().unwrap_or("access") {
                "access" => Tokens::Access,
                "id" => Tokens::Id,
                "any" => Tokens::Any,
                _ => return Err(root.fault("tokens", "must be one of access, id, any")),
            },
            clients: texts_of(&root, "clients")?.unwrap_or_default(),
            grants,
            issuer,
        })
    }

    /// The public metadata for clients that need a token. `None` if tokens are sent in a header of their own, or if the
    /// issuer is not a URL at which a client could ask (RFC 8414 §2).
    pub(in crate::authorize) fn discovery(&self) -> Option<Discovery<'_>> {
        let is_address = BaseUrl::parse(&self.issuer).is_ok() && !self.issuer.contains(['?', '#', '@']);
        if self.header.is_some() || !is_address {
            return None;
        }
        let mut scopes: Vec<&str> = Vec::new();
        for scope in self.grants.iter().flat_map(Grant::scopes) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Some(Discovery { issuer: &self.issuer, scopes })
    }

    /// The URL of the issuer's keys.
    pub fn keys_url(&self) -> &str {
        &self.keys_url
    }

    /// The accepted signature algorithms.
    pub fn algorithms(&self) -> &[String] {
        &self.algorithms
    }
}

fn issuer(root: &Record<'_>) -> Result<String, Fault> {
    let issuer = root.required_text("issuer")?.into_owned();
    if issuer.is_empty() || issuer.contains(char::is_whitespace) {
        return Err(root.fault("issuer", "is empty or contains white space; it is compared exactly"));
    }
    if placeholder::is_one(&issuer) {
        return Err(root.fault("issuer", placeholder::SAID));
    }
    Ok(issuer)
}

/// If nothing is configured, the token itself must state that the address is verified.
fn email_verified(root: &Record<'_>, issuer: &str, has_addresses: bool) -> Result<EmailVerified, Fault> {
    match root.text("emailVerified")?.as_deref() {
        Some(text) => EmailVerified::parse(text).ok_or_else(|| {
            let form =
                "must be required (a token must state email_verified) or issuer (the issuer vouches for every address)";
            root.fault("emailVerified", form)
        }),
        None if has_addresses && issuer.trim_end_matches('/').ends_with(ACCESS) => Err(root.fault(
            "emailVerified",
            "is missing, so no address would be accepted: tokens of Cloudflare Access never have an \
             email_verified; say `issuer` if Access verifies addresses here, as it does by default",
        )),
        None => Ok(EmailVerified::Required),
    }
}

fn audiences(root: &Record<'_>) -> Result<Vec<String>, Fault> {
    let audiences = texts_of(root, "audience")?;
    let audiences = audiences.ok_or_else(|| {
        root.fault("audience", "is missing; without it, a token for any other service would be accepted")
    })?;
    if audiences.iter().any(|audience| audience.contains('*')) {
        return Err(root.fault("audience", "contains a `*`, which is not a wildcard here; list each audience"));
    }
    Ok(audiences)
}

/// Non-empty strings that are not placeholders; an empty list is a fault.
fn texts_of(root: &Record<'_>, name: &str) -> Result<Option<Vec<String>>, Fault> {
    let Some(texts) = root.texts(name)? else { return Ok(None) };
    if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
        return Err(root.fault(name, "is an empty list or contains an empty string"));
    }
    if texts.iter().any(|text| placeholder::is_one(text)) {
        return Err(root.fault(name, placeholder::SAID));
    }
    Ok(Some(texts))
}

fn algorithms(root: &Record<'_>) -> Result<Vec<String>, Fault> {
    let algorithms = root.texts("algorithms")?.unwrap_or_else(|| vec!["RS256".to_owned()]);
    if algorithms.is_empty() || algorithms.iter().any(|name| !ALGORITHMS.contains(&name.as_str())) {
        return Err(root.fault(
            "algorithms",
            "must be a list of RS256, ES256, EdDSA: `none` signs nothing, and with HS256 anyone could sign with the published key",
        ));
    }
    Ok(algorithms)
}

fn leeway_seconds(root: &Record<'_>) -> Result<u64, Fault> {
    let leeway_seconds = root.number("leewaySeconds")?.unwrap_or(30);
    if leeway_seconds > MOST_LEEWAY_SECONDS {
        Err(root.fault("leewaySeconds", "is more than 300"))
    } else {
        Ok(leeway_seconds)
    }
}

fn header(root: &Record<'_>) -> Result<Option<String>, Fault> {
    let Some(name) = root.text("header")?.map(|name| name.to_ascii_lowercase()) else { return Ok(None) };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(root.fault("header", "is not the name of a header"));
    }
    if name == "authorization" {
        return Err(root.fault("header", "must be another header: omit it if the token is in `Authorization`"));
    }
    Ok(Some(name))
}

fn name_claims(root: &Record<'_>) -> Result<Vec<String>, Fault> {
    let claims = root.texts("nameClaim")?.unwrap_or_else(|| vec!["sub".to_owned()]);
    let is_repeated = |(index, claim): (usize, &String)| claims.iter().take(index).any(|earlier| earlier == claim);
    if claims.is_empty()
        || claims.iter().any(|claim| claim.trim().is_empty())
        || claims.iter().enumerate().any(is_repeated)
    {
        return Err(root.fault("nameClaim", "must be the name of a claim, or a list of different ones"));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::members::Members;
    use super::*;
    use crate::limits::rate::Rate;

    const CONFIG: &str = r#"{
        "issuer": "https://team.example", "audience": ["abc"], "jwks": "https://team.example/certs",
        "nameClaim": "email",
        "grants": [
            { "claim": "groups", "is": ["admins"], "policy": "wide", "limit": "9/min" },
            { "claim": "email", "endsWith": "@corp.example" }
        ]
    }"#;

    fn policies() -> Policies {
        Policies::parse("allow GET /v2/a\n[wide]\nallow * /**").unwrap()
    }

    #[test]
    fn claims_map_to_policies() {
        let jwt = Jwt::parse(CONFIG, &policies()).unwrap();
        let admit = |claims: &str| {
            let limited = |limit: Option<Rate>| limit.map(Rate::text).unwrap_or_default();
            let admitted = Members::read(claims).and_then(|claims| jwt.grant(&claims).ok());
            admitted.map(|(name, grant)| format!("{name} {} {}", grant.policy, limited(grant.limit)))
        };
        let is = |claims, said: &str| assert_eq!(admit(claims).as_deref(), Some(said), "{claims}");
        is(r#"{"email":"a@corp.example","email_verified":true}"#, "a@corp.example default ");
        is(
            r#"{"email":"a@other.example","email_verified":"true","groups":["x","admins"]}"#,
            "a@other.example wide 9/min",
        );
        is(r#"{"email":"a@other.example","email_verified":true,"groups":"admins"}"#, "a@other.example wide 9/min");
        for claims in [
            "",
            "[]",
            "{}",
            r#"{"email":"a@corp.example"}"#,
            r#"{"email":"a@corp.example","email_verified":false}"#,
            r#"{"email":"a@other.example","email_verified":true}"#,
            r#"{"email":"a@corp.example.evil.example","email_verified":true}"#,
            r#"{"sub":"a@corp.example"}"#,
            r#"{"email":"a\n@corp.example","email_verified":true}"#,
            r#"{"email":["a@corp.example"],"email_verified":true}"#,
            r#"{"email":"x@y.example","email":"a@corp.example","email_verified":true}"#,
            r#"{"email":"a@other.example","email_verified":true,"groups":{"admins":1}}"#,
        ] {
            assert_eq!(admit(claims), None, "{claims}");
        }
        assert_eq!((jwt.keys_url(), jwt.algorithms()), ("https://team.example/certs", &["RS256".to_owned()][..]));
    }

    #[test]
    #[expect(clippy::too_many_lines)] // A table of faults.
    fn configurations_that_would_accept_too_much_are_refused() {
        let with = |from: &str, to: &str| {
            let text = CONFIG.replace(from, to);
            assert_ne!(text, CONFIG, "{from}");
            Jwt::parse(&text, &policies()).map(|_| ()).unwrap_err().to_string()
        };
        for (from, to, said) in [
            (r#""audience": ["abc"],"#, "", ".audience: is missing"),
            (r#"["abc"]"#, "[]", ".audience: is an empty list"),
            (r#""nameClaim""#, r#""algorithms": ["HS256"], "nameClaim""#, ".algorithms"),
            (r#""nameClaim""#, r#""algorithms": ["none"], "nameClaim""#, ".algorithms"),
            (r#""nameClaim""#, r#""leewaySeconds": 301, "nameClaim""#, ".leewaySeconds"),
            (r#""nameClaim""#, r#""header": "a b", "nameClaim""#, ".header"),
            ("https://team.example/certs", "http://team.example/certs", ".jwks: the base URL is plain http"),
            (r#""wide""#, r#""other""#, ".grants[0].policy"),
            ("9/min", "9/day", ".grants[0].limit: must be calls per time"),
            (r#""endsWith": "@corp.example""#, r#""endsWith": """#, ".grants[1].endsWith: is empty"),
            (r#", "endsWith": "@corp.example""#, "", ".grants[1].claim"),
            (r#""endsWith": "@corp.example""#, r#""endsWith": "corp.example""#, "say `domain`"),
            (r#""endsWith": "@corp.example""#, r#""endsWith": "@""#, "what follows them"),
            (r#""endsWith": "@corp.example""#, r#""is": []"#, ".grants[1].is: is an empty list"),
            (r#""endsWith": "@corp.example""#, r#""is": """#, ".grants[1].is: contains an empty string"),
            (r#""endsWith": "@corp.example""#, r#""is": [{}]"#, ".grants[1].is: must be a string, true"),
            (r#""endsWith": "@corp.example""#, r#""is": "a", "domain": "b""#, "are alternatives"),
            (r#""endsWith": "@corp.example""#, r#""domain": "*.corp.example""#, ".grants[1].domain"),
            (r#""endsWith": "@corp.example""#, r#""domain": ".corp.example""#, ".grants[1].domain"),
            (r#""endsWith": "@corp.example""#, r#""domain": []"#, ".grants[1].domain: is an empty list"),
            (
                r#""claim": "email", "endsWith": "@corp.example""#,
                "",
                ".grants[1].claim: is missing, so the grant would",
            ),
            (r#""claim": "email", "endsWith": "@corp.example""#, r#""everybody": false"#, "would match everybody"),
            (r#""claim": "email", "endsWith": "@corp.example""#, r#""all": []"#, ".grants[1].all: is empty"),
            (
                r#""claim": "email", "endsWith": "@corp.example""#,
                r#""all": [{}]"#,
                ".grants[1].all[0].claim: is missing",
            ),
            (r#""claim": "email", "#, r#""everybody": true, "claim": "email", "#, "are alternatives"),
            (r#""claim": "email", "#, "", ".grants[1].claim: is missing"),
            (
                r#""claim": "groups", "is": ["admins"]"#,
                r#""everybody": true"#,
                ".grants[0].everybody: matches everybody",
            ),
            (r#""claim": "groups", "is": ["admins"]"#, r#""claim": "scope", "is": "a b""#, "contains a space"),
            (r#"["abc"]"#, r#""*""#, ".audience: contains a `*`"),
            (r#"["abc"]"#, r#""<AUD tag>""#, ".audience: is a placeholder"),
            (r#"["abc"]"#, r#"["abc", ""]"#, ".audience: is an empty list"),
            (r#""https://team.example""#, r#""https://<your-team>.example""#, ".issuer: is a placeholder"),
            (r#""https://team.example""#, r#""https://team.example\n""#, ".issuer: is empty or contains white space"),
            (r#""nameClaim": "email""#, r#""nameClaim": []"#, ".nameClaim"),
            (r#""nameClaim": "email""#, r#""nameClaim": ["sub", "sub"]"#, ".nameClaim"),
            (r#""nameClaim""#, r#""header": "Authorization", "nameClaim""#, ".header"),
            (r#""nameClaim""#, r#""header": "", "nameClaim""#, ".header"),
            (r#""nameClaim""#, r#""tokens": "all", "nameClaim""#, ".tokens: must be one of access"),
            (r#""nameClaim""#, r#""clients": [], "nameClaim""#, ".clients"),
            (r#""nameClaim""#, r#""emailVerified": true, "nameClaim""#, ".emailVerified"),
            (r#""nameClaim""#, r#""emailVerified": "", "nameClaim""#, ".emailVerified: must be required"),
            (
                r#""https://team.example","#,
                r#""https://team.cloudflareaccess.com","#,
                ".emailVerified: is missing, so no address",
            ),
            (r#""nameClaim""#, r#""leewaySeconds": "30", "nameClaim""#, ".leewaySeconds"),
            (r#""issuer": "https://team.example","#, "", ".issuer: is missing"),
        ] {
            let message = with(from, to);
            assert!(message.contains(said), "{message} should say {said}");
        }
    }
}
