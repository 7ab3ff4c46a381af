//! Where descriptors come from, besides the parser that is linked in; and what is written where.

use std::fs;
use std::path::Path;

use gannet_build::{Config, ErrorKind};

const EDITION_SET: &str = "tests/editions/edition.binpb";

fn file<'a>(output: &'a gannet_build::Output, name: &str) -> &'a str {
    &output.files.iter().find(|file| file.name == name).expect("the file is generated").content
}

#[test]
fn a_descriptor_set_brings_editions() {
    let output = Config::new().descriptor_set(EDITION_SET).generate().unwrap();
    let code = file(&output, "edition.rs");
    assert!(code.contains("pub title: ::gannet::codegen::buffa::alloc::string::String"), "{code}");
    assert!(code.contains("pub subtitle: ::core::option::Option<"), "{code}");
    assert!(code.contains("/// A file of the newest kind.\npub trait Editor"), "{code}");
    assert_eq!(output.inputs, [Path::new(EDITION_SET)]);
}

#[test]
#[cfg(feature = "prost")]
fn prost_refuses_editions() {
    let error = Config::new().descriptor_set(EDITION_SET).prost().generate().unwrap_err();
    assert_eq!(error.message(), "edition.proto: the file uses editions, which prost does not know");
}

#[test]
fn files_of_a_descriptor_set_are_named_as_in_the_set() {
    let config = || Config::new().descriptor_set(EDITION_SET);
    assert!(config().file("edition.proto").generate().is_ok());
    let error = config().file("tests/editions/edition.proto").generate().unwrap_err();
    assert_eq!(error.message(), "the descriptor set has no file `tests/editions/edition.proto`");
}

#[test]
fn a_source_in_memory_can_be_imported_and_a_file_on_disk_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.proto");
    fs::write(&path, "syntax = \"proto3\"; import \"dir/other.proto\"; message Main { Other other = 1; }")
        .unwrap();
    let other = |field: &str| format!("syntax = \"proto3\"; message Other {{ int32 {field} = 1; }}");
    let config = Config::new().file(&path).source("dir/other.proto", other("in_memory"));
    assert!(file(&config.generate().unwrap(), "_.rs").contains("pub in_memory: i32"));
    fs::create_dir(folder.path().join("dir")).unwrap();
    fs::write(folder.path().join("dir/other.proto"), other("on_disk")).unwrap();
    assert!(file(&config.generate().unwrap(), "_.rs").contains("pub on_disk: i32"));
}

#[test]
fn every_file_that_was_read_is_an_input() {
    let output = Config::new().file("tests/bad/types.proto").generate().unwrap();
    assert_eq!(output.inputs, [Path::new("tests/bad/types.proto")]);
}

#[test]
fn a_file_is_written_only_if_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("made/on/the/way");
    let config = || Config::new().file("tests/bad/types.proto").out_dir(&target).root_file("mod.rs");
    config().compile().unwrap();
    let path = target.join("bad.types.rs");
    let before = fs::read_to_string(&path).unwrap();
    // A read-only file can be kept, but not written.
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    config().compile().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

/// Programs that stand in for protoc.
#[cfg(unix)]
mod protoc {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn with_protoc(script: &str, check: impl FnOnce(Config)) {
        let folder = tempfile::tempdir().expect("the folder is ours");
        let path = folder.path().join("protoc");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the folder is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
        let target = folder.path().join("not/there/yet");
        check(Config::new().protoc(&path).file("tests/editions/edition.proto").out_dir(target));
    }

    #[test]
    fn its_descriptor_set_is_taken() {
        let copy = format!("while [ \"$1\" != -o ]; do shift; done; cp {EDITION_SET} \"$2\"");
        with_protoc(&copy, |config| {
            let output = config.generate().unwrap();
            assert!(file(&output, "edition.rs").contains("pub struct Draft"));
            assert_eq!(output.inputs, [Path::new("tests/editions/edition.proto")]);
        });
    }

    #[test]
    fn its_errors_keep_their_place() {
        let fails = "echo '[libprotobuf WARNING x.cc:1] No syntax: edition.proto.' >&2; echo 'edition.proto:12:3: \"Prt\" is not defined.' >&2; echo 'edition.proto: and more' >&2; exit 1";
        with_protoc(fails, |config| {
            let error = config.generate().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protoc);
            assert_eq!(error.file(), Some(Path::new("tests/editions/edition.proto")));
            assert_eq!((error.line(), error.column()), (Some(12), Some(3)));
            assert_eq!(error.message(), "\"Prt\" is not defined.");
            assert!(error.help().is_some_and(|help| help.contains("and more")));
        });
    }

    #[test]
    fn silence_is_an_error_too() {
        with_protoc("exit 1", |config| {
            assert_eq!(config.generate().unwrap_err().kind(), ErrorKind::Protoc);
        });
        with_protoc("exit 0", |config| {
            assert_eq!(config.generate().unwrap_err().kind(), ErrorKind::Io);
        });
    }
}
