//! Two keys, so that neither rotation nor revocation fails a call.

use alloc::borrow::Cow;
use alloc::string::String;
use core::time::Duration;

use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::credential::{ApiKey, Authorization, CallerToken, Claims, Fingerprint, Secret, reveals, scrub};

/// Which of the two places of the ring.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// The key in regular use.
    Current,
    /// The key that is to replace it.
    Next,
}

impl Slot {
    /// The other place.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Current => Self::Next,
            Self::Next => Self::Current,
        }
    }

    /// `current` or `next`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
        }
    }
}

/// What upstream said last of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyVerdict {
    /// Nothing yet.
    #[default]
    Untested,
    /// An answer that is the API's own, and no 401.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// A 401.
    Refused {
        /// When.
        at: Timestamp,
    },
}

/// The ring has changed the key it uses: worth an event and a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switch {
    /// The place used until now.
    pub from: Slot,
    /// The place used from now on.
    pub to: Slot,
}

/// Whether the ring's credentials open the API or the Worker before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CredentialKind {
    /// An API key.
    ApiKey,
    /// A caller token of the Worker.
    CallerToken,
}

#[derive(Debug)]
struct Entry {
    secret: Held,
    verdict: KeyVerdict,
}

struct Held(Secret);

impl core::fmt::Debug for Held {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.describe("Secret", f)
    }
}

/// One or two credentials and what is known of them.
///
/// ```text
///                401 with the key in use
///   current ────────────────────────────► next      one immediate try
///      ▲                                    │
///      └────────────────────────────────────┘       and back, the same way
/// ```
///
/// Rotation by the API's own page: create a new key, deploy it (as `next`),
/// test it, promote it to `current`, delete the old one. At every step at least
/// one of the two works, and the ring finds it at the price of one extra try.
/// Source: <https://docs.attention.com/api-authentication>.
///
/// ```
/// use attention_core::{ApiKey, KeyRing, Slot, Timestamp};
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let old = ApiKey::parse("an-obviously-fake-old-key")?;
/// let new = ApiKey::parse("an-obviously-fake-new-key")?;
/// let mut ring = KeyRing::new(old, Some(new));
///
/// // The old key has been deleted: one 401, then the new one serves.
/// assert_eq!(ring.on_unauthorized(Slot::Current, now), Some(Slot::Next));
/// let switch = ring.on_accepted(Slot::Next, now).expect("a switch");
/// assert_eq!(switch.to, Slot::Next);
/// assert_eq!(ring.in_use(), Slot::Next);
/// # Ok::<(), attention_core::KeyError>(())
/// ```
#[derive(Debug)]
pub struct KeyRing {
    kind: CredentialKind,
    current: Entry,
    next: Option<Entry>,
    in_use: Slot,
}

impl KeyRing {
    /// When both keys were refused, the one not in use is tried again at most
    /// this often: a wrong pair must not double every call.
    const RECHECK: Duration = Duration::from_secs(30);

    /// A ring of one or two keys. A `next` that equals `current` is dropped: it
    /// could only fail in the same way.
    pub fn new(current: ApiKey, next: Option<ApiKey>) -> Self {
        Self::of(CredentialKind::ApiKey, current.0, next.map(|key| key.0))
    }

    /// A ring with the one token that opens a Worker.
    pub fn of_token(token: CallerToken) -> Self {
        Self::of(CredentialKind::CallerToken, token.0, None)
    }

    fn of(kind: CredentialKind, current: Secret, next: Option<Secret>) -> Self {
        let next = next.filter(|next| !next.is(&current));
        let entry = |secret| Entry { secret: Held(secret), verdict: KeyVerdict::Untested };
        Self { kind, current: entry(current), next: next.map(entry), in_use: Slot::Current }
    }

    fn entry(&self, slot: Slot) -> Option<&Entry> {
        match slot {
            Slot::Current => Some(&self.current),
            Slot::Next => self.next.as_ref(),
        }
    }

    fn judge(&mut self, slot: Slot, verdict: KeyVerdict) {
        match slot {
            Slot::Current => self.current.verdict = verdict,
            Slot::Next => {
                if let Some(entry) = &mut self.next {
                    entry.verdict = verdict;
                }
            }
        }
    }

    /// Whether these are keys or a token.
    pub const fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The place whose key new calls use.
    pub const fn in_use(&self) -> Slot {
        self.in_use
    }

    /// The place to make the next try with: the one in use, unless it has been
    /// refused and the other has not.
    pub fn promising(&self) -> Slot {
        let refused = |slot| !matches!(self.verdict(slot), Some(KeyVerdict::Untested | KeyVerdict::Accepted { .. }));
        let other = self.in_use.other();
        if refused(self.in_use) && !refused(other) { other } else { self.in_use }
    }

