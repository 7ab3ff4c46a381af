//! What prost's generator calls things.

use gannet_rules::access::{Layout, Library};
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::options::Options;

pub(super) struct ProstLayout<'a> {
    pub(super) package: &'a str,
    pub(super) options: &'a Options,
    pub(super) root: &'a TokenStream,
    pub(super) descriptor_set: &'a TokenStream,
}

impl ProstLayout<'_> {
    /// The module of a package or message, as seen from this package's; the name's last part stays.
    fn split<'n>(&self, full_name: &'n str) -> (Vec<TokenStream>, Vec<&'n str>) {
        let mut own = self.package.split('.').filter(|part| !part.is_empty()).peekable();
        let mut parts = full_name.split('.').peekable();
        while own.peek().is_some() && own.peek() == parts.peek() {
            own.next();
            parts.next();
        }
        (own.map(|_| quote!(super)).collect(), parts.collect())
    }
}

impl Layout for ProstLayout<'_> {
    fn library(&self) -> Library {
        Library::Prost
    }

    fn root(&self) -> TokenStream {
        self.root.clone()
    }

    fn field(&self, name: &str) -> Ident {
        ident(&name.to_snake_case())
    }

    fn message(&self, full_name: &str) -> Option<TokenStream> {
        if self.options.is_extern(&format!(".{full_name}")) {
            return None;
        }
        let (mut path, parts) = self.split(full_name);
        let (last, modules) = parts.split_last()?;
        path.extend(modules.iter().map(|part| snake(part)));
        let last = ident(&last.to_upper_camel_case());
        path.push(quote!(#last));
        Some(quote!(#(#path)::*))
    }

    fn variant(&self, message: &str, oneof: &str, field: &str) -> Option<TokenStream> {
        if self.options.is_extern(&format!(".{message}")) {
            return None;
        }
        let (mut path, parts) = self.split(message);
        path.extend(parts.iter().map(|part| snake(part)));
        for name in [oneof, field] {
            let name = ident(&name.to_upper_camel_case());
            path.push(quote!(#name));
        }
        Some(quote!(#(#path)::*))
    }

    fn descriptor_set(&self) -> TokenStream {
        self.descriptor_set.clone()
    }
}

fn snake(name: &str) -> TokenStream {
    let name = ident(&name.to_snake_case());
    quote!(#name)
}

/// An identifier, escaped if it is a keyword.
fn ident(name: &str) -> Ident {
    match name {
        "_" | "super" | "self" | "Self" | "extern" | "crate" => format_ident!("{name}_"),
        _ if name.starts_with(|c: char| c.is_numeric()) => format_ident!("_{name}"),
        _ if syn::parse_str::<Ident>(name).is_err() => Ident::new_raw(name, Span::call_site()),
        _ => format_ident!("{name}"),
    }
}
