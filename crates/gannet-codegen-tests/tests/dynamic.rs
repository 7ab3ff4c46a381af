//! Generated validators, and those that read the rules from descriptors, must say the same of random messages.

use std::sync::Arc;

use buffa_descriptor::reflect::{DynamicMessage, MapKey, MapValue, ReflectMessageMut as _, Value};
use buffa_descriptor::{
    DescriptorPool, FieldKind, MessageDescriptor, MessageIndex, ScalarType, SingularKind,
};
use gannet::codegen::buffa::Message;
use gannet::validate::{Settings, Validate, ValidationError};
use gannet_codegen_tests::buffa_tree::validated::{edges, expressions};
use gannet_codegen_tests::interpreted::interpreted::envelopes;
use gannet_validate_dynamic::Validator;

/// How many messages of each type are compared.
const ROUNDS: u64 = 400;

/// What is said of a message: its violations in some order, as items of maps have none, or the whole text.
fn verdict(result: Result<(), ValidationError>) -> Vec<String> {
    let Err(error) = result else { return Vec::new() };
    if error.violations().is_empty() {
        return vec![error.to_string()];
    }
    let mut violations: Vec<String> =
        error.violations().iter().map(|violation| format!("{violation:?}")).collect();
    violations.sort();
    violations
}

/// Messages without rules have no validator.
struct Checked<'a, M>(&'a M);

impl<M: Validate> Checked<'_, M> {
    fn verdict(&self) -> Vec<String> {
        verdict(self.0.validate())
    }
}

/// What [`Checked`] has where a message has no validator.
trait Unchecked {
    fn verdict(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<M> Unchecked for Checked<'_, M> {}

macro_rules! generated {
    ($($name:literal => $message:path,)*) => {
        const NAMES: &[&str] = &[$($name),*];

        fn generated(name: &str, bytes: &[u8]) -> Vec<String> {
            #[allow(unused_imports, reason = "only messages without a validator need it")]
            use Unchecked as _;
            match name {
                $($name => {
                    let message = <$message>::decode_from_slice(bytes).expect("what was encoded");
                    Checked(&message).verdict()
                })*
                _ => panic!("no message {name}"),
            }
        }
    };
}

generated! {
    "interpreted.envelopes.Envelope" => envelopes::Envelope,
    "interpreted.envelopes.Parts" => envelopes::Parts,
    "interpreted.envelopes.Scalars" => envelopes::Scalars,
    "interpreted.envelopes.Section" => envelopes::Section,
    "validated.edges.Frame" => edges::Frame,
    "validated.edges.Host" => edges::Host,
    "validated.edges.Opening" => edges::Opening,
    "validated.expressions.Absent" => expressions::Absent,
    "validated.expressions.Collections" => expressions::Collections,
    "validated.expressions.Inner" => expressions::Inner,
    "validated.expressions.Numbers" => expressions::Numbers,
    "validated.expressions.Oneofs" => expressions::Oneofs,
    "validated.expressions.Texts" => expressions::Texts,
    "validated.expressions.Times" => expressions::Times,
    "validated.expressions.Words" => expressions::Words,
    "validated.expressions.Wrappers" => expressions::Wrappers,
}

/// Numbers that look random, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        let index = self.next() % u64::try_from(among.len()).expect("a short list");
        among[usize::try_from(index).expect("a short list")].clone()
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.next().is_multiple_of(number)
    }

    fn scalar(&mut self, scalar: ScalarType) -> Value {
        const TEXTS: [&str; 22] = [
            "",
            "a",
            "b",
            "A, b",
            "a,b",
            "axe",
            "abc",
            "zzz",
            "ä",
            "2",
            "2x",
            "x@y.org",
            "^b",
            "2024-01-01T00:00:00Z",
            "color",
            "red",
            "title",
            "draft",
            "first",
            "low",
            "high",
            "type.googleapis.com/interpreted.envelopes.Point",
        ];
        const SMALL: [i32; 10] = [0, 1, 2, 3, 5, 60, -1, -7, i32::MAX, i32::MIN];
        let small = self.pick(&SMALL);
        match scalar {
            ScalarType::Double => {
                Value::F64(self.pick(&[0.0, -0.0, 1.0, 2.5, -1.0, f64::NAN, f64::INFINITY]))
            }
            ScalarType::Float => Value::F32(self.pick(&[0.0, -0.0, 1.0, 2.5, -1.0, f32::NAN, f32::INFINITY])),
            ScalarType::Int64 | ScalarType::Sfixed64 | ScalarType::Sint64 => {
                Value::I64(self.pick(&[i64::from(small), i64::MAX, i64::MIN]))
            }
            ScalarType::Uint64 | ScalarType::Fixed64 => {
                Value::U64(self.pick(&[u64::from(small.unsigned_abs()), u64::MAX]))
            }
            ScalarType::Int32 | ScalarType::Sfixed32 | ScalarType::Sint32 => Value::I32(small),
            ScalarType::Uint32 | ScalarType::Fixed32 => {
                Value::U32(self.pick(&[small.unsigned_abs(), u32::MAX]))
            }
            ScalarType::Bool => Value::Bool(self.one_in(2)),
            ScalarType::String => Value::String(self.pick(&TEXTS).to_owned()),
            ScalarType::Bytes => Value::Bytes(self.pick(&TEXTS).as_bytes().to_vec()),
        }
    }

