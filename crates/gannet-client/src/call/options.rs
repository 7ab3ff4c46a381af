//! The settings that every call takes, whatever its shape.

use std::sync::Arc;
use std::time::Duration;

use gannet_core::{Deadline, ErasedCallCredentials, Extensions, Metadata, Request, RequestParts, Status};
use gannet_transport::now;

/// The settings of one call.
#[derive(Default)]
pub(super) struct CallOptions {
    pub(super) metadata: Metadata,
    pub(super) deadline: Option<Deadline>,
    pub(super) wait_for_ready: bool,
    pub(super) fault: Option<Status>,
    pub(super) extensions: Extensions,
    pub(super) credentials: Vec<Arc<dyn ErasedCallCredentials>>,
}

impl CallOptions {
    /// What a request carries beside its message.
    pub(super) fn of<Req>(request: Request<Req>) -> (Req, Self) {
        let RequestParts { message, metadata, deadline, extensions, .. } = request.into_parts();
        (message, Self { metadata, deadline, extensions, ..Self::default() })
    }

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

        /// Has `credentials` say who calls, besides those of the channel. Where they require transport security and the
        /// channel has none, the call fails with UNAUTHENTICATED before anything is sent.
        pub fn call_credentials(mut self, credentials: impl gannet_core::CallCredentials) -> Self {
            self.options.credentials.push(std::sync::Arc::new(credentials));
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
