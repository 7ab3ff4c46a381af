//! Validators: for each message whose contract has rules, an implementation of `Validate` beside it.
//!
//! What the rules are and how they read in Rust is `gannet-rules`'s; here is where the code goes, and what the generated
//! messages are called.

mod buffa;
mod explain;
#[cfg(feature = "prost")]
mod prost;

pub use self::explain::{Demand, MessageRules, explain_rules};

use buffa_descriptor::generated::descriptor::{DescriptorProto, FileDescriptorProto};
use gannet_rules::Schema;
use gannet_rules::access::{Access, Layout};
use gannet_rules::legacy;
use gannet_rules::protovalidate::{self, Faults};
use proc_macro2::TokenStream;
use quote::quote;

use crate::descriptors::Descriptors;
use crate::error::{Error, ErrorKind};
use crate::options::{Codec, Options};
use crate::paths;
use crate::tree::Guarded;

/// The rules of all messages of a descriptor set.
pub(crate) struct Validation {
    schema: Schema,
    faults: Faults,
    interprets: bool,
}

impl Validation {
    /// Takes the descriptors; `None` if validation is switched off, or no file has options of rules.
    pub(crate) fn new(descriptors: &Descriptors, options: &Options) -> Result<Option<Self>, Error> {
        let schema = Schema::new(descriptors.files())
            .map_err(|error| Error::new(ErrorKind::Descriptor, error.message()))?;
        let has_rules = ["buf.validate.field", "validator.field"]
            .iter()
            .any(|extension| schema.pool().extension_by_name(extension).is_some());
        let faults = if options.defer_rule_faults { Faults::Defer } else { Faults::Refuse };
        Ok((options.validation && has_rules).then_some(Self {
            schema,
            faults,
            interprets: options.runtime_cel,
        }))
    }

    /// The validators of these rules.
    pub(crate) fn validators(&self) -> Result<Validators<'_>, Error> {
        let legacy = legacy::Validators::new(&self.schema);
        let current = protovalidate::Validators::new(&self.schema, self.faults)
            .map_err(|errors| rule_errors(&errors))?
            .interpret(self.interprets);
        Ok(Validators { legacy, current })
    }
}

/// The validators of both dialects.
pub(crate) struct Validators<'a> {
    legacy: legacy::Validators<'a>,
    current: protovalidate::Validators<'a>,
}

impl Validators<'_> {
    /// What a user should know of the rules in a file, though it is no error; one line each.
    pub(crate) fn warnings(&self, file: &FileDescriptorProto) -> Vec<String> {
        let names = messages(file.package.as_deref().unwrap_or_default(), &file.message_type);
        names.iter().flat_map(|name| self.legacy.warnings(name)).cloned().collect()
    }

    /// Whether a message has rules, itself or in what it holds, by its full name.
    pub(crate) fn has_rules(&self, message: &str) -> bool {
        self.legacy.has_rules(message) || self.current.has_rules(message)
    }

    /// What a message's own rules demand, in words, in the order in which they are checked.
    pub(crate) fn explain(
        &self,
        message: &str,
    ) -> Result<Vec<gannet_rules::Explained>, Vec<gannet_rules::Error>> {
        let (mut rules, more) = both(self.legacy.explain(message), self.current.explain(message))?;
        rules.extend(more);
        Ok(rules)
    }

    /// The methods of `Validate` for a message; `None` if it has no rules.
    fn methods(&self, name: &str, layout: &dyn Layout) -> Result<Option<Methods>, Vec<gannet_rules::Error>> {
        let root = layout.root();
        let access = Access { layout };
        let mut methods = TokenStream::new();
        let mut is_interpreted = false;
        let legacy = self.legacy.has_rules(name).then(|| self.legacy.write(name, access)).transpose();
        let current = self.current.has_rules(name).then(|| self.current.write(name, access)).transpose();
        let (legacy, current) = both(legacy, current)?;
        if let Some(body) = legacy {
            methods.extend(quote! {
                fn check_legacy(&self) -> ::core::result::Result<(), #root::validate::legacy::Fault> {
                    #body
                }
            });
        }
        if let Some(protovalidate::Written { body, is_interpreted: some }) = current {
            is_interpreted = some;
            methods.extend(quote! {
                fn check(
                    &self,
                    report: &mut #root::validate::Report,
                ) -> ::core::result::Result<(), #root::validate::Stop> {
                    #body
                }
            });
        }
        Ok((!methods.is_empty()).then_some(Methods { methods, is_interpreted }))
    }
}

