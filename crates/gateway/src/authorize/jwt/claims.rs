//! Judges the claims of a token whose signature has been verified.
//!
//! The header and the claims are read from the signed bytes themselves and not from another parser's result: if a name
//! is repeated, two parsers may disagree on what the issuer stated.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::Timestamp;
use attention_core::codec::{base64url, text};

use super::grant::{self, EMAIL, Grant, Unfit};
use super::members::{Member, Members};
use super::numeric_date::NumericDate;
use super::{Jwt, kind, name};
use crate::limits::rate::Rate;

/// The caller that a token names, and its permissions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted<'a> {
    /// A name that is safe in a log line: as the issuer writes it, or its digest.
    pub name: String,
    /// The name of an existing policy.
    pub policy: &'a str,
    /// The limit for this person.
    pub limit: Option<Rate>,
    /// When the token expires, including the configured leeway.
    pub ends_at: Timestamp,
}

/// The reason a token is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is longer than the maximum.
    TooLong,
    /// It names a key that is not in the issuer's key set, not even after fetching it again.
    UnknownKey,
    /// It is not a compact serialization, or its header is not a JSON object with unique names (RFC 7515 §4).
    Form,
    /// Its payload is not a JSON object, or is not base64url-encoded (RFC 7797 §7).
    NoClaims,
    /// This claim is missing, repeated, or has a wrong value.
    Claim(&'static str),
    /// It has expired.
    Expired,
    /// Its `typ` states another purpose.
    Type,
    /// This claim states another purpose.
    Purpose(&'static str),
    /// It was issued to a client that is not in the configuration.
    Client,
    /// It is valid but does not name a caller, for this reason.
    NoName(String),
    /// It is valid but no grant matches, for this reason.
    NoGrant(String),
}

impl Refusal {
    /// The reason for the log: the fault and the claim concerned, never a value. Uses the error codes of `jose` where
    /// they exist.
    pub fn reason(&self) -> String {
        String::from(match self {
            Self::TooLong => "too long",
            Self::UnknownKey => "ERR_JWKS_NO_MATCHING_KEY",
            Self::Form => "ERR_JWS_INVALID",
            Self::NoClaims => "ERR_JWT_INVALID",
            Self::Claim(name) => return text::concat(&["ERR_JWT_CLAIM_VALIDATION_FAILED (", name, ")"]),
            Self::Expired => "ERR_JWT_EXPIRED (exp)",
            Self::Type => "typ",
            Self::Purpose(claim) => return text::concat(&["issued for another purpose (", claim, ")"]),
            Self::Client => "issued to another client (azp, client_id)",
            Self::NoName(why) => return text::concat(&["no name: ", why]),
            Self::NoGrant(why) => return text::concat(&["no grant: ", why]),
        })
    }

    /// The next step for the operator.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLong => "configure the issuer to put fewer claims into it",
            Self::UnknownKey => "check that `jwks` is the key set of the token's issuer",
            Self::Form | Self::NoClaims => "the token is not a JWT in the compact serialization of RFC 7515",
            Self::Claim("iss") => {
                "compare the token's iss with `issuer`: they must be identical, including a trailing slash"
            }
            Self::Claim("aud") => "the token's aud must contain exactly one of the values of `audience`",
            Self::Claim("exp") => "the token needs exactly one exp, which is a number",
            Self::Claim("nbf") => "the token is not valid yet: check both clocks, and `leewaySeconds`",
            Self::Claim(_) => "the claim may occur only once and must be a number",
            Self::Expired => "the caller needs a new token; check both clocks, and `leewaySeconds`",
            Self::Type => "an access token has the typ JWT, at+jwt or none; `tokens` states which are accepted",
            Self::Purpose("nonce" | "at_hash" | "c_hash") => {
                "it is an ID token: the caller should send its access token, or set `tokens` to `id` or `any`"
            }
            Self::Purpose("cnf") => {
                "it is bound to a key that its holder must prove; request a bearer token from the issuer"
            }
            Self::Purpose(_) => "the caller should send its access token; `tokens` states which are accepted",
            Self::Client => "see `clients`",
            Self::NoName(_) => {
                "`nameClaim` lists the claims that name a caller: one must be present, once, as a string"
            }
            Self::NoGrant(_) => "check `grants`, and the claims that the issuer puts into its tokens",
        }
    }

    /// Whether the token itself is valid: the sender is known but has no permissions.
    pub(crate) const fn is_of_a_good_token(&self) -> bool {
        matches!(self, Self::NoName(_) | Self::NoGrant(_))
    }
}

