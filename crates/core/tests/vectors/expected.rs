//! The error that a vector expects.

use std::collections::BTreeMap;
use std::time::Duration;

use attention_core::Error;
use serde::Deserialize;

use crate::same;

/// The expected properties of an error. A property that is not listed must be absent, except the message and the
/// attempts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expected {
    kind: String,
    code: String,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    unsaid: Vec<String>,
    request_id: Option<String>,
    retry_after: Option<u64>,
    attempts: Option<u32>,
    diagnosis: Option<BTreeMap<String, String>>,
    next: Option<String>,
}

impl Expected {
    /// Checks an error; it must not contain any of `secrets`.
    pub(crate) fn check(&self, error: &Error, secrets: &[&str]) -> Result<(), String> {
        same("kind", error.kind().code(), self.kind.as_str())?;
        same("code", error.code(), self.code.as_str())?;
        same("request id", error.request_id(), self.request_id.as_deref())?;
        same("retry after", error.retry_after(), self.retry_after.map(Duration::from_millis))?;
        if let Some(attempts) = self.attempts {
            same("attempts", error.attempts(), attempts)?;
        }
        let message = error.message();
        for words in &self.says {
            same(&format!("{words:?} in {message:?}"), message.contains(words), true)?;
        }
        let json = error.to_json();
        // JavaScript builds its errors from this JSON; its numbers are exact.
        let told: serde_json::Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        same("retry after in JSON", told["retryAfter"].as_f64(), self.retry_after_json())?;
        let texts = [json.as_str(), message, error.code(), error.request_id().unwrap_or_default()];
        for words in self.unsaid.iter().map(String::as_str).chain(secrets.iter().copied()) {
            same(&format!("{words:?} in {texts:?}"), texts.iter().any(|text| text.contains(words)), false)?;
        }
        same("a diagnosis", error.diagnosis().is_some(), self.kind == "unauthorized")?;
        if let Some(causes) = &self.diagnosis {
            let diagnosis = error.diagnosis().ok_or("there is no diagnosis")?;
            let found = diagnosis.findings.iter();
            let found: BTreeMap<_, _> =
                found.map(|f| (f.cause.code().to_owned(), f.likelihood.code().to_owned())).collect();
            same("diagnosis", &found, causes)?;
        }
        if let Some(next) = &self.next {
            let step = error.diagnosis().map_or("", |diagnosis| diagnosis.next_step);
            same(&format!("{next:?} in {step:?}"), step.contains(next), true)?;
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)] // Exact for a century in milliseconds.
    fn retry_after_json(&self) -> Option<f64> {
        self.retry_after.map(|millis| millis as f64)
    }
}
