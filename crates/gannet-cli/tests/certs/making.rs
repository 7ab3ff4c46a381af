//! Making certificates: what comes out, what others make of it, and when nothing comes out.

use rcgen::{BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, KeyPair, NameConstraints};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Folder, Handshake, assert_says, openssl};

/// What an extension says of the key that it identifies.
fn key_ids(certificate: &X509Certificate<'_>) -> (Vec<u8>, Vec<u8>) {
    let mut ids = (Vec::new(), Vec::new());
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => ids.0 = id.0.to_vec(),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                ids.1 = id.key_identifier.as_ref().unwrap().0.to_vec();
            }
            _ => {}
        }
    }
    ids
}

#[test]
fn quick_makes_what_both_sides_take_and_says_what_to_do_next() {
    let folder = Folder::new();
    let said = folder.said(&[
        "quick",
        ".",
        "--san",
        "www.example.grpcdev.cn",
        "--client-san",
        "spiffe://example.org/a",
    ]);
    assert_eq!(folder.names(), ["ca.key", "ca.pem", "client.key", "client.pem", "server.key", "server.pem"]);
    assert_says(
        &said,
        &[
            "wrote ./server.pem: the server's certificate, DNS:localhost, IP:127.0.0.1, IP:::1, DNS:www.example.grpcdev.cn",
            "CN=client, URI:spiffe://example.org/a",
            "greeter-server --tls-cert ./server.pem --tls-key ./server.key --client-ca ./ca.pem",
            "greeter-client --ca ./ca.pem --cert ./client.pem --key ./client.key",
        ],
    );
    for host in ["localhost", "127.0.0.1", "::1", "www.example.grpcdev.cn"] {
        Handshake { folder: &folder, ca: "ca.pem", server: "server", client: Some("client"), host }.holds();
    }
    let elsewhere =
        Handshake { folder: &folder, ca: "ca.pem", server: "server", client: None, host: "example.org" };
    assert_says(&elsewhere.fails(), &["not valid for name"]);
    let crossed =
        Handshake { folder: &folder, ca: "ca.pem", server: "client", client: None, host: "localhost" };
    assert!(!crossed.fails().is_empty(), "a client's certificate is no server's");

    let verify = |file: &str, purpose: &str| {
        openssl(folder.0.path(), &["verify", "-x509_strict", "-CAfile", "ca.pem", "-purpose", purpose, file])
    };
    for (file, purpose) in [("server.pem", "sslserver"), ("client.pem", "sslclient")] {
        if let Some(said) = verify(file, purpose) {
            assert_says(&said, &[": OK"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn keys_are_readable_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.said(&["quick", "."]);
    folder.said(&["server", "--san", "localhost", "--out", "other"]);
    for name in folder.names() {
        let mode = folder.path(&name).metadata().unwrap().permissions().mode() & 0o777;
        if name.strip_suffix(".key").is_some() {
            assert_eq!(mode, 0o600, "{name}");
        } else {
            // What the umask leaves of 0644.
            assert_eq!(mode & 0o133, 0, "{name}");
        }
    }
}

#[test]
fn certificates_say_what_they_should_and_no_more() {
    let folder = Folder::new();
    folder.said(&["ca", "--organization", "Example"]);
    folder.said(&["server", "--san", "localhost", "--organization", "Example"]);
    folder.said(&["client", "--cn", "alice", "--key", "rsa:2048"]);
    let (ca, server, client) =
        (folder.certificates("ca.pem"), folder.certificates("server.pem"), folder.certificates("client.pem"));
    assert_eq!((ca.len(), server.len(), client.len()), (1, 1, 1), "a root is not sent along");
    let [ca, server, client] =
        [&ca[0], &server[0], &client[0]].map(|der| X509Certificate::from_der(der).unwrap().1);

    let constraints = ca.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca && constraints.value.path_len_constraint == Some(0));
    let usage = ca.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
    assert!(!usage.value.digital_signature());
    let name = ca.subject().to_string();
    assert!(name.starts_with("O=Example, CN=Gannet CA "), "{name}");

    let now = OffsetDateTime::now_utc();
    for (leaf, days) in [(&server, 90), (&client, 90)] {
        let constraints = leaf.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && !constraints.value.ca);
        let usage = leaf.key_usage().unwrap().unwrap();
        assert!(usage.critical && usage.value.digital_signature() && !usage.value.key_cert_sign());
        assert_eq!(key_ids(leaf).1, key_ids(&ca).0, "the key identifiers lead to the CA");
        assert_ne!(key_ids(leaf).0, key_ids(&ca).0);
        let from = leaf.validity().not_before.to_datetime();
        let until = leaf.validity().not_after.to_datetime();
        assert!(from < now - Duration::minutes(50) && from > now - Duration::minutes(70), "{from}");
        assert_eq!((until - now + Duration::minutes(5)).whole_days(), days);
    }
    let extended = |leaf: &X509Certificate<'_>| {
        let usage = leaf.extended_key_usage().unwrap().unwrap().value.clone();
        (usage.server_auth, usage.client_auth)
    };
    assert_eq!((extended(&server), extended(&client)), ((true, false), (false, true)));
    assert_eq!(server.subject().to_string(), "O=Example, CN=localhost");
    assert_eq!(client.subject().to_string(), "CN=alice");
    // RSA may be asked to encrypt by TLS 1.2, ECDSA never.
    let encipherment =
        |leaf: &X509Certificate<'_>| leaf.key_usage().unwrap().unwrap().value.key_encipherment();
    assert_eq!((encipherment(&server), encipherment(&client)), (false, true));

    let serials = [&ca, &server, &client].map(|certificate| certificate.raw_serial().to_vec());
    assert!(serials.iter().all(|serial| serial.len() == 16 && serial[0] & 0x80 == 0), "{serials:?}");
    assert!(serials[0] != serials[1] && serials[1] != serials[2]);
    if let Some(said) = openssl(folder.0.path(), &["x509", "-in", "server.pem", "-noout", "-text"]) {
        assert_says(&said, &["CA:FALSE", "TLS Web Server Authentication", "DNS:localhost", "Version: 3"]);
    }
}

#[test]
fn every_kind_of_key_works_for_all_three() {
    for (kind, shown) in [
        ("ecdsa", "ECDSA P-256"),
        ("ecdsa:p384", "ECDSA P-384"),
        ("ed25519", "Ed25519"),
        ("rsa:2048", "RSA 2048"),
        ("rsa", "RSA 3072"),
    ] {
        let folder = Folder::new();
        let said = folder.said(&["quick", ".", "--key", kind]);
        assert_says(&said, &[shown]);
        let both = Handshake {
            folder: &folder,
            ca: "ca.pem",
            server: "server",
            client: Some("client"),
            host: "localhost",
        };
        both.holds();
        assert_says(&folder.said(&["show", "server.pem", "server.key", "--ca", "ca.pem"]), &[shown, "good"]);
        openssl(folder.0.path(), &["verify", "-CAfile", "ca.pem", "server.pem", "client.pem"]);
        for key in ["ca.key", "server.key", "client.key"] {
            openssl(folder.0.path(), &["pkey", "-in", key, "-noout", "-check"]);
        }
    }
    let folder = Folder::new();
    assert_says(&folder.complaint(&["ca", "--key", "rsa:1024"]), &["there are: ecdsa (P-256)", "rsa:2048"]);
}

#[test]
fn nothing_is_overwritten_unless_told_to() {
    let folder = Folder::new();
    folder.said(&["quick", "."]);
    let before = folder.contents();
    let complaint = folder.complaint(&["quick", "."]);
    assert_says(&complaint, &["./ca.key and ./ca.pem and", "are there already; --force overwrites them"]);
    assert_says(&folder.complaint(&["ca"]), &["ca.pem and ca.key are there already"]);
    std::fs::remove_file(folder.path("server.pem")).unwrap();
    assert_says(&folder.complaint(&["server", "--san", "localhost"]), &["server.key is there already"]);

    folder.said(&["quick", ".", "--force"]);
    let after = folder.contents();
    assert_eq!(after.len(), 6, "nothing is left lying about: {:?}", folder.names());
    assert!(before.iter().zip(&after).all(|(old, new)| old.1 != new.1), "all of them are new");
}

#[test]
fn folders_that_are_missing_are_made_and_said() {
    let folder = Folder::new();
    assert_says(&folder.said(&["quick", "a/b"]), &["made a/b"]);
    assert_says(
        &folder.said(&["server", "--san", "localhost", "--ca", "a/b/ca.pem", "--out", "c/d.pem"]),
        &["made c", "wrote c/d.pem", "wrote c/d.key"],
    );
    folder.write("file", "");
    assert_says(&folder.complaint(&["ca", "--out", "file/ca"]), &["file"]);
}

#[test]
fn names_are_taken_in_every_form_or_refused_with_what_to_write() {
    let folder = Folder::new();
    folder.said(&["ca"]);
    let names = [
        "localhost",
        "*.example.org",
        "IP:10.0.0.1",
        "[::1]",
        "spiffe://example.org/greeter",
        "EMAIL:ops@example.org",
    ];
    let mut arguments = vec!["server"];
    for name in names {
        arguments.extend(["--san", name]);
    }
    folder.said(&arguments);
    let shown = folder.said(&["show", "server.pem"]);
    assert_says(
        &shown,
        &[
            "DNS:localhost, DNS:*.example.org, IP:10.0.0.1, IP:::1, URI:spiffe://example.org/greeter, EMAIL:ops@example.org",
        ],
    );
    if let Some(said) =
        openssl(folder.0.path(), &["x509", "-in", "server.pem", "-noout", "-ext", "subjectAltName"])
    {
        assert_says(
            &said,
            &[
                "DNS:*.example.org",
                "IP Address:10.0.0.1",
                "URI:spiffe://example.org/greeter",
                "email:ops@example.org",
            ],
        );
    }
    for (name, says) in [
        ("localhost:50051", "write DNS:localhost"),
        ("https://example.org", "write DNS:example.org"),
        ("0.0.0.0", "where a server listens"),
        ("例子.中国", "xn--"),
    ] {
        assert_says(&folder.complaint(&["server", "--san", name, "--out", "x"]), &[says]);
    }
    let two = ["server", "--san", "localhost", "--san", "spiffe://a.b/c", "--san", "URI:urn:x", "--out", "x"];
    assert_says(&folder.complaint(&two), &["exactly one URI"]);
    let mail = ["server", "--san", "EMAIL:a@example.org", "--out", "x"];
    assert_says(&folder.complaint(&mail), &["a name that clients connect to"]);
    assert_says(&folder.complaint(&["client", "--out", "x"]), &["--cn"]);
    let long = "a".repeat(65);
    assert_says(&folder.complaint(&["client", "--cn", &long, "--out", "x"]), &["1 to 64"]);
}

#[test]
fn a_ca_that_cannot_sign_is_refused_with_how_to_mend_it() {
    let folder = Folder::new();
    let server = |arguments: &[&str]| {
        folder.complaint(&[&["server", "--san", "localhost", "--out", "x"], arguments].concat())
    };
    assert_says(&server(&[]), &["ca.pem is not there", "gannet certs ca"]);
    folder.said(&["quick", "."]);
    folder.said(&["ca", "--out", "other"]);

    assert_says(&server(&["--ca-key", "other.key"]), &["other.key is not the key of ca.pem", "--ca-key"]);
    assert_says(&server(&["--ca-key", "none.key"]), &["none.key is not there", "--ca-key"]);
    assert_says(&server(&["--ca-key", "ca.pem"]), &["ca.pem cannot sign", "no private key"]);
    assert_says(&server(&["--ca", "ca.key"]), &["ca.key holds no certificate"]);
    assert_says(
        &server(&["--ca", "server.pem"]),
        &["server.pem must not sign: it is not the certificate of a CA"],
    );
    assert_says(&server(&["--ca", "."]), &["is a folder"]);

    folder.write("empty.pem", "");
    assert_says(&server(&["--ca", "empty.pem"]), &["empty.pem cannot be used: it is empty"]);
    folder.write("noise.pem", "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n");
    assert_says(&server(&["--ca", "noise.pem"]), &["noise.pem, line 1", "base64"]);
    folder.write("no.pem", "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n");
    assert_says(&server(&["--ca", "no.pem"]), &["no.pem holds something that is no certificate"]);
    let pem = folder.read("ca.pem");
    folder.write("cut.pem", &pem[..pem.len() / 2]);
    assert_says(&server(&["--ca", "cut.pem"]), &["cut.pem, line 1", "cut short"]);

    folder.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAQID\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    assert_says(
        &server(&["--ca-key", "locked.key"]),
        &["locked.key is encrypted", "openssl pkey -in locked.key", "umask 077"],
    );
    folder.write("weak.key", "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n");
    assert_says(
        &server(&["--ca-key", "weak.key"]),
        &["no key that can sign here", "RSA (2048 bits and more)"],
    );
}

/// Writes a CA of any shape.
fn odd_ca(folder: &Folder, shape: impl FnOnce(&mut CertificateParams)) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, "odd");
    shape(&mut parameters);
    folder.write("odd.pem", parameters.self_signed(&key).unwrap().pem());
    folder.write("odd.key", key.serialize_pem());
}

