//! What a person needs to know of the Worker that has just started.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use super::credentials::Credentials;
use super::{excerpt, http};

/// Small answers, and one that every policy of the documents allows.
const FIRST_CALL: &str = "/v2/conversations/list?page=1&size=3";

#[derive(Debug)]
pub(crate) struct Introduction<'a> {
    pub(crate) port: u16,
    pub(crate) credentials: &'a Credentials,
    pub(crate) origins: &'a [String],
    pub(crate) described: &'a str,
    pub(crate) is_real: bool,
}

impl Introduction<'_> {
    /// Makes the call of the first line, then shows every address with a line that can be pasted.
    pub(crate) fn tell(&self) -> Result<()> {
        let token = self.credentials.local.expose();
        let answer = http::get(self.port, FIRST_CALL, Some(token), Duration::from_secs(30))
            .with_context(|| format!("GET {FIRST_CALL} got no answer"))?;
        let said = match (answer.status, conversations(&answer.body)) {
            (200, Some(count)) => format!("The first of these calls has just answered 200 with {count} conversations."),
            // The policy that is tried, or the real API, may say no.
            (status, _) if self.is_real || status == 403 => {
                format!("The first of these calls has just answered {status}: {}", excerpt(&answer.body))
            }
            (status, _) => bail!("GET {FIRST_CALL} answered {status}: {}", excerpt(&answer.body)),
        };
        println!("{}{said} Ctrl-C stops it.\n", self.text());
        Ok(())
    }

    fn text(&self) -> String {
        let address = format!("http://127.0.0.1:{}", self.port);
        let Credentials { local, backend, operator, .. } = self.credentials;
        let (local, backend, operator) = (local.expose(), backend.expose(), operator.expose());
        // The first of them is this server's own.
        let page = self.origins.iter().find(|origin| !origin.ends_with(&format!(":{}", self.port)));
        let page = page.unwrap_or(&self.origins[0]);
        let session = format!(r#"{{"minutes":15,"origin":"{page}","routes":["GET /v2/conversations/**"]}}"#);
        format!(
            "
The Worker: {address}
Upstream:   {}
Pages:      {}

A call (base URL {address}/v2):
  curl -H 'Authorization: Bearer {local}' '{address}{FIRST_CALL}'
A session for a page, which a backend asks for:
  curl -H 'Authorization: Bearer {backend}' -H 'Content-Type: application/json' -d '{session}' {address}/sessions
How it goes, for the operator; in a browser any name will do, and the password is the token:
  curl -u operator:{operator} {address}/status
Whether it is up, and whether it can serve:
  curl {address}/healthz
  curl {address}/readyz

",
            self.described,
            self.origins.join(", "),
        )
    }
}

fn conversations(body: &[u8]) -> Option<usize> {
    let body: Json = serde_json::from_slice(body).ok()?;
    Some(body.get("data")?.as_array()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_are_counted_where_they_are() {
        assert_eq!(conversations(br#"{"data":[{},{}]}"#), Some(2));
        assert_eq!(conversations(br#"{"error":"no"}"#), None);
        assert_eq!(conversations(b"<html>"), None);
    }

    #[test]
    fn every_address_has_a_line_to_paste() {
        let credentials = Credentials::new().unwrap();
        let origins = ["http://127.0.0.1:8787", "http://localhost:5173"].map(str::to_owned);
        let text = Introduction {
            port: 8787,
            credentials: &credentials,
            origins: &origins,
            described: "the mock",
            is_real: false,
        }
        .text();
        for path in ["/v2/conversations/list", "/sessions", "/status", "/healthz", "/readyz"] {
            assert!(text.lines().any(|line| line.starts_with("  curl ") && line.contains(path)), "{path}: {text}");
        }
        assert!(text.contains(r#""origin":"http://localhost:5173""#), "{text}");
        assert!(!text.contains(credentials.session_secret.expose()));
    }
}
