//! Cases of calls that fail as asked.

use gannet::Code;
use gannet_conformance::echo_status;
use gannet_conformance::grpc::testing::{
    Empty, SimpleRequest, StreamingOutputCallRequest, TestServiceClient, UnimplementedServiceClient,
};

use crate::{Failure, expect_code, expect_equal};

const MESSAGE: &str = "test status message";
const SPECIAL_MESSAGE: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

fn asking_for(message: &str) -> SimpleRequest {
    SimpleRequest { response_status: echo_status(Code::Unknown, message).into(), ..Default::default() }
}

pub(crate) async fn code_and_message(client: &TestServiceClient) -> Result<(), Failure> {
    let status = expect_code(Code::Unknown, client.unary_call(asking_for(MESSAGE)).await)?;
    expect_equal("message of the unary call", status.message(), MESSAGE)?;

    let (mut send, mut receive) = client.full_duplex_call().open();
    let response_status = echo_status(Code::Unknown, MESSAGE).into();
    send.send(StreamingOutputCallRequest { response_status, ..Default::default() }).await?;
    send.finish();
    let status = expect_code(Code::Unknown, receive.next().await)?;
    expect_equal("message of the stream", status.message(), MESSAGE)
}

pub(crate) async fn special_message(client: &TestServiceClient) -> Result<(), Failure> {
    let status = expect_code(Code::Unknown, client.unary_call(asking_for(SPECIAL_MESSAGE)).await)?;
    expect_equal("message", status.message(), SPECIAL_MESSAGE)
}

pub(crate) async fn unimplemented_method(client: &TestServiceClient) -> Result<(), Failure> {
    expect_code(Code::Unimplemented, client.unimplemented_call(Empty::default()).await)?;
    Ok(())
}

pub(crate) async fn unimplemented_service(client: &UnimplementedServiceClient) -> Result<(), Failure> {
    expect_code(Code::Unimplemented, client.unimplemented_call(Empty::default()).await)?;
    Ok(())
}