#[test]
fn a_ca_signs_only_while_it_holds_and_only_what_it_may() {
    let now = OffsetDateTime::now_utc();
    let folder = Folder::new();
    let server = ["server", "--san", "localhost", "--ca", "odd.pem"];
    odd_ca(&folder, |ca| ca.not_after = now - Duration::days(2));
    assert_says(&folder.complaint(&server), &["odd.pem must not sign: it expired on"]);
    odd_ca(&folder, |ca| ca.not_before = now + Duration::days(2));
    assert_says(&folder.complaint(&server), &["it holds from", "clock"]);
    odd_ca(&folder, |ca| ca.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign]);
    assert_says(&folder.complaint(&server), &["keyCertSign"]);
    odd_ca(&folder, |ca| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("example.org".to_owned())];
        ca.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    });
    assert_says(&folder.complaint(&server), &["odd.pem must not sign this", "name constraints"]);
    folder.said(&["server", "--san", "a.example.org", "--ca", "odd.pem"]);

    odd_ca(&folder, |ca| ca.not_after = now + Duration::days(5));
    let said = folder.said(&["server", "--san", "localhost", "--ca", "odd.pem", "--out", "short"]);
    assert_says(&said, &["when its CA ends"]);
    Handshake { folder: &folder, ca: "odd.pem", server: "short", client: None, host: "localhost" }.holds();
}

