//! Writes the values that interpreted expressions are about, from the fields of a message's Rust struct.
//!
//! A message is given in its encoded form, which the interpreter reads by reflection; a list or a map of them as one of
//! those. `this` is made once for all interpreted rules about it.

use buffa_descriptor::{FieldKind, SingularKind};
use proc_macro2::TokenStream;
use quote::quote;

use super::types::Type;
use super::write::{Code, Form, Writer};
use crate::access::Library;

impl Writer<'_> {
    /// The `Value` of what `this` is; may hold a `?`. `expression` is the static of the expression.
    ///
    /// # Errors
    /// It has no such form.
    pub(crate) fn interpreted_value(
        &self,
        kind: FieldKind,
        this: &Code,
        expression: &TokenStream,
    ) -> Result<TokenStream, String> {
        let cel = self.cel();
        let tokens = &this.tokens;
        Ok(match (kind, this.form) {
            (FieldKind::Singular(kind), _) => self.interpreted_item(kind, this, expression)?,
            (FieldKind::List(_), Form::StoredList(kind, enum_type)) => {
                let item = self.stored(kind, enum_type, &quote!(stored));
                let item = self.interpreted_item(kind, &item, expression)?;
                quote! {{
                    let mut items = ::std::vec::Vec::with_capacity((#tokens).len());
                    for stored in (#tokens).iter() {
                        items.push(#item);
                    }
                    #cel::Value::List(items)
                }}
            }
            (FieldKind::Map { .. }, Form::StoredMap(key, value, enum_type)) => {
                let key_kind = SingularKind::Scalar(key);
                let key = self.stored(key_kind, None, &quote!(key));
                let key = self.interpreted_item(key_kind, &key, expression)?;
                let stored = self.stored(value, enum_type, &quote!(stored));
                let value = self.interpreted_item(value, &stored, expression)?;
                quote! {{
                    let mut entries = ::std::vec::Vec::new();
                    for (key, stored) in (#tokens).into_iter().flatten() {
                        entries.push((#key, #value));
                    }
                    #cel::Value::Map(::core::convert::Into::into(entries))
                }}
            }
            _ => return Err("it cannot be interpreted".to_owned()),
        })
    }

    fn interpreted_item(
        &self,
        kind: SingularKind,
        code: &Code,
        expression: &TokenStream,
    ) -> Result<TokenStream, String> {
        let cel = self.cel();
        let pool = self.schema.pool();
        let tokens = &code.tokens;
        let ty = Type::of_kind(kind, pool);
        if let (SingularKind::Message(index), Type::Message(_) | Type::Dyn) = (kind, &ty) {
            let name = pool.message(index).full_name();
            let root = self.access.layout.root();
            let encode = match self.access.layout.library() {
                Library::Buffa => quote!(#root::buffa::Message),
                Library::Prost => quote!(#root::prost::Message),
            };
            let encoded = quote!({ use #encode as _; (#tokens).encode_to_vec() });
            return Ok(quote!(#expression.message(#name, &#encoded, report)?));
        }
        let value = |tokens: &TokenStream| {
            Some(match ty.unwrapped() {
                Type::Bool => quote!(#cel::Value::Bool(#tokens)),
                Type::Int => quote!(#cel::Value::Int(#tokens)),
                Type::Uint => quote!(#cel::Value::Uint(#tokens)),
                Type::Double => quote!(#cel::Value::Double(#tokens)),
                Type::String => quote!(#cel::Value::from(#tokens)),
                Type::Bytes => quote!(#cel::Value::from(#tokens)),
                Type::Timestamp => quote!(#cel::Value::Timestamp(#tokens)),
                Type::Duration => quote!(#cel::Value::Duration(#tokens)),
                _ => return None,
            })
        };
        let unknown = || format!("a {} cannot be interpreted", ty.name(pool));
        if code.form == Form::Nullable {
            let inner = value(&quote!(value)).ok_or_else(unknown)?;
            return Ok(quote!((#tokens).map_or(#cel::Value::Null, |value| #inner)));
        }
        value(tokens).ok_or_else(unknown)
    }
}
