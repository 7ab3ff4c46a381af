//! Chapter 6: chains of interceptors, on both sides, around calls and around each message of them.

use std::sync::{Arc, Mutex, PoisonError};

use gannet::interceptors::before;
use gannet::{Call, Channel, Code, Interceptor, Next, ServiceExt, Status};

use super::protos::helloworld::{GreeterClient, GreeterServer, HelloReply, HelloRequest};
use super::services::{self, MyGreeter, Running};
use super::{Notes, Outcome};

pub(in super::super) async fn interceptors(notes: Notes) -> Outcome {
    let journal = Journal::default();
    let named = |name| Named { name, journal: journal.clone() };
    // As the article's ChainUnaryServer(auth, validator) and ChainStreamServer, in one.
    let service = GreeterServer::new(MyGreeter)
        .intercept(named("validator"))
        .intercept(no_empty_names())
        .intercept_method("SayHello", cached());
    let server = gannet::Server::new().intercept(named("auth")).add(service);
    let server = services::start(server).await?;
    notes.note("the server has `auth` around all calls, and `validator` around those of the Greeter");

    order(&notes, &server, &journal).await?;
    messages(&notes, &server).await?;
    early(&notes, &server, &journal).await?;
    client(&notes, &server).await?;
    ends(&notes, &server, &journal).await
}

/// What the interceptors saw, in the order in which they saw it.
#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn write(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Says when a call passes, when its messages do, and how it ended.
struct Named {
    name: &'static str,
    journal: Journal,
}

impl Interceptor for Named {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        let name = self.name;
        self.journal.write(format!("{name} in"));
        let journal = self.journal.clone();
        call.on_request(move |message| {
            journal.write(format!(
                "{name} sees {}",
                message.name().rsplit(['.', ':']).next().unwrap_or_default()
            ));
            Ok(())
        });
        let journal = self.journal.clone();
        call.on_end(move |end| journal.write(format!("{name} sees the end, {}", end.code())));
        let outcome = next.run(call).await;
        self.journal.write(format!("{name} out"));
        outcome
    }
}

fn no_empty_names() -> impl Interceptor {
    before(|call| {
        call.on_request(|message| match message.downcast_ref::<HelloRequest>() {
            Some(request) if request.name.is_empty() => Err(Status::invalid_argument("the name is empty")),
            _ => Ok(()),
        });
        Ok(())
    })
}

/// Answers some calls by itself.
fn cached() -> impl Interceptor {
    struct Cached;

    impl Interceptor for Cached {
        async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
            match call.metadata().get("x-cached").map(str::to_owned) {
                Some(name) => {
                    call.reply(HelloReply { message: format!("Hello {name}, from the cache!") });
                    Ok(())
                }
                None => next.run(call).await,
            }
        }
    }

    Cached
}

async fn greeter(server: &Running) -> Result<GreeterClient, gannet::Error> {
    Ok(GreeterClient::new(Channel::connect(&server.address).await?))
}

async fn order(notes: &Notes, server: &Running, journal: &Journal) -> Outcome {
    notes.sent("SayHello { name: \"zhangsan\" }");
    let greeter = greeter(server).await?;
    let reply = greeter.say_hello(HelloRequest { name: "zhangsan".into() }).await?;
    let seen = journal.take();
    notes.came(format!("{:?}; on its way: {}", reply.message, seen.join(", ")));
    let expected = [
        "auth in",
        "validator in",
        "auth sees HelloRequest",
        "validator sees HelloRequest",
        "validator out",
        "auth out",
    ];
    let calls: Vec<&String> = seen.iter().filter(|line| !line.contains("the end")).collect();
    notes.holds(calls == expected.iter().collect::<Vec<_>>(), "the order is another")
}

async fn messages(notes: &Notes, server: &Running) -> Outcome {
    let greeter = greeter(server).await?;
    notes.sent("SayHello { name: \"\" }, and \"lisi\" and \"\" on a stream");
    let Err(status) = greeter.say_hello(HelloRequest::default()).await else {
        return Err("the call succeeded".into());
    };
    notes.came(format!("{status}: the interceptor looks into messages"));
    notes.holds(status.code() == Code::InvalidArgument, "the code is another")?;

    let (mut requests, mut replies) = greeter.say_hello_stream().open();
    requests.send(HelloRequest { name: "lisi".into() }).await?;
    let first = replies.next().await?.unwrap_or_default();
    requests.send(HelloRequest::default()).await?;
    let Err(status) = replies.next().await else { return Err("the stream went on".into()) };
    notes.came(format!("{:?}, then {status}: into each of a stream, too", first.message));
    notes.holds(status.code() == Code::InvalidArgument, "the code is another")
}

async fn early(notes: &Notes, server: &Running, journal: &Journal) -> Outcome {
    notes.sent("SayHello with the metadata x-cached: wangwu, of which an interceptor of that method thinks it knows the answer");
    journal.take();
    let reply =
        greeter(server).await?.say_hello(HelloRequest::default()).metadata("x-cached", "wangwu").await?;
    notes.came(format!("{:?}; no handler ran", reply.message));
    notes.holds(reply.message == "Hello wangwu, from the cache!", "the answer is another")
}

async fn client(notes: &Notes, server: &Running) -> Outcome {
    let journal = Journal::default();
    notes.sent("SayHello by a channel with interceptors of its own: one adds x-tour: 42, one more for this call's clone");
    let tagged = before(|call| {
        call.metadata_mut().insert("x-tour", "42").map_err(|error| Status::internal(error.to_string()))
    });
    let channel = Channel::builder(&server.address).intercept(tagged).connect().await?;
    let channel = channel.with_interceptor(Named { name: "client", journal: journal.clone() });
    let reply = GreeterClient::new(channel).say_hello(HelloRequest { name: "zhangsan".into() }).await?;
    let returned = reply.metadata().get("x-tour-came").unwrap_or("nothing").to_owned();
    notes
        .came(format!("the server saw x-tour: {returned}; the client's side: {}", journal.take().join(", ")));
    notes.holds(returned == "42", "the metadata did not arrive")
}

async fn ends(notes: &Notes, server: &Running, journal: &Journal) -> Outcome {
    notes.sent("SayHelloStream, given up after the first reply");
    let (mut requests, mut replies) = greeter(server).await?.say_hello_stream().open();
    requests.send(HelloRequest { name: "zhangsan".into() }).await?;
    replies.next().await?;
    journal.take();
    drop((requests, replies));
    // The server learns of it by itself.
    let mut seen = Vec::new();
    while !seen.iter().any(|line: &String| line.starts_with("auth sees the end")) {
        tokio::task::yield_now().await;
        seen.extend(journal.take());
    }
    notes.came(format!("the server's interceptors: {}", seen.join(", ")));
    notes.holds(seen.iter().any(|line| line.contains("CANCELLED")), "they do not know that it was cancelled")
}
