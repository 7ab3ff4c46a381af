//! One call as the runner describes it, of each shape.
//!
//! The runner has a call cancelled at a certain moment. In Gannet, dropping what receives the answer cancels a call; that
//! leaves nobody to be told, so this program says CANCELLED itself. Before the requests are finished there is another
//! way: dropping what sends them. Then Gannet says how the call has ended.

use std::future::{Future, IntoFuture as _, pending};
use std::pin::pin;
use std::time::Duration;

use gannet::buffa::{Message, MessageName};
use gannet::well_known::Any;
use gannet::{Request, Response, Status, Streaming};
use gannet_conformance::connect::{to_error, to_headers, to_metadata};
use gannet_conformance::connectrpc::conformance::v1::client_compat_request::cancel::CancelTiming;
use gannet_conformance::connectrpc::conformance::v1::{
    BidiStreamRequest, BidiStreamResponse, ClientCompatRequest, ClientResponseResult, ClientStreamRequest,
    ClientStreamResponse, ConformancePayload, ConformanceServiceClient, IdempotentUnaryResponse,
    ServerStreamResponse, StreamType, UnaryResponse, UnimplementedResponse,
};
use tokio::time::sleep;

use crate::Failure;

/// Makes the call; how it ended is the result, well or badly.
pub(crate) async fn make(
    client: &ConformanceServiceClient,
    asked: &ClientCompatRequest,
) -> Result<ClientResponseResult, Failure> {
    let cancel = Cancel::of(asked);
    match asked.method.as_deref().unwrap_or_default() {
        "Unary" => Ok(one_reply(client.unary(only_request(asked)?).into_future(), cancel).await),
        "IdempotentUnary" => {
            Ok(one_reply(client.idempotent_unary(only_request(asked)?).into_future(), cancel).await)
        }
        "Unimplemented" => {
            Ok(one_reply(client.unimplemented(only_request(asked)?).into_future(), cancel).await)
        }
        "ServerStream" => {
            let mut result = ClientResponseResult::default();
            receive(client.server_stream(only_request(asked)?).open(), cancel, &mut result).await;
            Ok(result)
        }
        "ClientStream" => client_stream(client, asked, cancel).await,
        "BidiStream" => bidi_stream(client, asked, cancel).await,
        other => Err(format!("there is no method {other}").into()),
    }
}

/// When the runner has the call cancelled.
#[derive(Clone, Copy, PartialEq)]
enum Cancel {
    Never,
    /// In place of finishing the requests.
    BeforeFinish,
    /// So long after the requests are finished.
    AfterFinish(Duration),
    /// After so many replies.
    AfterReplies(usize),
}

impl Cancel {
    fn of(asked: &ClientCompatRequest) -> Self {
        let Some(cancel) = asked.cancel.as_option() else { return Self::Never };
        match &cancel.cancel_timing {
            Some(CancelTiming::BeforeCloseSend(_)) => Self::BeforeFinish,
            Some(CancelTiming::AfterCloseSendMs(after)) => {
                Self::AfterFinish(Duration::from_millis((*after).into()))
            }
            Some(CancelTiming::AfterNumResponses(replies)) => Self::AfterReplies(*replies as usize),
            None => Self::AfterFinish(Duration::ZERO),
        }
    }

    /// Waits for the moment after the requests were finished at which the call is cancelled.
    async fn after_finish(self) {
        match self {
            Self::AfterFinish(after) => sleep(after).await,
            _ => pending().await,
        }
    }
}

/// A reply with the payload that the server echoes.
trait Reply {
    fn payload(self) -> ConformancePayload;
}

macro_rules! replies {
    ($($reply:ty),*) => {$(
        impl Reply for $reply {
            fn payload(self) -> ConformancePayload {
                self.payload.into_option().unwrap_or_default()
            }
        }
    )*};
}

replies!(
    UnaryResponse,
    IdempotentUnaryResponse,
    ClientStreamResponse,
    ServerStreamResponse,
    BidiStreamResponse
);

impl Reply for UnimplementedResponse {
    fn payload(self) -> ConformancePayload {
        ConformancePayload::default()
    }
}

/// A request message, of the type that the method takes.
fn unpack<M: Message + MessageName>(message: &Any) -> Result<M, Failure> {
    let unpacked = message.unpack_if(M::TYPE_URL)?;
    unpacked
        .ok_or_else(|| format!("the method takes a {}, not a {}", M::FULL_NAME, message.type_url()).into())
}

/// The request of a method that takes one, with metadata and deadline.
fn only_request<M: Message + MessageName>(asked: &ClientCompatRequest) -> Result<Request<M>, Failure> {
    let [message] = &asked.request_messages[..] else {
        return Err(format!("the method takes one request, not {}", asked.request_messages.len()).into());
    };
    let mut request: Request<M> = Request::new(unpack(message)?);
    *request.metadata_mut() = to_metadata(&asked.request_headers)?;
    if let Some(timeout) = timeout(asked) {
        request.set_timeout(timeout);
    }
    Ok(request)
}

