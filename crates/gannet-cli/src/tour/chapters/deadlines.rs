//! Beyond the article: deadlines, held on both sides.

use std::time::Duration;

use gannet::Code;
use gannet::codegen::buffa_types::google::protobuf::Empty;

use super::protos::tour::TourClient;
use super::{Notes, Outcome, services};

pub(in super::super) async fn deadlines(notes: Notes) -> Outcome {
    let served = services::serve().await?;
    let tour = TourClient::new(served.channel.clone());

    notes.sent("Wait {} with a time-out of 50 ms, to a handler that is never done");
    let Err(status) = tour.wait(Empty::default()).timeout(Duration::from_millis(50)).await else {
        return Err("the call succeeded".into());
    };
    notes.came(&status);
    notes.holds(status.code() == Code::DeadlineExceeded, "the code is another")?;
    served.signals.under_way.subscribe().wait_for(|count| *count == 0).await?;
    notes.note("the server's handler is gone too");

    notes.sent("Wait {} with a time-out of an hour, and lets the handler go on");
    let mut under_way = served.signals.under_way.subscribe();
    let call = tokio::spawn({
        let tour = tour.clone();
        async move { tour.wait(Empty::default()).timeout(Duration::from_secs(3600)).await }
    });
    under_way.wait_for(|count| *count == 1).await?;
    served.signals.go_on.notify_one();
    let told = call.await??;
    notes.came(format!("the handler was told of the deadline: {}", told.value == 1));
    notes.holds(told.value == 1, "the server did not know of the deadline")
}
