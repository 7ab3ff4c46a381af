//! The Greeter's contract, generated, and its implementation, which the server serves.

// Generated code documents itself as far as its proto does.
#![allow(missing_docs)]
#![forbid(unsafe_code)]

gannet::include_protos!();

use gannet::{Replies, Request, Response, Status, Streaming};
use helloworld::{Greeter, HelloReply, HelloRequest};

/// Greets whoever asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(HelloReply { message: format!("Hello {}!", request.name) }.into())
    }

    async fn say_hello_stream(
        &self,
        mut requests: Request<Streaming<HelloRequest>>,
        mut replies: Replies<HelloReply>,
    ) -> Result<(), Status> {
        while let Some(request) = requests.next().await? {
            replies.send(HelloReply { message: format!("hi {}", request.name) }).await?;
        }
        Ok(())
    }
}
