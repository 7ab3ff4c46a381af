//! Compiles the contracts of the services that the tests serve and call.

fn main() {
    // The official protos of reflection and health, for the clients that ask for them.
    let official = "../gannet-services/proto";
    gannet_build::Config::new()
        .include("proto")
        .include(official)
        .files(["proto".to_owned(), format!("{official}/grpc")])
        .compile()
        .unwrap_or_else(|error| panic!("{error}"));
}
