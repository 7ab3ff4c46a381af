//! What is remembered of closed streams, in bounded memory: enough to answer late frames as RFC 9113 §5.1 wants.

use std::collections::VecDeque;

/// How many streams that were reset here are remembered one by one.
const RESETS: usize = 1024;

/// How many gaps between the identifiers of opened streams are remembered.
const GAPS: usize = 8;

/// How a stream that is not in the table came to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Reset here, or perhaps: what the peer had sent before it knew is ignored.
    ResetHere,
    /// Ended by both sides, or reset by the peer: nothing may follow.
    Finished,
    /// Passed over: closed by the opening of a stream with a higher identifier (RFC 9113 §5.1.1).
    PassedOver,
}

/// The memory of the streams that were reset here, and of those that were never opened.
#[derive(Debug, Default)]
pub(crate) struct ClosedStreams {
    resets: VecDeque<u32>,
    /// The highest identifier that had to be forgotten; up to it all are taken for reset here.
    forgotten: u32,
    /// First and last identifier of each gap.
    gaps: VecDeque<(u32, u32)>,
}

impl ClosedStreams {
    /// Remembers a stream that was reset here.
    pub(crate) fn reset_here(&mut self, id: u32) {
        if self.resets.len() >= RESETS
            && let Some(oldest) = self.resets.pop_front()
        {
            self.forgotten = self.forgotten.max(oldest);
        }
        self.resets.push_back(id);
    }

    /// Remembers that the streams from `first` to `last` were passed over.
    pub(crate) fn passed_over(&mut self, first: u32, last: u32) {
        if self.gaps.len() >= GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back((first, last));
    }

    /// How a stream was closed that is neither open nor idle.
    pub(crate) fn get(&self, id: u32) -> Closed {
        if self.gaps.iter().any(|&(first, last)| (first..=last).contains(&id)) {
            Closed::PassedOver
        } else if id <= self.forgotten || self.resets.contains(&id) {
            Closed::ResetHere
        } else {
            Closed::Finished
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_reset_here_are_told_from_finished_ones() {
        let mut closed = ClosedStreams::default();
        closed.reset_here(5);
        assert_eq!(closed.get(5), Closed::ResetHere);
        assert_eq!(closed.get(3), Closed::Finished);
        closed.passed_over(7, 11);
        assert_eq!(closed.get(9), Closed::PassedOver);
    }

    #[test]
    fn memory_is_bounded_and_forgetting_is_lenient() {
        let mut closed = ClosedStreams::default();
        for id in 0..100_000 {
            closed.reset_here(2 * id + 1);
            closed.passed_over(2 * id, 2 * id);
        }
        assert_eq!(closed.resets.len(), RESETS);
        assert_eq!(closed.gaps.len(), GAPS);
        assert_eq!(closed.get(1), Closed::ResetHere);
        assert_eq!(closed.get(199_999), Closed::ResetHere);
        assert_eq!(closed.get(200_001), Closed::Finished);
    }
}
