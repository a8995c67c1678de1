//! Linux, macOS and other Unix systems.

use std::convert::Infallible;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{self, Pid, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop the simulator: SIGTERM and SIGINT, which is Ctrl-C.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From now on they do not end this process by themselves.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signal that has files read again: SIGHUP.
pub struct ReloadSignal(Signal);

impl ReloadSignal {
    pub fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// `None` if it cannot come any more.
    pub async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

/// The signals that a command gets in the place of this process.
pub struct PassedSignals {
    stop: StopSignals,
    hangup: Signal,
}

impl PassedSignals {
    /// From now on they do not end this process by themselves.
    pub fn new() -> io::Result<Self> {
        Ok(Self { stop: StopSignals::new()?, hangup: signal(SignalKind::hangup())? })
    }

    /// Sends each signal to a process, which has to be a child that was not waited for.
    pub async fn pass_on(&mut self, child: Option<u32>) -> Infallible {
        loop {
            tokio::select! {
                // Many programs quit at once on a second Ctrl-C, so the command must not get one twice.
                _ = self.stop.interrupt.recv() => if !is_in_foreground() { send(child, process::Signal::INT) },
                _ = self.stop.terminate.recv() => send(child, process::Signal::TERM),
                _ = self.hangup.recv() => send(child, process::Signal::HUP),
            }
        }
    }
}

fn send(child: Option<u32>, signal: process::Signal) {
    if let Some(pid) = child.and_then(|id| Pid::from_raw(id.cast_signed())) {
        // It fails only if the command has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// Returns true if the terminal sends Ctrl-C to this process group, and thus to the command as well.
fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}

/// The exit code of a process or, as in a shell, 128 and the number of the signal that ended it.
pub fn exit_code(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

/// Differs if a file was replaced or changed, even if its length and its time of modification are the same.
#[derive(Clone, PartialEq, Eq)]
pub struct FileVersion {
    file: (u64, u64),
    changed: (i64, i64),
}

impl FileVersion {
    pub fn of(metadata: &Metadata) -> Self {
        Self { file: (metadata.dev(), metadata.ino()), changed: (metadata.ctime(), metadata.ctime_nsec()) }
    }
}

/// Options to write a file. One that is created is for this user alone.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Waits until what was renamed in a directory is on the disk.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
