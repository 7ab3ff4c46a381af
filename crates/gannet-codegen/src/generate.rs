//! From descriptors to files of Rust: chooses what to generate, and puts messages and services
//! together.

use std::collections::{BTreeMap, BTreeSet};

use buffa_descriptor::generated::descriptor::FileDescriptorProto;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut as _;

use crate::bundled;
use crate::descriptors::Descriptors;
use crate::error::{Error, ErrorKind};
use crate::messages::{self, Messages};
use crate::options::Options;
use crate::paths::SerdeCrate;
use crate::service;
use crate::tree::{self, Package};
use crate::validation::{self, Validation, Validators};

/// What was generated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The files to write, all into one folder. The last one is the root of the module tree.
    pub files: Vec<GeneratedFile>,
    /// What a user should know, though it is no error; one line each.
    pub warnings: Vec<String>,
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// The name, without folders: `helloworld.rs`.
    pub name: String,
    /// The Rust source.
    pub content: String,
}

/// Generates Rust for the named files of an encoded `google.protobuf.FileDescriptorSet`.
///
/// The set must hold everything the files import. Comments are carried over where the set has
/// them. The raw bytes are used, so that custom options reach the generated code unchanged.
///
/// ```
/// # fn main() -> Result<(), gannet_codegen::Error> {
/// // What `protoc --include_imports -o set` writes for `syntax = "proto3"; message Ping {}`.
/// let set = b"\x0a\x1c\x0a\x0aping.proto\x22\x06\x0a\x04Ping\x62\x06proto3";
/// let generated = gannet_codegen::generate(set, &["ping.proto"], &Default::default())?;
/// assert_eq!(generated.files.last().map(|file| file.name.as_str()), Some("mod.rs"));
/// assert!(generated.files[0].content.contains("pub struct Ping"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The set is malformed or lacks a file, a type is neither generated nor mapped, an option
/// cannot be used, or the message generator refuses the descriptors; [`Error::kind`] tells which.
pub fn generate(set: &[u8], files: &[impl AsRef<str>], options: &Options) -> Result<Generated, Error> {
    let files: Vec<String> = files.iter().map(|file| file.as_ref().to_owned()).collect();
    generate_from(&Descriptors::from_set(set)?, &files, options)
}

/// The names of the files in an encoded `google.protobuf.FileDescriptorSet`, in its order.
///
/// # Errors
/// The set is malformed.
pub fn file_names(set: &[u8]) -> Result<Vec<String>, Error> {
    let descriptors = Descriptors::from_set(set)?;
    Ok(descriptors.files().iter().filter_map(|file| file.name.clone()).collect())
}

pub(crate) fn generate_from(
    descriptors: &Descriptors,
    requested: &[String],
    options: &Options,
) -> Result<Generated, Error> {
    options.check()?;
    for name in requested {
        if descriptors.file(name).is_none() {
            return Err(Error::new(
                ErrorKind::Descriptor,
                format!("the descriptor set has no file `{name}`"),
            )
            .with_help("name files as they stand in the set, relative to the folder that was included"));
        }
    }
    let files = files_to_generate(descriptors, requested, options)?;
    let gannet: TokenStream = options.gannet_path.parse().unwrap_or_else(|_| quote!(::gannet));
    let root = quote!(#gannet::codegen);
    let mut messages = messages::generate(descriptors, &files, options, &root)?;
    let mut warnings = std::mem::take(&mut messages.warnings);

    let mut packages: BTreeMap<String, Vec<&FileDescriptorProto>> = BTreeMap::new();
    for file in files.iter().filter_map(|name| descriptors.file(name)) {
        packages.entry(file.package.clone().unwrap_or_default()).or_default().push(file);
    }
    let validation = Validation::new(descriptors, options)?;
    let validators = validation.as_ref().map(Validation::validators).transpose()?;
    let generated = files.iter().filter_map(|name| descriptors.file(name));
    warnings.extend(generated.flat_map(|file| validators.iter().flat_map(|of| of.warnings(file))));
    let context =
        Context { descriptors, files: &files, options, root: &root, validators: validators.as_ref() };
    let packages: Result<Vec<Package>, Error> =
        packages.into_iter().map(|(name, files)| package(name, &files, &messages, &context)).collect();
    let set = descriptors.closure(requested);
    Ok(Generated { files: tree::lay_out(packages?, &set, &options.root_file), warnings })
}

/// What every package is put together with.
struct Context<'a> {
    descriptors: &'a Descriptors,
    /// The files to generate.
    files: &'a [String],
    options: &'a Options,
    /// `::gannet::codegen`
    root: &'a TokenStream,
    validators: Option<&'a Validators<'a>>,
}

