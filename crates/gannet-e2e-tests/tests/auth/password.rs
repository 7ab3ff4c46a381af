//! The article's chapter on tokens: metadata `user` and `password`, `admin` and `admin`.

use gannet::auth::{self, credentials};
use gannet::{Code, Metadata};
use gannet_e2e_tests::probe::ProbeClient;

use crate::support::{ask, paused};
use crate::{all_shapes, assert_all_are, assert_all_fail, start};

#[test]
fn the_articles_user_and_password_pass_in_calls_of_all_shapes() {
    paused(async {
        let (_running, channel) = start(auth::password("admin", "admin"));
        let admin = channel().call_credentials(credentials::password("admin", "admin"));
        assert_all_are(all_shapes(&ProbeClient::new(admin.lazy().unwrap())).await, "admin");
    });
}

#[test]
fn without_or_with_a_wrong_password_calls_of_all_shapes_end_with_the_articles_text() {
    paused(async {
        let (_running, channel) = start(auth::password("admin", "admin"));
        let nobody = ProbeClient::new(channel().lazy().unwrap());
        assert_all_fail(all_shapes(&nobody).await, Code::Unauthenticated, "invalid token");
        for wrong in [
            credentials::password("admin", "wrong"),
            credentials::password("root", "admin"),
            credentials::password("admin", "admin").keys("x-user", "x-password"),
            credentials::basic("admin", "admin"),
        ] {
            let client = ProbeClient::new(channel().call_credentials(wrong).lazy().unwrap());
            assert_all_fail(all_shapes(&client).await, Code::Unauthenticated, "invalid token");
        }
    });
}

#[test]
fn metadata_that_a_client_sets_itself_are_as_good_as_credentials() {
    paused(async {
        let (_running, channel) = start(auth::password("admin", "admin"));
        let client = ProbeClient::new(channel().lazy().unwrap());
        let reply = client.unary(ask("x")).metadata("user", "admin").metadata("password", "admin").await;
        assert_eq!(reply.unwrap().text, "admin");
    });
}

#[test]
fn credentials_of_a_call_are_for_that_call_alone() {
    paused(async {
        let (_running, channel) = start(auth::password("admin", "1").and("reader", "2"));
        let client = ProbeClient::new(channel().lazy().unwrap());
        for (user, password) in [("admin", "1"), ("reader", "2")] {
            let own = credentials::password(user, password);
            assert_eq!(client.unary(ask("x")).call_credentials(own).await.unwrap().text, user);
        }
        assert_eq!(client.unary(ask("x")).await.unwrap_err().code(), Code::Unauthenticated);
    });
}

#[test]
fn credentials_of_the_channel_and_the_same_of_a_call_are_one_too_many() {
    paused(async {
        let (_running, channel) = start(auth::password("admin", "admin"));
        let channel = channel().call_credentials(credentials::password("admin", "admin"));
        let client = ProbeClient::new(channel.lazy().unwrap());
        let twice = client.unary(ask("x")).call_credentials(credentials::password("admin", "admin")).await;
        assert_eq!(twice.unwrap_err().message(), "invalid token");
    });
}

#[test]
fn exempted_methods_need_no_password_and_may_refuse_is_told_apart_from_unknown() {
    paused(async {
        let interceptor = auth::password("admin", "1")
            .and("reader", "2")
            .except("/probe.Probe/Unary")
            .permit(|caller, method| caller.subject() == "admin" || method.name != "Expand");
        let (_running, channel) = start(interceptor);
        let nobody = ProbeClient::new(channel().lazy().unwrap());
        let [unary, expand, ..] = all_shapes(&nobody).await;
        assert_eq!(unary.unwrap(), "nobody");
        assert_eq!(expand.unwrap_err().code(), Code::Unauthenticated);
        let reader = channel().call_credentials(credentials::password("reader", "2"));
        let [_, expand, collect, _] = all_shapes(&ProbeClient::new(reader.lazy().unwrap())).await;
        assert_eq!(expand.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(collect.unwrap(), "reader");
    });
}

#[test]
fn stripped_secrets_do_not_reach_the_handler() {
    paused(async {
        let script = crate::support::Script::new().unary(|request| async move {
            let metadata: &Metadata = request.metadata();
            assert!(!metadata.contains_key("user") && !metadata.contains_key("password"), "{metadata:?}");
            Ok(crate::support::answer(metadata.get("trace").unwrap()).into())
        });
        let server = script.server().intercept(auth::password("admin", "admin").strip());
        let running = crate::support::Running::start(server);
        let call = running.client().unary(ask("x")).metadata("trace", "t1");
        let call = call.metadata("user", "admin").metadata("password", "admin");
        assert_eq!(call.await.unwrap().text, "t1");
    });
}
