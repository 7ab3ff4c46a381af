//! What is known of a peer, and certificates that cannot be read.

use std::net::IpAddr;

use rcgen::{CertificateParams, CustomExtension, DnType, SanType};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::support::{
    Authority, assert_says, authority, dns, failure, in_days, named, of_client, of_server, shake, trusting,
    uri,
};
use crate::tls::certificate::{Facts, utc};
use crate::tls::{HandshakeErrorKind as Kind, PeerIdentity};

/// What a server knows of a client with this certificate.
async fn seen(ca: &Authority, params: &CertificateParams) -> PeerIdentity {
    let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap();
    let pair = ca.issue(params);
    let client = trusting(ca).identity(&pair.certificate, &pair.key).unwrap();
    let (at_server, _) = shake(&server, &client, "localhost").await;
    let info = at_server.unwrap().info;
    PeerIdentity::of(Some(&info)).unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_name_is_given() {
    let ca = authority("test CA");
    let mut params = of_client();
    params.distinguished_name.push(DnType::OrganizationName, "Gannet, Inc.");
    params.distinguished_name.push(DnType::CountryName, "CN");
    params.not_after = in_days(1);
    params.serial_number = Some(0xAB_CDEF_u64.into());
    params.subject_alt_names = vec![
        dns("client.test"),
        dns("*.client.test"),
        SanType::IpAddress(IpAddr::from([10, 1, 2, 3])),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
        SanType::Rfc822Name("team@client.test".try_into().unwrap()),
        uri("spiffe://prod.example/ns/billing"),
    ];
    let peer = seen(&ca, &params).await;
    assert_eq!(peer.subject(), r"C=CN,O=Gannet\, Inc.,CN=test client");
    assert_eq!((peer.issuer(), peer.common_name()), ("CN=test CA", Some("test client")));
    assert_eq!(peer.dns_names(), ["client.test", "*.client.test"]);
    assert_eq!(peer.ip_addresses(), ["10.1.2.3".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
    assert_eq!(peer.emails(), ["team@client.test"]);
    assert_eq!(peer.uris(), ["spiffe://prod.example/ns/billing"]);
    assert_eq!(peer.spiffe_id().unwrap().trust_domain(), "prod.example");
    assert_eq!(peer.serial(), "ABCDEF");
    assert_eq!(peer.certificates().len(), 1);
    let lasts = peer.not_after().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(lasts.cast_signed(), params.not_after.unix_timestamp());
    assert!(peer.not_before() < peer.not_after());
    let shown = format!("{peer:?}");
    assert_says(&shown, &["team@client.test", "spiffe://prod.example/ns/billing", "ABCDEF"]);
    assert!(shown.len() < 500, "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_spiffe_id_is_the_only_uri_and_a_valid_one() {
    let ca = authority("test CA");
    for names in [
        vec![],
        vec![uri("https://prod.example/a")],
        vec![uri("spiffe://prod.example/a"), uri("spiffe://prod.example/b")],
        vec![uri("spiffe://prod.example/a"), uri("https://prod.example/a")],
        vec![uri("spiffe://prod.example/../a")],
        vec![dns("spiffe.test")],
    ] {
        let mut params = of_client();
        params.subject_alt_names = names;
        let peer = seen(&ca, &params).await;
        assert!(peer.spiffe_id().is_none(), "{peer:?}");
    }
}

/// The alternative names of a certificate, as they are encoded.
fn with_names(der: &[u8]) -> CertificateParams {
    let mut params = named("odd client");
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], der.to_vec())];
    params
}

#[tokio::test(start_paused = true)]
async fn a_client_with_malformed_names_is_refused_with_the_reason() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server().request_client_ca(&ca.pem).unwrap();
    for (der, said) in [
        // An address of five bytes.
        (&[0x30, 7, 0x87, 5, 1, 2, 3, 4, 5][..], "neither 4 nor 16 bytes"),
        // DNS names with a NUL, with a blank, of other than ASCII, empty.
        (&[0x30, 5, 0x82, 3, b'a', 0, b'b'], "a DNS name among its subject alternative names is malformed"),
        (&[0x30, 5, 0x82, 3, b'a', b' ', b'b'], "a DNS name among"),
        (&[0x30, 4, 0x82, 2, 0xC3, 0xA4], "a DNS name among"),
        (&[0x30, 2, 0x82, 0], "a DNS name among"),
        // A URI with a line's end, which could forge a line of a log.
        (&[0x30, 5, 0x86, 3, b'a', b'\n', b'b'], "a URI among"),
        // No UTF-8.
        (&[0x30, 3, 0x86, 1, 0xFF], "malformed"),
        // No sequence of names.
        (&[0x30, 9, 1], "malformed"),
        (&[4, 1, 1], "malformed"),
        (&[], "malformed"),
    ] {
        let issued = ca.issue(&with_names(der));
        // We would not present such a one.
        assert!(trusting(&ca).identity(&issued.certificate, &issued.key).is_err(), "{der:?}");
        let client = super::support::presenting(&ca, &issued);
        let (at_server, _) = shake(&server, &client, "localhost").await;
        let error = at_server.unwrap_err();
        assert_eq!(error.kind(), Kind::ClientCertificateRefused);
        assert_says(error, &["the client's certificate cannot be read", said]);
    }
}

