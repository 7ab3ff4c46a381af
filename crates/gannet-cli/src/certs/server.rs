//! `gannet certs server`: makes the certificate of a server.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::leaf::{self, LeafOptions, Wanted};
use super::{AlternativeName, Purpose, pair, quoted};
use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet certs server --san localhost --san 127.0.0.1 --san ::1
  gannet certs server --san DNS:www.example.grpcdev.cn --days 30 --out certs/greeter
  gannet certs server --san localhost --self-signed   without a CA; clients trust server.pem itself
  gannet certs server --from server.pem --force       a new one in its place, with the same names

The names are those that clients connect to: every host name and address, without ports. DNS:, IP:, URI: and EMAIL: say
what a name is; without, it is guessed.";

/// Makes a server's certificate: server.pem, signed by a CA, and its key server.key.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// A name that clients know the server by: DNS:HOST, *.DOMAIN, IP:ADDRESS, URI:spiffe://DOMAIN/PATH; may be given several
    /// times.
    #[arg(long, value_name = "NAME", required_unless_present = "from")]
    san: Vec<AlternativeName>,

    /// The common name of its subject; without, its first name. No client looks at it.
    #[arg(long, value_name = "NAME")]
    cn: Option<String>,

    /// Where to write: PATH.pem and PATH.key. Folders that are missing are made.
    #[arg(long, value_name = "PATH", default_value = "server")]
    out: PathBuf,

    /// Lets it serve as a client's certificate, too, for a service that calls others with the same identity.
    #[arg(long)]
    also_client: bool,

    /// Signs it with its own key instead of a CA's: clients have to trust this very certificate, and each new one.
    #[arg(long, conflicts_with_all = ["ca", "ca_key"])]
    self_signed: bool,

    #[command(flatten)]
    leaf: LeafOptions,
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let (certificate, key) = pair(&options.out)?;
    let wanted = Wanted {
        options: &options.leaf,
        common_name: options.cn.as_deref(),
        names: &options.san,
        purpose: if options.also_client { Purpose::Both } else { Purpose::Server },
        self_signed: options.self_signed,
        certificate: &certificate,
        key: &key,
    };
    let made = wanted.make(out)?;
    let (pem, key) = (quoted(&certificate), quoted(&key));
    let ca = if options.self_signed { pem.clone() } else { quoted(&options.leaf.ca) };
    let names = &made.holder.names;
    let host = names.iter().find(|name| name.is_host()).map(AlternativeName::text).unwrap_or_default();
    // A wildcard stands for a name; any will do to look.
    let host = host.replacen('*', "www", 1);
    // The Greeter listens on 127.0.0.1.
    let here = names.iter().any(|name| ["localhost", "127.0.0.1"].contains(&name.text().as_str()));
    let flag = if here { String::new() } else { format!(" --server-name {host}") };
    writeln!(
        out,
        "\nnext:\n  gannet certs show {pem} --ca {ca} --key {key} --name {host}\n  greeter-server --tls-cert {pem} \
         --tls-key {key}\nclients trust {ca}:\n  greeter-client --ca {ca}{flag} zhangsan"
    )?;
    writeln!(out, "{}", leaf::renewal("server", &certificate, &wanted, made.until))?;
    Ok(true)
}
