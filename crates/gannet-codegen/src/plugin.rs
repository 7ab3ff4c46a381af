//! The protocol between protoc (or buf) and its plugins: a request in, a response out.

use buffa::Message as _;
use buffa_descriptor::generated::compiler::{CodeGeneratorResponse, code_generator_response};

use crate::descriptors::Descriptors;
use crate::error::Error;
use crate::generate::{self, Generated};
use crate::options::Options;
use crate::wire;

/// Fields of `CodeGeneratorRequest`.
const REQUEST_FILE_TO_GENERATE: u32 = 1;
const REQUEST_PARAMETER: u32 = 2;
const REQUEST_PROTO_FILE: u32 = 15;

const FEATURE_PROTO3_OPTIONAL: u64 = 1;
const FEATURE_SUPPORTS_EDITIONS: u64 = 2;
/// The editions that the message generators know: proto2 and proto3 count as editions too.
const EDITION_PROTO2: i32 = 998;
const EDITION_2023: i32 = 1000;

/// Answers an encoded `google.protobuf.compiler.CodeGeneratorRequest` with an encoded
/// `CodeGeneratorResponse`.
///
/// Faults of the user's files and options are in the response, where protoc looks for them. The
/// descriptors are taken as raw bytes, so custom options pass through.
///
/// ```
/// // A request for no files.
/// let response = gannet_codegen::plugin::run(&[]);
/// assert!(!response.is_empty());
/// ```
pub fn run(request: &[u8]) -> Vec<u8> {
    let mut response = CodeGeneratorResponse {
        supported_features: Some(FEATURE_PROTO3_OPTIONAL | FEATURE_SUPPORTS_EDITIONS),
        minimum_edition: Some(EDITION_PROTO2),
        maximum_edition: Some(EDITION_2023),
        ..Default::default()
    };
    match answer(request) {
        Ok(generated) => {
            response.file = generated
                .files
                .into_iter()
                .map(|file| code_generator_response::File {
                    name: Some(file.name),
                    content: Some(file.content),
                    ..Default::default()
                })
                .collect();
        }
        Err(error) => response.error = Some(error.to_string()),
    }
    // Only a response of more than 2 GiB cannot be encoded.
    response.try_encode_to_vec().unwrap_or_default()
}

fn answer(request: &[u8]) -> Result<Generated, Error> {
    let mut files = Vec::new();
    let mut parameter = "";
    let mut raw = Vec::new();
    for field in wire::fields(request) {
        let field = field?;
        match field.number {
            REQUEST_FILE_TO_GENERATE => files.push(text(field.payload)?.to_owned()),
            REQUEST_PARAMETER => parameter = text(field.payload)?,
            REQUEST_PROTO_FILE => raw.push(field.payload),
            _ => {}
        }
    }
    let options = Options::from_parameter(parameter)?;
    generate::generate_from(&Descriptors::from_files(&raw)?, &files, &options)
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::malformed())
}
