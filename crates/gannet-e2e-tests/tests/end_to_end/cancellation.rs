//! Calls that are given up: the other side learns it, nothing is left of them, and the connection lives on.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use gannet::{Channel, Code, Status, memory};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

use crate::support::{DropSignal, Script, all_quiet, answer, ask, echo, paused, signals, tasks_are, threads};

/// Whose handlers never end by themselves, and signal when they begin and when they are dropped.
fn hanging(began: &UnboundedSender<()>, dropped: &UnboundedSender<()>) -> Script {
    let signals = || (began.clone(), dropped.clone());
    let (unary, collect, expand, converse) = (signals(), signals(), signals(), signals());
    let begin = |(began, dropped): &(UnboundedSender<()>, UnboundedSender<()>)| {
        began.send(()).unwrap();
        DropSignal(dropped.clone())
    };
    Script::new()
        .unary(move |request| {
            let hangs = (request.text != "fine").then(|| begin(&unary));
            async move {
                if let Some(_signal) = hangs {
                    pending::<()>().await;
                }
                Ok(echo(request.into_inner()).into())
            }
        })
        .collect(move |requests| {
            let signal = begin(&collect);
            async move {
                let _held = (signal, requests);
                pending().await
            }
        })
        .expand(move |_, replies| {
            let signal = begin(&expand);
            async move {
                let _held = (signal, replies);
                pending().await
            }
        })
        .converse(move |requests, replies| {
            let signal = begin(&converse);
            async move {
                let _held = (signal, requests, replies);
                pending().await
            }
        })
}

async fn each_shape_given_up() {
    let (began, mut begins) = signals();
    let (dropped, mut drops) = signals();
    let (client, _running) = hanging(&began, &dropped).start();

    let unary = tokio::spawn(client.unary(ask("hang")).into_future());
    begins.recv().await.unwrap();
    unary.abort();
    drops.recv().await.unwrap();

    let replies = client.expand(ask("")).open();
    begins.recv().await.unwrap();
    drop(replies);
    drops.recv().await.unwrap();

    let (mut requests, replies) = client.converse().open();
    begins.recv().await.unwrap();
    drop(replies);
    drops.recv().await.unwrap();
    // The other half learns of it too, at the latest now that the server has.
    assert_eq!(requests.send(ask("")).await.unwrap_err().code(), Code::Cancelled);
    drop(requests);

    let (requests, mut replies) = client.converse().open();
    begins.recv().await.unwrap();
    drop(requests);
    assert_eq!(replies.next().await.unwrap_err().code(), Code::Cancelled);
    drops.recv().await.unwrap();

    let (requests, reply) = client.collect().open();
    begins.recv().await.unwrap();
    drop(reply);
    drops.recv().await.unwrap();
    drop(requests);

    let (requests, reply) = client.collect().open();
    begins.recv().await.unwrap();
    drop(requests);
    assert_eq!(reply.await.unwrap_err().code(), Code::Cancelled);
    drops.recv().await.unwrap();

    client.unary(ask("fine")).await.unwrap();
    tasks_are(3).await;
    assert!(drops.try_recv().is_err(), "each handler was dropped once");
}

#[test]
fn a_call_given_up_stops_its_handler_on_one_thread() {
    paused(each_shape_given_up());
}

#[test]
fn a_call_given_up_stops_its_handler_on_several_threads() {
    threads(each_shape_given_up());
}

#[test]
fn a_finished_sender_may_be_dropped_and_replies_still_come() {
    paused(async {
        let script = Script::new().converse(|mut requests, mut replies| async move {
            let mut count = 0;
            while requests.next().await?.is_some() {
                count += 1;
            }
            for index in 0..count {
                tokio::task::yield_now().await;
                replies.send(Answer { count: index, ..Answer::default() }).await?;
            }
            Ok(())
        });
        let (client, _running) = script.start();
        let (mut requests, mut replies) = client.converse().open();
        for _ in 0..5 {
            requests.send(ask("")).await.unwrap();
        }
        requests.finish();
        for index in 0..5 {
            assert_eq!(replies.next().await.unwrap().unwrap().count, index);
        }
        assert_eq!(replies.next().await.unwrap(), None);
    });
}

#[test]
fn a_server_may_answer_before_it_has_all_requests() {
    paused(async {
        let script = Script::new()
            .collect(|mut requests| async move {
                requests.next().await?;
                Ok(answer("enough").into())
            })
            .converse(|_, mut replies| async move {
                replies.send(answer("enough")).await?;
                Ok(())
            });
        let (client, _running) = script.start();
        let (mut requests, reply) = client.collect().open();
        requests.send(ask("")).await.unwrap();
        assert_eq!(reply.await.unwrap().text, "enough");
        assert_eq!(requests.send(ask("late")).await.unwrap_err().code(), Code::FailedPrecondition);
        drop(requests);

        let (mut requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "enough");
        assert_eq!(replies.next().await.unwrap(), None);
        // A sender that is held up is let go.
        let much = Ask { payload: Bytes::from(vec![1; 100_000]), ..Ask::default() };
        assert_eq!(requests.send(much).await.unwrap_err().code(), Code::FailedPrecondition);
        tasks_are(3).await;
    });
}

