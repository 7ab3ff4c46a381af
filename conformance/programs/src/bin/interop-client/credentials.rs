//! The case `call_credentials`: what `per_rpc_creds` and `oauth2_auth_token` ask of a client, credentials of a call and of a
//! channel, with metadata that every interop server sends back in place of Google's tokens.

use gannet::{CallCredentials, CredentialsRequest, Metadata, Status};
use gannet_conformance::grpc::testing::{SimpleRequest, StreamingOutputCallRequest, TestServiceClient};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING};

use crate::{Failure, INITIAL_VALUE, TRAILING_VALUE, expect_echoed, expect_equal};

/// The channel's: echoed before the reply.
pub(crate) struct OfChannel;

impl CallCredentials for OfChannel {
    async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        let mut metadata = Metadata::new();
        metadata.insert(ECHO_INITIAL, INITIAL_VALUE).map_err(|error| Status::internal(error.to_string()))?;
        Ok(metadata)
    }
}

/// A call's: echoed behind the reply.
struct OfCall;

impl CallCredentials for OfCall {
    async fn metadata(&self, _: &CredentialsRequest<'_>) -> Result<Metadata, Status> {
        let mut metadata = Metadata::new();
        metadata
            .insert_bin(ECHO_TRAILING, TRAILING_VALUE)
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(metadata)
    }
}

/// `client`'s channel has [`OfChannel`].
pub(crate) async fn of_channel_and_call(client: &TestServiceClient) -> Result<(), Failure> {
    let reply = client.unary_call(SimpleRequest::default()).call_credentials(OfCall).await?;
    expect_echoed(reply.metadata(), reply.trailers())?;

    let (mut requests, mut replies) = client.full_duplex_call().call_credentials(OfCall).open();
    requests.send(StreamingOutputCallRequest::default()).await?;
    requests.finish();
    let initial = replies.metadata().await?;
    expect_equal("a reply", replies.next().await?, None)?;
    expect_echoed(&initial, &replies.trailers())?;

    // Those of one call are not the next one's.
    let reply = client.unary_call(SimpleRequest::default()).await?;
    expect_equal("initial metadata", reply.metadata().get(ECHO_INITIAL), Some(INITIAL_VALUE))?;
    expect_equal("trailing metadata", reply.trailers().get_bin(ECHO_TRAILING).is_some(), false)
}
