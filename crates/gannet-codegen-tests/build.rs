//! Compiles the protos of this package in every way that a user may choose.

use gannet_build::{Codec, Config};

fn main() {
    let out = std::env::var("OUT_DIR").expect("Cargo sets OUT_DIR");
    let all = |codec| {
        Config::new()
            .codec(codec)
            .include("proto")
            .file("proto/greeter.proto")
            .file("proto/nasty")
            .file("proto/legacy")
            .file("proto/validated")
    };
    all(Codec::Buffa).compile().unwrap_or_else(|error| panic!("{error}"));
    let interpreted =
        |codec| Config::new().codec(codec).include("proto").file("proto/interpreted").runtime_cel(true);
    let trees = [
        ("interpreted", interpreted(Codec::Buffa)),
        ("interpreted_prost", interpreted(Codec::Prost)),
        ("everything", all(Codec::Buffa).views(true).json(true).unknown_fields(true)),
        ("prost", all(Codec::Prost)),
        ("client_only", all(Codec::Buffa).build_server(false)),
        ("server_only", all(Codec::Buffa).build_client(false)),
        (
            "elsewhere",
            Config::new()
                .include("proto")
                .file("proto/user/user.proto")
                .extern_path(".a", "crate::buffa_tree::a")
                .extern_path(".type.match.Loop", "crate::buffa_tree::r#type::r#match::Loop")
                .gannet_path("crate::renamed"),
        ),
    ];
    for (name, config) in trees {
        let written = config.out_dir(format!("{out}/{name}")).root_file(format!("{name}.rs")).compile();
        written.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
