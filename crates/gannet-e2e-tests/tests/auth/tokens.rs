//! Tokens of `authorization`: bearer, basic, JSON Web Tokens, a check of the server's own.

use std::convert::Infallible;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gannet::auth::{self, JwtAlgorithm, JwtKeys, JwtVerifier, Subject, credentials};
use gannet::{CallCredentials, Code, Status};
use gannet_e2e_tests::probe::ProbeClient;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use crate::support::{Running, ask, one_thread, paused};
use crate::{all_shapes, assert_all_are, start, whoami};

fn client(channel: gannet::ChannelBuilder, credentials: impl CallCredentials) -> ProbeClient {
    ProbeClient::new(channel.call_credentials(credentials).lazy().unwrap())
}

#[test]
fn a_bearer_token_passes_and_a_wrong_one_is_told_so() {
    paused(async {
        let (_running, channel) = start(auth::bearer(["dG9rZW4"]).token("alice", "YWxpY2U"));
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("YWxpY2U"))).await, "alice");
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("dG9rZW4"))).await, "");
        for outcome in all_shapes(&client(channel(), credentials::bearer("wrong"))).await {
            let status = outcome.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "invalid token"));
            let challenge = r#"Bearer realm="probe.Probe", error="invalid_token""#;
            assert_eq!(status.metadata().get("www-authenticate"), Some(challenge));
        }
    });
}

#[test]
fn basic_passes_next_to_bearer() {
    paused(async {
        let (_running, channel) = start(auth::bearer(["dG9rZW4"]).or(auth::basic("admin", "p\u{e4}ss")));
        assert_all_are(
            all_shapes(&client(channel(), credentials::basic("admin", "p\u{e4}ss"))).await,
            "admin",
        );
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("dG9rZW4"))).await, "");
        let wrong = client(channel(), credentials::basic("admin", "pass")).unary(ask("x")).await.unwrap_err();
        assert_eq!(wrong.message(), "invalid user or password");
        let nothing = ProbeClient::new(channel().lazy().unwrap()).unary(ask("x")).await.unwrap_err();
        let challenges: Vec<_> = nothing.metadata().get_all("www-authenticate").collect();
        assert_eq!(challenges.len(), 2, "{challenges:?}");
    });
}

#[test]
fn two_tokens_in_one_call_are_refused() {
    paused(async {
        let (_running, channel) = start(auth::bearer(["dG9rZW4"]));
        let both = credentials::compose(credentials::bearer("dG9rZW4"), credentials::bearer("dG9rZW4"));
        let status = client(channel(), both).unary(ask("x")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().contains("more than once"), "{status}");
    });
}

#[test]
fn credentials_of_two_kinds_go_together() {
    paused(async {
        let check = auth::token(|presented| async move {
            let (token, user) = (presented.bearer()?, presented.only("user")?);
            assert_eq!(presented.only("password")?, "p");
            Ok(Subject::from(format!("{token} {user} {}", presented.method().name)))
        });
        let (_running, channel) = start(check);
        let both = credentials::compose(credentials::bearer("t"), credentials::password("u", "p"));
        let names = all_shapes(&client(channel(), both)).await.map(Result::unwrap);
        assert_eq!(names, ["t u Unary", "t u Expand", "t u Collect", "t u Converse"]);
    });
}

#[test]
fn a_check_that_takes_time_is_waited_for_and_ends_with_the_calls_deadline() {
    paused(async {
        let check = auth::token(|presented| async move {
            match presented.bearer()? {
                "slow" => tokio::time::sleep(Duration::from_secs(1)).await,
                "never" => std::future::pending().await,
                "forbidden" => return Err(Status::permission_denied("not you")),
                _ => {}
            }
            Ok(Subject::from("it"))
        });
        let (_running, channel) = start(check);
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("slow"))).await, "it");
        let never = client(channel(), credentials::bearer("never"));
        let overdue = never.unary(ask("x")).timeout(Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(overdue.code(), Code::DeadlineExceeded);
        let forbidden =
            client(channel(), credentials::bearer("forbidden")).unary(ask("x")).await.unwrap_err();
        assert_eq!((forbidden.code(), forbidden.message()), (Code::PermissionDenied, "not you"));
    });
}

#[test]
fn a_check_that_panics_ends_the_call_and_not_the_server() {
    one_thread(async {
        let check = auth::token(|presented| async move {
            assert_ne!(presented.bearer()?, "panic", "a bug in the check");
            Ok(Subject::from("it"))
        });
        let (_running, channel) = start(check);
        for outcome in all_shapes(&client(channel(), credentials::bearer("panic"))).await {
            assert_eq!(outcome.unwrap_err().code(), Code::Internal);
        }
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("fine"))).await, "it");
    });
}

#[test]
fn tokens_in_files_are_exchanged_on_both_sides_while_calls_go_on() {
    one_thread(async {
        let folder = tempfile::tempdir().unwrap();
        let (known, own) = (folder.path().join("known"), folder.path().join("own"));
        fs::write(&known, "old b2xk\n").unwrap();
        fs::write(&own, "b2xk").unwrap();
        let server = auth::bearer_file(&known).unwrap();
        let (_running, channel) = start(server.clone());
        let token = credentials::bearer_file(&own);
        let client = client(channel(), token.clone());
        assert_all_are(all_shapes(&client).await, "old");

        fs::write(&known, "old b2xk\nnew bmV3\n").unwrap();
        server.reload().unwrap();
        fs::write(&own, "bmV3").unwrap();
        token.forget();
        assert_all_are(all_shapes(&client).await, "new");
        fs::write(&known, "").unwrap();
        assert!(server.reload().is_err());
        assert_all_are(all_shapes(&client).await, "new");
    });
}

