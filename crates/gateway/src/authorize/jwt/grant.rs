//! Grants: the claims that a token needs for a policy.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::Element;
use attention_core::codec::text;

use super::members::{Member, Members};
use crate::authorize::callers::policy_name;
use crate::authorize::policy::Policies;
use crate::deployment::strict_json::{Fault, Record, Scalar};
use crate::limits::rate::Rate;

/// The claim for an email address in `OpenID` Connect.
pub(super) const EMAIL: &str = "email";
const EMAIL_VERIFIED: &str = "email_verified";
/// Claims whose string is a space-separated list (RFC 8693 §4.2, RFC 9068 §2.2.3).
const SCOPES: [&str; 2] = ["scope", "scp"];
/// The longest email address (RFC 5321 §4.5.3.1.3).
const MOST_ADDRESS_BYTES: usize = 254;

/// A policy for callers whose claims satisfy the conditions.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) policy: String,
    /// All of them must hold. Empty only if the configuration states that the grant is for everybody.
    conditions: Vec<Condition>,
    /// The limit for each person.
    pub(super) limit: Option<Rate>,
}

/// A condition on one claim.
#[derive(Debug)]
struct Condition {
    claim: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// The claim, or an element of its list, is one of these values.
    Is(Vec<Scalar>),
    /// It ends with this.
    Ends(String),
    /// It is an email address in one of these domains, in lower case.
    Domain(Vec<String>),
}

/// Who vouches for an email address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EmailVerified {
    /// The configuration states that the issuer vouches for every address; `email_verified` must be true if present.
    Issuer,
    /// The token must: `email_verified` must be present and true.
    Required,
}

impl EmailVerified {
    /// Reads the configuration's value; the second spelling is its former name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "required" => Some(Self::Required),
            "issuer" | "ifPresent" => Some(Self::Issuer),
            _ => None,
        }
    }
}

/// The reason a grant does not match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit<'a> {
    /// This claim is absent.
    Absent(&'a str),
    /// It is repeated. No later grant is considered then, because it might grant more.
    Repeated(&'a str),
    /// It has another value.
    Other(&'a str),
    /// It is an address that is not verified.
    Unverified(Doubt),
}

/// The reason an address is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubt {
    /// The token does not state whether it was verified.
    Unsaid,
    /// The token states that it was not.
    Denied,
}

impl Doubt {
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Unsaid => {
                "the address is not verified: `email_verified` is not there (if the issuer vouches for each address that \
                 it writes, say so: `emailVerified` \"issuer\")"
            }
            Self::Denied => "the address is not verified: `email_verified` is not true",
        }
    }
}

impl Unfit<'_> {
    /// The claim and the problem with it, without its value.
    pub(super) fn message(self) -> String {
        match self {
            Self::Absent(claim) => text::concat(&["`", claim, "` is missing"]),
            Self::Repeated(claim) => text::concat(&["`", claim, "` is duplicated"]),
            Self::Other(claim) => text::concat(&["`", claim, "` has another value"]),
            Self::Unverified(doubt) => doubt.message().to_owned(),
        }
    }
}

const GRANT_MEMBERS: [&str; 8] = ["policy", "claim", "is", "endsWith", "domain", "all", "everybody", "limit"];
const CONDITION_MEMBERS: [&str; 4] = ["claim", "is", "endsWith", "domain"];

impl Grant {
    /// Reads the member `grants` of the configuration.
    pub(super) fn parse_list(root: &Record<'_>, policies: &Policies) -> Result<Vec<Self>, Fault> {
        let records = root.records("grants", &GRANT_MEMBERS)?;
        let grants: Vec<Self> = records.iter().map(|record| Self::parse(record, policies)).collect::<Result<_, _>>()?;
        if grants.is_empty() {
            return Err(root.fault("grants", "is empty, so nobody could do anything"));
        }
        // Later grants would never be considered.
        if let Some(index) = grants.iter().rev().skip(1).rev().position(|grant| grant.conditions.is_empty()) {
            let path = text::concat(&["grants[", &text::count(index), "].everybody"]);
            return Err(root.fault(&path, "matches everybody, so the grants after it never apply; put it last"));
        }
        Ok(grants)
    }

    fn parse(record: &Record<'_>, policies: &Policies) -> Result<Self, Fault> {
        let policy = policy_name(record.text("policy")?.as_deref(), policies)
            .ok_or_else(|| record.fault("policy", "there is no policy of this name"))?;
        let limit =
            record.text("limit")?.map(|text| Rate::parse(&text).ok_or_else(|| record.fault("limit", Rate::FORM)));
        Ok(Self { policy, conditions: Self::conditions(record)?, limit: limit.transpose()? })
    }

