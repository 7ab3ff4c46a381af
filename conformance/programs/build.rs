//! Generates code for `proto/`, as any user of Gannet does.

fn main() -> Result<(), gannet_build::Error> {
    gannet_build::compile("proto")
}
