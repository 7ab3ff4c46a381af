//! Interceptors and call credentials around calls that go out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use gannet::interceptors::{Propagate, TimeLimit};
use gannet::{
    Call, CallCredentials, Code, CredentialsRequest, Interceptor, Metadata, Next, Phase, Request, Side,
    Status,
};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient};

use crate::support::{Running, Script, all_quiet, answer, ask, paused, tasks_are};

type Log = Arc<Mutex<Vec<String>>>;

fn said(log: &Log) -> String {
    std::mem::take(&mut *log.lock().unwrap()).join(", ")
}

/// An interceptor made of a closure that looks at the call first.
struct Before<F>(F);

impl<F: Fn(&mut Call) -> Result<(), Status> + Send + Sync + 'static> Interceptor for Before<F> {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        (self.0)(call)?;
        next.run(call).await
    }
}

/// A server, and a client whose calls this interceptor is around.
fn start(script: Script, interceptor: impl Interceptor) -> (ProbeClient, Running) {
    let running = Running::start(script.server());
    let channel = running.channel().intercept(interceptor).lazy().unwrap();
    (ProbeClient::new(channel), running)
}

/// Runs one call of each shape; what each came to.
async fn all_shapes(client: &ProbeClient) -> [Result<String, Status>; 4] {
    let unary = client.unary(ask("u")).await.map(|reply| reply.text.clone());
    let mut replies = client.expand(Ask { count: 1, ..ask("e") }).open();
    let expand = async {
        let mut texts = String::new();
        while let Some(reply) = replies.next().await? {
            texts.push_str(&reply.text);
        }
        Ok(texts)
    };
    let expand = expand.await;
    let (mut requests, reply) = client.collect().open();
    let sent = requests.send(ask("c")).await;
    requests.finish();
    let collect = reply.await.map(|reply| reply.text.clone());
    assert_eq!(sent.is_ok(), collect.is_ok(), "{sent:?} {collect:?}");
    let (mut requests, mut replies) = client.converse().open();
    let converse = async {
        requests.send(ask("b")).await?;
        let reply = replies.next().await?.map(|reply| reply.text).unwrap_or_default();
        requests.finish();
        assert!(replies.next().await?.is_none());
        Ok(reply)
    };
    [unary, expand, collect, converse.await]
}

fn ok(texts: [&str; 4]) -> [Result<String, Code>; 4] {
    texts.map(|text| Ok(text.to_owned()))
}

fn codes(outcomes: [Result<String, Status>; 4]) -> [Result<String, Code>; 4] {
    outcomes.map(|outcome| outcome.map_err(|status| status.code()))
}

/// Writes down what it sees, and how the call ended.
struct Trace(&'static str, Log);

impl Interceptor for Trace {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        assert_eq!(call.side(), Side::Client);
        let (name, log) = (self.0, Arc::clone(&self.1));
        log.lock().unwrap().push(format!(">{name} {}", call.method().name));
        call.on_end(move |end| log.lock().unwrap().push(format!("{name} ended {}", end.code())));
        let outcome = next.run(call).await;
        self.1.lock().unwrap().push(format!("<{name}"));
        outcome
    }
}

#[test]
fn they_run_in_order_around_every_shape() {
    paused(async {
        let log = Log::default();
        let running = Running::start(Script::new().server());
        let channel = running.channel().intercept(Trace("a", Arc::clone(&log))).lazy().unwrap();
        let client = ProbeClient::new(channel.with_interceptor(Trace("b", Arc::clone(&log))));
        assert_eq!(codes(all_shapes(&client).await), ok(["u", "e", "c", "b"]));
        let each = |name| format!(">a {name}, >b {name}, <b, <a, b ended OK, a ended OK");
        assert_eq!(said(&log), ["Unary", "Expand", "Collect", "Converse"].map(each).join(", "));
        ProbeClient::new(channel).unary(ask("u")).await.unwrap();
        assert!(!said(&log).contains('b'), "the channel itself is as it was");
    });
}

