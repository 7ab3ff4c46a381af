//! How much of what clients can cause by the thousand goes to the log.
//!
//! Not here: what is logged, and at which level.

use std::time::{Duration, Instant};

/// Lines within one window.
const LINES: u32 = 10;

/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(10);

/// Ten lines in ten seconds; what is beyond is counted.
#[derive(Debug, Default)]
pub(crate) struct LogBudget {
    since: Option<Instant>,
    lines: u32,
    unsaid: u64,
}

impl LogBudget {
    /// Whether a line may be logged; if so, how many were not since the last that was.
    pub(crate) fn spend(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            self.since = Some(now);
            self.lines = 0;
        }
        if self.lines >= LINES {
            self.unsaid += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_budget_is_counted_and_said_in_the_next_window() {
        let (mut budget, start) = (LogBudget::default(), Instant::now());
        let said = (0..1000).filter(|_| budget.spend(start) == Some(0)).count();
        assert_eq!(said, LINES as usize);
        assert_eq!(budget.spend(start + WINDOW / 2), None);
        assert_eq!(budget.spend(start + WINDOW), Some(991));
        assert_eq!(budget.spend(start + WINDOW), Some(0));
    }
}
