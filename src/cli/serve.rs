//! `bss-sim serve`: serves the simulated API until a signal stops it.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use super::CommandError;
use super::listen::ListenAddress;
use super::log::{self, LevelFilter, LogFormat};
use super::state::{StateFile, StateWriter};
use super::system::{ReloadSignal, StopSignals};
use super::tls::{TlsError, TlsFlags};
use super::watch::Watcher;
use crate::domain::{Secret, parse_duration, parse_size};
use crate::fixture::{Library, LoadedScenario, builtin_names};
use crate::http::{
    App, CONSOLE_PATH, ConsoleRedirect, ControlSettings, DEFAULT_JOURNAL_ENTRIES, HostPattern, Limits, Server, Tls,
    api_service, control_service, service,
};
use crate::simulator::{JournalLimits, SimulatorName, Spaces};

/// What `--help` adds.
pub(super) const HELP: &str = "\
It serves until SIGTERM or Ctrl-C, or with --stop-with-stdin until stdin ends. Stdout has one line of JSON when it is ready; the log is on stderr.

Examples:
  # the scenario `default`, on http://127.0.0.1:8080
  bss-sim serve
  # a built-in scenario, on a free port, which the line on stdout contains
  bss-sim serve --scenario other-errors --listen 127.0.0.1:0
  # a scenario of your own
  bss-sim serve --fixtures mine.yaml
  # spaces that survive a restart
  bss-sim serve --state bss-sim.state";

/// The ID of the flag `--control-token`.
pub(super) const CONTROL_TOKEN: &str = "control_token";

/// What is served, and where.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct ServeArgs {
    /// The address to listen on; port 0 is any free one.
    ///
    /// `8080` is that port of 127.0.0.1, `localhost:8080` of 127.0.0.1 and `::1`, and `0.0.0.0:8080` of all interfaces.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: ListenAddress,

    #[command(flatten)]
    scenario: ScenarioFlags,

    /// The name of this simulator among several behind one address: 1 to 8 characters of a-z and 0-9.
    ///
    /// It is a part of the IDs, tokens, access keys and users of its spaces, so that a balancer finds the simulator of a request.
    /// The default space has no name.
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    name: Option<SimulatorName>,

    /// Read the files of --fixtures again whenever they change.
    ///
    /// That takes less than a second. An invalid file is logged, and its scenario stays as it was. The default space starts
    /// again when its scenario has changed; other spaces go on as they are. `POST /_sim/reload` and SIGHUP do the same once,
    /// also without this flag.
    #[arg(long, requires_if("true", "fixtures"))]
    watch: bool,

    /// Keep all spaces in this file over restarts.
    ///
    /// It is read at the start, if it is there, and written at most a second after a change. It has all but the journal and the
    /// metrics, credentials included. The default space begins again if its scenario has changed. One process uses a file.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Another address for the control API below /_sim, which is then not on the first one.
    #[arg(long, value_name = "ADDRESS")]
    control_listen: Option<ListenAddress>,

    /// The token that control calls, except health checks, have to send as `Authorization: Bearer`.
    #[arg(long, value_name = "TOKEN", hide_env_values = true, value_parser = ControlToken)]
    control_token: Option<String>,

    /// Further hosts by which the control API may be called, such as `bss.example.com,*.example.org`, or `*`.
    ///
    /// IP addresses, names without a dot, and names that end in `.localhost`, `.local`, `.internal`, `.svc` or `.test` need
    /// no flag. Calls to other hosts are refused, because a web site can let its own name lead here. With --control-token
    /// calls to any host are allowed.
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    control_host: Vec<HostPattern>,

    /// Serve no web console, which is at /_sim/ui/ otherwise.
    ///
    /// Then no path leads a browser there, and the control API is as before.
    #[arg(long)]
    no_console: bool,

    /// Stop when stdin ends, as at SIGTERM.
    ///
    /// A program that starts the simulator with a pipe as its stdin, and keeps the other end open, needs no more than that: the
    /// system closes the pipe even if the program is killed. What is written to the pipe is dropped.
    #[arg(long, hide_short_help = true)]
    stop_with_stdin: bool,

    /// The most journal entries of one space.
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_JOURNAL_ENTRIES)]
    journal_entries: usize,

    /// The most bytes of the journals of all spaces.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "64MiB")]
    journal_bytes: u64,

    /// Show names and certificate numbers in the journal.
    #[arg(long)]
    show_personal_data: bool,

    /// How log events on stderr look.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least important events to log.
    #[arg(long, value_name = "LEVEL", value_parser = log::level(), default_value = "info")]
    log_level: LevelFilter,

    #[command(flatten, next_help_heading = "HTTPS")]
    tls: TlsFlags,

    #[command(flatten, next_help_heading = "Limits of clients")]
    limits: LimitFlags,
}

