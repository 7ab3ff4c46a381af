//! The services that the tour calls: the article's Greeter, and one more for what the Greeter does not show.

use std::sync::Arc;

use gannet::{
    BoundServer, Channel, Code, Error, PeerAddress, Replies, Request, Response, Server, Status, Streaming,
};
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
    /// How many blocks `Flood` has sent.
    pub(super) flooded: watch::Sender<i64>,
    /// Calls of `Listen` and `Wait` under way.
    pub(super) under_way: watch::Sender<usize>,
    /// Lets `Wait` go on.
    pub(super) go_on: Notify,
}

/// Counts a call for as long as its handler is there.
struct UnderWay(Arc<Signals>);

impl UnderWay {
    fn new(signals: &Arc<Signals>) -> Self {
        signals.under_way.send_modify(|count| *count += 1);
        Self(Arc::clone(signals))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

/// The article's Greeter.
struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let mut response = Response::new(HelloReply { message: format!("Hello {}!", request.name) });
        if let Some(key) = request.metadata().get("x-tour") {
            response.metadata_mut().insert("x-tour-came", key)?;
        }
        if let Some(address) = request.connection().and_then(|connection| connection.remote_address()) {
            response.metadata_mut().insert("x-caller", address.to_string())?;
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

    async fn flood(&self, request: Request<Number>, mut replies: Replies<Block>) -> Result<(), Status> {
        let data = vec![0; BLOCK];
        for sent in 1..=request.value {
            replies.send(Block { data: data.clone().into() }).await?;
            self.0.flooded.send_replace(sent);
        }
        Ok(())
    }

    async fn listen(
        &self,
        mut requests: Request<Streaming<Number>>,
        mut replies: Replies<Number>,
    ) -> Result<(), Status> {
        let _under_way = UnderWay::new(&self.0);
        while let Some(number) = requests.next().await? {
            replies.send(number).await?;
        }
        Ok(())
    }

    async fn wait(&self, request: Request<Empty>) -> Result<Response<Number>, Status> {
        let _under_way = UnderWay::new(&self.0);
        self.0.go_on.notified().await;
        Ok(Number { value: i64::from(request.deadline().is_some()) }.into())
    }

    async fn fail(&self, request: Request<Number>) -> Result<Response<Number>, Status> {
        let code = Code::from_i32(i32::try_from(request.value).unwrap_or_default());
        let mut status = Status::new(code, "100 % on purpose: 张三 ☺");
        status.metadata_mut().insert("x-tour-trailer", "here")?;
        Err(status)
    }

    async fn panic(&self, request: Request<Number>, mut replies: Replies<Number>) -> Result<(), Status> {
        for value in 1..=request.value {
            replies.send(Number { value }).await?;
        }
        std::panic::panic_any(PANIC);
    }
}

/// A server with both services, on a free loopback port.
pub(super) async fn bind(signals: &Arc<Signals>) -> Result<(BoundServer, String), Error> {
    let server = Server::new()
        .add(GreeterServer::new(MyGreeter))
        .add(TourServer::new(MyTour(Arc::clone(signals))))
        .bind("127.0.0.1:0")
        .await?;
    let address = server.local_address().as_ref().map(PeerAddress::to_string).unwrap_or_default();
    Ok((server, address))
}

/// A server that serves, and a channel to it.
pub(super) struct Served {
    pub(super) channel: Channel,
    pub(super) address: String,
    pub(super) signals: Arc<Signals>,
    serving: tokio::task::JoinHandle<()>,
}

/// Starts a server with both services and connects to it.
pub(super) async fn serve() -> Result<Served, Error> {
    let signals = Arc::new(Signals::default());
    let (server, address) = bind(&signals).await?;
    let serving = tokio::spawn(server.serve());
    let channel = Channel::connect(&address).await?;
    Ok(Served { channel, address, signals, serving })
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
