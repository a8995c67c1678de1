//! The report: what was asked of a simulator from its beginning to its end, in all of its spaces.

use std::collections::BTreeMap;
use std::fmt;

use super::coverage::Coverage;
use crate::domain::checks;
use crate::fixture::write;
use crate::http::ENDPOINTS;
use crate::simulator::{Leftover, Spaces, UnexpectedRequest};

/// How much of a scripted answer is shown, in characters.
const MOST_CHARS: usize = 160;

/// What to do about a stray, by the check that refused it.
const HINTS: [(&str, &str); 4] = [
    (checks::AUTHENTICATED.id, "send $BSS_SIM_TOKEN as X-Auth-Token, or sign with $BSS_SIM_AK and $BSS_SIM_SK"),
    (
        checks::IDENTITY.id,
        "a token is for one of a partner's `users` in the scenario, its password, and the partner's name",
    ),
    (checks::SPACE.id, "call with the credentials of a space that is still there, or without X-Sim-Space"),
    (checks::BODY_SIZE.id, "send the whole body, of at most 12 MB"),
];

/// What was asked.
pub(super) struct Report {
    /// How often each outcome was answered, by path.
    answers: BTreeMap<(&'static str, &'static str), u64>,
    unexpected_requests: Vec<(UnexpectedRequest, u64)>,
    more_strays: u64,
    /// How often a scripted answer was given, and how it was written, with the number of those that are alike.
    leftovers: BTreeMap<String, usize>,
    more_leftovers: usize,
    /// Which documented outcomes were among the answers.
    pub(super) coverage: Coverage,
}

impl Report {
    /// What was asked of this simulator, which nobody asks any more.
    pub(super) fn of(spaces: &Spaces) -> Self {
        let metrics = spaces.metrics();
        let mut answers = BTreeMap::new();
        for (kind, count) in metrics.answers() {
            *answers.entry((kind.path, kind.outcome)).or_default() += count;
        }
        // What the scripts of now have left over is told with that of earlier ones.
        spaces.all().iter().for_each(|space| space.state().script.clear());
        let (first, more_leftovers) = spaces.leftovers().all();
        let mut leftovers = BTreeMap::new();
        for leftover in &first {
            *leftovers.entry(written(leftover)).or_default() += 1;
        }
        let (unexpected_requests, more_strays) = spaces.unexpected_requests().all();
        Self { answers, unexpected_requests, more_strays, leftovers, more_leftovers, coverage: Coverage::of(metrics) }
    }

    fn requests(&self) -> u64 {
        self.answers.values().sum()
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
        more(f, self.more_leftovers as u64)
    }

    fn list_strays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.unexpected_requests.is_empty() {
            writeln!(f, "unexpected calls, refused by the gateway though no script says so:")?;
        }
        for (UnexpectedRequest { method, path, check, reason }, count) in &self.unexpected_requests {
            writeln!(f, "{count:>6}  {method} {path}: {check}: {reason}")?;
            if [checks::PATH_KNOWN.id, checks::METHOD_KNOWN.id].contains(check) {
                let endpoints = ENDPOINTS.each_ref().map(|(method, path)| format!("{method} {path}"));
                writeln!(f, "        there are {}", endpoints.join(", "))?;
            }
            if let Some((_, hint)) = HINTS.iter().find(|(id, _)| id == check) {
                writeln!(f, "        {hint}")?;
            }
        }
        more(f, self.more_strays)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nbss-sim: what was asked, in all spaces, also those that are gone; calls below /_sim do not count"
        )?;
        let requests = self.requests();
        if requests > 0 {
            self.list_answers(f)?;
            self.coverage.list(f)?;
        }
        self.list_leftovers(f)?;
        self.list_strays(f)?;
        if requests == 0 {
            writeln!(f, "nothing: the command has to call $BSS_SIM_URL")?;
        }
        let unexpected_requests =
            self.unexpected_requests.iter().map(|(_, count)| count).sum::<u64>() + self.more_strays;
        let leftovers = self.leftovers.values().sum::<usize>() + self.more_leftovers;
        write!(f, "bss-sim: requests: {requests}, unexpected: {unexpected_requests}, ")?;
        writeln!(f, "scripted answers left over: {leftovers}, met: {}", self.coverage)
    }
}

/// `given 1 of 2 times: {"then":…}`
fn written((answer, used): &Leftover) -> String {
    let text: String = write::scripted(answer).to_string().chars().take(MOST_CHARS).collect();
    match answer.times {
        Some(times) => format!("given {used} of {times} times: {text}"),
        None => format!("never given: {text}"),
    }
}

/// Those that nobody kept.
fn more(f: &mut fmt::Formatter<'_>, count: u64) -> fmt::Result {
    if count == 0 { Ok(()) } else { writeln!(f, "{count:>6}  more") }
}
