//! `gannet certs`: the certificates that TLS needs, made and looked at.
//!
//! One file per subcommand (`show` is a folder), and one for each thing they share: names, keys, the authority that signs,
//! reading and writing files, and the verdict of rustls. Not here: TLS itself, which is in the crate `gannet`.

mod authority;
mod ca;
mod client;
mod error;
pub(crate) mod files;
mod key;
mod leaf;
mod name;
mod quick;
mod read;
mod server;
mod show;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::Ended;

pub(crate) use authority::{Authority, Holder, Issued, Purpose, Validity, self_signed};
pub(crate) use error::Error;
pub(crate) use key::KeyKind;
pub(crate) use name::AlternativeName;

const EXAMPLES: &str = "\
Examples:
  gannet certs quick certs                          a CA, a server's and a client's certificate in the folder certs
  gannet certs ca                                   a CA: ca.pem and ca.key
  gannet certs server --san www.example.grpcdev.cn  a server's certificate, signed by ca.pem: server.pem, server.key
  gannet certs client --cn alice                    a client's: client.pem, client.key
  gannet certs show server.pem --ca ca.pem --name www.example.grpcdev.cn
                                                    what is in it, what is wrong with it, who would refuse it
  gannet certs server --from server.pem --force     a new one in its place, with the same names

Which file goes where:
  ca.pem      to every peer: what it trusts        ca.key      nowhere; it signs, keep it safe
  server.pem  with its key, to the server          client.pem  with its key, to the client";

/// Makes the certificates that TLS needs, and says what is wrong with those that are there.
///
/// Keys are ECDSA P-256 unless --key says otherwise, and are written readable for their owner only. Certificates hold 90
/// days, a CA's 10 years. Nothing is overwritten without --force, and no file is ever left half written.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Quick(quick::Options),
    Ca(ca::Options),
    Server(server::Options),
    Client(client::Options),
    Show(show::Options),
}

pub(crate) fn run(options: Options, out: &mut impl Write) -> Ended {
    match options.command {
        Command::Quick(options) => quick::run(&options, out),
        Command::Ca(options) => ca::run(&options, out),
        Command::Server(options) => server::run(&options, out),
        Command::Client(options) => client::run(&options, out),
        Command::Show(options) => show::run(&options, out),
    }
}

/// A moment as it is shown: to the second, in UTC.
pub(crate) fn moment(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_else(|_| time.unix_timestamp().to_string())
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=@:%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// `certs/server` as `certs/server.pem` and `certs/server.key`. A name that has such an ending already loses it.
fn pair(out: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let Some(name) = out.file_name() else {
        return Err(Error::new(format!(
            "{} names no file; --out takes a path such as certs/server",
            out.display()
        )));
    };
    let known =
        out.extension().is_some_and(|end| ["pem", "key", "crt", "cert"].iter().any(|known| end == *known));
    let stem: OsString = if known { out.file_stem().unwrap_or(name).to_owned() } else { name.to_owned() };
    let with = |end: &str| {
        let mut name = stem.clone();
        name.push(end);
        out.with_file_name(name)
    };
    Ok((with(".pem"), with(".key")))
}

/// Days that a certificate may be asked to hold.
const DAYS: std::ops::RangeInclusive<i64> = 1..=36_500;

/// What every subcommand says of a key it wrote.
fn said_of_key(key: &Path, kind: KeyKind) -> String {
    format!("wrote {}: the private key, {kind}, readable for its owner only", key.display())
}

/// Writes the files and says which folders were made for them.
fn write(
    outputs: &[files::Output],
    force: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn std::error::Error>> {
    for folder in files::write(outputs, force)? {
        writeln!(out, "made {}", folder.display())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_names_of_both_files() {
        let names = |out: &str| {
            let (certificate, key) = pair(Path::new(out)).unwrap();
            (certificate.display().to_string(), key.display().to_string())
        };
        assert_eq!(names("server"), ("server.pem".to_owned(), "server.key".to_owned()));
        assert_eq!(names("a/b.pem"), ("a/b.pem".to_owned(), "a/b.key".to_owned()));
        assert_eq!(names("a/b.crt").1, "a/b.key");
        assert_eq!(names("www.example.org").0, "www.example.org.pem");
        assert!(pair(Path::new("..")).is_err());
    }

    #[test]
    fn a_path_is_quoted_if_a_shell_would_read_it_otherwise() {
        for (path, shown) in
            [("a/b.pem", "a/b.pem"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$x", "'$x'"), ("", "''")]
        {
            assert_eq!(quoted(Path::new(path)), shown);
        }
    }
}
