//! The codec against messages written out by hand, so that no generator is needed.

use buffa::encoding::{Tag, WireType, check_wire_type, skip_field_depth};
use buffa::{DecodeContext, DecodeError, EncodeSink, SizeCache, types};
use buffa_types::google::protobuf::{BytesValue, ListValue, Struct, Timestamp, Value};
use bytes::{Buf, Bytes, BytesMut};
use gannet_core::{Code, Codec as _, EncodeBuffer, Status};

use super::*;

/// `message Blob { bytes data = 1; Blob inner = 2; }`, with `bytes` as `Bytes`.
#[derive(Debug, Clone, PartialEq, Default)]
struct Blob {
    data: Bytes,
    inner: Option<Box<Blob>>,
    /// A size to claim instead of the real one.
    claimed: Option<u32>,
}

buffa::impl_default_instance!(Blob);

impl MessageName for Blob {
    const PACKAGE: &'static str = "test";
    const NAME: &'static str = "Blob";
    const FULL_NAME: &'static str = "test.Blob";
    const TYPE_URL: &'static str = "type.googleapis.com/test.Blob";
}

impl Message for Blob {
    fn compute_size(&self, cache: &mut SizeCache) -> u32 {
        if let Some(claimed) = self.claimed {
            return claimed;
        }
        let mut size = 1 + types::bytes_encoded_len(&self.data) as u64;
        if let Some(inner) = &self.inner {
            let slot = cache.reserve();
            let inner = inner.compute_size(cache);
            cache.set(slot, inner);
            size += 1 + buffa::encoding::varint_len(u64::from(inner)) as u64 + u64::from(inner);
        }
        buffa::saturate_size(size)
    }

    fn write_to(&self, cache: &mut SizeCache, buf: &mut impl EncodeSink) {
        types::put_shared_bytes_field(1, &self.data, buf);
        if let Some(inner) = &self.inner {
            types::put_len_delimited_header(2, u64::from(cache.consume_next()), buf);
            inner.write_to(cache, buf);
        }
    }

