//! Single steps of a rotation, as tables. Each begins with a journal that a driver may have left; the simulation in
//! `lifecycle_rotation.rs` shows that all steps together lead to a good end.

use std::collections::BTreeSet;
use std::time::Duration;

use attention_core::credential::Fingerprint;
use attention_core::credential::lifecycle::listing::KeyList;
use attention_core::credential::lifecycle::rotation::{
    Answer, End, Ending, JournalError, MAX_NAME_BYTES, NameFault, Place, Plan, PlanError, Problem, Proof, Report, Role,
    Rotation, Source, Step, Stray,
};
use attention_core::{ApiKey, Timestamp};
use serde_json::{Value, json};

const NAME: &str = "nightly export, 2026-11";
const OLD: &str = "fake-old-key-000000000000";
const NEW: &str = "fake-new-key-000000000000";
const OTHER: &str = "fake-other-key-0000000000";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn fingerprint(value: &str) -> Fingerprint {
    ApiKey::parse(value).expect("a key").fingerprint()
}

fn hex(value: &str) -> String {
    fingerprint(value).to_hex()
}

/// A journal at a stage, whose other members are of a rotation that creates its key.
fn journal(stage: &Value, changes: &[(&str, Value)]) -> Value {
    let mut journal = json!({
        "format": "attention-rotation", "version": 1, "owner": "driver 1", "revision": 1,
        "source": { "kind": "create", "name": NAME, "orgLevel": true },
        "old": { "fingerprint": hex(OLD), "id": "id-old" },
        "quietSeconds": 300,
        "places": [{ "name": "place 0", "holdsNext": true }, { "name": "place 1", "holdsNext": false }],
        "strays": [], "unaccounted": 0, "stage": stage, "problem": null,
    });
    for (pointer, value) in changes {
        *journal.pointer_mut(pointer).expect("a member") = value.clone();
    }
    journal
}

/// A stage in which the new key, which the rotation created, is exchanged for the old one.
fn exchange(phase: &Value, direction: &str) -> Value {
    let mut stage = json!({
        "kind": "exchange",
        "new": { "fingerprint": hex(NEW), "id": "id-new", "made": true },
        "direction": direction, "touched": true, "deleting": false, "wasAlive": false, "proof": null,
    });
    let members = phase.as_object().expect("a phase").clone();
    let is_ending = ["delete", "prove_dead", "count"].iter().any(|name| phase["phase"] == *name);
    stage["deleting"] = json!(is_ending);
    stage.as_object_mut().expect("an object").extend(members);
    stage
}

fn phase(name: &str) -> Value {
    match name {
        "deliver_next" | "verify_next" | "promote" | "verify_current" | "clear_next" | "recheck" => {
            json!({ "phase": name, "place": 0 })
        }
        "watch" => json!({ "phase": name, "since": null }),
        _ => json!({ "phase": name }),
    }
}

fn resumed(journal: &Value) -> Rotation {
    Rotation::resume(&journal.to_string(), "driver 2").unwrap_or_else(|error| panic!("{error}: {journal}"))
}

/// In a phase, with the given members of the journal instead.
fn in_phase(name: &str, direction: &str, changes: &[(&str, Value)]) -> Rotation {
    resumed(&journal(&exchange(&phase(name), direction), changes))
}

fn written(rotation: &Rotation) -> Value {
    serde_json::from_str(&rotation.to_journal()).expect("a journal")
}

/// The name of the phase and the code of the problem.
fn state(rotation: &Rotation) -> (String, Option<String>) {
    let journal = written(rotation);
    let phase = journal["stage"]["phase"].as_str().unwrap_or("ended");
    (phase.to_owned(), journal["problem"].as_str().map(str::to_owned))
}

fn list(keys: &[(&str, &str, Option<&str>, Option<u64>)]) -> KeyList {
    let keys = keys.iter().map(|(id, name, value, seen)| {
        let seen = seen.map(|at| Timestamp::from_unix_seconds(at).to_rfc3339());
        json!({ "id": id, "name": name, "value": value, "lastSeenAt": seen })
    });
    KeyList::parse(keys.collect::<Value>().to_string()).expect("a list")
}

