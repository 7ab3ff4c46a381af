//! Finds `.proto` files: those to compile, and those they import.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use gannet_codegen::bundled;
use protox::file::{File, FileResolver, GoogleFileResolver};

use crate::error::{Error, ErrorKind};

/// The files to compile, by the names that imports would use for them, and where imports are
/// looked for.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// Names as in `import`, relative to an include folder, in the order they were given.
    pub(crate) names: Vec<String>,
    /// The folders that imports are relative to; the first that has a file wins.
    pub(crate) includes: Vec<PathBuf>,
    /// Folders whose files were all taken: a new file in them changes the outcome.
    pub(crate) watched: Vec<PathBuf>,
}

impl Sources {
    /// Finds the given files and folders.
    ///
    /// A file that is in no include folder makes its own folder one.
    pub(crate) fn find(inputs: &[PathBuf], includes: &[PathBuf]) -> Result<Self, Error> {
        let mut this = Self { names: Vec::new(), includes: includes.to_vec(), watched: Vec::new() };
        for include in includes {
            if !include.is_dir() {
                return Err(Error::new(ErrorKind::Config, "the include folder does not exist")
                    .in_file(include)
                    .with_help(relative_to()));
            }
        }
        for input in inputs {
            if input.is_dir() {
                this.add_folder(input)?;
            } else {
                this.add_file(input)?;
            }
        }
        if this.names.is_empty() {
            return Err(Error::new(ErrorKind::Config, "no .proto file to compile")
                .with_help("name a file, or a folder that holds some"));
        }
        Ok(this)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), Error> {
        if self.name_of(&folder.join("x")).is_none() {
            self.includes.push(folder.to_owned());
        }
        self.watched.push(folder.to_owned());
        let mut files = Vec::new();
        list(folder, &mut files)?;
        // The order of a folder differs from machine to machine; the output must not.
        files.sort();
        files.iter().try_for_each(|file| self.add_file(file))
    }

    fn add_file(&mut self, file: &Path) -> Result<(), Error> {
        if !file.is_file() {
            return Err(Error::new(ErrorKind::Io, "the file does not exist")
                .in_file(file)
                .with_help(relative_to()));
        }
        let mut name = self.name_of(file);
        if name.is_none() {
            let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            self.includes.push(folder.unwrap_or(Path::new(".")).to_owned());
            name = self.name_of(file);
        }
        let Some(name) = name else {
            return Err(Error::new(ErrorKind::Config, "the file's name is not valid UTF-8").in_file(file));
        };
        if let Some(found) = self.locate(&name).filter(|found| !is_same(found, file)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the file is hidden by {}, which an earlier include folder holds under the same name",
                    found.display()
                ),
            )
            .in_file(file)
            .with_help("put the include folders in another order, or rename one of the two"));
        }
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        Ok(())
    }

    /// What an import would call this file.
    fn name_of(&self, file: &Path) -> Option<String> {
        self.includes.iter().find_map(|include| {
            let relative: PathBuf = parts(file).collect();
            let include: PathBuf = parts(include).collect();
            let relative = relative.strip_prefix(include).ok()?;
            let names: Option<Vec<&str>> = relative
                .components()
                .map(|part| match part {
                    Component::Normal(part) => part.to_str(),
                    _ => None,
                })
                .collect();
            names.filter(|names| !names.is_empty()).map(|names| names.join("/"))
        })
    }

    /// Where a file stands, by its name in imports.
    pub(crate) fn locate(&self, name: &str) -> Option<PathBuf> {
        self.includes.iter().map(|include| join(include, name)).find(|path| path.is_file())
    }

    /// The text of a file, by its name in imports; empty if it is there and cannot be read.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        self.locate(name).map(|path| fs::read_to_string(path).unwrap_or_default())
    }

    /// Looks for what would make a failed import work: a folder above the importing file.
    pub(crate) fn suggest_include(&self, import: &str) -> Option<PathBuf> {
        let folders = self.includes.iter().flat_map(|include| include.ancestors());
        folders
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
            .find(|folder| folder.join(import).is_file())
            .map(Path::to_owned)
    }
}

