//! What `types.d.ts` says by hand of core's enums is what core has.

#![cfg(not(target_arch = "wasm32"))]

use attention_core::ErrorKind;
use attention_core::call::{Cause, Likelihood};

const TYPES: &str = include_str!("../types.d.ts");

/// The texts of a union, from where it is declared to its end.
fn union(declared: &str) -> Vec<&'static str> {
    let (_, rest) = TYPES.split_once(declared).unwrap_or_else(|| panic!("{declared} is not declared"));
    let (union, _) = rest.split_once(';').expect("the end of the union");
    union.split('"').skip(1).step_by(2).collect()
}

#[test]
fn the_kinds_of_errors_are_those_of_core() {
    assert_eq!(union("export type ErrorKind ="), ErrorKind::ALL.map(ErrorKind::code));
}

#[test]
fn the_findings_of_a_diagnosis_are_those_of_core() {
    let causes = [Cause::HeaderMissing, Cause::SchemeMissing, Cause::RevokedOrExpired, Cause::NoPermission];
    assert_eq!(union("readonly cause:"), causes.map(Cause::code));
    let likelihoods = [Likelihood::RuledOut, Likelihood::Likely, Likelihood::Unknown];
    assert_eq!(union("readonly likelihood:"), likelihoods.map(Likelihood::code));
}
