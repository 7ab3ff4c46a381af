//! The messages in `src/generated` are those that `gannet-build` makes of `proto`, today's generator included.
//!
//! To write them anew after a change of either: `GANNET_REGENERATE=1 cargo test -p gannet-services --test generated`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gannet_build::{Config, Output};

const FOLDER: &str = "src/generated";

fn generate() -> Output {
    Config::new()
        .include("proto")
        .file("proto/grpc")
        .gannet_path("crate")
        .build_server(false)
        .build_client(false)
        .root_file("mod.rs")
        .generate()
        .expect("the protos are right")
}

#[test]
fn what_is_committed_is_what_the_generator_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let output = generate();
    if std::env::var_os("GANNET_REGENERATE").is_some() {
        output.write_to(&folder).expect("a folder to write to");
    }
    let help = "GANNET_REGENERATE=1 cargo test -p gannet-services --test generated";
    for file in &output.files {
        let committed = fs::read_to_string(folder.join(&file.name)).unwrap_or_default();
        assert!(committed == file.content, "{FOLDER}/{} is out of date; write it with: {help}", file.name);
    }
    let made: BTreeSet<_> = output.files.iter().map(|file| file.name.clone()).collect();
    let present = fs::read_dir(&folder).expect("the folder is there");
    let left_over: Vec<_> = present
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .filter(|name| !made.contains(name))
        .collect();
    assert!(left_over.is_empty(), "{FOLDER} holds files that nothing generates: {left_over:?}");
}
