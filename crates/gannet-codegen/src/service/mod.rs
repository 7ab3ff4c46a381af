//! The services of a package: what is read from the descriptors, and what is written of it.
//!
//! A service becomes a static that describes it, a trait, a server and a client. All of them
//! are thin: what they do stands once in the crate `gannet`.

mod client;
mod server;

use std::collections::BTreeSet;

use buffa_descriptor::generated::descriptor::{
    FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::docs;
use crate::error::Error;
use crate::names::{self, ServiceNames};
use crate::options::{Codec, Options};

/// `FileDescriptorProto.service` and `ServiceDescriptorProto.method`, for paths into comments.
const FILE_SERVICE: i32 = 6;
const SERVICE_METHOD: i32 = 2;

/// One service, with all names chosen and all types resolved.
pub(crate) struct Service {
    names: ServiceNames,
    /// `helloworld.Greeter`
    full_name: String,
    docs: Vec<String>,
    is_deprecated: bool,
    methods: Vec<Method>,
    type_parameter: Ident,
}

struct Method {
    name: Ident,
    proto_name: String,
    docs: Vec<String>,
    is_deprecated: bool,
    request: TokenStream,
    reply: TokenStream,
    /// Whether the contract has rules for the messages.
    checks_requests: bool,
    checks_replies: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unary,
    ClientStreaming,
    ServerStreaming,
    Bidirectional,
}

impl Kind {
    fn of(method: &MethodDescriptorProto) -> Self {
        match (method.client_streaming.unwrap_or(false), method.server_streaming.unwrap_or(false)) {
            (false, false) => Self::Unary,
            (true, false) => Self::ClientStreaming,
            (false, true) => Self::ServerStreaming,
            (true, true) => Self::Bidirectional,
        }
    }

    /// The variant of `MethodKind`.
    fn variant(self) -> Ident {
        format_ident!("{self:?}")
    }
}

/// Resolves a message type, by its fully qualified name with a leading dot, to a Rust path as
/// seen from the package's module.
pub(crate) type ResolveType<'a> = dyn Fn(&str) -> Result<Message, Error> + 'a;

/// A message type of a method.
pub(crate) struct Message {
    pub(crate) path: TokenStream,
    /// Whether the contract has rules for it.
    pub(crate) has_rules: bool,
}

/// Reads the services of one package.
///
/// `taken` holds the names of the package's other items.
pub(crate) fn read(
    files: &[&FileDescriptorProto],
    mut taken: BTreeSet<String>,
    resolve: &ResolveType<'_>,
) -> Result<Vec<Service>, Error> {
    let proto_names =
        files.iter().flat_map(|file| &file.service).filter_map(|service| service.name.as_deref());
    let mut chosen = names::service_names(proto_names, &mut taken).into_iter();
    let type_parameter = names::type_parameter(&taken);
    let mut services = Vec::new();
    for file in files {
        for (index, service) in (0..).zip(&file.service) {
            let Some(names) = chosen.next() else { continue };
            services.push(read_service(file, index, service, names, &type_parameter, resolve)?);
        }
    }
    Ok(services)
}

fn read_service(
    file: &FileDescriptorProto,
    index: i32,
    service: &ServiceDescriptorProto,
    names: ServiceNames,
    type_parameter: &Ident,
    resolve: &ResolveType<'_>,
) -> Result<Service, Error> {
    let name = service.name.as_deref().unwrap_or_default();
    let full_name = match file.package.as_deref() {
        None | Some("") => name.to_owned(),
        Some(package) => format!("{package}.{name}"),
    };
    let path = [FILE_SERVICE, index];
    let proto_names: Vec<&str> =
        service.method.iter().map(|method| method.name.as_deref().unwrap_or_default()).collect();
    let method_names = names::method_names(&proto_names);
    let methods: Result<Vec<Method>, Error> = (0..)
        .zip(service.method.iter().zip(method_names))
        .map(|(index, (method, name))| {
            let request = resolve(method.input_type.as_deref().unwrap_or_default())?;
            let reply = resolve(method.output_type.as_deref().unwrap_or_default())?;
            Ok(Method {
                name,
                proto_name: method.name.clone().unwrap_or_default(),
                docs: comment(file, &[path[0], path[1], SERVICE_METHOD, index]),
                is_deprecated: method
                    .options
                    .as_option()
                    .is_some_and(|options| options.deprecated.unwrap_or(false)),
                checks_requests: request.has_rules,
                checks_replies: reply.has_rules,
                request: request.path,
                reply: reply.path,
                kind: Kind::of(method),
            })
        })
        .collect();
    Ok(Service {
        names,
        full_name,
        docs: comment(file, &path),
        is_deprecated: service.options.as_option().is_some_and(|options| options.deprecated.unwrap_or(false)),
        methods: methods?,
        type_parameter: type_parameter.clone(),
    })
}

/// The leading comment of what `path` leads to, as lines of documentation.
fn comment(file: &FileDescriptorProto, path: &[i32]) -> Vec<String> {
    file.source_code_info
        .as_option()
        .and_then(|info| info.location.iter().find(|location| location.path == path))
        .and_then(|location| location.leading_comments.as_deref())
        .map(docs::documentation)
        .unwrap_or_default()
}

/// What every item of a package's services is written with.
pub(crate) struct Context<'a> {
    /// `::gannet::codegen`
    pub(crate) root: &'a TokenStream,
    /// A reference, in the package's module, to the static that holds the descriptor set.
    pub(crate) descriptor_set: &'a TokenStream,
    pub(crate) options: &'a Options,
}

