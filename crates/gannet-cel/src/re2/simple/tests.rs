//! Which patterns are simple, and that a simple pattern and its automaton agree on every text.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Pattern, scan};
use super::{Piece, Sequence, Simple, simple};

/// Both answers on each text, which must be the same.
fn agrees(pattern: &str, texts: &[&str]) -> Simple {
    let recognized = simple(pattern).unwrap_or_else(|| panic!("{pattern} is not seen to be simple"));
    let engine = Pattern::new(pattern).unwrap();
    for text in texts {
        let matched = engine.is_match(text);
        assert_eq!(recognized.is_match(text.as_bytes()), matched, "{pattern} on {text:?}");
    }
    recognized
}

#[test]
fn anchored_classes_and_literals_are_simple() {
    let texts =
        ["", "a", "ab", "abc", "a1", "1a", "a-1", "a\n", "ä", "A", "v1/", "v1/x", "xv1/", "\n", "ab1c"];
    for pattern in [
        "^[a-z]{1,2}$",
        "^[a-z]+$",
        "^[a-z][a-z0-9]*$",
        "^[a-z]+[0-9]+$",
        "^[a-z]+-?[0-9]*$",
        "^v1/",
        "v1/",
        "v1/$",
        "^v1/$",
        "^$",
        "",
        "$",
        "^[a-z]{2}[a-z0-9]$",
        "[0-9]",
        "[0-9]+",
        "^.*$",
        "^.+$",
        "^[^a]{2,3}$",
        "(?s)^.{1,2}$",
        "[a-z][0-9]$",
        "^[a-z]+[0-9]",
        "^[a-z]*",
        r"^\Qv1/\E$",
        "(?i)^ab",
        r"\Aab\z",
        "^(?:[a-z]-)?[0-9]$",
        "^(a|ab|abc)$",
        "^a$|^ab$",
        "^$|^[a-z]{2}$",
        "^ä$",
        "ä$",
    ] {
        agrees(pattern, &texts);
    }
}

#[test]
fn real_patterns_are_simple() {
    let uuid = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
    let one = "123e4567-e89b-12d3-a456-426614174000";
    let recognized = agrees(uuid, &[one, &one[1..], &format!("{one}0"), &format!("{one}\n")]);
    assert_eq!(recognized.alternatives[0].fixed_length(), Some(36));
    agrees(r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$", &["10.0.0.1", "10.0.0", "1000.0.0.1", "1.1.1.1."]);
    agrees(r"^\+[1-9][0-9]{1,14}$", &["+49301234567", "+0123", "+1", "4930"]);
    agrees("^[A-Za-z0-9+/]+={0,2}$", &["aGVsbG8=", "aGVsbG8", "=", "aG=V"]);
}

#[test]
fn a_choice_between_literals_is_seen_as_such() {
    let recognized = agrees("^(?:on|off)?$", &["on", "off", "", "o", "onoff"]);
    let mut literals = recognized.literals().unwrap();
    literals.sort_unstable();
    assert_eq!(literals, [&b""[..], b"off", b"on"]);
    assert_eq!(simple("^on").unwrap().literals(), None);
    assert_eq!(simple("^[a-z]$").unwrap().literals(), None);
}

#[test]
fn what_needs_a_search_is_not_simple() {
    for pattern in [
        "^[a-z]*z$",
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "^a*a$",
        "^[a-z]{1,3}[a-f]",
        "(ab)*",
        "^(a|b.*c)$",
        "(?m)^a$",
        r"\bab\b",
        "^a^b",
        "a$b",
        "(?i)^k$",
        "^[α-ω]+$",
        "^[^α]+$",
        "[a-z][0-9]",
        "[a-z]{2}",
        ".",
        "[^a]$",
        "[",
    ] {
        assert_eq!(simple(pattern), None, "{pattern}");
    }
}

#[test]
fn characters_are_counted_not_bytes() {
    let recognized = agrees("^.{2,3}$", &["ä", "äö", "äöü", "äöüß", "aö\n", "😀😀", "ab😀"]);
    let Piece::Class { bytes, min: 2, max: Some(3) } = &recognized.alternatives[0].pieces[0] else {
        panic!("{recognized:?}");
    };
    assert_eq!(bytes.ranges(), [0..=9, 11..=255]);
    assert!(!bytes.contains(b'\n'));
}

#[test]
fn neighbours_of_the_same_class_are_one() {
    assert_eq!(simple(r"^\d\d?\d*$"), simple(r"^\d+$"));
    assert_eq!(simple(r"^[a-c]x*[0-9]{2}"), simple(r"^[a-c]x*[0-9]{2}[y-z]*"));
}

fn piece() -> impl Strategy<Value = String> {
    let atom = select(vec![
        "a",
        "b",
        "-",
        "ab",
        "ä",
        "[a-c]",
        "[ab]",
        "[b-d]",
        "[0-9]",
        r"\d",
        r"\w",
        "[^a]",
        ".",
        "(?s:.)",
        r"\W",
        "(?i:a)",
        "(?i:k)",
        "[aä]",
        "(?:a|b)",
        "(?:ab|c)",
        "(?:a|-b)?",
        "(?:[ab]-)",
        "\\n",
        "^",
        "$",
        "(?:)",
    ]);
    let count = select(vec!["", "", "", "?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}"]);
    (atom, count).prop_map(|(atom, count)| format!("(?:{atom}){count}"))
}

fn row() -> impl Strategy<Value = String> {
    let (start, end) = (select(vec!["", "^", "^"]), select(vec!["", "$", "$"]));
    (start, prop::collection::vec(piece(), 0..4), end)
        .prop_map(|(start, pieces, end)| format!("{start}{}{end}", pieces.concat()))
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![4 => row(), 1 => (row(), row()).prop_map(|(one, other)| format!("{one}|{other}"))]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select("aabbcd-0k\nä\u{212A}😀A".chars().collect::<Vec<_>>()), 0..6)
        .prop_map(String::from_iter)
}

