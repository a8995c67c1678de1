//! The command line: one file for each command with flags of its own, and here what they share and the small commands.

mod catalog;
mod check;
mod exec;
mod explain;
mod healthcheck;
mod import;
mod listen;
mod log;
mod serve;
mod state;
mod system;
mod tls;
mod watch;

use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Arg, ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::domain::printable;
use crate::fixture::{LoadError, UnknownScenario, json_schema};
use crate::import::CaptureError;

/// A simulator of Huawei Cloud BSS individual real-name authentication.
///
/// Without a command it serves. It answers POST /v2/customers/realname-auths/individual as the API's page says, and what a
/// partner calls before and after it, from a scenario: a file with partners, customers, certificates and scripted answers.
/// All state is in memory; `serve --state FILE` keeps it over restarts.
#[derive(Debug, Parser)]
#[command(name = "bss-sim", version, args_conflicts_with_subcommands = true, after_help = BEGIN_HERE)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the simulated API (the default).
    #[command(after_long_help = serve::HELP)]
    Serve(serve::ServeArgs),
    /// Run a command with a simulator beside it, and report which requests it sent.
    #[command(after_long_help = exec::HELP)]
    Exec(exec::ExecArgs),
    /// Load scenario files and run their exchanges, in-process.
    #[command(after_long_help = check::HELP)]
    Check(check::CheckArgs),
    /// Make a scenario of what a real service answered, and compare it.
    #[command(after_long_help = import::HELP)]
    Import(import::ImportArgs),
    /// Explain which answer a request would get, and why.
    #[command(after_long_help = explain::HELP)]
    Explain(explain::ExplainArgs),
    /// Print every documented outcome, with its cause and the scenario that shows it.
    #[command(after_long_help = catalog::HELP)]
    Catalog(catalog::CatalogArgs),
    /// Print the JSON Schema of scenario files.
    #[command(after_long_help = SCHEMA_HELP)]
    Schema,
    /// Print a script with which a shell completes this command line.
    #[command(after_long_help = COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Ask a running simulator whether it is ready: exit code 0 or 1.
    #[command(after_long_help = healthcheck::HELP)]
    Healthcheck(healthcheck::HealthcheckArgs),
}

/// What `bss-sim --help` ends with.
const BEGIN_HERE: &str = "\
Begin here:
  # serve on http://127.0.0.1:8080
  bss-sim
  # run a test suite with a simulator beside it
  bss-sim exec -- pytest
  # see which answer a request would get, and why
  bss-sim explain < request.json

`bss-sim COMMAND --help` has more examples.";

const SCHEMA_HELP: &str = "\
Example:
  # and then, for an editor, as the first line of a scenario:
  # # yaml-language-server: $schema=scenario.schema.json
  bss-sim schema > scenario.schema.json";

const COMPLETIONS_HELP: &str = "\
Examples:
  # in ~/.bashrc
  eval \"$(bss-sim completions bash)\"
  # in a directory of $fpath
  bss-sim completions zsh > _bss-sim
  # in ~/.config/fish/completions
  bss-sim completions fish > bss-sim.fish";

