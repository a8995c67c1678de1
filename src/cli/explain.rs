//! `bss-sim explain`: which answer a request would get, and why. No running simulator is needed.

use std::io::{IsTerminal, Read, stdin};

use clap::Args;

use super::serve::ScenarioFlags;
use super::{CommandError, print};
use crate::domain::MAX_BODY_BYTES;
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
        let text = if self.json { format!("{}\n", serde_json::json!(explained)) } else { format!("{explained}\n") };
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
