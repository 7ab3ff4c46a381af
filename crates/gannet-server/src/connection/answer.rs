//! Answers as header fields: response heads, trailers, and what a client that is not gRPC's gets.
//!
//! The fixed ones are encoded once per connection and copied from then on. Not here: when to answer (`super`).

use bytes::Bytes;
use gannet_core::wire::percent;
use gannet_core::{Codec, Metadata, Response, Status};
use gannet_http2::hpack::{FixedBlock, Indexing};
use gannet_http2::{BlockWriter, HeaderFields, SendError, StreamKey};
use gannet_transport::{Link, append_message};

/// The fixed header blocks of one connection.
#[derive(Debug)]
pub(crate) struct ReplyBlocks {
    /// `:status` and `content-type` of every gRPC answer.
    head: FixedBlock,
    /// The trailers of a call that succeeded.
    ok: FixedBlock,
}

impl ReplyBlocks {
    pub(crate) fn new() -> Self {
        Self {
            head: FixedBlock::new([(":status", "200"), ("content-type", "application/grpc")]),
            ok: FixedBlock::new([("grpc-status", "0")]),
        }
    }
}

/// Metadata as header fields.
fn write_metadata(metadata: &Metadata, block: &mut BlockWriter<'_>) {
    for (name, value) in metadata.iter_wire() {
        // Most metadata differs from call to call, and its sender may not want it in a table (RFC 7541 §7.1).
        block.field(name.as_ref(), value.as_ref(), Indexing::Without);
    }
}

/// A response head with metadata.
struct Head<'a> {
    fixed: &'a mut FixedBlock,
    metadata: &'a Metadata,
}

impl HeaderFields for Head<'_> {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        block.fixed(self.fixed);
        write_metadata(self.metadata, block);
    }
}

/// The trailers of a call that succeeded, with metadata.
struct OkTrailers<'a> {
    fixed: &'a mut FixedBlock,
    metadata: &'a Metadata,
}

impl HeaderFields for OkTrailers<'_> {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        block.fixed(self.fixed);
        write_metadata(self.metadata, block);
    }
}

/// The status of a call that failed; with the response head in front when that has not been sent.
struct Failure<'a> {
    head: Option<&'a mut FixedBlock>,
    status: &'a Status,
}

impl HeaderFields for Failure<'_> {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        if let Some(head) = self.head.as_deref_mut() {
            block.fixed(head);
        }
        write_status(self.status, block);
        write_metadata(self.status.metadata(), block);
    }
}

fn write_status(status: &Status, block: &mut BlockWriter<'_>) {
    block.field(b"grpc-status", status.code().digits().as_bytes(), Indexing::Incremental);
    if !status.message().is_empty() {
        block.field(b"grpc-message", percent::encode(status.message()).as_bytes(), Indexing::Without);
    }
    if !status.details().is_empty() {
        let encoded = gannet_core::wire::base64::encode(status.details());
        block.field(b"grpc-status-details-bin", encoded.as_bytes(), Indexing::Without);
    }
}

/// Why a request is not gRPC's: answered in HTTP's terms (gRPC's PROTOCOL-HTTP2 document, "Requests").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotGrpc {
    /// The content type is another, or there is none.
    ContentType,
    /// The method is not POST.
    Method,
}

impl NotGrpc {
    fn http_status(self) -> &'static str {
        match self {
            Self::ContentType => "415",
            Self::Method => "405",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::ContentType => {
                "This is a gRPC server: requests have the content-type application/grpc. Use a gRPC client, or grpcurl.\n"
            }
            Self::Method => {
                "This is a gRPC server: requests have the method POST. Use a gRPC client, or grpcurl.\n"
            }
        }
    }
}

impl HeaderFields for NotGrpc {
    fn write(&mut self, block: &mut BlockWriter<'_>) {
        block.field(b":status", self.http_status().as_bytes(), Indexing::Without);
        block.field(b"content-type", b"text/plain; charset=utf-8", Indexing::Without);
    }
}

// Sending fails in two ways: the stream is gone by now, which needs no answer, or the peer does not take header lists of
// this size, which is the end of the call and has to be told in fewer words.

