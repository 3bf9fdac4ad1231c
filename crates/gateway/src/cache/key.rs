//! Cache keys: the requests that one stored response may answer.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use attention_core::Headers;

use super::freshness::SELECTING;
use crate::answer::header_policy;

/// The owner of stored responses. They are never served to anybody else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Owner {
    holder: String,
    policy: String,
    session: Option<String>,
}

impl Owner {
    /// A caller with its policy, which decides the redaction. A session's routes redact as well, so each session has
    /// its own responses.
    pub fn new(holder: &str, policy: &str, session: Option<&str>) -> Self {
        Self { holder: holder.to_owned(), policy: policy.to_owned(), session: session.map(ToOwned::to_owned) }
    }
}

/// Everything in a request that its response may depend on.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    url: String,
    owner: Owner,
    selecting: [Option<String>; SELECTING.len()],
}

impl Key {
    pub(super) fn new(url: &str, owner: &Owner, request: &dyn Headers) -> Self {
        let selecting = SELECTING.map(|name| request.get(name).map(Cow::into_owned));
        Self { url: url.to_owned(), owner: owner.clone(), selecting }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The number of bytes of text it contains.
    pub(super) fn length(&self) -> usize {
        let Owner { holder, policy, session } = &self.owner;
        let optional = self.selecting.iter().chain([session]).flatten();
        [&self.url, holder, policy].into_iter().chain(optional).map(String::len).sum()
    }
}

/// Whether two requests with the same key may differ in a header that the API receives. A response that varies by such
/// a header is not stored.
pub(super) fn varies(name: &str) -> bool {
    header_policy::UP.contains(&name) && !SELECTING.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URL: &str = "https://api.example/v2/a?b=c";

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_differ_in_everything_that_a_response_may_depend_on() {
        let plain = headers(&[]);
        let of = |holder, policy, session| Key::new(URL, &Owner::new(holder, policy, session), &plain);
        let app = Owner::new("app", "default", None);
        let mut keys = vec![
            of("app", "default", None),
            of("other", "default", None),
            of("jwt:app", "default", None),
            of("jwt:app", "wide", None),
            of("app", "default", Some("")),
            of("app", "default", Some("1")),
            of("app", "default", Some("2")),
            // As one concatenated text these would be equal.
            of("app default", "", None),
            of("app", "default 1", None),
            Key::new("https://api.example/v2/a?b=d", &app, &plain),
            Key::new("https://api.example/v2/a/?b=c", &app, &plain),
            Key::new("https://api.example/v2/%61?b=c", &app, &plain),
        ];
        for name in SELECTING {
            for value in ["", "x", "X"] {
                keys.push(Key::new(URL, &app, &headers(&[(name, value)])));
            }
        }
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
        // Headers that the API does not receive do not matter.
        let forwarded = headers(&[("x-forwarded-host", "evil.example"), ("cache-control", "no-cache")]);
        assert_eq!(Key::new(URL, &app, &forwarded), Key::new(URL, &app, &plain));
    }

    #[test]
    fn a_response_may_vary_by_headers_in_the_key_or_not_sent_upstream() {
        for name in [
            "accept",
            "accept-encoding",
            "accept-language",
            "prefer",
            "origin",
            "authorization",
            "x-any",
            "mcp-session-id",
        ] {
            assert!(!varies(name), "{name}");
        }
        for name in ["content-type", "idempotency-key", "if-range", "range", "traceparent"] {
            assert!(varies(name), "{name}");
        }
    }

    /// The parts of a key: URL, holder, policy, session, and the values of [`SELECTING`].
    type Parts = (String, String, String, Option<String>, [Option<String>; 4]);

    /// Texts that are ambiguous when concatenated.
    fn parts() -> impl Strategy<Value = Parts> {
        let text = || "[ab \n,:]{0,2}";
        let optional = || prop::option::of(text());
        (text(), text(), text(), optional(), prop::array::uniform4(optional()))
    }

    fn key((url, holder, policy, session, values): &Parts) -> Key {
        let given = SELECTING.iter().zip(values).filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let request: Vec<(&str, &str)> = given.collect();
        Key::new(url, &Owner::new(holder, policy, session.as_deref()), &&*request)
    }

    proptest! {
        #[test]
        fn keys_are_equal_if_all_their_parts_are(
            one in parts(),
            mut other in parts(),
            shared in any::<[bool; 8]>(),
        ) {
            // Chance alone rarely makes keys equal, so some parts are copied.
            if shared[0] { other.0.clone_from(&one.0); }
            if shared[1] { other.1.clone_from(&one.1); }
            if shared[2] { other.2.clone_from(&one.2); }
            if shared[3] { other.3.clone_from(&one.3); }
            for at in 0..4 {
                if shared[4 + at] { other.4[at].clone_from(&one.4[at]); }
            }
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }

        #[test]
        fn its_length_counts_all_its_parts(parts in parts()) {
            let (url, holder, policy, session, values) = parts.clone();
            let optional = [session].into_iter().chain(values).flatten();
            let texts: String = [url, holder, policy].into_iter().chain(optional).collect();
            prop_assert_eq!(key(&parts).length(), texts.len());
        }
    }
}