fn end(rotation: &Rotation) -> End<'_> {
    match rotation.step(NOW) {
        Step::End(end) => end,
        step => panic!("{step:?}"),
    }
}

fn report(rotation: &mut Rotation, report: Report<'_>) {
    rotation.report(report, NOW).unwrap_or_else(|error| panic!("{error}: {}", rotation.to_journal()));
}

fn listed(id: &str) -> Stray {
    Stray::Listed { id: id.to_owned() }
}

#[test]
fn a_question_offers_the_answers_that_are_possible_in_its_phase() {
    use Answer::{Confirm, DeletedByHand, GoBack, GoForward, Leave, Retry, TakeKey};
    let rows: [(&str, &str, bool, Problem, &[Answer]); 24] = [
        ("delete", "forward", true, Problem::DeleteByHand, &[Retry, DeletedByHand, Leave]),
        ("delete", "back", false, Problem::NoAnswer, &[Retry, DeletedByHand, Leave]),
        ("prove_dead", "forward", true, Problem::StillAlive, &[Retry, DeletedByHand, Leave]),
        ("prove_dead", "back", true, Problem::StillAlive, &[Retry, DeletedByHand, Leave]),
        ("prove_dead", "forward", true, Problem::StepFailed, &[Retry, Confirm]),
        ("count", "forward", true, Problem::StillAlive, &[Retry, DeletedByHand, Leave]),
        ("count", "forward", true, Problem::ListDenied, &[Retry, Confirm]),
        ("count", "back", true, Problem::NotSeen, &[Retry, Confirm]),
        ("try", "forward", false, Problem::NewKeyRejected, &[Retry, TakeKey, GoBack]),
        ("try", "forward", false, Problem::NoAnswer, &[Retry, TakeKey, GoBack]),
        ("try", "forward", true, Problem::NewKeyRejected, &[Retry, TakeKey, GoBack]),
        ("try", "forward", true, Problem::NewKeyMissing, &[Retry, TakeKey, GoBack]),
        ("try", "forward", true, Problem::NoAnswer, &[Retry, GoBack]),
        ("try", "back", true, Problem::OldKeyRejected, &[Retry, GoForward]),
        ("watch", "forward", true, Problem::StillUsed, &[Retry, Confirm, Leave, GoBack]),
        ("watch", "back", true, Problem::StillUsed, &[Retry, Confirm, Leave, GoForward]),
        ("deliver_next", "forward", true, Problem::NewKeyMissing, &[Retry, TakeKey, GoBack]),
        ("promote", "forward", true, Problem::NewKeyMissing, &[Retry, TakeKey, GoBack]),
        ("promote", "forward", true, Problem::DeliveryFailed, &[Retry, GoBack]),
        ("verify_next", "forward", true, Problem::NotVerified, &[Retry, GoBack]),
        ("recheck", "forward", true, Problem::NotVerified, &[Retry, GoBack]),
        ("prove_alive", "forward", true, Problem::NoAnswer, &[Retry, GoBack]),
        ("promote", "back", true, Problem::NewKeyMissing, &[Retry, GoForward]),
        ("verify_current", "back", true, Problem::NotVerified, &[Retry, GoForward]),
    ];
    for (name, direction, touched, problem, answers) in rows {
        let changes = [("/stage/touched", json!(touched)), ("/problem", json!(problem.code()))];
        let mut rotation = in_phase(name, direction, &changes);
        let Step::Ask(question) = rotation.step(NOW) else { panic!("{name} asks nothing") };
        assert_eq!((question.problem, question.answers), (problem, answers), "{name} {direction} {touched}");
        let of_place = written(&rotation)["stage"]["place"].is_number();
        assert_eq!(question.place.map(|place| &*place.name), of_place.then_some("place 0"), "{name}");
        // No other answer is taken.
        let before = rotation.to_journal();
        for other in [Retry, TakeKey, Confirm, DeletedByHand, Leave, GoBack, GoForward] {
            if !answers.contains(&other) {
                let error = rotation.report(Report::Answer(other), NOW).unwrap_err();
                assert_eq!((error.report, rotation.to_journal()), ("Answer", before.clone()), "{name}: {other:?}");
            }
        }
        assert!(!rotation.is_ended());
    }
}

