//! Generates the code that the guide's examples use.

fn main() -> Result<(), gannet_build::Error> {
    gannet_build::compile("proto")
}
