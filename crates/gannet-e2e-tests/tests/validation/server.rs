//! What servers do with requests and replies that are not valid, whatever the shape of the call.

use std::sync::{Arc, Mutex};

use gannet::interceptors::before;
use gannet::validate::{InvalidMessage, Validation, ValidationError};
use gannet::{Code, Server, ServiceExt, Side, Status};

use crate::support::{Running, paused};
use crate::words::{Client, ONE, Word, Words, word};

type Log = Arc<Mutex<Vec<String>>>;

/// A service that notes what its handlers get.
fn noting(log: &Log) -> Words {
    let (say, collect, expand, converse) = (log.clone(), log.clone(), log.clone(), log.clone());
    Words::new()
        .say(move |request| {
            say.lock().unwrap().push(request.0.clone());
            async { Ok(request.into_inner().into()) }
        })
        .collect(move |mut requests| {
            let log = collect.clone();
            async move {
                while let Some(request) = requests.next().await? {
                    log.lock().unwrap().push(request.0);
                }
                Ok(word("collected").into())
            }
        })
        .expand(move |request, mut replies| {
            expand.lock().unwrap().push(request.0.clone());
            async move { replies.send(request.into_inner()).await }
        })
        .converse(move |mut requests, mut replies| {
            let log = converse.clone();
            async move {
                while let Some(request) = requests.next().await? {
                    log.lock().unwrap().push(request.0.clone());
                    replies.send(request).await?;
                }
                Ok(())
            }
        })
}

fn start(server: Server) -> (Client, Running) {
    let running = Running::start(server);
    (Client(running.channel().lazy().unwrap()), running)
}

fn refused(status: &Status) -> (Code, &str) {
    (status.code(), status.message())
}

#[test]
fn no_handler_sees_a_request_that_breaks_rules() {
    paused(async {
        let log = Log::default();
        let (client, _running) = start(Server::new().validate().add(noting(&log)));
        for outcome in client.all_shapes("!").await {
            assert_eq!(refused(&outcome.unwrap_err()), (Code::InvalidArgument, ONE));
        }
        assert!(log.lock().unwrap().is_empty());
        for outcome in client.all_shapes("calm").await {
            outcome.unwrap();
        }
        assert_eq!(log.lock().unwrap().as_slice(), ["calm"; 4]);
    });
}

#[test]
fn without_validation_every_request_comes_through() {
    paused(async {
        let log = Log::default();
        let (client, _running) = start(Server::new().add(noting(&log)));
        for outcome in client.all_shapes("!").await {
            outcome.unwrap();
        }
        assert_eq!(log.lock().unwrap().len(), 4);
    });
}

#[test]
fn a_method_whose_messages_have_no_rules_takes_all() {
    paused(async {
        let (client, _running) =
            start(Server::new().validate_with(Validation::new().replies()).add(Words::new()));
        assert_eq!(client.free("!").await.unwrap().into_inner(), word("!"));
    });
}

#[test]
fn the_older_dialect_and_rules_that_cannot_be_evaluated_have_their_own_statuses() {
    paused(async {
        let (client, _running) = start(Server::new().validate().add(Words::new()));
        for outcome in client.all_shapes("old!").await {
            let status = outcome.unwrap_err();
            let text = "invalid field Text: value 'old!' must be new";
            assert_eq!(refused(&status), (Code::InvalidArgument, text));
            assert!(status.details().is_empty());
        }
        for outcome in client.all_shapes("broken!").await {
            let text = "runtime error: error evaluating word.pieces: division by zero";
            assert_eq!(refused(&outcome.unwrap_err()), (Code::Internal, text));
        }
    });
}

#[test]
fn services_and_methods_may_have_settings_of_their_own() {
    paused(async {
        /// How many violations of three each shape reports; 0 if the request passes.
        async fn reported(server: Server) -> [usize; 4] {
            let (client, _running) = start(server);
            client.all_shapes("!!!").await.map(|outcome| match outcome {
                Ok(_) => 0,
                Err(status) => gannet::validate::Violations::from_status(&status).unwrap().len(),
            })
        }
        let fast = || Validation::new().fail_fast();
        let two = || Validation::new().violation_limit(2);
        let validating = || Server::new().validate();
        assert_eq!(reported(validating().add(Words::new())).await, [3; 4]);
        assert_eq!(reported(Server::new().validate_with(fast()).add(Words::new())).await, [1; 4]);
        assert_eq!(reported(Server::new().validate_with(two()).add(Words::new())).await, [2; 4]);
        assert_eq!(reported(Server::new().add(Words::new().validate())).await, [3; 4]);
        assert_eq!(reported(validating().add(Words::new().validate_with(fast()))).await, [1; 4]);
        assert_eq!(reported(validating().add(Words::new().without_validation())).await, [0; 4]);
        let service = Words::new().validate_method("Say", two()).method_without_validation("Converse");
        assert_eq!(reported(Server::new().add(service)).await, [2, 0, 0, 0]);
        let service = Words::new().validate_method("Say", two()).method_without_validation("Converse");
        assert_eq!(reported(validating().add(service)).await, [2, 3, 3, 0]);
        let service = Words::new().validate_method("Say", two()).without_validation();
        assert_eq!(reported(validating().add(service)).await, [2, 0, 0, 0]);
    });
}

