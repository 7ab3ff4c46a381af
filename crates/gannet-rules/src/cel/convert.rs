//! Writes conversions between types: `int(x)`, `string(x)`, `duration(x)`.

use proc_macro2::TokenStream;
use quote::quote;

use super::tree::{Expr, Node, Operator};
use super::types::Type;
use super::write::{Code, Form, Writer};

impl Writer<'_> {
    pub(super) fn convert(&mut self, operator: Operator, operand: &Node) -> Result<Code, String> {
        let from = operand.ty.unwrapped().clone();
        let code = self.write(operand)?;
        let code = self.definite(code);
        let cel = self.cel();
        let tokens = &code.tokens;
        let is_size = matches!(operand.expr, Expr::Operator(Operator::Size, _));
        let infallible = match (operator, &from) {
            (Operator::ToInt, Type::Int)
            | (Operator::ToUint, Type::Uint)
            | (Operator::ToDouble, Type::Double)
            | (Operator::ToText, Type::String)
            | (Operator::ToBytes, Type::Bytes)
            | (Operator::ToBool, Type::Bool)
            | (Operator::ToTimestamp, Type::Timestamp)
            | (Operator::ToDuration, Type::Duration) => return Ok(code),
            // A size is never negative.
            (Operator::ToUint, Type::Int) if is_size => {
                Some((quote!((#tokens as ::core::primitive::u64)), Form::Scalar))
            }
            (Operator::ToDouble, Type::Int | Type::Uint) => {
                Some((quote!((#tokens as ::core::primitive::f64)), Form::Scalar))
            }
            (Operator::ToInt, Type::Timestamp) => Some((quote!((#tokens).seconds), Form::Scalar)),
            (Operator::ToBytes, Type::String) => {
                let text = self.borrowed(code.clone()).tokens;
                Some((quote!((#text).as_bytes()), Form::Borrowed))
            }
            _ => None,
        };
        if let Some((tokens, form)) = infallible {
            return Ok(Code::new(tokens, form).fallible(code.is_fallible));
        }
        let argument = match from {
            Type::String | Type::Bytes => self.borrowed(code.clone()).tokens,
            _ => code.tokens.clone(),
        };
        let (tokens, form, is_fallible) = match (operator, &from) {
            (Operator::ToTimestamp, Type::Int) => {
                (quote!(#cel::Timestamp::from_seconds(#argument)?), Form::Scalar, true)
            }
            (Operator::ToTimestamp, _) => (quote!(#cel::Timestamp::parse(#argument)?), Form::Scalar, true),
            (Operator::ToDuration, Type::Int) => {
                (quote!(#cel::Duration::from_nanos(#argument)), Form::Scalar, false)
            }
            (Operator::ToDuration, _) => (quote!(#cel::Duration::parse(#argument)?), Form::Scalar, true),
            (Operator::ToText, Type::Bool) => {
                (quote!(#cel::string::from_bool(#argument)), Form::Borrowed, false)
            }
            (Operator::ToText, Type::Bytes) => {
                (quote!(#cel::string::from_bytes(#argument)?), Form::Borrowed, true)
            }
            (Operator::ToText, _) => {
                let source = source(&from);
                (quote!(#cel::string::#source(#argument)), Form::Owned, false)
            }
            (Operator::ToBool, _) => (quote!(#cel::boolean::from_string(#argument)?), Form::Scalar, true),
            (_, _) => {
                let module = match operator {
                    Operator::ToInt => quote!(int),
                    Operator::ToUint => quote!(uint),
                    _ => quote!(double),
                };
                let source = source(&from);
                (quote!(#cel::#module::#source(#argument)?), Form::Scalar, true)
            }
        };
        Ok(Code::new(tokens, form).fallible(is_fallible || code.is_fallible))
    }
}

/// The name of a conversion from this type.
fn source(from: &Type) -> TokenStream {
    match from {
        Type::Int => quote!(from_int),
        Type::Uint => quote!(from_uint),
        Type::Double => quote!(from_double),
        Type::String => quote!(from_string),
        Type::Timestamp => quote!(from_timestamp),
        _ => quote!(from_duration),
    }
}
