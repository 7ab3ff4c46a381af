//! The depot of `parcels.proto` with validation, for clients in other languages: the suite `violations`. Not here: what is
//! wrong with which parcel; the suite makes them.

#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a program that says where it listens")]

use clap::Parser;
use gannet::{Replies, Request, Response, Server, Status, Streaming};
use gannet_conformance::parcels::{Depot, DepotServer, Parcel, Receipt};

/// A depot that refuses parcels with which something is wrong.
#[derive(Parser)]
struct Options {
    /// The address to listen on.
    #[arg(long)]
    addr: String,
}

#[tokio::main]
async fn main() -> Result<(), gannet::Error> {
    let Options { addr } = Options::parse();
    let server = Server::new().validate().add(DepotServer::new(Counter)).bind(addr).await?;
    if let Some(address) = server.local_address() {
        eprintln!("the depot is open at {address}");
    }
    server.serve().await;
    Ok(())
}

struct Counter;

impl Depot for Counter {
    async fn send(&self, request: Request<Parcel>) -> Result<Response<Receipt>, Status> {
        Ok(Response::new(Receipt { sender: request.into_inner().sender }))
    }

    async fn send_all(
        &self,
        mut requests: Request<Streaming<Parcel>>,
        mut replies: Replies<Receipt>,
    ) -> Result<(), Status> {
        while let Some(parcel) = requests.next().await? {
            replies.send(Receipt { sender: parcel.sender }).await?;
        }
        Ok(())
    }
}
