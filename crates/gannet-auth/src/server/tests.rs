//! Every kind of credentials through its interceptor, without a connection.

use gannet_core::{Call, Code, Interceptor, MethodDescriptor, MethodKind, Side, Status};
use proptest::prelude::*;

use super::*;
use crate::testing::{SAY_HELLO, Seen, greet, logged, metadata, serve};
use crate::{Scheme, Secret, Subject};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn refused(interceptor: &(impl Interceptor + Clone), entries: &[(&str, &str)]) -> Status {
    greet(interceptor, entries).await.unwrap_err()
}

fn caller(seen: &Seen) -> (&str, Scheme) {
    let caller = seen.caller.as_ref().expect("who passes is known");
    (caller.subject(), caller.scheme())
}

fn challenges(status: &Status) -> Vec<&str> {
    status.metadata().get_all("www-authenticate").collect()
}

#[tokio::test]
async fn the_articles_user_and_password_pass_and_anything_else_is_an_invalid_token() {
    let admin = password("admin", "admin");
    let seen = greet(&admin, &[("user", "admin"), ("password", "admin")]).await.unwrap();
    assert_eq!(caller(&seen), ("admin", Scheme::Password));
    let long = "a".repeat(1 << 20);
    for entries in [
        &[][..],
        &[("user", "admin")],
        &[("password", "admin")],
        &[("user", "admin"), ("password", "Admin")],
        &[("user", "admin"), ("password", "")],
        &[("user", ""), ("password", "")],
        &[("user", "root"), ("password", "admin")],
        &[("user", "adminadmin"), ("password", "")],
        &[("user", "admin"), ("user", "admin"), ("password", "admin")],
        &[("user", "admin"), ("password", "admin"), ("password", "admin")],
        &[("user", "admin"), ("password", &long)],
        &[("authorization", "Basic YWRtaW46YWRtaW4=")],
    ] {
        let status = refused(&admin, entries).await;
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "invalid token"));
        assert!(challenges(&status).is_empty());
    }
}

#[tokio::test]
async fn several_users_each_have_their_own_password_and_other_keys_can_be_used() {
    let both = password("a", "1").and("b", "2").keys("x-user", "X-Password");
    for (user, secret, passes) in [("a", "1", true), ("b", "2", true), ("a", "2", false), ("b", "1", false)] {
        let outcome = greet(&both, &[("x-user", user), ("x-password", secret)]).await;
        assert_eq!(outcome.is_ok(), passes, "{user} {secret}");
    }
    assert_eq!(refused(&both, &[("user", "a"), ("password", "1")]).await.message(), "invalid token");
}

#[tokio::test]
async fn a_check_decides_about_users_and_may_end_the_call_its_own_way() {
    let check = password_check(|user, secret| async move {
        match user.as_str() {
            "down" => Err(Status::unavailable("the users cannot be looked up now")),
            _ => Ok((secret == Secret::from("x")).then(|| Subject::from(user).with(7_u8))),
        }
    });
    let seen = greet(&check, &[("user", "a"), ("password", "x")]).await.unwrap();
    assert_eq!(seen.caller.unwrap().get::<u8>(), Some(&7));
    assert_eq!(refused(&check, &[("user", "a"), ("password", "y")]).await.message(), "invalid token");
    let down = refused(&check, &[("user", "down"), ("password", "x")]).await;
    assert_eq!(down.code(), Code::Unavailable);
}

#[test]
#[should_panic(expected = "let the check know")]
fn a_user_cannot_be_added_to_a_check() {
    let _ = password_check(|_, _| async { Ok(None) }).and("a", "b");
}

#[tokio::test]
async fn bearer_tokens_pass_and_name_whom_they_stand_for() {
    let known = bearer(["dG9rZW4="]).token("alice", "YWxpY2U");
    let seen = greet(&known, &[("authorization", "Bearer dG9rZW4=")]).await.unwrap();
    assert_eq!(caller(&seen), ("", Scheme::Bearer));
    let seen = greet(&known, &[("authorization", "bearer YWxpY2U")]).await.unwrap();
    assert_eq!(caller(&seen), ("alice", Scheme::Bearer));
}

