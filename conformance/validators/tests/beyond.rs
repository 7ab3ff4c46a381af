//! What the original gets wrong or has no Go for, and Gannet carries out: no output of Go to compare with.

use gannet_conformance_validators::compare;

#[track_caller]
fn assert_says(message: &str, hex: &str, text: &str) {
    let outcome = compare(&format!("validators.{message}\t{hex}\t{text}"));
    assert!(outcome.disagreements.is_empty(), "{}", outcome.disagreements.join("\n"));
    assert_eq!(outcome.validated, 3, "both libraries, and without generated code");
}

#[test]
fn percent_signs_and_backticks_are_nothing_special() {
    assert_says("beyond3.Percent", "0a026161", "invalid field Human: 100% `sure` %v");
    assert_says(
        "beyond3.Percent",
        "12022525",
        r#"invalid field Pattern: value '%%' must be a string conforming to regex "^`%d+`$""#,
    );
    assert_says("beyond3.Percent", "120460256460", "OK");
}

#[test]
fn a_pattern_and_a_uuid_are_both_demanded() {
    assert_says(
        "beyond3.RegexAndUuid",
        "0a0178",
        r#"invalid field Id: value 'x' must be a string conforming to regex "^8""#,
    );
    let uuid = r#"invalid field Id: value '8' must be a string conforming to regex "^([a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[4][a-fA-F0-9]{3}-[8|9|aA|bB][a-fA-F0-9]{3}-[a-fA-F0-9]{12})?$""#;
    assert_says("beyond3.RegexAndUuid", "0a0138", uuid);
}

#[test]
fn a_field_called_size_has_the_name_that_gogo_gives_it() {
    assert_says("beyond3.Size", "0a00", "invalid field Size_: value '' must not be an empty string");
}

#[test]
fn limits_at_the_ends_of_a_type_are_kept() {
    assert_says("beyond3.Limits", "", "OK");
    assert_says(
        "beyond3.Limits",
        "0a05ffffffff0f",
        "invalid field Number: value '4294967295' must be greater than '4294967295'",
    );
    assert_says("beyond3.Limits", "120100", "invalid field Small: value '0' must be less than '-2147483648'");
}

#[test]
fn oneofs_of_proto2_have_rules_as_in_proto3() {
    assert_says(
        "beyond2.Oneofs",
        "0a0161",
        "invalid field Name: value 'a' must have a length greater than '2'",
    );
    assert_says(
        "beyond2.Oneofs",
        "12030a0178",
        r#"invalid field Item.SomeName: value 'x' must be a string conforming to regex "^[z]{2,5}$""#,
    );
}

#[test]
fn maps_of_proto2_are_counted_whatever_they_hold() {
    assert_says(
        "beyond2.Oneofs",
        "1a050a016210021a050a01611001",
        "invalid field Counts: value 'map[a:1 b:2]' must contain at most 1 elements",
    );
}
