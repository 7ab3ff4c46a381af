//! What a consumer sees of a stream, whatever its body does.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::Waker;

use super::*;
use crate::{Code, Request};

/// What a body does when it is asked for data.
enum Step {
    Wait,
    Data(&'static [u8]),
    Fail(Status),
    End,
}

/// A body that does what a script says, and panics when it is asked past the script's end.
struct Script {
    steps: VecDeque<Step>,
    head: Option<Metadata>,
    ended: bool,
}

impl Body for Script {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        match self.steps.pop_front().expect("the stream was read past its end") {
            Step::Wait => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Data(data) => Poll::Ready(Some(Ok(Bytes::from_static(data)))),
            Step::Fail(status) => Poll::Ready(Some(Err(status))),
            Step::End => {
                self.ended = true;
                Poll::Ready(None)
            }
        }
    }

    fn poll_head(&mut self, _: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        self.head.take().map_or(Poll::Pending, |head| Poll::Ready(Ok(head)))
    }

    fn trailers(&mut self) -> Metadata {
        let mut trailers = Metadata::new();
        if self.ended {
            trailers.insert("position", "behind").unwrap();
        }
        trailers
    }
}

fn text(bytes: Bytes) -> Result<String, Status> {
    String::from_utf8(bytes.into()).map_err(|_| Status::internal("the message is not UTF-8"))
}

fn streaming(steps: impl IntoIterator<Item = Step>) -> Streaming<String> {
    let script = Script { steps: steps.into_iter().collect(), head: None, ended: false };
    Streaming::new(Box::new(script), text, 10)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn messages_come_in_order_until_the_end_and_then_none() {
    let mut stream = streaming([
        Step::Data(b"\0\0\0\0\x01a\0\0\0"),
        Step::Wait,
        Step::Data(b"\0\x02bc"),
        Step::Data(b""),
        Step::End,
    ]);
    block_on(async {
        assert_eq!(stream.next().await.unwrap().as_deref(), Some("a"));
        assert!(stream.trailers().is_empty());
        assert_eq!(stream.next().await.unwrap().as_deref(), Some("bc"));
        for _ in 0..2 {
            assert_eq!(stream.next().await.unwrap(), None);
        }
        assert_eq!(stream.trailers().get("position"), Some("behind"));
    });
}

#[test]
fn every_error_ends_the_stream() {
    let cases = [
        (vec![Step::Fail(Status::aborted("over"))], Code::Aborted),
        (vec![Step::Data(b"\0\0\0\0\x0bmuch too long")], Code::ResourceExhausted),
        (vec![Step::Data(b"\x07\0\0\0\x01a")], Code::Internal),
        (vec![Step::Data(b"\0\0\0\0\x01\xff\0\0\0\0\x01a")], Code::Internal),
        (vec![Step::Data(b"\0\0\0\0\x02a"), Step::End], Code::Internal),
    ];
    for (steps, code) in cases {
        let mut stream = streaming(steps);
        block_on(async {
            assert_eq!(stream.next().await.unwrap_err().code(), code);
            assert_eq!(stream.next().await.unwrap(), None);
        });
    }
}

#[test]
fn messages_that_arrived_before_an_error_are_given_first() {
    let mut stream = streaming([Step::Data(b"\0\0\0\0\x01a"), Step::Fail(Status::unavailable("lost"))]);
    block_on(async {
        assert_eq!(stream.next().await.unwrap().as_deref(), Some("a"));
        assert_eq!(stream.next().await.unwrap_err().code(), Code::Unavailable);
    });
}

#[test]
fn a_dropped_future_loses_no_message() {
    let mut stream = streaming([Step::Data(b"\0\0\0\0\x02a"), Step::Wait, Step::Data(b"b"), Step::End]);
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(stream.next()).poll(&mut context).is_pending());
    assert_eq!(block_on(stream.next()).unwrap().as_deref(), Some("ab"));
}

#[test]
fn is_a_stream_of_results() {
    let mut stream = streaming([Step::Data(b"\0\0\0\0\x01a"), Step::Fail(Status::aborted("over"))]);
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = || Pin::new(&mut stream).poll_next(&mut context);
    assert!(matches!(poll(), Poll::Ready(Some(Ok(message))) if message == "a"));
    assert!(matches!(poll(), Poll::Ready(Some(Err(status))) if status.code() == Code::Aborted));
    assert!(matches!(poll(), Poll::Ready(None)));
}

#[test]
fn metadata_is_that_of_the_body() {
    let mut head = Metadata::new();
    head.insert("position", "front").unwrap();
    let script = Script { steps: VecDeque::new(), head: Some(head), ended: false };
    let mut stream = Streaming::new(Box::new(script), text, 10);
    assert_eq!(block_on(stream.metadata()).unwrap().get("position"), Some("front"));
}

#[test]
fn can_be_shared_and_moved_between_threads_whatever_its_messages_are() {
    fn assert_portable<T: Send + Sync + Unpin>() {}
    assert_portable::<Streaming<RefCell<u8>>>();
    assert_portable::<Request<Streaming<String>>>();
}
