//! What channels do: requests that are not valid do not leave, replies that are not are not shown.

use std::sync::{Arc, Mutex};

use gannet::interceptors::before;
use gannet::validate::{InvalidMessage, MessageKind, Validation, Violations};
use gannet::{Channel, ChannelBuilder, Code, Server, Side};

use crate::support::{DropSignal, Running, all_quiet, paused, signals};
use crate::words::{Client, ONE, Word, Words, all, word};

/// The channel as it is, and with an interceptor around its calls.
fn plain_and_around(channel: impl Fn() -> ChannelBuilder) -> [Client; 2] {
    let idle = before(|_| Ok(()));
    [channel(), channel().intercept(idle)].map(|builder| Client(builder.lazy().unwrap()))
}

#[test]
fn a_request_that_breaks_rules_fails_before_anything_is_connected() {
    paused(async {
        let nowhere = || {
            Channel::over("nowhere", || async {
                panic!("nothing is to be sent");
                #[allow(unreachable_code, reason = "says what a connection would be")]
                Ok::<tokio::io::DuplexStream, std::io::Error>(tokio::io::duplex(1).0)
            })
            .validate()
        };
        for client in plain_and_around(nowhere) {
            let status = client.say("!").await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, ONE));
            assert_eq!(Violations::from_status(&status).unwrap().len(), 1);
            let status = all(client.expand("!").open()).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, ONE));
        }
    });
}

#[test]
fn what_is_valid_and_what_has_no_rules_is_sent() {
    paused(async {
        let running = Running::start(Server::new().add(Words::new()));
        for client in plain_and_around(|| running.channel().validate_with(Validation::new().replies())) {
            for outcome in client.all_shapes("calm").await {
                assert_eq!(outcome.unwrap(), "calm");
            }
            assert_eq!(client.free("!").await.unwrap().into_inner(), word("!"));
        }
        for client in plain_and_around(|| running.channel()) {
            for outcome in client.all_shapes("!").await {
                assert_eq!(outcome.unwrap(), "!");
            }
        }
    });
}

#[test]
fn a_request_of_a_stream_that_breaks_rules_is_not_sent_and_others_are() {
    paused(async {
        let running = Running::start(Server::new().add(Words::new()));
        for client in plain_and_around(|| running.channel().validate()) {
            let (mut requests, replies) = client.converse().open();
            requests.send(word("a")).await.unwrap();
            assert_eq!(requests.send(word("!")).await.unwrap_err().message(), ONE);
            requests.send(word("b")).await.unwrap();
            requests.finish();
            assert_eq!(all(replies).await.unwrap(), "a b");

            let (mut requests, reply) = client.collect().open();
            assert_eq!(requests.send(word("!")).await.unwrap_err().message(), ONE);
            requests.send(word("c")).await.unwrap();
            requests.finish();
            assert_eq!(reply.await.unwrap().into_inner(), word("c"));
        }
    });
}

#[test]
fn with_end_streams_such_a_request_ends_the_call() {
    paused(async {
        let running = Running::start(Server::new().add(Words::new()));
        for client in plain_and_around(|| running.channel().validate_with(Validation::new().end_streams())) {
            let (mut requests, mut replies) = client.converse().open();
            requests.send(word("a")).await.unwrap();
            assert_eq!(replies.next().await.unwrap(), Some(word("a")));
            assert_eq!(requests.send(word("!")).await.unwrap_err().message(), ONE);
            assert_eq!(requests.send(word("b")).await.unwrap_err().message(), ONE);
            assert_eq!(replies.next().await.unwrap_err().message(), ONE);
            drop(requests);
            all_quiet().await;
        }
    });
}

#[test]
fn what_interceptors_make_of_a_request_is_validated() {
    paused(async {
        let running = Running::start(Server::new().add(Words::new()));
        let shout = before(|call| {
            call.on_request(|message| {
                message.downcast_mut::<Word>().unwrap().0.insert(0, '!');
                Ok(())
            });
            Ok(())
        });
        let client = Client(running.channel().validate().intercept(shout).lazy().unwrap());
        for outcome in client.all_shapes("calm").await {
            assert_eq!(outcome.unwrap_err().message(), ONE);
        }
    });
}

