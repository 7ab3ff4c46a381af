//! Generated code that needs a feature of the facade which is off: the compiler says which, and nothing else is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gannet_build::Config;

const SERVICE: &str = "
    service Members { rpc SignUp (Member) returns (Member) {} }
";

const RULES: &str = r#"
    syntax = "proto3";
    package members;
    import "buf/validate/validate.proto";
    import "github.com/mwitkow/go-proto-validators/validator.proto";
    message Member { string name = 1 [(buf.validate.field).string.min_len = 2]; Mail mail = 2; }
    message Mail { string address = 1 [(validator.field) = {string_not_empty: true}]; }
"#;

const INTERPRETED: &str = r#"
    syntax = "proto3";
    package members;
    import "buf/validate/validate.proto";
    import "google/protobuf/struct.proto";
    message Member { google.protobuf.Struct details = 1 [(buf.validate.field).cel_expression = "this.age > 17.0"]; }
"#;

const PLAIN: &str = r#"
    syntax = "proto3";
    package members;
    message Member { string name = 1; }
"#;

/// A package with a program for each contract, whose `gannet` has no feature but these.
struct Package {
    folder: tempfile::TempDir,
}

impl Package {
    fn new(features: &[&str]) -> Self {
        let facade = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gannet");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manifest = format!(
            "[package]\nname = \"features-off\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies.gannet]\n\
             path = '{}'\ndefault-features = false\nfeatures = {features:?}\n",
            facade.display()
        );
        fs::write(folder.path().join("Cargo.toml"), manifest).expect("a temporary folder can be written to");
        // The versions that are here already.
        fs::copy(facade.join("../../Cargo.lock"), folder.path().join("Cargo.lock"))
            .expect("a temporary folder can be written to");
        Self { folder }
    }

    fn add(&self, name: &str, contract: &str, configure: impl FnOnce(Config) -> Config) {
        let program = self.folder.path().join("src/bin").join(name);
        fs::create_dir_all(&program).expect("a temporary folder can be written to");
        let proto = self.folder.path().join(format!("{name}.proto"));
        fs::write(&proto, format!("{contract}{SERVICE}")).expect("a temporary folder can be written to");
        let config = Config::new().include(self.folder.path()).file(&proto);
        configure(config)
            .build_client(false)
            .out_dir(program.join("protos"))
            .root_file("mod.rs")
            .compile()
            .expect("the contract is right");
        fs::write(program.join("main.rs"), "mod protos;\nfn main() {}\n")
            .expect("a temporary folder can be written to");
    }

    /// Whether cargo finds a program right, and what it says.
    fn check(&self, program: &str) -> (bool, String) {
        // The folder that this test was built in: it has most of what is needed.
        let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
        let output = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline", "--bin", program])
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_TERM_COLOR", "never")
            .output()
            .expect("cargo is there, as it runs this");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn rules_without_their_feature_are_one_error_that_names_it_and_both_ways_out() {
    let package = Package::new(&["buffa", "server"]);
    package.add("rules", RULES, |config| config);
    package.add("unchecked", RULES, |config| config.validation(false));
    package.add("plain", PLAIN, |config| config);

    let (is_right, said) = package.check("rules");
    assert!(!is_right, "it compiled:\n{said}");
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
    let [error, summary] = errors.as_slice() else { panic!("not one error and the summary:\n{said}") };
    assert_eq!(
        *error,
        "error: there are rules for members.Member and 1 more, but `gannet` is built without its feature \
         `validate`, which checks them"
    );
    assert!(summary.contains("due to 1 previous error"), "{said}");
    assert!(said.contains(r#"features = ["validate"] }"#), "{said}");
    assert!(said.contains("`.validation(false)` of gannet_build::Config"), "{said}");

    for program in ["unchecked", "plain"] {
        let (is_right, said) = package.check(program);
        assert!(is_right, "{program}:\n{said}");
    }
}

#[test]
fn interpreted_rules_without_their_feature_are_one_error_too() {
    // Services know of the validators of their messages, if there are any.
    for features in [&["buffa", "server"][..], &["buffa", "server", "validate"]] {
        let package = Package::new(features);
        package.add("interpreted", INTERPRETED, |config| config.runtime_cel(true));
        let (is_right, said) = package.check("interpreted");
        assert!(!is_right, "it compiled:\n{said}");
        assert!(
            said.contains(
                "error: there are rules to be interpreted for members.Member, but `gannet` is built without its \
                 feature `runtime-cel`, which does that"
            ),
            "{said}"
        );
        assert!(said.contains("due to 1 previous error"), "{said}");
        assert!(said.contains(r#"features = ["runtime-cel"] }"#), "{said}");
        assert!(said.contains("leave out `.runtime_cel(true)`"), "{said}");
    }
}