impl Jwt {
    /// Judges a token whose signature has been verified with one of the issuer's keys and an algorithm of
    /// [`Self::algorithms`], and whose `crit` the verifier understands. The order of the checks is that of `jose`, so
    /// that the log gives the same reason for the same token.
    pub fn judge(&self, token: &str, now: Timestamp) -> Result<Admitted<'_>, Refusal> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Form);
        };
        let header = base64url::decode(header).ok_or(Refusal::Form)?;
        let header = Members::decode(&header).filter(|header| !header.repeat()).ok_or(Refusal::Form)?;
        // An unencoded payload (`b64: false`) would be decoded to something else.
        if !matches!(header.get("b64"), Member::Absent | Member::One("true")) {
            return Err(Refusal::NoClaims);
        }
        let payload = base64url::decode(payload).ok_or(Refusal::Form)?;
        let claims = Members::decode(&payload).ok_or(Refusal::NoClaims)?;
        self.check(&claims, now.as_unix_millis() / 1000)?;
        kind::check(self.tokens, &header, &claims)?;
        if !self.clients.is_empty() && !self.is_of_a_client(&claims) {
            return Err(Refusal::Client);
        }
        let (name, grant) = self.grant(&claims)?;
        Ok(Admitted { name, policy: &grant.policy, limit: grant.limit, ends_at: self.ends_at(&claims) })
    }

    /// Whether it was issued to one of the configured clients (`OpenID` Connect Core §2, RFC 9068 §2.2). If several
    /// claims name the client, they must agree.
    fn is_of_a_client(&self, claims: &Members<'_>) -> bool {
        let said = ["azp", "client_id"].map(|name| claims.get(name)).into_iter().filter(|said| *said != Member::Absent);
        let is_own = |said: Member<'_>| said.text().is_some_and(|said| self.clients.iter().any(|own| *own == said));
        let mut said = said.map(is_own).peekable();
        said.peek().is_some() && said.all(|is_own| is_own)
    }

    /// Checks the issuer, the audience and the times. A repeated optional claim does not count as absent, since that
    /// would admit tokens that the claim excludes.
    fn check(&self, claims: &Members<'_>, second: u64) -> Result<(), Refusal> {
        for required in ["iss", "aud", "exp"] {
            if !matches!(claims.get(required), Member::One(_)) {
                return Err(Refusal::Claim(required));
            }
        }
        if claims.get("iss").text().is_none_or(|issuer| issuer != self.issuer) {
            return Err(Refusal::Claim("iss"));
        }
        if !claims.get("aud").any_text(|audience| self.audiences.iter().any(|own| own == audience)) {
            return Err(Refusal::Claim("aud"));
        }
        time(claims, "iat")?;
        // The leeway is a few minutes at most.
        if time(claims, "nbf")?.is_some_and(|begin| begin.is_after(second.saturating_add(self.leeway_seconds))) {
            return Err(Refusal::Claim("nbf"));
        }
        if time(claims, "exp")?.is_none_or(|end| end.is_past(self.leeway_seconds, second)) {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// The expiry of a token whose times have been checked.
    fn ends_at(&self, claims: &Members<'_>) -> Timestamp {
        let end = if let Member::One(end) = claims.get("exp") { NumericDate::of(end) } else { None };
        end.map_or(Timestamp::default(), |end| end.after(self.leeway_seconds))
    }

    /// The caller's name and the first matching grant.
    pub(super) fn grant(&self, claims: &Members<'_>) -> Result<(String, &Grant), Refusal> {
        let name = self.name(claims).map_err(Refusal::NoName)?;
        let mut faults = Vec::new();
        for (index, grant) in self.grants.iter().enumerate() {
            match grant.fit(claims, self.email_verified) {
                Ok(()) => return Ok((name, grant)),
                Err(unfit) => {
                    faults.push(text::concat(&["[", &text::count(index), "] ", &unfit.message()]));
                    // A later grant must not match in its place, because it might grant more.
                    if matches!(unfit, Unfit::Repeated(_)) {
                        break;
                    }
                }
            }
        }
        Err(Refusal::NoGrant(faults.join(", ")))
    }

    /// The caller's name, from the first of the name claims that is present. If that one is not a valid name, the token
    /// is refused; the next claim is not tried.
    fn name(&self, claims: &Members<'_>) -> Result<String, String> {
        let found = self.name_claims.iter().position(|claim| claims.get(claim) != Member::Absent);
        let Some((index, claim)) = found.and_then(|index| Some((index, self.name_claims.get(index)?))) else {
            return Err(text::concat(&["`", &self.name_claims.join("`, `"), "` is missing"]));
        };
        let Some(given) = claims.get(claim).text() else {
            return Err(text::concat(&["`", claim, "` is not a string, or is duplicated"]));
        };
        if claim == EMAIL {
            grant::verified(claims, self.email_verified).map_err(|doubt| String::from(doubt.message()))?;
        }
        let name = if index == 0 {
            // A name that looks like another claim's name could be confused with it.
            let is_taken =
                |other: &String| given.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with(':'));
            let is_taken = self.name_claims.iter().skip(1).any(is_taken);
            if is_taken { Some(name::digest(&given)) } else { name::of(&given) }
        } else {
            name::of(&given).and_then(|_| name::of(&text::concat(&[claim, ":", &given])))
        };
        name.ok_or_else(|| text::concat(&["`", claim, "` is empty or cannot be read"]))
    }
}

