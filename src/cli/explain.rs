//! `bss-sim explain`: which answer a request would get, and why. No running simulator is needed.

use std::fmt::Write;
use std::io::{IsTerminal, Read, stdin};

use clap::Args;
use serde_json::Value;

use super::serve::ScenarioFlags;
use super::{CommandError, print};
use crate::domain::checks::MAX_BODY_BYTES;
use crate::http::{App, explain};

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
        let text = if self.json { format!("{explained}\n") } else { text(&explained) };
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
fn text(explained: &Value) -> String {
    let Value::Object(response) = &explained["response"] else { return String::new() };
    let mut text = match response.get("fault") {
        Some(fault) => format!("no answer, but a fault of the connection: {}\n\n", word(fault)),
        None => format!("{} {}\n\n", response["status"], response["body"]),
    };
    for check in explained["checks"].as_array().into_iter().flatten() {
        let result = match (word(&check["result"]), word(&explained["outcome"]["decided_by"])) {
            ("failed", "script") => "answered by",
            ("failed", _) => "refused by",
            ("passed", _) => "passed",
            _ => "not reached",
        };
        let [name, saw, basis, source] = ["check", "saw", "basis", "source"].map(|key| word(&check[key]));
        let colon = if saw.is_empty() { "" } else { ": " };
        let _ = writeln!(text, "{result:11} {name}{colon}{saw}\n            {basis}: {source}");
    }
    let changes: Vec<_> = explained["changes"].as_array().into_iter().flatten().map(change).collect();
    let changes = if changes.is_empty() { "nothing".to_owned() } else { changes.join("\n            ") };
    let _ = writeln!(text, "\nchanges     {changes}");
    text
}

/// `customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review`
fn change(change: &Value) -> String {
    let Value::Object(fields) = change else { return String::new() };
    let pairs = fields.iter().filter_map(|(name, value)| {
        let [before, after] = value.as_array()?.as_slice() else { return None };
        let show = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(format!("{name} {} -> {}", show(before), show(after)))
    });
    format!("customer {}: {}", word(&change["customer"]), pairs.collect::<Vec<_>>().join(", "))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
