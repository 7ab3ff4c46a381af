//! Expressions over messages: what the interpreter makes of them, and what cel-go does.

use std::io;
use std::path::Path;
use std::sync::Arc;

use buffa_descriptor::DescriptorPool;
use gannet_cel_interpreter::{Expression, Types, Value, Variables};

use crate::expressions::{GROUPS, Group};
use crate::generate::Random;
use crate::peer::{Answer, Peer};
use crate::{Verdict, complain, random, say};

const EVERYTHING: &str = "gannet.conformance.cel.Everything";
const DEFAULTS: &str = "gannet.conformance.cel.Defaults";

struct Comparison {
    peer: Peer,
    pool: Arc<DescriptorPool>,
    types: Types,
}

/// Compares all expressions on random messages, and on the empty one.
pub(crate) fn compare(program: &str, random: &mut Random, trials: usize) -> io::Result<()> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cel/proto");
    let mut compiler = protox::Compiler::new([protos]).map_err(io::Error::other)?;
    compiler
        .include_imports(true)
        .open_files(["everything.proto", "defaults.proto"])
        .map_err(io::Error::other)?;
    let descriptors = compiler.encode_file_descriptor_set();
    let pool = Arc::new(DescriptorPool::decode(&descriptors).map_err(io::Error::other)?);
    let types = Types::new(Arc::clone(&pool));
    let mut comparison = Comparison { peer: Peer::start_with_types(program, &descriptors)?, pool, types };
    for group in GROUPS {
        comparison.group(group, random, trials / 40)?;
    }
    comparison.peer.end()
}

impl Comparison {
    fn group(&mut self, group: &Group, random: &mut Random, trials: usize) -> io::Result<()> {
        let type_name = if group.of_defaults { DEFAULTS } else { EVERYTHING };
        let index =
            self.pool.message_index(type_name).ok_or_else(|| io::Error::other("a type is missing"))?;
        let mut messages = vec![Vec::new()];
        for _ in 0..trials {
            messages.push(random::message(random, &self.pool, index, 4).encode_to_vec());
        }
        let (mut differences, mut values, mut errors) = (Vec::new(), 0, 0);
        for source in group.expressions {
            let parsed = Expression::parse(source, &self.types);
            for message in &messages {
                let theirs = match self.peer.ask_of_message(source, type_name, message)? {
                    Answer::Value(value) => Ok(value),
                    Answer::Error(error) => Err(error),
                    Answer::Fault(fault) => {
                        differences.push(format!("{source} does not compile: {fault}"));
                        break;
                    }
                };
                match &theirs {
                    Ok(_) => values += 1,
                    Err(_) => errors += 1,
                }
                let ours = match &parsed {
                    Ok(expression) => self.evaluate(expression, type_name, message),
                    Err(error) => Err(error.to_string()),
                };
                if ours != theirs && !is_known(&ours, &theirs) {
                    differences.push(format!("{source}: cel-go {theirs:?}, Gannet {ours:?}"));
                    break;
                }
            }
        }
        let name = format!(
            "{}: {} expressions on {} messages, {values} values, {errors} errors",
            group.name,
            group.expressions.len(),
            messages.len()
        );
        for difference in &differences {
            complain(difference);
        }
        match differences.first() {
            None => say(&format!("passed\t{name}")),
            Some(first) => {
                let first = first.replace(['\t', '\n'], " ");
                say(&format!("failed\t{name}\t{} differences, such as {first}", differences.len()));
            }
        }
        Ok(())
    }

    fn evaluate(&self, expression: &Expression, type_name: &str, message: &[u8]) -> Result<String, String> {
        let this = self.types.message(type_name, message).map_err(|error| error.to_string())?;
        let variables = Variables { this: Some(&this), ..Variables::default() };
        let value = expression.evaluate(&variables).map_err(|error| error.to_string())?;
        Ok(self.written(&value))
    }

    /// As the peer writes it.
    fn written(&self, value: &Value) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Uint(value) => format!("{value}u"),
            Value::Double(value) if value.is_nan() => "NaN".to_owned(),
            Value::Double(value) => format!("double {:x}", value.to_bits()),
            Value::String(text) => format!("\"{text}\""),
            Value::Bytes(bytes) => {
                let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let digits: String = halves.filter_map(|half| char::from_digit(half.into(), 16)).collect();
                format!("bytes {digits}")
            }
            Value::Timestamp(time) => format!("timestamp {} {}", time.seconds, time.nanos),
            Value::Duration(time) => {
                let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
                format!("duration {nanos}")
            }
            Value::Type(name) => format!("type {name}"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.written(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(entries) => {
                let mut entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.written(key), self.written(value)))
                    .collect();
                entries.sort_unstable();
                format!("{{{}}}", entries.join(", "))
            }
            // An Any that can be unpacked is not one any more.
            Value::Message(message) if message.type_name() == "google.protobuf.Any" => "error".to_owned(),
            Value::Message(message) => {
                let descriptor = self.pool.message_by_name(message.type_name());
                let mut fields: Vec<String> = descriptor
                    .map(buffa_descriptor::MessageDescriptor::fields)
                    .unwrap_or_default()
                    .iter()
                    .filter(|field| message.has(field.name()) == Ok(true))
                    .map(|field| {
                        let value = message.field(field.name());
                        let written = value.map_or_else(|_| "error".to_owned(), |value| self.written(&value));
                        format!("{}: {written}", field.name())
                    })
                    .collect();
                fields.sort_unstable();
                format!("{}{{{}}}", message.type_name(), fields.join(", "))
            }
        }
    }
}

/// Where the peer differs for reasons of its own: errors that name Go's types or those of its library of messages, and
/// a panic in cel-go when messages of dynamic types with an `Any` in them are compared.
fn is_known(ours: &Verdict, theirs: &Verdict) -> bool {
    match (ours, theirs) {
        (Err(_), Err(theirs)) => theirs.contains("proto:") || theirs.contains("conversion"),
        (Ok(_), Err(theirs)) => theirs.starts_with("internal error: interface conversion"),
        _ => false,
    }
}
