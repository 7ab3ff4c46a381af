//! The program under test of protovalidate's conformance suite.
//!
//! The suite's runner starts it for each of its suites, with a `TestConformanceRequest` on standard input, and reads a
//! `TestConformanceResponse` from standard output. With the argument `dynamic` it validates by the contracts' descriptors alone,
//! without generated validators. The suite is `conformance/suites/protovalidate`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

#[cfg(cases)]
mod cases;
#[cfg(cases)]
mod dynamic;

#[cfg(cases)]
gannet::include_protos!();

#[cfg(cases)]
fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        None => cases::generated,
        Some("dynamic") => dynamic::outcome,
        Some(other) => return refuse(&format!("there is no way to validate called {other}")),
    };
    match cases::run(outcome, std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

#[cfg(not(cases))]
fn main() -> ExitCode {
    refuse("it was built without the suite's contracts; run conformance/setup, then build it again")
}

#[expect(clippy::print_stderr, reason = "the runner shows it")]
fn refuse(reason: &str) -> ExitCode {
    eprintln!("validation-conformance: {reason}");
    ExitCode::FAILURE
}
