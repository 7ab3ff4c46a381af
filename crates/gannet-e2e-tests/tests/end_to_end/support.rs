//! What the tests share: runtimes that check for leaks, a service made of closures, a server to start and stop.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use gannet::{
    BoundServer, Channel, ChannelBuilder, MemoryConnector, PeerAddress, Replies, Request, Response, Server,
    Status, Streaming, memory,
};
use gannet_e2e_tests::probe::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A test that is not done by then hangs. On a paused clock this passes as soon as nothing else can happen.
const HANGS: Duration = Duration::from_secs(3600);

/// The same where time is real.
const HANGS_REALLY: Duration = Duration::from_secs(60);

/// How long tasks may take to end once nobody wants them: a closing connection waits a second for its peer.
const TASKS_END: Duration = Duration::from_secs(5);

fn run(runtime: &Runtime, hangs: Duration, test: impl Future<Output = ()>) {
    runtime.block_on(async {
        let test = pin!(test);
        assert!(tokio::time::timeout(hangs, test).await.is_ok(), "the test hangs");
        tasks_are(0).await;
    });
}

/// Runs a test on one thread and a paused clock, and checks that no task is left.
pub(crate) fn paused(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    run(&runtime, HANGS, test);
}

/// Runs a test on one thread, with sockets, and checks that no task is left.
pub(crate) fn one_thread(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    run(&runtime, HANGS_REALLY, test);
}

/// Runs a test on several threads and checks that no task is left.
pub(crate) fn threads(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    run(&runtime, HANGS_REALLY, test);
}

/// Waits until the runtime has so many tasks, and fails if it does not come to that.
pub(crate) async fn tasks_are(count: usize) {
    let metrics = Handle::current().metrics();
    let settles = async {
        while metrics.num_alive_tasks() != count {
            // Also lets a paused clock go on.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let settled = tokio::time::timeout(TASKS_END, settles).await;
    assert!(settled.is_ok(), "{} tasks instead of {count}", metrics.num_alive_tasks());
}

/// Lets everything that can happen without time passing happen. For a paused clock on one thread.
pub(crate) async fn all_quiet() {
    // The clock only moves once every task waits.
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Says on its channel when it is dropped.
pub(crate) struct DropSignal(pub(crate) mpsc::UnboundedSender<()>);

impl Drop for DropSignal {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A sender for signals and where they arrive.
pub(crate) fn signals() -> (mpsc::UnboundedSender<()>, mpsc::UnboundedReceiver<()>) {
    mpsc::unbounded_channel()
}

pub(crate) type Reply<T> = BoxFuture<'static, Result<T, Status>>;
type Handler<A, R> = Box<dyn Fn(A) -> Reply<R> + Send + Sync>;

/// A service whose methods are closures. Those that are not set answer with what they got.
pub(crate) struct Script {
    unary: Handler<Request<Ask>, Response<Answer>>,
    collect: Handler<Request<Streaming<Ask>>, Response<Answer>>,
    expand: Handler<(Request<Ask>, Replies<Answer>), ()>,
    converse: Handler<(Request<Streaming<Ask>>, Replies<Answer>), ()>,
}

pub(crate) fn ask(text: &str) -> Ask {
    Ask { text: text.to_owned(), ..Ask::default() }
}

pub(crate) fn answer(text: &str) -> Answer {
    Answer { text: text.to_owned(), ..Answer::default() }
}

pub(crate) fn echo(ask: Ask) -> Answer {
    Answer { text: ask.text, payload: ask.payload, count: ask.count }
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            unary: Box::new(|request| async { Ok(echo(request.into_inner()).into()) }.boxed()),
            collect: Box::new(|mut requests| {
                async move {
                    let mut all = Answer::default();
                    while let Some(request) = requests.next().await? {
                        all.text.push_str(&request.text);
                        all.count += 1;
                    }
                    Ok(all.into())
                }
                .boxed()
            }),
            expand: Box::new(|(request, mut replies)| {
                async move {
                    for index in 0..request.count {
                        let mut reply = echo(request.clone());
                        reply.count = index;
                        replies.send(reply).await?;
                    }
                    Ok(())
                }
                .boxed()
            }),
            converse: Box::new(|(mut requests, mut replies)| {
                async move {
                    while let Some(request) = requests.next().await? {
                        replies.send(echo(request)).await?;
                    }
                    Ok(())
                }
                .boxed()
            }),
        }
    }

    pub(crate) fn unary<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Ask>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Answer>, Status>> + Send + 'static,
    {
        self.unary = Box::new(move |request| handler(request).boxed());
        self
    }

    pub(crate) fn collect<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Streaming<Ask>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Answer>, Status>> + Send + 'static,
    {
        self.collect = Box::new(move |requests| handler(requests).boxed());
        self
    }

    pub(crate) fn expand<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Ask>, Replies<Answer>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.expand = Box::new(move |(request, replies)| handler(request, replies).boxed());
        self
    }

    pub(crate) fn converse<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Streaming<Ask>>, Replies<Answer>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.converse = Box::new(move |(requests, replies)| handler(requests, replies).boxed());
        self
    }

    pub(crate) fn server(self) -> Server {
        Server::new().add(ProbeServer::new(self))
    }

    /// Serves in memory, and connects a client to it.
    pub(crate) fn start(self) -> (ProbeClient, Running) {
        let running = Running::start(self.server());
        (running.client(), running)
    }
}

