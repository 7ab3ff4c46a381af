//! The health service without a server: what it answers, who is woken, what is forgotten.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, Wake, Waker};

use gannet_core::Code;

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a watch says now; `Pending`: nothing.
fn poll(watch: &mut Watch, waker: &Waker) -> Poll<Option<WireStatus>> {
    let polled = pin!(watch.next()).poll(&mut Context::from_waker(waker));
    polled.map(|next| next.map(|response| response.status.as_known().expect("a known status")))
}

fn next(watch: &mut Watch) -> Poll<Option<WireStatus>> {
    poll(watch, Waker::noop())
}

fn told(status: WireStatus) -> Poll<Option<WireStatus>> {
    Poll::Ready(Some(status))
}

fn ask(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

fn health() -> (HealthReporter, Health) {
    let reporter = HealthReporter::new();
    (reporter.clone(), Health::new(reporter))
}

#[test]
fn check_tells_the_status_of_the_named_service_and_not_found_for_others() {
    let (reporter, health) = health();
    reporter.set_serving("");
    reporter.set("a.A", ServingStatus::NotServing);
    reporter.set("b.B", ServingStatus::Unknown);
    let status = |service: &str| health.check(&ask(service)).map(|response| response.status);
    assert_eq!(status("").unwrap(), WireStatus::SERVING);
    assert_eq!(status("a.A").unwrap(), WireStatus::NOT_SERVING);
    assert_eq!(status("b.B").unwrap(), WireStatus::UNKNOWN);
    assert_eq!(status("c.C").unwrap_err().code(), Code::NotFound);
    reporter.clear("a.A");
    assert_eq!(status("a.A").unwrap_err().code(), Code::NotFound);
}

#[test]
fn registering_leaves_a_status_that_was_set_before() {
    let reporter = HealthReporter::new();
    reporter.set_not_serving("a.A");
    reporter.register(["", "a.A", "b.B"]);
    assert_eq!(reporter.status("a.A"), Some(ServingStatus::NotServing));
    assert_eq!(reporter.status("b.B"), Some(ServingStatus::Serving));
    assert_eq!(reporter.status(""), Some(ServingStatus::Serving));
}

#[test]
fn list_gives_every_service_that_has_a_status() {
    let (reporter, health) = health();
    reporter.register(["", "a.A"]);
    reporter.set_not_serving("a.A");
    let mut watch = health.watch(ask("nobody")).unwrap();
    assert!(next(&mut watch).is_ready() && next(&mut watch).is_pending());
    let listed = health.list().unwrap().statuses;
    let mut listed: Vec<_> = listed.into_iter().map(|(name, response)| (name, response.status)).collect();
    listed.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        listed,
        [(String::new(), WireStatus::SERVING.into()), ("a.A".to_owned(), WireStatus::NOT_SERVING.into())]
    );
}

#[test]
fn list_fails_with_more_than_a_hundred_services() {
    let (reporter, health) = health();
    for number in 0..100 {
        reporter.set_serving(&format!("service.Number{number}"));
    }
    assert_eq!(health.list().unwrap().statuses.len(), 100);
    reporter.set_serving("");
    let status = health.list().unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("100"), "{status}");
    reporter.clear("service.Number7");
    assert!(health.list().is_ok());
}

#[test]
fn a_watch_tells_the_status_there_is_and_then_each_change() {
    let (reporter, health) = health();
    reporter.set_serving("a.A");
    let mut watch = health.watch(ask("a.A")).unwrap();
    assert_eq!(next(&mut watch), told(WireStatus::SERVING));
    assert_eq!(next(&mut watch), Poll::Pending);
    reporter.set_serving("a.A");
    assert_eq!(next(&mut watch), Poll::Pending, "nothing has changed");
    reporter.set_not_serving("a.A");
    assert_eq!(next(&mut watch), told(WireStatus::NOT_SERVING));
    assert_eq!(next(&mut watch), Poll::Pending);
}

