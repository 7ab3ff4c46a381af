//! Calls in good faith: all shapes, over all that carries bytes, and who the peer is.

use gannet::tls::TlsVersions;
use gannet::{Call, Channel, Code, ConnectionInfo, Interceptor, Next, PeerIdentity, Phase, Request, Status};
use gannet_e2e_tests::probe::{Ask, ProbeClient};
use gannet_testing::ScriptedPeer;
use rcgen::CertificateParams;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::bad_input::Log;
use crate::certificates::{Site, dns, of_client, of_server};
use crate::support::{Running, Script, Serving, answer, ask, on_tcp, one_thread, paused, tasks_are, threads};
use crate::{assert_says, connect};

/// What a handler knows of its connection.
fn known(connection: Option<&ConnectionInfo>) -> String {
    let Some(tls) = connection.and_then(ConnectionInfo::tls) else { return "plaintext".to_owned() };
    assert!(connection.is_some_and(ConnectionInfo::is_secure));
    let who = PeerIdentity::of(connection).map_or("nobody", PeerIdentity::subject);
    format!(
        "{who} over {} {} to {}",
        tls.version(),
        tls.alpn().unwrap_or("?"),
        tls.server_name().unwrap_or("?")
    )
}

/// A service whose handlers say what they know of the connection.
fn tells_who() -> Script {
    Script::new()
        .unary(|request| async move { Ok(answer(&known(request.connection())).into()) })
        .collect(|mut requests| async move {
            while requests.next().await?.is_some() {}
            Ok(answer(&known(requests.connection())).into())
        })
        .expand(|request, mut replies| async move {
            for _ in 0..request.count {
                replies.send(answer(&known(request.connection()))).await?;
            }
            Ok(())
        })
        .converse(|mut requests, mut replies| async move {
            while requests.next().await?.is_some() {
                replies.send(answer(&known(requests.connection()))).await?;
            }
            Ok(())
        })
}

/// Makes a call of each shape, each with a few messages where the shape has them, to a server that says who calls.
async fn assert_known(client: &ProbeClient, expected: &str) {
    assert_eq!(client.unary(ask("")).await.unwrap().text, expected);
    let (mut requests, reply) = client.collect().open();
    for _ in 0..3 {
        requests.send(ask("")).await.unwrap();
    }
    requests.finish();
    assert_eq!(reply.await.unwrap().text, expected);
    let mut replies = client.expand(Ask { count: 3, ..Ask::default() }).open();
    for _ in 0..3 {
        assert_eq!(replies.next().await.unwrap().unwrap().text, expected);
    }
    assert_eq!(replies.next().await.unwrap(), None);
    let (mut requests, mut replies) = client.converse().open();
    for _ in 0..3 {
        requests.send(ask("")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, expected);
    }
    requests.finish();
    assert_eq!(replies.next().await.unwrap(), None);
}

#[test]
fn calls_of_all_shapes_go_over_tls_to_names_and_addresses() {
    threads(async {
        let site = Site::new();
        let (_serving, port) = on_tcp(tells_who().server().tls(site.server()), 0).await;
        let client = connect("localhost", port, site.anonymous()).await;
        assert_known(&client, "nobody over TLSv1.3 h2 to localhost").await;
        // An address is no name that a client could ask for (RFC 6066 section 3).
        let client = connect("127.0.0.1", port, site.anonymous()).await;
        assert_known(&client, "nobody over TLSv1.3 h2 to ?").await;
    });
}

#[test]
fn with_mutual_tls_the_verified_client_is_known_to_handlers_of_all_shapes() {
    threads(async {
        let site = Site::new();
        let (_serving, port) = on_tcp(tells_who().server().tls(site.mutual_server()), 0).await;
        let client = connect("localhost", port, site.client()).await;
        assert_known(&client, "CN=test client over TLSv1.3 h2 to localhost").await;
        let client = connect("localhost", port, site.client().versions(TlsVersions::Tls12Only)).await;
        assert_known(&client, "CN=test client over TLSv1.2 h2 to localhost").await;
    });
}

