//! What happens when nothing happens: acknowledgements that do not come, and data that nobody reads.

use std::time::Instant;

use super::budget::used_up;
use super::{Connection, ConnectionError, WriteBuffer};
use crate::ErrorCode;
use crate::error::{BudgetKind, ConnectionErrorKind};

impl Connection {
    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, if nothing happens before. It may change with
    /// any other call.
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return None;
        }
        [self.settings_deadline, self.stall_deadline(), self.go_away.deadline()].into_iter().flatten().min()
    }

    /// Does what is due at `now`; nothing if nothing is.
    ///
    /// # Errors
    ///
    /// The peer has not acknowledged SETTINGS in time, or leaves too much data unread for too long. The connection is
    /// over, as with [`receive`](Self::receive).
    pub fn handle_timeout(&mut self, now: Instant, out: &mut WriteBuffer) -> Result<(), ConnectionError> {
        self.now = now;
        if self.failed.is_some() {
            return Ok(());
        }
        let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if due(self.go_away.deadline()) {
            self.put_final_go_away(ErrorCode::NoError, "", out);
        }
        if due(self.settings_deadline) {
            let error = ConnectionError::new(
                ConnectionErrorKind::Timeout,
                ErrorCode::SettingsTimeout,
                "SETTINGS were not acknowledged in time (`settings_ack_timeout`)",
            );
            return Err(self.fail(error, out));
        }
        if due(self.stall_deadline()) {
            return Err(self.fail(used_up(BudgetKind::BufferedBytes), out));
        }
        Ok(())
    }

    fn stall_deadline(&self) -> Option<Instant> {
        let budgets = &self.config.budgets;
        if self.stats.buffered_bytes <= budgets.max_buffered_bytes {
            return None;
        }
        self.moved_at.checked_add(budgets.stall_timeout)
    }

    /// A SETTINGS frame is in the write buffer.
    pub(super) fn settings_sent(&mut self) {
        self.settings_unacknowledged += 1;
        if self.settings_deadline.is_none() {
            self.settings_deadline =
                self.config.settings_ack_timeout.and_then(|limit| self.now.checked_add(limit));
        }
    }

    pub(super) fn settings_acknowledged(&mut self, out: &mut WriteBuffer) -> Result<(), ConnectionError> {
        if self.settings_unacknowledged == 0 {
            return self.buckets.spend(BudgetKind::IgnoredFrames, self.now);
        }
        self.settings_unacknowledged -= 1;
        self.settings_deadline = match self.config.settings_ack_timeout {
            Some(limit) if self.settings_unacknowledged > 0 => self.now.checked_add(limit),
            _ => None,
        };
        if !self.settings_effective {
            self.settings_effective = true;
            self.decoder.set_max_size(self.config.header_table_size as usize);
            self.initial_receive_window_effective(out);
        }
        Ok(())
    }
}