#[test]
fn an_unknown_service_can_be_watched_until_it_is_known_and_after_it_is_forgotten() {
    let (reporter, health) = health();
    let mut watch = health.watch(ask("later.Service")).unwrap();
    assert_eq!(next(&mut watch), told(WireStatus::SERVICE_UNKNOWN));
    assert_eq!(next(&mut watch), Poll::Pending);
    reporter.set_serving("later.Service");
    assert_eq!(next(&mut watch), told(WireStatus::SERVING));
    reporter.clear("later.Service");
    assert_eq!(next(&mut watch), told(WireStatus::SERVICE_UNKNOWN));
    assert_eq!(next(&mut watch), Poll::Pending);
}

#[test]
fn a_slow_watcher_is_told_the_latest_status_only() {
    let (reporter, health) = health();
    reporter.set_serving("a.A");
    let mut watch = health.watch(ask("a.A")).unwrap();
    assert_eq!(next(&mut watch), told(WireStatus::SERVING));
    for _ in 0..1000 {
        reporter.set_not_serving("a.A");
        reporter.set_serving("a.A");
    }
    assert_eq!(next(&mut watch), Poll::Pending, "it is as it was told last");
    reporter.set_not_serving("a.A");
    reporter.set("a.A", ServingStatus::Unknown);
    assert_eq!(next(&mut watch), told(WireStatus::UNKNOWN));
}

#[test]
fn a_watcher_is_woken_by_changes_of_its_own_service_and_once_for_each_time_it_waits() {
    let (reporter, health) = health();
    reporter.register(["a.A", "b.B"]);
    let mut watch = health.watch(ask("a.A")).unwrap();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(Arc::clone(&counter));
    assert!(poll(&mut watch, &waker).is_ready());
    assert!(poll(&mut watch, &waker).is_pending());
    reporter.set_not_serving("b.B");
    reporter.set_serving("a.A");
    assert_eq!(counter.count(), 0);
    reporter.set_not_serving("a.A");
    reporter.set_serving("a.A");
    assert_eq!(counter.count(), 1);
    assert!(poll(&mut watch, &waker).is_pending());
    reporter.set_not_serving("a.A");
    assert_eq!(counter.count(), 2);
}

#[test]
fn the_last_waker_of_a_watch_is_the_one_that_is_woken() {
    let (reporter, health) = health();
    let mut watch = health.watch(ask("a.A")).unwrap();
    let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    assert!(poll(&mut watch, &Waker::from(Arc::clone(&first))).is_ready());
    assert!(poll(&mut watch, &Waker::from(Arc::clone(&first))).is_pending());
    assert!(poll(&mut watch, &Waker::from(Arc::clone(&second))).is_pending());
    reporter.set_serving("a.A");
    assert_eq!((first.count(), second.count()), (0, 1));
}

#[test]
fn dropped_watches_are_forgotten() {
    let (reporter, health) = health();
    reporter.set_serving("known.Service");
    let watches: Vec<Watch> = (0..100)
        .map(|number| {
            let service =
                if number % 2 == 0 { "known.Service".to_owned() } else { format!("nobody{number}") };
            let mut watch = health.watch(ask(&service)).unwrap();
            assert!(next(&mut watch).is_ready() && next(&mut watch).is_pending());
            watch
        })
        .collect();
    assert_eq!(reporter.tracked_names(), 51);
    drop(watches);
    assert_eq!(reporter.tracked_names(), 1);
    // One that was never asked has left nothing either.
    drop(health.watch(ask("nobody")).unwrap());
    assert_eq!(reporter.tracked_names(), 1);
}

#[test]
fn a_long_name_that_is_nobody_s_is_not_watched() {
    let (reporter, health) = health();
    let long = "x".repeat(MAX_UNKNOWN_NAME + 1);
    assert_eq!(health.watch(ask(&long)).unwrap_err().code(), Code::InvalidArgument);
    assert!(health.watch(ask(&long[1..])).is_ok());
    reporter.set_serving(&long);
    assert_eq!(next(&mut health.watch(ask(&long)).unwrap()), told(WireStatus::SERVING));
}

