//! A set of file descriptors: the raw bytes, and the typed form that the generators read.
//!
//! What travels with the generated code is cut from the raw bytes, never encoded anew, so that
//! custom options stay in it.

use std::collections::{BTreeMap, BTreeSet};

use buffa_descriptor::generated::descriptor::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::error::{Error, ErrorKind};
use crate::wire;

/// `FileDescriptorSet.file`.
const SET_FILE: u32 = 1;
/// `FileDescriptorProto.source_code_info`.
const FILE_SOURCE_CODE_INFO: u32 = 9;

/// Descriptors of some files and of everything that they import.
pub(crate) struct Descriptors {
    files: Vec<FileDescriptorProto>,
    raw: Vec<Vec<u8>>,
    index: BTreeMap<String, usize>,
    /// Which file defines a type, by its fully qualified name with a leading dot.
    types: BTreeMap<String, usize>,
}

impl Descriptors {
    /// Reads an encoded `FileDescriptorSet`.
    pub(crate) fn from_set(set: &[u8]) -> Result<Self, Error> {
        let files: Result<Vec<&[u8]>, Error> = wire::fields(set)
            .filter(|field| !matches!(field, Ok(field) if field.number != SET_FILE))
            .map(|field| field.map(|field| field.payload))
            .collect();
        Self::from_files(&files?)
    }

    /// Reads encoded `FileDescriptorProto`s.
    pub(crate) fn from_files(raw: &[&[u8]]) -> Result<Self, Error> {
        let options = buffa_codegen::tooling_decode_options()
            .map_err(|error| Error::new(ErrorKind::Descriptor, error))?;
        let mut this =
            Self { files: Vec::new(), raw: Vec::new(), index: BTreeMap::new(), types: BTreeMap::new() };
        for bytes in raw {
            let file: FileDescriptorProto =
                options.decode_from_slice(bytes).map_err(|_| Error::malformed())?;
            let name = file.name.clone().unwrap_or_default();
            // A set glued together from several runs holds common imports more than once.
            if this.index.contains_key(&name) {
                continue;
            }
            let position = this.files.len();
            this.index.insert(name, position);
            this.add_types(&file, position);
            this.raw.push(without_source_info(bytes)?);
            this.files.push(file);
        }
        Ok(this)
    }

    fn add_types(&mut self, file: &FileDescriptorProto, position: usize) {
        let scope = match file.package.as_deref() {
            None | Some("") => String::new(),
            Some(package) => format!(".{package}"),
        };
        let enums = file.enum_type.iter().filter_map(|one| one.name.as_deref());
        self.types.extend(enums.map(|name| (format!("{scope}.{name}"), position)));
        for message in &file.message_type {
            self.add_message(message, &scope, position);
        }
    }

    fn add_message(&mut self, message: &DescriptorProto, scope: &str, position: usize) {
        let scope = format!("{scope}.{}", message.name.as_deref().unwrap_or_default());
        let enums = message.enum_type.iter().filter_map(|one| one.name.as_deref());
        self.types.extend(enums.map(|name| (format!("{scope}.{name}"), position)));
        for nested in &message.nested_type {
            self.add_message(nested, &scope, position);
        }
        self.types.insert(scope, position);
    }

    /// All files, in the order of the set.
    pub(crate) fn files(&self) -> &[FileDescriptorProto] {
        &self.files
    }

    /// The file of that name.
    pub(crate) fn file(&self, name: &str) -> Option<&FileDescriptorProto> {
        self.index.get(name).and_then(|position| self.files.get(*position))
    }

    /// The file that defines a type, by the type's fully qualified name with a leading dot.
    pub(crate) fn defining_file(&self, type_name: &str) -> Option<&FileDescriptorProto> {
        self.types.get(type_name).and_then(|position| self.files.get(*position))
    }

