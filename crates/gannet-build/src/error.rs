//! What can go wrong between `.proto` files and Rust, told so that it can be mended.
//!
//! Positions come from the parser; this file turns them into text and adds what to do.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic as _;

/// Why files could not be compiled: where, what, and what to do.
///
/// `Debug` prints the same text as `Display`, so that `unwrap()` in a build script reads well:
///
/// ```text
/// proto/greeter.proto:4:17: name 'HelloReqest' is not defined
///   |
/// 4 |   rpc SayHello (HelloReqest) returns (HelloReply);
///   |                 ^^^^^^^^^^^
///   help: …
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    file: Option<PathBuf>,
    position: Option<Position>,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file is not there, cannot be read or cannot be written.
    Io,
    /// A file does not follow protobuf's grammar.
    Syntax,
    /// An import is not found, is circular or is listed twice.
    Import,
    /// A file is well-formed, but does not fit together: an unknown type, a name defined twice.
    Definition,
    /// A file uses editions, which need protoc.
    Edition,
    /// protoc could not be started, or failed.
    Protoc,
    /// Code could not be generated from the descriptors.
    Generation,
    /// What was configured cannot work.
    Config,
}

/// A place in a file, with its line.
struct Position {
    /// Counted from 1.
    line: usize,
    /// Counted from 1, in bytes.
    column: usize,
    text: String,
    width: usize,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner { kind, file: None, position: None, message, help: None, source: None }))
    }

    pub(crate) fn io(action: &str, path: &Path, error: io::Error) -> Self {
        let mut this = Self::new(ErrorKind::Io, format!("{action}: {error}")).in_file(path);
        this.0.source = Some(Box::new(error));
        this
    }

    pub(crate) fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    /// Marks `width` bytes of the file, whose name must be known by now.
    pub(crate) fn at(mut self, line: usize, column: usize, width: usize) -> Self {
        let text = self.0.file.as_deref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        self.0.position = Some(Position::new(&text, line.max(1), column.max(1), width));
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Takes over what the parser found; `path_of` finds a file on disk by its name in imports.
    pub(crate) fn from_parser(error: protox::Error, path_of: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let message = error.to_string();
        let kind = if message.starts_with("import") {
            ErrorKind::Import
        } else if error.is_parse() {
            ErrorKind::Syntax
        } else if error.is_io() {
            ErrorKind::Io
        } else {
            ErrorKind::Definition
        };
        let mut this = Self::new(kind, message);
        this.0.file = error.file().map(|name| path_of(name).unwrap_or_else(|| name.into()));
        let text = this.0.file.as_deref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        this.0.position = position(&error, &text);
        this.0.help = error.help().map(|help| help.to_string());
        this.0.source = Some(Box::new(error));
        this
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file at fault, where one is.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The line at fault, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.0.position.as_ref().map(|position| position.line)
    }

    /// The column at fault, counted from 1, in bytes.
    pub fn column(&self) -> Option<usize> {
        self.0.position.as_ref().map(|position| position.column)
    }

    /// What went wrong, without its place and the advice.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, where something can be said.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

/// The place that the parser marks in the file's text.
fn position(error: &protox::Error, text: &str) -> Option<Position> {
    // Where a name is defined twice, the last label is the one to look at.
    let Some(label) = error.labels().and_then(Iterator::last) else { return end_of(error, text) };
    let contents = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some(Position::new(text, contents.line() + 1, contents.column() + 1, label.len()))
}

/// A file that ends too early is marked where it ends.
fn end_of(error: &protox::Error, text: &str) -> Option<Position> {
    let ends_early = error.to_string().ends_with("reached end of file");
    let (line, last) = text.lines().enumerate().last().filter(|_| ends_early)?;
    Some(Position::new(text, line + 1, last.len() + 1, 1))
}

impl Position {
    fn new(text: &str, line: usize, column: usize, width: usize) -> Self {
        let text = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        // A span over several lines is marked to the end of its first one.
        let width = width.min(text.len().saturating_sub(column - 1)).max(1);
        Self { line, column, text, width }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.0.file {
            // The same text on all systems.
            write!(f, "{}:", file.display().to_string().replace('\\', "/"))?;
            if let Some(Position { line, column, .. }) = &self.0.position {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(position) = self.0.position.as_ref().filter(|position| !position.text.is_empty()) {
            let number = position.line.to_string();
            let margin = " ".repeat(number.len());
            // Tabs stay tabs, so that the mark stands below what it marks.
            let indent: String = position
                .text
                .chars()
                .take(position.column - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let mark = "^".repeat(position.width);
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{mark}", position.text)?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<gannet_codegen::Error> for Error {
    fn from(error: gannet_codegen::Error) -> Self {
        let kind = match error.kind() {
            gannet_codegen::ErrorKind::Option => ErrorKind::Config,
            _ => ErrorKind::Generation,
        };
        let mut this = Self::new(kind, error.message());
        this.0.help = error.help().map(Into::into);
        this
    }
}