#[test]
fn an_answer_leads_to_its_phase() {
    use Answer::{Confirm, DeletedByHand, GoBack, GoForward, Leave, Retry, TakeKey};
    for (name, direction, touched, problem, answer, then) in [
        ("verify_next", "forward", true, "not_verified", Retry, "deliver_next"),
        ("verify_current", "forward", true, "not_verified", Retry, "promote"),
        ("recheck", "forward", true, "not_verified", Retry, "promote"),
        ("watch", "forward", true, "still_used", Retry, "watch"),
        ("prove_dead", "forward", true, "still_alive", Retry, "delete"),
        ("count", "forward", true, "still_alive", Retry, "delete"),
        ("prove_dead", "forward", true, "step_failed", Retry, "prove_dead"),
        ("count", "forward", true, "not_seen", Retry, "count"),
        ("delete", "forward", true, "delete_by_hand", Retry, "delete"),
        ("watch", "forward", true, "not_seen", Confirm, "recheck"),
        ("prove_dead", "forward", true, "step_failed", Confirm, "count"),
        ("count", "forward", true, "not_seen", Confirm, "ended"),
        ("delete", "forward", true, "delete_by_hand", DeletedByHand, "prove_dead"),
        ("watch", "forward", true, "not_seen", Leave, "ended"),
        ("try", "forward", true, "new_key_rejected", TakeKey, "replace"),
        ("try", "forward", false, "new_key_rejected", TakeKey, "take"),
        ("promote", "forward", true, "delivery_failed", GoBack, "try"),
        ("try", "forward", false, "new_key_rejected", GoBack, "delete"),
        ("promote", "back", true, "delivery_failed", GoForward, "try"),
    ] {
        let changes = [("/stage/touched", json!(touched)), ("/problem", json!(problem))];
        let mut rotation = in_phase(name, direction, &changes);
        report(&mut rotation, Report::Answer(answer));
        assert_eq!(state(&rotation), (then.to_owned(), None), "{name} {direction} {problem} {answer:?}");
        let stage = &written(&rotation)["stage"];
        if then == "delete" {
            // No place ever had a key that is given up before it was delivered.
            assert_eq!((&stage["touched"], &stage["deleting"]), (&json!(touched), &json!(true)), "{name}");
        }
        assert_eq!(rotation.is_ended(), then == "ended");
    }
}

