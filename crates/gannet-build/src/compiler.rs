//! From `.proto` files to an encoded descriptor set: by the parser that is linked in, or by an
//! installed protoc.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gannet_codegen::bundled;
use protox::Compiler;

use crate::error::{Error, ErrorKind};
use crate::sources::{Read, Resolver, Sources};

/// A compiled set of files.
pub(crate) struct Compiled {
    /// The encoded `FileDescriptorSet`, with comments and imports.
    pub(crate) set: Vec<u8>,
    /// The files on disk that it was made of.
    pub(crate) inputs: Vec<PathBuf>,
}

/// Compiles without any program installed.
pub(crate) fn with_parser(sources: &Sources, texts: &BTreeMap<String, String>) -> Result<Compiled, Error> {
    let read = Rc::new(RefCell::new(Read::default()));
    let resolver = Resolver::new(sources.clone(), texts.clone(), Rc::clone(&read));
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    for name in &sources.names {
        if let Err(error) = compiler.open_file(name) {
            return Err(explain(error, sources, &read.borrow()));
        }
    }
    let inputs = read.borrow().paths.values().cloned().collect();
    // With imports and positions both on, this hands out the bytes with all custom options.
    Ok(Compiled { set: compiler.encode_file_descriptor_set(), inputs })
}

fn explain(error: protox::Error, sources: &Sources, read: &Read) -> Error {
    if let Some((file, line)) = &read.edition {
        return Error::new(ErrorKind::Edition, "the file uses editions, which need protoc")
            .in_file(file)
            .at(*line, 1, "edition".len())
            .with_help(
                "install protoc 27 or newer and set the environment variable PROTOC to its path, or compile \
                 the files elsewhere and pass a descriptor set",
            );
    }
    let error = Error::from_parser(error, |name| read.paths.get(name).cloned());
    let missing = error
        .message()
        .strip_prefix("import '")
        .and_then(|rest| rest.strip_suffix("' not found"))
        .map(str::to_owned);
    match missing {
        Some(import) => {
            let help = missing_import_help(&import, sources);
            error.with_help(help)
        }
        None if error.help().is_some() => error,
        None => {
            let help = help_for(error.message());
            match help {
                Some(help) => error.with_help(help),
                None => error,
            }
        }
    }
}

fn missing_import_help(import: &str, sources: &Sources) -> String {
    if let Some(folder) = sources.suggest_include(import) {
        let folder = folder.display();
        return format!(
            "{folder}/{import} exists: add the include folder {folder} \
             (`.include(\"{folder}\")` in a build script, `--include {folder}` on the command line)"
        );
    }
    let folders: Vec<String> = sources.includes.iter().map(|folder| folder.display().to_string()).collect();
    format!(
        "looked in {}; imports are relative to include folders: add the one that holds it \
         (`.include(…)` in a build script, `--include` on the command line)",
        folders.join(", ")
    )
}

/// Advice for the parser's messages that come without.
fn help_for(message: &str) -> Option<&'static str> {
    if message.contains("is not defined") {
        Some("check the spelling, and import the file that defines it")
    } else if message.contains("import cycle") {
        Some("move what both need to a file of its own")
    } else if message.contains("listed twice") {
        Some("remove one of the two")
    } else if message.contains("end of file") {
        Some("a `}` or `;` may be missing")
    } else if message.contains("is already used") {
        Some("give each field a number of its own; numbers in use must never change their meaning")
    } else if message.contains("defined twice") {
        Some("rename one of the two, or remove it")
    } else {
        None
    }
}

/// Compiles with an installed protoc.
pub(crate) fn with_protoc(protoc: &Path, sources: &Sources, scratch: &Path) -> Result<Compiled, Error> {
    let set_file = scratch.join("gannet_protos.descriptor_set");
    fs::create_dir_all(scratch).map_err(|error| Error::io("the folder cannot be made", scratch, error))?;
    let mut command = Command::new(protoc);
    command.arg("--include_imports").arg("--include_source_info").arg("-o").arg(&set_file);
    for include in &sources.includes {
        command.arg("-I").arg(include);
    }
    let bundled = Bundled::write(sources, scratch)?;
    let output = command.arg("-I").arg(&bundled.folder).args(&sources.names).output().map_err(|error| {
        let help = if error.kind() == io::ErrorKind::NotFound {
            "install protoc, or correct the path in PROTOC or `Config::protoc`"
        } else {
            "check that the path in PROTOC or `Config::protoc` is that of protoc"
        };
        Error::io("protoc cannot be started", protoc, error).with_help(help)
    })?;
    if !output.status.success() {
        return Err(protoc_error(&String::from_utf8_lossy(&output.stderr), sources));
    }
    let failed = |error| Error::io("protoc's output cannot be read", &set_file, error);
    let set = fs::read(&set_file).map_err(failed)?;
    fs::remove_file(&set_file).map_err(failed)?;
    let names = gannet_codegen::file_names(&set)?;
    let inputs = names.iter().filter_map(|name| sources.locate(name)).collect();
    Ok(Compiled { set, inputs })
}

/// The `.proto` files that come with Gannet, on disk for as long as protoc runs.
struct Bundled {
    folder: PathBuf,
}

impl Bundled {
    /// In a folder that no other build uses at the same time.
    fn write(sources: &Sources, scratch: &Path) -> Result<Self, Error> {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let folder = scratch.join(format!("gannet_protos.{}.{number}", std::process::id()));
        let this = Self { folder };
        for (name, text) in bundled::beside(|name| sources.read(name)) {
            let path = this.folder.join(name);
            let written = match path.parent() {
                Some(parent) => fs::create_dir_all(parent).and_then(|()| fs::write(&path, text.as_bytes())),
                None => Ok(()),
            };
            written.map_err(|error| Error::io("the file cannot be written", &path, error))?;
        }
        Ok(this)
    }
}

impl Drop for Bundled {
    fn drop(&mut self) {
        // What is left behind is in nobody's way.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// protoc writes `file:line:column: message`, one line per fault; the first is where to look.
fn protoc_error(stderr: &str, sources: &Sources) -> Error {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    // Warnings without a place may stand before it.
    let has_place = |line: &&str| line.split(':').nth(1).is_some_and(|part| part.parse::<usize>().is_ok());
    let index = lines.iter().position(has_place).unwrap_or(0);
    let first = lines.get(index).copied().unwrap_or("protoc failed and did not say why");
    let parts: Vec<&str> = first.splitn(4, ':').collect();
    let mut error = match parts.as_slice() {
        [file, line, column, message] if line.parse::<usize>().is_ok() => {
            let path = sources.locate(file).unwrap_or_else(|| PathBuf::from(file));
            let (line, column) = (line.parse().unwrap_or(1), column.trim().parse().unwrap_or(1));
            Error::new(ErrorKind::Protoc, message.trim()).in_file(path).at(line, column, 1)
        }
        _ => Error::new(ErrorKind::Protoc, first),
    };
    let rest: Vec<&str> =
        lines.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, line)| *line).collect();
    if !rest.is_empty() {
        error = error.with_help(format!("protoc said further:\n{}", rest.join("\n")));
    }
    error
}
