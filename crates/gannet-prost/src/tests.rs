//! The codec against messages with derives written out by hand, so that no generator is needed.

use bytes::{Buf, BufMut, BytesMut};
use gannet_core::{Code, Codec as _};
use prost::encoding::{DecodeContext, WireType};
use prost_types::{ListValue, Timestamp};

use super::*;

#[derive(Clone, PartialEq, prost::Message)]
struct Blob {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
    #[prost(message, optional, boxed, tag = "2")]
    inner: Option<Box<Blob>>,
}

/// Claims a size that it does not have.
#[derive(Debug, Default)]
struct Huge;

impl Message for Huge {
    fn encode_raw(&self, _: &mut impl BufMut) {
        unreachable!("its size is refused first")
    }

    fn merge_field(
        &mut self,
        _: u32,
        _: WireType,
        _: &mut impl Buf,
        _: DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        MAX_MESSAGE_SIZE + 1
    }

    fn clear(&mut self) {}
}

fn encoded<M: Message + Default + std::fmt::Debug + 'static>(message: &M) -> Bytes {
    let mut buffer = EncodeBuffer::new();
    Prost::encode(message, &mut buffer).unwrap();
    buffer.finish().tail.freeze()
}

fn decoded<M: Message + Default + std::fmt::Debug + 'static>(bytes: Bytes) -> Result<M, Status> {
    Prost::decode(bytes)
}

#[test]
fn a_message_comes_back_as_it_was() {
    let time = Timestamp { seconds: 5, nanos: 6 };
    assert_eq!(decoded::<Timestamp>(encoded(&time)).unwrap(), time);
    assert_eq!(encoded(&()), Bytes::new());
    decoded::<()>(Bytes::new()).unwrap();
}

#[test]
fn what_the_buffer_held_before_stays_in_front() {
    let mut buffer = EncodeBuffer::from_tail(BytesMut::from(&b"head"[..]));
    Prost::encode(&Timestamp { seconds: 1, nanos: 0 }, &mut buffer).unwrap();
    let encoded = buffer.finish();
    assert_eq!((encoded.start, &encoded.tail[..]), (4, &b"head\x08\x01"[..]));
}

#[test]
fn a_bytes_field_is_a_slice_of_what_was_received() {
    let received = encoded(&Blob { data: Bytes::from_static(b"payload"), inner: None });
    let range = received.as_ptr_range();
    let blob: Blob = decoded(received).unwrap();
    assert!(range.contains(&blob.data.as_ptr()));
}

#[test]
fn a_message_of_more_than_two_gibibytes_is_refused_and_writes_nothing() {
    let mut buffer = EncodeBuffer::new();
    let status = Prost::encode(&Huge, &mut buffer).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("Huge") && status.message().contains("2 GiB"), "{status}");
    assert_eq!(buffer.len(), 0);
}

#[test]
fn malformed_bytes_are_refused_with_the_message_s_name_and_the_cause() {
    let status = decoded::<Timestamp>(Bytes::from_static(b"\x08")).unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(
        status.message(),
        "the message prost_types::protobuf::Timestamp cannot be decoded: Timestamp.seconds: invalid varint"
    );
    assert!(std::error::Error::source(&status).is_some());
}

#[test]
fn messages_that_nest_too_deep_are_refused() {
    let deep = |levels: usize| {
        (0..levels)
            .fold(Blob::default(), |inner, _| Blob { data: Bytes::new(), inner: Some(Box::new(inner)) })
    };
    assert!(decoded::<Blob>(encoded(&deep(99))).is_ok());
    let status = decoded::<Blob>(encoded(&deep(102))).unwrap_err();
    assert!(status.message().contains("recursion limit"), "{status}");
}

#[test]
fn repeated_fields_go_through() {
    let list = ListValue { values: vec![Default::default(); 3] };
    assert_eq!(decoded::<ListValue>(encoded(&list)).unwrap(), list);
}
