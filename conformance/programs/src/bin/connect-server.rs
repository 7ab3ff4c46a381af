//! The server under test of the Connect conformance suites: reads from standard input how it is to serve, says on
//! standard output where it does, and serves `connectrpc.conformance.v1.ConformanceService` until it is ended.
//!
//! Of the protocols there it speaks gRPC. The service is told by each request what to answer, and echoes what it received.

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use gannet::well_known::Any;
use gannet::{
    Deadline, Metadata, PeerAddress, Replies, Request, Response, Server, ServerTls, Status, Streaming,
};
use gannet_conformance::connect::{read_message, to_headers, to_metadata, to_status, write_message};
use gannet_conformance::connectrpc::conformance::v1::conformance_payload::RequestInfo;
use gannet_conformance::connectrpc::conformance::v1::unary_response_definition::Response as Wanted;
use gannet_conformance::connectrpc::conformance::v1::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse, ConformancePayload,
    ConformanceService, ConformanceServiceServer, Error, IdempotentUnaryRequest, IdempotentUnaryResponse,
    Protocol, ServerCompatRequest, ServerCompatResponse, ServerStreamRequest, ServerStreamResponse,
    StreamResponseDefinition, UnaryRequest, UnaryResponse, UnaryResponseDefinition, UnimplementedRequest,
    UnimplementedResponse,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked: ServerCompatRequest =
        read_message(&mut tokio::io::stdin()).await?.ok_or("the runner did not say how to serve")?;
    if asked.protocol != Protocol::PROTOCOL_GRPC {
        return Err(format!("this server speaks gRPC, not {:?}", asked.protocol).into());
    }
    let mut server = Server::new().add(ConformanceServiceServer::new(Conformance));
    if asked.use_tls {
        let mut tls = ServerTls::from_pem(&asked.server_creds.cert, &asked.server_creds.key)?;
        if !asked.client_tls_cert.is_empty() {
            tls = tls.require_client_ca(&asked.client_tls_cert)?;
        }
        server = server.tls(tls);
    }
    if asked.message_receive_limit > 0 {
        server = server.max_receive_message_size(asked.message_receive_limit as usize);
    }
    let server = server.bind("127.0.0.1:0").await?;
    let Some(PeerAddress::Tcp(address)) = server.local_address() else {
        return Err("the server has no address".into());
    };
    let serving = ServerCompatResponse {
        host: address.ip().to_string(),
        port: address.port().into(),
        pem_cert: asked.server_creds.cert.clone(),
    };
    write_message(&mut tokio::io::stdout(), &serving).await?;
    server.serve().await;
    Ok(())
}

struct Conformance;

impl ConformanceService for Conformance {
    async fn unary(&self, request: Request<UnaryRequest>) -> Result<Response<UnaryResponse>, Status> {
        let seen = seen(&request, vec![Any::pack(&*request, UnaryRequest::TYPE_URL)]);
        let payload = one_reply(request.response_definition.as_option(), seen).await?;
        Ok(payload.map(|payload| UnaryResponse { payload: payload.into() }))
    }

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<IdempotentUnaryResponse>, Status> {
        let seen = seen(&request, vec![Any::pack(&*request, IdempotentUnaryRequest::TYPE_URL)]);
        let payload = one_reply(request.response_definition.as_option(), seen).await?;
        Ok(payload.map(|payload| IdempotentUnaryResponse { payload: payload.into() }))
    }

