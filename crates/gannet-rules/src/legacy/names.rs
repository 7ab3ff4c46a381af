//! What Go calls fields and types: the names in the texts of go-proto-validators.

/// Names that methods of generated Go structs have; a field of such a name gets an underscore.
const METHODS: [&str; 14] = [
    "Reset",
    "String",
    "ProtoMessage",
    "Marshal",
    "Unmarshal",
    "ExtensionRangeArray",
    "ExtensionMap",
    "Descriptor",
    "MarshalTo",
    "Equal",
    "VerboseEqual",
    "GoString",
    "ProtoSize",
    "Size",
];

/// A field's name in Go.
pub(crate) fn field(name: &str) -> String {
    let mut name = camel_case(name);
    if METHODS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// A name in Go's camel case: each word and what follows an underscore gets a capital, if it is a letter; an underscore before
/// anything else stays.
pub fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    if letters.next_if_eq(&'_').is_some() {
        out.push('X');
    }
    while let Some(letter) = letters.next() {
        let is_joint = letter == '_' && letters.peek().is_some_and(char::is_ascii_lowercase);
        if is_joint {
            continue;
        }
        out.push(letter.to_ascii_uppercase());
        if letter.is_ascii_digit() {
            continue;
        }
        while let Some(lower) = letters.next_if(char::is_ascii_lowercase) {
            out.push(lower);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_go() {
        let names = [
            ("some_string", "SomeString"),
            ("someString2", "SomeString2"),
            ("_leading", "XLeading"),
            ("__two", "XTwo"),
            ("_2", "X2"),
            ("trailing_", "Trailing_"),
            ("with_2_digits", "With_2Digits"),
            ("with2digits", "With2Digits"),
            ("UPPER_CASE", "UPPER_CASE"),
            ("double__underscore", "Double_Underscore"),
            ("a_b_C_dE", "AB_CDE"),
        ];
        for (proto, go) in names {
            assert_eq!(field(proto), go, "{proto}");
        }
        assert_eq!((field("reset"), field("size")), ("Reset_".into(), "Size_".into()));
        assert_eq!(camel_case("reset"), "Reset");
    }
}