#[test]
fn a_shutdown_makes_all_not_serving_until_it_is_taken_back() {
    let (reporter, health) = health();
    reporter.register(["", "a.A"]);
    let mut watch = health.watch(ask("a.A")).unwrap();
    let mut unknown = health.watch(ask("later.Service")).unwrap();
    assert!(next(&mut watch).is_ready() && next(&mut unknown).is_ready());
    reporter.shutdown();
    assert_eq!(next(&mut watch), told(WireStatus::NOT_SERVING));
    reporter.set_serving("a.A");
    reporter.set_serving("later.Service");
    reporter.clear("");
    assert_eq!(reporter.status("a.A"), Some(ServingStatus::NotServing));
    assert_eq!(reporter.status("later.Service"), None);
    assert_eq!(reporter.status(""), Some(ServingStatus::NotServing));
    reporter.register(["later.Service"]);
    assert_eq!(next(&mut unknown), told(WireStatus::NOT_SERVING));
    reporter.resume();
    assert_eq!(next(&mut watch), told(WireStatus::SERVING));
    assert_eq!(reporter.status("later.Service"), Some(ServingStatus::Serving));
    reporter.set_not_serving("a.A");
    assert_eq!(next(&mut watch), told(WireStatus::NOT_SERVING));
}

#[test]
fn ended_watches_tell_the_latest_status_and_then_end() {
    let (reporter, health) = health();
    reporter.set_serving("a.A");
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(Arc::clone(&counter));
    let mut waiting = health.watch(ask("a.A")).unwrap();
    let mut unknown = health.watch(ask("nobody")).unwrap();
    for watch in [&mut waiting, &mut unknown] {
        assert!(poll(watch, &waker).is_ready() && poll(watch, &waker).is_pending());
    }
    reporter.shutdown();
    health.end_watches();
    assert_eq!(counter.count(), 2, "both are woken, once");
    assert_eq!(next(&mut waiting), told(WireStatus::NOT_SERVING));
    assert_eq!(next(&mut waiting), Poll::Ready(None));
    assert_eq!(next(&mut unknown), Poll::Ready(None));
    let mut late = health.watch(ask("a.A")).unwrap();
    assert_eq!(next(&mut late), told(WireStatus::NOT_SERVING));
    assert_eq!(next(&mut late), Poll::Ready(None));
}

#[test]
fn the_end_of_one_server_s_watches_is_not_that_of_another_s_with_the_same_reporter() {
    let (reporter, health) = health();
    let other = Health::new(reporter.clone());
    reporter.set_serving("a.A");
    let mut watch = other.watch(ask("a.A")).unwrap();
    assert!(next(&mut watch).is_ready() && next(&mut watch).is_pending());
    health.end_watches();
    assert_eq!(next(&mut watch), Poll::Pending);
    reporter.set_not_serving("a.A");
    assert_eq!(next(&mut watch), told(WireStatus::NOT_SERVING));
}

/// Unparks a thread.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn no_wake_up_is_lost_between_threads() {
    let (reporter, health) = health();
    let health = Arc::new(health);
    reporter.set_serving("a.A");
    let watchers: Vec<_> = (0..4)
        .map(|_| {
            let mut watch = health.watch(ask("a.A")).unwrap();
            std::thread::spawn(move || {
                let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
                let mut last = None;
                loop {
                    match poll(&mut watch, &waker) {
                        Poll::Ready(Some(status)) => last = Some(status),
                        Poll::Ready(None) => return last,
                        Poll::Pending => std::thread::park(),
                    }
                }
            })
        })
        .collect();
    for number in 0..10_000 {
        let status = if number % 2 == 0 { ServingStatus::NotServing } else { ServingStatus::Serving };
        reporter.set("a.A", status);
    }
    reporter.set("a.A", ServingStatus::Unknown);
    health.end_watches();
    for watcher in watchers {
        assert_eq!(watcher.join().unwrap(), Some(WireStatus::UNKNOWN));
    }
    assert_eq!(reporter.tracked_names(), 1);
}

#[test]
fn debug_shows_the_statuses() {
    let reporter = HealthReporter::new();
    reporter.set_serving("a.A");
    assert_eq!(format!("{reporter:?}"), r#"{"a.A": Serving}"#);
}
