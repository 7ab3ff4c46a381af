//! The program as its user runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/helloworld.proto");

fn gannet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gannet"))
        .args(arguments)
        .env_remove("PROTOC")
        // What is installed here is of no account: with grpcio, the chapter is walked by `.ci/run tour`.
        .env("GANNET_TOUR_PYTHON", "no-such-python")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the program says on its output, having succeeded and complained about nothing.
fn said(arguments: &[&str]) -> String {
    let output = gannet(arguments);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {said}{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    said
}

/// What the program complains of, having ended with `status` and done nothing.
fn complaint(status: i32, arguments: &[&str]) -> String {
    let output = gannet(arguments);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

/// A folder to generate into.
struct Out {
    folder: tempfile::TempDir,
}

impl Out {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("src").join("protos")
    }

    /// Generates into the folder.
    fn generate(&self, arguments: &[&str]) -> String {
        let path = self.path();
        said(&[&["generate", "--out", path.to_str().unwrap()], arguments].concat())
    }

    /// Fails to generate into the folder.
    fn refuse(&self, arguments: &[&str]) -> String {
        let path = self.path();
        let complaint = complaint(1, &[&["generate", "--out", path.to_str().unwrap()], arguments].concat());
        assert!(!path.exists(), "nothing is written unless all of it can be");
        complaint
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Puts a contract beside the folder.
    fn contract(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn the_tour_holds_and_shows_what_was_sent_and_what_came() {
    let said = said(&["tour"]);
    for part in [
        " 1  Contract and code generation",
        "fn say_hello(&self, request: Request<HelloRequest>)",
        " 2  Server and client",
        "Hello zhangsan!",
        " 3  Reflection and health",
        "rpc SayHelloStream ( stream .helloworld.HelloRequest ) returns ( stream .helloworld.HelloReply );",
        "NOT_SERVING by the watch",
        " 4  Streams",
        "hi lisi",
        "the server waits after",
        "the client waits after",
        " 5  Validators",
        r#"INVALID_ARGUMENT: invalid field Name: value 'zhangsan' must be a string conforming to regex "^[z]{2,5}$""#,
        "Hello zzz!",
        "hi zzzzz",
        "tags[1]: must be at least 1 characters (string.min_len)",
        "the message: who is under 18 needs a guardian (sign_up.guardian)",
        " 6  Interceptor chains",
        "auth in, validator in, auth sees HelloRequest, validator sees HelloRequest, validator out, auth out",
        " 7  Token authentication",
        "UNAUTHENTICATED: invalid token",
        "the call credentials require transport security",
        " 8  TLS, one way",
        "relies on legacy Common Name field, use SANs instead",
        "the server's certificate is not for `greeter.example.org`: it holds DNS www.example.grpcdev.cn",
        " 9  TLS, both ways",
        "the handler was called by CN=zhangsan, spiffe://example.org/zhangsan",
        "a client certificate is required and the client gave none",
        "10  Another language",
        "skipped: no-such-python cannot be run",
        "pip3 install grpcio grpcio-tools",
        "11  Deadlines",
        "DEADLINE_EXCEEDED",
        "12  Errors",
        "NOT_FOUND",
        "UNIMPLEMENTED",
        "INTERNAL",
        "13  Shutdown",
        "UNAVAILABLE: the server is shutting down",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!(said.matches('✓').count(), 12, "{said}");
    assert!(!said.contains('✗'), "{said}");
    assert_eq!(said.lines().last(), Some("12 held, 0 failed, 1 skipped"));
    assert!(!said.contains('\x1b'), "colours in a pipe");
}

#[test]
fn a_chapter_can_be_walked_alone() {
    let said = said(&["tour", "--only", "2"]);
    assert!(said.contains("Server and client") && !said.contains("Streams"), "{said}");
    assert_eq!(said.lines().last(), Some("1 held, 0 failed"));
}

#[test]
fn a_chapter_that_is_not_there_is_refused() {
    let unknown = complaint(1, &["tour", "--only", "99"]);
    assert!(unknown.contains("there is no chapter 99; there are: 1, 2, 3, 4, 5, 6"), "{unknown}");
    complaint(2, &["tour", "--only", "streams"]);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_gannet")).arg("tour").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_teaches() {
    let help = complaint(2, &[]);
    for part in [
        "gannet tour",
        "gannet generate proto/a.proto --out src/protos",
        "gannet certs quick",
        "gannet lint rules",
        "gannet validate",
        "Exit status",
    ] {
        assert!(help.contains(part), "{part} is not in\n{help}");
    }
    let tour = said(&["tour", "--help"]);
    assert!(tour.contains(" 4  Streams\n") && tour.contains(" 5  Validators\n"), "{tour}");
    let generate = said(&["help", "generate"]);
    assert!(
        generate.contains("mod protos;") && generate.contains("--descriptor-set api.binpb"),
        "{generate}"
    );
    assert!(said(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn generate_writes_the_module_tree_and_says_so() {
    let out = Out::new();
    let report = out.generate(&[CONTRACT]);
    assert!(out.read("mod.rs").contains("pub mod helloworld"));
    let code = out.read("helloworld.rs");
    for part in ["struct HelloRequest", "trait Greeter", "struct GreeterServer", "struct GreeterClient"] {
        assert!(code.contains(part), "{part} is missing");
    }
    let written: Vec<PathBuf> =
        report.lines().map(|line| PathBuf::from(line.strip_prefix("wrote ").unwrap())).collect();
    assert!(written.contains(&out.path().join("mod.rs")), "{report}");
    assert_eq!(written.len(), std::fs::read_dir(out.path()).unwrap().count(), "{report}");
    assert!(written.iter().all(|path| path.is_file()), "{report}");

    // Again, with one file changed by somebody.
    std::fs::write(out.path().join("helloworld.rs"), "").unwrap();
    let report = out.generate(&[CONTRACT]);
    assert_eq!(report.matches("unchanged ").count(), written.len() - 1, "{report}");
    assert_eq!(out.read("helloworld.rs"), code);
}

#[test]
fn generate_leaves_out_and_adds_what_it_is_told() {
    let generated = |options: &[&str]| {
        let out = Out::new();
        out.generate(&[&[CONTRACT], options].concat());
        out.read("helloworld.rs")
    };
    let client = generated(&["--no-server"]);
    assert!(client.contains("struct GreeterClient") && !client.contains("trait Greeter"));
    let server = generated(&["--no-client"]);
    assert!(server.contains("trait Greeter") && !server.contains("struct GreeterClient"));
    assert!(generated(&["--codec", "prost"]).contains("codegen::Prost"));
    assert!(generated(&["--json"]).contains("serde"));
    let view = |code: &str| code.contains("HelloRequestView");
    let (plain, out) = (generated(&[]), Out::new());
    out.generate(&[CONTRACT, "--views"]);
    let all: String = std::fs::read_dir(out.path())
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(view(&all) && !view(&plain));
}

#[test]
fn generate_finds_imports_and_leaves_extern_paths_alone() {
    let out = Out::new();
    out.contract(
        "common/money.proto",
        "syntax = \"proto3\"; package common; message Money { int64 units = 1; }",
    );
    let shop = out.contract(
        "shop/shop.proto",
        "syntax = \"proto3\"; package shop; import \"common/money.proto\";\nmessage Price { common.Money money = 1; }",
    );
    let include = out.folder.path().to_str().unwrap().to_owned();
    let complaint = out.refuse(&[&shop]);
    assert!(
        complaint.contains("shop.proto:1") && complaint.contains(&format!("--include {include}")),
        "{complaint}"
    );

    out.generate(&[&shop, "--include", &include]);
    assert!(out.read("mod.rs").contains("pub mod common"));

    let elsewhere = Out::new();
    elsewhere.generate(&[&shop, "--include", &include, "--extern-path", ".common=::common_protos::common"]);
    assert!(!elsewhere.read("mod.rs").contains("pub mod common"));
    assert!(elsewhere.read("shop.rs").contains("::common_protos::common::Money"));
}

#[test]
fn generate_takes_a_descriptor_set() {
    let out = Out::new();
    // `syntax = "proto3"; message Ping {}`, as protoc writes it.
    let set = out.folder.path().join("ping.binpb");
    std::fs::write(&set, b"\x0a\x1c\x0a\x0aping.proto\x22\x06\x0a\x04Ping\x62\x06proto3").unwrap();
    out.generate(&["--descriptor-set", set.to_str().unwrap()]);
    let wrote: Vec<PathBuf> =
        std::fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let code: String = wrote.iter().map(|path: &PathBuf| std::fs::read_to_string(path).unwrap()).collect();
    assert!(code.contains("pub struct Ping"), "{wrote:?}");

    let other = Out::new();
    let complaint = other.refuse(&["--descriptor-set", set.to_str().unwrap(), "pong.proto"]);
    assert!(complaint.contains("ping.binpb") || complaint.contains("pong.proto"), "{complaint}");
}

#[test]
fn generate_says_where_a_contract_is_wrong() {
    let out = Out::new();
    let wrong = |name: &str, text: &str| out.refuse(&[&out.contract(name, text)]);
    let unknown = wrong("unknown.proto", "syntax = \"proto3\";\nmessage A { Missing b = 1; }\n");
    assert!(unknown.contains("unknown.proto:2:13: name 'Missing' is not defined"), "{unknown}");
    let syntax = wrong("syntax.proto", "syntax = \"proto3\";\n\nmessage A {\n  string b 1;\n}\n");
    assert!(syntax.contains("syntax.proto:4:12"), "{syntax}");
    let edition = wrong("edition.proto", "edition = \"2023\";\n");
    assert!(edition.contains("edition.proto:1:1") && edition.contains("PROTOC"), "{edition}");
    let nothing = out.refuse(&["nothing.proto"]);
    assert!(nothing.contains("nothing.proto: the file does not exist"), "{nothing}");
}

#[test]
fn generate_refuses_what_cannot_work() {
    let out = Out::new();
    let prost = out.refuse(&[CONTRACT, "--codec", "prost", "--views"]);
    assert!(prost.contains("`views` is not available with the codec prost"), "{prost}");
    let path = out.refuse(&[CONTRACT, "--extern-path", ".a=not a path"]);
    assert!(path.contains("`not a path` is not a Rust path"), "{path}");

    let path = complaint(2, &["generate", CONTRACT, "--out", "x", "--extern-path", "a"]);
    assert!(path.contains(".package=::rust::path"), "{path}");
    assert!(complaint(2, &["generate", CONTRACT]).contains("--out"));
    assert!(complaint(2, &["generate", "--out", "x"]).contains("FILE"));
    assert!(!Path::new("x").exists());
}

#[test]
fn lint_says_what_each_message_demands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user.proto");
    let contract = "syntax = \"proto3\"; package a; import \"buf/validate/validate.proto\";\n\
                    message User { string name = 1 [(buf.validate.field).string.min_len = 3]; }";
    std::fs::write(&file, contract).unwrap();
    let told = said(&["lint", "rules", file.to_str().unwrap()]);
    assert_eq!(told, "a.User (user.proto)\n  name  must be at least 3 characters (string.min_len)\n");

    std::fs::write(&file, contract.replace("string.min_len", "int32.gt")).unwrap();
    let refused = complaint(1, &["lint", "rules", file.to_str().unwrap()]);
    assert!(
        refused.contains("user.proto:2: a.User.name: rules of type `int32` stand on a field"),
        "{refused}"
    );
}

/// A contract, and messages beside it.
struct Messages {
    folder: tempfile::TempDir,
}

impl Messages {
    fn new() -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        this.file(
            "user.proto",
            "syntax = \"proto3\"; package a; import \"buf/validate/validate.proto\";\n\
             message User { string name = 1 [(buf.validate.field).string.min_len = 3];\n\
             repeated User friends = 2; uint32 age = 3; }\n\
             message Free { string name = 1; }",
        );
        this
    }

    /// The path of a file with this content.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The exit status and what is said of messages of `a.User`.
    fn validate(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let contract = self.folder.path().join("user.proto");
        let start = ["validate", contract.to_str().unwrap(), "--message", "a.User"];
        let output = gannet(&[&start, arguments].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

#[test]
fn validate_says_that_a_message_is_valid_or_which_rules_it_breaks() {
    let messages = Messages::new();
    let valid = messages.file("valid.json", r#"{"name": "lisi"}"#);
    assert_eq!(messages.validate(&[&valid]), (Some(0), "valid\n".into(), String::new()));
    let broken = messages.file("broken.json", r#"{"name": "li", "friends": [{"name": "lisi"}, {}]}"#);
    let lines = "name: must be at least 3 characters (string.min_len)\n\
                 friends[1].name: must be at least 3 characters (string.min_len)\n";
    assert_eq!(messages.validate(&[&broken]), (Some(1), lines.into(), String::new()));
    let first = "name: must be at least 3 characters (string.min_len)\n";
    assert_eq!(messages.validate(&[&broken, "--fail-fast"]), (Some(1), first.into(), String::new()));
    let (status, said, _) = messages.validate(&[&valid, &broken, "--fail-fast"]);
    assert_eq!((status, said), (Some(1), format!("{valid}: valid\n{broken}: {first}")));
}

#[test]
fn validate_says_it_in_json() {
    let messages = Messages::new();
    let broken = messages.file("broken.json", r#"{"friends": [{"name": "lisi"}], "name": "li"}"#);
    let (status, said, _) = messages.validate(&[&broken, "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let violation = serde_json::json!({
        "field": "name",
        "message": "must be at least 3 characters",
        "rule_id": "string.min_len",
        "rule": "string.min_len",
        "for_key": false,
    });
    let expected = serde_json::json!({ "file": broken, "valid": false, "violations": [violation] });
    assert_eq!((status, said), (Some(1), expected));
}

#[test]
fn validate_takes_encoded_messages() {
    let messages = Messages::new();
    let valid = messages.file("valid.binpb", b"\x0a\x04lisi");
    assert_eq!(messages.validate(&["--binary", &valid]), (Some(0), "valid\n".into(), String::new()));
    let cut_off = messages.file("cut-off.binpb", b"\x0a\x04li");
    let (status, _, complaint) = messages.validate(&["--binary", &cut_off]);
    assert_eq!(status, Some(1));
    assert!(complaint.contains("cut-off.binpb: no encoded a.User: "), "{complaint}");
}

#[test]
fn validate_takes_the_older_dialect() {
    let messages = Messages::new();
    messages.file(
        "user.proto",
        "syntax = \"proto3\"; package a; import \"github.com/mwitkow/go-proto-validators/validator.proto\";\n\
         message User { string name = 1 [(validator.field) = {string_not_empty: true}]; }",
    );
    let empty = messages.file("empty.json", "{}");
    let line = "invalid field Name: value '' must not be an empty string\n";
    assert_eq!(messages.validate(&[&empty]), (Some(1), line.into(), String::new()));
}

#[test]
fn validate_says_where_a_message_cannot_be_read() {
    let messages = Messages::new();
    let faults = [
        ("{\"name\": \"lisi\",\n \"age\": \"x\"}", "m.json:2:11: age: invalid value: string \"x\""),
        ("{\"friends\": [{\"age\": []}]}", ": friends[0].age: "),
        ("{\"nme\": 1}", "m.json:1:6: unknown field \"nme\" on message a.User"),
        ("{\"name\": \"lisi\"", "m.json:1:15: EOF while parsing an object"),
        ("{} {}", "m.json:1:4: trailing characters"),
    ];
    for (json, expected) in faults {
        let file = messages.file("m.json", json);
        let (status, said, complaint) = messages.validate(&[&file]);
        assert_eq!((status, said.as_str()), (Some(1), ""), "{json}");
        assert!(complaint.contains(expected), "{json}: {complaint}");
    }
    let (_, _, complaint) = messages.validate(&["nowhere.json"]);
    assert!(complaint.contains("nowhere.json cannot be read: "), "{complaint}");
}

#[test]
fn validate_says_what_is_wrong_with_the_contract() {
    let messages = Messages::new();
    let file = messages.file("m.json", "{}");
    let contract = messages.folder.path().join("user.proto").to_str().unwrap().to_owned();
    let unknown = complaint(1, &["validate", &contract, "--message", "b.User", &file]);
    assert!(unknown.contains("has no message b.User\n  help: it has a.User, a.Free"), "{unknown}");
    let free = complaint(1, &["validate", &contract, "--message", "a.Free", &file]);
    assert!(free.contains("a.Free has no rules, nor has what it holds"), "{free}");
    let none = complaint(1, &["validate", &file, "--message", "a.User"]);
    assert!(none.contains("none of the files is a contract"), "{none}");
    let wrong = std::fs::read_to_string(&contract).unwrap().replace("string.min_len", "int32.gt");
    std::fs::write(&contract, wrong).unwrap();
    let wrong = complaint(1, &["validate", &contract, "--message", "a.User", &file]);
    assert!(wrong.contains("user.proto:2: a.User.name: rules of type `int32` stand on a field"), "{wrong}");
}
