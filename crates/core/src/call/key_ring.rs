//! A ring of two keys, so that neither rotation nor revocation makes a call fail.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::operation::{Operation, Worked};
use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::credential::{ApiKey, Authorization, CallerToken, Claims, Fingerprint, Secret, reveals, scrub, token_end};

/// One of the two places in the ring.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// The key in regular use.
    Current,
    /// The key that will replace it.
    Next,
}

impl Slot {
    /// The other slot.
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

/// The upstream's last verdict on a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyVerdict {
    /// Never used.
    #[default]
    Untested,
    /// Accepted: the response's status proves that the API processed a request with the key.
    Accepted {
        /// When it was accepted.
        at: Timestamp,
    },
    /// Refused with a 401.
    Refused {
        /// When it was refused.
        at: Timestamp,
    },
}

/// The ring now uses another key. Worth an event and a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switch {
    /// The slot used until now.
    pub from: Slot,
    /// The slot used from now on.
    pub to: Slot,
}

/// Whether the credentials are API keys or a token for the Worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CredentialKind {
    /// An API key.
    ApiKey,
    /// A caller token of the Worker.
    CallerToken,
}

/// Whether a call that received a 401 may try the other key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failover {
    /// Try the key in this slot.
    Try(Slot),
    /// Enough other calls are trying it already: wait for their result.
    See,
    /// There is no other key, or both were refused recently.
    None,
}

#[derive(Debug)]
struct Entry {
    secret: Held,
    verdict: KeyVerdict,
    /// When it was last accepted, even if it was refused since.
    accepted_at: Option<Timestamp>,
    /// How often it was accepted, to detect an acceptance during a call.
    accepted: u32,
    /// The number of refusals since the last acceptance.
    refused: u32,
    /// The operations it was accepted for.
    worked: Worked,
    expires_at: Option<Timestamp>,
}

struct Held(Secret);

impl core::fmt::Debug for Held {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.describe("Secret", f)
    }
}

/// One or two credentials and their history.
///
/// ```text
///                401 with the key in use
///   current ────────────────────────────► next      one immediate try
///      ▲                                    │
///      └────────────────────────────────────┘       and back, the same way
/// ```
///
/// A 401 alone proves little, because the API also answers 401 to an account that lacks a permission. So the ring does
/// not switch when the key in use is refused, but when the other key is accepted. A call that was refused with the key
/// that is not in use tries the one that is. A key that has never been accepted is tried by a few calls at a time,
/// while the others wait for their result.
///
/// The API's own page describes rotation: create a new key, deploy it (as `next`), test it, promote it to `current`,
/// delete the old one. At every step at least one of the two keys works, and the ring finds it with at most one extra
/// request. Source: <https://docs.attention.com/api-authentication>.
///
/// ```
/// use attention_core::call::Failover;
/// use attention_core::{ApiKey, KeyRing, Slot, Timestamp};
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let old = ApiKey::parse("an-obviously-fake-old-key")?;
/// let new = ApiKey::parse("an-obviously-fake-new-key")?;
/// let mut ring = KeyRing::new(old, Some(new));
///
/// // The old key has been deleted: one 401, then the new one serves.
/// assert_eq!(ring.on_unauthorized(Slot::Current, now), Failover::Try(Slot::Next));
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
    /// How many calls were refused with both keys since one of them was last accepted.
    pair_refused: u32,
    /// When both keys were last found dead, or a call began to recheck them.
    pair_refused_at: Option<Timestamp>,
    /// When the current trials of an unproven key began.
    trials: [Option<Timestamp>; Self::TRIALS],
}

impl KeyRing {
    /// While both keys are refused, the one not in use is tried at most this often, so that a pair of dead keys does
    /// not double the number of requests.
    const RECHECK: Duration = Duration::from_secs(30);
    /// How many calls at once may try an unproven key.
    const TRIALS: usize = 4;
    /// A trial is given up after this time.
    const LONGEST_TRIAL: Duration = Duration::from_secs(2);
    /// How many refusals in a row it takes to distrust a key, or a pair, that was accepted before. Counts calls that
    /// cannot be sent again, and calls refused with both keys.
    const STRIKES: u32 = 2;