#[test]
fn a_report_leads_to_its_phase_or_does_not_answer_the_step() {
    /// The phase and the problem afterwards, or that the report is refused.
    type Then = Option<(&'static str, Option<&'static str>)>;
    type Row<'a> = (&'static str, &'a [(&'static str, Value)], Report<'a>, Then);
    let unknown = [("/old/id", Value::Null)];
    let known = [("/old/id", json!("id-old"))];
    let complete = list(&[("id-new", NAME, Some(NEW), Some(1))]);
    let hidden = list(&[("id-new", NAME, Some(NEW), Some(1)), ("id-x", "x", None, None)]);
    let unseen = list(&[("id-old", "export", Some(OLD), None)]);
    let seen = list(&[("id-old", "export", Some(OLD), Some(1_700_000_000))]);
    let refused = |retry| Report::Refused { retry };
    let rows: Vec<Row<'_>> = vec![
        ("delete", &known, Report::Deleted, Some(("prove_dead", None))),
        ("delete", &known, Report::NotFound, Some(("prove_dead", None))),
        ("delete", &unknown, Report::Deleted, None),
        ("delete", &unknown, Report::NotFound, None),
        ("delete", &known, Report::Keys(&complete), None),
        ("delete", &unknown, Report::Keys(&complete), Some(("prove_dead", None))),
        ("delete", &unknown, Report::Keys(&hidden), Some(("delete", Some("delete_by_hand")))),
        ("delete", &unknown, Report::Keys(&seen), Some(("delete", None))),
        ("delete", &known, Report::Denied, Some(("delete", Some("delete_by_hand")))),
        ("prove_alive", &known, Report::Accepted, Some(("delete", None))),
        ("prove_alive", &known, Report::Rejected, Some(("delete", None))),
        ("prove_alive", &known, Report::KeyMissing(Role::Old), Some(("delete", None))),
        ("prove_alive", &known, Report::KeyMissing(Role::New), Some(("prove_alive", Some("new_key_missing")))),
        ("prove_dead", &known, Report::KeyMissing(Role::Old), Some(("count", None))),
        ("prove_dead", &known, Report::KeyMissing(Role::New), Some(("prove_dead", Some("new_key_missing")))),
        ("prove_dead", &known, Report::Rejected, Some(("count", None))),
        ("promote", &known, Report::KeyMissing(Role::Old), Some(("promote", Some("old_key_missing")))),
        ("watch", &known, Report::Keys(&complete), Some(("prove_dead", None))),
        ("watch", &known, Report::Keys(&hidden), Some(("watch", Some("not_seen")))),
        ("watch", &known, Report::Keys(&unseen), Some(("watch", Some("not_seen")))),
        ("watch", &known, Report::Keys(&seen), Some(("watch", None))),
        ("count", &known, Report::Keys(&complete), Some(("ended", None))),
        ("count", &unknown, Report::Keys(&complete), Some(("ended", None))),
        ("count", &known, Report::Keys(&hidden), Some(("ended", None))),
        ("count", &unknown, Report::Keys(&hidden), Some(("count", Some("not_seen")))),
        ("count", &known, Report::Keys(&seen), Some(("count", None))),
        ("replace", &known, refused(None), None),
        ("replace", &known, Report::Denied, None),
        ("replace", &known, Report::KeyMissing(Role::New), None),
        ("replace", &known, Report::Taken(fingerprint(OLD)), Some(("replace", Some("same_key")))),
        ("replace", &known, Report::Taken(fingerprint(OTHER)), Some(("try", None))),
    ];
    for (name, changes, told, then) in rows {
        let (what, mut rotation) = (format!("{name} {changes:?} {told:?}"), in_phase(name, "forward", changes));
        let before = rotation.to_journal();
        let taken = rotation.report(told, NOW);
        match then {
            None => assert!(taken.is_err() && rotation.to_journal() == before, "{what}"),
            Some((phase, problem)) => {
                assert_eq!(taken, Ok(()), "{what}");
                assert_eq!(state(&rotation), (phase.to_owned(), problem.map(str::to_owned)), "{what}");
            }
        }
    }
}

/// After a deletion the key may still be listed for a moment; without one it is not known who uses it.
#[test]
fn a_key_that_lives_on_is_looked_at_again_after_a_deletion_and_watched_without_one() {
    let there = list(&[("id-old", "export", Some(OLD), Some(1_700_000_000))]);
    for name in ["count", "prove_dead"] {
        for deleting in [true, false] {
            let mut rotation = in_phase(name, "forward", &[("/stage/deleting", json!(deleting))]);
            report(&mut rotation, if name == "count" { Report::Keys(&there) } else { Report::Accepted });
            if deleting {
                assert_eq!(rotation.step(NOW), Step::Wait(Duration::from_secs(1)), "{name}");
            } else {
                assert_eq!(state(&rotation), ("watch".to_owned(), Some("not_seen".to_owned())), "{name}");
            }
        }
    }
}

