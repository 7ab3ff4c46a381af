//! The text of generated services, which is part of the interface: users read it.

use gannet_build::{Codec, Config};

/// The services of one generated file; the messages before them are their library's.
fn services(config: &Config, file: &str) -> String {
    let output = config.generate().expect("the protos are right");
    let file = output.files.into_iter().find(|one| one.name == file).expect("the file is generated");
    let start = file.content.find("/// The service `").expect("the file has services");
    file.content[start..].to_owned()
}

#[test]
fn the_greeter() {
    insta::assert_snapshot!(services(&Config::new().file("proto/greeter.proto"), "helloworld.rs"));
}

#[test]
fn the_greeter_with_messages_of_prost() {
    let config = Config::new().file("proto/greeter.proto").codec(Codec::Prost);
    insta::assert_snapshot!(services(&config, "helloworld.rs"));
}

#[test]
fn names_that_clash() {
    let config = Config::new().include("proto").file("proto/nasty/clash.proto");
    insta::assert_snapshot!(services(&config, "nasty.clash.rs"));
}

#[test]
fn comments_and_deprecation() {
    let config = Config::new().include("proto").file("proto/nasty/documented.proto");
    insta::assert_snapshot!(services(&config, "documented.rs"));
}

#[test]
fn the_module_tree() {
    let config = Config::new().include("proto").file("proto/nasty").gannet_path("::my::gannet");
    let output = config.generate().expect("the protos are right");
    let names: Vec<&str> = output.files.iter().map(|file| file.name.as_str()).collect();
    let root = output.files.last().expect("a tree has a root");
    insta::assert_snapshot!(format!("{}\n\n{}", names.join("\n"), root.content));
}

#[test]
fn what_only_options_import_is_not_generated() {
    let output = Config::new().include("proto").file("proto/nasty/options.proto").generate().unwrap();
    let names: Vec<&str> = output.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["options.rs", "gannet_protos.descriptor_set.rs", "gannet_protos.rs"]);
}

#[test]
fn the_output_depends_on_nothing_but_the_input() {
    let config = |files: [&str; 2]| Config::new().include("proto").files(files);
    let one = config(["proto/nasty/a.proto", "proto/greeter.proto"]).generate().unwrap();
    let other = config(["proto/nasty/a.proto", "proto/greeter.proto"]).generate().unwrap();
    assert_eq!(one.files, other.files);
}