fn timeout(asked: &ClientCompatRequest) -> Option<Duration> {
    asked.timeout_ms.map(|timeout| Duration::from_millis(timeout.into()))
}

/// A call that streams its requests, with metadata and deadline.
macro_rules! prepared {
    ($call:expr, $asked:expr) => {{
        let mut call = $call;
        for header in &$asked.request_headers {
            for value in &header.value {
                call = call.metadata(&header.name, value);
            }
        }
        match timeout($asked) {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }};
}

fn cancelled() -> Status {
    Status::cancelled("the runner had the call cancelled")
}

fn fail(result: &mut ClientResponseResult, status: &Status) {
    result.error = to_error(status).into();
    result.response_trailers = to_headers(status.metadata());
}

/// Awaits the reply of a method that has one; the requests are finished.
async fn one_reply<R: Reply>(
    reply: impl Future<Output = Result<Response<R>, Status>>,
    cancel: Cancel,
) -> ClientResponseResult {
    let mut result = ClientResponseResult::default();
    let outcome = tokio::select! {
        outcome = reply => outcome,
        () = cancel.after_finish() => Err(cancelled()),
    };
    match outcome {
        Ok(response) => {
            let (reply, metadata, trailers) = response.into_parts();
            result.response_headers = to_headers(&metadata);
            result.payloads.push(reply.payload());
            result.response_trailers = to_headers(&trailers);
        }
        Err(status) => fail(&mut result, &status),
    }
    result
}

/// Receives the replies that are still to come; the requests are finished.
async fn receive<R: Reply>(mut replies: Streaming<R>, cancel: Cancel, result: &mut ClientResponseResult) {
    let mut cancel_now = pin!(cancel.after_finish());
    while result.error.is_unset() {
        let next = tokio::select! {
            next = replies.next() => next,
            () = &mut cancel_now => return fail(result, &cancelled()),
        };
        match next {
            Ok(Some(reply)) => result.payloads.push(reply.payload()),
            Ok(None) => {
                result.response_trailers = to_headers(&replies.trailers());
                break;
            }
            Err(status) => {
                fail(result, &status);
                break;
            }
        }
        if cancel == Cancel::AfterReplies(result.payloads.len()) {
            return fail(result, &cancelled());
        }
    }
    // A call that failed may have had metadata before it did.
    result.response_headers = to_headers(&replies.metadata().await.unwrap_or_default());
}

async fn client_stream(
    client: &ConformanceServiceClient,
    asked: &ClientCompatRequest,
    cancel: Cancel,
) -> Result<ClientResponseResult, Failure> {
    let requests: Vec<ClientStreamRequest> =
        asked.request_messages.iter().map(unpack).collect::<Result<_, _>>()?;
    let mut unsent = requests.len();
    let (mut sender, reply) = prepared!(client.client_stream(), asked).open();
    for request in requests {
        sleep(Duration::from_millis(asked.request_delay_ms.into())).await;
        if sender.send(request).await.is_err() {
            // The reply says why.
            break;
        }
        unsent -= 1;
    }
    if cancel == Cancel::BeforeFinish {
        drop(sender);
    } else {
        sender.finish();
    }
    let mut result = one_reply(reply, cancel).await;
    result.num_unsent_requests = i32::try_from(unsent)?;
    Ok(result)
}

async fn bidi_stream(
    client: &ConformanceServiceClient,
    asked: &ClientCompatRequest,
    cancel: Cancel,
) -> Result<ClientResponseResult, Failure> {
    let requests: Vec<BidiStreamRequest> =
        asked.request_messages.iter().map(unpack).collect::<Result<_, _>>()?;
    let full_duplex = asked.stream_type == StreamType::STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
    let mut result = ClientResponseResult::default();
    let mut unsent = requests.len();
    let (mut sender, mut replies) = prepared!(client.bidi_stream(), asked).open();
    let mut cancel_here = cancel == Cancel::BeforeFinish;
    for request in requests {
        sleep(Duration::from_millis(asked.request_delay_ms.into())).await;
        if sender.send(request).await.is_err() {
            // The receiving side says why.
            break;
        }
        unsent -= 1;
        if full_duplex {
            match replies.next().await {
                Ok(Some(reply)) => result.payloads.push(reply.payload()),
                Ok(None) => break,
                Err(status) => {
                    fail(&mut result, &status);
                    break;
                }
            }
            if cancel == Cancel::AfterReplies(result.payloads.len()) {
                cancel_here = true;
                break;
            }
        }
    }
    result.num_unsent_requests = i32::try_from(unsent)?;
    if cancel_here {
        drop(sender);
    } else {
        sender.finish();
    }
    receive(replies, cancel, &mut result).await;
    Ok(result)
}
