//! What rules demand, in words.

use std::fmt::Write as _;

use gannet_build::Config;

#[test]
fn each_rule_is_a_sentence_about_its_field() {
    let explained = Config::new().file("tests/explained/shop.proto").explain_rules().unwrap();
    let mut text = String::new();
    for rules in explained {
        writeln!(text, "{} of {}", rules.message, rules.file).unwrap();
        for demand in rules.demands {
            let line = demand.line.unwrap_or_default();
            writeln!(text, "  {line}: {} {}", demand.field.unwrap_or_default(), demand.sentence).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn files_without_rules_have_nothing_to_explain() {
    let explained = Config::new().file("tests/bad/types.proto").explain_rules().unwrap();
    assert_eq!(explained, []);
}

#[test]
fn rules_that_cannot_be_carried_out_are_an_error_here_too() {
    let error = Config::new().file("tests/bad_rules/current.proto").explain_rules().expect_err("they cannot");
    assert!(error.to_string().contains("undefined field 'nmae'"), "{error}");
}