    fn value(&mut self, pool: &Arc<DescriptorPool>, kind: SingularKind, depth: u32) -> Value {
        match kind {
            SingularKind::Scalar(scalar) => self.scalar(scalar),
            SingularKind::Enum(_) => Value::EnumNumber(self.pick(&[0, 1, 2, 7])),
            SingularKind::Message(index) => Value::Message(self.message(pool, index, depth + 1)),
        }
    }

    fn key(&mut self, key: ScalarType) -> MapKey {
        match self.scalar(key) {
            Value::Bool(key) => MapKey::Bool(key),
            Value::I32(key) => MapKey::I32(key),
            Value::I64(key) => MapKey::I64(key),
            Value::U32(key) => MapKey::U32(key),
            Value::U64(key) => MapKey::U64(key),
            Value::String(key) => MapKey::String(key),
            other => panic!("{other:?} is no key"),
        }
    }

    fn message(&mut self, pool: &Arc<DescriptorPool>, index: MessageIndex, depth: u32) -> DynamicMessage {
        let mut message = DynamicMessage::new(Arc::clone(pool), index);
        let descriptor = pool.message(index);
        let is_time =
            ["google.protobuf.Timestamp", "google.protobuf.Duration"].contains(&descriptor.full_name());
        for field in descriptor.fields() {
            if depth > 3 || self.one_in(3) {
                continue;
            }
            let value = match field.kind() {
                // Beyond these there is no time.
                FieldKind::Singular(SingularKind::Scalar(ScalarType::Int64)) if is_time => {
                    Value::I64(self.pick(&[0, 1, 59, 86_400, 1_704_067_200]))
                }
                FieldKind::Singular(SingularKind::Scalar(ScalarType::Int32)) if is_time => {
                    Value::I32(self.pick(&[0, 1, 999_999_999]))
                }
                FieldKind::Singular(kind) => self.value(pool, kind, depth),
                FieldKind::List(kind) => {
                    let length = self.next() % 4;
                    Value::List((0..length).map(|_| self.value(pool, kind, depth)).collect())
                }
                FieldKind::Map { key, value } => {
                    let length = self.next() % 3;
                    let entries = (0..length).map(|_| (self.key(key), self.value(pool, value, depth)));
                    Value::Map(entries.collect::<MapValue>())
                }
            };
            message.set(field, value);
        }
        message
    }
}

fn validator() -> Validator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let config = gannet_build::Config::new()
        .include(folder)
        .files([format!("{folder}/validated"), format!("{folder}/interpreted")]);
    Validator::decode(&config.descriptors().expect("contracts")).expect("rules")
}

#[test]
fn random_messages_are_judged_alike_with_generated_code_and_without() {
    let validator = validator();
    let pool = validator.pool();
    let (mut random, mut refused) = (Random(0x9E37_79B9_7F4A_7C15), 0);
    for name in NAMES {
        let index = pool.message_index(name).expect("a message of the contracts");
        for _ in 0..ROUNDS {
            let bytes = random.message(pool, index, 0).encode_to_vec();
            let message = DynamicMessage::decode(Arc::clone(pool), index, &bytes).expect("what was encoded");
            let dynamic = verdict(validator.validate(&message));
            assert_eq!(dynamic, generated(name, &bytes), "{name}: {bytes:02x?}");
            refused += usize::from(!dynamic.is_empty());
        }
    }
    assert!(refused > 500, "only {refused} messages broke rules");
}

#[test]
fn no_message_of_the_contracts_is_left_out() {
    let validator = validator();
    let all = validator.pool().messages().iter().map(MessageDescriptor::full_name);
    let is_ours = |name: &str| name.starts_with("validated.") || name.starts_with("interpreted.");
    let with_rules = all.filter(|name| is_ours(name) && validator.has_rules(name));
    let missing: Vec<&str> = with_rules.filter(|name| !NAMES.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} are not compared");
}

#[test]
fn what_is_nested_is_looked_into_as_often_with_generated_code_and_without() {
    let validator = validator();
    let pool = validator.pool();
    let index = pool.message_index("interpreted.envelopes.Section").expect("a message of the contracts");
    let section = (0..10).fold(envelopes::Section::default(), |inner, _| envelopes::Section {
        text: "x".repeat(100),
        sections: vec![inner],
        ..envelopes::Section::default()
    });
    let bytes = section.encode_to_vec();
    let message = DynamicMessage::decode(Arc::clone(pool), index, &bytes).expect("what was encoded");
    let mut was_enough = 0;
    for limit in (0..10 * bytes.len()).step_by(10) {
        let settings = Settings::new().interpret_at_most(limit);
        let dynamic = verdict(validator.validate_with(&message, &settings));
        assert_eq!(dynamic, verdict(section.validate_with(&settings)), "up to {limit} bytes");
        was_enough += usize::from(!dynamic.concat().contains("`interpreted_limit`"));
    }
    assert!(was_enough > 100, "only {was_enough}");
}
