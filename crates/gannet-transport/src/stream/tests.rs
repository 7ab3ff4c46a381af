//! The two halves of a stream, without a connection: what each side sees of the other.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gannet_core::{Body, Code, Metadata, Status};
use gannet_http2::StreamKey;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{RELEASE_STEP, SEND_HIGH_MARK, SendEnd, SharedStream, StreamBody};
use crate::inbox::{Command, Inbox};

type Stream = SharedStream<()>;
type Commands = UnboundedReceiver<Command<()>>;

const KEY: StreamKey = StreamKey { slot: 3, id: 7 };

fn accepted() -> (Arc<Stream>, Commands) {
    let (inbox, commands) = Inbox::new();
    (Stream::accepted(inbox, KEY), commands)
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn push(stream: &Arc<Stream>, message: &[u8]) -> Result<(), Status> {
    stream.push_message(usize::MAX, |buffer| {
        buffer.put_slice(message);
        Ok(())
    })
}

#[test]
fn messages_that_are_ready_together_leave_together_after_one_command() {
    let (stream, mut commands) = accepted();
    push(&stream, b"a").unwrap();
    push(&stream, b"bc").unwrap();
    assert!(matches!(commands.try_recv(), Ok(Command::Flush(_))));
    assert!(commands.try_recv().is_err());
    let taken = stream.send().take();
    assert!(taken.chunks.is_empty());
    assert_eq!(taken.tail, &b"\0\0\0\0\x01a\0\0\0\0\x02bc"[..]);
    push(&stream, b"d").unwrap();
    assert!(matches!(commands.try_recv(), Ok(Command::Flush(_))));
}

#[test]
fn large_segments_leave_uncopied_and_in_order() {
    let (stream, _commands) = accepted();
    let large = Bytes::from(vec![1; 8192]);
    push(&stream, b"a").unwrap();
    stream
        .push_message(usize::MAX, |buffer| {
            buffer.put_segment(large.clone());
            Ok(())
        })
        .unwrap();
    push(&stream, b"b").unwrap();
    let taken = stream.send().take();
    let all: Vec<u8> = taken.chunks.iter().chain([&taken.tail]).flatten().copied().collect();
    let expected = [b"\0\0\0\0\x01a\0\0\0\x20\0".as_slice(), &large, b"\0\0\0\0\x01b"].concat();
    assert_eq!(all, expected);
    assert!(taken.chunks.iter().any(|chunk| chunk.as_ptr() == large.as_ptr()));
}

#[test]
fn a_sender_waits_above_the_mark_until_the_connection_takes() {
    let (stream, _commands) = accepted();
    assert!(matches!(stream.poll_ready(&mut context()), Poll::Ready(Ok(()))));
    push(&stream, &vec![0; SEND_HIGH_MARK]).unwrap();
    assert!(stream.poll_ready(&mut context()).is_pending());
    stream.send().take();
    assert!(matches!(stream.poll_ready(&mut context()), Poll::Ready(Ok(()))));
}

#[test]
fn a_message_that_is_refused_leaves_nothing_behind() {
    let (stream, _commands) = accepted();
    push(&stream, b"a").unwrap();
    let refused = stream.push_message(2, |buffer| {
        buffer.put_slice(b"abc");
        Ok(())
    });
    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("max_send_message_size"), "{status}");
    let refused = stream.push_message(9, |buffer| {
        buffer.put_slice(b"abc");
        Err(Status::internal("cannot be encoded"))
    });
    assert_eq!(refused.unwrap_err().message(), "cannot be encoded");
    assert_eq!(stream.send().take().tail, &b"\0\0\0\0\x01a"[..]);
}

#[test]
fn the_first_end_counts_and_nothing_follows_it() {
    let (stream, _commands) = accepted();
    let mut trailers = Metadata::new();
    trailers.insert("k", "v").unwrap();
    stream.send().set_trailers(trailers.clone());
    stream.finish(SendEnd::Ok(Metadata::new()));
    stream.finish(SendEnd::Failed(Status::internal("too late")));
    assert_eq!(push(&stream, b"a").unwrap_err().code(), Code::FailedPrecondition);
    assert!(matches!(stream.send().take().end, Some(SendEnd::Ok(sent)) if sent == trailers));
}

