//! `bss-sim exec`: runs a command, most often a test suite, with a simulator beside it, and reports which requests it sent, of
//! all spaces, and which documented outcomes were among the answers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Write, stderr};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::{env, fmt};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::log::{self, LevelFilter, LogFormat};
use super::serve::{ScenarioFlags, runtime};
use super::system::{self, PassedSignals};
use super::{CommandError, printable_lines};
use crate::domain::{ENDPOINTS, Endpoint, Partner, Secret, checks, printable};
use crate::fixture::{CatalogRow, catalog};
use crate::http::{App, Limits, Server, service, shown_conditions};
use crate::simulator::{self, Leftover, Spaces, UnexpectedRequest};

/// What `--help` adds.
pub(super) const HELP: &str = "\
The command's environment has:
  BSS_SIM_URL             the URL of the simulator
  BSS_SIM_TOKEN           a token of the scenario's first partner,
  BSS_SIM_AK, BSS_SIM_SK    and an access key, if it has them
  BSS_SIM_USER, BSS_SIM_PASSWORD, BSS_SIM_DOMAIN
                          a login for POST /v3/auth/tokens, if it has a user
  BSS_SIM_PARTNER, BSS_SIM_PARTNER_ID, BSS_SIM_XACCOUNT_TYPE
                          that partner's name, account ID and platform ID
An official SDK finds the same in the variables that it reads (HUAWEICLOUD_SDK_AK and others), and nothing else that \
begins with HUAWEICLOUD_. It is used where the program looks its region up by its ID, and sets no endpoint. The variables \
no_proxy and NO_PROXY have the simulator besides what they had.

Stdin, stdout and signals are passed through. The exit code is that of the command; 128 plus the number of the signal that \
ended it; 127 if it is not found, 126 if it cannot be run. Only where the command succeeds, --fail-on and \
--coverage-fail-under make it 1. The report is on stderr.

Examples:
  # the variables
  bss-sim exec -- env | grep BSS_SIM
  # a test suite; each of its tests can create a space for itself
  bss-sim exec -- pytest
  # fail unless it gets 20 of the 24 documented outcomes
  bss-sim exec --coverage-fail-under 80 -- pytest
  # fail if a request went astray, a scripted answer was not used, or nothing was sent
  bss-sim exec --fail-on unexpected,leftover,no-requests -- pytest";

/// Any free port.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What to run, and with which simulator.
#[derive(Debug, Args)]
pub(super) struct ExecArgs {
    #[command(flatten)]
    scenario: ScenarioFlags,

    /// The least share of the documented outcomes that the command has to get, in percent.
    ///
    /// If it succeeds with fewer, the exit code is 1.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_fail_under: Option<u8>,

    /// What must not be the case when the command has ended.
    ///
    /// If it succeeds and one of these is the case, the exit code is 1.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,

    /// Show names and certificate numbers in the journal and in the report, but no secrets.
    #[arg(long)]
    show_personal_data: bool,

    /// How log events on stderr look.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least important events to log.
    #[arg(long, value_name = "LEVEL", value_parser = log::level(), default_value = "warn")]
    log_level: LevelFilter,

    /// The command, with its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl ExecArgs {
    pub(super) fn run(self) -> Result<ExitCode, CommandError> {
        let (library, scenario) = self.scenario.load()?;
        let log = log::start(self.log_format, self.log_level);
        let mut app = App::of(&scenario, library);
        app.control.show_personal_data = self.show_personal_data;
        let app = Arc::new(app);
        let runtime = runtime()?;
        let ended = runtime.block_on(self.run_with_server(&app));
        // Does not wait for tasks that wait for a disk or a name server.
        runtime.shutdown_background();
        // The waiting log lines are written before the report.
        drop(log);
        let status = ended?;
        let report = Report::new(&app.spaces, self.show_personal_data);
        // If stderr is closed, the exit code still matters.
        let _ = stderr().write_all(printable_lines(&report.text).as_bytes());
        if status.success() {
            report.require_none(&self.fail_on)?;
            self.coverage_fail_under.map_or(Ok(()), |percent| report.coverage.require(percent))?;
        }
        Ok(exit_code(status))
    }

    /// Serves until the command has ended.
    async fn run_with_server(&self, app: &Arc<App>) -> Result<ExitStatus, CommandError> {
        let listener =
            TcpListener::bind(ADDRESS).await.map_err(|error| CommandError::Bind(ADDRESS, "for the command", error))?;
        let (program, arguments) = self.command.split_first().expect("clap requires a command");
        let mut command = Command::new(program);
        command.args(arguments);
        let accounts = app.spaces.default_space().state().accounts();
        set_environment(&mut command, listener.local_addr()?, accounts.partners.first().map(|partner| &**partner));
        let server = Server::new(Limits::FOR_TESTS, &app.spaces);
        let serving = tokio::spawn(server.serve(listener, service(app)));
        let ended = run_command(command).await;
        app.spaces.end();
        // Requests in progress have half a second. A panic of the server is in the log.
        let _ = serving.await;
        ended
    }
}

