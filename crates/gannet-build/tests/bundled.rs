//! The `.proto` files that come with Gannet: found without a flag, under every path, one copy of the user's own winning.

use std::fs;
use std::path::{Path, PathBuf};

use gannet_build::{Config, Output};
use gannet_codegen::bundled::{VALIDATE, VALIDATOR};

/// The article's.
const RULE: &str = "[(validator.field) = {regex: \"^[z]{2,5}$\"}]";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let this = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            let path = this.path().join(name);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("the folder is ours");
            fs::write(path, text).expect("the folder is ours");
        }
        this
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn config(&self) -> Config {
        Config::new().file(self.path()).out_dir(self.path().join("out"))
    }
}

fn user(import: &str) -> String {
    format!(
        "syntax = \"proto3\"; package acme; import \"{import}\"; message Request {{ string some_string = 1 {RULE}; }}"
    )
}

fn code(output: &Output) -> String {
    output.files.iter().map(|file| file.content.as_str()).collect()
}

fn own_validator() -> String {
    gannet_codegen::bundled::beside(|_| None)[VALIDATOR[0]].clone().into_owned()
}

/// The parser that is linked in, and protoc where this machine has one.
fn each_compiler(check: impl Fn(fn(Config) -> Config)) {
    check(|config| config);
    if protoc().is_some() {
        check(|config| config.protoc(protoc().unwrap_or_default()));
    }
}

fn protoc() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("protoc")).find(|path| path.is_file())
}

#[test]
fn the_options_of_both_dialects_are_found_under_every_path() {
    each_compiler(|with| {
        for path in VALIDATOR {
            let folder = Folder::new(&[("user.proto", &user(path))]);
            let output = with(folder.config()).generate().unwrap();
            let code = code(&output);
            assert!(code.contains("pub struct Request"), "{code}");
            assert!(!code.contains("struct FieldValidator"), "{path}: {code}");
        }
        let proto = format!(
            "syntax = \"proto3\"; import \"{VALIDATE}\"; message Request {{ string name = 1 [(buf.validate.field).string.min_len = 2]; }}"
        );
        let output = with(Folder::new(&[("user.proto", &proto)]).config()).generate().unwrap();
        assert!(!code(&output).contains("struct FieldRules"));
    });
}

#[test]
fn two_files_may_import_it_under_different_paths() {
    each_compiler(|with| {
        let other = user(VALIDATOR[3]).replace("Request", "Other");
        let folder = Folder::new(&[("a.proto", &user(VALIDATOR[0])), ("b.proto", &other)]);
        let output = with(folder.config()).generate().unwrap();
        assert!(code(&output).contains("pub struct Other"));
    });
}

#[test]
fn the_user_s_own_copy_wins_and_gets_no_messages() {
    each_compiler(|with| {
        let own = own_validator().replace("optional string regex = 1;", "optional string pattern = 1;");
        let pattern = user(VALIDATOR[0]).replace("regex:", "pattern:");
        let folder = Folder::new(&[("a.proto", &pattern), ("validator.proto", &own)]);
        let output = with(folder.config()).generate().unwrap();
        let code = code(&output);
        assert!(code.contains("pub struct Request") && !code.contains("struct FieldValidator"), "{code}");
        assert!(output.inputs.iter().any(|input| input.ends_with("validator.proto")));
    });
}

#[test]
fn two_copies_of_the_user_s_do_not_clash() {
    let own = own_validator();
    let other = user(VALIDATOR[3]).replace("Request", "Other");
    let include = Folder::new(&[(VALIDATOR[0], &own), (VALIDATOR[3], &own)]);
    let folder = Folder::new(&[("a.proto", &user(VALIDATOR[0])), ("b.proto", &other)]);
    let output = folder.config().include(include.path()).generate().unwrap();
    assert!(code(&output).contains("pub struct Other"));
}

#[test]
fn a_message_that_holds_one_of_theirs_has_it_generated() {
    let proto = format!(
        "syntax = \"proto3\"; import \"{VALIDATE}\"; message Failed {{ buf.validate.Violations violations = 1; }}"
    );
    let output = Folder::new(&[("user.proto", &proto)]).config().generate().unwrap();
    assert!(code(&output).contains("pub struct Violations"));
}

#[test]
fn a_source_given_in_memory_wins_too() {
    let own = own_validator().replace("optional string regex = 1;", "optional string pattern = 1;");
    let pattern = user(VALIDATOR[1]).replace("regex:", "pattern:");
    let folder = Folder::new(&[("a.proto", &pattern)]);
    assert!(folder.config().source(VALIDATOR[2], own).generate().is_ok());
}

#[test]
fn nothing_is_left_where_protoc_ran() {
    let Some(protoc) = protoc() else { return };
    let folder = Folder::new(&[("a.proto", &user(VALIDATOR[0]))]);
    folder.config().protoc(protoc).generate().unwrap();
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 0);
}

#[test]
fn a_wrong_rule_in_a_file_that_is_not_generated_is_nobody_s_fault() {
    let other = user(VALIDATOR[0]).replace("[z]", "[z").replace("acme", "other");
    let main = format!(
        "syntax = \"proto3\"; import \"{}\"; import \"other.proto\"; message Main {{}}",
        VALIDATOR[0]
    );
    let include = Folder::new(&[("other.proto", &other)]);
    let folder = Folder::new(&[("main.proto", &main)]);
    let output = folder.config().include(include.path()).generate().unwrap();
    assert!(code(&output).contains("pub struct Main"));
    let error = include.config().generate().unwrap_err();
    assert!(error.message().contains("missing closing ]"), "{error}");
}
