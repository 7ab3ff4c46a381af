//! Beyond the article: deadlines, held on both sides.

use std::time::Duration;

use gannet::Code;
use gannet::codegen::buffa_types::google::protobuf::Empty;

use super::protos::tour::TourClient;
use super::{Notes, Outcome, services};

pub(in super::super) async fn deadlines(notes: Notes) -> Outcome {
    const TIMEOUT: Duration = Duration::from_millis(250);
    let served = services::serve().await?;
    let tour = TourClient::new(served.channel.clone());

    notes.sent("Wait {} with a time-out of 250 ms, to a handler that is never done");
    let Err(status) = tour.wait(Empty::default()).timeout(TIMEOUT).await else {
        return Err("the call succeeded".into());
    };
    notes.came(&status);
    notes.holds(status.code() == Code::DeadlineExceeded, "the code is another")?;
    served.signals.gone(1).await?;
    notes.note("the server's handler is gone too");

    notes.sent("Listen with a time-out of 250 ms, by a client that does not look at its clock");
    let (_requests, mut replies) = tour.listen().timeout(TIMEOUT).open();
    served.signals.gone(2).await?;
    notes.note("the server has ended its handler by itself");
    // What the server said before this reply has come before it.
    tour.whoami(Empty::default()).await?;
    let Err(status) = replies.next().await else {
        return Err("the stream ended as if all were well".into());
    };
    notes.came(&status);
    notes.holds(status.code() == Code::DeadlineExceeded, "the code is another")?;

    notes.sent("Wait {} with a time-out of an hour, and lets the handler go on");
    let call = tokio::spawn({
        let tour = tour.clone();
        async move { tour.wait(Empty::default()).timeout(Duration::from_secs(3600)).await }
    });
    served.signals.begun(3).await?;
    served.signals.go_on.notify_one();
    let told = call.await??;
    notes.came(format!("the handler was told of the deadline: {}", told.value == 1));
    notes.holds(told.value == 1, "the server did not know of the deadline")
}
