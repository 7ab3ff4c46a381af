//! What went wrong in a handshake, in words: what, whose fault, and how to mend it.
//!
//! The causes are rustls's; the words add what it does not know: which certificate it was, who issued it, what the other
//! side probably meant, and the command that makes it good.

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use super::certificate::{Facts, utc};
use super::provider::TlsVersions;
use super::verify::{Refused, now};

/// Whose certificate was refused by us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Server,
    Client,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Why we refused the peer's certificate.
pub(super) fn refused_certificate(error: &CertificateError, refused: Option<&Refused>, peer: Peer) -> String {
    let whose = peer.name();
    let facts = match refused.and_then(|refused| refused.chain.first()).map(Facts::of) {
        Some(Ok(facts)) => facts,
        Some(Err(malformed)) => return format!("the {whose}'s certificate cannot be read: {malformed}"),
        None => return without_facts(error, whose),
    };
    let who = facts.who();
    if peer == Peer::Server && !facts.has_alternative_names() && (is_about_the_name(error) || facts.version_1)
    {
        return common_name_only(&facts, error);
    }
    match error {
        CertificateError::NotValidForNameContext { expected, .. } => {
            let wanted = expected_name(expected);
            format!(
                "the server's certificate is not for `{}`: it holds {}. Connect by one of these names, set it with \
                 ClientTls::server_name, or make a certificate that holds it: gannet certs server --san {wanted}",
                bare_name(expected),
                facts.names(),
            )
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            let end = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            format!(
                "the {whose}'s certificate {} expired at {}, {} ago: it needs a new one (gannet certs {whose})",
                of_chain(refused, end, &who),
                utc(end),
                days_or_less(now().saturating_sub(end))
            )
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let from = i64::try_from(not_before.as_secs()).unwrap_or(i64::MAX);
            format!(
                "the {whose}'s certificate {who} is not valid yet: it counts from {} on, and here it is {}. Is a clock \
                 wrong, on the machine that made it or on this one?",
                utc(from),
                utc(now())
            )
        }
        CertificateError::Revoked => format!(
            "the {whose}'s certificate {who}, serial number {}, or one of its chain was revoked by its issuer `{}`",
            facts.serial, facts.issuer
        ),
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            unknown_issuer(&facts, refused, peer)
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => format!(
            "the {whose}'s certificate {who} is not for {whose}s: its extended key usages are others. Make one that is \
             with: gannet certs {whose}"
        ),
        _ if facts.version_1 => format!(
            "the {whose}'s certificate {who} is of X.509 version 1, which cannot say what it may be used for. Make one \
             of version 3 with: gannet certs {whose}"
        ),
        _ if is_authority_as_peer(error) => format!(
            "the {whose}'s certificate {who} is a CA's own (CA:TRUE), which must not be used to serve. Have it issue one \
             with: gannet certs {whose}"
        ),
        _ => format!("the {whose}'s certificate {who} is not good: {error}"),
    }
}

/// The certificate the error is about, if it is another than the peer's own.
fn of_chain(refused: Option<&Refused>, not_after: i64, who: &str) -> String {
    let chain = refused.map_or(&[][..], |refused| &refused.chain);
    let others = chain.iter().skip(1).filter_map(|certificate| Facts::of(certificate).ok());
    let own = chain.first().and_then(|certificate| Facts::of(certificate).ok());
    if own.is_some_and(|own| own.not_after == not_after) {
        return who.to_owned();
    }
    match others.into_iter().find(|facts| facts.not_after == not_after) {
        Some(facts) => format!("{who} is good, but that of the CA {}, sent with it,", facts.who()),
        None => who.to_owned(),
    }
}

fn without_facts(error: &CertificateError, whose: &str) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            let end = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            format!("the {whose}'s certificate expired at {}", utc(end))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let from = i64::try_from(not_before.as_secs()).unwrap_or(i64::MAX);
            format!("the {whose}'s certificate counts only from {} on", utc(from))
        }
        CertificateError::NotValidForNameContext { expected, presented } if presented.is_empty() => format!(
            "the {whose}'s certificate relies on legacy Common Name field, use SANs instead: gannet certs server \
             --san {}",
            expected_name(expected)
        ),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the {whose}'s certificate is not for `{}`: it holds {}",
            bare_name(expected),
            presented.join(", ")
        ),
        _ => format!("the {whose}'s certificate is not good: {error}"),
    }
}

