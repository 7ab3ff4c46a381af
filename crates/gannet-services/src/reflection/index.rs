//! Everything that a server can be asked about, by every name that it can be asked by.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use bytes::Bytes;
use gannet_buffa::buffa::MessageField;
use gannet_buffa::buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use gannet_core::ServiceDescriptor;

use super::descriptor_set::{DescriptorSet, File};

/// The files, symbols, extensions and services of a server. Made once, when it starts.
pub struct Index {
    files: Vec<IndexedFile>,
    by_name: HashMap<String, FileId>,
    symbols: HashMap<String, Symbol>,
    /// By the extended message's name, then by number.
    extensions: HashMap<String, BTreeMap<i32, FileId>>,
    /// In alphabetical order.
    services: Vec<&'static str>,
}

/// A file's place in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u32);

impl FileId {
    pub(super) fn position(self) -> usize {
        self.0 as usize
    }
}

struct IndexedFile {
    bytes: Bytes,
    /// Those of its imports that the index has.
    imports: Vec<FileId>,
}

#[derive(Clone, Copy)]
struct Symbol {
    file: FileId,
    is_message: bool,
}

/// Something that clients will stumble over, for whoever runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(String);

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Index {
    pub(super) fn build(
        services: &[&'static ServiceDescriptor],
        added: Vec<DescriptorSet>,
    ) -> (Self, Vec<Warning>) {
        let mut builder = Builder::default();
        let mut sets_read: Vec<&'static [u8]> = Vec::new();
        for service in services {
            let set = service.file_descriptor_set;
            // Services that were generated together share one set.
            if sets_read.iter().any(|read| std::ptr::eq(*read, set)) {
                continue;
            }
            sets_read.push(set);
            let origin = format!("the service {}", service.name);
            match DescriptorSet::parse(Bytes::from_static(set)) {
                Ok(set) => builder.add(set, &origin),
                Err(error) => builder.warn(format!("the descriptor set of {origin}: {error}")),
            }
        }
        for set in added {
            builder.add(set, "a descriptor set that was added");
        }
        builder.finish(services)
    }

    pub(super) fn file_count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn file_named(&self, name: &str) -> Option<FileId> {
        self.by_name.get(name).copied()
    }

    /// The file that defines a message, a field, a oneof, an enum, one of its values, an extension, a service or a
    /// method, by its full name.
    pub(super) fn file_with_symbol(&self, name: &str) -> Option<FileId> {
        self.symbols.get(name).map(|symbol| symbol.file)
    }

    pub(super) fn file_with_extension(&self, message: &str, number: i32) -> Option<FileId> {
        self.extensions.get(message)?.get(&number).copied()
    }

    /// The numbers of the extensions of a message, in ascending order. `None`: there is no such message.
    pub(super) fn extension_numbers(&self, message: &str) -> Option<Vec<i32>> {
        if let Some(numbers) = self.extensions.get(message) {
            return Some(numbers.keys().copied().collect());
        }
        self.symbols.get(message).filter(|symbol| symbol.is_message).map(|_| Vec::new())
    }

    /// The full names of the services, in alphabetical order.
    pub(super) fn services(&self) -> &[&'static str] {
        &self.services
    }

    /// A file's bytes, as they came. They are shared, not copied.
    pub(super) fn bytes(&self, file: FileId) -> Bytes {
        self.files.get(file.position()).map(|file| file.bytes.clone()).unwrap_or_default()
    }

    pub(super) fn imports(&self, file: FileId) -> &[FileId] {
        self.files.get(file.position()).map_or(&[], |file| &file.imports)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Index")
            .field("services", &self.services)
            .field("files", &self.by_name.keys())
            .finish_non_exhaustive()
    }
}

/// An index in the making.
#[derive(Default)]
struct Builder {
    /// Each with where it came from.
    files: Vec<(File, String)>,
    by_name: HashMap<String, FileId>,
    symbols: HashMap<String, Symbol>,
    extensions: HashMap<String, BTreeMap<i32, FileId>>,
    warnings: Vec<Warning>,
}

impl Builder {
    fn warn(&mut self, text: String) {
        self.warnings.push(Warning(text));
    }

    fn add(&mut self, set: DescriptorSet, origin: &str) {
        for file in set.files {
            if let Some(known) = self.by_name.get(file.name()) {
                let (first, first_origin) = &self.files[known.position()];
                if first.bytes != file.bytes && !same_contract(&first.descriptor, &file.descriptor) {
                    let warning = format!(
                        "two different files are called `{}`: the one of {first_origin} is served, the one of {origin} is \
                         not; give them different names, by compiling them from a folder further up",
                        file.name()
                    );
                    self.warn(warning);
                }
                continue;
            }
            let id = FileId(self.files.len() as u32);
            self.by_name.insert(file.name().to_owned(), id);
            if let Some((symbol, other)) = self.add_symbols(&file.descriptor, id) {
                let (first, first_origin) = &self.files[other.position()];
                let warning = format!(
                    "`{symbol}` is defined twice: in `{}` of {first_origin}, which is what clients are told, and in `{}` of \
                     {origin}",
                    first.name(),
                    file.name()
                );
                self.warn(warning);
            }
            self.files.push((file, origin.to_owned()));
        }
    }

    /// Adds all that a file defines. Gives the first symbol that another file has defined before, and that file.
    fn add_symbols(&mut self, file: &FileDescriptorProto, id: FileId) -> Option<(String, FileId)> {
        let mut defines = Definitions { builder: self, file: id, clash: None };
        let package = file.package.as_deref().unwrap_or_default();
        for message in &file.message_type {
            defines.message(package, message);
        }
        for one in &file.enum_type {
            defines.enumeration(package, one);
        }
        for field in &file.extension {
            defines.extension(package, field);
        }
        for service in &file.service {
            let name = defines.symbol(package, service.name.as_deref(), false);
            for method in &service.method {
                defines.symbol(&name, method.name.as_deref(), false);
            }
        }
        defines.clash
    }

    fn finish(mut self, services: &[&'static ServiceDescriptor]) -> (Index, Vec<Warning>) {
        let mut names: Vec<&'static str> = services.iter().map(|service| service.name).collect();
        names.sort_unstable();
        for name in &names {
            if !self.symbols.contains_key(*name) {
                self.warn(format!("the service {name} is listed, but no descriptor set defines it"));
            }
        }
        let mut files = Vec::with_capacity(self.files.len());
        for (file, origin) in std::mem::take(&mut self.files) {
            let File { bytes, descriptor } = file;
            let mut imports = Vec::new();
            for import in descriptor.dependency.iter().chain(&descriptor.option_dependency) {
                match self.by_name.get(import) {
                    Some(id) => imports.push(*id),
                    None => self.warn(format!(
                        "`{}` of {origin} imports `{import}`, which no descriptor set holds: clients cannot use the file",
                        descriptor.name.as_deref().unwrap_or_default()
                    )),
                }
            }
            files.push(IndexedFile { bytes, imports });
        }
        let Self { by_name, symbols, extensions, warnings, .. } = self;
        (Index { files, by_name, symbols, extensions, services: names }, warnings)
    }
}

/// Whether two descriptors differ in comments and positions at most.
fn same_contract(one: &FileDescriptorProto, other: &FileDescriptorProto) -> bool {
    let bare = |file: &FileDescriptorProto| FileDescriptorProto {
        source_code_info: MessageField::default(),
        ..file.clone()
    };
    bare(one) == bare(other)
}

/// Enters what one file defines.
struct Definitions<'a> {
    builder: &'a mut Builder,
    file: FileId,
    clash: Option<(String, FileId)>,
}

impl Definitions<'_> {
    /// Enters a name; gives the full one.
    fn symbol(&mut self, scope: &str, name: Option<&str>, is_message: bool) -> String {
        let full = match (scope, name.unwrap_or_default()) {
            ("", name) => name.to_owned(),
            (scope, name) => format!("{scope}.{name}"),
        };
        match self.builder.symbols.entry(full.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Symbol { file: self.file, is_message });
            }
            Entry::Occupied(entry) if entry.get().file != self.file => {
                self.clash.get_or_insert((full.clone(), entry.get().file));
            }
            Entry::Occupied(_) => {}
        }
        full
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = self.symbol(scope, message.name.as_deref(), true);
        for field in &message.field {
            self.symbol(&name, field.name.as_deref(), false);
        }
        for one in &message.oneof_decl {
            self.symbol(&name, one.name.as_deref(), false);
        }
        for one in &message.enum_type {
            self.enumeration(&name, one);
        }
        for field in &message.extension {
            self.extension(&name, field);
        }
        // As deep as messages nest, which decoding them has bounded.
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
    }

    /// The values of an enum stand beside it, not in it.
    fn enumeration(&mut self, scope: &str, enumeration: &EnumDescriptorProto) {
        self.symbol(scope, enumeration.name.as_deref(), false);
        for value in &enumeration.value {
            self.symbol(scope, value.name.as_deref(), false);
        }
    }

    fn extension(&mut self, scope: &str, field: &FieldDescriptorProto) {
        self.symbol(scope, field.name.as_deref(), false);
        let extended = field.extendee.as_deref().unwrap_or_default();
        let extended = extended.strip_prefix('.').unwrap_or(extended).to_owned();
        let numbers = self.builder.extensions.entry(extended).or_default();
        numbers.entry(field.number.unwrap_or_default()).or_insert(self.file);
    }
}
