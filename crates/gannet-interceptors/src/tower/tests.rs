//! Layers that users of tower have, around calls.

use std::sync::Arc;
use std::time::Duration;

use gannet_core::{Code, Status};
use http::{HeaderName, HeaderValue};
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower_http::set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer};
use tower_http::validate_request::ValidateRequestHeaderLayer;

use super::TowerLayer;
use crate::testing::{Handler, call, run};

#[tokio::test(start_paused = true)]
async fn a_time_out_of_a_layer_ends_the_call() {
    let layer = || TimeoutLayer::new(Duration::from_secs(5));
    let mut handler = Handler::new(|_| std::future::pending());
    let status = run(TowerLayer::new(layer()), &mut call(), &mut handler).await.unwrap_err();
    assert_eq!((status.code(), handler.runs), (Code::Unavailable, 1));
    let mapped = TowerLayer::new(layer()).map_error(|error| Status::deadline_exceeded(error.to_string()));
    let status = run(mapped, &mut call(), &mut handler).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_calls_own_status_passes_through_unchanged() {
    let layer = TowerLayer::new(TimeoutLayer::new(Duration::from_secs(5)));
    let mut handler = Handler::new(|_| async { Err(Status::not_found("nobody")) });
    let status = run(layer, &mut call(), &mut handler).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "nobody"));
}

#[tokio::test]
async fn layers_of_headers_change_metadata() {
    let (asked, answered) = (HeaderName::from_static("asked"), HeaderName::from_static("answered"));
    let layers = ServiceBuilder::new()
        .layer(SetRequestHeaderLayer::overriding(asked, HeaderValue::from_static("yes")))
        .layer(SetResponseHeaderLayer::overriding(answered, HeaderValue::from_static("too")));
    let mut call = call();
    call.metadata_mut().insert("own", "kept").unwrap();
    call.metadata_mut().insert_bin("own-bin", [0, 255]).unwrap();
    let mut handler = Handler::new(|call| {
        assert_eq!(call.metadata().get("asked"), Some("yes"));
        assert_eq!(call.metadata().get("own"), Some("kept"));
        assert_eq!(call.metadata().get_bin("own-bin").unwrap(), [0, 255].as_slice());
        call.response_metadata_mut().insert("from", "handler").unwrap();
        std::future::ready(Ok(()))
    });
    run(TowerLayer::new(layers), &mut call, &mut handler).await.unwrap();
    assert_eq!(call.response_metadata().get("answered"), Some("too"));
    assert_eq!(call.response_metadata().get("from"), Some("handler"));
}

#[tokio::test]
async fn a_layer_that_answers_by_itself_ends_the_call() {
    #[allow(deprecated, reason = "the simplest layer that refuses")]
    let layer = || ValidateRequestHeaderLayer::accept("application/json");
    let mut refusing = call();
    refusing.metadata_mut().insert("accept", "text/html").unwrap();
    let mut handler = Handler::ok();
    let status = run(TowerLayer::new(layer()), &mut refusing, &mut handler).await.unwrap_err();
    assert_eq!((status.code(), handler.runs), (Code::Unknown, 0));
    assert!(status.message().contains("406"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_layer_holds_for_all_calls() {
    let layers = ServiceBuilder::new().layer(LoadShedLayer::new()).layer(ConcurrencyLimitLayer::new(1));
    let interceptor = Arc::new(TowerLayer::new(layers));
    let held = Arc::clone(&interceptor);
    let first =
        tokio::spawn(
            async move { run(held, &mut call(), &mut Handler::new(|_| std::future::pending())).await },
        );
    tokio::task::yield_now().await;
    let second = Arc::clone(&interceptor);
    let status = run(second, &mut call(), &mut Handler::ok()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    first.abort();
    assert!(first.await.is_err());
    run(interceptor, &mut call(), &mut Handler::ok()).await.unwrap();
}
