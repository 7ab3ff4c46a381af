//! Cases of streams: their messages, their ends, their metadata.

use std::time::Duration;

use gannet::Code;
use gannet_conformance::grpc::testing::{
    ResponseParameters, StreamingInputCallRequest, StreamingOutputCallRequest, TestServiceClient,
};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING, payload};

use crate::{Failure, INITIAL_VALUE, TRAILING_VALUE, expect_code, expect_echoed, expect_equal, expect_zeros};

/// Payload sizes of the requests and of the answers asked for.
const REQUEST_SIZES: [usize; 4] = [27_182, 8, 1_828, 45_904];
const ANSWER_SIZES: [i32; 4] = [31_415, 9, 2_653, 58_979];

fn asking_for(sizes: &[i32]) -> StreamingOutputCallRequest {
    let parameters = sizes.iter().map(|size| ResponseParameters { size: *size, ..Default::default() });
    StreamingOutputCallRequest { response_parameters: parameters.collect(), ..Default::default() }
}

fn asking_with(request_size: usize, answer_sizes: &[i32]) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest { payload: payload(request_size).into(), ..asking_for(answer_sizes) }
}

pub(crate) async fn client(client: &TestServiceClient) -> Result<(), Failure> {
    let (mut send, reply) = client.streaming_input_call().open();
    for size in REQUEST_SIZES {
        send.send(StreamingInputCallRequest { payload: payload(size).into(), ..Default::default() }).await?;
    }
    send.finish();
    expect_equal("sum of sizes", reply.await?.aggregated_payload_size, 74_922)
}

pub(crate) async fn server(client: &TestServiceClient) -> Result<(), Failure> {
    let mut replies = client.streaming_output_call(asking_for(&ANSWER_SIZES)).open();
    for size in ANSWER_SIZES {
        let reply = replies.next().await?.ok_or("the stream ended early")?;
        expect_zeros(&reply.payload, size)?;
    }
    expect_equal("a fifth message", replies.next().await?, None)
}

pub(crate) async fn ping_pong(client: &TestServiceClient) -> Result<(), Failure> {
    let (mut send, mut receive) = client.full_duplex_call().open();
    for (request_size, answer_size) in REQUEST_SIZES.into_iter().zip(ANSWER_SIZES) {
        send.send(asking_with(request_size, &[answer_size])).await?;
        let reply = receive.next().await?.ok_or("the stream ended early")?;
        expect_zeros(&reply.payload, answer_size)?;
    }
    send.finish();
    expect_equal("a fifth message", receive.next().await?, None)
}

pub(crate) async fn empty(client: &TestServiceClient) -> Result<(), Failure> {
    let (send, mut receive) = client.full_duplex_call().open();
    send.finish();
    expect_equal("a message", receive.next().await?, None)
}

/// Requests cut short, their sender dropped without `finish`, cancel the call.
pub(crate) async fn cancel_after_begin(client: &TestServiceClient) -> Result<(), Failure> {
    let (send, reply) = client.streaming_input_call().open();
    drop(send);
    expect_code(Code::Cancelled, reply.await)?;
    still_serves(client).await
}

pub(crate) async fn cancel_after_first_response(client: &TestServiceClient) -> Result<(), Failure> {
    let (mut send, mut receive) = client.full_duplex_call().open();
    send.send(asking_with(REQUEST_SIZES[0], &[ANSWER_SIZES[0]])).await?;
    let reply = receive.next().await?.ok_or("the stream ended early")?;
    expect_zeros(&reply.payload, ANSWER_SIZES[0])?;
    drop(send);
    expect_code(Code::Cancelled, receive.next().await)?;
    still_serves(client).await
}

/// A cancelled call ends neither its neighbours nor its connection.
async fn still_serves(client: &TestServiceClient) -> Result<(), Failure> {
    crate::unary::empty(client).await
}

pub(crate) async fn timeout_on_sleeping_server(client: &TestServiceClient) -> Result<(), Failure> {
    let (mut send, mut receive) = client.full_duplex_call().timeout(Duration::from_millis(1)).open();
    // The deadline may pass before or after this message; either is the case's subject only on the receiving side.
    let _ =
        send.send(StreamingOutputCallRequest { payload: payload(27_182).into(), ..Default::default() }).await;
    expect_code(Code::DeadlineExceeded, receive.next().await)?;
    Ok(())
}

pub(crate) async fn custom_metadata(client: &TestServiceClient) -> Result<(), Failure> {
    let call = client.full_duplex_call().metadata(ECHO_INITIAL, INITIAL_VALUE);
    let (mut send, mut receive) = call.metadata_bin(ECHO_TRAILING, TRAILING_VALUE).open();
    send.send(asking_with(271_828, &[314_159])).await?;
    send.finish();
    let initial = receive.metadata().await?;
    let reply = receive.next().await?.ok_or("the stream ended early")?;
    expect_zeros(&reply.payload, 314_159)?;
    expect_equal("a second message", receive.next().await?, None)?;
    expect_echoed(&initial, &receive.trailers())
}
