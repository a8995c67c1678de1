//! The command line: one file for each command.

mod batch;
mod catalog;
mod check;
mod completions;
mod exec;
mod explain;
mod healthcheck;
mod limits;
mod log;
mod schema;
mod serve;
mod source;
mod watch;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::fixture::{LoadError, UnknownScenario};

/// A simulator of Huawei Cloud BSS individual real-name authentication.
///
/// Without a command it serves. It answers POST /v2/customers/realname-auths/individual as the API's page says, from
/// a scenario: a file with partners, customers, certificates and scripted answers. All state is in memory.
#[derive(Debug, Parser)]
#[command(name = "bss-sim", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the simulated API (the default).
    Serve(serve::Serve),
    /// Run a command with a simulator beside it, and report what was asked of it.
    Exec(exec::Exec),
    /// Load scenario files and run their exchanges, in-process.
    Check(check::Check),
    /// Say what a request would be answered, and why.
    Explain(explain::Explain),
    /// Print every documented outcome, with what causes it and the scenario that shows it.
    Catalog,
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Print what a shell needs in order to complete this command line.
    Completions(completions::Completions),
    /// Ask a running simulator whether it is ready: exit code 0 or 1.
    Healthcheck(healthcheck::Healthcheck),
}

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
    /// The address cannot be bound.
    #[error("cannot listen on {0}: {1}")]
    Bind(std::net::SocketAddr, io::Error),
    /// The command that was to be run cannot be.
    #[error("cannot run `{}`: {}", .0.display(), cannot_run(.1))]
    Command(OsString, io::Error),
    /// The operating system refuses what every process may have.
    #[error("{0}")]
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
            Self::Fixture(_) | Self::Scenario(_) => 3,
            Self::Bind(..) => 4,
            // As in a shell.
            Self::Command(_, error) if matches!(error.kind(), ErrorKind::NotFound) => 127,
            Self::Command(..) => 126,
            Self::Internal(_) => 5,
        }
    }
}

impl Cli {
    /// Runs the command. What it returns is the exit code of the command that it ran itself, if it ran one.
    pub fn run(self) -> Result<ExitCode, CommandError> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(serve) => serve.run(),
            Command::Exec(exec) => return exec.run(),
            Command::Check(check) => check.run(),
            Command::Explain(explain) => explain.run(),
            Command::Catalog => catalog::run(),
            Command::Schema => schema::run(),
            Command::Completions(completions) => completions.run(),
            Command::Healthcheck(healthcheck) => healthcheck.run(),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

/// Why a command cannot be run, and what to do about it.
fn cannot_run(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "there is no such file, nor is it in PATH; or the interpreter that its first line names is missing"
                .to_owned()
        }
        ErrorKind::PermissionDenied => "it is not executable: chmod +x, or run it by its interpreter".to_owned(),
        _ => error.to_string(),
    }
}
