//! Compiles the contract of the services that the tests call.

fn main() {
    gannet_build::compile("proto/probe.proto").unwrap_or_else(|error| panic!("{error}"));
}
