//! Metadata and statuses, both ways and in every place they may stand.

use gannet::{Code, Metadata, Request, Response, Status};
use gannet_e2e_tests::probe::{Answer, Ask};

use crate::support::{Script, answer, ask, paused, tasks_are};

fn metadata(entries: &[(&str, &str)], binary: &[(&str, &[u8])]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in entries {
        metadata.append(key, value).unwrap();
    }
    for (key, value) in binary {
        metadata.append_bin(key, value).unwrap();
    }
    metadata
}

const BINARY: &[u8] = &[0, 255, b',', 10, 13, 1];

#[test]
fn metadata_goes_both_ways_in_a_unary_call() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            let mut response = Response::new(Answer::default());
            let sent = request.metadata();
            assert_eq!(sent.get_all("x-many").collect::<Vec<_>>(), ["one", "two"]);
            assert!(sent.get("user-agent").is_none() && sent.get("te").is_none(), "{sent:?}");
            response.metadata_mut().insert("x-head", sent.get("x-ask").unwrap()).unwrap();
            response.metadata_mut().insert_bin("x-head-bin", sent.get_bin("x-ask-bin").unwrap()).unwrap();
            response.trailers_mut().insert("x-trailer", "behind").unwrap();
            response.trailers_mut().insert_bin("x-trailer-bin", BINARY).unwrap();
            Ok(response)
        });
        let (client, _running) = script.start();
        // The second and third time header fields come from tables.
        for _ in 0..3 {
            let mut request = Request::new(Ask::default());
            request.metadata_mut().append("x-many", "one").unwrap();
            let call = client.unary(request);
            let call =
                call.metadata("x-many", "two").metadata("x-ask", "a b").metadata_bin("x-ask-bin", BINARY);
            let response = call.await.unwrap();
            assert_eq!(response.metadata().get("x-head"), Some("a b"));
            assert_eq!(response.metadata().get_bin("x-head-bin").unwrap(), BINARY);
            assert_eq!(response.metadata().len(), 2, "{:?}", response.metadata());
            assert_eq!(response.trailers().get("x-trailer"), Some("behind"));
            assert_eq!(response.trailers().get_bin("x-trailer-bin").unwrap(), BINARY);
            assert_eq!(response.trailers().len(), 2, "{:?}", response.trailers());
        }
    });
}

#[test]
fn metadata_of_one_call_does_not_show_in_the_next() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            Ok(answer(&format!("{} {:?}", request.metadata().len(), request.deadline().is_some())).into())
        });
        let (client, _running) = script.start();
        let minute = std::time::Duration::from_secs(60);
        for _ in 0..3 {
            let with = client.unary(ask("")).metadata("a", "b").timeout(minute).await.unwrap();
            assert_eq!(with.text, "1 true");
            assert_eq!(client.unary(ask("")).await.unwrap().text, "0 false");
        }
    });
}

#[test]
fn metadata_goes_both_ways_on_streams() {
    paused(async {
        let script = Script::new()
            .converse(|requests, mut replies| async move {
                let sent = requests.metadata().get("x-ask").unwrap().to_owned();
                replies.metadata_mut().insert("x-head", sent).unwrap();
                replies.metadata_mut().insert_bin("x-head-bin", BINARY).unwrap();
                replies.send(answer("only")).await?;
                replies.set_trailers(metadata(&[("x-trailer", "t")], &[("x-trailer-bin", BINARY)]));
                Ok(())
            })
            .collect(|_| async {
                let mut response = Response::new(answer("done"));
                response.metadata_mut().insert("x-head", "h").unwrap();
                response.trailers_mut().insert("x-trailer", "t").unwrap();
                Ok(response)
            });
        let (client, _running) = script.start();
        let (requests, mut replies) = client.converse().metadata("x-ask", "hello").open();
        let head = replies.metadata().await.unwrap();
        assert_eq!(head.get("x-head"), Some("hello"));
        assert_eq!(head.get_bin("x-head-bin").unwrap(), BINARY);
        assert_eq!(replies.next().await.unwrap().unwrap().text, "only");
        assert!(replies.trailers().is_empty(), "not before the end");
        assert_eq!(replies.next().await.unwrap(), None);
        let trailers = replies.trailers();
        assert_eq!(trailers.get("x-trailer"), Some("t"));
        assert_eq!(trailers.get_bin("x-trailer-bin").unwrap(), BINARY);
        drop(requests);

        let (requests, reply) = client.collect().open();
        requests.finish();
        let response = reply.await.unwrap();
        assert_eq!(response.metadata().get("x-head"), Some("h"));
        assert_eq!(response.trailers().get("x-trailer"), Some("t"));
        tasks_are(3).await;
    });
}

#[test]
fn the_head_comes_before_the_first_reply_when_the_handler_sends_it() {
    paused(async {
        let script = Script::new().converse(|mut requests, mut replies| async move {
            replies.metadata_mut().insert("x-head", "early").unwrap();
            replies.send_metadata();
            while requests.next().await?.is_some() {}
            Ok(())
        });
        let (client, _running) = script.start();
        let (requests, mut replies) = client.converse().open();
        assert_eq!(replies.metadata().await.unwrap().get("x-head"), Some("early"));
        requests.finish();
        assert_eq!(replies.next().await.unwrap(), None);
    });
}

