//! Tests of expressions over messages. What cel-go says of the same is compared by the conformance suite `cel`, over the
//! same contract.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use buffa_descriptor::DescriptorPool;
use buffa_descriptor::reflect::{DynamicMessage, MapKey, MapValue, ReflectMessageMut as _, Value as Stored};
use gannet_cel::{Duration, Timestamp, Value};
use proptest::prelude::*;

use crate::{Expression, Types, Variables};

const EVERYTHING: &str = "gannet.conformance.cel.Everything";

static POOL: LazyLock<Arc<DescriptorPool>> = LazyLock::new(|| {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/programs/examples/cel/proto");
    let mut compiler = protox::Compiler::new([protos]).unwrap();
    compiler.include_imports(true).open_files(["everything.proto", "defaults.proto"]).unwrap();
    Arc::new(DescriptorPool::decode(&compiler.encode_file_descriptor_set()).unwrap())
});

static TYPES: LazyLock<Types> = LazyLock::new(|| Types::new(Arc::clone(&POOL)));

fn new(type_name: &str) -> DynamicMessage {
    DynamicMessage::new_by_name(Arc::clone(&POOL), type_name).unwrap()
}

fn set(message: &mut DynamicMessage, number: u32, value: Stored) {
    let field = POOL.message(message.message_index()).field(number).unwrap();
    message.try_set(field, value).unwrap();
}

fn evaluate_on(this: &Value, source: &str) -> Result<Value, String> {
    let variables = Variables { this: Some(this), ..Variables::default() };
    let expression = Expression::parse(source, &TYPES).map_err(|error| error.to_string())?;
    expression.evaluate(&variables).map_err(|error| error.to_string())
}

fn evaluate(source: &str) -> Result<Value, String> {
    evaluate_on(&TYPES.value(&new(EVERYTHING)), source)
}

#[track_caller]
fn holds(source: &str) {
    assert_eq!(evaluate(source), Ok(Value::Bool(true)), "{source}");
}

#[track_caller]
fn fails(source: &str, words: &str) {
    assert_eq!(
        evaluate(source).map_err(|error| error.contains(words)),
        Err(true),
        "{source}: {:?}",
        evaluate(source)
    );
}

#[test]
fn absent_fields_have_the_defaults_of_their_types() {
    for source in [
        "this.an_int32 == 0 && this.a_string == '' && this.numbers == [] && this.string_map == {}",
        "this.int32_wrapper == null && this.any == null && this.value == null && this.struct == {}",
        "this.timestamp == timestamp(0) && this.duration == duration('0s') && this.inner.inner.name == ''",
        "gannet.conformance.cel.Defaults{}.number == -42 && gannet.conformance.cel.Defaults{}.low == -3",
        "gannet.conformance.cel.Defaults{}.bytes == b'\\001\\377a\\\\'",
        "!has(this.an_int32) && !has(this.inner.inner) && !has(gannet.conformance.cel.Defaults{}.number)",
    ] {
        holds(source);
    }
}

#[test]
fn messages_that_are_made_are_read_as_they_are_sent() {
    for source in [
        "gannet.conformance.cel.Everything{an_int32: 7, inner: null}.an_int32 == 7",
        "gannet.conformance.cel.Everything{value: {'a': [1, null, 'x']}}.value.a[2] == 'x'",
        "gannet.conformance.cel.Everything{any: gannet.conformance.cel.Everything.Inner{name: 'a'}}.any.name == 'a'",
        "gannet.conformance.cel.Everything{any: [1, 'a']}.any == [1.0, 'a']",
        "gannet.conformance.cel.Everything{int32_wrapper: 5}.int32_wrapper + 1 == 6",
        "google.protobuf.Duration{seconds: 1} == duration('1s')",
        "gannet.conformance.cel.Everything{value: 9007199254740993}.value == '9007199254740993'",
        "gannet.conformance.cel.Everything{value: b'ab'}.value == 'YWI='",
    ] {
        holds(source);
    }
    fails("gannet.conformance.cel.Everything{an_int32: 2147483648}", "integer overflow");
    fails("gannet.conformance.cel.Everything{nothing: 1}", "no such field");
    fails("gannet.conformance.cel.Nothing{}", "unknown type");
    fails("gannet.conformance.cel.Everything{an_int32: 'a'}", "type conversion");
}

