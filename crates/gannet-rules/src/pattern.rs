//! Writes the matching of patterns: as plain Rust where a few comparisons do, else with a pattern that is compiled once.

use gannet_cel::formats;
use gannet_cel::re2::{self, ByteSet, Piece, Sequence, Simple};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Help for a pattern that is refused.
pub(crate) const SYNTAX: &str = "patterns are in RE2's syntax: https://github.com/google/re2/wiki/Syntax";

/// The patterns of one function that are compiled once, when they are first used.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    statics: Vec<String>,
}

impl Patterns {
    /// A condition that holds if `text`, a `&str`, matches the RE2 pattern.
    ///
    /// # Errors
    /// RE2 refuses the pattern; the error says why.
    pub(crate) fn condition(
        &mut self,
        pattern: &str,
        text: &TokenStream,
        root: &TokenStream,
    ) -> Result<TokenStream, String> {
        // Compiled, not merely read: one that is too large is found here, too.
        re2::Pattern::new(pattern).map_err(|error| error.to_string())?;
        if let Some(function) = formats::for_pattern(pattern) {
            let function = format_ident!("{function}");
            return Ok(quote!(#root::validate::cel::formats::#function(#text)));
        }
        if let Some(simple) = re2::simple(pattern) {
            return Ok(written_out(&simple, text, root));
        }
        let index = self.statics.iter().position(|known| known == pattern).unwrap_or_else(|| {
            self.statics.push(pattern.to_owned());
            self.statics.len() - 1
        });
        let name = ident(index);
        Ok(quote!(#name.is_match(#text)))
    }

    /// How many patterns there are.
    pub(crate) fn len(&self) -> usize {
        self.statics.len()
    }

    /// Takes back the patterns from this one on, which nothing that is written refers to.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.statics.truncate(length);
    }

    /// The statics that the conditions use.
    pub(crate) fn items(&self, root: &TokenStream) -> TokenStream {
        let items = self.statics.iter().enumerate().map(|(index, pattern)| {
            let name = ident(index);
            quote! {
                static #name: ::std::sync::LazyLock<#root::validate::cel::re2::Pattern> =
                    ::std::sync::LazyLock::new(|| #root::validate::built_pattern(#pattern));
            }
        });
        quote!(#(#items)*)
    }
}

fn ident(index: usize) -> Ident {
    format_ident!("PATTERN_{index}")
}

/// A condition that says what [`Simple::is_match`] does.
fn written_out(simple: &Simple, text: &TokenStream, root: &TokenStream) -> TokenStream {
    let literals: Option<Vec<&str>> = simple
        .literals()
        .and_then(|literals| literals.into_iter().map(|literal| std::str::from_utf8(literal).ok()).collect());
    if let Some(literals) = literals {
        return quote!(::core::matches!(#text, #(#literals)|*));
    }
    let tests = simple.alternatives.iter().map(|sequence| sequence_test(sequence, root));
    quote!({
        let text: &[::core::primitive::u8] = (#text).as_bytes();
        #(#tests)||*
    })
}

/// Whether `text` matches a sequence.
fn sequence_test(sequence: &Sequence, root: &TokenStream) -> TokenStream {
    let scan = quote!(#root::validate::cel::re2::scan);
    let Sequence { from_start, pieces, to_end } = sequence;
    match (from_start, pieces.as_slice(), to_end) {
        (true, [], true) => return quote!(text.is_empty()),
        (_, [], _) => return quote!(true),
        (true, [Piece::Class { bytes, min, max }], true) if bytes.is_ascii() => {
            let (class, min, max) = (class(bytes), limit(Some(*min)), limit(*max));
            return quote!(#scan::is_all(text, #min, #max, #class));
        }
        (false, [Piece::Literal(bytes)], false) => {
            let literal = Literal::byte_string(bytes);
            return quote!(#root::validate::cel::bytes::contains(text, #literal));
        }
        (false, [Piece::Class { bytes, .. }], false) => {
            let class = class(bytes);
            return quote!(text.iter().copied().any(#class));
        }
        _ => {}
    }
    let mut rest = if let (false, Some(length)) = (from_start, sequence.fixed_length()) {
        quote!(#scan::last(text, #length))
    } else {
        quote!(::core::option::Option::Some(text))
    };
    for piece in pieces {
        let step = match piece {
            Piece::Literal(bytes) => {
                let literal = Literal::byte_string(bytes);
                quote!(#scan::literal(text, #literal))
            }
            Piece::Class { bytes, min, max } => {
                let (min, max) = (limit(Some(*min)), limit(*max));
                let function = if bytes.is_ascii() { quote!(class) } else { quote!(wide_class) };
                let class = class(bytes);
                quote!(#scan::#function(text, #min, #max, #class))
            }
        };
        rest = quote!(#rest.and_then(|text| #step));
    }
    if *to_end { quote!(#rest.is_some_and(|text| text.is_empty())) } else { quote!(#rest.is_some()) }
}

fn limit(count: Option<u32>) -> TokenStream {
    if let Some(count) = count {
        let count = Literal::u32_unsuffixed(count);
        quote!(#count)
    } else {
        quote!(::core::primitive::usize::MAX)
    }
}

/// A test of a byte.
fn class(bytes: &ByteSet) -> TokenStream {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for byte in (0..=u8::MAX).filter(|byte| bytes.contains(*byte)) {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
            _ => ranges.push((byte, byte)),
        }
    }
    let arms = ranges.iter().map(|(first, last)| {
        let (start, end) = (Literal::byte_character(*first), Literal::byte_character(*last));
        if first == last { quote!(#start) } else { quote!(#start..=#end) }
    });
    quote!(|byte: ::core::primitive::u8| ::core::matches!(byte, #(#arms)|*))
}