/// A claim that is a time; `None` if it is absent, an error if it is not a number.
fn time(claims: &Members<'_>, name: &'static str) -> Result<Option<NumericDate>, Refusal> {
    match claims.get(name) {
        Member::Absent => Ok(None),
        Member::One(value) => NumericDate::of(value).map(Some).ok_or(Refusal::Claim(name)),
        Member::Repeated => Err(Refusal::Claim(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::policy::Policies;

    const SECOND: u64 = 1_700_000_000;
    const CONFIG: &str = r#"{
        "issuer": "https://team.example", "audience": ["abc", "def"], "jwks": "https://team.example/certs",
        "nameClaim": "email", "emailVerified": "issuer",
        "grants": [
            { "claim": "groups", "is": ["guests"], "policy": "narrow", "limit": "9/min" },
            { "claim": "email", "endsWith": "@corp.example" }
        ]
    }"#;
    const HEADER: &str = r#"{"alg":"RS256","kid":"rsa","typ":"JWT"}"#;
    const GOOD: [(&str, &str); 5] = [
        ("iss", r#""https://team.example""#),
        ("aud", r#"["abc"]"#),
        ("exp", "1700000300"),
        ("nbf", "1699999999"),
        ("email", r#""ann@corp.example""#),
    ];

    fn token(header: &str, payload: &str) -> String {
        let part = |text: &str| base64url::encode(text.as_bytes());
        format!("{}.{}.fake", part(header), part(payload))
    }

    /// The result for a token: the reason for refusal, or the name and the policy.
    fn judged(token: &str) -> String {
        let policies = Policies::parse("allow GET /v2/a\n[narrow]\nallow GET /v2/b").unwrap();
        let jwt = Jwt::parse(CONFIG, &policies).unwrap();
        match jwt.judge(token, Timestamp::from_unix_millis(SECOND * 1000 + 999)) {
            Ok(Admitted { name, policy, limit, .. }) => {
                format!("{name} {policy} {}", limit.map(Rate::text).unwrap_or_default())
            }
            Err(refusal) => refusal.reason(),
        }
    }

    fn claims(members: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
        let list: Vec<_> = members.into_iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        judged(&token(HEADER, &format!("{{{}}}", list.join(","))))
    }

    /// A valid token with one claim replaced.
    fn with(name: &'static str, value: &'static str) -> String {
        claims(GOOD.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]))
    }

    fn without(name: &str) -> String {
        claims(GOOD.into_iter().filter(|(known, _)| *known != name))
    }

    fn typed(typ: &str) -> String {
        let payload = r#"{"iss":"https://team.example","aud":"abc","exp":1700000300,"email":"ann@corp.example"}"#;
        judged(&token(&format!(r#"{{"alg":"RS256"{typ}}}"#), payload))
    }

    const ANN: &str = "ann@corp.example default ";

    #[test]
    fn valid_tokens_are_accepted() {
        assert_eq!(claims(GOOD), ANN);
        for (name, value) in [
            ("iss", r#""https:\/\/team.ex\u0061mple""#),
            ("aud", r#""def""#),
            ("aud", r#"[1,null,["x"],"other","def"]"#),
            ("exp", "1699999971"),
            ("exp", "1699999970.5"),
            ("exp", "1.7000000600e9"),
            ("exp", "1e999"),
            ("nbf", "1700000030"),
            ("nbf", "-1"),
            ("nbf", "0.5"),
            ("iat", "99999999999"),
            ("iat", "-1.5e3"),
            ("more", r#"{"a":[1,"\ud83d"]}"#),
        ] {
            assert_eq!(with(name, value), ANN, "{name} {value}");
        }
        assert_eq!(without("nbf"), ANN);
        assert_eq!(with("groups", r#"["x","guests"]"#), "ann@corp.example narrow 9/min");
    }

    #[test]
    fn issuer_and_audience_are_checked() {
        let claim = |name: &str| format!("ERR_JWT_CLAIM_VALIDATION_FAILED ({name})");
        for name in ["iss", "aud", "exp"] {
            assert_eq!(without(name), claim(name));
        }
        for value in [
            r#""https://team.example/""#,
            r#""https://TEAM.example""#,
            r#"["https://team.example"]"#,
            r#"{"0":"https://team.example"}"#,
            r#""""#,
            "null",
            "1",
        ] {
            assert_eq!(with("iss", value), claim("iss"), "{value}");
        }
        for value in [
            r#""ab""#,
            r#""abc ""#,
            r#""ABC""#,
            r#""*""#,
            r#""abc,def""#,
            "[]",
            r#"[["abc"]]"#,
            r#"{"0":"abc"}"#,
            "null",
        ] {
            assert_eq!(with("aud", value), claim("aud"), "{value}");
        }
    }

    #[test]
    fn expiry_and_not_before_are_checked() {
        let claim = |name: &str| format!("ERR_JWT_CLAIM_VALIDATION_FAILED ({name})");
        for name in ["exp", "nbf", "iat"] {
            for value in ["null", r#""1700000300""#, "true", "[1700000300]", "{}", r#""NaN""#] {
                assert_eq!(with(name, value), claim(name), "{name} {value}");
            }
        }
        for value in ["1699999970", "1699999969.999999", "1699999970.0000000001", "0", "-1", "-1e999", "1.7e8"] {
            assert_eq!(with("exp", value), "ERR_JWT_EXPIRED (exp)", "{value}");
        }
        for value in [
            "1700000031",
            "1700000030.000001",
            "1700000030.00000000000001",
            "1700000030.00000010",
            "1700000030.00000011",
            "1e300",
            "1e999",
        ] {
            assert_eq!(with("nbf", value), claim("nbf"), "{value}");
        }
    }

    #[test]
    fn the_first_fault_is_the_reason() {
        let faults = [("iat", "null"), ("nbf", "9e9"), ("exp", "1"), ("aud", "1"), ("iss", "1"), ("email", "1")];
        let reasons = ["iat", "nbf", "exp", "aud", "iss", "email"].map(|left| {
            let good =
                GOOD.into_iter().filter(|(name, _)| *name == left || !faults.iter().any(|(fault, _)| name == fault));
            claims(good.chain(faults.into_iter().filter(|(name, _)| *name != left)))
        });
        let claim = "ERR_JWT_CLAIM_VALIDATION_FAILED (iss)";
        assert_eq!(reasons, [claim, claim, claim, claim, "ERR_JWT_CLAIM_VALIDATION_FAILED (aud)", claim]);
        // A missing claim is reported before a wrong one.
        assert_eq!(claims([("iss", "1"), ("aud", "1")]), "ERR_JWT_CLAIM_VALIDATION_FAILED (exp)");
        assert_eq!(claims([("exp", "1")]), claim);
        // For an expired logout token the expiry is reported.
        let over = token(r#"{"typ":"logout+jwt"}"#, r#"{"iss":"https://team.example","aud":"abc","exp":1}"#);
        assert_eq!(judged(&over), "ERR_JWT_EXPIRED (exp)");
    }

    #[test]
    fn a_repeated_claim_is_refused() {
        for (name, good) in GOOD.into_iter().chain([("iat", "1")]) {
            let expected = match name {
                "email" => "no name: `email` is not a string, or is duplicated".into(),
                name => format!("ERR_JWT_CLAIM_VALIDATION_FAILED ({name})"),
            };
            let rest = || GOOD.into_iter().filter(|(known, _)| *known != name);
            assert_eq!(
                claims([(name, good)].into_iter().chain(rest()).chain([(name, "0")])),
                expected,
                "{name}, good first"
            );
            assert_eq!(
                claims([(name, "0")].into_iter().chain(rest()).chain([(name, good)])),
                expected,
                "{name}, good last"
            );
            assert_eq!(claims(rest().chain([(name, good), (name, good)])), expected, "{name}, the same");
        }
        // Without groups a later grant would match, and grant more.
        assert_eq!(
            claims(GOOD.into_iter().chain([("groups", "[]"), ("groups", r#"["guests"]"#)])),
            "no grant: [0] `groups` is duplicated"
        );
        assert_eq!(claims(GOOD.into_iter().chain([("more", "1"), ("more", "2")])), ANN);
        for header in
            [r#"{"typ":"JWT","typ":"JWT"}"#, r#"{"typ":"at+jwt","t\u0079p":"logout+jwt"}"#, r#"{"kid":"a","kid":"b"}"#]
        {
            assert_eq!(judged(&token(header, "{}")), "ERR_JWS_INVALID", "{header}");
        }
    }

    #[test]
    fn tokens_of_another_type_are_refused() {
        for typ in ["", r#","typ":"JWT""#, r#","typ":"at+jwt""#, r#","typ":"application/AT+JWT""#] {
            assert_eq!(typed(typ), ANN, "{typ}");
        }
        for typ in [
            "logout+jwt",
            "application/logout+jwt",
            "LOGOUT+JWT",
            "secevent+jwt",
            "dpop+jwt",
            "+jwt",
            "\\u002bjwt",
            "stat+jwt",
            "x",
            "",
            "JWT ",
            "application/jwt",
            "at",
            "jose",
        ] {
            assert_eq!(typed(&format!(r#","typ":"{typ}""#)), "typ", "{typ}");
        }
        for typ in ["1", "null", r#"["JWT"]"#, "{}", "false"] {
            assert_eq!(typed(&format!(r#","typ":{typ}"#)), "typ", "{typ}");
        }
    }

    /// Each refusal tells the operator what to do; two refusals tell the same only if it is the same to do.
    #[test]
    fn a_refusal_has_a_hint_of_its_own() {
        let (no_name, no_grant) = (Refusal::NoName(String::new()), Refusal::NoGrant(String::new()));
        let refusals = [
            Refusal::TooLong,
            Refusal::UnknownKey,
            Refusal::Form,
            Refusal::Claim("iss"),
            Refusal::Claim("aud"),
            Refusal::Claim("exp"),
            Refusal::Claim("nbf"),
            Refusal::Claim("iat"),
            Refusal::Expired,
            Refusal::Type,
            Refusal::Purpose("nonce"),
            Refusal::Purpose("cnf"),
            Refusal::Purpose("events"),
            Refusal::Client,
        ];
        assert!(refusals.iter().all(|refusal| !refusal.is_of_a_good_token()));
        assert!(no_name.is_of_a_good_token() && no_grant.is_of_a_good_token());
        let hints: std::collections::BTreeSet<&str> =
            refusals.iter().chain([&no_name, &no_grant]).map(Refusal::hint).collect();
        assert!(hints.len() == refusals.len() + 2 && !hints.contains(""));
        assert_eq!(Refusal::NoClaims.hint(), Refusal::Form.hint());
    }

    #[test]
    fn an_unencoded_payload_is_not_read() {
        assert_eq!(typed(r#","b64":true,"crit":["b64"]"#), ANN);
        for b64 in ["false", "null", r#""false""#, "0"] {
            assert_eq!(typed(&format!(r#","b64":{b64},"crit":["b64"]"#)), "ERR_JWT_INVALID", "{b64}");
        }
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let good = token(HEADER, "{}");
        let (header, payload) = (good.split('.').next().unwrap(), good.split('.').nth(1).unwrap());
        for text in [
            "",
            "..",
            "a.b",
            "x",
            &format!("{header}.{payload}"),
            &format!("{header}.{payload}.a.b"),
            &format!(".{payload}.a"),
            &format!("{header}=.{payload}.a"),
            &format!("{header}.{payload}=.a"),
            &format!("{header}.{payload} .a"),
            &format!("{header}.+/.a"),
            // Another base64url spelling of the same bytes, which is not accepted.
            &format!("{header}.e31.a"),
            &token("[]", "{}"),
            &token("{", "{}"),
            &token(r#"{"alg":"RS256"}{}"#, "{}"),
        ] {
            assert_eq!(judged(text), "ERR_JWS_INVALID", "{text}");
        }
        for payload in ["", "null", "[]", r#""text""#, "1", "{", r#"{"exp":1}{}"#, r#"{"exp":1,"a":[1}]}"#] {
            assert_eq!(judged(&token(HEADER, payload)), "ERR_JWT_INVALID", "{payload}");
        }
        assert_eq!(judged(&token(HEADER, "\u{feff}{}")), "ERR_JWT_CLAIM_VALIDATION_FAILED (iss)");
    }
}
