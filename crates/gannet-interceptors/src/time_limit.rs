//! A time limit for calls.

use std::time::Duration;

use gannet_core::{Call, Deadline, Interceptor, Next, Status};
use tokio::time::Instant;

/// Gives every call a deadline at most this far away.
///
/// A call that has an earlier one keeps it. What is not done by then ends with DEADLINE_EXCEEDED; the handler sees the
/// deadline in its request, and a server learns of one that a client set.
///
/// ```
/// use std::time::Duration;
/// use gannet_interceptors::TimeLimit;
///
/// let limit = TimeLimit::new(Duration::from_secs(5));
/// # let _ = limit;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    limit: Duration,
}

impl TimeLimit {
    /// At most this long.
    pub const fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

impl Interceptor for TimeLimit {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        if let Some(at) = Instant::now().checked_add(self.limit) {
            let limit = Deadline::at(at.into_std());
            if call.deadline().is_none_or(|own| limit.instant() < own.instant()) {
                call.set_deadline(limit);
            }
        }
        next.run(call).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Handler, call, run};

    #[tokio::test(start_paused = true)]
    async fn a_call_gets_the_earlier_of_its_own_deadline_and_the_limit() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        for (own, expected) in [(None, 5), (Some(9), 5), (Some(2), 2)] {
            let mut call = call();
            if let Some(own) = own {
                call.set_deadline(Deadline::at((now + second * own).into_std()));
            }
            run(TimeLimit::new(second * 5), &mut call, &mut Handler::ok()).await.unwrap();
            assert_eq!(call.deadline().unwrap().instant(), (now + second * expected).into_std());
        }
        let mut call = call();
        run(TimeLimit::new(Duration::MAX), &mut call, &mut Handler::ok()).await.unwrap();
        assert!(call.deadline().is_none(), "a limit too long to express is none");
    }
}
