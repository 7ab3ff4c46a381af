//! One real call before the load: a server that answers nonsense quickly must not win. Uses the h2 crate, which is
//! neither Gannet's HTTP/2 nor the load generator's.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};

use crate::Result;
use crate::load::{PATH, REPLY, REQUEST};

const LIMIT: Duration = Duration::from_secs(10);

/// An error unless `SayHello { name: "world" }` is answered with `Hello world!` and status OK.
pub fn reply(address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::time::timeout(LIMIT, call(address))
            .await
            .map_err(|_| format!("the call before the load was not answered within {LIMIT:?}"))?
    })
}

async fn call(address: SocketAddr) -> Result<()> {
    let socket = tokio::net::TcpStream::connect(address).await?;
    let (client, connection) = h2::client::handshake(socket).await?;
    // Ends with the runtime; its errors also reach the call.
    tokio::spawn(connection);
    let request = Request::post(format!("http://{address}{PATH}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    let (response, mut send) = client.ready().await?.send_request(request, false)?;
    send.send_data(Bytes::from_static(REQUEST), true)?;
    let (head, mut body) = response.await?.into_parts();
    let mut message = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        message.extend_from_slice(&data);
    }
    let trailers = body.trailers().await?.unwrap_or_default();

    let is = |map: &HeaderMap, name: &str, value: &str| map.get(name).is_some_and(|found| found == value);
    let content_type =
        head.headers.get("content-type").is_some_and(|v| v.as_bytes().starts_with(b"application/grpc"));
    if head.status == 200 && content_type && message == REPLY && is(&trailers, "grpc-status", "0") {
        return Ok(());
    }
    Err(format!("the call before the load was answered wrongly: {head:?}, message {message:?}, {trailers:?}")
        .into())
}
