//! Changes that people's tools make to a setting: the setting is read as intended, or refused with the name of its
//! binding. It is never read as something else, and its value is never revealed.

use attention_core::credential::TokenDigest;
use attention_gateway::deployment::{Deployment, Text, Texts};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const KEY: &str = "an-obviously-fake-key-of-the-settings";
const SECRET: &str = "an-obviously-fake-session-secret-of-the-settings";

/// Valid values for all bindings with a text, each containing a word that no message may repeat.
fn good() -> Vec<(&'static str, String)> {
    let digest = TokenDigest::of("fake-token").to_hex();
    vec![
        ("ATTENTION_API_KEY", KEY.to_owned()),
        ("ATTENTION_API_KEY_NEXT", format!("{KEY}-next")),
        ("ATTENTION_SESSION_SECRET", SECRET.to_owned()),
        ("ATTENTION_CALLERS", json!([{ "name": "sentinel", "sha256": digest, "mintsSessions": true }]).to_string()),
        ("ATTENTION_REVOKED_SESSIONS", "sentinel-1,sentinel-2".to_owned()),
        (
            "ATTENTION_JWT",
            json!({
                "issuer": "https://sentinel.example", "audience": "sentinel", "jwks": "https://sentinel.example/certs",
                "grants": [{ "claim": "groups", "is": "sentinel" }],
            })
            .to_string(),
        ),
        ("ATTENTION_ADMIN_SHA256", TokenDigest::of("fake-operator-token").to_hex()),
        ("ATTENTION_POLICY", "allow GET /v2/sentinel\nallow POST /v2/sentinel body=64kb".to_owned()),
        ("ATTENTION_ALLOWED_ORIGINS", "https://sentinel.example,http://localhost:5173".to_owned()),
        ("ATTENTION_BASE_URL", "https://sentinel.example/v2".to_owned()),
        ("ATTENTION_TIMEOUT_MS", "30123".to_owned()),
        ("ATTENTION_MAX_RETRIES", "7".to_owned()),
        ("ATTENTION_LOG", "errors".to_owned()),
        ("ATTENTION_LOG_FORM", "columns".to_owned()),
        ("ATTENTION_LOG_SAMPLE_PERCENT", "13".to_owned()),
    ]
}

