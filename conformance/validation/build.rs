//! Generates the messages of protovalidate's conformance suite as any user of Gannet does, and a table of them: for the
//! name of each, the function that decodes and validates it.
//!
//! The suite's contracts are installed by `conformance/setup`. Without them the program is built all the same, so that the
//! workspace builds anywhere, and says what it lacks.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use gannet_build::Config;

/// Where `conformance/setup` puts the descriptors of the suite's contracts, from this folder.
const CASES: &str = "../.peers/protovalidate/cases.binpb";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(cases)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={CASES}");
    if !Path::new(CASES).exists() {
        println!(
            "cargo::warning=no {CASES}: the program has no cases; run conformance/setup and build again"
        );
        return Ok(());
    }
    println!("cargo::rustc-cfg=cases");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let output = Config::new().descriptor_set(CASES).generate()?;
    output.write_to(&out)?;
    let mut table = String::from("pub(crate) const MESSAGES: &[Message] = &[\n");
    for file in output.files.iter().filter(|file| file.name.starts_with("buf.validate.conformance.cases")) {
        let package = file.name.trim_end_matches(".rs").replace('.', "::");
        for message in messages(&file.content) {
            let Generated { path, name, has_rules } = message;
            let run = if has_rules { "validate" } else { "decode" };
            writeln!(table, "    (\"{name}\", {run}::<crate::{package}::{path}>),")?;
        }
    }
    table.push_str("];\n");
    fs::write(out.join("messages.rs"), table)?;
    Ok(())
}

/// A message in the generated code of a package.
struct Generated {
    /// Its path in Rust, from the module of its package.
    path: String,
    /// Its name in protobuf, with its package.
    name: String,
    /// Whether a validator is generated for it.
    has_rules: bool,
}

/// Finds the messages by how generated code is laid out: indented by modules, an item's end where it began.
fn messages(code: &str) -> Vec<Generated> {
    let mut modules: Vec<(usize, &str)> = Vec::new();
    let mut validated: Vec<String> = Vec::new();
    let mut found: Vec<Generated> = Vec::new();
    let mut named: Option<String> = None;
    for line in code.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if text == "}" && modules.last().is_some_and(|(module, _)| *module == indent) {
            modules.pop();
        } else if let Some(module) = text.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(" {")) {
            modules.push((indent, module));
        } else if let Some((implemented, message)) =
            text.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {")?.split_once(" for "))
        {
            let path: Vec<&str> = modules.iter().map(|(_, module)| *module).chain([message]).collect();
            let path = path.join("::");
            if implemented.ends_with("::MessageName") && !message.contains('<') {
                named = Some(path);
            } else if implemented.ends_with("::Validate") {
                validated.push(path);
            }
        } else if let Some(name) = text.strip_prefix("const FULL_NAME: &'static str = \"")
            && let Some(path) = named.take()
        {
            let name = name.trim_end_matches("\";").to_owned();
            found.push(Generated { path, name, has_rules: false });
        }
    }
    for message in &mut found {
        message.has_rules = validated.contains(&message.path);
    }
    found
}
