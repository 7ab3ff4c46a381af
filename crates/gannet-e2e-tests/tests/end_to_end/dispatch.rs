//! Where handlers run: on the connection's task or on one of their own. A handler's task tells.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gannet::{Dispatch, Server, ServiceExt};
use gannet_e2e_tests::probe::{Ask, ProbeServer};
use tokio::task::Id;

use crate::support::{Running, Script, ask, echo, one_thread, paused};

/// On which tasks the handlers of a server run.
type Tasks = Arc<Mutex<Vec<Id>>>;

/// Notes its task. A text of "long" makes the first poll take long, "later" makes it end at the second.
fn noting(tasks: &Tasks) -> Script {
    let tasks = Arc::clone(tasks);
    Script::new().unary(move |request| {
        let tasks = Arc::clone(&tasks);
        async move {
            if request.text == "later" {
                tokio::task::yield_now().await;
            }
            if request.text == "long" {
                let started = Instant::now();
                while started.elapsed() < Duration::from_millis(5) {
                    std::hint::spin_loop();
                }
            }
            tasks.lock().unwrap().push(tokio::task::id());
            Ok(echo(request.into_inner()).into())
        }
    })
}

/// The tasks of calls with these texts, one after the other over one connection.
async fn tasks_of(server: impl FnOnce(ProbeServer<Script>) -> Server, texts: &[&str]) -> Vec<Id> {
    let tasks = Tasks::default();
    let running = Running::start(server(ProbeServer::new(noting(&tasks))));
    let client = running.client();
    for text in texts {
        client.unary(ask(text)).await.unwrap();
    }
    std::mem::take(&mut *tasks.lock().unwrap())
}

fn all_same(tasks: &[Id]) -> bool {
    tasks.iter().all(|task| *task == tasks[0])
}

fn all_differ(tasks: &[Id]) -> bool {
    (1..tasks.len()).all(|index| !tasks[..index].contains(&tasks[index]))
}

#[test]
fn quick_handlers_run_on_the_connections_task() {
    paused(async {
        let tasks = tasks_of(|service| Server::new().add(service), &["a"; 10]).await;
        assert!(all_same(&tasks), "{tasks:?}");
    });
}

#[test]
fn handlers_that_wait_move_to_tasks_of_their_own() {
    paused(async {
        let tasks = tasks_of(|service| Server::new().add(service), &["later"; 5]).await;
        assert!(all_differ(&tasks), "{tasks:?}");
    });
}

#[test]
fn spawned_handlers_have_tasks_of_their_own_from_the_start() {
    paused(async {
        let server = |service| Server::new().dispatch(Dispatch::Spawn).add(service);
        let tasks = tasks_of(server, &["a"; 5]).await;
        assert!(all_differ(&tasks), "{tasks:?}");
    });
}

#[test]
fn a_handler_that_takes_long_makes_the_next_calls_spawn() {
    one_thread(async {
        let tasks = tasks_of(|service| Server::new().add(service), &["long", "a", "b"]).await;
        assert!(all_differ(&tasks), "{tasks:?}");
    });
}

#[test]
fn in_place_handlers_stay_in_place_however_long_they_take() {
    one_thread(async {
        let server = |service| Server::new().dispatch(Dispatch::InPlace).add(service);
        let tasks = tasks_of(server, &["long", "long", "a"]).await;
        assert!(all_same(&tasks), "{tasks:?}");
    });
}

#[test]
fn a_services_dispatch_goes_before_the_servers_and_a_methods_before_both() {
    paused(async {
        let spawn = |service: ProbeServer<Script>| {
            Server::new().dispatch(Dispatch::InPlace).add(service.dispatch(Dispatch::Spawn))
        };
        assert!(all_differ(&tasks_of(spawn, &["a"; 3]).await));
        let method = |service: ProbeServer<Script>| {
            let service = service.method_dispatch("Unary", Dispatch::InPlace).dispatch(Dispatch::Spawn);
            Server::new().dispatch(Dispatch::Spawn).add(service)
        };
        assert!(all_same(&tasks_of(method, &["a"; 3]).await));
    });
}

#[test]
#[should_panic(expected = "the service probe.Probe has no method Nothing")]
fn the_dispatch_of_a_method_that_is_not_there_is_refused() {
    let _ = ProbeServer::new(Script::new()).method_dispatch("Nothing", Dispatch::Spawn);
}

#[test]
#[should_panic(expected = "added twice")]
fn a_service_added_twice_is_refused() {
    let _ = Server::new().add(ProbeServer::new(Script::new())).add(ProbeServer::new(Script::new()));
}

#[test]
fn calls_that_are_spawned_overtake_each_other() {
    paused(async {
        let script = Script::new().unary(|request| async move {
            tokio::time::sleep(Duration::from_secs(u64::from(request.count))).await;
            Ok(echo(request.into_inner()).into())
        });
        let (client, _running) = script.start();
        let slow = tokio::spawn(client.unary(Ask { count: 60, ..ask("slow") }).into_future());
        for _ in 0..10 {
            client.unary(Ask { count: 1, ..ask("quick") }).await.unwrap();
        }
        assert!(!slow.is_finished());
        assert_eq!(slow.await.unwrap().unwrap().text, "slow");
    });
}