impl ServeArgs {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let watcher = self.watch.then(|| Watcher::new(&self.scenario.fixtures));
        let (library, scenario) = self.scenario.load()?;
        let _log = log::start(self.log_format, self.log_level);
        let journal_bytes = usize::try_from(self.journal_bytes).unwrap_or(usize::MAX);
        let limits = JournalLimits::new(self.journal_entries, journal_bytes);
        let spaces = Spaces::new(scenario.name.as_str().into(), &scenario.world, limits);
        let mut spaces = spaces.named(self.name.unwrap_or_default());
        let state = self.state.as_deref().map(|path| StateFile::open(path, &library, &mut spaces)).transpose()?;
        let spaces = Arc::new(spaces);
        let flags = [Some(&self.listen), self.control_listen.as_ref()];
        let tls = self.tls.load(flags.into_iter().flatten().flat_map(ListenAddress::addresses))?;
        let control = ControlSettings {
            token: self.control_token.as_deref().map(Secret::new),
            hosts: self.control_host.clone(),
            show_personal_data: self.show_personal_data,
            no_console: self.no_console,
            ca: tls.as_ref().and_then(Tls::ca),
        };
        let app = Arc::new(App::new(spaces, library, control));
        app.scenarios.log_warnings();
        let _watch = watcher.map(|watcher| watcher.start(Arc::clone(&app))).transpose()?;
        let runtime = runtime()?;
        let state = state.map(|state| StateWriter::start(state, Arc::clone(&app))).transpose()?;
        let served = runtime.block_on(self.serve(&app, tls.as_ref(), &scenario.name, state));
        // Does not wait for tasks that wait for a disk or a name server.
        runtime.shutdown_background();
        served
    }

    async fn serve(
        &self,
        app: &Arc<App>,
        tls: Option<&Tls>,
        scenario: &str,
        state: Option<StateWriter>,
    ) -> Result<(), CommandError> {
        // Before the ready line, and thus before a signal may come: the first process of a container has no default handler.
        let (mut stop, reload) = (StopSignals::new()?, ReloadSignal::new()?);
        let listeners = self.listen.bind("--listen").await?;
        let control_listeners = match &self.control_listen {
            Some(address) => address.bind("--control-listen").await?,
            None => Vec::new(),
        };
        let limits = self.limits.for_servers(listeners.len() + control_listeners.len());
        let address = listeners[0].local_addr()?;
        let control_address = control_listeners.first().map(TcpListener::local_addr).transpose()?;
        self.warn_if_control_is_open(control_address.unwrap_or(address));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = |address| format!("{scheme}://{}", local(address));
        let control_url = control_address.map(url);
        print_ready(&url(address), control_url.as_deref(), &app.control, scenario);
        let api = if control_listeners.is_empty() {
            service(app)
        } else {
            ConsoleRedirect { inner: api_service(app), is_on: false }
        };
        let server = || Server::new(limits, &app.spaces).with_tls(tls.cloned());
        let serving = join_all(listeners.into_iter().map(|listener| server().serve(listener, api.clone())));
        let control = control_service(app);
        let controlling =
            join_all(control_listeners.into_iter().map(|listener| server().serve(listener, control.clone())));
        let (flags, tls) = (self.tls.clone(), tls.cloned());
        tokio::spawn(reload_on(reload, Arc::clone(app), move || {
            tls.as_ref().map_or(Ok(false), |tls| flags.reload(tls))
        }));
        let stopping = async {
            tokio::select! {
                () = stop.next() => {}
                () = end_of_stdin(), if self.stop_with_stdin => {}
            }
            tracing::info!("stopping");
            app.spaces.end();
            stop.next().await;
            tracing::info!("stopping at once");
        };
        tokio::select! {
            _ = join(serving, controlling) => {}
            () = stopping => {}
        }
        let saved = match state {
            // It may wait for a disk that hangs. Another signal ends that, too.
            Some(state) => tokio::select! {
                saved = spawn_blocking(|| state.finish()) => saved.unwrap_or_else(|error| Err(io::Error::other(error))),
                () = stop.next() => Err(io::Error::other("a signal came first")),
            },
            None => Ok(()),
        };
        // The process ends. To free a large state piece by piece would only delay that.
        std::mem::forget(Arc::clone(app));
        saved.map_err(CommandError::Unsaved)
    }

    fn warn_if_control_is_open(&self, address: SocketAddr) {
        if self.control_token.is_none() && !address.ip().is_loopback() {
            tracing::warn!(%address, "every client that reaches this address can use the control API: set --control-token");
        }
    }
}

