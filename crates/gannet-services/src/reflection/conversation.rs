//! One stream of reflection requests: what it was told already need not be told again.

use bytes::Bytes;
use gannet_core::Status;

use super::Index;
use super::index::FileId;

/// One stream of reflection requests, each of which [`Version::respond`](super::Version::respond) answers.
#[derive(Debug)]
pub struct Conversation<'a> {
    index: &'a Index,
    /// For each file, whether it went out on this stream.
    sent: Vec<bool>,
}

/// What a client is told.
pub(super) enum Answer<'a> {
    Files(Vec<Bytes>),
    ExtensionNumbers { message: String, numbers: Vec<i32> },
    Services(&'a [&'static str]),
}

impl<'a> Conversation<'a> {
    /// Nothing was said yet.
    pub fn new(index: &'a Index) -> Self {
        Self { index, sent: vec![false; index.file_count()] }
    }

    pub(super) fn file_by_name(&mut self, name: &str) -> Result<Answer<'a>, Status> {
        self.files(self.index.file_named(name), "the server has no file of that name")
    }

    pub(super) fn file_with_symbol(&mut self, name: &str) -> Result<Answer<'a>, Status> {
        self.files(self.index.file_with_symbol(name), "the server knows no symbol of that full name")
    }

    pub(super) fn file_with_extension(&mut self, message: &str, number: i32) -> Result<Answer<'a>, Status> {
        let file = self.index.file_with_extension(message, number);
        self.files(file, "the server knows no extension of that message with that number")
    }

    pub(super) fn extension_numbers(&self, message: &str) -> Result<Answer<'a>, Status> {
        let numbers = self.index.extension_numbers(message);
        match numbers {
            Some(numbers) => Ok(Answer::ExtensionNumbers { message: message.to_owned(), numbers }),
            None => Err(Status::not_found("the server knows no message of that full name")),
        }
    }

    pub(super) fn services(&self) -> Answer<'a> {
        Answer::Services(self.index.services())
    }

    /// A file, and behind it those of its imports, and of theirs, that did not go out before.
    fn files(&mut self, file: Option<FileId>, otherwise: &'static str) -> Result<Answer<'a>, Status> {
        let file = file.ok_or_else(|| Status::not_found(otherwise))?;
        let mut files = vec![file];
        self.sent[file.position()] = true;
        let mut next = 0;
        while let Some(importer) = files.get(next) {
            next += 1;
            for import in self.index.imports(*importer) {
                if !std::mem::replace(&mut self.sent[import.position()], true) {
                    files.push(*import);
                }
            }
        }
        Ok(Answer::Files(files.into_iter().map(|file| self.index.bytes(file)).collect()))
    }
}
