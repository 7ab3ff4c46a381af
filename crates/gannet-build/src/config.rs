//! The builder: what to compile, what to generate, and where to put it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gannet_codegen::{Codec, GeneratedFile, MessageRules, Options};

use crate::compiler::{self, Compiled};
use crate::error::{Error, ErrorKind};
use crate::sources::Sources;

/// The file that `gannet::include_protos!()` includes.
const ROOT_FILE: &str = "gannet_protos.rs";

/// What to compile, and how.
///
/// ```no_run
/// use gannet_build::{Codec, Config};
///
/// Config::new()
///     .files(["proto/shop/orders.proto", "proto/shop/users.proto"])
///     .include("proto")
///     .extern_path(".common", "::common_protos::common")
///     .views(true)
///     .compile()
///     .unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    inputs: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    texts: BTreeMap<String, String>,
    descriptor_set: Option<PathBuf>,
    protoc: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    options: Options,
}

/// What [`Config::generate`] made, before any of it is written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Output {
    /// The files to write, all into one folder.
    pub files: Vec<GeneratedFile>,
    /// The `.proto` files (or the descriptor set) that were read.
    pub inputs: Vec<PathBuf>,
    /// What a user should know, though it is no error; one line each.
    pub warnings: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let mut options = Options::default();
        options.root_file = ROOT_FILE.into();
        Self {
            inputs: Vec::new(),
            includes: Vec::new(),
            texts: BTreeMap::new(),
            descriptor_set: None,
            protoc: None,
            out_dir: None,
            options,
        }
    }
}

