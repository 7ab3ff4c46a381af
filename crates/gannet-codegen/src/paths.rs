//! Leads the paths of generated code through the crate `gannet`.
//!
//! buffa's generator writes `::buffa::…`, which would oblige every user to depend on buffa, in
//! the right version. Here those paths become `::gannet::codegen::buffa::…`. The work is done on
//! tokens, so that neither comments, nor strings, nor names that merely look alike change.

use proc_macro2::{Delimiter, Group, Ident, Literal, Spacing, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::visit_mut::VisitMut;
use syn::{Attribute, parse_quote};

/// The crates that generated messages name; `gannet::codegen` exports each under its own name.
const CRATES: [&str; 5] = ["buffa", "buffa_types", "buffa_descriptor", "serde", "serde_json"];

/// Keywords that can stand right before the leading `::` of a path. Behind any other word, `::`
/// continues a path.
const BEFORE_PATH: [&str; 18] = [
    "as", "break", "dyn", "else", "for", "if", "impl", "in", "let", "match", "mut", "pub", "ref", "return",
    "unsafe", "use", "where", "while",
];

/// Makes every path that starts at one of those crates start at `root` instead.
pub(crate) fn reroot(tokens: TokenStream, root: &TokenStream) -> TokenStream {
    reroot_within(tokens, root, false)
}

fn reroot_within(tokens: TokenStream, root: &TokenStream, in_serde: bool) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let enters_serde = group.delimiter() == Delimiter::Parenthesis && follows_serde(&out);
                let inner = reroot_within(group.stream(), root, in_serde || enters_serde);
                let mut rerooted = Group::new(group.delimiter(), inner);
                rerooted.set_span(group.span());
                out.push(rerooted.into());
            }
            TokenTree::Ident(name) if is_bare_conversion(name, &out, tokens.get(index + 1)) => {
                out.extend(quote!(::core::convert::#name));
            }
            TokenTree::Literal(literal) if in_serde => out.push(reroot_literal(literal, root).into()),
            _ => {
                if starts_crate_path(&tokens[index..]) && !continues_path(&out) {
                    // The root ends without `::`, as the path itself starts with it.
                    out.extend(root.clone());
                }
                out.push(token.clone());
            }
        }
    }
    out.into_iter().collect()
}

/// buffa writes `impl From<…>` and `impl Into<…>` without a path, which a message named `From`
/// would take for itself.
fn is_bare_conversion(name: &Ident, before: &[TokenTree], next: Option<&TokenTree>) -> bool {
    (name == "From" || name == "Into")
        && matches!(before, [.., TokenTree::Ident(word)] if word == "impl")
        && matches!(next, Some(TokenTree::Punct(next)) if next.as_char() == '<')
}

/// Whether the tokens are `::krate::…` with one of the crates.
fn starts_crate_path(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, TokenTree::Ident(name), third, fourth, ..]
        if is_double_colon(first, second)
            && is_double_colon(third, fourth)
            && CRATES.iter().any(|krate| name == krate))
}

fn is_double_colon(first: &TokenTree, second: &TokenTree) -> bool {
    matches!((first, second), (TokenTree::Punct(first), TokenTree::Punct(second))
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':')
}

/// Whether a `::` behind these tokens continues a path, as in `super::buffa::X`.
fn continues_path(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Punct(tick), TokenTree::Ident(_)] if tick.as_char() == '\'' => false,
        [.., TokenTree::Ident(word)] => BEFORE_PATH.iter().all(|keyword| word != keyword),
        _ => false,
    }
}

fn follows_serde(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(name)] if name == "serde")
}

/// `#[serde(with = "::buffa::…")]` holds its path in a string.
fn reroot_literal(literal: &Literal, root: &TokenStream) -> Literal {
    let Ok(text) = syn::parse2::<syn::LitStr>(literal.to_token_stream()) else { return literal.clone() };
    let path = text.value();
    let rerooted = path.parse().ok().map(|tokens: TokenStream| compact(&reroot(tokens, root)));
    match rerooted {
        Some(rerooted) if rerooted != compact_text(&path) => Literal::string(&rerooted),
        _ => literal.clone(),
    }
}

