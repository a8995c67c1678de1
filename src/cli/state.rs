//! `--state FILE`: all spaces are restored from a file at the start, and written to it whenever something has changed.
//!
//! A thread of its own looks for changes and writes, so that no request waits for the disk. It writes a new file beside the
//! old one and renames it: whenever the process is killed, one of the two is there as a whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::system::{private_file, sync_directory};
use crate::fixture::{Library, ReadError, read_file};
use crate::http::App;
use crate::simulator::{Space, SpaceId, Spaces};
use crate::state_file::{self, InvalidState, Restored};

/// The least time between two looks for changes.
const PAUSE: Duration = Duration::from_millis(500);

/// The least time between two writes, as a multiple of the time that the one before took.
const PAUSE_FACTOR: u32 = 2;

/// What the name of the file ends in that is written beside the state. One of this name is replaced, so that it must not be
/// a name that a user gives to a file.
const NEW: &str = ".bss-sim-new";

/// The most bytes of a state that are read: some million customers.
const MAX_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// The most links that are followed from one to the next.
const MAX_LINKS: usize = 40;

/// Why a state cannot be used, and what its user can do about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error("{}: another process has this state: one simulator uses a file, so give this one another `--state`", .0.display())]
    Locked(PathBuf),
    #[error("{}: the state {}", .0.display(), .1)]
    Unreadable(PathBuf, ReadError),
    #[error(
        "{}: {}\nThe file was left as it is: move it away to begin anew, or start the program that wrote it.", .0.display(), .1
    )]
    Invalid(PathBuf, InvalidState),
    #[error("{}: a state cannot be among the scenarios of --fixtures: put it into another directory", .0.display())]
    InFixtures(PathBuf),
    #[error("{}: no file can be made here: {}; the directory has to exist, and this user has to be allowed to write to it", .0.display(), .1)]
    Unwritable(PathBuf, io::Error),
}

/// The file of a state, which no other process uses.
pub(super) struct StateFile {
    /// What the file is, also if a link leads to it.
    path: PathBuf,
    /// Dropping it releases the lock. It is another file, because a new one takes the place of the state.
    _lock: File,
}

impl StateFile {
    /// Locks the file, which need not exist, and makes sure that it can be replaced.
    fn lock(path: &Path) -> Result<Self, StateError> {
        let path = behind_links(path);
        let unwritable = |error| StateError::Unwritable(path.clone(), error);
        // To open a pipe waits for another process.
        if fs::metadata(beside(&path, ".lock")).is_ok_and(|found| !found.is_file()) {
            return Err(unwritable(io::Error::other("the file with .lock behind its name is no regular file")));
        }
        let lock = private_file().create(true).open(beside(&path, ".lock")).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::Locked(path)),
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        let file = Self { path: path.clone(), _lock: lock };
        file.create_new().map_err(unwritable)?;
        fs::remove_file(file.new_path()).map_err(unwritable)?;
        Ok(file)
    }

    /// Locks the file, and puts its spaces into a simulator that has just been made.
    pub(super) fn open(path: &Path, library: &Library, spaces: &mut Spaces) -> Result<Self, StateError> {
        let began = Instant::now();
        if library.searches(path) {
            return Err(StateError::InFixtures(path.to_owned()));
        }
        let file = Self::lock(path)?;
        let restored = file.restore(library, spaces)?;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let path = file.path.display();
        let Some(Restored { spaces: count, begun_again }) = restored else {
            spaces.shared.changes.note();
            tracing::info!(file = %path, "there is no state yet: the file will be made");
            return Ok(file);
        };
        tracing::info!(file = %path, spaces = count, millis, "the state is restored");
        let is_foreign = |space: &Arc<Space>| space.id != SpaceId::DEFAULT && space.id.simulator != spaces.name;
        let foreign = spaces.list().iter().filter(|space| is_foreign(space)).count();
        if foreign > 0 {
            tracing::warn!(
                spaces = foreign,
                "spaces were made under another --name: a balancer does not find them here"
            );
        }
        if let Some(why) = begun_again {
            spaces.shared.changes.note();
            tracing::warn!(why, "the default space begins again");
        }
        Ok(file)
    }

    /// Puts the spaces of the file into a simulator. Returns nothing if there is no file yet.
    fn restore(&self, library: &Library, spaces: &mut Spaces) -> Result<Option<Restored>, StateError> {
        let text = match read_file(&self.path, MAX_BYTES) {
            Ok(text) => text,
            Err(ReadError::Unreadable(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Unreadable(self.path.clone(), error)),
        };
        let restored = state_file::restore(&text, library, spaces);
        restored.map(Some).map_err(|error| StateError::Invalid(self.path.clone(), error))
    }

    /// Replaces the file by a new one.
    fn replace(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let replaced = self.try_replace(write);
        if replaced.is_err() {
            // Half a file would fill the disk. That it cannot be removed is the smaller mistake.
            let _ = fs::remove_file(self.new_path());
        }
        replaced
    }

    fn try_replace(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut new = BufWriter::with_capacity(64 * 1024, self.create_new()?);
        write(&mut new)?;
        // What is renamed before its content is on the disk may be empty after a power cut.
        new.into_inner()?.sync_all()?;
        fs::rename(self.new_path(), &self.path)?;
        sync_directory(self.path.parent().unwrap_or(Path::new(".")))
    }

    /// Creates the file beside, in the place of one that a killed process has left.
    fn create_new(&self) -> io::Result<File> {
        let path = self.new_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => private_file().create_new(true).open(path),
        }
    }

    fn new_path(&self) -> PathBuf {
        beside(&self.path, NEW)
    }
}