/// Runs a command to its end. Signals are passed on, and the command decides what they mean.
async fn run_command(mut command: Command) -> Result<ExitStatus, CommandError> {
    // The handlers are installed before the command starts, so that no signal is missed.
    let mut signals = PassedSignals::new()?;
    let spawned = command.spawn();
    let mut child = spawned.map_err(|error| CommandError::Spawn(command.as_std().get_program().to_owned(), error))?;
    let id = child.id();
    tokio::select! {
        status = child.wait() => Ok(status?),
        never = signals.pass_on(id) => match never {},
    }
}

/// The exit code for what the command ended with. One that does not fit into a byte is 1.
fn exit_code(status: ExitStatus) -> ExitCode {
    system::exit_code(status).and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The variables of the official SDKs: credentials, endpoints and files of the real service.
const SDK_PREFIX: &str = "HUAWEICLOUD_";

/// The variables that are set to the simulator's URL. With them an SDK calls the simulator in place of every region of BSS,
/// of IAM and of STS.
const URL_VARIABLES: [&str; 6] = [
    "BSS_SIM_URL",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101",
    "HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1",
    "HUAWEICLOUD_SDK_STS_ENDPOINT",
];

/// The variables that list hosts to reach without a proxy. Some clients read the one, some the other.
const NO_PROXY_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Sets how the environment of a command differs from that of this process: it has the simulator and the credentials of
/// the first partner, and nothing that is for the real service.
fn set_environment(command: &mut Command, address: SocketAddr, partner: Option<&Partner>) {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let inherited: BTreeMap<_, _> = env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
    for name in inherited.keys().filter(|name| name.starts_with(SDK_PREFIX)) {
        command.env_remove(name);
    }
    command.envs(URL_VARIABLES.map(|name| (name, format!("http://{address}"))));
    for (name, value) in partner_variables(partner) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.envs(no_proxy_variables(address, &inherited));
}

fn partner_variables(partner: Option<&Partner>) -> [(&'static str, Option<&str>); 13] {
    let token = partner.and_then(|partner| partner.credentials.tokens.first());
    let key = partner.and_then(|partner| partner.credentials.access_keys.first());
    let user = partner.and_then(|partner| partner.credentials.users.first());
    let (ak, sk) = (key.map(|key| &*key.ak), key.map(|key| key.sk.expose()));
    [
        ("BSS_SIM_PARTNER", partner.map(|partner| &*partner.name)),
        ("BSS_SIM_PARTNER_ID", partner.map(|partner| &*partner.id)),
        ("BSS_SIM_XACCOUNT_TYPE", partner.map(|partner| &*partner.xaccount_type)),
        ("BSS_SIM_TOKEN", token.map(Secret::expose)),
        ("BSS_SIM_AK", ak),
        ("BSS_SIM_SK", sk),
        ("BSS_SIM_USER", user.map(|user| &*user.name)),
        ("BSS_SIM_PASSWORD", user.map(|user| user.password.expose())),
        ("BSS_SIM_DOMAIN", user.and(partner).map(|partner| &*partner.name)),
        // With the account's ID, no SDK asks IAM for it: some would ask by HTTPS, whatever the variable of IAM says.
        ("HUAWEICLOUD_SDK_DOMAIN_ID", partner.map(|partner| &*partner.id)),
        ("HUAWEICLOUD_SDK_AK", ak),
        ("HUAWEICLOUD_SDK_SK", sk),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", key.and_then(|key| key.security_token.as_ref()).map(Secret::expose)),
    ]
}

/// Adds the simulator to both variables. If only one of them is set, its hosts are meant for both.
fn no_proxy_variables(address: SocketAddr, inherited: &BTreeMap<String, String>) -> [(&'static str, String); 2] {
    let set = |name: &str| inherited.get(name).filter(|value| !value.is_empty());
    let either = NO_PROXY_VARIABLES.iter().find_map(|name| set(name));
    NO_PROXY_VARIABLES.map(|name| {
        let hosts = match set(name).or(either).map(String::as_str) {
            // `*` means every host only where it stands alone.
            Some("*") => "*".to_owned(),
            Some(hosts) => format!("{hosts},{}", address.ip()),
            None => address.ip().to_string(),
        };
        (name, hosts)
    })
}

/// How much of a scripted answer is shown, in characters.
const MAX_ANSWER_CHARS: usize = 160;

/// What to do about an unexpected request, by the check that refused it.
const HINTS: [(&str, &str); 4] = [
    (checks::AUTHENTICATED.id, "send $BSS_SIM_TOKEN as X-Auth-Token, or sign with $BSS_SIM_AK and $BSS_SIM_SK"),
    (
        checks::IDENTITY.id,
        "a token is for one of a partner's `users` in the scenario or the space, its password, and the partner's name",
    ),
    (checks::SPACE.id, "call with the credentials of a space that still exists, or without X-Sim-Space"),
    (checks::BODY_SIZE.id, "send the whole body, of at most 12 MB"),
];

/// The requests to a simulator from its start to its end.
struct Report {
    text: String,
    coverage: CoverageReport,
    requests: u64,
    unexpected: u64,
    leftovers: u64,
}

/// What a command fails for, though it succeeded itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A request that the gateway or IAM refused, though no scripted answer says so.
    Unexpected,
    /// A scripted answer that was given less often than `times` says, or never.
    Leftover,
    /// The simulator got no request: the command calls something else.
    NoRequests,
}

impl Report {
    /// The report of a simulator that has stopped.
    fn new(spaces: &Spaces, show_personal_data: bool) -> Self {
        let coverage = CoverageReport::new(&spaces.shared.coverage);
        let title = "\nbss-sim: the requests of all spaces, deleted ones included; calls below /_sim do not count";
        let mut lines = vec![title.to_owned()];
        let mut answers = BTreeMap::<_, u64>::new();
        for (kind, count) in spaces.shared.metrics.outcomes() {
            *answers.entry((kind.path, kind.outcome)).or_default() += count;
        }
        let requests: u64 = answers.values().sum();
        if requests > 0 {
            lines.push("answers:".to_owned());
            lines.extend(answers.into_iter().map(|((path, outcome), count)| {
                format!("{count:>6}  {outcome:15} {}", if path.is_empty() { "another path" } else { path })
            }));
            lines.extend(coverage.lines());
        }
        // Clearing a script adds what is left of it to the leftovers.
        spaces.list().iter().for_each(|space| space.state().script.clear());
        let (leftovers, more_leftovers) = spaces.shared.leftovers.list();
        lines.extend(leftover_lines(&leftovers, show_personal_data));
        lines.extend(more(more_leftovers as u64));
        let (unexpected, more_unexpected) = spaces.shared.unexpected_requests.list();
        lines.extend(unexpected_lines(&unexpected));
        lines.extend(more(more_unexpected));
        lines.extend(endpoint_lines(&unexpected));
        if requests == 0 {
            lines.push("none: the command has to call $BSS_SIM_URL; an SDK has to look its region up by its ID, and to set no endpoint".to_owned());
        }
        let unexpected = unexpected.iter().map(|(_, count)| count).sum::<u64>() + more_unexpected;
        let leftovers = (leftovers.len() + more_leftovers) as u64;
        lines.push(format!(
            "bss-sim: requests: {requests}, unexpected: {unexpected}, scripted answers left over: {leftovers}, \
             seen: {coverage}\n"
        ));
        Self { text: lines.join("\n"), coverage, requests, unexpected, leftovers }
    }

    /// Fails if one of these is the case.
    fn require_none(&self, fail_on: &[FailOn]) -> Result<(), CommandError> {
        let Self { requests, unexpected, leftovers, .. } = self;
        let cases = [
            (FailOn::NoRequests, *requests == 0, "requests: 0, and --fail-on no-requests asks for one".to_owned()),
            (
                FailOn::Unexpected,
                *unexpected > 0,
                format!("unexpected requests: {unexpected}, and --fail-on unexpected allows none"),
            ),
            (
                FailOn::Leftover,
                *leftovers > 0,
                format!("scripted answers left over: {leftovers}, and --fail-on leftover allows none"),
            ),
        ];
        let failed = cases.into_iter().find(|(kind, is_case, _)| *is_case && fail_on.contains(kind));
        failed.map_or(Ok(()), |(.., message)| Err(CommandError::CheckFailed(message)))
    }
}

/// The answers that look alike are a line, with their number.
fn leftover_lines(leftovers: &[Leftover], show_personal_data: bool) -> Vec<String> {
    let mut alike = BTreeMap::<_, usize>::new();
    for leftover in leftovers {
        *alike.entry(describe(leftover, show_personal_data)).or_default() += 1;
    }
    let heading = (!alike.is_empty()).then(|| "scripted answers that are left over:".to_owned());
    heading.into_iter().chain(alike.iter().map(|(answer, count)| format!("{count:>6}  {answer}"))).collect()
}

fn unexpected_lines(unexpected: &[(UnexpectedRequest, u64)]) -> Vec<String> {
    let mut lines = Vec::new();
    if !unexpected.is_empty() {
        lines.push("unexpected requests, refused by the gateway or by IAM though no script says so:".to_owned());
    }
    for (UnexpectedRequest { method, path, check, why }, count) in unexpected {
        lines.push(format!("{count:>6}  {method} {}: {}", printable(path), printable(why)));
        if *check == checks::METHOD_KNOWN.id {
            let methods = ENDPOINTS.into_iter().filter(|endpoint| endpoint.path == *path).map(endpoint_text);
            lines.push(format!("        there are {}", methods.collect::<Vec<_>>().join(", ")));
        }
        lines.extend(HINTS.iter().filter(|(id, _)| id == check).map(|(_, hint)| format!("        {hint}")));
    }
    lines
}

/// Lists every endpoint, once, if one of the requests was to another path.
fn endpoint_lines(unexpected: &[(UnexpectedRequest, u64)]) -> Vec<String> {
    if !unexpected.iter().any(|(request, _)| request.check == checks::PATH_KNOWN.id) {
        return Vec::new();
    }
    let endpoints = ENDPOINTS.into_iter().map(|endpoint| format!("          {}", endpoint_text(endpoint)));
    ["        there are".to_owned()].into_iter().chain(endpoints).collect()
}

fn endpoint_text(Endpoint { method, path, .. }: &Endpoint) -> String {
    format!("{method} {path}")
}

/// The line about what is not listed.
fn more(count: u64) -> Option<String> {
    (count > 0).then(|| format!("{count:>6}  more"))
}

/// `space 5f…a1 "test_retry": given 1 of 2 times: {"then":…}`
fn describe(Leftover { space, label, answer, used }: &Leftover, show_personal_data: bool) -> String {
    let Value::Object(mut shown) = json!(answer) else { unreachable!("an answer is an object") };
    shown["when"] = shown_conditions(shown["when"].take(), show_personal_data);
    // What an answer is without its saying so.
    let defaults = [("when", json!({})), ("probability", json!(1.0))];
    shown.retain(|key, value| !defaults.iter().any(|(name, default)| name == key && default == value));
    let text: String = Value::Object(shown).to_string().chars().take(MAX_ANSWER_CHARS).collect();
    let space = match label {
        Some(label) => format!("space {space} {label}"),
        None => format!("space {space}"),
    };
    match answer.times {
        Some(times) => format!("{space}: given {used} of {times} times: {text}"),
        None => format!("{space}: never given: {text}"),
    }
}

/// Which documented outcomes were answered to applications.
struct CoverageReport {
    seen: Vec<CatalogRow>,
    missed: Vec<CatalogRow>,
}

impl CoverageReport {
    fn new(coverage: &simulator::OutcomeCoverage) -> Self {
        let (seen, missed) = catalog().into_iter().partition(|row| coverage.last(row.outcome).is_some());
        Self { seen, missed }
    }

    /// Fails if fewer than this percentage of the outcomes were seen.
    fn require(&self, percent: u8) -> Result<(), CommandError> {
        let required = (self.total() * usize::from(percent)).div_ceil(100);
        if self.seen.len() >= required {
            return Ok(());
        }
        let demand = format!("--coverage-fail-under {percent} requires {required}");
        Err(CommandError::CheckFailed(format!("the command got {self}: {demand}")))
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.seen.is_empty() {
            let seen: Vec<_> = self.seen.iter().map(|row| row.outcome.to_string()).collect();
            lines.push(format!("documented outcomes that were seen: {}", seen.join(", ")));
        }
        if !self.missed.is_empty() {
            let heading =
                "documented outcomes that were not seen, and the scenarios that show them: --scenario NAME, or";
            lines.push(heading.to_owned());
            lines.push(r#"a space beside the others, by POST $BSS_SIM_URL/_sim/spaces {"scenario":"NAME"}"#.to_owned());
        }
        lines.extend(self.missed.iter().map(|row| {
            format!("        {:20}  {}", row.outcome.to_string(), row.scenario.as_deref().unwrap_or_default())
        }));
        lines
    }

    fn total(&self) -> usize {
        self.seen.len() + self.missed.len()
    }
}

/// `2 of 24 documented outcomes (8 %)`
impl fmt::Display for CoverageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, total) = (self.seen.len(), self.total());
        write!(f, "{seen} of {total} documented outcomes ({} %)", seen * 100 / total)
    }
}
