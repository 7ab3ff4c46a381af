//! Messages by buffa's own generator.

use std::collections::BTreeMap;

use buffa_codegen::context::CodeGenContext;
use buffa_codegen::{BytesRepr, CodeGenConfig, idents};
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

fn config(options: &Options) -> CodeGenConfig {
    let mut config = CodeGenConfig::default();
    config.generate_views = options.views;
    config.generate_json = options.json;
    config.preserve_unknown_fields = options.unknown_fields;
    // A `bytes` field is a slice of what was received, and is sent without a copy.
    config.bytes_fields = vec![(".".into(), BytesRepr::Bytes)];
    config.extern_paths.clone_from(&options.extern_paths);
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
            let is_mapped_by_user = options_map(config, name);
            let tokens = idents::rust_path_to_tokens(&path);
            let tokens = if is_mapped_by_user { tokens } else { paths::reroot(tokens, root) };
            types.insert((package.clone(), name.to_owned()), tokens);
        }
    }
    types
}

fn options_map(config: &CodeGenConfig, name: &str) -> bool {
    config.extern_paths.iter().any(|(prefix, _)| name == prefix || name.starts_with(&format!("{prefix}.")))
}