#[test]
fn a_server_that_asks_for_certificates_without_requiring_them_takes_both_kinds_of_clients() {
    threads(async {
        let site = Site::new();
        let tls = site.server().request_client_ca(&site.ca.pem).unwrap();
        let (_serving, port) = on_tcp(tells_who().server().tls(tls), 0).await;
        let client = connect("localhost", port, site.anonymous()).await;
        assert_eq!(client.unary(ask("")).await.unwrap().text, "nobody over TLSv1.3 h2 to localhost");
        let client = connect("localhost", port, site.client()).await;
        assert_eq!(client.unary(ask("")).await.unwrap().text, "CN=test client over TLSv1.3 h2 to localhost");
    });
}

/// Lets clients through whose certificate says that they are readers.
struct ReadersOnly;

impl Interceptor for ReadersOnly {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        match PeerIdentity::of(call.connection()).and_then(PeerIdentity::spiffe_id) {
            Some(id) if id.path() == "/reader" => next.run(call).await,
            _ => Err(Status::permission_denied("readers only")),
        }
    }
}

#[test]
fn interceptors_know_the_client_before_its_call_reaches_a_handler() {
    threads(async {
        let site = Site::new();
        let server = Script::new().server().tls(site.mutual_server());
        let (_serving, port) = on_tcp(server.intercept(ReadersOnly), 0).await;
        let client = connect("localhost", port, site.client()).await;
        assert_eq!(client.unary(ask("let in")).await.unwrap().text, "let in");
        let mut params = of_client();
        params.subject_alt_names = vec![dns("writer.test")];
        let writer = site.ca.issue(&params);
        let writer = site.ca.trusted().identity(&writer.certificate, &writer.key).unwrap();
        let status = connect("localhost", port, writer).await.unary(ask("")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "readers only"));
    });
}

#[test]
fn a_client_that_comes_back_goes_on_with_its_session_and_is_known_all_the_same() {
    one_thread(async {
        let site = Site::new();
        let script = Script::new().unary(|request: Request<Ask>| async move {
            let resumed = request.connection().and_then(ConnectionInfo::tls).unwrap().is_resumed();
            let who = PeerIdentity::of(request.connection()).unwrap().subject().to_owned();
            Ok(answer(&format!("{who} {resumed}")).into())
        });
        let (_serving, port) = on_tcp(script.server().tls(site.mutual_server()), 0).await;
        let tls = site.client();
        let client = connect("localhost", port, tls.clone()).await;
        assert_eq!(client.unary(ask("")).await.unwrap().text, "CN=test client false");
        let client = connect("localhost", port, tls).await;
        assert_eq!(client.unary(ask("")).await.unwrap().text, "CN=test client true");
    });
}

#[test]
fn tls_goes_over_memory() {
    paused(async {
        let site = Site::new();
        let running = Running::start(tells_who().server().tls(site.mutual_server()));
        let channel = running.channel().tls(site.client().server_name("localhost"));
        let client = ProbeClient::new(channel.connect().await.unwrap());
        assert_known(&client, "CN=test client over TLSv1.3 h2 to localhost").await;
    });
}

#[test]
fn tls_goes_over_unix_sockets() {
    threads(async {
        let folder = tempfile::tempdir().unwrap();
        let target = format!("unix:{}", folder.path().join("socket").display());
        let site = Site::new();
        let bound = tells_who().server().tls(site.mutual_server()).bind(&target).await.unwrap();
        let _serving = Serving::on(bound);
        let channel = Channel::builder(&target).tls(site.client());
        let client = ProbeClient::new(channel.connect().await.unwrap());
        assert_known(&client, "CN=test client over TLSv1.3 h2 to localhost").await;
    });
}

#[test]
fn tls_goes_over_a_stream_of_the_users() {
    one_thread(async {
        let site = Site::new();
        let (ours, theirs) = tokio::io::duplex(700);
        let serving = tokio::spawn(tells_who().server().tls(site.server()).serve_connection(theirs));
        let pipe = std::sync::Mutex::new(Some(ours));
        let connect = move || {
            std::future::ready(pipe.lock().unwrap().take().ok_or(std::io::ErrorKind::NotFound.into()))
        };
        let channel = Channel::over("localhost:50051", connect).tls(site.anonymous());
        let client = ProbeClient::new(channel.connect().await.unwrap());
        assert_known(&client, "nobody over TLSv1.3 h2 to localhost").await;
        drop(client);
        serving.await.unwrap();
    });
}