#[test]
fn one_that_refuses_sends_nothing() {
    paused(async {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let script = Script::new().unary(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            async { Ok(answer("").into()) }
        });
        let (client, _running) = start(script, Before(|_: &mut Call| Err(Status::aborted("not today"))));
        for outcome in all_shapes(&client).await {
            let status = outcome.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Aborted, "not today"));
        }
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn they_see_metadata_and_extensions_and_may_change_them() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            let mut response = gannet::Response::new(answer(request.metadata().get("who").unwrap()));
            response.metadata_mut().insert("from", "server").unwrap();
            Ok(response)
        });
        struct Who;
        impl Interceptor for Who {
            async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
                let who = *call.extensions().get::<&'static str>().unwrap_or(&"nobody");
                assert_eq!(call.metadata().get("own"), Some("mine"));
                assert_eq!(call.authority(), Some("in-memory"));
                call.metadata_mut().insert("who", who).unwrap();
                next.run(call).await?;
                assert_eq!(call.response_metadata().get("from"), Some("server"));
                call.trailers_mut().insert("seen", "yes").unwrap();
                Ok(())
            }
        }
        let (client, _running) = start(script, Who);
        let mut request = Request::new(ask("x"));
        request.extensions_mut().insert("somebody");
        let response = client.unary(request).metadata("own", "mine").await.unwrap();
        assert_eq!((&*response.text, response.trailers().get("seen")), ("somebody", Some("yes")));
    });
}

#[test]
fn hooks_see_and_change_each_message_in_every_shape() {
    paused(async {
        let marks = Before(|call: &mut Call| {
            call.on_request_async(|mut message| async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                message.downcast_mut::<Ask>().unwrap().text.push_str(" asked");
                Ok(message)
            });
            call.on_reply(|message| {
                message.downcast_mut::<Answer>().unwrap().text.push_str(" answered");
                Ok(())
            });
            Ok(())
        });
        let (client, _running) = start(Script::new(), marks);
        let outcomes = codes(all_shapes(&client).await);
        let texts = ["u", "e", "c", "b"].map(|text| format!("{text} asked answered"));
        assert_eq!(outcomes, texts.map(Ok));
    });
}

#[test]
fn what_a_hook_refuses_ends_the_call_for_both_halves() {
    paused(async {
        let refuse = Before(|call: &mut Call| {
            call.on_request(|message| match &*message.downcast_ref::<Ask>().unwrap().text {
                "bad" => Err(Status::invalid_argument("a bad ask")),
                _ => Ok(()),
            });
            call.on_reply(|message| match message.downcast_ref::<Answer>().unwrap().count {
                7 => Err(Status::data_loss("a seven")),
                _ => Ok(()),
            });
            Ok(())
        });
        let (client, _running) = start(Script::new(), refuse);
        assert_eq!(client.unary(ask("bad")).await.unwrap_err().code(), Code::InvalidArgument);
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("good")).await.unwrap();
        replies.next().await.unwrap().unwrap();
        assert_eq!(requests.send(ask("bad")).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(replies.next().await.unwrap_err().message(), "a bad ask");
        let (mut requests, mut replies) = client.converse().open();
        requests.send(Ask { count: 7, ..ask("x") }).await.unwrap();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DataLoss);
    });
}

#[test]
fn they_may_answer_themselves_and_change_how_a_call_ends() {
    paused(async {
        struct Cache;
        impl Interceptor for Cache {
            async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
                if call.metadata().contains_key("fail") {
                    return match next.run(call).await {
                        Ok(()) => Err(Status::out_of_range("turned")),
                        other => other,
                    };
                }
                call.reply(answer("cached"));
                Ok(())
            }
        }
        let (client, _running) = start(Script::new(), Cache);
        assert_eq!(client.unary(ask("u")).await.unwrap().text, "cached");
        assert_eq!(client.expand(ask("e")).open().next().await.unwrap().unwrap().text, "cached");
        let (_requests, reply) = client.collect().open();
        assert_eq!(reply.await.unwrap().text, "cached");
        let failed = client.unary(ask("u")).metadata("fail", "1").await.unwrap_err();
        assert_eq!(failed.code(), Code::OutOfRange);
        let mut replies = client.expand(Ask { count: 1, ..ask("e") }).metadata("fail", "1").open();
        assert!(replies.next().await.unwrap().is_some());
        assert_eq!(replies.next().await.unwrap_err().code(), Code::OutOfRange);
    });
}

