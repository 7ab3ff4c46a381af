//! What a user reads when a `.proto` file is wrong: every text is kept in a snapshot.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gannet_build::{Codec, Config, Error, ErrorKind};

/// Paths in messages are relative to the package, which is where tests run.
fn error(config: &Config) -> Error {
    config.generate().expect_err("the input is wrong")
}

fn bad(name: &str) -> Config {
    Config::new().file(format!("tests/bad/{name}.proto"))
}

#[test]
fn every_wrong_file_is_explained() {
    let mut files: Vec<PathBuf> =
        fs::read_dir("tests/bad").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut texts = String::new();
    for file in files.iter().filter(|file| file.is_file() && !file.ends_with("types.proto")) {
        writeln!(texts, "{}\n", error(&Config::new().file(file))).unwrap();
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn every_wrong_configuration_is_explained() {
    let cases = [
        Config::new(),
        Config::new().file("tests/nothing.proto"),
        Config::new().file("tests/bad/types.proto").include("tests/nowhere"),
        Config::new()
            .file("tests/bad/include")
            .include("tests/bad/include")
            .include("tests/bad")
            .file("tests/bad/syntax.proto"),
        bad("types").extern_path("bad", "::x"),
        bad("types").extern_path(".bad", "not a path"),
        bad("types").codec(Codec::Prost).views(true),
        bad("types").protoc("tests/no-such-protoc"),
        Config::new().descriptor_set("tests/bad/types.proto"),
        Config::new().descriptor_set("tests/nothing.binpb"),
    ];
    let mut texts = String::new();
    for config in &cases {
        // The folder differs from machine to machine, the system's words from system to system.
        let text = error(config)
            .to_string()
            .replace(&std::env::current_dir().unwrap().display().to_string(), "FOLDER");
        let text = text.replace("No such file or directory (os error 2)", "NOT FOUND");
        writeln!(texts, "{text}\n").unwrap();
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn an_error_can_be_asked_for_its_parts() {
    let error = error(&bad("unknown_type"));
    assert_eq!(error.kind(), ErrorKind::Definition);
    assert_eq!(error.file(), Some(Path::new("tests/bad/unknown_type.proto")));
    assert_eq!((error.line(), error.column()), (Some(6), Some(16)));
    assert_eq!(error.message(), "name 'Reqest' is not defined");
    assert!(error.help().is_some());
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn each_fault_has_its_kind() {
    for (name, kind) in [
        ("syntax", ErrorKind::Syntax),
        ("end_of_file", ErrorKind::Syntax),
        ("missing_import", ErrorKind::Import),
        ("circle_a", ErrorKind::Import),
        ("duplicate_number", ErrorKind::Definition),
        ("edition", ErrorKind::Edition),
        ("keyword", ErrorKind::Generation),
    ] {
        assert_eq!(error(&bad(name)).kind(), kind, "{name}");
    }
}

#[test]
fn every_wrong_rule_is_explained() {
    let files = ["current", "legacy", "both"].map(|name| format!("tests/bad_rules/{name}.proto"));
    let texts: Vec<String> = files.iter().map(|file| error(&Config::new().file(file)).to_string()).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn rules_without_effect_are_warned_of() {
    let output = Config::new().file("tests/warned_rules").generate().expect("warnings are no errors");
    insta::assert_snapshot!(output.warnings.join("\n"));
}
