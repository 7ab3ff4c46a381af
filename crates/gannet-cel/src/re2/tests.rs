//! What patterns mean and how they are refused, on examples whose answers are Go's. The conformance suite `re2` compares
//! with Go itself, on thousands of patterns.

use super::{Fault, Pattern, translate};

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).is_match(text)
}

fn refusal(pattern: &str) -> String {
    Pattern::new(pattern).err().map_or_else(|| panic!("{pattern} was accepted"), |error| error.to_string())
}

#[test]
fn a_pattern_that_is_no_expression_is_refused_in_the_words_of_go() {
    for (pattern, words) in [
        ("[a", "missing closing ]: `[a`"),
        ("x[a-", "missing closing ]: `[a-`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Klingon}x", r"invalid character class range: `\p{Klingon}`"),
        (r"\p{Greek", r"invalid character class range: `\p{Greek`"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        (r"a\C", r"invalid escape sequence: `\C`"),
        (r"a\Z", r"invalid escape sequence: `\Z`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"\xg1b", r"invalid escape sequence: `\xg1`"),
        (r"\é", r"invalid escape sequence: `\é`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
        ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
        ("(?P<n-m>a)", "invalid named capture: `(?P<n-m>`"),
        ("(?<n", "invalid named capture: `(?<n`"),
        ("a**b", "invalid nested repetition operator: `**`"),
        ("a{2}{3}?b", "invalid nested repetition operator: `{2}{3}?`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{99999999999}", "invalid repeat count: `{99999999999}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("(a{100}){11}?", "invalid repeat count: `{11}?`"),
        ("|*", "missing argument to repetition operator: `*`"),
        ("(+?a)", "missing argument to repetition operator: `+?`"),
        ("((a)", "missing closing ): `((a)`"),
        ("a)b", "unexpected ): `a)b`"),
    ] {
        assert_eq!(refusal(pattern), format!("error parsing regexp: {words}"), "{pattern}");
    }
}

#[test]
fn what_looks_like_a_fault_but_is_none_for_re2_is_accepted() {
    for pattern in [
        "",
        "{",
        "a{,2}",
        "a{02}",
        "a{1",
        "}",
        "]",
        "[]a]",
        "[^]a]",
        "[a-]",
        r"[\d-z]",
        "(?)",
        "(?P<n>a)(?P<n>b)",
    ] {
        assert!(Pattern::new(pattern).is_ok(), "{pattern}");
    }
    // Flags and quotations stand between the two repetitions.
    for pattern in ["a*(?i)*", r"a*\Q\E*", "(a*)*", "^*", "()*", "(?:a{1000}){1}", "(a{2}){500}"] {
        assert!(Pattern::new(pattern).is_ok(), "{pattern}");
    }
}

#[test]
fn perl_classes_and_word_boundaries_are_ascii() {
    assert!(!matches(r"^\d$", "\u{663}"));
    assert!(matches(r"^\D$", "\u{663}"));
    assert!(!matches(r"^\w$", "é"));
    assert!(!matches(r"^\s$", "\u{a0}"));
    assert!(!matches(r"^\s$", "\u{b}"), "a vertical tab is no \\s");
    assert!(matches("^[[:space:]]$", "\u{b}"));
    assert!(matches(r"a\b", "aé"), "é is no letter of a word");
    assert!(!matches(r"a\B", "aé"));
    assert!(!matches(r"\B", "aéb"), "not within a character");
    assert!(matches(r"\B", "aéé"));
}

#[test]
fn case_folds_beyond_ascii() {
    assert!(matches("(?i)^k$", "\u{212A}"));
    assert!(matches("(?i)^[i-l]$", "\u{212A}"));
    assert!(!matches("(?i)^[^k]$", "\u{212A}"));
    assert!(matches(r"(?i)^\w$", "\u{17F}"));
    assert!(!matches(r"(?i)^\W$", "\u{17F}"));
    assert!(matches("(?i)^σ$", "ς"));
    assert!(matches(r"(?i)^\p{Lu}$", "a"));
    assert!(!matches(r"(?i)^\P{Lu}$", "a"));
    assert!(!matches("(?i)^ß$", "ss"), "simple folding only");
}

#[test]
fn ends_and_newlines_are_where_re2_has_them() {
    assert!(!matches("^a$", "a\n"));
    assert!(matches("(?m)^a$", "b\na\nc"));
    assert!(!matches(r"(?m)\Aa\z", "b\na\nc"));
    assert!(!matches("^.$", "\n"));
    assert!(matches("(?s)^.$", "\n"));
    assert!(matches("^[^a]$", "\n"));
    assert!(matches("^.$", "\r"));
    assert!(matches("(?m)a$", "a\nb"));
    assert!(!matches("(?m)a$", "a\r\n"));
}

#[test]
fn quotations_and_escapes_stand_for_themselves() {
    assert!(matches(r"^\Qa.b*\E+$", "a.b***"));
    assert!(matches(r"^\Q\d", r"\d"));
    assert!(matches(r"^\x41\x{42}\103\0\_$", "ABC\0_"));
    assert!(matches(r"^[\a\f\v\n\r\t]{6}$", "\x07\x0c\x0b\n\r\t"));
    // Operators of the crate `regex` that RE2 has not.
    assert!(matches("^[a&&b]+$", "a&b"));
    assert!(matches("^[a~~b]+$", "~a"));
    assert!(matches("^[[a]$", "["));
    assert!(matches("(?-s)^a #b$", "a #b"));
}

#[test]
fn flags_hold_to_the_end_of_their_group() {
    assert!(matches("^(?:a(?i)b|c)d$", "aBd"));
    assert!(matches("^(?:a(?i)b|c)d$", "Cd"));
    assert!(!matches("^(?:a(?i)b|c)d$", "abD"));
    assert!(matches("^(?i:a)b$", "Ab"));
    assert!(!matches("^(?i:a(?-i)b)$", "aB"));
    assert!(matches("(?U)^a+?$", "aaa"));
}

#[test]
fn scripts_of_several_words_are_known() {
    assert!(matches(r"^\p{Old_Italic}$", "\u{10300}"));
    assert!(matches(r"^\p{old-italic}$", "\u{10300}"));
    assert!(matches(r"^\p{greek}\p{ uppercase letter }\p{^L}\P{^N}$", "αA11"));
    assert!(!matches(r"^\p{Surrogate}", "a"));
    assert!(matches(r"^\p{Any}\p{ASCII}\p{Assigned}$", "\u{378}aa"));
}

#[test]
fn surrogates_match_nothing_and_split_no_range() {
    assert!(!matches(r"\x{D800}", "a\u{FFFD}"));
    assert!(matches(r"^[\x{D000}-\x{E000}]+$", "\u{D000}\u{D7FF}\u{E000}"));
    assert!(!matches(r"[\x{D800}-\x{DFFF}]", "\u{D7FF}\u{E000}\u{FFFD}"));
}

#[test]
fn each_byte_that_is_not_utf8_counts_as_a_replacement_character() {
    let three = Pattern::new(r"^a\x{FFFD}{3}b$").unwrap();
    assert!(three.is_match_bytes(b"a\xF0\x9F\x98b"));
    assert!(!three.is_match_bytes(b"a\xF0\x9F\x98\x80b"));
    assert!(Pattern::new("^.$").unwrap().is_match_bytes("é".as_bytes()));
}

#[test]
fn large_patterns_that_go_accepts_compile() {
    let text = "a".repeat(1000);
    for pattern in [r"^(\w{1,1000})$", r"^.{1,1000}$", r"^\pL{1,1000}$", r"^(?:[^x]{10}){100}$"] {
        assert!(matches(pattern, &text), "{pattern}");
        assert!(!matches(pattern, &format!("{text}a")), "{pattern}");
    }
}

#[test]
fn deep_patterns_compile_up_to_the_limit() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(matches(&nested(999), "a"));
    assert!(refusal(&nested(1000)).starts_with("error parsing regexp: expression nests too deeply: `((("));
    let starred = |depth: usize| format!("{}a{}", "(?:".repeat(depth), ")*".repeat(depth));
    assert!(matches(&starred(999), "b"));
    assert_eq!(Pattern::new(&starred(1000)).unwrap_err().fault(), Fault::NestingDepth);
    let mixed = format!("{}a{}", "(?:b|c".repeat(330), ")+".repeat(330));
    assert!(matches(&mixed, "b"));
}

#[test]
fn too_large_a_pattern_is_refused() {
    assert_eq!(
        Pattern::new(&format!("(?:{}){{1000}}", "[ab]".repeat(4000))).unwrap_err().fault(),
        Fault::Large
    );
}

#[test]
fn a_translation_is_for_the_crate_regex() {
    let translated = translate(r"(?i)^\Qk\E\d(?-i)[[:alpha:]]$").unwrap();
    let regex = regex::Regex::new(&translated).unwrap();
    assert!(regex.is_match("\u{212A}1b"));
    assert!(!regex.is_match("k\u{663}b"));
    assert!(translate("(").is_err());
    for (pattern, translated) in [
        (r"^a{2,5}?$", r"\A(?:a){2,5}?\z"),
        (r"(?:[ab]+)?x|", r"(?:[a-b]+)?x|(?:)"),
        (r"(?m)^\d$\b\B", r"(?m:^)[0-9](?m:$)(?-u:\b)(?-u:\B)"),
        (r"[^\x00-\x{10FFFF}]", r"[^\x{0}-\x{10FFFF}]"),
    ] {
        assert_eq!(translate(pattern).unwrap(), translated);
    }
}
