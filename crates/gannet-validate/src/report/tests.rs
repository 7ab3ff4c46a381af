//! What a report collects, and where it ends.

use super::*;
use crate::{Validated, violation::FieldType};

const STRING: FieldType = 9;
const MESSAGE: FieldType = 11;

static FIELD: [PathElement; 1] = [PathElement::new(1, "name", STRING)];
static RULE: Rule = Rule { field: &FIELD, path: &[], id: "a.b", message: "must not be" };
static ENTRIES: Step = Step(PathElement::new(2, "entries", MESSAGE).of_map(STRING, MESSAGE));

/// Breaks so many rules.
struct Leaf(usize);

impl Validate for Leaf {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        (0..self.0).try_for_each(|_| report.add(&RULE))
    }
}

/// Leaves under keys.
struct Map(Vec<(String, Leaf)>);

impl Validate for Map {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        self.0.iter().try_for_each(|(key, leaf)| {
            report.nested_at(leaf, &ENTRIES, || Subscript::String(Cow::Owned(key.clone())))
        })
    }
}

#[test]
fn violations_of_what_a_message_holds_have_the_way_there() {
    let map = Map(vec![("a".to_owned(), Leaf(1)), ("b \"c\"".to_owned(), Leaf(1))]);
    let error = map.validate().unwrap_err();
    let expected = "validation errors:\n - entries[\"a\"].name: must not be\n - entries[\"b \\\"c\\\"\"].name: must not be";
    assert_eq!(error.to_string(), expected);
}

/// A list of maps.
struct List(Vec<Map>);

impl Validate for List {
    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        static MAPS: Step = Step(PathElement::new(4, "maps", MESSAGE));
        (0..).zip(&self.0).try_for_each(|(index, map)| {
            report.nested_at(map, &MAPS, || Subscript::Index(index))?;
            report.add_at(&RULE, Subscript::Index(index), None, false)
        })
    }
}

#[test]
fn the_way_to_a_violation_is_told_from_the_outside_in_however_deep_it_is() {
    static LISTS: Step = Step(PathElement::new(5, "list", MESSAGE));
    struct Outer(List);

    impl Validate for Outer {
        fn check(&self, report: &mut Report) -> Result<(), Stop> {
            report.nested(&self.0, &LISTS)?;
            report.add(&RULE)
        }
    }

    let map = |key: &str| Map(vec![(key.to_owned(), Leaf(1))]);
    let error = Outer(List(vec![Map(vec![]), map("k")])).validate().unwrap_err();
    let fields: Vec<String> =
        error.violations().iter().map(|violation| violation.field.to_string()).collect();
    assert_eq!(fields, ["list.name[0]", "list.maps[1].entries[\"k\"].name", "list.name[1]", "name"]);
    assert_eq!(error.violations()[1].rule, error.violations()[3].rule);
}

#[test]
fn a_violation_of_one_message_takes_no_more_than_the_list_of_violations() {
    let error = Leaf(1).validate().unwrap_err();
    let [violation] = error.violations() else { panic!("not one: {error}") };
    assert!(matches!(violation.field.elements, Cow::Borrowed(_)));
    assert!(matches!(violation.message, Cow::Borrowed(_)));
    assert!(size_of::<ValidationError>() <= size_of::<Vec<Violation>>());
}

#[test]
fn no_more_is_collected_than_is_wanted() {
    let found = |settings: &Settings| match Leaf(200).validate_with(settings) {
        Ok(()) => 0,
        Err(error) => error.violations().len(),
    };
    assert_eq!(found(&Settings::new()), 100);
    assert_eq!(found(&Settings::new().limit(150)), 150);
    assert_eq!(found(&Settings::new().limit(0)), 1);
    assert_eq!(found(&Settings::new().fail_fast()), 1);
}

#[test]
fn long_keys_are_not_copied_without_end() {
    let held = |map: Map| {
        let error = map.validate_with(&Settings::new().limit(1000)).unwrap_err();
        error.violations().iter().map(Violation::variable_length).sum::<usize>()
    };
    let key = |length| "k".repeat(length);
    assert!(held(Map(vec![(key(300_000), Leaf(1000))])) <= ROOM_FOR_KEYS + 20_000);
    assert!(held(Map((0..1000).map(|_| (key(10_000), Leaf(1))).collect())) <= ROOM_FOR_KEYS + 20_000);
    // A key that alone is too long has its first violation all the same.
    let error = Map(vec![(key(2 << 20), Leaf(5))]).validate().unwrap_err();
    assert_eq!(error.violations().len(), 1);
    // Short ones do not come near it.
    assert_eq!(Map(vec![(key(100), Leaf(100))]).validate().unwrap_err().violations().len(), 100);
}

#[test]
fn the_proof_of_validation_is_given_for_valid_messages_alone() {
    assert_eq!(Validated::new(Leaf(0)).unwrap().into_inner().0, 0);
    let invalid = Validated::new(Leaf(2)).map(|_| ()).unwrap_err();
    assert_eq!((invalid.message.0, invalid.error.violations().len()), (2, 2));
}
