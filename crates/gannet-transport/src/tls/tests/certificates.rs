//! Certificates that are refused: what each end says of it.

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa};
use tokio::io::AsyncReadExt as _;

use super::support::{
    assert_says, authority, dns, failure, in_days, named, of_client, of_server, say, self_signed, shake,
    trusting,
};
use crate::tls::{ClientTls, HandshakeErrorKind as Kind, ServerTls, TlsVersions};
use crate::{Error, Phase};

#[tokio::test(start_paused = true)]
async fn a_server_certificate_with_a_common_name_only_is_refused_with_the_command_that_makes_a_good_one() {
    let ca = authority("test CA");
    let server = ca.issue(&named("localhost")).server();
    let (at_server, at_client) = failure(&server, &trusting(&ca), "localhost").await;
    assert_says(
        at_client,
        &[
            "certificate relies on legacy Common Name field, use SANs instead",
            "Common Name `localhost`",
            "gannet certs server --san DNS:localhost",
        ],
    );
    assert_eq!(at_server.kind(), Kind::RefusedByClient);
    assert_says(at_server, &["`CN=localhost`", "relies on legacy Common Name field", "gannet certs server"]);

    let (_, at_client) = failure(&server, &trusting(&ca), "127.0.0.1").await;
    assert_says(at_client, &["gannet certs server --san IP:127.0.0.1"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_name_is_refused_with_the_names_the_certificate_holds() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server();
    let (at_server, at_client) = failure(&server, &trusting(&ca), "other.test").await;
    assert_says(
        at_client,
        &[
            "TLS handshake with `other.test` failed",
            "is not for `other.test`: it holds DNS localhost, IP 127.0.0.1",
            "ClientTls::server_name",
            "gannet certs server --san DNS:other.test",
        ],
    );
    assert_eq!(at_server.kind(), Kind::RefusedByClient);
    assert_says(at_server, &["`CN=test server`", "(it holds DNS localhost, IP 127.0.0.1)"]);

    let overridden = trusting(&ca).server_name("localhost");
    assert!(shake(&server, &overridden, "other.test").await.1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_ca_of_the_server_is_named_and_so_are_the_trusted_ones() {
    let (ca, other) = (authority("test CA"), authority("other CA"));
    let server = ca.issue(&of_server()).server();
    let (at_server, at_client) = failure(&server, &trusting(&other), "localhost").await;
    assert_says(
        at_client,
        &[
            "`CN=test server` was issued by `CN=test CA`, which is not trusted (trusted: `CN=other CA`)",
            "ClientTls::with_ca_file",
        ],
    );
    assert_eq!(at_server.kind(), Kind::RefusedByClient);
    assert_says(at_server, &["does not trust the CA that issued it (`CN=test CA`)"]);

    let alone = self_signed(&of_server()).server();
    let (_, at_client) = failure(&alone, &trusting(&other), "localhost").await;
    assert_says(at_client, &["is signed by itself, and is not trusted"]);
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_was_made_anew_under_its_old_name_is_told_from_an_unknown_one() {
    let (ca, anew) = (authority("test CA"), authority("test CA"));
    let server = ca.issue(&of_server()).server();
    let (_, at_client) = failure(&server, &trusting(&anew), "localhost").await;
    assert_says(at_client, &["a CA of this name is trusted, but did not sign it", "made anew"]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_server_certificate_is_refused_with_the_time_it_expired() {
    let ca = authority("test CA");
    let mut params = of_server();
    params.not_after = in_days(-3);
    let end = params.not_after;
    let at = format!("{} {:02}:{:02}:{:02} UTC", end.date(), end.hour(), end.minute(), end.second());
    let server = ca.issue(&params).server();
    let (at_server, at_client) = failure(&server, &trusting(&ca), "localhost").await;
    assert_says(at_client, &["`CN=test server` expired at", &at, "3 days ago"]);
    assert_eq!(at_server.kind(), Kind::RefusedByClient);
    assert_says(at_server, &["not valid now, by the client's clock (valid until ", &at]);
}

#[tokio::test(start_paused = true)]
async fn a_server_certificate_of_the_future_is_refused_with_both_times() {
    let ca = authority("test CA");
    let mut params = of_server();
    params.not_before = in_days(2);
    let server = ca.issue(&params).server();
    let (_, at_client) = failure(&server, &trusting(&ca), "localhost").await;
    assert_says(at_client, &["is not valid yet: it counts from 2", "and here it is 2", "clock"]);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_server_certificate_is_refused() {
    let ca = authority("test CA");
    let mut params = of_server();
    params.serial_number = Some(77.into());
    let server = ca.issue(&params).server();
    let client = trusting(&ca).crl(ca.revoke(&[77])).unwrap();
    let (at_server, at_client) = failure(&server, &client, "localhost").await;
    assert_says(at_client, &["`CN=test server`, serial number 4D", "was revoked by its issuer `CN=test CA`"]);
    assert_says(at_server, &["it was revoked by its issuer"]);

    let client = trusting(&ca).crl(ca.revoke(&[78])).unwrap();
    assert!(shake(&server, &client, "localhost").await.1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_list_of_another_ca_keeps_nobody_out() {
    let (ca, other) = (authority("test CA"), authority("other CA"));
    let client = trusting(&ca).crl(other.revoke(&[1])).unwrap();
    assert!(shake(&ca.issue(&of_server()).server(), &client, "localhost").await.1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_for_clients_does_not_serve() {
    let ca = authority("test CA");
    let mut params = of_server();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let (_, at_client) = failure(&ca.issue(&params).server(), &trusting(&ca), "localhost").await;
    assert_says(
        at_client,
        &["is not for servers: its extended key usages are others", "gannet certs server"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_chain_needs_its_intermediates() {
    let root = authority("root CA");
    let middle = root.intermediate("middle CA");
    let leaf = middle.issue(&of_server());
    let (_, at_client) = failure(&leaf.server(), &trusting(&root), "localhost").await;
    assert_says(
        at_client,
        &["issued by `CN=middle CA`", "intermediate CA, the peer has to send its certificate"],
    );

    let chain = ServerTls::from_pem(format!("{}{}", leaf.certificate, middle.pem), &leaf.key).unwrap();
    assert!(shake(&chain, &trusting(&root), "localhost").await.1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_trusted_itself_serves_whatever_it_says_of_being_a_ca() {
    let mut params = of_server();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pair = self_signed(&params);
    let server = pair.server();
    let pinning = ClientTls::with_ca(&pair.certificate).unwrap();
    assert!(shake(&server, &pinning, "localhost").await.1.is_ok());
    // All else is looked at nevertheless.
    let (_, at_client) = failure(&server, &pinning, "other.test").await;
    assert_says(at_client, &["is not for `other.test`"]);
    params.not_after = in_days(-1);
    let expired = self_signed(&params);
    let pinning = ClientTls::with_ca(&expired.certificate).unwrap();
    assert!(shake(&expired.server(), &pinning, "localhost").await.1.is_err());
    params.not_after = in_days(1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let other_purpose = self_signed(&params);
    let pinning = ClientTls::with_ca(&other_purpose.certificate).unwrap();
    assert!(shake(&other_purpose.server(), &pinning, "localhost").await.1.is_err());

    // One that a CA has issued can be trusted without its CA.
    let leaf = authority("test CA").issue(&of_server());
    let pinning = ClientTls::with_ca(&leaf.certificate).unwrap();
    assert!(shake(&leaf.server(), &pinning, "localhost").await.1.is_ok());
    // With revocation lists only what they apply to is trusted.
    let strict = pinning.clone().crl(authority("test CA").revoke(&[1])).unwrap();
    assert!(shake(&leaf.server(), &strict, "localhost").await.1.is_err());
    // And it stands for no other.
    let other = self_signed(&of_server());
    assert!(shake(&other.server(), &pinning, "localhost").await.1.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_certificate_that_is_trusted_itself_is_taken_for_what_it_is_meant_for() {
    let ca = authority("test CA");
    let mut params = of_client();
    for (purpose, taken) in
        [(ExtendedKeyUsagePurpose::ClientAuth, true), (ExtendedKeyUsagePurpose::ServerAuth, false)]
    {
        params.extended_key_usages = vec![purpose];
        let alone = self_signed(&params);
        let server = ca.issue(&of_server()).server().require_client_ca(&alone.certificate).unwrap();
        let client = trusting(&ca).identity(&alone.certificate, &alone.key).unwrap();
        assert_eq!(shake(&server, &client, "localhost").await.0.is_ok(), taken);
        let other = self_signed(&params);
        let client = trusting(&ca).identity(&other.certificate, &other.key).unwrap();
        assert!(shake(&server, &client, "localhost").await.0.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_required_certificate_is_refused_and_told() {
    let ca = authority("test CA");
    for versions in [TlsVersions::Tls13Only, TlsVersions::Tls12Only] {
        let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap().versions(versions);
        let (at_server, at_client) = failure(&server, &trusting(&ca), "localhost").await;
        assert_eq!(at_server.kind(), Kind::ClientCertificateMissing);
        assert_says(at_server, &["TLS handshake with in-memory failed", "a client certificate is required"]);
        assert_says(at_client, &["client certificate", "ClientTls::identity_files", "gannet certs client"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_requested_certificate_may_be_left_out_but_must_be_good() {
    let (ca, other) = (authority("test CA"), authority("other CA"));
    let server = ca.issue(&of_server()).server().request_client_ca(&ca.pem).unwrap();
    let (at_server, at_client) = shake(&server, &trusting(&ca), "localhost").await;
    assert!(crate::tls::PeerIdentity::of(Some(&at_server.unwrap().info)).is_none());
    drop(at_client.unwrap());

    let stranger = other.issue(&of_client());
    let client = trusting(&ca).identity(&stranger.certificate, &stranger.key).unwrap();
    let (at_server, _) = failure(&server, &client, "localhost").await;
    assert_eq!(at_server.kind(), Kind::ClientCertificateRefused);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_behind_a_handshake_in_which_it_asked_for_a_certificate_is_understood() {
    let ca = authority("test CA");
    let asking = ca.issue(&of_server()).server().request_client_ca(&ca.pem).unwrap();
    let pair = ca.issue(&of_client());
    let anonymous = trusting(&ca);
    let known = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
    for (client, said) in [
        (&anonymous, &["was given none", "left without saying why", "ClientTls::identity_files"]),
        (&known, &["was given `CN=test client`", "left without saying why", "`CN=test CA`"]),
    ] {
        let (at_server, at_client) = shake(&asking, client, "localhost").await;
        drop(at_server);
        let error = at_client.unwrap().io.read(&mut [0; 9]).await.unwrap_err();
        assert_says(&error, said);
        let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(error.phase(), Phase::Handshake);
    }

    // One that did not ask has its own reasons, and so has one that said something first.
    let (at_server, at_client) = shake(&ca.issue(&of_server()).server(), &known, "localhost").await;
    drop(at_server);
    assert_eq!(at_client.unwrap().io.read(&mut [0; 9]).await.unwrap(), 0);
    let (at_server, at_client) = shake(&asking, &anonymous, "localhost").await;
    let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());
    assert_eq!(say(&mut at_server, &mut at_client, b"SETTINGS").await, b"SETTINGS");
    drop(at_server);
    assert_eq!(at_client.io.read(&mut [0; 9]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn required_by_one_ca_is_required() {
    let (ca, other) = (authority("test CA"), authority("other CA"));
    let server = ca.issue(&of_server()).server();
    let server = server.require_client_ca(&ca.pem).unwrap().request_client_ca(&other.pem).unwrap();
    let (at_server, _) = failure(&server, &trusting(&ca), "localhost").await;
    assert_eq!(at_server.kind(), Kind::ClientCertificateMissing);
    for issuer in [&ca, &other] {
        let pair = issuer.issue(&of_client());
        let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
        assert!(shake(&server, &client, "localhost").await.0.is_ok());
    }
}

/// Serves with client certificates required, and connects with one made so.
async fn refused_client(
    versions: TlsVersions,
    issue: impl Fn(&super::support::Authority) -> super::support::Pair,
) -> (String, String) {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap().versions(versions);
    let server = server.crl(ca.revoke(&[66])).unwrap();
    let pair = issue(&ca);
    let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
    let (at_server, at_client) = failure(&server, &client, "localhost").await;
    assert_eq!(at_server.kind(), Kind::ClientCertificateRefused, "{at_server}");
    (at_server.to_string(), at_client)
}

#[tokio::test(start_paused = true)]
async fn client_certificates_are_refused_with_the_reason_at_both_ends() {
    for versions in [TlsVersions::Tls13Only, TlsVersions::Tls12Only] {
        let other = authority("other CA");
        let (at_server, at_client) = refused_client(versions, |_| other.issue(&of_client())).await;
        assert_says(
            at_server,
            &["`CN=test client` was issued by `CN=other CA`, which is not trusted", "require_client_ca_file"],
        );
        assert_says(
            at_client,
            &["refused our client certificate `CN=test client` (alert 48, unknown_ca)", "`CN=other CA`"],
        );

        let mut expired = of_client();
        expired.not_after = in_days(-1);
        let (at_server, at_client) = refused_client(versions, |ca| ca.issue(&expired)).await;
        assert_says(at_server, &["the client's certificate `CN=test client` expired at"]);
        assert_says(at_client, &["alert 45, certificate_expired", "valid until"]);

        let mut future = of_client();
        future.not_before = in_days(1);
        let (at_server, _) = refused_client(versions, |ca| ca.issue(&future)).await;
        assert_says(at_server, &["is not valid yet"]);

        let mut revoked = of_client();
        revoked.serial_number = Some(66.into());
        let (at_server, at_client) = refused_client(versions, |ca| ca.issue(&revoked)).await;
        assert_says(at_server, &["was revoked by its issuer `CN=test CA`"]);
        assert_says(at_client, &["alert 44, certificate_revoked"]);

        let mut server_alone = of_client();
        server_alone.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (at_server, at_client) = refused_client(versions, |ca| ca.issue(&server_alone)).await;
        assert_says(at_server, &["is not for clients", "gannet certs client"]);
        assert_says(at_client, &["alert 43, unsupported_certificate"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_needs_no_alternative_names() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap();
    let mut params = named("plain client");
    params.subject_alt_names = Vec::new();
    let pair = ca.issue(&params);
    let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
    let (at_server, _) = shake(&server, &client, "localhost").await;
    let info = at_server.unwrap().info;
    assert_eq!(crate::tls::PeerIdentity::of(Some(&info)).unwrap().common_name(), Some("plain client"));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_with_many_names_is_shown_with_ten() {
    let ca = authority("test CA");
    let mut params = of_server();
    params.subject_alt_names = (0..30).map(|number| dns(&format!("host-{number}.test"))).collect();
    let (_, at_client) = failure(&ca.issue(&params).server(), &trusting(&ca), "localhost").await;
    assert_says(at_client, &["DNS host-0.test, ", "DNS host-9.test and 20 more"]);
}
