//! The program as its user runs it.

use std::process::{Command, Output, Stdio};

fn gannet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gannet")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_tour_holds_and_shows_what_was_sent_and_what_came() {
    let output = gannet(&["tour"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains("6 chapters held, 0 failed"), "{said}");
    for part in
        ["Contract and code generation", "Hello zhangsan!", "hi lisi", "DEADLINE_EXCEEDED", "NOT_FOUND"]
    {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn one_chapter_can_be_walked_alone_and_an_unknown_one_is_refused() {
    let said = text(&gannet(&["tour", "--only", "2"]).stdout);
    assert!(said.contains("1 chapters held, 0 failed") && !said.contains("Streams"), "{said}");
    let output = gannet(&["tour", "--only", "99"]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("there is no chapter 99; there are: 1, 2, 4"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn generate_writes_the_module_tree_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("protos");
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/helloworld.proto");
    let output = gannet(&["generate", proto, "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let root = std::fs::read_to_string(out.join("mod.rs")).unwrap();
    assert!(root.contains("pub mod helloworld"), "{root}");
    assert!(text(&output.stdout).contains("mod.rs"), "{}", text(&output.stdout));
}

#[test]
fn generate_says_where_a_proto_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("wrong.proto");
    std::fs::write(&proto, "syntax = \"proto3\";\nmessage A { Missing b = 1; }\n").unwrap();
    let output = gannet(&["generate", proto.to_str().unwrap(), "--out", folder.path().to_str().unwrap()]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("wrong.proto:2") && said.contains("Missing"), "{said}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_gannet")).arg("tour").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn without_a_command_the_help_is_shown() {
    let output = gannet(&[]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("tour") && text(&output.stderr).contains("generate"));
}
