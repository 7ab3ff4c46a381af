//! What generated code builds: a service's methods, each with its handler, ready for a router.
//!
//! Not here: how a handler is run (`method`), which connection calls it (`connection`).

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use gannet_core::{
    Codec, Interceptor, Interceptors, InvalidMessage, MessageKind, MethodDescriptor, Request, Response,
    ServiceDescriptor, Status, Streaming, Validation,
};

use crate::dispatch::Dispatch;
use crate::method::{ErasedMethod, StreamingMethod, UnaryMethod};
use crate::replies::Replies;

/// A service implementation behind its generated server type, for [`crate::Server::add`].
pub trait Service: Send + 'static {
    /// The methods with their handlers.
    fn into_methods(self) -> ServiceMethods;
}

/// A handler's hold on its service; dereferences to it.
///
/// Each connection counts its own holders, so that connections on different cores do not share a counter per call.
#[allow(clippy::redundant_allocation, reason = "the outer counter is the connection's own")]
pub struct Handle<T> {
    service: Arc<Arc<T>>,
}

impl<T> Handle<T> {
    /// A handle with a counter of its own.
    pub(crate) fn new(service: Arc<T>) -> Self {
        Self { service: Arc::new(service) }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service) }
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.service
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// Collects the handlers of one service; made and filled by generated code.
#[allow(clippy::struct_field_names, reason = "the methods are what the type is for")]
pub struct Methods<T> {
    descriptor: &'static ServiceDescriptor,
    service: Arc<T>,
    methods: Vec<ServiceMethod>,
}

