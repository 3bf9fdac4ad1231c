//! `/healthz`: the Worker runs. `/readyz`: it could serve a call.

use alloc::string::String;

use attention_core::call::{KeyRing, KeyVerdict};
use attention_core::codec::json::{Array, Object};
use attention_core::credential::Fingerprint;
use attention_core::{Slot, Timestamp};

/// Whether the Worker could serve a call, and what is known of its keys: names
/// and verdicts, never values.
pub(crate) fn readiness(ring: &KeyRing, now: Timestamp) -> (bool, String) {
    let mut usable = false;
    let mut keys = Array::new();
    for slot in [Slot::Current, Slot::Next] {
        let (Some(fingerprint), Some(verdict)) = (ring.fingerprint(slot), ring.verdict(slot)) else { continue };
        let verdict = match verdict {
            KeyVerdict::Untested => "untested",
            KeyVerdict::Accepted { .. } => "accepted",
            KeyVerdict::Refused { .. } => "refused",
        };
        let claims = ring.claims(slot);
        let expired = claims.as_ref().is_some_and(|claims| claims.is_expired(now));
        usable |= !expired && verdict != "refused";
        let mut object = Object::new();
        object
            .string("slot", slot.as_str())
            .string("fingerprint", &fingerprint.to_hex())
            .bool("inUse", slot == ring.in_use())
            .string("lastVerdict", verdict)
            .bool("expired", expired);
        if let Some(at) = claims.and_then(|claims| claims.expires_at) {
            object.number("expiresAt", at.as_unix_millis());
        }
        keys.raw(&object.finish());
    }
    let mut object = Object::new();
    object.string("status", if usable { "ready" } else { "not_ready" }).raw("keys", &keys.finish());
    (usable, object.finish())
}

/// What a probe with a key came to: `accepted`, `refused`, or `unknown` when the
/// API did not say.
pub(crate) fn probed(ring: &KeyRing, slot: Slot, status: u16) -> String {
    let verdict = match status {
        200..=299 => "accepted",
        401 => "refused",
        _ => "unknown",
    };
    let mut object = Object::new();
    object
        .string("slot", slot.as_str())
        .string("fingerprint", &ring.fingerprint(slot).map(Fingerprint::to_hex).unwrap_or_default())
        .string("verdict", verdict)
        .number("upstreamStatus", status);
    object.finish()
}
