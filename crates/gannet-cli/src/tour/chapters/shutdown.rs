//! Beyond the article: a server that goes, and loses no call that ends in time.

use std::sync::Arc;
use std::time::Duration;

use gannet::codegen::buffa_types::google::protobuf::Empty;
use gannet::{Channel, Code, Error, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::protos::tour::TourClient;
use super::{Notes, Outcome, services};

pub(in super::super) async fn shutdown(notes: Notes) -> Outcome {
    in_time(&notes).await?;
    too_late(&notes).await
}

async fn in_time(notes: &Notes) -> Outcome {
    let signals = Arc::new(services::Signals::default());
    let stoppable = Stoppable::start(services::server(&signals)).await?;
    notes.sent("Wait {}, and while it waits, the signal to shut down");
    let call = stoppable.wait();
    signals.begun(1).await?;
    let _ = stoppable.stop.send(());
    // The port is closed as soon as the server drains; until then the system still accepts.
    while tokio::net::TcpStream::connect(&stoppable.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    notes.note("the port takes no more connections; the call is still under way");
    notes.holds(signals.handlers.borrow().gone == 0, "the call under way was ended")?;
    signals.go_on.notify_one();
    call.await??;
    notes.came("the reply of the call that was under way");
    stoppable.serving.await?;
    notes.note("the server has ended");
    Ok(())
}

async fn too_late(notes: &Notes) -> Outcome {
    let signals = Arc::new(services::Signals::default());
    let server = services::server(&signals).drain_timeout(Duration::from_millis(50));
    let stoppable = Stoppable::start(server).await?;
    notes.sent("Wait {}, which never ends, to a server that drains for 50 ms at most");
    let call = stoppable.wait();
    signals.begun(1).await?;
    let _ = stoppable.stop.send(());
    let Err(status) = call.await? else { return Err("the call succeeded".into()) };
    notes.came(&status);
    notes.holds(status.code() == Code::Unavailable, "the code is another")?;
    stoppable.serving.await?;
    signals.gone(1).await?;
    notes.note("the server has ended, and its handler is gone");
    Ok(())
}

/// A server that ends when told to, and a client of it.
struct Stoppable {
    address: String,
    /// Dropping it is as good as a signal.
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    tour: TourClient,
}

impl Stoppable {
    async fn start(server: Server) -> Result<Self, Error> {
        let (server, address) = services::bind(server).await?;
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve_with_shutdown(async move {
            let _ = stopped.await;
        }));
        let tour = TourClient::new(Channel::connect(&address).await?);
        Ok(Self { address, stop, serving, tour })
    }

    /// A call that is under way for as long as the tour wants.
    fn wait(&self) -> JoinHandle<Result<(), gannet::Status>> {
        let tour = self.tour.clone();
        tokio::spawn(async move { tour.wait(Empty::default()).await.map(drop) })
    }
}
