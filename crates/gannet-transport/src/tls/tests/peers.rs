//! Peers that do not do as they should: no TLS, no HTTP/2, other versions, no end.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::support::{
    assert_says, authority, failure, of_server, pipe, rustls_client, rustls_server, shake, trusting,
};
use crate::tls::{HandshakeErrorKind as Kind, TlsVersions};
use crate::{Error, Phase, TransportStream};

/// What a server with TLS answers to these bytes, and what it makes of them.
async fn answer_to(bytes: &[u8]) -> (Vec<u8>, crate::tls::HandshakeError) {
    let server = authority("test CA").issue(&of_server()).server();
    let (mut client, accepted) = pipe().await;
    let serving = tokio::spawn(async move { server.accept(accepted).await.unwrap_err() });
    client.io.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    client.io.read_to_end(&mut answer).await.unwrap();
    drop(client);
    (answer, serving.await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn http2_without_tls_is_told_so_in_http2() {
    let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    preface.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let (answer, error) = answer_to(&preface).await;
    assert_eq!(error.kind(), Kind::PlaintextHttp2);
    assert_says(error, &["without TLS", "https://"]);

    // No SETTINGS: with them it would be a connection, which clients make again at once when it ends.
    let (header, payload) = answer.split_at(9);
    assert_eq!((usize::from(header[2]), &header[3..]), (payload.len(), &[7, 0, 0, 0, 0, 0][..]));
    let (codes, debug) = payload.split_at(8);
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0xc]);
    assert_eq!(debug, b"this port speaks TLS: use https://, or a channel with TLS credentials");
}

