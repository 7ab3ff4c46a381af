//! Interceptors around handlers: order, what they see, what they may do, and that the end is always told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use gannet::{Call, Code, Deadline, Interceptor, Next, Server, ServiceExt, Side, Status};
use gannet_e2e_tests::probe::{AbsentClient, Answer, Ask, ProbeClient, ProbeServer};

use crate::support::{Running, Script, all_quiet, answer, ask, paused, signals, tasks_are};

type Log = Arc<Mutex<Vec<String>>>;

fn said(log: &Log) -> String {
    std::mem::take(&mut *log.lock().unwrap()).join(", ")
}

fn start(server: Server) -> (ProbeClient, Running) {
    let running = Running::start(server);
    (running.client(), running)
}

/// Writes down when it runs.
struct Trace(&'static str, Log);

impl Interceptor for Trace {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        self.1.lock().unwrap().push(format!(">{}", self.0));
        let outcome = next.run(call).await;
        let code = outcome.as_ref().map_or_else(Status::code, |()| Code::Ok);
        self.1.lock().unwrap().push(format!("<{} {code}", self.0));
        outcome
    }
}

/// An interceptor made of a closure that looks at the call first.
struct Before<F>(F);

impl<F: Fn(&mut Call) -> Result<(), Status> + Send + Sync + 'static> Interceptor for Before<F> {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        (self.0)(call)?;
        next.run(call).await
    }
}

#[test]
fn those_of_the_server_are_around_those_of_the_service_and_these_around_those_of_the_method() {
    paused(async {
        let log = Log::default();
        let trace = |name| Trace(name, Arc::clone(&log));
        let service = ProbeServer::new(Script::new())
            .intercept_method("Unary", trace("method"))
            .intercept(trace("service 1"))
            .intercept(trace("service 2"));
        let server = Server::new().intercept(trace("server 1")).add(service).intercept(trace("server 2"));
        let running = Running::start(server);
        let client = running.client();
        client.unary(ask("x")).await.unwrap();
        assert_eq!(
            said(&log),
            ">server 1, >server 2, >service 1, >service 2, >method, \
             <method OK, <service 2 OK, <service 1 OK, <server 2 OK, <server 1 OK"
        );
        assert_eq!(client.expand(Ask { count: 2, ..ask("x") }).open().count().await, 2);
        let order = said(&log);
        assert!(order.contains(">service 2, <service 2 OK") && !order.contains("method"), "{order}");
    });
}

#[test]
fn they_see_who_calls_what_and_hand_values_to_the_handler() {
    paused(async {
        #[derive(Debug)]
        struct Tenant(String);
        let script = Script::new().unary(|request| async move {
            let tenant = request.extensions().get::<Tenant>().map(|tenant| tenant.0.clone());
            Ok(answer(&tenant.unwrap_or_default()).into())
        });
        let server = script.server().intercept(Before(|call: &mut Call| {
            assert_eq!(call.side(), Side::Server);
            assert_eq!(call.method().path, "/probe.Probe/Unary");
            assert_eq!(call.authority(), Some("in-memory"));
            assert!(call.user_agent().unwrap().starts_with("gannet/"), "{:?}", call.user_agent());
            assert!(call.connection().is_some() && call.deadline().is_some());
            let tenant = call.metadata().get("tenant").unwrap_or("none").to_owned();
            call.extensions_mut().insert(Tenant(tenant));
            Ok(())
        }));
        let (client, _running) = start(server);
        for tenant in ["blue", "red", "red", "red"] {
            let call = client.unary(ask("x")).timeout(Duration::from_secs(9)).metadata("tenant", tenant);
            assert_eq!(call.await.unwrap().text, tenant);
        }
    });
}

#[test]
fn one_that_refuses_keeps_the_handler_from_running_in_every_shape() {
    paused(async {
        let refuse = || Before(|_: &mut Call| Err(Status::unauthenticated("invalid token")));
        let script = Script::new().unary(|_| async { panic!("the handler ran") });
        let running = Running::start(script.server().intercept(refuse()));
        let client = running.client();
        let refused = client.unary(ask("x")).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "invalid token"));
        let refused = client.expand(ask("x")).open().next().await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let (_requests, reply) = client.collect().open();
        assert_eq!(reply.await.unwrap_err().code(), Code::Unauthenticated);
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unauthenticated);
    });
}

