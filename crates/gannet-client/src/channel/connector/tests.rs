//! Attempts over several addresses. What one address can do is tested from end to end (`gannet-e2e-tests`, `tls`).

use gannet_transport::{Listener, MemoryListener, memory};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use super::*;
use crate::Channel;
use crate::channel::resolver::Resolved;

/// The addresses of a name.
struct Given(Vec<Address>);

impl Resolver for Given {
    fn resolve(&self) -> Resolved<'_> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// An address with a peer that sends `bytes` and then nothing; and its end.
fn sends(bytes: &'static [u8]) -> (Address, JoinHandle<()>) {
    let (address, mut listener) = listening();
    let peer = tokio::spawn(async move {
        let mut accepted = listener.accept().await.unwrap();
        accepted.io.write_all(bytes).await.unwrap();
        std::future::pending::<()>().await;
    });
    (address, peer)
}

fn listening() -> (Address, MemoryListener) {
    let (connector, listener) = memory();
    (Address::Memory(connector), listener)
}

/// An address at which nobody listens.
fn deserted() -> Address {
    listening().0
}

/// An address with a peer that closes each connection.
fn closes() -> Address {
    let (address, mut listener) = listening();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    address
}

async fn open(addresses: Vec<Address>) -> Result<Opened, Error> {
    let settings = Channel::builder("http://test:1").settings;
    Connector::new(Arc::new(Given(addresses)), Arc::new(settings)).open(&Weak::new()).await
}

#[tokio::test(start_paused = true)]
async fn the_first_address_at_which_there_is_a_server_is_taken() {
    let (server, _peer) = sends(SETTINGS);
    let (never_tried, mut untouched) = listening();
    open(vec![deserted(), closes(), server, never_tried]).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), untouched.accept()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_answer_leaves_time_to_the_others() {
    let started = Instant::now();
    let ((silent, _one), (server, _other)) = (sends(b""), sends(SETTINGS));
    open(vec![silent, server]).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), CONNECT_TIMEOUT.as_secs() / 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_in_its_time_and_says_what_happened_at_each_address() {
    let started = Instant::now();
    let silent = [sends(b""), sends(b""), sends(b"")];
    let mut addresses = vec![deserted(), closes()];
    addresses.extend(silent.iter().map(|(address, _)| address.clone()));
    let error = open(addresses).await.err().unwrap();
    assert!(started.elapsed() <= CONNECT_TIMEOUT, "{:?}", started.elapsed());
    assert_eq!(error.phase(), Phase::Connect);
    let error = error.to_string();
    for said in
        ["cannot connect to `http://test:1`", "listener is gone", "closed the connection", "no SETTINGS"]
    {
        assert!(error.contains(said), "no `{said}` in: {error}");
    }
    assert_eq!(error.matches("in-memory: ").count(), 5, "{error}");
}
