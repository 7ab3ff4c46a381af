//! Generates `grpc.testing` from `proto/`, as any user of Gannet does.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    gannet_build::configure().include("proto").compile(&["grpc/testing/test.proto"])?;
    Ok(())
}
