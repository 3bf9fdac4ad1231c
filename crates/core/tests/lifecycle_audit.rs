//! The list of keys and its audit, compared with reference implementations over `serde_json`.

use std::collections::{BTreeMap, BTreeSet};

use attention_core::credential::Fingerprint;
use attention_core::credential::lifecycle::audit::{Finding, Severity, Thresholds, Usage, UsedBy, audit};
use attention_core::credential::lifecycle::listing::{KeyList, ListError, ListedValue, created, value_in};
use attention_core::{ApiKey, Timestamp};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use serde_json::{Value, json};

const DAY: u64 = 86_400;
const NOW: u64 = 20_000 * DAY;

fn fingerprint(value: &str) -> Fingerprint {
    ApiKey::parse(value).expect("a key").fingerprint()
}

fn jwt(claims: &Value, random: &str) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    format!("{}.{}.fake-{random}", part(&json!({"alg": "none"})), part(claims))
}

/// A key of the list as the API stores it.
#[derive(Clone, Debug)]
struct Key {
    id: String,
    name: String,
    user: Option<String>,
    /// Days from now; negative for the past.
    expires: Option<i64>,
    issued: Option<i64>,
    seen: Option<u64>,
    kind: Kind,
    random: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Jwt,
    Opaque,
    Hidden,
    Masked,
}

fn at(days: i64) -> u64 {
    NOW.checked_add_signed(days * DAY.cast_signed()).expect("a time")
}

impl Key {
    fn value(&self) -> String {
        let mut claims = json!({ "sub": "fake-subject" });
        if let Some(days) = self.expires {
            claims["exp"] = json!(at(days));
        }
        if let Some(days) = self.issued {
            claims["iat"] = json!(at(days));
        }
        match self.kind {
            Kind::Jwt => jwt(&claims, &self.random),
            Kind::Opaque | Kind::Hidden => format!("fake-{}", self.random),
            Kind::Masked => "fake****".to_owned(),
        }
    }

    fn is_shown(&self) -> bool {
        matches!(self.kind, Kind::Jwt | Kind::Opaque)
    }

    fn json(&self) -> Value {
        let mut key =
            json!({ "id": self.id, "name": self.name, "organizationUUID": "org", "more": [{"x": 1.5e3}, null] });
        if self.kind != Kind::Hidden {
            key["value"] = json!(self.value());
        }
        if let Some(user) = &self.user {
            key["userUUID"] = json!(user);
        }
        key["lastSeenAt"] = json!(self.seen.map(|ago| Timestamp::from_unix_seconds(NOW - ago * DAY).to_rfc3339()));
        key
    }
}

fn key() -> impl Strategy<Value = Key> {
    // Some near the thresholds, which are low in half of the cases.
    let days = || prop_oneof![Just(None), (-40..80_i64).prop_map(Some), (-2..5_i64).prop_map(Some)];
    let kind =
        prop_oneof![4 => Just(Kind::Jwt), 1 => Just(Kind::Opaque), 1 => Just(Kind::Hidden), 1 => Just(Kind::Masked)];
    (
        // Few different names and values, so that some coincide.
        ("[ab]{2}", "[ab]", prop_oneof![Just(None), Just(Some("user-1".to_owned()))]),
        (
            days(),
            prop_oneof![Just(None), (-20..1_i64).prop_map(Some), (-5..1_i64).prop_map(Some)],
            prop_oneof![Just(None), (0..200_u64).prop_map(Some), (0..5_u64).prop_map(Some)],
        ),
        (kind, "[ab]0123456789abcdef"),
    )
        .prop_map(|((id, name, user), (expires, issued, seen), (kind, random))| Key {
            id,
            name,
            user,
            expires,
            issued,
            seen,
            kind,
            random,
        })
}

/// The rows of the table in `audit`'s documentation.
const ROWS: [&str; 12] = [
    "expired",
    "unlisted",
    "expiring",
    "stale",
    "never_used",
    "shared_by_environments",
    "user_level",
    "equal_values",
    "duplicate_name",
    "no_expiry",
    "expiry_unknown",
    "value_hidden",
];

type Case = (Vec<Key>, Vec<(String, usize, bool)>, Thresholds);

