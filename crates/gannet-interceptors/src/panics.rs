//! Reports of panics in handlers.

use std::error::Error;
use std::fmt;

use gannet_core::{Call, HandlerPanicked, Interceptor, MethodDescriptor, Next, Status};

/// Tells a function of the caller's of each handler that panics, and with which words.
///
/// The client gets INTERNAL without them anyway, and the server's log has a line; this is for counters, alarms and crash
/// reports.
///
/// ```
/// use gannet_interceptors::PanicReport;
///
/// let report = PanicReport::new(|method, said| eprintln!("{} panicked: {said}", method.path));
/// # let _ = report;
/// ```
#[derive(Clone)]
pub struct PanicReport<F>(F);

impl<F> PanicReport<F>
where
    F: Fn(&'static MethodDescriptor, &str) + Send + Sync + 'static,
{
    /// Calls `report` with the method and what the panic said.
    pub const fn new(report: F) -> Self {
        Self(report)
    }
}

impl<F> fmt::Debug for PanicReport<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PanicReport").finish_non_exhaustive()
    }
}

impl<F> Interceptor for PanicReport<F>
where
    F: Fn(&'static MethodDescriptor, &str) + Send + Sync + 'static,
{
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        let outcome = next.run(call).await;
        if let Err(status) = &outcome
            && let Some(panic) = status.source().and_then(|source| source.downcast_ref::<HandlerPanicked>())
        {
            (self.0)(call.method(), &panic.said);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::testing::{Handler, call, run};

    #[tokio::test]
    async fn a_panic_is_reported_and_another_failure_is_not() {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&reports);
        let report = PanicReport::new(move |method, said| {
            seen.lock().unwrap().push(format!("{} {said}", method.name));
        });
        let panicked =
            || Status::internal("the handler panicked").with_source(HandlerPanicked { said: "oh".into() });
        let mut handler = Handler::new(move |_| {
            let status = panicked();
            async { Err(status) }
        });
        run(report.clone(), &mut call(), &mut handler).await.unwrap_err();
        run(report, &mut call(), &mut Handler::new(|_| async { Err(Status::internal("other")) }))
            .await
            .unwrap_err();
        assert_eq!(*reports.lock().unwrap(), ["Say oh"]);
    }
}
