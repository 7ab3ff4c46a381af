//! Messages by prost's own generator.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use buffa::Message as _;
use buffa_descriptor::generated::descriptor::FileDescriptorProto;
use proc_macro2::TokenStream;
use prost::Message as _;
use prost_build::{Module, Service, ServiceGenerator};
use quote::quote;

use super::Messages;
use crate::descriptors::Descriptors;
use crate::docs;
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::paths;

type Types = BTreeMap<(String, String), String>;

pub(super) fn generate(
    descriptors: &Descriptors,
    files: &[String],
    options: &Options,
    root: &TokenStream,
) -> Result<Messages, Error> {
    let types = Rc::new(RefCell::new(Types::new()));
    let mut config = config(options, root);
    config.service_generator(Box::new(TypesOfMethods(Rc::clone(&types))));

    let mut requests = Vec::new();
    let mut package_of = BTreeMap::new();
    for file in files.iter().filter_map(|name| descriptors.file(name)) {
        refuse_editions(file)?;
        let package = file.package.clone().unwrap_or_default();
        let module = Module::from_protobuf_package_name(&package);
        package_of.insert(module.clone(), package);
        requests.push((module, to_prost(file)?));
    }
    // prost-build wants to know of every type that a field has, also of those that live elsewhere, and panics otherwise.
    let is_known = |file: &FileDescriptorProto| {
        let package = file.package.as_deref().unwrap_or_default();
        file.syntax.as_deref() == Some("editions") || package_of.values().any(|wanted| wanted == package)
    };
    for file in descriptors.files().iter().filter(|file| !is_known(file)) {
        let module = Module::from_protobuf_package_name(file.package.as_deref().unwrap_or_default());
        requests.push((module, to_prost(file)?));
    }
    let generated =
        config.generate(requests).map_err(|error| Error::new(ErrorKind::Messages, error.to_string()))?;

    let mut packages = BTreeMap::new();
    for (module, code) in generated {
        let Some(package) = package_of.get(&module).cloned() else { continue };
        let tokens: TokenStream = code.parse().map_err(|error| {
            Error::new(
                ErrorKind::Messages,
                format!("the messages of package `{package}` are no Rust: {error}"),
            )
        })?;
        packages.insert(package, tokens);
    }
    let types =
        types.borrow().iter().filter_map(|(name, path)| Some((name.clone(), path.parse().ok()?))).collect();
    Ok(Messages { packages, types, warnings: Vec::new() })
}

fn config(options: &Options, root: &TokenStream) -> prost_build::Config {
    let mut config = prost_build::Config::new();
    config.prost_path(paths::compact(&quote!(#root::prost)));
    config.prost_types_path(paths::compact(&quote!(#root::prost_types)));
    // A `bytes` field is a slice of what was received.
    config.bytes(["."]);
    config.enable_type_names();
    for (proto, rust) in &options.extern_paths {
        config.extern_path(proto, rust);
    }
    config
}

/// prost's generator does not know editions, and panics at the sight of one.
fn refuse_editions(file: &FileDescriptorProto) -> Result<(), Error> {
    if file.syntax.as_deref() != Some("editions") {
        return Ok(());
    }
    let name = file.name.as_deref().unwrap_or_default();
    Err(Error::new(ErrorKind::Messages, format!("{name}: the file uses editions, which prost does not know"))
        .with_help("use the codec buffa, or write the file in proto3"))
}

/// Hands a file over in prost's types, with comments that rustdoc will not compile.
fn to_prost(file: &FileDescriptorProto) -> Result<prost_types::FileDescriptorProto, Error> {
    let mut file = file.clone();
    if let Some(info) = file.source_code_info.as_option_mut() {
        for location in &mut info.location {
            for comment in [&mut location.leading_comments, &mut location.trailing_comments] {
                *comment = comment.as_deref().map(docs::neutralize_code);
            }
        }
    }
    let bytes = file.try_encode_to_vec().map_err(|_| Error::malformed())?;
    prost_types::FileDescriptorProto::decode(bytes.as_slice()).map_err(|_| Error::malformed())
}

/// Writes no service, but notes what prost calls the types of its methods.
struct TypesOfMethods(Rc<RefCell<Types>>);

impl ServiceGenerator for TypesOfMethods {
    fn generate(&mut self, service: Service, code: &mut String) {
        let mut types = self.0.borrow_mut();
        for method in service.methods {
            types.insert((service.package.clone(), method.input_proto_type), method.input_type);
            types.insert((service.package.clone(), method.output_proto_type), method.output_type);
        }
        // prost-build takes a package without code for one that was not asked for, and panics.
        code.push('\n');
    }
}