    fn conditions(record: &Record<'_>) -> Result<Vec<Condition>, Fault> {
        let own = Condition::parse(record)?;
        let all: Vec<Condition> = record
            .records("all", &CONDITION_MEMBERS)?
            .iter()
            .map(|each| Condition::parse(each)?.ok_or_else(|| each.fault("claim", "is missing")))
            .collect::<Result<_, _>>()?;
        let everybody = record.flag("everybody")?;
        match (own, record.has("all"), everybody) {
            (Some(own), false, false) => Ok([own].into()),
            (None, true, false) if !all.is_empty() => Ok(all),
            (None, true, false) => Err(record.fault("all", "is empty, so it would match everybody; list the claims")),
            (None, false, true) => Ok(Vec::new()),
            (None, false, false) => Err(record.fault(
                "claim",
                "is missing, so the grant would match everybody that the issuer knows; name a claim, \
                 or say `everybody` is true if that is meant",
            )),
            _ => Err(record.fault("claim", "`all` and `everybody` are alternatives: use only one of them")),
        }
    }

    /// Whether it has a condition on an email address.
    pub(super) fn is_of_an_address(&self) -> bool {
        self.conditions.iter().any(Condition::is_of_an_address)
    }

    /// The scopes that it requires, limited to those that a header can contain (RFC 6749 §3.3).
    pub(super) fn scopes(&self) -> impl Iterator<Item = &str> {
        let of_scopes = self.conditions.iter().filter(|condition| SCOPES.contains(&condition.claim.as_str()));
        of_scopes.flat_map(|condition| match &condition.test {
            Test::Is(values) => values.iter().filter_map(Scalar::as_scope).collect(),
            Test::Ends(_) | Test::Domain(_) => Vec::new(),
        })
    }

    /// Whether it matches; otherwise the first condition that does not hold.
    pub(super) fn fit(&self, claims: &Members<'_>, email: EmailVerified) -> Result<(), Unfit<'_>> {
        // A repeated claim ends the search, whatever other conditions fail.
        if let Some(condition) = self.conditions.iter().find(|each| claims.get(&each.claim) == Member::Repeated) {
            return Err(Unfit::Repeated(&condition.claim));
        }
        for condition in &self.conditions {
            condition.holds(claims, email)?;
        }
        Ok(())
    }
}

impl Condition {
    fn parse(record: &Record<'_>) -> Result<Option<Self>, Fault> {
        let claim = record.text("claim")?;
        let tests: Vec<Test> =
            [Test::is(record)?, Test::ends(record)?, Test::domain(record)?].into_iter().flatten().collect();
        let Some(claim) = claim.map(Cow::into_owned) else {
            let is_whole = tests.is_empty();
            return is_whole.then_some(None).ok_or_else(|| {
                record.fault("claim", "is missing: `is`, `endsWith` and `domain` say which value a claim must have")
            });
        };
        if claim.trim().is_empty() {
            return Err(record.fault("claim", "is empty; name a claim"));
        }
        let mut tests = tests.into_iter();
        match (tests.next(), tests.next()) {
            (Some(test), None) => {
                let splits = SCOPES.contains(&claim.as_str());
                if let Test::Is(values) = &test
                    && splits
                    && values.iter().any(|value| matches!(value, Scalar::Text(scope) if scope.contains(' ')))
                {
                    return Err(record
                        .fault("is", "contains a space, which no scope does; name one scope, or several with `all`"));
                }
                Ok(Some(Self { claim, test }))
            }
            (None, _) => Err(record.fault("claim", "needs one of `is`, `endsWith` and `domain`")),
            (Some(_), Some(_)) => {
                Err(record.fault("claim", "`is`, `endsWith` and `domain` are alternatives; keep one"))
            }
        }
    }

