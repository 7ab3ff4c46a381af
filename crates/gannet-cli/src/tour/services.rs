//! The services that the tour calls: the article's Greeter, and one more for what the Greeter does not show.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use gannet::auth::Authenticated;
use gannet::{
    BoundServer, Channel, Code, ConnectionInfo, Error, PeerAddress, PeerIdentity, Replies, Request,
    RequestSender, Response, Server, Status, Streaming,
};
use tokio::sync::watch::error::RecvError;
use tokio::sync::{Notify, watch};

/// The generated code.
#[allow(
    missing_docs,
    unreachable_pub,
    reason = "it is written for any place, and documents itself as far as the contracts do"
)]
pub(crate) mod protos {
    gannet::include_protos!();
}

use gannet::codegen::buffa_types::google::protobuf::Empty;
use protos::helloworld::{Greeter, GreeterServer, HelloReply, HelloRequest};
use protos::tour::{Block, Caller, Number, Tour, TourServer};

/// What the tour's panic says.
pub(super) const PANIC: &str = "the tour panics here on purpose";

/// The size of a block that `Flood` sends.
pub(super) const BLOCK: usize = 64 * 1024;

/// What the services tell the tour, and the tour them.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// How far `Flood` is.
    pub(super) flood: watch::Sender<Flow>,
    /// The handlers of `Listen` and `Wait`.
    pub(super) handlers: watch::Sender<Handlers>,
    /// Lets `Wait` and `Swallow` go on.
    pub(super) go_on: Notify,
}

/// Handlers that have begun, and those of them that are gone.
#[derive(Debug, Default)]
pub(super) struct Handlers {
    pub(super) begun: usize,
    pub(super) gone: usize,
}

impl Signals {
    /// Waits until this many handlers have begun since the server started.
    pub(super) async fn begun(&self, count: usize) -> Result<(), RecvError> {
        self.handlers.subscribe().wait_for(|handlers| handlers.begun == count).await.map(drop)
    }

    /// Waits until this many handlers have begun and are gone, whatever ended them.
    pub(super) async fn gone(&self, count: usize) -> Result<(), RecvError> {
        self.handlers.subscribe().wait_for(|handlers| handlers.gone == count).await.map(drop)
    }
}

/// Counts a handler for as long as it is there.
struct Counted(Arc<Signals>);

impl Counted {
    fn new(signals: &Arc<Signals>) -> Self {
        signals.handlers.send_modify(|handlers| handlers.begun += 1);
        Self(Arc::clone(signals))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.handlers.send_modify(|handlers| handlers.gone += 1);
    }
}

/// How far one who sends blocks is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flow {
    pub(super) sent: i64,
    /// Waits until it may send the next one.
    pub(super) held_up: bool,
    pub(super) done: bool,
}

/// Sends `count` blocks, and says on `flow` how that goes.
pub(super) async fn send_blocks<S: SendBlock>(
    sender: &mut S,
    count: i64,
    flow: &watch::Sender<Flow>,
) -> Result<(), Status> {
    let block = Block { data: vec![0; BLOCK].into() };
    for _ in 0..count {
        {
            let mut sending = pin!(sender.send_block(block.clone()));
            poll_fn(|context| {
                let sent = sending.as_mut().poll(context);
                flow.send_modify(|flow| flow.held_up = sent.is_pending());
                sent
            })
            .await?;
        }
        flow.send_modify(|flow| flow.sent += 1);
    }
    flow.send_modify(|flow| flow.done = true);
    Ok(())
}

/// What blocks can be sent through, on either side.
pub(super) trait SendBlock {
    fn send_block(&mut self, block: Block) -> impl Future<Output = Result<(), Status>> + Send;
}

impl SendBlock for Replies<Block> {
    fn send_block(&mut self, block: Block) -> impl Future<Output = Result<(), Status>> + Send {
        self.send(block)
    }
}

impl SendBlock for RequestSender<Block> {
    fn send_block(&mut self, block: Block) -> impl Future<Output = Result<(), Status>> + Send {
        self.send(block)
    }
}

/// The article's Greeter.
pub(super) struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let mut response = Response::new(HelloReply { message: format!("Hello {}!", request.name) });
        if let Some(key) = request.metadata().get("x-tour") {
            response.metadata_mut().insert("x-tour-came", key)?;
        }
        let connection = request.connection();
        if let Some(address) = connection.and_then(ConnectionInfo::remote_address) {
            response.metadata_mut().insert("x-caller", address.to_string())?;
        }
        if let Some(tls) = connection.and_then(ConnectionInfo::tls) {
            response.metadata_mut().insert("x-tls", format!("{}, {}", tls.version(), tls.cipher_suite()))?;
        }
        if let Some(user) = Authenticated::of(request.extensions()) {
            response.metadata_mut().insert("x-user", user.subject())?;
        }
        if let Some(peer) = PeerIdentity::of(connection) {
            response.metadata_mut().insert("x-peer", peer.subject())?;
            if let Some(id) = peer.spiffe_id() {
                response.metadata_mut().insert("x-spiffe-id", id.as_str())?;
            }
        }
        Ok(response)
    }

    async fn say_hello_stream(
        &self,
        mut requests: Request<Streaming<HelloRequest>>,
        mut replies: Replies<HelloReply>,
    ) -> Result<(), Status> {
        while let Some(request) = requests.next().await? {
            replies.send(HelloReply { message: format!("hi {}", request.name) }).await?;
        }
        Ok(())
    }
}

