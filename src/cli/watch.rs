//! Watching: scenario files are looked at four times a second, and read again when they have changed.
//!
//! Events of the system would come sooner where they come, but they do not come from mounts of Docker Desktop or from NFS,
//! and they end when a directory is deleted and made again.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::Files;
use crate::http::App;

/// The time from one look to the next.
const PERIOD: Duration = Duration::from_millis(250);

/// How many times as long as a look takes nobody looks again: many files, or a slow disk, are no reason to be busy.
const REST: u32 = 10;

/// A watch on files.
#[derive(Debug)]
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    taken_up: FileStates,
}

/// A watch that goes on until this is dropped. A look that hangs is not waited for.
#[derive(Debug)]
pub(super) struct Watching(#[expect(dead_code, reason = "what counts is when it is dropped")] Sender<()>);

impl Watch {
    /// A watch on the files below these paths, which are to be read after this and not before.
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Self { paths: paths.to_owned(), taken_up: FileStates::of(paths) }
    }

    /// Begins to watch, in a thread of its own.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(super) fn start(self, app: Arc<App>) -> io::Result<Watching> {
        let (sender, end) = channel();
        thread::Builder::new().name("watch".to_owned()).spawn(move || self.run(&app, &end))?;
        Ok(Watching(sender))
    }

    fn run(mut self, app: &App, end: &Receiver<()>) {
        let (mut before, mut pause) = (self.taken_up.clone(), PERIOD);
        while end.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let began = Instant::now();
            let now = FileStates::of(&self.paths);
            pause = PERIOD.max(began.elapsed() * REST);
            // What changes between two looks may be half-written.
            if now != self.taken_up && now == before {
                let reading = app.read_again();
                // So may what changes while it is read.
                if now == FileStates::of(&self.paths) {
                    // The log has told what there is to tell.
                    let _ = reading.apply();
                    self.taken_up = now.clone();
                }
            }
            before = now;
        }
    }
}

/// All that can be told of files without reading them. A look at 1,000 files takes 2.3 ms of one core, which is 1 % of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStates {
    files: Files,
    stamps: Vec<Option<Stamp>>,
}

impl FileStates {
    fn of(paths: &[PathBuf]) -> Self {
        let files = Files::below(paths);
        let stamps = files.found.iter().map(|file| Stamp::of(file)).collect();
        Self { files, stamps }
    }
}

/// What is different when a file is written, or when another one takes its place, also behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        fs::metadata(file).ok().as_ref().map(Self::from)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
