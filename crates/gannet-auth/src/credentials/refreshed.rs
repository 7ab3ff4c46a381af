//! A value that is fetched, kept while it lasts, and fetched anew before it ends.
//!
//! The rules are those of gRFC A97: one fetch at a time, which all who need it share; early, in the background, while the
//! old value still serves; a wait between failed attempts; and no attempt unless somebody wants the value. Not here: what
//! is fetched.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use gannet_core::Status;
use gannet_transport::Backoff;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// How long one fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// A value as it was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Fetched<T> {
    pub(crate) value: T,
    /// After how long another is fetched in the background.
    pub(crate) refresh_after: Option<Duration>,
    /// After how long who needs the value waits for another; the old one still serves if there is none.
    pub(crate) wait_after: Option<Duration>,
    /// Until when it can be used at all.
    pub(crate) ends: Option<SystemTime>,
}

type Fetching<T> = Pin<Box<dyn Future<Output = Result<Fetched<T>, Status>> + Send>>;
type Outcome<T> = Result<Arc<T>, Status>;

/// A value that is fetched when it is needed. Clones share it.
pub(crate) struct Refreshed<T>(Arc<Shared<T>>);

struct Shared<T> {
    /// For errors and the log, such as `call credentials`.
    what: &'static str,
    fetch: Box<dyn Fn() -> Fetching<T> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    kept: Option<Kept<T>>,
    flight: Option<Flight<T>>,
    /// When a fetch last succeeded.
    #[cfg(feature = "jwt")]
    fetched: Option<Instant>,
    /// The last attempt, if it failed, and when there may be another.
    failure: Option<(Status, Instant)>,
    backoff: Backoff,
}

struct Kept<T> {
    value: Arc<T>,
    refresh: Option<Instant>,
    wait: Option<Instant>,
    /// By both clocks: one stands still while the machine sleeps, the other can be set.
    end: Option<(Instant, SystemTime)>,
}

/// A fetch under way.
struct Flight<T> {
    outcome: watch::Receiver<Option<Outcome<T>>>,
    task: AbortHandle,
}

/// What is to be done for who needs the value.
enum Found<T> {
    Now(Outcome<T>),
    Wait { outcome: watch::Receiver<Option<Outcome<T>>>, old: Option<Arc<T>> },
}