fn compact_text(path: &str) -> String {
    path.parse().map_or_else(|_| path.to_owned(), |tokens: TokenStream| compact(&tokens))
}

/// Prints a path without the blanks that tokens print with.
pub(crate) fn compact(path: &TokenStream) -> String {
    path.to_string().replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::")
}

/// Tells serde's derives where serde is.
pub(crate) struct SerdeCrate(String);

impl SerdeCrate {
    pub(crate) fn at(root: &TokenStream) -> Self {
        Self(format!("{}::serde", compact(root)))
    }

    fn annotate(&self, attributes: &mut Vec<Attribute>) {
        let derives = |attribute: &Attribute| {
            let text = attribute.meta.to_token_stream().to_string();
            attribute.path().is_ident("derive")
                && (text.contains("Serialize") || text.contains("Deserialize"))
        };
        if attributes.iter().any(derives) {
            let path = &self.0;
            attributes.push(parse_quote!(#[serde(crate = #path)]));
        }
    }
}

impl VisitMut for SerdeCrate {
    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        self.annotate(&mut item.attrs);
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        self.annotate(&mut item.attrs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rerooted(source: &str) -> String {
        compact(&reroot(source.parse().unwrap(), &quote!(::gannet::codegen)))
    }

    #[test]
    fn leading_crate_paths_are_rerooted_wherever_a_path_can_stand() {
        for (source, expected) in [
            ("impl ::buffa::Message for X {}", "impl ::gannet::codegen::buffa::Message for X {}"),
            ("fn f() -> ::buffa::X {}", "fn f() -> ::gannet::codegen::buffa::X {}"),
            ("f::<::buffa_types::A>(1)", "f::<::gannet::codegen::buffa_types::A>(1)"),
            ("&'a ::buffa::X", "&'a ::gannet::codegen::buffa::X"),
            ("&mut ::buffa::X", "&mut ::gannet::codegen::buffa::X"),
            ("a > ::buffa::MAX", "a > ::gannet::codegen::buffa::MAX"),
            ("impl From<X> for Y {}", "impl ::core::convert::From<X> for Y {}"),
            ("#[derive(::serde::Serialize)]", "#[derive(::gannet::codegen::serde::Serialize)]"),
        ] {
            assert_eq!(rerooted(source), compact(&expected.parse().unwrap()));
        }
    }

    #[test]
    fn names_that_merely_look_alike_stay() {
        for source in [
            "super::buffa::X",
            "crate::buffa::X",
            "buffa::X",
            "::buffalo::X",
            "a::r#type::buffa::X",
            "\"::buffa::X\"",
            "::buffa",
            "::core::buffa::X",
            "impl From {}",
        ] {
            assert_eq!(rerooted(source), compact(&source.parse().unwrap()), "{source}");
        }
    }

    #[test]
    fn paths_in_serde_s_strings_are_rerooted_and_other_strings_are_not() {
        assert_eq!(
            rerooted(r#"#[serde(rename = "::x", with = "::buffa::json_helpers::int64")]"#),
            compact(
                &r#"#[serde(rename = "::x", with = "::gannet::codegen::buffa::json_helpers::int64")]"#
                    .parse()
                    .unwrap()
            )
        );
        assert_eq!(rerooted(r#"#[doc = "::buffa::X"]"#), r#"# [doc = "::buffa::X"]"#);
    }

    #[test]
    fn serde_s_derives_are_told_where_serde_is() {
        let mut file: syn::File = parse_quote! {
            mod inner { #[derive(Clone, ::gannet::codegen::serde::Serialize)] struct A; }
            #[derive(Clone)] struct B;
        };
        SerdeCrate::at(&quote!(::gannet::codegen)).visit_file_mut(&mut file);
        let text = file.to_token_stream().to_string();
        assert_eq!(text.matches(r#"serde (crate = "::gannet::codegen::serde")"#).count(), 1, "{text}");
    }
}
