//! Windows.

use std::convert::Infallible;
use std::fs::{Metadata, OpenOptions};
use std::future::pending;
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::Path;
use std::process::ExitStatus;

use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

/// The signals that stop the simulator: Ctrl-C and Ctrl-Break, which other processes can send, too.
pub struct StopSignals {
    interrupt: CtrlC,
    terminate: CtrlBreak,
}

impl StopSignals {
    /// From now on they do not end this process by themselves.
    pub fn new() -> io::Result<Self> {
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signal that has files read again, which Windows does not have.
pub struct ReloadSignal;

impl ReloadSignal {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
    pub fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> Option<()> {
        pending().await
    }
}

/// The signals that a command gets as well as this process: the console sends them to both.
pub struct PassedSignals(StopSignals);

impl PassedSignals {
    /// From now on they do not end this process by themselves, so that it ends after the command.
    pub fn new() -> io::Result<Self> {
        StopSignals::new().map(Self)
    }

    /// Takes them, for the command has got them.
    pub async fn pass_on(&mut self, _child: Option<u32>) -> Infallible {
        loop {
            self.0.next().await;
        }
    }
}

/// The exit code of a process.
pub fn exit_code(status: ExitStatus) -> Option<i32> {
    status.code()
}

/// Differs if a file was replaced, even if its length and its time of modification are the same.
#[derive(Clone, PartialEq, Eq)]
pub struct FileVersion {
    created: u64,
}

impl FileVersion {
    pub fn of(metadata: &Metadata) -> Self {
        Self { created: metadata.creation_time() }
    }
}

/// Options to write a file. One that is created has the rights of its directory.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

/// Does nothing: a directory cannot be opened to be written.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}
