//! Writes operators and functions as Rust, by the types of their operands.

use buffa_descriptor::{ScalarType, SingularKind};
use gannet_cel::Value;
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

use super::functions::{Function, Kind};
use super::tree::{Expr, Node, Operator};
use super::types::Type;
use super::write::{Code, Form, Writer};

impl Writer<'_> {
    pub(super) fn operator(
        &mut self,
        operator: Operator,
        arguments: &[Node],
        ty: &Type,
    ) -> Result<Code, String> {
        match (operator, arguments) {
            (Operator::Equal, [left, right]) => self.equal(left, right),
            (Operator::In, [item, list]) => self.membership(item, list),
            (Operator::Less, [left, right]) => self.compare(&quote!(<), left, right),
            (Operator::LessOrEqual, [left, right]) => self.compare(&quote!(<=), left, right),
            (Operator::Greater, [left, right]) => self.compare(&quote!(>), left, right),
            (Operator::GreaterOrEqual, [left, right]) => self.compare(&quote!(>=), left, right),
            (Operator::Index, [base, index]) => self.index(base, index),
            (Operator::Size, [operand]) => self.size(operand),
            (Operator::Unique, [operand]) => self.unique(operand),
            (Operator::Format, [template, items]) => self.format(template, items),
            (Operator::Matches, [text, pattern]) => self.matches(text, pattern),
            (Operator::Contains | Operator::StartsWith | Operator::EndsWith, [text, part]) => {
                self.search(operator, text, part)
            }
            (Operator::Join, [list, rest @ ..]) => self.join(list, rest.first()),
            (
                Operator::Add
                | Operator::Subtract
                | Operator::Multiply
                | Operator::Divide
                | Operator::Modulo
                | Operator::Negate,
                _,
            ) => self.arithmetic(operator, arguments, ty),
            (_, [operand]) => self.convert(operator, operand),
            _ => Err("an operator has too many operands".to_owned()),
        }
    }

    fn scalar_pair(&mut self, left: &Node, right: &Node) -> Result<(Code, Code), String> {
        let (left, right) = (self.write(left)?, self.write(right)?);
        Ok((self.definite(left), self.definite(right)))
    }

    fn equal(&mut self, left: &Node, right: &Node) -> Result<Code, String> {
        if left.ty == Type::Null || right.ty == Type::Null {
            let other = if left.ty == Type::Null { right } else { left };
            let code = self.write(other)?;
            let tokens = &code.tokens;
            let test = if code.form == Form::Nullable { quote!((#tokens).is_none()) } else { quote!(false) };
            return Ok(Code::scalar(test).fallible(code.is_fallible));
        }
        if !same_type(&left.ty, &right.ty) {
            let are_numbers = left.ty.is_number() && right.ty.is_number();
            if are_numbers || !is_plain(&left.ty) || !is_plain(&right.ty) {
                return Err("values of these types cannot be compared by compiled code".to_owned());
            }
            // `dyn()` lets unlike values be compared: they are not equal.
            return Ok(Code::scalar(quote!(false)));
        }
        if let Type::List(item) = left.ty.unwrapped() {
            let item = (**item).clone();
            let (left, right) = (self.write(left)?, self.write(right)?);
            let (one, other) = (self.iterator(&left, &item)?.0, self.iterator(&right, &item)?.0);
            let is_fallible = left.is_fallible || right.is_fallible;
            return Ok(Code::scalar(quote!((#one).eq(#other))).fallible(is_fallible));
        }
        let (left, right) = (self.write(left)?, self.write(right)?);
        let is_fallible = left.is_fallible || right.is_fallible;
        let tokens = match (left.form, right.form) {
            (Form::Nullable, Form::Nullable) => {
                let (left, right) = (left.tokens, right.tokens);
                quote!(#left == #right)
            }
            (Form::Nullable, _) | (_, Form::Nullable) => {
                let (wrapper, plain) =
                    if left.form == Form::Nullable { (left, right) } else { (right, left) };
                let plain = if plain.form == Form::Owned { self.borrowed(plain) } else { plain };
                let (wrapper, plain) = (wrapper.tokens, plain.tokens);
                quote!(#wrapper == ::core::option::Option::Some(#plain))
            }
            (Form::Message | Form::OptionalMessage, Form::Message | Form::OptionalMessage) => {
                let root = self.access.layout.root();
                let optional = |code: Code| {
                    let tokens = code.tokens;
                    match code.form {
                        Form::Message => quote!(::core::option::Option::Some(#tokens)),
                        _ => tokens,
                    }
                };
                let (left, right) = (optional(left), optional(right));
                quote!(#root::validate::messages_equal(#left, #right))
            }
            (Form::Borrowed | Form::Owned, Form::Borrowed | Form::Owned) => {
                let (left, right) = (self.borrowed(left).tokens, self.borrowed(right).tokens);
                if is_empty_literal(&right) { quote!((#left).is_empty()) } else { quote!(#left == #right) }
            }
            (Form::Scalar, Form::Scalar) => {
                let (left, right) = (left.tokens, right.tokens);
                quote!(#left == #right)
            }
            _ => return Err("values of these types cannot be compared".to_owned()),
        };
        Ok(Code::scalar(quote!((#tokens))).fallible(is_fallible))
    }

    fn compare(&mut self, operator: &TokenStream, left: &Node, right: &Node) -> Result<Code, String> {
        let types = (left.ty.unwrapped().clone(), right.ty.unwrapped().clone());
        let (one, other) = self.scalar_pair(left, right)?;
        let is_fallible = one.is_fallible || other.is_fallible;
        let tokens = match types {
            (Type::String | Type::Bytes, _) => {
                let (one, other) = (self.borrowed(one).tokens, self.borrowed(other).tokens);
                quote!(#one #operator #other)
            }
            (left, right) if left == right => {
                let (one, other) = (one.tokens, other.tokens);
                quote!(#one #operator #other)
            }
            (Type::Double, _) | (_, Type::Double) => {
                let (one, other) = (one.tokens, other.tokens);
                quote!((#one as ::core::primitive::f64) #operator (#other as ::core::primitive::f64))
            }
            _ => {
                let (one, other) = (one.tokens, other.tokens);
                quote!(::core::primitive::i128::from(#one) #operator ::core::primitive::i128::from(#other))
            }
        };
        Ok(Code::scalar(quote!((#tokens))).fallible(is_fallible))
    }

    fn membership(&mut self, item: &Node, list: &Node) -> Result<Code, String> {
        let item_code = self.write(item)?;
        let item_code = self.definite(item_code);
        let is_fallible = item_code.is_fallible;
        if let Some(Value::List(values)) = list.value() {
            let value = if item_code.form == Form::Owned { self.borrowed(item_code) } else { item_code };
            return Ok(Code::scalar(self.one_of(&value.tokens, values)?).fallible(is_fallible));
        }
        let item_type = item.ty.unwrapped().clone();
        let listed = self.write(list)?;
        let is_fallible = is_fallible || listed.is_fallible;
        let needle = match item_type {
            Type::String | Type::Bytes => self.borrowed(item_code).tokens,
            _ => item_code.tokens,
        };
        let element = match &list.ty {
            Type::List(element) => (**element).clone(),
            _ => item_type,
        };
        let (iterator, _) = self.iterator(&listed, &element)?;
        let tokens = quote!({
            let needle = #needle;
            (#iterator).any(|candidate| candidate == needle)
        });
        Ok(Code::scalar(tokens).fallible(is_fallible))
    }

    /// Whether a value is one of these constants.
    fn one_of(&mut self, value: &TokenStream, constants: &[Value]) -> Result<TokenStream, String> {
        if constants.is_empty() {
            return Ok(quote!(false));
        }
        let codes: Result<Vec<TokenStream>, String> = constants
            .iter()
            .map(|constant| self.write(&Node::constant(constant.clone(), Type::Dyn)).map(|code| code.tokens))
            .collect();
        let codes = codes?;
        let is_pattern = constants.iter().all(|constant| {
            matches!(constant, Value::Int(_) | Value::Uint(_) | Value::Bool(_) | Value::String(_))
        });
        Ok(if is_pattern {
            quote!(::core::matches!(#value, #(#codes)|*))
        } else {
            quote!({
                let value = #value;
                #(value == #codes)||*
            })
        })
    }

    fn index(&mut self, base: &Node, index: &Node) -> Result<Code, String> {
        let (base_code, index_code) = (self.write(base)?, self.write(index)?);
        let index_code = self.definite(index_code);
        let cel = self.cel();
        let list = &base_code.tokens;
        match base_code.form {
            Form::StoredMap(key, value, enum_type) => {
                let item = self.stored(value, enum_type, &quote!(stored));
                let tokens = item.tokens;
                let key = self.stored(SingularKind::Scalar(key), None, &quote!(key)).tokens;
                let wanted = match index.ty.unwrapped() {
                    Type::String => self.borrowed(index_code).tokens,
                    _ => index_code.tokens,
                };
                // A map is asked by the key in its own type; going through it is as right and seldom long.
                let found = quote!({
                    let wanted = #wanted;
                    let stored = (#list)
                        .into_iter()
                        .flatten()
                        .find_map(|(key, stored)| (#key == wanted).then_some(stored))
                        .ok_or_else(|| #cel::Error::new(::std::format!("no such key: {wanted}")))?;
                    #tokens
                });
                Ok(Code::new(found, item.form).fallible(true))
            }
            Form::StoredList(kind, enum_type) => {
                let item = self.stored(kind, enum_type, &quote!(stored));
                let (tokens, position) = (item.tokens, index_code.tokens);
                let found = quote!({
                    let stored = #cel::logic::index(#list, #position)?;
                    #tokens
                });
                Ok(Code::new(found, item.form).fallible(true))
            }
            _ => Err("only fields can be indexed".to_owned()),
        }
    }

    fn size(&mut self, operand: &Node) -> Result<Code, String> {
        let code = self.write(operand)?;
        let code = self.definite(code);
        let (tokens, cel) = (&code.tokens, self.cel());
        let size = match (&operand.ty.unwrapped(), code.form) {
            (Type::String, _) => {
                let text = self.borrowed(code.clone()).tokens;
                quote!(#cel::string::size(#text))
            }
            (_, Form::StoredMap(..)) => {
                quote!((#tokens).map_or(0, |map| map.len() as ::core::primitive::i64))
            }
            _ => quote!(((#tokens).len() as ::core::primitive::i64)),
        };
        Ok(Code::scalar(size).fallible(code.is_fallible))
    }

    fn unique(&mut self, operand: &Node) -> Result<Code, String> {
        let item = match &operand.ty {
            Type::List(item) => item.unwrapped().clone(),
            _ => Type::Dyn,
        };
        let code = self.write(operand)?;
        let cel = self.cel();
        let tokens = &code.tokens;
        let test = match (code.form, &item) {
            (Form::StoredList(SingularKind::Scalar(ScalarType::Float), _), _) => {
                quote!(#cel::list::unique_floats(#tokens))
            }
            (Form::StoredList(SingularKind::Scalar(ScalarType::Double), _), _) => {
                quote!(#cel::list::unique_doubles(#tokens))
            }
            (Form::StoredList(SingularKind::Scalar(_) | SingularKind::Enum(_), _), _) => {
                quote!(#cel::list::unique(#tokens))
            }
            (_, Type::Double) => {
                let (iterator, _) = self.iterator(&code, &item)?;
                quote!(#cel::list::unique_doubles(&(#iterator).collect::<::std::vec::Vec<_>>()))
            }
            _ => {
                let (iterator, _) = self.iterator(&code, &item)?;
                quote!(#cel::list::unique(&(#iterator).collect::<::std::vec::Vec<_>>()))
            }
        };
        Ok(Code::scalar(test).fallible(code.is_fallible))
    }

    fn format(&mut self, template: &Node, items: &Node) -> Result<Code, String> {
        let template = self.write(template)?;
        let template = self.borrowed(template);
        let nodes: Vec<Node> = match &items.expr {
            Expr::List(items) => items.clone(),
            Expr::Constant(Value::List(values)) => {
                values.iter().map(|value| Node::constant(value.clone(), Type::Dyn)).collect()
            }
            _ => return Err("the arguments of format() must be a literal list".to_owned()),
        };
        let mut values = Vec::new();
        for node in &nodes {
            values.push(self.value(node)?.tokens);
        }
        let (cel, template) = (self.cel(), template.tokens);
        let tokens = quote!(#cel::format(#template, &[#(#values),*])?);
        Ok(Code::new(tokens, Form::Owned).fallible(true))
    }

    /// A value whose type is not known at build time.
    fn value(&mut self, node: &Node) -> Result<Code, String> {
        let cel = self.cel();
        let code = self.write(node)?;
        let is_fallible = code.is_fallible;
        let value = |ty: &Type, tokens: &TokenStream| match ty {
            Type::Bool => Some(quote!(#cel::Value::Bool(#tokens))),
            Type::Int => Some(quote!(#cel::Value::Int(#tokens))),
            Type::Uint => Some(quote!(#cel::Value::Uint(#tokens))),
            Type::Double => Some(quote!(#cel::Value::Double(#tokens))),
            Type::String => Some(quote!(#cel::Value::String((#tokens).to_owned()))),
            Type::Bytes => Some(quote!(#cel::Value::Bytes((#tokens).to_vec()))),
            Type::Timestamp => Some(quote!(#cel::Value::Timestamp(#tokens))),
            Type::Duration => Some(quote!(#cel::Value::Duration(#tokens))),
            _ => None,
        };
        let ty = match node.value() {
            Some(constant) => type_of_constant(constant),
            None => node.ty.clone(),
        };
        let tokens = match (&ty, code.form) {
            (Type::List(item), _) => {
                let (iterator, _) = self.iterator(&code, item)?;
                let inner =
                    value(item.unwrapped(), &quote!(item)).ok_or("lists of these items cannot be printed")?;
                quote!(#cel::Value::List((#iterator).map(|item| #inner).collect()))
            }
            (ty, Form::Nullable) => {
                let tokens = &code.tokens;
                let inner =
                    value(ty.unwrapped(), &quote!(value)).ok_or("values of this type cannot be printed")?;
                quote!((#tokens).map_or(#cel::Value::Null, |value| #inner))
            }
            (ty, Form::Owned | Form::Borrowed) => {
                let tokens = self.borrowed(code).tokens;
                value(ty, &tokens).ok_or("values of this type cannot be printed")?
            }
            (ty, _) => value(ty, &code.tokens).ok_or("values of this type cannot be printed")?,
        };
        Ok(Code::new(tokens, Form::Scalar).fallible(is_fallible))
    }

    fn matches(&mut self, text: &Node, pattern: &Node) -> Result<Code, String> {
        let code = self.write(text)?;
        let text = self.borrowed(code);
        if let Some(pattern) = pattern.as_text() {
            let root = self.access.layout.root();
            let condition = self.patterns.condition(pattern, &text.tokens, &root)?;
            return Ok(Code::scalar(condition).fallible(text.is_fallible));
        }
        let code = self.write(pattern)?;
        let pattern = self.borrowed(code);
        let (cel, text, pattern) = (self.cel(), text.tokens, pattern.tokens);
        let tokens = quote! {
            #cel::re2::Pattern::of_message(#pattern)
                .map_err(|error| #cel::Error::new(error.to_string()))?
                .is_match(#text)
        };
        Ok(Code::scalar(tokens).fallible(true))
    }

    fn search(&mut self, operator: Operator, text: &Node, part: &Node) -> Result<Code, String> {
        let is_bytes = *text.ty.unwrapped() == Type::Bytes;
        let (text, part) = self.scalar_pair(text, part)?;
        let is_fallible = text.is_fallible || part.is_fallible;
        let (text, part) = (self.borrowed(text).tokens, self.borrowed(part).tokens);
        let cel = self.cel();
        let tokens = match (operator, is_bytes) {
            (Operator::StartsWith, _) => quote!((#text).starts_with(#part)),
            (Operator::EndsWith, _) => quote!((#text).ends_with(#part)),
            (_, false) => quote!((#text).contains(#part)),
            (_, true) => quote!(#cel::bytes::contains(#text, #part)),
        };
        Ok(Code::scalar(tokens).fallible(is_fallible))
    }

    fn join(&mut self, list: &Node, separator: Option<&Node>) -> Result<Code, String> {
        let code = self.write(list)?;
        let (iterator, _) = self.iterator(&code, &Type::String)?;
        let separator = separator.map(|separator| self.write(separator)).transpose()?;
        let is_fallible = code.is_fallible || separator.as_ref().is_some_and(|code| code.is_fallible);
        let separator = separator.map_or_else(|| quote!(""), |code| self.borrowed(code).tokens);
        let tokens = quote!((#iterator).collect::<::std::vec::Vec<_>>().join(#separator));
        Ok(Code::new(tokens, Form::Owned).fallible(is_fallible))
    }

    fn arithmetic(&mut self, operator: Operator, arguments: &[Node], ty: &Type) -> Result<Code, String> {
        let cel = self.cel();
        let mut codes = Vec::new();
        for argument in arguments {
            let code = self.write(argument)?;
            codes.push(self.definite(code));
        }
        let is_fallible = codes.iter().any(|code| code.is_fallible);
        if let (Operator::Modulo | Operator::Divide, Some(divisor)) =
            (operator, arguments.get(1).and_then(Node::value))
        {
            // What cannot fail is written as it is.
            let is_safe = matches!(divisor, Value::Int(n) if *n != 0 && *n != -1)
                || matches!(divisor, Value::Uint(n) if *n != 0);
            if let (true, [left, right]) = (is_safe, codes.as_slice()) {
                let (left, right) = (&left.tokens, &right.tokens);
                let tokens = if operator == Operator::Modulo {
                    quote!((#left % #right))
                } else {
                    quote!((#left / #right))
                };
                return Ok(Code::scalar(tokens).fallible(is_fallible));
            }
        }
        if let (Type::String | Type::Bytes, [left, right]) = (ty, codes.as_slice()) {
            let (left, right) = (self.borrowed(left.clone()).tokens, self.borrowed(right.clone()).tokens);
            return Ok(Code::new(quote!([#left, #right].concat()), Form::Owned).fallible(is_fallible));
        }
        if let (Type::List(item), [left, right]) = (ty, codes.as_slice()) {
            let (left, right) = (self.iterator(left, item)?.0, self.iterator(right, item)?.0);
            let tokens = quote!((#left).chain(#right).collect::<::std::vec::Vec<_>>());
            return Ok(Code::new(tokens, Form::List).fallible(is_fallible));
        }
        let operands: Vec<&TokenStream> = codes.iter().map(|code| &code.tokens).collect();
        if *ty == Type::Double {
            let tokens = match (operator, operands.as_slice()) {
                (Operator::Add, [left, right]) => quote!((#left + #right)),
                (Operator::Subtract, [left, right]) => quote!((#left - #right)),
                (Operator::Multiply, [left, right]) => quote!((#left * #right)),
                (Operator::Divide, [left, right]) => quote!((#left / #right)),
                (_, [operand, ..]) => quote!((-#operand)),
                _ => return Err("an operator lacks operands".to_owned()),
            };
            return Ok(Code::scalar(tokens).fallible(is_fallible));
        }
        let types: Vec<&Type> = arguments.iter().map(|argument| argument.ty.unwrapped()).collect();
        let tokens = match (operator, types.as_slice(), operands.as_slice()) {
            (Operator::Subtract, [Type::Timestamp, Type::Timestamp], [left, right]) => {
                quote!((#left).since(#right)?)
            }
            (Operator::Add, [Type::Duration, Type::Timestamp], [left, right]) => {
                quote!((#right).checked_add(#left)?)
            }
            (Operator::Add, [Type::Timestamp | Type::Duration, _], [left, right]) => {
                quote!((#left).checked_add(#right)?)
            }
            (Operator::Subtract, [Type::Timestamp | Type::Duration, _], [left, right]) => {
                quote!((#left).checked_sub(#right)?)
            }
            (_, types, _) => {
                let module = if types.first() == Some(&&Type::Uint) { quote!(uint) } else { quote!(int) };
                let function = match operator {
                    Operator::Add => quote!(add),
                    Operator::Subtract => quote!(sub),
                    Operator::Multiply => quote!(mul),
                    Operator::Divide => quote!(div),
                    Operator::Modulo => quote!(rem),
                    _ => quote!(neg),
                };
                quote!(#cel::#module::#function(#(#operands),*)?)
            }
        };
        Ok(Code::scalar(tokens).fallible(true))
    }

    pub(super) fn call(&mut self, function: &Function, arguments: &[Node]) -> Result<Code, String> {
        let mut is_fallible = function.is_fallible;
        let mut operands = Vec::new();
        for (parameter, argument) in function.parameters.iter().zip(arguments) {
            let code = self.write(argument)?;
            let code = match parameter {
                Kind::String | Kind::Text => self.borrowed(code),
                _ => self.definite(code),
            };
            is_fallible |= code.is_fallible;
            operands.push(code.tokens);
        }
        let cel = self.cel();
        let code: TokenStream =
            function.code.parse().map_err(|_| "a function has no Rust code".to_owned())?;
        let code = filled(code, &operands, &cel);
        let form = match function.result {
            Kind::String => Form::Owned,
            Kind::Text => Form::Borrowed,
            Kind::Strings => Form::List,
            _ => Form::Scalar,
        };
        Ok(Code::new(code, form).fallible(is_fallible))
    }
}

/// A function's code, with the arguments in place of a, b, c.
fn filled(code: TokenStream, operands: &[TokenStream], cel: &TokenStream) -> TokenStream {
    code.into_iter()
        .flat_map(|token| match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), filled(group.stream(), operands, cel));
                inner.set_span(group.span());
                TokenStream::from(TokenTree::Group(inner))
            }
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if name == "cel" {
                    return cel.clone();
                }
                let operand = ["a", "b", "c", "d"].iter().position(|known| *known == name);
                operand
                    .and_then(|index| operands.get(index))
                    .cloned()
                    .unwrap_or_else(|| TokenTree::Ident(ident).into())
            }
            other => other.into(),
        })
        .collect()
}

/// Whether the values of a type are single ones, which are never equal to one of another type; numbers aside.
fn is_plain(ty: &Type) -> bool {
    !matches!(ty, Type::List(_) | Type::Map(..) | Type::Wrapper(_) | Type::Dyn)
}

fn same_type(left: &Type, right: &Type) -> bool {
    match (left.unwrapped(), right.unwrapped()) {
        (Type::List(one), Type::List(other)) => **one == Type::Dyn || **other == Type::Dyn || one == other,
        (one, other) => one == other,
    }
}

fn is_empty_literal(tokens: &TokenStream) -> bool {
    tokens.to_string() == "\"\""
}

fn type_of_constant(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::List(items) => Type::list(items.first().map_or(Type::Dyn, type_of_constant)),
        Value::Null | Value::Map(_) | Value::Type(_) | Value::Message(_) => Type::Dyn,
    }
}
