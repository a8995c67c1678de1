//! The scenarios that spaces can start from, and reading their files again.
//!
//! A reload replaces the library in one step. Of the spaces only the default one begins again, and only if the text of its
//! scenario has changed: it stands for the files. It keeps its clock, as with `PUT /_sim/world`; a world that this call has
//! put there belongs to no scenario any more, and stays. A space that a client created keeps its world, so that the test
//! which runs in it is not disturbed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::task::spawn_blocking;

use crate::domain::printable;
use crate::fixture::{Library, LoadedScenario, Problem, ReloadDiff, Source};
use crate::simulator::{Space, SpaceId, Spaces};

#[derive(Debug)]
pub struct ScenarioRegistry {
    spaces: Arc<Spaces>,
    library: RwLock<Arc<Library>>,
    /// What the default space began from, if it is in the library. Locked while files are read again, so that two reloads
    /// take effect in the order in which they read.
    served: Mutex<Option<Arc<Source>>>,
}

/// Files that were read again. No others are read until this is applied or dropped.
#[must_use]
pub struct PendingReload<'a> {
    registry: &'a ScenarioRegistry,
    served: MutexGuard<'a, Option<Arc<Source>>>,
    library: Arc<Library>,
    diff: ReloadDiff,
}

#[derive(Debug)]
pub struct Reload {
    pub diff: ReloadDiff,
    /// The spaces that have begun again.
    pub restarted: Vec<SpaceId>,
}

impl ScenarioRegistry {
    /// A registry with the library from which the default space began.
    pub fn new(library: Library, spaces: Arc<Spaces>) -> Self {
        let served = library.source(&spaces.scenario).cloned();
        Self { spaces, library: RwLock::new(Arc::new(library)), served: Mutex::new(served) }
    }

    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().expect("lock poisoned: library"))
    }

    /// Runs something with what the default space began from. Meanwhile no reload lets the space begin again.
    pub fn with_served<T>(&self, read: impl FnOnce(Option<&Arc<Source>>) -> T) -> T {
        read(self.served.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    /// Logs what is probably not meant in the scenario files.
    pub fn log_warnings(&self) {
        self.library().of_files().for_each(|scenario| log_warnings(&scenario));
    }

    /// Reads the scenario files again. This may take a while, and blocks the thread.
    pub fn read_again(&self) -> PendingReload<'_> {
        // A panic while files were read has changed nothing.
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let (library, diff) = self.library().reload();
        PendingReload { registry: self, served, library: library.into(), diff }
    }

    /// Reads the scenario files again and applies them, on a thread that may block.
    pub async fn reload(self: &Arc<Self>) -> Reload {
        let registry = Arc::clone(self);
        spawn_blocking(move || registry.read_again().apply()).await.expect("reading files does not panic")
    }
}

impl PendingReload<'_> {
    /// Applies what is right in the files, and logs what is new and what is wrong.
    pub fn apply(mut self) -> Reload {
        let mut library = self.registry.library.write().expect("lock poisoned: library");
        let before = std::mem::replace(&mut *library, Arc::clone(&self.library));
        // The lock is not held while a whole library is dropped.
        drop(library);
        drop(before);
        let mut reload = Reload { diff: self.diff, restarted: Vec::new() };
        let default = self.registry.spaces.default_space();
        if let Some(served) = &mut *self.served {
            if restart_if_changed(&default, served, &self.library) {
                self.registry.spaces.shared.changes.note();
                reload.restarted.push(default.id);
            }
            let scenario = &served.name;
            let is_removed = reload.diff.removed.iter().any(|name| name == scenario);
            if is_removed && default.started_from(&served.scenario().world) {
                tracing::warn!(scenario, "no file has the served scenario any more: it is served as it was");
            }
        }
        log(&reload);
        let new = reload.diff.added.iter().chain(&reload.diff.changed);
        new.filter_map(|name| self.library.scenario(name).ok()).for_each(|scenario| log_warnings(&scenario));
        reload
    }
}

/// Lets the default space begin again if its scenario's file has changed.
fn restart_if_changed(default: &Space, served: &mut Arc<Source>, library: &Library) -> bool {
    let current = library.file(&served.name).filter(|current| !current.is_same(served));
    let Some(current) = current else { return false };
    let (before, now) = (served.scenario(), current.scenario());
    let is_restarted = default.replace_if_started_from(&before.world, current.name.as_str().into(), &now.world);
    if is_restarted {
        *served = Arc::clone(current);
    }
    is_restarted
}

fn log_warnings(scenario: &LoadedScenario) {
    for Problem { file, line, column, message, hint, .. } in &scenario.warnings {
        tracing::warn!(file, line, column, hint, "{}", printable(message));
    }
}

fn log(Reload { diff, restarted }: &Reload) {
    for (path, reason) in &diff.errors.unreadable {
        tracing::warn!(file = path.display().to_string(), "not loaded: {}", printable(reason));
    }
    for Problem { file, line, column, key, message, hint, .. } in &diff.errors.problems {
        tracing::warn!(file, line, column, key, hint, "not loaded: {}", printable(message));
    }
    for file in &diff.errors.with_more {
        tracing::warn!(file, "not loaded: it has more mistakes");
    }
    for file in &diff.recovered {
        tracing::info!(file = file.display().to_string(), "loaded again: nothing is wrong with it any more");
    }
    if diff.is_empty() {
        return tracing::debug!("scenario files were read again: nothing is new");
    }
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    tracing::info!(
        changed = list(&diff.changed),
        added = list(&diff.added),
        removed = list(&diff.removed),
        unchanged = diff.unchanged,
        restarted = list(&restarted.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "scenario files were read again"
    );
}