fn case() -> impl Strategy<Value = Case> {
    let thresholds = prop_oneof![(0..120_u16, 0..20_u16, 0..60_u16), (0..4_u16, 0..4_u16, 0..4_u16)];
    let thresholds = thresholds.prop_map(|(stale_days, unused_days, expiring_days)| Thresholds {
        stale_days,
        unused_days,
        expiring_days,
    });
    (
        prop::collection::vec(key(), 0..6),
        prop::collection::vec(("(dev|staging|production)", 0..8_usize, any::<bool>()), 0..6),
        thresholds,
    )
}

fn uses_of((keys, uses, _): &Case) -> Vec<Usage> {
    let uses = uses.iter().map(|(environment, at, service)| {
        let value = keys.get(*at).filter(|key| key.is_shown()).map_or("fake-key-of-nobody".to_owned(), Key::value);
        let by = if *service { UsedBy::Service } else { UsedBy::Person };
        Usage { environment: environment.clone(), fingerprint: fingerprint(&value), by }
    });
    uses.collect()
}

/// The code, severity, ids and environments of each finding, computed with sets from the table in `audit`'s
/// documentation.
#[expect(clippy::too_many_lines, reason = "the table, row by row")]
fn reference(case: &Case) -> Vec<(String, Severity, Vec<String>, Vec<String>)> {
    let (keys, _, limits) = case;
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut services: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for usage in uses_of(case) {
        users.entry(usage.fingerprint.to_hex()).or_default().insert(usage.environment.clone());
        if usage.by == UsedBy::Service {
            services.entry(usage.fingerprint.to_hex()).or_default().insert(usage.environment);
        }
    }
    let mut found = Vec::new();
    let mut add = |code: &str, severity, mut ids: Vec<String>, environments: &BTreeSet<String>| {
        ids.sort();
        found.push((code.to_owned(), severity, ids, environments.iter().cloned().collect()));
    };
    let nobody = BTreeSet::new();
    let (mut by_name, mut by_value) = (BTreeMap::<_, Vec<String>>::new(), BTreeMap::<_, Vec<String>>::new());
    for key in keys {
        by_name.entry(key.name.clone()).or_default().push(key.id.clone());
        let ids = vec![key.id.clone()];
        let hex = key.is_shown().then(|| fingerprint(&key.value()).to_hex());
        let used = hex.as_ref().and_then(|hex| users.get(hex)).unwrap_or(&nobody);
        if let Some(hex) = &hex {
            by_value.entry(hex.clone()).or_default().push(key.id.clone());
        }
        match (key.kind, key.expires) {
            (Kind::Hidden | Kind::Masked, _) => add("value_hidden", Severity::Notice, ids.clone(), &nobody),
            (Kind::Opaque, _) => add("expiry_unknown", Severity::Notice, ids.clone(), &nobody),
            (Kind::Jwt, None) => add("no_expiry", Severity::Notice, ids.clone(), &nobody),
            (Kind::Jwt, Some(days)) if days <= 0 => {
                add("expired", if used.is_empty() { Severity::Notice } else { Severity::Critical }, ids.clone(), used);
            }
            (Kind::Jwt, Some(days)) if days <= i64::from(limits.expiring_days) => {
                add("expiring", if used.is_empty() { Severity::Notice } else { Severity::Warning }, ids.clone(), used);
            }
            (Kind::Jwt, Some(_)) => {}
        }
        let issued = key.issued.filter(|_| key.kind == Kind::Jwt);
        match (key.seen, issued) {
            (Some(ago), _) if ago >= u64::from(limits.stale_days) => add("stale", Severity::Warning, ids.clone(), used),
            (None, None) => add("never_used", Severity::Notice, ids.clone(), used),
            (None, Some(days)) if -days >= i64::from(limits.unused_days) => {
                add("never_used", Severity::Warning, ids.clone(), used);
            }
            (Some(_), _) | (None, Some(_)) => {}
        }
        if let (Some(_), Some(services)) = (&key.user, hex.as_ref().and_then(|hex| services.get(hex))) {
            add("user_level", Severity::Warning, ids, services);
        }
    }
    for ids in by_name.values().filter(|ids| ids.len() > 1) {
        add("duplicate_name", Severity::Warning, ids.clone(), &nobody);
    }
    for ids in by_value.values().filter(|ids| ids.len() > 1) {
        add("equal_values", Severity::Warning, ids.clone(), &nobody);
    }
    for (hex, environments) in &users {
        let ids = by_value.get(hex).cloned().unwrap_or_default();
        if ids.is_empty() {
            let certain = keys.iter().all(Key::is_shown);
            add("unlisted", if certain { Severity::Critical } else { Severity::Warning }, vec![], environments);
        }
        if environments.len() > 1 {
            add("shared_by_environments", Severity::Warning, ids, environments);
        }
    }
    found.sort();
    found
}

