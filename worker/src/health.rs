//! `/healthz`: the Worker runs. `/readyz`: it could serve a call.

use attention_core::json::Object;
use attention_core::key_ring::{KeyRing, KeyVerdict};
use attention_core::{Slot, Timestamp};

/// Whether the Worker could serve a call, and what is known of its keys: names
/// and verdicts, never values.
pub(crate) fn readiness(ring: &KeyRing, now: Timestamp) -> (bool, String) {
    let mut usable = false;
    let keys: Vec<String> = [Slot::Current, Slot::Next]
        .into_iter()
        .filter_map(|slot| {
            let fingerprint = ring.fingerprint(slot)?;
            let verdict = match ring.verdict(slot)? {
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
                .string("fingerprint", &fingerprint.to_string())
                .bool("inUse", slot == ring.in_use())
                .string("lastVerdict", verdict)
                .bool("expired", expired);
            if let Some(at) = claims.and_then(|claims| claims.expires_at) {
                object.number("expiresAt", at.as_unix_millis());
            }
            Some(object.finish())
        })
        .collect();
    let mut object = Object::new();
    object.string("status", if usable { "ready" } else { "not_ready" }).raw("keys", &format!("[{}]", keys.join(",")));
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
        .string("fingerprint", &ring.fingerprint(slot).map(|name| name.to_string()).unwrap_or_default())
        .string("verdict", verdict)
        .number("upstreamStatus", status);
    object.finish()
}
