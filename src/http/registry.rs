//! The scenarios that spaces can start from, and reading their files again.
//!
//! A reload replaces the library in one step. Of the spaces only the default one begins again, and only if the text of its
//! scenario has changed: it stands for the files. It keeps its clock, as with `PUT /_sim/world`; a world that this call has
//! put there belongs to no scenario any more, and stays. A space that a client created keeps its world, so that the test
//! which runs in it is not disturbed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::task::spawn_blocking;

use super::App;
use crate::fixture::{Library, Problem, ReloadDiff, Source};
use crate::simulator::{Space, SpaceId};

/// The current library of scenarios.
#[derive(Debug)]
pub struct ScenarioRegistry {
    library: RwLock<Arc<Library>>,
    /// What the default space began from, if it is in the library. Locked while files are read again, so that two reloads
    /// take effect in the order in which they read.
    served: Mutex<Option<Arc<Source>>>,
}

impl ScenarioRegistry {
    /// A registry with this library, from which the default space began with the scenario of this name.
    pub(super) fn new(library: Library, scenario: &str) -> Self {
        let served = library.source(scenario).cloned();
        Self { library: RwLock::new(Arc::new(library)), served: Mutex::new(served) }
    }

    /// The current library.
    pub(super) fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().expect("lock poisoned: library"))
    }

    fn replace(&self, library: Arc<Library>) {
        let before = std::mem::replace(&mut *self.library.write().expect("lock poisoned: library"), library);
        drop(before);
    }

    fn served(&self) -> MutexGuard<'_, Option<Arc<Source>>> {
        // A panic while files were read has changed nothing.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files that were read again. No others are read until this is applied or dropped.
#[must_use]
pub struct PendingReload<'a> {
    app: &'a App,
    served: MutexGuard<'a, Option<Arc<Source>>>,
    library: Arc<Library>,
    news: ReloadDiff,
}

/// What a reload changed.
#[derive(Debug)]
pub struct Reload {
    /// What is different in the library, and what is wrong in the files.
    pub news: ReloadDiff,
    /// The spaces that have begun again.
    pub restarted: Vec<SpaceId>,
}

impl App {
    /// Reads the scenario files again. This may take a while, and blocks the thread.
    pub fn read_again(&self) -> PendingReload<'_> {
        let served = self.scenarios.served();
        let (library, news) = self.scenarios.library().reload();
        PendingReload { app: self, served, library: library.into(), news }
    }

    /// Reads the scenario files again and applies them, on a thread that may block.
    pub async fn reload(self: &Arc<Self>) -> Reload {
        let app = Arc::clone(self);
        spawn_blocking(move || app.read_again().apply()).await.expect("reading files does not panic")
    }
}

impl PendingReload<'_> {
    /// Applies what is right in the files, and logs what is new and what is wrong.
    pub fn apply(mut self) -> Reload {
        self.app.scenarios.replace(Arc::clone(&self.library));
        let mut reload = Reload { news: self.news, restarted: Vec::new() };
        let default = self.app.spaces.default_space();
        if let Some(served) = &mut *self.served {
            if restart_if_changed(&default, served, &self.library) {
                reload.restarted.push(default.id());
            }
            warn_if_removed(&default, served, &reload.news);
        }
        log(&reload);
        reload
    }
}

/// Lets the default space begin again if its scenario's file has changed.
fn restart_if_changed(default: &Space, served: &mut Arc<Source>, library: &Library) -> bool {
    let current = library.file(&served.name).filter(|current| !current.is_same(served));
    let Some(current) = current else { return false };
    let is_restarted = default.replace_if_started_from(
        &served.scenario().world,
        current.name.as_str().into(),
        &current.scenario().world,
    );
    if is_restarted {
        *served = Arc::clone(current);
    }
    is_restarted
}

fn warn_if_removed(default: &Space, served: &Source, news: &ReloadDiff) {
    let scenario = &served.name;
    if news.removed.iter().any(|name| name == scenario) && default.started_from(&served.scenario().world) {
        tracing::warn!(scenario, "no file has the served scenario any more: it is served as it was");
    }
}

fn log(Reload { news, restarted }: &Reload) {
    for (path, reason) in &news.errors.unreadable {
        tracing::warn!(file = %path.display(), "not taken up: {reason}");
    }
    for Problem { file, line, column, key, message, hint, .. } in &news.errors.problems {
        tracing::warn!(file, line, column, key, hint, "not taken up: {message}");
    }
    if news.is_empty() {
        return tracing::debug!("scenario files were read again: nothing is new");
    }
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    tracing::info!(
        changed = list(&news.changed),
        added = list(&news.added),
        removed = list(&news.removed),
        unchanged = news.unchanged,
        restarted = list(&restarted.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "scenario files were read again"
    );
}
