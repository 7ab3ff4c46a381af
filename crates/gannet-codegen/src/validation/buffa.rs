//! What buffa's generator calls things.

use buffa_codegen::context::CodeGenContext;
use buffa_codegen::idents;
use gannet_rules::access::{Layout, Library};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::descriptors::Descriptors;
use crate::messages;
use crate::options::Options;
use crate::paths;

pub(super) struct BuffaLayout<'a> {
    pub(super) package: &'a str,
    pub(super) descriptors: &'a Descriptors,
    pub(super) files: &'a [String],
    pub(super) options: &'a Options,
    pub(super) root: &'a TokenStream,
    pub(super) descriptor_set: &'a TokenStream,
}

impl BuffaLayout<'_> {
    /// A type's path as buffa has it, not yet led through `gannet`.
    fn path(&self, full_name: &str) -> Option<String> {
        let config = messages::buffa_config(self.options);
        let context = CodeGenContext::for_generate(self.descriptors.files(), self.files, &config);
        context.rust_type_relative(&format!(".{full_name}"), self.package, 0)
    }

    /// The package that a message is in, and its name within it.
    fn split<'n>(&self, full_name: &'n str) -> Option<(&'n str, &'n str)> {
        let file = self.descriptors.defining_file(&format!(".{full_name}"))?;
        let package = file.package.as_deref().unwrap_or_default();
        let rest = full_name.strip_prefix(package)?;
        let package = &full_name[..full_name.len() - rest.len()];
        Some((package, rest.trim_start_matches('.')))
    }

    fn rerooted(&self, name: &str, tokens: TokenStream) -> TokenStream {
        if self.options.is_extern(&format!(".{name}")) { tokens } else { paths::reroot(tokens, self.root) }
    }
}

impl Layout for BuffaLayout<'_> {
    fn library(&self) -> Library {
        Library::Buffa
    }

    fn root(&self) -> TokenStream {
        self.root.clone()
    }

    fn field(&self, name: &str) -> Ident {
        idents::make_field_ident(name)
    }

    fn message(&self, full_name: &str) -> Option<TokenStream> {
        let path = self.path(full_name)?;
        Some(self.rerooted(full_name, idents::rust_path_to_tokens(&path)))
    }

    fn variant(&self, message: &str, oneof: &str, field: &str) -> Option<TokenStream> {
        let (package, name) = self.split(message)?;
        let parts: Vec<&str> = name.split('.').collect();
        let outermost = parts.first()?;
        let top = if package.is_empty() { (*outermost).to_owned() } else { format!("{package}.{outermost}") };
        // The enums of a package's oneofs stand in a module beside its messages.
        let path = self.path(&top)?;
        let scope = path.rsplit_once("::").map(|(scope, _)| scope.to_owned());
        let scope = scope.map(|scope| idents::rust_path_to_tokens(&format!("{scope}::__buffa")));
        let scope = scope.unwrap_or_else(|| quote!(__buffa));
        let modules = parts.iter().map(|part| module(part));
        let (oneof, variant) = (format_ident!("{}", pascal(oneof)), idents::make_field_ident(&pascal(field)));
        let tokens = quote!(#scope::oneof #(::#modules)*::#oneof::#variant);
        Some(self.rerooted(message, tokens))
    }

    fn descriptor_set(&self) -> TokenStream {
        self.descriptor_set.clone()
    }
}

/// The module that stands for a message: its name in snake case.
fn module(name: &str) -> Ident {
    let escaped = idents::escape_mod_ident(&snake(name));
    match escaped.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, proc_macro2::Span::call_site()),
        None => format_ident!("{escaped}"),
    }
}

/// Each part between underscores with a capital, the rest as it is.
fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for part in name.split('_') {
        let mut chars = part.chars();
        pascal.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(chars.as_str());
    }
    pascal
}

/// An underscore where a word begins: before a capital behind a small letter, and before the last of several capitals.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, c) in chars.iter().enumerate() {
        if let Some(previous) = index.checked_sub(1).and_then(|before| chars.get(before)) {
            let ends_capitals =
                previous.is_uppercase() && chars.get(index + 1).is_some_and(|next| next.is_lowercase());
            if c.is_uppercase() && (previous.is_lowercase() || ends_capitals) {
                snake.push('_');
            }
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