impl Config {
    /// Starts with no files, messages by buffa, servers and clients.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or a folder with all `.proto` files in and below it.
    ///
    /// A path is relative to the current folder: in a build script, that of `Cargo.toml`.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.inputs.push(path.as_ref().to_owned());
        self
    }

    /// Adds several files or folders.
    pub fn files(mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.inputs.extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Adds a folder that imports, and the names of files, are relative to.
    ///
    /// Earlier folders win. A file that no such folder holds makes its own folder one.
    pub fn include(mut self, folder: impl AsRef<Path>) -> Self {
        self.includes.push(folder.as_ref().to_owned());
        self
    }

    /// Provides the text of a file to import, for protos that are not on disk.
    ///
    /// A file of that name in an include folder wins. Not seen by protoc, where it is used.
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.texts.insert(name.into(), text.into());
        self
    }

    /// Takes an encoded `google.protobuf.FileDescriptorSet` in place of `.proto` files.
    ///
    /// Then [`file`](Self::file) names files of the set; with none named, all are generated. The
    /// set must hold all imports (`protoc --include_imports --include_source_info -o FILE`,
    /// `buf build -o FILE`).
    pub fn descriptor_set(mut self, path: impl AsRef<Path>) -> Self {
        self.descriptor_set = Some(path.as_ref().to_owned());
        self
    }

    /// Compiles with this protoc in place of the parser that is built in.
    ///
    /// Needed for editions only. The environment variable `PROTOC` does the same.
    pub fn protoc(mut self, path: impl AsRef<Path>) -> Self {
        self.protoc = Some(path.as_ref().to_owned());
        self
    }

    /// Chooses the library of the messages; buffa by default.
    ///
    /// [`Codec::Prost`] needs the feature `prost` of this crate and of `gannet`.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.options.codec = codec;
        self
    }

    /// The same as `codec(Codec::Prost)`.
    pub fn prost(self) -> Self {
        self.codec(Codec::Prost)
    }

    /// Says that a protobuf package or type (`.pkg`, `.pkg.Type`) lives at a Rust path, and is
    /// not to be generated.
    pub fn extern_path(mut self, proto: impl Into<String>, rust: impl Into<String>) -> Self {
        self.options.extern_paths.push((proto.into(), rust.into()));
        self
    }

    /// Whether borrowed views (`HelloRequestView<'_>`) are generated too; off by default, buffa
    /// only.
    pub fn views(mut self, on: bool) -> Self {
        self.options.views = on;
        self
    }

    /// Whether messages implement serde's traits in the form of protobuf's JSON; off by default,
    /// buffa only. Needs the feature `json` of `gannet`.
    pub fn json(mut self, on: bool) -> Self {
        self.options.json = on;
        self
    }

    /// Whether fields that the schema does not know survive decoding and encoding; off by
    /// default, buffa only. On, struct literals of messages need `..Default::default()`.
    pub fn unknown_fields(mut self, on: bool) -> Self {
        self.options.unknown_fields = on;
        self
    }

    /// Whether the trait and the server of each service are generated; on by default.
    pub fn build_server(mut self, on: bool) -> Self {
        self.options.build_server = on;
        self
    }

    /// Whether messages with rules in their contract get validators; on by default.
    pub fn validation(mut self, on: bool) -> Self {
        self.options.validation = on;
        self
    }

    /// Whether expressions of rules that cannot be compiled are interpreted when a message is validated; off by default: they
    /// are errors of the build. The crate needs the feature `runtime-cel` of `gannet`.
    ///
    /// Such are expressions about what a `google.protobuf.Any`, `Struct`, `Value` or `ListValue` holds, and those that make maps
    /// or messages. All others are compiled as ever; an interpreted one is some hundred times slower.
    pub fn runtime_cel(mut self, on: bool) -> Self {
        self.options.runtime_cel = on;
        self
    }

    /// Whether a rule that cannot be carried out fails when a message is validated, rather than the build; off by default.
    /// For conformance suites, which ask for that.
    pub fn defer_rule_faults(mut self, on: bool) -> Self {
        self.options.defer_rule_faults = on;
        self
    }

    /// Whether the client of each service is generated; on by default.
    pub fn build_client(mut self, on: bool) -> Self {
        self.options.build_client = on;
        self
    }

    /// The path of the crate `gannet`, where it is renamed or re-exported; `::gannet` by default.
    pub fn gannet_path(mut self, path: impl Into<String>) -> Self {
        self.options.gannet_path = path.into();
        self
    }

    /// The folder to write to; by default `OUT_DIR`, which Cargo sets for build scripts.
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// The name of the file that holds the module tree; `gannet_protos.rs` by default, which
    /// `gannet::include_protos!()` includes. For files that are kept in a source folder, `mod.rs`.
    pub fn root_file(mut self, name: impl Into<String>) -> Self {
        self.options.root_file = name.into();
        self
    }

    /// Compiles, and writes the Rust files.
    ///
    /// In a build script, Cargo is told of every file that was read. A file whose content would
    /// stay the same is not written, so that nothing is built anew without cause.
    ///
    /// # Errors
    /// A file cannot be found, read or written; it does not follow protobuf's grammar or does not
    /// fit together; code cannot be generated from it. [`Error`] names the file, the line and
    /// what to do.
    pub fn compile(self) -> Result<(), Error> {
        let in_build_script = env::var_os("OUT_DIR").is_some() && env::var_os("HOST").is_some();
        let folder = self.folder()?;
        let result = self.generate();
        if in_build_script {
            tell_cargo(&self, result.as_ref().ok());
        }
        result?.write_to(folder)
    }

    /// Compiles, and returns the Rust files without writing them.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn generate(&self) -> Result<Output, Error> {
        let (compiled, names) = match &self.descriptor_set {
            Some(path) => self.read_descriptor_set(path)?,
            None => self.compile_files()?,
        };
        let generated = gannet_codegen::generate(&compiled.set, &names, &self.options)?;
        Ok(Output { files: generated.files, inputs: compiled.inputs, warnings: generated.warnings })
    }

    /// Compiles, and says in words what the rules of the files' messages demand. Writes nothing.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn explain_rules(&self) -> Result<Vec<MessageRules>, Error> {
        let (compiled, names) = match &self.descriptor_set {
            Some(path) => self.read_descriptor_set(path)?,
            None => self.compile_files()?,
        };
        Ok(gannet_codegen::explain_rules(&compiled.set, &names)?)
    }

    /// Compiles, and gives the descriptors: an encoded `google.protobuf.FileDescriptorSet` with the files, all that they
    /// import, their options and the places of all in the sources. Writes nothing.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn descriptors(&self) -> Result<Vec<u8>, Error> {
        let (compiled, _) = match &self.descriptor_set {
            Some(path) => self.read_descriptor_set(path)?,
            None => self.compile_files()?,
        };
        Ok(compiled.set)
    }

    fn compile_files(&self) -> Result<(Compiled, Vec<String>), Error> {
        let sources = Sources::find(&self.inputs, &self.includes)?;
        let protoc = self.protoc.clone().or_else(|| env::var_os("PROTOC").map(PathBuf::from));
        let mut compiled = match protoc {
            Some(protoc) => {
                let scratch = self.folder().unwrap_or_else(|_| env::temp_dir());
                compiler::with_protoc(&protoc, &sources, &scratch)?
            }
            None => compiler::with_parser(&sources, &self.texts)?,
        };
        compiled.inputs.extend(sources.watched);
        Ok((compiled, sources.names))
    }

    fn read_descriptor_set(&self, path: &Path) -> Result<(Compiled, Vec<String>), Error> {
        let set =
            fs::read(path).map_err(|error| Error::io("the descriptor set cannot be read", path, error))?;
        let in_set = |error: gannet_codegen::Error| Error::from(error).in_file(path);
        let names = if self.inputs.is_empty() {
            gannet_codegen::file_names(&set).map_err(in_set)?
        } else {
            self.inputs.iter().map(|input| input.to_string_lossy().into_owned()).collect()
        };
        Ok((Compiled { set, inputs: vec![path.to_owned()] }, names))
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        self.out_dir.clone().or_else(|| env::var_os("OUT_DIR").map(PathBuf::from)).ok_or_else(|| {
            Error::new(ErrorKind::Config, "there is no folder to write to, as OUT_DIR is not set")
                .with_help("call this from build.rs, or name a folder with `.out_dir(…)`")
        })
    }
}

impl Output {
    /// Writes the files into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made, or a file not written.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> Result<(), Error> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|error| Error::io("the folder cannot be made", folder, error))?;
        for file in &self.files {
            let path = folder.join(&file.name);
            if fs::read(&path).is_ok_and(|present| present == file.content.as_bytes()) {
                continue;
            }
            fs::write(&path, &file.content)
                .map_err(|error| Error::io("the file cannot be written", &path, error))?;
        }
        Ok(())
    }
}

/// Tells Cargo when to run the build script again. On failure it runs again in any case.
fn tell_cargo(config: &Config, output: Option<&Output>) {
    let mut out = std::io::stdout().lock();
    let inputs = output.map_or(&config.inputs, |output| &output.inputs);
    let mut lines = vec!["cargo::rerun-if-env-changed=PROTOC".to_owned()];
    lines.extend(inputs.iter().map(|input| format!("cargo::rerun-if-changed={}", input.display())));
    let warnings = output.map_or(&[][..], |output| &output.warnings);
    lines.extend(warnings.iter().map(|warning| format!("cargo::warning={warning}")));
    for line in lines {
        // Cargo reads until we end; if it does not, there is no one left to tell.
        let _ = writeln!(out, "{line}");
    }
}
