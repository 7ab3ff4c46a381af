//! The scripted peer as a server of the real client, over TCP.

use bytes::Bytes;
use gannet_client::{Channel, UnaryCall};
use gannet_core::{Code, Request, Response, Status};
use gannet_testing::{ErrorCode, ScriptError, ScriptedPeer};
use tokio::net::{TcpListener, TcpStream};

use crate::{METHODS, PATH, Raw};

type Peer = ScriptedPeer<TcpStream>;

/// What a call through the real client comes to, when the server does what `script` says after the handshake.
async fn call(script: impl AsyncFnOnce(&mut Peer) -> Result<(), ScriptError>) -> Result<Bytes, Status> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::lazy(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let serving = async {
        let mut server = ScriptedPeer::server(listener.accept().await.unwrap().0);
        server.handshake().await.unwrap();
        script(&mut server).await.unwrap();
        server
    };
    let request = Request::new(Bytes::from_static(b"hello"));
    let calling = UnaryCall::<Bytes, Bytes, Raw>::new(&channel, &METHODS[0], request);
    // The connection stays until the call has its answer.
    let (answer, _server) = tokio::join!(calling, serving);
    answer.map(Response::into_inner)
}

/// The stream of a request that has arrived whole.
async fn request(server: &mut Peer) -> Result<u32, ScriptError> {
    let request = server.expect_request().await?;
    assert_eq!(request.fields.get(":path"), Some(PATH));
    assert_eq!(server.expect_rest(request.stream).await?.0, "\0\0\0\0\u{5}hello");
    Ok(request.stream)
}

#[tokio::test]
async fn a_reply_is_read_however_it_is_cut() {
    let answer = call(async |server| {
        let stream = request(server).await?;
        server.send_grpc_head(stream).await?;
        for byte in b"\0\0\0\0\x02hi" {
            server.send_data(stream, &[*byte], false).await?;
        }
        server.send_grpc_trailers(stream, Code::Ok, "").await
    })
    .await;
    assert_eq!(answer.unwrap(), "hi");
}

#[tokio::test]
async fn a_failure_keeps_its_code_and_message() {
    let answer = call(async |server| {
        let stream = request(server).await?;
        server.send_grpc_failure(stream, Code::DataLoss, "100 % gone").await
    })
    .await;
    let status = answer.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "100 % gone"));
}

#[tokio::test]
async fn an_answer_without_a_status_is_no_success() {
    let answer = call(async |server| {
        let stream = request(server).await?;
        server.send_grpc_head(stream).await?;
        server.send_message(stream, b"hi", true).await
    })
    .await;
    assert_ne!(answer.unwrap_err().code(), Code::Ok);

    let answer = call(async |server| {
        let stream = request(server).await?;
        server.send_headers(stream, [(":status", "503")], true).await
    })
    .await;
    assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_reset_ends_the_call_with_the_code_that_it_stands_for() {
    let answer = call(async |server| {
        let stream = request(server).await?;
        server.send_reset(stream, ErrorCode::EnhanceYourCalm).await
    })
    .await;
    assert_eq!(answer.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_fault_of_the_connection_ends_the_call_and_is_told_to_the_server() {
    let answer = call(async |server| {
        request(server).await?;
        server.send_data(0, b"stray", false).await?;
        assert_eq!(server.expect_go_away().await?.code, ErrorCode::ProtocolError);
        server.expect_closed().await
    })
    .await;
    assert!(matches!(answer.unwrap_err().code(), Code::Internal | Code::Unavailable));
}
