//! Serves the Greeter: over plaintext or TLS, to everybody or to those with a certificate or a token; any request or
//! only valid ones; with reflection and health.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Parser;
use gannet::{Call, Interceptor, Next, PeerIdentity, Server, ServerTls, Status, auth};
use greeter::helloworld::GreeterServer;
use greeter::{MyGreeter, Token};

const EXAMPLES: &str = "\
Examples:
  Plaintext, and what is there to call:
    greeter-server
    grpcurl -plaintext localhost:50051 list

  TLS, with a certificate of a CA of your own (the first line makes both, and a client's):
    gannet certs quick certs
    greeter-server --tls-cert certs/server.pem --tls-key certs/server.key
    greeter-client --ca certs/ca.pem --addr localhost:50051 zhangsan

  TLS both ways: only clients with a certificate of that CA are served:
    greeter-server --tls-cert certs/server.pem --tls-key certs/server.key --client-ca certs/ca.pem
    greeter-client --ca certs/ca.pem --cert certs/client.pem --key certs/client.key --addr localhost:50051 zhangsan

  A token with every call:
    greeter-server --tls-cert certs/server.pem --tls-key certs/server.key --token admin:admin
    greeter-client --ca certs/ca.pem --token admin:admin --addr localhost:50051 zhangsan

  The rules of the contract, by which names are two to five times the letter z:
    greeter-server --validate
    greeter-client zzz";

/// Serves the Greeter until it is interrupted, then lets the calls under way end.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
struct Options {
    /// Where to listen: HOST:PORT, or unix:PATH.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    addr: String,

    /// Threads to serve with; 1 means one current-thread runtime. Default: one per core.
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,

    /// Serves TLS with this certificate: a PEM file, intermediate CAs' certificates behind it. It must hold the names
    /// that clients connect to as subject alternative names. Read anew when the file changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of the certificate: a PEM file, not encrypted.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Serves only clients whose certificate a CA of this PEM file issued.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,

    /// Serves only calls with this user and password in their metadata `user` and `password`. Others on this machine can
    /// read it in the list of processes.
    #[arg(long, value_name = "USER:PASSWORD")]
    token: Option<String>,

    /// Refuses requests that break the rules of the contract, before the Greeter sees them.
    #[arg(long)]
    validate: bool,
}

fn main() -> std::process::ExitCode {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).init();
    let options = Options::parse();
    match runtime(options.threads).block_on(serve(options)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let server = server(&options)?.bind(&options.addr).await?;
    if let Some(address) = server.local_address() {
        tracing::info!("listening on {address}");
    }
    server.serve_with_shutdown(interrupted()).await;
    Ok(())
}

/// The server that the options describe.
fn server(options: &Options) -> Result<Server, Box<dyn std::error::Error>> {
    let mut server = Server::new().reflection().health().add(GreeterServer::new(MyGreeter));
    // Both of them, says clap.
    if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) {
        let mut tls = ServerTls::from_pem_files(certificate, key)?;
        if let Some(ca) = &options.client_ca {
            tls = tls.require_client_ca_file(ca)?;
            server = server.intercept(NameCaller);
        }
        server = server.tls(tls);
    }
    if let Some(token) = &options.token {
        let token = Token::parse(token)?;
        server = server.intercept(auth::password(&token.user, token.password));
    }
    if options.validate {
        server = server.validate();
    }
    Ok(server)
}

/// Logs who calls, by the names in the verified certificate.
struct NameCaller;

impl Interceptor for NameCaller {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        if let Some(caller) = PeerIdentity::of(call.connection()) {
            let names =
                caller.uris().iter().chain(caller.dns_names()).map(String::as_str).collect::<Vec<_>>();
            tracing::info!("{} called by {} ({})", call.method().path, caller.subject(), names.join(", "));
        }
        next.run(call).await
    }
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