#[test]
fn at_the_last_place_a_way_back_ends_for_a_pasted_key_and_watches_one_that_was_made() {
    for (made, then) in [(true, "watch"), (false, "ended")] {
        for (place, then) in [(0, "promote"), (1, then)] {
            let changes = [("/stage/new/made", json!(made)), ("/stage/place", json!(place))];
            let changes = [&changes[..], &[("/places/0/holdsNext", json!(false))]].concat();
            let mut rotation = in_phase("verify_current", "back", &changes);
            report(&mut rotation, Report::Verified);
            assert_eq!(state(&rotation), (then.to_owned(), None), "made: {made}, place {place}");
            if then == "ended" {
                let end = end(&rotation);
                let strays = [listed("id-new")];
                assert_eq!((end.ending, end.proof, end.strays), (Ending::RolledBack, None, &strays[..]));
            }
        }
    }
}

/// A pasted key that is found in the list is no stray under either of its names; others stay.
#[test]
fn a_key_in_use_is_no_stray_once_the_list_shows_it() {
    let strays =
        json!([{ "fingerprint": hex(NEW) }, { "id": "id-new" }, { "id": "id-x" }, { "fingerprint": hex(OTHER) }]);
    let changes = [
        ("/stage/new/made", json!(false)),
        ("/stage/new/id", Value::Null),
        ("/strays", strays),
        ("/old/id", Value::Null),
    ];
    let mut rotation = in_phase("watch", "forward", &changes);
    let keys = [("id-old", "export", Some(OLD), Some(1_700_000_000)), ("id-new", "pasted", Some(NEW), Some(1))];
    report(&mut rotation, Report::Keys(&list(&keys)));
    let journal = written(&rotation);
    assert_eq!(journal["strays"], json!([{ "id": "id-x" }, { "fingerprint": hex(OTHER) }]));
    assert_eq!((&journal["stage"]["new"]["id"], &journal["old"]["id"]), (&json!("id-new"), &json!("id-old")));
}

/// Of the keys with the name that this rotation gave, all but the one in use are strays: also hidden ones, unless the
/// one in use may be among them, and not another entry of the same value.
#[test]
fn keys_of_the_new_name_that_nobody_uses_are_strays() {
    let keys = [
        ("id-new", NAME, Some(NEW), None),
        ("id-twin", NAME, Some(NEW), None),
        ("id-late", NAME, Some(OTHER), None),
        ("id-hidden", NAME, None, None),
        ("id-else", "another name", Some("fake-else-key-00000000000"), None),
    ];
    let pasted = [("/stage/new/made", json!(false)), ("/stage/new/id", Value::Null)];
    for (changes, keys, strays, unaccounted) in [
        (&[][..], &keys[..], vec![listed("id-hidden"), listed("id-late")], 1),
        (&pasted, &keys, vec![listed("id-hidden"), listed("id-late")], 1),
        (&pasted, &keys[2..], vec![listed("id-late")], 2),
    ] {
        let changes = [changes, &[("/stage/proof", json!("rejected")), ("/unaccounted", json!(3))]].concat();
        let mut rotation = in_phase("count", "forward", &changes);
        report(&mut rotation, Report::Keys(&list(keys)));
        let end = end(&rotation);
        let told = (end.ending, end.proof, end.left, end.unaccounted);
        assert_eq!(told, (Ending::Rotated, Some(Proof::Rejected), None, unaccounted));
        assert_eq!(end.strays, strays, "{changes:?}");
        assert!(rotation.is_ended());
    }
}

