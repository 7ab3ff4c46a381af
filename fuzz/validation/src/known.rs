//! Where a peer is known to be wrong: what it does, a value that shows it, and what the reference says of that.
//!
//! The reference is protovalidate-go v1.4.0, asked by the program that runs its conformance suite; protovalidate for Python
//! 1.2.0 agrees with it on all of these but one, as is said there. [`stale`] asks Gannet and the peers again.

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};

use crate::{Faults, POOL, Peer, verdicts};

/// A field on which a peer's verdict is known to differ.
pub(crate) struct Known {
    pub(crate) message: &'static str,
    /// Without subscripts.
    pub(crate) field: &'static str,
    pub(crate) peer: Peer,
    /// What the peer does.
    does: &'static str,
    /// A value of the field that shows it.
    value: Shown,
    /// The rules that it breaks, as the reference has it.
    reference: &'static [&'static str],
}

/// A value of a field.
enum Shown {
    Text(&'static str),
    Texts(&'static [&'static str]),
    Bytes(&'static [u8]),
    Double(f64),
}

const fn known(
    (message, field): (&'static str, &'static str),
    peer: Peer,
    does: &'static str,
    value: Shown,
    reference: &'static [&'static str],
) -> Known {
    Known { message, field, peer, does, value, reference }
}

use Peer::{ProstProtovalidate, ProtovalidateBuffa};
use Shown::{Bytes, Double, Text, Texts};

const WORD: (&str, &str) = ("fuzz.Texts", "word");
const IP: (&str, &str) = ("fuzz.Texts", "ip");
const IPV6: (&str, &str) = ("fuzz.Texts", "ipv6");
const HEADER: (&str, &str) = ("fuzz.Texts", "header");

pub(crate) const KNOWN: &[Known] = &[
    known(
        WORD,
        ProtovalidateBuffa,
        "\\w and \\d match more than ASCII, which RE2's do not",
        Text("a-\u{663}"),
        &["string.pattern"],
    ),
    known(
        WORD,
        ProstProtovalidate,
        "\\w and \\d match more than ASCII, which RE2's do not",
        Text("a-\u{663}"),
        &["string.pattern"],
    ),
    known(IP, ProtovalidateBuffa, "a zone's name may not have U+0000", Text("::1%\0"), &[]),
    known(IPV6, ProtovalidateBuffa, "a zone's name may not have U+0000", Text("::1%\0"), &[]),
    known(IP, ProstProtovalidate, "a zone's name may not have white space", Text("::1% "), &[]),
    known(IPV6, ProstProtovalidate, "a zone's name may not have white space", Text("::1% "), &[]),
    // `+-.` in the pattern of validate.proto is a range, which has the comma: so has it protovalidate for Python, and so
    // protovalidate-go with `WithDisableNativeRules`. Without, it has a pattern of its own for this rule, in which the dash is
    // a dash, and refuses the comma. Gannet keeps to validate.proto.
    known(HEADER, ProtovalidateBuffa, "the comma is refused", Text("a,b"), &[]),
    known(HEADER, ProstProtovalidate, "the comma is refused", Text("a,b"), &[]),
    known(
        ("fuzz.Texts", "address"),
        ProtovalidateBuffa,
        "no bytes are bytes.ip, not bytes.ip_empty",
        Bytes(b""),
        &["bytes.ip_empty"],
    ),
    known(
        ("fuzz.Texts", "uri_ref"),
        ProstProtovalidate,
        "no text is string.uri_ref_empty, a rule that there is not",
        Text(""),
        &[],
    ),
    known(
        ("fuzz.Numbers", "double"),
        ProstProtovalidate,
        "an infinite number is not compared with bounds",
        Double(f64::NEG_INFINITY),
        &["double.finite", "double.gte"],
    ),
    known(
        ("fuzz.Expressions", "text"),
        ProstProtovalidate,
        "size() of a string counts bytes, not characters",
        Text("\u{c4}\u{d6}\u{dc}"),
        &[],
    ),
    known(
        ("fuzz.Expressions", "names"),
        ProstProtovalidate,
        "size() of a string counts bytes, not characters",
        Texts(&["\u{c4}\u{d6}"]),
        &[],
    ),
];

/// What does not hold of the known differences: Gannet finds what the reference does, and the peer does not.
pub fn stale() -> Vec<String> {
    KNOWN.iter().filter_map(Known::stale).collect()
}

impl Known {
    fn stale(&self) -> Option<String> {
        let Self { message, field, peer, does, reference, .. } = self;
        let descriptor = POOL.get_message_by_name(message).expect("a message of fuzz.proto");
        let mut shown = DynamicMessage::new(descriptor);
        shown.set_field_by_name(field, self.value.to_value());
        let verdicts = verdicts(&shown, &shown.encode_to_vec());
        let others = match peer {
            ProtovalidateBuffa => verdicts.generated,
            ProstProtovalidate => verdicts.reflected,
        };
        let (gannet, others) = (self.rules(verdicts.gannet), self.rules(others));
        let place = format!("{message}.{field}, {peer:?} ({does})");
        let expected = Ok(reference.iter().map(|&rule| rule.to_owned()).collect());
        if gannet != expected {
            Some(format!("{place}: Gannet has {gannet:?}, the reference {reference:?}"))
        } else if gannet == others {
            Some(format!("{place}: no difference any more, {others:?}"))
        } else {
            None
        }
    }

    /// The rules that the field breaks.
    fn rules(&self, faults: Faults) -> Result<Vec<String>, String> {
        let faults = faults?.into_iter().filter(|(field, _)| field == self.field);
        Ok(faults.map(|(_, rule)| rule).collect())
    }
}

impl Shown {
    fn to_value(&self) -> Value {
        match *self {
            Text(text) => Value::String(text.to_owned()),
            Texts(texts) => Value::List(texts.iter().map(|text| Value::String((*text).to_owned())).collect()),
            Bytes(bytes) => Value::Bytes(bytes.into()),
            Double(number) => Value::F64(number),
        }
    }
}
