//! `gannet generate`: from `.proto` files to Rust files, for who does not want a build script.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gannet_build::{Codec, Config};

use crate::Ended;

/// Generates Rust from .proto files: messages, service traits, servers and clients.
///
/// The files go into one folder, with a `mod.rs` that holds the module tree; `mod protos;` brings all of it in. Nothing
/// but this program is needed, save for editions: those need a descriptor set, or protoc (PROTOC names it).
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[command(after_help = "Example:\n  gannet generate proto/helloworld.proto --out src/protos")]
pub(crate) struct Options {
    /// The .proto files, or folders of them.
    #[arg(value_name = "FILE", required_unless_present = "descriptor_set")]
    files: Vec<PathBuf>,

    /// Where the Rust files go; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// A folder to look for imports in, besides that of the files themselves; may be given several times.
    #[arg(long, short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,

    /// Whose messages to generate.
    #[arg(long, value_enum, default_value = "buffa")]
    codec: CodecName,

    /// Also generates borrowed views of the messages (buffa only).
    #[arg(long)]
    views: bool,

    /// Also generates the JSON form of the messages (buffa only; the crate needs gannet's feature `json`).
    #[arg(long)]
    json: bool,

    /// Types that live elsewhere, as .package=::rust::path; may be given several times.
    #[arg(long, value_name = "PROTO=RUST", value_parser = extern_path)]
    extern_path: Vec<(String, String)>,

    /// Leaves the service traits and servers out.
    #[arg(long)]
    no_server: bool,

    /// Leaves the clients out.
    #[arg(long)]
    no_client: bool,

    /// A serialized FileDescriptorSet to generate from, with its imports in it.
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
    output.write_to(&options.out)?;
    for warning in &output.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for file in &output.files {
        writeln!(out, "wrote {}", options.out.join(&file.name).display())?;
    }
    Ok(true)
}