#[test]
fn a_name_is_that_of_a_variable_an_enums_value_or_a_type() {
    holds("gannet.conformance.cel.Everything.Colour.GREEN == 2");
    holds("type(this) == gannet.conformance.cel.Everything");
    holds("[1].map(this, this + 1) == [2]");
    holds("[[1], [2]].map(a, a.map(b, a[0] + b)) == [[2], [4]]");
    holds(r#"strings.quote('a') == '"a"'"#);
    fails("nothing", "undeclared reference to 'nothing'");
    fails("rule", "undeclared reference to 'rule'");
    assert!(evaluate("this.aString").is_err(), "the name of a field in JSON is none in CEL");
}

#[test]
fn what_protovalidate_does_not_have_is_refused_when_it_is_parsed() {
    for (source, words) in [
        ("[1].all(i, v, v > 0)", "two variables"),
        ("this.nothing()", "undeclared reference to 'nothing'"),
        ("1 +", "no CEL expression"),
        ("has(1)", "invalid argument to has()"),
        ("[1].all(1, true)", "must be a name"),
    ] {
        fails(source, words);
    }
}

#[test]
fn an_any_of_an_unknown_type_fails_where_it_is_looked_at() {
    let mut any = new("google.protobuf.Any");
    set(&mut any, 1, Stored::String("type.googleapis.com/unknown.Type".to_owned()));
    let mut message = new(EVERYTHING);
    set(&mut message, 23, Stored::Message(any.clone()));
    set(&mut message, 44, Stored::List(vec![Stored::Message(any)]));
    let this = TYPES.value(&message);
    let ask = |source: &str| evaluate_on(&this, source);
    assert!(ask("this.any").unwrap_err().contains("unknown type: 'unknown.Type'"));
    assert_eq!(ask("has(this.any) && this.anys.size() == 1"), Ok(Value::Bool(true)));
    assert!(ask("this.anys[0] == 1").is_err() && ask("this.anys.all(a, a == 1)").is_err());
    assert_eq!(ask("this.any == 1 || true"), Ok(Value::Bool(true)));
    assert_eq!(ask("this == this"), Ok(Value::Bool(true)));
}

#[test]
fn an_any_in_an_any_is_unpacked_only_so_often() {
    let nested = |depth: usize| {
        let mut any = new("google.protobuf.Any");
        set(&mut any, 1, Stored::String("type.googleapis.com/google.protobuf.Duration".to_owned()));
        for _ in 0..depth {
            let inner = any.encode_to_vec();
            set(&mut any, 1, Stored::String("x/google.protobuf.Any".to_owned()));
            set(&mut any, 2, Stored::Bytes(inner));
        }
        let mut message = new(EVERYTHING);
        set(&mut message, 23, Stored::Message(any));
        TYPES.value(&message)
    };
    assert_eq!(evaluate_on(&nested(50), "this.any"), Ok(Value::Duration(Duration::from_nanos(0))));
    assert!(evaluate_on(&nested(500), "this.any").unwrap_err().contains("too often"));
    assert_eq!(evaluate_on(&nested(500), "this == this"), Ok(Value::Bool(true)));
}

#[test]
fn a_json_value_is_read_only_so_deep() {
    let nested = |depth: usize| {
        let mut value = new("google.protobuf.Value");
        set(&mut value, 4, Stored::Bool(true));
        for _ in 0..depth {
            let mut list = new("google.protobuf.ListValue");
            set(&mut list, 1, Stored::List(vec![Stored::Message(value)]));
            value = new("google.protobuf.Value");
            set(&mut value, 6, Stored::Message(list));
        }
        let mut message = new(EVERYTHING);
        set(&mut message, 25, Stored::Message(value));
        TYPES.value(&message)
    };
    assert_eq!(evaluate_on(&nested(40), "this.value.size()"), Ok(Value::Int(1)));
    assert!(evaluate_on(&nested(300), "this.value").unwrap_err().contains("nested too deeply"));
}

#[test]
fn a_field_and_the_time_are_given_to_expressions() {
    let message = new("gannet.conformance.cel.Defaults");
    let field = POOL.message(message.message_index()).field_by_name("number").unwrap();
    assert_eq!(TYPES.field(&message, field), Value::Int(-42));
    let source = "now == timestamp(5) && rule == 1 && rules == 2";
    let expression = Expression::parse_of_rule(source, &TYPES, &Value::Int(2), &Value::Int(1)).unwrap();
    let variables = Variables { this: None, now: Some(Timestamp::from_parts(5, 0)) };
    assert_eq!(expression.evaluate(&variables), Ok(Value::Bool(true)));
    let now = Expression::parse("now == now && now > timestamp('2020-01-01T00:00:00Z')", &TYPES).unwrap();
    assert_eq!(now.evaluate(&Variables::default()), Ok(Value::Bool(true)));
}

#[test]
fn rules_and_rule_are_names_like_others_where_no_rule_is() {
    assert_eq!(evaluate("rules.Color.RED"), Err("undeclared reference to 'rules.Color.RED'".to_owned()));
    assert_eq!(evaluate("rule.Kind{}"), Err("unknown type 'rule.Kind'".to_owned()));
    let of_rule = Expression::parse_of_rule("rule.RED", &TYPES, &Value::Null, &Value::Int(1)).unwrap();
    assert_eq!(of_rule.evaluate(&Variables::default()).unwrap_err().to_string(), "no such key: RED");
}

proptest! {
    #[test]
    fn no_bytes_of_a_peer_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(this) = TYPES.message(EVERYTHING, &bytes) {
            for source in [
                "this == this && this.inner.inner.name == ''",
                "this.any == this.value",
                "this.values.all(v, v == this.struct) && this.anys.exists(a, has(a.b))",
                "this.timestamp + this.duration > this.timestamps[0]",
                "gannet.conformance.cel.Everything{any: this, value: this.value, struct: this.struct}",
                "'%s'.format([this.value]) + string(this.timestamp) + string(this.duration)",
            ] {
                let _ = evaluate_on(&this, source);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(source in "[a-c0-9.(){}\\[\\]'+,:?&|!<= -]{0,40}") {
        if let Ok(expression) = Expression::parse(&source, &TYPES) {
            let _ = expression.evaluate(&Variables::default());
        }
    }
}

#[test]
fn patterns_that_are_no_literals_are_what_they_are_each_time() {
    holds("['a', 'b', 'a', 'b$'].map(pattern, 'b'.matches(pattern)) == [false, true, false, true]");
    fails("['(', 'b'].all(pattern, 'b'.matches(pattern))", "error parsing regexp");
    fails("['b', '('].all(pattern, 'b'.matches(pattern))", "error parsing regexp");
    fails("dyn(1).matches('b' + 'c')", "no such overload");
}

#[test]
fn what_is_kept_is_that_of_the_item() {
    holds("[[1, 2], [3]].map(a, a.map(b, a.map(c, c + b).size() * a[0] + size('x' + 'y'))) == [[4, 4], [5]]");
    holds("[1, 2].all(a, [3, 4].map(b, [a].map(c, c)[0] * b) == [3 * a, 4 * a])");
    holds("[1, 0, 2].map(a, a != 0, [1, 2].map(b, b / a + [a][0])) == [[2, 3], [2, 3]]");
    holds("[1, 2].exists(a, a == 2 || [1].all(b, 1 / (a - 1) == b))");
    fails("[1, 2].all(a, [1].all(b, 1 / int('0') == a))", "division by zero");
}

#[test]
fn a_map_of_any_size_is_looked_up_for_each_of_as_many_items() {
    let size = 20_000;
    let mut message = new("google.protobuf.Struct");
    let entries = (0..size).map(|at| {
        let mut value = new("google.protobuf.Value");
        set(&mut value, 2, Stored::F64(f64::from(at)));
        (MapKey::String(at.to_string()), Stored::Message(value))
    });
    set(&mut message, 1, Stored::Map(MapValue::from_entries(entries.collect())));
    let mut everything = new(EVERYTHING);
    let number = POOL.message(everything.message_index()).field_by_name("struct").unwrap().number();
    set(&mut everything, number, Stored::Message(message));
    // Were the map made anew, or gone through, for each of its keys, this would take minutes.
    let source = "this.struct.all(key, this.struct[key] == double(key)) && this.struct == this.struct";
    assert_eq!(evaluate_on(&TYPES.value(&everything), source), Ok(Value::Bool(true)));
}

#[test]
fn what_is_packed_is_compared_within_bounds_however_deep_it_is() {
    let packed = |name: &str, depth: usize| {
        let mut any = new("google.protobuf.Any");
        let mut bottom = new(EVERYTHING);
        set(&mut bottom, number_of("a_string"), Stored::String(name.to_owned()));
        for level in 0..=depth {
            let inner = if level == 0 { bottom.clone() } else { holding(any.clone()) };
            set(&mut any, 1, Stored::String(format!("x/{EVERYTHING}")));
            set(&mut any, 2, Stored::Bytes(inner.encode_to_vec()));
        }
        any
    };
    let compared = |left: DynamicMessage, right: DynamicMessage| {
        let mut message = new(EVERYTHING);
        set(&mut message, 44, Stored::List(vec![Stored::Message(left), Stored::Message(right)]));
        evaluate_on(&TYPES.value(&message), "this.anys[0] == this.anys[1]").unwrap()
    };
    for depth in [0, 5, 300] {
        assert_eq!(compared(packed("a", depth), packed("a", depth)), Value::Bool(true));
        assert_eq!(compared(packed("a", depth), packed("b", depth)), Value::Bool(false));
    }
}

fn number_of(field: &str) -> u32 {
    POOL.message_by_name(EVERYTHING).unwrap().field_by_name(field).unwrap().number()
}

fn holding(any: DynamicMessage) -> DynamicMessage {
    let mut message = new(EVERYTHING);
    set(&mut message, 23, Stored::Message(any));
    message
}
