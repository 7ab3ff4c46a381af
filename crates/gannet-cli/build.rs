//! Compiles the contracts of the tour.

fn main() -> Result<(), gannet_build::Error> {
    gannet_build::Config::new().files(["proto/helloworld.proto", "proto/tour.proto"]).compile()
}