/// `.` is no part of a path, so that `./proto` and `proto` are one folder.
fn parts(path: &Path) -> impl Iterator<Item = Component<'_>> {
    path.components().filter(|part| !matches!(part, Component::CurDir))
}

fn join(include: &Path, name: &str) -> PathBuf {
    if include == Path::new(".") { PathBuf::from(name) } else { include.join(name) }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::io("the folder cannot be read", folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn relative_to() -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    format!("paths are relative to {}", folder.display())
}

/// What became known while files were read; also when reading them failed.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Files on disk, by their names in imports.
    pub(crate) paths: BTreeMap<String, PathBuf>,
    /// A file that uses editions, and the line that says so, counted from 1.
    pub(crate) edition: Option<(PathBuf, usize)>,
}

/// Opens files for the parser: from include folders first, then given sources, then those that come with Gannet, then the
/// well-known types.
pub(crate) struct Resolver {
    sources: Sources,
    texts: BTreeMap<String, String>,
    bundled: BTreeMap<&'static str, Cow<'static, str>>,
    well_known: GoogleFileResolver,
    read: Rc<RefCell<Read>>,
}

impl Resolver {
    pub(crate) fn new(sources: Sources, texts: BTreeMap<String, String>, read: Rc<RefCell<Read>>) -> Self {
        let bundled = bundled::beside(|name| sources.read(name).or_else(|| texts.get(name).cloned()));
        Self { sources, texts, bundled, well_known: GoogleFileResolver::new(), read }
    }
}

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        // What stands here is what the user has not, or has twice.
        if let Some(text) = self.bundled.get(name) {
            return File::from_source(name, text);
        }
        if let Some(path) = self.sources.locate(name) {
            let mut read = self.read.borrow_mut();
            read.paths.insert(name.to_owned(), path.clone());
            let opened = File::open(name, &path);
            if opened.is_err() {
                let line = fs::read_to_string(&path).ok().and_then(|text| edition_line(&text));
                read.edition = line.map(|line| (path, line));
            }
            return opened;
        }
        if let Some(text) = self.texts.get(name) {
            return File::from_source(name, text);
        }
        self.well_known.open_file(name)
    }
}

/// The line of `edition = …`, if that is the first statement of a file.
fn edition_line(text: &str) -> Option<usize> {
    let mut rest = text.trim_start();
    loop {
        let after = match rest.get(..2) {
            Some("//") => rest.split_once('\n').map(|(_, after)| after),
            Some("/*") => rest.split_once("*/").map(|(_, after)| after),
            _ => break,
        };
        rest = after?.trim_start();
    }
    rest.strip_prefix("edition")?.trim_start().strip_prefix('=')?;
    let before = text.get(..text.len() - rest.len())?;
    Some(before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_told_by_the_first_statement() {
        assert_eq!(edition_line("// a\n/* b\n */ edition = \"2023\";"), Some(3));
        assert_eq!(edition_line("edition=\"2023\";"), Some(1));
        assert_eq!(edition_line("syntax = \"proto3\"; // edition = \"2023\""), None);
        assert_eq!(edition_line("// edition = \"2023\""), None);
        assert_eq!(edition_line("editions = 1"), None);
    }

    #[test]
    fn a_file_s_name_is_relative_to_the_folder_that_includes_it() {
        let sources = |includes: &[&str]| Sources {
            names: Vec::new(),
            includes: includes.iter().map(PathBuf::from).collect(),
            watched: Vec::new(),
        };
        assert_eq!(sources(&["./proto"]).name_of(Path::new("proto/a/b.proto")), Some("a/b.proto".into()));
        assert_eq!(
            sources(&["x", "proto/a"]).name_of(Path::new("./proto/a/b.proto")),
            Some("b.proto".into())
        );
        assert_eq!(sources(&["."]).name_of(Path::new("b.proto")), Some("b.proto".into()));
        assert_eq!(sources(&["proto"]).name_of(Path::new("protos/b.proto")), None);
    }
}