/// A step that fails is repeated after 1, 2, 4, 8 and 16 seconds, or when the server says, after an hour at the most.
/// Then a person is asked.
#[test]
fn a_failed_step_is_repeated_five_times() {
    let secs = Duration::from_secs;
    for (retry, waits) in [
        (None, [secs(1), secs(2), secs(4), secs(8), secs(16)]),
        (Some(secs(90)), [secs(90); 5]),
        (Some(secs(7200)), [secs(3600); 5]),
    ] {
        let mut rotation = in_phase("promote", "forward", &[]);
        for wait in waits {
            report(&mut rotation, retry.map_or(Report::Lost, |retry| Report::Refused { retry: Some(retry) }));
            assert_eq!(rotation.step(NOW), Step::Wait(wait));
            report(&mut rotation, Report::Waited);
            assert!(matches!(rotation.step(NOW), Step::Deliver { .. }));
        }
        report(&mut rotation, if retry.is_none() { Report::Lost } else { Report::Refused { retry } });
        let expected = if retry.is_none() { Problem::NoAnswer } else { Problem::Busy };
        assert!(matches!(rotation.step(NOW), Step::Ask(question) if question.problem == expected));
        // Afterwards they are counted anew.
        report(&mut rotation, Report::Answer(Answer::Retry));
        report(&mut rotation, Report::Lost);
        assert_eq!(rotation.step(NOW), Step::Wait(secs(1)));
    }
}

fn obtaining(phase: &str, changes: &[(&str, Value)]) -> Rotation {
    let rotation = resumed(&journal(&json!({ "kind": "obtain", "phase": phase }), changes));
    assert_eq!(state(&rotation).0, if phase == "create" { "find_created" } else { phase });
    rotation
}

/// A rotation whose next step is to create the key.
fn creating() -> Rotation {
    let mut rotation = obtaining("check_name", &[]);
    report(&mut rotation, Report::Keys(&list(&[("id-old", "export", Some(OLD), None)])));
    assert!(matches!(rotation.step(NOW), Step::Create { name: NAME, org_level: true, with: Role::Old }));
    rotation
}

#[test]
fn a_key_is_created_three_times_at_the_most() {
    let mut rotation = creating();
    for creation in 1..=3 {
        report(&mut rotation, if creation == 2 { Report::Failed } else { Report::Lost });
        assert_eq!(written(&rotation)["unaccounted"], json!(creation));
        assert_eq!(state(&rotation).0, "find_created");
        report(&mut rotation, Report::Keys(&list(&[])));
        let expected = if creation < 3 { ("create", None) } else { ("find_created", Some("create_failed")) };
        assert_eq!(state(&rotation), (expected.0.to_owned(), expected.1.map(str::to_owned)), "{creation}");
    }
}

#[test]
fn the_old_key_is_no_new_one_however_it_is_obtained() {
    let created = |fingerprint| Report::Created { id: "id-1", fingerprint };
    let mut rotation = creating();
    report(&mut rotation, created(Some(fingerprint(OLD))));
    assert_eq!(state(&rotation), ("create".to_owned(), Some("same_key".to_owned())));
    let mut rotation = creating();
    report(&mut rotation, created(Some(fingerprint(NEW))));
    assert_eq!(state(&rotation), ("try".to_owned(), None));
    for (value, expected) in [(OLD, ("find_created", Some("same_key"))), (NEW, ("try", None))] {
        let mut rotation = obtaining("find_created", &[("/unaccounted", json!(2))]);
        let keys = [("id-2", NAME, Some(value), None), ("id-3", NAME, Some(OTHER), None)];
        report(&mut rotation, Report::Keys(&list(&keys)));
        assert_eq!(state(&rotation), (expected.0.to_owned(), expected.1.map(str::to_owned)), "{value}");
        if value == NEW {
            let journal = written(&rotation);
            assert_eq!((&journal["unaccounted"], &journal["strays"]), (&json!(0), &json!([{ "id": "id-3" }])));
        }
    }
    let mut rotation = obtaining("take", &[]);
    report(&mut rotation, Report::Taken(fingerprint(OLD)));
    assert_eq!(state(&rotation), ("take".to_owned(), Some("same_key".to_owned())));
}

