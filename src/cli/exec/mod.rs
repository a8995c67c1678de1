//! `bss-sim exec`: runs a command, most often a test suite, with a simulator beside it, and reports what was asked of it.

mod child;
mod coverage;
mod environment;
mod report;

use std::ffi::OsString;
use std::io::{Write, stderr};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;

use clap::Args;

use super::CommandError;
use super::log::{self, LogFormat, LogLevel};
use super::serve::runtime;
use super::source::Source;
use crate::http::{App, Limits, Server, router};
use environment::Environment;
use report::Report;

/// What `--help` adds.
pub(super) const HELP: &str = "\
The command finds in its environment:
  BSS_SIM_URL             where the simulator is
  BSS_SIM_TOKEN           what the scenario's first partner calls with,
  BSS_SIM_AK, BSS_SIM_SK    as far as it has such a thing
  BSS_SIM_PARTNER, BSS_SIM_PARTNER_ID, BSS_SIM_XACCOUNT_TYPE
                          that partner's name, account ID and platform ID
An official SDK finds the same in the variables that it reads (HUAWEICLOUD_SDK_AK and others), and nothing else that \
begins with HUAWEICLOUD_.

Stdin, stdout, signals and the exit code are the command's own: 128 and the number of the signal that ended it; 127 when \
it is not found, 126 when it cannot be run. The report is on stderr.

Examples:
  # what the command finds
  bss-sim exec -- env | grep BSS_SIM
  # a test suite; each of its tests can create a space for itself
  bss-sim exec -- pytest
  # one that has to meet 20 of the 24 documented outcomes
  bss-sim exec --coverage-fail-under 80 -- pytest";

/// Where the simulator of a command listens: on any free port.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What to run, and what beside it.
#[derive(Debug, Args)]
pub(super) struct Exec {
    #[command(flatten)]
    source: Source,

    /// The least share of the documented outcomes that the command has to meet, in percent.
    ///
    /// If it ends well without them, the exit code is 1.
    #[arg(long, env = "BSS_SIM_COVERAGE_FAIL_UNDER", value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_fail_under: Option<u8>,

    /// How log events on stderr look.
    #[arg(long, env = "BSS_SIM_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least important events to log.
    #[arg(long, env = "BSS_SIM_LOG_LEVEL", value_name = "LEVEL", default_value = "warn")]
    log_level: LogLevel,

    /// The command, with its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Exec {
    pub(super) fn run(self) -> Result<ExitCode, CommandError> {
        let (library, scenario) = self.source.choose()?;
        let flush = log::start(self.log_format, self.log_level)?;
        let app = Arc::new(App::of(&scenario, library));
        let runtime = runtime()?;
        let ended = runtime.block_on(self.accompany(&app));
        // Whoever still waits for a disk or a name server is not waited for.
        runtime.shutdown_background();
        // What was logged comes before the report.
        drop(flush);
        let status = ended?;
        let report = Report::of(&app.spaces);
        // A closed stderr is no reason to hide how the command ended.
        let _ = stderr().write_all(report.to_string().as_bytes());
        match self.coverage_fail_under {
            Some(least) if status.success() => report.coverage.at_least(least).map(|()| ExitCode::SUCCESS),
            _ => Ok(child::exit_code(status)),
        }
    }

    /// Serves until the command has ended.
    async fn accompany(&self, app: &Arc<App>) -> Result<ExitStatus, CommandError> {
        let server = Server::bind(ADDRESS, Limits::OF_A_TEST).map_err(|error| CommandError::Bind(ADDRESS, error))?;
        let environment = Environment::of(server.address()?, &app.spaces);
        let stop = server.stop_handle();
        let serving = tokio::spawn(server.serve(router(app)));
        let ended = child::run(&self.command, &environment).await;
        app.spaces.end();
        stop.stop();
        // What is under way has half a second. Had the server panicked, its panic would have been logged.
        let _ = serving.await;
        ended
    }
}
