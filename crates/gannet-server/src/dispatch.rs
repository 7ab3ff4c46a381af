//! Where a handler runs: in place on the connection's task, or on a task of its own.
//!
//! Not here: running it (`method`).

use std::time::Duration;

/// Where the first steps of a unary handler run.
///
/// A handler polled in place costs no task and no wake-up, but while it computes, the other calls of its connection
/// wait. Streaming handlers always have a task of their own, as has a handler that did not finish at its first poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dispatch {
    /// In place, and on a task of its own for as long as the method's first poll is seen to take more than 50 µs.
    #[default]
    Adaptive,
    /// Always in place: for handlers that are known to be quick.
    InPlace,
    /// Always on a task of its own: for handlers that compute for long.
    Spawn,
}

/// A first poll longer than this is a long one.
const BUDGET: Duration = Duration::from_micros(50);

/// After the first calls one poll in this many is timed, so that the clock costs nothing.
const SAMPLE: u32 = 64;

/// Calls of a method on a connection that are all timed.
const LEARNING: u32 = 4;

/// What a long poll adds to the score; a quick one takes one off. A single long poll, which a page fault or a busy
/// machine explains, therefore spawns only the next few calls.
const LONG_POLL: u8 = 4;

/// The highest score: so many timed quick polls lead back to running in place.
const HIGHEST: u8 = 16;

/// What a connection has learnt about how long one method's first poll takes.
#[derive(Debug)]
pub(crate) struct Pace {
    dispatch: Dispatch,
    calls: u32,
    score: u8,
}

impl Pace {
    pub(crate) fn new(dispatch: Dispatch) -> Self {
        Self { dispatch, calls: 0, score: 0 }
    }

    /// Whether the next call's handler is polled in place.
    #[inline]
    pub(crate) fn in_place(&self) -> bool {
        match self.dispatch {
            Dispatch::Adaptive => self.score == 0,
            Dispatch::InPlace => true,
            Dispatch::Spawn => false,
        }
    }

    /// Counts a call; whether its first poll is to be timed.
    #[inline]
    pub(crate) fn samples(&mut self) -> bool {
        self.calls = self.calls.wrapping_add(1);
        self.dispatch == Dispatch::Adaptive && (self.calls <= LEARNING || self.calls.is_multiple_of(SAMPLE))
    }

    /// A first poll was timed.
    pub(crate) fn record(&mut self, took: Duration) {
        if took > BUDGET {
            self.score = self.score.saturating_add(LONG_POLL).min(HIGHEST);
        } else {
            self.score = self.score.saturating_sub(1);
        }
    }

    /// A call was spawned because earlier ones were long. Spawned polls are not timed; every such call takes a step
    /// back towards trying in place again.
    pub(crate) fn spawned(&mut self) {
        if self.calls.is_multiple_of(SAMPLE) {
            self.score = self.score.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_first_poll_makes_the_next_calls_spawn() {
        let mut pace = Pace::new(Dispatch::Adaptive);
        assert!(pace.in_place());
        assert!(pace.samples());
        pace.record(BUDGET * 2);
        assert!(!pace.in_place());
    }

    #[test]
    fn a_method_that_became_quick_runs_in_place_again() {
        let mut pace = Pace::new(Dispatch::Adaptive);
        for _ in 0..100 {
            pace.record(BUDGET * 2);
        }
        let mut calls = 0;
        while !pace.in_place() {
            pace.samples();
            pace.spawned();
            calls += 1;
            assert!(calls <= SAMPLE * u32::from(HIGHEST), "it never tried in place again");
        }
    }

    #[test]
    fn fixed_dispatch_is_never_timed() {
        assert!(!Pace::new(Dispatch::InPlace).samples());
        assert!(!Pace::new(Dispatch::Spawn).samples());
        assert!(Pace::new(Dispatch::InPlace).in_place());
        assert!(!Pace::new(Dispatch::Spawn).in_place());
    }
}
