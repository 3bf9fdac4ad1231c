//! The information that a person needs about the Worker that was just started.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use super::credentials::Credentials;
use super::{excerpt, http};
use crate::say;

/// A small response that every documented policy allows.
const FIRST_CALL: &str = "/v2/conversations/list?page=1&size=3";

#[derive(Debug)]
pub(crate) struct Introduction<'a> {
    pub(crate) port: u16,
    pub(crate) credentials: &'a Credentials,
    pub(crate) origins: &'a [String],
    pub(crate) described: &'a str,
    /// The mock's base URL and its fake key; `None` with the real API.
    pub(crate) mock: Option<(&'a str, &'a str)>,
}

impl Introduction<'_> {
    /// Makes the call of the first line, then prints every address with a command that can be pasted.
    pub(crate) fn tell(&self) -> Result<()> {
        let token = self.credentials.local.expose();
        let answer = http::get(self.port, FIRST_CALL, Some(token), Duration::from_secs(30))
            .with_context(|| format!("GET {FIRST_CALL} got no response"))?;
        let said = match (answer.status, conversations(&answer.body)) {
            (200, Some(count)) => format!("The first of these calls just returned 200 with {count} conversations."),
            // The policy being tried, or the real API, may refuse it.
            (status, _) if self.mock.is_none() || status == 403 => {
                format!("The first of these calls just returned {status}: {}", excerpt(&answer.body))
            }
            (status, _) => bail!("GET {FIRST_CALL} answered {status}: {}", excerpt(&answer.body)),
        };
        say::result(&format!("{}{said} Ctrl-C stops it.\n\n", self.text()))
    }

    fn text(&self) -> String {
        let shell = Shell::HERE;
        let address = format!("http://127.0.0.1:{}", self.port);
        let Credentials { local, backend, operator, .. } = self.credentials;
        let (local, backend, operator) = (local.expose(), backend.expose(), operator.expose());
        // The first of them is this server's own.
        let page = self.origins.iter().find(|origin| !origin.ends_with(&format!(":{}", self.port)));
        let page = page.unwrap_or(&self.origins[0]);
        let session = format!(r#"{{"minutes":15,"origin":"{page}","routes":["GET /v2/conversations/**"]}}"#);
        let (curl, call) = (shell.curl(), format!("{address}{FIRST_CALL}"));
        let ask_for_session = shell.post_json(backend, &session, &format!("{address}/sessions"));
        let exports = shell.exports(&[("WORKER", &address), ("PROXY_TOKEN", backend)]);
        let mut text = format!(
            "
The Worker: {address}
Upstream:   {}
Pages:      {}

A call (base URL {address}/v2):
  {curl} -H 'Authorization: Bearer {local}' '{call}'
A session for a page, which a backend asks for:
  {ask_for_session}
How it goes, for the operator; in a browser any name will do, and the password is the token:
  {curl} -u operator:{operator} {address}/status
Whether it is up, and whether it can serve:
  {curl} {address}/healthz
  {curl} {address}/readyz

For the backend of a page, such as examples/vite, in another terminal:
  {exports}
",
            self.described,
            self.origins.join(", "),
        );
        if let Some((base_url, key)) = self.mock {
            let exports = shell.exports(&[("ATTENTION_BASE_URL", base_url), ("ATTENTION_API_KEY", key)]);
            text.push_str("For a server, which may have a key: the mock itself, with its fake key:\n  ");
            text.push_str(&exports);
            text.push('\n');
        }
        text.push('\n');
        text
    }
}

/// The syntax of commands that a person pastes. Their text contains no single quotes.
#[derive(Debug, Clone, Copy)]
enum Shell {
    Posix,
    PowerShell,
}

impl Shell {
    const HERE: Self = if cfg!(windows) { Self::PowerShell } else { Self::Posix };