/// A created key whose value nobody can see is a stray, and the next one may be shown.
#[test]
fn a_hidden_key_is_a_stray_and_another_is_created() {
    let mut shown = creating();
    report(&mut shown, Report::Created { id: "id-1", fingerprint: None });
    let mut found = obtaining("find_created", &[("/unaccounted", json!(1))]);
    report(&mut found, Report::Keys(&list(&[("id-1", NAME, None, None), ("id-2", "else", None, None)])));
    for mut rotation in [shown, found] {
        let journal = written(&rotation);
        assert_eq!((&journal["problem"], &journal["strays"]), (&json!("value_hidden"), &json!([{ "id": "id-1" }])));
        assert_eq!(journal["unaccounted"], json!(0));
        report(&mut rotation, Report::Answer(Answer::Retry));
        assert_eq!(state(&rotation), ("create".to_owned(), None));
    }
    // After another problem the same phase is repeated.
    let mut rotation = obtaining("find_created", &[("/problem", json!("list_denied"))]);
    report(&mut rotation, Report::Answer(Answer::Retry));
    assert_eq!(state(&rotation), ("find_created".to_owned(), None));
}

#[test]
fn without_a_new_key_one_can_give_up_or_paste_one() {
    let mut rotation = obtaining("check_name", &[("/problem", json!("name_taken"))]);
    report(&mut rotation, Report::Answer(Answer::GoBack));
    assert_eq!((end(&rotation).ending, rotation.new_key()), (Ending::Abandoned, None));
    // The name is kept while a key may exist under it.
    for (strays, unaccounted, kind) in
        [(json!([]), 0, "take"), (json!([{ "id": "id-1" }]), 0, "create"), (json!([]), 1, "create")]
    {
        let changes = [("/strays", strays), ("/unaccounted", json!(unaccounted)), ("/problem", json!("create_failed"))];
        let mut rotation = obtaining("find_created", &changes);
        report(&mut rotation, Report::Answer(Answer::TakeKey));
        let journal = written(&rotation);
        assert_eq!((&journal["source"]["kind"], &journal["stage"]["phase"]), (&json!(kind), &json!("take")));
    }
}

#[test]
fn an_end_of_a_journal_has_a_proof_or_says_which_key_was_left() {
    let ended = |new: &Value, proof: &Value, left: &Value| {
        let stage = json!({ "kind": "ended", "ending": "rotated", "new": new, "proof": proof, "left": left });
        Rotation::resume(&journal(&stage, &[]).to_string(), "driver 2").map(|_| ())
    };
    let (new, proof, none) = (json!(hex(NEW)), json!("rejected"), Value::Null);
    assert_eq!(ended(&new, &proof, &none), Ok(()));
    assert_eq!(ended(&new, &none, &json!("old")), Ok(()));
    for (new, proof, left) in [(&none, &proof, &none), (&new, &none, &none), (&new, &none, &json!("new"))] {
        let error = ended(new, proof, left).unwrap_err();
        assert_eq!(error.code(), "journal_inconsistent", "{error}");
    }
}

