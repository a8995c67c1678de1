//! The official Python SDK against the binary: makes a virtual environment in the build folder and runs the tests of
//! `tests/sdk` in it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tests, with the list of the packages that they need.
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");

#[test]
fn the_official_sdk_understands_every_answer() {
    let Some(version) = python_version() else {
        let message = "the official SDK is not tested: that needs python3, 3.9 or later, with its module venv";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        // The test harness keeps back what a passing test prints, but not what is written like this.
        let _ = writeln!(io::stderr(), "{message}");
        return;
    };
    let python = environment(&version);
    run(Command::new(python)
        .args(["-m", "pytest", "-q", TESTS])
        .args((!cfg!(feature = "s3")).then(|| format!("--ignore={TESTS}/test_bucket.py")))
        .env("BSS_SIM_BIN", env!("CARGO_BIN_EXE_bss-sim"))
        .env("PYTHONDONTWRITEBYTECODE", "1"));
}

/// What `python3` is, if it will do.
fn python_version() -> Option<String> {
    // Some systems ship `venv` without `ensurepip`, and then it cannot make an environment.
    let probe = "import ensurepip, sys, venv; print(sys.executable, sys.version); sys.exit(sys.version_info < (3, 9))";
    let output = Command::new("python3").args(["-c", probe]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The interpreter of an environment with the packages that the tests need. It is made anew only when they or
/// Python itself have changed.
fn environment(version: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk");
    let (python, stamp) = (directory.join("bin/python"), directory.join("installed"));
    let requirements = Path::new(TESTS).join("requirements.txt");
    let wanted = version.to_owned() + &fs::read_to_string(&requirements).expect("the list of packages can be read");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
        .arg(&requirements));
    fs::write(&stamp, wanted).expect("the build folder can be written to");
    python
}

/// Runs a command to its end, which has to be a good one.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().expect("the command can be started");
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
}
