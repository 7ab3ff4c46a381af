//! Messages by buffa's own generator.

use std::collections::BTreeMap;

use buffa_codegen::context::CodeGenContext;
use buffa_codegen::{BytesRepr, CodeGenConfig, idents};
use buffa_descriptor::generated::descriptor::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};
use proc_macro2::TokenStream;

use super::{Messages, method_types};
use crate::descriptors::Descriptors;
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::paths;

pub(super) fn generate(
    descriptors: &Descriptors,
    files: &[String],
    options: &Options,
    root: &TokenStream,
) -> Result<Messages, Error> {
    for file in files.iter().filter_map(|name| descriptors.file(name)) {
        refuse_keywords(file)?;
    }
    let config = config(options);
    let (generated, warnings) = buffa_codegen::generate_with_diagnostics(descriptors.files(), files, &config)
        .map_err(|error| Error::new(ErrorKind::Messages, error.to_string()))?;
    let mut packages = BTreeMap::new();
    for file in generated {
        let tokens: TokenStream = file.content.parse().map_err(|error| {
            Error::new(
                ErrorKind::Messages,
                format!("the messages of package `{}` are no Rust: {error}", file.package),
            )
        })?;
        packages.insert(file.package, paths::reroot(tokens, root));
    }
    Ok(Messages {
        packages,
        types: types(descriptors, files, &config, root),
        warnings: warnings.iter().map(ToString::to_string).collect(),
    })
}

/// How buffa's generator is set up.
pub(crate) fn config(options: &Options) -> CodeGenConfig {
    let mut config = CodeGenConfig::default();
    config.generate_views = options.views;
    config.generate_json = options.json;
    config.preserve_unknown_fields = options.unknown_fields;
    // A `bytes` field is a slice of what was received, and is sent without a copy.
    config.bytes_fields = vec![(".".into(), BytesRepr::Bytes)];
    // buffa escapes keywords by itself, and does not take escaped ones.
    let unescaped = options.extern_paths.iter().map(|(proto, rust)| (proto.clone(), rust.replace("r#", "")));
    config.extern_paths = unescaped.collect();
    config.file_per_package = true;
    // Registration serves `Any` in JSON only.
    config.emit_register_fn = options.json;
    config
}

fn types(
    descriptors: &Descriptors,
    files: &[String],
    config: &CodeGenConfig,
    root: &TokenStream,
) -> BTreeMap<(String, String), TokenStream> {
    let context = CodeGenContext::for_generate(descriptors.files(), files, config);
    let mut types = BTreeMap::new();
    for file in files {
        let package = descriptors.file(file).and_then(|file| file.package.clone()).unwrap_or_default();
        for name in method_types(descriptors, file) {
            let Some(path) = context.rust_type_relative(name, &package, 0) else { continue };
            let tokens = idents::rust_path_to_tokens(&path);
            let tokens = if is_mapped_by_user(config, name) { tokens } else { paths::reroot(tokens, root) };
            types.insert((package.clone(), name.to_owned()), tokens);
        }
    }
    types
}

/// buffa keeps the names of types, and cannot escape those that are keywords of Rust.
fn refuse_keywords(file: &FileDescriptorProto) -> Result<(), Error> {
    let enums =
        |enums: &[EnumDescriptorProto]| enums.iter().filter_map(|one| one.name.clone()).collect::<Vec<_>>();
    let mut names = enums(&file.enum_type);
    let mut pending: Vec<&DescriptorProto> = file.message_type.iter().collect();
    while let Some(message) = pending.pop() {
        names.extend(message.name.clone());
        names.extend(enums(&message.enum_type));
        pending.extend(&message.nested_type);
    }
    match names.into_iter().find(|name| idents::is_rust_keyword(name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorKind::Messages,
            format!(
                "{}: the type `{name}` has the name of a Rust keyword, which messages of buffa cannot have",
                file.name.as_deref().unwrap_or_default()
            ),
        )
        .with_help("rename it, or use the codec prost")),
    }
}

fn is_mapped_by_user(config: &CodeGenConfig, name: &str) -> bool {
    config.extern_paths.iter().any(|(prefix, _)| name == prefix || name.starts_with(&format!("{prefix}.")))
}