fn is_about_the_name(error: &CertificateError) -> bool {
    matches!(error, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
}

fn is_authority_as_peer(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

fn common_name_only(facts: &Facts, error: &CertificateError) -> String {
    let name = match (error, &facts.common_name) {
        (CertificateError::NotValidForNameContext { expected, .. }, _) => expected_name(expected),
        (_, Some(name)) => format!("DNS:{name}"),
        (_, None) => "DNS:NAME".to_owned(),
    };
    let holds = match &facts.common_name {
        Some(common_name) => format!("it holds the Common Name `{common_name}`"),
        None => "it holds no name at all".to_owned(),
    };
    format!(
        "the server's certificate relies on legacy Common Name field, use SANs instead: {holds} and no subject \
         alternative name. Make one with: gannet certs server --san {name}"
    )
}

fn unknown_issuer(facts: &Facts, refused: Option<&Refused>, peer: Peer) -> String {
    const MOST: usize = 5;
    let (whose, who) = (peer.name(), facts.who());
    let give = match peer {
        Peer::Server => "ClientTls::with_ca_file or add_ca_file",
        Peer::Client => "ServerTls::require_client_ca_file or request_client_ca_file",
    };
    let mut trusted: Vec<String> = refused.iter().flat_map(|refused| refused.trusted.subjects()).collect();
    // The issuer that is missing is the one of the last certificate that was sent.
    let last = refused.and_then(|refused| Facts::of(refused.chain.last()?).ok());
    let issuer = last.as_ref().map_or(&facts.issuer, |last| &last.issuer);
    if trusted.contains(issuer) {
        return format!(
            "the {whose}'s certificate {who} names the CA `{issuer}`, and a CA of this name is trusted, but did not sign \
             it: was the CA made anew since? Give the CA that signed it with {give}, or issue the certificate anew"
        );
    }
    let signed = if facts.self_issued() {
        format!("the {whose}'s certificate {who} is signed by itself, and is not trusted")
    } else {
        format!("the {whose}'s certificate {who} was issued by `{issuer}`, which is not trusted")
    };
    let more = trusted.len().saturating_sub(MOST);
    trusted.truncate(MOST);
    let mut instead: Vec<String> = trusted.iter().map(|subject| format!("`{subject}`")).collect();
    if more > 0 {
        instead.push(format!("{more} more"));
    }
    if refused.is_some_and(|refused| refused.trusted.of_system) {
        instead.push("the CAs of this system".to_owned());
    }
    let instead = match instead.as_slice() {
        [] => String::new(),
        them => format!(" (trusted: {})", them.join(", ")),
    };
    let missing = if facts.self_issued() || last.as_ref().is_some_and(Facts::self_issued) {
        ""
    } else {
        ". If that is an intermediate CA, the peer has to send its certificate too"
    };
    format!("{signed}{instead}. If it should be, give its CA with {give}{missing}")
}

/// The name as a subject alternative name is written.
fn expected_name(name: &ServerName<'_>) -> String {
    match name {
        ServerName::IpAddress(_) => format!("IP:{}", bare_name(name)),
        _ => format!("DNS:{}", bare_name(name)),
    }
}

fn bare_name(name: &ServerName<'_>) -> String {
    name.to_str().into_owned()
}

fn days_or_less(seconds: i64) -> String {
    let (number, unit) = match seconds {
        ..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Why the server, our peer, ended the handshake with this alert. `own` is our certificate, if we have one to give.
pub(super) fn alert_of_server(alert: AlertDescription, own: Option<&Facts>, asked_for: &str) -> String {
    let name = alert_name(alert);
    let give =
        "give one with ClientTls::identity_files, issued by a CA the server trusts (gannet certs client)";
    let of_certificate = |why: &str| match own {
        Some(own) => format!(
            "the server refused our client certificate {} ({name}): {why}; it was issued by `{}` and is valid until {}. \
             The server's log says more",
            own.who(),
            own.issuer,
            utc(own.not_after)
        ),
        None => format!(
            "the server refused the handshake over a certificate ({name}) and we presented none: it probably requires a \
             client certificate; {give}"
        ),
    };
    match alert {
        AlertDescription::CertificateRequired => match own {
            None => format!("the server requires a client certificate and was given none ({name}); {give}"),
            Some(own) => format!(
                "the server requires a client certificate and was given none ({name}), although we have {}: the CAs it \
                 names are others",
                own.who()
            ),
        },
        AlertDescription::BadCertificate => of_certificate("it finds it malformed, or not meant for this"),
        AlertDescription::UnsupportedCertificate => {
            of_certificate("it is of a kind or for a purpose that it does not take")
        }
        AlertDescription::CertificateRevoked => of_certificate("it was revoked by its issuer"),
        AlertDescription::CertificateExpired => of_certificate("it is not valid now, by the server's clock"),
        AlertDescription::CertificateUnknown => of_certificate("it does not say why"),
        AlertDescription::UnknownCA => of_certificate("it does not trust the CA that issued it"),
        AlertDescription::AccessDenied => of_certificate("it is good, but may not connect"),
        AlertDescription::DecryptError => of_certificate("a signature did not verify"),
        AlertDescription::NoApplicationProtocol => format!(
            "the server speaks TLS, but not HTTP/2 ({name}): gRPC needs a server that offers `h2` by ALPN"
        ),
        AlertDescription::ProtocolVersion => format!(
            "the server speaks none of the versions of TLS that we offer ({name}): see ClientTls::versions"
        ),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => format!(
            "the server found nothing in common with us ({name}): no cipher suite, no key exchange, or no certificate \
             that suits; some servers say this too where a client certificate is missing"
        ),
        AlertDescription::UnrecognisedName => {
            format!("the server knows no certificate for the name `{asked_for}` ({name})")
        }
        _ => format!("the server ended the handshake with an alert: {name}"),
    }
}

/// Why the server, our peer, left without a word behind a handshake in which it had asked for our certificate. Some do so
/// in place of an alert (gRPC's C core), or let the alert be lost.
pub(super) fn silence_of_server(own: Option<&Facts>) -> String {
    match own {
        Some(own) => format!(
            "the server asked for a client certificate, was given {}, and left without saying why: it probably refuses it; \
             it was issued by `{}` and is valid until {}. The server's log says more",
            own.who(),
            own.issuer,
            utc(own.not_after)
        ),
        None => "the server asked for a client certificate, was given none, and left without saying why: it probably \
                 requires one; give one with ClientTls::identity_files, issued by a CA the server trusts (gannet certs \
                 client)"
            .to_owned(),
    }
}

/// Why the client, our peer, ended the handshake with this alert. `own` is the certificate we presented.
pub(super) fn alert_of_client(alert: AlertDescription, own: Option<&Facts>) -> String {
    let name = alert_name(alert);
    let ours = own.map_or_else(String::new, |own| format!(" {}", own.who()));
    let issuer = own.map_or_else(String::new, |own| format!(" (`{}`)", own.issuer));
    let holds = own.map_or_else(String::new, |own| match own.names().as_str() {
        "" => " (it holds none)".to_owned(),
        names => format!(" (it holds {names})"),
    });
    let refused = format!("the client refused our certificate{ours} ({name})");
    match alert {
        AlertDescription::UnknownCA => format!(
            "{refused}: it does not trust the CA that issued it{issuer}. The client needs that CA's certificate; if we \
             have it from an intermediate CA, the file must hold that one's certificate too"
        ),
        AlertDescription::BadCertificate if own.is_some_and(|own| !own.has_alternative_names()) => format!(
            "{refused}: probably because it relies on legacy Common Name field, use SANs instead: gannet certs server \
             --san DNS:NAME"
        ),
        AlertDescription::BadCertificate => {
            format!("{refused}: probably the name it connects to is not among those it holds{holds}")
        }
        AlertDescription::CertificateExpired => {
            let until = own.map_or_else(String::new, |own| format!(" (valid until {})", utc(own.not_after)));
            format!("{refused}: it is not valid now, by the client's clock{until}")
        }
        AlertDescription::CertificateRevoked => format!("{refused}: it was revoked by its issuer{issuer}"),
        AlertDescription::CertificateUnknown => format!(
            "{refused}, and does not say why: its CA{issuer} may not be trusted there, or its names{holds} be others"
        ),
        AlertDescription::UnsupportedCertificate => format!("{refused}: it is not for servers"),
        AlertDescription::DecryptError => {
            format!("{refused}: a signature did not verify; was the CA{issuer} made anew since?")
        }
        AlertDescription::NoApplicationProtocol => {
            format!("the client does not take HTTP/2 by ALPN ({name})")
        }
        AlertDescription::ProtocolVersion => {
            format!(
                "the client speaks none of the versions of TLS that we do ({name}): see ServerTls::versions"
            )
        }
        _ => format!("the client ended the handshake with an alert: {name}"),
    }
}

/// What RFC 8446 section 6 calls it, with its number.
fn alert_name(alert: AlertDescription) -> String {
    let number = u8::from(alert);
    let mut name = String::new();
    for character in format!("{alert:?}").chars().take_while(|character| *character != '(') {
        if character.is_ascii_uppercase() && !name.is_empty() && !name.ends_with("_c") {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    format!("alert {number}, {name}")
}

/// Why there is nothing in common, if that is what the error is about.
pub(super) fn nothing_in_common(error: &Error, ours: TlsVersions, peer: Peer) -> Option<String> {
    let peer = peer.name();
    let Error::PeerIncompatible(what) = error else { return None };
    let ours = ours.named();
    Some(match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::Tls13RequiredForQuic => {
            format!("the {peer} speaks no version of TLS that we do: we speak {ours}")
        }
        PeerIncompatible::NoCipherSuitesInCommon => {
            format!("the {peer} has no cipher suite in common with us")
        }
        PeerIncompatible::NoKxGroupsInCommon => {
            format!("the {peer} has no key exchange in common with us")
        }
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon => {
            format!("the {peer} takes no kind of signature that the keys here can make")
        }
        other => format!("the {peer} is not compatible with us: {other:?}"),
    })
}