/// What both dialects have, or the faults of both.
fn both<A, B, E>(one: Result<A, Vec<E>>, other: Result<B, Vec<E>>) -> Result<(A, B), Vec<E>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(mut faults), Err(more)) => {
            faults.extend(more);
            Err(faults)
        }
        (Err(faults), _) | (_, Err(faults)) => Err(faults),
    }
}

/// The methods of `Validate` for a message.
struct Methods {
    methods: TokenStream,
    /// Whether they have rules that are interpreted.
    is_interpreted: bool,
}

/// Writes the validators of a package's messages; `None` if none of them has rules.
///
/// They stand within a macro of the facade, which with its feature off says that, and nothing else is wrong.
pub(crate) fn write(
    package: &str,
    files: &[&FileDescriptorProto],
    validators: &Validators<'_>,
    layout: &dyn Layout,
) -> Result<Option<Guarded>, Error> {
    let root = layout.root();
    let mut items = TokenStream::new();
    let (mut with_rules, mut interpreted, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for name in files.iter().flat_map(|file| messages(package, &file.message_type)) {
        match (validators.methods(&name, layout), layout.message(&name)) {
            (Ok(Some(Methods { methods, is_interpreted })), Some(path)) => {
                items.extend(quote! {
                    impl #root::validate::Validate for #path {
                        #methods
                    }
                });
                if is_interpreted {
                    interpreted.push(name.clone());
                }
                with_rules.push(name);
            }
            (Ok(_), _) => {}
            (Err(found), _) => errors.extend(found),
        }
    }
    if !errors.is_empty() {
        return Err(rule_errors(&errors));
    }
    let (by, named) = if interpreted.is_empty() {
        ("validators", with_rules)
    } else {
        ("interpreted_validators", interpreted)
    };
    let messages = match named.as_slice() {
        [] => return Ok(None),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    };
    let items: syn::File = syn::parse2(items).map_err(|error| {
        Error::new(ErrorKind::Rule, format!("the validators of package `{package}` are no Rust: {error}"))
    })?;
    Ok(Some(Guarded { by: format!("{}::{by}", paths::compact(&root)), messages, items: items.items }))
}

/// What the generated messages of a package are called.
pub(crate) fn layout<'a>(
    package: &'a str,
    descriptors: &'a Descriptors,
    files: &'a [String],
    options: &'a Options,
    root: &'a TokenStream,
    descriptor_set: &'a TokenStream,
) -> Box<dyn Layout + 'a> {
    let buffa =
        || Box::new(buffa::BuffaLayout { package, descriptors, files, options, root, descriptor_set });
    match options.codec {
        Codec::Buffa => buffa(),
        #[cfg(feature = "prost")]
        Codec::Prost => Box::new(prost::ProstLayout { package, options, root, descriptor_set }),
        #[cfg(not(feature = "prost"))]
        Codec::Prost => buffa(),
    }
}

/// The full names of messages and of those nested in them.
fn messages(scope: &str, messages: &[DescriptorProto]) -> Vec<String> {
    let mut names = Vec::new();
    for message in messages {
        let is_entry = message.options.as_option().is_some_and(|options| options.map_entry.unwrap_or(false));
        if is_entry {
            continue;
        }
        let name = message.name.as_deref().unwrap_or_default();
        let name = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
        names.extend(self::messages(&name, &message.nested_type));
        names.push(name);
    }
    names
}

/// All faults of rules as one error: a user mends them all before trying again.
fn rule_errors(errors: &[gannet_rules::Error]) -> Error {
    let text: Vec<String> = errors
        .iter()
        .map(|error| match error.help() {
            Some(help) if errors.len() > 1 => format!("{}\n  help: {help}", error.message()),
            _ => error.message(),
        })
        .collect();
    let error = Error::new(ErrorKind::Rule, text.join("\n"));
    match errors {
        [only] => match only.help() {
            Some(help) => error.with_help(help),
            None => error,
        },
        _ => error,
    }
}
