//! `bss-sim check`: runs the exchanges of scenario files against the whole service, without a socket.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _, stderr};
use std::path::PathBuf;

use clap::Args;

use super::{CommandError, print, printable_lines};
use crate::domain::{CheckResult, printable};
use crate::fixture::{Library, LoadedScenario};
use crate::http::{ProofLimits, Proven, prove};

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
            for warning in &scenario.warnings {
                // If stderr cannot be written, the result of the command is still the same.
                let mut warning = warning.clone();
                warning.key = "warning".into();
                let _ = write!(stderr(), "{warning}");
            }
            let verdict = if failures.is_empty() { "ok  " } else { "FAIL" };
            let _ = writeln!(
                text,
                "{verdict} {}: {}",
                printable(&scenario.name),
                count(scenario.exchanges.len(), "exchange")
            );
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

/// Runs the exchanges of a scenario, and describes those that fail, with their places in the file.
async fn failures(scenario: &LoadedScenario, file: &str) -> Vec<String> {
    let proven = prove(scenario, ProofLimits::NONE).await;
    proven.iter().filter(|proven| !proven.is_ok()).map(|failed| describe(failed, file)).collect()
}

/// Describes how a reply differs from the expected one, and why it was given.
fn describe(failed: &Proven<'_>, file: &str) -> String {
    let (file, line) = (printable(file), failed.line);
    let reply = match &failed.reply {
        Some(Ok(reply)) => reply,
        Some(Err(error)) => return format!("  {file}:{line}: {}\n", printable(error)),
        None => unreachable!("a step that was taken has not failed"),
    };
    let mut text = format!("  {file}:{line}:\n");
    for difference in failed.differences() {
        let _ = writeln!(text, "    {}", printable(&difference.to_string()));
    }
    let _ = writeln!(text, "    why: {}", printable(&reply.why()));
    for finding in reply.explanation() {
        let verdict = match finding.result {
            CheckResult::Passed => "passed",
            CheckResult::Failed => "refused by",
            CheckResult::NotReached => continue,
        };
        let basis = finding.citation.basis.as_str();
        let colon = if finding.saw.is_empty() { "" } else { ": " };
        let saw = printable_lines(&finding.saw);
        let _ = writeln!(text, "    {verdict} {} ({basis}){colon}{saw}", finding.check);
    }
    text
}
