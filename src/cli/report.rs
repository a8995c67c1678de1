//! The report of `bss-sim exec`: the requests of all spaces, and which documented outcomes were among the answers.

use std::collections::BTreeMap;
use std::fmt;

use super::CommandError;
use crate::domain::checks;
use crate::fixture::{CatalogRow, ScriptedSpec, catalog};
use crate::http::{ENDPOINTS, INDIVIDUAL};
use crate::simulator::{Leftover, Metrics, Spaces, UnexpectedRequest};

/// How much of a scripted answer is shown, in characters.
const MAX_ANSWER_CHARS: usize = 160;

/// What to do about an unexpected request, by the check that refused it.
const HINTS: [(&str, &str); 4] = [
    (checks::AUTHENTICATED.id, "send $BSS_SIM_TOKEN as X-Auth-Token, or sign with $BSS_SIM_AK and $BSS_SIM_SK"),
    (
        checks::IDENTITY.id,
        "a token is for one of a partner's `users` in the scenario, its password, and the partner's name",
    ),
    (checks::SPACE.id, "call with the credentials of a space that still exists, or without X-Sim-Space"),
    (checks::BODY_SIZE.id, "send the whole body, of at most 12 MB"),
];

/// The requests to a simulator from its start to its end.
pub(super) struct Report {
    /// How often each outcome was answered, by path and outcome.
    answers: BTreeMap<(&'static str, &'static str), u64>,
    unexpected: Vec<(UnexpectedRequest, u64)>,
    unexpected_overflow: u64,
    /// Scripted answers as the report shows them, with the number of those that are alike.
    leftovers: BTreeMap<String, usize>,
    leftovers_overflow: usize,
    pub(super) coverage: Coverage,
}

impl Report {
    /// The report of a simulator that has stopped.
    pub(super) fn new(spaces: &Spaces) -> Self {
        let metrics = &spaces.shared.metrics;
        let mut answers = BTreeMap::new();
        for (kind, count) in metrics.outcomes() {
            *answers.entry((kind.path, kind.outcome)).or_default() += count;
        }
        // Clearing a script adds what is left of it to the leftovers.
        spaces.list().iter().for_each(|space| space.state().script.clear());
        let (first, leftovers_overflow) = spaces.shared.leftovers.list();
        let mut leftovers = BTreeMap::new();
        for leftover in &first {
            *leftovers.entry(describe(leftover)).or_default() += 1;
        }
        let (unexpected, unexpected_overflow) = spaces.shared.unexpected_requests.list();
        let coverage = Coverage::new(metrics);
        Self { answers, unexpected, unexpected_overflow, leftovers, leftovers_overflow, coverage }
    }

    fn list_answers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "answers:")?;
        for ((path, outcome), count) in &self.answers {
            let path = if path.is_empty() { "another path" } else { path };
            writeln!(f, "{count:>6}  {outcome:15} {path}")?;
        }
        Ok(())
    }

    fn list_leftovers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.leftovers.is_empty() {
            writeln!(f, "scripted answers that are left over:")?;
        }
        for (answer, count) in &self.leftovers {
            writeln!(f, "{count:>6}  {answer}")?;
        }
        list_overflow(f, self.leftovers_overflow as u64)
    }

    fn list_unexpected(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.unexpected.is_empty() {
            writeln!(f, "unexpected requests, refused by the gateway though no script says so:")?;
        }
        for (UnexpectedRequest { method, path, check, reason }, count) in &self.unexpected {
            writeln!(f, "{count:>6}  {method} {path}: {check}: {reason}")?;
            if [checks::PATH_KNOWN.id, checks::METHOD_KNOWN.id].contains(check) {
                let endpoints = ENDPOINTS.each_ref().map(|(method, path)| format!("{method} {path}"));
                writeln!(f, "        there are {}", endpoints.join(", "))?;
            }
            if let Some((_, hint)) = HINTS.iter().find(|(id, _)| id == check) {
                writeln!(f, "        {hint}")?;
            }
        }
        list_overflow(f, self.unexpected_overflow)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nbss-sim: the requests of all spaces, deleted ones included; calls below /_sim do not count")?;
        let requests: u64 = self.answers.values().sum();
        if requests > 0 {
            self.list_answers(f)?;
            self.coverage.list(f)?;
        }
        self.list_leftovers(f)?;
        self.list_unexpected(f)?;
        if requests == 0 {
            writeln!(f, "none: the command has to call $BSS_SIM_URL")?;
        }
        let unexpected = self.unexpected.iter().map(|(_, count)| count).sum::<u64>() + self.unexpected_overflow;
        let leftovers = self.leftovers.values().sum::<usize>() + self.leftovers_overflow;
        write!(f, "bss-sim: requests: {requests}, unexpected: {unexpected}, ")?;
        writeln!(f, "scripted answers left over: {leftovers}, seen: {}", self.coverage)
    }
}

/// `given 1 of 2 times: {"then":…}`
fn describe((answer, used): &Leftover) -> String {
    let text: String =
        serde_json::json!(ScriptedSpec::from(&**answer)).to_string().chars().take(MAX_ANSWER_CHARS).collect();
    match answer.times {
        Some(times) => format!("given {used} of {times} times: {text}"),
        None => format!("never given: {text}"),
    }
}

fn list_overflow(f: &mut fmt::Formatter<'_>, count: u64) -> fmt::Result {
    if count == 0 { Ok(()) } else { writeln!(f, "{count:>6}  more") }
}

/// Which documented outcomes were answered to applications.
pub(super) struct Coverage {
    seen: Vec<CatalogRow>,
    missed: Vec<CatalogRow>,
}

impl Coverage {
    fn new(metrics: &Metrics) -> Self {
        let (seen, missed) = catalog().into_iter().partition(|row| metrics.outcome_count(INDIVIDUAL, row.outcome) > 0);
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

    fn list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.seen.is_empty() {
            let seen: Vec<_> = self.seen.iter().map(|row| row.outcome.to_string()).collect();
            writeln!(f, "documented outcomes that were seen: {}", seen.join(", "))?;
        }
        if !self.missed.is_empty() {
            writeln!(
                f,
                "documented outcomes that were not seen, and the scenarios that show them: --scenario NAME, or"
            )?;
            writeln!(f, r#"a space beside the others, by POST $BSS_SIM_URL/_sim/spaces {{"scenario":"NAME"}}"#)?;
        }
        for row in &self.missed {
            let scenario = row.scenario.as_deref().unwrap_or_default();
            writeln!(f, "        {:20}  {scenario}", row.outcome.to_string())?;
        }
        Ok(())
    }

    fn total(&self) -> usize {
        self.seen.len() + self.missed.len()
    }
}

/// `2 of 24 documented outcomes (8 %)`
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, total) = (self.seen.len(), self.total());
        write!(f, "{seen} of {total} documented outcomes ({} %)", seen * 100 / total)
    }
}
