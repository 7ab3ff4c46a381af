//! Tests of the Huffman coding by itself.

use bytes::BytesMut;
use proptest::prelude::*;

use super::code::{CODES, LENGTHS};
use super::{HuffmanError, decode, decoded_len, encode, encoded_len, max_decoded_len};

fn decoded(input: &[u8]) -> Result<Vec<u8>, HuffmanError> {
    let mut out = vec![0; max_decoded_len(input.len()) + 1];
    let result = decode(input, &mut out);
    assert_eq!(result, decoded_len(input), "storing and counting agree");
    out.truncate(result?);
    Ok(out)
}

fn encoded(text: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(text, &mut out);
    assert_eq!(out.len(), encoded_len(text));
    out.to_vec()
}

/// Codes given bit by bit, padded with `padding` to whole octets.
fn bits(codes: &[(u32, u8)], padding: bool) -> Vec<u8> {
    let mut all: Vec<bool> = Vec::new();
    for (code, length) in codes {
        all.extend((0..*length).rev().map(|bit| code >> bit & 1 == 1));
    }
    while !all.len().is_multiple_of(8) {
        all.push(padding);
    }
    all.chunks(8).map(|octet| octet.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect()
}

#[test]
fn codes_are_those_of_appendix_b() {
    // The first and last of some lengths as the RFC prints them.
    for (symbol, code, length) in [
        (b'0' as usize, 0x0, 5),
        (b't' as usize, 0x9, 5),
        (b' ' as usize, 0x14, 6),
        (b':' as usize, 0x5c, 7),
        (b'z' as usize, 0x7b, 7),
        (b'&' as usize, 0xf8, 8),
        (b'?' as usize, 0x3fc, 10),
        (b'+' as usize, 0x7fb, 11),
        (b'{' as usize, 0x7ffe, 15),
        (b'\\' as usize, 0x7fff0, 19),
        (128, 0xfffe6, 20),
        (9, 0xffffea, 24),
        (249, 0xffffffe, 28),
        (22, 0x3ffffffe, 30),
        (256, 0x3fffffff, 30),
    ] {
        assert_eq!((CODES[symbol], LENGTHS[symbol]), (code, length), "symbol {symbol}");
    }
}

#[test]
fn every_symbol_decodes_in_front_of_and_behind_every_other() {
    for first in 0..=255 {
        for second in 0..=255 {
            let text = [first, second, first, first, second];
            assert_eq!(decoded(&encoded(&text)).as_deref(), Ok(&text[..]));
        }
    }
}

#[test]
fn eos_is_an_error_wherever_it_stands() {
    let eos = (CODES[256], LENGTHS[256]);
    let a = (CODES[usize::from(b'a')], LENGTHS[usize::from(b'a')]);
    assert_eq!(decoded(&bits(&[eos], true)), Err(HuffmanError::Eos));
    for before in 0..20 {
        let mut codes = vec![a; before];
        codes.push(eos);
        codes.extend([a; 20]);
        assert_eq!(decoded(&bits(&codes, true)), Err(HuffmanError::Eos), "behind {before} symbols");
    }
}

#[test]
fn padding_is_at_most_seven_ones() {
    let zero = (CODES[usize::from(b'0')], 5);
    for text in 1..20 {
        let good = bits(&vec![zero; text], true);
        assert_eq!(decoded(&good), Ok(vec![b'0'; text]));
        let mut longer = good.clone();
        longer.push(0xff);
        assert_eq!(decoded(&longer), Err(HuffmanError::Padding), "8 bits or more behind {text} symbols");
        longer.push(0xff);
        assert_eq!(decoded(&longer), Err(HuffmanError::Padding), "16 bits or more behind {text} symbols");
    }
    // 'a' is 00011: three bits of padding that are not all ones.
    for padding in 0..7 {
        assert_eq!(decoded(&[0b0001_1000 | padding]), Err(HuffmanError::Padding), "padding {padding:#05b}");
    }
    assert_eq!(decoded(&[0b0001_1111]), Ok(b"a".to_vec()));
    assert_eq!(decoded(&[0xff]), Err(HuffmanError::Padding));
    assert_eq!(decoded(&[]), Ok(Vec::new()));
}

#[test]
fn a_string_that_ends_inside_a_code_is_an_error() {
    // The first octets of a 28-bit code.
    for length in 1..=3 {
        assert_eq!(decoded(&[0xff, 0xff, 0xfe][..length]), Err(HuffmanError::Padding));
    }
}

/// The decoder as a reader of the RFC would first write it: bit by bit against the list of codes.
fn decoded_naively(input: &[u8]) -> Result<Vec<u8>, HuffmanError> {
    let mut text = Vec::new();
    let (mut code, mut length) = (0_u32, 0_u8);
    for bit in input.iter().flat_map(|octet| (0..8).rev().map(move |bit| u32::from(octet >> bit & 1))) {
        code = code << 1 | bit;
        length += 1;
        if let Some(symbol) = (0..257).find(|symbol| (CODES[*symbol], LENGTHS[*symbol]) == (code, length)) {
            text.push(u8::try_from(symbol).map_err(|_| HuffmanError::Eos)?);
            (code, length) = (0, 0);
        }
    }
    if length < 8 && code == (1 << length) - 1 { Ok(text) } else { Err(HuffmanError::Padding) }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(text in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(decoded(&encoded(&text)), Ok(text));
    }

    #[test]
    fn any_octets_decode_as_bit_by_bit(input in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(decoded(&input), decoded_naively(&input));
    }

    /// Random octets meet an error soon; codes in a row with a fault at the end go deep.
    #[test]
    fn codes_with_a_random_end_decode_as_bit_by_bit(
        text in prop::collection::vec(prop_oneof![9 => b' '..b'~', 1 => any::<u8>()], 0..60),
        end in prop::collection::vec(any::<u8>(), 0..3),
        cut in 0_usize..3,
    ) {
        let mut input = encoded(&text);
        input.extend(end);
        input.truncate(input.len().saturating_sub(cut));
        prop_assert_eq!(decoded(&input), decoded_naively(&input));
    }
}
