//! The same message, validated by Gannet, protovalidate-buffa and prost-protovalidate: all must find the same faults.
//!
//! Messages are built from a sequence of choices: which fields are set, to which of some values that lie near the bounds
//! of rules, or to any. Where a peer is known to be wrong, `known.rs` says why, and what the reference says.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use prost_reflect::ReflectMessage as _;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

mod known;

pub use known::stale;

use known::KNOWN;

gannet::include_protos!();

#[allow(missing_docs, unused, clippy::all, clippy::pedantic, reason = "generated")]
mod protovalidate_buffa_validators {
    use crate::fuzz::*;
    include!(concat!(env!("OUT_DIR"), "/protovalidate_buffa.rs"));
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let set = include_bytes!(concat!(env!("OUT_DIR"), "/fuzz.binpb"));
    DescriptorPool::decode(&set[..]).expect("the descriptors of the build")
});

static VALIDATOR: LazyLock<prost_protovalidate::Validator> =
    LazyLock::new(prost_protovalidate::Validator::new);

/// What a library finds: the field and the rule of each violation, or that a rule could not be evaluated.
type Faults = Result<BTreeSet<(String, String)>, String>;

/// Whom Gannet is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Code generated for the same messages.
    ProtovalidateBuffa,
    /// Rules read from descriptors at run time.
    ProstProtovalidate,
}

/// Gannet and a peer do not agree.
#[derive(Debug)]
pub struct Disagreement {
    message: DynamicMessage,
    peer: Peer,
    gannet: Faults,
    others: Faults,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.message.descriptor().full_name())?;
        for (field, value) in self.message.fields() {
            write!(formatter, " {}: {value:?}", field.name())?;
        }
        writeln!(formatter)?;
        match (&self.gannet, &self.others) {
            (Ok(ours), Ok(theirs)) => {
                writeln!(formatter, "  Gannet alone: {:?}", ours.difference(theirs).collect::<Vec<_>>())?;
                write!(
                    formatter,
                    "  {:?} alone: {:?}",
                    self.peer,
                    theirs.difference(ours).collect::<Vec<_>>()
                )
            }
            (ours, theirs) => write!(formatter, "  Gannet: {ours:?}\n  {:?}: {theirs:?}", self.peer),
        }
    }
}

/// Validates the message that these choices make.
///
/// # Errors
/// A library finds other faults than Gannet.
pub fn compare(choices: &[u8]) -> Result<(), Box<Disagreement>> {
    let mut choices = Choices(choices);
    let names = ["fuzz.Numbers", "fuzz.Texts", "fuzz.Shapes", "fuzz.Expressions"];
    let name = names[choices.below(names.len())];
    let descriptor = POOL.get_message_by_name(name).expect("a message of fuzz.proto");
    let message = choices.message(&descriptor, 0);
    let Verdicts { gannet, generated, reflected } = verdicts(&message, &message.encode_to_vec());
    for (peer, others) in [(Peer::ProtovalidateBuffa, generated), (Peer::ProstProtovalidate, reflected)] {
        if unknown(name, peer, &gannet) != unknown(name, peer, &others) {
            return Err(Box::new(Disagreement { message, peer, gannet, others }));
        }
    }
    Ok(())
}

/// What each library finds in a message.
struct Verdicts {
    gannet: Faults,
    generated: Faults,
    reflected: Faults,
}

fn verdicts(message: &DynamicMessage, bytes: &[u8]) -> Verdicts {
    let (gannet, generated) = match message.descriptor().full_name() {
        "fuzz.Numbers" => both::<fuzz::Numbers>(bytes),
        "fuzz.Texts" => both::<fuzz::Texts>(bytes),
        "fuzz.Shapes" => both::<fuzz::Shapes>(bytes),
        _ => both::<fuzz::Expressions>(bytes),
    };
    Verdicts { gannet, generated, reflected: by_reflection(message) }
}

/// The faults without those on fields where the peer is known to be wrong.
fn unknown(message: &str, peer: Peer, faults: &Faults) -> Faults {
    let is_known = |field: &str| {
        let plain = field.split('[').next().unwrap_or_default();
        KNOWN.iter().any(|known| known.message == message && known.field == plain && known.peer == peer)
    };
    match faults {
        Ok(faults) => Ok(faults.iter().filter(|(field, _)| !is_known(field)).cloned().collect()),
        // The words differ.
        Err(_) => Err(String::new()),
    }
}

