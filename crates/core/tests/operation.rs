//! Which calls are the same operation, compared with a list of segments.

use attention_core::Method;
use attention_core::call::Operation;
use proptest::prelude::*;
use proptest::sample::select;

/// A target by its segments, in which what names one thing among many is left out.
fn segments(target: &str) -> Vec<String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_name = |segment: &str| !segment.contains(|c: char| c.is_ascii_digit() || c == '@' || c == '%');
    path.split('/').map(|segment| if is_name(segment) { segment.to_owned() } else { "{}".to_owned() }).collect()
}

fn target() -> impl Strategy<Value = String> {
    let segment = select(vec!["users", "user", "u1", "4", "a@b", "%C3%A9", "teams", "", "s", "x9y"]);
    let end = select(vec!["", "?a=1", "?", "#f", "?users/4"]);
    (proptest::collection::vec(segment, 1..4), end).prop_map(|(segments, end)| format!("/{}{end}", segments.join("/")))
}

proptest! {
    #[test]
    fn calls_are_the_same_operation_when_their_names_and_methods_are(
        one in target(),
        other in target(),
        methods in (select(vec![Method::Get, Method::Post]), select(vec![Method::Get, Method::Post])),
    ) {
        let is_same = segments(&one) == segments(&other) && methods.0 == methods.1;
        prop_assert_eq!(Operation::of(methods.0, &one) == Operation::of(methods.1, &other), is_same, "{} {}", one, other);
    }
}

#[test]
fn a_thousand_operations_are_told_apart() {
    let letters = || ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].into_iter();
    let mut seen = Vec::new();
    for path in letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("/{a}/{b}{c}")))) {
        let operation = Operation::of(Method::Get, &path);
        assert!(!seen.contains(&operation), "{path}");
        seen.push(operation);
    }
}
