//! Generates the messages and validators of each contestant from `proto/bench.proto`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use buffa::Message as _;
use buffa_codegen::generated::compiler::CodeGeneratorRequest;
use buffa_codegen::generated::descriptor::FileDescriptorSet;
use prost::Message as _;
use protoc_gen_protovalidate_buffa::{emit, scan};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=proto/bench.proto");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut compiler = protox::Compiler::new(["proto", "../../crates/gannet-codegen/proto"])?;
    let set = compiler
        .include_imports(true)
        .include_source_info(true)
        .open_file("bench.proto")?
        .encode_file_descriptor_set();
    let path = out.join("bench.binpb");
    fs::write(&path, &set)?;

    // protovalidate-buffa generates for views too.
    gannet_build::Config::new().file("proto/bench.proto").views(true).runtime_cel(true).compile()?;
    protovalidate_buffa(&set, &out)?;
    prost_protovalidate(&set, &path, &out)
}

/// Validators for Gannet's own messages, which are buffa's.
fn protovalidate_buffa(set: &[u8], out: &Path) -> Result<(), Box<dyn Error>> {
    let request = CodeGeneratorRequest {
        file_to_generate: vec!["bench.proto".to_owned()],
        proto_file: FileDescriptorSet::decode_from_slice(set)?.file,
        ..Default::default()
    };
    let options = emit::Options { packaging: false, ..Default::default() };
    let files = emit::render_with_options(&scan::gather(&request)?, &options)?;
    let [file] = files.as_slice() else {
        return Err(format!("protovalidate-buffa generated {} files, not one", files.len()).into());
    };
    fs::write(out.join("protovalidate_buffa.rs"), file.content.as_deref().unwrap_or_default())?;
    Ok(())
}

/// Messages of prost that can be reflected on, and validators for those without expressions.
fn prost_protovalidate(set: &[u8], path: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = out.join("prost");
    fs::create_dir_all(&folder)?;
    let mut config = prost_build::Config::new();
    config.out_dir(&folder);
    for message in ["Article", "Mixed", "Span"] {
        let name = format!("bench.{message}");
        config.type_attribute(&name, "#[derive(::prost_reflect::ReflectMessage)]");
        let attribute = format!(
            "#[prost_reflect(message_name = \"{name}\", file_descriptor_set_bytes = \"crate::DESCRIPTORS\")]"
        );
        config.type_attribute(&name, attribute);
    }
    let mut files = prost_types::FileDescriptorSet::decode(set)?;
    files.file.retain(|file| file.package() == "bench");
    // It cannot ask what a Struct holds.
    for file in &mut files.file {
        file.message_type.retain(|message| message.name() != "Labels");
    }
    config.compile_fds(files)?;
    prost_protovalidate_build::Builder::new().file_descriptor_set_path(path)?.out_dir(&folder).compile()?;
    Ok(())
}
