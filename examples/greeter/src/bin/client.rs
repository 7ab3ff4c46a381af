//! Calls the Greeter: one call per name, or all names on one stream; over plaintext or TLS, with a certificate or a token.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

use std::path::PathBuf;

use clap::Parser;
use gannet::auth::credentials;
use gannet::{Channel, ClientTls, Status};
use greeter::Token;
use greeter::helloworld::{GreeterClient, HelloRequest};

const EXAMPLES: &str = "\
Examples:
  Plaintext:
    greeter-client zhangsan lisi
    greeter-client --stream zhangsan lisi

  TLS, to a server whose certificate a CA of your own issued (gannet certs quick certs):
    greeter-client --addr localhost:50051 --ca certs/ca.pem zhangsan

  TLS both ways, for a server that was started with --client-ca:
    greeter-client --addr localhost:50051 --ca certs/ca.pem --cert certs/client.pem --key certs/client.key zhangsan

  A token with every call; over plaintext only on request, since anyone on the way could read it:
    greeter-client --addr localhost:50051 --ca certs/ca.pem --token admin:admin zhangsan
    greeter-client --token admin:admin --insecure-token zhangsan

  Only what keeps the rules of the contract leaves; this is refused here, whatever the server would do:
    greeter-client --validate zhangsan";

/// Calls the Greeter.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "they are the flags of a command line")]
struct Options {
    /// Where the server is: HOST:PORT, http://HOST:PORT, https://HOST:PORT, or unix:PATH. HOST:PORT means TLS with
    /// --tls, --ca or --cert.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    addr: String,

    /// TLS; the server's certificate must come from a CA that this machine trusts, unless --ca names another.
    #[arg(long)]
    tls: bool,

    /// TLS; the server's certificate must come from a CA of this PEM file.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// TLS; shows the server this certificate: a PEM file, intermediate CAs' certificates behind it.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The key of the certificate: a PEM file, not encrypted.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// TLS; the name that the server's certificate must hold, if it is another than the host of --addr.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// Sends this user and password with every call, in the metadata `user` and `password`. Others on this machine can
    /// read it in the list of processes.
    #[arg(long, value_name = "USER:PASSWORD")]
    token: Option<String>,

    /// Sends the token over plaintext too.
    #[arg(long, requires = "token")]
    insecure_token: bool,

    /// Refuses requests that break the rules of the contract, before they are sent.
    #[arg(long)]
    validate: bool,

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
    let greeter = GreeterClient::new(connect(&options).await?);
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

/// The channel that the options describe.
async fn connect(options: &Options) -> Result<Channel, Box<dyn std::error::Error>> {
    let tls = client_tls(options)?;
    let address = &options.addr;
    let bare = !address.contains("://") && !address.starts_with("unix:");
    let mut channel = if bare && (options.tls || tls.is_some()) {
        Channel::builder(&format!("https://{address}"))
    } else {
        Channel::builder(address)
    };
    if let Some(tls) = tls {
        channel = channel.tls(tls);
    }
    if options.validate {
        channel = channel.validate();
    }
    if let Some(token) = &options.token {
        let token = Token::parse(token)?;
        channel = channel.call_credentials(credentials::password(&token.user, token.password));
        if options.insecure_token {
            channel = channel.allow_credentials_over_plaintext();
        }
    }
    Ok(channel.connect().await?)
}

/// What the options say of TLS; nothing: what a channel does by itself.
fn client_tls(options: &Options) -> Result<Option<ClientTls>, Box<dyn std::error::Error>> {
    if options.ca.is_none() && options.cert.is_none() && options.server_name.is_none() {
        return Ok(None);
    }
    let mut tls = match &options.ca {
        Some(ca) => ClientTls::with_ca_file(ca)?,
        None => ClientTls::new(),
    };
    // Both of them, says clap.
    if let (Some(certificate), Some(key)) = (&options.cert, &options.key) {
        tls = tls.identity_files(certificate, key)?;
    }
    if let Some(name) = &options.server_name {
        tls = tls.server_name(name);
    }
    Ok(Some(tls))
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
