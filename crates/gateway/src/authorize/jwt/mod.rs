//! Callers that carry a JWT of somebody else's: which issuer is believed, and
//! what its claims allow.
//!
//! | room | what is decided there |
//! | --- | --- |
//! | here | whom the configuration believes, and for what |
//! | [`token`] | which text of a request is a JWT |
//! | [`key_set`] | when the issuer is asked for its keys |
//! | [`claims`] | what a token says, and whether that is believed |
//!
//! The driver fetches the keys and checks the signature, with an algorithm that is
//! listed here and no other. It reads nothing of what was signed.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::authorize::policy::Policies;
use attention_core::url::BaseUrl;

use crate::authorize::callers::{NAME_RULE, is_name, policy_name};
use crate::deployment::strict_json::{Document, Fault};
use crate::limits::rate::Rate;

pub mod claims;
pub mod key_set;
pub(in crate::authorize) mod members;
mod numeric_date;
pub mod token;

/// Whose tokens are believed, and for what.
#[derive(Debug)]
pub struct Jwt {
    issuer: String,
    audiences: Vec<String>,
    keys_url: String,
    algorithms: Vec<String>,
    leeway_seconds: u64,
    /// The header that carries the token, without a scheme; `None` for
    /// `Authorization: Bearer`.
    header: Option<String>,
    name_claim: String,
    grants: Vec<Grant>,
}

/// A policy for those whose claim is right.
#[derive(Debug)]
struct Grant {
    policy: String,
    claim: Option<(String, Test)>,
    /// Of each person that it is for.
    limit: Option<Rate>,
}

#[derive(Debug)]
enum Test {
    /// The claim, or an element of it, is one of these.
    Is(Vec<String>),
    /// The claim ends with this, as with the domain of an address.
    Ends(String),
}

const MEMBERS: [&str; 8] =
    ["issuer", "audience", "jwks", "algorithms", "leewaySeconds", "header", "nameClaim", "grants"];
const GRANT_MEMBERS: [&str; 5] = ["policy", "claim", "is", "endsWith", "limit"];
/// Asymmetric ones only: with a symmetric algorithm the published key would sign.
const ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];
const MOST_LEEWAY_SECONDS: u64 = 300;

