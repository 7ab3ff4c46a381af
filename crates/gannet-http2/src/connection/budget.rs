//! The budgets of a peer: token buckets that fill with time and with useful work. They only count; where they are
//! spent and what follows is said where frames are received.

use std::time::Instant;

use crate::error::BudgetKind;
use crate::{Budget, Budgets, ConnectionError, ConnectionErrorKind, ErrorCode};

/// The useful work that budgets are earned with; it only ever grows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    /// Streams that both sides have ended.
    pub(super) completed: u64,
    /// Streams that were reset here.
    pub(super) resets_sent: u64,
    /// DATA frames sent and received, only those with payload.
    pub(super) frames_sent: u64,
    pub(super) frames_received: u64,
    /// The payload of these, in bytes.
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
}

impl Work {
    /// What all work so far has earned for a budget, as documented at [`Budgets`].
    fn earned(&self, kind: BudgetKind) -> u64 {
        let bytes = self.bytes_sent + self.bytes_received;
        match kind {
            BudgetKind::Resets => 10 * self.completed + bytes / 4096,
            BudgetKind::ProvokedResets => self.completed / 4,
            BudgetKind::RefusedStreams => 2 * self.completed,
            BudgetKind::Pings => self.frames_sent + self.frames_received + self.completed,
            BudgetKind::Settings => bytes / 65_536,
            BudgetKind::EmptyFrames => self.frames_received + self.completed,
            BudgetKind::WindowUpdates => 4 * (self.frames_sent + self.completed) + self.bytes_sent / 64,
            BudgetKind::IgnoredFrames => 4 * (self.completed + self.resets_sent),
            BudgetKind::HeaderBlock | BudgetKind::ControlBytes | BudgetKind::BufferedBytes => 0,
        }
    }
}

/// One token bucket. Tokens are added only once they run out, so that spending one is a decrement.
#[derive(Debug)]
struct Bucket {
    budget: Budget,
    tokens: u32,
    /// Up to when time has been turned into tokens.
    since: Instant,
    /// Up to which sum earnings have been turned into tokens.
    earned: u64,
}

impl Bucket {
    fn new(budget: Budget, now: Instant) -> Self {
        Self { budget, tokens: budget.burst, since: now, earned: 0 }
    }

    #[cold]
    fn refill(&mut self, now: Instant, earned: u64) {
        let elapsed = now.saturating_duration_since(self.since).as_micros();
        let by_time = elapsed * u128::from(self.budget.per_second) / 1_000_000;
        if by_time > 0 {
            self.since = now;
        }
        let by_work = u128::from(earned - self.earned);
        self.earned = earned;
        self.tokens = (by_time + by_work).min(u128::from(self.budget.burst)) as u32;
    }
}

/// All budgets of a connection that are token buckets.
#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) work: Work,
    resets: Bucket,
    provoked_resets: Bucket,
    refused_streams: Bucket,
    pings: Bucket,
    settings: Bucket,
    empty_frames: Bucket,
    window_updates: Bucket,
    ignored_frames: Bucket,
}

impl Buckets {
    pub(super) fn new(budgets: &Budgets, now: Instant) -> Self {
        Self {
            work: Work::default(),
            resets: Bucket::new(budgets.resets, now),
            provoked_resets: Bucket::new(budgets.provoked_resets, now),
            refused_streams: Bucket::new(budgets.refused_streams, now),
            pings: Bucket::new(budgets.pings, now),
            settings: Bucket::new(budgets.settings, now),
            empty_frames: Bucket::new(budgets.empty_frames, now),
            window_updates: Bucket::new(budgets.window_updates, now),
            ignored_frames: Bucket::new(budgets.ignored_frames, now),
        }
    }

    /// Takes one token.
    #[inline]
    pub(super) fn spend(&mut self, kind: BudgetKind, now: Instant) -> Result<(), ConnectionError> {
        let bucket = match kind {
            BudgetKind::Resets => &mut self.resets,
            BudgetKind::ProvokedResets => &mut self.provoked_resets,
            BudgetKind::RefusedStreams => &mut self.refused_streams,
            BudgetKind::Pings => &mut self.pings,
            BudgetKind::Settings => &mut self.settings,
            BudgetKind::EmptyFrames => &mut self.empty_frames,
            BudgetKind::WindowUpdates => &mut self.window_updates,
            BudgetKind::IgnoredFrames => &mut self.ignored_frames,
            // These are no token buckets.
            BudgetKind::HeaderBlock | BudgetKind::ControlBytes | BudgetKind::BufferedBytes => return Ok(()),
        };
        if bucket.tokens == 0 {
            bucket.refill(now, self.work.earned(kind));
        }
        match bucket.tokens.checked_sub(1) {
            Some(left) => {
                bucket.tokens = left;
                Ok(())
            }
            None => Err(used_up(kind)),
        }
    }
}