/// What the Greeter does not show.
struct MyTour(Arc<Signals>);

impl Tour for MyTour {
    async fn whoami(&self, request: Request<Empty>) -> Result<Response<Caller>, Status> {
        let address = request.connection().and_then(|connection| connection.remote_address());
        Ok(Caller { address: address.map(ToString::to_string).unwrap_or_default() }.into())
    }

    async fn count(&self, request: Request<Number>, mut replies: Replies<Number>) -> Result<(), Status> {
        for value in 1..=request.value {
            replies.send(Number { value }).await?;
        }
        Ok(())
    }

    async fn sum(&self, mut requests: Request<Streaming<Number>>) -> Result<Response<Number>, Status> {
        let mut sum = Number::default();
        while let Some(number) = requests.next().await? {
            sum.value += number.value;
        }
        Ok(sum.into())
    }

    async fn reverse(
        &self,
        mut requests: Request<Streaming<Number>>,
        mut replies: Replies<Number>,
    ) -> Result<(), Status> {
        let mut numbers = Vec::new();
        while let Some(number) = requests.next().await? {
            numbers.push(number);
        }
        for number in numbers.into_iter().rev() {
            replies.send(number).await?;
        }
        Ok(())
    }

    async fn converse(
        &self,
        mut requests: Request<Streaming<Number>>,
        mut replies: Replies<Number>,
    ) -> Result<(), Status> {
        for value in 1..=3 {
            replies.send(Number { value }).await?;
        }
        let mut sum = Number::default();
        while let Some(number) = requests.next().await? {
            sum.value += number.value;
        }
        replies.send(sum).await
    }

    async fn flood(&self, request: Request<Number>, mut replies: Replies<Block>) -> Result<(), Status> {
        send_blocks(&mut replies, request.value, &self.0.flood).await
    }

    async fn swallow(&self, mut requests: Request<Streaming<Block>>) -> Result<Response<Number>, Status> {
        self.0.go_on.notified().await;
        let mut count = Number::default();
        while let Some(block) = requests.next().await? {
            count.value += i64::from(block.data.len() == BLOCK);
        }
        Ok(count.into())
    }

    async fn listen(
        &self,
        mut requests: Request<Streaming<Number>>,
        mut replies: Replies<Number>,
    ) -> Result<(), Status> {
        let _counted = Counted::new(&self.0);
        while let Some(number) = requests.next().await? {
            replies.send(number).await?;
        }
        Ok(())
    }

    async fn wait(&self, request: Request<Empty>) -> Result<Response<Number>, Status> {
        let _counted = Counted::new(&self.0);
        self.0.go_on.notified().await;
        Ok(Number { value: i64::from(request.deadline().is_some()) }.into())
    }

    async fn fail(&self, request: Request<Number>) -> Result<Response<Number>, Status> {
        let code = Code::from_i32(i32::try_from(request.value).unwrap_or_default());
        let mut status = Status::new(code, "100 % on purpose: 张三 ☺");
        status.metadata_mut().insert("x-tour-trailer", "here")?;
        Err(status)
    }

    async fn panic(&self, _request: Request<Empty>) -> Result<Response<Number>, Status> {
        std::panic::panic_any(PANIC);
    }

    async fn count_and_panic(
        &self,
        request: Request<Number>,
        mut replies: Replies<Number>,
    ) -> Result<(), Status> {
        for value in 1..=request.value {
            replies.send(Number { value }).await?;
        }
        std::panic::panic_any(PANIC);
    }
}

/// A server with both services.
pub(super) fn server(signals: &Arc<Signals>) -> Server {
    greeter().add(TourServer::new(MyTour(Arc::clone(signals))))
}

/// A server with the Greeter alone.
pub(super) fn greeter() -> Server {
    Server::new().add(GreeterServer::new(MyGreeter))
}

/// Takes a free loopback port, and says which.
pub(super) async fn bind(server: Server) -> Result<(BoundServer, String), Error> {
    let server = server.bind("127.0.0.1:0").await?;
    let address = server.local_address().as_ref().map(PeerAddress::to_string).unwrap_or_default();
    Ok((server, address))
}

/// A server that serves for as long as this is there.
pub(super) struct Running {
    pub(super) address: String,
    serving: tokio::task::JoinHandle<()>,
}

/// Has a server serve, on a free loopback port.
pub(super) async fn start(server: Server) -> Result<Running, Error> {
    let (server, address) = bind(server).await?;
    Ok(Running { address, serving: tokio::spawn(server.serve()) })
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A server that serves, and a channel to it.
pub(super) struct Served {
    pub(super) channel: Channel,
    pub(super) address: String,
    pub(super) signals: Arc<Signals>,
    _running: Running,
}

/// Starts a server with both services and connects to it.
pub(super) async fn serve() -> Result<Served, Error> {
    let signals = Arc::new(Signals::default());
    let running = start(server(&signals)).await?;
    let address = running.address.clone();
    let channel = Channel::connect(&address).await?;
    Ok(Served { channel, address, signals, _running: running })
}