impl Context<'_> {
    /// The marker type of the codec.
    fn codec(&self) -> TokenStream {
        let root = self.root;
        match self.options.codec {
            Codec::Buffa => quote!(#root::Buffa),
            Codec::Prost => quote!(#root::Prost),
        }
    }
}

/// Writes the items of one service.
pub(crate) fn write(service: &Service, context: &Context<'_>) -> TokenStream {
    let descriptor = write_descriptor(service, context);
    let server = context.options.build_server.then(|| server::write(service, context));
    let client = context.options.build_client.then(|| client::write(service, context));
    quote! { #descriptor #server #client }
}

fn write_descriptor(service: &Service, context: &Context<'_>) -> TokenStream {
    let Context { root, descriptor_set, .. } = context;
    let full_name = &service.full_name;
    let name = &service.names.descriptor;
    let methods = service.methods.iter().map(|method| {
        let proto_name = &method.proto_name;
        let path = format!("/{full_name}/{proto_name}");
        let kind = method.kind.variant();
        let Method { request, reply, .. } = method;
        let requests =
            method.checks_requests.then(|| quote!(.checks_requests(#root::validate::check_of::<#request>())));
        let replies =
            method.checks_replies.then(|| quote!(.checks_replies(#root::validate::check_of::<#reply>())));
        quote! {
            #root::MethodDescriptor::new(#path, #full_name, #proto_name, #root::MethodKind::#kind)
                #requests
                #replies
        }
    });
    let doc = format!(" The service `{full_name}`: its methods and the files that define it.");
    quote! {
        #[doc = #doc]
        pub static #name: #root::ServiceDescriptor = #root::ServiceDescriptor {
            name: #full_name,
            methods: &[#(#methods),*],
            file_descriptor_set: #descriptor_set,
        };
    }
}

/// `#[doc]` and `#[deprecated]` as they apply.
fn attributes(lines: &[String], fallback: &str, is_deprecated: bool) -> TokenStream {
    let fallback = [fallback.to_owned()];
    let lines = if lines.is_empty() { &fallback } else { lines };
    let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    let deprecated = is_deprecated.then(|| quote!(#[deprecated]));
    quote! { #(#[doc = #lines])* #deprecated }
}
