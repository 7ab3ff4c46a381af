//! A subject alternative name: what a certificate says its holder is called.
//!
//! Parsed once, from the command line. Names that certificates already hold are only shown, and may be anything; `show`
//! has them as text.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use rcgen::SanType;
use rustls::pki_types::DnsName;

use super::Error;

/// A name that peers can look for (RFC 5280 §4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlternativeName {
    Dns(String),
    Ip(IpAddr),
    Uri(String),
    Email(String),
}

impl AlternativeName {
    /// As rcgen wants it.
    pub(crate) fn to_rcgen(&self) -> Result<SanType, Error> {
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
            Self::Ip(address) => SanType::IpAddress(*address),
            Self::Uri(uri) => SanType::URI(uri.as_str().try_into()?),
            Self::Email(address) => SanType::Rfc822Name(address.as_str().try_into()?),
        })
    }

    /// The name alone.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Dns(name) | Self::Uri(name) | Self::Email(name) => name.clone(),
            Self::Ip(address) => address.to_string(),
        }
    }

    /// Whether a client that connects by host name or address can find it.
    pub(crate) fn is_host(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_))
    }

    pub(crate) fn is_spiffe(&self) -> bool {
        matches!(self, Self::Uri(uri) if scheme(uri).eq_ignore_ascii_case("spiffe"))
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Uri(_) => "URI",
            Self::Email(_) => "EMAIL",
        };
        write!(formatter, "{kind}:{}", self.text())
    }
}

impl FromStr for AlternativeName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = match text.split_once(':') {
            Some((kind, name)) if kind.eq_ignore_ascii_case("dns") => dns(name),
            Some((kind, name)) if kind.eq_ignore_ascii_case("ip") => ip(name),
            Some((kind, name)) if kind.eq_ignore_ascii_case("uri") => uri(name),
            Some((kind, name)) if kind.eq_ignore_ascii_case("email") => email(name),
            _ => guess(text),
        };
        parsed.map_err(|reason| Error::new(format!("{text:?} is no name for a certificate: {reason}")))
    }
}

fn guess(text: &str) -> Result<AlternativeName, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Err(format!("names hold no port; write IP:{}", address.ip()));
    }
    if text.parse::<IpAddr>().is_ok() || text.starts_with('[') || text.contains('/') && !text.contains(':') {
        return ip(text);
    }
    if ["http", "https"].contains(&scheme(text).to_ascii_lowercase().as_str()) && text.contains("://") {
        let rest = text.split("://").nth(1).unwrap_or_default();
        let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
        return Err(format!(
            "clients look for the host alone; write DNS:{host}, or URI:{text} if a URI is meant"
        ));
    }
    if text.contains("://") {
        return uri(text);
    }
    if text.contains('@') {
        return email(text);
    }
    dns(text)
}

fn dns(name: &str) -> Result<AlternativeName, String> {
    if name.parse::<IpAddr>().is_ok() {
        return Err(format!("clients that connect to an IP address look for an IP name; write IP:{name}"));
    }
    if !name.is_ascii() {
        return Err("a DNS name in a certificate is ASCII; write its xn-- form (IDNA)".to_owned());
    }
    if let Some((host, port)) = name.rsplit_once(':')
        && !host.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(format!("names hold no port; write DNS:{host}"));
    }
    if name.ends_with('.') {
        return Err(format!("without the dot at its end; write DNS:{}", name.trim_end_matches('.')));
    }
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if labels.contains('*') {
        return Err("a wildcard stands for one whole label, the leftmost: *.example.org".to_owned());
    }
    if labels.len() != name.len() && !labels.contains('.') {
        return Err(format!(
            "*.{labels} is wider than clients accept; a wildcard needs two labels behind it"
        ));
    }
    match DnsName::try_from(labels) {
        Ok(_) => Ok(AlternativeName::Dns(name.to_owned())),
        Err(_) => {
            Err("not a DNS name: labels of letters, digits and hyphens, at most 63 each and 253 in all, \
                       with dots between them"
                .to_owned())
        }
    }
}

fn ip(text: &str) -> Result<AlternativeName, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Err(format!("names hold no port; write IP:{}", address.ip()));
    }
    if bare.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok()) {
        return Err("a certificate names addresses, one by one, not networks".to_owned());
    }
    let address: IpAddr = bare.parse().map_err(|_| "not an IP address".to_owned())?;
    if address.is_unspecified() {
        return Err(
            "it is where a server listens, not where clients connect; name the address they use".to_owned()
        );
    }
    Ok(AlternativeName::Ip(address))
}

