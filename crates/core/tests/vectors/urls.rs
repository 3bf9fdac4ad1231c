//! Runs `urls.json`.

use attention_core::url::{BaseUrl, DEFAULT_BASE_URL, RequestError, encode_query};
use attention_core::{ApiKey, Error, KeyRing, Upstream};

use crate::cases::UrlCase;
use crate::{Check, Shared, same};

impl Check for UrlCase {
    fn check(&self, _: &Shared) -> Result<(), String> {
        match (self.join(), &self.url, &self.error) {
            (Ok(got), Some(url), None) => same("url", got, url.build()),
            (Err(got), None, Some(error)) => {
                same("kind", got.kind().code(), error.kind.as_str())?;
                same("code", got.code(), error.code.as_str())?;
                error.position.map_or(Ok(()), |position| {
                    same(got.message(), got.message().contains(&format!("at byte {position} (")), true)
                })
            }
            (got, ..) => Err(format!("got {got:?}")),
        }
    }
}

impl UrlCase {
    fn join(&self) -> Result<String, Error> {
        let key = ApiKey::parse(self.key.as_deref().unwrap_or("fake-key-of-the-url-vectors"))?;
        let base = BaseUrl::parse(self.base.as_deref().unwrap_or(DEFAULT_BASE_URL))?;
        let query = match (&self.query, &self.pairs) {
            (Some(query), _) => query.build(),
            (None, Some(pairs)) => encode_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
            (None, None) => String::new(),
        };
        let url: Result<String, RequestError> =
            Upstream::new(base, KeyRing::new(key, None)).url(&self.target.build(), &query);
        Ok(url?)
    }
}
