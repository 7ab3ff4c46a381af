//! The moment by which a call must be done.
//!
//! Not here: `grpc-timeout`, which carries the time left over the wire ([`crate::wire::timeout`]), and timers, which are
//! the server's and the client's.

use std::time::{Duration, Instant};

/// Time-outs beyond this are as good as none, and what an [`Instant`] can hold is not the same everywhere: 100 years.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The moment by which a call must be done.
///
/// A deadline is a point in time, not a span: it holds for the call as a whole, retries and streaming included, and
/// passes on to the calls that a handler makes for it.
///
/// ```
/// use std::time::{Duration, Instant};
/// use gannet_core::Deadline;
///
/// let now = Instant::now();
/// let deadline = Deadline::at(now + Duration::from_secs(5));
/// assert_eq!(deadline.remaining(now), Some(Duration::from_secs(5)));
/// assert_eq!(deadline.remaining(now + Duration::from_secs(5)), None);
///
/// let inherited = deadline.min(Deadline::after(Duration::from_secs(60)));
/// assert_eq!(inherited, deadline);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline at this moment.
    #[inline]
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// A deadline this long after the present moment by the system's monotonic clock.
    ///
    /// A time-out beyond a hundred years counts as a hundred years.
    pub fn after(timeout: Duration) -> Self {
        Self::after_from(timeout, Instant::now())
    }

    /// A deadline this long after `now`, for callers that have a clock of their own.
    ///
    /// A time-out beyond a hundred years counts as a hundred years.
    #[inline]
    pub fn after_from(timeout: Duration, now: Instant) -> Self {
        Self(now.checked_add(timeout.min(FOREVER)).unwrap_or(now))
    }

    /// The moment itself.
    #[inline]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// How long it is from `now`; `None` when the deadline has passed.
    #[inline]
    pub fn remaining(self, now: Instant) -> Option<Duration> {
        self.0.checked_duration_since(now).filter(|remaining| !remaining.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_remains_at_the_deadline_or_later() {
        let now = Instant::now();
        let deadline = Deadline::after_from(Duration::from_nanos(2), now);
        assert_eq!(deadline.remaining(now + Duration::from_nanos(1)), Some(Duration::from_nanos(1)));
        assert_eq!(deadline.remaining(now + Duration::from_nanos(2)), None);
        assert_eq!(deadline.remaining(now + Duration::from_secs(2)), None);
    }

    #[test]
    fn a_timeout_beyond_all_clocks_is_far_away() {
        let now = Instant::now();
        assert_eq!(Deadline::after_from(Duration::MAX, now).remaining(now), Some(FOREVER));
    }
}
