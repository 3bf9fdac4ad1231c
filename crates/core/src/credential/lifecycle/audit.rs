//! Reports which keys need attention, how urgently, and what to do about each.
//!
//! [`audit`] compares the API's list of keys with the caller's own record of where they are used. It states only what
//! these two show: `lastSeenAt` and `userUUID` come from the API, an expiry is the key's own claim, and everything else
//! is put as a question to a person.
//!
//! | finding | when | severity |
//! | --- | --- | --- |
//! | [`Expired`](Finding::Expired) | `exp` is not after `now` | critical in use, else a notice |
//! | [`Unlisted`](Finding::Unlisted) | a key in use is not in the list | critical; a warning if the list hides values |
//! | [`Expiring`](Finding::Expiring) | `exp` is within [`Thresholds::expiring_days`] | warning in use, else a notice |
//! | [`Stale`](Finding::Stale) | last seen [`Thresholds::stale_days`] ago, or longer | warning |
//! | [`NeverUsed`](Finding::NeverUsed) | no `lastSeenAt`, not issued within [`Thresholds::unused_days`] | warning; a notice without `iat` |
//! | [`SharedByEnvironments`](Finding::SharedByEnvironments) | used by two environments | warning |
//! | [`UserLevel`](Finding::UserLevel) | it has a `userUUID`, and a service uses it | warning |
//! | [`EqualValues`](Finding::EqualValues) | two entries of the list have the same value | warning |
//! | [`DuplicateName`](Finding::DuplicateName) | two entries have the same name | warning |
//! | [`NoExpiry`](Finding::NoExpiry) | a JWT without a readable `exp` | notice |
//! | [`ExpiryUnknown`](Finding::ExpiryUnknown) | not a JWT | notice |
//! | [`ValueHidden`](Finding::ValueHidden) | the list does not show a value | notice |

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::listing::{KeyList, ListedKey};
use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::codec::text::{concat, decimal};
use crate::credential::Fingerprint;

/// A place where a key is used, according to the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Usage {
    /// The environment, such as `production`. Names are compared exactly.
    pub environment: String,
    /// The key.
    pub fingerprint: Fingerprint,
    /// Who calls with the key.
    pub by: UsedBy,
}

/// Who calls with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UsedBy {
    /// A program that runs unattended.
    Service,
    /// A person, who may use a key that acts as that person.
    Person,
}

/// When a condition becomes a finding, in days of 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// A key last seen at least this long ago is stale. Default 90.
    pub stale_days: u16,
    /// A key issued less than this long ago may not have been used yet. Default 7.
    pub unused_days: u16,
    /// A key that expires within this time is expiring. Default 30.
    pub expiring_days: u16,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { stale_days: 90, unused_days: 7, expiring_days: 30 }
    }
}

/// How urgent a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Fix it before it causes a failure.
    Warning,
    /// Calls fail now.
    Critical,
}

impl Severity {
    /// The name in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Identifies a listed key without its value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeyName {
    /// `id` of the list.
    pub id: String,
    /// `name` of the list.
    pub name: String,
}

