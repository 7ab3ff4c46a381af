//! Chapter 1: from the contract to Rust, without protoc.

use gannet_build::Config;

use super::{Notes, Outcome};

const CONTRACT: &str = include_str!("../../../proto/helloworld.proto");

/// What the build script of this program generated from the contract: what the other chapters run.
const COMPILED_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/helloworld.rs"));

/// The service to implement, and the client to call.
const SIGNATURES: [&str; 8] = [
    "pub trait Greeter: Send + Sync + 'static",
    "fn say_hello(&self, request: Request<HelloRequest>) -> impl Future<Output = Result<Response<HelloReply>, Status>> + Send",
    "fn say_hello_stream(&self, requests: Request<Streaming<HelloRequest>>, replies: Replies<HelloReply>) -> impl Future<Output = Result<(), Status>> + Send",
    "pub struct GreeterServer<T>",
    "pub struct GreeterClient",
    "pub fn new(channel: Channel) -> Self",
    "pub fn say_hello(&self, request: impl Into<Request<HelloRequest>>) -> UnaryCall<HelloRequest, HelloReply, Buffa>",
    "pub fn say_hello_stream(&self) -> BidirectionalCall<HelloRequest, HelloReply, Buffa>",
];

pub(in super::super) async fn contract(notes: Notes) -> Outcome {
    // The article calls the package `proto`, most others `helloworld`: both must generate.
    for package in ["helloworld", "proto"] {
        let code = generate(&notes, package)?;
        let signatures = signatures(&code);
        for expected in SIGNATURES {
            let found = signatures.iter().any(|signature| signature == expected);
            notes.holds(found, format!("the generated code lacks `{expected}`"))?;
        }
        let path = format!("\"/{package}.Greeter/SayHello\"");
        notes.holds(code.contains(&path), format!("the generated code lacks the path {path}"))?;
        if package == "helloworld" {
            for signature in SIGNATURES {
                notes.note(signature);
            }
            notes.holds(code == COMPILED_IN, "the build script of this program made something else of it")?;
            notes.note("the same as the build script of this program made, which the next chapters run");
        }
    }
    Ok(())
}

/// Generates code for the contract as if it had this package.
fn generate(notes: &Notes, package: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("helloworld.proto");
    let text = CONTRACT.replace("package helloworld;", &format!("package {package};"));
    notes.sent(format!("helloworld.proto, package `{package}`, {} lines", text.lines().count()));
    std::fs::write(&file, text)?;
    let output = Config::new().file(&file).generate()?;
    let name = format!("{package}.rs");
    let code = output.files.into_iter().find(|file| file.name == name).map(|file| file.content);
    let code = code.ok_or_else(|| format!("there is no file {name}"))?;
    notes.came(format!("{name}, {} lines, without protoc", code.lines().count()));
    Ok(code)
}

/// The heads of traits, structs and functions, each on one line, with the paths of types cut down to their names.
fn signatures(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = code.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if !["pub trait ", "pub struct ", "pub fn ", "fn "].iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let mut head = line.to_owned();
        while !head.ends_with(['{', ';']) {
            let Some(line) = lines.next() else { break };
            if !head.ends_with(['(', '<']) && !line.starts_with([')', '>']) {
                head.push(' ');
            }
            head.push_str(line);
        }
        let head = head.trim_end_matches(['{', ';', ' ']).replace(",)", ")").replace(",>", ">");
        found.push(without_paths(&head));
    }
    found
}

/// `::gannet::codegen::Request<…>` as `Request<…>`.
fn without_paths(code: &str) -> String {
    let mut parts = code.split("::");
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let before = short.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        short.truncate(before);
        short.push_str(part);
    }
    short
}