/// A payload that is no repetition, so that a piece out of place shows.
fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes as u64).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

#[test]
fn large_messages_and_many_small_ones_go_over_tls_in_both_directions_at_once() {
    const LARGE: usize = 5 * 1024 * 1024;
    threads(async {
        let site = Site::new();
        let server = Script::new().server().max_receive_message_size(2 * LARGE).tls(site.server());
        let (_serving, port) = on_tcp(server, 0).await;
        let channel = Channel::builder(&format!("https://localhost:{port}"))
            .tls(site.anonymous())
            .max_receive_message_size(2 * LARGE);
        let client = ProbeClient::new(channel.connect().await.unwrap());
        let bytes = bytes::Bytes::from(payload(LARGE));
        let unary = client.unary(Ask { payload: bytes.clone(), ..Ask::default() });
        let (mut requests, mut replies) = client.converse().open();
        let sending = async {
            for count in 0..200 {
                // Of a size below and above that of a record of TLS, and some that are sent without a copy.
                let payload = bytes.slice(..=count as usize * 997);
                requests.send(Ask { payload, count, ..Ask::default() }).await.unwrap();
            }
            requests.finish();
        };
        let receiving = async {
            for count in 0..200 {
                let reply = replies.next().await.unwrap().unwrap();
                assert_eq!(reply.count, count);
                assert!(reply.payload == bytes[..=count as usize * 997], "message {count} came otherwise");
            }
            assert_eq!(replies.next().await.unwrap(), None);
        };
        let (unary, (), ()) = tokio::join!(unary.into_future(), sending, receiving);
        assert!(unary.unwrap().payload == bytes, "the large message came otherwise");
    });
}

/// Parameters with so many names more.
fn with_names(mut params: CertificateParams, names: usize) -> CertificateParams {
    params.subject_alt_names.extend((0..names).map(|name| dns(&format!("n{name}.a-long-domain-name.test"))));
    params
}

#[test]
fn large_certificates_are_taken_on_both_sides() {
    threads(async {
        let site = Site::new();
        let server = site.ca.issue(&with_names(of_server(), 1_500));
        assert!(server.certificate.len() > 40_000);
        let tls = server.serves().require_client_ca(&site.ca.pem).unwrap();
        let (_serving, port) = on_tcp(tells_who().server().tls(tls), 0).await;
        let pair = site.ca.issue(&with_names(of_client(), 1_500));
        let tls = site.anonymous().identity(&pair.certificate, &pair.key).unwrap();
        let client = connect("localhost", port, tls).await;
        let who = client.unary(ask("")).await.unwrap().text.clone();
        assert_eq!(who, "CN=test client over TLSv1.3 h2 to localhost");
    });
}

#[test]
fn certificates_larger_than_any_peer_takes_are_refused_early_and_do_no_harm_when_a_peer_sends_them() {
    one_thread(async {
        let (log, site) = (Log::of_this_thread(), Site::new());
        let huge = site.ca.issue(&with_names(of_client(), 20_000));
        let error = site.anonymous().identity(&huge.certificate, &huge.key).unwrap_err();
        assert!(error.to_string().contains("bytes at most"), "{error}");

        let (_serving, port) = on_tcp(Script::new().server().tls(site.mutual_server()), 0).await;
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let connector = TlsConnector::from(site.rustls_client_with(&huge));
        let connected = connector.connect("localhost".try_into().unwrap(), socket).await;
        // With TLS 1.3 the client learns of it with its first read.
        if let Ok(mut stream) = connected {
            assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
        }
        tasks_are(1).await;
        assert_says(&log.text(), &["WARN", "the client broke the rules of TLS"]);
        connect("localhost", port, site.client()).await.unary(ask("")).await.unwrap();
    });
}

