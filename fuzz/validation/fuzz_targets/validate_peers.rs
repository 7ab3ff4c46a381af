//! Choices that make a message, which three libraries validate: all find the same faults, but for what `KNOWN` lists.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| {
    if let Err(disagreement) = gannet_fuzz_validation::compare(choices) {
        panic!("{disagreement}");
    }
});
