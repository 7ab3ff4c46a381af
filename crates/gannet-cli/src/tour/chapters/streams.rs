//! Chapter 4: all shapes of streams; the two directions apart; half-close; back-pressure both ways; cancelling.

use std::sync::Arc;
use std::time::Duration;

use gannet::Code;
use gannet::codegen::buffa_types::google::protobuf::Empty;
use tokio::sync::watch;

use super::protos::helloworld::{GreeterClient, HelloRequest};
use super::protos::tour::{Number, TourClient};
use super::services::{self, Flow, Signals};
use super::{Notes, Outcome};

pub(in super::super) async fn streams(notes: Notes) -> Outcome {
    let served = services::serve().await?;
    let tour = TourClient::new(served.channel.clone());
    one_direction(&notes, &tour).await?;
    both_directions(&notes, &GreeterClient::new(served.channel.clone())).await?;
    either_direction_alone(&notes, &tour).await?;
    half_close(&notes, &tour).await?;
    slow_client(&notes, &tour, &served.signals).await?;
    slow_server(&notes, &tour, &served.signals).await?;
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

async fn either_direction_alone(notes: &Notes, tour: &TourClient) -> Outcome {
    notes.sent("nothing yet to Converse, only the call");
    let (mut requests, mut replies) = tour.converse().open();
    for value in 1..=3 {
        notes.holds(replies.next().await? == Some(Number { value }), "the numbers are others")?;
    }
    notes.came("1, 2 and 3 before any request");
    notes.sent("10, 20 and 30, then the end of the requests");
    for value in [10, 20, 30] {
        requests.send(Number { value }).await?;
    }
    requests.finish();
    let sum = replies.next().await?.unwrap_or_default();
    notes.came(format!("their sum, {}", sum.value));
    notes.holds(sum.value == 60, "the sum is another")?;
    notes.holds(replies.next().await?.is_none(), "the stream does not end")
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

/// The blocks that each sender of the chapters on back-pressure wants to send: 64 MiB.
const BLOCKS: i64 = 1024;

async fn slow_client(notes: &Notes, tour: &TourClient, signals: &Signals) -> Outcome {
    notes.sent(format!("Flood {{ value: {BLOCKS} }}: 64 MiB, of which the client reads nothing yet"));
    let mut replies = tour.flood(Number { value: BLOCKS }).open();
    held_up(notes, tour, &signals.flood, "server").await?;
    let mut received = 0;
    while let Some(block) = replies.next().await? {
        notes.holds(block.data.len() == services::BLOCK, "a block is cut short")?;
        received += 1;
    }
    notes.came(format!("{received} blocks once the client reads"));
    notes.holds(received == BLOCKS, "blocks are missing")
}

async fn slow_server(notes: &Notes, tour: &TourClient, signals: &Signals) -> Outcome {
    notes.sent("the same the other way: 64 MiB to Swallow, which reads nothing yet");
    let (mut requests, reply) = tour.swallow().open();
    let flow = Arc::new(watch::Sender::default());
    let sending = tokio::spawn({
        let flow = Arc::clone(&flow);
        async move {
            services::send_blocks(&mut requests, BLOCKS, &flow).await?;
            requests.finish();
            Ok::<(), gannet::Status>(())
        }
    });
    held_up(notes, tour, &flow, "client").await?;
    signals.go_on.notify_one();
    let received = reply.await?.value;
    sending.await??;
    notes.came(format!("{received} blocks arrived once the server read"));
    notes.holds(received == BLOCKS, "blocks are missing")
}

/// Shows that this sender waits, after a small part of what it has, although the connection is alive.
async fn held_up(notes: &Notes, tour: &TourClient, flow: &watch::Sender<Flow>, sender: &str) -> Outcome {
    let waits = |flow: &Flow| flow.held_up || flow.done;
    flow.subscribe().wait_for(waits).await?;
    for _ in 0..200 {
        tour.whoami(Empty::default()).await?;
    }
    let flow = *flow.subscribe().wait_for(waits).await?;
    notes.came(format!(
        "200 other replies on the same connection; the {sender} waits after {} blocks of {BLOCKS}",
        flow.sent
    ));
    notes.holds(!flow.done && flow.sent < BLOCKS / 4, format!("nothing holds the {sender} up"))
}

async fn for_ever(notes: &Notes, tour: &TourClient, signals: &Signals) -> Outcome {
    notes.sent("a number every 10 ms to Listen, for ever; cancelled after the third reply");
    let (mut requests, mut replies) = tour.listen().open();
    let sending = tokio::spawn(async move {
        let mut clock = tokio::time::interval(Duration::from_millis(10));
        let mut value = 0;
        loop {
            clock.tick().await;
            value += 1;
            // The call has ended: so does its sender.
            if let Err(status) = requests.send(Number { value }).await {
                return (value, status);
            }
        }
    });
    for _ in 0..3 {
        notes.holds(replies.next().await?.is_some(), "the stream ended by itself")?;
    }
    drop(replies);
    let (value, status) = sending.await?;
    notes.came(format!("number {value} could not be sent any more: {status}"));
    notes.holds(status.code() == Code::Cancelled, "the code is another")?;
    signals.gone(1).await?;
    notes.note("the server's handler is gone too");
    Ok(())
}
