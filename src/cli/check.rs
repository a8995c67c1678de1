//! `bss-sim check`: runs the exchanges of scenario files against the whole service, without a socket.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use clap::Args;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::{Map, Value};
use tower::ServiceExt;

use super::{CommandError, print};
use crate::domain::{Caller, CheckResult, INDIVIDUAL};
use crate::fixture::{Exchange, Expected, Library, LoadedScenario};
use crate::http::{App, explain_outcome, router};
use crate::simulator::{JournalEntry, SpaceState};

/// What `--help` adds.
pub(super) const HELP: &str = "\
If the answer of an exchange is not the expected one, the difference is shown, with every check and what it saw.

Examples:
  bss-sim check mine.yaml
  # all files of a directory and of those below it
  bss-sim check fixtures";

/// Which files to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files, and directories of such.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl CheckArgs {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let mut library = Library::builtin();
        let scenarios = library.add(&self.paths)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut text, mut exchanges, mut failed) = (String::new(), 0, 0);
        for scenario in &scenarios {
            let source = library.source(&scenario.name).expect("it was added");
            let failures = runtime.block_on(failures(scenario, &source.file.display().to_string()));
            let verdict = if failures.is_empty() { "ok  " } else { "FAIL" };
            let _ = writeln!(text, "{verdict} {}: {}", scenario.name, count(scenario.exchanges.len(), "exchange"));
            text.extend(failures.iter().map(String::as_str));
            exchanges += scenario.exchanges.len();
            failed += failures.len();
        }
        let (scenarios, exchanges) = (count(scenarios.len(), "scenario"), count(exchanges, "exchange"));
        let _ = writeln!(text, "{scenarios}, {exchanges}, {failed} failed");
        let printed = print(&text);
        if failed == 0 {
            return printed;
        }
        // A failed exchange decides the exit code even if stdout is closed or full.
        let mut message = "the scenarios do not do what they say: correct them, or what they expect".to_owned();
        if let Err(CommandError::Stdout(error)) = printed
            && error.kind() != ErrorKind::BrokenPipe
        {
            let _ = write!(message, "; stdout did not take the differences: {error}");
        }
        Err(CommandError::CheckFailed(message))
    }
}

/// `1 exchange`, `2 exchanges`
fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Runs the exchanges of a scenario in order in a fresh space, and describes those that fail, with their places in the file.
async fn failures(scenario: &LoadedScenario, file: &str) -> Vec<String> {
    let app = Arc::new(App::of(scenario, Library::builtin()));
    let state = app.spaces.default_space().state();
    let router = router(&app);
    let mut failures = Vec::new();
    for exchange in &scenario.exchanges {
        match exchange {
            Exchange::Advance(by) => state.clock.advance(SignedDuration::try_from(*by).unwrap_or(SignedDuration::MAX)),
            Exchange::Review { line, customer, decision, opinion } => {
                if let Err(error) = state.review(customer, *decision, opinion.as_deref().map(Into::into)) {
                    failures.push(format!("  {file}:{line}: the review of {customer} failed: {error}\n"));
                }
            }
            Exchange::Request { line, caller, request, expected } => {
                let token = token(&state, caller.as_deref());
                let difference = match send(router.clone(), &state, token.as_deref(), request).await {
                    Ok(reply) => difference(expected, &reply),
                    Err(error) => Some(format!("    the caller's token fits no header: {error}\n")),
                };
                failures.extend(difference.map(|text| format!("  {file}:{line}:\n{text}")));
            }
        }
    }
    failures
}

/// Returns the first token of the partner of this name, or a fresh one if it has none. If no partner has the name, it is a
/// token itself.
fn token(state: &SpaceState, caller: Option<&str>) -> Option<String> {
    let accounts = state.accounts();
    let partner = match caller {
        None => accounts.partners.first(),
        Some(name) => accounts.partner(name),
    };
    let Some(partner) = partner else { return caller.map(str::to_owned) };
    let fresh = || state.issue_token(Caller::Partner(Arc::clone(partner))).token;
    Some(partner.credentials.tokens.first().cloned().unwrap_or_else(fresh).expose().to_owned())
}

/// The response to a request, with its entry in the journal.
struct Reply {
    status: u16,
    body: Value,
    entry: Option<Arc<JournalEntry>>,
}

/// Sends a request. It fails only if the token is no value of a header.
async fn send(
    router: Router,
    state: &SpaceState,
    token: Option<&str>,
    request: &Map<String, Value>,
) -> axum::http::Result<Reply> {
    let body = serde_json::to_vec(request).expect("a JSON object can be serialized");
    let request = Request::post(INDIVIDUAL.path).header("content-type", "application/json");
    let request = token.into_iter().fold(request, |request, token| request.header("x-auth-token", token));
    let response = router.oneshot(request.body(Body::from(body))?).await.expect("the router never fails");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    let entry = state.journal.since(0).0.pop();
    Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default(), entry })
}

/// Describes how a reply differs from the expected one, and why it was given. `None` if it does not differ.
fn difference(expected: &Expected, reply: &Reply) -> Option<String> {
    let mut text = String::new();
    let mut compare = |what: &str, expected: Option<&Value>, found: Option<&Value>| {
        if expected != found {
            let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            let _ = writeln!(text, "    {what}: expected {}, got {}", show(expected), show(found));
        }
    };
    compare("status", Some(&expected.status.into()), Some(&reply.status.into()));
    if let Some(body) = &expected.body {
        let found: BTreeMap<_, _> = reply.body.as_object().into_iter().flatten().collect();
        let unnamed = found.keys().filter(|key| !body.contains_key(**key) && *key != &"request_id");
        for key in body.keys().chain(unnamed.copied()) {
            compare(&format!("body.{key}"), body.get(key), found.get(key).copied());
        }
    }
    if text.is_empty() {
        return None;
    }
    for finding in reply.entry.iter().flat_map(|entry| explain_outcome(entry)) {
        let verdict = match finding.result {
            CheckResult::Passed => "passed",
            CheckResult::Failed => "refused by",
            CheckResult::NotReached => continue,
        };
        let basis = finding.citation.basis.as_str();
        let colon = if finding.saw.is_empty() { "" } else { ": " };
        let _ = writeln!(text, "    {verdict} {} ({basis}){colon}{}", finding.check, finding.saw);
    }
    Some(text)
}
