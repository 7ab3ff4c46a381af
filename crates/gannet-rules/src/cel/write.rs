//! Writes checked expressions as Rust.
//!
//! Numbers, bools and times are values of one Rust type each (`i64`, `u64`, `f64`, `bool`, `Timestamp`, `Duration`),
//! whatever the field holds; strings, bytes, messages and lists are borrowed wherever they can be. What can fail is written
//! with `?`, and [`Code::is_fallible`] says so: its surroundings must give a `Result`. Operators are in `operators.rs`.

use buffa::editions::EnumType;
use buffa_descriptor::{FieldDescriptor, FieldKind, MessageIndex, ScalarType, SingularKind};
use gannet_cel::Value;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::tree::{Expr, Macro, Node};
use super::types::Type;
use crate::Schema;
use crate::access::{Access, Library};

/// How the value of a written expression is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A number, a bool, a time: a value that can be copied.
    Scalar,
    /// `&str` or `&[u8]`.
    Borrowed,
    /// `String` or `Vec<u8>`.
    Owned,
    /// A reference to a message.
    Message,
    /// `Option` of a reference to a message.
    OptionalMessage,
    /// `Option` of a scalar, `&str` or `&[u8]`: a wrapper.
    Nullable,
    /// A slice of items as they are stored.
    StoredList(SingularKind, Option<EnumType>),
    /// A `Vec` of items, each in this form of an expression's value: owned or not.
    List,
    /// `Option` of a reference to a map, its keys and values as they are stored.
    StoredMap(ScalarType, SingularKind, Option<EnumType>),
}

/// A written expression.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) tokens: TokenStream,
    pub(crate) form: Form,
    /// Whether it holds a `?`.
    pub(crate) is_fallible: bool,
}

impl Code {
    pub(crate) fn new(tokens: TokenStream, form: Form) -> Self {
        Self { tokens, form, is_fallible: false }
    }

    pub(super) fn scalar(tokens: TokenStream) -> Self {
        Self::new(tokens, Form::Scalar)
    }

    pub(super) fn fallible(mut self, is_fallible: bool) -> Self {
        self.is_fallible |= is_fallible;
        self
    }
}

