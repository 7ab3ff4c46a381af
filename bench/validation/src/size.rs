//! The bytes of code that were generated for each message, read off this program by `nm`.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;

/// Contestants that generate code: the call of `messages.rs`, and the trait that their validators implement.
const GENERATORS: [(&str, &str, &str); 3] = [
    ("gannet", "gannet_calls", "gannet_validate"),
    ("protovalidate-buffa", "buffa_calls", "protovalidate_buffa"),
    ("prost-protovalidate, generated", "prost_generated_calls", "prost_protovalidate"),
];

/// Prints a table. A message's code is the function that a caller calls with all that is inlined into it, and what is of
/// the message's validator but stands apart.
pub fn print() -> Result<(), Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let output = Command::new("nm").args(["--print-size", "--demangle"]).arg(program).output()?;
    let symbols = String::from_utf8_lossy(&output.stdout);
    println!("Bytes of generated code.\n\n| message | {} |", GENERATORS.map(|(name, ..)| name).join(" | "));
    println!("|---|{}", "---:|".repeat(GENERATORS.len()));
    for (message, function) in [("Article", "article"), ("Mixed", "mixed"), ("Span", "span")] {
        let mut sizes = BTreeMap::new();
        for line in symbols.lines() {
            let mut words = line.splitn(4, ' ');
            let (Some(_), Some(size), Some("t" | "T"), Some(symbol)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let size = u64::from_str_radix(size, 16)?;
            for (name, calls, validators) in GENERATORS {
                let is_call = symbol.contains(&format!("{calls}::{function}"));
                let is_validator = symbol.contains(&format!("bench::{message} as {validators}"));
                if is_call || is_validator {
                    *sizes.entry(name).or_insert(0) += size;
                }
            }
        }
        print!("| {function} |");
        for (name, ..) in GENERATORS {
            match sizes.get(name) {
                Some(size) => print!(" {size} |"),
                None => print!(" – |"),
            }
        }
        println!();
    }
    Ok(())
}
