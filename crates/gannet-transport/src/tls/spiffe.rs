//! SPIFFE IDs, as the SPIFFE-ID specification draws their limits.
//!
//! Not here: whether a certificate has one, which is for its verified owner to say (`identity.rs`).

use std::fmt;
use std::str::FromStr;

/// Bytes of a whole ID (SPIFFE-ID, section 2.3).
const MAX_ID: usize = 2048;
/// Bytes of a trust domain's name (SPIFFE-ID, section 2.1).
const MAX_TRUST_DOMAIN: usize = 255;

/// The name of a workload: `spiffe://trust.domain/path`.
///
/// ```
/// use gannet_transport::tls::SpiffeId;
///
/// let id: SpiffeId = "spiffe://prod.example/ns/billing/sa/reader".parse().unwrap();
/// assert_eq!((id.trust_domain(), id.path()), ("prod.example", "/ns/billing/sa/reader"));
/// assert!("spiffe://prod.example/../admin".parse::<SpiffeId>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpiffeId {
    text: String,
    /// Where the path begins, or the end.
    path: usize,
}

/// Why a text is no SPIFFE ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSpiffeId(&'static str);

const SCHEME: &str = "spiffe://";

impl SpiffeId {
    /// The trust domain, such as `prod.example`.
    pub fn trust_domain(&self) -> &str {
        &self.text[SCHEME.len()..self.path]
    }

    /// The path with its leading slash, such as `/ns/billing/sa/reader`; empty for the ID of a trust domain itself.
    pub fn path(&self) -> &str {
        &self.text[self.path..]
    }

    /// The whole ID.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for SpiffeId {
    type Err = InvalidSpiffeId;

    fn from_str(text: &str) -> Result<Self, InvalidSpiffeId> {
        if text.len() > MAX_ID {
            return Err(InvalidSpiffeId("it is longer than 2048 bytes"));
        }
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidSpiffeId("it does not begin with spiffe://"))?;
        let (domain, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if domain.is_empty() {
            return Err(InvalidSpiffeId("it has no trust domain"));
        }
        if domain.len() > MAX_TRUST_DOMAIN {
            return Err(InvalidSpiffeId("its trust domain is longer than 255 bytes"));
        }
        if !domain.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')) {
            return Err(InvalidSpiffeId(
                "a trust domain has lower-case letters, digits, `.`, `-` and `_` only",
            ));
        }
        for segment in path.split('/').skip(1) {
            match segment {
                "" => return Err(InvalidSpiffeId("its path has an empty segment or ends with a slash")),
                "." | ".." => return Err(InvalidSpiffeId("its path has a segment of dots")),
                _ => {}
            }
            if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            {
                return Err(InvalidSpiffeId("a path has letters, digits, `.`, `-` and `_` only"));
            }
        }
        Ok(Self { text: text.to_owned(), path: text.len() - path.len() })
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for SpiffeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for InvalidSpiffeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no SPIFFE ID: {}", self.0)
    }
}

impl std::error::Error for InvalidSpiffeId {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, String)> {
        let id: SpiffeId = text.parse().ok()?;
        assert_eq!(id.as_str(), text);
        Some((id.trust_domain().to_owned(), id.path().to_owned()))
    }

    #[test]
    fn valid_ids_are_split_into_trust_domain_and_path() {
        assert_eq!(parsed("spiffe://a"), Some(("a".into(), String::new())));
        assert_eq!(parsed("spiffe://a.b_c-1/X.y/..z"), Some(("a.b_c-1".into(), "/X.y/..z".into())));
        let longest = format!("spiffe://{}", "a".repeat(MAX_TRUST_DOMAIN));
        assert!(parsed(&longest).is_some());
        let longest = format!("spiffe://a/{}", "p".repeat(MAX_ID - "spiffe://a/".len()));
        assert!(parsed(&longest).is_some());
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        for text in [
            "",
            "spiffe:/a/b",
            "spiffe://",
            "spiffe:///b",
            "SPIFFE://a/b",
            "https://a/b",
            "spiffe://A/b",
            "spiffe://a:8080/b",
            "spiffe://user@a/b",
            "spiffe://a%41/b",
            "spiffe://[::1]/b",
            "spiffe://ä/b",
            "spiffe://a/",
            "spiffe://a//b",
            "spiffe://a/b/",
            "spiffe://a/./b",
            "spiffe://a/b/..",
            "spiffe://a/b?c",
            "spiffe://a?c",
            "spiffe://a#c",
            "spiffe://a/b#c",
            "spiffe://a/b%2fc",
            "spiffe://a/b c",
            "spiffe://a/\0",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
        assert_eq!(parsed(&format!("spiffe://{}", "a".repeat(MAX_TRUST_DOMAIN + 1))), None);
        assert_eq!(parsed(&format!("spiffe://a/{}", "p".repeat(MAX_ID))), None);
    }
}