#[tokio::test(start_paused = true)]
async fn http1_without_tls_is_told_so_in_http1() {
    let (answer, error) = answer_to(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(error.kind(), Kind::PlaintextHttp1);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_says(head, &["HTTP/1.1 400 Bad Request\r\n", &format!("content-length: {}\r\n", body.len())]);
    assert_says(body, &["this port speaks TLS: use https://"]);
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_comes_byte_by_byte_is_waited_for() {
    let server = authority("test CA").issue(&of_server()).server();
    let (mut client, accepted) = pipe().await;
    let serving = tokio::spawn(async move { server.accept(accepted).await.unwrap_err() });
    for byte in b"POST / HTTP/1.1\r\n" {
        client.io.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = [0; 12];
    client.io.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
    drop(client);
    assert_eq!(serving.await.unwrap().kind(), Kind::PlaintextHttp1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_protocol_we_know_is_closed_and_shown() {
    let (answer, error) = answer_to(b"\0\x01EHLO\n").await;
    assert_eq!((answer.as_slice(), error.kind()), (&b""[..], Kind::NotTls));
    assert_says(error, &[r#"it began with "\x00\x01EHLO\n""#]);

    // A client's hello that is none.
    let (answer, error) = answer_to(&[22, 3, 1, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9]).await;
    assert_eq!(error.kind(), Kind::Protocol);
    assert_eq!(answer.first(), Some(&21), "an alert goes out: {answer:?}");
    // One that is longer than may be.
    let (_, error) = answer_to(&[22, 3, 1, 0xFF, 0xFF, 1, 0xFF, 0xFF, 0xFF]).await;
    assert_eq!(error.kind(), Kind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_at_once_is_told_from_one_that_leaves_in_the_middle() {
    let server = authority("test CA").issue(&of_server()).server();
    let (client, accepted) = pipe().await;
    drop(client);
    assert_eq!(server.accept(accepted).await.unwrap_err().kind(), Kind::ClosedAtOnce);

    let (mut client, accepted) = pipe().await;
    client.io.write_all(&[22, 3, 1, 1]).await.unwrap();
    drop(client);
    assert_eq!(server.accept(accepted).await.unwrap_err().kind(), Kind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let server = authority("test CA").issue(&of_server()).server();
    let (mut silent, accepted) = pipe().await;
    let began = tokio::time::Instant::now();
    let error = server.accept(accepted).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TimedOut);
    assert_says(error, &["within 10s"]);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    assert_eq!(silent.io.read(&mut [0]).await.unwrap(), 0, "it is closed");

    let quick = server.handshake_timeout(Duration::from_millis(300));
    let (_silent, accepted) = pipe().await;
    assert_says(quick.accept(accepted).await.unwrap_err(), &["within 300ms"]);
}

#[tokio::test(start_paused = true)]
async fn handshakes_held_open_by_the_thousand_make_room_for_others() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server().max_handshakes(8);
    let mut held = Vec::new();
    for _ in 0..1000 {
        let (mut client, accepted) = pipe().await;
        client.io.write_all(&[22, 3, 1]).await.unwrap();
        let server = server.clone();
        held.push((client, tokio::spawn(async move { server.accept(accepted).await.unwrap_err().kind() })));
        tokio::task::yield_now().await;
    }
    let open = held.iter().filter(|(_, serving)| !serving.is_finished()).count();
    assert!(open <= 9, "{open} are open");
    assert!(shake(&server, &trusting(&ca), "localhost").await.0.is_ok());
    let (_, first) = held.swap_remove(0);
    assert_eq!(first.await.unwrap(), Kind::Evicted);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_alpn_is_refused_and_told_in_http2() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server();
    let (client, accepted) = pipe().await;
    let connector = TlsConnector::from(Arc::new(rustls_client(&ca, &[])));
    let name = ServerName::try_from("localhost").unwrap();
    let (accepted, connected) = tokio::join!(server.accept(accepted), async {
        let mut stream = connector.connect(name, client.io).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    });
    let error = accepted.unwrap_err();
    assert_eq!(error.kind(), Kind::NoHttp2);
    assert_says(error, &["offers no protocol by ALPN; gRPC needs `h2`"]);
    assert_says(String::from_utf8_lossy(&connected), &["gRPC needs HTTP/2", "ALPN", "offer `h2`"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_offers_http1_alone_is_refused() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server();
    let (client, accepted) = pipe().await;
    let connector = TlsConnector::from(Arc::new(rustls_client(&ca, &[b"http/1.1"])));
    let name = ServerName::try_from("localhost").unwrap();
    let (accepted, connected) = tokio::join!(server.accept(accepted), connector.connect(name, client.io));
    let error = accepted.unwrap_err();
    assert_eq!(error.kind(), Kind::NoHttp2);
    assert_says(error, &["other protocols than HTTP/2", "`h2`"]);
    assert_says(connected.err().unwrap(), &["NoApplicationProtocol"]);
}

/// Why a client of ours fails at this server.
async fn client_at<F>(server: impl FnOnce(Box<dyn TransportStream>) -> F) -> Error
where
    F: Future<Output = ()>,
{
    let ca = authority("test CA");
    let (near, far) = pipe().await;
    let client = trusting(&ca);
    let (connected, ()) = tokio::join!(client.connect(near, "localhost"), server(far.io));
    let error = connected.unwrap_err();
    assert_eq!((error.phase(), error.address()), (Phase::Handshake, "localhost"));
    error
}

#[tokio::test(start_paused = true)]
async fn a_server_without_alpn_is_named_so() {
    let ca = authority("test CA");
    for (offered, said) in [(&[][..], "chose no protocol by ALPN"), (&[&b"http/1.1"[..]], "not HTTP/2")] {
        let acceptor = TlsAcceptor::from(Arc::new(rustls_server(&ca.issue(&of_server()), offered)));
        let (near, far) = pipe().await;
        let client = trusting(&ca);
        let (connected, _) = tokio::join!(client.connect(near, "localhost"), acceptor.accept(far.io));
        assert_says(connected.unwrap_err(), &[said, "`h2`"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_no_tls_is_recognised_by_what_it_says() {
    let http2 = client_at(|mut io| async move {
        io.write_all(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]).await.unwrap();
    });
    assert_says(http2.await, &["does not speak TLS on this port; it began with HTTP/2: use http://"]);

    let http1 = client_at(|mut io| async move {
        io.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n").await.unwrap();
    });
    assert_says(http1.await, &["it answered in HTTP/1: use http://"]);

    let other = client_at(|mut io| async move { io.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap() });
    assert_says(other.await, &[r#"it answered "SSH-2.0-OpenSSH_"#, "use http://"]);

    let silent = client_at(|mut io| async move {
        let _ = io.read(&mut [0; 4096]).await;
    });
    assert_says(silent.await, &["closed the connection without an answer", "(then use http://)"]);
}

#[tokio::test(start_paused = true)]
async fn alerts_of_a_server_are_explained() {
    for (code, said) in [
        (112, "knows no certificate for the name `localhost` (alert 112, unrecognised_name)"),
        (40, "nothing in common with us (alert 40, handshake_failure)"),
        (70, "none of the versions of TLS that we offer (alert 70, protocol_version)"),
        (80, "ended the handshake with an alert: alert 80, internal_error"),
        (42, "we presented none: it probably requires a client certificate"),
    ] {
        let error = client_at(|mut io| async move {
            io.write_all(&[21, 3, 3, 0, 2, 2, code]).await.unwrap();
            let _ = io.read(&mut [0; 4096]).await;
        });
        assert_says(error.await, &[said]);
    }
}

#[tokio::test(start_paused = true)]
async fn versions_without_one_in_common_are_named_at_both_ends() {
    let ca = authority("test CA");
    let server = ca.issue(&of_server()).server();
    let client = trusting(&ca);
    for (ours, theirs, at_server, at_client) in [
        (TlsVersions::Tls13Only, TlsVersions::Tls12Only, "TLS 1.3 alone", "none of the versions of TLS"),
        (TlsVersions::Tls12Only, TlsVersions::Tls13Only, "TLS 1.2 alone", "none of the versions of TLS"),
    ] {
        let (server_error, client_error) =
            failure(&server.clone().versions(ours), &client.clone().versions(theirs), "localhost").await;
        assert_eq!(server_error.kind(), Kind::NothingInCommon);
        assert_says(server_error, &["the client speaks no version of TLS that we do", at_server]);
        assert_says(client_error, &[at_client]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_no_certificate_can_hold_is_refused_before_anything_is_sent() {
    let client = trusting(&authority("test CA"));
    let (near, mut far) = pipe().await;
    let error = client.connect(near, "not a host").await.unwrap_err();
    assert_says(error, &["`not a host` is neither a DNS name nor an IP address", "ClientTls::server_name"]);
    assert_eq!(far.io.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_without_the_end_of_tls_is_an_end() {
    let ca = authority("test CA");
    let (at_server, at_client) = shake(&ca.issue(&of_server()).server(), &trusting(&ca), "localhost").await;
    let mut at_server = at_server.unwrap();
    drop(at_client);
    assert_eq!(at_server.io.read(&mut [0]).await.unwrap(), 0);
}