#[test]
fn metadata_set_before_a_failure_arrives() {
    paused(async {
        let script = Script::new().converse(|_, mut replies| async move {
            replies.metadata_mut().insert("x-head", "kept").unwrap();
            replies.send_metadata();
            Err(Status::aborted("no more"))
        });
        let (client, _running) = script.start();
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.metadata().await.unwrap().get("x-head"), Some("kept"));
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Aborted);
    });
}

#[test]
fn every_code_arrives_with_its_message() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            Err(Status::new(Code::from_i32(request.count.cast_signed()), request.text.clone()))
        });
        let (client, _running) = script.start();
        for code in 1..=16 {
            let status = client.unary(Ask { count: code, ..ask("why") }).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::from_i32(code.cast_signed()), "why"));
        }
    });
}

#[test]
fn messages_with_special_characters_details_and_trailers_arrive() {
    const MESSAGE: &str = "100 % „schön“\r\n\ttab, ☃ and \u{1f980}%20 \u{7f}";
    let fail = || {
        Status::failed_precondition(MESSAGE)
            .with_details(BINARY.to_vec())
            .with_metadata(metadata(&[("x-trailer", "t")], &[("x-trailer-bin", BINARY)]))
    };
    let check = |status: &Status| {
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), MESSAGE);
        assert_eq!(status.details(), BINARY);
        assert_eq!(status.metadata().get("x-trailer"), Some("t"));
        assert_eq!(status.metadata().get_bin("x-trailer-bin").unwrap(), BINARY);
    };
    paused(async {
        let script = Script::new()
            .unary(move |request| async move {
                if request.count > 0 {
                    tokio::task::yield_now().await;
                }
                Err(fail())
            })
            .converse(move |_, mut replies| async move {
                replies.send(answer("first")).await?;
                Err(fail())
            });
        let (client, _running) = script.start();
        check(&client.unary(ask("at once")).await.unwrap_err());
        check(&client.unary(Ask { count: 1, ..ask("later") }).await.unwrap_err());
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "first");
        check(&replies.next().await.unwrap_err());
        assert_eq!(replies.next().await.unwrap(), None, "after the error it has ended");
    });
}

#[test]
fn metadata_that_cannot_be_sent_fails_the_call_and_names_the_key() {
    paused(async {
        let (client, _running) = Script::new().start();
        for key in ["grpc-timeout", "content-type", "spaced key", "x-bin"] {
            let status = client.unary(ask("")).metadata(key, "value").await.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{key}");
            assert!(status.message().contains(key), "{status}");
            let mut replies = client.expand(ask("")).metadata(key, "value").open();
            assert_eq!(replies.next().await.unwrap_err().code(), Code::Internal, "{key}");
        }
        // Nothing was sent: there is not even a connection.
        tasks_are(1).await;
    });
}

/// More than the 16 KiB that each side takes.
fn far_too_much() -> String {
    "m".repeat(20_000)
}

#[test]
fn request_metadata_that_the_server_would_not_take_fails_the_call_here() {
    paused(async {
        let (client, _running) = Script::new().start();
        client.unary(ask("")).await.unwrap();
        let status = client.unary(ask("")).metadata("x", &far_too_much()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        client.unary(ask("the connection lives on")).await.unwrap();
        tasks_are(3).await;
    });
}

#[test]
fn response_metadata_that_the_client_would_not_take_ends_the_call_and_says_so() {
    paused(async {
        let script = Script::new()
            .unary(|request| async move {
                if request.text == "later" {
                    tokio::task::yield_now().await;
                }
                let mut response = Response::new(Answer::default());
                if request.count == 0 {
                    response.metadata_mut().insert("x", far_too_much()).unwrap();
                } else {
                    response.trailers_mut().insert("x", far_too_much()).unwrap();
                }
                Ok(response)
            })
            .converse(|_, mut replies| async move {
                replies.send(answer("first")).await?;
                replies.set_trailers(metadata(&[("x", &far_too_much())], &[]));
                Ok(())
            });
        let (client, _running) = script.start();
        for text in ["at once", "later"] {
            for count in 0..2 {
                let status = client.unary(Ask { count, ..ask(text) }).await.unwrap_err();
                assert_eq!(status.code(), Code::ResourceExhausted, "{text} {count} {status}");
            }
        }
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "first");
        assert_eq!(replies.next().await.unwrap_err().code(), Code::ResourceExhausted);
        tasks_are(3).await;
    });
}

#[test]
fn a_status_that_the_client_would_not_take_arrives_with_its_code_alone() {
    paused(async {
        let script = Script::new().unary(|_| async { Err(Status::data_loss(far_too_much())) }).converse(
            |_, mut replies| async move {
                replies.send(answer("first")).await?;
                Err(Status::data_loss("short").with_metadata(metadata(&[("x", &far_too_much())], &[])))
            },
        );
        let (client, _running) = script.start();
        let status = client.unary(ask("")).await.unwrap_err();
        assert_eq!(status.code(), Code::DataLoss, "{}", status.message().len());
        let (_requests, mut replies) = client.converse().open();
        assert_eq!(replies.next().await.unwrap().unwrap().text, "first");
        assert_eq!(replies.next().await.unwrap_err().code(), Code::DataLoss);
        tasks_are(3).await;
    });
}
