//! What validators that are written out for a [`Simple`](super::Simple) pattern are made of: each piece takes what it can
//! from the front of the text and gives what is left.

/// Behind these bytes.
#[inline]
pub fn literal<'t>(text: &'t [u8], literal: &[u8]) -> Option<&'t [u8]> {
    text.strip_prefix(literal)
}

/// Behind as many ASCII characters of a class as there are, up to `max`, if they are at least `min`.
#[inline]
pub fn class(text: &[u8], min: usize, max: usize, class: impl Fn(u8) -> bool) -> Option<&[u8]> {
    let limit = text.len().min(max);
    let length = text[..limit].iter().position(|byte| !class(*byte)).unwrap_or(limit);
    (length >= min).then(|| &text[length..])
}

/// The same for a class that holds all characters beyond ASCII, too.
#[inline]
pub fn wide_class(text: &[u8], min: usize, max: usize, class: impl Fn(u8) -> bool) -> Option<&[u8]> {
    let mut count = 0;
    let mut length = 0;
    for &byte in text {
        let begins = !(0x80..0xC0).contains(&byte);
        if !class(byte) || (begins && count == max) {
            break;
        }
        count += usize::from(begins);
        length += 1;
    }
    (count >= min).then(|| &text[length..])
}

/// Whether the whole text is `min` to `max` ASCII characters of a class.
#[inline]
pub fn is_all(text: &[u8], min: usize, max: usize, class: impl Fn(u8) -> bool) -> bool {
    min <= text.len() && text.len() <= max && text.iter().all(|byte| class(*byte))
}

/// The last bytes of a text.
#[inline]
pub fn last(text: &[u8], length: usize) -> Option<&[u8]> {
    text.len().checked_sub(length).map(|start| &text[start..])
}
