//! Measures what it costs to validate a message: Gannet, protovalidate-buffa, prost-protovalidate, protovalidate-go.
//!
//! Prints a table: nanoseconds for each validation, allocations of each, and the bytes of code that were generated.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod go;
mod messages;
mod size;

gannet::include_protos!();

#[allow(
    missing_docs,
    unused,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "generated"
)]
mod protovalidate_buffa_validators {
    use crate::bench::*;
    include!(concat!(env!("OUT_DIR"), "/protovalidate_buffa.rs"));
}

#[allow(missing_docs, unused, clippy::all, clippy::pedantic, clippy::unwrap_used, reason = "generated")]
mod prost_bench {
    include!(concat!(env!("OUT_DIR"), "/prost/bench.rs"));
    mod validators {
        use super::*;
        mod bench {
            pub(crate) use super::super::*;
        }
        include!(concat!(env!("OUT_DIR"), "/prost/validate_impl.rs"));
    }
}

/// The descriptors that prost-protovalidate reads rules from.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bench.binpb"));

use messages::{CONTESTANTS, Call, Contestant, Messages};

/// How long one round of one contestant takes.
const ROUND: Duration = Duration::from_millis(20);
/// Rounds; each goes through all contestants, so that what disturbs the machine disturbs all.
const ROUNDS: usize = 15;

/// What is measured: a name, the message, and which of the two.
const ROWS: [(&str, Kind, usize); 8] = [
    ("article", Kind::Article, 0),
    ("mixed", Kind::Mixed, 0),
    ("span", Kind::Span, 0),
    ("labels", Kind::Labels, 0),
    ("article, invalid", Kind::Article, 1),
    ("mixed, invalid", Kind::Mixed, 1),
    ("span, invalid", Kind::Span, 1),
    ("labels, invalid", Kind::Labels, 1),
];

#[derive(Clone, Copy)]
enum Kind {
    Article,
    Mixed,
    Span,
    Labels,
}

impl Contestant {
    /// Nothing if the contestant cannot validate the message.
    fn function(&self, kind: Kind) -> Option<Call> {
        match kind {
            Kind::Article => Some(self.article),
            Kind::Mixed => Some(self.mixed),
            Kind::Span => Some(self.span),
            Kind::Labels => self.labels,
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("validation: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let messages = Messages::new()?;
    for contestant in &CONTESTANTS {
        for (name, kind, index) in ROWS {
            let Some(function) = contestant.function(kind) else { continue };
            if function(&messages, index) != (index == 0) {
                return Err(format!("{} is wrong about {name}", contestant.name).into());
            }
        }
    }
    let go = go::measure()?;
    println!("Nanoseconds for each validation (and allocations of it); median of {ROUNDS} rounds.\n");
    print!("| message |");
    for contestant in &CONTESTANTS {
        print!(" {} |", contestant.name);
    }
    println!(" protovalidate-go |\n|---|{}", "---:|".repeat(CONTESTANTS.len() + 1));
    for (row, (name, kind, index)) in ROWS.into_iter().enumerate() {
        let functions = CONTESTANTS.each_ref().map(|contestant| contestant.function(kind));
        let able: Vec<Call> = functions.iter().copied().flatten().collect();
        let times = measure(&able, &messages, index);
        print!("| {name} |");
        let mut measured = times.iter();
        for function in functions {
            let (Some(function), Some(time)) = (function, function.and_then(|_| measured.next())) else {
                print!(" – |");
                continue;
            };
            let allocations = allocation_counter::measure(|| {
                black_box(function(black_box(&messages), black_box(index)));
            });
            print!(" {time:.1} ({}) ×{:.1} |", allocations.count_total, time / times[0]);
        }
        match go.get(row) {
            Some((time, allocations)) => println!(" {time:.1} ({allocations}) ×{:.0} |", time / times[0]),
            None => println!(" – |"),
        }
    }
    println!();
    size::print()
}

/// The median of each function's time for a call, in nanoseconds.
fn measure(functions: &[Call], messages: &Messages, index: usize) -> Vec<f64> {
    let calls: Vec<u32> = functions.iter().map(|function| calibrate(*function, messages, index)).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); functions.len()];
    for _ in 0..ROUNDS {
        for ((function, calls), times) in functions.iter().zip(&calls).zip(&mut times) {
            times.push(round(*function, messages, index, *calls).as_secs_f64() * 1e9 / f64::from(*calls));
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

/// How many calls take about a round's time.
fn calibrate(function: Call, messages: &Messages, index: usize) -> u32 {
    let mut calls = 16;
    while round(function, messages, index, calls) < ROUND && calls < 1 << 30 {
        calls *= 2;
    }
    calls
}

fn round(function: Call, messages: &Messages, index: usize, calls: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(function(black_box(messages), black_box(index)));
    }
    start.elapsed()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
