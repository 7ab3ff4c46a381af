//! Generates `grpc.testing` from `proto/`, as any user of Gannet does.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    gannet_build::Config::new().include("proto").file("proto/grpc/testing/test.proto").compile()?;
    Ok(())
}
