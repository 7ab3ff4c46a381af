//! Settings: rustls's own configuration, the provider, sessions that go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use super::support::{
    assert_says, authority, failure, in_days, of_client, of_server, rustls_client, rustls_server,
    rustls_verifying_server, say, shake, trusting,
};
use crate::tls::{ClientTls, HandshakeErrorKind as Kind, PeerIdentity, ServerTls, TlsVersions};

#[tokio::test(start_paused = true)]
async fn configurations_of_rustls_itself_work_and_offer_http2() {
    let ca = authority("test CA");
    let server = ServerTls::from_config(Arc::new(rustls_server(&ca.issue(&of_server()), &[]))).unwrap();
    let client = ClientTls::from_config(Arc::new(rustls_client(&ca, &[b"h2", b"http/1.1"]))).unwrap();
    let (at_server, at_client) = shake(&server, &client, "localhost").await;
    assert_eq!(at_server.unwrap().info.tls().unwrap().alpn(), Some("h2"));
    assert!(PeerIdentity::of(Some(&at_client.unwrap().info)).is_some());

    let (_, at_client) = failure(&server, &client, "other.test").await;
    assert_says(at_client, &["is not for `other.test`", "localhost"]);
}

#[test]
fn configurations_that_cannot_carry_grpc_are_refused() {
    let ca = authority("test CA");
    let server = rustls_server(&ca.issue(&of_server()), &[b"http/1.1"]);
    assert_says(ServerTls::from_config(Arc::new(server)).unwrap_err(), &["alpn_protocols", "`h2`"]);
    let client = rustls_client(&ca, &[b"http/1.1"]);
    assert_says(ClientTls::from_config(Arc::new(client)).unwrap_err(), &["alpn_protocols", "`h2`"]);
}

#[test]
fn configurations_with_data_that_can_be_sent_again_are_refused() {
    let ca = authority("test CA");
    let mut server = rustls_server(&ca.issue(&of_server()), &[]);
    server.max_early_data_size = 1;
    assert_says(ServerTls::from_config(Arc::new(server)).unwrap_err(), &["max_early_data_size"]);
    let mut client = rustls_client(&ca, &[]);
    client.enable_early_data = true;
    assert_says(ClientTls::from_config(Arc::new(client)).unwrap_err(), &["enable_early_data"]);
}