/// A runtime with a worker for each core; with one core, the main thread is the only worker.
pub(super) fn runtime() -> io::Result<Runtime> {
    let mut builder = match available_parallelism() {
        Ok(cores) if cores.get() == 1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// Waits until stdin ends. If it cannot be read, that is its end.
async fn end_of_stdin() {
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}

/// Reads the scenario files and the TLS certificate again whenever the signal comes.
async fn reload_on(mut reload: ReloadSignal, app: Arc<App>, reload_certificate: impl Fn() -> Result<bool, TlsError>) {
    while reload.next().await.is_some() {
        tracing::info!("SIGHUP: reading files again");
        match reload_certificate() {
            Ok(true) => tracing::info!("the TLS certificate was read again: new connections get it"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the TLS certificate stays as it was"),
        }
        app.scenarios.reload().await;
    }
}

/// Prints the ready line. The simulator serves even if stdout is closed.
fn print_ready(url: &str, control_url: Option<&str>, control: &ControlSettings, scenario: &str) {
    let mut line = json!({ "event": "ready", "url": url, "scenario": scenario, "version": env!("CARGO_PKG_VERSION") });
    if let Some(control_url) = control_url {
        line["control_url"] = control_url.into();
    }
    let control_url = control_url.unwrap_or(url);
    if !control.no_console {
        line["console"] = format!("{control_url}{CONSOLE_PATH}").into();
    }
    if control.ca.is_some() {
        let ca = format!("{control_url}/_sim/tls/ca.pem");
        tracing::info!(ca, "the certificates are self-signed: clients have to trust the CA at this URL");
        line["ca"] = ca.into();
    }
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        tracing::warn!(url, "ready, but stdout takes nothing");
    }
}

/// The address at which a client on this machine reaches a server that listens on this one.
pub(super) fn local(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// Parses a token that a client can send in a header. The error does not repeat it.
#[derive(Clone)]
struct ControlToken;

impl TypedValueParser for ControlToken {
    type Value = String;

    fn parse_ref(&self, command: &clap::Command, _: Option<&clap::Arg>, value: &OsStr) -> Result<String, clap::Error> {
        parse_token(value).map_err(|advice| {
            let message = format!("invalid value for '--control-token <TOKEN>': {advice}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

fn parse_token(value: &OsStr) -> Result<String, &'static str> {
    let token = value.to_str().filter(|token| token.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    match token {
        _ if value.to_string_lossy().trim().is_empty() => {
            Err("a blank token protects nothing: give one, or leave the flag out")
        }
        Some(token) if token.trim() == token => Ok(token.to_owned()),
        Some(_) => Err("no client can send the blank at its beginning or its end: leave that out"),
        None => Err("no client can send it in a header: use visible characters of ASCII"),
    }
}

/// The scenario that a simulator starts from.
#[derive(Debug, Args)]
pub(super) struct ScenarioFlags {
    /// The scenario to start from.
    ///
    /// `bss-sim catalog` names one for each documented outcome; without this flag it is the one called `default`.
    #[arg(long, value_name = "NAME", value_parser = ScenarioName, hide_possible_values = true)]
    scenario: Option<String>,

    /// Scenario files, and directories of such, in addition to the built-in scenarios.
    ///
    /// A single file is the scenario to start from, unless --scenario names another one. Several paths are separated by
    /// commas. In directories, files named `*.schema.json` are skipped.
    #[arg(long, value_name = "PATH", num_args = 1.., value_delimiter = ',')]
    fixtures: Vec<PathBuf>,
}

impl ScenarioFlags {
    /// Returns the chosen scenario, and the library of all scenarios.
    pub(super) fn load(&self) -> Result<(Library, Arc<LoadedScenario>), CommandError> {
        let mut library = Library::builtin();
        let mut added = library.add(&self.fixtures)?;
        let is_one_file = added.len() == 1 && self.fixtures.iter().all(|path| path.is_file());
        let scenario = match (&self.scenario, added.pop()) {
            (None, Some(scenario)) if is_one_file => scenario,
            (name, _) => library.scenario(name.as_deref().unwrap_or("default"))?,
        };
        Ok((library, scenario))
    }
}

/// Parses any name, because fixtures add scenarios. Shells complete the built-in ones.
#[derive(Clone)]
struct ScenarioName;

impl TypedValueParser for ScenarioName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        flag: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, flag, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        Some(Box::new(builtin_names().map(PossibleValue::new)))
    }
}

/// How much of a server its clients may use.
#[derive(Debug, Args)]
struct LimitFlags {
    /// The most connections at a time, of each address.
    ///
    /// Further ones wait until one ends. `ulimit -n` may allow fewer: the log says so.
    #[arg(long, hide_short_help = true, value_name = "NUMBER", default_value = "10000")]
    max_connections: NonZeroUsize,

    /// How long the head of a request may take from its first byte on, before its connection is closed.
    #[arg(long, hide_short_help = true, value_name = "SPAN", value_parser = parse_limit, default_value = "30s")]
    head_timeout: Duration,

    /// How long its body may take, before it is refused like one that breaks off.
    ///
    /// A client that waits for an answer while its Content-Length promises more than it sends waits for this.
    #[arg(long, hide_short_help = true, value_name = "SPAN", value_parser = parse_limit, default_value = "1m")]
    body_timeout: Duration,

    /// How long a client may read nothing of its answer, before its connection is reset.
    ///
    /// The time until an answer begins has no limit: a script may delay it, or never give one.
    #[arg(long, hide_short_help = true, value_name = "SPAN", value_parser = parse_limit, default_value = "1m")]
    answer_timeout: Duration,

    /// How long a connection may be idle between two requests, and before the first one.
    ///
    /// A client whose pool keeps connections for longer finds a closed one now and then, as with any server.
    #[arg(long, hide_short_help = true, value_name = "SPAN", value_parser = parse_limit, default_value = "2m")]
    idle_timeout: Duration,

    /// How long requests under way may take when the simulator is stopped. A second signal ends it at once.
    #[arg(long, hide_short_help = true, value_name = "SPAN", value_parser = parse_duration, default_value = "5s")]
    grace: Duration,
}

/// The most files that are kept free for pictures, pipes and the like.
const MAX_OTHER_FILES: usize = 1024;

impl LimitFlags {
    /// Returns the limits of each of the servers of this process, which share its file descriptors.
    fn for_servers(&self, servers: usize) -> Limits {
        let requested = self.max_connections.get();
        let connections = requested.min(possible_connections(servers).unwrap_or(requested));
        if connections < requested {
            tracing::warn!(connections, "this process may open too few files for --max-connections: see `ulimit -n`");
        }
        Limits {
            connections,
            head: self.head_timeout,
            body: self.body_timeout,
            answer: self.answer_timeout,
            idle: self.idle_timeout,
            grace: self.grace.min(MAX_LIMIT),
        }
    }
}

/// How many connections each server has file descriptors for, after raising the soft limit to the hard one. `None` where
/// the system does not say.
fn possible_connections(servers: usize) -> Option<usize> {
    let files = usize::try_from(rlimit::increase_nofile_limit(u64::MAX).ok()?).unwrap_or(usize::MAX);
    let others = MAX_OTHER_FILES.min(files / 2);
    Some(((files - others) / servers).max(1))
}

/// Longer than any server runs. A time that is much longer could not be added to the present one.
const MAX_LIMIT: Duration = Duration::from_secs(60 * 60 * 24 * 365);

fn parse_limit(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text)?;
    if span.is_zero() {
        Err("with a limit of zero every request would fail: to have hardly any limit, write `1d`".into())
    } else {
        Ok(span.min(MAX_LIMIT))
    }
}
