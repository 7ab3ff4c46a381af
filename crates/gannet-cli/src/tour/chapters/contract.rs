//! Chapter 1: from the contract to Rust, without protoc.

use gannet_build::Config;

use super::{Notes, Outcome};

const CONTRACT: &str = include_str!("../../../proto/helloworld.proto");

/// What must stand in the generated code.
const EXPECTED: [&str; 5] = [
    "pub trait Greeter",
    "pub struct GreeterServer<",
    "pub struct GreeterClient",
    "fn say_hello_stream(",
    "pub struct HelloRequest",
];

pub(in super::super) async fn contract(notes: Notes) -> Outcome {
    // The article calls the package `proto`, most others `helloworld`: both must generate.
    for package in ["helloworld", "proto"] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("helloworld.proto");
        let text = CONTRACT.replace("package helloworld;", &format!("package {package};"));
        notes.sent(format!(
            "the contract of the Greeter, package `{package}`, {} lines",
            text.lines().count()
        ));
        std::fs::write(&file, text)?;
        let output = Config::new().file(&file).generate()?;
        let code: String = output.files.iter().map(|file| file.content.as_str()).collect();
        notes.came(format!(
            "{} files of Rust, {} lines, without protoc",
            output.files.len(),
            code.lines().count()
        ));
        for expected in EXPECTED {
            notes.holds(code.contains(expected), format!("the generated code lacks `{expected}`"))?;
        }
        notes.holds(
            code.contains(&format!("/{package}.Greeter/SayHello")),
            "the path of SayHello is another",
        )?;
        if package == "helloworld" {
            for line in code.lines().filter(|line| EXPECTED.iter().any(|expected| line.contains(expected))) {
                notes.note(line.trim());
            }
        }
    }
    Ok(())
}
