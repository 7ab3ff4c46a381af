//! The Huffman code of RFC 7541 Appendix B, and every table derived from it at compile time.
//!
//! The code is canonical: within a length, codes count up with the symbols, and each length goes on where the one
//! before ended. So the lengths say everything.

/// The number of symbols: every octet, and EOS.
pub(super) const SYMBOLS: usize = 257;
/// The symbol that may only be used, cut short, as padding.
pub(super) const EOS: u16 = 256;
/// The length of the longest code, that of EOS, in bits.
pub(super) const MAX_BITS: usize = 30;

/// The length in bits of each symbol's code.
#[rustfmt::skip]
pub(super) const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// Each symbol's code, right-aligned.
pub(super) static CODES: [u32; SYMBOLS] = CODE_OF;

const CODE_OF: [u32; SYMBOLS] = {
    let mut codes = [0; SYMBOLS];
    let mut rank = 0;
    let mut code = 0;
    let mut bits = LENGTHS[SORTED[0] as usize];
    while rank < SYMBOLS {
        let symbol = SORTED[rank] as usize;
        code <<= LENGTHS[symbol] - bits;
        bits = LENGTHS[symbol];
        codes[symbol] = code;
        code += 1;
        rank += 1;
    }
    codes
};

/// The symbols by rank: by length, then by value, which is also the order of their codes.
const SORTED: [u16; SYMBOLS] = {
    let mut sorted = [0; SYMBOLS];
    let mut rank = 0;
    let mut bits = 1;
    while bits <= MAX_BITS {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == bits {
                sorted[rank] = symbol as u16;
                rank += 1;
            }
            symbol += 1;
        }
        bits += 1;
    }
    sorted
};

/// How many bits the first look-up of decoding takes in: two of the shortest codes, or one of any letter's.
pub(super) const FAST_BITS: u32 = 10;

/// What the next [`FAST_BITS`] bits hold: one symbol, two, or the start of a longer code.
#[derive(Clone, Copy)]
pub(super) struct Fast(u32);

impl Fast {
    const LONG: Self = Self(0);

    const fn one(symbol: usize, bits: u32) -> Self {
        Self(symbol as u32 | 1 << 16 | bits << 20 | bits << 24)
    }

    const fn and(self, symbol: usize, bits: u32) -> Self {
        Self(
            self.first() as u32
                | (symbol as u32) << 8
                | 2 << 16
                | self.first_bits() << 20
                | (self.bits() + bits) << 24,
        )
    }

    /// The look-up, by the top bits of `window`.
    #[inline]
    pub(super) const fn of(window: u64) -> Self {
        FAST[(window >> (64 - FAST_BITS)) as usize]
    }

    /// How many symbols: 0 says that the code is longer than the look-up.
    #[inline]
    pub(super) const fn count(self) -> usize {
        (self.0 >> 16 & 0xf) as usize
    }

    #[inline]
    pub(super) const fn first(self) -> u8 {
        self.0 as u8
    }

    #[inline]
    pub(super) const fn second(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The bits of the first symbol.
    #[inline]
    pub(super) const fn first_bits(self) -> u32 {
        self.0 >> 20 & 0xf
    }

    /// The bits of all its symbols.
    #[inline]
    pub(super) const fn bits(self) -> u32 {
        self.0 >> 24
    }
}

static FAST: [Fast; 1 << FAST_BITS] = {
    let mut table = [Fast::LONG; 1 << FAST_BITS];
    let mut window = 0;
    while window < table.len() {
        if let Some((first, bits)) = short_code(window, FAST_BITS) {
            table[window] = match short_code(window, FAST_BITS - bits) {
                Some((second, more)) => Fast::one(first, bits).and(second, more),
                None => Fast::one(first, bits),
            };
        }
        window += 1;
    }
    table
};

/// The symbol whose code the low `available` bits of `window` start with, if it fits into them.
const fn short_code(window: usize, available: u32) -> Option<(usize, u32)> {
    let window = window as u32 & ((1 << available) - 1);
    let mut rank = 0;
    while rank < SYMBOLS {
        let symbol = SORTED[rank] as usize;
        let bits = LENGTHS[symbol] as u32;
        if bits > available {
            return None;
        }
        if window >> (available - bits) == CODE_OF[symbol] {
            return Some((symbol, bits));
        }
        rank += 1;
    }
    None
}

/// The symbols in the order of their codes.
static BY_CODE: [u16; SYMBOLS] = SORTED;

/// For each length: where its codes end in the top 32 bits of the window, and the rank of its first code.
struct Length {
    end: u64,
    first_code: u32,
    first_rank: u32,
}

static BY_LENGTH: [Length; MAX_BITS + 1] = {
    let mut lengths = [const { Length { end: 0, first_code: 0, first_rank: 0 } }; MAX_BITS + 1];
    let mut rank = 0;
    let mut next_code = 0;
    let mut bits = 1;
    while bits <= MAX_BITS {
        next_code <<= 1;
        lengths[bits].first_code = next_code;
        lengths[bits].first_rank = rank as u32;
        while rank < SYMBOLS && LENGTHS[SORTED[rank] as usize] as usize == bits {
            next_code += 1;
            rank += 1;
        }
        lengths[bits].end = (next_code as u64) << (32 - bits);
        bits += 1;
    }
    lengths
};

/// The symbol and length of the code at the top of `window`, which is longer than [`FAST_BITS`].
#[cold]
pub(super) fn long_code(window: u64) -> (u16, u32) {
    let top = (window >> 32) as u32;
    for (bits, length) in BY_LENGTH.iter().enumerate().skip(FAST_BITS as usize + 1) {
        if u64::from(top) < length.end {
            let rank = length.first_rank + ((top >> (32 - bits)) - length.first_code);
            return (BY_CODE[rank as usize], bits as u32);
        }
    }
    // The code is complete, so 30 bits always decide; the compiler cannot know.
    (EOS, MAX_BITS as u32)
}
