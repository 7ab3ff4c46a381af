//! All kinds of call credentials, on a paused clock.

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gannet_core::{CallCredentials, Code, CredentialsRequest, Metadata, Status};
use tokio::sync::Notify;
use tokio::time::advance;

use super::*;
use crate::testing::{SAY_HELLO, eventually, metadata};

const AUDIENCE: &str = "https://example.org/helloworld.Greeter";

async fn made(credentials: &impl CallCredentials) -> Result<Metadata, Status> {
    credentials.metadata(&CredentialsRequest::new(&SAY_HELLO, AUDIENCE)).await
}

/// The token that is sent.
async fn sent(credentials: &impl CallCredentials) -> Result<String, Status> {
    let metadata = made(credentials).await?;
    assert_eq!(metadata.len(), 1);
    let value = metadata.get("authorization").unwrap();
    Ok(value.strip_prefix("Bearer ").unwrap().to_owned())
}

/// Lets all tasks run that can.
async fn quiet() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn fixed_credentials_are_the_same_for_every_call() {
    let user = [("user", "admin"), ("password", "hunter2")];
    let own = [("x-user", "admin"), ("x-password", "hunter2")];
    for (credentials, expected) in [
        (password("admin", "hunter2"), &user[..]),
        (password("admin", "hunter2").keys("X-User", "x-password"), &own),
        (bearer("c2VjcmV0"), &[("authorization", "Bearer c2VjcmV0")]),
        (basic("Aladdin", "open sesame"), &[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]),
    ] {
        assert_eq!(made(&credentials).await.unwrap(), metadata(expected));
        assert!(credentials.requires_transport_security());
        let shown = format!("{credentials:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("c2VjcmV0") && !shown.contains("QWxh"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_sent_ends_the_call_and_is_not_shown() {
    for credentials in
        [password("admin", "h\u{fc}nter"), bearer("h\u{fc}nter"), password("a", "b").keys("te", "p")]
    {
        let status = made(&credentials).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(!format!("{status:?}").contains("nter"), "{status:?}");
    }
}

#[tokio::test]
async fn composed_credentials_send_both_and_are_as_careful_as_the_more_careful() {
    let both = compose(password("a", "b"), bearer("c"));
    let expected = metadata(&[("user", "a"), ("password", "b"), ("authorization", "Bearer c")]);
    assert_eq!(made(&both).await.unwrap(), expected);
    assert!(both.requires_transport_security());
    assert!(compose(allow_plaintext(password("a", "b")), bearer("c")).requires_transport_security());
    assert!(compose(password("a", "b"), allow_plaintext(bearer("c"))).requires_transport_security());
    let open = compose(allow_plaintext(password("a", "b")), allow_plaintext(bearer("c")));
    assert!(!open.requires_transport_security());
    assert_eq!(made(&open).await.unwrap(), expected);
}

#[tokio::test]
async fn a_function_sees_what_is_called() {
    let credentials = from_fn(|requested: Requested| async move {
        let mut metadata = Metadata::new();
        metadata.insert("for", format!("{} {}", requested.method().name, requested.audience()))?;
        Ok::<_, Status>(metadata)
    });
    assert_eq!(
        made(&credentials).await.unwrap().get("for"),
        Some("SayHello https://example.org/helloworld.Greeter")
    );
}

#[tokio::test]
async fn errors_become_unauthenticated_or_unavailable() {
    for (status, code) in [
        (Status::unauthenticated("no"), Code::Unauthenticated),
        (Status::unavailable("later"), Code::Unavailable),
        (Status::invalid_argument("what"), Code::Unavailable),
        (Status::deadline_exceeded("slow"), Code::Unavailable),
    ] {
        let message = status.message().to_owned();
        let credentials = from_fn(move |_| {
            let status = status.clone();
            async move { Err::<Metadata, _>(status) }
        });
        let error = made(&credentials).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.message().contains(&message), "{error}");
    }
    // An error of another kind may show anything.
    let credentials = from_fn(|_| async { Err::<Metadata, _>(std::io::Error::other("token hunter2")) });
    let error = made(&credentials).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(!error.message().contains("hunter2"), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "token hunter2");
}

/// Counts fetches and numbers their tokens, which last for an hour.
fn counted() -> (Arc<AtomicUsize>, Cached) {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let credentials = cached(move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Ok::<_, Infallible>(Token::new(format!("t{number}")).expires_in(Duration::from_secs(3600))) }
    });
    (fetches, credentials)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_and_anew_before_it_ends() {
    let (fetches, credentials) = counted();
    assert_eq!(sent(&credentials).await.unwrap(), "t1");
    advance(Duration::from_secs(3600 - 92)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "t1");
    quiet().await;
    assert_eq!(fetches.load(Ordering::Relaxed), 1);

    // Less than a minute before it is used no more: the old one still serves, and another comes in the background.
    advance(Duration::from_secs(3)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "t1");
    quiet().await;
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
    assert_eq!(sent(&credentials).await.unwrap(), "t2");

    // Nobody asked for long: there is none, and none was fetched.
    advance(Duration::from_secs(100_000)).await;
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
    assert_eq!(sent(&credentials).await.unwrap(), "t3");

    credentials.forget();
    assert_eq!(sent(&credentials).await.unwrap(), "t4");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lasts_is_fetched_once() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let credentials = cached(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, Infallible>(Token::new("a")) }
    });
    assert_eq!(sent(&credentials).await.unwrap(), "a");
    advance(Duration::from_secs(1_000_000)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "a");
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_at_the_same_time_share_one_fetch_which_outlives_those_who_give_up() {
    let (fetches, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, waits) = (Arc::clone(&fetches), Arc::clone(&go_on));
    let credentials = cached(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let waits = Arc::clone(&waits);
        async move {
            waits.notified().await;
            Ok::<_, Infallible>(Token::new("shared"))
        }
    });
    let spawn = || {
        let credentials = credentials.clone();
        tokio::spawn(async move { sent(&credentials).await })
    };
    let first = spawn();
    quiet().await;
    let others: Vec<_> = (0..20).map(|_| spawn()).collect();
    quiet().await;
    first.abort();
    quiet().await;
    go_on.notify_one();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), "shared");
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_there_is_a_wait_in_which_calls_end_with_it() {
    let (fetches, broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
    let (count, breaks) = (Arc::clone(&fetches), Arc::clone(&broken));
    let credentials = cached(move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let breaks = breaks.load(Ordering::Relaxed);
        async move {
            if breaks {
                return Err(Status::unavailable(format!("attempt {number}")));
            }
            Ok(Token::new("good").expires_in(Duration::from_secs(120)))
        }
    });
    for _ in 0..5 {
        let error = sent(&credentials).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().contains("attempt 1"), "{error}");
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);

    // The first wait is of 1 s, the second of 1.6 s, each ± 20 %.
    advance(Duration::from_millis(1201)).await;
    assert!(sent(&credentials).await.unwrap_err().message().contains("attempt 2"));
    advance(Duration::from_millis(1200)).await;
    assert!(sent(&credentials).await.unwrap_err().message().contains("attempt 2"));
    broken.store(false, Ordering::Relaxed);
    advance(Duration::from_millis(800)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "good");
    assert_eq!(fetches.load(Ordering::Relaxed), 3);

    // A failure in the background leaves the old one in use, until it ends.
    broken.store(true, Ordering::Relaxed);
    advance(Duration::from_secs(31)).await;
    for _ in 0..3 {
        assert_eq!(sent(&credentials).await.unwrap(), "good");
        quiet().await;
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 4);
    advance(Duration::from_secs(60)).await;
    assert!(sent(&credentials).await.unwrap_err().message().contains("attempt 5"));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_or_never_ends_is_unavailable_and_tried_again() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let credentials = cached(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            match number {
                0 => std::panic::resume_unwind(Box::new("a bug")),
                1 => std::future::pending().await,
                _ => Ok::<_, Infallible>(Token::new("good")),
            }
        }
    });
    let panicked = sent(&credentials).await.unwrap_err();
    assert_eq!(panicked.code(), Code::Unavailable);
    assert!(panicked.message().contains("panicked"), "{panicked}");
    assert!(sent(&credentials).await.unwrap_err().message().contains("panicked"));
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
    advance(Duration::from_secs(2)).await;
    let hung = sent(&credentials).await.unwrap_err();
    assert_eq!(hung.code(), Code::Unavailable);
    assert!(hung.message().contains("30 s"), "{hung}");
    advance(Duration::from_secs(2)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "good");
}

