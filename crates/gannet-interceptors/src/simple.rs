//! An interceptor made of a closure.

use std::fmt;

use gannet_core::{Call, Interceptor, Next, Status};

/// An interceptor that looks at each call before it runs; see [`before`].
#[derive(Clone)]
pub struct Before<F>(F);

/// An interceptor that runs `look` before each call: it may change the call, add hooks to it, or refuse it.
///
/// ```
/// use gannet_interceptors::before;
///
/// let log_messages = before(|call| {
///     let method = call.method().path;
///     call.on_request(move |message| {
///         println!("{method}: {message:?}");
///         Ok(())
///     });
///     Ok(())
/// });
/// # let _ = log_messages;
/// ```
pub fn before<F>(look: F) -> Before<F>
where
    F: Fn(&mut Call) -> Result<(), Status> + Send + Sync + 'static,
{
    Before(look)
}

impl<F> fmt::Debug for Before<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Before").finish_non_exhaustive()
    }
}

impl<F> Interceptor for Before<F>
where
    F: Fn(&mut Call) -> Result<(), Status> + Send + Sync + 'static,
{
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        (self.0)(call)?;
        next.run(call).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Handler, call, run};

    #[tokio::test]
    async fn it_may_change_or_refuse_a_call() {
        let refuse = before(|call| {
            call.metadata_mut().insert("seen", "yes").map_err(|error| Status::internal(error.to_string()))?;
            Err(Status::aborted("no"))
        });
        let mut call = call();
        let mut handler = Handler::ok();
        assert_eq!(run(refuse, &mut call, &mut handler).await.unwrap_err().message(), "no");
        assert_eq!(call.metadata().get("seen"), Some("yes"));
        assert_eq!(handler.runs, 0);
    }
}
