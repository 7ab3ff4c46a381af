//! A file that is read again when its content changes.
//!
//! Not here: what is in it; its reader says. And not the token files of clients (`credentials/file.rs`), which are read
//! when a call needs a token.

use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use gannet_transport::{Error, Phase};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

/// How often a file is looked at unless said otherwise.
const RELOAD_EVERY: Duration = Duration::from_secs(30);

/// Bytes a file may have: 4 MiB.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Reads a file whole, up to [`MAX_FILE`]. Blocks.
pub(crate) fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    // One byte more than may be tells a file that is too long, whatever its metadata say.
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other(format!("it is longer than {} MiB", MAX_FILE / (1024 * 1024))));
    }
    Ok(bytes)
}

type Parse<T> = dyn Fn(&[u8]) -> Result<T, String> + Send + Sync;

/// What was last read from a file and found good. Clones share it.
///
/// The first use within a runtime starts a task that looks at the file from time to time, for as long as a clone is left.
pub(crate) struct WatchedFile<T>(Arc<Shared<T>>);

struct Shared<T> {
    path: PathBuf,
    /// For the log, such as `bearer tokens`.
    what: &'static str,
    parse: Box<Parse<T>>,
    current: ArcSwap<T>,
    last: Mutex<Last>,
    /// In milliseconds; zero for never.
    every: AtomicU64,
    watched: AtomicBool,
    watcher: Mutex<Option<AbortHandle>>,
    fingerprints: RandomState,
}

/// What was last seen in the file.
struct Last {
    /// Of what is in use.
    good: u64,
    /// What was last complained about, so that it is said once.
    complaint: Option<Complaint>,
}

#[derive(PartialEq, Eq)]
enum Complaint {
    Unreadable(String),
    Bad(u64),
}

impl<T> Clone for WatchedFile<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> WatchedFile<T> {
    /// Reads `path` with `parse`, whose error says what is wrong with the content and shows no secret of it. Blocks.
    pub(crate) fn open(
        path: impl AsRef<Path>,
        what: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read(path).map_err(|cause| fault(path, what, &unreadable(&cause)))?;
        let first = parse(&bytes).map_err(|why| fault(path, what, &why))?;
        let fingerprints = RandomState::new();
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            what,
            parse: Box::new(parse),
            current: ArcSwap::from_pointee(first),
            last: Mutex::new(Last { good: fingerprints.hash_one(bytes.as_slice()), complaint: None }),
            every: AtomicU64::new(millis(RELOAD_EVERY)),
            watched: AtomicBool::new(false),
            watcher: Mutex::new(None),
            fingerprints,
        })))
    }

    /// Sets how often the file is looked at; zero for never.
    pub(crate) fn reload_every(&self, every: Duration) {
        // What is shorter than a millisecond is not never.
        let every = if every.is_zero() { 0 } else { millis(every).max(1) };
        self.0.every.store(every, Ordering::Relaxed);
    }

    /// What is in use. Within a runtime this also sees to it that the file is watched.
    pub(crate) fn current(&self) -> Arc<T> {
        if !self.0.watched.load(Ordering::Relaxed) {
            self.watch();
        }
        self.0.current.load_full()
    }

    /// Reads the file now. Blocks.
    ///
    /// # Errors
    ///
    /// If it cannot be read or its content is bad; what is in use stays then.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        self.0.take_new().map(drop).map_err(|complaint| fault(&self.0.path, self.0.what, &complaint.1))
    }

    #[cold]
    fn watch(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.0.every().is_none() || self.0.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        let watching = Watching(Arc::downgrade(&self.0));
        let watcher = runtime.spawn(async move {
            while let Some(every) = watching.0.upgrade().and_then(|shared| shared.every()) {
                tokio::time::sleep(every).await;
                let Some(shared) = watching.0.upgrade() else { return };
                // An error here is the runtime's end, or a panic, which is reported elsewhere.
                let _ = tokio::task::spawn_blocking(move || shared.look()).await;
            }
        });
        *self.0.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher.abort_handle());
    }
}

/// Says that the file is watched no more when the task ends, also with its runtime.
struct Watching<T>(Weak<Shared<T>>);

impl<T> Drop for Watching<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.watched.store(false, Ordering::Release);
        }
    }
}