    /// In Windows PowerShell, `curl` is an alias of one of its own commands.
    const fn curl(self) -> &'static str {
        match self {
            Self::Posix => "curl",
            Self::PowerShell => "curl.exe",
        }
    }

    /// Versions of PowerShell differ in how they pass the double quotes of JSON to a program, but not to their own
    /// commands.
    fn post_json(self, token: &str, json: &str, url: &str) -> String {
        match self {
            Self::Posix => {
                format!("curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{json}' {url}")
            }
            Self::PowerShell => format!(
                "Invoke-RestMethod -Method Post -Headers @{{ Authorization = 'Bearer {token}' }} \
                 -ContentType application/json -Body '{json}' {url}"
            ),
        }
    }

    fn exports(self, variables: &[(&str, &str)]) -> String {
        let each = |(name, value): &(&str, &str)| match self {
            Self::Posix => format!("{name}={value}"),
            Self::PowerShell => format!("$env:{name}='{value}'"),
        };
        let each: Vec<String> = variables.iter().map(each).collect();
        match self {
            Self::Posix => format!("export {}", each.join(" ")),
            Self::PowerShell => each.join("; "),
        }
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
    fn conversations_are_counted() {
        assert_eq!(conversations(br#"{"data":[{},{}]}"#), Some(2));
        assert_eq!(conversations(br#"{"error":"no"}"#), None);
        assert_eq!(conversations(b"<html>"), None);
    }

    #[test]
    fn every_address_has_a_command_to_paste() {
        let credentials = Credentials::new().unwrap();
        let origins = ["http://127.0.0.1:8787", "http://localhost:5173"].map(str::to_owned);
        let text = Introduction {
            port: 8787,
            credentials: &credentials,
            origins: &origins,
            described: "the mock",
            mock: Some(("http://127.0.0.1:9/v2", "an-obviously-fake-key")),
        }
        .text();
        for path in ["/v2/conversations/list", "/sessions", "/status", "/healthz", "/readyz"] {
            let is_pasted = |line: &str| ["  curl", "  Invoke-RestMethod "].iter().any(|start| line.starts_with(start));
            assert!(text.lines().any(|line| is_pasted(line) && line.contains(path)), "{path}: {text}");
        }
        // PowerShell doubles its own quotes.
        let origin = if cfg!(windows) { "http://localhost:5173" } else { r#""origin":"http://localhost:5173""# };
        assert!(text.contains(origin), "{text}");
        for name in ["WORKER", "PROXY_TOKEN", "ATTENTION_BASE_URL", "ATTENTION_API_KEY"] {
            assert!(text.contains(&format!("{name}=")), "{name}: {text}");
        }
        assert!(!text.contains(credentials.session_secret.expose()));
    }

    #[test]
    fn each_shell_reads_the_intended_arguments() {
        let json = r#"{"minutes":15}"#;
        let posted = |shell: Shell| shell.post_json("t", json, "http://x/sessions");
        for part in [r#" -d '{"minutes":15}' "#, "curl -H 'Authorization: Bearer t' "] {
            assert!(posted(Shell::Posix).contains(part), "{}", posted(Shell::Posix));
        }
        for part in [r#" -Body '{"minutes":15}' "#, "-Headers @{ Authorization = 'Bearer t' } "] {
            assert!(posted(Shell::PowerShell).contains(part), "{}", posted(Shell::PowerShell));
        }
        let two = [("A", "1"), ("B", "2")];
        assert_eq!(Shell::Posix.exports(&two), "export A=1 B=2");
        assert_eq!(Shell::PowerShell.exports(&two), "$env:A='1'; $env:B='2'");
    }

    #[test]
    fn a_real_key_is_not_printed() {
        let credentials = Credentials::new().unwrap();
        let origins = ["http://127.0.0.1:8787".to_owned()];
        let told =
            Introduction { port: 8787, credentials: &credentials, origins: &origins, described: "real", mock: None };
        assert!(!told.text().contains("ATTENTION_API_KEY"), "{}", told.text());
    }
}
