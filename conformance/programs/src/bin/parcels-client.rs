//! Sends the parcels of a file to a depot, and prints what it is told of each; with Gannet's client, for servers in other
//! languages. A line of the file is the name of a case, `unary` or `stream`, and the serialized parcels in hexadecimal,
//! between tabs; the answer is a line of JSON. The suite `violations` compares it with the answers of other clients.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use gannet::codegen::buffa::Message as _;
use gannet::validate::{FieldPath, PathElement, Subscript, Violation, Violations};
use gannet::{Channel, Status};
use gannet_conformance::parcels::{DepotClient, Parcel};
use serde_json::{Value, json};

/// Sends parcels and prints what is wrong with them.
#[derive(Parser)]
struct Options {
    /// The address of the depot.
    #[arg(long)]
    addr: String,
    /// The file with the cases.
    #[arg(long)]
    cases: PathBuf,
    /// Has the channel look for what is wrong before it sends.
    #[arg(long)]
    validate: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let channel = Channel::builder(&format!("http://{}", options.addr));
    let channel = if options.validate { channel.validate() } else { channel };
    let depot = DepotClient::new(channel.connect().await?);
    for line in std::fs::read_to_string(&options.cases)?.lines() {
        let [case, method, parcels] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("no case: {line}").into());
        };
        let parcels = parcels.split(',').map(parcel).collect::<Result<Vec<_>, _>>()?;
        let (replies, outcome) = match method {
            "unary" => send(&depot, parcels).await,
            _ => send_all(&depot, parcels).await,
        };
        println!("{}", told(case, replies, outcome));
    }
    Ok(())
}

fn parcel(hexadecimal: &str) -> Result<Parcel, Box<dyn Error>> {
    let mut bytes = Vec::with_capacity(hexadecimal.len() / 2);
    for at in (0..hexadecimal.len()).step_by(2) {
        let byte = hexadecimal.get(at..at + 2).ok_or("half a byte")?;
        bytes.push(u8::from_str_radix(byte, 16)?);
    }
    Ok(Parcel::decode_from_slice(&bytes)?)
}

/// How many receipts there were, and how the call ended.
type Outcome = (usize, Result<(), Status>);

async fn send(depot: &DepotClient, parcels: Vec<Parcel>) -> Outcome {
    let mut receipts = 0;
    for parcel in parcels {
        if let Err(status) = depot.send(parcel).await {
            return (receipts, Err(status));
        }
        receipts += 1;
    }
    (receipts, Ok(()))
}

/// Sends each parcel when the receipt for the one before is there, so that their number is certain.
async fn send_all(depot: &DepotClient, parcels: Vec<Parcel>) -> Outcome {
    let (mut requests, mut replies) = depot.send_all().open();
    let mut receipts = 0;
    for parcel in parcels {
        // The status that the call has ended with; a channel that validates may be what says so.
        if let Err(status) = requests.send(parcel).await {
            return (receipts, Err(status));
        }
        match replies.next().await {
            Ok(Some(_)) => receipts += 1,
            Ok(None) => return (receipts, Ok(())),
            Err(status) => return (receipts, Err(status)),
        }
    }
    requests.finish();
    (receipts, replies.next().await.map(|_| ()))
}

/// What all clients print of a call, each in its own words.
fn told(case: &str, receipts: usize, outcome: Result<(), Status>) -> Value {
    let status = outcome.err();
    let violations = status.as_ref().and_then(Violations::from_status);
    json!({
        "case": case,
        "receipts": receipts,
        "code": status.as_ref().map_or(0, |status| status.code().as_i32()),
        "text": status.as_ref().map_or("", |status| status.message()),
        "violations": violations.map(|violations| violations.iter().map(violation).collect::<Vec<_>>()),
    })
}

fn violation(violation: &Violation) -> Value {
    json!({
        "field": path(&violation.field),
        "rule": path(&violation.rule),
        "id": violation.rule_id,
        "message": violation.message,
        "for_key": violation.for_key,
    })
}

fn path(path: &FieldPath) -> Vec<Value> {
    path.elements.iter().map(element).collect()
}

fn element(element: &PathElement) -> Value {
    let subscript = element.subscript.as_ref().map(|subscript| match subscript {
        Subscript::Index(index) => ("index", index.to_string()),
        Subscript::Bool(key) => ("bool_key", key.to_string()),
        Subscript::Int(key) => ("int_key", key.to_string()),
        Subscript::Uint(key) => ("uint_key", key.to_string()),
        Subscript::String(key) => ("string_key", key.to_string()),
    });
    let PathElement { number, name, field_type, key_type, value_type, .. } = element;
    json!([number, name, field_type, key_type, value_type, subscript])
}
