//! What holds for the repository as a whole: who may import whom, which outside crates each crate may use, the shape of
//! source files, and that nothing in it names a place on somebody's machine.
//!
//! Each check is a function from what was read to its faults, with a test beside it that shows it a fault. What rustc,
//! clippy, rustfmt and cargo-deny check is not repeated here; `CONTRIBUTING.md` names the whole set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines a source file may have before its tests.
const MAX_LINES: usize = 600;

/// The words by which the top of a longer file says why it is longer.
const LONGER: &str = "over 600 lines";

/// What one crate under `crates/` may depend on outside its tests.
struct Allowed {
    name: &'static str,
    /// Crates of this repository.
    siblings: &'static [&'static str],
    /// Crates of others.
    others: &'static [&'static str],
}

/// The whole truth about the dependencies of `crates/`. Dev-dependencies are free, build-dependencies are not: a user
/// waits for them too.
///
/// A line is added here because the dependency is right (`CONTRIBUTING.md`, Dependencies), not to make the check pass.
const ALLOWED: &[Allowed] = &[
    // Pure state machines and values: no clock, socket or runtime, so neither tokio nor tracing.
    Allowed { name: "gannet-core", siblings: &[], others: &["base64", "bytes", "futures-core"] },
    Allowed { name: "gannet-http2", siblings: &[], others: &["bytes", "foldhash", "hashbrown"] },
    // Message codecs: each a crate of its own, so that a user compiles only the one in use.
    Allowed {
        name: "gannet-buffa",
        siblings: &["gannet-core"],
        others: &["buffa", "buffa-descriptor", "buffa-types", "bytes", "serde", "serde_json"],
    },
    Allowed { name: "gannet-prost", siblings: &["gannet-core"], others: &["bytes", "prost", "prost-types"] },
    // The run time.
    Allowed {
        name: "gannet-transport",
        siblings: &["gannet-core", "gannet-http2"],
        others: &[
            "bytes",
            "futures-core",
            "rustls",
            "rustls-native-certs",
            "time",
            "tokio",
            "tokio-rustls",
            "tokio-util",
            "tracing",
            "x509-parser",
        ],
    },
    Allowed {
        name: "gannet-server",
        siblings: &["gannet-core", "gannet-http2", "gannet-services", "gannet-transport"],
        others: &["bytes", "foldhash", "futures-core", "hashbrown", "pin-project-lite", "tokio", "tracing"],
    },
    Allowed {
        name: "gannet-client",
        siblings: &["gannet-core", "gannet-http2", "gannet-transport"],
        others: &["arc-swap", "bytes", "foldhash", "futures-core", "hashbrown", "tokio", "tracing"],
    },
    Allowed {
        name: "gannet-testing",
        siblings: &["gannet-client", "gannet-core", "gannet-http2", "gannet-server", "gannet-transport"],
        others: &["bytes", "futures-core", "tokio", "tokio-stream", "tokio-util"],
    },
    Allowed {
        name: "gannet-interceptors",
        siblings: &["gannet-core"],
        others: &["http", "http-body", "tokio", "tower-layer", "tower-service", "tracing"],
    },
    // Who calls, and the services of every server.
    Allowed {
        name: "gannet-auth",
        siblings: &["gannet-core", "gannet-transport"],
        others: &[
            "arc-swap",
            "base64",
            "jsonwebtoken",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "sha2",
            "subtle",
            "time",
            "tokio",
            "tracing",
            "zeroize",
        ],
    },
    Allowed { name: "gannet-services", siblings: &["gannet-buffa", "gannet-core"], others: &["bytes"] },
    // The rules of messages: what they need to be evaluated, and what generated validators run on.
    Allowed {
        name: "gannet-cel",
        siblings: &[],
        others: &["jiff", "memchr", "regex-automata", "regex-syntax"],
    },
    Allowed {
        name: "gannet-cel-interpreter",
        siblings: &["gannet-cel"],
        others: &["buffa", "buffa-descriptor", "cel"],
    },
    Allowed {
        name: "gannet-validate",
        siblings: &["gannet-cel", "gannet-cel-interpreter", "gannet-core"],
        others: &["bytes"],
    },
    // Code generation: runs at build time, links nothing of the run time but the functions that rules are folded with.
    Allowed {
        name: "gannet-rules",
        siblings: &["gannet-cel"],
        others: &["buffa", "buffa-descriptor", "cel", "proc-macro2", "quote"],
    },
    Allowed {
        name: "gannet-codegen",
        siblings: &["gannet-rules"],
        others: &[
            "buffa",
            "buffa-codegen",
            "buffa-descriptor",
            "heck",
            "prettyplease",
            "proc-macro2",
            "prost",
            "prost-build",
            "prost-types",
            "quote",
            "syn",
        ],
    },
    // Both together: rules read from descriptors at run time, for tools and tests.
    Allowed {
        name: "gannet-validate-dynamic",
        siblings: &["gannet-cel", "gannet-cel-interpreter", "gannet-rules", "gannet-validate"],
        others: &["buffa", "buffa-descriptor"],
    },
    Allowed { name: "gannet-build", siblings: &["gannet-codegen"], others: &["miette", "protox"] },
    // What users name.
    Allowed {
        name: "gannet",
        siblings: &[
            "gannet-auth",
            "gannet-buffa",
            "gannet-client",
            "gannet-core",
            "gannet-http2",
            "gannet-interceptors",
            "gannet-prost",
            "gannet-server",
            "gannet-transport",
            "gannet-validate",
        ],
        others: &[],
    },
    Allowed {
        name: "gannet-cli",
        siblings: &["gannet", "gannet-build", "gannet-validate-dynamic"],
        others: &[
            "aws-lc-rs",
            "buffa-descriptor",
            "clap",
            "pem",
            "rcgen",
            "rustls",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "tempfile",
            "time",
            "tokio",
            "tracing",
            "tracing-subscriber",
            "x509-parser",
        ],
    },
];

