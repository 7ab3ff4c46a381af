//! Generates the pajamax service from the proto of the tonic peer, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "../../tonic-greeter/proto";
    println!("cargo:rerun-if-changed={folder}/helloworld.proto");
    let files = protox::compile(["helloworld.proto"], [folder])?;
    prost_build::Config::new()
        .service_generator(Box::new(pajamax_build::PajamaxGen::Local))
        .compile_fds(files)?;
    Ok(())
}
