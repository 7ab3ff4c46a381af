//! The greeter on pajamax: blocking handlers, a thread for each connection, unary calls only, no flow control. What it
//! does is a fraction of gRPC; it shows how near the floor that fraction gets.

#![forbid(unsafe_code)]

use helloworld::{Greeter, GreeterServer, HelloReply, HelloRequest};

mod helloworld {
    include!(concat!(env!("OUT_DIR"), "/helloworld.rs"));
}

struct Hello;

impl Greeter for Hello {
    fn say_hello(&self, request: HelloRequest) -> pajamax::Response<HelloReply> {
        Ok(HelloReply { message: format!("Hello {}!", request.name) })
    }
}

fn main() -> std::io::Result<()> {
    let mut address = String::from("127.0.0.1:50051");
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match (name.as_str(), value.as_str()) {
            ("--addr", _) => address = value,
            ("--threads", "1") => {}
            _ => return Err(std::io::Error::other("takes only --addr ADDRESS and --threads 1")),
        }
    }
    // The default of 100 connections is less than the bench has idle.
    pajamax::Config::new()
        .max_concurrent_connections(10_000)
        .add_service(GreeterServer::new(Hello))
        .serve(address)
}
