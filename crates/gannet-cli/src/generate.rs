//! `gannet generate`: from `.proto` files to Rust files, for who does not want a build script.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gannet_build::{Codec, Config, GeneratedFile};

use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet generate proto/helloworld.proto --out src/protos
  gannet generate proto --include third_party --out src/protos --no-server
  gannet generate --descriptor-set api.binpb --out src/protos --codec prost";

/// Generates Rust from .proto files: messages, service traits, servers and clients.
///
/// The files go into one folder, with a mod.rs that holds the module tree, a module for each protobuf package; for
/// `--out src/protos`, `mod protos;` in src/main.rs or src/lib.rs brings all of it in. The crate needs no dependency but
/// gannet. The well-known types are built in, and what the files use of their imports is generated too.
///
/// Neither protoc nor a plugin is needed, save for files with editions: those take a descriptor set, or a protoc that
/// the environment variable PROTOC names.
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The .proto files, or folders of them. With --descriptor-set: the names of files in it; without any, all of them.
    #[arg(value_name = "FILE", required_unless_present = "descriptor_set")]
    files: Vec<PathBuf>,

    /// Where the Rust files go; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// A folder that imports are relative to; may be given several times, the first that has a file wins.
    ///
    /// A file that is in none of them brings its own folder.
    #[arg(long, short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,

    /// Whose messages to generate (for prost, the crate needs gannet's feature `prost`).
    #[arg(long, value_enum, default_value = "buffa")]
    codec: CodecName,

    /// Also generates borrowed views of the messages (buffa only).
    #[arg(long)]
    views: bool,

    /// Also generates the JSON form of the messages (buffa only; the crate needs gannet's feature `json`).
    #[arg(long)]
    json: bool,

    /// Leaves the validators out, whatever the rules in the contract.
    #[arg(long)]
    no_validation: bool,

    /// Has rules interpreted that cannot be compiled, such as those about what an Any holds, rather than refuse them (the
    /// crate needs gannet's feature `runtime-cel`).
    #[arg(long)]
    runtime_cel: bool,

    /// A package or type that lives elsewhere and is not to be generated, such as .common=::common_protos::common; may be
    /// given several times.
    #[arg(long, value_name = "PROTO=RUST", value_parser = extern_path)]
    extern_path: Vec<(String, String)>,

    /// Leaves the service traits and servers out.
    #[arg(long)]
    no_server: bool,

    /// Leaves the clients out.
    #[arg(long)]
    no_client: bool,

    /// A serialized FileDescriptorSet to take in place of .proto files, with all imports in it.
    ///
    /// `protoc --include_imports --include_source_info -o FILE` and `buf build -o FILE` write one.
    #[arg(long, value_name = "FILE")]
    descriptor_set: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum CodecName {
    Buffa,
    Prost,
}

fn extern_path(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((proto, rust)) if proto.starts_with('.') && !rust.is_empty() => {
            Ok((proto.to_owned(), rust.to_owned()))
        }
        _ => Err("expected .package=::rust::path, such as .common=::common_protos::common".to_owned()),
    }
}

pub(crate) fn run(options: Options, out: &mut impl Write) -> Ended {
    let mut config = Config::new()
        .files(&options.files)
        .codec(match options.codec {
            CodecName::Buffa => Codec::Buffa,
            CodecName::Prost => Codec::Prost,
        })
        .views(options.views)
        .json(options.json)
        .validation(!options.no_validation)
        .runtime_cel(options.runtime_cel)
        .build_server(!options.no_server)
        .build_client(!options.no_client)
        .root_file("mod.rs");
    for folder in &options.include {
        config = config.include(folder);
    }
    for (proto, rust) in options.extern_path {
        config = config.extern_path(proto, rust);
    }
    if let Some(path) = options.descriptor_set {
        config = config.descriptor_set(path);
    }
    let output = config.generate()?;
    // A file whose content would stay the same is not written, so that nothing is built anew without cause.
    let is_there = |file: &GeneratedFile| {
        std::fs::read(options.out.join(&file.name)).is_ok_and(|present| present == file.content.as_bytes())
    };
    let unchanged: Vec<bool> = output.files.iter().map(is_there).collect();
    output.write_to(&options.out)?;
    for warning in &output.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for (file, unchanged) in output.files.iter().zip(unchanged) {
        let done = if unchanged { "unchanged" } else { "wrote" };
        writeln!(out, "{done} {}", options.out.join(&file.name).display())?;
    }
    Ok(true)
}