impl Probe for Script {
    async fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        (self.unary)(request).await
    }

    async fn collect(&self, requests: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> {
        (self.collect)(requests).await
    }

    async fn expand(&self, request: Request<Ask>, replies: Replies<Answer>) -> Result<(), Status> {
        (self.expand)((request, replies)).await
    }

    async fn converse(
        &self,
        requests: Request<Streaming<Ask>>,
        replies: Replies<Answer>,
    ) -> Result<(), Status> {
        (self.converse)((requests, replies)).await
    }
}

/// A server that runs on a task, in memory. Dropped, it ends at once.
pub(crate) struct Running {
    connector: MemoryConnector,
    serving: Serving,
}

/// A server's task, and how to stop it.
pub(crate) struct Serving {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Serving {
    fn spawn(serve: impl FnOnce(BoxFuture<'static, ()>) -> BoxFuture<'static, ()>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            if stopped.await.is_err() {
                // Nobody will stop it.
                std::future::pending::<()>().await;
            }
        };
        Self { stop: Some(stop), task: tokio::spawn(serve(stopped.boxed())) }
    }

    /// Serves on a socket.
    pub(crate) fn on(server: BoundServer) -> Self {
        Self::spawn(|stopped| server.serve_with_shutdown(stopped).boxed())
    }

    /// Begins the drain.
    pub(crate) fn shut_down(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until `serve` has returned.
    pub(crate) async fn ended(&mut self) {
        (&mut self.task).await.unwrap();
    }

    /// Whether `serve` has returned.
    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub(crate) fn start(server: Server) -> Self {
        let (connector, listener) = memory();
        let serving = Serving::spawn(|stopped| server.serve_listener(listener, stopped).boxed());
        Self { connector, serving }
    }

    /// Settings of a channel to this server.
    pub(crate) fn channel(&self) -> ChannelBuilder {
        Channel::in_memory(self.connector.clone())
    }

    /// A client with a channel of its own.
    pub(crate) fn client(&self) -> ProbeClient {
        ProbeClient::new(self.channel().lazy().unwrap())
    }

    /// What connects to this server.
    pub(crate) fn connector(&self) -> &MemoryConnector {
        &self.connector
    }
}

impl std::ops::Deref for Running {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

impl std::ops::DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Serving {
        &mut self.serving
    }
}

/// A server on a TCP port of the loopback interface, and its port.
pub(crate) async fn on_tcp(server: Server, port: u16) -> (Serving, u16) {
    let bound = server.bind(format!("127.0.0.1:{port}")).await.unwrap();
    let Some(PeerAddress::Tcp(address)) = bound.local_address() else { panic!("a TCP address") };
    (Serving::on(bound), address.port())
}

/// An HTTP/2 frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
