//! A limit on how many calls run at once.

use std::sync::Arc;

use gannet_core::{Call, Interceptor, Next, Status};
use tokio::sync::Semaphore;

/// Runs at most so many calls at once; the rest are refused, or wait.
///
/// A call counts until it has ended, a stream until its handler has. Clones share the limit, so that one may stand
/// around several services.
///
/// ```
/// use gannet_interceptors::ConcurrencyLimit;
///
/// let refusing = ConcurrencyLimit::new(100);
/// let waiting = ConcurrencyLimit::new(100).waiting();
/// # let _ = (refusing, waiting);
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit {
    permits: Arc<Semaphore>,
    limit: usize,
    waits: bool,
}

impl ConcurrencyLimit {
    /// At most `limit` calls. One more is refused with RESOURCE_EXHAUSTED: the client can tell at once, and try another
    /// server.
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(limit)), limit, waits: false }
    }

    /// One more waits, in order, until it may run or its deadline passes.
    pub fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }
}

impl Interceptor for ConcurrencyLimit {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        let permit = if self.waits {
            // The semaphore is never closed.
            self.permits.acquire().await.ok()
        } else {
            self.permits.try_acquire().ok()
        };
        let Some(_permit) = permit else {
            let limit = self.limit;
            return Err(Status::resource_exhausted(format!(
                "more than {limit} calls at once: try again later"
            )));
        };
        next.run(call).await
    }
}

#[cfg(test)]
mod tests {
    use gannet_core::Code;
    use tokio::sync::oneshot;

    use super::*;
    use crate::testing::{Handler, call, run};

    /// A call that runs until it is let go.
    fn held(limit: &ConcurrencyLimit) -> (tokio::task::JoinHandle<Result<(), Status>>, oneshot::Sender<()>) {
        let (release, released) = oneshot::channel();
        let (limit, mut released) = (limit.clone(), Some(released));
        let task = tokio::spawn(async move {
            let mut handler = Handler::new(move |_| {
                let released = released.take();
                async move {
                    if let Some(released) = released {
                        let _ = released.await;
                    }
                    Ok(())
                }
            });
            run(limit, &mut call(), &mut handler).await
        });
        (task, release)
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_is_refused_until_another_ends() {
        let limit = ConcurrencyLimit::new(1);
        let (first, release) = held(&limit);
        tokio::task::yield_now().await;
        let refused = run(limit.clone(), &mut call(), &mut Handler::ok()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        run(limit.clone(), &mut call(), &mut Handler::ok()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_waits_if_it_may() {
        let limit = ConcurrencyLimit::new(1).waiting();
        let (first, release) = held(&limit);
        tokio::task::yield_now().await;
        let (second, release_second) = held(&limit);
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        first.abort();
        assert!(first.await.is_err());
        drop(release);
        tokio::task::yield_now().await;
        drop(release_second);
        second.await.unwrap().unwrap();
    }
}
