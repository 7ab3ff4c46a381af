//! Files and PEM that cannot be used: each error names the file and the mend.

use std::path::PathBuf;

use base64::Engine as _;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use tempfile::TempDir;
use x509_parser::der_parser::der::parse_der;

use super::support::{Pair, assert_says, authority, failure, logs, named, of_server, shake, trusting};
use crate::Phase;
use crate::tls::{ClientTls, ServerTls};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn pair(&self, pair: &Pair) -> (PathBuf, PathBuf) {
        (self.file("server.pem", &pair.certificate), self.file("server.key", &pair.key))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The PKCS#1 or SEC1 key that a PKCS#8 key has in it.
fn inner_key(key: &KeyPair) -> Vec<u8> {
    let der = key.serialized_der();
    let (_, sequence) = parse_der(der).unwrap();
    sequence.as_sequence().unwrap()[2].as_slice().unwrap().to_vec()
}

/// Why these two cannot be a server's certificate and key.
#[track_caller]
fn refused(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>, said: &[&str]) {
    let folder = Folder::new();
    let (certificate, key) = (folder.file("server.pem", certificate), folder.file("server.key", key));
    let error = ServerTls::from_pem_files(&certificate, &key).unwrap_err();
    assert_eq!(error.phase(), Phase::Configure);
    assert_says(&error, said);
    // A client's are read in the same way.
    let client = ClientTls::new().identity_files(&certificate, &key).unwrap_err();
    assert_eq!(client.to_string(), error.to_string());
}

#[test]
fn certificates_that_are_none_are_refused_with_the_file_and_the_mend() {
    let pair = authority("test CA").issue(&of_server());
    let key = &pair.key;
    refused("", key, &["server.pem` cannot be used: it is empty"]);
    refused(" \n\r\n", key, &["it is empty"]);
    refused("certificate", key, &["it is no PEM: no line of it is like -----BEGIN CERTIFICATE-----"]);
    refused([0xFF, 0xFE, b'-', 0], key, &["it is text in UTF-16"]);
    refused(key, &pair.certificate, &["it holds a private key and no certificate", "swapped?"]);
    refused(pem("CERTIFICATE REQUEST", b"x"), key, &["a certificate request, which a CA has yet to"]);
    refused(pem("TRUSTED CERTIFICATE", b"x"), key, &["openssl x509 -in ", "server.pem -out "]);
    refused(pem("DH PARAMETERS", b"x"), key, &["it holds no certificate, but: DH PARAMETERS"]);
    refused(pem("CERTIFICATE", b"no DER"), key, &["certificate 1 of 1: it is no X.509 certificate"]);

    let damaged = pair.certificate.replacen("MII", "M!!", 1);
    refused(damaged, key, &["its PEM is damaged: it is not valid base64"]);
    let cut = &pair.certificate[..pair.certificate.len() / 2];
    refused(cut, key, &["its PEM is cut off", "-----END"]);
    let second = format!("{}{}", pair.certificate, pem("CERTIFICATE", b"no DER"));
    refused(second, key, &["certificate 2 of 2"]);

    let der = x509_parser::pem::parse_x509_pem(pair.certificate.as_bytes()).unwrap().1.contents;
    refused(der, key, &["it is DER (or PKCS#12), not PEM", "openssl x509 -inform DER -in ", ".pem"]);
}

#[test]
fn keys_that_are_none_are_refused_with_the_file_and_the_mend() {
    let pair = authority("test CA").issue(&of_server());
    let certificate = &pair.certificate;
    refused(certificate, "", &["server.key` cannot be used: it is empty"]);
    refused(certificate, certificate, &["it holds a certificate and no private key", "swapped?"]);
    refused(
        certificate,
        pem("ENCRYPTED PRIVATE KEY", b"x"),
        &["the private key is encrypted; decrypt it first with: openssl pkey -in ", "server.key -out "],
    );
    let traditional = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
        -----END RSA PRIVATE KEY-----\n";
    refused(certificate, traditional, &["is encrypted; decrypt it first with: openssl pkey -in "]);
    refused(certificate, pem("PUBLIC KEY", b"x"), &["it holds a public key; the private one is needed"]);
    refused(certificate, pem("OPENSSH PRIVATE KEY", b"x"), &["ssh-keygen -p -m PKCS8 -f "]);
    refused(certificate, pem("EC PARAMETERS", b"x"), &["no private key", "but: EC PARAMETERS"]);
    refused(certificate, format!("{}{}", pair.key, pair.key), &["it holds 2 private keys"]);
    refused(certificate, pem("PRIVATE KEY", b"no DER"), &["this kind of private key cannot be used"]);

    let other = KeyPair::generate().unwrap();
    refused(
        certificate,
        other.serialize_pem(),
        &["the private key is not that of the certificate `CN=test server` in `", "server.pem`"],
    );
    refused(certificate, other.serialized_der(), &["it is DER", "openssl pkey -inform DER -in "]);
    refused(certificate, inner_key(&other), &["it is DER", "openssl pkey -inform DER -in "]);
}

#[test]
fn nothing_of_a_key_is_in_an_error() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let certificate = authority("test CA").issue(&of_server()).certificate;
    let secret = key.lines().nth(1).unwrap();
    for spoilt in [
        key.replacen("-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----", 1),
        key.replace("-----END", "-----ENDE"),
        key.replacen('\n', "\n!", 1),
        key.clone(),
        key.replace("PRIVATE", "SECRET"),
        format!("-----BEGIN {secret}-----\n"),
    ] {
        let error = format!("{0} {0:?}", ServerTls::from_pem(&certificate, &spoilt).unwrap_err());
        assert!(!error.contains(&secret[10..30]), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let (certificate, key) = folder.pair(&authority("test CA").issue(&of_server()));
    let missing = folder.0.path().join("missing.pem");
    let error = ServerTls::from_pem_files(&certificate, &missing).unwrap_err();
    assert_says(error, &["missing.pem` cannot be used: there is no such file"]);
    let error = ServerTls::from_pem_files(folder.0.path(), &key).unwrap_err();
    assert_says(error, &["it is a folder, not a file"]);
    let huge = std::fs::File::create(folder.0.path().join("huge.pem")).unwrap();
    huge.set_len(9 * 1024 * 1024).unwrap();
    let error = ClientTls::with_ca_file(folder.0.path().join("huge.pem")).unwrap_err();
    assert_says(error, &["it is longer than 8 MiB"]);
    assert!(ClientTls::with_ca_file("/dev/zero").is_err());
}

#[test]
fn chains_that_no_peer_would_take_are_refused() {
    let pair = authority("test CA").issue(&of_server());
    let error = ServerTls::from_pem(pair.certificate.repeat(17), &pair.key).unwrap_err();
    assert_says(error, &["its chain of 17 certificates", "peers take 16 certificates and 61440 bytes"]);
    let mut params = of_server();
    params.subject_alt_names =
        (0..4000).map(|number| super::support::dns(&format!("host-{number}.test"))).collect();
    let pair = authority("test CA").issue(&params);
    let error = ServerTls::from_pem(&pair.certificate, &pair.key).unwrap_err();
    assert_says(error, &["its chain of 1 certificates takes ", "61440 bytes at most"]);
}

#[test]
fn ca_files_and_revocation_lists_that_are_none_are_refused() {
    let folder = Folder::new();
    let ca = authority("test CA");
    let pair = ca.issue(&of_server());
    let server = pair.server();
    let empty = folder.file("ca.pem", "\n");
    for error in [
        server.clone().require_client_ca_file(&empty).unwrap_err(),
        server.clone().request_client_ca_file(&empty).unwrap_err(),
        server.clone().crl_file(&empty).unwrap_err(),
        ClientTls::with_ca_file(&empty).unwrap_err(),
        ClientTls::new().add_ca_file(&empty).unwrap_err(),
        ClientTls::new().crl_file(&empty).unwrap_err(),
    ] {
        assert_says(error, &["ca.pem` cannot be used: it is empty"]);
    }
    assert_says(ClientTls::with_ca("").unwrap_err(), &["`the CA certificates given as PEM`", "it is empty"]);
    assert_says(ClientTls::with_ca(&pair.key).unwrap_err(), &["it holds a private key and no certificate"]);
    assert_says(
        server.clone().crl(&ca.pem).unwrap_err(),
        &["it holds no revocation list (X509 CRL), but: CERTIFICATE"],
    );
    assert_says(server.clone().crl(pem("X509 CRL", b"no DER")).unwrap_err(), &["revocation list"]);
    assert_says(ClientTls::new().crl(pem("X509 CRL", b"no DER")).unwrap_err(), &["revocation list"]);
}

#[test]
fn revocation_lists_that_would_be_looked_at_for_nobody_are_refused() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server().crl(ca.revoke(&[1])).unwrap();
    assert_says(
        server.reload().unwrap_err(),
        &["the revocation lists given as PEM", "require_client_ca_file"],
    );
    server.require_client_ca(&ca.pem).unwrap().reload().unwrap();
}

#[tokio::test(start_paused = true)]
async fn keys_of_every_form_and_kind_serve() {
    let ca = authority("test CA");
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let p256 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    for (key, written) in [
        (&rsa, rsa.serialize_pem()),
        (&rsa, pem("RSA PRIVATE KEY", &inner_key(&rsa))),
        (&p256, p256.serialize_pem()),
        (&p256, pem("EC PRIVATE KEY", &inner_key(&p256))),
        // As `openssl ecparam -genkey` writes them.
        (&p256, format!("{}{}", pem("EC PARAMETERS", &[6, 0]), pem("EC PRIVATE KEY", &inner_key(&p256)))),
        (&p384, p384.serialize_pem()),
        (&p384, pem("EC PRIVATE KEY", &inner_key(&p384))),
        (&ed25519, ed25519.serialize_pem()),
        (&ed25519, ed25519.serialize_pem().replace('\n', "\r\n")),
    ] {
        let certificate = of_server().signed_by(key, &ca.issuer).unwrap().pem();
        let server = ServerTls::from_pem(&certificate, &written).unwrap();
        assert!(shake(&server, &trusting(&ca), "localhost").await.1.is_ok());
        // Both may be in one file, in any order.
        let both = format!("{written}\nSome words.\n{certificate}");
        assert!(ServerTls::from_pem(&both, &both).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_certificate_serves_with_a_warning_and_so_does_a_key_that_all_may_read() {
    let folder = Folder::new();
    let ca = authority("test CA");
    let mut params = of_server();
    params.not_after = super::support::in_days(-1);
    let (certificate, key) = folder.pair(&ca.issue(&params));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let logs = logs();
    let server = ServerTls::from_pem_files(&certificate, &key).unwrap();
    failure(&server, &trusting(&ca), "localhost").await;
    let expired = logs.about(&certificate);
    assert_says(&expired, &["WARN", "the certificate `CN=test server` expired at", "peers will refuse it"]);
    #[cfg(unix)]
    assert_says(
        logs.about(&key),
        &["WARN", "every user of this machine may read the private key: chmod 600"],
    );
    assert_eq!(expired.lines().count(), 1, "it is said once: {expired}");
}

#[tokio::test(start_paused = true)]
async fn a_server_may_present_what_its_clients_will_refuse() {
    let ca = authority("test CA");
    let pair = ca.issue(&named("localhost"));
    assert!(ServerTls::from_pem(&pair.certificate, &pair.key).is_ok());
}