/// What stands where a user stands: of this repository it may use the facade, gannet-build to build, and
/// gannet-validate-dynamic, which is for programs without generated code.
const USER_FOLDERS: &[&str] =
    &["examples", "conformance", "crates/gannet-codegen-tests", "crates/gannet-e2e-tests"];

/// A dependency as the manifest states it.
struct Dependency {
    name: String,
    kind: Kind,
    /// In this repository.
    sibling: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Dev,
}

/// A member of the workspace.
struct Package {
    name: String,
    /// Its folder, from the repository's root.
    folder: PathBuf,
    dependencies: Vec<Dependency>,
    /// The first files of its libraries and programs.
    roots: Vec<PathBuf>,
}

fn repository() -> PathBuf {
    let facade = Path::new(env!("CARGO_MANIFEST_DIR"));
    facade.ancestors().nth(2).expect("the facade lies two folders deep").to_path_buf()
}

/// What the manifests say, read by Cargo itself.
fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages: Vec<Package> = items(&metadata["packages"]).map(package).collect();
    assert!(packages.len() > 10, "cargo metadata names the whole workspace");
    packages
}

fn package(json: &Value) -> Package {
    let manifest = Path::new(text(&json["manifest_path"]));
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(repository()).ok());
    let dependencies = items(&json["dependencies"]).map(|dependency| Dependency {
        name: text(&dependency["name"]).to_owned(),
        kind: match dependency["kind"].as_str() {
            None => Kind::Normal,
            Some("build") => Kind::Build,
            Some("dev") => Kind::Dev,
            Some(other) => panic!("cargo knows dependencies of a new kind, {other}"),
        },
        sibling: dependency["path"].is_string(),
    });
    let is_root = |target: &&Value| {
        items(&target["kind"]).any(|kind| matches!(text(kind), "lib" | "bin" | "proc-macro"))
    };
    Package {
        name: text(&json["name"]).to_owned(),
        folder: folder.expect("members lie in the repository").to_path_buf(),
        dependencies: dependencies.collect(),
        roots: items(&json["targets"])
            .filter(is_root)
            .map(|target| text(&target["src_path"]).into())
            .collect(),
    }
}

fn items(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().expect("a list").iter()
}

fn text(json: &Value) -> &str {
    json.as_str().expect("a string")
}

