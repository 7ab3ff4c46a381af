//! Framing under every way of cutting a stream into payloads, and under malice.

use proptest::prelude::*;

use super::*;
use crate::Code;

fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = message_header(message.len() as u32).to_vec();
    bytes.extend_from_slice(message);
    bytes
}

/// All messages that the deframer has ready.
fn drain(deframer: &mut Deframer) -> Vec<Bytes> {
    std::iter::from_fn(|| deframer.next().unwrap()).collect()
}

#[test]
fn a_message_within_one_payload_is_a_slice_of_it() {
    let payload = Bytes::from(framed(b"hello"));
    let message = unary_message(&payload, 5).unwrap().unwrap();
    assert_eq!((&message[..], message.as_ptr()), (&b"hello"[..], payload[5..].as_ptr()));
    let mut deframer = Deframer::new(5);
    deframer.push(payload.clone());
    let message = deframer.next().unwrap().unwrap();
    assert_eq!((&message[..], message.as_ptr()), (&b"hello"[..], payload[5..].as_ptr()));
}

#[test]
fn a_message_whose_header_came_before_is_a_slice_too() {
    let mut deframer = Deframer::new(5);
    deframer.push(Bytes::from_static(b"\0\0\0\0\x05"));
    assert_eq!(deframer.next().unwrap(), None);
    let payload = Bytes::from_static(b"hello");
    deframer.push(payload.clone());
    assert_eq!(deframer.next().unwrap().unwrap().as_ptr(), payload.as_ptr());
}

#[test]
fn a_payload_is_let_go_once_it_is_used_up() {
    for cut in 1..=10 {
        let payload = Bytes::from(framed(b"hello")).slice(..cut);
        let watcher = payload.clone();
        let mut deframer = Deframer::new(5);
        deframer.push(payload);
        drop(drain(&mut deframer));
        assert!(watcher.is_unique(), "after {cut} bytes");
    }
}

#[test]
fn a_payload_with_less_or_more_than_one_message_is_no_unary_message() {
    for payload in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x02a", b"\0\0\0\0\x01ab", b"\0\0\0\0\x00\0"] {
        assert_eq!(unary_message(&Bytes::from_static(payload), 9).unwrap(), None, "{payload:?}");
    }
    assert_eq!(unary_message(&Bytes::from_static(b"\0\0\0\0\0"), 9).unwrap().unwrap(), "");
}

#[test]
fn a_message_of_the_largest_size_is_let_pass() {
    let payload = Bytes::from(framed(&[0; 10]));
    assert!(unary_message(&payload, 10).unwrap().is_some());
    assert_eq!(unary_message(&payload, 9).unwrap_err().code(), Code::ResourceExhausted);
}

#[test]
fn a_message_that_is_too_large_is_refused_at_its_header_with_the_setting_to_change() {
    let mut deframer = Deframer::new(10);
    deframer.push(Bytes::from_static(b"\0\xff\xff\xff"));
    assert_eq!(deframer.next().unwrap(), None);
    deframer.push(Bytes::from_static(b"\xff"));
    let status = deframer.next().unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    for part in ["4294967295", "max_receive_message_size", "(10)"] {
        assert!(status.message().contains(part), "{status}");
    }
}

#[test]
fn flags_that_were_not_agreed_on_are_refused() {
    for (flag, part) in [(1, "grpc-encoding"), (2, "is 2"), (255, "is 255")] {
        let payload = Bytes::from(vec![flag, 0, 0, 0, 0]);
        let status = unary_message(&payload, 10).unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains(part), "{status}");
        let mut deframer = Deframer::new(10);
        deframer.push(payload);
        assert_eq!(deframer.next().unwrap_err().code(), Code::Internal);
    }
}

#[test]
fn an_error_stays() {
    let mut deframer = Deframer::new(10);
    deframer.push(Bytes::from_static(b"\x02\0\0\0\0"));
    deframer.push(Bytes::from_static(b"\0\0\0\0\0"));
    let status = deframer.next().unwrap_err();
    deframer.push(Bytes::from_static(b"\0\0\0\0\0"));
    assert_eq!(deframer.next().unwrap_err().message(), status.message());
    assert_eq!(deframer.finish().unwrap_err().message(), status.message());
}

#[test]
fn an_end_within_a_message_is_an_error_and_between_two_is_none() {
    let stream = framed(b"hello");
    for cut in 0..stream.len() {
        let mut deframer = Deframer::new(10);
        deframer.push(Bytes::copy_from_slice(&stream[..cut]));
        assert_eq!(deframer.next().unwrap(), None);
        let ended = deframer.finish();
        assert_eq!(ended.is_ok(), cut == 0, "after {cut} bytes");
        if let Err(status) = ended {
            assert_eq!(status.code(), Code::Internal);
            assert!(status.message().contains("ended in the middle of a message"), "{status}");
        }
    }
}

/// The room that a deframer has taken for the message under way.
fn room(deframer: &Deframer) -> usize {
    match &deframer.state {
        State::Message { gathered, .. } => gathered.capacity(),
        State::Header { .. } | State::Failed(_) => 0,
    }
}

#[test]
fn a_length_alone_costs_nothing() {
    let mut deframer = Deframer::new(usize::MAX);
    deframer.push(Bytes::from_static(b"\0\xff\xff\xff\xff"));
    assert_eq!(deframer.next().unwrap(), None);
    assert_eq!(room(&deframer), 0);
    for arrived in 1..=100 {
        deframer.push(Bytes::from_static(b"x"));
        assert_eq!(deframer.next().unwrap(), None);
        assert!(room(&deframer) <= arrived * GROWTH, "{} for {arrived}", room(&deframer));
    }
}

#[test]
fn a_gathered_message_has_no_room_to_spare() {
    let mut deframer = Deframer::new(1 << 20);
    let stream = framed(&vec![7; 100_000]);
    for payload in stream.chunks(16_384) {
        assert_eq!(deframer.next().unwrap(), None);
        assert!(room(&deframer) <= 100_000);
        deframer.push(Bytes::copy_from_slice(payload));
    }
    assert_eq!(deframer.next().unwrap().unwrap(), vec![7; 100_000]);
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_messages(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
        cuts in prop::collection::vec((0_usize..20, 0_usize..3), 1..100),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
        let mut deframer = Deframer::new(40);
        let mut received = Vec::new();
        let mut rest = &stream[..];
        for (len, taken) in &cuts {
            let (payload, behind) = rest.split_at((*len).min(rest.len()));
            rest = behind;
            deframer.push(Bytes::copy_from_slice(payload));
            // Not always all of them: payloads may wait.
            received.extend(std::iter::from_fn(|| deframer.next().unwrap()).take(*taken));
        }
        deframer.push(Bytes::copy_from_slice(rest));
        received.extend(drain(&mut deframer));
        deframer.finish().unwrap();
        prop_assert_eq!(received, messages);
    }

    #[test]
    fn any_bytes_give_messages_or_an_error(payloads: Vec<Vec<u8>>) {
        let mut deframer = Deframer::new(100);
        for payload in payloads {
            deframer.push(Bytes::from(payload));
            while let Ok(Some(message)) = deframer.next() {
                prop_assert!(message.len() <= 100);
            }
        }
        let _ = deframer.finish();
    }
}
