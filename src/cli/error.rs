//! Why a command ends early, and what its user can do about it.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::TlsError;
use crate::fixture::{LoadError, UnknownScenario};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A check failed: the command has said which.
    #[error("{0}")]
    CheckFailed(String),
    /// What the command is to work on is missing.
    #[error("{0}")]
    Usage(&'static str),
    /// Fixture files are not as they should be.
    #[error(transparent)]
    Fixture(#[from] LoadError),
    /// The chosen scenario does not exist.
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    /// There can be no HTTPS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be bound.
    #[error("cannot listen on {}: {}", .0, cannot_listen(.1))]
    Bind(SocketAddr, io::Error),
    /// The command that was to be run cannot be.
    #[error("cannot run `{}`: {}", .0.display(), cannot_run(.1))]
    Command(OsString, io::Error),
    /// The operating system refuses what every process may have.
    #[error("the system does not give what every program needs: {0}")]
    Internal(#[from] io::Error),
}

impl CommandError {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::CheckFailed(_) => 1,
            // As of a command line that clap refuses.
            Self::Usage(_) => 2,
            Self::Fixture(_) | Self::Scenario(_) | Self::Tls(_) => 3,
            Self::Bind(..) => 4,
            Self::Internal(_) => 5,
            // As in a shell.
            Self::Command(_, error) if error.kind() == ErrorKind::NotFound => 127,
            Self::Command(..) => 126,
        }
    }

    /// True when nobody reads what the command prints. Whoever closes it, as `head` does, has seen enough.
    pub(super) fn is_closed_stdout(&self) -> bool {
        matches!(self, Self::Internal(error) if error.kind() == ErrorKind::BrokenPipe)
    }
}

fn cannot_listen(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "something listens there already: choose another port, or 0 for any free one",
        ErrorKind::AddrNotAvailable => "this machine has no such address: choose 127.0.0.1, or 0.0.0.0 for all it has",
        ErrorKind::PermissionDenied => "this port is for the system alone: choose one from 1024 on",
        _ => return error.to_string(),
    }
    .to_owned()
}

fn cannot_run(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "there is no such file, nor is it in PATH; or the interpreter that its first line names is missing"
        }
        ErrorKind::PermissionDenied => "it is not executable: chmod +x, or run it by its interpreter",
        _ => return error.to_string(),
    }
    .to_owned()
}
