//! The command line: one file for each command.

mod batch;
mod catalog;
mod check;
mod completions;
mod error;
mod exec;
mod explain;
mod healthcheck;
mod limits;
mod log;
mod schema;
mod serve;
mod source;
mod tls;
mod unverified;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use error::CommandError;
pub use tls::TlsError;

/// What the help ends with.
const BEGIN: &str = "\
Begin here:
  # serves: send requests to http://127.0.0.1:8080
  bss-sim
  # runs a test suite with a simulator beside it
  bss-sim exec -- pytest
  # says what a request would be answered, and why
  bss-sim explain < request.json

`bss-sim COMMAND --help` has more examples.";

/// A simulator of Huawei Cloud BSS individual real-name authentication.
///
/// Without a command it serves. It answers POST /v2/customers/realname-auths/individual as the API's page says, from
/// a scenario: a file with partners, customers, certificates and scripted answers. All state is in memory.
#[derive(Debug, Parser)]
#[command(name = "bss-sim", version, args_conflicts_with_subcommands = true, after_help = BEGIN)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the simulated API (the default).
    #[command(after_long_help = serve::HELP)]
    Serve(serve::Serve),
    /// Run a command with a simulator beside it, and report what was asked of it.
    #[command(after_long_help = exec::HELP)]
    Exec(exec::Exec),
    /// Load scenario files and run their exchanges, in-process.
    #[command(after_long_help = check::HELP)]
    Check(check::Check),
    /// Say what a request would be answered, and why.
    #[command(after_long_help = explain::HELP)]
    Explain(explain::Explain),
    /// Print every documented outcome, with what causes it and the scenario that shows it.
    #[command(after_long_help = catalog::HELP)]
    Catalog,
    /// Print the JSON Schema of scenario files.
    #[command(after_long_help = schema::HELP)]
    Schema,
    /// Print what a shell needs in order to complete this command line.
    #[command(after_long_help = completions::HELP)]
    Completions(completions::Completions),
    /// Ask a running simulator whether it is ready: exit code 0 or 1.
    #[command(after_long_help = healthcheck::HELP)]
    Healthcheck(healthcheck::Healthcheck),
}

impl Cli {
    /// Runs the command. What it returns is the exit code of the command that it ran itself, if it ran one.
    pub fn run(self) -> Result<ExitCode, CommandError> {
        let done = match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(serve) => serve.run(),
            Command::Exec(exec) => return exec.run(),
            Command::Check(check) => check.run(),
            Command::Explain(explain) => explain.run(),
            Command::Catalog => catalog::run(),
            Command::Schema => schema::run(),
            Command::Completions(completions) => completions.run(),
            Command::Healthcheck(healthcheck) => healthcheck.run(),
        };
        match done {
            Err(error) if !error.is_closed_stdout() => Err(error),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
