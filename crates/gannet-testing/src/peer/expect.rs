//! What a peer waits for.

use bytes::{Buf as _, Bytes};
use gannet_http2::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{PREFACE, ScriptedPeer};
use crate::error::{ScriptError, ScriptErrorKind};
use crate::fields::Fields;
use crate::frame::Frame;

/// What a GOAWAY said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoAway {
    /// The last stream that the other side has done, or will do, something for.
    pub last_stream: u32,
    /// Why.
    pub code: ErrorCode,
    /// An explanation, often text.
    pub debug_data: Bytes,
}

/// Each of these waits for one thing.
///
/// # Errors
///
/// All of them fail if it does not come within the time limit, if the connection is lost before, or if the other side
/// sends what is no HTTP/2.
impl<S: AsyncRead + AsyncWrite + Unpin> ScriptedPeer<S> {
    /// Waits for the first frame that `pick` takes; `what` names it in errors. Others wait for their own turn.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&Frame) -> Option<T>,
    ) -> Result<T, ScriptError> {
        for (index, frame) in self.unclaimed.iter().enumerate() {
            if let Some(picked) = pick(frame) {
                self.unclaimed.remove(index);
                return Ok(picked);
            }
        }
        let deadline = self.deadline();
        loop {
            match self.read_frame(deadline).await {
                Ok(frame) => match pick(&frame) {
                    Some(picked) => return Ok(picked),
                    None => self.unclaimed.push_back(frame),
                },
                Err(kind) => return Err(self.error(format!("to receive {what}"), kind)),
            }
        }
    }

    /// Waits for any frame: the next one that nothing has waited for.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_frame(&mut self) -> Result<Frame, ScriptError> {
        self.expect("any frame", |frame| Some(frame.clone())).await
    }

    /// Goes through the beginning of a connection (RFC 9113 §3.4): the preface, SETTINGS without settings, and the
    /// acknowledgements of both sides.
    ///
    /// # Errors
    ///
    /// As for all steps.
    pub async fn handshake(&mut self) -> Result<(), ScriptError> {
        self.handshake_with(&[]).await.map(|_| ())
    }

    /// [`ScriptedPeer::handshake`] with settings; gives those of the other side.
    ///
    /// # Errors
    ///
    /// As for all steps.
    pub async fn handshake_with(&mut self, settings: &[(u16, u32)]) -> Result<Vec<(u16, u32)>, ScriptError> {
        if self.client {
            self.send_preface().await?;
        } else {
            self.expect_preface().await?;
        }
        self.send_settings(settings).await?;
        let theirs = self.expect_settings().await?;
        self.expect("an acknowledgement of SETTINGS", |frame| (*frame == Frame::SettingsAck).then_some(()))
            .await?;
        Ok(theirs)
    }

    /// Waits for the client's connection preface, without the SETTINGS that follow.
    ///
    /// # Errors
    ///
    /// As for all steps that wait; also if something else comes.
    pub async fn expect_preface(&mut self) -> Result<(), ScriptError> {
        const STEP: &str = "to receive the client's preface";
        let deadline = self.deadline();
        while self.input.len() < PREFACE.len() {
            self.read(deadline).await.map_err(|kind| self.error(STEP, kind))?;
        }
        if !self.input.starts_with(PREFACE) {
            let found = self.input.get(..PREFACE.len()).unwrap_or_default().escape_ascii().to_string();
            return Err(self.error(STEP, ScriptErrorKind::Unexpected(format!("it was {found}"))));
        }
        self.input.advance(PREFACE.len());
        Ok(())
    }

    /// Waits for SETTINGS.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_settings(&mut self) -> Result<Vec<(u16, u32)>, ScriptError> {
        self.expect("SETTINGS", |frame| match frame {
            Frame::Settings { settings } => Some(settings.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for header fields on a stream: its fields, and whether they end the stream.
    ///
    /// # Errors
    ///
    /// As for all steps that wait; also if the stream is reset or has DATA first.
    pub async fn expect_headers(&mut self, stream: u32) -> Result<(Fields, bool), ScriptError> {
        match self.expect_of_call("HEADERS", stream).await? {
            Frame::Headers { fields, end_stream, .. } => Ok((fields, end_stream)),
            other => Err(self.unexpected("HEADERS", stream, &other)),
        }
    }

    /// Waits for a frame of DATA on a stream: its payload, and whether it ends the stream.
    ///
    /// # Errors
    ///
    /// As for all steps that wait; also if the stream is reset or has HEADERS first.
    pub async fn expect_data(&mut self, stream: u32) -> Result<(Bytes, bool), ScriptError> {
        match self.expect_of_call("DATA", stream).await? {
            Frame::Data { data, end_stream, .. } => Ok((data, end_stream)),
            other => Err(self.unexpected("DATA", stream, &other)),
        }
    }

    /// Waits for the rest of a stream: all of its DATA, and the trailers if there are any.
    ///
    /// # Errors
    ///
    /// As for all steps that wait; also if the stream is reset, or has HEADERS that do not end it.
    pub async fn expect_rest(&mut self, stream: u32) -> Result<(Bytes, Option<Fields>), ScriptError> {
        const WHAT: &str = "the rest";
        let mut body = Vec::new();
        loop {
            match self.expect_of_call(WHAT, stream).await? {
                Frame::Data { data, end_stream, .. } => {
                    body.extend_from_slice(&data);
                    if end_stream {
                        return Ok((body.into(), None));
                    }
                }
                Frame::Headers { fields, end_stream: true, .. } => return Ok((body.into(), Some(fields))),
                other => return Err(self.unexpected(WHAT, stream, &other)),
            }
        }
    }

    /// Waits for RST_STREAM on a stream; DATA and HEADERS in front of it are passed over.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_reset(&mut self, stream: u32) -> Result<ErrorCode, ScriptError> {
        self.expect(&format!("RST_STREAM on stream {stream}"), |frame| match frame {
            Frame::Reset { stream: other, code } if *other == stream => Some(*code),
            _ => None,
        })
        .await
    }

    /// Waits for GOAWAY.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_go_away(&mut self) -> Result<GoAway, ScriptError> {
        self.expect("GOAWAY", |frame| match frame {
            Frame::GoAway { last_stream, code, debug_data } => {
                Some(GoAway { last_stream: *last_stream, code: *code, debug_data: debug_data.clone() })
            }
            _ => None,
        })
        .await
    }

    /// Waits for WINDOW_UPDATE on a stream, 0 for the connection: the increment.
    ///
    /// # Errors
    ///
    /// As for all steps that wait.
    pub async fn expect_window_update(&mut self, stream: u32) -> Result<u32, ScriptError> {
        self.expect(&format!("WINDOW_UPDATE on stream {stream}"), |frame| match frame {
            Frame::WindowUpdate { stream: other, increment } if *other == stream => Some(*increment),
            _ => None,
        })
        .await
    }

    /// Sends a PING and waits for the answer: the other side is there, and what it did before has arrived.
    ///
    /// # Errors
    ///
    /// As for all steps.
    pub async fn expect_alive(&mut self) -> Result<(), ScriptError> {
        // Any payload does that no other step of the script is likely to use.
        let sent = *b"alive?\r\n";
        self.send_ping(sent).await?;
        self.expect("the answer to a PING", |frame| match frame {
            Frame::Pong { payload } if *payload == sent => Some(()),
            _ => None,
        })
        .await
    }

    /// Waits until the other side closes the connection; frames in front of that are kept.
    ///
    /// # Errors
    ///
    /// As for all steps that wait: a connection that is reset (in TCP's sense) is not closed well.
    pub async fn expect_closed(&mut self) -> Result<(), ScriptError> {
        let deadline = self.deadline();
        loop {
            match self.read_frame(deadline).await {
                Ok(frame) => self.unclaimed.push_back(frame),
                Err(ScriptErrorKind::Closed) if self.input.is_empty() => return Ok(()),
                Err(ScriptErrorKind::Closed) => {
                    let cut_off = format!("a frame that is cut off after {} bytes", self.input.len());
                    return Err(
                        self.error("to see the connection closed", ScriptErrorKind::Malformed(cut_off))
                    );
                }
                Err(kind) => return Err(self.error("to see the connection closed", kind)),
            }
        }
    }

    /// Waits for the next frame of a call.
    pub(super) async fn expect_of_call(&mut self, what: &str, stream: u32) -> Result<Frame, ScriptError> {
        self.expect(&format!("{what} on stream {stream}"), |frame| {
            frame.is_of_call(stream).then(|| frame.clone())
        })
        .await
    }

    pub(super) fn unexpected(&self, what: &str, stream: u32, frame: &Frame) -> ScriptError {
        self.error(
            format!("to receive {what} on stream {stream}"),
            ScriptErrorKind::Unexpected(format!("there was {frame}")),
        )
    }
}