#[tokio::test]
async fn a_call_with_a_wrong_bearer_token_is_told_what_is_wrong_as_the_rfc_has_it() {
    let known = bearer(["dG9rZW4"]);
    let long = format!("Bearer {}", "a".repeat(1 << 20));
    let with = |error: &str| format!("Bearer realm=\"helloworld.Greeter\"{error}");
    for (entries, told, error) in [
        (&[][..], "says not who calls", ""),
        (&[("token", "dG9rZW4")], "says not who calls", ""),
        (&[("authorization", "Basic YTpi")], "another scheme", ""),
        (&[("authorization", "dG9rZW4")], "another scheme", ""),
        (&[("authorization", "")], "another scheme", ""),
        (&[("authorization", "Bearer wrong")], "invalid token", ", error=\"invalid_token\""),
        (&[("authorization", "Bearer")], "nothing behind", ", error=\"invalid_request\""),
        (&[("authorization", "Bearer a b")], "malformed", ", error=\"invalid_request\""),
        (&[("authorization", &long)], "longer than 16 KiB", ", error=\"invalid_request\""),
        (
            &[("authorization", "Bearer dG9rZW4"), ("authorization", "Bearer dG9rZW4")],
            "more than once",
            ", error=\"invalid_request\"",
        ),
    ] {
        let status = refused(&known, entries).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().contains(told), "{status}");
        assert_eq!(challenges(&status), [with(error)], "{told}");
    }
}

#[test]
fn a_bearer_token_that_cannot_be_sent_lets_nobody_pass_and_is_complained_of() {
    let mut known = None;
    let log = logged(|| known = Some(bearer(["", "bad token"]).token("alice", "\u{fc}")));
    assert_eq!(log.matches("lets nobody pass").count(), 3, "{log}");
    assert!(log.contains("of alice") && !log.contains("bad token") && !log.contains('\u{fc}'), "{log}");
    let status = block_on(refused(&known.unwrap(), &[("authorization", "Bearer bad token")]));
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_file_of_tokens_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, "# of the operators\n\nb3Blbg==\n  alice\tYWxpY2U \r\n").unwrap();
    let known = bearer_file(&path).unwrap();
    for (token, subject) in [("b3Blbg==", ""), ("YWxpY2U", "alice")] {
        let seen = greet(&known, &[("authorization", &format!("Bearer {token}"))]).await.unwrap();
        assert_eq!(caller(&seen), (subject, Scheme::Bearer));
    }
    std::fs::write(&path, "bmV3").unwrap();
    known.reload().unwrap();
    assert!(greet(&known, &[("authorization", "Bearer bmV3")]).await.is_ok());
    assert!(greet(&known, &[("authorization", "Bearer YWxpY2U")]).await.is_err());
    for (bad, told) in [
        ("", "has no token"),
        ("# nothing\n", "has no token"),
        ("ok\na b c", "line 2 is neither"),
        ("alice s\u{e9}cret", "line 1 has no token"),
    ] {
        std::fs::write(&path, bad).unwrap();
        let error = known.reload().unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("cret"), "{error}");
        assert!(greet(&known, &[("authorization", "Bearer bmV3")]).await.is_ok());
    }
    std::fs::write(&path, [0xff]).unwrap();
    assert!(bearer_file(&path).unwrap_err().to_string().contains("UTF-8"));
}