fn dependency_faults(packages: &[Package]) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().map(|allowed| (allowed.name, allowed)).collect();
    let mut faults = Vec::new();
    for package in packages {
        let user = USER_FOLDERS.iter().any(|folder| package.folder.starts_with(folder));
        for dependency in &package.dependencies {
            let (from, to) = (&package.name, dependency.name.as_str());
            let fault = match (user, allowed.get(package.name.as_str())) {
                _ if dependency.kind == Kind::Dev => None,
                (true, _) if !dependency.sibling => None,
                (true, _) if (dependency.kind, to) == (Kind::Normal, "gannet") => None,
                (true, _) if (dependency.kind, to) == (Kind::Normal, "gannet-validate-dynamic") => None,
                (true, _) if (dependency.kind, to) == (Kind::Build, "gannet-build") => None,
                (true, _) => Some(
                    "a user names the facade, gannet-build in a build script, and gannet-validate-dynamic"
                        .to_owned(),
                ),
                (false, None) => Some("the crate has no entry in ALLOWED".to_owned()),
                (false, Some(allowed)) => {
                    let list = if dependency.sibling { allowed.siblings } else { allowed.others };
                    // Only the program `gannet` may make its user wait for a build script that generates code.
                    let built = dependency.kind == Kind::Normal || package.name == "gannet-cli";
                    (!list.contains(&to) || !built).then(|| format!("allowed: {}", list.join(", ")))
                }
            };
            faults.extend(fault.map(|fault| format!("{from} must not depend on {to}: {fault}")));
        }
    }
    faults
}

/// The files below `folder` with one of these extensions, as paths from the root with their text. Leaves out what is
/// generated, built or fetched, and hidden folders.
fn files(folder: &str, extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let root = repository();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if entry.file_type().expect("a file type").is_dir() {
                if !matches!(name.as_str(), "target" | "out" | "generated" | "node_modules")
                    && !name.starts_with('.')
                {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| path.extension().is_some_and(|own| own == *extension))
            {
                // Others may be adding and removing files meanwhile.
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                found.push((path.strip_prefix(&root).expect("below the root").to_path_buf(), text));
            }
        }
    }
    found.sort();
    found
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches")))
}

/// Lines before the module that holds the unit tests. `#[cfg(test)]` before anything else does not end the count.
fn lines_without_tests(source: &str) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
    tests.unwrap_or(lines.len())
}

fn source_fault(path: &Path, source: &str) -> Option<String> {
    let top: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
    if top.iter().all(|line| line.trim_start_matches("//!").trim().is_empty()) {
        return Some(format!("{}: does not open with `//!` and what it is for", path.display()));
    }
    let lines = lines_without_tests(source);
    let explained = top.iter().any(|line| line.contains(LONGER));
    (lines > MAX_LINES && !explained && !is_test(path)).then(|| {
        format!(
            "{}: {lines} lines without its tests; split it, or say at its top why it is {LONGER}",
            path.display()
        )
    })
}

