//! What happens to an accepted connection before its first byte of HTTP/2: TLS, where the server has it.
//!
//! Not here: TLS itself (`gannet_transport::tls`), the accept loop (`server`).

use gannet_transport::Accepted;
#[cfg(feature = "tls")]
use gannet_transport::tls::{HandshakeError, HandshakeErrorKind, ServerTls};
use tokio::sync::watch;

/// How a server secures its connections: by TLS or not at all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Securing {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<ServerTls>,
}

impl Securing {
    /// Secures a connection; `None` if that failed, which has been logged, or if the server drains meanwhile.
    #[cfg(feature = "tls")]
    pub(crate) async fn secure(
        &self,
        accepted: Accepted,
        mut draining: watch::Receiver<bool>,
    ) -> Option<Accepted> {
        let Some(tls) = &self.tls else { return Some(accepted) };
        let secured = tokio::select! {
            secured = tls.accept(accepted) => secured,
            // A client that is not through with its handshake has no call yet.
            _ = draining.wait_for(|draining| *draining) => return None,
        };
        secured.map_err(|error| log(&error)).ok()
    }

    /// Without TLS, connections are served as they are.
    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_async, reason = "with TLS it takes time")]
    pub(crate) async fn secure(&self, accepted: Accepted, _: watch::Receiver<bool>) -> Option<Accepted> {
        Some(accepted)
    }
}

/// Logs why a handshake failed. What anyone can cause by the thousand does not fill the log.
#[cfg(feature = "tls")]
fn log(error: &HandshakeError) {
    match error.kind() {
        HandshakeErrorKind::ClosedAtOnce | HandshakeErrorKind::Closed | HandshakeErrorKind::Io => {
            tracing::debug!("{error}");
        }
        HandshakeErrorKind::Evicted | HandshakeErrorKind::TimedOut => unfinished::log(error),
        HandshakeErrorKind::Configuration => tracing::error!("{error}"),
        _ => tracing::warn!("{error}"),
    }
}

/// Handshakes that clients do not finish: one line a second at most, with a count.
#[cfg(feature = "tls")]
mod unfinished {
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use gannet_transport::now;
    use gannet_transport::tls::HandshakeError;

    const EVERY: Duration = Duration::from_secs(1);

    /// When the last line was logged, and how many errors have come since.
    static LAST: Mutex<(Option<Instant>, u64)> = Mutex::new((None, 0));

    pub(super) fn log(error: &HandshakeError) {
        let now = now();
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, unsaid) = &mut *last;
        if at.is_some_and(|at| now.saturating_duration_since(at) < EVERY) {
            *unsaid += 1;
            return;
        }
        *at = Some(now);
        let unsaid = std::mem::take(unsaid);
        drop(last);
        tracing::warn!(others = unsaid, "{error}");
    }
}
