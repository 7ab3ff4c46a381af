//! What the tests of this crate share: the log as text, calls through an interceptor.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gannet_core::{
    Call, Interceptor, Interceptors, Metadata, MethodDescriptor, MethodKind, Running, Side, Status, Terminal,
};

use crate::Authenticated;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What `work` logs on its thread, at every level.
pub(crate) fn logged(work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// A method to call.
pub(crate) static SAY_HELLO: MethodDescriptor = MethodDescriptor::new(
    "/helloworld.Greeter/SayHello",
    "helloworld.Greeter",
    "SayHello",
    MethodKind::Unary,
);

/// The metadata with these entries.
pub(crate) fn metadata(entries: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in entries {
        metadata.append(key, value).unwrap();
    }
    metadata
}

/// What a handler saw of a call.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) caller: Option<Authenticated>,
    pub(crate) metadata: Metadata,
}

/// A handler that writes down what it sees.
struct Handler(Option<Seen>);

impl Terminal for Handler {
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        let caller = Authenticated::of(call.extensions()).cloned();
        self.0 = Some(Seen { caller, metadata: call.metadata().clone() });
        Box::pin(async { Ok(()) })
    }
}

/// Runs a call through an interceptor; what its handler saw, unless it was refused.
pub(crate) async fn serve(interceptor: &(impl Interceptor + Clone), mut call: Call) -> Result<Seen, Status> {
    let mut chain = Interceptors::new();
    chain.push(interceptor.clone());
    let mut handler = Handler(None);
    let outcome = chain.run(&mut call, &mut handler).await;
    assert_eq!(outcome.is_ok(), handler.0.is_some(), "who is refused reaches no handler, and nobody else");
    outcome.map(|()| handler.0.unwrap())
}

/// As [`serve`], for a call of [`SAY_HELLO`] with these metadata.
pub(crate) async fn greet(
    interceptor: &(impl Interceptor + Clone),
    entries: &[(&str, &str)],
) -> Result<Seen, Status> {
    serve(interceptor, Call::new(Side::Server, &SAY_HELLO).with(metadata(entries), None, None)).await
}

/// Goes on until `done` says so; fails after a minute of real time.
pub(crate) async fn eventually(mut done: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not come to that");
        tokio::task::yield_now().await;
    }
}
