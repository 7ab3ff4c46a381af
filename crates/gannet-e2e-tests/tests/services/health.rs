//! The health service: what it says of a server, and the end of a server that has it.

use std::time::Duration;

use gannet::health::{HealthReporter, ServingStatus};
use gannet::{Code, Server, Status, Streaming};
use gannet_e2e_tests::grpc::health::v1::health_check_response::ServingStatus as Reported;
use gannet_e2e_tests::grpc::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthClient, HealthListRequest,
};
use tokio::time::Instant;

use crate::support::{Running, Script, all_quiet, ask, paused, tasks_are, threads};

const PROBE: &str = "probe.Probe";

fn client(running: &Running) -> HealthClient {
    HealthClient::new(running.channel().lazy().unwrap())
}

async fn check(health: &HealthClient, service: &str) -> Result<Reported, Status> {
    let response = health.check(HealthCheckRequest { service: service.to_owned() }).await?;
    Ok(response.status.as_known().expect("a known status"))
}

fn watch(health: &HealthClient, service: &str) -> Streaming<HealthCheckResponse> {
    health.watch(HealthCheckRequest { service: service.to_owned() }).open()
}

/// The next status of a watch; `None` at its clean end.
async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Option<Reported> {
    let response = watch.next().await.unwrap()?;
    Some(response.status.as_known().expect("a known status"))
}

#[test]
fn every_service_of_a_server_is_serving_whatever_the_order_of_calls() {
    paused(async {
        // Health first, then a service that it has to know of all the same.
        let server = Server::new().health().add(gannet_e2e_tests::probe::ProbeServer::new(Script::new()));
        let running = Running::start(server);
        let health = client(&running);
        for service in ["", PROBE, "grpc.health.v1.Health"] {
            assert_eq!(check(&health, service).await.unwrap(), Reported::SERVING, "{service}");
        }
        let status = check(&health, "probe.Second").await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{status}");
        let listed = health.list(HealthListRequest {}).await.unwrap().into_inner().statuses;
        let mut names: Vec<_> = listed.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["", "grpc.health.v1.Health", PROBE]);
        drop(running);
    });
}

#[test]
fn what_the_application_reports_is_what_clients_are_told() {
    paused(async {
        let reporter = HealthReporter::new();
        reporter.set_not_serving(PROBE);
        let running = Running::start(Script::new().server().health_with(reporter.clone()));
        let health = client(&running);
        assert_eq!(check(&health, PROBE).await.unwrap(), Reported::NOT_SERVING);
        assert_eq!(check(&health, "").await.unwrap(), Reported::SERVING);
        reporter.set_serving(PROBE);
        reporter.set("database", ServingStatus::Unknown);
        assert_eq!(check(&health, PROBE).await.unwrap(), Reported::SERVING);
        assert_eq!(check(&health, "database").await.unwrap(), Reported::UNKNOWN);
        reporter.clear("database");
        assert_eq!(check(&health, "database").await.unwrap_err().code(), Code::NotFound);
        drop(running);
    });
}

#[test]
fn list_fails_with_more_services_than_it_may_give() {
    paused(async {
        let reporter = HealthReporter::new();
        for number in 0..100 {
            reporter.set_serving(&format!("part.Number{number}"));
        }
        let running = Running::start(Server::new().health_with(reporter));
        let status = client(&running).list(HealthListRequest {}).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        drop(running);
    });
}

#[test]
fn a_watch_follows_a_service_through_being_unknown_and_back() {
    paused(async {
        let reporter = HealthReporter::new();
        let running = Running::start(Server::new().health_with(reporter.clone()));
        let health = client(&running);
        let mut watch = watch(&health, "database");
        assert_eq!(next(&mut watch).await, Some(Reported::SERVICE_UNKNOWN));
        reporter.set_serving("database");
        assert_eq!(next(&mut watch).await, Some(Reported::SERVING));
        // What is set again is not told again.
        reporter.set_serving("database");
        all_quiet().await;
        reporter.set_not_serving("database");
        assert_eq!(next(&mut watch).await, Some(Reported::NOT_SERVING));
        reporter.clear("database");
        assert_eq!(next(&mut watch).await, Some(Reported::SERVICE_UNKNOWN));
        drop(running);
    });
}

#[test]
fn a_watcher_that_leaves_leaves_nothing_behind() {
    paused(async {
        let running = Running::start(Server::new().health());
        let health = client(&running);
        let mut watches: Vec<_> = (0..50).map(|_| watch(&health, PROBE)).collect();
        for watch in &mut watches {
            assert_eq!(next(watch).await, Some(Reported::SERVICE_UNKNOWN));
        }
        // `serve`, each side of the connection, and the handler of each watch: no task beside them.
        tasks_are(3 + 50).await;
        drop(watches);
        tasks_are(3).await;
        drop(running);
    });
}

