//! Which characters a class has: categories, scripts, and what folds with what, for every character that both know.

use std::io;

use gannet_cel::re2::translate;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::{Case, Go};

/// Characters that Unicode 15.1 and 16.0 have seen otherwise than 15.0, which Go 1.26 has: two letters that got a capital,
/// three pairs that fold into each other, and a mark of another kind.
const CHANGED: &[char] = &[
    '\u{19B}',
    '\u{264}',
    '\u{390}',
    '\u{1FD3}',
    '\u{3B0}',
    '\u{1FE3}',
    '\u{FB05}',
    '\u{FB06}',
    '\u{1171E}',
];

/// The cases of this file.
pub(super) fn compare(go: &mut Go) -> io::Result<()> {
    // Go and regex-syntax have different versions of Unicode.
    let mut unknown = ours(r"\p{Cn}").unwrap_or_else(|_| ClassUnicode::empty());
    unknown.union(&theirs(go, r"\p{Cn}")?.unwrap_or_else(|_| ClassUnicode::empty()));
    for &character in CHANGED {
        add(&mut unknown, character);
    }
    compare_names(go, &unknown)?;
    compare_folding(go, &unknown)
}

fn add(set: &mut ClassUnicode, character: char) {
    set.push(ClassUnicodeRange::new(character, character));
}

fn compare_names(go: &mut Go, unknown: &ClassUnicode) -> io::Result<()> {
    let mut case = Case::default();
    let names = go.names()?;
    let (mut classes, mut refused) = (0, 0);
    for name in &names {
        let mut unknown = unknown.clone();
        if ["LC", "Cased_Letter"].contains(&name.as_str()) {
            // Go has no table of what folds into this one category.
            add(&mut unknown, '\u{345}');
        }
        let patterns = [
            format!(r"\p{{{name}}}"),
            format!(r"\P{{{name}}}"),
            format!(r"(?i)\p{{{}}}", name.to_lowercase()),
            format!(r"(?i)[^\P{{^{name}}}\n]"),
        ];
        for pattern in patterns {
            match (theirs(go, &pattern)?, ours(&pattern)) {
                // The names that Go 1.25 and 1.26 refuse although they list them: see the documentation of gannet_cel::re2.
                (Err(_), Ok(_)) if is_of_several_words(name) => refused += 1,
                (Ok(theirs), Ok(ours)) => {
                    classes += 1;
                    same(&mut case, &pattern, &theirs, ours, &unknown);
                }
                (theirs, ours) => case.differ(&format!("{pattern}: Go {theirs:?}, Gannet {ours:?}")),
            }
        }
    }
    let count = names.len();
    case.end(&format!(
        "{count} names of categories and scripts: {classes} classes; {refused} that Go does not look up"
    ));
    Ok(())
}

/// `Old_Italic` and `SignWriting`: names with capitals in the middle.
fn is_of_several_words(name: &str) -> bool {
    name.chars().skip(1).any(char::is_uppercase)
}

fn compare_folding(go: &mut Go, unknown: &ClassUnicode) -> io::Result<()> {
    let mut case = Case::default();
    let cased = (0..0x1F000).filter_map(char::from_u32).filter(|&letter| {
        !letter.to_lowercase().eq([letter]) || !letter.to_uppercase().eq([letter]) || letter == '\u{130}'
    });
    let letters = cased.map(|letter| format!(r"(?i)\x{{{:x}}}", u32::from(letter)));
    let blocks = (0..0x1F000)
        .step_by(48)
        .flat_map(|start| ["", "^"].map(|not| format!(r"(?i)[{not}\x{{{start:x}}}-\x{{{:x}}}]", start + 46)));
    let mut classes = 0;
    for pattern in letters.chain(blocks) {
        match (theirs(go, &pattern)?, ours(&pattern)) {
            (Ok(theirs), Ok(ours)) => {
                classes += 1;
                same(&mut case, &pattern, &theirs, ours, unknown);
            }
            (theirs, ours) => case.differ(&format!("{pattern}: Go {theirs:?}, Gannet {ours:?}")),
        }
    }
    case.end(&format!("{classes} letters and blocks without regard to case"));
    Ok(())
}

/// Both sets are the same among the characters that both know.
fn same(
    case: &mut Case,
    pattern: &str,
    theirs: &ClassUnicode,
    mut ours: ClassUnicode,
    unknown: &ClassUnicode,
) {
    ours.symmetric_difference(theirs);
    ours.difference(unknown);
    if !ours.ranges().is_empty() {
        case.differ(&format!("{pattern}: only one of the two has {:?}", ours.ranges()));
    }
}

fn theirs(go: &mut Go, pattern: &str) -> io::Result<Result<ClassUnicode, String>> {
    // No text has surrogates.
    let character = |code: u32, other| char::from_u32(code).unwrap_or(other);
    Ok(go.set(pattern)?.map(|ranges| {
        let ranges = ranges
            .into_iter()
            .map(|(first, last)| (character(first, '\u{E000}'), character(last, '\u{D7FF}')));
        let ranges = ranges.filter(|(first, last)| first <= last);
        ClassUnicode::new(ranges.map(|(first, last)| ClassUnicodeRange::new(first, last)))
    }))
}

/// What the translated pattern means to `regex-syntax`.
fn ours(pattern: &str) -> Result<ClassUnicode, String> {
    let translated = translate(pattern).map_err(|error| error.to_string())?;
    match regex_syntax::parse(&translated).map_err(|error| error.to_string())?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Ok(set),
        HirKind::Class(Class::Bytes(set)) if set.ranges().is_empty() => Ok(ClassUnicode::empty()),
        HirKind::Literal(literal) => {
            let text = String::from_utf8(literal.0.to_vec()).map_err(|error| error.to_string())?;
            Ok(ClassUnicode::new(text.chars().map(|one| ClassUnicodeRange::new(one, one))))
        }
        other => Err(format!("{translated} is no class: {other:?}")),
    }
}
