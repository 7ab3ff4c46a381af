//! Generates the messages of `../go-validators/proto` in both libraries, and a table of their names.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gannet_build::{Codec, Config};

const PROTOS: &str = "../go-validators/proto";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={PROTOS}");
    for (codec, folder) in [(Codec::Buffa, "buffa"), (Codec::Prost, "prost")] {
        // Not `compile`, which would repeat at each build that some rules have no effect: they are there for that.
        let config = Config::new()
            .file(PROTOS)
            .codec(codec)
            .build_server(false)
            .build_client(false)
            .root_file("mod.rs");
        config.generate()?.write_to(out.join(folder))?;
        fs::write(out.join("descriptors.binpb"), config.descriptors()?)?;
    }
    let mut names = Vec::new();
    for folder in [Path::new(PROTOS), &Path::new(PROTOS).join("gannet")] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                messages(&fs::read_to_string(path)?, &mut names);
            }
        }
    }
    names.sort();
    let mut table = String::from("messages! {\n");
    for (package, name) in names {
        let module = package.replace('.', "::");
        writeln!(table, "    \"{package}.{name}\" => {module}::{name},")?;
    }
    table.push_str("}\n");
    fs::write(out.join("table.rs"), table)?;
    Ok(())
}

/// The messages of a file that stand in no other.
fn messages(proto: &str, names: &mut Vec<(String, String)>) {
    let mut package = "";
    for line in proto.lines() {
        if let Some(name) = line.strip_prefix("package ") {
            package = name.trim_end_matches(';');
        } else if let Some(name) = line.strip_prefix("message ") {
            names.push((package.to_owned(), name.trim_end_matches([' ', '{']).to_owned()));
        }
    }
}
