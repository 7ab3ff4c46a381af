//! UUIDs as go-proto-validators' own pattern has them.

/// Where a digit of the text has a rule of its own.
const VERSION: usize = 14;
const VARIANT: usize = 19;
const LENGTH: usize = 36;

/// Whether a text is empty or a UUID; version 0 stands for any from 1 to 5.
///
/// The pattern is that of the original, with its quirks: `|` is a variant, and nothing is no fault.
///
/// ```
/// use gannet_validate::legacy::is_uuid;
///
/// assert!(is_uuid("16fd2706-8baf-433b-82eb-8c7fada847da", 4));
/// assert!(!is_uuid("16fd2706-8baf-433b-82eb-8c7fada847da", 1));
/// assert!(is_uuid("", 0));
/// ```
pub fn is_uuid(text: &str, version: u8) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != LENGTH {
        return bytes.is_empty();
    }
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        VERSION if version == 0 => matches!(byte, b'1'..=b'5'),
        VERSION => *byte == b'0' + version,
        VARIANT => matches!(byte, b'8' | b'9' | b'|' | b'a' | b'A' | b'b' | b'B'),
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use gannet_cel::re2::Pattern;

    use super::*;

    fn pattern(version: &str) -> Pattern {
        let pattern = format!(
            "^([a-fA-F0-9]{{8}}-[a-fA-F0-9]{{4}}-[{version}][a-fA-F0-9]{{3}}-[8|9|aA|bB][a-fA-F0-9]{{3}}-[a-fA-F0-9]{{12}})?$"
        );
        Pattern::new(&pattern).expect("the pattern is right")
    }

    #[test]
    fn it_is_what_the_pattern_of_the_original_matches() {
        let good = "16fd2706-8baf-433b-82eb-8c7fada847da";
        let versions = [(0, "1-5"), (1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5")];
        for (version, class) in versions {
            let pattern = pattern(class);
            let mut texts: Vec<String> =
                ["", good, &good[1..], "a\u{e9}"].map(str::to_owned).into_iter().collect();
            for at in 0..good.len() {
                for byte in "-/0123456789:@AFGafg`{|}\n ".chars() {
                    let mut text: Vec<char> = good.chars().collect();
                    text[at] = byte;
                    texts.push(text.into_iter().collect());
                }
            }
            for text in texts {
                assert_eq!(is_uuid(&text, version), pattern.is_match(&text), "{text:?} in version {version}");
            }
        }
    }
}