/// Writes expressions about one value.
pub(crate) struct Writer<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) access: Access<'a>,
    /// What `this` is written as.
    pub(crate) this: Code,
    /// Patterns that are compiled once: the statics that hold them.
    pub(crate) patterns: &'a mut crate::pattern::Patterns,
    /// How the variables of macros around are given.
    pub(super) locals: Vec<(String, Form)>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        schema: &'a Schema,
        access: Access<'a>,
        this: Code,
        patterns: &'a mut crate::pattern::Patterns,
    ) -> Self {
        Self { schema, access, this, patterns, locals: Vec::new() }
    }

    /// The path of the run time of expressions.
    pub(super) fn cel(&self) -> TokenStream {
        let root = self.access.layout.root();
        quote!(#root::validate::cel)
    }

    /// Writes an expression.
    ///
    /// # Errors
    /// It cannot be written as Rust, for the reason given.
    pub(crate) fn write(&mut self, node: &Node) -> Result<Code, String> {
        match &node.expr {
            Expr::Constant(value) => self.constant(value),
            Expr::Message(_) => Err("a message of the rules can only be looked into".to_owned()),
            Expr::Failure(text) => {
                let cel = self.cel();
                let tokens = quote!(::core::result::Result::Err(#cel::Error::new(#text))?);
                Ok(Code::scalar(tokens).fallible(true))
            }
            Expr::Interpreted => Err("a part of it can only be interpreted".to_owned()),
            Expr::This => Ok(self.this.clone()),
            Expr::Now => Ok(Code::scalar(quote!(report.now()))),
            Expr::Local(name) => {
                let form = self.locals.iter().rev().find(|(local, _)| local == name).map(|(_, form)| *form);
                let ident = local_ident(name);
                Ok(Code::new(quote!(#ident), form.ok_or("a variable is used outside of its macro")?))
            }
            Expr::Field { base, message, number } => self.field(base, *message, *number),
            Expr::Has { base, message, number } => self.has(base, *message, *number),
            Expr::Hidden(inner) => self.write(inner),
            Expr::Not(operand) => {
                let operand = self.condition(operand)?;
                let tokens = operand.tokens;
                Ok(Code::scalar(quote!(!(#tokens))).fallible(operand.is_fallible))
            }
            Expr::And(left, right) => self.logic(left, right, true),
            Expr::Or(left, right) => self.logic(left, right, false),
            Expr::If(condition, then, otherwise) => self.conditional(condition, then, otherwise),
            Expr::Operator(operator, arguments) => self.operator(*operator, arguments, &node.ty),
            Expr::Call(function, arguments) => self.call(function, arguments),
            Expr::List(items) if node.ty == Type::list(Type::Dyn) && !items.is_empty() => {
                Err(UNLIKE.to_owned())
            }
            Expr::List(items) => self.list(items),
            Expr::Macro { kind, range, variable, filter, body } => {
                self.macro_call(*kind, range, variable, filter.as_deref(), body)
            }
        }
    }

    /// Writes a constant.
    pub(super) fn constant(&self, value: &Value) -> Result<Code, String> {
        let cel = self.cel();
        Ok(match value {
            Value::Bool(value) => Code::scalar(quote!(#value)),
            Value::Int(value) => Code::scalar(quote!(#value)),
            Value::Uint(value) => Code::scalar(quote!(#value)),
            Value::Double(value) => Code::scalar(double(*value)),
            Value::String(value) => Code::new(quote!(#value), Form::Borrowed),
            Value::Bytes(value) => {
                let literal = Literal::byte_string(value);
                Code::new(quote!(&#literal[..]), Form::Borrowed)
            }
            Value::Timestamp(time) => {
                let (seconds, nanos) = (time.seconds, time.nanos);
                Code::scalar(quote!(#cel::Timestamp { seconds: #seconds, nanos: #nanos }))
            }
            Value::Duration(time) => {
                let (seconds, nanos) = (time.seconds, time.nanos);
                Code::scalar(quote!(#cel::Duration { seconds: #seconds, nanos: #nanos }))
            }
            Value::List(items) if items.windows(2).any(|pair| pair[0].type_name() != pair[1].type_name()) => {
                return Err(UNLIKE.to_owned());
            }
            Value::List(items) => {
                let items: Result<Vec<TokenStream>, String> =
                    items.iter().map(|item| self.constant(item).map(|code| code.tokens)).collect();
                let items = items?;
                Code::new(quote!(::std::vec![#(#items),*]), Form::List)
            }
            Value::Null | Value::Map(_) | Value::Type(_) | Value::Message(_) => {
                return Err("a constant null, map, type or message is of no use there".to_owned());
            }
        })
    }

    /// Writes a condition, as a `bool`.
    pub(crate) fn condition(&mut self, node: &Node) -> Result<Code, String> {
        if let Expr::Failure(text) = &node.expr {
            // Nothing around it says of what type it would be.
            let cel = self.cel();
            let tokens = quote!(::core::result::Result::<bool, _>::Err(#cel::Error::new(#text))?);
            return Ok(Code::scalar(tokens).fallible(true));
        }
        let code = self.write(node)?;
        Ok(self.definite(code))
    }

    /// A wrapper's value, which fails if it is null; any other value itself.
    pub(super) fn definite(&self, code: Code) -> Code {
        if code.form != Form::Nullable {
            return code;
        }
        let cel = self.cel();
        let tokens = code.tokens;
        Code::new(quote!((#tokens).ok_or_else(|| #cel::Error::new("no such overload"))?), Form::Scalar)
            .fallible(true)
    }

    /// A string as `&str`, bytes as `&[u8]`.
    pub(super) fn borrowed(&self, code: Code) -> Code {
        let code = self.definite(code);
        let tokens = code.tokens;
        match code.form {
            Form::Owned => Code::new(quote!(&*(#tokens)), Form::Borrowed).fallible(code.is_fallible),
            _ => Code { tokens, form: Form::Borrowed, is_fallible: code.is_fallible },
        }
    }

    /// What a reference to a stored value is to expressions.
    pub(super) fn stored(
        &self,
        kind: SingularKind,
        enum_type: Option<EnumType>,
        stored: &TokenStream,
    ) -> Code {
        let value = self.access.value(kind, enum_type, stored);
        self.widened(kind, &value)
    }

    /// A value in a field's own type, in that of expressions.
    pub(crate) fn widened(&self, kind: SingularKind, value: &TokenStream) -> Code {
        let cel = self.cel();
        match kind {
            SingularKind::Enum(_) => Code::scalar(quote!(::core::primitive::i64::from(#value))),
            SingularKind::Scalar(scalar) => match scalar {
                ScalarType::Bool | ScalarType::Int64 | ScalarType::Sfixed64 | ScalarType::Sint64 => {
                    Code::scalar(value.clone())
                }
                ScalarType::Uint64 | ScalarType::Fixed64 | ScalarType::Double => Code::scalar(value.clone()),
                ScalarType::Int32 | ScalarType::Sint32 | ScalarType::Sfixed32 => {
                    Code::scalar(quote!(::core::primitive::i64::from(#value)))
                }
                ScalarType::Uint32 | ScalarType::Fixed32 => {
                    Code::scalar(quote!(::core::primitive::u64::from(#value)))
                }
                ScalarType::Float => Code::scalar(quote!(::core::primitive::f64::from(#value))),
                ScalarType::String | ScalarType::Bytes => Code::new(value.clone(), Form::Borrowed),
            },
            SingularKind::Message(index) => match Type::of_kind(kind, self.schema.pool()) {
                Type::Timestamp => {
                    Code::scalar(quote!(#cel::Timestamp::from_parts(#value.seconds, #value.nanos)))
                }
                Type::Duration => {
                    Code::scalar(quote!(#cel::Duration::from_parts(#value.seconds, #value.nanos)))
                }
                Type::Wrapper(_) => {
                    let inner = self.unwrapped(index, value);
                    let tokens = inner.tokens;
                    Code::new(quote!(::core::option::Option::Some(#tokens)), Form::Nullable)
                }
                _ => Code::new(value.clone(), Form::Message),
            },
        }
    }

    /// The value in a wrapper that a reference leads to. prost has the bare value in its place.
    pub(crate) fn unwrapped(&self, wrapper: MessageIndex, reference: &TokenStream) -> Code {
        let field = self.schema.pool().message(wrapper).field(1);
        let kind = match field.map(FieldDescriptor::kind) {
            Some(FieldKind::Singular(kind)) => kind,
            _ => SingularKind::Scalar(ScalarType::Bool),
        };
        match self.access.layout.library() {
            Library::Prost => self.stored(kind, None, reference),
            Library::Buffa => self.stored(kind, None, &quote!((&#reference.value))),
        }
    }

    fn logic(&mut self, left: &Node, right: &Node, is_and: bool) -> Result<Code, String> {
        let left = self.condition(left)?;
        let right = self.condition(right)?;
        let (one, other) = (&left.tokens, &right.tokens);
        if left.is_fallible {
            // Either side may decide, even if the other fails.
            let cel = self.cel();
            let name = if is_and { quote!(and) } else { quote!(or) };
            let tokens = quote! {
                #cel::logic::#name(
                    || ::core::result::Result::Ok(#one),
                    || ::core::result::Result::Ok(#other),
                )?
            };
            return Ok(Code::scalar(tokens).fallible(true));
        }
        let tokens = if is_and { quote!((#one && #other)) } else { quote!((#one || #other)) };
        Ok(Code::scalar(tokens).fallible(right.is_fallible))
    }

    fn conditional(&mut self, condition: &Node, then: &Node, otherwise: &Node) -> Result<Code, String> {
        let condition = self.condition(condition)?;
        let (mut then, mut otherwise) = (self.write(then)?, self.write(otherwise)?);
        if then.form != otherwise.form {
            then = self.same(then);
            otherwise = self.same(otherwise);
        }
        if then.form != otherwise.form {
            return Err("the two sides of a conditional are too different".to_owned());
        }
        let is_fallible = condition.is_fallible || then.is_fallible || otherwise.is_fallible;
        let (c, t, o) = (condition.tokens, then.tokens, otherwise.tokens);
        Ok(Code { tokens: quote!((if #c { #t } else { #o })), form: then.form, is_fallible })
    }

    /// The form that values of different forms can both be brought to.
    fn same(&self, code: Code) -> Code {
        let Code { tokens, form, is_fallible } = code;
        match form {
            Form::Borrowed => Code { tokens: quote!((#tokens).to_owned()), form: Form::Owned, is_fallible },
            Form::Message => {
                let tokens = quote!(::core::option::Option::Some(#tokens));
                Code { tokens, form: Form::OptionalMessage, is_fallible }
            }
            Form::Nullable => self.definite(Code { tokens, form, is_fallible }),
            _ => Code { tokens, form, is_fallible },
        }
    }

    fn list(&mut self, items: &[Node]) -> Result<Code, String> {
        let codes: Result<Vec<Code>, String> = items.iter().map(|item| self.write(item)).collect();
        let codes: Vec<Code> = codes?.into_iter().map(|code| self.definite(code)).collect();
        let is_fallible = codes.iter().any(|code| code.is_fallible);
        let mixed = codes.windows(2).any(|pair| pair[0].form != pair[1].form);
        let tokens = codes.into_iter().map(|code| if mixed { self.same(code).tokens } else { code.tokens });
        Ok(Code { tokens: quote!(::std::vec![#(#tokens),*]), form: Form::List, is_fallible })
    }

    /// An iterator over a list's items or a map's keys, and how it gives them.
    pub(super) fn iterator(&self, code: &Code, item: &Type) -> Result<(TokenStream, Form), String> {
        let tokens = &code.tokens;
        Ok(match code.form {
            Form::StoredList(kind, enum_type) => {
                let item = self.stored(kind, enum_type, &quote!(stored));
                let (value, form) = (item.tokens, item.form);
                (quote!((#tokens).iter().map(|stored| #value)), form)
            }
            Form::StoredMap(key, _, _) => {
                let key = self.stored(SingularKind::Scalar(key), None, &quote!(key));
                let (value, form) = (key.tokens, key.form);
                (quote!((#tokens).into_iter().flatten().map(|(key, _)| #value)), form)
            }
            Form::List => {
                let form = match item {
                    Type::String | Type::Bytes => Form::Borrowed,
                    Type::Message(_) => Form::Message,
                    _ => Form::Scalar,
                };
                (quote!((#tokens).into_iter()), form)
            }
            _ => return Err("it is no list".to_owned()),
        })
    }

    fn macro_call(
        &mut self,
        kind: Macro,
        range: &Node,
        variable: &str,
        filter: Option<&Node>,
        body: &Node,
    ) -> Result<Code, String> {
        let item = match &range.ty {
            Type::List(item) => (**item).clone(),
            Type::Map(key, _) => (**key).clone(),
            _ => Type::Dyn,
        };
        let range = self.write(range)?;
        let (iterator, form) = self.iterator(&range, &item)?;
        let name = local_ident(variable);
        self.locals.push((variable.to_owned(), form));
        let written = self.write(body);
        let filter = filter.map(|filter| self.condition(filter)).transpose();
        self.locals.pop();
        let (body, filter) = (self.definite(written?), filter?);
        let cel = self.cel();
        let (value, test) = (&body.tokens, filter.as_ref().map(|filter| &filter.tokens));
        let is_fallible = body.is_fallible || filter.as_ref().is_some_and(|filter| filter.is_fallible);
        let code = match kind {
            Macro::All if !is_fallible => Code::scalar(quote!((#iterator).all(|#name| #value))),
            Macro::Exists if !is_fallible => Code::scalar(quote!((#iterator).any(|#name| #value))),
            Macro::All | Macro::Exists | Macro::ExistsOne => {
                let function = match kind {
                    Macro::All => quote!(all),
                    Macro::Exists => quote!(exists),
                    _ => quote!(exists_one),
                };
                let tokens =
                    quote!(#cel::logic::#function(#iterator, |#name| ::core::result::Result::Ok(#value))?);
                Code::scalar(tokens).fallible(true)
            }
            Macro::Filter | Macro::Map => {
                let (condition, item) = match kind {
                    Macro::Filter => (value.clone(), quote!(#name)),
                    _ => (test.map_or_else(|| quote!(true), Clone::clone), value.clone()),
                };
                let tokens = quote! {{
                    let mut items = ::std::vec::Vec::new();
                    for #name in #iterator {
                        if #condition {
                            items.push(#item);
                        }
                    }
                    items
                }};
                Code::new(tokens, Form::List)
            }
        };
        Ok(code.fallible(is_fallible || range.is_fallible))
    }
}

const UNLIKE: &str = "a list of unlike items cannot be compiled";

/// The Rust variable for a macro's; names of CEL may be keywords of Rust.
fn local_ident(name: &str) -> proc_macro2::Ident {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format_ident!("local_{plain}")
}

/// A double as Rust writes it.
fn double(value: f64) -> TokenStream {
    if value.is_nan() {
        quote!(::core::primitive::f64::NAN)
    } else if value.is_infinite() && value > 0.0 {
        quote!(::core::primitive::f64::INFINITY)
    } else if value.is_infinite() {
        quote!(::core::primitive::f64::NEG_INFINITY)
    } else if value.is_sign_negative() {
        let magnitude = Literal::f64_suffixed(-value);
        quote!((-#magnitude))
    } else {
        let literal = Literal::f64_suffixed(value);
        quote!(#literal)
    }
}