/// Puts the messages, validators and services of one package together.
fn package(
    name: String,
    files: &[&FileDescriptorProto],
    messages: &Messages,
    context: &Context<'_>,
) -> Result<Package, Error> {
    let Context { options, root, .. } = *context;
    let not_rust = |error: syn::Error| {
        Error::new(ErrorKind::Messages, format!("the code of package `{name}` is no Rust: {error}"))
    };
    let code = messages.packages.get(&name).cloned().unwrap_or_default();
    let mut file: syn::File = syn::parse2(code).map_err(not_rust)?;
    if options.json {
        SerdeCrate::at(root).visit_file_mut(&mut file);
    }
    let modules = messages::modules(&name, options.codec);
    let set = tree::descriptor_set_reference(&modules, &options.root_file);
    let validators = match context.validators {
        None => None,
        Some(rules) => {
            let layout = validation::layout(&name, context.descriptors, context.files, options, root, &set);
            validation::write(&name, files, rules, &*layout)?
        }
    };
    let resolve = |type_name: &str| {
        let path = messages.types.get(&(name.clone(), type_name.to_owned())).cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::UnresolvedType,
                format!("the type `{type_name}` is not in the descriptor set"),
            )
        })?;
        let full_name = type_name.trim_start_matches('.');
        let has_rules = context.validators.is_some_and(|validators| validators.has_rules(full_name));
        Ok(service::Message { path, has_rules })
    };
    let writing = service::Context { root, descriptor_set: &set, options };
    for service in service::read(files, tree::item_names(&file.items), &resolve)? {
        let items: syn::File = syn::parse2(service::write(&service, &writing)).map_err(not_rust)?;
        file.items.extend(items.items);
    }
    Ok(Package { name, modules, items: file.items, validators })
}

/// Whether the types of a file come with the message libraries.
fn is_well_known(file: &FileDescriptorProto) -> bool {
    matches!(file.package.as_deref(), Some("google.protobuf" | "google.protobuf.compiler"))
}

/// The requested files, and with [`Options::follow_references`] those that define what they use.
///
/// A file that is imported for its options alone needs no code, and gets none; nor do those that define the options of rules,
/// unless a message of another file holds one of theirs or nothing else is requested.
fn files_to_generate(
    descriptors: &Descriptors,
    requested: &[String],
    options: &Options,
) -> Result<Vec<String>, Error> {
    let is_elsewhere = |file: &FileDescriptorProto| {
        let package = file.package.as_deref().unwrap_or_default();
        is_well_known(file) || (!package.is_empty() && options.is_extern(&format!(".{package}")))
    };
    // Whole folders are compiled at times, copies of these in them.
    let has_messages = |name: &&String| !descriptors.file(name).is_some_and(bundled::is_options_file);
    let mut wanted: BTreeSet<String> = requested.iter().filter(has_messages).cloned().collect();
    if wanted.is_empty() {
        wanted = requested.iter().cloned().collect();
    }
    let mut pending: Vec<String> = wanted.iter().cloned().collect();
    while let Some(file) = pending.pop().and_then(|name| descriptors.file(&name)) {
        if is_elsewhere(file) {
            continue;
        }
        for (type_name, place) in Descriptors::references(file) {
            let Some(defining) = descriptors.defining_file(&type_name) else { continue };
            let name = defining.name.as_deref().unwrap_or_default();
            if wanted.contains(name) || is_elsewhere(defining) || options.is_extern(&type_name) {
                continue;
            }
            if !options.follow_references && !requested.iter().any(|requested| requested == name) {
                return Err(not_generated(file, &place, &type_name, name));
            }
            wanted.insert(name.to_owned());
            pending.push(name.to_owned());
        }
    }
    // In the order of the set, so that the output depends on nothing else.
    let in_order = descriptors
        .files()
        .iter()
        .filter(|file| file.name.as_ref().is_some_and(|name| wanted.contains(name)) && !is_elsewhere(file));
    Ok(in_order.filter_map(|file| file.name.clone()).collect())
}

fn not_generated(file: &FileDescriptorProto, place: &str, type_name: &str, defining: &str) -> Error {
    let user = file.name.as_deref().unwrap_or_default();
    Error::new(
        ErrorKind::UnresolvedType,
        format!(
            "{user}: `{place}` uses `{type_name}` of {defining}, which is not among the files to generate"
        ),
    )
    .with_help(format!("name {defining} too, or map the type: extern_path={type_name}=::path::to::it"))
}
