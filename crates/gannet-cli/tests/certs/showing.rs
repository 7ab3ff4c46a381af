//! Looking at certificates: every fault is found, with who refuses it, and what is sound is called good.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, SerialNumber,
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{Folder, Handshake, assert_says};

/// A folder with a CA, and with the key of every certificate that is made in it.
struct Lab {
    folder: Folder,
    ca: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl Lab {
    fn new() -> Self {
        let folder = Folder::new();
        folder.said(&["ca"]);
        let (ca, key) = (folder.read("ca.pem"), KeyPair::from_pem(&folder.read("ca.key")).unwrap());
        let ca = Issuer::from_ca_cert_pem(&ca, key).unwrap();
        let key = KeyPair::generate().unwrap();
        folder.write("leaf.key", key.serialize_pem());
        Self { folder, ca, key }
    }

    /// A sound certificate of a server.
    fn parameters() -> CertificateParams {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let now = OffsetDateTime::now_utc();
        (parameters.not_before, parameters.not_after) = (now - Duration::hours(1), now + Duration::days(90));
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "localhost");
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters
    }

    fn leaf(&self, shape: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut parameters = Self::parameters();
        shape(&mut parameters);
        let certificate = parameters.signed_by(&self.key, &self.ca).unwrap();
        self.folder.write("leaf.pem", certificate.pem());
        certificate
    }

    /// What is found wrong with such a certificate.
    fn fault(&self, shape: impl FnOnce(&mut CertificateParams)) -> String {
        self.leaf(shape);
        self.folder.found(&["show", "leaf.pem"])
    }

    /// What is said of such a certificate, which is good.
    fn good(&self, shape: impl FnOnce(&mut CertificateParams)) -> String {
        self.leaf(shape);
        let said = self.folder.said(&["show", "leaf.pem"]);
        assert!(said.ends_with("good\n") && !said.contains('✗'), "{said}");
        said
    }

    fn handshake(&self) -> Handshake<'_> {
        Handshake { folder: &self.folder, ca: "ca.pem", server: "leaf", client: None, host: "localhost" }
    }
}

#[test]
fn a_sound_certificate_is_good_and_all_of_it_is_shown() {
    let lab = Lab::new();
    let said = lab.good(|_| {});
    assert!(!said.contains('!'), "{said}");
    assert_says(
        &said,
        &[
            "subject    CN=localhost",
            "issuer     CN=Gannet CA ",
            "89 days left",
            "names      DNS:localhost",
            "key        ECDSA P-256",
            "signature  ECDSA with SHA-256",
            "usages     not limited",
            "CA         no",
            "a server's certificate",
        ],
    );
    lab.handshake().holds();
    let ca = lab.folder.said(&["show", "ca.pem"]);
    assert_says(
        &ca,
        &[
            "issuer     itself",
            "path length 0",
            "signing certificates",
            "a CA's certificate (it says so)",
            "good",
        ],
    );
}

#[test]
fn a_certificate_without_names_is_called_out_in_the_words_of_go() {
    let lab = Lab::new();
    let said = lab.fault(|leaf| {
        leaf.subject_alt_names.clear();
        leaf.distinguished_name.push(DnType::CommonName, "www.example.grpcdev.cn");
    });
    assert_says(
        &said,
        &[
            "certificate relies on legacy Common Name field, use SANs instead",
            "refused by Go, rustls (Gannet, tonic)",
            "gannet certs server --san DNS:www.example.grpcdev.cn",
            "subjectAltName = DNS:www.example.grpcdev.cn",
        ],
    );
    assert!(!lab.handshake().fails().is_empty());
    // A client needs none.
    assert_says(
        &lab.folder.said(&["show", "leaf.pem", "--as", "client"]),
        &["a client's certificate (--as says so)"],
    );
}

#[test]
fn names_that_no_client_looks_for_are_named() {
    let lab = Lab::new();
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let mail = lab.fault(|leaf| {
        leaf.subject_alt_names = vec![SanType::Rfc822Name("a@b.c".try_into().unwrap())];
    });
    assert_says(&mail, &["no DNS name or IP address"]);
    assert_says(
        &lab.fault(|leaf| leaf.subject_alt_names.push(dns("127.0.0.1"))),
        &["never matches", "write IP:127.0.0.1"],
    );
    assert_says(
        &lab.fault(|leaf| leaf.subject_alt_names.push(dns("localhost:443"))),
        &["names hold no port"],
    );
    let spiffe = SanType::URI("spiffe://example.org/a".try_into().unwrap());
    let said = lab.good(|leaf| leaf.subject_alt_names = vec![spiffe.clone()]);
    assert_says(&said, &["! it has no DNS name", "SPIFFE"]);
    let two = lab.fault(|leaf| {
        leaf.subject_alt_names.extend([spiffe, SanType::URI("urn:x".try_into().unwrap())]);
    });
    assert_says(&two, &["SPIFFE allows one"]);
    let said = lab.good(|leaf| leaf.distinguished_name.push(DnType::CommonName, "other.example.org"));
    assert_says(&said, &["! its common name other.example.org is not among its names"]);
}

