//! What go-proto-validators said of random messages, kept, so that every test run compares with it, without Go.
//!
//! `goldens.tsv` is the output of `go run . -seed 1 -count 2500` in `conformance/go-validators`; the suite `validators` checks
//! that it still is, and compares many more.

use gannet_conformance_validators::compare;

const GOLDENS: &str = include_str!("goldens.tsv");

#[test]
fn gannet_says_what_go_proto_validators_says() {
    let outcome = compare(GOLDENS);
    assert!(outcome.disagreements.is_empty(), "{}", outcome.disagreements.join("\n"));
    assert!(outcome.refused > 3000, "only {} of {} refused", outcome.refused, outcome.validated);
}

#[test]
fn a_disagreement_is_found() {
    let other = GOLDENS.replacen("must be", "should be", 1);
    let outcome = compare(&other);
    assert_eq!(outcome.disagreements.len(), 3, "one for each library, one without generated code");
    assert_eq!(compare("no case").disagreements, ["not a case: no case"]);
    assert_eq!(compare("a.B\t00\tOK").disagreements.len(), 3);
}
