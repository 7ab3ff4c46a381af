//! The `.proto` files that come with Gannet: those that define the options of validation rules.
//!
//! Data only, and the choice of what is served beside files of the user's own. Finding and parsing files is `gannet-build`'s;
//! `protoc-gen-gannet --protos` writes them to disk. The well-known types come with the parsers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use buffa_descriptor::generated::descriptor::FileDescriptorProto;

/// The import paths of `validator.proto` of go-proto-validators. The first is its own; people use the others too.
pub const VALIDATOR: [&str; 4] = [
    "github.com/mwitkow/go-proto-validators/validator.proto",
    "mwitkow/go-proto-validators/validator.proto",
    "go-proto-validators/validator.proto",
    "validator.proto",
];

/// The import path of `validate.proto` of protovalidate.
pub const VALIDATE: &str = "buf/validate/validate.proto";

const VALIDATOR_TEXT: &str = include_str!("../proto/github.com/mwitkow/go-proto-validators/validator.proto");
const VALIDATE_TEXT: &str = include_str!("../proto/buf/validate/validate.proto");

/// `extend google.protobuf.FieldOptions`, by package: `(validator.field)` and `(buf.validate.field)`.
const FIELD_OPTIONS: [(&str, i32); 2] = [("validator", 65020), ("buf.validate", 1159)];

/// The files to serve beside those of the user, by import path.
///
/// `own` gives the text of the user's file of a name, if there is one: such a file wins. All paths of `validator.proto` lead to
/// one file, by files that do nothing but import it publicly, so that its symbols are defined once whatever path is imported.
/// A path that leads to some other file of the user's is left to that.
///
/// ```
/// let files = gannet_codegen::bundled::beside(|_| None);
/// assert!(files["buf/validate/validate.proto"].contains("package buf.validate;"));
/// assert!(files["validator.proto"].contains("import public"));
/// ```
pub fn beside(own: impl Fn(&str) -> Option<String>) -> BTreeMap<&'static str, Cow<'static, str>> {
    let mut files = BTreeMap::new();
    if own(VALIDATE).is_none() {
        files.insert(VALIDATE, Cow::Borrowed(VALIDATE_TEXT));
    }
    let found = VALIDATOR.map(|name| own(name).map(|text| is_validator(&text)));
    let home = VALIDATOR.into_iter().zip(found).find(|(_, own)| *own == Some(true));
    let home = home.map_or(VALIDATOR[0], |(name, _)| name);
    for (name, own) in VALIDATOR.into_iter().zip(found) {
        match own {
            Some(false) => {}
            None if name == home => {
                files.insert(name, Cow::Borrowed(VALIDATOR_TEXT));
            }
            Some(true) if name == home => {}
            None | Some(true) => {
                let forward = format!("syntax = \"proto2\";\n\nimport public \"{home}\";\n");
                files.insert(name, Cow::Owned(forward));
            }
        }
    }
    files
}

/// Whether a `.proto` file is a copy of go-proto-validators' own, rather than any file of the user's called `validator.proto`.
fn is_validator(text: &str) -> bool {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
    let code = words.join(" ");
    (code.contains("package validator;") || code.contains("package validator ;")) && code.contains("65020")
}

/// Whether a file is there for the options that it defines: its messages are what options hold, and nobody sends them.
pub(crate) fn is_options_file(file: &FileDescriptorProto) -> bool {
    let package = file.package.as_deref().unwrap_or_default();
    FIELD_OPTIONS.iter().any(|(of, number)| {
        package == *of
            && file.extension.iter().any(|extension| {
                extension.number == Some(*number)
                    && extension.extendee.as_deref() == Some(".google.protobuf.FieldOptions")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = "syntax = \"proto3\"; package acme; message Validator {}";

    fn names(own: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, bool)> {
        beside(own).into_iter().map(|(name, text)| (name, text.contains("import public"))).collect()
    }

    #[test]
    fn every_path_leads_to_one_file() {
        let expected = [
            (VALIDATE, false),
            (VALIDATOR[0], false),
            (VALIDATOR[2], true),
            (VALIDATOR[1], true),
            (VALIDATOR[3], true),
        ];
        assert_eq!(names(|_| None), expected);
    }

    #[test]
    fn a_copy_of_the_user_s_wins_and_the_other_paths_lead_to_it() {
        let own = |name: &str| (name == VALIDATOR[3]).then(|| VALIDATOR_TEXT.to_owned());
        let files = beside(own);
        assert!(!files.contains_key(VALIDATOR[3]));
        assert!(files[VALIDATOR[0]].contains("import public \"validator.proto\";"));
        let own = |name: &str| (name == VALIDATE).then(|| OTHER.to_owned());
        assert!(!beside(own).contains_key(VALIDATE));
    }

    #[test]
    fn of_two_copies_one_is_taken() {
        let own = |name: &str| VALIDATOR[1..3].contains(&name).then(|| VALIDATOR_TEXT.to_owned());
        assert_eq!(
            names(own),
            [(VALIDATE, false), (VALIDATOR[0], true), (VALIDATOR[2], true), (VALIDATOR[3], true)]
        );
    }

    #[test]
    fn another_file_that_is_called_validator_proto_is_left_alone() {
        let own = |name: &str| (name == VALIDATOR[3]).then(|| OTHER.to_owned());
        assert_eq!(
            names(own),
            [(VALIDATE, false), (VALIDATOR[0], false), (VALIDATOR[2], true), (VALIDATOR[1], true)]
        );
    }
}
