//! Generates the messages of protovalidate's conformance suite as any user of Gannet does, and a table of them: for the
//! name of each, the function that decodes and validates it, or why its rules are refused.
//!
//! The suite's contracts are installed by `conformance/setup`. Without them the program is built all the same, so that the
//! workspace builds anywhere, and says what it lacks.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use gannet_build::{Config, Output};

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
    // With the messages whose rules are refused.
    fs::copy(CASES, out.join("all.binpb"))?;
    let (output, refused) = generate(fs::read(CASES)?, &out.join("cases.binpb"))?;
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
    table.push_str("];\npub(crate) const REFUSED: &[(&str, &str)] = &[\n");
    for (name, error) in refused {
        writeln!(table, "    ({name:?}, {error:?}),")?;
    }
    table.push_str("];\n");
    fs::write(out.join("messages.rs"), table)?;
    Ok(())
}

/// Messages whose rules are refused, by name, and why.
type Refused = Vec<(String, String)>;

/// Generates code for all messages but those whose rules Gannet refuses, which is an error of the build, and those by name
/// with the error. `path` is where to put the descriptors of the others.
fn generate(mut set: Vec<u8>, path: &Path) -> Result<(Output, Refused), Box<dyn Error>> {
    let mut refused = Refused::new();
    loop {
        fs::write(path, &set)?;
        let error = match Config::new().descriptor_set(path).generate() {
            Ok(output) => return Ok((output, refused)),
            Err(error) => error,
        };
        let before = set.len();
        set = without_messages(&set, |name| {
            // A line for each fault: file, line, element, what is wrong.
            let faults: Vec<&str> = error.message().lines().filter(|line| is_about(line, name)).collect();
            let fault = faults.join("; ");
            let is_refused = !fault.is_empty();
            if is_refused {
                refused.push((name.to_owned(), fault));
            }
            is_refused
        })?;
        if set.len() == before {
            return Err(error.into());
        }
    }
}

/// Whether a line of an error is about the message or an element in it.
fn is_about(line: &str, message: &str) -> bool {
    line.split(": ").nth(1).and_then(|element| element.strip_prefix(message)).is_some_and(|rest| {
        let rest = rest.trim_end_matches(':');
        rest.is_empty() || rest.starts_with('.')
    })
}

/// An encoded `FileDescriptorSet` without some of its outermost messages. The bytes of the others stay as they are, with the
/// options that no library knows.
fn without_messages(set: &[u8], mut leave_out: impl FnMut(&str) -> bool) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut files = Vec::new();
    for (number, file, bytes) in fields(set)? {
        if number != 1 {
            files.extend_from_slice(bytes);
            continue;
        }
        let file = fields(file)?;
        let package =
            file.iter().find(|(number, ..)| *number == 2).map_or(&b""[..], |(_, package, _)| package);
        let package = str::from_utf8(package)?;
        let mut kept = Vec::new();
        for (number, content, bytes) in file {
            let message = if number == 4 { fields(content)? } else { Vec::new() };
            let name = message.iter().find(|(number, ..)| *number == 1).map_or(&b""[..], |(_, name, _)| name);
            if number != 4 || !leave_out(&format!("{package}.{}", str::from_utf8(name)?)) {
                kept.extend_from_slice(bytes);
            }
        }
        files.push(0x0A);
        let mut length = kept.len();
        while length >= 0x80 {
            files.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        files.push(length as u8);
        files.append(&mut kept);
    }
    Ok(files)
}

/// A field of an encoded message: its number, its content where it has a length, all its bytes.
type Field<'a> = (u64, &'a [u8], &'a [u8]);

/// The fields of an encoded message.
fn fields(mut message: &[u8]) -> Result<Vec<Field<'_>>, Box<dyn Error>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let mut rest = message;
        let key = varint(&mut rest)?;
        let length = match key & 7 {
            0 => varint(&mut rest).map(|_| 0)?,
            1 => 8,
            2 => usize::try_from(varint(&mut rest)?)?,
            5 => 4,
            wire_type => return Err(format!("descriptors have no wire type {wire_type}").into()),
        };
        let (content, after) = rest.split_at_checked(length).ok_or("the descriptor set is cut off")?;
        fields.push((key >> 3, content, &message[..message.len() - after.len()]));
        message = after;
    }
    Ok(fields)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Box<dyn Error>> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).ok_or("the descriptor set is cut off")?;
    let (varint, rest) = bytes.split_at(end + 1);
    *bytes = rest;
    Ok(varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7F)))
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
    // The message whose name comes next.
    let mut named: Option<String> = None;
    let mut previous = "";
    for line in code.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        // What is too long for a line is broken.
        let implemented = match text.strip_prefix("for ") {
            Some(message) => previous.strip_prefix("impl ").zip(Some(message)),
            None => text.strip_prefix("impl ").and_then(|rest| rest.split_once(" for ")),
        };
        let implemented = implemented.and_then(|(item, message)| Some((item, message.strip_suffix(" {")?)));
        if text == "}" && modules.last().is_some_and(|(module, _)| *module == indent) {
            modules.pop();
        } else if let Some(module) = text.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(" {")) {
            modules.push((indent, module));
        } else if let Some((item, message)) = implemented {
            let path: Vec<&str> = modules.iter().map(|(_, module)| *module).chain([message]).collect();
            let path = path.join("::");
            if item.ends_with("::MessageName") && !message.contains('<') {
                named = Some(path);
            } else if item.ends_with("::Validate") {
                validated.push(path);
            }
        } else if (text.starts_with("const FULL_NAME") || previous.starts_with("const FULL_NAME"))
            && text.ends_with("\";")
            && let Some(path) = named.take()
        {
            let name = text.trim_end_matches("\";").rsplit('"').next().unwrap_or_default().to_owned();
            found.push(Generated { path, name, has_rules: false });
        }
        previous = text;
    }
    for message in &mut found {
        message.has_rules = validated.contains(&message.path);
    }
    found
}