#[test]
fn they_change_metadata_and_add_to_the_responses() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            let mut response =
                gannet::Response::new(answer(request.metadata().get("added").unwrap_or("none")));
            response.metadata_mut().append("order", "handler").unwrap();
            response.trailers_mut().append("order", "handler").unwrap();
            Ok(response)
        });
        struct Adds;
        impl Interceptor for Adds {
            async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
                call.metadata_mut().insert("added", "yes").unwrap();
                call.response_metadata_mut().append("order", "before").unwrap();
                call.trailers_mut().append("order", "before").unwrap();
                next.run(call).await?;
                call.trailers_mut().append("order", "behind").unwrap();
                Ok(())
            }
        }
        let (client, _running) = start(script.server().intercept(Adds));
        let response = client.unary(ask("x")).await.unwrap();
        assert_eq!(response.text, "yes");
        assert_eq!(response.metadata().get_all("order").collect::<Vec<_>>(), ["before", "handler"]);
        assert_eq!(response.trailers().get_all("order").collect::<Vec<_>>(), ["before", "handler", "behind"]);
        let mut replies = client.expand(Ask { count: 1, ..ask("x") }).open();
        assert_eq!(replies.metadata().await.unwrap().get("order"), Some("before"));
        assert!(replies.next().await.unwrap().is_some() && replies.next().await.unwrap().is_none());
        assert_eq!(replies.trailers().get_all("order").collect::<Vec<_>>(), ["before", "behind"]);
    });
}

/// Marks every message that passes, and refuses requests that say "bad".
#[allow(clippy::unnecessary_wraps, reason = "it stands where others refuse")]
fn marks(call: &mut Call) -> Result<(), Status> {
    call.on_request(|message| {
        assert_eq!(message.name(), "probe.Ask");
        assert!(format!("{message:?}").contains("Ask"), "{message:?}");
        let ask = message.downcast_mut::<Ask>().unwrap();
        if ask.text == "bad" {
            return Err(Status::invalid_argument("a bad ask"));
        }
        ask.text.push_str(" asked");
        Ok(())
    });
    call.on_reply_async(|mut message| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        message.downcast_mut::<Answer>().unwrap().text.push_str(" answered");
        Ok(message)
    });
    Ok(())
}

#[test]
fn hooks_see_and_change_each_message_in_every_shape() {
    paused(async {
        let running = Running::start(Script::new().server().intercept(Before(marks)));
        let client = running.client();
        assert_eq!(client.unary(ask("a")).await.unwrap().text, "a asked answered");
        let texts: Vec<_> = client
            .expand(Ask { count: 2, ..ask("b") })
            .open()
            .map(|reply| reply.unwrap().text)
            .collect()
            .await;
        assert_eq!(texts, ["b asked answered"; 2]);
        let (mut requests, reply) = client.collect().open();
        requests.send(ask("c")).await.unwrap();
        requests.send(ask("d")).await.unwrap();
        requests.finish();
        assert_eq!(reply.await.unwrap().text, "c askedd asked answered");
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("e")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "e asked answered");
        requests.send(ask("bad")).await.unwrap();
        let refused = replies.next().await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, "a bad ask"));
        assert_eq!(client.unary(ask("bad")).await.unwrap_err().code(), Code::InvalidArgument);
    });
}

#[test]
fn what_a_hook_refuses_comes_out_of_the_handlers_receive() {
    paused(async {
        let script = Script::new().converse(|mut requests, mut replies| async move {
            while let Some(request) = match requests.next().await {
                Ok(next) => next,
                Err(refused) => {
                    replies.send(answer(&format!("refused: {}", refused.message()))).await?;
                    None
                }
            } {
                replies.send(answer(&request.text)).await?;
            }
            Ok(())
        });
        let (client, _running) = start(script.server().intercept(Before(marks)));
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("bad")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "refused: a bad ask answered");
        assert!(replies.next().await.unwrap().is_none());
    });
}

/// Answers instead of the handler; `self.0` replies.
struct Instead(usize);

impl Interceptor for Instead {
    async fn intercept(&self, call: &mut Call, _: Next<'_>) -> Result<(), Status> {
        for _ in 0..self.0 {
            call.reply(answer("early"));
        }
        call.response_metadata_mut().insert("from", "cache").unwrap();
        Ok(())
    }
}

#[test]
fn one_may_answer_in_place_of_the_handler() {
    paused(async {
        let script = Script::new().unary(|_| async { panic!("the handler ran") });
        let (client, _running) = start(script.server().intercept(Instead(1)));
        let response = client.unary(ask("x")).await.unwrap();
        assert_eq!((&*response.text, response.metadata().get("from")), ("early", Some("cache")));
        let (_requests, reply) = client.collect().open();
        assert_eq!(reply.await.unwrap().text, "early");

        let (client, _running) = start(Script::new().server().intercept(Instead(3)));
        let mut replies = client.expand(ask("x")).open();
        assert_eq!(replies.metadata().await.unwrap().get("from"), Some("cache"));
        assert_eq!(replies.count().await, 3);
    });
}

#[test]
fn an_end_with_ok_and_no_reply_is_an_error_of_the_server() {
    paused(async {
        let (client, _running) = start(Script::new().server().intercept(Instead(0)));
        let status = client.unary(ask("x")).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("without a reply"), "{status}");
        let (_requests, reply) = client.collect().open();
        assert_eq!(reply.await.unwrap_err().code(), Code::Internal);
        assert_eq!(client.expand(ask("x")).open().count().await, 0);
    });
}