#[test]
fn times_are_judged_as_of_now_or_another_moment() {
    let lab = Lab::new();
    let now = OffsetDateTime::now_utc();
    let expired = lab.fault(|leaf| leaf.not_after = now - Duration::days(3));
    // It is not before an hour ago, so that this one also ends before it begins.
    assert_says(&expired, &["it ends before it begins"]);
    let expired = lab.fault(|leaf| {
        (leaf.not_before, leaf.not_after) = (now - Duration::days(9), now - Duration::days(3));
    });
    assert_says(
        &expired,
        &["expired 3 days ago", "refused by every peer", "gannet certs server --from leaf.pem --force"],
    );
    assert_says(&lab.handshake().fails(), &["expired"]);
    let early = lab.fault(|leaf| leaf.not_before = now + Duration::days(3));
    assert_says(&early, &["on only; now it is", "clock"]);
    let soon = lab.good(|leaf| {
        (leaf.not_before, leaf.not_after) = (now - Duration::days(80), now + Duration::days(9));
    });
    assert_says(&soon, &["! it ends soon, in 8 days"]);
    let short = lab.good(|leaf| leaf.not_after = now + Duration::days(9));
    assert!(!short.contains('!'), "one that is short-lived by design is not called so: {short}");
    assert_says(&lab.good(|leaf| leaf.not_after = now + Duration::days(2000)), &["825 days", "Apple"]);

    lab.leaf(|_| {});
    let later = lab.folder.found(&["show", "leaf.pem", "--ca", "ca.pem", "--at", "2100-01-01"]);
    assert_says(
        &later,
        &["it expired on", "✗ the chain of leaf.pem leads to ca.pem: a certificate of the chain expired on"],
    );
    let then = (now + Duration::days(10)).date();
    assert_says(&lab.folder.said(&["show", "leaf.pem", "--at", &then.to_string()]), &["good"]);
    assert_says(&lab.folder.complaint(&["show", "leaf.pem", "--at", "soon"]), &["2030-01-01"]);
}

