//! Settings and the configuration that was made of them, swapped while connections go on: the watcher of files,
//! `reload` and `replace`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::materials::{Contents, Materials};
use crate::{Error, Phase};

/// How often files are looked at unless said otherwise.
pub(super) const RELOAD_EVERY: Duration = Duration::from_secs(30);

/// Settings that a configuration can be made of.
pub(super) trait Recipe: Clone + Send + Sync + 'static {
    /// What is made.
    type Config: Send + Sync + 'static;

    /// Whose settings they are, for the log.
    const WHOSE: &'static str;

    /// What comes from files or bytes.
    fn materials(&self) -> &Materials;

    /// Makes the configuration. May block.
    fn build(&self, contents: &Contents) -> Result<Self::Config, Error>;

    /// How often to look at the files; zero for never.
    fn reload_every(&self) -> Duration;
}

/// A recipe and what it made last; clones share both.
pub(super) struct Live<R: Recipe>(Arc<Shared<R>>);

struct Shared<R: Recipe> {
    state: RwLock<State<R>>,
    watcher: Mutex<Option<AbortHandle>>,
}

struct State<R: Recipe> {
    recipe: Arc<R>,
    built: Option<Built<R::Config>>,
    /// What was wrong with the files when they were last looked at; said once.
    complaint: Option<Complaint>,
}

struct Built<C> {
    config: Arc<C>,
    fingerprint: u64,
}

impl<C> Clone for Built<C> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config), fingerprint: self.fingerprint }
    }
}

#[derive(PartialEq, Eq)]
struct Complaint {
    /// Of what was refused, if it could be read.
    fingerprint: Option<u64>,
    error: String,
}

impl<R: Recipe> Clone for Live<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Recipe> Live<R> {
    pub(super) fn new(recipe: R) -> Self {
        Self(Arc::new(Shared {
            state: RwLock::new(State { recipe: Arc::new(recipe), built: None, complaint: None }),
            watcher: Mutex::new(None),
        }))
    }

    pub(super) fn recipe(&self) -> Arc<R> {
        Arc::clone(&self.0.read().recipe)
    }

    /// A copy with other settings, which shares nothing with this one.
    pub(super) fn with(&self, change: impl FnOnce(&mut R)) -> Self {
        let mut recipe = (*self.recipe()).clone();
        change(&mut recipe);
        Self::new(recipe)
    }

    /// The settings and the configuration as they are now; makes it, if it is the first time.
    pub(super) async fn current(&self) -> Result<(Arc<R>, Arc<R::Config>), Error> {
        let (recipe, built) = self.0.snapshot();
        let config = if let Some(built) = built {
            built.config
        } else {
            let shared = Arc::clone(&self.0);
            let of = Arc::clone(&recipe);
            tokio::task::spawn_blocking(move || shared.build_first(&of))
                .await
                .unwrap_or_else(|cause| Err(Error::new(Phase::Configure, R::WHOSE, cause)))?
        };
        self.0.watch();
        Ok((recipe, config))
    }

    /// Reads the files and puts what they make in place of what is there; watches them from then on, if there is a
    /// runtime to do so.
    pub(super) fn reload(&self) -> Result<(), Error> {
        self.reload_now().inspect(|()| self.0.watch())
    }

    fn reload_now(&self) -> Result<(), Error> {
        let (recipe, built) = self.0.snapshot();
        let contents = recipe.materials().read()?;
        if built.is_some_and(|built| built.fingerprint == contents.fingerprint) {
            return Ok(());
        }
        let config = Arc::new(recipe.build(&contents)?);
        self.0.put(&recipe, Built { config, fingerprint: contents.fingerprint });
        Ok(())
    }

    /// Puts the settings and the configuration of `other` in place of these.
    pub(super) fn replace(&self, other: &Self) {
        let (recipe, built) = other.0.snapshot();
        let mut state = self.0.write();
        state.recipe = recipe;
        state.built = built;
        state.complaint = None;
    }
}

impl<R: Recipe> Shared<R> {
    fn read(&self) -> RwLockReadGuard<'_, State<R>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<R>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn watcher(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> (Arc<R>, Option<Built<R::Config>>) {
        let state = self.read();
        (Arc::clone(&state.recipe), state.built.clone())
    }

    fn build_first(&self, recipe: &Arc<R>) -> Result<Arc<R::Config>, Error> {
        let contents = recipe.materials().read()?;
        let config = Arc::new(recipe.build(&contents)?);
        // Of several that made it at the same time the first counts, so that its sessions do.
        let mut state = self.write();
        if !Arc::ptr_eq(&state.recipe, recipe) {
            return Ok(config);
        }
        let built = state.built.get_or_insert(Built { config, fingerprint: contents.fingerprint });
        Ok(Arc::clone(&built.config))
    }

    /// Takes what `recipe` made, unless the recipe has been replaced meanwhile.
    fn put(&self, recipe: &Arc<R>, built: Built<R::Config>) {
        let mut state = self.write();
        if Arc::ptr_eq(&state.recipe, recipe) {
            state.built = Some(built);
            state.complaint = None;
        }
    }

    /// Looks at the files: takes what is new and good, and complains once of what is bad. Blocks.
    fn look(&self) {
        let (recipe, built) = self.snapshot();
        let fingerprint = match self.take_new(&recipe, built.map(|built| built.fingerprint)) {
            Ok(()) => return,
            Err((fingerprint, error)) => Complaint { fingerprint, error: error.to_string() },
        };
        let mut state = self.write();
        if Arc::ptr_eq(&state.recipe, &recipe) && state.complaint.as_ref() != Some(&fingerprint) {
            let whose = R::WHOSE;
            let error = &fingerprint.error;
            tracing::error!("the {whose}'s TLS stays as it was, because what was read anew is bad: {error}");
            state.complaint = Some(fingerprint);
        }
    }

    fn take_new(&self, recipe: &Arc<R>, now: Option<u64>) -> Result<(), (Option<u64>, Error)> {
        let contents = recipe.materials().read().map_err(|error| (None, error))?;
        let fingerprint = contents.fingerprint;
        let known =
            self.read().complaint.as_ref().is_some_and(|known| known.fingerprint == Some(fingerprint));
        if known {
            return Ok(());
        }
        if now == Some(fingerprint) {
            self.write().complaint = None;
            return Ok(());
        }
        let config = recipe.build(&contents).map_err(|error| (Some(fingerprint), error))?;
        self.put(recipe, Built { config: Arc::new(config), fingerprint });
        tracing::info!("the {}'s TLS was read anew; new connections use it", R::WHOSE);
        Ok(())
    }

    /// Sees to it that the files are watched, if there are any, by a task of the runtime this is called in.
    fn watch(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut watcher = self.watcher();
        if watcher.as_ref().is_some_and(|watcher| !watcher.is_finished()) {
            return;
        }
        let recipe = Arc::clone(&self.read().recipe);
        if recipe.reload_every().is_zero() || !recipe.materials().has_files() {
            return;
        }
        let shared = Arc::downgrade(self);
        let watching = runtime.spawn(async move {
            while let Some(every) = shared.upgrade().map(|shared| shared.read().recipe.reload_every())
                && !every.is_zero()
            {
                tokio::time::sleep(every).await;
                let Some(shared) = shared.upgrade() else { return };
                // An error here is the runtime's end, or a panic, which is reported elsewhere.
                let _ = tokio::task::spawn_blocking(move || shared.look()).await;
            }
        });
        *watcher = Some(watching.abort_handle());
    }
}

impl<R: Recipe> Drop for Shared<R> {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher().take() {
            watcher.abort();
        }
    }
}
