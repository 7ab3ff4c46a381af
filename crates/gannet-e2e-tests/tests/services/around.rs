//! What surrounds services surrounds these too: interceptors of the server see their calls and messages.

use std::sync::{Arc, Mutex};

use gannet::{Call, Code, Interceptor, Next, Server, Status};
use gannet_e2e_tests::grpc::health::v1::{HealthCheckRequest, HealthClient};
use gannet_e2e_tests::grpc::reflection::v1alpha::{ServerReflectionClient, ServerReflectionRequest};

use crate::support::{Running, paused};

/// Lets calls with the right word pass, and writes down the type of each message.
struct Guard(Arc<Mutex<Vec<String>>>);

impl Interceptor for Guard {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        if call.metadata().get("word") != Some("open") {
            return Err(Status::unauthenticated("say the word"));
        }
        let (requests, replies) = (Arc::clone(&self.0), Arc::clone(&self.0));
        call.on_request(move |message| {
            requests.lock().unwrap().push(message.name().to_owned());
            Ok(())
        });
        call.on_reply(move |message| {
            replies.lock().unwrap().push(message.name().to_owned());
            Ok(())
        });
        next.run(call).await
    }
}

#[test]
fn interceptors_of_the_server_are_around_health_and_reflection_whatever_the_order_of_calls() {
    paused(async {
        let seen = Arc::default();
        let server = Server::new().health().intercept(Guard(Arc::clone(&seen))).reflection();
        let running = Running::start(server);
        let health = HealthClient::new(running.channel().lazy().unwrap());
        let status = health.check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        health.check(HealthCheckRequest::default()).metadata("word", "open").await.unwrap();

        let reflection = ServerReflectionClient::new(running.channel().lazy().unwrap());
        let (_requests, mut refused) = reflection.server_reflection_info().open();
        assert_eq!(refused.next().await.unwrap_err().code(), Code::Unauthenticated);
        let (mut requests, mut responses) =
            reflection.server_reflection_info().metadata("word", "open").open();
        requests.send(ServerReflectionRequest::default()).await.unwrap();
        assert!(responses.next().await.unwrap().is_some());
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "grpc.health.v1.HealthCheckRequest",
                "grpc.health.v1.HealthCheckResponse",
                "grpc.reflection.v1alpha.ServerReflectionRequest",
                "grpc.reflection.v1alpha.ServerReflectionResponse",
            ]
        );
        drop(running);
    });
}