#[test]
fn an_intermediate_signs_in_the_place_of_its_root() {
    let folder = Folder::new();
    folder.said(&["ca", "--path-length", "1", "--out", "root"]);
    folder.said(&["ca", "--ca", "root.pem", "--out", "issuing"]);
    folder.said(&["server", "--ca", "issuing.pem", "--san", "localhost"]);
    folder.said(&["client", "--ca", "issuing.pem", "--cn", "alice"]);
    assert_eq!(folder.certificates("server.pem").len(), 2, "the intermediate is sent along");
    Handshake {
        folder: &folder,
        ca: "root.pem",
        server: "server",
        client: Some("client"),
        host: "localhost",
    }
    .holds();
    assert_says(
        &folder.said(&["show", "server.pem", "--ca", "root.pem"]),
        &["the chain of server.pem leads to root.pem"],
    );
    openssl(folder.0.path(), &["verify", "-CAfile", "root.pem", "-untrusted", "server.pem", "server.pem"]);

    // A file with the root behind the intermediate signs as well, and the root is not sent.
    folder.write("both.pem", folder.read("issuing.pem") + &folder.read("root.pem"));
    folder.said(&[
        "server",
        "--ca",
        "both.pem",
        "--ca-key",
        "issuing.key",
        "--san",
        "localhost",
        "--out",
        "second",
    ]);
    assert_eq!(
        folder.certificates("second.pem"),
        [folder.certificates("second.pem")[0].clone(), folder.certificates("issuing.pem")[0].clone()]
    );

    let complaint = folder.complaint(&["ca", "--ca", "issuing.pem", "--out", "below"]);
    assert_says(&complaint, &["issuing.pem may have 0 level(s) of CAs below it", "--path-length 1"]);
}

