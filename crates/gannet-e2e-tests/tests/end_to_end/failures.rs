//! What goes wrong on the server: methods that are not there, handlers that panic.

use bytes::Bytes;
use gannet::codec::Buffa;
use gannet::codegen::{MethodDescriptor, MethodKind, UnaryCall};
use gannet::{Code, Status};
use gannet_e2e_tests::probe::{AbsentClient, Answer, Ask};

use crate::support::{DropSignal, Script, answer, ask, echo, paused, signals, tasks_are};

#[test]
fn an_unknown_service_and_an_unknown_method_are_unimplemented_and_named() {
    static MISSING: MethodDescriptor =
        MethodDescriptor::new("/probe.Probe/Missing", "probe.Probe", "Missing", MethodKind::Unary);
    paused(async {
        let (client, running) = Script::new().start();
        let channel = running.channel().lazy().unwrap();
        for _ in 0..3 {
            let status = AbsentClient::new(channel.clone()).unary(ask("")).await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented);
            assert_eq!(status.message(), "unknown service probe.Absent");
            let call = UnaryCall::<Ask, Answer, Buffa>::new(&channel, &MISSING, ask("").into());
            let status = call.await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented);
            assert_eq!(status.message(), "unknown method Missing for service probe.Probe");
        }
        client.unary(ask("others are there")).await.unwrap();
    });
}

#[test]
fn a_message_that_cannot_be_decoded_ends_its_call_alone() {
    // The bytes of a message of one method are not those of another here: a string that is not UTF-8.
    static UNARY: MethodDescriptor =
        MethodDescriptor::new("/probe.Probe/Unary", "probe.Probe", "Unary", MethodKind::Unary);
    struct Raw;
    impl gannet::Codec<Bytes> for Raw {
        fn encode(message: &Bytes, buffer: &mut gannet::codec::EncodeBuffer) -> Result<(), Status> {
            buffer.put_slice(message);
            Ok(())
        }
        fn decode(bytes: Bytes) -> Result<Bytes, Status> {
            Ok(bytes)
        }
    }
    paused(async {
        let (client, running) = Script::new().start();
        let channel = running.channel().lazy().unwrap();
        let broken = Bytes::from_static(&[0x0a, 0x02, 0xff, 0xff]);
        let status = UnaryCall::<Bytes, Bytes, Raw>::new(&channel, &UNARY, broken.into()).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{status}");
        client.unary(ask("x")).await.unwrap();
    });
}

#[test]
fn a_handler_that_panics_answers_internal_and_its_neighbours_go_on() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            if request.text == "later" {
                tokio::task::yield_now().await;
            }
            assert!(request.text == "fine", "a secret");
            Ok(echo(request.into_inner()).into())
        });
        let (client, _running) = script.start();
        for _ in 0..3 {
            for text in ["at once", "later"] {
                let status = client.unary(ask(text)).await.unwrap_err();
                assert_eq!(
                    (status.code(), status.message()),
                    (Code::Internal, "the handler panicked"),
                    "{text}"
                );
            }
            assert_eq!(client.unary(ask("fine")).await.unwrap().text, "fine");
        }
        tasks_are(3).await;
    });
}

#[test]
fn a_handler_that_panics_before_it_makes_a_future_answers_internal() {
    paused(async {
        let script = Script::new().unary(|request| {
            assert!(request.text == "fine", "at once");
            async move { Ok(echo(request.into_inner()).into()) }
        });
        let (client, _running) = script.start();
        assert_eq!(client.unary(ask("not fine")).await.unwrap_err().code(), Code::Internal);
        assert_eq!(client.unary(ask("fine")).await.unwrap().text, "fine");
    });
}

#[test]
fn a_stream_whose_handler_panics_ends_with_internal_behind_its_replies() {
    paused(async {
        let script = Script::new()
            .converse(|mut requests, mut replies| async move {
                for _ in 0..3 {
                    let request = requests.next().await?.unwrap_or_default();
                    replies.send(echo(request)).await?;
                }
                panic!("enough");
            })
            .expand(|_, _| async { panic!("at once") })
            .collect(|mut requests| async move {
                requests.next().await?;
                panic!("later")
            });
        let (client, _running) = script.start();
        let (mut requests, mut replies) = client.converse().open();
        for _ in 0..3 {
            requests.send(ask("x")).await.unwrap();
        }
        for _ in 0..3 {
            assert_eq!(replies.next().await.unwrap().unwrap().text, "x");
        }
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal);
        assert_eq!(requests.send(ask("late")).await.unwrap_err().code(), Code::Internal);
        assert_eq!(client.expand(ask("")).open().next().await.unwrap_err().code(), Code::Internal);
        let (mut requests, reply) = client.collect().open();
        requests.send(ask("")).await.unwrap();
        assert_eq!(reply.await.unwrap_err().code(), Code::Internal);
        tasks_are(3).await;
    });
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[test]
fn a_panic_in_a_destructor_of_a_handler_ends_no_other_call() {
    paused(async {
        let script = Script::new()
            .unary(|request| async move {
                let panics = (request.text != "fine").then(|| PanicsInDrop);
                if request.count > 0 {
                    tokio::task::yield_now().await;
                }
                drop(panics);
                Ok(echo(request.into_inner()).into())
            })
            .converse(|_, _| async move {
                let _panics = PanicsInDrop;
                std::future::pending().await
            });
        let (client, _running) = script.start();
        for count in 0..2 {
            assert!(client.unary(Ask { count, ..ask("not fine") }).await.is_err());
            assert_eq!(client.unary(Ask { count, ..ask("fine") }).await.unwrap().text, "fine");
        }
        // Here the task is stopped, and the destructor runs as it is.
        let (requests, replies) = client.converse().open();
        crate::support::all_quiet().await;
        drop((requests, replies));
        tasks_are(3).await;
        assert_eq!(client.unary(ask("fine")).await.unwrap().text, "fine");
    });
}

#[test]
fn requests_kept_beyond_their_handler_end() {
    paused(async {
        let (ended, mut ends) = signals();
        let script = Script::new().converse(move |mut requests, mut replies| {
            let ended = ended.clone();
            async move {
                replies.send(answer("that is all")).await?;
                tokio::spawn(async move {
                    let _ended = DropSignal(ended);
                    while let Ok(Some(_)) = requests.next().await {}
                });
                Ok(())
            }
        });
        let (client, _running) = script.start();
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("x")).await.unwrap();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "that is all");
        assert_eq!(replies.next().await.unwrap(), None);
        ends.recv().await.unwrap();
        tasks_are(3).await;
    });
}
