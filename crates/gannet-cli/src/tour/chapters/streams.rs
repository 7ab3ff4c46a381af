//! Chapter 4: all shapes of streams; the two directions apart; half-close; back-pressure; cancelling.

use std::time::Duration;

use gannet::codegen::buffa_types::google::protobuf::Empty;

use super::protos::helloworld::{GreeterClient, HelloRequest};
use super::protos::tour::{Number, TourClient};
use super::{Notes, Outcome, services};

pub(in super::super) async fn streams(notes: Notes) -> Outcome {
    let served = services::serve().await?;
    let tour = TourClient::new(served.channel.clone());
    one_direction(&notes, &tour).await?;
    both_directions(&notes, &GreeterClient::new(served.channel.clone())).await?;
    half_close(&notes, &tour).await?;
    back_pressure(&notes, &tour, &served.signals).await?;
    for_ever(&notes, &tour, &served.signals).await
}

async fn one_direction(notes: &Notes, tour: &TourClient) -> Outcome {
    notes.sent("Count { value: 5 }");
    let mut replies = tour.count(Number { value: 5 }).open();
    let mut values = Vec::new();
    while let Some(number) = replies.next().await? {
        values.push(number.value);
    }
    notes.came(format!("{values:?} from the server's stream"));
    notes.holds(values == [1, 2, 3, 4, 5], "the numbers are others")?;

    notes.sent("a stream of 1, 2 and 3 to Sum");
    let (mut requests, reply) = tour.sum().open();
    for value in 1..=3 {
        requests.send(Number { value }).await?;
    }
    requests.finish();
    let sum = reply.await?;
    notes.came(sum.value);
    notes.holds(sum.value == 6, "the sum is another")
}

async fn both_directions(notes: &Notes, greeter: &GreeterClient) -> Outcome {
    const NAMES: [&str; 3] = ["zhangsan", "lisi", "wangwu"];
    notes.sent(format!("{NAMES:?} to SayHelloStream, from one task, while another receives"));
    let (mut requests, mut replies) = greeter.say_hello_stream().open();
    let sending = tokio::spawn(async move {
        for name in NAMES {
            requests.send(HelloRequest { name: name.into() }).await?;
        }
        requests.finish();
        Ok::<(), gannet::Status>(())
    });
    let mut messages = Vec::new();
    while let Some(reply) = replies.next().await? {
        messages.push(reply.message);
    }
    sending.await??;
    notes.came(format!("{messages:?}"));
    notes.holds(messages == ["hi zhangsan", "hi lisi", "hi wangwu"], "the replies are others")
}

async fn half_close(notes: &Notes, tour: &TourClient) -> Outcome {
    notes.sent("1, 2 and 3 to Reverse, then the end of the requests");
    let (mut requests, mut replies) = tour.reverse().open();
    for value in 1..=3 {
        requests.send(Number { value }).await?;
    }
    requests.finish();
    let mut values = Vec::new();
    while let Some(number) = replies.next().await? {
        values.push(number.value);
    }
    notes.came(format!("{values:?}, all of them behind that end"));
    notes.holds(values == [3, 2, 1], "the numbers are others")
}

async fn back_pressure(notes: &Notes, tour: &TourClient, signals: &services::Signals) -> Outcome {
    const BLOCKS: i64 = 1024;
    notes.sent(format!(
        "Flood {{ value: {BLOCKS} }}: {} MiB, which the client does not read yet",
        BLOCKS / 16
    ));
    let mut replies = tour.flood(Number { value: BLOCKS }).open();
    signals.flooded.subscribe().wait_for(|sent| *sent > 0).await?;
    for _ in 0..200 {
        tour.whoami(Empty::default()).await?;
    }
    let blocks = *signals.flooded.borrow();
    notes.came(format!("200 other replies on the same connection; by then {blocks} blocks have gone out"));
    notes.holds(blocks < BLOCKS / 2, "nothing holds the server up")?;
    let mut received = 0;
    while let Some(block) = replies.next().await? {
        notes.holds(block.data.len() == services::BLOCK, "a block is cut short")?;
        received += 1;
    }
    notes.came(format!("{received} blocks once the client reads"));
    notes.holds(received == BLOCKS, "blocks are missing")
}

async fn for_ever(notes: &Notes, tour: &TourClient, signals: &services::Signals) -> Outcome {
    notes.sent("a number every 10 ms, for ever; cancelled after the third reply");
    let (mut requests, mut replies) = tour.listen().open();
    let sending = tokio::spawn(async move {
        let mut clock = tokio::time::interval(Duration::from_millis(10));
        for value in 0.. {
            clock.tick().await;
            // The call has ended: so does its sender.
            if requests.send(Number { value }).await.is_err() {
                return value;
            }
        }
        0
    });
    for _ in 0..3 {
        notes.holds(replies.next().await?.is_some(), "the stream ended by itself")?;
    }
    drop(replies);
    let sent = sending.await?;
    signals.under_way.subscribe().wait_for(|count| *count == 0).await?;
    notes.came(format!("the sender stopped at number {sent}, and the server's handler is gone"));
    Ok(())
}