    /// A ring of one or two keys. A `next` that equals `current` is dropped, because it would only fail in the same
    /// way.
    pub fn new(current: ApiKey, next: Option<ApiKey>) -> Self {
        Self::of(CredentialKind::ApiKey, current.0, next.map(|key| key.0))
    }

    /// A ring that holds one caller token of a Worker.
    pub fn of_token(token: CallerToken) -> Self {
        Self::of(CredentialKind::CallerToken, token.0, None)
    }

    fn of(kind: CredentialKind, current: Secret, next: Option<Secret>) -> Self {
        let next = next.filter(|next| !next.is(&current));
        let entry = |secret: Secret| Entry {
            expires_at: own_end(kind, &secret),
            secret: Held(secret),
            verdict: KeyVerdict::Untested,
            accepted_at: None,
            accepted: 0,
            refused: 0,
            worked: Worked::default(),
        };
        Self {
            kind,
            current: entry(current),
            next: next.map(entry),
            in_use: Slot::Current,
            pair_refused: 0,
            pair_refused_at: None,
            trials: [None; Self::TRIALS],
        }
    }

    /// Carries over that both keys were refused, if `former` holds the same two keys. A vault that returns the same
    /// dead keys again and again must not double the number of requests.
    pub(crate) fn take_over(&mut self, former: &Self) {
        let (Some(next), Some(former_next)) = (&self.next, &former.next) else { return };
        let same = |a: &Entry, b: &Entry| a.secret.0.is(&b.secret.0);
        let (current, former_current) = (&self.current, &former.current);
        if same(current, former_current) && same(next, former_next)
            || same(current, former_next) && same(next, former_current)
        {
            (self.pair_refused, self.pair_refused_at) = (former.pair_refused, former.pair_refused_at);
        }
    }

    fn entry(&self, slot: Slot) -> Option<&Entry> {
        match slot {
            Slot::Current => Some(&self.current),
            Slot::Next => self.next.as_ref(),
        }
    }