    fn merge_field(
        &mut self,
        tag: Tag,
        buf: &mut impl Buf,
        ctx: DecodeContext<'_>,
    ) -> Result<(), DecodeError> {
        match tag.field_number() {
            1 => {
                check_wire_type(tag, WireType::LengthDelimited)?;
                self.data = types::decode_bytes_to_bytes(buf)?;
                Ok(())
            }
            2 => self.inner.get_or_insert_default().merge_length_delimited(buf, ctx),
            _ => skip_field_depth(tag, buf, ctx.depth()),
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

fn encoded<M: Message + MessageName + std::fmt::Debug>(message: &M) -> Bytes {
    let mut buffer = EncodeBuffer::new();
    Buffa::encode(message, &mut buffer).unwrap();
    let encoded = buffer.finish();
    if encoded.segments.is_empty() {
        return encoded.tail.freeze();
    }
    encoded.segments.iter().flat_map(|segment| segment.iter().copied()).collect()
}

fn decoded<M: Message + MessageName + std::fmt::Debug>(bytes: Bytes) -> Result<M, Status> {
    Buffa::decode(bytes)
}

#[test]
fn a_message_comes_back_as_it_was() {
    let time = Timestamp { seconds: 5, nanos: 6, ..Default::default() };
    assert_eq!(decoded::<Timestamp>(encoded(&time)).unwrap(), time);
    let list =
        Value::from(ListValue { values: vec![Value::from("a"), Value::from(1.5)], ..Default::default() });
    let fields = Struct { fields: [("k".to_owned(), list)].into_iter().collect(), ..Default::default() };
    assert_eq!(decoded::<Struct>(encoded(&fields)).unwrap(), fields);
}

#[test]
fn what_the_buffer_held_before_stays_in_front() {
    let mut buffer = EncodeBuffer::from_tail(BytesMut::from(&b"head"[..]));
    Buffa::encode(&Timestamp { seconds: 1, ..Default::default() }, &mut buffer).unwrap();
    let encoded = buffer.finish();
    assert_eq!((encoded.start, &encoded.tail[..]), (4, &b"head\x08\x01"[..]));
}

#[test]
fn a_large_bytes_field_is_sent_from_where_it_is() {
    let blob = Blob { data: Bytes::from(vec![7; 10_000]), ..Default::default() };
    let mut buffer = EncodeBuffer::new();
    Buffa::encode(&blob, &mut buffer).unwrap();
    let encoded = buffer.finish();
    assert!(encoded.segments.iter().any(|segment| segment.as_ptr() == blob.data.as_ptr()));
    assert_eq!(encoded.segments.iter().map(Bytes::len).sum::<usize>(), 10_003);
}

#[test]
fn a_small_bytes_field_is_copied() {
    let blob = Blob { data: Bytes::from(vec![7; 100]), ..Default::default() };
    let mut buffer = EncodeBuffer::new();
    Buffa::encode(&blob, &mut buffer).unwrap();
    assert!(buffer.finish().segments.is_empty());
}

#[test]
fn a_bytes_field_is_a_slice_of_what_was_received() {
    let received = encoded(&Blob { data: Bytes::from_static(b"payload"), ..Default::default() });
    let range = received.as_ptr_range();
    let blob: Blob = decoded(received).unwrap();
    assert!(range.contains(&blob.data.as_ptr()));
}

#[test]
fn more_nested_messages_than_fit_the_stack_are_sized_right() {
    let deep = (0..60).fold(Blob::default(), |inner, depth: u8| Blob {
        data: Bytes::from(vec![depth; usize::from(depth) * 40]),
        inner: Some(Box::new(inner)),
        claimed: None,
    });
    for _ in 0..2 {
        assert_eq!(decoded::<Blob>(encoded(&deep)).unwrap(), deep);
    }
}

#[test]
fn a_message_of_more_than_two_gibibytes_is_refused_and_writes_nothing() {
    let blob = Blob { claimed: Some(u32::MAX), ..Default::default() };
    let mut buffer = EncodeBuffer::new();
    let status = Buffa::encode(&blob, &mut buffer).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("test.Blob") && status.message().contains("2 GiB"), "{status}");
    assert_eq!(buffer.len(), 0);
}

#[test]
fn malformed_bytes_are_refused_with_the_message_s_name_and_the_cause() {
    let status = decoded::<Timestamp>(Bytes::from_static(b"\x08")).unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(
        status.message(),
        "the message google.protobuf.Timestamp cannot be decoded: unexpected end of buffer"
    );
    assert!(std::error::Error::source(&status).is_some());
}

#[test]
fn messages_that_nest_too_deep_are_refused() {
    let deep = |levels: usize| {
        (0..levels)
            .fold(Blob::default(), |inner, _| Blob { inner: Some(Box::new(inner)), ..Default::default() })
    };
    assert!(decoded::<Blob>(encoded(&deep(100))).is_ok());
    let status = decoded::<Blob>(encoded(&deep(101))).unwrap_err();
    assert!(status.message().contains("recursion limit"), "{status}");
}

#[test]
fn a_small_message_cannot_occupy_a_large_memory() {
    // 4 MiB of empty elements, two bytes each.
    let bytes = Bytes::from([0x0a, 0x00].repeat(2 << 20));
    let status = decoded::<ListValue>(bytes).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("element memory limit"), "{status}");
}

#[test]
fn a_large_message_may_occupy_memory_in_proportion() {
    // 40 bytes of wire per element, far more than the floor of 32 MiB in all.
    let one = encoded(&ListValue {
        values: vec![Value::from("0123456789012345678901234567890123456789")],
        ..Default::default()
    });
    let count = 1 << 20;
    let list: ListValue = decoded(Bytes::from(one.repeat(count))).unwrap();
    assert_eq!(list.values.len(), count);
}

#[test]
fn well_known_types_go_through() {
    let value = BytesValue { value: b"ab".to_vec(), ..Default::default() };
    assert_eq!(decoded::<BytesValue>(encoded(&value)).unwrap(), value);
}
