//! The binding of a rotation for `keys rotate`: returns steps and takes reports as JSON. Their meaning is documented in
//! `attention_core::credential::lifecycle::rotation`.

use core::time::Duration;

use attention_core::Timestamp;
use attention_core::credential::Fingerprint;
use attention_core::credential::lifecycle::listing;
use attention_core::credential::lifecycle::rotation::{
    self, Answer, End, Ending, Place, Plan, Proof, Question, Report, Role, Source, Step, Stray,
};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::{Json, parsed, refused};

/// One rotation. It contains no key.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Rotation(rotation::Rotation);

#[wasm_bindgen]
impl Rotation {
    /// Begins a rotation. `plan` is `{ source: { kind: "take" } | { kind: "create", name, orgLevel }, old, places,
    /// quietSeconds }`, where `places` is a list of `{ name, holdsNext }` and `old` is a fingerprint.
    #[wasm_bindgen(constructor)]
    pub fn new(plan: &str, owner: &str) -> Result<Self, JsValue> {
        let read: Value = serde_json::from_str(plan).unwrap_or_default();
        let plan = plan_of(&read).ok_or_else(|| refused("plan_unreadable", "the plan is not a plan's JSON"))?;
        let plan = plan.map_err(|error| refused("plan", &error.message()))?;
        rotation::Rotation::new(plan, owner).map(Self).map_err(|error| refused(error.code(), &error.message()))
    }

    /// Resumes from a journal.
    pub fn resume(journal: &str, owner: &str) -> Result<Self, JsValue> {
        rotation::Rotation::resume(journal, owner).map(Self).map_err(|error| refused(error.code(), &error.message()))
    }

    /// Throws unless the given journal is the one that this rotation wrote last.
    pub fn check(&self, journal: &str) -> Result<(), JsValue> {
        self.0.check(journal).map_err(|error| refused(error.code(), &error.message()))
    }

    /// The journal's text.
    pub fn journal(&self) -> String {
        self.0.to_journal()
    }

    /// The plan, and the new key's fingerprint once there is one.
    pub fn summary(&self) -> Json {
        let plan = self.0.plan();
        let places: Vec<&str> = plan.places().iter().map(|place| &*place.name).collect();
        let new = self.0.new_key().map(Fingerprint::to_hex);
        json!({ "old": plan.old().to_hex(), "new": new, "places": places }).to_string()
    }

    /// Returns the next step.
    pub fn step(&self, now: f64) -> Json {
        step_to_json(&self.0.step(Timestamp::from_date_now(now))).to_string()
    }

    /// Takes the report on the current step. `list` is the response of `GET /v2/api_keys`, for the report `keys`.
    pub fn report(&mut self, report: &str, list: Option<String>, now: f64) -> Result<(), JsValue> {
        let list = list.map(parsed).transpose()?;
        let read: Value = serde_json::from_str(report).unwrap_or_default();
        let unreadable = || refused("report_unreadable", "the report is not a report's JSON");
        let report = match (read["kind"].as_str(), &list) {
            (Some("keys"), Some(list)) => Report::Keys(list),
            _ => report_of(&read).ok_or_else(unreadable)?,
        };
        self.0
            .report(report, Timestamp::from_date_now(now))
            .map_err(|error| refused("report_unexpected", &error.to_string()))
    }
}

/// The value of the key with this fingerprint, from the response of `GET /v2/api_keys`. Exported beside [`Rotation`]
/// because a resumed rotation no longer has the value.
#[wasm_bindgen(js_name = valueIn)]
pub fn value_in(answer: String, fingerprint: &str) -> Result<Option<String>, JsValue> {
    let Some(fingerprint) = Fingerprint::from_hex(fingerprint) else { return Ok(None) };
    let key = listing::value_in(answer, fingerprint).map_err(|error| refused("list_unreadable", &error.message()))?;
    Ok(key.map(|key| key.expose().to_owned()))
}

fn plan_of(plan: &Value) -> Option<Result<Plan, rotation::PlanError>> {
    let source = match plan["source"]["kind"].as_str()? {
        "take" => Source::Take,
        "create" => Source::Create {
            name: plan["source"]["name"].as_str()?.to_owned(),
            org_level: plan["source"]["orgLevel"].as_bool()?,
        },
        _ => return None,
    };
    let old = Fingerprint::from_hex(plan["old"].as_str()?)?;
    let place = |each: &Value| {
        Some(Place { name: each["name"].as_str()?.to_owned(), holds_next: each["holdsNext"].as_bool()? })
    };
    let places = plan["places"].as_array()?.iter().map(place).collect::<Option<_>>()?;
    Some(Plan::new(source, old, places, Duration::from_secs(plan["quietSeconds"].as_u64()?)))
}

fn step_to_json(step: &Step<'_>) -> Value {
    match step {
        Step::List { with } => json!({ "kind": "list", "with": with.as_str() }),
        Step::Create { name, org_level, with } => {
            json!({ "kind": "create", "name": name, "orgLevel": org_level, "with": with.as_str() })
        }
        Step::Take => json!({ "kind": "take" }),
        Step::Try { key, fingerprint } => {
            json!({ "kind": "try", "key": key.as_str(), "fingerprint": fingerprint.to_hex() })
        }
        Step::Deliver { place, slot, key, fingerprint } => json!({
            "kind": "deliver", "place": place.name, "slot": slot.as_str(),
            "key": key.as_str(), "fingerprint": fingerprint.to_hex(),
        }),
        Step::Verify { place, slot, fingerprint } => json!({
            "kind": "verify", "place": place.name, "slot": slot.as_str(), "fingerprint": fingerprint.to_hex(),
        }),
        Step::ClearNext { place, key } => {
            json!({ "kind": "clear_next", "place": place.name, "key": key.as_str() })
        }
        Step::Delete { id, key, with } => {
            json!({ "kind": "delete", "id": id, "key": key.as_str(), "with": with.as_str() })
        }
        Step::Wait(time) => {
            json!({ "kind": "wait", "millis": u64::try_from(time.as_millis()).unwrap_or(u64::MAX) })
        }
        Step::Ask(question) => question_to_json(question),
        Step::End(end) => end_to_json(end),
    }
}

