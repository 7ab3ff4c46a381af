//! The descriptors that rules are read from: types with their features resolved, and where each stands in its source.
//!
//! Not here: the rules themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use buffa::Message as _;
use buffa_descriptor::DescriptorPool;
use buffa_descriptor::generated::descriptor::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::error::{Error, Place};

/// `FileDescriptorProto.message_type`, `DescriptorProto.nested_type`, `DescriptorProto.field`, `DescriptorProto.oneof_decl`.
const FILE_MESSAGE: i32 = 4;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_ONEOF: i32 = 8;

/// Descriptors of files and of all that they import.
pub struct Schema {
    pool: Arc<DescriptorPool>,
    files: Vec<FileDescriptorProto>,
    /// Which file a message is in, and by which path of `SourceCodeInfo`.
    messages: BTreeMap<String, (usize, Vec<i32>)>,
}

impl Schema {
    /// Takes the descriptors of files, each import before what imports it.
    ///
    /// # Errors
    /// The files do not fit together.
    pub fn new(files: &[FileDescriptorProto]) -> Result<Self, Error> {
        let set = FileDescriptorSet { file: files.to_vec(), ..Default::default() };
        let pool =
            DescriptorPool::new(set).map_err(|error| Error::new(Place::default(), error.to_string()))?;
        let mut messages = BTreeMap::new();
        for (position, file) in files.iter().enumerate() {
            let package = file.package.as_deref().unwrap_or_default();
            for (index, message) in (0..).zip(&file.message_type) {
                add_message(message, package, position, vec![FILE_MESSAGE, index], &mut messages);
            }
        }
        Ok(Self { pool: Arc::new(pool), files: files.to_vec(), messages })
    }

    /// Takes an encoded `google.protobuf.FileDescriptorSet`, which has all imports in it, each before what imports it.
    ///
    /// # Errors
    /// The bytes are no descriptors, or the files do not fit together.
    pub fn decode(descriptor_set: &[u8]) -> Result<Self, Error> {
        let set = FileDescriptorSet::decode_from_slice(descriptor_set).map_err(|error| {
            Error::new(Place::default(), format!("the descriptors cannot be decoded: {error}"))
        })?;
        Self::new(&set.file)
    }

    /// All types.
    pub fn pool(&self) -> &Arc<DescriptorPool> {
        &self.pool
    }

    /// The file that defines a message, by the message's full name.
    pub fn file_of(&self, message: &str) -> Option<&FileDescriptorProto> {
        self.messages.get(message).and_then(|(file, _)| self.files.get(*file))
    }

    /// The descriptor of a message as its file has it.
    pub fn message_proto(&self, message: &str) -> Option<&DescriptorProto> {
        let (file, path) = self.messages.get(message)?;
        let mut indices = path.iter().skip(1).step_by(2).filter_map(|index| usize::try_from(*index).ok());
        let mut found = self.files.get(*file)?.message_type.get(indices.next()?)?;
        for index in indices {
            found = found.nested_type.get(index)?;
        }
        Some(found)
    }

    /// Where a message stands.
    pub fn place_of_message(&self, message: &str) -> Place {
        self.place(message, None)
    }

    /// Where a field of a message stands.
    pub fn place_of_field(&self, message: &str, field: &str) -> Place {
        let index = self.message_proto(message).and_then(|proto| {
            proto.field.iter().position(|candidate| candidate.name.as_deref() == Some(field))
        });
        let mut place = self.place(message, index.map(|index| (MESSAGE_FIELD, index)));
        place.element = format!("{message}.{field}");
        place
    }

    /// Where a oneof of a message stands.
    pub fn place_of_oneof(&self, message: &str, oneof: &str) -> Place {
        let index = self.message_proto(message).and_then(|proto| {
            proto.oneof_decl.iter().position(|candidate| candidate.name.as_deref() == Some(oneof))
        });
        let mut place = self.place(message, index.map(|index| (MESSAGE_ONEOF, index)));
        place.element = format!("{message}.{oneof}");
        place
    }

    fn place(&self, message: &str, inner: Option<(i32, usize)>) -> Place {
        let mut place = Place { element: message.to_owned(), ..Place::default() };
        let Some((file, path)) = self.messages.get(message) else { return place };
        let Some(file) = self.files.get(*file) else { return place };
        place.file = file.name.clone().unwrap_or_default();
        let mut path = path.clone();
        if let Some((kind, index)) = inner {
            path.extend([kind, i32::try_from(index).unwrap_or_default()]);
        }
        let location = file
            .source_code_info
            .as_option()
            .and_then(|info| info.location.iter().find(|location| location.path == path));
        place.line = location
            .and_then(|location| location.span.first())
            .and_then(|line| usize::try_from(*line).ok())
            .map(|line| line + 1);
        place
    }
}

fn add_message(
    message: &DescriptorProto,
    scope: &str,
    file: usize,
    path: Vec<i32>,
    messages: &mut BTreeMap<String, (usize, Vec<i32>)>,
) {
    let name = message.name.as_deref().unwrap_or_default();
    let name = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
    for (index, nested) in (0..).zip(&message.nested_type) {
        let mut inner = path.clone();
        inner.extend([MESSAGE_NESTED, index]);
        add_message(nested, &name, file, inner, messages);
    }
    messages.insert(name, (file, path));
}
