//! Reloading: scenario files are read again, and what is good of them is taken up.
//!
//! The library is replaced in one step. Of the spaces only the default one begins again, and only when the text has changed
//! that it began from: it stands for the files. It keeps its clock, as with `PUT /_sim/world`; and what that call has put
//! there is nobody's scenario any more, and stays. A space that somebody created keeps the world it was made from: the
//! test that runs in it is not disturbed.

use std::sync::{Arc, MutexGuard};

use tokio::task::spawn_blocking;

use super::App;
use crate::fixture::{Library, News, Problem, Source};
use crate::simulator::{Space, SpaceId};

/// Files that were read again. Until they are taken up, or this is dropped, none are read again.
#[must_use]
pub struct Reading<'a> {
    app: &'a App,
    served: MutexGuard<'a, Option<Arc<Source>>>,
    library: Arc<Library>,
    news: News,
}

/// What was taken up.
#[derive(Debug)]
pub struct Reload {
    /// What is different in the library, and what is wrong in the files.
    pub news: News,
    /// The spaces that have begun again.
    pub restarted: Vec<SpaceId>,
}

impl App {
    /// Reads the scenario files again. That may take a while, and the thread is busy meanwhile.
    pub fn read_again(&self) -> Reading<'_> {
        let served = self.shelf.served();
        let (library, news) = self.shelf.library().read_again();
        Reading { app: self, served, library: library.into(), news }
    }

    /// Reads the scenario files again and takes them up, in a thread where that holds up nobody.
    pub async fn reload(self: &Arc<Self>) -> Reload {
        let app = Arc::clone(self);
        spawn_blocking(move || app.read_again().take_up()).await.expect("files are read without a fault")
    }
}

impl Reading<'_> {
    /// Takes up what is good, and logs what is new and what is wrong.
    #[must_use]
    pub fn take_up(mut self) -> Reload {
        self.app.shelf.replace(Arc::clone(&self.library));
        let mut reload = Reload { news: self.news, restarted: Vec::new() };
        let default = self.app.spaces.space(SpaceId::DEFAULT).expect("the default space is always there");
        if let Some(served) = &mut *self.served {
            if follow(&default, served, &self.library) {
                reload.restarted.push(default.id());
            }
            warn_if_orphaned(&default, served, &reload.news);
        }
        log(&reload);
        reload
    }
}

/// Lets the default space begin from the file that its scenario is in now, if that says something else.
fn follow(default: &Space, served: &mut Arc<Source>, library: &Library) -> bool {
    let Some(now) = library.from_file(served.name()).filter(|now| !now.says_the_same_as(served)) else { return false };
    let is_restarted = default.follow(&served.scenario().world, now.name().into(), &now.scenario().world);
    if is_restarted {
        *served = Arc::clone(now);
    }
    is_restarted
}

fn warn_if_orphaned(default: &Space, served: &Source, news: &News) {
    let scenario = served.name();
    if news.removed.iter().any(|name| name == scenario) && default.is_of(&served.scenario().world) {
        tracing::warn!(scenario, "no file has the served scenario any more: it is served as it was");
    }
}

fn log(Reload { news, restarted }: &Reload) {
    for (path, reason) in &news.wrong.unreadable {
        tracing::warn!(file = %path.display(), "not taken up: {reason}");
    }
    for Problem { file, line, column, key, message, hint, .. } in &news.wrong.problems {
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