fn findings(keys: &[Key], uses: &[Usage], thresholds: Thresholds) -> Vec<Finding> {
    let list = KeyList::parse(keys.iter().map(Key::json).collect::<Value>().to_string()).expect("a list");
    audit(&list, uses, thresholds, Timestamp::from_unix_seconds(NOW))
}

/// Text that is inserted somewhere into a list. The empty text truncates the list there.
const INSERTS: &[&str] =
    &["", "\"", ",", "}", "]", "[", "{", ":", "null", "1", "01", "tru", " ", "\n", "\"id\":\"x\","];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_match_the_documented_table(case in case()) {
        let found = findings(&case.0, &uses_of(&case), case.2);
        let mut told: Vec<_> = found.iter().map(|finding| {
            let ids = finding.keys().iter().map(|key| key.id.clone()).collect::<Vec<_>>();
            (finding.code().to_owned(), finding.severity(), ids, finding.environments().to_vec())
        }).collect();
        told.sort();
        prop_assert_eq!(told, reference(&case));
        // The most urgent finding comes first, and of equally urgent ones that of the table's first row.
        let row = |finding: &Finding| ROWS.iter().position(|code| *code == finding.code());
        prop_assert!(found.is_sorted_by_key(|finding| (std::cmp::Reverse(finding.severity()), row(finding))));
    }

    #[test]
    fn the_order_of_lists_does_not_matter(case in case(), seed: u64) {
        let uses = uses_of(&case);
        let (mut other_keys, mut other_uses) = (case.0.clone(), uses.clone());
        if !other_keys.is_empty() {
            let by = usize::try_from(seed % 7).unwrap() % other_keys.len();
            other_keys.rotate_left(by);
        }
        other_uses.reverse();
        prop_assert_eq!(findings(&case.0, &uses, case.2), findings(&other_keys, &other_uses, case.2));
    }

    #[test]
    fn no_value_is_exposed(case in case(), at in 0..6_usize) {
        // A key is named after its own value, or another key's.
        let mut keys = case.0.clone();
        let values: Vec<String> = keys.iter().filter(|key| key.is_shown()).map(Key::value).collect();
        let length = keys.len();
        if let (Some(value), true) = (values.first(), length > 0) {
            keys[at % length].name = format!("name {value}");
            keys[at % length].user = Some(value.clone());
        }
        let text = keys.iter().map(Key::json).collect::<Value>().to_string();
        let list = KeyList::parse(text).expect("a list");
        let found = audit(&list, &uses_of(&case), case.2, Timestamp::from_unix_seconds(NOW));
        let mut told = format!("{list:?} {list:#?} {found:?} {found:#?}");
        for finding in &found {
            let json: Value = serde_json::from_str(&finding.to_json()).expect("JSON");
            prop_assert_eq!(json["code"].as_str(), Some(finding.code()));
            prop_assert!(!finding.next_step().is_empty() && !finding.message().contains("  "));
            told = format!("{told} {finding} {} {json}", finding.message());
        }
        for value in values {
            prop_assert!(!told.contains(&value), "{} shows {}", told, value);
            let (_, end) = value.split_at(value.len() - 10);
            prop_assert!(!told.contains(end), "{} shows {}", told, end);
        }
    }

    /// The strict reader accepts the same documents as a derived one, for the documented members.
    #[test]
    fn accepts_the_same_lists_as_serde(
        keys in prop::collection::vec(key(), 0..3),
        cuts in prop::collection::vec((any::<u16>(), prop::sample::select(INSERTS)), 0..3),
    ) {
        let mut text = keys.iter().map(Key::json).collect::<Value>().to_string();
        for (at, insert) in cuts {
            let at = usize::from(at) % (text.len() + 1);
            if insert.is_empty() { text.truncate(at) } else { text.insert_str(at, insert) }
        }
        let reference = serde_json::from_str::<Vec<Reference>>(&text);
        let is_time = |text: &Option<String>| {
            text.as_deref().is_none_or(|text| text.is_empty() || Timestamp::from_rfc3339(text).is_some())
        };
        let accepts = reference.is_ok_and(|keys| keys.iter().all(|key| is_time(&key.last_seen_at)));
        let read = KeyList::parse(text.clone());
        prop_assert_eq!(read.is_ok(), accepts, "{} {:?}", text, read);
        if let Err(error) = read {
            let (line, column) = error.position();
            let lines: Vec<&str> = text.split('\n').collect();
            prop_assert!(line <= lines.len() && column <= lines[line - 1].chars().count() + 1);
            let told = format!("{error} {error:?}");
            for key in keys.iter().filter(|key| key.is_shown()) {
                prop_assert!(!told.contains(&key.value()));
            }
        }
    }

    /// A value of the wrong type is reported at its position.
    #[test]
    fn a_value_of_the_wrong_type_is_reported_at_its_position(
        keys in prop::collection::vec(key(), 1..4),
        at: u8,
        member in "(id|name|userUUID|organizationUUID|value|lastSeenAt)",
        wrong in "(true|17|\\[\\]|\\{\\}|null)",
    ) {
        let mut list: Vec<Value> = keys.iter().map(Key::json).collect();
        let at = usize::from(at) % list.len();
        list[at][&member] = json!("HERE");
        let text = serde_json::to_string_pretty(&list).unwrap();
        let (before, _) = text.split_once("\"HERE\"").unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let is_required = member == "id" || member == "name";
        let expected = if is_required { "a string" } else { "a string or null" };
        let read = KeyList::parse(text.replace("\"HERE\"", &wrong));
        if wrong == "null" && !is_required {
            prop_assert!(read.is_ok(), "{:?}", read);
        } else {
            let error = read.unwrap_err();
            prop_assert_eq!(error, ListError::Type { line, column, expected });
            prop_assert_eq!(error.position(), (line, column));
        }
    }
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "what is read is not looked at, but that it is")]
struct Reference {
    id: String,
    name: String,
    #[serde(rename = "organizationUUID")]
    organization: Option<String>,
    #[serde(rename = "userUUID")]
    user: Option<String>,
    value: Option<String>,
    #[serde(rename = "lastSeenAt")]
    last_seen_at: Option<String>,
}

