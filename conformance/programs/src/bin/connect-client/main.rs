//! The client under test of the Connect conformance suites: reads from standard input which calls to make, makes them,
//! several at a time, and says on standard output how each has ended.
//!
//! Of the protocols there it speaks gRPC. Here: the runner's side; the calls are in `calls`.

#![forbid(unsafe_code)]

mod calls;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use gannet::buffa::bytes::Bytes;
use gannet::{Channel, ClientTls};
use gannet_conformance::connect::{read_message, write_message};
use gannet_conformance::connectrpc::conformance::v1::{
    ClientCompatRequest, ClientCompatResponse, ClientErrorResult, ConformanceServiceClient, Protocol,
};
use tokio::sync::{Semaphore, mpsc};

/// Calls under way at a time.
const PARALLEL: usize = 32;

/// Why a call could not be made at all. A call that failed is a result like any other.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (results, mut received) = mpsc::unbounded_channel::<ClientCompatResponse>();
    let writer = tokio::spawn(async move {
        let mut output = tokio::io::stdout();
        while let Some(result) = received.recv().await {
            write_message(&mut output, &result).await?;
        }
        std::io::Result::Ok(())
    });

    let mut channels = Channels::default();
    let places = Arc::new(Semaphore::new(PARALLEL));
    let mut input = tokio::io::stdin();
    while let Some(request) = read_message::<ClientCompatRequest>(&mut input).await? {
        let place = Arc::clone(&places).acquire_owned().await;
        let channel = channels.channel(&request);
        let results = results.clone();
        tokio::spawn(async move {
            let made = match channel {
                Ok(channel) => calls::make(&ConformanceServiceClient::new(channel), &request).await,
                Err(failure) => Err(failure),
            };
            let result = match made {
                Ok(result) => result.into(),
                Err(failure) => ClientErrorResult { message: failure.to_string() }.into(),
            };
            // The writer goes when nothing can be written any more, and says so below.
            let _ = results.send(ClientCompatResponse { test_name: request.test_name, result });
            drop(place);
        });
    }
    drop(results);
    writer.await?
}

/// What distinguishes one channel from another.
#[derive(PartialEq, Eq, Hash)]
struct Endpoint {
    host: String,
    port: u32,
    message_limit: u32,
    /// The certificate to trust, in PEM; empty for plaintext.
    server_certificate: Bytes,
    /// The client's own certificate and key, in PEM; empty if it has none.
    identity: [Bytes; 2],
}

impl Endpoint {
    fn of(request: &ClientCompatRequest) -> Self {
        let credentials = &request.client_tls_creds;
        Self {
            host: request.host.clone(),
            port: request.port,
            message_limit: request.message_receive_limit,
            server_certificate: request.server_tls_cert.clone(),
            identity: [credentials.cert.clone(), credentials.key.clone()],
        }
    }

    fn channel(&self) -> Result<Channel, Failure> {
        let Self { host, port, message_limit, server_certificate, identity: [certificate, key] } = self;
        let mut builder = if server_certificate.is_empty() {
            Channel::builder(&format!("http://{host}:{port}"))
        } else {
            let mut tls = ClientTls::with_ca(server_certificate)?;
            if !certificate.is_empty() {
                tls = tls.identity(certificate, key)?;
            }
            Channel::builder(&format!("https://{host}:{port}")).tls(tls)
        };
        if *message_limit > 0 {
            builder = builder.max_receive_message_size(*message_limit as usize);
        }
        Ok(builder.lazy()?)
    }
}

/// The channels that calls share.
#[derive(Default)]
struct Channels {
    channels: HashMap<Endpoint, Channel>,
}

impl Channels {
    /// The channel for a call.
    fn channel(&mut self, request: &ClientCompatRequest) -> Result<Channel, Failure> {
        if request.protocol != Protocol::PROTOCOL_GRPC {
            return Err(format!("this client speaks gRPC, not {:?}", request.protocol).into());
        }
        Ok(match self.channels.entry(Endpoint::of(request)) {
            Entry::Occupied(channel) => channel.get().clone(),
            Entry::Vacant(place) => {
                let channel = place.key().channel()?;
                place.insert(channel).clone()
            }
        })
    }
}
