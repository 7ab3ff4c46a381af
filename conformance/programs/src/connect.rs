//! What the two programs of the Connect conformance suites share: the runner's way of passing messages over standard
//! input and output, and its headers and errors as metadata and statuses.
//!
//! Not here: what the programs do with them; they are in `bin/connect-server` and `bin/connect-client`.

use std::io;

use gannet::buffa::Message;
use gannet::{Code, Metadata, Status};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::connectrpc::conformance::v1::{Error, Header};
use crate::google::rpc;

/// The largest message taken from the runner, in bytes.
const MAX_MESSAGE: u32 = 64 * 1024 * 1024;

/// Reads the runner's next message: four bytes of length, big-endian, and the message. `None` at the end of the input.
///
/// # Errors
///
/// If the input cannot be read, ends within a message, or has something else in it.
pub async fn read_message<M: Message>(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    match input.read(&mut length).await? {
        0 => return Ok(None),
        read => input.read_exact(&mut length[read..]).await?,
    };
    let length = u32::from_be_bytes(length);
    if length > MAX_MESSAGE {
        return Err(io::Error::other(format!("the runner announces a message of {length} bytes")));
    }
    let mut message = vec![0; length as usize];
    input.read_exact(&mut message).await?;
    M::decode_from_slice(&message).map(Some).map_err(io::Error::other)
}

/// Writes a message for the runner, the way [`read_message`] reads one.
///
/// # Errors
///
/// If the output cannot be written.
pub async fn write_message(output: &mut (impl AsyncWrite + Unpin), message: &impl Message) -> io::Result<()> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    output.write_all(&[&length.to_be_bytes()[..], &message].concat()).await?;
    output.flush().await
}

/// The runner's headers as metadata.
///
/// # Errors
///
/// INVALID_ARGUMENT if one of them cannot be metadata.
pub fn to_metadata<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        for value in &header.value {
            // Binary values are base64 in the runner's headers, as they are on the wire.
            if !metadata.append_wire(name.as_bytes(), value.as_bytes()) {
                return Err(Status::invalid_argument(format!("{name}: {value} cannot be metadata")));
            }
        }
    }
    Ok(metadata)
}

/// Metadata as the runner's headers: one for each key, with its values in order.
pub fn to_headers(metadata: &Metadata) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for (name, value) in metadata.iter_wire() {
        let name = String::from_utf8_lossy(name);
        let value = String::from_utf8_lossy(value).into_owned();
        match headers.iter_mut().find(|header| header.name == name) {
            Some(header) => header.value.push(value),
            None => headers.push(Header { name: name.into_owned(), value: vec![value] }),
        }
    }
    headers
}

/// The runner's error as a status with these trailers.
pub fn to_status(error: &Error, trailers: Metadata) -> Status {
    let code = error.code.to_i32();
    let message = error.message.clone().unwrap_or_default();
    let status = Status::new(Code::from_i32(code), message.clone()).with_metadata(trailers);
    if error.details.is_empty() {
        return status;
    }
    let details = rpc::Status { code, message, details: error.details.clone() };
    status.with_details(details.encode_to_vec())
}

/// A status as the runner's error.
pub fn to_error(status: &Status) -> Error {
    let details = rpc::Status::decode_from_slice(status.details()).unwrap_or_default().details;
    Error { code: status.code().as_i32().into(), message: Some(status.message().to_owned()), details }
}