/// The error for a budget that is used up.
#[cold]
pub(super) fn used_up(kind: BudgetKind) -> ConnectionError {
    let reason = match kind {
        BudgetKind::HeaderBlock => {
            "a header block is longer than the budget continuation_frames_per_block or max_block_bytes"
        }
        BudgetKind::Resets => "the budget `resets` is used up: streams are opened and reset without work",
        BudgetKind::ProvokedResets => "the budget `provoked_resets` is used up: too many stream errors",
        BudgetKind::RefusedStreams => {
            "the budget `refused_streams` is used up: too many streams above the limit"
        }
        BudgetKind::Pings => "the budget `pings` is used up: too many PING frames",
        BudgetKind::Settings => "the budget `settings` is used up: too many SETTINGS frames",
        BudgetKind::EmptyFrames => "the budget `empty_frames` is used up: too many DATA frames without data",
        BudgetKind::WindowUpdates => "the budget `window_updates` is used up: too many WINDOW_UPDATE frames",
        BudgetKind::IgnoredFrames => "the budget `ignored_frames` is used up: too many frames without effect",
        BudgetKind::ControlBytes => {
            "the budget `max_control_bytes` is used up: the answers to control frames are not read"
        }
        BudgetKind::BufferedBytes => {
            "the budget `max_buffered_bytes` is used up: data is asked for and not read"
        }
    };
    ConnectionError::new(ConnectionErrorKind::Budget(kind), ErrorCode::EnhanceYourCalm, reason)
}

/// Counts the answers to control frames that wait in the write buffer.
///
/// What was written to the buffer up to a mark is gone once so many bytes have left it; so two generations, before and
/// after the mark, give an upper bound that never runs away.
#[derive(Debug, Default)]
pub(super) struct ControlBytes {
    /// A count of bytes that have left the write buffer.
    mark: u64,
    before: usize,
    after: usize,
}

impl ControlBytes {
    /// Counts `bytes` more. `written` have left the buffer in all its life, `waiting` are in it now. Gives the bytes
    /// of control frames that wait now, at most.
    pub(super) fn add(&mut self, bytes: usize, written: u64, waiting: usize) -> usize {
        if written >= self.mark {
            self.before = if waiting == 0 { 0 } else { self.after };
            self.after = 0;
            self.mark = written + waiting as u64;
        }
        self.after += bytes;
        (self.before + self.after).min(waiting + bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn buckets(now: Instant) -> Buckets {
        let budgets = Budgets { pings: Budget::new(3, 2), ..Budgets::default() };
        Buckets::new(&budgets, now)
    }

    fn spend(buckets: &mut Buckets, now: Instant, count: usize) -> bool {
        (0..count).all(|_| buckets.spend(BudgetKind::Pings, now).is_ok())
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut buckets = buckets(start);
        assert!(spend(&mut buckets, start, 3));
        assert!(!spend(&mut buckets, start, 1));
        assert!(spend(&mut buckets, start + Duration::from_secs(1), 2));
        assert!(!spend(&mut buckets, start + Duration::from_secs(1), 1));
        assert!(spend(&mut buckets, start + Duration::from_secs(60), 3));
        assert!(!spend(&mut buckets, start + Duration::from_secs(60), 1));
    }

    #[test]
    fn frequent_asking_does_not_lose_time() {
        let start = Instant::now();
        let mut buckets = buckets(start);
        assert!(spend(&mut buckets, start, 3));
        let passed =
            (1..=1_000).filter(|step| spend(&mut buckets, start + Duration::from_millis(*step), 1)).count();
        assert_eq!(passed, 2);
    }

    #[test]
    fn work_earns_tokens() {
        let start = Instant::now();
        let mut buckets = buckets(start);
        for _ in 0..10_000 {
            buckets.work.frames_sent += 1;
            assert!(spend(&mut buckets, start, 1));
        }
        assert!(!spend(&mut buckets, start, 7), "earnings are kept up to two bursts at most");
    }

    #[test]
    fn control_bytes_are_bounded_while_the_peer_reads() {
        let mut control = ControlBytes::default();
        let mut most = 0;
        for step in 0..100_000_u64 {
            most = most.max(control.add(17, step * 1_000, 10_000));
        }
        assert!(most <= 17 * 22, "{most}");
        let stuck = (0..10_000).map(|step| control.add(17, 100_000_000, 10_000 + 17 * step)).max();
        assert!(stuck > Some(17 * 10_000));
    }
}
