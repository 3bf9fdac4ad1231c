//! One request, however it is written: policies and ways of writing are generated, and the
//! policy's decisions compared with each other and with those of a judge that is written
//! differently.
//!
//! The judge works with sets. A segment has the readings that a table of transformations
//! finds, applied until nothing new comes; a path has those of its segments, with and
//! without the ones that can be read as nothing. A call is denied if any reading is, and
//! allowed only if one rule allows them all.
//!
//! `ATTENTION_SPELLINGS` is the number of requests; 200,000 when it is not set.

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
fn a_request_is_decided_alike_however_it_is_written() {
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
                        // With a segment more, some servers may see another path than the documented one.
                        is_denied |= index == 0;
                    }
                    (Decision::Allowed(rule), Verdict::Allowed(expected, _)) => {
                        allowed += 1;
                        assert_eq!(rule.line(), expected.line(), "{}", context());
                        rules.insert(rule.line());
                    }
                    // A segment that could be left out, in the place of a name, is refused though it would do.
                    (Decision::Unknown, Verdict::Refused | Verdict::Allowed(_, false)) => {}
                    _ => panic!("{}", context()),
                }
            }
            let most = usize::from(!is_denied);
            assert!(rules.len() <= most, "{text}{method} {spellings:#?}: {rules:?}");
        }
    }
    // Each kind is there often enough to mean something.
    assert!(
        allowed > done / 20 && denied > done / 20 && not_read > done / 50,
        "{allowed} {denied} {not_read} of {done}"
    );
}
