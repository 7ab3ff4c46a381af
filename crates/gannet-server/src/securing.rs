//! What happens to an accepted connection before its first byte of HTTP/2: TLS, where the server has it.
//!
//! Not here: TLS itself (`gannet_transport::tls`), the accept loop (`server`).

#[cfg(feature = "tls")]
use std::collections::HashMap;
#[cfg(feature = "tls")]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "tls")]
use gannet_transport::tls::{HandshakeError, HandshakeErrorKind, ServerTls};
use gannet_transport::{Accepted, Error};
use tokio::sync::watch;

#[cfg(feature = "tls")]
use crate::log_budget::LogBudget;

/// How a server secures its connections: by TLS or not at all. Clones share what they know of the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Securing {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<ServerTls>,
    #[cfg(feature = "tls")]
    failures: Arc<Failures>,
}

#[cfg(feature = "tls")]
impl Securing {
    /// Finds what is wrong with the settings before the first connection does, and watches their files from now on.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        self.tls.as_ref().map_or(Ok(()), ServerTls::reload)
    }

    /// Whether securing a connection takes a client's cooperation.
    pub(crate) fn needs_handshake(&self) -> bool {
        self.tls.is_some()
    }

    /// Secures a connection; `None` if that failed, which has been logged, or if the server drains meanwhile.
    pub(crate) async fn secure(
        &self,
        accepted: Accepted,
        draining: &mut watch::Receiver<bool>,
    ) -> Option<Accepted> {
        let Some(tls) = &self.tls else { return Some(accepted) };
        let secured = tokio::select! {
            secured = tls.accept(accepted) => secured,
            // A client that is not through with its handshake has no call yet.
            _ = draining.wait_for(|draining| *draining) => return None,
        };
        secured.map_err(|error| self.failures.log(&error)).ok()
    }
}

#[cfg(not(feature = "tls"))]
impl Securing {
    /// Without TLS there is nothing to prepare.
    #[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Without TLS, connections are served as they are.
    pub(crate) fn needs_handshake(&self) -> bool {
        false
    }

    /// Without TLS, connections are served as they are.
    #[allow(clippy::unused_async, reason = "with TLS it takes time")]
    pub(crate) async fn secure(&self, accepted: Accepted, _: &mut watch::Receiver<bool>) -> Option<Accepted> {
        Some(accepted)
    }
}

/// Handshakes that failed: each is logged, as long as there are not many.
#[cfg(feature = "tls")]
#[derive(Debug, Default)]
struct Failures(Mutex<HashMap<HandshakeErrorKind, LogBudget>>);

#[cfg(feature = "tls")]
impl Failures {
    fn log(&self, error: &HandshakeError) {
        use HandshakeErrorKind as Kind;
        if error.kind() == Kind::ClosedAtOnce {
            // Port scans, and health checks that only connect.
            tracing::debug!("{error}");
            return;
        }
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaid = budgets.entry(error.kind()).or_default().spend(gannet_transport::now());
        drop(budgets);
        let Some(unsaid) = unsaid else {
            tracing::debug!("{error}");
            return;
        };
        let more =
            if unsaid == 0 { String::new() } else { format!(" (and {unsaid} more like it before this)") };
        match error.kind() {
            Kind::Configuration => tracing::error!("{error}{more}"),
            // The network, or the client's own business.
            Kind::Closed | Kind::Io | Kind::TimedOut => tracing::info!("{error}{more}"),
            _ => tracing::warn!("{error}{more}"),
        }
    }
}