/// A fact about a key that a person should know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// The key has expired.
    Expired {
        /// The key.
        key: KeyName,
        /// When it expired.
        at: Timestamp,
        /// The environments that still use it.
        environments: Vec<String>,
    },
    /// An environment uses a key that is not in the list: it was revoked, belongs to another organization, or, if the
    /// list hides values, may be one of those.
    Unlisted {
        /// The key.
        fingerprint: Fingerprint,
        /// The environments that use it.
        environments: Vec<String>,
        /// Whether the list shows all values, so that the key is certainly missing.
        certain: bool,
    },
    /// The key expires soon.
    Expiring {
        /// The key.
        key: KeyName,
        /// When it expires.
        at: Timestamp,
        /// The environments that use it.
        environments: Vec<String>,
    },
    /// The key has not been used for a long time.
    Stale {
        /// The key.
        key: KeyName,
        /// When it was seen last.
        last_seen: Timestamp,
        /// The environments that are said to use it.
        environments: Vec<String>,
    },
    /// The key has never been used.
    NeverUsed {
        /// The key.
        key: KeyName,
        /// When it was issued, if it has an `iat`.
        issued: Option<Timestamp>,
        /// The environments that are said to use it.
        environments: Vec<String>,
    },
    /// More than one environment uses the key.
    SharedByEnvironments {
        /// The key.
        fingerprint: Fingerprint,
        /// Its entries in the list; empty if the list does not have it.
        keys: Vec<KeyName>,
        /// The environments that use it.
        environments: Vec<String>,
    },
    /// The key acts as a user, and a service uses it.
    UserLevel {
        /// The key.
        key: KeyName,
        /// `userUUID` of the list.
        user: String,
        /// The environments whose services use it.
        environments: Vec<String>,
    },
    /// Entries of the list that have the same value.
    EqualValues {
        /// The value.
        fingerprint: Fingerprint,
        /// The entries.
        keys: Vec<KeyName>,
    },
    /// Entries of the list that have the same name.
    DuplicateName {
        /// The entries.
        keys: Vec<KeyName>,
    },
    /// The key is a JWT without an `exp`, or with one that is not a time.
    NoExpiry {
        /// The key.
        key: KeyName,
    },
    /// The key is not a JWT, so its expiry is unknown.
    ExpiryUnknown {
        /// The key.
        key: KeyName,
    },
    /// The list does not show the value, so it cannot be told whether the key is used.
    ValueHidden {
        /// The key.
        key: KeyName,
    },
}

/// Compares the list of keys with the places where keys are used.
///
/// The most urgent finding comes first. The order depends only on the findings and not on the order of the input.
///
/// ```
/// use attention_core::Timestamp;
/// use attention_core::credential::lifecycle::audit::{Thresholds, audit};
/// use attention_core::credential::lifecycle::listing::KeyList;
///
/// let text = r#"[{"id":"1","name":"export","value":"an-obviously-fake-key","lastSeenAt":"2026-01-01T00:00:00Z"}]"#;
/// let list = KeyList::parse(text.to_owned())?;
/// let now = Timestamp::from_rfc3339("2026-06-01").unwrap();
/// let findings = audit(&list, &[], Thresholds::default(), now);
/// assert_eq!(findings[0].code(), "stale");
/// assert!(findings[0].next_step().contains("delete"));
/// # Ok::<(), attention_core::credential::lifecycle::listing::ListError>(())
/// ```
pub fn audit(list: &KeyList, uses: &[Usage], thresholds: Thresholds, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in list.keys() {
        of_expiry(key, uses, thresholds, now, &mut findings);
        of_use(key, uses, thresholds, now, &mut findings);
        of_twins(key, list, &mut findings);
    }
    of_places(list, uses, &mut findings);
    findings.sort_by_cached_key(|finding| (core::cmp::Reverse(finding.severity()), finding.rank(), finding.to_json()));
    findings
}

const fn days(days: u16) -> Duration {
    Duration::from_secs(days as u64 * 86_400)
}

impl KeyName {
    fn of(key: &ListedKey) -> Self {
        Self { id: key.id.clone(), name: key.name.clone() }
    }
}

