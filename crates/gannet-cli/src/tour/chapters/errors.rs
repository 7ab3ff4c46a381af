//! Beyond the article: how calls fail, and what their callers see of it.

use gannet::codegen::buffa_types::google::protobuf::Empty;
use gannet::codegen::{Buffa, MethodDescriptor, MethodKind, UnaryCall};
use gannet::{Channel, Code, Request, Server, Status};

use super::protos::tour::{Number, TourClient};
use super::{Notes, Outcome, services};

/// A method that the server does not have.
static NO_SUCH_METHOD: MethodDescriptor =
    MethodDescriptor::new("/tour.Tour/NoSuchMethod", "tour.Tour", "NoSuchMethod", MethodKind::Unary);

/// A service that the server does not have.
static NO_SUCH_SERVICE: MethodDescriptor =
    MethodDescriptor::new("/no.such.Service/Method", "no.such.Service", "Method", MethodKind::Unary);

pub(in super::super) async fn errors(notes: Notes) -> Outcome {
    let served = services::serve().await?;
    let tour = TourClient::new(served.channel.clone());

    notes.sent("Fail { value: 5 }");
    let status = failure(tour.fail(Number { value: 5 }).await)?;
    let trailer = status.metadata().get("x-tour-trailer").unwrap_or("nothing");
    notes.came(format!("{status}, with the trailer x-tour-trailer: {trailer}"));
    notes.holds(status.code() == Code::NotFound, "the code is another")?;
    notes.holds(status.message() == "100 % on purpose: 张三 ☺", "the message is another")?;
    notes.holds(trailer == "here", "the trailer is missing")?;

    for (method, says) in [(&NO_SUCH_METHOD, "unknown method"), (&NO_SUCH_SERVICE, "unknown service")] {
        notes.sent(format!("a call of {}", method.path));
        let status = failure(call(&served.channel, method).await)?;
        notes.came(&status);
        notes.holds(
            status.code() == Code::Unimplemented && status.message().contains(says),
            "not what it should say",
        )?;
    }

    notes.sent("Panic {}: the handler panics");
    let status = failure(tour.panic(Empty::default()).await)?;
    notes.came(&status);
    notes.holds(status.code() == Code::Internal, "the code is another")?;

    notes.sent("CountAndPanic { value: 2 }: two replies, then the handler panics");
    let mut replies = tour.count_and_panic(Number { value: 2 }).open();
    for _ in 0..2 {
        notes.holds(replies.next().await?.is_some(), "a reply is missing")?;
    }
    let status = failure(replies.next().await)?;
    notes.came(format!("two replies, then {status}"));
    notes.holds(status.code() == Code::Internal, "the code is another")?;

    notes.sent("Count { value: 1 }, on the same connection");
    let mut replies = tour.count(Number { value: 1 }).open();
    notes.holds(replies.next().await?.is_some_and(|number| number.value == 1), "the connection is harmed")?;
    notes.came("1: the panics harmed nobody else");
    nobody(&notes).await
}

async fn nobody(notes: &Notes) -> Outcome {
    // A port that is free: it was taken, and given back.
    let (bound, address) = services::bind(Server::new()).await?;
    drop(bound);
    notes.sent(format!("Whoami {{}} to {address}, where nobody listens"));
    let tour = TourClient::new(Channel::lazy(&address)?);
    let status = failure(tour.whoami(Empty::default()).await)?;
    notes.came(&status);
    notes.holds(status.code() == Code::Unavailable, "the code is another")?;
    notes.holds(status.message().contains(&address), "it does not say where")
}

async fn call(channel: &Channel, method: &'static MethodDescriptor) -> Result<(), Status> {
    UnaryCall::<Number, Number, Buffa>::new(channel, method, Request::new(Number::default()))
        .await
        .map(|_| ())
}

fn failure<T>(outcome: Result<T, Status>) -> Result<Status, Box<dyn std::error::Error + Send + Sync>> {
    match outcome {
        Ok(_) => Err("the call succeeded".into()),
        Err(status) => Ok(status),
    }
}
