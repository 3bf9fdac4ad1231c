//! Callers with an issuer's token: which key set verifies the signature, and when the set is fetched.

use std::time::Duration;

use attention_core::Timestamp;
use attention_gateway::deployment::{Deployment, Text, Texts};
use attention_gateway::exchange::{Exchange, Incoming, Report, Signature, Step};
use base64ct::{Base64UrlUnpadded, Encoding as _};

const START: u64 = 1_700_000_000;
const KEY: &str = "an-obviously-fake-key";
const TERMS: &str = r#"{"issuer":"https://team.example","audience":["abc"],"jwks":"https://team.example/certs",
    "nameClaim":"email","grants":[{"claim":"email","endsWith":"@corp.example"}]}"#;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds)
}

/// A token signed with this key, valid for one day.
fn token(kid: &str) -> String {
    let part = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
    let header = format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
    let claims = format!(
        r#"{{"iss":"https://team.example","aud":"abc","exp":{},"email":"ann@corp.example","email_verified":true}}"#,
        START + 24 * 60 * 60
    );
    format!("{}.{}.fake-signature", part(&header), part(&claims))
}

/// The result of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Sent,
    /// 401: the issuer has no such key.
    UnknownKey,
    /// 503: the token cannot be verified.
    IssuerAway,
}

use Outcome::{IssuerAway, Sent, UnknownKey};

/// An isolate and the issuer.
struct World {
    deployment: Deployment,
    /// The keys that the issuer publishes; empty if it does not respond.
    published: Vec<&'static str>,
    /// The keys that the driver has.
    held: Vec<&'static str>,
    asked: usize,
}

impl World {
    fn new(published: &[&'static str]) -> Self {
        let mut texts = Texts::default();
        texts.set("ATTENTION_API_KEY", Text::Given(KEY.to_owned()));
        texts.set("ATTENTION_JWT", Text::Given(TERMS.to_owned()));
        let deployment = Deployment::parse(&texts).expect("a valid configuration");
        Self { deployment, published: published.to_vec(), held: Vec::new(), asked: 0 }
    }

    fn begin(&mut self, kid: &str, now: Timestamp) -> (Exchange, Vec<(String, String)>) {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", token(kid)))];
        let url = "https://proxy.example/v2/conversations".to_owned();
        let incoming = Incoming { method: "GET", url, headers: &headers, has_body: false, fresh_id: "a-fresh-id" };
        (Exchange::begin(Ok(&mut self.deployment), incoming, now), headers)
    }

    /// Performs one step, unless it is the last; returns whether it was a step for a token.
    fn step(&mut self, exchange: &mut Exchange, request: &Vec<(String, String)>, kid: &str, now: Timestamp) -> bool {
        let report = match exchange.step() {
            Step::FetchKeySet { url, .. } => {
                assert_eq!(url, "https://team.example/certs");
                self.asked += 1;
                let answers = !self.published.is_empty();
                if answers {
                    self.held.clone_from(&self.published);
                }
                Report::KeySet(answers)
            }
            Step::VerifyToken => {
                assert_eq!(exchange.token(), token(kid));
                let is_held = self.held.contains(&kid);
                Report::Signature(if is_held { Signature::Good } else { Signature::UnknownKey })
            }
            Step::Wait(_) => Report::Waited,
            _ => return false,
        };
        exchange.report(&mut self.deployment, request, report, now);
        true
    }

    /// The result of a call at this second, with a token signed with this key.
    fn call(&mut self, kid: &str, seconds: u64) -> Outcome {
        let (mut exchange, request) = self.begin(kid, at(seconds));
        let mut now = at(seconds);
        while self.step(&mut exchange, &request, kid, now) {
            now = now.saturating_add(Duration::from_millis(20));
        }
        let line = exchange.finish(Ok(&self.deployment), 401, now, 0.0).line.unwrap_or_default();
        assert!(!line.contains(&token(kid)) && !format!("{exchange:?}").contains(&token(kid)), "{line}");
        match exchange.step() {
            Step::Send(_) => Sent,
            Step::Reply(reply) if reply.status == 401 => {
                assert!(line.contains("ERR_JWKS_NO_MATCHING_KEY") && line.contains("\"hint\":"), "{line}");
                UnknownKey
            }
            Step::Reply(reply) => {
                assert_eq!(reply.status, 503);
                assert!(reply.headers.iter().any(|(name, value)| *name == "retry-after" && value == "1"), "{reply:?}");
                assert!(line.contains("issuer_unavailable") && line.contains("key set could not be fetched"), "{line}");
                IssuerAway
            }
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn an_unknown_key_name_causes_at_most_one_fetch_per_half_minute() {
    let mut world = World::new(&["old"]);
    assert_eq!(world.call("old", 0), Sent);
    world.published = vec!["old", "new"];
    assert_eq!([world.call("new", 0), world.call("new", 29)], [UnknownKey, UnknownKey]);
    assert_eq!(world.asked, 1);
    assert_eq!([world.call("new", 31), world.call("new", 31), world.call("old", 31)], [Sent, Sent, Sent]);
    assert_eq!(world.asked, 2);
    // After the old key was removed, it is accepted for at most ten minutes.
    world.published = vec!["new"];
    assert_eq!(world.call("old", 32), Sent);
    assert_eq!([world.call("old", 32 + 11 * 60), world.call("new", 32 + 11 * 60)], [UnknownKey, Sent]);
}

#[test]
fn while_the_issuer_is_unavailable_the_last_set_stays_in_use() {
    let mut world = World::new(&["old"]);
    assert_eq!(world.call("old", 0), Sent);
    world.published.clear();
    // A key that is not in the set may be in the one that could not be fetched.
    assert_eq!([world.call("old", 60 * 60), world.call("new", 60 * 60)], [Sent, IssuerAway]);
    world.published = vec!["old"];
    assert_eq!([world.call("new", 60 * 60 + 31), world.call("new", 60 * 60 + 32)], [UnknownKey, UnknownKey]);
    let mut world = World::new(&[]);
    assert_eq!(world.call("old", 0), IssuerAway);
    world.published = vec!["old"];
    assert_eq!([world.call("old", 1), world.call("old", 2)], [IssuerAway, Sent]);
}

#[test]
fn concurrent_requests_share_one_fetch() {
    let mut world = World::new(&["old"]);
    let mut under_way: Vec<_> = (0..20).map(|_| world.begin("old", at(0))).collect();
    for round in 0..10 {
        for (exchange, request) in &mut under_way {
            world.step(exchange, request, "old", at(0).saturating_add(Duration::from_millis(20 * round)));
        }
    }
    assert_eq!(world.asked, 1);
    assert!(under_way.iter().all(|(exchange, _)| matches!(exchange.step(), Step::Send(_))));
}
