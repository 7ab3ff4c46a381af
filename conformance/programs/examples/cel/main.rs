//! Compares what Gannet's functions of expressions yield with what cel-go and protovalidate's functions yield: values,
//! errors and their words. For the suite `cel`.
//!
//! It prints its cases as `conformance/lib.sh` wants them, one a line, fields separated by tabs. What differs, all of it,
//! goes to standard error. The exit status only says whether both could be asked.

mod expressions;
mod functions;
mod generate;
mod messages;
mod peer;
mod random;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use functions::{GROUPS, Group};
use generate::Random;
use peer::Peer;

#[derive(Parser)]
struct Options {
    /// The program of `conformance/go-cel`.
    #[arg(long)]
    peer: String,
    /// Where the generated arguments begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Arguments that are generated for each group of functions.
    #[arg(long, default_value_t = 2000)]
    trials: usize,
}

/// What the variables of an expression hold.
struct Arguments {
    a: String,
    b: String,
    n: i64,
    m: i64,
}

/// A value as text, or an error's words.
type Verdict = Result<String, String>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the peer cannot be asked: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut peer = Peer::start(&options.peer)?;
    let mut random = Random(options.seed);
    for group in GROUPS {
        compare(&mut peer, group, &mut random, options.trials)?;
    }
    peer.end()?;
    messages::compare(&options.peer, &mut random, options.trials)
}

/// A case: all functions of a group on the same arguments.
fn compare(peer: &mut Peer, group: &Group, random: &mut Random, trials: usize) -> io::Result<()> {
    let (mut differences, mut known, mut values, mut refusals) = (Vec::new(), 0, 0, 0);
    for _ in 0..trials {
        let arguments = (group.arguments)(random);
        for function in group.functions {
            let theirs = peer.ask(function.expression, &arguments)?;
            let ours = (function.ours)(&arguments).map_err(|error| error.to_string());
            match &theirs {
                Err(_) => refusals += 1,
                Ok(value) if value == "false" => refusals += 1,
                Ok(_) => values += 1,
            }
            if ours == theirs {
                continue;
            }
            if group.deviates.is_some_and(|deviates| deviates(&arguments, &ours, &theirs)) {
                known += 1;
                continue;
            }
            let Arguments { a, b, n, m } = &arguments;
            differences.push(format!(
                "{} where a is {a:?}, b {b:?}, n {n}, m {m}: cel-go {theirs:?}, Gannet {ours:?}",
                function.expression
            ));
        }
    }
    // A generator that has gone astray compares nothing.
    if values * 50 < refusals || values < trials / 20 {
        differences.push("hardly any argument is accepted".to_owned());
    }
    let name = format!(
        "{}: {} functions on {trials} arguments, {values} values, {refusals} refusals, {known} known deviations",
        group.name,
        group.functions.len()
    );
    for difference in &differences {
        complain(difference);
    }
    match differences.first() {
        None => say(&format!("passed\t{name}")),
        Some(first) => {
            let first = first.replace(['\t', '\n'], " ");
            say(&format!("failed\t{name}\t{} differences, such as {first}", differences.len()));
        }
    }
    Ok(())
}

// The suite reads these.
#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}

#[allow(clippy::print_stderr)]
fn complain(line: &str) {
    eprintln!("{line}");
}