#[test]
fn replies_that_break_rules_are_internal() {
    paused(async {
        let words = Words::new()
            .say(|_| async { Ok(word("!").into()) })
            .collect(|_| async { Ok(word("!").into()) })
            .expand(|_, mut replies| async move { replies.send(word("!")).await })
            .converse(|_, mut replies| async move { replies.send(word("!")).await });
        let running = Running::start(Server::new().add(words));
        for client in plain_and_around(|| running.channel().validate_with(Validation::new().replies())) {
            for (outcome, method) in
                client.all_shapes("calm").await.into_iter().zip(["Say", "Collect", "Expand", "Converse"])
            {
                let status = outcome.unwrap_err();
                let text = format!(
                    "the server's reply to /words.Words/{method} breaks the rules of its contract: {ONE}"
                );
                assert_eq!((status.code(), status.message()), (Code::Internal, text.as_str()));
            }
        }
        for client in plain_and_around(|| running.channel().validate()) {
            for outcome in client.all_shapes("calm").await {
                assert_eq!(outcome.unwrap(), "!");
            }
        }
    });
}

#[test]
fn replies_behind_one_that_breaks_rules_are_there_to_be_read() {
    paused(async {
        let words = Words::new().expand(|_, mut replies| async move {
            for text in ["a", "!", "b"] {
                replies.send(word(text)).await?;
            }
            Ok(())
        });
        let running = Running::start(Server::new().add(words));
        let validation = Validation::new().replies();
        for client in plain_and_around(|| running.channel().validate_with(validation.clone())) {
            let mut replies = client.expand("go").open();
            assert_eq!(replies.next().await.unwrap(), Some(word("a")));
            assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
            assert_eq!(replies.next().await.unwrap(), Some(word("b")));
            assert_eq!(replies.next().await.unwrap(), None);
        }
        let validation = validation.end_streams();
        for client in plain_and_around(|| running.channel().validate_with(validation.clone())) {
            let mut replies = client.expand("go").open();
            assert_eq!(replies.next().await.unwrap(), Some(word("a")));
            assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
            assert_eq!(replies.next().await.unwrap(), None);
        }
    });
}

#[test]
fn with_end_streams_a_reply_that_breaks_rules_ends_the_call_on_the_server_too() {
    paused(async {
        let (dropped, mut handler_gone) = signals();
        let words = Words::new().converse(move |_, mut replies| {
            let dropped = DropSignal(dropped.clone());
            async move {
                let _held = dropped;
                replies.send(word("!")).await?;
                std::future::pending().await
            }
        });
        let running = Running::start(Server::new().add(words));
        let validation = Validation::new().replies().end_streams();
        for client in plain_and_around(|| running.channel().validate_with(validation.clone())) {
            let (mut requests, mut replies) = client.converse().open();
            assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
            assert_eq!(requests.send(word("a")).await.unwrap_err().code(), Code::Internal);
            handler_gone.recv().await.unwrap();
        }
    });
}

#[test]
fn settings_and_observers_are_those_of_the_channel() {
    paused(async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let validation =
            Validation::new().violation_limit(2).on_invalid(move |invalid: &InvalidMessage<'_>| {
                log.lock().unwrap().push((invalid.side, invalid.kind, invalid.method.name));
            });
        let running = Running::start(Server::new().add(Words::new()));
        for client in plain_and_around(|| running.channel().validate_with(validation.clone())) {
            for outcome in client.all_shapes("!!!").await {
                assert_eq!(Violations::from_status(&outcome.unwrap_err()).unwrap().len(), 2);
            }
            let expected = ["Say", "Collect", "Expand", "Converse"]
                .map(|name| (Side::Client, MessageKind::Request, name));
            assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), expected);
        }
    });
}
