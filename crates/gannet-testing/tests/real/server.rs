//! The scripted peer as a client of the real server, over TCP and in memory.

use std::sync::Arc;

use bytes::Bytes;
use gannet_core::{Code, Request, Response as Reply};
use gannet_server::{Handle, Methods, Server, ServiceMethods};
use gannet_testing::{ErrorCode, Frame, ScriptedPeer, flag, header_block, kind};
use gannet_transport::memory;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use crate::{ECHO, PATH, Raw};

fn upper(request: &Request<Bytes>) -> Reply<Bytes> {
    Bytes::from(request.to_ascii_uppercase()).into()
}

fn echo() -> ServiceMethods {
    Methods::new(&ECHO, Arc::new(()))
        .unary::<Raw, Bytes, Bytes, _, _>(0, |_: Handle<()>, request| async move { Ok(upper(&request)) })
        .finish()
}

/// A server, and a client that has gone through the handshake with it.
async fn connected() -> ScriptedPeer<impl AsyncRead + AsyncWrite + Unpin> {
    let (connector, listener) = memory();
    tokio::spawn(Server::new().add(echo()).serve_listener(listener, std::future::pending()));
    let mut client = ScriptedPeer::client(connector.connect().unwrap().io);
    client.handshake().await.unwrap();
    client
}

async fn assert_calls_work(client: &mut ScriptedPeer<impl AsyncRead + AsyncWrite + Unpin>, stream: u32) {
    client.send_grpc_request(stream, PATH).await.unwrap();
    client.send_message(stream, b"hello", true).await.unwrap();
    let response = client.expect_response(stream).await.unwrap();
    assert_eq!(response.messages().unwrap(), ["HELLO"]);
    assert_eq!(response.grpc_status(), Some((Code::Ok, String::new())));
}

#[tokio::test]
async fn calls_work_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Server::new().add(echo()).serve_listener(listener, std::future::pending()));
    let mut client = ScriptedPeer::client(TcpStream::connect(address).await.unwrap());
    client.handshake().await.unwrap();
    assert_calls_work(&mut client, 1).await;
}

#[tokio::test]
async fn calls_work_in_memory_with_messages_cut_anywhere() {
    let mut client = connected().await;
    assert_calls_work(&mut client, 1).await;
    client.send_grpc_request(3, PATH).await.unwrap();
    for byte in b"\0\0\0\0\x02hi" {
        client.send_data(3, &[*byte], false).await.unwrap();
    }
    client.send_data(3, b"", true).await.unwrap();
    assert_eq!(client.expect_response(3).await.unwrap().messages().unwrap(), ["HI"]);
}

#[tokio::test]
async fn a_fault_of_one_call_leaves_the_others_alone() {
    let mut client = connected().await;
    client.send_grpc_request(1, "/test.Echo/Missing").await.unwrap();
    client.send_message(1, b"", true).await.unwrap();
    let (code, message) = client.expect_grpc_status(1).await.unwrap();
    assert_eq!(code, Code::Unimplemented);
    assert!(message.contains("Missing"), "{message}");

    client.send_grpc_request(3, PATH).await.unwrap();
    client.send_data(3, b"\x07\0\0\0\0", true).await.unwrap();
    assert_eq!(client.expect_grpc_status(3).await.unwrap().0, Code::Internal);

    // A name with an upper-case letter makes the request malformed (RFC 9113 §8.2.1): an error of the stream.
    let block = header_block([(":method", "POST"), (":scheme", "http"), (":path", PATH), ("Upper", "case")]);
    client.send_frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 5, block).await.unwrap();
    assert_eq!(client.expect_reset(5).await.unwrap(), ErrorCode::ProtocolError);

    assert_calls_work(&mut client, 7).await;
}

#[tokio::test]
async fn a_fault_of_the_connection_ends_it_with_the_reason() {
    let mut client = connected().await;
    client.send_data(0, b"stray", false).await.unwrap();
    assert_eq!(client.expect_go_away().await.unwrap().code, ErrorCode::ProtocolError);
    client.expect_closed().await.unwrap();

    let mut client = connected().await;
    client.send_frame(kind::HEADERS, flag::END_HEADERS, 1, vec![0x80]).await.unwrap();
    assert_eq!(client.expect_go_away().await.unwrap().code, ErrorCode::CompressionError);
    client.expect_closed().await.unwrap();
}

#[tokio::test]
async fn frames_of_unknown_types_are_passed_over() {
    let mut client = connected().await;
    client.send_frame(0x77, 0xff, 0, vec![1, 2, 3]).await.unwrap();
    client.expect_alive().await.unwrap();
    assert!(!client.unclaimed().any(|frame| matches!(frame, Frame::GoAway { .. } | Frame::Reset { .. })));
}
