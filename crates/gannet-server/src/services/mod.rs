//! The services that a server can have without code of the application's: reflection and health, each behind a feature.
//!
//! Here they are put together with the server: what they must know of it, and when. Not here: what they answer
//! (`gannet-services`).

#[cfg(feature = "health")]
mod health;
#[cfg(feature = "reflection")]
mod reflection;

use std::future::Future;
use std::time::Duration;

use crate::router::Router;

/// Those that a server was given before it serves.
#[derive(Debug, Default)]
pub(crate) struct StandardServices {
    #[cfg(feature = "health")]
    health: Option<health::SharedHealth>,
    #[cfg(feature = "reflection")]
    reflection: Option<reflection::Prepared>,
}

impl StandardServices {
    /// The server starts, and has all services that it will have.
    #[cfg_attr(
        not(any(feature = "health", feature = "reflection")),
        allow(unused_variables, clippy::unused_self, reason = "nobody is told")
    )]
    pub(crate) fn start(self, router: &Router) -> ServerEnd {
        #[cfg(feature = "reflection")]
        if let Some(reflection) = self.reflection {
            reflection.start(router.services());
        }
        #[cfg(feature = "health")]
        if let Some(health) = &self.health {
            health.reporter().register(router.services().iter().map(|service| service.name).chain([""]));
        }
        ServerEnd {
            #[cfg(feature = "health")]
            health: self.health,
        }
    }
}

/// Who has to be told that the server ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerEnd {
    #[cfg(feature = "health")]
    health: Option<health::SharedHealth>,
}

impl ServerEnd {
    /// Waits for `shutdown`, says that nothing is served any more, and gives those who hear it `notice` to act on it.
    pub(crate) async fn announced(self, shutdown: impl Future<Output = ()>, notice: Duration) {
        shutdown.await;
        #[cfg(feature = "health")]
        if let Some(health) = &self.health {
            health.reporter().shutdown();
        }
        if !notice.is_zero() {
            tracing::info!(?notice, "shutting down; still serving until load balancers have noticed");
            tokio::time::sleep(notice).await;
        }
    }

    /// Ends the streams of these services that would go on for as long as their clients like.
    #[cfg_attr(not(feature = "health"), allow(clippy::unused_self, reason = "there are no such streams"))]
    pub(crate) fn end_streams(&self) {
        #[cfg(feature = "health")]
        if let Some(health) = &self.health {
            health.end_watches();
        }
    }
}