#[test]
fn a_failed_stream_tells_both_halves_and_drops_what_waited() {
    let (stream, _commands) = accepted();
    push(&stream, b"a").unwrap();
    stream.fail(&Status::unavailable("gone"));
    stream.fail(&Status::internal("later"));
    assert!(
        matches!(stream.poll_ready(&mut context()), Poll::Ready(Err(status)) if status.message() == "gone")
    );
    assert!(stream.send().take().tail.is_empty());
    let mut body = StreamBody::new(Arc::clone(&stream), true);
    assert!(
        matches!(body.poll_data(&mut context()), Poll::Ready(Some(Err(status))) if status.message() == "gone")
    );
}

#[test]
fn little_is_released_as_it_comes_and_more_as_it_is_consumed() {
    const HALF: usize = RELEASE_STEP / 2;
    let (stream, mut commands) = accepted();
    let mut body = StreamBody::new(Arc::clone(&stream), false);
    let half = || Bytes::from(vec![0; HALF]);
    assert_eq!(stream.receive().deliver_data(half()), HALF);
    assert_eq!(stream.receive().deliver_data(half()), HALF);
    for _ in 0..4 {
        assert_eq!(stream.receive().deliver_data(half()), 0, "too much waits");
    }
    assert!(body.poll_data(&mut context()).is_ready());
    assert!(commands.try_recv().is_err());
    assert!(body.poll_data(&mut context()).is_ready());
    assert!(matches!(commands.try_recv(), Ok(Command::Release(_, RELEASE_STEP))));
    assert_eq!(stream.receive().deliver_data(Bytes::from_static(b"rest")), 0);
    for _ in 0..5 {
        assert!(body.poll_data(&mut context()).is_ready());
    }
    assert!(matches!(commands.try_recv(), Ok(Command::Release(_, RELEASE_STEP))));
    assert!(matches!(commands.try_recv(), Ok(Command::Release(_, 4))), "nothing waits: all is released");
    assert_eq!(stream.receive().deliver_data(half()), HALF);
}

#[test]
fn a_dropped_body_releases_what_it_held_and_what_still_comes() {
    let (stream, mut commands) = accepted();
    let body = StreamBody::new(Arc::clone(&stream), false);
    assert_eq!(stream.receive().deliver_data(Bytes::from_static(b"little")), 6);
    assert_eq!(stream.receive().deliver_data(Bytes::from(vec![0; RELEASE_STEP])), 0);
    drop(body);
    assert!(matches!(commands.try_recv(), Ok(Command::Release(_, RELEASE_STEP))));
    assert!(commands.try_recv().is_err());
    assert_eq!(stream.receive().deliver_data(Bytes::from_static(b"unwanted")), 8);
}

#[test]
fn a_small_payload_that_waits_lets_its_read_buffer_go() {
    let (stream, _commands) = accepted();
    let read = Bytes::from(vec![0; 64 * 1024]);
    let _ = stream.receive().deliver_data(read.slice(..100));
    assert!(read.try_into_mut().is_ok(), "nothing refers to the read buffer");
}

#[test]
fn dropping_a_clients_body_cancels_unless_the_stream_has_ended() {
    let (stream, mut commands) = accepted();
    drop(StreamBody::new(Arc::clone(&stream), true));
    assert!(matches!(commands.try_recv(), Ok(Command::Cancel(_))));
    assert!(stream.is_cancelled());

    let (stream, mut commands) = accepted();
    stream.receive().deliver_end(Ok(Metadata::new()));
    drop(StreamBody::new(stream, true));
    assert!(commands.try_recv().is_err());
}

#[test]
fn what_is_sent_before_the_connection_is_there_waits_for_it() {
    let stream = Stream::unopened(true);
    push(&stream, b"a").unwrap();
    stream.finish(SendEnd::HalfClose);
    assert_eq!(stream.key(), None);
    let (inbox, mut commands) = Inbox::new();
    stream.bind(inbox);
    stream.set_key(KEY);
    assert_eq!(stream.key(), Some(KEY));
    let taken = stream.send().take();
    assert_eq!(taken.tail.len(), 6);
    assert!(matches!(taken.end, Some(SendEnd::HalfClose)));
    stream.cancel();
    assert!(matches!(commands.try_recv(), Ok(Command::Cancel(_))));
}

#[test]
fn a_whole_answer_is_released_as_it_comes_and_taken_at_its_end() {
    let stream = Stream::unopened(true);
    assert_eq!(stream.receive().deliver_data(Bytes::from_static(b"abc")), 3);
    assert!(stream.receive().poll_end(&mut context()).is_pending());
    stream.receive().deliver_end(Ok(Metadata::new()));
    assert!(stream.receive().poll_end(&mut context()).is_ready());
    let (_, chunks, end) = stream.receive().take_whole();
    assert_eq!(chunks, [&b"abc"[..]]);
    assert!(end.is_ok());
}