#[test]
fn all_watchers_hear_of_what_another_thread_sets() {
    threads(async {
        let reporter = HealthReporter::new();
        let running = Running::start(Script::new().server().health_with(reporter.clone()));
        let clients: Vec<_> = (0..4).map(|_| client(&running)).collect();
        let watchers: Vec<_> = (0..200)
            .map(|number| {
                let mut watch = watch(&clients[number % 4], PROBE);
                tokio::spawn(async move {
                    let mut last = None;
                    while last != Some(Reported::UNKNOWN) {
                        last = next(&mut watch).await;
                        assert!(last.is_some(), "the watch ended");
                    }
                })
            })
            .collect();
        let setter = std::thread::spawn(move || {
            for number in 0..1000 {
                let status = if number % 2 == 0 { ServingStatus::NotServing } else { ServingStatus::Serving };
                reporter.set(PROBE, status);
            }
            reporter.set(PROBE, ServingStatus::Unknown);
        });
        for watcher in watchers {
            watcher.await.unwrap();
        }
        setter.join().unwrap();
        drop((running, clients));
    });
}

#[test]
fn a_drain_tells_watchers_first_and_does_not_wait_for_them() {
    paused(async {
        let mut running = Running::start(Script::new().server().health());
        let health = client(&running);
        let mut whole = watch(&health, "");
        let mut unknown = watch(&health, "nobody");
        assert_eq!(next(&mut whole).await, Some(Reported::SERVING));
        assert_eq!(next(&mut unknown).await, Some(Reported::SERVICE_UNKNOWN));
        let started = Instant::now();
        running.shut_down();
        assert_eq!(next(&mut whole).await, Some(Reported::NOT_SERVING));
        assert_eq!(next(&mut whole).await, None, "a clean end");
        assert_eq!(next(&mut unknown).await, None, "a clean end");
        running.ended().await;
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        tasks_are(0).await;
    });
}

#[test]
fn without_health_a_drain_waits_for_streams_as_ever() {
    paused(async {
        let mut running = Running::start(Script::new().server().drain_timeout(Duration::from_secs(7)));
        let (mut requests, mut replies) = running.client().converse().open();
        requests.send(ask("x")).await.unwrap();
        assert!(replies.next().await.unwrap().is_some());
        let started = Instant::now();
        running.shut_down();
        assert_eq!(replies.next().await.unwrap_err().code(), Code::Unavailable);
        running.ended().await;
        assert!(started.elapsed() >= Duration::from_secs(7));
    });
}

#[test]
fn during_the_notice_a_server_serves_on_and_says_that_it_will_not() {
    paused(async {
        let notice = Duration::from_secs(10);
        let mut running = Running::start(Script::new().server().health().drain_notice(notice));
        let health = client(&running);
        let mut watch = watch(&health, PROBE);
        assert_eq!(next(&mut watch).await, Some(Reported::SERVING));
        let started = Instant::now();
        running.shut_down();
        assert_eq!(next(&mut watch).await, Some(Reported::NOT_SERVING));
        // Old and new connections are served, and hear the same.
        assert_eq!(check(&health, "").await.unwrap(), Reported::NOT_SERVING);
        let late = running.client();
        assert_eq!(late.unary(ask("late")).await.unwrap().text, "late");
        assert_eq!(check(&client(&running), PROBE).await.unwrap(), Reported::NOT_SERVING);
        assert!(started.elapsed() < notice && !running.has_ended());
        // The watch lasts as long as the notice, so that its client does not come back for another.
        assert_eq!(next(&mut watch).await, None);
        assert!(started.elapsed() >= notice);
        running.ended().await;
        assert!(started.elapsed() < notice + Duration::from_secs(1));
    });
}

#[test]
fn servers_that_share_a_reporter_say_the_same_and_end_each_for_itself() {
    paused(async {
        let reporter = HealthReporter::new();
        let mut main = Running::start(Script::new().server().health_with(reporter.clone()));
        let admin = Running::start(Server::new().health_with(reporter));
        let health = client(&admin);
        let mut watch = watch(&health, PROBE);
        assert_eq!(next(&mut watch).await, Some(Reported::SERVING));
        main.shut_down();
        assert_eq!(next(&mut watch).await, Some(Reported::NOT_SERVING));
        main.ended().await;
        // The admin port is still there to ask.
        assert_eq!(check(&health, PROBE).await.unwrap(), Reported::NOT_SERVING);
        drop(admin);
        assert!(watch.next().await.is_err(), "dropped, not drained");
    });
}

#[test]
#[should_panic(expected = "the service grpc.health.v1.Health was added twice")]
fn health_is_added_once() {
    drop(Server::new().health().health_with(HealthReporter::new()));
}
