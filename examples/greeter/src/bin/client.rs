//! Calls the Greeter: one call per name, or all names on one stream.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

use clap::Parser;
use gannet::{Channel, Status};
use greeter::helloworld::{GreeterClient, HelloRequest};

/// Calls the Greeter.
#[derive(Parser)]
struct Options {
    /// Where the server is: HOST:PORT, http://HOST:PORT, or unix:PATH.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    addr: String,

    /// Sends all names on one stream instead of a call for each.
    #[arg(long)]
    stream: bool,

    /// Whom to greet.
    #[arg(default_value = "world")]
    names: Vec<String>,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    match run(options).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let greeter = GreeterClient::new(Channel::connect(&options.addr).await?);
    if options.stream {
        greet_all(&greeter, options.names).await?;
        return Ok(());
    }
    for name in options.names {
        let reply = greeter.say_hello(HelloRequest { name }).await?;
        println!("{}", reply.message);
    }
    Ok(())
}

/// Sends from one task and receives in another, as the article does.
async fn greet_all(greeter: &GreeterClient, names: Vec<String>) -> Result<(), Status> {
    let (mut requests, mut replies) = greeter.say_hello_stream().open();
    tokio::spawn(async move {
        for name in names {
            // If the call has ended, the replies say why.
            if requests.send(HelloRequest { name }).await.is_err() {
                return;
            }
        }
        requests.finish();
    });
    while let Some(reply) = replies.next().await? {
        println!("{}", reply.message);
    }
    Ok(())
}
