//! Every spelling of a request must be decided in the same way. Policies and spellings are generated, and the policy's
//! decisions are compared with each other and with those of a judge that is written differently.
//!
//! The judge works with sets. The readings of a segment are found by applying a table of transformations until nothing
//! new results; those of a path combine the readings of its segments, with and without the segments that can be
//! ignored. A call is denied if any reading is denied, and allowed only if one rule allows all of them.
//!
//! `ATTENTION_SPELLINGS` sets the number of requests (200,000 by default).

use std::collections::BTreeSet;

use attention_core::Method::{Delete, Get, Head, Post};
use attention_core::url::RequestPath;
use attention_gateway::authorize::policy::{Decision, Policy};

use dice::{Dice, requests};
use judge::{Judge, Verdict};
use ways::{documented, policy_text, written};

mod dice;
mod judge;
mod queries;
mod ways;

#[test]
fn every_spelling_of_a_request_is_decided_alike() {
    let (mut dice, mut judge) = (Dice(8), Judge::default());
    let (mut allowed, mut denied, mut not_read) = (0, 0, 0);
    let mut done = 0;
    while done < requests() {
        let text = policy_text(&mut dice);
        let policy = Policy::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        for _ in 0..4 {
            let segments = documented(&mut dice);
            let method = dice.of(&[Get, Get, Head, Post, Delete]);
            let mut rules = BTreeSet::new();
            let mut is_denied = false;
            let mut spellings = vec![format!("/{}", segments.join("/")).replace('ß', "%C3%9F")];
            spellings.extend((0..24).map(|_| written(&mut dice, &segments)));
            for (index, spelling) in spellings.iter().enumerate() {
                done += 1;
                let Ok(path) = RequestPath::parse(spelling) else {
                    not_read += 1;
                    continue;
                };
                let decision = policy.decide(method, path);
                let verdict = judge.judge(&policy, method, &path.decoded());
                let context = || format!("{text}{method} {spelling} ({}): {decision:?}, {verdict:?}", path.decoded());
                match (&decision, &verdict) {
                    (Decision::Denied { .. }, Verdict::Denied) => {
                        denied += 1;
                        // With an additional segment, some servers may see a path other than the documented one.
                        is_denied |= index == 0;
                    }
                    (Decision::Allowed(rule), Verdict::Allowed(expected, _)) => {
                        allowed += 1;
                        assert_eq!(rule.line(), expected.line(), "{}", context());
                        rules.insert(rule.line());
                    }
                    // A segment that could be ignored is refused in place of a name, although it would match.
                    (Decision::Unknown, Verdict::Refused | Verdict::Allowed(_, false)) => {}
                    _ => panic!("{}", context()),
                }
            }
            let most = usize::from(!is_denied);
            assert!(rules.len() <= most, "{text}{method} {spellings:#?}: {rules:?}");
        }
    }
    // Each kind occurs often enough for the test to be meaningful.
    assert!(
        allowed > done / 20 && denied > done / 20 && not_read > done / 50,
        "{allowed} {denied} {not_read} of {done}"
    );
}
