//! The guide's page on certificates: its commands are run, in order, in an empty folder.

use std::process::Command;

use super::{Folder, text};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/certificates.md"));

#[test]
fn the_commands_of_the_page_run() {
    let Ok(_) = Command::new("openssl").arg("version").output() else {
        eprintln!(
            "\n*** SKIPPED: openssl is not installed; the commands of docs/certificates.md were not run ***\n"
        );
        return;
    };
    let blocks: Vec<&str> = PAGE
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split_once("```").expect("a block has an end").0)
        .collect();
    assert!(blocks.len() >= 5, "the blocks were found");
    let folder = Folder::new();
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_gannet")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    for block in blocks {
        let mut shell = Command::new("sh");
        let output =
            shell.args(["-e", "-u", "-c", block]).env("PATH", &path).current_dir(folder.0.path()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{block}\n{}{}", text(&output.stdout), text(&output.stderr));
    }
}
