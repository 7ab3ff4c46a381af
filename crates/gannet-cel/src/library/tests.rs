//! Tests of the choice of functions by the types of values.

use super::*;

fn call(name: &str, is_method: bool, arguments: &[Value]) -> Result<Value, String> {
    let arguments: Vec<&Value> = arguments.iter().collect();
    let function = Function::find(name, is_method, arguments.len()).ok_or("no such function")?;
    function.call(&arguments).map_err(|error| error.to_string())
}

#[test]
fn operators_are_chosen_by_the_types_of_their_operands() {
    assert_eq!(call("_+_", false, &[Value::Int(1), Value::Int(2)]), Ok(Value::Int(3)));
    assert_eq!(call("_+_", false, &[Value::from("a"), Value::from("b")]), Ok(Value::from("ab")));
    assert_eq!(call("_+_", false, &[Value::Int(1), Value::Uint(2)]), Err("no such overload".to_owned()));
    assert_eq!(call("_/_", false, &[Value::Int(1), Value::Int(0)]), Err("division by zero".to_owned()));
    assert_eq!(call("_<_", false, &[Value::Int(1), Value::Double(1.5)]), Ok(Value::Bool(true)));
}

#[test]
fn a_function_is_found_only_as_it_is_called() {
    assert!(Function::find("size", true, 1).is_some() && Function::find("size", false, 1).is_some());
    assert!(Function::find("contains", false, 2).is_none() && Function::find("int", true, 1).is_none());
    assert!(Function::find("indexOf", true, 4).is_none() && Function::find("indexOf", true, 3).is_some());
}

#[test]
fn a_list_is_indexed_by_any_whole_number_and_a_map_by_an_equal_key() {
    let list = Value::from_iter(["a", "b"]);
    assert_eq!(call("_[_]", false, &[list.clone(), Value::Double(1.0)]), Ok(Value::from("b")));
    assert!(call("_[_]", false, &[list.clone(), Value::Double(0.5)]).is_err());
    assert!(call("_[_]", false, &[list, Value::Uint(u64::MAX)]).is_err());
    let map = Value::Map(vec![(Value::Int(1), Value::from("a"))].into());
    assert_eq!(call("_[_]", false, &[map.clone(), Value::Uint(1)]), Ok(Value::from("a")));
    assert_eq!(call("_[_]", false, &[map, Value::Int(2)]), Err("no such key: 2".to_owned()));
}

#[test]
fn items_are_unique_by_their_type() {
    let unique = |items: Vec<Value>| call("unique", true, &[Value::List(items)]);
    assert_eq!(unique(vec![]), Ok(Value::Bool(true)));
    assert_eq!(unique(vec![Value::from("a"), Value::from("a")]), Ok(Value::Bool(false)));
    assert_eq!(unique(vec![Value::Double(f64::NAN), Value::Double(f64::NAN)]), Ok(Value::Bool(true)));
    assert!(unique(vec![Value::Null]).is_err());
}
