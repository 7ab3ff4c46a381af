//! The server of gRPC's interop tests on Gannet. Features of `interop-test-descriptions.md`: EmptyCall, UnaryCall,
//! StreamingInputCall, StreamingOutputCall, FullDuplexCall, Echo Status, Echo Metadata, ResponseParameters.interval_us.
//! With TLS, reflection, and access tokens or JWTs that calls must bring. Not here: compression.

#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a program that says where it listens")]

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use gannet::auth::{self, JwtAlgorithm, JwtKeys, JwtVerifier};
use gannet::{Code, Metadata, Replies, Request, Response, Server, ServerTls, Status, Streaming};
use gannet_conformance::grpc::testing::{
    EchoStatus, Empty, Payload, PayloadType, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, TestService, TestServiceServer,
};
use gannet_conformance::{ECHO_INITIAL, ECHO_TRAILING, payload};

/// The server of gRPC's interop tests, on Gannet.
#[derive(Parser)]
#[command(rename_all = "snake_case")]
struct Options {
    /// The port to listen on, on all addresses; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 10000)]
    port: u16,
    /// The address to listen on, in place of --port.
    #[arg(long)]
    addr: Option<String>,
    /// Serves TLS.
    #[arg(long, requires = "tls_cert_file", requires = "tls_key_file")]
    use_tls: bool,
    /// The certificate, in PEM.
    #[arg(long)]
    tls_cert_file: Option<PathBuf>,
    /// The certificate's key, in PEM.
    #[arg(long)]
    tls_key_file: Option<PathBuf>,
    /// Serves only calls with this token as `authorization: Bearer`, and tells its owner and scope to who asks.
    #[arg(long, requires = "account")]
    access_token: Option<String>,
    /// The owner of the access token, or the issuer of JWTs.
    #[arg(long)]
    account: Option<String>,
    /// The scope of the access token.
    #[arg(long, default_value_t, requires = "access_token", hide_default_value = true)]
    oauth_scope: String,
    /// Serves only calls with a JWT as `authorization: Bearer` that is signed by RS256 with this public key, in PEM.
    #[arg(long, requires = "jwt_audience", requires = "account", conflicts_with = "access_token")]
    jwt_key_file: Option<PathBuf>,
    /// Whom the JWTs have to be for.
    #[arg(long, requires = "jwt_key_file")]
    jwt_audience: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let address = options.addr.clone().unwrap_or_else(|| format!("0.0.0.0:{}", options.port));
    let server = server(&options)?.bind(address).await?;
    if let Some(address) = server.local_address() {
        eprintln!("interop server listening on {address}");
    }
    server.serve().await;
    Ok(())
}

/// The server that the options describe.
fn server(options: &Options) -> Result<Server, Box<dyn std::error::Error>> {
    let interop = Interop { oauth_scope: options.oauth_scope.clone() };
    let mut server = Server::new().reflection().add(TestServiceServer::new(interop));
    if let (true, Some(certificate), Some(key)) =
        (options.use_tls, &options.tls_cert_file, &options.tls_key_file)
    {
        server = server.tls(ServerTls::from_pem_files(certificate, key)?);
    }
    let account = options.account.as_deref().unwrap_or_default();
    if let Some(token) = &options.access_token {
        server = server.intercept(auth::bearer::<&str>([]).token(account, token.as_str()));
    }
    if let (Some(file), Some(audience)) = (&options.jwt_key_file, &options.jwt_audience) {
        let verifier = JwtVerifier::builder(JwtKeys::pem_file(file)?)
            .algorithms([JwtAlgorithm::Rs256])
            .issuer(account)
            .audience(audience)
            .build()?;
        server = server.intercept(auth::jwt(verifier));
    }
    Ok(server)
}

struct Interop {
    /// What the access token may be used for.
    oauth_scope: String,
}

impl TestService for Interop {
    async fn empty_call(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty::default().into())
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        asked_status(request.response_status.as_option())?;
        let asked = asked_payload(request.response_type.to_i32(), request.response_size)?;
        let mut reply = SimpleResponse { payload: asked.into(), ..Default::default() };
        if let Some(caller) = auth::Authenticated::of(request.extensions()) {
            if request.fill_username {
                caller.subject().clone_into(&mut reply.username);
            }
            if request.fill_oauth_scope {
                self.oauth_scope.clone_into(&mut reply.oauth_scope);
            }
        }
        let mut response = Response::new(reply);
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