#[test]
fn they_see_a_panic_as_a_status_and_may_turn_a_failure_into_a_reply() {
    paused(async {
        struct Fallback;
        impl Interceptor for Fallback {
            async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
                let failed = next.run(call).await.unwrap_err();
                let source = std::error::Error::source(&failed).map(ToString::to_string);
                call.reply(answer(&format!("{failed}; {}", source.unwrap_or_default())));
                Ok(())
            }
        }
        let script = Script::new().unary(|_| async { panic!("of all things") });
        let (client, _running) = start(script.server().intercept(Fallback));
        let reply = client.unary(ask("x")).await.unwrap();
        assert_eq!(reply.text, "INTERNAL: the handler panicked; the handler panicked: of all things");
    });
}

#[test]
fn a_panic_of_an_interceptor_is_an_internal_error() {
    paused(async {
        let server = Script::new().server().intercept(Before(|_: &mut Call| panic!("an interceptor")));
        let (client, _running) = start(server);
        assert_eq!(client.unary(ask("x")).await.unwrap_err().code(), Code::Internal);
        let mut replies = client.expand(ask("x")).open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
    });
}

#[test]
fn the_end_is_told_once_whichever_way_a_call_ends() {
    paused(async {
        let log = Log::default();
        let ends = Arc::clone(&log);
        let watch = Before(move |call: &mut Call| {
            let ends = Arc::clone(&ends);
            call.on_end(move |end| ends.lock().unwrap().push(format!("{} {}", end.code(), end.message())));
            Ok(())
        });
        let script = Script::new()
            .unary(|request| async move {
                match &*request.text {
                    "fail" => Err(Status::not_found("nobody")),
                    "panic" => panic!("of all things"),
                    "hang" => std::future::pending().await,
                    _ => Ok(answer("ok").into()),
                }
            })
            .converse(|_, _| std::future::pending());
        let running = Running::start(script.server().intercept(watch));
        let client = running.client();
        client.unary(ask("x")).await.unwrap();
        assert_eq!(said(&log), "OK ");
        client.unary(ask("fail")).await.unwrap_err();
        assert_eq!(said(&log), "NOT_FOUND nobody");
        client.unary(ask("panic")).await.unwrap_err();
        assert_eq!(said(&log), "INTERNAL the handler panicked");
        client.unary(ask("hang")).timeout(Duration::from_secs(1)).await.unwrap_err();
        all_quiet().await;
        let end = said(&log);
        assert!(end.starts_with("DEADLINE_EXCEEDED") || end.starts_with("CANCELLED"), "{end}");
        {
            let call = client.unary(ask("hang")).into_future();
            tokio::select! { biased; _ = call => unreachable!(), () = all_quiet() => {} }
        }
        all_quiet().await;
        assert_eq!(said(&log), "CANCELLED the call was given up");
        drop(client.converse().open());
        let (requests, replies) = client.converse().open();
        all_quiet().await;
        drop((requests, replies));
        all_quiet().await;
        assert_eq!(said(&log), "CANCELLED the call was given up");
    });
}

#[test]
fn a_deadline_that_an_interceptor_brings_nearer_holds_and_is_the_handlers() {
    paused(async {
        let limit = Before(|call: &mut Call| {
            call.set_deadline(Deadline::at(
                (tokio::time::Instant::now() + Duration::from_secs(1)).into_std(),
            ));
            Ok(())
        });
        let (dropped, mut was_dropped) = signals();
        let script = Script::new()
            .unary(|request| async move {
                assert!(request.deadline().is_some());
                std::future::pending().await
            })
            .converse(move |_, _| {
                let signal = crate::support::DropSignal(dropped.clone());
                async move {
                    let _signal = signal;
                    std::future::pending().await
                }
            });
        let running = Running::start(script.server().intercept(limit));
        let client = running.client();
        let started = tokio::time::Instant::now();
        assert_eq!(client.unary(ask("x")).await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(started.elapsed().as_secs(), 1);
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DeadlineExceeded);
        was_dropped.recv().await.unwrap();
    });
}

#[test]
fn asynchronous_work_before_and_behind_leaves_no_task() {
    paused(async {
        struct Slow;
        impl Interceptor for Slow {
            async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let outcome = next.run(call).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                outcome
            }
        }
        let running = Running::start(Script::new().server().intercept(Slow));
        let client = running.client();
        let calls = (0..50).map(|index| {
            let client = client.clone();
            async move { client.unary(ask(&index.to_string())).await.unwrap().text.clone() }
        });
        let texts = futures_util::future::join_all(calls).await;
        assert_eq!(texts, (0..50).map(|index| index.to_string()).collect::<Vec<_>>());
        drop(client);
        drop(running);
        tasks_are(0).await;
    });
}

#[test]
fn a_path_that_names_no_method_does_not_reach_them() {
    paused(async {
        let log = Log::default();
        let server = Script::new().server().intercept(Trace("seen", Arc::clone(&log)));
        let running = Running::start(server);
        let absent = AbsentClient::new(running.channel().lazy().unwrap());
        assert_eq!(absent.unary(ask("x")).await.unwrap_err().code(), Code::Unimplemented);
        assert_eq!(said(&log), "");
    });
}
