//! The health service of a server: its methods, and the settings that add it.

use std::sync::Arc;

use gannet_core::{Request, Response, Status};
use gannet_services::Buffa;
use gannet_services::health::{
    HEALTH_SERVICE, Health, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
    HealthReporter,
};

use crate::replies::Replies;
use crate::server::Server;
use crate::service::{Handle, Methods, ServiceMethods};

/// What the methods and the server's end share.
pub(super) type SharedHealth = Arc<Health>;

impl Server {
    /// Adds the health service, `grpc.health.v1.Health`. Every service of the server is SERVING, and so is the server as a
    /// whole, until it is told to shut down.
    ///
    /// When [`Server::serve_with_shutdown`] is told, all become NOT_SERVING before anything else happens; the streams of
    /// those who watch end with that, so that they do not hold up the drain. [`Server::drain_notice`] leaves time in
    /// between.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gannet_server::Server;
    ///
    /// let server = Server::new().health().drain_notice(Duration::from_secs(5));
    /// ```
    ///
    /// # Panics
    ///
    /// If the server has a service of that name.
    pub fn health(self) -> Self {
        self.health_with(HealthReporter::new())
    }

    /// Adds the health service as [`Server::health`] does, with a reporter by which the application says how each of its
    /// services is.
    ///
    /// Services that have no status when the server starts become SERVING then. A reporter may be shared by several
    /// servers; the first that shuts down makes all that it reports NOT_SERVING.
    ///
    /// ```
    /// use gannet_server::{HealthReporter, Server};
    ///
    /// let health = HealthReporter::new();
    /// health.set_not_serving("helloworld.Greeter");
    /// let server = Server::new().health_with(health.clone());
    /// // Later, from any task: health.set_serving("helloworld.Greeter");
    /// ```
    ///
    /// # Panics
    ///
    /// If the server has a service of that name.
    pub fn health_with(mut self, reporter: HealthReporter) -> Self {
        let health = Arc::new(Health::new(reporter));
        self.router.add(methods(&health));
        self.standard.health = Some(health);
        self
    }
}

fn methods(health: &SharedHealth) -> ServiceMethods {
    // By the place of each method in the proto.
    Methods::new(&HEALTH_SERVICE, Arc::clone(health))
        .unary::<Buffa, HealthCheckRequest, HealthCheckResponse, _, _>(0, check)
        .unary::<Buffa, HealthListRequest, HealthListResponse, _, _>(1, list)
        .server_streaming::<Buffa, HealthCheckRequest, HealthCheckResponse, _, _>(2, watch)
        .finish()
}

#[allow(clippy::unused_async, reason = "handlers are async")]
async fn check(
    health: Handle<Health>,
    request: Request<HealthCheckRequest>,
) -> Result<Response<HealthCheckResponse>, Status> {
    health.check(&request).map(Response::new)
}

#[allow(clippy::unused_async, reason = "handlers are async")]
async fn list(
    health: Handle<Health>,
    _: Request<HealthListRequest>,
) -> Result<Response<HealthListResponse>, Status> {
    health.list().map(Response::new)
}

async fn watch(
    health: Handle<Health>,
    request: Request<HealthCheckRequest>,
    mut replies: Replies<HealthCheckResponse>,
) -> Result<(), Status> {
    let mut watch = health.watch(request.into_inner())?;
    while let Some(status) = watch.next().await {
        replies.send(status).await?;
    }
    Ok(())
}
