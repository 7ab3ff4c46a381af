//! Reads cases that `../go-validators` wrote from standard input, and says where Gannet's validators disagree.

#![forbid(unsafe_code)]

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use gannet_conformance_validators::compare;

/// So many disagreements are shown.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gannet-conformance-validators: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> std::io::Result<bool> {
    let mut cases = String::new();
    std::io::stdin().lock().read_to_string(&mut cases)?;
    let outcome = compare(&cases);
    let mut out = std::io::stdout().lock();
    for disagreement in outcome.disagreements.iter().take(SHOWN) {
        writeln!(out, "{disagreement}")?;
    }
    let (validated, refused, disagreements) =
        (outcome.validated, outcome.refused, outcome.disagreements.len());
    writeln!(out, "{validated} messages validated, {refused} refused, {disagreements} disagreements")?;
    Ok(disagreements == 0 && validated > 0)
}