#[test]
fn usages_that_do_not_fit_are_found() {
    let lab = Lab::new();
    let usage = |usages: &[ExtendedKeyUsagePurpose]| {
        let usages = usages.to_vec();
        lab.leaf(|leaf| leaf.extended_key_usages = usages);
    };
    usage(&[ExtendedKeyUsagePurpose::ClientAuth]);
    assert_says(
        &lab.folder.said(&["show", "leaf.pem"]),
        &["a client's certificate (its extended key usage says so)"],
    );
    let server = lab.folder.found(&["show", "leaf.pem", "--as", "server", "--ca", "ca.pem"]);
    assert_says(&server, &["leaves out server authentication", "refused by every peer", "✗ the chain"]);
    usage(&[ExtendedKeyUsagePurpose::Any]);
    let any = lab.folder.found(&["show", "leaf.pem"]);
    assert_says(
        &any,
        &["leaves out server authentication", "refused by rustls (Gannet, tonic), Node.js, OpenSSL"],
    );
    assert!(!lab.handshake().fails().is_empty());
    usage(&[ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]);
    assert_says(&lab.folder.said(&["show", "leaf.pem"]), &["the certificate of a server and client"]);

    let said = lab.fault(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    assert_says(&said, &["leaves out digitalSignature", "Java, gRPC for C++, Python"]);
}

#[test]
fn a_ca_in_the_place_of_a_server_and_the_other_way_round() {
    let lab = Lab::new();
    lab.leaf(|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let said = lab.folder.found(&["show", "leaf.pem", "--as", "server"]);
    assert_says(&said, &["CA:TRUE", "refused by rustls", "CA:FALSE"]);
    assert!(!lab.handshake().fails().is_empty());
    let said = lab.folder.found(&["show", "leaf.pem", "--name", "localhost", "--ca", "ca.pem"]);
    assert_says(&said, &["which rustls takes from no server or client", "✓ leaf.pem is for localhost"]);

    // A root that nobody but its own file says is one.
    let root = |shape: fn(&mut CertificateParams)| {
        let mut parameters = Lab::parameters();
        parameters.subject_alt_names.clear();
        shape(&mut parameters);
        lab.folder.write("root.pem", parameters.self_signed(&lab.key).unwrap().pem());
        lab.folder.write("unclear.pem", lab.folder.read("root.pem"));
    };
    let as_ca = ["show", "root.pem", "--as", "ca"];
    root(|_| {});
    assert_says(&lab.folder.found(&as_ca), &["does not say that it is a CA's", "Go, Java, Node.js, OpenSSL"]);
    root(|root| {
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert_says(&lab.folder.found(&as_ca), &["leaves out keyCertSign"]);
    root(|root| root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert!(!lab.folder.said(&["show", "root.pem"]).contains("legacy"));
    assert_says(
        &lab.folder.said(&["show", "unclear.pem"]),
        &["! judged as a CA's", "certificate relies on legacy Common Name field"],
    );
    root(|root| {
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    assert_says(&lab.folder.said(&as_ca), &["! it signs for clients only"]);
    root(|root| {
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.not_before -= Duration::days(5);
        root.not_after = root.not_before + Duration::days(1);
    });
    let said = lab.folder.found(&as_ca);
    assert_says(&said, &["it expired on", "refused by Go, Node.js, OpenSSL, gRPC for C++"]);
    // The same is said when it is trusted only.
    lab.leaf(|_| {});
    let trusted = lab.folder.found(&["show", "leaf.pem", "--ca", "root.pem"]);
    assert_says(&trusted, &["✗ root.pem can be trusted as a CA: it expired on"]);
}

#[test]
fn odd_serials_and_critical_extensions_are_found() {
    let lab = Lab::new();
    assert_says(
        &lab.good(|leaf| leaf.serial_number = Some(SerialNumber::from_slice(&[0]))),
        &["! its serial number"],
    );
    assert_says(
        &lab.good(|leaf| leaf.serial_number = Some(SerialNumber::from_slice(&[1; 21]))),
        &["! its serial number"],
    );
    let critical = |oid: &[u64]| {
        let mut extension = CustomExtension::from_oid_content(oid, vec![5, 0]);
        extension.set_criticality(true);
        lab.fault(|leaf| leaf.custom_extensions = vec![extension])
    };
    assert_says(&critical(&[1, 2, 3, 4]), &["its extension 1.2.3.4 is critical", "refused by every peer"]);
    assert_says(&critical(&[2, 5, 29, 54]), &["its extension 2.5.29.54 is critical", "refused by rustls"]);
    let said = lab.folder.found(&["show", "leaf.pem", "--name", "localhost", "--ca", "ca.pem"]);
    assert_says(&said, &["critical extension that rustls does not know"]);
}

#[test]
fn what_only_openssl_makes_is_judged_too() {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/wrong");
    let folder = Folder::new();
    for (name, parts) in [
        (
            "v1",
            &["X.509 version 1", "refused by rustls", "use SANs instead", "rustls takes version 3 only"][..],
        ),
        (
            "sha1",
            &[
                "signed by ECDSA with SHA-1",
                "rustls (Gannet, tonic), Go, Node.js, OpenSSL",
                "rustls does not take",
            ],
        ),
        ("negative-serial", &["its serial number is negative", "refused by Go"]),
        ("p224", &["ECDSA P-224", "Go, Java, Node.js"]),
        ("secp256k1", &["ECDSA secp256k1"]),
        ("rsa1024", &["1024 bits", "refused by rustls (Gannet, tonic), OpenSSL"]),
        ("rsa-pss", &["RSASSA-PSS only"]),
    ] {
        let (path, ca) = (format!("{FOLDER}/{name}.pem"), format!("{FOLDER}/ca.pem"));
        let said = folder.found(&["show", &path, "--ca", &ca, "--as", "server", "--at", "2027-01-01"]);
        assert_says(&said, parts);
        let faults = if name == "v1" { 2 } else { 1 };
        assert_eq!(said.matches("    ✗").count(), faults, "{said}");
    }
}

#[test]
fn keys_that_some_peers_refuse_are_noted() {
    let lab = Lab::new();
    for (algorithm, says) in
        [(&rcgen::PKCS_ED25519, "Ed25519"), (&rcgen::PKCS_ECDSA_P521_SHA512, "ECDSA P-521")]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        lab.folder.write("leaf.pem", Lab::parameters().signed_by(&key, &lab.ca).unwrap().pem());
        lab.folder.write("leaf.key", key.serialize_pem());
        let said = lab.folder.said(&["show", "leaf.pem", "--key", "leaf.key"]);
        assert_says(
            &said,
            &[
                &format!("! its key is {says}"),
                "refused by gRPC for C++",
                "✓ leaf.key is the key of leaf.pem",
            ],
        );
        lab.handshake().holds();
    }
    // As rcgen writes them.
    lab.folder.write("second.key", KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem());
    assert_says(&lab.folder.said(&["show", "second.key"]), &["PKCS #8", "refused by OpenSSL"]);
    lab.folder.said(&["server", "--san", "localhost", "--key", "ed25519"]);
    let ours = lab.folder.said(&["show", "server.key"]);
    assert!(!ours.contains('!'), "{ours}");
}

#[test]
fn what_is_asked_for_is_checked() {
    let lab = Lab::new();
    lab.leaf(|_| {});
    lab.folder.said(&["ca", "--out", "other"]);
    let asked = ["show", "leaf.pem", "--ca", "ca.pem", "--key", "leaf.key", "--name", "LOCALHOST"];
    assert_says(
        &lab.folder.said(&asked),
        &["✓ the chain", "✓ leaf.key is the key", "✓ leaf.pem is for LOCALHOST", "good"],
    );
    let other = lab.folder.found(&[
        "show",
        "leaf.pem",
        "--ca",
        "other.pem",
        "--key",
        "other.key",
        "--name",
        "127.0.0.1",
    ]);
    assert_says(
        &other,
        &[
            "no CA that is trusted here issued it: the issuer is CN=Gannet CA ",
            "trusted is CN=Gannet CA ",
            "other.key is the key of leaf.pem: it is the key of another certificate",
            "leaf.pem is for 127.0.0.1: it is for other names: DNS:localhost",
            "3 things are wrong",
        ],
    );
    assert_says(
        &lab.folder.complaint(&["show", "leaf.pem", "--name", "localhost:443"]),
        &["takes neither a port"],
    );
    assert_says(
        &lab.folder.complaint(&["show", "leaf.pem", "--ca", "leaf.key"]),
        &["leaf.key cannot be trusted"],
    );
    assert_says(&lab.folder.complaint(&["show", "ca.pem", "--ca", "ca.pem"]), &["--as says what one is"]);
    assert_says(&lab.folder.complaint(&["show", "leaf.pem", "--key", "ca.pem"]), &["ca.pem is no key"]);
    assert_says(&lab.folder.complaint(&["show", "none.pem"]), &["none.pem cannot be read"]);

    // Another CA of the same name.
    let same = Lab::parameters();
    let mut impostor = same.clone();
    impostor.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = impostor.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    lab.folder.write("impostor.pem", pem);
    let real = Issuer::new(impostor, KeyPair::generate().unwrap());
    lab.folder.write("leaf.pem", same.signed_by(&lab.key, &real).unwrap().pem());
    assert_says(
        &lab.folder.found(&["show", "leaf.pem", "--ca", "impostor.pem"]),
        &["but another one", "not by that key"],
    );
    let together = lab.folder.said(&["show", "leaf.pem", "impostor.pem"]);
    assert!(!together.contains("in impostor.pem"), "the name alone makes no issuer: {together}");
}

#[test]
fn name_constraints_are_shown_and_kept() {
    let lab = Lab::new();
    let mut parameters = Lab::parameters();
    parameters.subject_alt_names.clear();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".to_owned())],
        excluded_subtrees: vec![GeneralSubtree::DnsName("secret.example.org".to_owned())],
    });
    let key = KeyPair::generate().unwrap();
    lab.folder.write("narrow.pem", parameters.self_signed(&key).unwrap().pem());
    let narrow = Issuer::new(parameters, key);
    let mut leaf = Lab::parameters();
    leaf.distinguished_name.push(DnType::CommonName, "leaf");
    lab.folder.write("leaf.pem", leaf.signed_by(&lab.key, &narrow).unwrap().pem());
    let said = lab.folder.found(&["show", "leaf.pem", "narrow.pem", "--ca", "narrow.pem"]);
    assert_says(
        &said,
        &[
            "signs only DNS:example.org",
            "never      DNS:secret.example.org",
            "name constraints of its CA",
            "in narrow.pem",
        ],
    );
}

#[test]
fn the_order_of_a_chain_matters() {
    let folder = Folder::new();
    folder.said(&["ca", "--path-length", "2", "--out", "root"]);
    folder.said(&["ca", "--ca", "root.pem", "--path-length", "1", "--out", "upper"]);
    folder.said(&["ca", "--ca", "upper.pem", "--out", "lower"]);
    folder.said(&["server", "--ca", "lower.pem", "--san", "localhost"]);
    let root = folder.read("root.pem");
    let blocks: Vec<String> =
        folder.read("server.pem").split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect();
    let [leaf, lower, upper] = &blocks[..] else { panic!("{blocks:?}") };
    assert_says(&folder.said(&["show", "server.pem", "--ca", "root.pem"]), &["good"]);

    let chain = |parts: &[&String]| {
        folder.write("chain.pem", parts.iter().map(|part| part.as_str()).collect::<String>());
    };
    chain(&[leaf, upper, lower]);
    assert_says(
        &folder.said(&["show", "chain.pem", "--ca", "root.pem"]),
        &["! certificate 2 did not issue the one before it", "TLS 1.2"],
    );
    chain(&[leaf, lower, upper, &root]);
    assert_says(&folder.said(&["show", "chain.pem", "--ca", "root.pem"]), &["! certificate 4 is the root"]);
    chain(&[lower, leaf]);
    assert_says(&folder.found(&["show", "chain.pem"]), &["a CA's certificate comes first"]);
    chain(&[leaf, upper]);
    let gap = folder.found(&["show", "chain.pem", "--ca", "root.pem"]);
    assert_says(
        &gap,
        &[
            "certificate 2 did not issue the one before it, and no other here did",
            "no CA that is trusted here issued it",
        ],
    );
    folder.said(&["client", "--ca", "lower.pem", "--cn", "alice"]);
    chain(&[leaf, &folder.read("client.pem")]);
    assert_says(&folder.found(&["show", "chain.pem"]), &["certificate 2 is a second one"]);
    // A file of roots has no order.
    chain(&[&root, lower, upper]);
    assert_says(&folder.said(&["show", "chain.pem"]), &["good"]);
}

#[test]
fn keys_requests_and_what_is_no_pem_are_named() {
    let lab = Lab::new();
    lab.leaf(|_| {});
    let folder = &lab.folder;
    assert_says(
        &folder.said(&["show", "leaf.pem", "leaf.key"]),
        &["private key: ECDSA P-256, of the certificate in leaf.pem"],
    );
    let key = folder.read("leaf.key");
    for secret in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(
            !folder.said(&["show", "leaf.pem", "leaf.key", "--json"]).contains(secret),
            "a key is never shown"
        );
    }
    assert_says(&folder.found(&["show", "leaf.pem", "ca.key"]), &["the key of none of these certificates"]);
    folder.write("request.pem", Lab::parameters().serialize_request(&lab.key).unwrap().pem().unwrap());
    assert_says(
        &folder.said(&["show", "request.pem"]),
        &["certificate signing request", "names      DNS:localhost"],
    );
    folder.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAQID\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    assert_says(
        &folder.said(&["show", "locked.key"]),
        &["encrypted with a pass phrase", "openssl pkey -in locked.key"],
    );

    folder.write("noise.pem", "hello");
    assert_says(&folder.found(&["show", "noise.pem"]), &["there is no PEM in it"]);
    folder.write("empty.pem", "");
    assert_says(&folder.found(&["show", "empty.pem"]), &["it is empty"]);
    folder.write("der.pem", lab.leaf(|_| {}).der());
    assert_says(&folder.found(&["show", "der.pem"]), &["openssl x509 -inform der -in der.pem"]);
    let pem = folder.read("leaf.pem");
    folder.write("cut.pem", &pem[..pem.len() - 40]);
    assert_says(&folder.found(&["show", "cut.pem"]), &["cut short"]);
    folder.write("bad.pem", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n");
    assert_says(&folder.found(&["show", "bad.pem"]), &["not a certificate"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path("leaf.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = folder.said(&["show", "leaf.key"]);
        assert_says(&said, &["! everybody on this machine can read the private key", "chmod 600 leaf.key"]);
    }
}

#[test]
fn json_says_the_same() {
    let lab = Lab::new();
    lab.leaf(|leaf| leaf.subject_alt_names.clear());
    let said = lab.folder.found(&["show", "leaf.pem", "leaf.key", "--ca", "ca.pem", "--json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["good"], false);
    let certificate = &json["files"][0]["contents"][0];
    assert_eq!(certificate["kind"], "certificate");
    assert_eq!(certificate["subject"], "CN=localhost");
    assert_eq!(certificate["days_left"], 89);
    assert_eq!(certificate["findings"][0]["severity"], "fault");
    assert_eq!(certificate["findings"][0]["refused_by"], serde_json::json!(["go", "rustls", "browsers"]));
    assert_eq!(json["files"][1]["contents"][0]["kind"], "private-key");
    assert_eq!(json["checks"][0]["holds"], true);
    lab.leaf(|_| {});
    let said = lab.folder.said(&["show", "leaf.pem", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["good"], true);
}
