//! How header fields come and go: visitors of received fields, and lists of fields to send.

use bytes::BytesMut;

use crate::StreamKey;
use crate::hpack::{ENTRY_OVERHEAD, Encoder, FixedBlock, Indexing};

/// Receives the fields of header blocks.
///
/// A block is announced with [`begin`](Self::begin), its fields come in order, and then
/// [`Connection::receive`](crate::Connection::receive) returns the event the block belongs to. A malformed block ends
/// without an event, so nothing may be done with its fields before the event.
pub trait HeaderVisitor {
    /// Gives a field a tag, which comes back with each [`field`](Self::field): called once when the field enters a
    /// table of the decoder (once per connection for the static table, at first use) and for each field that enters
    /// none. So what is looked up here, a route for example, is not looked up per request.
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32;

    /// A block starts: what an earlier one left that failed is to be forgotten.
    fn begin(&mut self, stream: StreamKey, trailers: bool);

    /// A field of the block, pseudo-header fields first.
    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]);

    /// The block that was just visited (a request's, the event comes next) is likely to come again byte for byte. A
    /// visitor that keeps what it made of it at this place, a number below [`MEMO_PLACES`](Self::MEMO_PLACES), spares
    /// itself the fields next time.
    fn memorize(&mut self, place: usize) {
        let _ = place;
    }

    /// The block that has begun has exactly the fields of the one that was last [memorized](Self::memorize) at this
    /// place. True: the visitor takes them from its memory, and the block is not decoded. False: they come one by one as
    /// ever.
    fn recall(&mut self, place: usize) -> bool {
        let _ = place;
        false
    }

    /// How many places there are for [`memorize`](Self::memorize).
    const MEMO_PLACES: usize = 4;
}

/// Fields to send: a request head, a response head or trailers.
///
/// `write` may be called more than once (to measure the list if the peer limits its size; to keep it if it must wait in
/// a queue) and has to write the same fields each time.
///
/// ```
/// use gannet_http2::{BlockWriter, HeaderFields, hpack::Indexing};
///
/// struct Trailers { status: u8 }
///
/// impl HeaderFields for Trailers {
///     fn write(&mut self, block: &mut BlockWriter<'_>) {
///         block.field(b"grpc-status", self.status.to_string().as_bytes(), Indexing::Incremental);
///     }
/// }
/// ```
pub trait HeaderFields {
    /// Writes the fields in order, pseudo-header fields first. Names are lower case.
    fn write(&mut self, block: &mut BlockWriter<'_>);
}

impl HeaderFields for FixedBlock {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        block.fixed(self);
    }
}

impl<H: HeaderFields + ?Sized> HeaderFields for &mut H {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        (**self).write(block);
    }
}

/// Takes the fields that [`HeaderFields::write`] writes.
#[derive(Debug)]
pub struct BlockWriter<'a> {
    target: Target<'a>,
}

#[derive(Debug)]
enum Target<'a> {
    Encode { encoder: &'a mut Encoder, out: &'a mut BytesMut },
    Measure { size: usize },
    Collect { list: FieldList },
}

impl<'a> BlockWriter<'a> {
    pub(crate) fn encode(encoder: &'a mut Encoder, out: &'a mut BytesMut) -> Self {
        Self { target: Target::Encode { encoder, out } }
    }

    /// Appends a field.
    #[inline]
    pub fn field(&mut self, name: &[u8], value: &[u8], indexing: Indexing) {
        match &mut self.target {
            Target::Encode { encoder, out } => encoder.field(out, name, value, indexing),
            Target::Measure { size } => *size += name.len() + value.len() + ENTRY_OVERHEAD,
            Target::Collect { list } => list.push(name, value, indexing),
        }
    }

    /// Appends the fields of a fixed list.
    #[inline]
    pub fn fixed(&mut self, fields: &mut FixedBlock) {
        match &mut self.target {
            Target::Encode { encoder, out } => encoder.fixed(out, fields),
            Target::Measure { size } => *size += fields.list_size(),
            Target::Collect { list } => {
                for (name, value) in fields.fields() {
                    list.push(name, value, Indexing::Incremental);
                }
            }
        }
    }
}

/// The size of the list, as RFC 9113 §6.5.2 counts.
pub(crate) fn list_size<H: HeaderFields>(fields: &mut H) -> usize {
    let mut writer = BlockWriter { target: Target::Measure { size: 0 } };
    fields.write(&mut writer);
    match writer.target {
        Target::Measure { size } => size,
        _ => 0,
    }
}

/// A list of fields that owns its bytes.
///
/// ```
/// use gannet_http2::{FieldList, hpack::Indexing};
///
/// let mut trailers = FieldList::new();
/// trailers.push(b"grpc-status", b"0", Indexing::Incremental);
/// assert_eq!(trailers.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldList {
    bytes: Vec<u8>,
    fields: Vec<(u32, u32, Indexing)>,
}

impl FieldList {
    /// An empty list.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), fields: Vec::new() }
    }

    /// Keeps what `fields` writes.
    pub fn collect<H: HeaderFields>(fields: &mut H) -> Self {
        let mut writer = BlockWriter { target: Target::Collect { list: Self::new() } };
        fields.write(&mut writer);
        match writer.target {
            Target::Collect { list } => list,
            _ => Self::new(),
        }
    }

    /// Appends a field.
    pub fn push(&mut self, name: &[u8], value: &[u8], indexing: Indexing) {
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.fields.push((name.len() as u32, value.len() as u32, indexing));
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], Indexing)> {
        let mut rest = self.bytes.as_slice();
        self.fields.iter().map(move |&(name, value, indexing)| {
            let (name, behind) = rest.split_at(name as usize);
            let (value, behind) = behind.split_at(value as usize);
            rest = behind;
            (name, value, indexing)
        })
    }
}

impl HeaderFields for FieldList {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        for (name, value, indexing) in self.iter() {
            block.field(name, value, indexing);
        }
    }
}
