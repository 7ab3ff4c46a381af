//! A response's head and trailers: header fields in, a [`ResponseHead`] out.
//!
//! As on the server, a field is classified once per HPACK table entry. Not here: what follows for the call (`super`).

use bytes::Bytes;
use gannet_core::wire::content_type::{self, ContentType};
use gannet_core::wire::{base64, percent, status_mapping};
use gannet_core::{Code, Metadata, Status};
use gannet_http2::{HeaderVisitor, StreamKey};

/// What a header block of a response says, as far as gRPC is concerned: its head, its trailers, or both at once.
#[derive(Debug, Default)]
pub(crate) struct ResponseHead {
    http_status: u16,
    content: Content,
    /// The content type, if it is another than Protobuf over gRPC.
    content_type: String,
    grpc_status: Option<Code>,
    message: String,
    details: Bytes,
    encoding: Option<String>,
    pub(crate) metadata: Metadata,
}

impl ResponseHead {
    /// Why this head cannot be that of a gRPC response, if it cannot.
    pub(crate) fn refuse(&self) -> Option<Status> {
        if self.grpc_status.is_some() {
            // Whatever HTTP says: who sends a grpc-status speaks gRPC.
            return None;
        }
        if self.http_status != 200 {
            let code = status_mapping::code_of_http_status(self.http_status);
            return Some(Status::new(
                code,
                format!("the server answered with HTTP status {}", self.http_status),
            ));
        }
        match self.content {
            Content::Grpc => {}
            Content::OtherFormat => {
                return Some(Status::internal(format!(
                    "the server answers in another message format than it was asked in: its content-type is `{}`",
                    self.content_type
                )));
            }
            Content::NotGrpc => {
                return Some(Status::unknown(format!(
                    "the answer is not gRPC: its content-type is `{}`, not application/grpc",
                    self.content_type
                )));
            }
        }
        self.encoding.as_ref().map(|encoding| {
            Status::internal(format!(
                "the server compresses with `{encoding}`, which this client did not offer"
            ))
        })
    }

    /// The end of the call that these trailers (or this head, if it is all there is) say.
    pub(crate) fn into_end(self) -> Result<Metadata, Status> {
        match self.grpc_status {
            Some(Code::Ok) => Ok(self.metadata),
            Some(code) => {
                Err(Status::new(code, self.message).with_details(self.details).with_metadata(self.metadata))
            }
            None => {
                Err(Status::unknown("the server ended the call without saying how: there is no grpc-status")
                    .with_metadata(self.metadata))
            }
        }
    }
}

/// What the content type says.
#[derive(Debug, Default, PartialEq, Eq)]
enum Content {
    Grpc,
    /// gRPC's, with messages in a format that is not the one asked for.
    OtherFormat,
    #[default]
    NotGrpc,
}

/// What a field is to gRPC: the low eight bits of a tag; what it says is above them.
mod kind {
    pub(super) const IGNORED: u32 = 0;
    pub(super) const METADATA: u32 = 1;
    pub(super) const HTTP_STATUS: u32 = 2;
    pub(super) const CONTENT_TYPE_GRPC: u32 = 3;
    pub(super) const CONTENT_TYPE_OTHER: u32 = 4;
    pub(super) const GRPC_STATUS: u32 = 5;
    pub(super) const GRPC_MESSAGE: u32 = 6;
    pub(super) const GRPC_DETAILS: u32 = 7;
    pub(super) const ENCODING_OTHER: u32 = 8;
    pub(super) const CONTENT_TYPE_FORMAT: u32 = 9;
}

const KIND_BITS: u32 = 8;

/// Gathers response heads and trailers for one connection.
#[derive(Debug, Default)]
pub(crate) struct HeadVisitor {
    head: ResponseHead,
}

impl HeadVisitor {
    /// The block that was gathered last.
    #[inline]
    pub(crate) fn take(&mut self) -> ResponseHead {
        std::mem::take(&mut self.head)
    }
}

fn number(value: &[u8]) -> Option<u32> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

impl HeaderVisitor for HeadVisitor {
    fn classify(&mut self, name: &[u8], value: &[u8]) -> u32 {
        match name {
            b":status" => number(value).unwrap_or(0) << KIND_BITS | kind::HTTP_STATUS,
            b"content-type" => match content_type::classify(value) {
                ContentType::NotGrpc => kind::CONTENT_TYPE_OTHER,
                ContentType::Other => kind::CONTENT_TYPE_FORMAT,
                ContentType::Proto => kind::CONTENT_TYPE_GRPC,
            },
            b"grpc-status" => {
                Code::from_digits(value).as_i32().cast_unsigned() << KIND_BITS | kind::GRPC_STATUS
            }
            b"grpc-message" => kind::GRPC_MESSAGE,
            b"grpc-status-details-bin" => kind::GRPC_DETAILS,
            b"grpc-encoding" if value != b"identity" => kind::ENCODING_OTHER,
            b"content-length" | b"date" => kind::IGNORED,
            _ if name.starts_with(b":") || name.starts_with(b"grpc-") => kind::IGNORED,
            _ => kind::METADATA,
        }
    }

    #[inline]
    fn begin(&mut self, _: StreamKey, _: bool) {
        self.head = ResponseHead::default();
    }

    #[inline]
    fn field(&mut self, tag: u32, name: &[u8], value: &[u8]) {
        let head = &mut self.head;
        let argument = tag >> KIND_BITS;
        match tag & ((1 << KIND_BITS) - 1) {
            kind::HTTP_STATUS => head.http_status = argument as u16,
            kind::CONTENT_TYPE_GRPC => head.content = Content::Grpc,
            kind::CONTENT_TYPE_FORMAT => {
                head.content = Content::OtherFormat;
                head.content_type = String::from_utf8_lossy(value).into_owned();
            }
            kind::CONTENT_TYPE_OTHER => head.content_type = String::from_utf8_lossy(value).into_owned(),
            kind::GRPC_STATUS => head.grpc_status = Some(Code::from_i32(argument.cast_signed())),
            kind::GRPC_MESSAGE => head.message = percent::decode(value),
            kind::GRPC_DETAILS => head.details = base64::decode(value).unwrap_or_default(),
            kind::ENCODING_OTHER => head.encoding = Some(String::from_utf8_lossy(value).into_owned()),
            kind::METADATA => {
                head.metadata.append_wire(name, value);
            }
            _ => {}
        }
    }
}
