//! One watcher of one service.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use super::reporter::Changed;
use super::{HealthCheckResponse, HealthReporter, WireStatus};

/// What one `Watch` call is told: the status there is, then every later one.
///
/// It has no task and nothing in it grows: a watcher that is slow is told the latest status when it comes back. Dropped,
/// it is forgotten.
pub struct Watch {
    reporter: HealthReporter,
    number: u64,
    service: String,
    /// What was told last.
    told: Option<WireStatus>,
    ended: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn new(reporter: HealthReporter, service: String, ended: Arc<AtomicBool>) -> Self {
        let number = reporter.new_watch();
        Self { reporter, number, service, told: None, ended }
    }

    /// Waits for the next status, the first of which is there at once. `None`: there will be no other.
    ///
    /// # Cancel safety
    ///
    /// No status is lost if the future is dropped before it completes.
    pub async fn next(&mut self) -> Option<HealthCheckResponse> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<HealthCheckResponse>> {
        let is_over = || self.ended.load(Ordering::Acquire);
        match self.reporter.changed(self.number, &self.service, self.told, is_over, context.waker()) {
            Changed::To(status) => {
                self.told = Some(status);
                Poll::Ready(Some(HealthCheckResponse { status: status.into() }))
            }
            Changed::Over => Poll::Ready(None),
            Changed::No => Poll::Pending,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.reporter.forget(self.number, &self.service);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").field("service", &self.service).finish_non_exhaustive()
    }
}
