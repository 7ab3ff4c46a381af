//! Generates code for `proto/`, as any user of Gannet does.

fn main() -> Result<(), gannet_build::Error> {
    // One rule about parcels cannot be compiled.
    gannet_build::Config::new().file("proto").runtime_cel(true).compile()
}