/// Returns the path of the same file with something behind its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Returns the file that links lead to. It need not exist.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    // The directory may be deleted and made again while the simulator runs, but the process must not move away from it.
    std::path::absolute(&path).unwrap_or(path)
}

/// Writes the state in a thread of its own.
pub(super) struct StateWriter {
    end: Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl StateWriter {
    pub(super) fn start(file: StateFile, app: Arc<App>) -> io::Result<Self> {
        let (end, ended) = channel();
        let thread = thread::Builder::new().name("state".to_owned());
        let thread = thread.spawn(move || Writing { file, app, failure: None }.run(&ended))?;
        Ok(Self { end, thread })
    }

    /// Writes what has changed since the last time, and waits for that.
    pub(super) fn finish(self) -> io::Result<()> {
        // The thread may have panicked.
        let _ = self.end.send(());
        self.thread.join().unwrap_or_else(|_panic| Err(io::Error::other("the thread that writes it has failed")))
    }
}

/// Writes. A panic is a failure like any other: it is logged, and the next change is written again.
fn caught(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    // What a panic leaves half done is the file beside the state, which is made anew each time.
    catch_unwind(AssertUnwindSafe(write))
        .unwrap_or_else(|_panic| Err(io::Error::other("a fault of bss-sim: its panic is on stderr")))
}

struct Writing {
    file: StateFile,
    app: Arc<App>,
    /// Why the last write failed.
    failure: Option<String>,
}

impl Writing {
    fn run(mut self, ended: &Receiver<()>) -> io::Result<()> {
        let mut pause = PAUSE;
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let began = Instant::now();
            // What failed is in the log, and is tried again.
            let _ = self.write_changes();
            pause = PAUSE.max(began.elapsed() * PAUSE_FACTOR);
        }
        // Calls that only read have changed when their spaces were last used.
        self.app.spaces.shared.changes.note();
        self.write_changes()
    }

    /// Writes the state, if anything has changed.
    fn write_changes(&mut self) -> io::Result<()> {
        let Self { file, app, failure } = self;
        let changes = &app.spaces.shared.changes;
        // What changes from here on is written by this write or by the next one.
        if !changes.take() {
            return Ok(());
        }
        let began = Instant::now();
        let library = app.library();
        let written = caught(|| {
            file.replace(|out| {
                let default = app.scenarios.with_served(|served| (served.cloned(), app.spaces.default_space().save()));
                state_file::write(out, &app.spaces, &library, default)
            })
        });
        let file = file.path.display();
        match &written {
            Ok(()) => {
                if failure.take().is_some() {
                    tracing::info!(%file, "the state can be written again");
                }
                let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::debug!(%file, millis, "the state is written");
            }
            Err(error) => {
                changes.note();
                let error = error.to_string();
                if failure.as_ref() != Some(&error) {
                    tracing::warn!(%file, error, "the state cannot be written: the file stays as it was, and it is tried again");
                    *failure = Some(error);
                }
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failed_write() {
        assert!(caught(|| Ok(())).is_ok());
        let failed = caught(|| panic!("a test")).map_err(|error| error.to_string());
        assert_eq!(failed, Err("a fault of bss-sim: its panic is on stderr".to_owned()));
    }
}
