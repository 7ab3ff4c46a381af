//! Rules whose expressions cannot be written as Rust: interpreted when a message is validated.
//!
//! The written code makes values of what the rule is about, and hands them to the interpreter with the expression's source.
//! Which expressions these are is found out in `mod.rs`; the interpreter is `gannet-cel-interpreter`.

use buffa_descriptor::FieldDescriptor;
use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Body;
use super::options::CelRule;
use super::table::Element;
use super::value::{Target, add};

impl Body<'_> {
    /// The checks of what rules are about, with the place for its value that interpreted ones among them share.
    pub(super) fn about_one<E>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<TokenStream, E>,
    ) -> Result<TokenStream, E> {
        let before = self.interpreted.len();
        let checks = write(self)?;
        if self.interpreted.len() == before {
            return Ok(checks);
        }
        let root = &self.root;
        Ok(quote! {{
            let mut seen: ::core::option::Option<#root::validate::cel::Value> = ::core::option::Option::None;
            #checks
        }})
    }

    /// The check of a rule that is interpreted. It belongs [`about_one`](Self::about_one) thing.
    pub(super) fn interpreted(
        &mut self,
        rule: &CelRule,
        target: &Target<'_>,
        path: &[Element],
        rules: Option<(&DynamicMessage, &FieldDescriptor)>,
    ) -> Result<TokenStream, String> {
        let name = format_ident!("EXPRESSION_{}", self.interpreted.len());
        let (root, id, expression, text) = (self.root.clone(), &rule.id, &rule.expression, rule.text());
        let set = self.access.layout.descriptor_set();
        let rules = rules.map(|(rules, rule)| {
            let (message, number) = (rules.message_descriptor().full_name(), rule.number());
            let encoded = Literal::byte_string(&rules.encode_to_vec());
            quote!(.of_rules(#message, #encoded, #number))
        });
        let interpreted = quote!(#root::validate::Interpreted);
        self.interpreted.push(quote! {
            static #name: #interpreted = #interpreted::new(#expression, #text, #set)#rules;
        });
        let this = self.writer(&target.this).interpreted_value(target.kind, &target.this, &quote!(#name))?;
        let reference = self.tables.cel_rule(target.field, path, rule, &rule.message);
        self.tables.mark_interpreted();
        let add = add(&reference, &target.spot, Some(&quote!(text)));
        Ok(quote! {
            match #name.check(&mut seen, || ::core::result::Result::Ok(#this), report) {
                ::core::result::Result::Ok(::core::option::Option::None) => {}
                ::core::result::Result::Ok(::core::option::Option::Some(text)) => { #add }
                ::core::result::Result::Err(error) => report.fail(#id, &error)?,
            }
        })
    }
}
