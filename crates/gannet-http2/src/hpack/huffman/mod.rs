//! Huffman coding of string literals (RFC 7541 §5.2).
//!
//! Decoding reads through a 64-bit window: one look-up of 10 bits yields up to two symbols, and only codes that are
//! longer (no letter, digit or common sign) search by length. The tables take 7 KB.

mod code;
#[cfg(test)]
mod tests;

use bytes::{BufMut, BytesMut};

use code::{CODES, EOS, Fast, LENGTHS, long_code};

/// Why a string cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HuffmanError {
    /// It contains EOS.
    Eos,
    /// It ends inside a code, or with padding other than at most 7 ones.
    Padding,
}

/// The most octets that `encoded_len` octets can decode to: the shortest code has 5 bits.
pub(super) const fn max_decoded_len(encoded_len: usize) -> usize {
    encoded_len / 5 * 8 + encoded_len % 5 * 8 / 5
}

/// Decodes `input` to the start of `out`, and says how many octets these are.
///
/// `out` must have [`decoded_len`] octets (for which [`max_decoded_len`] is always enough) and one more: pairs are
/// stored whole before they are counted.
pub(super) fn decode(input: &[u8], out: &mut [u8]) -> Result<usize, HuffmanError> {
    run(input, &mut Store { out, len: 0 })
}

/// Checks `input` as [`decode`] does, and says how many octets it stands for, without storing them.
pub(super) fn decoded_len(input: &[u8]) -> Result<usize, HuffmanError> {
    run(input, &mut Count::default())
}

trait Output {
    /// Room for what one window yields, if there is that much.
    fn chunk(&mut self) -> Option<&mut [u8; CHUNK]>;
    /// Counts octets that were put into the chunk.
    fn advance(&mut self, count: usize);
    /// Takes two symbols, of which `count` are meant.
    fn push(&mut self, first: u8, second: u8, count: usize);
    fn len(&self) -> usize;
}

/// Five look-ups yield ten octets at most; a power of two spares the bounds checks.
const CHUNK: usize = 16;

struct Store<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl Output for Store<'_> {
    #[inline]
    fn chunk(&mut self) -> Option<&mut [u8; CHUNK]> {
        self.out.get_mut(self.len..)?.first_chunk_mut()
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.len += count;
    }

    #[inline]
    fn push(&mut self, first: u8, second: u8, count: usize) {
        // Never refused, as `out` is long enough: a check instead of a panic.
        if let Some(pair) = self.out.get_mut(self.len..self.len + 2) {
            pair.copy_from_slice(&[first, second]);
        }
        self.len += count;
    }

    #[inline]
    fn len(&self) -> usize {
        self.len
    }
}

/// Writes everything to the same place.
#[derive(Default)]
struct Count {
    chunk: [u8; CHUNK],
    len: usize,
}

impl Output for Count {
    #[inline]
    fn chunk(&mut self) -> Option<&mut [u8; CHUNK]> {
        Some(&mut self.chunk)
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.len += count;
    }

    #[inline]
    fn push(&mut self, _first: u8, _second: u8, count: usize) {
        self.len += count;
    }

    #[inline]
    fn len(&self) -> usize {
        self.len
    }
}

/// The bits to decode next, left-aligned. Of these `bits` are counted as read; what lies behind them is either zero or
/// the very bits that the next refill puts there.
struct Window<'a> {
    rest: &'a [u8],
    value: u64,
    bits: u32,
}

impl Window<'_> {
    /// Fills up to at least 56 bits, if eight more octets are there.
    #[inline]
    fn refill(&mut self) -> bool {
        let Some(next) = self.rest.first_chunk::<8>() else { return false };
        self.value |= u64::from_be_bytes(*next) >> self.bits;
        let octets = (63 - self.bits) / 8;
        self.rest = &self.rest[octets as usize..];
        self.bits += octets * 8;
        true
    }

    /// Fills up as far as octets are left.
    #[inline]
    fn refill_by_octets(&mut self) {
        while self.bits <= 56
            && let Some((first, rest)) = self.rest.split_first()
        {
            self.value |= u64::from(*first) << (56 - self.bits);
            self.bits += 8;
            self.rest = rest;
        }
    }

    #[inline]
    fn take(&mut self, bits: u32) {
        self.value <<= bits;
        self.bits -= bits;
    }

    /// The bits with ones behind the last one.
    #[inline]
    fn padded(&self) -> u64 {
        self.value | u64::MAX.checked_shr(self.bits).unwrap_or(0)
    }
}

#[inline]
fn run<O: Output>(input: &[u8], out: &mut O) -> Result<usize, HuffmanError> {
    let mut window = Window { rest: input, value: 0, bits: 0 };
    while window.refill() {
        let Some(chunk) = out.chunk() else { break };
        let mut step = Fast::of(window.value);
        if step.count() == 0 {
            let (symbol, bits) = long_code(window.value);
            if symbol == EOS {
                return Err(HuffmanError::Eos);
            }
            chunk[0] = symbol as u8;
            window.take(bits);
            out.advance(1);
            continue;
        }
        let mut count = 0;
        // 56 bits are good for five look-ups of at most 10.
        for _ in 0..5 {
            if step.count() == 0 {
                break;
            }
            chunk[count % CHUNK] = step.first();
            chunk[(count + 1) % CHUNK] = step.second();
            count += step.count();
            window.take(step.bits());
            step = Fast::of(window.value);
        }
        out.advance(count);
    }
    finish(window, out)
}

/// Decodes the last octets, where every code has to be held against the end of the string.
#[inline]
fn finish<O: Output>(mut window: Window<'_>, out: &mut O) -> Result<usize, HuffmanError> {
    loop {
        window.refill_by_octets();
        let padded = window.padded();
        // No code consists of up to seven ones, so this is padding. (Fewer than 8 bits: no octet is left.)
        if window.bits < 8 && padded == u64::MAX {
            return Ok(out.len());
        }
        let step = Fast::of(padded);
        if step.count() == 0 {
            let (symbol, bits) = long_code(padded);
            if bits > window.bits {
                return Err(HuffmanError::Padding);
            }
            if symbol == EOS {
                return Err(HuffmanError::Eos);
            }
            out.push(symbol as u8, 0, 1);
            window.take(bits);
        } else if step.bits() <= window.bits {
            out.push(step.first(), step.second(), step.count());
            window.take(step.bits());
        } else if step.first_bits() <= window.bits {
            out.push(step.first(), 0, 1);
            window.take(step.first_bits());
        } else {
            return Err(HuffmanError::Padding);
        }
    }
}

/// How many octets [`encode`] will write for `text`.
pub(super) fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|octet| usize::from(LENGTHS[usize::from(*octet)])).sum();
    bits.div_ceil(8)
}

/// Appends the code of `text` to `out`, padded to whole octets.
pub(super) fn encode(text: &[u8], out: &mut BytesMut) {
    let mut pending: u64 = 0;
    let mut bits = 0;
    for octet in text {
        let symbol = usize::from(*octet);
        let length = u32::from(LENGTHS[symbol]);
        pending = pending << length | u64::from(CODES[symbol]);
        bits += length;
        if bits >= 32 {
            bits -= 32;
            out.put_u32((pending >> bits) as u32);
        }
    }
    let padding = bits.next_multiple_of(8) - bits;
    pending = pending << padding | ((1 << padding) - 1);
    let octets = (bits + padding) / 8;
    for left in (0..octets).rev() {
        out.put_u8((pending >> (8 * left)) as u8);
    }
}
