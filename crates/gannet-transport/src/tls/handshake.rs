//! What the handshakes of both sides share: how many a server has under way, and what one agreed on.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use gannet_core::TlsInfo;
use rustls::{CommonState, HandshakeKind};
use tokio::sync::Notify;

/// What was agreed on.
pub(super) fn agreed(connection: &CommonState) -> TlsInfo {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    };
    // rustls puts the version into the names of the suites of TLS 1.3; the registry does not.
    let suite = connection
        .negotiated_cipher_suite()
        .map_or_else(String::new, |suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1));
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let info = TlsInfo::new(version, suite).with_resumed(resumed);
    match connection.alpn_protocol() {
        Some(protocol) => info.with_alpn(String::from_utf8_lossy(protocol)),
        None => info,
    }
}

/// The error of rustls in one of tokio-rustls.
pub(super) fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The handshakes a server has under way. When there are too many, the oldest makes room: a client in earnest is through
/// in milliseconds, and who holds handshakes open holds none but its own.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    next: u64,
    evict: BTreeMap<u64, Arc<Notify>>,
}

/// One of them, until it is dropped.
pub(super) struct Slot<'a> {
    of: &'a Handshakes,
    number: u64,
    evict: Arc<Notify>,
}

impl Handshakes {
    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one; at most `most` are under way then.
    pub(super) fn begin(&self, most: usize) -> Slot<'_> {
        let evict = Arc::new(Notify::new());
        let mut under_way = self.under_way();
        while under_way.evict.len() >= most.max(1)
            && let Some((_, oldest)) = under_way.evict.pop_first()
        {
            oldest.notify_one();
        }
        let number = under_way.next;
        under_way.next += 1;
        under_way.evict.insert(number, Arc::clone(&evict));
        Slot { of: self, number, evict }
    }
}

impl Slot<'_> {
    /// Goes on with the handshake until it has to make room: then there is no result.
    pub(super) async fn unless_evicted<F: Future>(&self, handshake: F) -> Option<F::Output> {
        let mut handshake = pin!(handshake);
        let mut evicted = pin!(self.evict.notified());
        poll_fn(|context| {
            if let Poll::Ready(result) = handshake.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            evicted.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.of.under_way().evict.remove(&self.number);
    }
}
