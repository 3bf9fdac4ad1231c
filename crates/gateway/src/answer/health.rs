//! `/healthz`: whether the Worker runs. `/readyz`: whether it could serve a call.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::call::{KeyRing, KeyVerdict};
use attention_core::codec::json::{Array, Object};
use attention_core::credential::Fingerprint;
use attention_core::{Slot, Timestamp};

/// The state of the key in one slot: its fingerprint and verdict, never its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyReport {
    /// The slot.
    pub slot: Slot,
    /// The key's fingerprint, for logs.
    pub fingerprint: Fingerprint,
    /// Whether new calls use it.
    pub in_use: bool,
    /// The API's last verdict on it.
    pub last_verdict: KeyVerdict,
    /// Whether the key has expired by its own `exp`.
    pub expired: bool,
    /// When it expires, if it says so.
    pub expires_at: Option<Timestamp>,
}

impl KeyReport {
    /// `untested`, `accepted` or `refused`.
    pub const fn verdict(&self) -> &'static str {
        match self.last_verdict {
            KeyVerdict::Untested => "untested",
            KeyVerdict::Accepted { .. } => "accepted",
            KeyVerdict::Refused { .. } => "refused",
        }
    }

    /// Whether a call with it may succeed.
    pub const fn is_usable(&self) -> bool {
        !self.expired && !matches!(self.last_verdict, KeyVerdict::Refused { .. })
    }

    fn to_json(self) -> String {
        let mut object = Object::new();
        object
            .string("slot", self.slot.as_str())
            .string("fingerprint", &self.fingerprint.to_hex())
            .bool("inUse", self.in_use)
            .string("lastVerdict", self.verdict())
            .bool("expired", self.expired);
        if let Some(at) = self.expires_at {
            object.number("expiresAt", at.as_unix_millis());
        }
        object.finish()
    }
}

/// The state of each key.
pub fn keys(ring: &KeyRing, now: Timestamp) -> Vec<KeyReport> {
    let report = |slot| {
        let claims = ring.claims(slot);
        Some(KeyReport {
            slot,
            fingerprint: ring.fingerprint(slot)?,
            in_use: slot == ring.in_use(),
            last_verdict: ring.verdict(slot)?,
            expired: claims.as_ref().is_some_and(|claims| claims.is_expired(now)),
            expires_at: claims.and_then(|claims| claims.expires_at),
        })
    };
    [Slot::Current, Slot::Next].into_iter().filter_map(report).collect()
}

/// Whether the Worker could serve a call, and the state of its keys: fingerprints and verdicts, never values.
pub fn readiness(ring: &KeyRing, now: Timestamp) -> (bool, String) {
    let reports = keys(ring, now);
    let usable = reports.iter().any(KeyReport::is_usable);
    let mut keys = Array::new();
    for report in reports {
        keys.raw(&report.to_json());
    }
    let mut object = Object::new();
    object.string("status", if usable { "ready" } else { "not_ready" }).raw("keys", &keys.finish());
    (usable, object.finish())
}

/// The result of a probe with a key: `accepted`, `refused`, or `unknown` if the API's response does not tell.
pub fn probed(ring: &KeyRing, slot: Slot, status: u16) -> String {
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

#[cfg(test)]
mod tests {
    use attention_core::ApiKey;

    use super::*;

    #[test]
    fn a_probe_tells_what_the_api_said_of_the_key() {
        let ring = KeyRing::new(ApiKey::parse("an-obviously-fake-key").unwrap(), None);
        let fingerprint = ring.fingerprint(Slot::Current).unwrap().to_hex();
        for (status, verdict) in [
            (199, "unknown"),
            (200, "accepted"),
            (299, "accepted"),
            (300, "unknown"),
            (401, "refused"),
            (403, "unknown"),
            (503, "unknown"),
        ] {
            let told: serde_json::Value = serde_json::from_str(&probed(&ring, Slot::Current, status)).unwrap();
            let expected = serde_json::json!({
                "slot": "current", "fingerprint": fingerprint, "verdict": verdict, "upstreamStatus": status,
            });
            assert_eq!(told, expected);
        }
    }

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    /// `{"alg":"none"}`, `{"exp":1700000000}` and no signature.
    const ENDS_NOW: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.fake";

    fn key(text: &str) -> ApiKey {
        ApiKey::parse(text).unwrap()
    }

    #[test]
    fn the_json_agrees_with_the_reports() {
        let mut ring = KeyRing::new(key("an-obviously-fake-key"), Some(key(ENDS_NOW)));
        let before = Timestamp::from_unix_seconds(1_699_999_999);
        let [current, next] = keys(&ring, before)[..] else { panic!("not two keys") };
        let names = [current, next].map(|report| report.fingerprint.to_hex());
        let json = |verdict: &str, expired: bool| {
            format!(
                concat!(
                    r#"{{"status":"ready","keys":["#,
                    r#"{{"slot":"current","fingerprint":"{}","inUse":true,"lastVerdict":"{}","expired":false}},"#,
                    r#"{{"slot":"next","fingerprint":"{}","inUse":false,"lastVerdict":"untested","expired":{},"#,
                    r#""expiresAt":1700000000000}}]}}"#
                ),
                names[0], verdict, names[1], expired
            )
        };
        assert_eq!(readiness(&ring, before), (true, json("untested", false)));
        assert_eq!(readiness(&ring, NOW), (true, json("untested", true)));
        ring.on_accepted(Slot::Current, NOW);
        assert_eq!(readiness(&ring, NOW), (true, json("accepted", true)));
        ring.on_unauthorized(Slot::Current, NOW);
        // The other key has expired, and this one is refused.
        assert_eq!(readiness(&ring, NOW), (false, json("refused", true).replace("ready", "not_ready")));
        assert_eq!(readiness(&ring, before), (true, json("refused", false)));
    }

    #[test]
    fn a_single_key_has_a_single_report() {
        let ring = KeyRing::new(key("an-obviously-fake-key"), None);
        let [report] = keys(&ring, NOW)[..] else { panic!("not one key") };
        let expected = KeyReport {
            slot: Slot::Current,
            fingerprint: key("an-obviously-fake-key").fingerprint(),
            in_use: true,
            last_verdict: KeyVerdict::Untested,
            expired: false,
            expires_at: None,
        };
        assert_eq!(report, expected);
        assert!(report.is_usable());
        assert!(!KeyReport { expired: true, ..report }.is_usable());
        assert!(!KeyReport { last_verdict: KeyVerdict::Refused { at: NOW }, ..report }.is_usable());
        assert!(KeyReport { last_verdict: KeyVerdict::Accepted { at: NOW }, ..report }.is_usable());
    }
}
