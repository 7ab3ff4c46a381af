//! Interceptors made of tower layers.
//!
//! A layer wraps a service of HTTP requests; here the innermost service is the rest of the call. The layer sees the call
//! as an HTTP request with the method's path and the metadata as headers, and its end as an HTTP response. Messages do
//! not pass through it: those are for hooks.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use gannet_core::wire::status_mapping::code_of_http_status;
use gannet_core::{Call, Code, Interceptor, Metadata, Next, Status};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::sync::oneshot;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// The body of the requests and responses that a layer sees: empty, since messages do not pass through it.
#[derive(Debug, Default)]
pub struct TowerBody {
    /// Takes the call on, in a request; its headers go with it.
    go: Option<Go>,
}

type Outcome = Result<HeaderMap, Status>;

#[derive(Debug)]
struct Go {
    start: oneshot::Sender<HeaderMap>,
    done: oneshot::Receiver<Outcome>,
}

impl http_body::Body for TowerBody {
    type Data = &'static [u8];
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

/// What a layer wraps: runs the rest of the call.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rest;

impl Service<Request<TowerBody>> for Rest {
    type Response = Response<TowerBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<TowerBody>) -> Self::Future {
        let (head, body) = request.into_parts();
        Box::pin(async move {
            let Some(Go { start, done }) = body.go else {
                return Err("a tower layer made a request of its own, which is no call".into());
            };
            // Whoever does not listen any more has given the call up, which `done` says too.
            let _ = start.send(head.headers);
            match done.await {
                Ok(Ok(headers)) => {
                    let mut response = Response::new(TowerBody::default());
                    *response.headers_mut() = headers;
                    Ok(response)
                }
                Ok(Err(status)) => Err(status.into()),
                Err(_) => Err("the call was given up".into()),
            }
        })
    }
}

/// An interceptor made of a tower layer: for the limits, headers and checks that one has already.
///
/// The layer's service is made once, so that what it keeps (a semaphore, a rate) holds for all calls. A layer that
/// answers without calling what it wraps ends the call: by `grpc-status` and `grpc-message` among the headers of its
/// response, or by gRPC's mapping of its HTTP status. Its error ends the call with its [`Status`], if it is or comes
/// from one, else with UNAVAILABLE; [`TowerLayer::map_error`] maps it otherwise.
///
/// ```
/// use std::time::Duration;
/// use gannet_interceptors::TowerLayer;
/// use tower::timeout::TimeoutLayer;
///
/// let limit = TowerLayer::new(TimeoutLayer::new(Duration::from_secs(5)));
/// # let _ = limit;
/// ```
pub struct TowerLayer<S> {
    /// Cloned for each call, and locked for that only.
    service: Mutex<S>,
    map_error: fn(BoxError) -> Status,
}

impl<S> TowerLayer<S> {
    /// The interceptor that `layer` makes.
    pub fn new<L: Layer<Rest, Service = S>>(layer: L) -> Self {
        Self { service: Mutex::new(layer.layer(Rest)), map_error: status_of }
    }

    /// The status of a call that ends with an error of the layer's.
    pub fn map_error(mut self, map_error: fn(BoxError) -> Status) -> Self {
        self.map_error = map_error;
        self
    }
}

impl<S> fmt::Debug for TowerLayer<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TowerLayer").finish_non_exhaustive()
    }
}

fn status_of(error: BoxError) -> Status {
    match error.downcast::<Status>() {
        Ok(status) => *status,
        Err(error) => Status::unavailable(format!("a tower layer ended the call: {error}")),
    }
}

/// Whether a header is gRPC's or HTTP's own business.
fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("grpc-") || matches!(name, "content-type" | "te" | "user-agent" | "host" | "connection")
}

fn headers_of(metadata: &Metadata) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in metadata.iter_wire() {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn metadata_of(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in headers.iter().filter(|(name, _)| !is_reserved(name)) {
        metadata.append_wire(name.as_str().as_bytes(), value.as_bytes());
    }
    metadata
}

/// How a call ends that the layer answered by itself.
fn answered<B>(response: &Response<B>) -> Result<(), Status> {
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(code) = text("grpc-status") {
        return match Code::from_digits(code.as_bytes()) {
            Code::Ok => Ok(()),
            code => Err(Status::new(code, text("grpc-message").unwrap_or_default().to_owned())),
        };
    }
    let status = response.status();
    if status.is_success() {
        // The reply would be missing, which whoever runs the chain says.
        return Ok(());
    }
    let message = format!("a tower layer answered with HTTP status {status}");
    Err(Status::new(code_of_http_status(status.as_u16()), message))
}

impl<S, B> Interceptor for TowerLayer<S>
where
    S: Service<Request<TowerBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
{
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failed = |error: S::Error| (self.map_error)(error.into());
        poll_fn(|context| service.poll_ready(context)).await.map_err(failed)?;

        let (start, started) = oneshot::channel();
        let (finish, done) = oneshot::channel();
        let mut request = Request::new(TowerBody { go: Some(Go { start, done }) });
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = http::Uri::from_static(call.method().path);
        *request.headers_mut() = headers_of(call.metadata());
        let layered = pin!(service.call(request));

        // The layer's future and the rest of the call run side by side: when the layer gives up, so does the call.
        let mut ran = None;
        let rest = async {
            let Ok(headers) = started.await else { return std::future::pending().await };
            *call.metadata_mut() = metadata_of(&headers);
            let outcome = next.run(call).await;
            let headers = headers_of(call.response_metadata());
            let _ = finish.send(outcome.clone().map(|()| headers));
            ran = Some(outcome);
            std::future::pending::<std::convert::Infallible>().await
        };
        let answer = {
            let mut rest = pin!(rest);
            let mut layered = layered;
            poll_fn(|context| {
                if let Poll::Ready(answer) = layered.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                let _: Poll<std::convert::Infallible> = rest.as_mut().poll(context);
                layered.as_mut().poll(context)
            })
            .await
        };
        let response = answer.map_err(failed)?;
        match ran {
            Some(outcome) => {
                *call.response_metadata_mut() = metadata_of(response.headers());
                outcome
            }
            None => answered(&response),
        }
    }
}

#[cfg(test)]
mod tests;