#[test]
fn the_end_is_told_also_when_the_caller_gives_up_or_the_deadline_passes() {
    paused(async {
        let log = Log::default();
        let script = Script::new().unary(|_| std::future::pending()).converse(|_, _| std::future::pending());
        let (client, _running) = start(script, Trace("t", Arc::clone(&log)));
        let overdue = client.unary(ask("x")).timeout(Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(overdue.code(), Code::DeadlineExceeded);
        assert_eq!(said(&log), ">t Unary, <t, t ended DEADLINE_EXCEEDED");
        let call = client.unary(ask("x")).into_future();
        tokio::select! { biased; _ = call => unreachable!(), () = all_quiet() => {} }
        all_quiet().await;
        assert_eq!(said(&log), ">t Unary, t ended CANCELLED");
        let (_requests, replies) = client.converse().open();
        all_quiet().await;
        drop(replies);
        all_quiet().await;
        assert_eq!(said(&log), ">t Converse, t ended CANCELLED");
        let (_requests, mut replies) = client.converse().timeout(Duration::from_secs(1)).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(said(&log), ">t Converse, <t, t ended DEADLINE_EXCEEDED");
    });
}

#[test]
fn one_that_never_lets_a_call_pass_is_ended_by_the_deadline_and_leaves_nothing() {
    paused(async {
        struct Stuck;
        impl Interceptor for Stuck {
            async fn intercept(&self, _: &mut Call, _: Next<'_>) -> Result<(), Status> {
                std::future::pending().await
            }
        }
        let (client, running) = start(Script::new(), Stuck);
        let (mut requests, mut replies) = client.converse().timeout(Duration::from_secs(1)).open();
        let (sent, received) = tokio::join!(requests.send(ask("x")), replies.next());
        assert_eq!(received.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(sent.unwrap_err().code(), Code::DeadlineExceeded);
        let (_requests, reply) = client.collect().timeout(Duration::from_secs(1)).open();
        assert_eq!(reply.await.unwrap_err().code(), Code::DeadlineExceeded);
        drop((requests, replies, client, running));
        tasks_are(0).await;
    });
}

/// Credentials that give a token; `self.0` says whether they require transport security.
struct Token(bool);

impl CallCredentials for Token {
    async fn metadata(&self, request: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        tokio::task::yield_now().await;
        assert_eq!(request.audience(), "https://in-memory/probe.Probe");
        let mut metadata = Metadata::new();
        metadata.append("token", request.method().name).unwrap();
        Ok(metadata)
    }

    fn requires_transport_security(&self) -> bool {
        self.0
    }
}

/// A service that says which tokens it got.
fn tokens() -> Script {
    Script::new().unary(|request| async move {
        let tokens: Vec<_> = request.metadata().get_all("token").collect();
        Ok(answer(&tokens.join(" ")).into())
    })
}

#[test]
fn credentials_of_the_channel_and_of_the_call_add_up_unseen_by_interceptors() {
    paused(async {
        let running = Running::start(tokens().server());
        let unseen = Before(|call: &mut Call| {
            assert!(!call.metadata().contains_key("token"));
            Ok(())
        });
        let channel = running.channel().intercept(unseen).call_credentials(Token(false)).lazy().unwrap();
        let client = ProbeClient::new(channel);
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "Unary");
        assert_eq!(client.unary(ask("x")).call_credentials(Token(false)).await.unwrap().text, "Unary Unary");
        let mut replies = client.expand(Ask { count: 1, ..ask("e") }).call_credentials(Token(false)).open();
        assert!(replies.next().await.unwrap().is_some());
    });
}

#[test]
fn credentials_that_require_transport_security_do_not_go_over_plaintext() {
    paused(async {
        let running = Running::start(tokens().server());
        let refused = running.channel().call_credentials(Token(true)).lazy().unwrap_err();
        assert_eq!(refused.phase(), Phase::Configure);
        assert!(refused.to_string().contains("require transport security"), "{refused}");

        let client = running.client();
        let refused = client.unary(ask("x")).call_credentials(Token(true)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(refused.message().contains("the call was not sent"), "{refused}");
        let (_requests, mut replies) = client.converse().call_credentials(Token(true)).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unauthenticated);

        let allowed = running.channel().allow_credentials_over_plaintext().call_credentials(Token(true));
        let client = ProbeClient::new(allowed.lazy().unwrap());
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "Unary");
    });
}

