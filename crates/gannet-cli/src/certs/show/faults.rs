//! What is wrong with a certificate by itself, and who refuses it for that.
//!
//! Which peer refuses what was tried out, not read: a server with each of these certificates, and Go 1.26, Node.js 20, Java
//! 17, OpenSSL 3.0 and grpcio 1.85 connecting to it. For rustls its verifier is the source, for browsers and Apple their
//! documents. What concerns several certificates, or a key, is in `relations`.

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};

use super::super::{AlternativeName, moment};
use super::Role;
use super::facts::{self, PublicKey};
use super::report::{Finding, Peer};

/// A certificate with what it is judged as.
pub(super) struct Judged<'a> {
    pub(super) certificate: &'a X509Certificate<'a>,
    pub(super) role: Role,
    /// Whether nothing but its basic constraints says that it is a CA's.
    pub(super) doubtful: bool,
    /// How to name its file in a command.
    pub(super) path: &'a str,
    pub(super) now: OffsetDateTime,
}

impl Judged<'_> {
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.validity(&mut findings);
        self.names(&mut findings);
        self.version(&mut findings);
        self.authority(&mut findings);
        self.usages(&mut findings);
        self.key(&mut findings);
        self.signature(&mut findings);
        self.serial(&mut findings);
        self.extensions(&mut findings);
        findings
    }

    fn is_leaf(&self) -> bool {
        self.role != Role::Authority
    }

    fn is_root(&self) -> bool {
        !self.is_leaf() && is_self_issued(self.certificate)
    }

    fn command(&self) -> &'static str {
        match self.role {
            Role::Client => "client",
            Role::Authority => "ca",
            Role::Server | Role::Both => "server",
        }
    }

    fn validity(&self, findings: &mut Vec<Finding>) {
        let from = self.certificate.validity().not_before.to_datetime();
        let until = self.certificate.validity().not_after.to_datetime();
        // rustls and Java do not look at the dates of a root that they were told to trust.
        let who: &[Peer] = if self.is_root() {
            &[Peer::Go, Peer::Node, Peer::OpenSsl, Peer::Core]
        } else {
            &[Peer::Everybody]
        };
        if until < from {
            findings.push(Finding::fault("it ends before it begins").refused_by(&[Peer::Everybody]));
            return;
        }
        let renew = if self.is_leaf() {
            format!(
                "a new one with the same names: gannet certs {} --from {} --force",
                self.command(),
                self.path
            )
        } else {
            "a new CA, and new certificates signed by it: gannet certs ca".to_owned()
        };
        if self.now > until {
            let ago = (self.now - until).whole_days();
            let expired = format!("it expired on {}, {ago} days ago", moment(until));
            findings.push(Finding::fault(expired).refused_by(who).mend(renew));
        } else if self.now < from {
            let what = format!("it holds from {} on only; now it is {}", moment(from), moment(self.now));
            findings.push(
                Finding::fault(what)
                    .refused_by(who)
                    .mend("if it is new, a clock is wrong: here, or where it was made"),
            );
        } else if (until - self.now).whole_days() < 15 && (until - from).whole_days() > 15 {
            let left = (until - self.now).whole_days();
            findings.push(Finding::note(format!("it ends soon, in {left} days")).mend(renew));
        }
        // Also for a CA that its user installed: https://support.apple.com/en-us/103769.
        if self.role.serves() && (until - from).whole_days() > 825 {
            findings.push(
                Finding::note("it holds longer than 825 days").refused_by(&[Peer::Apple]).mend(
                    "gannet certs makes them for 90 days; with public CAs the limit is 398 days at most",
                ),
            );
        }
    }

    fn names(&self, findings: &mut Vec<Finding>) {
        const REFUSE: &[Peer] = &[Peer::Go, Peer::Rustls, Peer::Browsers];
        const LEGACY: &str = "certificate relies on legacy Common Name field, use SANs instead";
        let names = facts::alternative_names(self.certificate);
        let common_name =
            self.certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        if self.doubtful && names.is_empty() {
            findings.push(Finding::note(format!(
                "judged as a CA's; were it a server's own (--as server), it would be refused: {LEGACY}"
            )));
        }
        if !self.role.serves() {
            return;
        }
        let for_host = |name: &String| name.starts_with("DNS:") || name.starts_with("IP:");
        let spiffe = names.iter().any(|name| name.starts_with("URI:spiffe://"));
        if !names.iter().any(for_host) && spiffe {
            findings.push(
                Finding::note("it has no DNS name or IP address: clients that check the host's name refuse it, those that \
                               check SPIFFE IDs do not")
                    .refused_by(REFUSE),
            );
        } else if !names.iter().any(for_host) {
            let host = common_name.and_then(|name| name.parse::<AlternativeName>().ok());
            let host = host.map_or_else(|| "DNS:HOST".to_owned(), |name| name.to_string());
            let alone = if is_self_issued(self.certificate) { " --self-signed" } else { "" };
            let why = match (names.is_empty(), common_name) {
                (true, Some(_)) => LEGACY,
                (true, None) => "it names no host",
                (false, _) => "it has no DNS name or IP address, which is what clients look for",
            };
            findings.push(Finding::fault(why).refused_by(REFUSE).mend(format!(
                "make one with names: gannet certs server{alone} --san {host}\nwith openssl: `req -x509` takes -addext \
                 'subjectAltName = {host}',\n`x509 -req` a file with that line, -extfile"
            )));
        } else if let Some(name) = common_name {
            let found =
                names.iter().filter_map(|other| other.split_once(':')).any(|(_, other)| covers(other, name));
            if !found
                && name.contains('.')
                && name.parse::<AlternativeName>().is_ok_and(|name| name.is_host())
            {
                findings.push(Finding::note(format!(
                    "its common name {name} is not among its names, and clients look at those only"
                )));
            }
        }
        self.single_names(findings);
    }

    fn single_names(&self, findings: &mut Vec<Finding>) {
        const NEVER: &[Peer] = &[Peer::Go, Peer::Rustls, Peer::Node, Peer::Java, Peer::OpenSsl];
        let Some(extension) = self.certificate.subject_alternative_name().ok().flatten() else { return };
        let all = &extension.value.general_names;
        for name in all {
            match name {
                GeneralName::DNSName(text) => {
                    // How wide a wildcard may be is for each peer to say.
                    let plain = text.strip_prefix("*.").unwrap_or(text);
                    let Err(error) = format!("DNS:{plain}").parse::<AlternativeName>() else { continue };
                    let address = text.parse::<std::net::IpAddr>().ok();
                    if address.is_some_and(|address| {
                        facts::alternative_names(self.certificate).contains(&format!("IP:{address}"))
                    }) {
                        continue;
                    }
                    let what = format!("one of its names never matches: {error}");
                    findings.push(Finding::fault(what).refused_by(NEVER));
                }
                GeneralName::IPAddress(octets) if ![4, 16].contains(&octets.len()) => {
                    findings
                        .push(Finding::fault("one of its names is an IP address of neither 4 nor 16 bytes"));
                }
                _ => {}
            }
        }
        let uris: Vec<&str> = all
            .iter()
            .filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None })
            .collect();
        if uris.len() > 1 && uris.iter().any(|uri| uri.starts_with("spiffe://")) {
            findings.push(Finding::fault(
                "it has a SPIFFE ID and other URI names: SPIFFE allows one (X509-SVID §2)",
            ));
        }
    }

    fn version(&self, findings: &mut Vec<Finding>) {
        let version = self.certificate.version().0 + 1;
        if version < 3 && !self.is_root() {
            findings.push(
                Finding::fault(format!("it is X.509 version {version}, which has no extensions: no names, no usages"))
                    .refused_by(&[Peer::Rustls])
                    .mend(format!(
                        "gannet certs {} makes version 3; with openssl, `x509 -req` makes it once it is given extensions, \
                         -extfile",
                        self.command()
                    )),
            );
        }
    }

    /// Whether it is a CA's if it should be, and not if not.
    fn authority(&self, findings: &mut Vec<Finding>) {
        let says_ca = self.certificate.is_ca();
        if self.is_leaf() {
            if says_ca {
                findings.push(
                    Finding::fault(format!(
                        "it is marked as a CA's (basic constraints, CA:TRUE), but is {}",
                        self.role
                    ))
                    .refused_by(&[Peer::Rustls])
                    .mend(format!(
                        "gannet certs {} makes one that does not; with openssl: -addext 'basicConstraints = \
                             critical, CA:FALSE'",
                        self.command()
                    )),
                );
            }
            return;
        }
        if !says_ca && self.certificate.version().0 == 2 {
            findings.push(
                Finding::fault(
                    "it does not say that it is a CA's (basic constraints), and signs nothing that holds",
                )
                .refused_by(&[Peer::Go, Peer::Java, Peer::Node, Peer::OpenSsl])
                .mend("gannet certs ca makes one that does"),
            );
        }
        let usage = self.certificate.key_usage().ok().flatten();
        if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
            findings.push(
                Finding::fault("its key usage leaves out keyCertSign, so that it may sign no certificates")
                    .refused_by(&[Peer::Go, Peer::Java, Peer::Node, Peer::OpenSsl, Peer::Core]),
            );
        }
        if let Some(usage) = self.certificate.extended_key_usage().ok().flatten() {
            let usage = usage.value;
            let all = usage.any || usage.server_auth && usage.client_auth;
            if !all {
                let (for_, not) = match (usage.server_auth, usage.client_auth) {
                    (true, _) => ("servers", "clients'"),
                    (_, true) => ("clients", "servers'"),
                    _ => ("neither servers nor clients", "servers' and clients'"),
                };
                findings.push(
                    Finding::note(format!(
                        "it signs for {for_} only (extended key usage): {not} certificates are refused"
                    ))
                    .refused_by(&[Peer::Go, Peer::Node, Peer::OpenSsl]),
                );
            }
        }
    }

    fn usages(&self, findings: &mut Vec<Finding>) {
        if !self.is_leaf() {
            return;
        }
        if let Some(usage) = self.certificate.extended_key_usage().ok().flatten() {
            let usage = usage.value;
            for (needed, has, name, command) in [
                (self.role.serves(), usage.server_auth, "server", "server"),
                (self.role.calls(), usage.client_auth, "client", "client"),
            ] {
                if !needed || has {
                    continue;
                }
                // Measured: "any" satisfies Go and Java only.
                let who: &[Peer] = if usage.any {
                    &[Peer::Rustls, Peer::Node, Peer::OpenSsl, Peer::Core]
                } else {
                    &[Peer::Everybody]
                };
                findings.push(
                    Finding::fault(format!("its extended key usage leaves out {name} authentication"))
                        .refused_by(who)
                        .mend(format!(
                            "gannet certs {command} makes one that has it; --also-client one that has both"
                        )),
                );
            }
        }
        let usage = self.certificate.key_usage().ok().flatten();
        if usage.is_some_and(|usage| !usage.value.digital_signature()) {
            findings.push(
                Finding::fault(
                    "its key usage leaves out digitalSignature, which every handshake of today is",
                )
                .refused_by(&[Peer::Java, Peer::Core])
                .mend("with openssl: keyUsage = critical, digitalSignature"),
            );
        }
    }

    fn key(&self, findings: &mut Vec<Finding>) {
        let key = PublicKey::of(self.certificate.public_key());
        let other = "gannet certs makes ECDSA P-256, which all of them take";
        let finding = match &key {
            PublicKey::Rsa(bits @ ..2048) => {
                // Measured: Go, Java and BoringSSL still take 1024 bits, nobody less.
                let who: &[Peer] =
                    if *bits < 1024 { &[Peer::Everybody] } else { &[Peer::Rustls, Peer::OpenSsl] };
                let what = format!("its RSA key has {bits} bits, and less than 2048 is weak");
                Finding::fault(what).refused_by(who).mend(other)
            }
            PublicKey::Rsa(8193..) => Finding::fault("its RSA key has more than 8192 bits")
                .refused_by(&[Peer::Rustls, Peer::Go])
                .mend(other),
            PublicKey::RsaPss => Finding::fault("its key is for RSASSA-PSS only")
                .refused_by(&[Peer::Rustls, Peer::Go, Peer::Core])
                .mend("an ordinary RSA key makes RSASSA-PSS signatures, too; gannet certs --key rsa"),
            PublicKey::Ecdsa(curve) if curve == "P-521" => {
                Finding::note("its key is ECDSA P-521").refused_by(&[Peer::Core]).mend(other)
            }
            PublicKey::Ed25519 => Finding::note("its key is Ed25519").refused_by(&[Peer::Core]).mend(other),
            PublicKey::Ecdsa(curve) if curve != "P-256" && curve != "P-384" => {
                Finding::fault(format!("its key is ECDSA {curve}, which TLS 1.3 does not have"))
                    .refused_by(&[Peer::Rustls, Peer::Go, Peer::Java, Peer::Node, Peer::Core])
                    .mend(other)
            }
            PublicKey::Other(name) => Finding::fault(format!("its key is {name}"))
                .refused_by(&[Peer::Rustls, Peer::Go, Peer::Core])
                .mend(other),
            PublicKey::Rsa(_) | PublicKey::Ecdsa(_) => return,
        };
        findings.push(finding);
    }

    fn signature(&self, findings: &mut Vec<Finding>) {
        let (name, broken) = facts::signature(&self.certificate.signature_algorithm);
        // Nobody checks the signature of a root: trust in it comes from elsewhere.
        if broken && !self.is_root() {
            findings.push(
                Finding::fault(format!("it is signed by {name}, which can be forged"))
                    .refused_by(&[Peer::Rustls, Peer::Go, Peer::Node, Peer::OpenSsl])
                    .mend("with openssl: -sha256"),
            );
        }
    }

    fn serial(&self, findings: &mut Vec<Finding>) {
        let serial = self.certificate.tbs_certificate.raw_serial();
        if serial.first().is_some_and(|first| first & 0x80 != 0) {
            findings.push(Finding::fault("its serial number is negative").refused_by(&[Peer::Go]));
        } else if serial.len() > 20 || serial.iter().all(|byte| *byte == 0) {
            findings.push(Finding::note(
                "its serial number is not one of 1 to 20 bytes above 0 (RFC 5280 §4.1.2.2)",
            ));
        }
    }

    fn extensions(&self, findings: &mut Vec<Finding>) {
        for extension in self.certificate.extensions() {
            let oid = extension.oid.to_id_string();
            if let ParsedExtension::ParseError { .. } = extension.parsed_extension() {
                findings.push(Finding::fault(format!("its extension {oid} is not well-formed")));
            }
            if !extension.critical || self.is_root() {
                continue;
            }
            match oid.as_str() {
                // Key usage, alternative names, basic and name constraints, CRL distribution points, extended key usage.
                "2.5.29.15" | "2.5.29.17" | "2.5.29.19" | "2.5.29.30" | "2.5.29.31" | "2.5.29.37" => {}
                _ if oid.starts_with("2.5.29.") => findings.push(
                    Finding::fault(format!("its extension {oid} is critical, and not every peer knows it"))
                        .refused_by(&[Peer::Rustls]),
                ),
                _ => findings.push(
                    Finding::fault(format!("its extension {oid} is critical, and no peer knows it"))
                        .refused_by(&[Peer::Everybody]),
                ),
            }
        }
    }
}

/// Whether its subject is its issuer. Whether it signed itself, too, is for its signature to say.
pub(super) fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Whether a name of a certificate, perhaps with a wildcard, covers a host.
fn covers(name: &str, host: &str) -> bool {
    let wild = || {
        let parent = name.strip_prefix("*.")?;
        Some(host.split_once('.')?.1.eq_ignore_ascii_case(parent))
    };
    name.eq_ignore_ascii_case(host) || wild().unwrap_or_default()
}