#[derive(Debug, Args)]
struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Parses the command line, runs the command, and returns the exit code of the process.
#[doc(hidden)]
pub fn run() -> ExitCode {
    match Cli::parse_line().map_or_else(|answer| print_answer(&answer), Cli::run) {
        Ok(code) => code,
        // A reader that closes the pipe early, as `head` does, has read enough.
        Err(CommandError::Stdout(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // The exit code says enough where stderr is closed or full.
            let _ = writeln!(io::stderr(), "{}", printable_lines(&error.to_string()));
            error.exit_code().into()
        }
    }
}

/// The variable of a flag: `BSS_SIM_LISTEN` is that of `--listen`.
const VARIABLE_PREFIX: &str = "BSS_SIM_";

/// Gives each flag its variable. An empty variable counts as not set, because Compose makes `${NAME:-}` empty; only the token that
/// protects the control API is never left out in silence.
fn with_variables(command: clap::Command) -> clap::Command {
    let with_variable = |flag: Arg| {
        let Some(name) = flag.get_long().map(|name| name.replace('-', "_").to_uppercase()) else { return flag };
        let name = format!("{VARIABLE_PREFIX}{name}");
        let is_empty =
            env::var_os(&name).is_some_and(|value| value.is_empty()) && flag.get_id() != serve::CONTROL_TOKEN;
        let is_switch = matches!(flag.get_action(), ArgAction::SetTrue);
        let flag = if is_switch { flag.value_parser(BoolishValueParser::new()) } else { flag };
        if is_empty { flag } else { flag.env(name) }
    };
    command.mut_args(with_variable).mut_subcommands(with_variables)
}

impl Cli {
    fn parse_line() -> Result<Self, clap::Error> {
        let command = with_variables(Self::command());
        // The variables of `serve`, which needs no name, say nothing to the other commands.
        let without = command.clone().mut_args(|flag| flag.env(Resettable::Reset));
        let matches = match without.try_get_matches() {
            Ok(matches) if matches.subcommand().is_some() => matches,
            _ => command.try_get_matches()?,
        };
        Self::from_arg_matches(&matches)
    }

    fn run(self) -> Result<ExitCode, CommandError> {
        let done = match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(args) => args.run(),
            Command::Exec(args) => return args.run(),
            Command::Check(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Catalog(args) => print(&args.tables()),
            Command::Schema => {
                let schema = serde_json::to_string_pretty(&json_schema()).expect("a schema is JSON");
                print(&format!("{schema}\n"))
            }
            Command::Completions(args) => print(&completions(args.shell)),
            Command::Healthcheck(args) => args.run(),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Prints what clap answers in the place of a command: help and the version to stdout, or what is wrong with the command
/// line to stderr.
fn print_answer(answer: &clap::Error) -> Result<ExitCode, CommandError> {
    let printed = answer.print().and_then(|()| io::stdout().flush());
    if answer.use_stderr() {
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    printed.map(|()| ExitCode::SUCCESS).map_err(CommandError::Stdout)
}

fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(CommandError::Stdout)
}

/// Returns a text of several lines in which nothing acts on a terminal.
fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// The exit code that clap uses for a wrong command line.
const WRONG_USAGE: u8 = 2;

/// Why a command ended early, and what its user can do about it.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// A check failed. The command has printed the details.
    #[error("{0}")]
    CheckFailed(String),
    /// The command has no input.
    #[error("{0}")]
    Usage(&'static str),
    #[error(transparent)]
    Fixture(#[from] LoadError),
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    State(#[from] state::StateError),
    #[error("the last changes are not in the state: {0}")]
    Unsaved(io::Error),
    #[error(transparent)]
    Capture(CaptureError),
    /// With the flag that names the address.
    #[error("cannot listen on {0} ({1}): {advice}", advice = listen::advice(*.0, .2))]
    Bind(SocketAddr, &'static str, io::Error),
    #[error("cannot run `{}`: {}", .0.display(), spawn_advice(.1))]
    Spawn(OsString, io::Error),
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
    /// The operating system refused a thread, a signal handler or the like.
    #[error("the operating system refused what every program needs: {0}")]
    Internal(#[from] io::Error),
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::CheckFailed(_) => 1,
            Self::Usage(_) => WRONG_USAGE,
            Self::Fixture(_) | Self::Scenario(_) | Self::Tls(_) | Self::State(_) | Self::Capture(_) => 3,
            Self::Bind(..) => 4,
            Self::Stdout(_) | Self::Unsaved(_) | Self::Internal(_) => 5,
            // The codes that shells use.
            Self::Spawn(_, error) if error.kind() == ErrorKind::NotFound => 127,
            Self::Spawn(..) => 126,
        }
    }
}

fn spawn_advice(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "there is no such file, nor is it in PATH; or the interpreter that its first line names is missing"
        }
        ErrorKind::PermissionDenied => "it is not executable: chmod +x, or run it by its interpreter",
        _ => return error.to_string(),
    }
    .to_owned()
}

fn completions(shell: Shell) -> String {
    // Not straight to stdout: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bss-sim", &mut script);
    // The bash script spells the hyphen of the program's name in two ways, and then completes no flag of a command.
    String::from_utf8_lossy(&script).replace("bss__subcmd__sim", "bss__sim")
}
