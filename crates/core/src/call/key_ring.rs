//! Two keys, so that neither rotation nor revocation fails a call.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::operation::{Operation, Worked};
use crate::Timestamp;
use crate::codec::json::{Array, Object};
use crate::credential::{ApiKey, Authorization, CallerToken, Claims, Fingerprint, Secret, reveals, scrub, token_end};

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

/// What a call that met a 401 may do with the other key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failover {
    /// Try it: the key of this place.
    Try(Slot),
    /// Some calls are trying it already: wait, and see what they found.
    See,
    /// There is no other, or both were refused a moment ago.
    None,
}

#[derive(Debug)]
struct Entry {
    secret: Held,
    verdict: KeyVerdict,
    /// When it was last accepted, whatever came after.
    accepted_at: Option<Timestamp>,
    /// How often it was accepted, to tell whether it was while a call was under way.
    accepted: u32,
    /// How many refusals came since.
    refused: u32,
    /// What it was accepted for.
    worked: Worked,
    expires_at: Option<Timestamp>,
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
/// A 401 alone proves little: the API gives the same to an account that lacks a permission. So the ring changes the
/// key in use when the other one was accepted, not when this one was refused; a call that was refused with the key
/// that is not in use tries the one that is; and a few calls at most try a key of which nothing good is known, while
/// the others wait for what they find.
///
/// Rotation by the API's own page: create a new key, deploy it (as `next`),
/// test it, promote it to `current`, delete the old one. At every step at least
/// one of the two works, and the ring finds it at the price of one extra try.
/// Source: <https://docs.attention.com/api-authentication>.
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
    /// How many calls were refused with both keys since one of them was accepted.
    pair_refused: u32,
    /// When the pair was last found dead, or a call set out to see whether it still is.
    pair_refused_at: Option<Timestamp>,
    /// When the calls set out that try a key of which nothing good is known.
    trials: [Option<Timestamp>; Self::TRIALS],
}

impl KeyRing {
    /// When both keys were refused, the one not in use is tried again at most
    /// this often: a wrong pair must not double every call.
    const RECHECK: Duration = Duration::from_secs(30);
    /// So many calls at once try a key of which nothing good is known.
    const TRIALS: usize = 4;
    /// A trial that takes longer is not waited for.
    const LONGEST_TRIAL: Duration = Duration::from_secs(2);
    /// So many refusals without a success between them end the trust in a key, or in both, that was accepted before:
    /// of calls that cannot be sent again, or with both keys.
    const STRIKES: u32 = 2;

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

    /// Takes over that both keys were refused, when these are the same two: asking a vault again and again for a dead
    /// pair must not double every call.
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

    /// Whether these are keys or a token.
    pub const fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The place whose key new calls use.
    pub const fn in_use(&self) -> Slot {
        self.in_use
    }

    /// The place to make a new call with: the one in use, unless its key says that it has expired and the other
    /// does not.
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

    /// What upstream said last of a key; `None` for an empty place.
    pub fn verdict(&self, slot: Slot) -> Option<KeyVerdict> {
        self.entry(slot).map(|entry| entry.verdict)
    }

    /// The name of a key in logs; `None` for an empty place.
    pub fn fingerprint(&self, slot: Slot) -> Option<Fingerprint> {
        self.entry(slot).map(|entry| entry.secret.0.fingerprint())
    }

    /// What a key says of itself; `None` for an empty place, for a token, or when it is no JWT.
    pub fn claims(&self, slot: Slot) -> Option<Claims> {
        match self.kind {
            CredentialKind::ApiKey => Claims::peek(self.entry(slot)?.secret.0.expose()),
            CredentialKind::CallerToken => None,
        }
    }

    /// When a credential ends, by its own word or by that of whoever issued it; `None` when neither is known, or for
    /// an empty place.
    pub fn expires_at(&self, slot: Slot) -> Option<Timestamp> {
        self.entry(slot)?.expires_at
    }

    /// Whoever issued a credential says when it ends, perhaps later than it said before. Of that and the credential's
    /// own word the earlier one counts.
    pub fn note_expiry(&mut self, slot: Slot, at: Timestamp) {
        let kind = self.kind;
        if let Some(entry) = self.entry_mut(slot) {
            entry.expires_at = Some(own_end(kind, &entry.secret.0).map_or(at, |own| own.min(at)));
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

    /// The secrets themselves, for taking them out of foreign text.
    pub(crate) fn push_secrets<'s>(&'s self, secrets: &mut Vec<&'s str>) {
        secrets.push(self.current.secret.0.expose());
        if let Some(next) = &self.next {
            secrets.push(next.secret.0.expose());
        }
    }

    /// Whether a text holds one of the secrets, as it is or percent-encoded.
    pub fn is_in(&self, text: &str) -> bool {
        [Slot::Current, Slot::Next]
            .iter()
            .any(|slot| self.entry(*slot).is_some_and(|entry| reveals(text, entry.secret.0.expose())))
    }

    /// A text of somebody else's without the secrets; see [`scrub`](crate::credential::scrub).
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut secrets = Vec::new();
        self.push_secrets(&mut secrets);
        scrub(text, secrets)
    }

