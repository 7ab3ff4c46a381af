//! Who calls and what they may do, as users see it: servers with interceptors of `gannet::auth`, clients with call
//! credentials, in plaintext and over TLS.
//!
//! Not here: each kind by itself, which is tested beside the code (`gannet-auth`).

#![allow(clippy::unwrap_used, reason = "all of it is tests; a panic is the report")]

#[allow(dead_code, reason = "made for the tests of bad input")]
#[path = "../bad_input/mod.rs"]
mod bad_input;
mod certificates;
mod password;
mod policy;
mod secrets;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;
mod tokens;

use gannet::auth::Authenticated;
use gannet::{Code, Interceptor, Response, Server, Status};
use gannet_e2e_tests::probe::{Answer, Ask, ProbeClient};

use crate::support::{Running, Script, answer, ask};

/// A server behind an interceptor. Its methods answer with the name of their caller.
fn whoami(interceptor: impl Interceptor) -> Server {
    fn name(extensions: &gannet::Extensions) -> Answer {
        answer(Authenticated::of(extensions).map_or("nobody", |caller| caller.subject()))
    }
    let script = Script::new()
        .unary(|request| async move { Ok(name(request.extensions()).into()) })
        .collect(|mut requests| async move {
            while requests.next().await?.is_some() {}
            Ok::<Response<_>, _>(name(requests.extensions()).into())
        })
        .expand(|request, mut replies| async move { replies.send(name(request.extensions())).await })
        .converse(|mut requests, mut replies| async move {
            while requests.next().await?.is_some() {
                replies.send(name(requests.extensions())).await?;
            }
            Ok(())
        });
    script.server().intercept(interceptor)
}

/// Starts that server, and a channel's settings to it that let credentials go over plaintext.
fn start(interceptor: impl Interceptor) -> (Running, impl Fn() -> gannet::ChannelBuilder) {
    let running = Running::start(whoami(interceptor));
    let connector = running.connector().clone();
    (running, move || gannet::Channel::in_memory(connector.clone()).allow_credentials_over_plaintext())
}

/// One call of each shape; what each came to.
async fn all_shapes(client: &ProbeClient) -> [Result<String, Status>; 4] {
    let unary = client.unary(ask("x")).await.map(|reply| reply.text.clone());
    let mut replies = client.expand(Ask { count: 1, ..ask("x") }).open();
    let expand = replies.next().await.map(|reply| reply.map_or_else(String::new, |reply| reply.text));
    let (mut requests, reply) = client.collect().open();
    // Who is refused may learn it here or below.
    let _ = requests.send(ask("x")).await;
    requests.finish();
    let collect = reply.await.map(|reply| reply.text.clone());
    let (mut requests, mut replies) = client.converse().open();
    let _ = requests.send(ask("x")).await;
    requests.finish();
    let converse = replies.next().await.map(|reply| reply.map_or_else(String::new, |reply| reply.text));
    [unary, expand, collect, converse]
}

/// Every shape was served, and its caller was this one.
fn assert_all_are(outcomes: [Result<String, Status>; 4], name: &str) {
    for outcome in outcomes {
        assert_eq!(outcome.unwrap(), name);
    }
}

/// Every shape was refused so.
fn assert_all_fail(outcomes: [Result<String, Status>; 4], code: Code, message: &str) {
    for outcome in outcomes {
        let status = outcome.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, message));
    }
}
