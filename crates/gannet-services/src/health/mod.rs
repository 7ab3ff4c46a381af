//! The health service, `grpc.health.v1.Health`: what its three methods answer.
//!
//! [`HealthReporter`] is the application's side, where statuses are set; [`Health`] is the side of one server that
//! answers from it. grpc/doc/health-checking.md and gRFC A90 rule. Not here: when a server drains (`gannet-server`).

mod reporter;
mod watch;

#[cfg(test)]
mod tests;

pub use crate::generated::grpc::health::v1::{
    HEALTH_SERVICE, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
pub use reporter::{HealthReporter, ServingStatus};
pub use watch::Watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gannet_core::Status;

use crate::generated::grpc::health::v1::health_check_response::ServingStatus as WireStatus;

/// The services that `List` gives at most; with more it fails (gRFC A90).
pub const MAX_LISTED_SERVICES: usize = 100;

/// The length in bytes that the name of an unknown service may have to be watched, so that watchers of names that are
/// nobody's do not hold large ones. A name that is known may be longer.
pub const MAX_UNKNOWN_NAME: usize = 1024;

/// The health service of one server, which answers from a [`HealthReporter`] that others may share.
#[derive(Debug)]
pub struct Health {
    reporter: HealthReporter,
    /// The server's watches are to end, once they have told what there is to tell.
    ended: Arc<AtomicBool>,
}

impl Health {
    /// Answers from what `reporter` is told.
    pub fn new(reporter: HealthReporter) -> Self {
        Self { reporter, ended: Arc::default() }
    }

    /// Where statuses are set.
    pub fn reporter(&self) -> &HealthReporter {
        &self.reporter
    }

    /// The status of one service, or of the whole server where no service is named.
    ///
    /// # Errors
    ///
    /// NOT_FOUND if the service is unknown.
    pub fn check(&self, request: &HealthCheckRequest) -> Result<HealthCheckResponse, Status> {
        match self.reporter.status(&request.service) {
            Some(status) => Ok(response(status)),
            None => Err(Status::not_found("unknown service")),
        }
    }

    /// The statuses of all services.
    ///
    /// # Errors
    ///
    /// RESOURCE_EXHAUSTED if there are more than [`MAX_LISTED_SERVICES`].
    pub fn list(&self) -> Result<HealthListResponse, Status> {
        let statuses = self.reporter.statuses(MAX_LISTED_SERVICES).ok_or_else(|| {
            Status::resource_exhausted(format!(
                "there are more than {MAX_LISTED_SERVICES} services, the most that List gives; ask for each with Check"
            ))
        })?;
        let statuses = statuses.into_iter().map(|(name, status)| (name, response(status))).collect();
        Ok(HealthListResponse { statuses })
    }

    /// Follows the status of one service, or of the whole server where no service is named.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT if the service is unknown and its name longer than [`MAX_UNKNOWN_NAME`].
    pub fn watch(&self, request: HealthCheckRequest) -> Result<Watch, Status> {
        let service = request.service;
        if service.len() > MAX_UNKNOWN_NAME && self.reporter.status(&service).is_none() {
            return Err(Status::invalid_argument(format!(
                "the name of the service has {} bytes, and there is no such service; names longer than \
                 {MAX_UNKNOWN_NAME} bytes can be watched only once they are known",
                service.len()
            )));
        }
        Ok(Watch::new(self.reporter.clone(), service, Arc::clone(&self.ended)))
    }

    /// Ends this server's watches, now and in future, each after it has told the latest status. Watches that other
    /// servers have of the same reporter go on.
    pub fn end_watches(&self) {
        self.ended.store(true, Ordering::Release);
        self.reporter.wake_all();
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: WireStatus::from(status).into() }
}

impl From<ServingStatus> for WireStatus {
    fn from(status: ServingStatus) -> Self {
        match status {
            ServingStatus::Unknown => Self::UNKNOWN,
            ServingStatus::Serving => Self::SERVING,
            ServingStatus::NotServing => Self::NOT_SERVING,
        }
    }
}