#[test]
fn settings_that_a_configuration_of_rustls_would_ignore_are_refused() {
    let ca = authority("test CA");
    let server = ServerTls::from_config(Arc::new(rustls_server(&ca.issue(&of_server()), &[]))).unwrap();
    let refused = server.clone().require_client_ca(&ca.pem).unwrap_err();
    assert_says(refused, &["rustls::ServerConfig", "set client certificates in it"]);
    assert!(server.clone().crl(ca.revoke(&[1])).is_err());
    assert!(server.provider(Arc::new(rustls::crypto::ring::default_provider())).is_err());
    let client = ClientTls::from_config(Arc::new(rustls_client(&ca, &[]))).unwrap();
    assert_says(client.clone().add_ca(&ca.pem).unwrap_err(), &["rustls::ClientConfig", "set CAs in it"]);
    let pair = ca.issue(&of_client());
    assert!(client.identity(&pair.certificate, &pair.key).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_provider_is_the_callers_choice_and_none_is_installed() {
    let ca = authority("test CA");
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let server = ca.issue(&of_server()).server();
    let client = trusting(&ca).provider(Arc::clone(&ring)).unwrap();
    // Only one of them knows the key exchange that withstands quantum computers; they agree on another.
    assert!(shake(&server, &client, "localhost").await.1.is_ok());
    let server = server.provider(ring).unwrap();
    assert!(shake(&server, &client, "localhost").await.1.is_ok());
    assert!(CryptoProvider::get_default().is_none());
}

#[tokio::test(start_paused = true)]
async fn sessions_go_on_and_keep_the_identities() {
    let ca = authority("test CA");
    for versions in [TlsVersions::Tls13Only, TlsVersions::Tls12Only] {
        let server = ca.issue(&of_server()).server().require_client_ca(&ca.pem).unwrap().versions(versions);
        let pair = ca.issue(&of_client());
        let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
        for resumed in [false, true, true] {
            let (at_server, at_client) = shake(&server, &client, "localhost").await;
            let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());
            assert_eq!(at_server.info.tls().unwrap().is_resumed(), resumed, "{versions:?}");
            assert_eq!(at_client.info.tls().unwrap().is_resumed(), resumed);
            for info in [&at_server.info, &at_client.info] {
                assert!(PeerIdentity::of(Some(info)).is_some());
            }
            // The ticket of TLS 1.3 comes with the first bytes.
            say(&mut at_server, &mut at_client, b"hello").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_go_around_a_new_revocation_list_or_ca() {
    let ca = authority("test CA");
    let mut params = of_client();
    params.serial_number = Some(66.into());
    let pair = ca.issue(&params);
    for versions in [TlsVersions::Tls13Only, TlsVersions::Tls12Only] {
        let own = ca.issue(&of_server());
        let server = own.server().require_client_ca(&ca.pem).unwrap().versions(versions);
        let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
        let begin = async || {
            let (at_server, at_client) = shake(&server, &client, "localhost").await;
            say(&mut at_server.unwrap(), &mut at_client.unwrap(), b"hello").await;
        };
        begin().await;
        let revoking = own.server().require_client_ca(&ca.pem).unwrap().versions(versions);
        server.replace(&revoking.crl(ca.revoke(&[66])).unwrap());
        assert_eq!(failure(&server, &client, "localhost").await.0.kind(), Kind::ClientCertificateRefused);

        server.replace(&own.server().require_client_ca(&ca.pem).unwrap().versions(versions));
        begin().await;
        let other = authority("other CA");
        server.replace(&own.server().require_client_ca(&other.pem).unwrap().versions(versions));
        assert_eq!(failure(&server, &client, "localhost").await.0.kind(), Kind::ClientCertificateRefused);
    }
}

/// A clock that can be set forward.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let ahead = Duration::from_secs(self.0.load(Ordering::Relaxed));
        Some(UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs()) + ahead))
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_outlive_the_certificate_it_began_with() {
    let ca = authority("test CA");
    let mut params = of_client();
    params.not_after = in_days(1);
    let pair = ca.issue(&params);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let clock = Arc::new(Clock::default());
        let mut config = rustls_verifying_server(&ca, &ca.issue(&of_server()), &[version]);
        config.time_provider = Arc::clone(&clock) as Arc<dyn TimeProvider>;
        let server = ServerTls::from_config(Arc::new(config)).unwrap();
        let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
        for resumed in [false, true] {
            let (at_server, at_client) = shake(&server, &client, "localhost").await;
            let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());
            assert_eq!(at_server.info.tls().unwrap().is_resumed(), resumed);
            say(&mut at_server, &mut at_client, b"hello").await;
        }
        clock.0.store(2 * 86_400, Ordering::Relaxed);
        let (at_server, _) = shake(&server, &client, "localhost").await;
        let error = at_server.unwrap_err();
        assert_eq!(error.kind(), Kind::ClientCertificateRefused);
        assert_says(error, &["expired at", "since its session began"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_go_around_what_a_client_trusts_from_now_on() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server();
    let client = trusting(&ca);
    let (at_server, at_client) = shake(&server, &client, "localhost").await;
    say(&mut at_server.unwrap(), &mut at_client.unwrap(), b"hello").await;
    client.replace(&trusting(&authority("other CA")));
    assert_says(failure(&server, &client, "localhost").await.1, &["is not trusted"]);
}

#[test]
fn nothing_of_certificates_and_keys_shows() {
    let ca = authority("test CA");
    let pair = ca.issue(&of_server());
    let server = pair.server().require_client_ca(&ca.pem).unwrap();
    let client = trusting(&ca).identity(&pair.certificate, &pair.key).unwrap();
    let shown = format!("{server:?} {client:?}");
    assert_says(&shown, &["the private key given as PEM", "MustPresent"]);
    for pem in [&pair.key, &pair.certificate, &ca.pem] {
        let line = pem.lines().nth(1).unwrap();
        assert!(!shown.contains(line));
    }
    assert!(shown.len() < 1000, "{shown}");
}
