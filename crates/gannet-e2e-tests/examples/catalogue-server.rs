//! Serves a contract with one of everything, for tools that read contracts by reflection: custom options, maps, oneofs,
//! nested types, extensions, and a file of an edition.
//!
//! `cargo run -p gannet-e2e-tests --example catalogue-server -- 127.0.0.1:50051`; ends when it is interrupted. What the
//! tools should make of it is checked in `conformance`, what it answers in `tests/services`.

#![allow(clippy::print_stderr, reason = "a program says where it listens")]

use gannet::reflection::Reflection;
use gannet::{Replies, Request, Response, Server, Status};
use gannet_e2e_tests::catalogue::product::{Maker, Origin, Price};
use gannet_e2e_tests::catalogue::{Catalogue, CatalogueServer, Part, Product, Query, Size};

struct Shelf;

fn product(name: &str) -> Product {
    let price =
        Price { cents: 199, currency: gannet_e2e_tests::catalogue::product::price::Currency::EUR.into() };
    Product {
        name: name.to_owned(),
        prices: [("list".to_owned(), price)].into_iter().collect(),
        origin: Some(Origin::Maker(Box::new(Maker { name: "Workshop".to_owned() }))),
        size: Size::SMALL.into(),
        part: Some(Part { number: "P-1".to_owned(), ..Default::default() }).into(),
        ..Default::default()
    }
}

impl Catalogue for Shelf {
    async fn find(&self, query: Request<Query>) -> Result<Response<Product>, Status> {
        Ok(product(&query.name).into())
    }

    async fn browse(&self, query: Request<Query>, mut replies: Replies<Product>) -> Result<(), Status> {
        for number in 1..=query.limit.unwrap_or(3) {
            replies.send(product(&format!("{} {number}", query.name))).await?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:50051".to_owned());
    let edition = include_bytes!("../../gannet-build/tests/editions/edition.binpb");
    let server = Server::new()
        .reflection_with(Reflection::new().add_descriptor_set(edition)?)
        .health()
        .add(CatalogueServer::new(Shelf))
        .bind(address)
        .await?;
    if let Some(address) = server.local_address() {
        eprintln!("listening on {address}");
    }
    server
        .serve_with_shutdown(async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await;
    Ok(())
}