#[tokio::test]
async fn basic_passes_and_is_challenged() {
    let known = basic("Aladdin", "open sesame").and("b", "").realm("the \"cave\"");
    let seen = greet(&known, &[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]).await.unwrap();
    assert_eq!(caller(&seen), ("Aladdin", Scheme::Basic));
    for (value, told) in [
        ("Basic QWxhZGRpbjpvcGVu", "invalid user or password"),
        ("Basic", "nothing behind"),
        ("Basic !", "malformed"),
        ("Bearer abc", "another scheme"),
    ] {
        let status = refused(&known, &[("authorization", value)]).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().contains(told), "{status}");
        assert_eq!(challenges(&status), [r#"Basic realm="the \"cave\"", charset="UTF-8""#]);
    }
}

#[tokio::test]
async fn a_check_of_the_servers_own_sees_the_call() {
    let check = token(|presented| async move {
        assert_eq!(presented.method().name, "SayHello");
        assert!(presented.connection().is_none());
        match presented.bearer()? {
            "a" => Ok(Subject::from(presented.only("tenant")?.to_owned())),
            "b" => Err(Status::permission_denied("b may not")),
            _ => Err(Status::unauthenticated("unknown")),
        }
    });
    let seen = greet(&check, &[("authorization", "Bearer a"), ("tenant", "blue")]).await.unwrap();
    assert_eq!(caller(&seen), ("blue", Scheme::Custom));
    for (entries, code) in [
        (&[][..], Code::Unauthenticated),
        (&[("authorization", "Bearer a")], Code::Unauthenticated),
        (&[("authorization", "Bearer b")], Code::PermissionDenied),
        (&[("authorization", "Bearer c")], Code::Unauthenticated),
    ] {
        assert_eq!(refused(&check, entries).await.code(), code, "{entries:?}");
    }
}

#[tokio::test]
async fn exempted_methods_pass_without_a_caller() {
    static CHECK: MethodDescriptor = MethodDescriptor::new(
        "/grpc.health.v1.Health/Check",
        "grpc.health.v1.Health",
        "Check",
        MethodKind::Unary,
    );
    let admin = password("admin", "admin").except("/grpc.health.v1.Health/*").strip();
    let call = Call::new(Side::Server, &CHECK).with(metadata(&[("password", "x"), ("a", "b")]), None, None);
    let seen = serve(&admin, call).await.unwrap();
    assert!(seen.caller.is_none());
    assert_eq!(seen.metadata, metadata(&[("a", "b")]));
    assert!(greet(&admin, &[]).await.is_err());
}

#[tokio::test]
async fn secrets_are_stripped_if_asked_for_and_only_then() {
    let entries = [("user", "admin"), ("password", "admin"), ("trace", "1")];
    let seen = greet(&password("admin", "admin"), &entries).await.unwrap();
    assert_eq!(seen.metadata, metadata(&entries));
    let seen = greet(&password("admin", "admin").strip(), &entries).await.unwrap();
    assert_eq!(seen.metadata, metadata(&[("trace", "1")]));

    let bearer = bearer(["a"]).strip();
    let seen = greet(&bearer, &[("authorization", "Bearer a"), ("trace", "1")]).await.unwrap();
    assert_eq!(seen.metadata, metadata(&[("trace", "1")]));

    let own = token(|_| async { Ok("a".into()) }).secret_keys(["x-api-key"]).strip();
    let seen = greet(&own, &[("x-api-key", "k"), ("authorization", "Bearer a")]).await.unwrap();
    assert_eq!(seen.metadata, metadata(&[("authorization", "Bearer a")]));
}

#[tokio::test]
async fn who_is_known_and_may_not_is_denied_permission() {
    let known = password("admin", "1").and("reader", "2");
    let known = known.permit(|caller, method| caller.subject() == "admin" || method.name != "SayHello");
    assert!(greet(&known, &[("user", "admin"), ("password", "1")]).await.is_ok());
    let status = refused(&known, &[("user", "reader"), ("password", "2")]).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("/helloworld.Greeter/SayHello"), "{status}");
    assert_eq!(refused(&known, &[]).await.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn either_of_two_kinds_is_enough_and_the_refusal_is_of_the_one_that_was_sent() {
    let both = bearer(["a"]).or(basic("u", "p")).strip();
    let seen = greet(&both, &[("authorization", "Bearer a")]).await.unwrap();
    assert_eq!(caller(&seen), ("", Scheme::Bearer));
    let seen = greet(&both, &[("authorization", "Basic dTpw")]).await.unwrap();
    assert_eq!(caller(&seen), ("u", Scheme::Basic));
    assert!(seen.metadata.is_empty());
    let neither = refused(&both, &[]).await;
    assert_eq!(challenges(&neither).len(), 2, "{neither:?}");
    let wrong_basic = refused(&both, &[("authorization", "Basic dTp4")]).await;
    assert_eq!(wrong_basic.message(), "invalid user or password");
    let wrong_bearer = refused(&both, &[("authorization", "Bearer b")]).await;
    assert_eq!(wrong_bearer.message(), "invalid token");
}

#[tokio::test]
async fn a_client_cannot_have_an_interceptor_of_servers() {
    let call = Call::new(Side::Client, &SAY_HELLO);
    let status = serve(&password("admin", "admin"), call).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("belongs on a server"), "{status}");
}

#[test]
fn debug_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, "c2VjcmV0").unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        password("admin", "c2VjcmV0"),
        bearer(["c2VjcmV0"]),
        bearer_file(&path).unwrap(),
        basic("admin", "c2VjcmV0").or(bearer(["c2VjcmV0"])),
    );
    assert!(!shown.contains("c2VjcmV0"), "{shown}");
    let call = Call::new(Side::Server, &SAY_HELLO);
    let call = call.with(metadata(&[("authorization", "c2VjcmV0"), ("password", "c2VjcmV0")]), None, None);
    assert!(!format!("{call:?}").contains("c2VjcmV0"), "{call:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent: who is not known does not pass, nothing panics, and no refusal shows what was sent.
    #[test]
    fn nobody_passes_with_what_is_not_known(
        user in "[ -~]{0,12}",
        secret in "[ -~]{8,24}",
        scheme in prop::sample::select(vec!["Bearer ", "Basic ", "bearer", "", "Digest "]),
    ) {
        let authorization = format!("{scheme}{secret}");
        let entries =
            [("user", user.as_str()), ("password", secret.as_str()), ("authorization", authorization.as_str())];
        let all = password("admin", "admin").or(bearer(["dG9rZW4"])).or(basic("admin", "admin"));
        let known = user.trim() == "admin" && secret.trim() == "admin";
        match block_on(greet(&all, &entries)) {
            Ok(_) => prop_assert!(known),
            Err(status) => {
                prop_assert_eq!(status.code(), Code::Unauthenticated);
                let shown = format!("{status:?}");
                prop_assert!(secret.trim().len() < 4 || !shown.contains(secret.trim()), "{}", shown);
            }
        }
    }
}
