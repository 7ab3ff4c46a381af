//! Deadlines: points in time, given by the caller of a call and inherited by what it causes.
//!
//! Not here: waiting for one (the server and the client do), and its form on the wire (`wire::timeout`).

use std::time::{Duration, Instant};

/// The time by which a call has to be done.
///
/// ```
/// use std::time::{Duration, Instant};
/// use gannet_core::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// assert!(deadline.remaining(Instant::now()).unwrap() <= Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

/// Stands for a time too far away to express.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Deadline {
    /// The deadline at `instant`.
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The deadline this long from now; one that cannot be expressed is a year away.
    pub fn after(timeout: Duration) -> Self {
        Self::after_from(timeout, Instant::now())
    }

    /// The deadline this long from `now`; one that cannot be expressed is a year away.
    pub fn after_from(timeout: Duration, now: Instant) -> Self {
        Self(now.checked_add(timeout).unwrap_or_else(|| now + FAR))
    }

    /// The point in time.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// How much time is left at `now`; `None` once the deadline has passed.
    pub fn remaining(self, now: Instant) -> Option<Duration> {
        self.0.checked_duration_since(now).filter(|remaining| !remaining.is_zero())
    }
}