/// Gannet's verdict and protovalidate-buffa's.
fn both<M>(bytes: &[u8]) -> (Faults, Faults)
where
    M: buffa::Message + gannet::codegen::validate::Validate + protovalidate_buffa::Validate,
{
    let message = M::decode_from_slice(bytes).expect("buffa reads what prost writes");
    let ours = match gannet::codegen::validate::Validate::validate(&message) {
        Ok(()) => Ok(BTreeSet::new()),
        Err(error) => match error.evaluation_error() {
            Some(error) => Err(error.to_string()),
            None => Ok(error
                .violations()
                .iter()
                .map(|violation| (violation.field.to_string(), violation.rule_id.to_string()))
                .collect()),
        },
    };
    let theirs = match protovalidate_buffa::Validate::validate(&message) {
        Ok(()) => Ok(BTreeSet::new()),
        Err(error) => match error.runtime_error.or(error.compile_error) {
            Some(error) => Err(error),
            None => Ok(error
                .violations
                .iter()
                .map(|violation| (violation.field.to_string(), violation.rule_id.to_string()))
                .collect()),
        },
    };
    (ours, theirs)
}

fn by_reflection(message: &DynamicMessage) -> Faults {
    match VALIDATOR.validate(message) {
        Ok(()) => Ok(BTreeSet::new()),
        Err(prost_protovalidate::Error::Validation(error)) => Ok(error
            .violations()
            .iter()
            .map(|violation| (violation.field_path(), violation.rule_id().to_owned()))
            .collect()),
        Err(error) => Err(error.to_string()),
    }
}

/// Near the bounds of the rules, and at those of the types.
const INTEGERS: [i64; 18] = [0, 1, 2, 3, 4, 5, 6, 7, 9, -1, -3, -5, -6, -10, 100, 101, i64::MAX, i64::MIN];
const DOUBLES: [f64; 10] =
    [0.0, -0.0, 0.5, 1.0, -1.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE];
const TEXTS: [&str; 40] = [
    "",
    "a",
    "z",
    "zz",
    "zzz",
    "zzzzzz",
    "zz\n",
    "amz",
    "amqz",
    "Ä",
    "ÄÖÜ",
    "\u{663}",
    "a.1",
    "a-\u{663}",
    "a b",
    "ab:cd",
    "a@b.c",
    "a@b",
    "a@-b",
    "@b",
    "a..b@c",
    "example.com",
    "example.com.",
    "-a.b",
    "1.2.3.4",
    "1.2.3",
    "1.2.3.4/24",
    "1.2.3.0/24",
    "::1",
    "::",
    "fe80::1%eth0",
    "::/0",
    "1:2:3:4:5:6:7:8/64",
    "http://a",
    "http://[::1]:80/b?c#d",
    "a:80",
    "[::1]:80",
    "a:65536",
    "%zz",
    "01234567-89ab-cdef-0123-456789abcdef",
];

/// What is left of the choices; when there are none, always the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if self.below(3) == 0 || depth > 3 {
                continue;
            }
            let value = self.field(&field, depth);
            message.set_field(&field, value);
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        if field.is_map() {
            let entry = field.kind();
            let value = entry.as_message().expect("a map's entry").map_entry_value_field();
            let keys = ["", "a", "bb"];
            let length = self.below(4);
            let entries = (0..length).map(|_| {
                let key = MapKey::String(keys[self.below(keys.len())].to_owned());
                (key, self.value(&value.kind(), depth))
            });
            Value::Map(entries.collect())
        } else if field.is_list() {
            let length = self.below(5);
            Value::List((0..length).map(|_| self.value(&field.kind(), depth)).collect())
        } else {
            self.value(&field.kind(), depth)
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any value will do")]
    fn value(&mut self, kind: &Kind, depth: usize) -> Value {
        let integer = INTEGERS[self.below(INTEGERS.len())];
        match kind {
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(integer as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(integer),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(integer as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(integer as u64),
            Kind::Bool => Value::Bool(integer > 0),
            Kind::Float => Value::F32(DOUBLES[self.below(DOUBLES.len())] as f32),
            Kind::Double => Value::F64(DOUBLES[self.below(DOUBLES.len())]),
            Kind::Enum(_) => Value::EnumNumber(integer as i32),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => {
                let length = self.below(18);
                Value::Bytes((0..length).map(|_| self.byte()).collect::<Vec<u8>>().into())
            }
            Kind::Message(message) => Value::Message(self.message(message, depth + 1)),
        }
    }

    /// One of the texts, at times with a character changed.
    fn text(&mut self) -> String {
        let mut text: Vec<char> = TEXTS[self.below(TEXTS.len())].chars().collect();
        let position = self.byte();
        if position & 1 == 1 {
            let position = usize::from(position >> 1) % (text.len() + 1);
            let with = char::from(self.byte() & 0x7F);
            match text.get_mut(position) {
                Some(character) => *character = with,
                None => text.push(with),
            }
        }
        text.into_iter().collect()
    }
}