/// Sends the response head. False: the call has been ended instead.
#[must_use]
pub(crate) fn send_head(
    link: &mut Link,
    key: StreamKey,
    blocks: &mut ReplyBlocks,
    metadata: &Metadata,
) -> bool {
    let sent = if metadata.is_empty() {
        link.http2.send_head(key, &mut blocks.head, false, &mut link.out)
    } else {
        link.http2.send_head(key, &mut Head { fixed: &mut blocks.head, metadata }, false, &mut link.out)
    };
    if let Err(error @ SendError::HeadersTooLarge { .. }) = &sent {
        fail(link, key, blocks, &metadata_too_large(error));
        return false;
    }
    true
}

/// Ends a call that succeeded, behind its queued replies.
pub(crate) fn send_ok(link: &mut Link, key: StreamKey, blocks: &mut ReplyBlocks, metadata: &Metadata) {
    let sent = if metadata.is_empty() {
        link.http2.send_trailers(key, &mut blocks.ok, &mut link.out)
    } else {
        link.http2.send_trailers(key, &mut OkTrailers { fixed: &mut blocks.ok, metadata }, &mut link.out)
    };
    if let Err(error @ SendError::HeadersTooLarge { .. }) = &sent {
        send_failure(link, key, &metadata_too_large(error));
    }
}

/// Ends a call that failed after its response head was sent, behind its queued replies.
#[cold]
pub(crate) fn send_failure(link: &mut Link, key: StreamKey, status: &Status) {
    let sent = link.http2.send_trailers(key, &mut Failure { head: None, status }, &mut link.out);
    if let Err(SendError::HeadersTooLarge { .. }) = sent {
        let mut fields = Failure { head: None, status: &shortened(status) };
        let _ = link.http2.send_trailers(key, &mut fields, &mut link.out);
    }
}

/// Answers a call whose response head was not sent with a failure alone (Trailers-Only in gRPC's words).
#[cold]
pub(crate) fn fail(link: &mut Link, key: StreamKey, blocks: &mut ReplyBlocks, status: &Status) {
    let mut fields = Failure { head: Some(&mut blocks.head), status };
    let sent = link.http2.send_head(key, &mut fields, true, &mut link.out);
    if let Err(SendError::HeadersTooLarge { .. }) = sent {
        let mut fields = Failure { head: Some(&mut blocks.head), status: &shortened(status) };
        let _ = link.http2.send_head(key, &mut fields, true, &mut link.out);
    }
}

/// Of the message of a status that a client does not take whole, so many characters are sent.
const SHORT_MESSAGE: usize = 200;

#[cold]
fn metadata_too_large(error: &SendError) -> Status {
    Status::resource_exhausted(format!("the metadata of the response cannot be sent: {error}"))
}

/// A status without what may be large.
#[cold]
fn shortened(status: &Status) -> Status {
    let start: String = status.message().chars().take(SHORT_MESSAGE).collect();
    Status::new(status.code(), format!("{start} (cut short: the client does not take all of this status)"))
}

/// Answers a request that is not gRPC's, for the person who reads it.
#[cold]
pub(crate) fn refuse(link: &mut Link, key: StreamKey, mut why: NotGrpc) {
    if link.http2.send_head(key, &mut why, false, &mut link.out).is_ok() {
        let _ = link.http2.send_data(key, Bytes::from_static(why.text().as_bytes()), true, &mut link.out);
    }
}

/// Answers a unary call: head, message and trailers straight into the write buffer.
#[inline]
pub(crate) fn reply<C: Codec<Rep>, Rep>(
    link: &mut Link,
    key: StreamKey,
    blocks: &mut ReplyBlocks,
    response: Response<Rep>,
    limit: usize,
) {
    let (message, metadata, trailers) = response.into_parts();
    if !send_head(link, key, blocks, &metadata) {
        return;
    }
    let mut refused = None;
    let _ = link.http2.send_data_in_place(key, false, &mut link.out, |tail| {
        match append_message(tail, limit, |buffer| C::encode(&message, buffer)) {
            Ok((tail, pieces, _)) => (tail, pieces),
            Err((tail, status)) => {
                refused = Some(status);
                (tail, Vec::new())
            }
        }
    });
    match refused {
        None => send_ok(link, key, blocks, &trailers),
        Some(status) => send_failure(link, key, &status),
    }
}
