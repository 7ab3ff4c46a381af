//! The program `gannet`: a tour of what the framework does, code generation by hand, certificates, the rules of contracts,
//! and messages by these.
//!
//! One file per command. Not here: anything a service needs at run time, which is in the crate `gannet`.

#![forbid(unsafe_code)]

mod certs;
mod generate;
mod lint;
mod tour;
mod validate;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// gRPC for Rust, from the command line.
///
/// Gannet's services need nothing of this program: the crate `gannet` is all they depend on. It shows the framework at
/// work, generates code where there is no build script to do it, makes and examines certificates, tells what contracts demand,
/// and validates messages.
#[derive(Parser)]
#[command(name = "gannet", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  gannet tour                                    see the framework at work, chapter by chapter
  gannet tour --only 4                           one chapter alone
  gannet generate proto/a.proto --out src/protos generate Rust from a contract
  gannet certs quick certs                       certificates for TLS: a CA's, a server's and a client's
  gannet certs show server.pem                   what is in one, and who would refuse it
  gannet lint rules proto/a.proto                what each message of a contract demands, in words
  gannet validate a.proto --message a.B b.json   whether messages keep the rules of a contract
  gannet help generate                           what a command does, and all of its options

Exit status: 0 if what was asked for holds or is done, 1 if not, 2 if the command line is wrong.";

#[derive(Subcommand)]
enum Command {
    Tour(tour::Options),
    Generate(generate::Options),
    Certs(certs::Options),
    Lint(lint::Options),
    Validate(validate::Options),
}

/// How a command ended: whether what it was asked for holds, or why it could not be done.
type Ended = Result<bool, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout().lock();
    let ended = match arguments.command {
        Command::Tour(options) => tour::run(&options, &mut out),
        Command::Generate(options) => generate::run(options, &mut out),
        Command::Certs(options) => certs::run(options, &mut out),
        Command::Lint(options) => lint::run(options, &mut out),
        Command::Validate(options) => validate::run(&options, &mut out),
    };
    match ended.and_then(|held| Ok(out.flush().map(|()| held)?)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // If even that cannot be said, the exit status still says it.
            let _ = writeln!(std::io::stderr(), "gannet: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever read our output has had enough of it.
fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
