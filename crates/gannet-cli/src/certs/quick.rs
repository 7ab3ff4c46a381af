//! `gannet certs quick`: a CA, a server and a client in one go.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use clap::Args;

use super::authority::unique_name;
use super::files::{Output, refuse_to_overwrite};
use super::leaf::list;
use super::{AlternativeName, Authority, Holder, KeyKind, Purpose, Validity, moment, quoted, write};
use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet certs quick certs
  gannet certs quick certs --san www.example.grpcdev.cn --san 192.168.1.20
  gannet certs quick certs --force                    all of them anew";

/// Makes a CA, a server's and a client's certificate in a folder, and says how to use them.
///
/// The server's names are localhost, 127.0.0.1 and ::1, and what --san adds. For more servers and clients of the same CA:
/// gannet certs server, gannet certs client.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The folder: ca.pem, ca.key, server.pem, server.key, client.pem and client.key go there. It is made if it is missing.
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Another name of the server: DNS:HOST, *.DOMAIN, IP:ADDRESS, URI:spiffe://DOMAIN/PATH; may be given several times.
    #[arg(long, value_name = "NAME")]
    san: Vec<AlternativeName>,

    /// The client's common name.
    #[arg(long, value_name = "NAME", default_value = "client")]
    client_cn: String,

    /// A name of the client; may be given several times.
    #[arg(long, value_name = "NAME")]
    client_san: Vec<AlternativeName>,

    /// The days that the server's and the client's certificate hold; the CA holds 10 years.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,

    /// The kind of all keys: ecdsa (P-256), ecdsa:p384, ed25519 (which gRPC for C++ and Python refuses), rsa (3072 bits),
    /// rsa:2048, rsa:4096.
    #[arg(long, value_name = "KIND", default_value = "ecdsa")]
    key: KeyKind,

    /// Overwrites files that are there.
    #[arg(long)]
    force: bool,
}

/// In the order in which they are written.
const FILES: [&str; 6] = ["ca.key", "ca.pem", "server.key", "server.pem", "client.key", "client.pem"];

pub(super) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let paths = FILES.map(|name| options.folder.join(name));
    refuse_to_overwrite(paths.iter().map(PathBuf::as_path), options.force)?;

    let mut names = vec![
        AlternativeName::Dns("localhost".to_owned()),
        AlternativeName::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        AlternativeName::Ip(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    for name in &options.san {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let server = Holder { common_name: Some("localhost".to_owned()), organization: None, names };
    let client = Holder {
        common_name: Some(options.client_cn.clone()),
        organization: None,
        names: options.client_san.clone(),
    };
    let ca_name = unique_name()?;
    let authority = Authority::create(&ca_name, None, options.key, Validity::days(3650), 0, None)?;
    let validity = Validity::days(options.days);
    let for_server = authority.issue(&server, Purpose::Server, options.key, validity)?;
    let for_client = authority.issue(&client, Purpose::Client, options.key, validity)?;

    let [ca_key, ca, server_key, server_pem, client_key, client_pem] = paths;
    let outputs = [
        Output::key(ca_key.clone(), authority.key()),
        Output::certificate(ca.clone(), authority.certificate()),
        Output::key(server_key.clone(), for_server.key),
        Output::certificate(server_pem.clone(), for_server.certificate),
        Output::key(client_key.clone(), for_client.key),
        Output::certificate(client_pem.clone(), for_client.certificate),
    ];
    write(&outputs, options.force, out)?;

    let (ca_end, end) = (moment(authority.until()), moment(for_server.until));
    writeln!(out, "wrote {}: a CA, {ca_name}, until {ca_end}", ca.display())?;
    writeln!(
        out,
        "wrote {}: the server's certificate, {}, until {end}",
        server_pem.display(),
        list(&server.names)
    )?;
    let also = if client.names.is_empty() { String::new() } else { format!(", {}", list(&client.names)) };
    let who = format!("CN={}{also}", options.client_cn);
    writeln!(out, "wrote {}: the client's certificate, {who}, until {end}", client_pem.display())?;
    writeln!(
        out,
        "wrote {}, {} and {}: their private keys, {}, readable for their owner only",
        ca_key.display(),
        server_key.display(),
        client_key.display(),
        options.key
    )?;
    let [ca, ca_key, server_pem, server_key, client_pem, client_key] =
        [&ca, &ca_key, &server_pem, &server_key, &client_pem, &client_key].map(|path| quoted(path));
    writeln!(
        out,
        "
next, TLS one way:
  greeter-server --tls-cert {server_pem} --tls-key {server_key}
  greeter-client --ca {ca} zhangsan
both ways, where the client shows who it is:
  greeter-server --tls-cert {server_pem} --tls-key {server_key} --client-ca {ca}
  greeter-client --ca {ca} --cert {client_pem} --key {client_key} zhangsan
with another client:
  grpcurl -cacert {ca} -cert {client_pem} -key {client_key} localhost:50051 list
to look at them:
  gannet certs show {server_pem} --ca {ca} --key {server_key} --name localhost
{ca} goes to every peer; {ca_key} signs, and stays here"
    )?;
    Ok(true)
}
