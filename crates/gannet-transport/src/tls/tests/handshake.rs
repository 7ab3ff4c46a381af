//! Handshakes that succeed.

use super::support::{authority, of_client, of_server, say, shake};
use crate::tls::{ClientTls, PeerIdentity, ServerTls, TlsVersions};

#[tokio::test(start_paused = true)]
async fn both_ends_agree_and_know_each_other() {
    let ca = authority("test CA");
    let (server, client) = (ca.issue(&of_server()), ca.issue(&of_client()));
    for versions in [TlsVersions::Tls12And13, TlsVersions::Tls13Only, TlsVersions::Tls12Only] {
        let server = ServerTls::from_pem(&server.certificate, &server.key)
            .unwrap()
            .require_client_ca(&ca.pem)
            .unwrap()
            .versions(versions);
        let client = ClientTls::with_ca(&ca.pem).unwrap().identity(&client.certificate, &client.key).unwrap();
        let (at_server, at_client) = shake(&server, &client, "localhost").await;
        let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());

        let seen = PeerIdentity::of(Some(&at_server.info)).unwrap();
        assert_eq!(
            (seen.common_name(), seen.dns_names()),
            (Some("test client"), &["client.test".into()][..])
        );
        let seen = PeerIdentity::of(Some(&at_client.info)).unwrap();
        assert_eq!(seen.subject(), "CN=test server");
        assert_eq!(seen.ip_addresses().len(), 1);

        let tls = at_server.info.tls().unwrap();
        let expected = if versions == TlsVersions::Tls12Only { "TLSv1.2" } else { "TLSv1.3" };
        assert_eq!((tls.version(), tls.alpn()), (expected, Some("h2")));
        assert!(tls.cipher_suite().starts_with("TLS_"), "{}", tls.cipher_suite());
        assert_eq!(tls.server_name(), Some("localhost"));
        assert!(at_client.info.is_secure() && at_server.info.is_secure());

        assert_eq!(say(&mut at_client, &mut at_server, b"question").await, b"question");
        assert_eq!(say(&mut at_server, &mut at_client, b"answer").await, b"answer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_no_certificate_knows_no_client() {
    let ca = authority("test CA");
    let (server, client) = (ca.issue(&of_server()), ca.issue(&of_client()));
    let server = ServerTls::from_pem(&server.certificate, &server.key).unwrap();
    let client = ClientTls::with_ca(&ca.pem).unwrap().identity(&client.certificate, &client.key).unwrap();
    let (at_server, at_client) = shake(&server, &client, "127.0.0.1").await;
    assert!(PeerIdentity::of(Some(&at_server.unwrap().info)).is_none());
    assert!(PeerIdentity::of(Some(&at_client.unwrap().info)).is_some());
}