fn question_to_json(Question { problem, place, answers }: &Question<'_>) -> Value {
    let told: Vec<Value> =
        answers.iter().map(|answer| json!({ "code": answer.code(), "message": answer.message() })).collect();
    json!({
        "kind": "ask",
        "problem": problem.code(),
        "message": problem.message(),
        "place": place.map(|place| &*place.name),
        "wayOn": problem.way_on(),
        "wayBack": problem.way_back(answers),
        "answers": told,
    })
}

fn end_to_json(End { ending, proof, strays, unaccounted, left }: &End<'_>) -> Value {
    let ending = match ending {
        Ending::Rotated => "rotated",
        Ending::RolledBack => "rolled_back",
        Ending::Abandoned => "abandoned",
    };
    let proof = proof.map(|proof| match proof {
        Proof::Rejected => "rejected",
        Proof::Unlisted => "unlisted",
        Proof::Confirmed => "confirmed",
    });
    let stray = |stray: &Stray| match stray {
        Stray::Listed { id } => json!({ "id": id }),
        Stray::Pasted { fingerprint } => json!({ "fingerprint": fingerprint.to_hex() }),
    };
    json!({
        "kind": "end",
        "ending": ending,
        "proof": proof,
        "strays": strays.iter().map(stray).collect::<Vec<_>>(),
        "unaccounted": unaccounted,
        "left": left.map(Role::as_str),
    })
}

fn report_of(report: &Value) -> Option<Report<'_>> {
    let fingerprint = || Fingerprint::from_hex(report["fingerprint"].as_str()?);
    Some(match report["kind"].as_str()? {
        "created" => Report::Created { id: report["id"].as_str()?, fingerprint: fingerprint() },
        "taken" => Report::Taken(fingerprint()?),
        "accepted" => Report::Accepted,
        "rejected" => Report::Rejected,
        "delivered" => Report::Delivered,
        "verified" => Report::Verified,
        "not_verified" => Report::NotVerified,
        "cleared" => Report::Cleared,
        "deleted" => Report::Deleted,
        "not_found" => Report::NotFound,
        "waited" => Report::Waited,
        "answer" => Report::Answer(Answer::from_code(report["answer"].as_str()?)?),
        "refused" => Report::Refused { retry: report["retryMillis"].as_u64().map(Duration::from_millis) },
        "denied" => Report::Denied,
        "lost" => Report::Lost,
        "failed" => Report::Failed,
        "key_missing" => Report::KeyMissing(if report["key"].as_str()? == "old" { Role::Old } else { Role::New }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 1_700_000_000_000.0;

    fn plan() -> String {
        json!({
            "source": { "kind": "create", "name": "reports 2027", "orgLevel": true },
            "old": "00000001", "places": [{ "name": "worker", "holdsNext": true }], "quietSeconds": 0,
        })
        .to_string()
    }

    fn step(rotation: &Rotation) -> Value {
        serde_json::from_str(&rotation.step(NOW)).unwrap()
    }

    /// Feeds in the reports that the command sends, and checks that each step contains the data needed to perform it.
    #[test]
    fn a_rotation_runs_from_its_first_step_to_its_end() {
        let mut rotation = Rotation::new(&plan(), "me").unwrap();
        let old = r#"{"id":"1","name":"old","value":"an-obviously-fake-old-key","lastSeenAt":"2026-01-01T00:00:00Z"}"#;
        let list = format!("[{old}]");
        let both = r#"{"kind":"created","id":"2","fingerprint":"00000002"}"#;
        let script = [
            ("list", r#"{"kind":"keys"}"#),
            ("create", both),
            ("try", r#"{"kind":"accepted"}"#),
            ("deliver", r#"{"kind":"delivered"}"#),
            ("verify", r#"{"kind":"verified"}"#),
            ("deliver", r#"{"kind":"delivered"}"#),
            ("verify", r#"{"kind":"not_verified"}"#),
            ("wait", r#"{"kind":"waited"}"#),
            ("verify", r#"{"kind":"verified"}"#),
            ("clear_next", r#"{"kind":"cleared"}"#),
            ("list", r#"{"kind":"denied"}"#),
            ("ask", r#"{"kind":"answer","answer":"confirm"}"#),
            ("verify", r#"{"kind":"verified"}"#),
            ("try", r#"{"kind":"accepted"}"#),
            ("list", r#"{"kind":"denied"}"#),
            ("ask", r#"{"kind":"answer","answer":"deleted_by_hand"}"#),
            ("try", r#"{"kind":"rejected"}"#),
            ("list", r#"{"kind":"keys"}"#),
        ];
        for (at, (kind, report)) in script.into_iter().enumerate() {
            assert_eq!(step(&rotation)["kind"], kind, "step {at}");
            let text = (report == r#"{"kind":"keys"}"#).then(|| list.clone());
            rotation.report(report, text, NOW).unwrap();
            if kind == "deliver" {
                // As after a crash.
                rotation = Rotation::resume(&rotation.journal(), "me").unwrap();
            }
        }
        let end = step(&rotation);
        assert_eq!(end["ending"], "rotated");
        assert_eq!(end["proof"], "rejected");
    }
}
