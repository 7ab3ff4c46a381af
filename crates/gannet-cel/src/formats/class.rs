//! Classes of bytes, looked up in a table.

/// `0` to `9`
pub(super) const DIGIT: u8 = 1;
/// `a` to `f`, `A` to `F`
pub(super) const HEXADECIMAL_LETTER: u8 = 2;
/// The other letters of ASCII.
pub(super) const OTHER_LETTER: u8 = 4;
/// `-`
pub(super) const HYPHEN: u8 = 8;
/// `_`
pub(super) const UNDERSCORE: u8 = 16;
/// What else stands in names of addresses of e-mail: `atext` of RFC 5322, and the dot.
pub(super) const MAIL: u8 = 32;
/// What else stands in names of headers, by the pattern of `validate.proto`.
pub(super) const HEADER: u8 = 64;

pub(super) const HEXADECIMAL: u8 = DIGIT | HEXADECIMAL_LETTER;
pub(super) const LETTER: u8 = HEXADECIMAL_LETTER | OTHER_LETTER;

static CLASSES: [u8; 256] = table(&[
    (b"0123456789", DIGIT),
    (b"abcdefABCDEF", HEXADECIMAL_LETTER),
    (b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ", OTHER_LETTER),
    (b"-", HYPHEN),
    (b"_", UNDERSCORE),
    (b".!#$%&'*+/=?^`{|}~", MAIL),
    (b"!#$%&'*+,.^|~`", HEADER),
]);

/// Whether the byte is of one of the classes.
pub(super) fn is(byte: u8, classes: u8) -> bool {
    CLASSES[usize::from(byte)] & classes != 0
}

/// Whether all bytes are; all are looked at, which is faster than to stop at one in what is short and mostly valid.
pub(super) fn all(bytes: &[u8], classes: u8) -> bool {
    bytes.iter().fold(true, |all, byte| all & is(*byte, classes))
}

/// The table in which each byte has the classes of the sets that hold it.
pub(super) const fn table(sets: &[(&[u8], u8)]) -> [u8; 256] {
    let mut classes = [0; 256];
    let mut set = 0;
    while set < sets.len() {
        let (members, class) = sets[set];
        let mut at = 0;
        while at < members.len() {
            classes[members[at] as usize] |= class;
            at += 1;
        }
        set += 1;
    }
    classes
}