#[test]
fn a_server_sees_by_itself_that_its_file_has_changed() {
    paused(async {
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known");
        fs::write(&known, "old b2xk\n").unwrap();
        let server = auth::bearer_file(&known).unwrap().reload_every(Duration::from_secs(5));
        let (_running, channel) = start(server);
        let (old, new) = (credentials::bearer("b2xk"), credentials::bearer("bmV3"));
        let (old, new) = (client(channel(), old), client(channel(), new));
        assert!(new.unary(ask("x")).await.is_err());
        fs::write(&known, "new bmV3\n").unwrap();
        while old.unary(ask("x")).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(new.unary(ask("x")).await.unwrap().text, "new");
    });
}

#[test]
fn a_token_that_is_fetched_is_fetched_once_for_many_calls() {
    paused(async {
        let (_running, channel) = start(auth::bearer::<&str>([]).token("it", "ZmV0Y2hlZA"));
        let fetches = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetches);
        let token = credentials::cached(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let token = credentials::Token::new("ZmV0Y2hlZA");
                Ok::<_, Infallible>(token.expires_in(Duration::from_secs(3600)))
            }
        });
        let client = client(channel(), token);
        let calls = (0..50).map(|_| async { client.unary(ask("x")).await.unwrap().text.clone() });
        assert!(futures_util::future::join_all(calls).await.iter().all(|name| name == "it"));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_token_that_cannot_be_had_ends_calls_before_they_are_sent() {
    paused(async {
        let (_running, channel) = start(auth::bearer(["a"]));
        for (status, code) in [
            (Status::unauthenticated("log in first"), Code::Unauthenticated),
            (Status::internal("the issuer is down"), Code::Unavailable),
        ] {
            let told = status.message().to_owned();
            let broken = credentials::cached(move || {
                let status = status.clone();
                async move { Err::<credentials::Token, _>(status) }
            });
            for outcome in all_shapes(&client(channel(), broken)).await {
                let status = outcome.unwrap_err();
                assert_eq!(status.code(), code);
                assert!(status.message().contains(&told), "{status}");
            }
        }
    });
}

const SECRET: &[u8] = b"a secret that has thirty-two bytes or more";

/// A token of `alice` for this many seconds from now.
fn jwt(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "sub": "alice",
        "iss": "https://issuer.example.org",
        "aud": "https://api.example.org",
        "exp": now.checked_add_signed(seconds).unwrap(),
    });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

#[test]
fn a_json_web_token_passes_until_it_expires() {
    one_thread(async {
        let verifier = JwtVerifier::builder(JwtKeys::secret(SECRET).unwrap())
            .algorithms([JwtAlgorithm::Hs256])
            .issuer("https://issuer.example.org")
            .audience("https://api.example.org");
        let (_running, channel) = start(auth::jwt(verifier.build().unwrap()));
        assert_all_are(all_shapes(&client(channel(), credentials::bearer(jwt(60)))).await, "alice");
        for (token, told) in [
            (jwt(-61), "the token has expired"),
            (jwt(60).replace('.', "x"), "the token is no JSON Web Token"),
            (jwt(60) + "AA", "the signature of the token is wrong"),
        ] {
            for outcome in all_shapes(&client(channel(), credentials::bearer(token.as_str()))).await {
                let status = outcome.unwrap_err();
                assert_eq!(status.code(), Code::Unauthenticated);
                assert!(
                    status.message().contains(told) || status.message().contains("malformed"),
                    "{status}"
                );
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, jwt(3600)).unwrap();
        assert_all_are(all_shapes(&client(channel(), credentials::bearer_file(&path))).await, "alice");
        // A token that has expired is not sent at all.
        fs::write(&path, jwt(-1)).unwrap();
        let status = client(channel(), credentials::bearer_file(&path)).unary(ask("x")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(
            status.message().contains("has expired") && status.message().contains("token file"),
            "{status}"
        );
    });
}

#[test]
fn a_token_of_a_megabyte_is_refused_and_the_server_goes_on() {
    one_thread(async {
        let huge = credentials::bearer("a".repeat(1 << 20));
        // By the limit on metadata, before anybody looks for a token.
        let (_running, channel) = start(auth::bearer(["dG9rZW4"]));
        let refused = client(channel(), huge.clone()).unary(ask("x")).await.unwrap_err();
        assert_ne!(refused.code(), Code::Internal, "{refused}");
        assert_all_are(all_shapes(&client(channel(), credentials::bearer("dG9rZW4"))).await, "");

        // By the interceptor, where the limit is higher.
        let mut config = gannet::http2::Config::default();
        config.max_header_list_size = 4 << 20;
        config.budgets.max_block_bytes = 4 << 20;
        config.budgets.continuation_frames_per_block = 1024;
        let running = Running::start(whoami(auth::bearer(["dG9rZW4"])).http2(config));
        let channel = running.channel().allow_credentials_over_plaintext().call_credentials(huge);
        let refused = ProbeClient::new(channel.lazy().unwrap()).unary(ask("x")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
        assert!(refused.message().contains("longer than 16 KiB"), "{refused}");
    });
}
