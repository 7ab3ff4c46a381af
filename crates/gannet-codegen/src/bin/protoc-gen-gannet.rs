//! The plugin `protoc-gen-gannet`: `protoc --gannet_out=src/gen greeter.proto`.
//!
//! Only what a program needs around [`gannet_codegen::plugin`]: streams and arguments.

#![forbid(unsafe_code)]

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use gannet_codegen::bundled;

const HELP: &str = "\
Generates Rust for gRPC services and their messages, as a plugin of protoc or buf.

    protoc --gannet_out=src/gen --gannet_opt=views,extern_path=.common=::common_protos::common greeter.proto

buf.gen.yaml:
    version: v2
    plugins:
      - local: protoc-gen-gannet
        out: src/gen
        strategy: all          # one module tree of all folders
        opt: [views=true]

Then, in Rust: `#[path = \"gen/mod.rs\"] mod protos;`

Options, with commas between them:
    codec=buffa|prost          the library of the messages; buffa if not set
    views=true                 borrowed views of messages, too (buffa)
    json=true                  protobuf's JSON by serde (buffa; feature `json` of gannet)
    unknown_fields=true        keep fields that the schema does not know (buffa)
    validation=false           no validators, whatever the rules in the contract
    runtime_cel=true           interpret rules that cannot be compiled (feature `runtime-cel` of gannet)
    build_server=false         no server
    build_client=false         no client
    gannet_path=::gannet       the path of the crate gannet
    extern_path=.pkg=::path    a package or type that lives elsewhere; may be repeated
    root_file=mod.rs           the file that holds the module tree

The .proto files that define validation rules, for protoc to import (buf gets them from its registry):
    protoc-gen-gannet --protos third_party
    protoc -I proto -I third_party --gannet_out=src/gen greeter.proto

    -h, --help                 prints this
    --protos DIR               writes buf/validate/validate.proto and go-proto-validators' validator.proto below DIR
    -V, --version              prints the version
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has what it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "protoc-gen-gannet: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match std::env::args().nth(1).as_deref() {
        Some("-h" | "--help") => return out.write_all(HELP.as_bytes()),
        Some("--protos") => return write_protos(std::env::args_os().nth(2)),
        Some("-V" | "--version") => return writeln!(out, "protoc-gen-gannet {}", env!("CARGO_PKG_VERSION")),
        Some(other) => {
            return Err(std::io::Error::other(format!("unknown argument `{other}`; see --help")));
        }
        None => {}
    }
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        return Err(std::io::Error::other("this is a plugin for protoc to start; see --help"));
    }
    let mut request = Vec::new();
    input.read_to_end(&mut request)?;
    out.write_all(&gannet_codegen::plugin::run(&request))?;
    out.flush()
}

fn write_protos(folder: Option<std::ffi::OsString>) -> std::io::Result<()> {
    let folder = folder.ok_or_else(|| std::io::Error::other("--protos needs a folder; see --help"))?;
    let folder = std::path::Path::new(&folder);
    for (name, text) in bundled::beside(|_| None) {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text.as_bytes()))
            .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    Ok(())
}