    async fn client_stream(
        &self,
        mut requests: Request<Streaming<ClientStreamRequest>>,
    ) -> Result<Response<ClientStreamResponse>, Status> {
        let mut first = None;
        let mut received = Vec::new();
        while let Some(request) = requests.next().await? {
            received.push(Any::pack(&request, ClientStreamRequest::TYPE_URL));
            first.get_or_insert(request);
        }
        let definition = first.as_ref().and_then(|first| first.response_definition.as_option());
        let payload = one_reply(definition, seen(&requests, received)).await?;
        Ok(payload.map(|payload| ClientStreamResponse { payload: payload.into() }))
    }

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
        mut replies: Replies<ServerStreamResponse>,
    ) -> Result<(), Status> {
        let Some(definition) = request.response_definition.as_option() else { return Ok(()) };
        begin(definition, &mut replies)?;
        let mut seen = Some(seen(&request, vec![Any::pack(&*request, ServerStreamRequest::TYPE_URL)]));
        for data in &definition.response_data {
            wait(definition.response_delay_ms).await;
            let payload = ConformancePayload { data: data.clone(), request_info: seen.take().into() };
            replies.send(ServerStreamResponse { payload: payload.into() }).await?;
        }
        end(definition, seen)
    }

    async fn bidi_stream(
        &self,
        mut requests: Request<Streaming<BidiStreamRequest>>,
        mut replies: Replies<BidiStreamResponse>,
    ) -> Result<(), Status> {
        let Some(first) = requests.next().await? else { return Ok(()) };
        let mut received = vec![Any::pack(&first, BidiStreamRequest::TYPE_URL)];
        let definition = first.response_definition.as_option();
        if let Some(definition) = definition {
            begin(definition, &mut replies)?;
        }
        let nothing = StreamResponseDefinition::default();
        let definition = definition.unwrap_or(&nothing);
        let mut all_data = definition.response_data.iter();

        // In full duplex each request has its reply, which tells what came since the last one; the first tells of the
        // call too.
        let mut begun = false;
        if first.full_duplex {
            while !received.is_empty() {
                let Some(data) = all_data.next() else { break };
                wait(definition.response_delay_ms).await;
                let received_now = std::mem::take(&mut received);
                let told = if begun {
                    RequestInfo { requests: received_now, ..Default::default() }
                } else {
                    seen(&requests, received_now)
                };
                let payload = ConformancePayload { data: data.clone(), request_info: told.into() };
                replies.send(BidiStreamResponse { payload: payload.into() }).await?;
                begun = true;
                if let Some(request) = requests.next().await? {
                    received.push(Any::pack(&request, BidiStreamRequest::TYPE_URL));
                }
            }
        } else {
            while let Some(request) = requests.next().await? {
                received.push(Any::pack(&request, BidiStreamRequest::TYPE_URL));
            }
        }

        // What is left to send: all of it in half duplex, or more replies than requests.
        let mut told = (!begun).then(|| seen(&requests, received));
        for data in all_data {
            wait(definition.response_delay_ms).await;
            let payload = ConformancePayload { data: data.clone(), request_info: told.take().into() };
            replies.send(BidiStreamResponse { payload: payload.into() }).await?;
        }
        end(definition, told)
    }

    async fn unimplemented(
        &self,
        _request: Request<UnimplementedRequest>,
    ) -> Result<Response<UnimplementedResponse>, Status> {
        Err(Status::unimplemented("Unimplemented is there to be called in vain"))
    }
}

/// What is echoed of a request: its metadata, its deadline and its messages.
fn seen<T>(request: &Request<T>, messages: Vec<Any>) -> RequestInfo {
    let left = |deadline: Deadline| deadline.remaining(Instant::now()).unwrap_or_default();
    RequestInfo {
        request_headers: to_headers(request.metadata()),
        timeout_ms: request
            .deadline()
            .map(|deadline| i64::try_from(left(deadline).as_millis()).unwrap_or(i64::MAX)),
        requests: messages,
        ..Default::default()
    }
}

/// The reply of a method that has one, or the error asked for in its place.
async fn one_reply(
    definition: Option<&UnaryResponseDefinition>,
    seen: RequestInfo,
) -> Result<Response<ConformancePayload>, Status> {
    let Some(definition) = definition else {
        return Ok(ConformancePayload { request_info: seen.into(), ..Default::default() }.into());
    };
    wait(definition.response_delay_ms).await;
    let metadata = to_metadata(&definition.response_headers)?;
    let trailers = to_metadata(&definition.response_trailers)?;
    let data = match &definition.response {
        Some(Wanted::Error(error)) => {
            // A handler that fails has one place for metadata.
            let mut all = metadata;
            all.append_all(&trailers);
            return Err(telling(error, &seen, all));
        }
        Some(Wanted::ResponseData(data)) => data.clone(),
        None => Default::default(),
    };
    let payload = ConformancePayload { data, request_info: seen.into() };
    Ok(Response::from_parts(payload, metadata, trailers))
}

/// Sends the metadata of a stream of replies ahead of them.
fn begin<T>(definition: &StreamResponseDefinition, replies: &mut Replies<T>) -> Result<(), Status> {
    *replies.metadata_mut() = to_metadata(&definition.response_headers)?;
    replies.set_trailers(to_metadata(&definition.response_trailers)?);
    replies.send_metadata();
    Ok(())
}

/// Ends a stream of replies, with the error asked for if there is one; `untold` is what no reply has told yet.
fn end(definition: &StreamResponseDefinition, untold: Option<RequestInfo>) -> Result<(), Status> {
    let Some(error) = definition.error.as_option() else { return Ok(()) };
    let trailers = to_metadata(&definition.response_trailers)?;
    Err(match untold {
        Some(seen) => telling(error, &seen, trailers),
        None => to_status(error, trailers),
    })
}

/// An error that tells in its details what was received.
fn telling(error: &Error, seen: &RequestInfo, trailers: Metadata) -> Status {
    let mut error = error.clone();
    error.details.push(Any::pack(seen, RequestInfo::TYPE_URL));
    to_status(&error, trailers)
}

async fn wait(milliseconds: u32) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }
}
