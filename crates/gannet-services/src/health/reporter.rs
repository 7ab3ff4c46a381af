//! Where an application says how its services are.
//!
//! Not here: what the health service answers from it (`health`), and following one status (`watch`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::WireStatus;

/// How a service is.
///
/// What `grpc.health.v1` calls SERVICE_UNKNOWN is not among them: that is a service which no status was set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServingStatus {
    /// Not known yet; clients take it for unhealthy.
    Unknown,
    /// It takes calls.
    Serving,
    /// It cannot take calls now.
    NotServing,
}

/// Says how the services of a server are, to whoever asks its health service.
///
/// Clones share what they hold; any task may use one at any time. Services are called by their full names, such as
/// `helloworld.Greeter`; the empty name is the server as a whole. A server that serves with a reporter gives every
/// service of its own, and the empty name, the status [`Serving`](ServingStatus::Serving) unless they have one already.
///
/// ```
/// use gannet_services::health::{HealthReporter, ServingStatus};
///
/// let health = HealthReporter::new();
/// health.set_not_serving("helloworld.Greeter"); // until its database is there
///
/// let reporter = health.clone();
/// std::thread::spawn(move || reporter.set_serving("helloworld.Greeter")).join().unwrap();
/// assert_eq!(health.status("helloworld.Greeter"), Some(ServingStatus::Serving));
/// ```
#[derive(Clone, Default)]
pub struct HealthReporter {
    board: Arc<Mutex<Board>>,
}

/// What all clones share.
#[derive(Default)]
struct Board {
    services: HashMap<String, Service>,
    /// Every status is NOT_SERVING and stays so.
    shut_down: bool,
    next_watch: u64,
}

/// A service that has a status, or is watched, or both.
#[derive(Default)]
struct Service {
    status: Option<ServingStatus>,
    /// Those who wait for a change.
    wakers: HashMap<u64, Waker>,
}

impl HealthReporter {
    /// A reporter that knows no service yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the status of a service; `""` is the server as a whole. Whoever watches it is told.
    ///
    /// Of several changes in quick succession, watchers may see the last one only. After
    /// [`HealthReporter::shutdown`] this has no effect.
    pub fn set(&self, service: &str, status: ServingStatus) {
        let mut board = self.lock();
        let woken = if board.shut_down { Vec::new() } else { board.set(service, Some(status)) };
        drop(board);
        wake(woken);
    }

    /// The same as `set(service, ServingStatus::Serving)`.
    pub fn set_serving(&self, service: &str) {
        self.set(service, ServingStatus::Serving);
    }

    /// The same as `set(service, ServingStatus::NotServing)`.
    pub fn set_not_serving(&self, service: &str) {
        self.set(service, ServingStatus::NotServing);
    }

    /// Forgets the status of a service: it is unknown from now on. After [`HealthReporter::shutdown`] this has no
    /// effect.
    pub fn clear(&self, service: &str) {
        let mut board = self.lock();
        let woken = if board.shut_down { Vec::new() } else { board.set(service, None) };
        drop(board);
        wake(woken);
    }

    /// The status of a service, if it has one.
    pub fn status(&self, service: &str) -> Option<ServingStatus> {
        self.lock().services.get(service)?.status
    }

    /// Makes every service NOT_SERVING, and ignores what is set from then on, until [`HealthReporter::resume`].
    ///
    /// A server that drains does this first.
    pub fn shutdown(&self) {
        self.set_all(true, ServingStatus::NotServing);
    }

    /// Makes every service SERVING, and takes changes again.
    pub fn resume(&self) {
        self.set_all(false, ServingStatus::Serving);
    }