    /// The types that a file's fields, extensions and methods refer to, each with the place
    /// that does so (`Message.field`).
    pub(crate) fn references(file: &FileDescriptorProto) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for message in &file.message_type {
            message_references(message, "", &mut found);
        }
        for field in &file.extension {
            field_reference(field, "extend", &mut found);
        }
        for service in &file.service {
            let service_name = service.name.as_deref().unwrap_or_default();
            for method in &service.method {
                let place = format!("{service_name}.{}", method.name.as_deref().unwrap_or_default());
                for type_name in [&method.input_type, &method.output_type].into_iter().flatten() {
                    found.push((type_name.clone(), place.clone()));
                }
            }
        }
        found
    }

    /// An encoded `FileDescriptorSet` of the named files and all that they import, each import
    /// before what imports it, without source positions and comments.
    pub(crate) fn closure(&self, names: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            self.write_closure(name, &mut seen, &mut out);
        }
        out
    }

    fn write_closure<'a>(&'a self, name: &'a str, seen: &mut BTreeSet<&'a str>, out: &mut Vec<u8>) {
        let Some(position) = self.index.get(name).copied() else { return };
        if !seen.insert(name) {
            return;
        }
        for import in &self.files[position].dependency {
            self.write_closure(import, seen, out);
        }
        wire::put_field(out, SET_FILE, &self.raw[position]);
    }
}

fn message_references(message: &DescriptorProto, scope: &str, found: &mut Vec<(String, String)>) {
    let name = message.name.as_deref().unwrap_or_default();
    let place = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
    for field in message.field.iter().chain(&message.extension) {
        field_reference(field, &place, found);
    }
    for nested in &message.nested_type {
        message_references(nested, &place, found);
    }
}

fn field_reference(field: &FieldDescriptorProto, place: &str, found: &mut Vec<(String, String)>) {
    if let Some(type_name) = &field.type_name {
        found.push((type_name.clone(), format!("{place}.{}", field.name.as_deref().unwrap_or_default())));
    }
}

/// Cuts comments and positions out of an encoded `FileDescriptorProto`, and nothing else.
fn without_source_info(file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(file.len());
    for field in wire::fields(file) {
        let field = field?;
        if field.number != FILE_SOURCE_CODE_INFO {
            out.extend_from_slice(field.raw);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `FileDescriptorProto { name, dependency, source_code_info: "…", options: raw }`.
    fn file(name: &str, imports: &[&str], options: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        wire::put_field(&mut out, 1, name.as_bytes());
        for import in imports {
            wire::put_field(&mut out, 3, import.as_bytes());
        }
        wire::put_field(&mut out, 8, options);
        wire::put_field(&mut out, FILE_SOURCE_CODE_INFO, b"");
        out
    }

    fn names(set: &[u8]) -> Vec<String> {
        let set = Descriptors::from_set(set).unwrap();
        set.files().iter().filter_map(|file| file.name.clone()).collect()
    }

    #[test]
    fn a_closure_holds_each_import_once_and_before_its_importer() {
        let files = [
            file("c", &["a", "b"], b""),
            file("a", &[], b""),
            file("b", &["a"], b""),
            file("unused", &[], b""),
            file("a", &[], b""),
        ];
        let set = Descriptors::from_files(&files.each_ref().map(Vec::as_slice)).unwrap();
        assert_eq!(names(&set.closure(&["c".into()])), ["a", "b", "c"]);
        assert_eq!(names(&set.closure(&["b".into(), "c".into()])), ["a", "b", "c"]);
    }

    #[test]
    fn unknown_options_survive_and_source_info_does_not() {
        // Option 65020, an extension nobody here knows.
        let mut option = Vec::new();
        wire::put_field(&mut option, 65020, b"^[z]{2,5}$");
        let bytes = file("a", &[], &option);
        let set = Descriptors::from_files(&[&bytes]).unwrap().closure(&["a".into()]);
        let expected = bytes.strip_suffix(&[FILE_SOURCE_CODE_INFO as u8 * 8 + 2, 0][..]).unwrap();
        let file = wire::fields(&set).next().unwrap().unwrap();
        assert_eq!(file.payload, expected);
    }

    #[test]
    fn bytes_that_are_no_descriptor_set_are_refused() {
        let error = Descriptors::from_set(b"syntax = \"proto3\";").err().map(|error| error.kind());
        assert_eq!(error, Some(ErrorKind::Descriptor));
    }
}