impl<T> Clone for Refreshed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> Refreshed<T> {
    /// `what` is fetched, in the plural.
    pub(crate) fn new<F, Fut>(what: &'static str, fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Fetched<T>, Status>> + Send + 'static,
    {
        let state = State {
            kept: None,
            flight: None,
            #[cfg(feature = "jwt")]
            fetched: None,
            failure: None,
            backoff: Backoff::new(),
        };
        Self(Arc::new(Shared { what, fetch: Box::new(move || Box::pin(fetch())), state: Mutex::new(state) }))
    }

    /// The value, fetched if there is none that can be used.
    ///
    /// # Errors
    ///
    /// That of the fetch; while the wait after it lasts, that of the last one.
    ///
    /// # Cancel safety
    ///
    /// A fetch goes on when those who wait for it are gone.
    pub(crate) async fn get(&self) -> Outcome<T> {
        let found = self.0.find(Instant::now());
        self.settle(found).await
    }

    /// The value, fetched anew unless that was done less than `at_most_every` ago.
    ///
    /// # Errors
    ///
    /// As [`Refreshed::get`], if there is no old one.
    #[cfg(feature = "jwt")]
    pub(crate) async fn anew(&self, at_most_every: Duration) -> Outcome<T> {
        let found = self.0.find_anew(Instant::now(), at_most_every);
        self.settle(found).await
    }

    /// Forgets the value and the last failure: the next who needs it fetches anew.
    pub(crate) fn forget(&self) {
        let mut state = self.0.state();
        state.kept = None;
        state.failure = None;
        state.backoff.reset();
    }

    async fn settle(&self, found: Found<T>) -> Outcome<T> {
        let (mut outcome, old) = match found {
            Found::Now(outcome) => return outcome,
            Found::Wait { outcome, old } => (outcome, old),
        };
        let fetched = match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            _ => Err(unavailable(self.0.what, "who fetches them has gone")),
        };
        fetched.or_else(|status| old.ok_or(status))
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(self: &Arc<Self>, now: Instant) -> Found<T> {
        let mut state = self.state();
        let is_past = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        let kept = state.kept.as_ref().filter(|kept| !kept.has_ended(now));
        let Some(kept) = kept else {
            return match state.blocked(now) {
                Some(status) => Found::Now(Err(status)),
                None => Found::Wait { outcome: self.fetch(&mut state), old: None },
            };
        };
        let (value, wait) = (Arc::clone(&kept.value), is_past(kept.wait));
        if !wait && !is_past(kept.refresh) || state.blocked(now).is_some() {
            return Found::Now(Ok(value));
        }
        let outcome = self.fetch(&mut state);
        if wait { Found::Wait { outcome, old: Some(value) } } else { Found::Now(Ok(value)) }
    }

    #[cfg(feature = "jwt")]
    fn find_anew(self: &Arc<Self>, now: Instant, at_most_every: Duration) -> Found<T> {
        let mut state = self.state();
        let recent = state.fetched.is_some_and(|fetched| now < fetched + at_most_every);
        let kept = state.kept.as_ref().filter(|kept| !kept.has_ended(now));
        let old = kept.map(|kept| Arc::clone(&kept.value));
        match (old, state.blocked(now)) {
            (Some(old), blocked) if recent || blocked.is_some() => Found::Now(Ok(old)),
            (None, Some(status)) => Found::Now(Err(status)),
            (old, _) => Found::Wait { outcome: self.fetch(&mut state), old },
        }
    }

    /// The fetch under way, or a new one.
    fn fetch(self: &Arc<Self>, state: &mut State<T>) -> watch::Receiver<Option<Outcome<T>>> {
        if let Some(flight) = &state.flight
            && !flight.task.is_finished()
        {
            return flight.outcome.clone();
        }
        let (said, outcome) = watch::channel(None);
        let fetching = (self.fetch)();
        let landing = Landing { shared: Arc::downgrade(self), said, what: self.what };
        let task = tokio::spawn(async move {
            let fetched = tokio::time::timeout(FETCH_TIMEOUT, fetching).await;
            landing.say(
                fetched.unwrap_or_else(|_| Err(unavailable(landing.what, "fetching them took over 30 s"))),
            );
        });
        state.flight = Some(Flight { outcome: outcome.clone(), task: task.abort_handle() });
        outcome
    }

    fn landed(&self, state: &mut State<T>, fetched: Result<Fetched<T>, Status>) -> Outcome<T> {
        let now = Instant::now();
        state.flight = None;
        match fetched {
            Ok(fetched) => {
                #[cfg(feature = "jwt")]
                {
                    state.fetched = Some(now);
                }
                state.failure = None;
                state.backoff.reset();
                let kept = Kept::new(fetched, now);
                let value = Arc::clone(&kept.value);
                state.kept = Some(kept);
                Ok(value)
            }
            Err(status) => {
                let again = now + state.backoff.after_failure();
                if state.kept.as_ref().is_some_and(|kept| !kept.has_ended(now)) {
                    tracing::warn!("{} could not be had anew, the old ones still serve: {status}", self.what);
                }
                state.failure = Some((status.clone(), again));
                Err(status)
            }
        }
    }
}

/// Where a fetch says what it came to; also when it panics.
struct Landing<T: Send + Sync + 'static> {
    shared: Weak<Shared<T>>,
    said: watch::Sender<Option<Outcome<T>>>,
    what: &'static str,
}

impl<T: Send + Sync + 'static> Landing<T> {
    fn say(&self, fetched: Result<Fetched<T>, Status>) {
        if let Some(shared) = self.shared.upgrade() {
            let outcome = shared.landed(&mut shared.state(), fetched);
            self.said.send_replace(Some(outcome));
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Landing<T> {
    fn drop(&mut self) {
        if self.said.borrow().is_some() {
            return;
        }
        let Some(shared) = self.shared.upgrade() else { return };
        // A runtime that has ended drops what it is given to spawn at once, while the state is locked: those who wait see
        // then that the sender is gone.
        if let Ok(mut state) = shared.state.try_lock() {
            let why =
                unavailable(self.what, "the function that fetches them panicked, or its runtime has ended");
            self.said.send_replace(Some(shared.landed(&mut state, Err(why))));
        }
    }
}

fn unavailable(what: &str, why: &str) -> Status {
    Status::unavailable(format!("{what} cannot be had at present: {why}"))
}

impl<T> State<T> {
    /// The last failure, if it is too early for another attempt and none is under way.
    fn blocked(&self, now: Instant) -> Option<Status> {
        let under_way = self.flight.as_ref().is_some_and(|flight| !flight.task.is_finished());
        let (status, again) = self.failure.as_ref()?;
        (!under_way && now < *again).then(|| status.clone())
    }
}

impl<T> Kept<T> {
    fn new(fetched: Fetched<T>, now: Instant) -> Self {
        let Fetched { value, refresh_after, wait_after, ends } = fetched;
        let end = ends.and_then(|ends| {
            let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
            // An end that lies beyond the clock's range is none.
            Some((now.checked_add(left)?, ends))
        });
        let after = |span: Option<Duration>| span.and_then(|span| now.checked_add(span));
        Self { value: Arc::new(value), refresh: after(refresh_after), wait: after(wait_after), end }
    }

    fn has_ended(&self, now: Instant) -> bool {
        self.end.is_some_and(|(instant, time)| instant <= now || time <= SystemTime::now())
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = &state.flight {
            flight.task.abort();
        }
    }
}
