//! Beyond the article: a server that goes, and loses no call.

use std::sync::Arc;

use gannet::Channel;
use gannet::codegen::buffa_types::google::protobuf::Empty;

use super::protos::tour::TourClient;
use super::{Notes, Outcome, services};

pub(in super::super) async fn shutdown(notes: Notes) -> Outcome {
    let signals = Arc::new(services::Signals::default());
    let (server, address) = services::bind(&signals).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve_with_shutdown(async move {
        // A dropped sender is as good as a signal.
        let _ = stopped.await;
    }));
    let tour = TourClient::new(Channel::connect(&address).await?);

    notes.sent("Wait {}, and while it waits, the signal to shut down");
    let call = tokio::spawn({
        let tour = tour.clone();
        async move { tour.wait(Empty::default()).await }
    });
    signals.under_way.subscribe().wait_for(|count| *count == 1).await?;
    let _ = stop.send(());
    // The port is closed as soon as the server drains; until then the system still accepts.
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    notes.note("the port takes no more connections; the call is still under way");
    notes.holds(*signals.under_way.borrow() == 1, "the call under way was ended")?;
    signals.go_on.notify_one();
    call.await??;
    notes.came("the reply of the call that was under way");
    serving.await?;
    notes.note("the server has ended");
    Ok(())
}
