//! Messages whose type is not known where they are looked at.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::{Codec, EncodeBuffer, Status};

/// What can be done with a message without knowing its type.
trait Format: Sync {
    fn name(&self) -> &'static str;
    fn encode(&self, message: &dyn Any, buffer: &mut EncodeBuffer) -> Result<(), Status>;
    fn debug(&self, message: &dyn Any, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The format of messages of type `M` in the codec `C`.
struct Of<C, M>(PhantomData<fn() -> (C, M)>);

impl<C: Codec<M>, M: 'static> Format for Of<C, M> {
    fn name(&self) -> &'static str {
        C::message_name()
    }

    fn encode(&self, message: &dyn Any, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        match message.downcast_ref::<M>() {
            Some(message) => C::encode(message, buffer),
            None => Err(Status::internal("a message is not of the type it was said to be")),
        }
    }

    fn debug(&self, message: &dyn Any, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match message.downcast_ref::<M>() {
            Some(message) => C::debug(message, formatter),
            None => formatter.write_str(type_name::<M>()),
        }
    }
}

fn encoded(format: &dyn Format, message: &dyn Any) -> Result<Bytes, Status> {
    let mut buffer = EncodeBuffer::new();
    format.encode(message, &mut buffer)?;
    let encoded = buffer.finish();
    if encoded.segments.is_empty() {
        return Ok(encoded.tail.freeze());
    }
    Ok(encoded.segments.concat().into())
}

/// A message on its way, for a hook to look at and to change.
///
/// Its `Debug` is the message's own.
pub struct MessageMut<'a> {
    message: &'a mut (dyn Any + Send),
    format: &'static dyn Format,
}

impl<'a> MessageMut<'a> {
    /// A view of `message`, which the codec `C` writes.
    pub fn new<C: Codec<M>, M: Send + 'static>(message: &'a mut M) -> Self {
        Self { message, format: const { &Of::<C, M>(PhantomData) } }
    }

    /// The message's full name in its contract, such as `helloworld.HelloRequest`, where the codec knows one;
    /// otherwise that of its Rust type.
    pub fn name(&self) -> &'static str {
        self.format.name()
    }

    /// The message, if it is an `M`.
    pub fn downcast_ref<M: 'static>(&self) -> Option<&M> {
        self.message.downcast_ref()
    }

    /// The message, to be changed, if it is an `M`.
    pub fn downcast_mut<M: 'static>(&mut self) -> Option<&mut M> {
        self.message.downcast_mut()
    }

    /// The message as it goes over the wire.
    ///
    /// # Errors
    ///
    /// INTERNAL if it cannot be encoded.
    pub fn encode(&self) -> Result<Bytes, Status> {
        encoded(self.format, &*self.message)
    }
}

impl fmt::Debug for MessageMut<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.format.debug(&*self.message, formatter)
    }
}

/// A message that a hook has for itself while it awaits something, and gives back then.
///
/// Its `Debug` is the message's own.
pub struct OwnedMessage {
    message: Box<dyn Any + Send>,
    format: &'static dyn Format,
}

impl OwnedMessage {
    /// `message`, which the codec `C` writes.
    pub fn new<C: Codec<M>, M: Send + 'static>(message: M) -> Self {
        Self { message: Box::new(message), format: const { &Of::<C, M>(PhantomData) } }
    }

    /// The message's full name in its contract; as [`MessageMut::name`].
    pub fn name(&self) -> &'static str {
        self.format.name()
    }

    /// The message, if it is an `M`.
    pub fn downcast_ref<M: 'static>(&self) -> Option<&M> {
        self.message.downcast_ref()
    }

    /// The message, to be changed, if it is an `M`.
    pub fn downcast_mut<M: 'static>(&mut self) -> Option<&mut M> {
        self.message.downcast_mut()
    }

    /// The message as it goes over the wire.
    ///
    /// # Errors
    ///
    /// INTERNAL if it cannot be encoded.
    pub fn encode(&self) -> Result<Bytes, Status> {
        encoded(self.format, &*self.message)
    }

    /// The message itself.
    ///
    /// # Errors
    ///
    /// INTERNAL if it is no `M`, which takes a hook that gives back another message than it was given.
    pub fn into_inner<M: 'static>(self) -> Result<M, Status> {
        let name = self.name();
        match self.message.downcast() {
            Ok(message) => Ok(*message),
            Err(_) => Err(Status::internal(format!(
                "an interceptor gave a message {name} where a {} belongs",
                type_name::<M>()
            ))),
        }
    }
}

impl fmt::Debug for OwnedMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.format.debug(&*self.message, formatter)
    }
}
