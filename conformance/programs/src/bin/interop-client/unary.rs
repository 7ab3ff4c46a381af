//! Cases of one request and one answer.

use gannet_conformance::grpc::testing::{Empty, SimpleRequest, TestServiceClient};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING, payload};

use crate::{Failure, INITIAL_VALUE, TRAILING_VALUE, expect_echoed, expect_equal, expect_zeros};

const LARGE_REQUEST: usize = 271_828;
const LARGE_ANSWER: i32 = 314_159;

pub(crate) async fn empty(client: &TestServiceClient) -> Result<(), Failure> {
    let reply = client.empty_call(Empty::default()).await?;
    expect_equal("answer", reply.into_inner(), Empty::default())
}

fn large_request() -> SimpleRequest {
    SimpleRequest {
        response_size: LARGE_ANSWER,
        payload: payload(LARGE_REQUEST).into(),
        ..Default::default()
    }
}

pub(crate) async fn large(client: &TestServiceClient) -> Result<(), Failure> {
    let reply = client.unary_call(large_request()).await?;
    expect_zeros(&reply.payload, LARGE_ANSWER)
}

pub(crate) async fn custom_metadata(client: &TestServiceClient) -> Result<(), Failure> {
    let reply = client
        .unary_call(large_request())
        .metadata(ECHO_INITIAL, INITIAL_VALUE)
        .metadata_bin(ECHO_TRAILING, TRAILING_VALUE)
        .await?;
    expect_zeros(&reply.payload, LARGE_ANSWER)?;
    expect_echoed(reply.metadata(), reply.trailers())
}
