//! Generates the messages from `proto/fuzz.proto`, with Gannet's validators and protovalidate-buffa's; prost-protovalidate
//! reads the rules from the descriptors when it runs.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use buffa::Message as _;
use buffa_codegen::generated::compiler::CodeGeneratorRequest;
use buffa_codegen::generated::descriptor::FileDescriptorSet;
use protoc_gen_protovalidate_buffa::{emit, scan};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=proto/fuzz.proto");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut compiler = protox::Compiler::new(["proto", "../../crates/gannet-codegen/proto"])?;
    let set = compiler
        .include_imports(true)
        .include_source_info(true)
        .open_file("fuzz.proto")?
        .encode_file_descriptor_set();
    fs::write(out.join("fuzz.binpb"), &set)?;
    // protovalidate-buffa generates for views too.
    gannet_build::Config::new().file("proto/fuzz.proto").views(true).compile()?;

    let request = CodeGeneratorRequest {
        file_to_generate: vec!["fuzz.proto".to_owned()],
        proto_file: FileDescriptorSet::decode_from_slice(&set)?.file,
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