    fn holds(&self, claims: &Members<'_>, email: EmailVerified) -> Result<(), Unfit<'_>> {
        let value = claims.get(&self.claim);
        if value == Member::Absent {
            return Err(Unfit::Absent(&self.claim));
        }
        let splits = SCOPES.contains(&self.claim.as_str());
        if !value.any(|element| self.test.fits(element, splits)) {
            return Err(Unfit::Other(&self.claim));
        }
        if self.is_of_an_address() { verified(claims, email).map_err(Unfit::Unverified) } else { Ok(()) }
    }

    /// Whether it is a condition on an email address, in whichever claim.
    fn is_of_an_address(&self) -> bool {
        self.claim == EMAIL
            || match &self.test {
                Test::Domain(_) => true,
                Test::Ends(end) => end.contains('@'),
                Test::Is(_) => false,
            }
    }
}

/// Whether the token's address is verified: `email_verified` is `true`, or the string `"true"` that Amazon Cognito and
/// Apple write. Any other value, and a repeated claim, means no.
pub(super) fn verified(claims: &Members<'_>, email: EmailVerified) -> Result<(), Doubt> {
    match claims.get(EMAIL_VERIFIED) {
        Member::Absent if email == EmailVerified::Issuer => Ok(()),
        Member::Absent => Err(Doubt::Unsaid),
        Member::One("true") => Ok(()),
        value if value.text().as_deref() == Some("true") => Ok(()),
        _ => Err(Doubt::Denied),
    }
}

impl Test {
    fn is(record: &Record<'_>) -> Result<Option<Self>, Fault> {
        let Some(values) = record.scalars("is")? else { return Ok(None) };
        if values.is_empty() {
            return Err(record.fault("is", "is an empty list, which matches no token; list the values"));
        }
        if values.iter().any(|value| matches!(value, Scalar::Text(text) if text.trim().is_empty())) {
            return Err(record.fault("is", "contains an empty string; name the value"));
        }
        Ok(Some(Self::Is(values)))
    }

    fn ends(record: &Record<'_>) -> Result<Option<Self>, Fault> {
        let Some(end) = record.text("endsWith")?.map(Cow::into_owned) else { return Ok(None) };
        let begins_with_a_separator = |end: &str| end.starts_with(|first: char| first.is_ascii_punctuation());
        if end.trim().is_empty() {
            return Err(record.fault("endsWith", "is empty, so every value would end with it"));
        }
        if !begins_with_a_separator(&end) {
            return Err(record.fault(
                "endsWith",
                "begins in the middle of a word, so unintended values end with it too; for addresses of a domain \
                 say `domain`, else begin with what separates, such as `.`, `/` or `:`",
            ));
        }
        if end.chars().all(|c| c.is_ascii_punctuation()) {
            return Err(record.fault("endsWith", "consists only of separators; name what follows them"));
        }
        Ok(Some(Self::Ends(end)))
    }

    fn domain(record: &Record<'_>) -> Result<Option<Self>, Fault> {
        let Some(domains) = record.texts("domain")? else { return Ok(None) };
        if domains.is_empty() {
            return Err(record.fault("domain", "is an empty list, which matches no token; list the domains"));
        }
        let read = |domain: &String| {
            let domain = domain.strip_prefix('@').unwrap_or(domain).to_ascii_lowercase();
            is_domain(&domain).then_some(domain).ok_or_else(|| {
                record.fault(
                    "domain",
                    "must be the part of addresses after the `@`, such as corp.example: no `*`, no dot at its \
                     beginning or end, and a name with other letters as xn--…; sub-domains are domains of their own",
                )
            })
        };
        domains.iter().map(read).collect::<Result<_, _>>().map(|domains| Some(Self::Domain(domains)))
    }

    fn fits(&self, element: &Element<'_>, splits: bool) -> bool {
        let Some(text) = element.clone().into_text() else {
            return matches!(self, Self::Is(values) if values.iter().any(|value| value.is(element)));
        };
        if splits { text.split(' ').any(|part| self.fits_text(part)) } else { self.fits_text(&text) }
    }

    fn fits_text(&self, text: &str) -> bool {
        match self {
            Self::Is(values) => values.iter().any(|value| matches!(value, Scalar::Text(wanted) if wanted == text)),
            // With a second `@`, the address could belong to another domain: CVE-2026-40574.
            Self::Ends(end) if end.contains('@') => {
                text.is_ascii() && domain_of(text).is_some() && text.ends_with(&**end)
            }
            Self::Ends(end) => text.ends_with(end.as_str()),
            Self::Domain(domains) => {
                domain_of(text).is_some_and(|domain| domains.iter().any(|wanted| wanted.eq_ignore_ascii_case(domain)))
            }
        }
    }
}

/// The part after the only `@` of an address.
fn domain_of(address: &str) -> Option<&str> {
    let (local, domain) = address.split_once('@')?;
    let is_part = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !matches!(c, '@' | '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\')
    };
    let is_address = !local.is_empty() && local.chars().all(is_part) && is_domain(&domain.to_ascii_lowercase());
    (is_address && address.len() <= MOST_ADDRESS_BYTES).then_some(domain)
}

/// Whether a text consists of dot-separated labels of letters, digits and `-` (RFC 1123 §2.1), in lower case.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MOST_ADDRESS_BYTES && text.split('.').all(is_label)
}
