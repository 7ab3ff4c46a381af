//! What certificates and keys have to do with each other: who issued whom, whose key is whose, which role each has.

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;

use super::Role;
use super::faults::is_self_issued;
use super::report::Finding;

/// Whether one certificate was issued by the holder of another: by name and by signature, if the algorithm of the signature is
/// one that can be checked here.
pub(super) fn issued(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let checkable = |oid: &str| {
        // RSA with SHA-1 or SHA-2, ECDSA with SHA-2, Ed25519.
        ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"]
            .contains(&oid)
            || ["1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.3.101.112"].contains(&oid)
    };
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && (!checkable(&certificate.signature_algorithm.algorithm.to_id_string())
            || certificate.verify_signature(Some(issuer.public_key())).is_ok())
}

/// The public key of a private one, as a certificate would hold it; `None` if rustls cannot use the key.
pub(super) fn public_key(private: &[u8]) -> Option<Vec<u8>> {
    let der = PrivateKeyDer::try_from(private).ok()?;
    let key = any_supported_type(&der).ok()?;
    Some(key.public_key()?.as_ref().to_vec())
}

/// Whether a private key is of the second version of PKCS #8, whose number is 1.
pub(super) fn is_second_pkcs8(private: &[u8]) -> bool {
    let Ok(PrivateKeyDer::Pkcs8(_)) = PrivateKeyDer::try_from(private) else { return false };
    // A sequence, whose length takes more bytes if it is long, and in it an integer of one byte.
    let header = match private.get(1) {
        Some(length) if length & 0x80 != 0 => 2 + usize::from(length & 0x7f),
        _ => 2,
    };
    private.get(header..header + 3) == Some(&[2, 1, 1])
}

/// What is known of a certificate's place, to tell what it is for.
pub(super) struct Place<'a> {
    /// The first of its file.
    pub(super) first: bool,
    /// Whether it issued another one that was given.
    pub(super) issues: bool,
    /// What --as says.
    pub(super) told: Option<Role>,
    /// Whether --name was given.
    pub(super) named: bool,
    /// The last part of its path.
    pub(super) file: &'a str,
}

/// What a certificate is judged as, why, and whether that is in doubt.
pub(super) fn role(certificate: &X509Certificate<'_>, place: &Place<'_>) -> (Role, &'static str, bool) {
    let sure = |role, because| (role, because, false);
    if let (Some(role), true) = (place.told, place.first) {
        return sure(role, "--as says so");
    }
    if place.issues {
        return sure(Role::Authority, "it issued another of these certificates");
    }
    let usage = certificate.key_usage().ok().flatten();
    if certificate.is_ca() && usage.is_some_and(|usage| usage.value.key_cert_sign()) {
        return sure(Role::Authority, "it says so");
    }
    let extended = certificate.extended_key_usage().ok().flatten().map(|extension| extension.value);
    match extended.map(|usage| (usage.server_auth, usage.client_auth)) {
        Some((true, true)) => return sure(Role::Both, "its extended key usage says so"),
        Some((true, false)) => return sure(Role::Server, "its extended key usage says so"),
        Some((false, true)) => return sure(Role::Client, "its extended key usage says so"),
        _ => {}
    }
    if place.named && place.first {
        return sure(Role::Server, "--name asks for a server's name");
    }
    let file = place.file.to_ascii_lowercase();
    let authority = certificate.is_ca() || certificate.version().0 < 2 && is_self_issued(certificate);
    match (file.contains("server"), file.contains("client")) {
        (true, false) => sure(Role::Server, "by the name of its file; --as says otherwise"),
        (false, true) => sure(Role::Client, "by the name of its file; --as says otherwise"),
        _ if authority => {
            let called =
                file.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == "ca" || part == "root");
            (Role::Authority, "nothing says otherwise; --as does", is_self_issued(certificate) && !called)
        }
        _ => sure(Role::Server, "nothing says otherwise; --as does"),
    }
}

/// What is wrong with the order of the certificates of one file.
pub(super) fn order(certificates: &[&X509Certificate<'_>], roles: &[Role]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (Some(first), Some(Role::Server | Role::Client | Role::Both)) = (certificates.first(), roles.first())
    else {
        if roles.iter().any(|role| *role != Role::Authority) {
            findings.push(
                Finding::fault(
                    "a CA's certificate comes first: peers take the first one for the holder's own",
                )
                .mend("the server's or client's certificate first, then the one that issued it, and so on"),
            );
        }
        return findings;
    };
    if let Some(number) = roles.iter().skip(1).position(|role| *role != Role::Authority) {
        findings.push(Finding::fault(format!(
            "certificate {} is a second one for a server or client: one file holds one chain",
            number + 2
        )));
        return findings;
    }
    let mut below = first;
    for (index, certificate) in certificates.iter().enumerate().skip(1) {
        if !issued(below, certificate) {
            let elsewhere = certificates.iter().skip(1).any(|other| issued(below, other));
            let what = format!("certificate {} did not issue the one before it", index + 1);
            findings.push(if elsewhere {
                Finding::note(format!(
                    "{what}: the chain is out of order, which TLS 1.2 forbids (RFC 5246 §7.4.2)"
                ))
            } else {
                Finding::fault(format!("{what}, and no other here did"))
                    .mend("each is followed by the one that issued it")
            });
            return findings;
        }
        if is_self_issued(certificate) {
            findings.push(Finding::note(format!(
                "certificate {} is the root: peers have it, and it is sent in vain with every handshake",
                index + 1
            )));
            return findings;
        }
        below = certificate;
    }
    findings
}

/// Names the issuer that is missing, for a chain that does not verify.
pub(super) fn missing(chain: &[CertificateDer<'_>], anchors: &[CertificateDer<'_>]) -> Option<String> {
    use x509_parser::prelude::FromDer;
    let parse = |der| X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed);
    let chain: Vec<_> = chain.iter().filter_map(|der| parse(der)).collect();
    let anchors: Vec<_> = anchors.iter().filter_map(|der| parse(der)).collect();
    let mut top = chain.first()?;
    for _ in 0..chain.len() {
        match chain.iter().find(|other| !is_self_issued(top) && issued(top, other)) {
            Some(above) => top = above,
            None => break,
        }
    }
    let held: Vec<String> =
        anchors.iter().map(|anchor| super::facts::distinguished_name(anchor.subject())).collect();
    Some(format!(
        "the issuer is {}; trusted is {}",
        super::facts::distinguished_name(top.issuer()),
        held.join("; ")
    ))
}
