//! What the servers of the tour log, so that a chapter can show it.
//!
//! Only warnings and errors: what an operator would look for.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;

/// The lines that no chapter has shown yet.
static LINES: LazyLock<watch::Sender<Vec<String>>> = LazyLock::new(watch::Sender::default);

/// The server's line comes about when the client sees its error, before or after; never much later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes what is logged from now on, in this process.
pub(super) fn keep() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(|| Line)
        .with_ansi(false)
        .with_level(false)
        .with_target(false)
        .without_time()
        .finish();
    // Somebody else's, in a test, keeps it.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Forgets what was logged before.
pub(super) fn forget() {
    LINES.send_modify(Vec::clear);
}

/// Waits for a line with these words in it.
pub(super) async fn says(words: &str) -> Result<String, String> {
    let mut lines = LINES.subscribe();
    let found = lines.wait_for(|lines| lines.iter().any(|line| line.contains(words)));
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(Ok(lines)) => Ok(lines.iter().find(|line| line.contains(words)).cloned().unwrap_or_default()),
        _ => Err(format!("the server's log does not say {words:?}")),
    }
}

/// One event, as the subscriber writes it.
struct Line;

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).trim().to_owned();
        LINES.send_modify(|lines| lines.push(line));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