    /// Gives each of these services a status, unless it has one: [`ServingStatus::Serving`], or
    /// [`ServingStatus::NotServing`] after [`HealthReporter::shutdown`].
    pub fn register<'a>(&self, services: impl IntoIterator<Item = &'a str>) {
        let mut woken = Vec::new();
        let mut board = self.lock();
        let status = if board.shut_down { ServingStatus::NotServing } else { ServingStatus::Serving };
        for service in services {
            if board.services.get(service).is_none_or(|known| known.status.is_none()) {
                woken.extend(board.set(service, Some(status)));
            }
        }
        drop(board);
        wake(woken);
    }

    /// All services with their statuses, unless they are more than `limit`.
    pub(super) fn statuses(&self, limit: usize) -> Option<Vec<(String, ServingStatus)>> {
        let board = self.lock();
        let known = board.services.values().filter(|service| service.status.is_some()).count();
        (known <= limit).then(|| {
            let all = board.services.iter();
            all.filter_map(|(name, service)| Some((name.clone(), service.status?))).collect()
        })
    }

    /// A number for a new watch.
    pub(super) fn new_watch(&self) -> u64 {
        let mut board = self.lock();
        board.next_watch += 1;
        board.next_watch
    }

    /// What there is to tell a watch that was last told `told`. If that is nothing, `waker` is woken at the next change,
    /// unless `is_over`.
    pub(super) fn changed(
        &self,
        watch: u64,
        service: &str,
        told: Option<WireStatus>,
        is_over: impl FnOnce() -> bool,
        waker: &Waker,
    ) -> Changed {
        let mut board = self.lock();
        let status = board.services.get(service).and_then(|known| known.status);
        let status = status.map_or(WireStatus::SERVICE_UNKNOWN, WireStatus::from);
        if told != Some(status) {
            return Changed::To(status);
        }
        // Asked under the lock: `wake_all` takes it after what makes this true, so no wake-up is lost.
        if is_over() {
            return Changed::Over;
        }
        let known = match board.services.get_mut(service) {
            Some(known) => known,
            None => board.services.entry(service.to_owned()).or_default(),
        };
        if known.wakers.get(&watch).is_some_and(|own| own.will_wake(waker)) {
            return Changed::No;
        }
        let replaced = known.wakers.insert(watch, waker.clone());
        // Dropping a waker may run code of the runtime's; not under the lock.
        drop(board);
        drop(replaced);
        Changed::No
    }

    /// Forgets a watch.
    pub(super) fn forget(&self, watch: u64, service: &str) {
        let mut board = self.lock();
        let Some(known) = board.services.get_mut(service) else { return };
        let waker = known.wakers.remove(&watch);
        board.drop_if_unused(service);
        drop(board);
        drop(waker);
    }

    /// Has every watch look again.
    pub(super) fn wake_all(&self) {
        let mut board = self.lock();
        let woken: Vec<Waker> = board
            .services
            .values_mut()
            .flat_map(|service| std::mem::take(&mut service.wakers))
            .map(|(_, waker)| waker)
            .collect();
        drop(board);
        wake(woken);
    }

    fn set_all(&self, shut_down: bool, status: ServingStatus) {
        let mut board = self.lock();
        board.shut_down = shut_down;
        let mut woken = Vec::new();
        for service in board.services.values_mut().filter(|service| service.status.is_some()) {
            woken.extend(service.set(Some(status)));
        }
        drop(board);
        wake(woken);
    }

    /// A panic elsewhere leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn tracked_names(&self) -> usize {
        self.lock().services.len()
    }
}

impl fmt::Debug for HealthReporter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let board = self.lock();
        let statuses = board.services.iter().filter_map(|(name, service)| Some((name, service.status?)));
        formatter.debug_map().entries(statuses).finish()
    }
}

/// What a watch finds.
pub(super) enum Changed {
    /// Another status than the one it was told last.
    To(WireStatus),
    /// The same, and there will be no other.
    Over,
    /// The same; it is woken when that changes.
    No,
}

impl Board {
    /// Sets a status; gives those who are to be told, once the lock is released.
    fn set(&mut self, name: &str, status: Option<ServingStatus>) -> Vec<Waker> {
        let Some(service) = self.services.get_mut(name) else {
            if status.is_some() {
                self.services.insert(name.to_owned(), Service { status, wakers: HashMap::new() });
            }
            return Vec::new();
        };
        let woken = service.set(status);
        self.drop_if_unused(name);
        woken
    }

    fn drop_if_unused(&mut self, name: &str) {
        let unused = |service: &Service| service.status.is_none() && service.wakers.is_empty();
        if self.services.get(name).is_some_and(unused) {
            self.services.remove(name);
        }
    }
}

impl Service {
    fn set(&mut self, status: Option<ServingStatus>) -> Vec<Waker> {
        if self.status == status {
            return Vec::new();
        }
        self.status = status;
        std::mem::take(&mut self.wakers).into_values().collect()
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
