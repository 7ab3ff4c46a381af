//! A response: its message, its metadata, its trailers.

use std::ops::{Deref, DerefMut};

use crate::Metadata;

/// A response with one message; dereferences to it.
///
/// It is 48 bytes larger than its message, on 64-bit systems.
///
/// ```
/// use gannet_core::Response;
///
/// let mut response = Response::from("hello".to_owned());
/// response.metadata_mut().insert("x-served-by", "a")?;
/// assert_eq!(response.into_inner(), "hello");
/// # Ok::<(), gannet_core::InvalidMetadata>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<T> {
    message: T,
    metadata: Metadata,
    trailers: Metadata,
}

impl<T> Response<T> {
    /// A response without metadata.
    #[inline]
    pub const fn new(message: T) -> Self {
        Self::from_parts(message, Metadata::new(), Metadata::new())
    }

    /// A response of its parts: message, metadata before it, trailers behind it.
    #[inline]
    pub const fn from_parts(message: T, metadata: Metadata, trailers: Metadata) -> Self {
        Self { message, metadata, trailers }
    }

    /// The message alone.
    #[inline]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The message, the metadata before it, the trailers behind it.
    #[inline]
    pub fn into_parts(self) -> (T, Metadata, Metadata) {
        (self.message, self.metadata, self.trailers)
    }

    /// The same response with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response { message: change(self.message), metadata: self.metadata, trailers: self.trailers }
    }

    /// The metadata that goes, or came, before the message.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata that goes before the message.
    pub const fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The metadata that goes, or came, behind the message.
    pub const fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The metadata that goes behind the message.
    pub const fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }
}

impl<T> From<T> for Response<T> {
    #[inline]
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.message
    }
}

impl<T> DerefMut for Response<T> {
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
    fn adds_48_bytes_to_its_message() {
        assert_eq!(size_of::<Response<()>>(), 48);
    }

    #[test]
    fn map_keeps_metadata_and_trailers() {
        let mut response = Response::from(20);
        response.metadata_mut().insert("a", "1").unwrap();
        response.trailers_mut().insert("b", "2").unwrap();
        let (message, metadata, trailers) = response.map(|message| message + 1).into_parts();
        assert_eq!(message, 21);
        assert_eq!(metadata.get("a"), Some("1"));
        assert_eq!(trailers.get("b"), Some("2"));
    }
}