#[test]
fn credentials_that_cannot_be_had_fail_the_call() {
    paused(async {
        struct Broken;
        impl CallCredentials for Broken {
            async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
                Err(Status::unavailable("the token server is down"))
            }
            fn requires_transport_security(&self) -> bool {
                false
            }
        }
        let running = Running::start(Script::new().server());
        let client = ProbeClient::new(running.channel().call_credentials(Broken).lazy().unwrap());
        for outcome in all_shapes(&client).await {
            assert_eq!(outcome.unwrap_err().message(), "the token server is down");
        }
        let mut replies = client.expand(ask("x")).open().map(|reply| reply.map(|_| ()));
        assert_eq!(StreamExt::next(&mut replies).await.unwrap().unwrap_err().code(), Code::Unavailable);
    });
}

#[test]
fn a_deadline_that_an_interceptor_sets_ends_the_call_in_every_shape() {
    paused(async {
        let script = Script::new()
            .unary(|_| std::future::pending())
            .collect(|_| std::future::pending())
            .expand(|_, _| std::future::pending())
            .converse(|_, _| std::future::pending());
        let (client, _running) = start(script, TimeLimit::new(Duration::from_secs(1)));
        let started = tokio::time::Instant::now();
        assert_eq!(client.unary(ask("x")).await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(client.expand(ask("x")).open().next().await.unwrap_err().code(), Code::DeadlineExceeded);
        let (_requests, reply) = client.collect().open();
        assert_eq!(reply.await.unwrap_err().code(), Code::DeadlineExceeded);
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 4);
    });
}

#[test]
fn what_a_call_brings_is_passed_on_to_the_calls_made_for_it() {
    paused(async {
        let behind = Running::start(
            Script::new()
                .unary(|request| async move {
                    let known = request.metadata().get("x-request-id").unwrap_or("none");
                    Ok(answer(&format!("{known} {}", request.deadline().is_some())).into())
                })
                .expand(|request, mut replies| async move {
                    replies.send(answer(request.metadata().get("x-request-id").unwrap_or("none"))).await
                })
                .server(),
        );
        let propagate = Propagate::new(["x-request-id"]).with_deadline();
        let next = ProbeClient::new(behind.channel().intercept(propagate.clone()).lazy().unwrap());
        let front = Running::start(
            Script::new()
                .unary(move |_| {
                    let next = next.clone();
                    async move {
                        let mut told = next.unary(ask("x")).await?.text.clone();
                        let mut replies = next.expand(ask("x")).open();
                        while let Some(reply) = replies.next().await? {
                            told = format!("{told}, {}", reply.text);
                        }
                        Ok(answer(&told).into())
                    }
                })
                .server()
                .intercept(propagate),
        );
        let client = front.client();
        let call = client.unary(ask("x")).metadata("x-request-id", "7").timeout(Duration::from_secs(9));
        assert_eq!(call.await.unwrap().text, "7 true, 7");
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "none false, none");
    });
}
