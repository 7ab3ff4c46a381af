//! A span around each call, and a line at its end.

use std::time::Instant;

use gannet_core::{Call, CallEnd, Code, Interceptor, Next, Side, Status};
use tracing::{Instrument, Level, Span};

/// Puts a `tracing` span around each call, and logs its end in it.
///
/// The span is `grpc`, at INFO; its fields are `side`, `rpc.service`, `rpc.method` and, on a server, `peer`. The line
/// at the end has `code`, `elapsed` and, for a failure, `message`. Calls that succeed are logged at DEBUG, those whose
/// code blames the caller at INFO, those whose code blames this side at WARN (see [`Code`]); so is everything at the
/// level of [`Trace::all_at`], if that is set. Neither metadata nor messages are logged.
///
/// What happens inside, in the handler and in other interceptors, is logged within the span.
///
/// ```
/// use gannet_interceptors::Trace;
///
/// let trace = Trace::new();
/// # let _ = trace;
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace {
    all_at: Option<Level>,
}

impl Trace {
    /// Spans, and lines at levels that go by the code.
    pub const fn new() -> Self {
        Self { all_at: None }
    }

    /// Logs the end of every call at this level, whatever its code.
    pub const fn all_at(mut self, level: Level) -> Self {
        self.all_at = Some(level);
        self
    }

    fn span(call: &Call) -> Span {
        let method = call.method();
        let side = match call.side() {
            Side::Client => "client",
            Side::Server => "server",
        };
        let span = tracing::info_span!(
            "grpc",
            side,
            rpc.service = method.service,
            rpc.method = method.name,
            peer = tracing::field::Empty,
        );
        if let Some(peer) = call.connection().and_then(|connection| connection.remote_address()) {
            span.record("peer", tracing::field::display(peer));
        }
        span
    }
}

/// The level that a code deserves.
fn level_of(code: Code, side: Side) -> Level {
    match code {
        Code::Ok => Level::DEBUG,
        Code::Unknown | Code::Internal | Code::DataLoss | Code::Unimplemented => Level::WARN,
        Code::Unavailable | Code::DeadlineExceeded if side == Side::Client => Level::WARN,
        _ => Level::INFO,
    }
}

macro_rules! at {
    ($level:expr, $($field:tt)*) => {
        match $level {
            Level::ERROR => tracing::error!($($field)*),
            Level::WARN => tracing::warn!($($field)*),
            Level::INFO => tracing::info!($($field)*),
            Level::DEBUG => tracing::debug!($($field)*),
            Level::TRACE => tracing::trace!($($field)*),
        }
    };
}

fn log(end: &CallEnd, level: Level, started: Instant) {
    let (code, elapsed) = (end.code().name(), started.elapsed());
    match end.status() {
        Ok(()) => at!(level, code, ?elapsed, "the call ended"),
        Err(status) => at!(level, code, ?elapsed, message = status.message(), "the call failed"),
    }
}

impl Interceptor for Trace {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        let span = Self::span(call);
        let (started, all_at, side, of_end) = (Instant::now(), self.all_at, call.side(), span.clone());
        call.on_end(move |end| {
            let level = all_at.unwrap_or_else(|| level_of(end.code(), side));
            of_end.in_scope(|| log(end, level, started));
        });
        next.run(call).instrument(span).await
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::testing::{Handler, call, run};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged of one call.
    async fn logged(trace: Trace, mut handler: Handler) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let mut call = call();
        let outcome = run(trace, &mut call, &mut handler).await;
        call.ended(&outcome);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn what_happens_inside_and_the_end_are_logged_in_the_span() {
        let handler = Handler::new(|_| async {
            tracing::info!("inside");
            Ok(())
        });
        let log = logged(Trace::new(), handler).await;
        let span = r#"grpc{side="server" rpc.service="t.Test" rpc.method="Say"}"#;
        let lines: Vec<_> = log.lines().collect();
        assert!(lines[0].contains(span) && lines[0].ends_with("inside"), "{log}");
        assert!(lines[1].contains("DEBUG") && lines[1].contains(span), "{log}");
        assert!(lines[1].contains(r#"code="OK""#) && lines[1].contains("elapsed="), "{log}");
    }

    #[tokio::test]
    async fn the_level_goes_by_the_code() {
        let failing = |status: Status| Handler::new(move |_| std::future::ready(Err(status.clone())));
        let log = logged(Trace::new(), failing(Status::internal("broken"))).await;
        assert!(log.contains("WARN") && log.contains("INTERNAL") && log.contains("broken"), "{log}");
        let log = logged(Trace::new(), failing(Status::not_found("nobody"))).await;
        assert!(log.contains("INFO") && !log.contains("WARN"), "{log}");
        let log = logged(Trace::new().all_at(Level::ERROR), Handler::ok()).await;
        assert!(log.contains("ERROR") && log.contains("OK"), "{log}");
    }
}
