//! Compiles the contracts of the tour.

fn main() -> Result<(), gannet_build::Error> {
    // The official protos of reflection and health, for the chapter that asks for them.
    let official = "../gannet-services/proto";
    gannet_build::Config::new()
        .include("proto")
        .include(official)
        .files(["proto/helloworld.proto", "proto/tour.proto", "proto/validators.proto"])
        .files([format!("{official}/grpc/reflection/v1"), format!("{official}/grpc/health")])
        .compile()
}
