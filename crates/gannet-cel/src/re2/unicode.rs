//! Sets of characters by name: Unicode's categories and scripts as `\p{…}` names them, Perl's and POSIX' classes, and the
//! folding of case.
//!
//! The names are those that Go 1.26 knows (Unicode 15.0); the characters are those of `regex-syntax`' tables (Unicode 16.0).
//! What that makes a difference for is told in the documentation of [`re2`](super).

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// Characters from one code point to another, both included. Surrogates are left out: no text has them.
pub(super) fn add_range(set: &mut ClassUnicode, from: u32, to: u32) {
    // What a surrogate is rounded to: the next character for a start, the previous for an end.
    let start = char::from_u32(from).unwrap_or('\u{E000}');
    let end = char::from_u32(to).unwrap_or('\u{D7FF}');
    if start <= end {
        set.push(ClassUnicodeRange::new(start, end));
    }
}

/// All characters from one code point to another, and those that differ from them only in case if `fold` is set.
pub(super) fn range(from: u32, to: u32, fold: bool) -> ClassUnicode {
    let mut set = ClassUnicode::empty();
    add_range(&mut set, from, to);
    if fold {
        set.case_fold_simple();
    }
    set
}

/// The set, folded if `fold` is set, and then all others if `negated` is set.
pub(super) fn adjusted(mut set: ClassUnicode, fold: bool, negated: bool) -> ClassUnicode {
    if fold {
        set.case_fold_simple();
    }
    if negated {
        set.negate();
    }
    set
}

/// `d`, `s` and `w`, which mean ASCII in RE2.
pub(super) fn perl(letter: u8) -> Option<ClassUnicode> {
    Some(ascii(match letter {
        b'd' => &[(b'0', b'9')],
        // No vertical tab, in contrast to `[:space:]`.
        b's' => &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')],
        b'w' => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        _ => return None,
    }))
}

/// What stands between `[:` and `:]`.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    Some(ascii(match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => &[(b'0', b'9')],
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    }))
}

fn ascii(ranges: &[(u8, u8)]) -> ClassUnicode {
    ClassUnicode::new(
        ranges.iter().map(|&(start, end)| ClassUnicodeRange::new(char::from(start), char::from(end))),
    )
}

/// A category or script of Unicode. Case, `_`, `-` and spaces in the name do not count.
pub(super) fn property(name: &str) -> Option<ClassUnicode> {
    let wanted = canonical(name);
    match wanted.as_str() {
        "any" => return Some(range(0, 0x10FFFF, false)),
        "ascii" => return Some(range(0, 0x7F, false)),
        "assigned" => return table("gc", "Cn").map(|set| adjusted(set, false, true)),
        // Surrogates: no text has them.
        "cs" | "surrogate" => return Some(ClassUnicode::empty()),
        _ => {}
    }
    let listed = |names: &'static str| names.split(' ').find(|name| canonical(name) == wanted);
    if let Some(category) = listed(CATEGORIES) {
        return table("gc", category);
    }
    listed(SCRIPTS).and_then(|script| table("sc", script))
}

fn canonical(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// What `regex-syntax` knows under this name.
fn table(property: &str, value: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(&format!(r"\p{{{property}={value}}}")).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Some(set),
        // A set of one character.
        HirKind::Literal(literal) => {
            let only = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(range(only.into(), only.into(), false))
        }
        _ => None,
    }
}

/// Short names, then long ones.
const CATEGORIES: &str = "\
    C Cc Cf Cn Co L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp \
    Zs Cased_Letter Close_Punctuation Combining_Mark Connector_Punctuation Control Currency_Symbol \
    Dash_Punctuation Decimal_Number Enclosing_Mark Final_Punctuation Format Initial_Punctuation Letter \
    Letter_Number Line_Separator Lowercase_Letter Mark Math_Symbol Modifier_Letter Modifier_Symbol \
    Nonspacing_Mark Number Open_Punctuation Other Other_Letter Other_Number Other_Punctuation \
    Other_Symbol Paragraph_Separator Private_Use Punctuation Separator Space_Separator Spacing_Mark \
    Symbol Titlecase_Letter Unassigned Uppercase_Letter cntrl digit punct";

/// By their long names, which are the only ones.
const SCRIPTS: &str = "\
    Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali \
    Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian \
    Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret \
    Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian \
    Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo \
    Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian \
    Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi \
    Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic \
    Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive \
    Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari \
    New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic \
    Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya \
    Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic \
    Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo \
    Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut \
    Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi \
    Zanabazar_Square";
