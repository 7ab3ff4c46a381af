//! `gannet certs ca`: makes a certificate authority.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use super::authority::{key_beside, unique_name};
use super::files::{Output, refuse_to_overwrite};
use super::{Authority, KeyKind, Validity, moment, pair, quoted, said_of_key, write};
use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet certs ca                                  ca.pem and ca.key
  gannet certs ca --cn 'Example CA' --out certs/ca --days 825
  gannet certs ca --path-length 1 --out root       a root, and below it
  gannet certs ca --ca root.pem --out issuing      a CA that signs in its place; what it signs comes with its certificate";

/// Makes a certificate authority, which signs the certificates of servers and clients.
///
/// Peers are given its certificate, and trust whatever its key has signed: the key stays where it signs.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Where to write: PATH.pem and PATH.key. Folders that are missing are made.
    #[arg(long, value_name = "PATH", default_value = "ca")]
    out: PathBuf,

    /// Its name; without, `Gannet CA` and a random number, since two CAs of one name are hard to tell apart.
    #[arg(long, value_name = "NAME")]
    cn: Option<String>,

    /// The organization in its name.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// The days it holds. Nothing that it signs holds longer.
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(super::DAYS))]
    days: u32,

    /// The kind of its key: ecdsa (P-256), ecdsa:p384, ed25519 (which gRPC for C++ and Python refuses), rsa (3072 bits),
    /// rsa:2048, rsa:4096.
    #[arg(long, value_name = "KIND", default_value = "ecdsa")]
    key: KeyKind,

    /// The levels of other CAs it may have below it; with 0 it signs servers and clients only.
    #[arg(long, value_name = "LEVELS", default_value_t = 0)]
    path_length: u8,

    /// The certificate of a CA that signs this one, which makes it an intermediate; without, it is a root.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// The private key of --ca; without, the file beside it that ends in .key.
    #[arg(long, value_name = "FILE", requires = "ca")]
    ca_key: Option<PathBuf>,

    /// Overwrites files that are there. What the CA in them has signed is worthless then.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let (certificate, key) = pair(&options.out)?;
    refuse_to_overwrite([certificate.as_path(), key.as_path()], options.force)?;
    let parent = match &options.ca {
        Some(path) => {
            let key = options.ca_key.clone().unwrap_or_else(|| key_beside(path));
            Some(Authority::load(path, &key, OffsetDateTime::now_utc())?)
        }
        None => None,
    };
    let name = options.cn.clone().map_or_else(unique_name, Ok)?;
    let authority = Authority::create(
        &name,
        options.organization.as_deref(),
        options.key,
        Validity::days(options.days),
        options.path_length,
        parent.as_ref(),
    )?;
    let outputs = [
        Output::key(key.clone(), authority.key()),
        Output::certificate(certificate.clone(), authority.certificate()),
    ];
    write(&outputs, options.force, out)?;

    let what = if parent.is_some() { "an intermediate CA" } else { "a CA" };
    writeln!(out, "wrote {}: {what}, {name}, until {}", certificate.display(), moment(authority.until()))?;
    writeln!(out, "{}", said_of_key(&key, options.key))?;
    let ca = if options.out == Path::new("ca") {
        String::new()
    } else {
        format!(" --ca {}", quoted(&certificate))
    };
    writeln!(
        out,
        "\nnext:\n  gannet certs server{ca} --san DNS:localhost --san IP:127.0.0.1\n  gannet certs client{ca} --cn alice"
    )?;
    match &options.ca {
        Some(root) => {
            writeln!(
                out,
                "peers trust {}; what this CA signs is sent with the CA's own certificate",
                quoted(root)
            )?;
        }
        None => writeln!(out, "peers trust {}; its key stays here", quoted(&certificate))?,
    }
    Ok(true)
}