impl<T> Shared<T> {
    fn every(&self) -> Option<Duration> {
        let every = self.every.load(Ordering::Relaxed);
        (every > 0).then(|| Duration::from_millis(every))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is new and good, and complains once of what is bad. Blocks.
    fn look(&self) {
        let Self { path, what, .. } = self;
        match self.take_new() {
            Ok(false) => {}
            Ok(true) => tracing::info!("the {what} were read anew from {}", path.display()),
            Err((complaint, why)) => {
                let mut last = self.last();
                if last.complaint.as_ref() != Some(&complaint) {
                    last.complaint = Some(complaint);
                    let path = path.display();
                    tracing::error!("the {what} stay as they were, because {path} cannot be used: {why}");
                }
            }
        }
    }

    /// Whether there was something new.
    fn take_new(&self) -> Result<bool, (Complaint, String)> {
        let bytes = read(&self.path).map_err(|cause| {
            let why = unreadable(&cause);
            (Complaint::Unreadable(why.clone()), why)
        })?;
        let fingerprint = self.fingerprints.hash_one(bytes.as_slice());
        if self.last().good == fingerprint {
            self.last().complaint = None;
            return Ok(false);
        }
        let new = (self.parse)(&bytes).map_err(|why| (Complaint::Bad(fingerprint), why))?;
        let mut last = self.last();
        self.current.store(Arc::new(new));
        *last = Last { good: fingerprint, complaint: None };
        Ok(true)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let watcher = self.watcher.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(watcher) = watcher.take() {
            watcher.abort();
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn fault(path: &Path, what: &str, why: &str) -> Error {
    Error::new(Phase::Configure, path.display().to_string(), format!("as {what}: {why}"))
}

fn unreadable(cause: &std::io::Error) -> String {
    match cause.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "the user this process runs as may not read it: chown or chmod it for that user alone".to_owned()
        }
        _ => cause.to_string(),
    }
}

impl<T> fmt::Debug for WatchedFile<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} from {}", self.0.what, self.0.path.display())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;

    use super::*;
    use crate::testing::{eventually, logged};

    fn number(bytes: &[u8]) -> Result<u32, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
        text.trim().parse().map_err(|_| "it is no number".to_owned())
    }

    fn write(content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn the_first_content_must_be_good() {
        let (folder, path) = write("x");
        let bad = WatchedFile::open(&path, "numbers", number).unwrap_err().to_string();
        assert!(bad.contains(path.to_str().unwrap()) && bad.contains("as numbers: it is no number"), "{bad}");
        let missing = WatchedFile::open(folder.path().join("none"), "numbers", number).unwrap_err();
        assert!(missing.to_string().contains("no such file"), "{missing}");
    }

    #[test]
    fn a_reload_takes_good_content_and_keeps_the_old_in_place_of_bad() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        fs::write(&path, "2").unwrap();
        assert_eq!(*file.current(), 1);
        file.reload().unwrap();
        assert_eq!(*file.current(), 2);
        for bad in ["", "two"] {
            fs::write(&path, bad).unwrap();
            assert!(file.reload().unwrap_err().to_string().contains("no number"));
            assert_eq!(*file.current(), 2);
        }
        fs::remove_file(&path).unwrap();
        assert!(file.reload().is_err());
        assert_eq!(*file.current(), 2);
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read_whole() {
        let (_folder, path) = write("1");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = WatchedFile::open(&path, "numbers", number).unwrap_err();
        assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_in_use_is_looked_at_from_time_to_time() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        assert_eq!(*file.current(), 1);
        fs::write(&path, "2").unwrap();
        eventually(async || {
            tokio::time::advance(RELOAD_EVERY).await;
            *file.current() == 2
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_never_looked_at_stays_as_it_was() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        file.reload_every(Duration::ZERO);
        fs::write(&path, "2").unwrap();
        assert_eq!(*file.current(), 1);
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn watching_ends_with_the_last_clone() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        file.clone().current();
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
        drop(file);
        eventually(async || Handle::current().metrics().num_alive_tasks() == 0).await;
    }

    #[test]
    fn watching_goes_on_in_another_runtime_when_its_own_has_ended() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime().block_on(async { file.current() });
        assert!(!file.0.watched.load(Ordering::Relaxed));
        runtime().block_on(async {
            file.current();
            assert!(file.0.watched.load(Ordering::Relaxed));
        });
    }

    #[test]
    fn bad_content_is_complained_of_once() {
        let (_folder, path) = write("1");
        let file = WatchedFile::open(&path, "numbers", number).unwrap();
        let log = logged(|| {
            fs::write(&path, "x").unwrap();
            file.0.look();
            file.0.look();
            fs::write(&path, "y").unwrap();
            file.0.look();
            fs::write(&path, "3").unwrap();
            file.0.look();
            file.0.look();
        });
        assert_eq!(log.matches("stay as they were").count(), 2, "{log}");
        assert_eq!(log.matches("read anew").count(), 1, "{log}");
        assert!(log.contains("it is no number") && log.contains(path.to_str().unwrap()), "{log}");
    }

    #[test]
    fn readers_go_on_while_the_file_is_read() {
        let (_folder, path) = write("1");
        let (reading, is_reading) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (reading, may_go_on) = (Mutex::new(reading), Mutex::new(may_go_on));
        let file = WatchedFile::open(&path, "numbers", move |bytes: &[u8]| {
            if bytes == b"2" {
                reading.lock().unwrap().send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
            }
            number(bytes)
        })
        .unwrap();
        fs::write(&path, "2").unwrap();
        let reloading = std::thread::spawn({
            let file = file.clone();
            move || file.reload()
        });
        is_reading.recv().unwrap();
        assert_eq!(*file.current(), 1);
        go_on.send(()).unwrap();
        reloading.join().unwrap().unwrap();
        assert_eq!(*file.current(), 2);
    }
}
