//! A request: one message, or a stream of them, with what came or goes along.
//!
//! Not here: how a request travels; see `gannet-client` and `gannet-server`.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::{ConnectionInfo, Deadline, Extensions, Metadata, PeerAddress};

/// A message with its metadata and its deadline; dereferences to the message.
///
/// A handler gets one; a caller may make one where the message alone is not enough. It is 56 bytes larger than its
/// message, on 64-bit systems.
///
/// ```
/// use std::time::Duration;
/// use gannet_core::Request;
///
/// struct HelloRequest { name: String }
///
/// let mut request = Request::new(HelloRequest { name: "Ada".into() });
/// request.metadata_mut().insert("trace", "on")?;
/// request.set_timeout(Duration::from_secs(1));
///
/// assert_eq!(request.name, "Ada");
/// assert_eq!(request.metadata().get("trace"), Some("on"));
/// assert!(request.deadline().is_some());
/// # Ok::<(), gannet_core::InvalidMetadata>(())
/// ```
#[derive(Debug)]
pub struct Request<T> {
    message: T,
    metadata: Metadata,
    deadline: Option<Deadline>,
    connection: Option<ConnectionInfo>,
    extensions: Extensions,
}

/// What a [`Request`] is made of; see [`Request::into_parts`].
#[derive(Debug)]
#[non_exhaustive]
pub struct RequestParts<T> {
    /// The message.
    pub message: T,
    /// The metadata.
    pub metadata: Metadata,
    /// The moment by which the call must be done.
    pub deadline: Option<Deadline>,
    /// The connection it came over.
    pub connection: Option<ConnectionInfo>,
    /// What interceptors attached.
    pub extensions: Extensions,
}

impl<T> Request<T> {
    /// A request with this message, no metadata and no deadline.
    #[inline]
    pub const fn new(message: T) -> Self {
        Self::from_parts(message, Metadata::new(), None, None)
    }

    /// A request as a server receives it.
    #[inline]
    pub const fn from_parts(
        message: T,
        metadata: Metadata,
        deadline: Option<Deadline>,
        connection: Option<ConnectionInfo>,
    ) -> Self {
        Self { message, metadata, deadline, connection, extensions: Extensions::new() }
    }

    /// The same request with these extensions.
    #[must_use]
    pub fn with_extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }

    /// Takes the request apart.
    #[inline]
    pub fn into_parts(self) -> RequestParts<T> {
        let Self { message, metadata, deadline, connection, extensions } = self;
        RequestParts { message, metadata, deadline, connection, extensions }
    }

    /// The message and the metadata.
    #[inline]
    pub fn into_message_and_metadata(self) -> (T, Metadata) {
        (self.message, self.metadata)
    }

    /// The message alone.
    #[inline]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The same request with another message, made from this one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Request<U> {
        let Self { message, metadata, deadline, connection, extensions } = self;
        Request { message: change(message), metadata, deadline, connection, extensions }
    }

    /// The metadata.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to be changed.
    pub const fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// What interceptors attached.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What interceptors attached, to be changed.
    pub const fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The moment by which the call must be done, if there is one.
    pub const fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Sets the moment by which the call must be done.
    pub const fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = Some(deadline);
    }

    /// Sets the deadline to this long after the present moment.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.deadline = Some(Deadline::after(timeout));
    }

    /// The connection that the request came over; `None` for a request that a caller made.
    pub const fn connection(&self) -> Option<&ConnectionInfo> {
        self.connection.as_ref()
    }

    /// The address of the client that sent the request, as far as it is known.
    pub fn remote_address(&self) -> Option<&PeerAddress> {
        self.connection()?.remote_address()
    }
}

impl<T> From<T> for Request<T> {
    #[inline]
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

impl<T> Deref for Request<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.message
    }
}

impl<T> DerefMut for Request<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn adds_56_bytes_to_its_message() {
        assert_eq!(size_of::<Request<()>>(), 56);
        assert_eq!(size_of::<Request<[u64; 4]>>(), 56 + 32);
    }

    #[test]
    fn map_keeps_all_but_the_message() {
        let info = ConnectionInfo::new(Some(PeerAddress::InMemory), None);
        let deadline = Deadline::after(Duration::from_secs(1));
        let mut metadata = Metadata::new();
        metadata.insert("k", "v").unwrap();
        let mut request = Request::from_parts(1, metadata, Some(deadline), Some(info));
        request.extensions_mut().insert("attached");
        let request = request.map(|message| message.to_string());
        assert_eq!(*request, "1");
        assert_eq!(request.remote_address(), Some(&PeerAddress::InMemory));
        let parts = request.into_parts();
        assert_eq!(parts.message, "1");
        assert_eq!(parts.metadata.get("k"), Some("v"));
        assert_eq!(parts.deadline, Some(deadline));
        assert_eq!(parts.extensions.get::<&str>(), Some(&"attached"));
        assert!(parts.connection.is_some());
    }

    #[test]
    fn a_message_and_a_request_both_turn_into_a_request() {
        fn call(request: impl Into<Request<u8>>) -> u8 {
            request.into().into_inner()
        }
        assert_eq!(call(1), 1);
        assert_eq!(call(Request::new(2)), 2);
    }
}
