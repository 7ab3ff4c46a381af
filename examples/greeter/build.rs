//! Compiles the contract.

fn main() {
    gannet_build::compile("proto/helloworld.proto").unwrap();
}
