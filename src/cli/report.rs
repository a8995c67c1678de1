//! The report of `bss-sim exec`: the requests of all spaces, and which documented outcomes were among the answers.

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::CommandError;
use crate::domain::{ENDPOINTS, Endpoint, checks};
use crate::fixture::{CatalogRow, catalog};
use crate::http::MASK;
use crate::simulator::{self, Leftover, Spaces, UnexpectedRequest};

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
pub(super) struct Report {
    pub(super) text: String,
    pub(super) coverage: CoverageReport,
    requests: u64,
    unexpected: u64,
    leftovers: u64,
}

/// What a command fails for, though it succeeded itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// A request that the gateway or IAM refused, though no scripted answer says so.
    Unexpected,
    /// A scripted answer that was given less often than `times` says, or never.
    Leftover,
    /// The simulator got no request: the command calls something else.
    NoRequests,
}

impl Report {
    /// The report of a simulator that has stopped.
    pub(super) fn new(spaces: &Spaces, show_personal_data: bool) -> Self {
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
    pub(super) fn require_none(&self, fail_on: &[FailOn]) -> Result<(), CommandError> {
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
        lines.push(format!("{count:>6}  {method} {path}: {why}"));
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
    for personal in ["name", "verified_number"].into_iter().filter(|_| !show_personal_data) {
        if let Some(condition) = shown["when"].get_mut(personal) {
            *condition = MASK.into();
        }
    }
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
pub(super) struct CoverageReport {
    seen: Vec<CatalogRow>,
    missed: Vec<CatalogRow>,
}

impl CoverageReport {
    fn new(coverage: &simulator::OutcomeCoverage) -> Self {
        let (seen, missed) = catalog().into_iter().partition(|row| coverage.last(row.outcome).is_some());
        Self { seen, missed }
    }

    /// Fails if fewer than this percentage of the outcomes were seen.
    pub(super) fn require(&self, percent: u8) -> Result<(), CommandError> {
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
