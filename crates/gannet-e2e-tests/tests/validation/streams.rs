//! Streams of requests, some of them not valid: who decides how the call goes on.

use std::sync::{Arc, Mutex};

use gannet::interceptors::before;
use gannet::validate::Validation;
use gannet::{Code, Server};
use tokio::sync::oneshot;

use crate::support::{Running, all_quiet, paused};
use crate::words::{Client, ONE, Words, word};

fn start(validation: Validation, words: Words) -> (Client, Running) {
    let running = Running::start(Server::new().validate_with(validation).add(words));
    (Client(running.channel().lazy().unwrap()), running)
}

/// A service that passes over what is not valid.
fn tolerant() -> Words {
    Words::new().converse(|mut requests, mut replies| async move {
        loop {
            match requests.next().await {
                Ok(Some(request)) => replies.send(request).await?,
                Ok(None) => return Ok(()),
                Err(status) if status.code() == Code::InvalidArgument => {
                    replies.send(word("skipped")).await?;
                }
                Err(status) => return Err(status),
            }
        }
    })
}

#[test]
fn a_handler_that_returns_the_error_ends_the_call_with_it() {
    paused(async {
        let (client, _running) = start(Validation::new(), Words::new());
        let (mut requests, mut replies) = client.converse().open();
        requests.send(word("a")).await.unwrap();
        assert_eq!(replies.next().await.unwrap(), Some(word("a")));
        requests.send(word("!")).await.unwrap();
        let status = replies.next().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, ONE));
        assert_eq!(requests.send(word("b")).await.unwrap_err().code(), Code::InvalidArgument);
    });
}

#[test]
fn a_handler_may_go_on_behind_a_request_that_breaks_rules() {
    paused(async {
        let (client, _running) = start(Validation::new(), tolerant());
        let (mut requests, replies) = client.converse().open();
        for text in ["a", "!", "broken!", "old!", "b"] {
            requests.send(word(text)).await.unwrap();
        }
        requests.finish();
        // What cannot be evaluated is no fault of the request's.
        let status = crate::words::all(replies).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);

        let (mut requests, replies) = client.converse().open();
        for text in ["a", "!", "old!", "b"] {
            requests.send(word(text)).await.unwrap();
        }
        requests.finish();
        assert_eq!(crate::words::all(replies).await.unwrap(), "a skipped skipped b");
    });
}

#[test]
fn an_error_that_is_not_of_one_message_ends_the_stream_also_behind_one_that_is() {
    paused(async {
        let after = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&after);
        let words = Words::new().collect(move |mut requests| {
            let seen = Arc::clone(&seen);
            async move {
                for _ in 0..4 {
                    let next = requests.next().await.map_err(|status| status.code());
                    seen.lock().unwrap().push(next);
                }
                Ok(word("done").into())
            }
        });
        let running = Running::start(Server::new().max_receive_message_size(8).validate().add(words));
        let client = Client(running.channel().lazy().unwrap());
        let (mut requests, reply) = client.collect().open();
        for text in ["!", "much too long", "late"] {
            requests.send(word(text)).await.unwrap();
        }
        requests.finish();
        reply.await.unwrap();
        let expected = [Err(Code::InvalidArgument), Err(Code::ResourceExhausted), Ok(None), Ok(None)];
        assert_eq!(after.lock().unwrap().as_slice(), expected);
    });
}

#[test]
fn with_end_streams_no_handler_goes_on() {
    paused(async {
        let idle = before(|_| Ok(()));
        for server in [Server::new(), Server::new().intercept(idle)] {
            let running =
                Running::start(server.validate_with(Validation::new().end_streams()).add(tolerant()));
            let client = Client(running.channel().lazy().unwrap());
            let (mut requests, replies) = client.converse().open();
            for text in ["a", "!", "b"] {
                requests.send(word(text)).await.unwrap();
            }
            requests.finish();
            let status = crate::words::all(replies).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, ONE));
        }
    });
}

#[test]
fn with_end_streams_a_handler_that_hides_the_error_does_not_hide_it_from_the_client() {
    paused(async {
        let words = Words::new().collect(|mut requests| async move {
            while let Ok(Some(_)) = requests.next().await {}
            Ok(word("all is well").into())
        });
        let (client, _running) = start(Validation::new().end_streams(), words);
        let (mut requests, reply) = client.collect().open();
        requests.send(word("!")).await.unwrap();
        requests.finish();
        assert_eq!(reply.await.unwrap_err().message(), ONE);
    });
}

#[test]
fn with_end_streams_a_call_ends_though_another_task_reads_its_requests() {
    paused(async {
        let (dropped, handler_gone) = oneshot::channel::<()>();
        let dropped = Arc::new(Mutex::new(Some(dropped)));
        let words = Words::new().converse(move |mut requests, replies| {
            let dropped = dropped.lock().unwrap().take();
            async move {
                let _held = (dropped, replies);
                tokio::spawn(async move { while let Ok(Some(_)) = requests.next().await {} });
                std::future::pending().await
            }
        });
        let (client, _running) = start(Validation::new().end_streams(), words);
        let (mut requests, mut replies) = client.converse().open();
        requests.send(word("!")).await.unwrap();
        assert_eq!(replies.next().await.unwrap_err().message(), ONE);
        // The handler was dropped, not only passed over.
        handler_gone.await.unwrap_err();
        drop(requests);
        all_quiet().await;
    });
}

#[test]
fn with_end_streams_replies_end_calls_as_well() {
    paused(async {
        let words = Words::new().converse(|_, mut replies| async move {
            replies.send(word("a")).await?;
            let _ = replies.send(word("!")).await;
            replies.send(word("b")).await
        });
        let (client, _running) = start(Validation::new().replies(), words);
        let (requests, replies) = client.converse().open();
        assert_eq!(crate::words::all(replies).await.unwrap(), "a b", "the handler's to decide");
        drop(requests);

        let words = Words::new().converse(|_, mut replies| async move {
            replies.send(word("a")).await?;
            let _ = replies.send(word("!")).await;
            std::future::pending().await
        });
        let (client, _running) = start(Validation::new().replies().end_streams(), words);
        let (requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap(), Some(word("a")));
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
        drop(requests);
    });
}
