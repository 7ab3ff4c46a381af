//! Rules of go-proto-validators in words, as `gannet lint rules` shows them.

use std::fmt::Write as _;

use gannet_build::Config;

const EVERY_RULE: &str = r#"
syntax = "proto3";
package acme;
import "validator.proto";

message Request {
  enum Color { NONE = 0; }
  message Inner { string name = 1; }
  string some_string = 1 [(validator.field) = {regex: "^[z]{2,5}$", human_error: "2 to 5 z"}];
  string id = 2 [(validator.field) = {uuid_ver: 4, string_not_empty: true}];
  string any_id = 3 [(validator.field) = {uuid_ver: 0}];
  bytes data = 4 [(validator.field) = {length_gt: 1, length_lt: 5, length_eq: 3}];
  repeated int32 numbers = 5 [(validator.field) = {int_gt: 5, int_lt: 10, repeated_count_min: 1, repeated_count_max: 3}];
  double share = 6 [(validator.field) = {float_gt: 0.35, float_lt: 0.65, float_epsilon: 0.05}];
  float closed = 7 [(validator.field) = {float_gte: 0.25, float_lte: 0.75}];
  Color color = 8 [(validator.field) = {is_in_enum: true}];
  Inner inner = 9 [(validator.field) = {msg_exists: true}];
  oneof kind {
    option (validator.oneof) = {required: true};
    string by_name = 10 [(validator.field) = {length_lt: 9}];
  }
  optional string nick = 11 [(validator.field) = {regex: "^a"}];
}
"#;

#[test]
fn every_rule_has_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("acme.proto");
    std::fs::write(&path, EVERY_RULE.trim_start()).expect("the folder is ours");
    let explained = Config::new().file(path).explain_rules().expect("the rules are right");
    let mut text = String::new();
    for rules in &explained {
        for demand in &rules.demands {
            let (field, line) =
                (demand.field.as_deref().unwrap_or_default(), demand.line.unwrap_or_default());
            writeln!(text, "{}:{line}: {field} {}", rules.file, demand.sentence).expect("a string takes it");
        }
    }
    insta::assert_snapshot!(text);
}