#[test]
fn each_fault_of_a_journal_has_its_code_and_place() {
    let good = journal(&exchange(&phase("promote"), "forward"), &[]);
    let error = |text: &str| Rotation::resume(text, "driver 2").unwrap_err();
    let with = |pointer: &str, value: Value| {
        let mut journal = good.clone();
        *journal.pointer_mut(pointer).expect("a member") = value;
        journal.to_string()
    };
    let shape = error(&with("/stage", json!([])));
    assert!(matches!(shape, JournalError::Malformed { line: 1, expected: "an object", .. }), "{shape}");
    let text = error("{\n1");
    let start = "the journal, line 2, column 1: here belongs one JSON object";
    assert_eq!(text.message(), format!("{start}; restore the file as it was written"));
    let mut other = resumed(&good);
    let taken = other.check(&with("/owner", json!("driver 9"))).unwrap_err();
    let other_journal = other.to_journal();
    for answer in [Report::Delivered, Report::Verified] {
        report(&mut other, answer);
    }
    let codes = [
        (text, "journal_malformed"),
        (error("{}"), "journal_member_missing"),
        (error(&good.to_string().replacen('{', "{\"odd\":1,", 1)), "journal_member_unknown"),
        (error(&with("/version", json!(7))), "journal_newer"),
        (error(&with("/version", json!(0))), "journal_inconsistent"),
        (Rotation::resume(&good.to_string(), "").unwrap_err(), "journal_owner"),
        (taken, "journal_taken_over"),
        (other.check(&other_journal).unwrap_err(), "journal_diverged"),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn a_plan_that_is_refused_says_which_name_and_why() {
    let place = |name: &str| Place { name: name.to_owned(), holds_next: false };
    let plan = |places, name: &str| {
        let source = Source::Create { name: name.to_owned(), org_level: false };
        Plan::new(source, fingerprint(OLD), places, Duration::ZERO)
    };
    let (long, longest) = ("x".repeat(MAX_NAME_BYTES + 1), "x".repeat(MAX_NAME_BYTES));
    assert!(plan(vec![place(&longest)], &longest).is_ok());
    let holds = "contains a key or something that looks like one, and names are written to the journal";
    for (name, fault, words) in [
        ("", NameFault::Empty, "is empty"),
        (&long, NameFault::TooLong, "is longer than 200 bytes"),
        ("a\tb", NameFault::Control, "contains a control character"),
        (OLD, NameFault::HoldsKey, holds),
    ] {
        let error = plan(vec![place("a")], name).unwrap_err();
        assert_eq!(error, PlanError::KeyName { fault });
        assert_eq!(error.message(), format!("the new key's name {words}; choose another"));
        let error = plan(vec![place("a"), place("b"), place(name)], NAME).unwrap_err();
        assert_eq!(error, PlanError::PlaceName { index: 2, fault });
        assert_eq!(error.message(), format!("the name of place 3 {words}; choose another"));
    }
    let error = plan(vec![place("a"), place("b"), place("b")], NAME).unwrap_err();
    assert_eq!(error.message(), "place 3 has the same name as an earlier place; choose another");
    let error = plan(Vec::new(), NAME).unwrap_err();
    assert_eq!(error.message(), "the plan has no place; list each place where the old key is used");
}

/// A person reads them, so no two problems, answers or roles may be told in the same words.
#[test]
fn each_problem_and_each_answer_is_told_in_its_own_words() {
    use Answer::{Confirm, DeletedByHand, GoBack, GoForward, Leave, Retry, TakeKey};
    let problems = [
        Problem::NameTaken,
        Problem::ListDenied,
        Problem::CreateDenied,
        Problem::CreateFailed,
        Problem::ValueHidden,
        Problem::SameKey,
        Problem::OldKeyMissing,
        Problem::NewKeyMissing,
        Problem::NewKeyRejected,
        Problem::OldKeyRejected,
        Problem::DeliveryFailed,
        Problem::NotVerified,
        Problem::StillUsed,
        Problem::NotSeen,
        Problem::DeleteByHand,
        Problem::StillAlive,
        Problem::NoAnswer,
        Problem::Busy,
        Problem::StepFailed,
    ];
    let told: BTreeSet<&str> = problems.iter().map(|problem| problem.message()).collect();
    assert_eq!(told.len(), problems.len());
    // Three failures to create a key, and two of the server, have one way on each.
    let ways: BTreeSet<&str> = problems.iter().map(|problem| problem.way_on()).collect();
    assert_eq!(ways.len(), problems.len() - 3);
    let answers = [Retry, TakeKey, Confirm, DeletedByHand, Leave, GoBack, GoForward];
    let told: BTreeSet<&str> = answers.iter().map(|answer| answer.message()).collect();
    assert!(told.len() == answers.len() && !told.contains(""));
    assert_eq!([Role::Old, Role::New].map(Role::as_str), ["old", "new"]);
    let reports = [Report::Accepted, Report::Lost, Report::Waited, Report::Denied, Report::Answer(Retry)];
    assert_eq!(reports.map(|report| report.name()), ["Accepted", "Lost", "Waited", "Denied", "Answer"]);
}
