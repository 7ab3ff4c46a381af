//! Peers that speak something else than TLS where TLS is spoken, TLS where it is not, or TLS without HTTP/2.

use gannet::{Channel, Code, Phase};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::assert_says;
use crate::bad_input::Log;
use crate::certificates::Site;
use crate::support::{Script, Serving, ask, on_tcp, one_thread, tasks_are};

/// What `connect` says; a call's status must say the same.
async fn refused(channel: gannet::ChannelBuilder) -> (Phase, String) {
    let error = channel.clone().connect().await.unwrap_err();
    let status = ProbeClient::new(channel.lazy().unwrap()).unary(ask("")).await.unwrap_err();
    let without_port = |text: &str| text.replace(|character: char| character.is_ascii_digit(), "");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(without_port(status.message()), without_port(&error.to_string()));
    (error.phase(), error.to_string())
}

async fn secure_server(site: &Site) -> (Serving, u16) {
    on_tcp(Script::new().server().tls(site.server()), 0).await
}

#[test]
fn plaintext_to_a_port_with_tls() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (_serving, port) = secure_server(&site).await;
        let (phase, said) = refused(Channel::builder(&format!("http://127.0.0.1:{port}"))).await;
        assert_eq!(phase, Phase::Connect);
        assert_says(&said, &["this port speaks TLS: use https://"]);
        tasks_are(1).await;
        let expected = ["WARN", "TLS handshake with 127.0.0.1:", "the client speaks HTTP/2 without TLS"];
        assert_says(&log.text(), &expected);
    });
}

#[test]
fn http1_to_a_port_with_tls() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (_serving, port) = secure_server(&site).await;
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_says(&answer, &["HTTP/1.1 400 ", "this port speaks TLS: use https://"]);
        tasks_are(1).await;
        assert_says(&log.text(), &["WARN", "the client speaks HTTP/1 without TLS"]);
    });
}

#[test]
fn bytes_of_no_protocol_to_a_port_with_tls_are_quoted_in_the_log() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (_serving, port) = secure_server(&site).await;
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(b"EHLO \x1b[31mlocalhost\r\n").await.unwrap();
        socket.read_to_end(&mut Vec::new()).await.unwrap();
        tasks_are(1).await;
        assert_says(&log.text(), &["WARN", "does not speak TLS; it began with \"EHLO \\x1b"]);
    });
}

#[test]
fn a_connection_that_is_closed_at_once_is_not_worth_a_line() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (_serving, port) = secure_server(&site).await;
        drop(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        let client = crate::connect("localhost", port, site.anonymous()).await;
        client.unary(ask("")).await.unwrap();
        assert_eq!(log.text(), "");
    });
}

#[test]
fn tls_to_a_plaintext_port() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let (_serving, port) = on_tcp(Script::new().server(), 0).await;
        let channel = Channel::builder(&format!("https://localhost:{port}")).tls(site.anonymous());
        let (phase, said) = refused(channel).await;
        assert_eq!(phase, Phase::Handshake);
        assert_says(&said, &["the server does not speak TLS on this port", "use http://"]);
        tasks_are(1).await;
        assert_says(&log.text(), &["WARN", "127.0.0.1:", "the peer uses TLS, this endpoint does not"]);
    });
}

#[test]
fn plaintext_to_servers_that_answer_in_tls_or_close() {
    // The alert of most servers at a record that is none; and nothing.
    let answers: [(&[u8], &str); 2] = [
        (&[21, 3, 1, 0, 2, 2, 70], "the peer speaks TLS and this side does not; use https://"),
        (b"", "closed the connection. It may speak TLS on this port (then use https://)"),
    ];
    for (answer, expected) in answers {
        one_thread(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = tokio::spawn(async move {
                for _ in 0..2 {
                    let (mut socket, _) = listener.accept().await.unwrap();
                    // Read, so that the end is no reset.
                    let _ = socket.read(&mut [0; 1024]).await.unwrap();
                    socket.write_all(answer).await.unwrap();
                }
            });
            let (phase, said) = refused(Channel::builder(&format!("http://127.0.0.1:{port}"))).await;
            assert_eq!(phase, Phase::Connect);
            assert_says(&said, &[expected]);
            server.await.unwrap();
        });
    }
}

#[test]
fn a_server_with_tls_that_does_not_speak_http2() {
    for protocols in [&[][..], &[&b"http/1.1"[..]]] {
        one_thread(async {
            let site = Site::new();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let acceptor = TlsAcceptor::from(site.rustls_server(protocols));
            let server = tokio::spawn(async move {
                for _ in 0..2 {
                    let (socket, _) = listener.accept().await.unwrap();
                    let _ = acceptor.accept(socket).await;
                }
            });
            let channel = Channel::builder(&format!("https://localhost:{port}")).tls(site.anonymous());
            let (phase, said) = refused(channel).await;
            assert_eq!(phase, Phase::Handshake);
            assert_says(&said, &["ALPN", "h2", "HTTP/2"]);
            server.await.unwrap();
        });
    }
}

#[test]
fn a_client_with_tls_that_does_not_offer_http2() {
    for protocols in [&[][..], &[&b"http/1.1"[..]]] {
        one_thread(async {
            let (log, site) = (Log::of_this_thread(), Site::new());
            let (_serving, port) = secure_server(&site).await;
            let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let connector = TlsConnector::from(site.rustls_client(protocols));
            if let Ok(mut stream) = connector.connect("localhost".try_into().unwrap(), socket).await {
                // Told in HTTP/2, which a client that forgot ALPN may well speak.
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.unwrap();
                assert_says(&String::from_utf8_lossy(&answer), &["offer `h2`"]);
            }
            tasks_are(1).await;
            assert_says(&log.text(), &["WARN", "ALPN", "h2"]);
        });
    }
}
