//! Compiles the contract.

fn main() -> Result<(), gannet_build::Error> {
    gannet_build::compile("proto/helloworld.proto")
}
