//! What a peer sends: any bytes, any frame, and the frames of HTTP/2 by name.

use bytes::Bytes;
use gannet_http2::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::{PREFACE, ScriptedPeer};
use crate::error::{ScriptError, ScriptErrorKind};
use crate::fields::header_block;
use crate::frame::{RawFrame, flag, kind, setting};

/// The most that frames carry before SETTINGS say otherwise (RFC 9113 §6.5.2), in bytes.
const MAX_FRAME_SIZE: usize = 16 * 1024;

/// Each of these sends at once and waits until the bytes are taken.
///
/// # Errors
///
/// All of them fail if the connection is lost, or if the other side takes nothing within the time limit.
impl<S: AsyncRead + AsyncWrite + Unpin> ScriptedPeer<S> {
    /// Writes bytes as part of some step.
    pub(super) async fn write(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), ScriptErrorKind> {
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        match timeout_at(deadline, written).await {
            Err(_) => Err(ScriptErrorKind::TimedOut(self.time_limit)),
            Ok(Err(error)) => Err(ScriptErrorKind::Io(error)),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// Sends bytes that need not be frames.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<(), ScriptError> {
        let deadline = self.deadline();
        self.write(bytes, deadline)
            .await
            .map_err(|kind| self.error(format!("to send {} bytes", bytes.len()), kind))
    }

    /// Sends a frame of any kind.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: impl Into<Bytes>,
    ) -> Result<(), ScriptError> {
        self.send_raw(&RawFrame::new(kind, flags, stream, payload).to_bytes()).await
    }

    /// Sends the client's connection preface (RFC 9113 §3.4), without the SETTINGS that must follow.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_preface(&mut self) -> Result<(), ScriptError> {
        self.send_raw(PREFACE).await
    }

    /// Sends SETTINGS: names, of [`setting`], and values.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_settings(&mut self, settings: &[(u16, u32)]) -> Result<(), ScriptError> {
        let table_size = settings.iter().rev().find(|(name, _)| *name == setting::HEADER_TABLE_SIZE);
        self.table_sizes.push_back(table_size.map(|(_, size)| *size));
        let mut payload = Vec::with_capacity(settings.len() * 6);
        for (name, value) in settings {
            payload.extend_from_slice(&name.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        self.send_frame(kind::SETTINGS, 0, 0, payload).await
    }

    /// Acknowledges SETTINGS, which the peer does by itself unless [`ScriptedPeer::answers_mut`] says otherwise.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_settings_ack(&mut self) -> Result<(), ScriptError> {
        self.send_frame(kind::SETTINGS, flag::ACK, 0, Bytes::new()).await
    }

    /// Sends header fields, in as many frames as they need ([`header_block`]).
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        stream: u32,
        fields: impl IntoIterator<Item = (N, V)>,
        end_stream: bool,
    ) -> Result<(), ScriptError> {
        let block = header_block(fields);
        let mut frames = Vec::with_capacity(block.len() + 64);
        let (first, mut rest) = block.split_at(block.len().min(MAX_FRAME_SIZE));
        let flags = if end_stream { flag::END_STREAM } else { 0 };
        let mut frame = RawFrame::new(kind::HEADERS, flags, stream, first.to_vec());
        while !rest.is_empty() {
            frames.extend(frame.to_bytes());
            let (piece, behind) = rest.split_at(rest.len().min(MAX_FRAME_SIZE));
            frame = RawFrame::new(kind::CONTINUATION, 0, stream, piece.to_vec());
            rest = behind;
        }
        frame.flags |= flag::END_HEADERS;
        frames.extend(frame.to_bytes());
        self.send_raw(&frames).await
    }

    /// Sends DATA, in one frame.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_data(&mut self, stream: u32, data: &[u8], end_stream: bool) -> Result<(), ScriptError> {
        let flags = if end_stream { flag::END_STREAM } else { 0 };
        self.send_frame(kind::DATA, flags, stream, Bytes::copy_from_slice(data)).await
    }

    /// Sends RST_STREAM.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_reset(&mut self, stream: u32, code: ErrorCode) -> Result<(), ScriptError> {
        self.send_frame(kind::RST_STREAM, 0, stream, code.as_u32().to_be_bytes().to_vec()).await
    }

    /// Sends a PING.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_ping(&mut self, payload: [u8; 8]) -> Result<(), ScriptError> {
        self.send_frame(kind::PING, 0, 0, payload.to_vec()).await
    }

    /// Answers a PING, which the peer does by itself unless [`ScriptedPeer::answers_mut`] says otherwise.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_pong(&mut self, payload: [u8; 8]) -> Result<(), ScriptError> {
        self.send_frame(kind::PING, flag::ACK, 0, payload.to_vec()).await
    }

    /// Sends GOAWAY.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_go_away(
        &mut self,
        last_stream: u32,
        code: ErrorCode,
        debug_data: &str,
    ) -> Result<(), ScriptError> {
        let mut payload = last_stream.to_be_bytes().to_vec();
        payload.extend_from_slice(&code.as_u32().to_be_bytes());
        payload.extend_from_slice(debug_data.as_bytes());
        self.send_frame(kind::GOAWAY, 0, 0, payload).await
    }

    /// Sends WINDOW_UPDATE; stream 0 is the connection.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn send_window_update(&mut self, stream: u32, increment: u32) -> Result<(), ScriptError> {
        self.send_frame(kind::WINDOW_UPDATE, 0, stream, increment.to_be_bytes().to_vec()).await
    }

    /// Closes this side of the connection; the other may still send.
    ///
    /// # Errors
    ///
    /// As for all steps that send.
    pub async fn shutdown(&mut self) -> Result<(), ScriptError> {
        let deadline = self.deadline();
        let closed = match timeout_at(deadline, self.io.shutdown()).await {
            Err(_) => Err(ScriptErrorKind::TimedOut(self.time_limit)),
            Ok(result) => result.map_err(ScriptErrorKind::Io),
        };
        closed.map_err(|kind| self.error("to close the connection", kind))
    }
}