#[test]
fn a_server_can_vouch_for_itself() {
    let folder = Folder::new();
    let said = folder.said(&["server", "--san", "localhost", "--self-signed"]);
    assert_says(&said, &["signed by itself", "greeter-client --ca server.pem"]);
    Handshake { folder: &folder, ca: "server.pem", server: "server", client: None, host: "localhost" }
        .holds();
    let shown = folder.said(&[
        "show",
        "server.pem",
        "--ca",
        "server.pem",
        "--key",
        "server.key",
        "--name",
        "localhost",
    ]);
    assert_says(&shown, &["issuer     itself", "good"]);
    openssl(folder.0.path(), &["verify", "-CAfile", "server.pem", "server.pem"]);
    assert_says(
        &folder.complaint(&["server", "--san", "a.b", "--self-signed", "--ca", "ca.pem", "--out", "x"]),
        &["--self-signed"],
    );
}

#[test]
fn one_identity_may_be_both() {
    let folder = Folder::new();
    folder.said(&["ca"]);
    folder.said(&["server", "--san", "localhost", "--also-client"]);
    Handshake { folder: &folder, ca: "ca.pem", server: "server", client: Some("server"), host: "localhost" }
        .holds();
}

#[test]
fn renewing_keeps_who_it_is_for() {
    let folder = Folder::new();
    folder.said(&["ca"]);
    let said = folder.said(&[
        "server",
        "--san",
        "localhost",
        "--san",
        "IP:::1",
        "--cn",
        "greeter",
        "--organization",
        "Example",
        "--key",
        "ecdsa:p384",
    ]);
    assert_says(&said, &["renew it before", "gannet certs server --from server.pem --force"]);
    assert_says(&said, &["greeter-client --ca ca.pem zhangsan", "--name localhost"]);
    let elsewhere = folder.said(&["server", "--san", "*.example.org", "--out", "elsewhere"]);
    assert_says(&elsewhere, &["greeter-client --ca ca.pem --server-name www.example.org zhangsan"]);
    let other = folder.said(&[
        "server",
        "--san",
        "a.b",
        "--ca-key",
        "ca.key",
        "--also-client",
        "--days",
        "30",
        "--out",
        "x/a",
    ]);
    assert_says(&other, &["--from x/a.pem --out x/a.pem --ca-key ca.key --also-client --days 30 --force"]);
    let old = folder.certificates("server.pem");
    let said = folder.said(&["server", "--from", "server.pem", "--force", "--san", "example.org"]);
    assert_says(&said, &["CN=greeter", "DNS:localhost, IP:::1, DNS:example.org", "ECDSA P-384"]);
    let new = folder.certificates("server.pem");
    let [old, new] = [&old[0], &new[0]].map(|der| X509Certificate::from_der(der).unwrap().1);
    assert_eq!(old.subject(), new.subject());
    assert_ne!(old.public_key(), new.public_key(), "with a new key");
    Handshake { folder: &folder, ca: "ca.pem", server: "server", client: None, host: "example.org" }.holds();
    assert_says(
        &folder.complaint(&["server", "--from", "ca.key", "--force"]),
        &["ca.key holds no certificate to renew"],
    );
}

#[test]
fn help_teaches() {
    let folder = Folder::new();
    for (command, parts) in [
        (&["--help"][..], &["gannet certs quick certs", "ca.key      nowhere", "10 years"][..]),
        (&["ca", "--help"], &["gannet certs ca --path-length 1 --out root", "[default: 3650]"]),
        (
            &["server", "--help"],
            &["gannet certs server --san localhost --san 127.0.0.1", "[default: 90]", "--from"],
        ),
        (&["client", "--help"], &["URI:spiffe://example.org/greeter"]),
        (&["quick", "--help"], &["gannet certs quick certs --san www.example.grpcdev.cn"]),
        (&["show", "--help"], &["--at 2030-01-01", "exit status is 1"]),
    ] {
        assert_says(&folder.said(command), parts);
    }
}