    /// Whether there is a second key.
    pub const fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// What upstream said last of a key; `None` for an empty place.
    pub fn verdict(&self, slot: Slot) -> Option<KeyVerdict> {
        self.entry(slot).map(|entry| entry.verdict)
    }

    /// The name of a key in logs; `None` for an empty place.
    pub fn fingerprint(&self, slot: Slot) -> Option<Fingerprint> {
        self.entry(slot).map(|entry| entry.secret.0.fingerprint())
    }

    /// What a key says of itself; `None` for an empty place or when it is no JWT.
    pub fn claims(&self, slot: Slot) -> Option<Claims> {
        match self.kind {
            CredentialKind::ApiKey => Claims::peek(self.entry(slot)?.secret.0.expose()),
            CredentialKind::CallerToken => None,
        }
    }

    /// The `Authorization` header for a place; `None` when it is empty.
    pub fn authorization(&self, slot: Slot) -> Option<Authorization> {
        self.entry(slot).map(|entry| Authorization::of(&entry.secret.0))
    }

    /// What is known of the credentials, as JSON, without the credentials:
    /// `{"kind","inUse","keys":[{"slot","fingerprint","verdict","at","expiresAt"}]}`,
    /// times in milliseconds since the Unix epoch. `kind` is `api_key` or
    /// `caller_token`, `verdict` is `untested`, `accepted` or `refused`.
    pub fn to_json(&self) -> String {
        let mut keys = Array::new();
        for slot in [Slot::Current, Slot::Next] {
            let Some(entry) = self.entry(slot) else { continue };
            let (verdict, at) = match entry.verdict {
                KeyVerdict::Untested => ("untested", None),
                KeyVerdict::Accepted { at } => ("accepted", Some(at)),
                KeyVerdict::Refused { at } => ("refused", Some(at)),
            };
            let mut object = Object::new();
            object
                .string("slot", slot.as_str())
                .string("fingerprint", &entry.secret.0.fingerprint().to_hex())
                .string("verdict", verdict);
            for (name, at) in [("at", at), ("expiresAt", self.claims(slot).and_then(|claims| claims.expires_at))] {
                if let Some(at) = at {
                    object.number(name, at.as_unix_millis());
                }
            }
            keys.raw(&object.finish());
        }
        let mut object = Object::new();
        object
            .string("kind", if self.kind == CredentialKind::ApiKey { "api_key" } else { "caller_token" })
            .string("inUse", self.in_use.as_str())
            .raw("keys", &keys.finish());
        object.finish()
    }

    /// The secrets themselves, for taking them out of foreign text.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&self.current).chain(&self.next).map(|entry| entry.secret.0.expose())
    }

    /// Whether a text holds one of the secrets, as it is or percent-encoded.
    pub fn is_in(&self, text: &str) -> bool {
        self.secrets().any(|secret| reveals(text, secret))
    }

    /// A text of somebody else's without the secrets; see [`scrub`](crate::credential::scrub).
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        scrub(text, self.secrets())
    }

    /// Upstream took the key of `slot`. Says so when the ring therefore changes the
    /// key in use.
    pub fn on_accepted(&mut self, slot: Slot, now: Timestamp) -> Option<Switch> {
        self.judge(slot, KeyVerdict::Accepted { at: now });
        let from = self.in_use;
        // A late answer to the old key is no reason to go back to it.
        let used_key_failed = matches!(self.verdict(from), Some(KeyVerdict::Refused { .. }));
        (slot != from && used_key_failed && self.entry(slot).is_some()).then(|| {
            self.in_use = slot;
            Switch { from, to: slot }
        })
    }

    /// Upstream answered a call made with `slot` with a 401. Gives the place to
    /// try at once, when there is one worth trying.
    pub fn on_unauthorized(&mut self, slot: Slot, now: Timestamp) -> Option<Slot> {
        self.judge(slot, KeyVerdict::Refused { at: now });
        let other = slot.other();
        match self.verdict(other)? {
            KeyVerdict::Refused { at } if now.saturating_since(at) < Self::RECHECK => None,
            _ => Some(other),
        }
    }

    /// As [`on_unauthorized`](Self::on_unauthorized), for a call whose body is
    /// gone and which therefore cannot be tried again: the ring changes the key
    /// in use at once, so that only this one call pays.
    pub fn on_unauthorized_final(&mut self, slot: Slot, now: Timestamp) -> Option<Switch> {
        let to = self.on_unauthorized(slot, now)?;
        (self.in_use == slot).then(|| {
            self.in_use = to;
            Switch { from: slot, to }
        })
    }
}
