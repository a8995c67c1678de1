//! `bss-sim explain`: which answer a request would get, and why. No running simulator is needed.

use std::fmt::Write;
use std::io::{IsTerminal, Read, stdin};

use clap::Args;

use super::serve::ScenarioFlags;
use super::{CommandError, print};
use crate::domain::{CheckReport, CheckResult, Citation, MAX_BODY_BYTES};
use crate::http::{App, ChangeView, Explanation, explain};

/// What `--help` adds.
pub(super) const HELP: &str = "\
The request is explained as the first one of its scenario. The exit code is 0, also if the answer is an error.

Examples:
  # the body of an application, as a client would send it
  bss-sim explain < request.json
  # in another scenario, with this token
  bss-sim explain --scenario partner-not-ready --as demo-token < request.json
  # for a program
  echo '{}' | bss-sim explain --json";

/// Which request to explain, and how.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    scenario: ScenarioFlags,

    /// The caller: a token, or the name of a partner.
    ///
    /// Without this flag it is the first partner.
    #[arg(long = "as", value_name = "TOKEN_OR_PARTNER")]
    caller: Option<String>,

    /// Print JSON, as POST /_sim/explain answers it.
    #[arg(long)]
    json: bool,
}

impl ExplainArgs {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let (library, scenario) = self.scenario.load()?;
        let body = read_request()?;
        let app = App::of(&scenario, library);
        let space = app.spaces.default_space();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let explained = runtime.block_on(explain(&app, &space, self.caller.as_deref(), &body));
        let text = if self.json { format!("{}\n", serde_json::json!(explained)) } else { text(&explained) };
        print(&text)
    }
}

/// Reads the request body from stdin, one byte more than is allowed at most.
fn read_request() -> Result<Vec<u8>, CommandError> {
    if stdin().is_terminal() {
        return Err(CommandError::Usage(NO_REQUEST));
    }
    let mut body = Vec::new();
    stdin().take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut body)?;
    if body.is_empty() { Err(CommandError::Usage(NO_REQUEST)) } else { Ok(body) }
}

const NO_REQUEST: &str =
    "there is no request on stdin: give the body of an application, as in `bss-sim explain < request.json`";

/// The explanation as text: the answer, every check with its source, and the changes.
fn text(Explanation { response, outcome, checks, changes }: &Explanation) -> String {
    let mut text = match (response.fault, response.status) {
        (None, Some(status)) => format!("{status} {}\n\n", response.body),
        (fault, _) => format!("no answer, but a fault of the connection: {}\n\n", fault.unwrap_or_default()),
    };
    for CheckReport { check, result, saw, citation: Citation { basis, source } } in checks {
        let result = match result {
            CheckResult::Failed if outcome.decided_by == "script" => "answered by",
            CheckResult::Failed => "refused by",
            CheckResult::Passed => "passed",
            CheckResult::NotReached => "not reached",
        };
        let colon = if saw.is_empty() { "" } else { ": " };
        let _ = writeln!(text, "{result:11} {check}{colon}{saw}\n            {}: {source}", basis.as_str());
    }
    let changes: Vec<_> = changes.iter().map(change).collect();
    let changes = if changes.is_empty() { "nothing".to_owned() } else { changes.join("\n            ") };
    let _ = writeln!(text, "\nchanges     {changes}");
    text
}

/// `customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review`
fn change(ChangeView { customer, attempts: [before, after], real_name }: &ChangeView) -> String {
    let mut text = format!("customer {customer}: attempts {before} -> {after}");
    if let Some([before, after]) = real_name {
        let _ = write!(text, ", real_name {} -> {}", before.as_str(), after.as_str());
    }
    text
}
