//! How long to wait before another attempt (gRPC's connection-backoff document).
//!
//! Not here: waiting, and attempting.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The wait after the first failure.
const INITIAL: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(120);

/// By what each further wait grows, in per cent.
const GROWTH: u32 = 160;

/// How far a wait strays from its mark to either side, in per cent, so that clients do not come back all at once.
const JITTER: u32 = 20;

/// The waits between attempts, such as those to connect: 1 s, growing by 1.6 up to 120 s, each ± 20 %.
///
/// ```
/// use gannet_transport::Backoff;
///
/// let mut backoff = Backoff::new();
/// assert!(backoff.after_failure().as_secs_f32() <= 1.2);
/// assert!(backoff.after_failure().as_secs_f32() > 1.2);
/// backoff.reset();
/// assert!(backoff.after_failure().as_secs_f32() <= 1.2);
/// ```
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    random: RandomState,
    drawn: u64,
}

impl Backoff {
    /// Before the first failure.
    pub fn new() -> Self {
        Self { next: INITIAL, random: RandomState::new(), drawn: 0 }
    }

    /// An attempt worked: the next failure waits little again.
    pub fn reset(&mut self) {
        self.next = INITIAL;
    }

    /// How long to wait after another failure.
    pub fn after_failure(&mut self) -> Duration {
        let mark = self.next;
        self.next = (mark * GROWTH / 100).min(LONGEST);
        self.drawn = self.drawn.wrapping_add(1);
        let draw = (self.random.hash_one(self.drawn) % u64::from(2 * JITTER + 1)) as u32;
        mark * (100 - JITTER + draw) / 100
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_within_their_jitter() {
        let mut backoff = Backoff::new();
        let mut mark = INITIAL;
        for _ in 0..20 {
            let wait = backoff.after_failure();
            assert!(wait >= mark * 80 / 100 && wait <= mark * 120 / 100, "{wait:?} is too far from {mark:?}");
            mark = (mark * 160 / 100).min(LONGEST);
        }
        assert_eq!(mark, LONGEST);
        backoff.reset();
        assert!(backoff.after_failure() <= INITIAL * 120 / 100);
    }
}
