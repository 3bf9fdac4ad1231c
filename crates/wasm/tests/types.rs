//! The types that `types.d.ts` writes by hand match core's enums.

#![cfg(not(target_arch = "wasm32"))]

use attention_core::ErrorKind;
use attention_core::call::{Cause, Likelihood};

const TYPES: &str = include_str!("../types.d.ts");

/// The strings of a union type in its declaration.
fn union(declared: &str) -> Vec<&'static str> {
    let (_, rest) = TYPES.split_once(declared).unwrap_or_else(|| panic!("{declared} is not declared"));
    let (union, _) = rest.split_once(';').expect("the end of the union");
    union.split('"').skip(1).step_by(2).collect()
}

#[test]
fn the_error_kinds_match_core() {
    assert_eq!(union("export type ErrorKind ="), ErrorKind::ALL.map(ErrorKind::code));
}

#[test]
fn the_diagnosis_findings_match_core() {
    let causes = [Cause::HeaderMissing, Cause::SchemeMissing, Cause::RevokedOrExpired, Cause::NoPermission];
    assert_eq!(union("readonly cause:"), causes.map(Cause::code));
    let likelihoods = [Likelihood::RuledOut, Likelihood::Likely, Likelihood::Unknown];
    assert_eq!(union("readonly likelihood:"), likelihoods.map(Likelihood::code));
}
