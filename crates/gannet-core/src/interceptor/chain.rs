//! The trait, and the order in which a chain of interceptors runs.
//!
//! Not here: what an interceptor sees (`call`), what stands at a chain's end, which is the server's or the client's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::call::Call;
use crate::Status;

/// Code around calls: before a call it may look, change, refuse or answer; behind it, it sees how the call ended.
///
/// The same trait serves servers and clients, unary calls and streams. What an interceptor does before
/// [`Next::run`] happens before the call: before the request is decoded on a server, before anything is sent on a
/// client. What `run` gives is the call's outcome. An interceptor that does not call `run` has answered the call
/// itself: with the status it returns, or with [`Call::reply`] and `Ok`.
///
/// Single messages are seen by hooks: [`Call::on_request`] and [`Call::on_reply`].
///
/// ```
/// use gannet_core::{Call, Interceptor, Next, Status};
///
/// struct Tenants;
///
/// impl Interceptor for Tenants {
///     async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
///         let Some(tenant) = call.metadata().get("tenant") else {
///             return Err(Status::invalid_argument("the metadata `tenant` is missing"));
///         };
///         let tenant = tenant.to_owned();
///         let outcome = next.run(call).await;
///         println!("{}: {tenant}: {outcome:?}", call.method().path);
///         outcome
///     }
/// }
/// ```
///
/// # Cancel safety
///
/// A call that is cancelled, or whose deadline passes, drops the interceptor's future where it stands: what must
/// happen in any case belongs into [`Call::on_end`].
pub trait Interceptor: Send + Sync + 'static {
    /// Runs around one call.
    ///
    /// # Errors
    ///
    /// The status that the call ends with.
    fn intercept(&self, call: &mut Call, next: Next<'_>) -> impl Future<Output = Result<(), Status>> + Send;
}

/// One interceptor in several places, for example with a limit that they share.
impl<I: Interceptor> Interceptor for Arc<I> {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        (**self).intercept(call, next).await
    }
}

/// A call under way through a chain.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Status>> + Send + 'a>>;

/// An [`Interceptor`], its type forgotten.
pub trait ErasedInterceptor: Send + Sync + 'static {
    /// Runs around one call.
    fn intercept_erased<'a>(&'a self, call: &'a mut Call, next: Next<'a>) -> Running<'a>;
}

impl<I: Interceptor> ErasedInterceptor for I {
    fn intercept_erased<'a>(&'a self, call: &'a mut Call, next: Next<'a>) -> Running<'a> {
        Box::pin(self.intercept(call, next))
    }
}

/// What stands at the end of a chain: the handler on a server, the sending of the call on a client.
pub trait Terminal: Send {
    /// Runs the call itself; called at most once.
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a>;
}

/// The rest of a chain, from one interceptor's place on.
pub struct Next<'a> {
    rest: &'a [Arc<dyn ErasedInterceptor>],
    terminal: &'a mut dyn Terminal,
}

impl Next<'_> {
    /// Runs the rest of the chain and the call itself.
    ///
    /// The handler takes the request's metadata and extensions with it: they are no longer in `call` afterwards.
    ///
    /// # Errors
    ///
    /// The status that the call has failed with, from the handler, from another interceptor, or from the transport.
    pub async fn run(self, call: &mut Call) -> Result<(), Status> {
        match self.rest.split_first() {
            Some((first, rest)) => first.intercept_erased(call, Next { rest, terminal: self.terminal }).await,
            None => self.terminal.run(call).await,
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Next").field("interceptors", &self.rest.len()).finish()
    }
}

/// An ordered chain of interceptors; the first is the outermost. Cheap to clone; an empty one has no allocation.
#[derive(Clone, Default)]
pub struct Interceptors(Option<Arc<[Arc<dyn ErasedInterceptor>]>>);

impl Interceptors {
    /// None.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn all(&self) -> &[Arc<dyn ErasedInterceptor>] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Adds one at the end, closest to the call.
    pub fn push(&mut self, interceptor: impl Interceptor) {
        let added: Arc<dyn ErasedInterceptor> = Arc::new(interceptor);
        self.0 = Some(self.all().iter().cloned().chain([added]).collect());
    }

    /// This chain with another inside it.
    pub fn around(&self, inner: &Self) -> Self {
        match (&self.0, &inner.0) {
            (_, None) => self.clone(),
            (None, _) => inner.clone(),
            (Some(_), Some(_)) => Self(Some(self.all().iter().chain(inner.all()).cloned().collect())),
        }
    }

    /// Runs a call through the chain, with `terminal` at its end.
    ///
    /// # Errors
    ///
    /// The status that the call has failed with.
    pub async fn run(&self, call: &mut Call, terminal: &mut dyn Terminal) -> Result<(), Status> {
        Next { rest: self.all(), terminal }.run(call).await
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Interceptors({})", self.all().len())
    }
}