    fn entry_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        match slot {
            Slot::Current => Some(&mut self.current),
            Slot::Next => self.next.as_mut(),
        }
    }

    /// Whether the credentials are API keys or a caller token.
    pub const fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The slot that new calls use.
    pub const fn in_use(&self) -> Slot {
        self.in_use
    }

    /// The slot for a new call: the one in use, unless its key has expired by its own `exp` and the other has not.
    pub(crate) fn first_choice(&self, now: Timestamp) -> Slot {
        let other = self.in_use.other();
        let (Some(used), Some(spare)) = (self.entry(self.in_use), self.entry(other)) else { return self.in_use };
        let spare_may_do = !matches!(spare.verdict, KeyVerdict::Refused { .. });
        if used.seems_expired(now) && !spare.seems_expired(now) && spare_may_do { other } else { self.in_use }
    }

    /// Whether there is a second key.
    pub const fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// The upstream's last verdict on a key; `None` for an empty slot.
    pub fn verdict(&self, slot: Slot) -> Option<KeyVerdict> {
        self.entry(slot).map(|entry| entry.verdict)
    }

    /// The key's fingerprint for logs; `None` for an empty slot.
    pub fn fingerprint(&self, slot: Slot) -> Option<Fingerprint> {
        self.entry(slot).map(|entry| entry.secret.0.fingerprint())
    }

    /// The key's own claims; `None` for an empty slot, a token, or a key that is not a JWT.
    pub fn claims(&self, slot: Slot) -> Option<Claims> {
        match self.kind {
            CredentialKind::ApiKey => Claims::peek(self.entry(slot)?.secret.0.expose()),
            CredentialKind::CallerToken => None,
        }
    }

    /// When a credential expires, by its own `exp` or by its issuer's word. `None` when neither is known, and for an
    /// empty slot.
    pub fn expires_at(&self, slot: Slot) -> Option<Timestamp> {
        self.entry(slot)?.expires_at
    }

    /// Records the expiry that a credential's issuer reports. It may be later than one reported before. The earlier of
    /// the reported expiry and the credential's own `exp` applies.
    pub fn note_expiry(&mut self, slot: Slot, at: Timestamp) {
        let kind = self.kind;
        if let Some(entry) = self.entry_mut(slot) {
            entry.expires_at = Some(own_end(kind, &entry.secret.0).map_or(at, |own| own.min(at)));
        }
    }

    /// The `Authorization` header for a slot; `None` when it is empty.
    pub fn authorization(&self, slot: Slot) -> Option<Authorization> {
        self.entry(slot).map(|entry| Authorization::of(&entry.secret.0))
    }

    /// The state of the ring as JSON, without the secrets:
    /// `{"kind","inUse","keys":[{"slot","fingerprint","verdict","at","expiresAt"}]}`. Times are in milliseconds since
    /// the Unix epoch. `kind` is `api_key` or `caller_token`; `verdict` is `untested`, `accepted` or `refused`.
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
            for (name, at) in [("at", at), ("expiresAt", entry.expires_at)] {
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

    /// Adds the secrets themselves, for removing them from text that comes from elsewhere.
    pub(crate) fn push_secrets<'s>(&'s self, secrets: &mut Vec<&'s str>) {
        secrets.push(self.current.secret.0.expose());
        if let Some(next) = &self.next {
            secrets.push(next.secret.0.expose());
        }
    }

    /// Whether a text contains one of the secrets, plain or percent-encoded.
    pub fn is_in(&self, text: &str) -> bool {
        [Slot::Current, Slot::Next]
            .iter()
            .any(|slot| self.entry(*slot).is_some_and(|entry| reveals(text, entry.secret.0.expose())))
    }

    /// A text with the secrets removed; see [`scrub`](crate::credential::scrub).
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut secrets = Vec::new();
        self.push_secrets(&mut secrets);
        scrub(text, secrets)
    }

    /// How often a key was accepted. A call remembers this when it is sent.
    pub(crate) fn accepted(&self, slot: Slot) -> u32 {
        self.entry(slot).map_or(0, |entry| entry.accepted)
    }

    /// The upstream accepted the key in `slot` for this operation.
    pub(crate) fn note_worked(&mut self, slot: Slot, operation: Operation) {
        if let Some(entry) = self.entry_mut(slot) {
            entry.worked.note(operation);
        }
    }

    /// When the key in `slot` was last accepted, `None` unless it was accepted for this operation too.
    pub(crate) fn worked(&self, slot: Slot, operation: Operation) -> Option<Timestamp> {
        let entry = self.entry(slot)?;
        if entry.worked.has(operation) { entry.accepted_at } else { None }
    }

    /// The upstream accepted the key in `slot`. Returns the switch if this makes the ring use another key.
    pub fn on_accepted(&mut self, slot: Slot, now: Timestamp) -> Option<Switch> {
        let entry = self.entry_mut(slot)?;
        entry.verdict = KeyVerdict::Accepted { at: now };
        entry.accepted_at = Some(now);
        entry.accepted = entry.accepted.wrapping_add(1);
        entry.refused = 0;
        (self.pair_refused, self.pair_refused_at) = (0, None);
        // A late response to the old key is no reason to switch back.
        let used_key_failed = matches!(self.verdict(self.in_use), Some(KeyVerdict::Refused { .. }));
        if slot != self.in_use && used_key_failed { Some(self.use_other()) } else { None }
    }

    /// The upstream answered a call with the key in `slot` with a 401. Returns what the call may do with the other key.
    pub fn on_unauthorized(&mut self, slot: Slot, now: Timestamp) -> Failover {
        self.refuse(slot, now);
        self.failover(slot, now)
    }

    /// What a call refused with the key in `from` may do with the other one.
    pub(crate) fn failover(&mut self, from: Slot, now: Timestamp) -> Failover {
        let to = from.other();
        let Some(verdict) = self.verdict(to) else { return Failover::None };
        let was_lately = |at: Timestamp, long: Duration| at <= now && now.saturating_since(at) < long;
        // The key in use may always be tried, and so may one that was accepted a moment ago.
        if to == self.in_use || matches!(verdict, KeyVerdict::Accepted { at } if was_lately(at, Self::LONGEST_TRIAL)) {
            return Failover::Try(to);
        }
        if let Some(at) = self.pair_refused_at {
            if was_lately(at, Self::RECHECK) {
                return Failover::None;
            }
            self.pair_refused_at = Some(now);
            return Failover::Try(to);
        }
        let is_free = |trial: &&mut Option<Timestamp>| !trial.is_some_and(|at| was_lately(at, Self::LONGEST_TRIAL));
        match self.trials.iter_mut().find(is_free) {
            Some(trial) => {
                *trial = Some(now);
                Failover::Try(to)
            }
            None => Failover::See,
        }
    }

    /// A call that tried the other key has its result, or will not get one.
    pub(crate) fn end_trial(&mut self) {
        if let Some(trial) = self.trials.iter_mut().find(|trial| trial.is_some()) {
            *trial = None;
        }
    }

    /// A call was refused with both keys, so they are considered dead. If one of them was accepted before, that takes a
    /// second refusal, because the first may be about a permission that neither has.
    pub(crate) fn on_pair_refused(&mut self, now: Timestamp) {
        self.pair_refused = self.pair_refused.saturating_add(1);
        let was_accepted = [Some(&self.current), self.next.as_ref()].into_iter().flatten().any(|key| key.accepted > 0);
        if !was_accepted || self.pair_refused >= Self::STRIKES {
            self.pair_refused_at = Some(now);
        }
    }

    /// Like [`on_unauthorized`](Self::on_unauthorized), for a call whose body cannot be sent again. The ring switches
    /// at once unless that would drop a key that works, so that only this one call fails.
    ///
    /// It never switches to a key that was refused. It leaves a key that was accepted before only after a second
    /// refusal, because the first may be about a missing permission. If the new key fails as well, it returns to the
    /// one that was once accepted.
    pub fn on_unauthorized_final(&mut self, slot: Slot, now: Timestamp) -> Option<Switch> {
        self.refuse(slot, now);
        let (used, other) = (self.entry(self.in_use)?, self.entry(self.in_use.other())?);
        let is_doubtful = used.accepted_at.is_none() || used.refused >= Self::STRIKES;
        let changes = match other.verdict {
            _ if slot != self.in_use => false,
            KeyVerdict::Accepted { .. } => is_doubtful || other.accepted_at > used.accepted_at,
            KeyVerdict::Untested => is_doubtful,
            KeyVerdict::Refused { .. } => used.accepted_at.is_none() && other.accepted_at.is_some(),
        };
        if changes { Some(self.use_other()) } else { None }
    }

    /// Records that the upstream refused the key in `slot` with a 401.
    pub(crate) fn refuse(&mut self, slot: Slot, now: Timestamp) {
        if let Some(entry) = self.entry_mut(slot) {
            entry.verdict = KeyVerdict::Refused { at: now };
            entry.refused = entry.refused.saturating_add(1);
        }
    }

    const fn use_other(&mut self) -> Switch {
        let from = self.in_use;
        self.in_use = from.other();
        Switch { from, to: self.in_use }
    }
}

impl Entry {
    /// Whether the key's `exp` has passed and it was not accepted since. If it was, the local clock is wrong.
    fn seems_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now && self.accepted_at.is_none_or(|at| at < end))
    }
}

/// The credential's own `exp`.
fn own_end(kind: CredentialKind, secret: &Secret) -> Option<Timestamp> {
    match kind {
        CredentialKind::ApiKey => Claims::peek(secret.expose()).and_then(|claims| claims.expires_at),
        CredentialKind::CallerToken => token_end(secret.expose()),
    }
}
