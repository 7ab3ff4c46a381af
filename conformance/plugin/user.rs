//! A user's crate with the files that protoc-gen-gannet wrote into `src/gen`: it need only compile.

#![deny(warnings, missing_docs)]

/// What protoc-gen-gannet wrote.
#[path = "gen/mod.rs"]
pub mod generated;

use gannet::{Channel, Replies, Request, Response, Status, Streaming};
use generated::helloworld;

/// The article's server.
pub struct Hello;

impl helloworld::Greeter for Hello {
    async fn say_hello(
        &self,
        request: Request<helloworld::HelloRequest>,
    ) -> Result<Response<helloworld::HelloReply>, Status> {
        let message = format!("Hello {}!", request.name);
        Ok(helloworld::HelloReply { message, ..Default::default() }.into())
    }

    async fn say_hello_stream(
        &self,
        mut requests: Request<Streaming<helloworld::HelloRequest>>,
        mut replies: Replies<helloworld::HelloReply>,
    ) -> Result<(), Status> {
        while let Some(request) = requests.next().await? {
            let message = format!("hi {}", request.name);
            replies.send(helloworld::HelloReply { message, ..Default::default() }).await?;
        }
        Ok(())
    }
}

/// The server, for either package.
pub fn server() -> helloworld::GreeterServer<Hello> {
    helloworld::GreeterServer::new(Hello)
}

/// The client of the same contract in the article's other package.
pub async fn call(channel: Channel) -> Result<String, Status> {
    let client = generated::proto::GreeterClient::new(channel);
    let request = generated::proto::HelloRequest { name: "zhangsan".to_owned(), ..Default::default() };
    Ok(client.say_hello(request).await?.into_inner().message)
}
