//! New certificates while calls go on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gannet::{ClientTls, PeerIdentity, Request, ServerTls};
use gannet_e2e_tests::probe::{Ask, ProbeClient};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::certificates::{Authority, Pair, Site, of_client, of_server};
use crate::support::{Running, Script, answer, ask, on_tcp, paused, threads};
use crate::{assert_says, connect};

/// A certificate and its key in files.
struct Files(TempDir);

impl Files {
    fn new(pair: &Pair) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.put(pair);
        files
    }

    fn paths(&self) -> (PathBuf, PathBuf) {
        (self.0.path().join("cert.pem"), self.0.path().join("key.pem"))
    }

    fn put(&self, pair: &Pair) {
        let (certificate, key) = self.paths();
        std::fs::write(certificate, &pair.certificate).unwrap();
        std::fs::write(key, &pair.key).unwrap();
    }

    fn serves(&self) -> ServerTls {
        let (certificate, key) = self.paths();
        ServerTls::from_pem_files(certificate, key).unwrap()
    }
}

/// Clients that make calls, and converse on a stream, until they are told to stop; each gives the calls it has made.
struct Load {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    async fn start(port: u16, tls: &ClientTls) -> Self {
        let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut clients = Vec::new();
        for _ in 0..4 {
            let client = connect("localhost", port, tls.clone()).await;
            clients.push(tokio::spawn(Self::run(client, Arc::clone(&stop), Arc::clone(&calls))));
        }
        Self { stop, calls, clients }
    }

    async fn run(client: ProbeClient, stop: Arc<AtomicBool>, calls: Arc<AtomicUsize>) {
        let (mut requests, mut replies) = client.converse().open();
        while !stop.load(Ordering::Relaxed) {
            assert_eq!(client.unary(ask("unary")).await.unwrap().text, "unary");
            requests.send(ask("stream")).await.unwrap();
            assert_eq!(replies.next().await.unwrap().unwrap().text, "stream");
            calls.fetch_add(1, Ordering::Relaxed);
        }
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
    }

    /// Waits until every client has made more calls, on average.
    async fn goes_on(&self) {
        let before = self.calls.load(Ordering::Relaxed);
        while self.calls.load(Ordering::Relaxed) < before + 100 {
            tokio::task::yield_now().await;
        }
    }

    /// No call has failed, on the connections of the beginning.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

#[test]
fn under_load_connections_go_on_and_new_ones_get_the_new_certificate() {
    threads(async {
        let (old, new) = (Authority::new("old CA"), Authority::new("new CA"));
        let files = Files::new(&old.issue(&of_server()));
        let tls = files.serves();
        let (_serving, port) = on_tcp(Script::new().server().tls(tls.clone()), 0).await;
        let load = Load::start(port, &old.trusted()).await;
        load.goes_on().await;

        files.put(&new.issue(&of_server()));
        tls.reload().unwrap();
        load.goes_on().await;
        connect("localhost", port, new.trusted()).await.unary(ask("")).await.unwrap();
        let uri = format!("https://localhost:{port}");
        let of_old = gannet::Channel::builder(&uri).tls(old.trusted()).connect().await.unwrap_err();
        assert_says(&of_old.to_string(), &["issued by `CN=new CA`, which is not trusted"]);

        // What is bad is refused with the reason, and all stays as it was.
        std::fs::write(files.paths().0, "no certificate").unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert_says(&error, &["cert.pem"]);
        load.goes_on().await;
        connect("localhost", port, new.trusted()).await.unary(ask("")).await.unwrap();

        tls.replace(&old.issue(&of_server()).serves());
        load.goes_on().await;
        connect("localhost", port, old.trusted()).await.unary(ask("")).await.unwrap();
        load.end().await;
    });
}

#[test]
fn files_are_looked_at_while_the_server_serves_and_bad_ones_change_nothing() {
    paused(async {
        let (old, new) = (Authority::new("old CA"), Authority::new("new CA"));
        let files = Files::new(&old.issue(&of_server()));
        let running = Running::start(Script::new().server().tls(files.serves()));
        let connect = async |ca: &Authority| {
            let channel = running.channel().tls(ca.trusted().server_name("localhost"));
            channel.connect().await.map(ProbeClient::new)
        };
        let first = connect(&old).await.unwrap();
        files.put(&new.issue(&of_server()));
        tokio::time::sleep(Duration::from_secs(31)).await;
        connect(&new).await.unwrap().unary(ask("")).await.unwrap();
        assert!(connect(&old).await.is_err());
        std::fs::write(files.paths().1, "no key").unwrap();
        tokio::time::sleep(Duration::from_secs(31)).await;
        connect(&new).await.unwrap().unary(ask("")).await.unwrap();
        first.unary(ask("")).await.unwrap();
    });
}

#[test]
fn a_client_presents_its_new_certificate_on_new_connections() {
    threads(async {
        let site = Site::new();
        let script = Script::new().unary(|request: Request<Ask>| async move {
            Ok(answer(PeerIdentity::of(request.connection()).unwrap().serial()).into())
        });
        let issue = |serial: u64| {
            let mut params = of_client();
            params.serial_number = Some(serial.into());
            site.ca.issue(&params)
        };
        let files = Files::new(&issue(17));
        let (certificate, key) = files.paths();
        let tls = site.ca.trusted().identity_files(certificate, key).unwrap();
        let (_serving, port) = on_tcp(script.server().tls(site.mutual_server()), 0).await;
        let first = connect("localhost", port, tls.clone()).await;
        assert_eq!(first.unary(ask("")).await.unwrap().text, "11");
        files.put(&issue(18));
        tls.reload().unwrap();
        let second = connect("localhost", port, tls.clone()).await;
        assert_eq!(second.unary(ask("")).await.unwrap().text, "12");
        assert_eq!(first.unary(ask("")).await.unwrap().text, "11");
    });
}