#[test]
fn a_server_sees_a_cancelled_stream_as_cancelled() {
    paused(async {
        let (seen, mut sees) = tokio::sync::mpsc::unbounded_channel();
        let script = Script::new().converse(move |mut requests, mut replies| {
            let seen = seen.clone();
            async move {
                replies.send(answer("begun")).await?;
                // On a task of its own, because the handler itself is stopped.
                tokio::spawn(async move {
                    let _ = seen.send(requests.next().await);
                });
                pending().await
            }
        });
        let (client, _running) = script.start();
        let (requests, mut replies) = client.converse().open();
        assert!(replies.next().await.unwrap().is_some());
        drop(requests);
        assert_eq!(sees.recv().await.unwrap().unwrap_err().code(), Code::Cancelled);
    });
}

#[test]
fn a_handler_held_up_by_its_client_is_stopped_too() {
    paused(async {
        let (dropped, mut drops) = signals();
        let script = Script::new().expand(move |request, mut replies| {
            let signal = DropSignal(dropped.clone());
            async move {
                let _signal = signal;
                loop {
                    replies.send(echo(request.clone())).await?;
                }
            }
        });
        let (client, _running) = script.start();
        let mut replies =
            client.expand(Ask { payload: Bytes::from(vec![1; 30_000]), ..Ask::default() }).open();
        assert!(replies.next().await.unwrap().is_some());
        all_quiet().await;
        assert!(drops.try_recv().is_err());
        drop(replies);
        drops.recv().await.unwrap();
        client.unary(ask("")).await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn what_a_given_up_stream_had_in_hand_is_free_for_others() {
    paused(async {
        let (client, _running) = Script::new().start();
        for _ in 0..200 {
            let large = Ask { payload: Bytes::from(vec![1; 30_000]), count: 3, ..Ask::default() };
            let mut replies = client.expand(large).open();
            assert!(replies.next().await.unwrap().is_some());
            // Two replies are here, or on their way, and nobody will read them.
            all_quiet().await;
            drop(replies);
        }
        let large = Ask { payload: Bytes::from(vec![1; 2_000_000]), ..Ask::default() };
        assert_eq!(client.unary(large).await.unwrap().payload.len(), 2_000_000);
        tasks_are(3).await;
    });
}

#[test]
fn many_calls_given_up_do_not_end_the_connection() {
    paused(async {
        let (began, mut begins) = signals();
        let (dropped, _drops) = signals();
        let (client, _running) = hanging(&began, &dropped).start();
        client.unary(ask("fine")).await.unwrap();
        for _ in 0..90 {
            let calls: Vec<_> =
                (0..100).map(|_| tokio::spawn(client.unary(ask("hang")).into_future())).collect();
            for _ in 0..calls.len() {
                begins.recv().await.unwrap();
            }
            for call in &calls {
                call.abort();
            }
            join_all(calls).await;
            client.unary(ask("fine")).await.unwrap();
        }
        tasks_are(3).await;
    });
}

#[test]
fn a_call_given_up_before_it_is_sent_never_is() {
    paused(async {
        let handled = Arc::new(Semaphore::new(0));
        let counted = Arc::clone(&handled);
        let script = Script::new().unary(move |request| {
            counted.add_permits(1);
            async move { Ok(echo(request.into_inner()).into()) }
        });
        let (client, _running) = script.start();
        drop(client.unary(ask("never awaited")));
        drop(client.unary(ask("never awaited")).into_future());
        client.unary(ask("awaited")).await.unwrap();
        assert_eq!(handled.available_permits(), 1);
    });
}

#[test]
fn a_stream_given_up_while_its_channel_connects_leaves_nothing() {
    paused(async {
        // Nobody listens.
        let (connector, listener) = memory();
        drop(listener);
        let client = ProbeClient::new(Channel::in_memory(connector).lazy().unwrap());
        let (mut requests, replies) = client.converse().wait_for_ready().open();
        requests.send(ask("early")).await.unwrap();
        all_quiet().await;
        drop(replies);
        assert_eq!(requests.send(ask("late")).await.unwrap_err().code(), Code::Cancelled);
        let (requests, mut replies) = client.converse().wait_for_ready().open();
        drop(requests);
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Cancelled);
        drop(client.expand(ask("")).wait_for_ready().open());
        drop(replies);
        drop(client);
        tasks_are(0).await;
    });
}

#[test]
fn a_handlers_own_cancelled_status_is_a_status_like_any_other() {
    paused(async {
        let (client, _running) =
            Script::new().unary(|_| async { Err(Status::cancelled("by the handler")) }).start();
        let status = client.unary(ask("")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Cancelled, "by the handler"));
    });
}
