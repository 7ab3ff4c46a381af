//! Chapter 2: a server, a client, and two services on one port and one connection.

use gannet::codegen::buffa_types::google::protobuf::Empty;

use super::protos::helloworld::{GreeterClient, HelloRequest};
use super::protos::tour::TourClient;
use super::{Notes, Outcome, services};

pub(in super::super) async fn calls(notes: Notes) -> Outcome {
    let served = services::serve().await?;
    notes.note(format!("the server listens on {}", served.address));
    let greeter = GreeterClient::new(served.channel.clone());

    notes.sent("SayHello { name: \"zhangsan\" } with the metadata x-tour: 42");
    let reply = greeter.say_hello(HelloRequest { name: "zhangsan".into() }).metadata("x-tour", "42").await?;
    let returned = reply.metadata().get("x-tour-came").unwrap_or("nothing").to_owned();
    notes.came(format!("{:?}, with the metadata x-tour-came: {returned}", reply.message));
    notes.holds(reply.message == "Hello zhangsan!", "the greeting is another")?;
    notes.holds(returned == "42", "the metadata did not come back")?;

    notes.sent("Whoami {} to the other service, over the same channel");
    let caller = TourClient::new(served.channel.clone()).whoami(Empty::default()).await?;
    notes.came(format!("the server sees {}", caller.address));
    let before = reply.metadata().get("x-caller").unwrap_or_default();
    notes.holds(caller.address == before, format!("the Greeter saw {before}: not one connection"))?;

    notes.sent("1000 calls at once, from clones of one client");
    let calls: Vec<_> = (0..1000)
        .map(|number| {
            let greeter = greeter.clone();
            tokio::spawn(async move { greeter.say_hello(HelloRequest { name: number.to_string() }).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let reply = call.await??;
        notes.holds(
            reply.message == format!("Hello {number}!"),
            format!("call {number} got {:?}", reply.message),
        )?;
    }
    notes.came("1000 replies, each to its call");
    Ok(())
}
