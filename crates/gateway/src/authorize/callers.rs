//! Who may use the Worker: the holders of static tokens.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::authorize::policy::Policies;
use attention_core::Timestamp;
use attention_core::credential::TokenDigest;

use crate::deployment::digest;
use crate::deployment::strict_json::{Document, Fault};
use crate::limits::rate::Rate;

/// Somebody who may use the Worker.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) token: TokenDigest,
    /// The name of a policy that exists.
    pub(crate) policy: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) limit: Option<Rate>,
    /// Whether it may ask for sessions: a backend, not a page.
    pub(crate) mints_sessions: bool,
}

const MEMBERS: [&str; 6] = ["name", "sha256", "policy", "expires", "limit", "mintsSessions"];

impl Caller {
    /// Reads `[{"name","sha256","policy","expires","limit","mintsSessions"}]`, of
    /// which the first two are required.
    pub(crate) fn parse_list(text: &str, policies: &Policies) -> Result<Vec<Self>, Fault> {
        let mut callers: Vec<Self> = Vec::new();
        let known = digest::known();
        for record in Document::new(text).records(&MEMBERS)? {
            let name = record.required_text("name")?.into_owned();
            if !is_name(&name) {
                return Err(record.fault("name", NAME_RULE));
            }
            let token = digest::read(&record.required_text("sha256")?).map_err(|what| record.fault("sha256", what))?;
            if known.iter().any(|known| known.matches(token)) {
                return Err(record.fault("sha256", digest::IS_KNOWN));
            }
            if callers.iter().any(|caller| caller.name == name) {
                return Err(record.fault("name", "another caller has this name"));
            }
            if callers.iter().any(|caller| caller.token.matches(token)) {
                return Err(record.fault("sha256", "another caller has this token; they could not be told apart"));
            }
            let expires_at = match record.text("expires")? {
                None => None,
                Some(text) => Some(Timestamp::from_rfc3339(&text).ok_or_else(|| {
                    record.fault("expires", "is to be a date such as 2027-01-31 or 2027-01-31T08:30:00Z (UTC)")
                })?),
            };
            callers.push(Self {
                name,
                token,
                policy: policy_name(record.text("policy")?.as_deref(), policies)
                    .ok_or_else(|| record.fault("policy", "there is no policy of this name"))?,
                expires_at,
                limit: match record.text("limit")? {
                    None => None,
                    Some(text) => Some(Rate::parse(&text).ok_or_else(|| record.fault("limit", Rate::FORM))?),
                },
                mints_sessions: record.flag("mintsSessions")?,
            });
        }
        Ok(callers)
    }
}

pub(crate) const NAME_RULE: &str =
    "is to be 1 to 64 letters, digits, `-`, `_`, `.`, `+` or `@`: it stands in every log line";

/// A name that may stand in a log line.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b'+'))
}

/// The name of an existing policy; without one it is the default.
pub(crate) fn policy_name(given: Option<&str>, policies: &Policies) -> Option<String> {
    let name = given.unwrap_or(Policies::DEFAULT);
    policies.get(name).map(|_| name.to_owned())
}
