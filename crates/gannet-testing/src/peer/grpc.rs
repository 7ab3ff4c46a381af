//! Calls in gRPC's terms (PROTOCOL-HTTP2.md), for scripts that are about a call and not about its frames.

use bytes::Bytes;
use gannet_core::wire::framing::{Deframer, message_header};
use gannet_core::wire::percent;
use gannet_core::{Code, Status};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ScriptedPeer;
use crate::error::{ScriptError, ScriptErrorKind};
use crate::fields::Fields;
use crate::frame::Frame;

/// The head of a request that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingRequest {
    /// Its stream.
    pub stream: u32,
    /// Its header fields, pseudo-fields included.
    pub fields: Fields,
    /// No messages follow.
    pub end_stream: bool,
}

/// All that came on a stream that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The header fields in front of the messages; of an answer without messages, those that end the stream too.
    pub head: Fields,
    /// The payloads of all DATA frames, joined.
    pub data: Bytes,
    /// The header fields behind the messages.
    pub trailers: Option<Fields>,
}

impl Response {
    /// The status: from the trailers, or from the head of an answer that has nothing else. `None` if there is none.
    pub fn grpc_status(&self) -> Option<(Code, String)> {
        let fields = self.trailers.as_ref().unwrap_or(&self.head);
        let code = Code::from_digits(fields.get("grpc-status")?.as_bytes());
        let message = fields.get("grpc-message").unwrap_or_default();
        Some((code, percent::decode(message.as_bytes())))
    }

    /// The messages.
    ///
    /// # Errors
    ///
    /// If the payloads are not messages in gRPC's framing.
    pub fn messages(&self) -> Result<Vec<Bytes>, Status> {
        let mut deframer = Deframer::new(usize::MAX);
        deframer.push(self.data.clone());
        let mut messages = Vec::new();
        while let Some(message) = deframer.next()? {
            messages.push(message);
        }
        deframer.finish()?;
        Ok(messages)
    }
}

/// Steps in gRPC's terms.
///
/// # Errors
///
/// As for the steps that they are made of.
impl<S: AsyncRead + AsyncWrite + Unpin> ScriptedPeer<S> {
    /// Sends the head of a request of the method at `path`.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_grpc_request(&mut self, stream: u32, path: &str) -> Result<(), ScriptError> {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "localhost"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
        ];
        self.send_headers(stream, fields, false).await
    }

    /// Sends a message, its header in front, in one frame of DATA.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_message(
        &mut self,
        stream: u32,
        message: &[u8],
        end_stream: bool,
    ) -> Result<(), ScriptError> {
        let mut data = message_header(message.len() as u32).to_vec();
        data.extend_from_slice(message);
        self.send_data(stream, &data, end_stream).await
    }

    /// Sends the head of a response.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_grpc_head(&mut self, stream: u32) -> Result<(), ScriptError> {
        self.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")], false).await
    }

    /// Sends the trailers of a response.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_grpc_trailers(
        &mut self,
        stream: u32,
        code: Code,
        message: &str,
    ) -> Result<(), ScriptError> {
        let message = percent::encode(message);
        let fields = [("grpc-status", code.digits()), ("grpc-message", &*message)];
        self.send_headers(stream, fields, true).await
    }

    /// Sends a failure without head and messages ("Trailers-Only" in gRPC's words).
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_grpc_failure(
        &mut self,
        stream: u32,
        code: Code,
        message: &str,
    ) -> Result<(), ScriptError> {
        let message = percent::encode(message);
        let fields = [
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", code.digits()),
            ("grpc-message", &*message),
        ];
        self.send_headers(stream, fields, true).await
    }

    /// Waits for the head of a new request.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_request(&mut self) -> Result<IncomingRequest, ScriptError> {
        self.expect("a request", |frame| match frame {
            Frame::Headers { stream, fields, end_stream } if fields.get(":method").is_some() => {
                Some(IncomingRequest { stream: *stream, fields: fields.clone(), end_stream: *end_stream })
            }
            _ => None,
        })
        .await
    }

    /// Waits for a whole response.
    ///
    /// # Errors
    ///
    /// As for all steps that wait; also if the stream is reset before its end, or has DATA before its head.
    pub async fn expect_response(&mut self, stream: u32) -> Result<Response, ScriptError> {
        let (head, end_stream) = self.expect_headers(stream).await?;
        if end_stream {
            return Ok(Response { head, data: Bytes::new(), trailers: None });
        }
        let (data, trailers) = self.expect_rest(stream).await?;
        Ok(Response { head, data, trailers })
    }

    /// Waits for a whole response, and gives its status: code and message.
    ///
    /// # Errors
    ///
    /// As [`ScriptedPeer::expect_response`]; also if the response has no status.
    pub async fn expect_grpc_status(&mut self, stream: u32) -> Result<(Code, String), ScriptError> {
        let response = self.expect_response(stream).await?;
        response.grpc_status().ok_or_else(|| {
            let what = format!("to receive a grpc-status on stream {stream}");
            self.error(
                what,
                ScriptErrorKind::Unexpected(format!("there was a response without one: {response:?}")),
            )
        })
    }
}
