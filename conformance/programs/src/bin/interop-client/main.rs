//! The client of gRPC's interop tests on Gannet: one case of `interop-test-descriptions.md` per run, exit status 0 if
//! it passed; and the case `call_credentials`. Flags as grpc-go's client has them. Not here: the cases that need compression
//! or Google's accounts.

#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a program that says why it fails")]

mod credentials;
mod status;
mod streaming;
mod unary;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use gannet::{Channel, ClientTls, Code, Metadata, Status};
use gannet_conformance::grpc::testing::{Payload, TestServiceClient, UnimplementedServiceClient};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING};

/// The client of gRPC's interop tests, on Gannet: runs one case.
#[derive(Parser)]
#[command(rename_all = "snake_case")]
struct Options {
    /// The server's name or address.
    #[arg(long, default_value = "localhost")]
    server_host: String,
    /// The server's port.
    #[arg(long, default_value_t = 10000)]
    server_port: u16,
    /// Connects with TLS.
    #[arg(long)]
    use_tls: bool,
    /// The CAs to trust, in PEM, in place of this machine's.
    #[arg(long, requires = "use_tls")]
    ca_file: Option<PathBuf>,
    /// The name to expect in the server's certificate, in place of --server_host.
    #[arg(long, requires = "use_tls")]
    server_host_override: Option<String>,
    /// The case.
    #[arg(long, value_enum, default_value_t = Case::LargeUnary)]
    test_case: Case,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Case {
    EmptyUnary,
    LargeUnary,
    ClientStreaming,
    ServerStreaming,
    PingPong,
    EmptyStream,
    CancelAfterBegin,
    CancelAfterFirstResponse,
    TimeoutOnSleepingServer,
    StatusCodeAndMessage,
    SpecialStatusMessage,
    UnimplementedMethod,
    UnimplementedService,
    CustomMetadata,
    CallCredentials,
}

/// Why a case failed.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Failure> {
    let channel = connect(&options).await?;
    let client = TestServiceClient::new(channel.clone());
    match options.test_case {
        Case::EmptyUnary => unary::empty(&client).await,
        Case::LargeUnary => unary::large(&client).await,
        Case::ClientStreaming => streaming::client(&client).await,
        Case::ServerStreaming => streaming::server(&client).await,
        Case::PingPong => streaming::ping_pong(&client).await,
        Case::EmptyStream => streaming::empty(&client).await,
        Case::CancelAfterBegin => streaming::cancel_after_begin(&client).await,
        Case::CancelAfterFirstResponse => streaming::cancel_after_first_response(&client).await,
        Case::TimeoutOnSleepingServer => streaming::timeout_on_sleeping_server(&client).await,
        Case::StatusCodeAndMessage => status::code_and_message(&client).await,
        Case::SpecialStatusMessage => status::special_message(&client).await,
        Case::UnimplementedMethod => status::unimplemented_method(&client).await,
        Case::UnimplementedService => {
            status::unimplemented_service(&UnimplementedServiceClient::new(channel)).await
        }
        Case::CustomMetadata => {
            unary::custom_metadata(&client).await?;
            streaming::custom_metadata(&client).await
        }
        Case::CallCredentials => credentials::of_channel_and_call(&client).await,
    }
}

async fn connect(options: &Options) -> Result<Channel, gannet::Error> {
    let scheme = if options.use_tls { "https" } else { "http" };
    let mut channel =
        Channel::builder(&format!("{scheme}://{}:{}", options.server_host, options.server_port));
    if options.use_tls {
        let mut tls = match &options.ca_file {
            Some(file) => ClientTls::with_ca_file(file)?,
            None => ClientTls::new(),
        };
        if let Some(name) = &options.server_host_override {
            tls = tls.server_name(name);
        }
        channel = channel.tls(tls);
    }
    if matches!(options.test_case, Case::CallCredentials) {
        channel = channel.call_credentials(credentials::OfChannel);
    }
    channel.connect().await
}

/// Fails unless both are equal.
#[allow(clippy::needless_pass_by_value, reason = "an assertion, written with temporaries")]
fn expect_equal<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> Result<(), Failure> {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, seen {seen:?}").into())
    }
}

/// Fails unless the payload has so many bytes, all of them zero.
fn expect_zeros(payload: &Payload, size: i32) -> Result<(), Failure> {
    expect_equal("payload size", i32::try_from(payload.body.len())?, size)?;
    expect_equal("a byte that is not zero", payload.body.iter().find(|byte| **byte != 0), None)
}

/// Fails unless the result is an error of this code; gives the status.
fn expect_code<T>(code: Code, result: Result<T, Status>) -> Result<Status, Failure> {
    match result {
        Ok(_) => Err(format!("expected {code}, seen success").into()),
        Err(status) if status.code() == code => Ok(status),
        Err(status) => Err(format!("expected {code}, seen {status}").into()),
    }
}

/// What `custom_metadata` sends.
const INITIAL_VALUE: &str = "test_initial_metadata_value";
const TRAILING_VALUE: &[u8] = &[0xab, 0xab, 0xab];

/// Fails unless the server sent back what `custom_metadata` sent, each exactly once.
fn expect_echoed(initial: &Metadata, trailing: &Metadata) -> Result<(), Failure> {
    expect_equal("initial metadata", initial.get_all(ECHO_INITIAL).collect::<Vec<_>>(), vec![INITIAL_VALUE])?;
    let echoed: Vec<_> = trailing.get_all_bin(ECHO_TRAILING).collect();
    expect_equal(
        "trailing metadata",
        echoed.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>(),
        vec![TRAILING_VALUE],
    )
}
