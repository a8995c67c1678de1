//! Streams: what HTTP/2 calls the exchanges of a connection, of which there may be many at a time. Each has a watch of its
//! own, so that a slow one has its limits whatever the others do.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use super::seen::Seen;
use super::watch::{Phase, Watch};

/// The streams of a connection that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Mutex<Vec<Seen>>,
    /// The connection's task.
    connection: AtomicWaker,
}

impl Streams {
    /// Opens one. The watch on it is that of its task alone.
    pub(super) fn begin(self: &Arc<Self>) -> Stream {
        let watch = Arc::new(Watch::default());
        watch.enter(Phase::Serving);
        self.open().push(Seen::of(Arc::clone(&watch)));
        Stream { watch, streams: Arc::clone(self) }
    }

    /// True when none is open; else this wakes the task as soon as there is none.
    pub(super) fn is_none_open(&self, connection: &Waker) -> bool {
        self.connection.register(connection);
        self.open().is_empty()
    }

    /// Looks at each of them.
    pub(super) fn look(&self, look: impl FnMut(&mut Seen)) {
        self.open().iter_mut().for_each(look);
    }

    fn open(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.open.lock().expect("nothing panics while it holds the streams")
    }
}

/// A stream, which is open until this is dropped.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) watch: Arc<Watch>,
    streams: Arc<Streams>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        open.retain(|seen| !Arc::ptr_eq(&seen.watch, &self.watch));
        let is_none_open = open.is_empty();
        drop(open);
        if is_none_open {
            self.streams.connection.wake();
        }
    }
}
