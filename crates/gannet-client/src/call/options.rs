//! The settings that every call takes, whatever its shape.

use std::time::Duration;

use gannet_core::{Deadline, Metadata, Status};
use gannet_transport::now;

/// The settings of one call.
#[derive(Debug, Default)]
pub(super) struct CallOptions {
    pub(super) metadata: Metadata,
    pub(super) deadline: Option<Deadline>,
    pub(super) wait_for_ready: bool,
    pub(super) fault: Option<Status>,
}

impl CallOptions {
    pub(super) fn add_metadata(&mut self, key: &str, value: &str) {
        if let Err(error) = self.metadata.append(key, value) {
            self.fault.get_or_insert_with(|| Status::internal(format!("the call was not sent: {error}")));
        }
    }

    pub(super) fn add_metadata_bin(&mut self, key: &str, value: &[u8]) {
        if let Err(error) = self.metadata.append_bin(key, value) {
            self.fault.get_or_insert_with(|| Status::internal(format!("the call was not sent: {error}")));
        }
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        // A time-out too long to express is none.
        self.deadline = now().checked_add(timeout).map(Deadline::at);
    }
}

/// The builder methods of a call, the same for each shape.
macro_rules! call_options {
    () => {
        /// Ends the call with DEADLINE_EXCEEDED if it is not done this long from now. The server is told.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.set_timeout(timeout);
            self
        }

        /// Ends the call with DEADLINE_EXCEEDED if it is not done by `deadline`. The server is told.
        pub fn deadline(mut self, deadline: gannet_core::Deadline) -> Self {
            self.options.deadline = Some(deadline);
            self
        }

        /// Adds a metadata entry. One that is not valid makes the call fail with INTERNAL before anything is sent.
        pub fn metadata(mut self, key: &str, value: &str) -> Self {
            self.options.add_metadata(key, value);
            self
        }

        /// Adds a binary metadata entry; its key ends in `-bin`. One that is not valid makes the call fail with INTERNAL
        /// before anything is sent.
        pub fn metadata_bin(mut self, key: &str, value: &[u8]) -> Self {
            self.options.add_metadata_bin(key, value);
            self
        }

        /// Waits for the channel to have a connection instead of failing while connecting fails.
        pub fn wait_for_ready(mut self) -> Self {
            self.options.wait_for_ready = true;
            self
        }
    };
}

pub(super) use call_options;
