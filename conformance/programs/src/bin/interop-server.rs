//! The server of gRPC's interop tests on Gannet. Features of `interop-test-descriptions.md`: EmptyCall, UnaryCall,
//! StreamingInputCall, StreamingOutputCall, FullDuplexCall, Echo Status, Echo Metadata, ResponseParameters.interval_us.
//! Not here: compression, credentials, TLS.

#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a program that says where it listens")]

use std::time::Duration;

use clap::Parser;
use gannet::{Code, Metadata, Replies, Request, Response, Server, Status, Streaming};
use gannet_conformance::grpc::testing::{
    EchoStatus, Empty, Payload, PayloadType, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, TestService, TestServiceServer,
};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING, payload};

/// The server of gRPC's interop tests, on Gannet.
#[derive(Parser)]
struct Options {
    /// The port to listen on, on all addresses; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 10000)]
    port: u16,
    /// The address to listen on, in place of --port.
    #[arg(long)]
    addr: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), gannet::Error> {
    let options = Options::parse();
    let address = options.addr.unwrap_or_else(|| format!("0.0.0.0:{}", options.port));
    let server = Server::new().add(TestServiceServer::new(Interop)).bind(address).await?;
    if let Some(address) = server.local_address() {
        eprintln!("interop server listening on {address}");
    }
    server.serve().await;
    Ok(())
}

struct Interop;

impl TestService for Interop {
    async fn empty_call(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty::default().into())
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        asked_status(request.response_status.as_option())?;
        let asked = asked_payload(request.response_type.to_i32(), request.response_size)?;
        let mut response = Response::new(SimpleResponse { payload: asked.into(), ..Default::default() });
        echo_initial(request.metadata(), response.metadata_mut())?;
        echo_trailing(request.metadata(), response.trailers_mut())?;
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
        mut replies: Replies<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        echo(request.metadata(), &mut replies)?;
        answer(&request, &mut replies).await
    }

    async fn streaming_input_call(
        &self,
        mut requests: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut total = 0;
        while let Some(request) = requests.next().await? {
            total += request.payload.body.len();
        }
        let aggregated_payload_size = i32::try_from(total).map_err(|_| {
            Status::out_of_range(format!("{total} bytes of payload do not fit the answer's int32"))
        })?;
        Ok(StreamingInputCallResponse { aggregated_payload_size }.into())
    }

    async fn full_duplex_call(
        &self,
        mut requests: Request<Streaming<StreamingOutputCallRequest>>,
        mut replies: Replies<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        echo(requests.metadata(), &mut replies)?;
        while let Some(request) = requests.next().await? {
            answer(&request, &mut replies).await?;
        }
        Ok(())
    }

    async fn half_duplex_call(
        &self,
        mut requests: Request<Streaming<StreamingOutputCallRequest>>,
        mut replies: Replies<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        let mut asked = Vec::new();
        while let Some(request) = requests.next().await? {
            asked.push(request);
        }
        for request in &asked {
            answer(request, &mut replies).await?;
        }
        Ok(())
    }

    async fn unimplemented_call(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("UnimplementedCall is there to be called in vain"))
    }
}

/// Sends the replies that one request describes, or ends the stream with the status it asks for.
async fn answer(
    request: &StreamingOutputCallRequest,
    replies: &mut Replies<StreamingOutputCallResponse>,
) -> Result<(), Status> {
    asked_status(request.response_status.as_option())?;
    for ResponseParameters { size, interval_us, .. } in &request.response_parameters {
        if let Some(interval) = u64::try_from(*interval_us).ok().filter(|microseconds| *microseconds > 0) {
            tokio::time::sleep(Duration::from_micros(interval)).await;
        }
        let payload = asked_payload(request.response_type.to_i32(), *size)?.into();
        replies.send(StreamingOutputCallResponse { payload }).await?;
    }
    Ok(())
}

/// An error if the request asks for one.
fn asked_status(asked: Option<&EchoStatus>) -> Result<(), Status> {
    match asked {
        Some(status) if status.code != Code::Ok.as_i32() => {
            Err(Status::new(Code::from_i32(status.code), status.message.clone()))
        }
        _ => Ok(()),
    }
}

fn asked_payload(kind: i32, size: i32) -> Result<Payload, Status> {
    if kind != PayloadType::COMPRESSABLE as i32 {
        return Err(Status::invalid_argument(format!("there is no payload of type {kind}")));
    }
    let size = usize::try_from(size)
        .map_err(|_| Status::invalid_argument(format!("a payload cannot have {size} bytes")))?;
    Ok(payload(size))
}

fn echo(request: &Metadata, replies: &mut Replies<StreamingOutputCallResponse>) -> Result<(), Status> {
    echo_initial(request, replies.metadata_mut())?;
    let mut trailers = Metadata::new();
    echo_trailing(request, &mut trailers)?;
    replies.set_trailers(trailers);
    Ok(())
}

fn echo_initial(request: &Metadata, metadata: &mut Metadata) -> Result<(), Status> {
    if let Some(value) = request.get(ECHO_INITIAL) {
        metadata.insert(ECHO_INITIAL, value).map_err(|error| Status::internal(error.to_string()))?;
    }
    Ok(())
}

fn echo_trailing(request: &Metadata, trailers: &mut Metadata) -> Result<(), Status> {
    if let Some(value) = request.get_bin(ECHO_TRAILING) {
        trailers.insert_bin(ECHO_TRAILING, &value).map_err(|error| Status::internal(error.to_string()))?;
    }
    Ok(())
}
