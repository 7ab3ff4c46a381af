//! Header blocks of a hostile peer: decoding never panics, and a limit changes what is reported but neither the
//! verdict nor what later blocks mean.
//!
//! Input: one octet for the limit, one for the table size, then blocks, each behind an octet with its length.

#![no_main]

use std::ops::ControlFlow;

use gannet_http2::hpack::{DecodeOutcome, Decoder, Field, FieldSink, NameKind, is_valid_value};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Collect {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl FieldSink for Collect {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        checksum(name, value)
    }

    fn field(&mut self, field: Field<'_>) -> ControlFlow<()> {
        assert_eq!(field.tag, checksum(field.name, field.value));
        assert_eq!(field.kind, NameKind::of(field.name));
        assert_eq!(field.value_valid, is_valid_value(field.value));
        self.fields.push((field.name.to_vec(), field.value.to_vec()));
        ControlFlow::Continue(())
    }
}

fn checksum(name: &[u8], value: &[u8]) -> u32 {
    let octets = name.iter().chain(&[0xff]).chain(value);
    octets.fold(1, |sum, octet| sum.wrapping_mul(31).wrapping_add(u32::from(*octet)))
}

fuzz_target!(|input: &[u8]| {
    let [limit, table_size, blocks @ ..] = input else { return };
    let limit = usize::from(*limit) * 8;
    let table_size = usize::from(*table_size) * 4;
    let (mut limited, mut free) = (Decoder::new(table_size), Decoder::new(table_size));
    let mut rest = blocks;
    while let Some((length, behind)) = rest.split_first() {
        let (block, next) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = next;
        let (mut some, mut all) = (Collect::default(), Collect::default());
        let within = limited.decode(block, limit, &mut some);
        let without = free.decode(block, usize::MAX, &mut all);
        assert!(all.fields.starts_with(&some.fields));
        match (within, without) {
            (Ok(DecodeOutcome::Complete { size }), Ok(outcome)) => {
                assert!(size <= limit);
                assert_eq!(some.fields, all.fields);
                assert_eq!(outcome, DecodeOutcome::Complete { size });
            }
            (Ok(DecodeOutcome::TooLarge { size }), Ok(outcome)) => {
                assert!(size > limit);
                assert_eq!(outcome, DecodeOutcome::Complete { size });
            }
            (within, without) => {
                assert_eq!(within.unwrap_err(), without.unwrap_err());
                return;
            }
        }
    }
});
