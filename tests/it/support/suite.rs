//! Suites of tests in other languages: what they need, and how they run.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A suite in another language.
pub(crate) struct Suite<'a> {
    /// What it tests.
    pub(crate) subject: &'a str,
    /// The tools that it needs, for people.
    pub(crate) needs: &'a str,
    /// A command that succeeds where they are there, with its arguments.
    pub(crate) probe: &'a [&'a str],
}

impl Suite<'_> {
    /// What the probe prints where the tools are there. Where they are not, says so and returns nothing; in CI they have to be.
    #[track_caller]
    pub(crate) fn tools(&self) -> Option<String> {
        let Self { subject, needs, probe } = self;
        let output = Command::new(probe[0]).args(&probe[1..]).output().ok();
        let found = output.filter(|output| output.status.success());
        if found.is_none() {
            let message = format!("{subject} is not tested: that needs {needs}");
            assert!(env::var_os("CI").is_none(), "{message}");
            // The test harness keeps back what a passing test prints, but not what is written like this.
            let _ = writeln!(io::stderr(), "{message}");
        }
        found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A folder below `tests`, as an absolute path.
pub(crate) fn suite_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Where a suite may write: a folder of this name in the build folder.
pub(crate) fn build_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a command, which finds the program in `BSS_SIM_BIN`, and has to succeed.
#[track_caller]
pub(crate) fn run_suite(command: &mut Command) {
    // A suite that finds the URL of a simulator would use it.
    command.env("BSS_SIM_BIN", env!("CARGO_BIN_EXE_bss-sim")).env_remove("BSS_SIM_URL");
    let output = command.output().expect("the command can be started");
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
}
