//! Beyond the article: how calls fail, and what their callers see of it.

use gannet::codegen::{Buffa, MethodDescriptor, MethodKind, UnaryCall};
use gannet::{Channel, Code, Request, Status};

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

    notes.sent("Panic { value: 2 }: two replies, then the handler panics");
    let mut replies = tour.panic(Number { value: 2 }).open();
    for _ in 0..2 {
        notes.holds(replies.next().await?.is_some(), "a reply is missing")?;
    }
    let status = failure(replies.next().await)?;
    notes.came(format!("two replies, then {status}"));
    notes.holds(status.code() == Code::Internal, "the code is another")?;

    notes.sent("Count { value: 1 }, on the same connection");
    let mut replies = tour.count(Number { value: 1 }).open();
    notes.holds(replies.next().await?.is_some_and(|number| number.value == 1), "the connection is harmed")?;
    notes.came("1: the panic harmed nobody else");
    Ok(())
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