impl Jwt {
    /// Reads the text of `ATTENTION_JWT`; `policies` are those that a grant may name.
    pub fn parse(text: &str, policies: &Policies) -> Result<Self, Fault> {
        let root = Document::new(text).root(&MEMBERS)?;
        let keys_url = root.required_text("jwks")?.into_owned();
        BaseUrl::parse(&keys_url).map_err(|error| root.fault("jwks", error.message()))?;
        let audiences = root.texts("audience")?.unwrap_or_default();
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(root.fault("audience", "is missing; without it a token for any other service would do"));
        }
        let algorithms = root.texts("algorithms")?.unwrap_or_else(|| vec!["RS256".to_owned()]);
        if algorithms.is_empty() || algorithms.iter().any(|name| !ALGORITHMS.contains(&name.as_str())) {
            return Err(root.fault("algorithms", "is to be a list of RS256, ES256, EdDSA"));
        }
        let leeway_seconds = root.number("leewaySeconds")?.unwrap_or(30);
        if leeway_seconds > MOST_LEEWAY_SECONDS {
            return Err(root.fault("leewaySeconds", "is more than 300"));
        }
        let header = root.text("header")?.map(|name| name.to_ascii_lowercase());
        if header.as_deref().is_some_and(|name| !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
            return Err(root.fault("header", "is not the name of a header"));
        }
        let mut grants = Vec::new();
        for record in root.records("grants", &GRANT_MEMBERS)? {
            let condition = match (record.texts("is")?, record.text("endsWith")?) {
                (Some(values), None) => Some(Test::Is(values)),
                (None, Some(end)) if !end.is_empty() => Some(Test::Ends(end.into_owned())),
                (None, None) => None,
                _ => return Err(record.fault("is", "and `endsWith` are alternatives")),
            };
            let claim = match (record.text("claim")?, condition) {
                (Some(claim), Some(condition)) => Some((claim.into_owned(), condition)),
                (None, None) => None,
                _ => return Err(record.fault("claim", "goes with `is` or `endsWith`, and they with it")),
            };
            let policy = policy_name(record.text("policy")?.as_deref(), policies)
                .ok_or_else(|| record.fault("policy", "there is no policy of this name"))?;
            let limit =
                record.text("limit")?.map(|text| Rate::parse(&text).ok_or_else(|| record.fault("limit", Rate::FORM)));
            grants.push(Grant { policy, claim, limit: limit.transpose()? });
        }
        if grants.is_empty() {
            return Err(root.fault("grants", "is empty, so nobody could do anything"));
        }
        let name_claim = root.text("nameClaim")?.map_or_else(|| "sub".to_owned(), alloc::borrow::Cow::into_owned);
        if !is_name(&name_claim) {
            return Err(root.fault("nameClaim", NAME_RULE));
        }
        Ok(Self {
            issuer: root.required_text("issuer")?.into_owned(),
            audiences,
            keys_url,
            algorithms,
            leeway_seconds,
            header,
            name_claim,
            grants,
        })
    }

    /// Where the issuer publishes its keys.
    pub fn keys_url(&self) -> &str {
        &self.keys_url
    }

    /// The algorithms that a signature may be made with.
    pub fn algorithms(&self) -> &[String] {
        &self.algorithms
    }
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(values) => values.iter().any(|wanted| wanted == text),
            Self::Ends(end) => text.ends_with(end.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::claims::Admitted;
    use super::members::Members;
    use super::*;

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
    fn claims_lead_to_policies() {
        let jwt = Jwt::parse(CONFIG, &policies()).unwrap();
        let admit = |claims: &str| {
            let limited = |limit: Option<Rate>| limit.map(Rate::text).unwrap_or_default();
            let admitted = Members::read(claims).and_then(|claims| jwt.grant(&claims));
            admitted.map(|Admitted { name, policy, limit }| format!("{name} {policy} {}", limited(limit)))
        };
        let is = |claims, said: &str| assert_eq!(admit(claims).as_deref(), Some(said), "{claims}");
        is(r#"{"email":"a@corp.example"}"#, "a@corp.example default ");
        is(r#"{"email":"a@other.example","groups":["x","admins"]}"#, "a@other.example wide 9/min");
        is(r#"{"email":"a@other.example","groups":"admins"}"#, "a@other.example wide 9/min");
        for claims in [
            "",
            "[]",
            "{}",
            r#"{"email":"a@other.example"}"#,
            r#"{"email":"a@corp.example.evil.example"}"#,
            r#"{"sub":"a@corp.example"}"#,
            r#"{"email":"a\n@corp.example"}"#,
            r#"{"email":["a@corp.example"]}"#,
            r#"{"email":"x@y.example","email":"a@corp.example"}"#,
            r#"{"email":"a@other.example","groups":{"admins":1}}"#,
        ] {
            assert_eq!(admit(claims), None, "{claims}");
        }
        assert_eq!((jwt.keys_url(), jwt.algorithms()), ("https://team.example/certs", &["RS256".to_owned()][..]));
    }

    #[test]
    fn terms_that_would_believe_too_much_are_refused() {
        let with = |from: &str, to: &str| {
            let text = CONFIG.replace(from, to);
            assert_ne!(text, CONFIG, "{from}");
            Jwt::parse(&text, &policies()).map(|_| ()).unwrap_err().to_string()
        };
        for (from, to, said) in [
            (r#""audience": ["abc"],"#, "", ".audience: is missing"),
            (r#"["abc"]"#, "[]", ".audience: is missing"),
            (r#""nameClaim""#, r#""algorithms": ["HS256"], "nameClaim""#, ".algorithms"),
            (r#""nameClaim""#, r#""algorithms": ["none"], "nameClaim""#, ".algorithms"),
            (r#""nameClaim""#, r#""leewaySeconds": 301, "nameClaim""#, ".leewaySeconds"),
            (r#""nameClaim""#, r#""header": "a b", "nameClaim""#, ".header"),
            ("https://team.example/certs", "http://team.example/certs", ".jwks: the base URL is plain http"),
            (r#""wide""#, r#""other""#, ".grants[0].policy"),
            ("9/min", "9/day", ".grants[0].limit: is to be calls per time"),
            (r#""endsWith": "@corp.example""#, r#""endsWith": """#, ".grants[1].is"),
            (r#", "endsWith": "@corp.example""#, "", ".grants[1].claim"),
            (r#""issuer": "https://team.example","#, "", ".issuer: is missing"),
        ] {
            let message = with(from, to);
            assert!(message.contains(said), "{message} should say {said}");
        }
    }
}