/// Everything known about a deployment; this shows no secret and only the first bytes of digests.
fn read(values: &[(&'static str, String)]) -> Result<String, String> {
    let mut texts = Texts::default();
    for (name, value) in values {
        texts.there_is(name);
        texts.set(name, Text::Given(value.clone()));
    }
    let deployment = Deployment::parse(&texts).map_err(|fault| fault.to_string())?;
    let fingerprints = format!("{:?}", deployment.upstream());
    Ok(format!("{deployment:?} {fingerprints}"))
}

type Tool = (&'static str, fn(&str, &str) -> String);

/// Tools that modify a value. Their names appear in failure reports.
const TOOLS: &[Tool] = &[
    ("a line end", |_, value| format!("{value}\n")),
    ("a line end of Windows", |_, value| format!("{value}\r\n")),
    ("a byte order mark", |_, value| format!("\u{feff}{value}")),
    ("a mark and a line end", |_, value| format!("\u{feff}{value}\r\n")),
    ("blanks", |_, value| format!(" \t{value}  ")),
    ("a no-break space", |_, value| format!("\u{a0}{value}\u{a0}")),
    ("quotes", |_, value| format!("\"{value}\"")),
    ("single quotes", |_, value| format!("'{value}'")),
    ("backticks", |_, value| format!("`{value}`")),
    ("JSON", |_, value| serde_json::to_string(value).unwrap()),
    ("JSON of JSON", |_, value| serde_json::to_string(&serde_json::to_string(value).unwrap()).unwrap()),
    ("escaped quotes", |_, value| value.replace('"', "\\\"")),
    ("single quotes in it", |_, value| value.replace('"', "'")),
    ("export", |name, value| format!("export {name}={value}")),
    ("export with quotes", |name, value| format!("export {name}='{value}'")),
    (".env", |name, value| format!("{name}={value}")),
    (".env with quotes", |name, value| format!("{name}=\"{value}\"")),
    ("TOML", |name, value| format!("{name} = '{value}'")),
    ("YAML", |name, value| format!("{name}: {value}")),
    ("PowerShell", |name, value| format!("$env:{name}=\"{value}\"")),
    ("typographic quotes", |_, value| format!("\u{201c}{value}\u{201d}")),
    ("typographic quotes in it", |_, value| value.replace('"', "\u{201d}")),
    ("a comma behind it", |_, value| format!("{value},")),
    ("a semicolon behind it", |_, value| format!("{value};")),
    ("a comment behind it", |_, value| format!("{value} # mine")),
    ("a comma before the end of a list", |_, value| value.replace("}]", "},]")),
    ("a unit", |_, value| format!("{value}ms")),
    ("another unit", |_, value| format!("{value} s")),
    ("digits in groups", |_, value| value.replace("30123", "30_123")),
    ("digits with a comma", |_, value| value.replace("30123", "30,123")),
    ("a fraction", |_, value| format!("{value}.0")),
    ("capitals", |_, value| value.to_uppercase()),
    ("a slash behind it", |_, value| format!("{value}/")),
    ("a placeholder", |name, _| format!("<{name}>")),
    ("another placeholder", |_, _| "changeme".to_owned()),
    ("x", |_, _| "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned()),
    ("a variable", |name, _| format!("${{{name}}}")),
    ("a word of a script", |_, _| "undefined".to_owned()),
    ("a flag", |_, _| "true".to_owned()),
    ("a wildcard", |_, _| "*".to_owned()),
    ("an empty list", |_, _| "[]".to_owned()),
    ("an empty object", |_, _| "{}".to_owned()),
    ("flags as texts", |_, value| value.replace(":true", ":\"true\"")),
    ("a digest with its name", |_, value| format!("sha256:{value}")),
    ("what sha256sum prints", |_, value| format!("{value}  -")),
    ("sha256: in it", |_, value| value.replace("\"sha256\":\"", "\"sha256\":\"sha256:")),
];

/// Modified values that are valid in their own right: a person may have meant them.
fn is_another_value(name: &str, tool: &str) -> bool {
    // In these cases nobody is admitted by a token, no page may call, and no session is revoked.
    let may_be_empty = ["ATTENTION_CALLERS", "ATTENTION_ALLOWED_ORIGINS", "ATTENTION_REVOKED_SESSIONS"];
    // An id may be any word, including upper-case ones.
    let is_id =
        name == "ATTENTION_REVOKED_SESSIONS" && matches!(tool, "a unit" | "another unit" | "a fraction" | "capitals");
    tool == "an empty list" && may_be_empty.contains(&name) || is_id
}

/// Opaque texts: it is unknown which characters belong to them, so only certain additions are detected.
fn is_opaque(name: &str, tool: &str) -> bool {
    let is_secret = name.starts_with("ATTENTION_API_KEY") || name == "ATTENTION_SESSION_SECRET";
    // A path may end in any word and be in upper case.
    let is_word = name == "ATTENTION_BASE_URL" && matches!(tool, "a unit" | "a fraction" | "capitals");
    is_word
        || is_secret
            && matches!(
                tool,
                "a comma behind it"
                    | "a semicolon behind it"
                    | "a comment behind it"
                    | "a unit"
                    | "another unit"
                    | "a fraction"
                    | "capitals"
                    | "a slash behind it"
                    | "a digest with its name"
                    | "what sha256sum prints"
            )
}

#[test]
fn every_modification_of_every_setting() {
    let meant = read(&good()).expect("a valid configuration");
    let mut refused = 0;
    for (index, (name, value)) in good().iter().enumerate() {
        for (tool, spoil) in TOOLS {
            if is_opaque(name, tool) {
                continue;
            }
            let mut values = good();
            values[index].1 = spoil(name, value);
            match read(&values) {
                Ok(read) if is_another_value(name, tool) => assert_ne!(read, meant, "{name}: {tool}"),
                Ok(read) => assert!(read == meant, "{name}: {tool}: {read}"),
                Err(fault) => {
                    refused += 1;
                    assert!(fault.contains(name), "{name}: {tool}: {fault}");
                    for secret in ["sentinel", KEY, SECRET, "changeme", "xxxx"] {
                        assert!(!fault.to_lowercase().contains(secret), "{name}: {tool}: {fault}");
                    }
                    assert!(fault.len() > name.len() + 12, "{name}: {tool}: {fault}");
                }
            }
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn one_secret_has_one_purpose() {
    let digest_of = |text: &str| TokenDigest::of(text).to_hex();
    let caller = |digest: &str| json!([{ "name": "app", "sha256": digest, "mintsSessions": true }]).to_string();
    for (name, value) in [
        ("ATTENTION_CALLERS", caller(&digest_of(KEY))),
        ("ATTENTION_CALLERS", caller(&digest_of(&format!("{KEY}-next")))),
        ("ATTENTION_CALLERS", caller(&digest_of(SECRET))),
        ("ATTENTION_CALLERS", caller(&digest_of("fake-operator-token"))),
        ("ATTENTION_ADMIN_SHA256", digest_of(KEY)),
        ("ATTENTION_ADMIN_SHA256", digest_of(SECRET)),
        ("ATTENTION_ADMIN_SHA256", digest_of("fake-token")),
        ("ATTENTION_SESSION_SECRET", KEY.to_owned()),
        ("ATTENTION_SESSION_SECRET", format!("{KEY}-next\n")),
        ("ATTENTION_CALLERS", caller(&digest_of(""))),
        ("ATTENTION_CALLERS", caller(&digest_of("\n"))),
        ("ATTENTION_CALLERS", caller(&digest_of("changeme"))),
        ("ATTENTION_ADMIN_SHA256", digest_of("")),
    ] {
        let values: Vec<_> =
            good().into_iter().map(|(known, old)| (known, if known == name { value.clone() } else { old })).collect();
        let fault = read(&values).expect_err(name);
        assert!(fault.contains("same secret") || fault.contains("digest of nothing"), "{name}: {fault}");
    }
}

#[test]
fn no_setting_admits_everybody() {
    // No caller, but an issuer: only the issuer's people may call.
    let mut values = good();
    values.retain(|(name, _)| *name != "ATTENTION_CALLERS");
    assert!(read(&values).is_ok());
    values.retain(|(name, _)| *name != "ATTENTION_JWT");
    assert!(read(&values).unwrap_err().contains("has no caller"));
}

proptest! {
    #[test]
    fn a_misspelt_binding_is_reported(
        (name, _) in select(good()),
        at in any::<prop::sample::Index>(),
        letter in "[A-Za-z_]",
    ) {
        let mut spoilt = name.to_owned();
        let at = at.index(spoilt.len());
        spoilt.replace_range(at..=at, &letter);
        prop_assume!(good().iter().all(|(known, _)| *known != spoilt));
        let mut texts = Texts::default();
        for (known, value) in good() {
            texts.there_is(if known == name { &spoilt } else { known });
            if known != name {
                texts.set(known, Text::Given(value));
            }
        }
        let fault = Deployment::parse(&texts).map(|_| ()).unwrap_err().to_string();
        prop_assert!(fault.starts_with(&spoilt) && fault.contains("ATTENTION_"), "{fault}");
    }

    #[test]
    fn unrelated_bindings_are_ignored(name in "[A-Z][A-Z0-9_]{0,12}|ASSETS|DATABASE_URL|MY_ATTENTION_NOTE") {
        prop_assume!(!name.starts_with("ATTENTION_") && name.len() < 18);
        let mut texts = Texts::default();
        for (known, value) in good() {
            texts.there_is(known);
            texts.set(known, Text::Given(value));
        }
        texts.there_is(&name);
        let parsed = Deployment::parse(&texts).map(|_| ()).map_err(|fault| fault.to_string());
        prop_assert!(parsed.is_ok(), "{name}: {parsed:?}");
    }
}
