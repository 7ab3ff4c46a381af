//! An encoded `google.protobuf.FileDescriptorSet`, taken apart into files that keep their bytes.
//!
//! Files are served as the bytes they came as; the decoded form is for looking into them only, as encoding it anew could
//! lose custom options that nobody here knows.

use std::error::Error;
use std::fmt;

use bytes::{Buf as _, Bytes};
use gannet_buffa::buffa::encoding::{self, Tag, WireType};
use gannet_buffa::buffa::{DecodeError, DecodeOptions};
use gannet_buffa::buffa_descriptor::generated::descriptor::FileDescriptorProto;

/// `FileDescriptorSet.file`.
const SET_FILE: u32 = 1;

/// Some files.
#[derive(Clone)]
pub(super) struct DescriptorSet {
    pub(super) files: Vec<File>,
}

/// One file: its bytes, and what they say.
#[derive(Clone)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) descriptor: FileDescriptorProto,
}

impl File {
    /// The name by which other files import it.
    pub(super) fn name(&self) -> &str {
        self.descriptor.name.as_deref().unwrap_or_default()
    }
}

impl DescriptorSet {
    pub(super) fn parse(mut set: Bytes) -> Result<Self, InvalidDescriptorSet> {
        let mut files = Vec::new();
        while let Some(bytes) =
            next_file(&mut set).map_err(|error| InvalidDescriptorSet::malformed(None, error))?
        {
            files.push(parse_file(bytes)?);
        }
        Ok(Self { files })
    }
}

/// Takes the next file off the front of a set.
fn next_file(set: &mut Bytes) -> Result<Option<Bytes>, DecodeError> {
    while set.has_remaining() {
        let tag = Tag::decode(set)?;
        if tag.field_number() != SET_FILE {
            encoding::skip_field(tag, set)?;
            continue;
        }
        encoding::check_wire_type(tag, WireType::LengthDelimited)?;
        let length =
            usize::try_from(encoding::decode_varint(set)?).map_err(|_| DecodeError::UnexpectedEof)?;
        if length > set.remaining() {
            return Err(DecodeError::UnexpectedEof);
        }
        return Ok(Some(set.split_to(length)));
    }
    Ok(None)
}

fn parse_file(bytes: Bytes) -> Result<File, InvalidDescriptorSet> {
    // The bytes are the application's own: a large contract is not an attack.
    let options =
        DecodeOptions::new().with_element_memory_limit(usize::MAX).with_unknown_field_limit(usize::MAX);
    let descriptor: FileDescriptorProto = options
        .decode_from_slice(&bytes)
        .map_err(|error| InvalidDescriptorSet::malformed(name_of(&bytes), error))?;
    if descriptor.name.as_deref().unwrap_or_default().is_empty() {
        return Err(InvalidDescriptorSet { problem: "a file in it has no name".to_owned(), source: None });
    }
    Ok(File { bytes, descriptor })
}

/// The name of a file that cannot be decoded whole, if the fault lies behind it.
fn name_of(file: &Bytes) -> Option<String> {
    let mut rest = file.clone();
    // `FileDescriptorProto.name` has the number 1 as well.
    let name = next_file(&mut rest).ok()??;
    String::from_utf8(name.to_vec()).ok()
}

/// Bytes that were to be a `google.protobuf.FileDescriptorSet` are none.
#[derive(Debug)]
pub struct InvalidDescriptorSet {
    problem: String,
    source: Option<DecodeError>,
}

impl InvalidDescriptorSet {
    fn malformed(file: Option<String>, error: DecodeError) -> Self {
        let problem = match file {
            Some(name) => format!("its file `{name}` cannot be decoded: {error}"),
            None => format!("it cannot be decoded: {error}"),
        };
        Self { problem, source: Some(error) }
    }
}

impl fmt::Display for InvalidDescriptorSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "not a google.protobuf.FileDescriptorSet: {}; make one with `protoc --include_imports -o FILE` or `buf build -o FILE`",
            self.problem
        )
    }
}

impl Error for InvalidDescriptorSet {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|error| error as &(dyn Error + 'static))
    }
}
