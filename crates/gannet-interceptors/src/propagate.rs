//! From the call that a server answers to the calls that it makes for that.

use std::sync::Arc;

use gannet_core::{Call, Deadline, Interceptor, Metadata, Next, Side, Status};

tokio::task_local! {
    /// What the call that is being answered passes on.
    static INCOMING: Arc<Incoming>;
}

#[derive(Debug, Default)]
struct Incoming {
    metadata: Metadata,
    deadline: Option<Deadline>,
}

/// Passes metadata and the deadline of an incoming call on to the calls made while it is answered.
///
/// The same interceptor stands around the server and around the channels that its handlers use. What it knows holds on
/// the handler's own task: a task that the handler spawns makes calls of its own account.
///
/// ```
/// use gannet_interceptors::Propagate;
///
/// let propagate = Propagate::new(["x-request-id", "traceparent"]).with_deadline();
/// # let _ = propagate;
/// ```
#[derive(Debug, Clone)]
pub struct Propagate {
    keys: Arc<[String]>,
    deadline: bool,
}

impl Propagate {
    /// Passes the metadata of these keys on; a call that has a key already keeps what it has.
    pub fn new<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self { keys: keys.into_iter().map(Into::into).collect(), deadline: false }
    }

    /// Passes the deadline on too: an outgoing call is given up when the incoming one is.
    pub fn with_deadline(mut self) -> Self {
        self.deadline = true;
        self
    }

    fn incoming(&self, call: &Call) -> Incoming {
        let mut metadata = Metadata::new();
        for (name, value) in call.metadata().iter_wire() {
            if self.keys.iter().any(|key| key.as_bytes().eq_ignore_ascii_case(name)) {
                metadata.append_wire(name, value);
            }
        }
        Incoming { metadata, deadline: call.deadline().filter(|_| self.deadline) }
    }

    fn pass_on(incoming: &Incoming, call: &mut Call) {
        let mut added = Metadata::new();
        for (name, value) in incoming.metadata.iter_wire() {
            let known = std::str::from_utf8(name).is_ok_and(|name| call.metadata().contains_key(name));
            if !known {
                added.append_wire(name, value);
            }
        }
        call.metadata_mut().append_all(&added);
        if let Some(deadline) = incoming.deadline
            && call.deadline().is_none_or(|own| deadline.instant() < own.instant())
        {
            call.set_deadline(deadline);
        }
    }
}

impl Interceptor for Propagate {
    async fn intercept(&self, call: &mut Call, next: Next<'_>) -> Result<(), Status> {
        match call.side() {
            Side::Server => {
                let incoming = Arc::new(self.incoming(call));
                INCOMING.scope(incoming, next.run(call)).await
            }
            Side::Client => {
                // Without an incoming call there is nothing to pass on.
                let _ = INCOMING.try_with(|incoming| Self::pass_on(incoming, call));
                next.run(call).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::testing::{Handler, METHOD, call, run};

    #[tokio::test]
    async fn named_metadata_and_the_deadline_reach_the_calls_of_a_handler() {
        let propagate = Propagate::new(["X-Request-Id", "trace-bin", "kept"]).with_deadline();
        let mut incoming = call();
        incoming.metadata_mut().insert("x-request-id", "7").unwrap();
        incoming.metadata_mut().insert_bin("trace-bin", [1, 2]).unwrap();
        incoming.metadata_mut().insert("kept", "theirs").unwrap();
        incoming.metadata_mut().insert("other", "no").unwrap();
        let deadline = Deadline::at(Instant::now() + Duration::from_secs(9));
        incoming.set_deadline(deadline);
        let inner = propagate.clone();
        let mut handler = Handler::new(move |_| {
            let propagate = inner.clone();
            async move {
                let mut outgoing = Call::new(Side::Client, &METHOD);
                outgoing.metadata_mut().insert("kept", "own").unwrap();
                run(propagate, &mut outgoing, &mut Handler::ok()).await?;
                let metadata = outgoing.metadata();
                assert_eq!(metadata.get("x-request-id"), Some("7"));
                assert_eq!(metadata.get_bin("trace-bin").unwrap(), [1, 2].as_slice());
                assert_eq!(metadata.get_all("kept").collect::<Vec<_>>(), ["own"]);
                assert!(!metadata.contains_key("other"));
                assert_eq!(outgoing.deadline(), Some(deadline));
                Ok(())
            }
        });
        run(propagate.clone(), &mut incoming, &mut handler).await.unwrap();
        assert_eq!(handler.runs, 1);

        let mut alone = Call::new(Side::Client, &METHOD);
        run(propagate, &mut alone, &mut Handler::ok()).await.unwrap();
        assert!(alone.metadata().is_empty() && alone.deadline().is_none());
    }
}