impl<T> fmt::Debug for Methods<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Methods").field("service", &self.descriptor.name).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Methods<T> {
    /// No methods yet.
    pub fn new(descriptor: &'static ServiceDescriptor, service: Arc<T>) -> Self {
        Self { descriptor, service, methods: Vec::with_capacity(descriptor.methods.len()) }
    }

    /// Adds the unary method at `index` of the descriptor.
    ///
    /// # Panics
    ///
    /// If the descriptor has no such method, which only hand-written code can bring about.
    pub fn unary<C, Req, Rep, F, Fut>(self, index: usize, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        F: Fn(Handle<T>, Request<Req>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
    {
        let method = UnaryMethod::<C, Req, Rep, T, F>::new(Arc::clone(&self.service), handler);
        self.push(index, Arc::new(method))
    }

    /// Adds the client-streaming method at `index` of the descriptor.
    ///
    /// # Panics
    ///
    /// As [`Methods::unary`].
    pub fn client_streaming<C, Req, Rep, F, Fut>(self, index: usize, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        F: Fn(Handle<T>, Request<Streaming<Req>>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Rep>, Status>> + Send + 'static,
    {
        let method = StreamingMethod::client_streaming::<C, Req, Rep, T, F, Fut>(&self.service, handler);
        self.push(index, Arc::new(method))
    }

    /// Adds the server-streaming method at `index` of the descriptor.
    ///
    /// # Panics
    ///
    /// As [`Methods::unary`].
    pub fn server_streaming<C, Req, Rep, F, Fut>(self, index: usize, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        F: Fn(Handle<T>, Request<Req>, Replies<Rep>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let method = StreamingMethod::server_streaming::<C, Req, Rep, T, F, Fut>(&self.service, handler);
        self.push(index, Arc::new(method))
    }

    /// Adds the bidirectional method at `index` of the descriptor.
    ///
    /// # Panics
    ///
    /// As [`Methods::unary`].
    pub fn bidirectional<C, Req, Rep, F, Fut>(self, index: usize, handler: F) -> Self
    where
        C: Codec<Req> + Codec<Rep>,
        Req: Send + 'static,
        Rep: Send + 'static,
        F: Fn(Handle<T>, Request<Streaming<Req>>, Replies<Rep>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let method = StreamingMethod::bidirectional::<C, Req, Rep, T, F, Fut>(&self.service, handler);
        self.push(index, Arc::new(method))
    }

    fn push(mut self, index: usize, handler: Arc<dyn ErasedMethod>) -> Self {
        let descriptor = &self.descriptor.methods[index];
        let interceptors = Interceptors::new();
        let validation = Validating::default();
        self.methods.push(ServiceMethod { descriptor, handler, dispatch: None, interceptors, validation });
        self
    }

    /// The whole service, its types forgotten.
    pub fn finish(self) -> ServiceMethods {
        ServiceMethods {
            descriptor: self.descriptor,
            methods: self.methods,
            interceptors: Interceptors::new(),
        }
    }
}

/// One method with its handler and its settings.
#[derive(Clone)]
pub(crate) struct ServiceMethod {
    pub(crate) descriptor: &'static MethodDescriptor,
    pub(crate) handler: Arc<dyn ErasedMethod>,
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) interceptors: Interceptors,
    pub(crate) validation: Validating,
}

/// Whether the messages of a method are validated.
#[derive(Debug, Clone, Default)]
pub(crate) enum Validating {
    /// As the service or the server has it.
    #[default]
    Inherited,
    No,
    Yes(Arc<Validation>),
}

impl Validating {
    pub(crate) fn with(validation: Validation) -> Self {
        Self::Yes(Arc::new(validation.on_invalid(log_invalid_reply)))
    }

    /// This, unless it is for `outer` to say.
    pub(crate) fn inherit(&mut self, outer: &Self) {
        if let Self::Inherited = self {
            *self = outer.clone();
        }
    }
}

/// A reply that breaks rules is a fault of the handler's, which its author should hear of.
fn log_invalid_reply(invalid: &InvalidMessage<'_>) {
    if invalid.kind == MessageKind::Reply {
        tracing::error!(method = invalid.method.path, status = %invalid.status, "a reply was not sent");
    }
}

/// A service with its handlers, as the router keeps it.
pub struct ServiceMethods {
    pub(crate) descriptor: &'static ServiceDescriptor,
    pub(crate) methods: Vec<ServiceMethod>,
    /// Around all of them.
    pub(crate) interceptors: Interceptors,
}

impl ServiceMethods {
    fn method_mut(&mut self, name: &str) -> &mut ServiceMethod {
        match self.methods.iter_mut().find(|method| method.descriptor.name == name) {
            Some(method) => method,
            None => panic!("the service {} has no method {name}", self.descriptor.name),
        }
    }
}

impl fmt::Debug for ServiceMethods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServiceMethods")
            .field("service", &self.descriptor.name)
            .finish_non_exhaustive()
    }
}

impl Service for ServiceMethods {
    fn into_methods(self) -> ServiceMethods {
        self
    }
}

/// Settings of one service, for any [`Service`].
pub trait ServiceExt: Service + Sized {
    /// Where the handlers of this service run, unless [`ServiceExt::method_dispatch`] says otherwise for one of them.
    ///
    /// The default is the server's ([`crate::Server::dispatch`]).
    fn dispatch(self, dispatch: Dispatch) -> ServiceMethods {
        let mut service = self.into_methods();
        for method in &mut service.methods {
            method.dispatch.get_or_insert(dispatch);
        }
        service
    }

    /// Where the handler of one method runs; `name` is its name in the proto, such as `"SayHello"`.
    ///
    /// # Panics
    ///
    /// If the service has no such method.
    fn method_dispatch(self, name: &str, dispatch: Dispatch) -> ServiceMethods {
        let mut service = self.into_methods();
        service.method_mut(name).dispatch = Some(dispatch);
        service
    }

    /// Adds an interceptor around all methods of this service: inside the server's ([`crate::Server::intercept`]),
    /// and inside those added to the service before.
    fn intercept(self, interceptor: impl Interceptor) -> ServiceMethods {
        let mut service = self.into_methods();
        let mut added = Interceptors::new();
        added.push(interceptor);
        service.interceptors = service.interceptors.around(&added);
        service
    }

    /// Adds an interceptor around one method, inside those of the service; `name` is its name in the proto, such as
    /// `"SayHello"`.
    ///
    /// # Panics
    ///
    /// If the service has no such method.
    fn intercept_method(self, name: &str, interceptor: impl Interceptor) -> ServiceMethods {
        let mut service = self.into_methods();
        service.method_mut(name).interceptors.push(interceptor);
        service
    }

    /// Validates the requests of this service, as [`crate::Server::validate`] does those of a whole server.
    fn validate(self) -> ServiceMethods {
        self.validate_with(Validation::new())
    }

    /// Validates the messages of this service with settings of its own, whatever the server's are
    /// ([`crate::Server::validate_with`]), except for methods that were given theirs before.
    fn validate_with(self, validation: Validation) -> ServiceMethods {
        let mut service = self.into_methods();
        let validating = Validating::with(validation);
        service.methods.iter_mut().for_each(|method| method.validation.inherit(&validating));
        service
    }

    /// Validates no message of this service, whatever the server does, except for methods that were given settings before.
    fn without_validation(self) -> ServiceMethods {
        let mut service = self.into_methods();
        service.methods.iter_mut().for_each(|method| method.validation.inherit(&Validating::No));
        service
    }

    /// Validates the messages of one method with settings of its own; `name` is its name in the proto, such as
    /// `"SayHello"`.
    ///
    /// # Panics
    ///
    /// If the service has no such method.
    fn validate_method(self, name: &str, validation: Validation) -> ServiceMethods {
        let mut service = self.into_methods();
        service.method_mut(name).validation = Validating::with(validation);
        service
    }

    /// Validates no message of one method; `name` is its name in the proto, such as `"SayHello"`.
    ///
    /// # Panics
    ///
    /// If the service has no such method.
    fn method_without_validation(self, name: &str) -> ServiceMethods {
        let mut service = self.into_methods();
        service.method_mut(name).validation = Validating::No;
        service
    }
}

impl<S: Service> ServiceExt for S {}
