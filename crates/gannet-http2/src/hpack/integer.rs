//! Integers with a prefix (RFC 7541 §5.1).

use bytes::{BufMut, BytesMut};

use super::HpackError;

/// The greatest value that is accepted: far above any length or index that fits a connection's limits.
const MAX: u64 = u32::MAX as u64;

/// Reads the integer whose prefix is the low `prefix_bits` bits of the octet at `*position`, and moves behind it.
///
/// Leading zeros in the form of empty continuation octets are allowed by the RFC; no more than five octets follow the
/// prefix, so they cost nothing.
#[inline]
pub(super) fn decode(block: &[u8], position: &mut usize, prefix_bits: u32) -> Result<usize, HpackError> {
    let offset = *position;
    let Some(first) = block.get(offset) else { return Err(HpackError::Truncated { offset }) };
    *position += 1;
    let mask = (1_u8 << prefix_bits) - 1;
    let value = first & mask;
    if value < mask { Ok(usize::from(value)) } else { continuation(block, position, offset, value) }
}

fn continuation(block: &[u8], position: &mut usize, offset: usize, prefix: u8) -> Result<usize, HpackError> {
    let mut value = u64::from(prefix);
    for shift in [0, 7, 14, 21, 28] {
        let Some(octet) = block.get(*position) else { return Err(HpackError::Truncated { offset }) };
        *position += 1;
        value += u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return if value <= MAX {
                Ok(value as usize)
            } else {
                Err(HpackError::IntegerOverflow { offset })
            };
        }
    }
    Err(HpackError::IntegerOverflow { offset })
}

/// Appends `value` with the pattern `flags` in the bits above the prefix.
#[inline]
pub(super) fn encode(out: &mut BytesMut, flags: u8, prefix_bits: u32, value: usize) {
    let mask = (1_usize << prefix_bits) - 1;
    if value < mask {
        out.put_u8(flags | value as u8);
        return;
    }
    out.put_u8(flags | mask as u8);
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(octets: &[u8], prefix_bits: u32) -> Result<(usize, usize), HpackError> {
        let mut position = 0;
        decode(octets, &mut position, prefix_bits).map(|value| (value, position))
    }

    #[test]
    fn examples_of_appendix_c_1() {
        for (value, prefix_bits, octets) in
            [(10, 5, &[0b01010][..]), (1337, 5, &[0b11111, 0b1001_1010, 0b1010]), (42, 7, &[0b101010])]
        {
            let mut out = BytesMut::new();
            encode(&mut out, 0, prefix_bits, value);
            assert_eq!(&out[..], octets);
            assert_eq!(decoded(octets, prefix_bits), Ok((value, octets.len())));
        }
    }

    #[test]
    fn bounds_of_every_prefix_and_continuation_survive_the_round_trip() {
        for prefix_bits in 4..=7 {
            for shift in 0..32 {
                for value in [(1_usize << shift) - 1, 1 << shift, (1 << shift) + (1 << prefix_bits) - 1] {
                    let mut out = BytesMut::new();
                    encode(&mut out, 0, prefix_bits, value);
                    assert_eq!(decoded(&out, prefix_bits), Ok((value, out.len())));
                }
            }
        }
    }

    #[test]
    fn too_great_an_integer_is_an_error_and_not_a_wrapped_value() {
        let error = Err(HpackError::IntegerOverflow { offset: 0 });
        assert_eq!(decoded(&[0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f], 7), Ok((u32::MAX as usize, 6)));
        assert_eq!(decoded(&[0x7f, 0x81, 0xff, 0xff, 0xff, 0x0f], 7), error);
        assert_eq!(decoded(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0x7f], 7), error);
        assert_eq!(decoded(&[0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 7), error);
        assert_eq!(decoded(&[0x7f, 0x80, 0x80, 0x00], 7), Ok((127, 4)));
    }

    #[test]
    fn an_integer_cut_short_is_truncated_where_it_started() {
        for octets in [&[0x7f][..], &[0x7f, 0x80], &[0x7f, 0xff, 0xff]] {
            assert_eq!(decoded(octets, 7), Err(HpackError::Truncated { offset: 0 }));
        }
    }
}
