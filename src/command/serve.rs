//! `bss-sim serve`: the simulated API on a socket, until a signal ends it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::CommandError;
use super::log::{self, LogFormat, LogLevel};
use crate::fixture::{Library, Scenario};
use crate::http::{Server, router};
use crate::simulator::Space;

/// What is served, and where.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 is any free one.
    #[arg(long, env = "BSS_SIM_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// The scenario to serve.
    #[arg(long, env = "BSS_SIM_SCENARIO")]
    scenario: Option<String>,

    /// Scenario files, and directories of such, to know besides the built-in ones. A single file is served, unless
    /// --scenario names another one. Several are separated by commas.
    #[arg(long, env = "BSS_SIM_FIXTURES", value_name = "PATH", num_args = 1.., value_delimiter = ',')]
    fixtures: Vec<PathBuf>,

    /// How log events on stderr look.
    #[arg(long, env = "BSS_SIM_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least important events to log.
    #[arg(long, env = "BSS_SIM_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    log_level: LogLevel,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let scenario = self.choose()?;
        log::start(self.log_format, self.log_level);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(self.listen, scenario))
    }

    fn choose(&self) -> Result<Scenario, CommandError> {
        let mut library = Library::builtin();
        let mut added = library.add(&self.fixtures)?;
        let is_one_file = self.fixtures.len() == 1 && self.fixtures[0].is_file();
        match (&self.scenario, added.pop()) {
            (None, Some(scenario)) if is_one_file => Ok(scenario),
            (name, _) => Ok(library.scenario(name.as_deref().unwrap_or("default"))?),
        }
    }
}

async fn serve(address: SocketAddr, scenario: Scenario) -> Result<(), CommandError> {
    // Before anything can be asked to stop: as the first process of a container there is no default handler.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = Server::bind(address).map_err(|error| CommandError::Bind(address, error))?;
    announce(server.address()?, &scenario.name);
    let stop = server.stop_handle();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.stop();
    });
    server.serve(router(Arc::new(Space::new(scenario.world)))).await?;
    Ok(())
}

/// Prints the ready line. A closed stdout is no reason not to serve.
fn announce(mut address: SocketAddr, scenario: &str) {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let url = format!("http://{address}");
    let line = json!({ "event": "ready", "url": url, "scenario": scenario, "version": env!("CARGO_PKG_VERSION") });
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        tracing::warn!(url, "ready, but stdout is closed");
    }
}
