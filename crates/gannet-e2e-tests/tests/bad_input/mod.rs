//! What the tests of bad input share: peers, requests as a peer writes them, and the log.
//!
//! Not here: what is the server's tests' own, or the clients' (`main.rs` of each).

use std::io;
use std::sync::{Arc, Mutex};

use gannet_testing::ScriptedPeer;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::subscriber::DefaultGuard;

/// The method that takes one message and gives one.
pub(crate) const UNARY: &str = "/probe.Probe/Unary";

/// The method that takes many messages and gives one.
pub(crate) const COLLECT: &str = "/probe.Probe/Collect";

/// The method that takes one message and gives many.
pub(crate) const EXPAND: &str = "/probe.Probe/Expand";

/// The method that takes many messages and gives many.
pub(crate) const CONVERSE: &str = "/probe.Probe/Converse";

/// `Ask { text: "x" }`, and `Answer { text: "x" }` too.
pub(crate) const X: &[u8] = b"\x0a\x01x";

/// Anything that carries bytes.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(crate) type Peer = ScriptedPeer<Box<dyn Wire>>;

/// The head of a request of `path`, with `name` set to `value`, or left out.
pub(crate) fn head_with(path: &str, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let usual = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ];
    let mut fields: Vec<_> = usual
        .iter()
        .filter(|(usual, _)| *usual != name)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    if let Some(value) = value {
        // Pseudo-fields come first (RFC 9113 §8.3).
        let place = if name.starts_with(':') { 0 } else { fields.len() };
        fields.insert(place, (name.to_owned(), value.to_owned()));
    }
    fields
}

/// What this thread logs.
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Line(Arc<Mutex<Vec<u8>>>);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Begins to gather what is logged at `INFO` and above.
    pub(crate) fn of_this_thread() -> Self {
        let lines = Arc::default();
        let writer = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || Line(Arc::clone(&writer)))
            .finish();
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// All lines so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }
}
