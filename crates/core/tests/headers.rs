//! Headers in whichever form, and the quotas in them, compared with the lists that they were made of.

use std::time::Duration;

use attention_core::call::Quota;
use attention_core::{Headers, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn header() -> impl Strategy<Value = (String, String)> {
    (select(vec!["X-Rate-A", "x-rate-a", "X-RATE-B", "Retry-After", "x-rate", "x"]), "[a-c0-2]{0,3}")
        .prop_map(|(name, value)| (name.to_owned(), value))
}

proptest! {
    #[test]
    fn a_header_is_all_of_its_values_in_whichever_form(
        list in proptest::collection::vec(header(), 0..8),
        name in select(vec!["x-rate-a", "X-Rate-B", "retry-after", "absent"]),
        prefix in select(vec!["x-rate-", "x-", "retry", "", "none"]),
    ) {
        let pairs: Vec<(&str, &str)> = list.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let slice = pairs.as_slice();
        let values = |name: &str| -> Vec<&str> {
            pairs.iter().filter(|(held, _)| held.to_lowercase() == name.to_lowercase()).map(|(_, value)| *value).collect()
        };
        let expected = (!values(name).is_empty()).then(|| values(name).join(", "));
        let function = |asked: &str| (asked == name).then(|| expected.clone()).flatten();
        let forms: [&dyn Headers; 3] = [&slice, &list, &function];
        for headers in forms {
            prop_assert_eq!(headers.get(name).map(std::borrow::Cow::into_owned), expected.clone());
            prop_assert_eq!(headers.has(name), expected.is_some());
        }
        // Each once, in the order in which they first come.
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &pairs {
            let name = name.to_lowercase();
            if name.starts_with(prefix) && !names.contains(&name) {
                names.push(name);
            }
        }
        let beginning: Vec<(String, String)> =
            names.into_iter().map(|name| { let value = values(&name).join(", "); (name, value) }).collect();
        prop_assert_eq!(slice.beginning_with(prefix), beginning.clone());
        prop_assert_eq!(list.beginning_with(prefix), beginning);
        // Who answers single questions only lists nothing.
        prop_assert_eq!(function.beginning_with(prefix), Vec::new());
    }

    /// Policies in all dialects: by RFC 9651 each with a name, in older drafts without one, each beginning where a
    /// parameter comes again.
    #[test]
    fn the_tightest_policy_counts_however_they_are_written(
        policies in proptest::collection::vec((0..4_u64, proptest::option::of(0..90_u64), any::<bool>()), 1..5),
        is_named: bool,
    ) {
        let members: Vec<String> = policies.iter().enumerate().map(|(at, (left, reset, is_turned))| {
            let (remaining, until) = if is_named { ("r", "t") } else { ("remaining", "reset") };
            let mut parts = vec![format!("{remaining}={left}")];
            parts.extend(reset.map(|reset| format!("{until}={reset}")));
            if *is_turned && is_named {
                parts.reverse();
            }
            if is_named {
                parts.insert(0, format!("\"policy {at}, r=9;t=9\""));
                parts.join("; ")
            } else {
                parts.insert(0, format!("limit={}", 10 + at));
                parts.join(", ")
            }
        }).collect();
        let expected = policies
            .iter()
            .map(|(left, reset, _)| (*left, std::cmp::Reverse(*reset)))
            .min()
            .map(|(remaining, reset)| Quota { remaining, reset: reset.0.map(Duration::from_secs) });
        let list = members.join(", ");
        prop_assert_eq!(Quota::from_headers(&[("RateLimit", list.as_str())].as_slice(), NOW), expected, "{}", list);
    }

    /// A policy of which no remaining calls are told tells nothing, and takes nothing from the one before it.
    #[test]
    fn a_parameter_is_of_the_policy_that_it_stands_in(left in 0..9_u64, reset in 0..90_u64) {
        let list = format!("\"a\";r={left}, \"b\";t={reset}");
        let expected = Some(Quota { remaining: left, reset: None });
        prop_assert_eq!(Quota::from_headers(&[("ratelimit", list.as_str())].as_slice(), NOW), expected);
        let list = format!("\"b\";t={reset}, \"a\";r={left}");
        prop_assert_eq!(Quota::from_headers(&[("ratelimit", list.as_str())].as_slice(), NOW), expected);
    }
}
