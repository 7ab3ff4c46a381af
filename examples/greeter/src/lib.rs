//! The Greeter's contract, generated, and its implementation, which the server serves; and the token as both programs
//! take it.

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

/// A user and a password, written `USER:PASSWORD`.
pub struct Token {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Token {
    /// Reads `USER:PASSWORD`; the password may hold colons.
    ///
    /// # Errors
    ///
    /// If there is no colon, or nothing before it. The error does not repeat what was given.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some((user, password)) if !user.is_empty() => {
                Ok(Self { user: user.to_owned(), password: password.to_owned() })
            }
            _ => Err("a token is written USER:PASSWORD, as in --token admin:admin"),
        }
    }
}
