//! Secrets are in no log and no error, whatever happens to the calls that carry them.

use std::fmt::Write as _;
use std::fs;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use gannet::auth::{self, AuthorizationPolicy, JwtAlgorithm, JwtKeys, JwtVerifier, credentials};
use gannet::{CallCredentials, Interceptor, Status};
use gannet_e2e_tests::probe::ProbeClient;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tracing::Level;

use crate::support::{Running, ask, one_thread};
use crate::{all_shapes, start, whoami};

/// No word of this may be seen.
const PASSWORD: &str = "hunter2hunter2";
const TOKEN: &str = "c2VjcmV0LXRva2Vu";
const KEY: &str = "key-of-the-tokens-that-nobody-else-may-have";
/// `admin` and [`PASSWORD`] as basic has them.
const BASIC: &str = "YWRtaW46aHVudGVyMmh1bnRlcjI=";

fn assert_clean(text: &str, what: &str) {
    for secret in [PASSWORD, TOKEN, KEY, BASIC] {
        assert!(!text.contains(secret), "{secret} is in {what}:\n{text}");
    }
}

/// Runs `test` on one thread; what was logged there at every level.
fn logged(test: impl Future<Output = ()>) -> String {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || one_thread(test));
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Calls with these credentials; all that is said about them.
async fn said(interceptor: impl Interceptor, credentials: impl CallCredentials) -> String {
    let (_running, channel) = start(interceptor);
    let client = ProbeClient::new(channel().call_credentials(credentials).lazy().unwrap());
    let mut all = String::new();
    for outcome in all_shapes(&client).await {
        if let Err(status) = &outcome {
            writeln!(all, "{status}").unwrap();
        }
        writeln!(all, "{outcome:?}").unwrap();
    }
    all
}

#[test]
fn secrets_of_calls_that_pass_and_of_those_that_fail_are_not_seen() {
    let mut seen = String::new();
    let log = logged(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, TOKEN).unwrap();
        let tokens = folder.path().join("tokens");
        fs::write(&tokens, format!("alice {TOKEN}\n")).unwrap();
        let jwt = || {
            let verifier =
                JwtVerifier::builder(JwtKeys::secret(KEY).unwrap()).algorithms([JwtAlgorithm::Hs256]);
            auth::jwt(verifier.issuer("i").audience("a").build().unwrap())
        };
        let failing =
            || credentials::from_fn(|_| async { Err::<gannet::Metadata, _>(std::io::Error::other(TOKEN)) });
        seen += &said(auth::password("admin", PASSWORD), credentials::password("admin", PASSWORD)).await;
        seen += &said(auth::password("admin", "other"), credentials::password("admin", PASSWORD)).await;
        seen += &said(auth::password("admin", PASSWORD), credentials::password("admin", "other")).await;
        seen += &said(auth::basic("admin", PASSWORD), credentials::basic("admin", PASSWORD)).await;
        seen += &said(auth::basic("admin", "other"), credentials::basic("admin", PASSWORD)).await;
        seen += &said(auth::bearer([TOKEN]), credentials::bearer(TOKEN)).await;
        seen += &said(auth::bearer(["b3RoZXI"]), credentials::bearer(TOKEN)).await;
        seen += &said(auth::bearer([format!("{TOKEN} {TOKEN}")]), credentials::bearer(TOKEN)).await;
        seen += &said(auth::bearer_file(&tokens).unwrap(), credentials::bearer_file(&path)).await;
        seen += &said(jwt(), credentials::bearer(TOKEN)).await;
        seen += &said(jwt(), credentials::bearer(format!("{TOKEN}.{TOKEN}.{TOKEN}"))).await;
        seen += &said(auth::bearer([TOKEN]), credentials::bearer(format!("{TOKEN}\u{e9}"))).await;
        // The source of an error is the caller's own; what is said of it is not.
        let (_running, channel) = start(auth::bearer([TOKEN]));
        let client = ProbeClient::new(channel().call_credentials(failing()).lazy().unwrap());
        for outcome in all_shapes(&client).await {
            writeln!(seen, "{}", outcome.unwrap_err()).unwrap();
        }
    });
    assert_clean(&seen, "what callers are told");
    assert_clean(&log, "the log");
    assert!(seen.contains("invalid token") && log.contains("lets nobody pass"), "{seen}\n{log}");
}

#[test]
fn secrets_in_files_that_are_bad_are_not_seen() {
    let mut seen = String::new();
    let log = logged(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad");
        fs::write(&path, format!("{TOKEN} {TOKEN} {TOKEN}\n")).unwrap();
        let mut note = |error: &dyn std::fmt::Debug| writeln!(seen, "{error:?}").unwrap();
        note(&auth::bearer_file(&path).unwrap_err());
        note(&AuthorizationPolicy::from_file(&path).unwrap_err());
        fs::write(&path, format!("{{\"keys\": [{{\"kty\": \"oct\", \"k\": \"{KEY}\", \"use\": \"enc\"}}]}}"))
            .unwrap();
        note(&JwtKeys::jwks_file(&path).unwrap_err());
        fs::write(&path, format!("{{\"keys\": [{{\"kty\": \"oct\", \"k\": \"{KEY}\"")).unwrap();
        note(&JwtKeys::jwks_file(&path).unwrap_err());
        note(&JwtKeys::pem_file(&path).unwrap_err());
        fs::write(&path, format!("{TOKEN} {TOKEN}")).unwrap();
        let running = Running::start(whoami(auth::bearer([TOKEN])));
        let channel = running.channel().allow_credentials_over_plaintext();
        let channel = channel.call_credentials(credentials::bearer_file(&path));
        let status: Status = ProbeClient::new(channel.lazy().unwrap()).unary(ask("x")).await.unwrap_err();
        note(&status);
    });
    assert_clean(&seen, "errors");
    assert_clean(&log, "the log");
}

/// A stream that keeps what is written to it.
struct Recorded {
    stream: DuplexStream,
    written: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.written.lock().unwrap().extend_from_slice(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[test]
fn secrets_are_never_indexed_in_the_compression_of_headers() {
    one_thread(async {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let serving = tokio::spawn(whoami(auth::bearer([TOKEN])).serve_connection(theirs));
        let written = Arc::default();
        let pipe = Mutex::new(Some(Recorded { stream: ours, written: Arc::clone(&written) }));
        let connect = move || {
            std::future::ready(pipe.lock().unwrap().take().ok_or_else(|| std::io::Error::other("one only")))
        };
        let channel = gannet::Channel::over("pipe", connect).allow_credentials_over_plaintext();
        let client = ProbeClient::new(channel.call_credentials(credentials::bearer(TOKEN)).lazy().unwrap());
        for _ in 0..3 {
            client.unary(ask("x")).await.unwrap();
        }
        drop(client);
        serving.await.unwrap();
        // A literal that is never indexed, with the name of entry 23, `authorization` (RFC 7541 §6.2.3 and appendix A).
        let written = written.lock().unwrap();
        assert_eq!(written.windows(2).filter(|pair| *pair == [0x1f, 0x08]).count(), 3);
    });
}