#[test]
fn interceptors_come_first_and_what_their_hooks_leave_is_validated() {
    paused(async {
        let hook = |from: &'static str, to: &'static str| {
            before(move |call| {
                call.on_request(move |message| {
                    let word = message.downcast_mut::<Word>().unwrap();
                    word.0 = word.0.replace(from, to);
                    Ok(())
                });
                Ok(())
            })
        };
        let (client, _running) = start(Server::new().validate().intercept(hook("!", ".")).add(Words::new()));
        for outcome in client.all_shapes("!").await {
            outcome.unwrap();
        }
        let (client, _running) = start(Server::new().intercept(hook(".", "!")).validate().add(Words::new()));
        for outcome in client.all_shapes(".").await {
            assert_eq!(refused(&outcome.unwrap_err()), (Code::InvalidArgument, ONE));
        }
        let nobody = before(|_| Err(Status::unauthenticated("who are you?")));
        let (client, _running) = start(Server::new().validate().intercept(nobody).add(Words::new()));
        for outcome in client.all_shapes("!").await {
            assert_eq!(outcome.unwrap_err().code(), Code::Unauthenticated);
        }
    });
}

/// A service whose replies break rules.
fn unruly() -> Words {
    Words::new()
        .say(|_| async { Ok(word("!").into()) })
        .collect(|_| async { Ok(word("!").into()) })
        .expand(|_, mut replies| async move { replies.send(word("!")).await })
        .converse(|_, mut replies| async move { replies.send(word("!")).await })
}

#[test]
fn replies_are_validated_where_that_is_asked_for_and_are_the_servers_fault() {
    paused(async {
        let (client, _running) = start(Server::new().validate().add(unruly()));
        for outcome in client.all_shapes("calm").await {
            assert_eq!(outcome.unwrap(), "!");
        }
        let idle = before(|_| Ok(()));
        for server in [Server::new(), Server::new().intercept(idle)] {
            let (client, _running) = start(server.validate_with(Validation::new().replies()).add(unruly()));
            for (outcome, method) in
                client.all_shapes("calm").await.into_iter().zip(["Say", "Collect", "Expand", "Converse"])
            {
                let status = outcome.unwrap_err();
                let text = format!(
                    "the server's reply to /words.Words/{method} breaks the rules of its contract: {ONE}"
                );
                assert_eq!(refused(&status), (Code::Internal, text.as_str()));
                assert!(status.details().is_empty());
            }
        }
    });
}

#[test]
fn replies_of_interceptors_are_validated_too() {
    paused(async {
        struct Instead;
        impl gannet::Interceptor for Instead {
            async fn intercept(&self, call: &mut gannet::Call, _: gannet::Next<'_>) -> Result<(), Status> {
                call.reply(word("!"));
                Ok(())
            }
        }
        let validation = Validation::new().replies();
        let server = Server::new().validate_with(validation).intercept(Instead).add(Words::new());
        let (client, _running) = start(server);
        for outcome in client.all_shapes("calm").await {
            assert_eq!(outcome.unwrap_err().code(), Code::Internal);
        }
    });
}

#[test]
fn who_asks_is_told_of_each_message_that_breaks_rules() {
    paused(async {
        let log = Log::default();
        let seen = log.clone();
        let observe = move |invalid: &InvalidMessage<'_>| {
            use std::error::Error;
            let InvalidMessage { method, side, kind, status, .. } = *invalid;
            let error = status.source().unwrap().downcast_ref::<ValidationError>().unwrap();
            assert_eq!((side, error.to_string().as_str()), (Side::Server, ONE));
            seen.lock().unwrap().push(format!("{kind:?} {} {}", method.name, status.code()));
        };
        let validation = Validation::new().replies().on_invalid(observe);
        let (client, _running) = start(Server::new().validate_with(validation).add(unruly()));
        client.say("!").await.unwrap_err();
        client.say("calm").await.unwrap_err();
        crate::words::all(client.expand("!").open()).await.unwrap_err();
        let expected =
            ["Request Say INVALID_ARGUMENT", "Reply Say INTERNAL", "Request Expand INVALID_ARGUMENT"];
        assert_eq!(log.lock().unwrap().as_slice(), expected);
    });
}
