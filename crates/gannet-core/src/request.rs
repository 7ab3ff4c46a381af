//! A request: its message, and what travels with it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::{ConnectionInfo, Deadline, Metadata};

/// A request: dereferences to its message (or, where requests stream, to the stream of them).
///
/// ```
/// use gannet_core::Request;
///
/// let mut request = Request::from("hello".to_owned());
/// assert_eq!(request.len(), 5);
/// request.metadata_mut().insert("x-request-id", "42")?;
/// # Ok::<(), gannet_core::InvalidMetadata>(())
/// ```
pub struct Request<T> {
    message: T,
    metadata: Metadata,
    deadline: Option<Deadline>,
    connection: Option<ConnectionInfo>,
    extensions: Extensions,
}

impl<T> Request<T> {
    /// A request without metadata.
    #[inline]
    pub fn new(message: T) -> Self {
        Self::from_parts(message, Metadata::new(), None, None)
    }

    /// A request with all that a transport knows of it.
    #[inline]
    pub fn from_parts(
        message: T,
        metadata: Metadata,
        deadline: Option<Deadline>,
        connection: Option<ConnectionInfo>,
    ) -> Self {
        Self { message, metadata, deadline, connection, extensions: Extensions::new() }
    }

    /// The message alone.
    #[inline]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The message and the metadata.
    #[inline]
    pub fn into_message_and_metadata(self) -> (T, Metadata) {
        (self.message, self.metadata)
    }

    /// The same request with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Request<U> {
        let Self { message, metadata, deadline, connection, extensions } = self;
        Request { message: change(message), metadata, deadline, connection, extensions }
    }

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The time by which the call has to be done, if its caller set one.
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Sets the time by which the call has to be done.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = Some(deadline);
    }

    /// Sets the time by which the call has to be done, from now.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.deadline = Some(Deadline::after(timeout));
    }

    /// The connection a request came over; `None` on the client's side.
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.connection.as_ref()
    }

    /// Values that code on the way of the request has attached.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Values that code on the way of the request has attached.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

impl<T> From<T> for Request<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

impl<T> Deref for Request<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}

impl<T> DerefMut for Request<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.message
    }
}

impl<T: fmt::Debug> fmt::Debug for Request<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("message", &self.message)
            .field("metadata", &self.metadata)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Values by their type; an empty set allocates nothing.
///
/// ```
/// use gannet_core::Extensions;
///
/// let mut extensions = Extensions::new();
/// extensions.insert(42_u32);
/// assert_eq!(extensions.get::<u32>(), Some(&42));
/// ```
#[derive(Default)]
pub struct Extensions {
    values: Option<Box<HashMap<TypeId, Box<dyn Any + Send + Sync>>>>,
}

impl Extensions {
    /// No values.
    pub const fn new() -> Self {
        Self { values: None }
    }

    /// Adds a value; gives back the one of the same type that was there.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        let before = self.values.get_or_insert_default().insert(TypeId::of::<T>(), Box::new(value));
        before.and_then(|before| before.downcast().ok()).map(|before| *before)
    }

    /// The value of a type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.values.as_ref()?.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Takes the value of a type out.
    pub fn remove<T: 'static>(&mut self) -> Option<T> {
        self.values.as_mut()?.remove(&TypeId::of::<T>())?.downcast().ok().map(|value| *value)
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Extensions").finish_non_exhaustive()
    }
}
