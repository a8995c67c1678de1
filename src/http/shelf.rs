//! The shelf: where the library stands, until its files have changed and another one takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::fixture::{Library, Source};

/// Where the library stands.
#[derive(Debug)]
pub struct Shelf {
    library: RwLock<Arc<Library>>,
    /// What the default space began from, as far as it is in the library. Held while files are read again, so that what
    /// was read later is also taken up later.
    served: Mutex<Option<Arc<Source>>>,
}

impl Shelf {
    /// Puts a library there, from which the default space began with this scenario.
    pub(super) fn new(library: Library, scenario: &str) -> Self {
        let served = library.source(scenario).cloned();
        Self { library: RwLock::new(Arc::new(library)), served: Mutex::new(served) }
    }

    /// The library as it is now. It stays as it is for whoever has it.
    pub(super) fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().expect(NO_PANIC))
    }

    /// Puts another one in its place.
    pub(super) fn replace(&self, library: Arc<Library>) {
        let before = std::mem::replace(&mut *self.library.write().expect(NO_PANIC), library);
        drop(before);
    }

    /// What the default space began from. Nobody else may change that, or the library, meanwhile.
    pub(super) fn served(&self) -> MutexGuard<'_, Option<Arc<Source>>> {
        // A fault while files were read has changed nothing.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NO_PANIC: &str = "nothing panics while it holds the shelf";
