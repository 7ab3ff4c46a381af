//! The chain, the hooks and the end of a call, without a server or a client around them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::{Code, Codec, EncodeBuffer, MethodDescriptor, MethodKind, Status};

static METHOD: MethodDescriptor = MethodDescriptor::new("/t.T/Say", "t.T", "Say", MethodKind::Unary);

struct Text;

impl Codec<String> for Text {
    fn encode(message: &String, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        buffer.put_slice(message.as_bytes());
        Ok(())
    }

    fn decode(bytes: Bytes) -> Result<String, Status> {
        String::from_utf8(bytes.into()).map_err(|_| Status::internal("no text"))
    }
}

type Log = Arc<Mutex<Vec<String>>>;

fn call() -> Call {
    Call::new(Side::Server, &METHOD)
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Shows "request" to the hooks, and answers with what they made of it.
struct Echo {
    seen: Option<String>,
    outcome: Result<(), Status>,
}

impl Terminal for Echo {
    fn run<'a>(&'a mut self, call: &'a mut Call) -> Running<'a> {
        Box::pin(async move {
            let message = call.request_hooks().show::<Text, String>("request".to_owned()).await?;
            self.seen = Some(call.reply_hooks().show::<Text, String>(message).await?);
            self.outcome.clone()
        })
    }
}

fn echo() -> Echo {
    Echo { seen: None, outcome: Ok(()) }
}

struct Named(&'static str, Log);

impl Interceptor for Named {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        self.1.lock().unwrap().push(format!("{} before", self.0));
        let (name, log) = (self.0, Arc::clone(&self.1));
        call.on_end(move |end| log.lock().unwrap().push(format!("{name} end {}", end.code())));
        let outcome = next.run(call).await;
        self.1.lock().unwrap().push(format!("{} behind", self.0));
        outcome
    }
}

#[test]
fn a_chain_runs_from_the_outside_in_and_back() {
    let log = Log::default();
    let mut outer = Interceptors::new();
    assert!(outer.is_empty());
    outer.push(Named("a", Arc::clone(&log)));
    outer.push(Named("b", Arc::clone(&log)));
    let mut inner = Interceptors::new();
    inner.push(Named("c", Arc::clone(&log)));
    let chain = outer.around(&inner);
    let mut call = call();
    run(chain.run(&mut call, &mut echo())).unwrap();
    call.ended(&Ok(()));
    let log = log.lock().unwrap().join(", ");
    assert_eq!(
        log,
        "a before, b before, c before, c behind, b behind, a behind, c end OK, b end OK, a end OK"
    );
}

struct Refuse;

impl Interceptor for Refuse {
    async fn intercept(&self, _: &mut Call, _: Next<'_>) -> Result<(), Status> {
        Err(Status::unauthenticated("who?"))
    }
}

#[test]
fn an_interceptor_that_refuses_keeps_the_call_from_running() {
    let mut chain = Interceptors::new();
    chain.push(Refuse);
    let mut terminal = echo();
    let refused = run(chain.run(&mut call(), &mut terminal)).unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(terminal.seen.is_none());
}

#[test]
fn hooks_see_and_change_messages_in_order_also_when_they_take_time() {
    let mut call = call();
    call.on_request(|message| {
        assert_eq!(message.encode().unwrap(), "request".as_bytes());
        message.downcast_mut::<String>().unwrap().push('1');
        Ok(())
    });
    call.on_request_async(|mut message| async move {
        tokio::task::yield_now().await;
        message.downcast_mut::<String>().unwrap().push('2');
        Ok(message)
    });
    call.on_request_async(|mut message| async move {
        message.downcast_mut::<String>().unwrap().push('3');
        Ok(message)
    });
    call.on_reply(|message| {
        message.downcast_mut::<String>().unwrap().push('4');
        Ok(())
    });
    let mut terminal = echo();
    run(Interceptors::new().run(&mut call, &mut terminal)).unwrap();
    assert_eq!(terminal.seen.as_deref(), Some("request1234"));
}

#[test]
fn a_hook_that_refuses_ends_the_call() {
    let mut call = call();
    call.on_request(|_| Err(Status::invalid_argument("no")));
    call.on_request(|_| panic!("not reached"));
    let refused = run(Interceptors::new().run(&mut call, &mut echo())).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

/// A codec of another type of message.
struct Other;
impl Codec<u32> for Other {
    fn encode(_: &u32, _: &mut EncodeBuffer) -> Result<(), Status> {
        Ok(())
    }
    fn decode(_: Bytes) -> Result<u32, Status> {
        Ok(0)
    }
}

#[test]
fn a_hook_that_gives_another_type_of_message_is_told_so() {
    let mut call = call();
    call.on_request_async(|_| async { Ok(OwnedMessage::new::<Text, String>("other".into())) });
    let mut terminal = echo();
    run(Interceptors::new().run(&mut call, &mut terminal)).unwrap();
    assert_eq!(terminal.seen.as_deref(), Some("other"));

    call.on_reply_async(|_| async { Ok(OwnedMessage::new::<Other, u32>(1)) });
    let refused = run(Interceptors::new().run(&mut call, &mut echo())).unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert!(refused.message().contains("u32") && refused.message().contains("String"), "{refused}");
}

#[test]
fn an_early_reply_has_the_type_of_the_method_or_is_refused() {
    let mut call = call();
    call.reply("early".to_owned());
    call.reply(1_u8);
    assert_eq!(call.take_reply::<String>().unwrap().as_deref(), Some("early"));
    assert_eq!(call.take_reply::<String>().unwrap_err().code(), Code::Internal);
    assert!(call.take_reply::<String>().unwrap().is_none());
}

#[test]
fn the_end_is_told_once_and_also_when_the_call_is_given_up() {
    let log = Log::default();
    let mut call = call();
    let ends = Arc::clone(&log);
    call.on_end(move |end| ends.lock().unwrap().push(format!("{} {}", end.code(), end.message())));
    drop(call);
    assert_eq!(log.lock().unwrap().as_slice(), ["CANCELLED the call was given up"]);
}

#[test]
fn a_servers_deadline_only_comes_nearer() {
    let (soon, late) = (Instant::now() + Duration::from_secs(1), Instant::now() + Duration::from_secs(9));
    for (side, expected) in [(Side::Server, soon), (Side::Client, late)] {
        let mut call = Call::new(side, &METHOD);
        call.set_deadline(crate::Deadline::at(soon));
        call.set_deadline(crate::Deadline::at(late));
        assert_eq!(call.deadline().unwrap().instant(), expected);
    }
}

#[test]
fn a_call_can_be_shared_between_threads() {
    fn sync<T: Send + Sync>() {}
    sync::<Call>();
}