#[test]
fn an_invalid_list_is_rejected_with_the_reason() {
    let cases = [
        ("", ListError::Json { line: 1, column: 1 }),
        ("{}", ListError::Type { line: 1, column: 1, expected: "a list of keys" }),
        ("[\n 1]", ListError::Type { line: 2, column: 2, expected: "a key, which is an object" }),
        ("[[]]", ListError::Type { line: 1, column: 2, expected: "a key, which is an object" }),
        (r#"[{"name":"a"}]"#, ListError::Missing { line: 1, column: 2, member: "id" }),
        (r#"[{"id":"a","name":"b","id":"c"}]"#, ListError::Repeated { line: 1, column: 28, member: "id" }),
        (
            r#"[{"id":"a","name":"b","lastSeenAt":"yesterday"}]"#,
            ListError::Type { line: 1, column: 36, expected: "a date and time of RFC 3339" },
        ),
        (r#"[{"id":"a","name":"b","x":[1,]}]"#, ListError::Json { line: 1, column: 30 }),
        // The closing bracket does not match the open one.
        (r#"[{"id":"a","name":"b","x":[1}]"#, ListError::Json { line: 1, column: 29 }),
    ];
    for (text, error) in cases {
        assert_eq!(KeyList::parse(text.to_owned()).unwrap_err(), error, "{text}");
    }
    let deep = format!("[{{\"id\":\"a\",\"name\":\"b\",\"x\":{}{}}}]", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(KeyList::parse(deep).unwrap_err(), ListError::Depth { line: 1, .. }));
    // The list, the key and its member are three of the 32 containers that may stand in each other.
    for (depth, is_read) in [(30, true), (31, true), (32, false), (33, false)] {
        let text = format!("[{{\"id\":\"a\",\"name\":\"b\",\"x\":{}{}}}]", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(KeyList::parse(text).is_ok(), is_read, "{depth}");
    }
}

#[test]
fn an_id_that_says_nobody_is_none_but_for_the_id_of_the_key() {
    for nil in ["", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"] {
        let text = format!(r#"[{{"id":"{nil}","name":"{nil}","organizationUUID":"{nil}","userUUID":"{nil}"}}]"#);
        let list = KeyList::parse(text).unwrap();
        let key = &list.keys()[0];
        let expected = nil.ends_with('1').then(|| nil.to_owned());
        assert_eq!((&*key.id, &*key.name), (nil, nil));
        assert_eq!((&key.organization, &key.user), (&expected, &expected), "{nil}");
    }
}

#[test]
fn times_with_an_offset_are_read() {
    let seen = |text: &str| {
        let list = KeyList::parse(format!(r#"[{{"id":"a","name":"b","lastSeenAt":"{text}"}}]"#));
        list.map(|list| list.keys()[0].last_seen)
    };
    let noon = Timestamp::from_rfc3339("2026-02-03T12:00:00Z");
    for text in ["2026-02-03T12:00:00Z", "2026-02-03T14:00:00+02:00", "2026-02-03T06:30:00.5-05:30"] {
        assert_eq!(seen(text), Ok(noon), "{text}");
    }
    for never in ["", "0001-01-01T00:00:00Z"] {
        assert_eq!(seen(never), Ok(None), "{never}");
    }
    for text in [
        "2026-02-03T12:00:00",
        "2026-02-03T12:00:00+2:00",
        "2026-02-03T12:00:00+24:00",
        "2026-02-03T12:00:00+00:60",
        "1970-01-01T00:00:00+01:00",
    ] {
        assert!(seen(text).is_err(), "{text}");
    }
}

#[test]
fn a_driver_can_read_the_value_of_a_key_from_the_responses() {
    let (listed, key) = created(r#"{"id":"1","name":"a","value":"fake-new-key-0001"}"#.to_owned()).unwrap();
    let key = key.expect("a key");
    assert_eq!((listed.fingerprint(), key.expose()), (Some(key.fingerprint()), "fake-new-key-0001"));
    let list = r#"[{"id":"0","name":"x","value":null},{"id":"1","name":"a","value":"fake-new-key-0001"}]"#;
    assert_eq!(value_in(list.to_owned(), key.fingerprint()).unwrap(), Some(key));
    assert_eq!(value_in(list.to_owned(), fingerprint("fake-other")).unwrap(), None);
    let (hidden, none) = created(r#"{"id":"1","name":"a"}"#.to_owned()).unwrap();
    assert_eq!((hidden.value, none), (ListedValue::Hidden, None));
}

/// A list with every finding, and what each says.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_finding_says_what_is_so_and_what_to_do() {
    let key = |id: &str, kind, expires: Option<i64>| Key {
        id: id.to_owned(),
        name: format!("name {id}"),
        user: None,
        expires,
        issued: None,
        seen: Some(1),
        kind,
        random: format!("{id}-0123456789abcdef"),
    };
    let keys = [
        key("over", Kind::Jwt, Some(-2)),
        key("over-used", Kind::Jwt, Some(-1)),
        key("soon", Kind::Jwt, Some(3)),
        key("soon-used", Kind::Jwt, Some(4)),
        Key { seen: Some(100), ..key("old", Kind::Jwt, Some(99)) },
        Key { seen: Some(101), ..key("old-used", Kind::Jwt, Some(99)) },
        Key { seen: None, issued: Some(-20), ..key("new", Kind::Jwt, Some(99)) },
        Key { seen: None, ..key("new-used", Kind::Jwt, Some(99)) },
        Key { user: Some("user-1".to_owned()), ..key("user", Kind::Jwt, Some(99)) },
        Key { name: "twin".to_owned(), ..key("twin-1", Kind::Jwt, Some(99)) },
        Key {
            name: "twin".to_owned(),
            random: "twin-1-0123456789abcdef".to_owned(),
            ..key("twin-2", Kind::Jwt, Some(99))
        },
        key("endless", Kind::Jwt, None),
        key("opaque", Kind::Opaque, None),
    ];
    let usage = |id: &str, environment: &str| Usage {
        environment: environment.to_owned(),
        fingerprint: keys
            .iter()
            .find(|key| key.id == id)
            .map_or(fingerprint("fake-key-of-nobody"), |key| fingerprint(&key.value())),
        by: UsedBy::Service,
    };
    let uses: Vec<Usage> = ["over-used", "soon-used", "old-used", "new-used", "user", "nobody"]
        .into_iter()
        .map(|id| usage(id, "production"))
        .chain([usage("nobody", "dev")])
        .collect();
    let (nobody, twin) = (fingerprint("fake-key-of-nobody").to_hex(), fingerprint(&keys[9].value()).to_hex());
    let expected = [
        "critical: key \"name over-used\" (over-used) expired on 2024-10-03; in use: production; create a new key \
         and deliver it to these environments, then delete this one",
        "critical: key {nobody} is not in the API's list of keys; in use: dev, production; it was deleted or belongs \
         to another organization: deliver a key from the list to these environments",
        "warning: key \"name soon-used\" (soon-used) expires on 2024-10-08; in use: production; rotate it before \
         that day",
        "warning: key \"name old\" (old) was last used on 2024-06-26; delete it if nobody needs it",
        "warning: key \"name old-used\" (old-used) was last used on 2024-06-25; in use: production; find out whether \
         these environments still call the API; if not, delete it there and here",
        "warning: key \"name new\" (new) was issued on 2024-09-14 and has never been used; deliver it, or delete it",
        "warning: key {nobody} is used by more than one environment; in use: dev, production; create a key for each \
         environment, so that one can be revoked alone",
        "warning: key \"name user\" (user) belongs to user user-1 in the list, and a service uses it; in use: \
         production; check in the app whether it is a user-level key; if so, an Admin should create an \
         organization-level key",
        "warning: key {twin} is the value of 2 entries of the list; delete one entry in the app only after checking \
         that the other still works",
        "warning: \"twin\" is the name of 2 keys; name each key after its user, so that nobody deletes the wrong one",
        "notice: key \"name over\" (over) expired on 2024-10-02; delete it",
        "notice: key \"name soon\" (soon) expires on 2024-10-07; let it expire, or delete it",
        "notice: key \"name new-used\" (new-used) has never been used; in use: production; check that these \
         environments call the API, and with this key",
        "notice: key \"name endless\" (endless) has no readable expiry; rotate it regularly, or replace it with a \
         key that expires",
        "notice: key \"name opaque\" (opaque) is not a JWT, so its expiry is unknown; check in the app whether it \
         expires",
    ];
    let expected = expected.map(|line| line.replace("{nobody}", &nobody).replace("{twin}", &twin));
    let told = |keys: &[Key], uses: &[Usage]| -> Vec<String> {
        findings(keys, uses, Thresholds::default()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&keys, &uses), expected);
    let expected = [
        "warning: key {nobody} is not among the keys whose values the API's list shows; in use: production; check in \
         the app whether it is one of the keys without a value; if not, deliver another key",
        "notice: key \"name hidden\" (hidden) has no value in the list, so nothing else can be checked; check in the \
         app who uses it",
    ];
    let hidden = key("hidden", Kind::Hidden, None);
    assert_eq!(told(&[hidden], &uses[5..6]), expected.map(|line| line.replace("{nobody}", &nobody)));
}

/// The JSON of a finding, member by member.
#[test]
fn a_finding_is_written_with_all_that_it_knows() {
    let environments = || vec!["dev".to_owned(), "production".to_owned()];
    let (at, fingerprint) = (Timestamp::from_unix_seconds(NOW), fingerprint("fake-key-of-nobody"));
    let list = KeyList::parse(r#"[{"id":"1","name":"a","value":"fake-key-of-nobody"}]"#.to_owned()).unwrap();
    let uses = environments().into_iter().map(|environment| Usage { environment, fingerprint, by: UsedBy::Person });
    let found = audit(&list, &uses.collect::<Vec<_>>(), Thresholds::default(), at);
    let shared = found.iter().find(|finding| finding.code() == "shared_by_environments").expect("it is shared");
    let told: Value = serde_json::from_str(&shared.to_json()).expect("JSON");
    let expected = json!({
        "code": "shared_by_environments",
        "severity": "warning",
        "fingerprint": fingerprint.to_hex(),
        "keys": [{ "id": "1", "name": "a" }],
        "environments": ["dev", "production"],
        "message": shared.message(),
        "nextStep": shared.next_step(),
    });
    assert_eq!(told, expected);
    let never = found.iter().find(|finding| finding.code() == "never_used").expect("it was never used");
    assert_eq!(serde_json::from_str::<Value>(&never.to_json()).expect("JSON").get("at"), None);
    let stale = Finding::Stale { key: never.keys()[0].clone(), last_seen: at, environments: Vec::new() };
    let told: Value = serde_json::from_str(&stale.to_json()).expect("JSON");
    assert_eq!((told["at"].as_str(), told.get("fingerprint")), (Some(&*at.to_rfc3339()), None));
}