#[test]
fn requests_say_that_their_scheme_is_https_and_name_the_authority_of_the_uri() {
    one_thread(async {
        let site = Site::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authorities = [None, Some("elsewhere.test")];
        for authority in authorities {
            // The name that is verified stays that of the URI: the certificate is not for the other.
            let mut channel = Channel::builder(&format!("https://localhost:{port}")).tls(site.anonymous());
            if let Some(authority) = authority {
                channel = channel.authority(authority);
            }
            let client = ProbeClient::new(channel.lazy().unwrap());
            let call = tokio::spawn(client.unary(ask("")).into_future());
            let (socket, _) = listener.accept().await.unwrap();
            let stream = TlsAcceptor::from(site.rustls_server(&[b"h2"])).accept(socket).await.unwrap();
            let mut server = ScriptedPeer::server(stream);
            server.handshake().await.unwrap();
            let request = server.expect_request().await.unwrap();
            assert_eq!(request.fields.get(":scheme"), Some("https"));
            let expected = authority.map_or_else(|| format!("localhost:{port}"), ToOwned::to_owned);
            assert_eq!(request.fields.get(":authority"), Some(&*expected));
            call.abort();
        }
    });
}

#[test]
fn the_drain_lets_calls_over_tls_end_and_closes_their_connections_as_tls_says() {
    one_thread(async {
        let site = Site::new();
        let (begun, mut beginnings) = crate::support::signals();
        let (go_on, waiting) = tokio::sync::watch::channel(false);
        let script = Script::new().unary(move |request: Request<Ask>| {
            let (begun, mut waiting) = (begun.clone(), waiting.clone());
            async move {
                begun.send(()).unwrap();
                waiting.wait_for(|go_on| *go_on).await.unwrap();
                Ok(answer(&request.text).into())
            }
        });
        let (mut serving, port) = on_tcp(script.server().tls(site.server()), 0).await;
        let client = connect("localhost", port, site.anonymous()).await;
        let call = tokio::spawn(client.unary(ask("last")).into_future());
        beginnings.recv().await.unwrap();
        // Another client, which sees the bytes, and has no call.
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let connector = TlsConnector::from(site.rustls_client(&[b"h2"]));
        let stream = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap();
        let mut idle = ScriptedPeer::client(stream);
        idle.handshake().await.unwrap();
        serving.shut_down();
        let ended = idle.expect_go_away().await.unwrap();
        assert_eq!(ended.code, gannet_testing::ErrorCode::NoError);
        idle.expect_alive().await.unwrap();
        idle.expect_go_away().await.unwrap();
        // Without the alert `close_notify` this would be an error: the bytes might have been cut off.
        let mut rest = Vec::new();
        idle.into_inner().read_to_end(&mut rest).await.unwrap();
        go_on.send(true).unwrap();
        assert_eq!(call.await.unwrap().unwrap().text, "last");
        serving.ended().await;
    });
}

#[test]
fn a_client_that_leaves_closes_its_connection_as_tls_says() {
    one_thread(async {
        let site = Site::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let channel = Channel::builder(&format!("https://localhost:{port}")).tls(site.anonymous());
        let connecting = tokio::spawn(channel.connect());
        let (socket, _) = listener.accept().await.unwrap();
        let stream = TlsAcceptor::from(site.rustls_server(&[b"h2"])).accept(socket).await.unwrap();
        let mut server = ScriptedPeer::server(stream);
        server.handshake().await.unwrap();
        drop(connecting.await.unwrap().unwrap());
        server.into_inner().read_to_end(&mut Vec::new()).await.unwrap();
        tasks_are(0).await;
    });
}

#[test]
fn settings_that_contradict_each_other_are_refused_with_what_to_change() {
    let site = Site::new();
    let error = Channel::builder("http://localhost:1").tls(site.anonymous()).lazy().unwrap_err();
    assert_eq!(error.phase(), Phase::Configure);
    let message = error.to_string();
    assert!(message.contains("http:// means plaintext") && message.contains("https://"), "{message}");
    let secure = Channel::builder("localhost:1").tls(site.anonymous()).lazy().unwrap();
    assert!(secure.is_secure());
    assert!(Channel::lazy("https://localhost").unwrap().is_secure());
    assert!(!Channel::lazy("localhost:1").unwrap().is_secure());
}
