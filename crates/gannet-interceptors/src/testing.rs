//! What the tests share: a call, and a handler at the end of the chain.

use std::pin::Pin;

use gannet_core::{
    Call, Interceptor, Interceptors, MethodDescriptor, MethodKind, Running, Side, Status, Terminal,
};

pub(crate) static METHOD: MethodDescriptor =
    MethodDescriptor::new("/t.Test/Say", "t.Test", "Say", MethodKind::Unary);

type Work = dyn FnMut(&mut Call) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send>> + Send;

/// A handler made of a closure, which counts its runs.
pub(crate) struct Handler {
    work: Box<Work>,
    pub(crate) runs: usize,
}

impl Handler {
    pub(crate) fn new<Fut>(mut work: impl FnMut(&mut Call) -> Fut + Send + 'static) -> Self
    where
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        Self { work: Box::new(move |call| Box::pin(work(call))), runs: 0 }
    }

    pub(crate) fn ok() -> Self {
        Self::new(|_| async { Ok(()) })
    }
}

impl Terminal for Handler {
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        self.runs += 1;
        (self.work)(call)
    }
}

pub(crate) fn call() -> Call {
    Call::new(Side::Server, &METHOD)
}

/// Runs a call through one interceptor.
pub(crate) async fn run(
    interceptor: impl Interceptor,
    call: &mut Call,
    handler: &mut Handler,
) -> Result<(), Status> {
    let mut chain = Interceptors::new();
    chain.push(interceptor);
    chain.run(call, handler).await
}
