//! Servers that can be reached and are none: when the channel gives up, and what it says.

use std::time::Duration;

use gannet::{Channel, ChannelBuilder, Phase, memory};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::assert_says;
use crate::certificates::Site;
use crate::support::paused;

/// What `connect` says of a server that sends `bytes` and then nothing.
async fn of_silence(channel: impl FnOnce(ChannelBuilder) -> ChannelBuilder, bytes: &[u8]) -> (Phase, String) {
    let (connector, mut listener) = memory();
    let started = Instant::now();
    let connecting = tokio::spawn(channel(Channel::in_memory(connector)).connect());
    let mut accepted = gannet::Listener::accept(&mut listener).await.unwrap();
    accepted.io.write_all(bytes).await.unwrap();
    let error = connecting.await.unwrap().unwrap_err();
    assert!(started.elapsed().as_secs() <= 20, "{:?}", started.elapsed());
    (error.phase(), error.to_string())
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    paused(async {
        // The beginning of a SETTINGS frame is none.
        for bytes in [&b""[..], &[0, 0, 0, 4]] {
            let (phase, said) = of_silence(|channel| channel, bytes).await;
            assert_eq!(phase, Phase::Connect);
            assert_says(&said, &["the server sent no SETTINGS in time", "use https://"]);
        }
    });
}

#[test]
fn a_server_that_says_nothing_of_tls_has_twenty_seconds() {
    paused(async {
        let site = Site::new();
        // The beginning of a record is none.
        for bytes in [&b""[..], &[22, 3, 3, 0, 122]] {
            let (phase, said) = of_silence(|channel| channel.tls(site.anonymous()), bytes).await;
            assert_eq!(phase, Phase::Handshake);
            assert_says(&said, &["did not finish the handshake within 20.0s", "use http://"]);
        }
    });
}

#[test]
fn a_server_that_says_nothing_within_tls_is_given_up() {
    paused(async {
        let site = Site::new();
        let (connector, mut listener) = memory();
        let channel = Channel::in_memory(connector).tls(site.anonymous().server_name("localhost"));
        let connecting = tokio::spawn(channel.connect());
        let accepted = gannet::Listener::accept(&mut listener).await.unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(site.rustls_server(&[b"h2"]));
        let stream = acceptor.accept(accepted.io).await.unwrap();
        let error = connecting.await.unwrap().unwrap_err();
        assert_eq!(error.phase(), Phase::Connect);
        assert_says(&error.to_string(), &["the server sent no SETTINGS in time", "may not speak HTTP/2"]);
        drop(stream);
    });
}

#[test]
fn a_call_with_a_deadline_does_not_wait_so_long() {
    paused(async {
        let (connector, listener) = memory();
        let channel = Channel::in_memory(connector).tls(Site::new().anonymous()).lazy().unwrap();
        let client = gannet_e2e_tests::probe::ProbeClient::new(channel);
        let started = Instant::now();
        let call = client.unary(crate::support::ask("")).timeout(Duration::from_secs(3));
        assert_eq!(call.await.unwrap_err().code(), gannet::Code::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 3);
        drop(listener);
    });
}
