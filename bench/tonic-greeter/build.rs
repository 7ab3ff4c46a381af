//! Generates the tonic service from `proto/helloworld.proto`, without protoc. Not shared with Gannet's own build.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/helloworld.proto");
    let files = protox::compile(["helloworld.proto"], ["proto"])?;
    tonic_prost_build::configure().build_client(false).compile_fds(files)?;
    Ok(())
}