#[tokio::test]
async fn each_audience_has_its_own_token() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let credentials = cached_by_audience(move |audience: String| {
        count.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(Token::new(URL_SAFE_NO_PAD.encode(audience))) }
    });
    let of = async |audience: &str| {
        credentials.metadata(&CredentialsRequest::new(&SAY_HELLO, audience)).await.unwrap()
    };
    for _ in 0..2 {
        for audience in ["https://a/x", "https://b/x"] {
            let expected = format!("Bearer {}", URL_SAFE_NO_PAD.encode(audience));
            assert_eq!(of(audience).await.get("authorization"), Some(expected.as_str()));
        }
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
    credentials.forget();
    of("https://a/x").await;
    assert_eq!(fetches.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_number_of_audiences_is_bounded() {
    let credentials = cached_by_audience(|_| async { Ok::<_, Infallible>(Token::new("a")) });
    for number in 0..1000 {
        let audience = format!("https://host{number}/x");
        credentials.metadata(&CredentialsRequest::new(&SAY_HELLO, &audience)).await.unwrap();
    }
    assert!(credentials.len() <= 256);
}

/// A token that nobody signed, with these claims.
fn jwt(claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(claims), encode("signature"))
}

/// As [`jwt`], with an expiry so many seconds from now.
fn expiring(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    jwt(&format!("{{\"exp\":{}}}", now.checked_add_signed(seconds).unwrap()))
}

struct File {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl File {
    fn new(content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, content).unwrap();
        Self { _folder: folder, path }
    }

    fn write(&self, content: &str) {
        fs::write(&self.path, content).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_jwt_from_a_file_is_kept_until_shortly_before_it_expires() {
    let (first, second) = (expiring(3600), expiring(7200));
    let file = File::new(&format!("{first}\n"));
    let credentials = bearer_file(&file.path);
    assert_eq!(sent(&credentials).await.unwrap(), first);
    file.write(&second);
    advance(Duration::from_secs(3600 - 95)).await;
    assert_eq!(sent(&credentials).await.unwrap(), first);
    advance(Duration::from_secs(10)).await;
    // Read again in the background.
    assert_eq!(sent(&credentials).await.unwrap(), first);
    eventually(async || sent(&credentials).await.unwrap() == second).await;
}

#[tokio::test(start_paused = true)]
async fn a_jwt_that_has_ended_is_waited_for_and_its_failure_waited_out() {
    let first = expiring(100);
    let file = File::new(&first);
    let credentials = bearer_file(&file.path);
    assert_eq!(sent(&credentials).await.unwrap(), first);
    fs::remove_file(&file.path).unwrap();
    advance(Duration::from_secs(69)).await;
    assert_eq!(sent(&credentials).await.unwrap(), first);
    advance(Duration::from_secs(2)).await;
    assert_eq!(sent(&credentials).await.unwrap_err().code(), Code::Unavailable);
    let second = expiring(1000);
    file.write(&second);
    assert_eq!(sent(&credentials).await.unwrap_err().code(), Code::Unavailable);
    advance(Duration::from_secs(5)).await;
    assert_eq!(sent(&credentials).await.unwrap(), second);
}

#[tokio::test(start_paused = true)]
async fn a_file_without_a_usable_token_says_what_is_wrong() {
    let expired = expiring(-1);
    for (content, told) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("two words", "no bearer token"),
        ("s\u{e9}cret", "no bearer token"),
        (&jwt("{}"), "does not say when it expires"),
        (&jwt(r#"{"exp":"tomorrow"}"#), "does not say when it expires"),
        (&jwt(r#"{"exp":-5}"#), "does not say when it expires"),
        (&jwt(r#"{"exp":1e300}"#), "does not say when it expires"),
        (&jwt("no JSON"), "does not say when it expires"),
        (&expired, "has expired"),
    ] {
        let file = File::new(content);
        let status = sent(&bearer_file(&file.path)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{content}");
        assert!(status.message().contains(told), "{status}");
        assert!(status.message().contains(file.path.to_str().unwrap()), "{status}");
        assert!(content.trim().is_empty() || !status.message().contains(content.trim()), "{status}");
    }
    let missing = sent(&bearer_file("none/there")).await.unwrap_err();
    assert_eq!(missing.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn another_token_is_read_again_and_stays_when_its_file_is_bad() {
    let file = File::new("b3BhcXVl");
    let credentials = bearer_file(&file.path);
    assert_eq!(sent(&credentials).await.unwrap(), "b3BhcXVl");
    file.write("b3RoZXI=");
    advance(Duration::from_secs(29)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "b3BhcXVl");
    // Nobody asked for so long that the old one would be too old.
    advance(Duration::from_secs(60)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "b3RoZXI=");
    for bad in ["", "two words"] {
        file.write(bad);
        advance(Duration::from_secs(600)).await;
        assert_eq!(sent(&credentials).await.unwrap(), "b3RoZXI=");
    }
    // Dots alone make no JWT.
    file.write("a.b.c");
    credentials.forget();
    assert_eq!(sent(&credentials).await.unwrap(), "a.b.c");
}

#[test]
fn debug_shows_no_token() {
    let token = Token::new("hunter2").expires_in(Duration::from_secs(1));
    let credentials = compose(bearer("hunter2"), from_fn(|_| async { Ok::<_, Infallible>(Metadata::new()) }));
    let shown = format!("{token:?} {credentials:?} {:?} {:?}", counted().1, bearer_file("a"));
    assert!(!shown.contains("hunter2"), "{shown}");
}
