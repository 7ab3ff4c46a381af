//! Serves the Greeter.

#![forbid(unsafe_code)]

use std::io::IsTerminal;

use clap::Parser;
use gannet::{Error, Server};
use greeter::MyGreeter;
use greeter::helloworld::GreeterServer;

/// Serves the Greeter until it is interrupted, then lets the calls under way end.
#[derive(Parser)]
struct Options {
    /// Where to listen: HOST:PORT, or unix:PATH.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    addr: String,

    /// Threads to serve with; 1 means one current-thread runtime. Default: one per core.
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
}

fn main() -> std::process::ExitCode {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).init();
    let options = Options::parse();
    match runtime(options.threads).block_on(serve(&options.addr)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str) -> Result<(), Error> {
    let server = Server::new().reflection().health().add(GreeterServer::new(MyGreeter));
    let server = server.bind(address).await?;
    if let Some(address) = server.local_address() {
        tracing::info!("listening on {address}");
    }
    server.serve_with_shutdown(interrupted()).await;
    Ok(())
}

async fn interrupted() {
    match tokio::signal::ctrl_c().await {
        Ok(()) => tracing::info!("draining"),
        // Without the signal the server simply serves on.
        Err(_) => std::future::pending().await,
    }
}

fn runtime(threads: Option<std::num::NonZeroUsize>) -> tokio::runtime::Runtime {
    let mut builder = match threads.map(std::num::NonZeroUsize::get) {
        Some(1) => tokio::runtime::Builder::new_current_thread(),
        Some(threads) => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
        None => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("the operating system gives a runtime its threads")
}
