//! The secrets of a locally started Worker. They are generated for each start, so none is worth keeping.

use std::fmt;

use anyhow::{Context as _, Result};

use crate::stamp;

/// The callers that the local Worker knows.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// A program that calls the API.
    pub(crate) local: Secret,
    /// A backend that requests sessions for its pages.
    pub(crate) backend: Secret,
    /// The operator, who reads `/status`.
    pub(crate) operator: Secret,
    pub(crate) session_secret: Secret,
}

impl Credentials {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            local: Secret::new("local")?,
            backend: Secret::new("backend")?,
            operator: Secret::new("operator")?,
            session_secret: Secret::new("sessions")?,
        })
    }

    /// `ATTENTION_CALLERS`.
    pub(crate) fn callers(&self) -> String {
        let (local, backend) = (self.local.digest(), self.backend.digest());
        format!(
            r#"[{{"name":"local","sha256":"{local}"}},{{"name":"backend","sha256":"{backend}","mintsSessions":true}}]"#
        )
    }
}

/// A token. It is only shown on purpose.
pub(crate) struct Secret(String);

impl Secret {
    fn new(whose: &str) -> Result<Self> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes).context("the system does not provide random numbers")?;
        Ok(Self(format!("{whose}-{}", stamp::hex(&bytes))))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> String {
        stamp::sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_unique_and_hidden() {
        let (one, other) = (Credentials::new().unwrap(), Credentials::new().unwrap());
        let token = one.local.expose();
        assert!(token.starts_with("local-") && token.len() == 6 + 48, "{}", token.len());
        assert_ne!(token, other.local.expose());
        assert!(!format!("{one:?}").contains(token));
        assert!(!one.callers().contains(token));
    }
}