/// The environments of the uses that satisfy `counts`, sorted, without duplicates.
fn environments(uses: &[Usage], counts: impl Fn(&Usage) -> bool) -> Vec<String> {
    let mut names: Vec<String> =
        uses.iter().filter(|usage| counts(usage)).map(|usage| usage.environment.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn users_of(key: &ListedKey, uses: &[Usage]) -> Vec<String> {
    environments(uses, |usage| Some(usage.fingerprint) == key.fingerprint())
}

fn of_expiry(key: &ListedKey, uses: &[Usage], thresholds: Thresholds, now: Timestamp, findings: &mut Vec<Finding>) {
    let name = KeyName::of(key);
    findings.extend(match (key.fingerprint(), key.claims()) {
        (None, _) => Some(Finding::ValueHidden { key: name }),
        (Some(_), None) => Some(Finding::ExpiryUnknown { key: name }),
        (Some(_), Some(claims)) => match claims.expires_at {
            None => Some(Finding::NoExpiry { key: name }),
            Some(at) if at <= now => Some(Finding::Expired { key: name, at, environments: users_of(key, uses) }),
            Some(at) if at <= now.saturating_add(days(thresholds.expiring_days)) => {
                Some(Finding::Expiring { key: name, at, environments: users_of(key, uses) })
            }
            Some(_) => None,
        },
    });
}

fn of_use(key: &ListedKey, uses: &[Usage], thresholds: Thresholds, now: Timestamp, findings: &mut Vec<Finding>) {
    match key.last_seen {
        Some(last_seen) if last_seen.saturating_add(days(thresholds.stale_days)) <= now => {
            let environments = users_of(key, uses);
            findings.push(Finding::Stale { key: KeyName::of(key), last_seen, environments });
        }
        Some(_) => {}
        None => {
            let issued = key.claims().and_then(|claims| claims.issued_at);
            if issued.is_none_or(|at| at.saturating_add(days(thresholds.unused_days)) <= now) {
                let environments = users_of(key, uses);
                findings.push(Finding::NeverUsed { key: KeyName::of(key), issued, environments });
            }
        }
    }
    if let Some(user) = &key.user {
        let is_its_service =
            |usage: &Usage| Some(usage.fingerprint) == key.fingerprint() && usage.by == UsedBy::Service;
        let environments = environments(uses, is_its_service);
        if !environments.is_empty() {
            findings.push(Finding::UserLevel { key: KeyName::of(key), user: user.clone(), environments });
        }
    }
}

fn names_of<'a>(keys: impl Iterator<Item = &'a ListedKey>) -> Vec<KeyName> {
    let mut names: Vec<KeyName> = keys.map(KeyName::of).collect();
    names.sort_unstable();
    names
}

/// Findings about values and names that entries share. Each group is reported at its first member.
fn of_twins(key: &ListedKey, list: &KeyList, findings: &mut Vec<Finding>) {
    let is_first = |first: Option<&ListedKey>| first.is_some_and(|first| core::ptr::eq(first, key));
    let same_name = || list.keys().iter().filter(|other| other.name == key.name);
    if is_first(same_name().next()) && same_name().nth(1).is_some() {
        findings.push(Finding::DuplicateName { keys: names_of(same_name()) });
    }
    let Some(fingerprint) = key.fingerprint() else { return };
    let same_value = || list.keys().iter().filter(|other| other.fingerprint() == Some(fingerprint));
    if is_first(same_value().next()) && same_value().nth(1).is_some() {
        findings.push(Finding::EqualValues { fingerprint, keys: names_of(same_value()) });
    }
}

/// Findings about places whose keys are not in the list, or are shared.
fn of_places(list: &KeyList, uses: &[Usage], findings: &mut Vec<Finding>) {
    let mut done: Vec<Fingerprint> = Vec::new();
    for &Usage { fingerprint, .. } in uses {
        if done.contains(&fingerprint) {
            continue;
        }
        done.push(fingerprint);
        let environments = environments(uses, |usage| usage.fingerprint == fingerprint);
        let keys = names_of(list.keys().iter().filter(|key| key.fingerprint() == Some(fingerprint)));
        if keys.is_empty() {
            let certain = list.is_complete();
            findings.push(Finding::Unlisted { fingerprint, environments: environments.clone(), certain });
        }
        if environments.len() > 1 {
            findings.push(Finding::SharedByEnvironments { fingerprint, keys, environments });
        }
    }
}

impl Finding {
    /// The severity.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Unlisted { certain: true, .. } => Severity::Critical,
            Self::Expired { environments, .. } if !environments.is_empty() => Severity::Critical,
            Self::Expiring { environments, .. } if environments.is_empty() => Severity::Notice,
            Self::Unlisted { .. }
            | Self::Expiring { .. }
            | Self::Stale { .. }
            | Self::NeverUsed { issued: Some(_), .. }
            | Self::SharedByEnvironments { .. }
            | Self::UserLevel { .. }
            | Self::EqualValues { .. }
            | Self::DuplicateName { .. } => Severity::Warning,
            Self::Expired { .. }
            | Self::NeverUsed { issued: None, .. }
            | Self::NoExpiry { .. }
            | Self::ExpiryUnknown { .. }
            | Self::ValueHidden { .. } => Severity::Notice,
        }
    }

    /// A stable, machine-readable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "expired",
            Self::Unlisted { .. } => "unlisted",
            Self::Expiring { .. } => "expiring",
            Self::Stale { .. } => "stale",
            Self::NeverUsed { .. } => "never_used",
            Self::SharedByEnvironments { .. } => "shared_by_environments",
            Self::UserLevel { .. } => "user_level",
            Self::EqualValues { .. } => "equal_values",
            Self::DuplicateName { .. } => "duplicate_name",
            Self::NoExpiry { .. } => "no_expiry",
            Self::ExpiryUnknown { .. } => "expiry_unknown",
            Self::ValueHidden { .. } => "value_hidden",
        }
    }

    /// The finding's row in the table of this module.
    const fn rank(&self) -> u8 {
        match self {
            Self::Expired { .. } => 0,
            Self::Unlisted { .. } => 1,
            Self::Expiring { .. } => 2,
            Self::Stale { .. } => 3,
            Self::NeverUsed { .. } => 4,
            Self::SharedByEnvironments { .. } => 5,
            Self::UserLevel { .. } => 6,
            Self::EqualValues { .. } => 7,
            Self::DuplicateName { .. } => 8,
            Self::NoExpiry { .. } => 9,
            Self::ExpiryUnknown { .. } => 10,
            Self::ValueHidden { .. } => 11,
        }
    }

    /// The entries of the list that the finding is about.
    pub fn keys(&self) -> &[KeyName] {
        match self {
            Self::Expired { key, .. }
            | Self::Expiring { key, .. }
            | Self::Stale { key, .. }
            | Self::NeverUsed { key, .. }
            | Self::UserLevel { key, .. }
            | Self::NoExpiry { key }
            | Self::ExpiryUnknown { key }
            | Self::ValueHidden { key } => core::slice::from_ref(key),
            Self::SharedByEnvironments { keys, .. } | Self::EqualValues { keys, .. } | Self::DuplicateName { keys } => {
                keys
            }
            Self::Unlisted { .. } => &[],
        }
    }

    /// The environments that the finding is about.
    pub fn environments(&self) -> &[String] {
        match self {
            Self::Expired { environments, .. }
            | Self::Unlisted { environments, .. }
            | Self::Expiring { environments, .. }
            | Self::Stale { environments, .. }
            | Self::NeverUsed { environments, .. }
            | Self::SharedByEnvironments { environments, .. }
            | Self::UserLevel { environments, .. } => environments,
            Self::EqualValues { .. }
            | Self::DuplicateName { .. }
            | Self::NoExpiry { .. }
            | Self::ExpiryUnknown { .. }
            | Self::ValueHidden { .. } => &[],
        }
    }

    /// The fingerprint, for findings about a value.
    pub const fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Unlisted { fingerprint, .. }
            | Self::SharedByEnvironments { fingerprint, .. }
            | Self::EqualValues { fingerprint, .. } => Some(*fingerprint),
            _ => None,
        }
    }

    /// The time that the finding is about.
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Expired { at, .. } | Self::Expiring { at, .. } => Some(*at),
            Self::Stale { last_seen, .. } => Some(*last_seen),
            Self::NeverUsed { issued, .. } => *issued,
            _ => None,
        }
    }

    /// The finding, on one line.
    pub fn message(&self) -> String {
        let subject = self.subject();
        let day = self.at().map(Timestamp::to_rfc3339).unwrap_or_default();
        let day = day.get(..10).unwrap_or_default();
        let what = match self {
            Self::Expired { .. } => concat(&["expired on ", day]),
            Self::Unlisted { certain: true, .. } => String::from("is not in the API's list of keys"),
            Self::Unlisted { .. } => String::from("is not among the keys whose values the API's list shows"),
            Self::Expiring { .. } => concat(&["expires on ", day]),
            Self::Stale { .. } => concat(&["was last used on ", day]),
            Self::NeverUsed { issued: Some(_), .. } => concat(&["was issued on ", day, " and has never been used"]),
            Self::NeverUsed { .. } => String::from("has never been used"),
            Self::SharedByEnvironments { .. } => String::from("is used by more than one environment"),
            Self::UserLevel { user, .. } => concat(&["belongs to user ", user, " in the list, and a service uses it"]),
            Self::EqualValues { keys, .. } => {
                concat(&["is the value of ", &decimal(keys.len() as u64), " entries of the list"])
            }
            Self::DuplicateName { keys } => concat(&["is the name of ", &decimal(keys.len() as u64), " keys"]),
            Self::NoExpiry { .. } => String::from("has no readable expiry"),
            Self::ExpiryUnknown { .. } => String::from("is not a JWT, so its expiry is unknown"),
            Self::ValueHidden { .. } => String::from("has no value in the list, so nothing else can be checked"),
        };
        let mut message = concat(&[&subject, " ", &what]);
        for (index, environment) in self.environments().iter().enumerate() {
            message.push_str(if index == 0 { "; in use: " } else { ", " });
            message.push_str(environment);
        }
        message
    }

    /// The subject of the message: the keys.
    fn subject(&self) -> String {
        match (self, self.keys()) {
            (Self::DuplicateName { .. }, [key, ..]) => concat(&["\"", &key.name, "\""]),
            (_, [key]) => concat(&["key \"", &key.name, "\" (", &key.id, ")"]),
            _ => concat(&["key ", &self.fingerprint().map(Fingerprint::to_hex).unwrap_or_default()]),
        }
    }

    /// The next step, on one line.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Expired { environments, .. } if environments.is_empty() => "delete it",
            Self::Expired { .. } => "create a new key and deliver it to these environments, then delete this one",
            Self::Unlisted { certain: true, .. } => {
                "it was deleted or belongs to another organization: deliver a key from the list to these environments"
            }
            Self::Unlisted { .. } => {
                "check in the app whether it is one of the keys without a value; if not, deliver another key"
            }
            Self::Expiring { environments, .. } if environments.is_empty() => "let it expire, or delete it",
            Self::Expiring { .. } => "rotate it before that day",
            Self::Stale { environments, .. } if environments.is_empty() => "delete it if nobody needs it",
            Self::Stale { .. } => {
                "find out whether these environments still call the API; if not, delete it there and here"
            }
            Self::NeverUsed { environments, .. } if environments.is_empty() => "deliver it, or delete it",
            Self::NeverUsed { .. } => "check that these environments call the API, and with this key",
            Self::SharedByEnvironments { .. } => "create a key for each environment, so that one can be revoked alone",
            Self::UserLevel { .. } => {
                "check in the app whether it is a user-level key; if so, an Admin should create an organization-level key"
            }
            Self::EqualValues { .. } => "delete one entry in the app only after checking that the other still works",
            Self::DuplicateName { .. } => "name each key after its user, so that nobody deletes the wrong one",
            Self::NoExpiry { .. } => "rotate it regularly, or replace it with a key that expires",
            Self::ExpiryUnknown { .. } => "check in the app whether it expires",
            Self::ValueHidden { .. } => "check in the app who uses it",
        }
    }

    /// The finding as JSON.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.string("code", self.code()).string("severity", self.severity().as_str());
        if let Some(fingerprint) = self.fingerprint() {
            object.string("fingerprint", &fingerprint.to_hex());
        }
        let mut keys = Array::new();
        for key in self.keys() {
            let mut name = Object::new();
            name.string("id", &key.id).string("name", &key.name);
            keys.raw(&name.finish());
        }
        let mut environments = Array::new();
        for environment in self.environments() {
            environments.string(environment);
        }
        object.raw("keys", &keys.finish()).raw("environments", &environments.finish());
        if let Some(at) = self.at() {
            object.string("at", &at.to_rfc3339());
        }
        object.string("message", &self.message()).string("nextStep", self.next_step());
        object.finish()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&concat(&[self.severity().as_str(), ": ", &self.message(), "; ", self.next_step()]))
    }
}
