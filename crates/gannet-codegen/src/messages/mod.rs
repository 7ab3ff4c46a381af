//! Generates messages, by whichever library the user chose.
//!
//! Both generators answer in the same terms: the code of each package, and how a type is
//! called from within a package's module.

mod buffa;
#[cfg(feature = "prost")]
mod prost;

use std::collections::BTreeMap;

use buffa_codegen::idents;
use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;

use crate::descriptors::Descriptors;
use crate::error::Error;
use crate::options::{Codec, Options};

pub(crate) use self::buffa::config as buffa_config;

/// The messages of some files.
pub(crate) struct Messages {
    /// The code of each package, in the words of the library's own generator but with its paths
    /// led through `gannet`.
    pub(crate) packages: BTreeMap<String, TokenStream>,
    /// What a type (fully qualified, with a leading dot) is called in a package's module.
    pub(crate) types: BTreeMap<(String, String), TokenStream>,
    /// What the generator had to say that is no error.
    pub(crate) warnings: Vec<String>,
}

/// Generates the messages of the named files; `root` is the path `::gannet::codegen`.
pub(crate) fn generate(
    descriptors: &Descriptors,
    files: &[String],
    options: &Options,
    root: &TokenStream,
) -> Result<Messages, Error> {
    match options.codec {
        Codec::Buffa => buffa::generate(descriptors, files, options, root),
        #[cfg(feature = "prost")]
        Codec::Prost => prost::generate(descriptors, files, options, root),
        #[cfg(not(feature = "prost"))]
        Codec::Prost => {
            Err(Error::new(crate::error::ErrorKind::Option, "this build has no support for the codec prost")
                .with_help("enable the feature `prost` of gannet-build (or of gannet-codegen)"))
        }
    }
}

/// The types that the methods of a file use.
fn method_types<'a>(descriptors: &'a Descriptors, file: &str) -> impl Iterator<Item = &'a str> {
    let services = descriptors.file(file).into_iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| &service.method);
    methods.flat_map(|method| [&method.input_type, &method.output_type]).flatten().map(String::as_str)
}

/// The modules that a package's code stands in, from the outermost on.
///
/// buffa keeps the names of packages, prost makes them snake case.
pub(crate) fn modules(package: &str, codec: Codec) -> Vec<String> {
    let parts = package.split('.').filter(|part| !part.is_empty());
    match codec {
        Codec::Buffa => parts.map(idents::escape_mod_ident).collect(),
        Codec::Prost => parts.map(|part| idents::escape_mod_ident(&part.to_snake_case())).collect(),
    }
}
