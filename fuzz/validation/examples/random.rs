//! Compares random messages, without a fuzzer: `cargo run --release --example random -- MESSAGES [SEED]`. Prints the first
//! disagreement of each kind.

use std::collections::BTreeSet;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(messages)), Ok(seed)) = (arguments.next(), arguments.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: random MESSAGES [SEED]");
        return ExitCode::FAILURE;
    };
    let stale = gannet_fuzz_validation::stale();
    if !stale.is_empty() {
        println!("known.rs is wrong:\n{}", stale.join("\n"));
        return ExitCode::FAILURE;
    }
    let mut state = seed;
    let mut kinds = BTreeSet::new();
    let mut disagreements = 0;
    for _ in 0..messages {
        let choices: Vec<u8> = (0..120).map(|_| splitmix(&mut state) as u8).collect();
        if let Err(disagreement) = gannet_fuzz_validation::compare(&choices) {
            disagreements += 1;
            let text = disagreement.to_string();
            let kind = text.lines().skip(1).collect::<String>();
            if kinds.len() < 40 && kinds.insert(kind) {
                println!("{text}");
            }
        }
    }
    println!("{messages} messages, {disagreements} disagreements");
    if disagreements == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Steele and others, "Fast splittable pseudorandom number generators".
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