    /// How often a key was accepted; for [`on_unauthorized`](Self::on_unauthorized) of a call that was sent then.
    pub(crate) fn accepted(&self, slot: Slot) -> u32 {
        self.entry(slot).map_or(0, |entry| entry.accepted)
    }

    /// Upstream took the key of `slot` for this operation.
    pub(crate) fn note_worked(&mut self, slot: Slot, operation: Operation) {
        if let Some(entry) = self.entry_mut(slot) {
            entry.worked.note(operation);
        }
    }

    /// When the key of `slot` was last accepted, if it was for this operation, too.
    pub(crate) fn worked(&self, slot: Slot, operation: Operation) -> Option<Timestamp> {
        let entry = self.entry(slot)?;
        if entry.worked.has(operation) { entry.accepted_at } else { None }
    }

    /// Upstream took the key of `slot`. Says so when the ring therefore changes the
    /// key in use.
    pub fn on_accepted(&mut self, slot: Slot, now: Timestamp) -> Option<Switch> {
        let entry = self.entry_mut(slot)?;
        entry.verdict = KeyVerdict::Accepted { at: now };
        entry.accepted_at = Some(now);
        entry.accepted = entry.accepted.wrapping_add(1);
        entry.refused = 0;
        (self.pair_refused, self.pair_refused_at) = (0, None);
        // A late answer to the old key is no reason to go back to it.
        let used_key_failed = matches!(self.verdict(self.in_use), Some(KeyVerdict::Refused { .. }));
        if slot != self.in_use && used_key_failed { Some(self.use_other()) } else { None }
    }

    /// Upstream answered a call made with `slot` with a 401. What the call may do with the other key.
    pub fn on_unauthorized(&mut self, slot: Slot, now: Timestamp) -> Failover {
        self.refuse(slot, now);
        self.failover(slot, now)
    }

    /// What a call that was refused with the key of `from` may do with the other one.
    pub(crate) fn failover(&mut self, from: Slot, now: Timestamp) -> Failover {
        let to = from.other();
        let Some(verdict) = self.verdict(to) else { return Failover::None };
        let was_lately = |at: Timestamp, long: Duration| at <= now && now.saturating_since(at) < long;
        // The key in use is worth a try always, and another one that was good a moment ago.
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

    /// A call that tried the other key is answered, or is not going to be.
    pub(crate) fn end_trial(&mut self) {
        if let Some(trial) = self.trials.iter_mut().find(|trial| trial.is_some()) {
            *trial = None;
        }
    }

    /// A call was refused with both keys. So they are dead, unless one of them was accepted before: then it takes
    /// another refusal, as the first may have been for a permission that neither has.
    pub(crate) fn on_pair_refused(&mut self, now: Timestamp) {
        self.pair_refused = self.pair_refused.saturating_add(1);
        let was_accepted = [Some(&self.current), self.next.as_ref()].into_iter().flatten().any(|key| key.accepted > 0);
        if !was_accepted || self.pair_refused >= Self::STRIKES {
            self.pair_refused_at = Some(now);
        }
    }

    /// As [`on_unauthorized`](Self::on_unauthorized), for a call whose body is gone and which therefore cannot be
    /// tried again: the ring changes the key in use at once where that does not shut out a key that works, so that
    /// only this one call pays.
    ///
    /// It never changes to a key that was refused, and away from one that was accepted before only after another
    /// refusal: the first may have been for a missing permission. When the key that it changed to fails as well, it
    /// returns to the one that was accepted once.
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

    /// Upstream answered a call made with `slot` with a 401.
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
    /// Whether its `exp` is over, and nobody has accepted it since: then the clock would be wrong.
    fn seems_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now && self.accepted_at.is_none_or(|at| at < end))
    }
}

/// When a credential ends, by its own word.
fn own_end(kind: CredentialKind, secret: &Secret) -> Option<Timestamp> {
    match kind {
        CredentialKind::ApiKey => Claims::peek(secret.expose()).and_then(|claims| claims.expires_at),
        CredentialKind::CallerToken => token_end(secret.expose()),
    }
}
