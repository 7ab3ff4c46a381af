//! The greeter on tonic: the peer that Gannet's figures are compared with. Plain defaults, nothing tuned; not an
//! example of how to use Gannet.

#![forbid(unsafe_code)]

use std::net::SocketAddr;

use clap::Parser;
use tonic::{Request, Response, Status, transport::Server};

#[allow(missing_docs, unused_qualifications, clippy::pedantic)]
mod helloworld {
    tonic::include_proto!("helloworld");
}

use helloworld::greeter_server::{Greeter, GreeterServer};
use helloworld::{HelloReply, HelloRequest};

/// The greeter on tonic, for the bench.
#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:50051")]
    addr: SocketAddr,
    /// Worker threads; the bench compares one with one.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=1))]
    threads: u8,
}

struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello {}!", request.get_ref().name);
        Ok(Response::new(HelloReply { message }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Server::builder().add_service(GreeterServer::new(Hello)).serve(options.addr))?;
    Ok(())
}
