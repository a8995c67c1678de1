//! `bss-sim serve`: the simulated API on a socket, until a signal ends it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::available_parallelism;

use bytesize::ByteSize;
use clap::Args;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CommandError;
use super::limits::LimitFlags;
use super::log::{self, LogFormat, LogLevel};
use super::source::Source;
use super::tls::{TlsError, TlsFlags};
use super::watch::Watch;
use crate::domain::credentials::Secret;
use crate::http::{
    App, ControlSettings, DEFAULT_JOURNAL_ENTRIES, Server, Stop, Tls, api_router, control_router, router,
};
use crate::simulator::{JournalLimits, Spaces};

/// What `--help` adds.
pub(super) const HELP: &str = "\
It serves until SIGTERM or Ctrl-C. Stdout has one line of JSON when it is ready; the log is on stderr.

Examples:
  # the scenario `default`, on http://127.0.0.1:8080
  bss-sim serve
  # a built-in scenario, on a free port, which the line on stdout tells
  bss-sim serve --scenario other-errors --listen 127.0.0.1:0
  # a scenario of your own
  bss-sim serve --fixtures mine.yaml";

/// What is served, and where.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 is any free one.
    #[arg(long, env = "BSS_SIM_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    #[command(flatten)]
    source: Source,

    /// Take up the files of --fixtures whenever they change.
    ///
    /// That takes less than a second. A file that is wrong is logged, and what was known of it stays. The default space begins
    /// again when its scenario has changed; other spaces go on as they are. `POST /_sim/reload` and SIGHUP do the same once,
    /// also without this flag.
    #[arg(long, env = "BSS_SIM_WATCH", requires_if("true", "fixtures"))]
    watch: bool,

    /// Another address for the control API below /_sim, which is then not on the first one.
    #[arg(long, env = "BSS_SIM_CONTROL_LISTEN", value_name = "ADDRESS")]
    control_listen: Option<SocketAddr>,

    /// What control calls but health checks have to send as `Authorization: Bearer`.
    #[arg(long, env = "BSS_SIM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = parse_token)]
    control_token: Option<String>,

    /// The most journal entries of one space.
    #[arg(long, env = "BSS_SIM_JOURNAL_ENTRIES", value_name = "NUMBER", default_value_t = DEFAULT_JOURNAL_ENTRIES)]
    journal_entries: usize,

    /// The most bytes of the journals of all spaces.
    #[arg(long, env = "BSS_SIM_JOURNAL_BYTES", value_name = "SIZE", default_value = "64MiB")]
    journal_bytes: ByteSize,

    /// Show names and certificate numbers in the journal.
    #[arg(long, env = "BSS_SIM_SHOW_PERSONAL_DATA")]
    show_personal_data: bool,

    /// How log events on stderr look.
    #[arg(long, env = "BSS_SIM_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least important events to log.
    #[arg(long, env = "BSS_SIM_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    log_level: LogLevel,

    #[command(flatten, next_help_heading = "HTTPS")]
    tls: TlsFlags,

    #[command(flatten, next_help_heading = "Limits of clients")]
    limits: LimitFlags,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let watch = self.watch.then(|| Watch::new(&self.source.fixtures));
        let (library, scenario) = self.source.choose()?;
        let _flush = log::start(self.log_format, self.log_level)?;
        let limits = JournalLimits::new(self.journal_entries, self.journal_bytes());
        let spaces = Arc::new(Spaces::new(scenario.name.as_str().into(), &scenario.world, limits));
        let tls = self.tls.load([Some(self.listen), self.control_listen].into_iter().flatten())?;
        let control = ControlSettings {
            token: self.control_token(),
            show_personal_data: self.show_personal_data,
            ca: tls.as_ref().and_then(Tls::ca),
        };
        let app = Arc::new(App::new(spaces, library, control));
        let _watching = watch.map(|watch| watch.start(Arc::clone(&app))).transpose()?;
        let runtime = runtime()?;
        let served = runtime.block_on(self.serve(&app, tls.as_ref(), &scenario.name));
        // Whoever still waits for a disk or a name server is not waited for.
        runtime.shutdown_background();
        served
    }

    fn journal_bytes(&self) -> usize {
        usize::try_from(self.journal_bytes.as_u64()).unwrap_or(usize::MAX)
    }

    fn control_token(&self) -> Option<Secret> {
        self.control_token.as_deref().map(Secret::new)
    }

    async fn serve(&self, app: &Arc<App>, tls: Option<&Tls>, scenario: &str) -> Result<(), CommandError> {
        // Before anything can be asked to stop: as the first process of a container there is no default handler.
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let hangup = signal(SignalKind::hangup())?;
        let limits = self.limits.within_the_process(1 + usize::from(self.control_listen.is_some()));
        let bind = |address| {
            let server = Server::bind(address, limits).map_err(|error| CommandError::Bind(address, error))?;
            Ok::<_, CommandError>(server.secured(tls.cloned()))
        };
        let server = bind(self.listen)?;
        let control = self.control_listen.map(bind).transpose()?;
        let control_address = control.as_ref().map(Server::address).transpose()?;
        self.warn_if_anybody_can_steer(control_address.unwrap_or(server.address()?));
        let url = |address| url(server.scheme(), address);
        let control_url = control_address.map(url);
        announce(&url(server.address()?), control_url.as_deref(), app.control.ca.is_some(), scenario);
        let (flags, tls) = (self.tls.clone(), tls.cloned());
        tokio::spawn(reload_on(hangup, Arc::clone(app), move || {
            tls.as_ref().map_or(Ok(false), |tls| flags.renew(tls))
        }));
        let stops: Vec<_> = control.iter().chain([&server]).map(Server::stop_handle).collect();
        let spaces = Arc::clone(&app.spaces);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
            spaces.end();
            stops.iter().for_each(Stop::stop);
        });
        match control {
            None => server.serve(router(app)).await,
            Some(control_server) => {
                let control = control_server.serve(control_router(app));
                tokio::join!(server.serve(api_router(app)), control);
            }
        }
        Ok(())
    }

    fn warn_if_anybody_can_steer(&self, address: SocketAddr) {
        if self.control_token.is_none() && !address.ip().is_loopback() {
            tracing::warn!(%address, "whoever reaches this address can steer the simulator: set --control-token");
        }
    }
}