/// What a validator that is written out says: the functions of `scan`, one piece after the other.
fn scanned(sequence: &Sequence, text: &[u8]) -> bool {
    let Sequence { from_start, ref pieces, to_end } = *sequence;
    if let (true, [Piece::Class { bytes, min, max }], true) = (from_start, pieces.as_slice(), to_end)
        && bytes.is_ascii()
    {
        return scan::is_all(text, *min as usize, most(*max), |byte| bytes.contains(byte));
    }
    let start = match sequence.fixed_length() {
        Some(length) if !from_start => scan::last(text, length),
        _ => Some(text),
    };
    let Some(start) = start else { return false };
    let rest = pieces.iter().try_fold(start, |text, piece| match piece {
        Piece::Literal(bytes) => scan::literal(text, bytes),
        Piece::Class { bytes, min, max } => {
            let class = |byte| bytes.contains(byte);
            if bytes.is_ascii() {
                scan::class(text, *min as usize, most(*max), class)
            } else {
                scan::wide_class(text, *min as usize, most(*max), class)
            }
        }
    });
    rest.is_some_and(|rest| !to_end || rest.is_empty())
}

fn most(max: Option<u32>) -> usize {
    max.map_or(usize::MAX, |max| max as usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_simple_pattern_and_its_automaton_agree(
        pattern in pattern(),
        texts in prop::collection::vec(text(), 24),
    ) {
        if let Some(recognized) = simple(&pattern) {
            let engine = Pattern::new(&pattern).unwrap();
            for text in &texts {
                let matched = engine.is_match(text);
                prop_assert_eq!(recognized.is_match(text.as_bytes()), matched, "{} on {:?}", pattern, text);
                // One that is bound to no end is a search, for which `scan` has nothing.
                if recognized.alternatives.iter().all(|sequence| sequence.from_start || sequence.to_end) {
                    let scanned = recognized.alternatives.iter().any(|one| scanned(one, text.as_bytes()));
                    prop_assert_eq!(scanned, matched, "{} scanned on {:?}", pattern, text);
                }
            }
        }
    }
}