#[tokio::test(start_paused = true)]
async fn names_there_twice_are_malformed() {
    let ca = authority("test CA");
    let mut params = with_names(&[0x30, 3, 0x82, 1, b'a']);
    params.subject_alt_names = vec![dns("client.test")];
    let issued = ca.issue(&params);
    assert!(Facts::of(&CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()).is_err());
    let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap();
    let client = super::support::presenting(&ca, &issued);
    let (at_server, _) = failure(&server, &client, "localhost").await;
    assert_eq!(at_server.kind(), Kind::ClientCertificateRefused);
}

#[test]
fn subjects_are_written_as_rfc_4514_has_it() {
    let subject = |value: &str| {
        let params = named(value);
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        Facts::of(certificate.der()).unwrap().subject
    };
    assert_eq!(subject("plain"), "CN=plain");
    assert_eq!(subject(" a, b+c "), r"CN=\ a\, b\+c\ ");
    assert_eq!(subject("#1 \"best\" <one>; \\"), r#"CN=\#1 \"best\" \<one\>\; \\"#);
    assert_eq!(subject("märz"), "CN=märz");
    assert_eq!(subject("two\nlines\0"), r"CN=two\0Alines\00");

    let mut params = named("b");
    params.distinguished_name.push(DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 9999, 1]), "odd");
    let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    assert_eq!(Facts::of(certificate.der()).unwrap().subject, "1.3.6.1.4.1.9999.1=#0c036f6464,CN=b");
}

#[test]
fn no_byte_of_a_certificate_makes_reading_it_panic() {
    let ca = authority("test CA");
    let mut params = of_client();
    params.subject_alt_names.push(uri("spiffe://prod.example/a"));
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::from([10, 1, 2, 3])));
    let pem = ca.issue(&params).certificate;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    assert!(Facts::of(&CertificateDer::from(der.clone())).is_ok());
    let mut read = 0;
    for at in 0..der.len() {
        for value in [0, 1, 0x30, 0x7F, 0x80, 0x84, 0xFF, der[at].wrapping_add(1), der[at].wrapping_sub(1)] {
            let mut changed = der.clone();
            changed[at] = value;
            read += usize::from(Facts::of(&CertificateDer::from(changed)).is_ok());
        }
        assert!(Facts::of(&CertificateDer::from(der[..at].to_vec())).is_err());
    }
    assert!(read > 0, "what is no part of a structure may change");
    let mut longer = der;
    longer.push(0);
    assert!(Facts::of(&CertificateDer::from(longer)).is_err());
}

#[test]
fn times_are_shown_in_utc() {
    assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
    assert_eq!(utc(1_709_210_096), "2024-02-29 12:34:56 UTC");
    assert_eq!(utc(-1), "1969-12-31 23:59:59 UTC");
    assert_eq!(utc(i64::MAX), "9223372036854775807 s after 1970");
}