/// Where there is but one core, workers would only get in each other's way.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    let mut builder = match available_parallelism() {
        Ok(cores) if cores.get() == 1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// Takes up the scenario files, and a renewed certificate, whenever this signal comes.
async fn reload_on(mut hangup: Signal, app: Arc<App>, renew: impl Fn() -> Result<bool, TlsError>) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP: reading files again");
        match renew() {
            Ok(true) => tracing::info!("the certificate was read again, and is for new connections"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
        }
        app.reload().await;
    }
}

/// Prints the ready line. A closed stdout is no reason not to serve.
fn announce(url: &str, control_url: Option<&str>, has_ca: bool, scenario: &str) {
    let mut line = json!({ "event": "ready", "url": url, "scenario": scenario, "version": env!("CARGO_PKG_VERSION") });
    if let Some(control) = control_url {
        line["control_url"] = control.into();
    }
    if has_ca {
        let ca = format!("{}/_sim/tls/ca.pem", control_url.unwrap_or(url));
        tracing::info!(ca, "HTTPS with certificates of its own: clients have to trust the CA that is at this URL");
        line["ca"] = ca.into();
    }
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        tracing::warn!(url, "ready, but stdout is closed");
    }
}

/// The URL of an address, for a client on this machine.
fn url(scheme: &str, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("{scheme}://{address}")
}

/// A token that protects something.
fn parse_token(token: &str) -> Result<String, &'static str> {
    if token.trim().is_empty() {
        Err("a blank token protects nothing: give one, or leave the flag out")
    } else {
        Ok(token.to_owned())
    }
}