fn uri(text: &str) -> Result<AlternativeName, String> {
    let scheme = scheme(text);
    let sound = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !sound || text.len() <= scheme.len() + 1 {
        return Err("not a URI: a scheme and what it names, as in spiffe://example.org/greeter".to_owned());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a URI is ASCII without spaces; percent-encode the others".to_owned());
    }
    if scheme.eq_ignore_ascii_case("spiffe") {
        spiffe(text)?;
    }
    Ok(AlternativeName::Uri(text.to_owned()))
}

/// What the SPIFFE ID standard asks of an ID (SPIFFE-ID §2).
fn spiffe(text: &str) -> Result<(), String> {
    let Some(rest) = text.strip_prefix("spiffe://") else {
        return Err("a SPIFFE ID begins with spiffe://, in lower case".to_owned());
    };
    let (domain, path) = rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
    let in_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    if domain.is_empty() || domain.len() > 255 || !domain.bytes().all(in_domain) {
        return Err("a trust domain is 1 to 255 lower-case letters, digits, dots, hyphens and underscores; no port, no user"
            .to_owned());
    }
    let sound = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if path.is_some_and(|path| !path.split('/').all(sound)) {
        return Err("the path of a SPIFFE ID is segments of letters, digits, dots, hyphens and underscores, none empty; no \
                    query, no fragment"
            .to_owned());
    }
    if text.len() > 2048 {
        return Err("a SPIFFE ID is at most 2048 bytes long".to_owned());
    }
    Ok(())
}

fn email(text: &str) -> Result<AlternativeName, String> {
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    match text.rsplit_once('@') {
        Some((mailbox, host)) if graphic && !mailbox.is_empty() && DnsName::try_from(host).is_ok() => {
            Ok(AlternativeName::Email(text.to_owned()))
        }
        _ => Err("not a mail address: mailbox@example.org, in ASCII".to_owned()),
    }
}

/// What stands before the first colon.
fn scheme(uri: &str) -> &str {
    uri.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<AlternativeName>().unwrap().to_string()
    }

    fn refused(text: &str) -> String {
        text.parse::<AlternativeName>().unwrap_err().to_string()
    }

    #[test]
    fn the_kind_of_a_name_is_its_prefix_or_guessed() {
        for (text, name) in [
            ("localhost", "DNS:localhost"),
            ("dns:www.example.grpcdev.cn", "DNS:www.example.grpcdev.cn"),
            ("*.example.org", "DNS:*.example.org"),
            ("my_service.internal", "DNS:my_service.internal"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("::1", "IP:::1"),
            ("[::1]", "IP:::1"),
            ("IP:2001:db8:0::1", "IP:2001:db8::1"),
            ("spiffe://example.org/greeter", "URI:spiffe://example.org/greeter"),
            (
                "URI:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "URI:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            ),
            ("URI:https://example.org/a", "URI:https://example.org/a"),
            ("ops@example.org", "EMAIL:ops@example.org"),
            ("email:ops@example.org", "EMAIL:ops@example.org"),
        ] {
            assert_eq!(parsed(text), name, "{text}");
        }
    }

    #[test]
    fn what_no_client_could_match_is_refused_with_what_to_write() {
        for (text, says) in [
            ("localhost:50051", "write DNS:localhost"),
            ("127.0.0.1:50051", "write IP:127.0.0.1"),
            ("IP:[::1]:50051", "write IP:::1"),
            ("DNS:127.0.0.1", "write IP:127.0.0.1"),
            ("https://localhost:50051", "write DNS:localhost"),
            ("0.0.0.0", "where a server listens"),
            ("::", "where a server listens"),
            ("10.0.0.0/8", "not networks"),
            ("IP:localhost", "not an IP address"),
            ("example.org.", "write DNS:example.org"),
            ("*.org", "wider than clients accept"),
            ("a*.example.org", "the leftmost"),
            ("*", "the leftmost"),
            ("a b", "not a DNS name"),
            ("DNS:", "not a DNS name"),
            ("", "not a DNS name"),
            ("例子.中国", "xn--"),
            ("URI:greeter", "not a URI"),
            ("URI:spiffe:", "not a URI"),
            ("URI:https://a b", "percent-encode"),
            ("SPIFFE://example.org/a", "lower case"),
            ("spiffe://Example.org/a", "trust domain"),
            ("spiffe://example.org:443/a", "trust domain"),
            ("spiffe:///a", "trust domain"),
            ("spiffe://example.org/", "none empty"),
            ("spiffe://example.org/a/../b", "none empty"),
            ("spiffe://example.org/a?b", "none empty"),
            ("EMAIL:ops", "not a mail address"),
        ] {
            let complaint = refused(text);
            assert!(complaint.contains(says), "{text}: {complaint}");
        }
        assert!(refused(&format!("spiffe://example.org/{}", "a".repeat(2048))).contains("2048"));
        assert!(refused(&format!("{}.org", "a".repeat(64))).contains("63"));
    }
}