/// A place on somebody's machine that `text` names, if it names one.
fn machine_path(text: &str) -> Option<&str> {
    // Without their last slash, so that this file does not name one itself.
    ["/root", "/home", "/tmp", "/Users", "/work"].into_iter().find_map(|folder| {
        text.match_indices(folder).map(|(at, _)| at).find_map(|at| {
            // `~/home/`, `example.com/home/` and `gannet/tmp/` are not such a place.
            let rooted =
                !text[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~}*".contains(before));
            let rest = text[at + folder.len()..].strip_prefix('/')?;
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`)>,;".contains(c)).unwrap_or(rest.len());
            rooted.then(|| &text[at..=at + folder.len() + end])
        })
    })
}

/// The targets of the links of a Markdown text that lead to a file of the repository.
fn links(markdown: &str) -> impl Iterator<Item = &str> {
    markdown
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| {
            !target.is_empty() && !target.contains("://") && !target.contains(char::is_whitespace)
        })
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn crates_depend_on_what_they_may() {
    let packages = packages();
    assert_none(&dependency_faults(&packages));

    let members: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let gone: Vec<_> =
        ALLOWED.iter().filter(|allowed| !members.contains(allowed.name)).map(|a| a.name).collect();
    assert!(gone.is_empty(), "ALLOWED names crates that are no more: {gone:?}");
}

#[test]
fn a_forbidden_dependency_is_found() {
    let dependency = |name: &str, kind, sibling| Dependency { name: name.to_owned(), kind, sibling };
    let faults = |name: &str, folder: &str, dependency| {
        let (name, folder) = (name.to_owned(), folder.into());
        dependency_faults(&[Package { name, folder, dependencies: vec![dependency], roots: Vec::new() }])
            .len()
    };
    let engine = |dependency| faults("gannet-http2", "crates/gannet-http2", dependency);
    assert_eq!(engine(dependency("bytes", Kind::Normal, false)), 0);
    assert_eq!(engine(dependency("tokio", Kind::Normal, false)), 1);
    assert_eq!(engine(dependency("tokio", Kind::Dev, false)), 0);
    assert_eq!(engine(dependency("gannet-core", Kind::Normal, true)), 1);
    assert_eq!(faults("gannet", "crates/gannet", dependency("gannet-build", Kind::Build, true)), 1);
    assert_eq!(faults("gannet-new", "crates/gannet-new", dependency("bytes", Kind::Normal, false)), 1);
    let example = |dependency| faults("greeter", "examples/greeter", dependency);
    assert_eq!(example(dependency("gannet", Kind::Normal, true)), 0);
    assert_eq!(example(dependency("gannet-build", Kind::Build, true)), 0);
    assert_eq!(example(dependency("gannet-build", Kind::Normal, true)), 1);
    assert_eq!(example(dependency("gannet-server", Kind::Normal, true)), 1);
}

#[test]
fn source_files_say_what_they_are_for_and_stay_short() {
    let folders = ["crates", "examples", "conformance", "bench", "fuzz"];
    let sources: Vec<_> = folders.iter().flat_map(|folder| files(folder, &["rs"])).collect();
    assert!(sources.len() > 30, "the sources were found");
    let faults: Vec<_> = sources.iter().filter_map(|(path, source)| source_fault(path, source)).collect();
    assert_none(&faults);
}

#[test]
fn a_long_or_unexplained_file_is_found() {
    let fault = |path: &str, source: &str| source_fault(Path::new(path), source);
    let body = "fn f() {}\n".repeat(MAX_LINES);
    assert!(fault("src/a.rs", "use std::fmt;\n").is_some());
    assert!(fault("src/a.rs", "//!\n//!\n").is_some());
    assert!(fault("src/a.rs", "//! Frames.\n").is_none());
    assert!(fault("src/a.rs", &format!("//! Frames.\n{body}")).is_some());
    assert!(fault("src/a.rs", &format!("//! Frames; {LONGER}: one table.\n{body}")).is_none());
    assert!(fault("src/a/tests.rs", &format!("//! Frames.\n{body}")).is_none());
    assert!(fault("src/a.rs", &format!("//! Frames.\n#[cfg(test)]\nmod tests {{\n{body}}}\n")).is_none());
    assert!(fault("src/a.rs", &format!("//! Frames.\n#[cfg(test)]\nmod tests;\n{body}")).is_some());
}

#[test]
fn every_crate_forbids_unsafe_code_and_takes_the_common_lints() {
    let root = repository();
    let mut faults = Vec::new();
    for package in packages() {
        let manifest = root.join(&package.folder).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).expect("a readable manifest");
        if !manifest.contains("[lints]\nworkspace = true\n") {
            faults.push(format!("{}: its manifest lacks `[lints] workspace = true`", package.name));
        }
        for file in package.roots.iter().filter(|_| package.folder.starts_with("crates")) {
            let source = std::fs::read_to_string(file).expect("a readable crate root");
            if !source.lines().any(|line| line == "#![forbid(unsafe_code)]") {
                faults.push(format!("{}: lacks `#![forbid(unsafe_code)]`", file.display()));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn no_file_names_a_place_on_a_machine() {
    let texts =
        files(".", &["rs", "md", "toml", "proto", "sh", "py", "go", "js", "json", "yml", "yaml", "env"]);
    let faults: Vec<_> = texts
        .iter()
        .flat_map(|(path, text)| text.lines().enumerate().map(move |(index, line)| (path, index + 1, line)))
        .filter_map(|(path, number, line)| {
            Some(format!("{}:{number}: {}", path.display(), machine_path(line)?))
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn a_place_on_a_machine_is_found() {
    for folder in ["/root", "/home", "/tmp", "/Users"] {
        assert_eq!(machine_path(&format!("see `{folder}/a.rs`.")), Some(format!("{folder}/a.rs").as_str()));
        assert_eq!(machine_path(&format!("\"file://{folder}/a\"")), Some(format!("{folder}/a").as_str()));
        assert_eq!(machine_path(&format!("https://example.com{folder}/a")), None);
        assert_eq!(machine_path(&format!("${{TMPDIR:-{folder}}}")), None);
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = repository();
    let mut faults = Vec::new();
    for (path, text) in files(".", &["md"]) {
        let folder = root.join(&path).parent().expect("a file lies in a folder").to_path_buf();
        let dead = links(&text).filter(|target| !folder.join(target).exists());
        faults
            .extend(dead.map(|target| format!("{}: leads to {target}, which is not there", path.display())));
    }
    assert_none(&faults);
}

#[test]
fn the_links_of_a_document_are_found() {
    let text = "[a](docs/a.md#part), [b](https://example.com/b.md), [c](#here), `x[0](y z)`, [d](../d)";
    assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "../d"]);
}
