//! `gannet certs client`: makes the certificate of a client.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::leaf::{self, LeafOptions, Wanted};
use super::{AlternativeName, Purpose, pair, quoted};
use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet certs client --cn alice
  gannet certs client --san URI:spiffe://example.org/greeter --out certs/greeter
  gannet certs client --cn alice --san EMAIL:alice@example.org --ca certs/ca.pem
  gannet certs client --from client.pem --force       a new one in its place, with the same names

A server tells its clients apart by their names: handlers and policies see the subject and each --san. DNS:, IP:, URI: and
EMAIL: say what a name is; without, it is guessed.";

/// Makes a client's certificate: client.pem, signed by a CA, and its key client.key.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The common name of its subject; without, the first --san.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["san", "from"])]
    cn: Option<String>,

    /// A name that the server is to know the client by: URI:spiffe://DOMAIN/PATH, DNS:HOST, EMAIL:ADDRESS, IP:ADDRESS; may be
    /// given several times.
    #[arg(long, value_name = "NAME")]
    san: Vec<AlternativeName>,

    /// Where to write: PATH.pem and PATH.key. Folders that are missing are made.
    #[arg(long, value_name = "PATH", default_value = "client")]
    out: PathBuf,

    #[command(flatten)]
    leaf: LeafOptions,
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let (certificate, key) = pair(&options.out)?;
    let wanted = Wanted {
        options: &options.leaf,
        common_name: options.cn.as_deref(),
        names: &options.san,
        purpose: Purpose::Client,
        self_signed: false,
        certificate: &certificate,
        key: &key,
    };
    let made = wanted.make(out)?;
    let (pem, key, ca) = (quoted(&certificate), quoted(&key), quoted(&options.leaf.ca));
    writeln!(
        out,
        "\nnext:\n  gannet certs show {pem} --ca {ca} --key {key}\n  greeter-client --ca {ca} --cert {pem} --key {key} zhangsan\nthe \
         server lets its holder in if it trusts {ca}:\n  greeter-server --tls-cert server.pem --tls-key server.key --client-ca \
         {ca}"
    )?;
    writeln!(out, "{}", leaf::renewal("client", &certificate, &wanted, made.until))?;
    Ok(true)
}
