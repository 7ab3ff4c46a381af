//! What a text is compared with: itself, a start, an end, or anything.

/// A pattern of gRFC A43.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    /// Anything that is not empty.
    Present,
}

impl Pattern {
    /// Reads `text`, `prefix*`, `*suffix` or `*`.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let (read, rest): (fn(Box<str>) -> Self, _) =
            match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
                (Some(""), _) => return Ok(Self::Present),
                (Some(prefix), _) => (Self::Prefix, prefix),
                (None, Some(suffix)) => (Self::Suffix, suffix),
                (None, None) => (Self::Exact, pattern),
            };
        if rest.contains('*') {
            return Err(format!("{pattern:?} has a `*` that stands neither alone nor at one end only"));
        }
        Ok(read(rest.into()))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == &**exact,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
            Self::Present => !text.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_four_forms_match_what_the_grfc_says() {
        for (pattern, matches, others) in [
            ("abc", &["abc"][..], &["", "ab", "abcd", "xabc", "ABC"][..]),
            ("abc*", &["abc", "abcd"], &["", "ab", "xabc"]),
            ("*abc", &["abc", "xabc"], &["", "bc", "abcd"]),
            ("*", &["a", "*"], &[""]),
            ("", &[""], &["a"]),
        ] {
            let read = Pattern::new(pattern).unwrap();
            assert!(matches.iter().all(|text| read.matches(text)), "{pattern}");
            assert!(!others.iter().any(|text| read.matches(text)), "{pattern}");
        }
    }

    #[test]
    fn a_star_elsewhere_is_refused() {
        for pattern in ["a*b", "*a*", "**", "a**", "**a", "*a*b"] {
            assert!(Pattern::new(pattern).unwrap_err().contains(pattern));
        }
    }

    proptest! {
        #[test]
        fn any_text_matches_itself_and_its_ends(text in "[^*]{1,16}", cut in any::<prop::sample::Index>()) {
            let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (start, end) = text.split_at(cuts[cut.index(cuts.len())]);
            for pattern in [text.clone(), format!("{start}*"), format!("*{end}"), "*".into()] {
                prop_assert!(Pattern::new(&pattern).unwrap().matches(&text), "{}", pattern);
            }
        }
    }
}
