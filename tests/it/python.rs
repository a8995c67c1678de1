//! The suites in Python: the official SDK, Schemathesis with a validator of OpenAPI, and the console in a browser. Each has a
//! folder below `tests` with the list of its packages, and runs in a virtual environment of its own in the build folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn sdk_suite_passes() {
    let suite = Suite { name: "sdk", subject: "the official SDK", least_python: 9, program: None };
    let needs_s3: &[_] = if cfg!(feature = "s3") { &[] } else { &["test_bucket.py"] };
    suite.run(needs_s3);
}

#[test]
fn openapi_suite_passes() {
    Suite { name: "openapi", subject: "the document of OpenAPI", least_python: 11, program: None }.run(&[]);
}

#[test]
fn console_suite_passes() {
    Suite { name: "console", subject: "the console", least_python: 11, program: Some("/usr/bin/chromium") }.run(&[]);
}

/// A suite in Python.
struct Suite {
    /// Its folder below `tests`.
    name: &'static str,
    /// What it tests.
    subject: &'static str,
    /// The oldest Python 3 that its packages are made for.
    least_python: u32,
    /// A program that it needs besides.
    program: Option<&'static str>,
}

impl Suite {
    /// Runs the tests, but for some files. Where they cannot run, says so; in CI they have to.
    #[track_caller]
    fn run(&self, ignored: &[&str]) {
        let python = match self.set_up() {
            Ok(python) => python,
            Err(needed) => {
                let message = format!("{} is not tested: that needs {needed}", self.subject);
                assert!(std::env::var_os("CI").is_none(), "{message}");
                // The test harness keeps back what a passing test prints, but not what is written like this.
                let _ = writeln!(io::stderr(), "{message}");
                return;
            }
        };
        let folder = self.folder();
        run(Command::new(python)
            .args(["-m", "pytest", "-q"])
            .arg(&folder)
            .args(ignored.iter().map(|file| format!("--ignore={}", folder.join(file).display())))
            .env("BSS_SIM_BIN", env!("CARGO_BIN_EXE_bss-sim"))
            .env("PYTHONDONTWRITEBYTECODE", "1"));
    }

    /// Returns the interpreter that has all that the tests need, or what is needed and is not there.
    fn set_up(&self) -> Result<PathBuf, String> {
        let version = self.python_version();
        let version =
            version.ok_or_else(|| format!("python3, 3.{} or later, with its module venv", self.least_python))?;
        match self.program {
            Some(program) if !Path::new(program).exists() => Err(program.to_owned()),
            _ => self.environment(&version),
        }
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(self.name)
    }

    /// What `python3` is, if it will do.
    fn python_version(&self) -> Option<String> {
        // Some systems ship `venv` without `ensurepip`, and then it cannot make an environment.
        let probe = format!(
            "import ensurepip, sys, venv; print(sys.executable, sys.version); sys.exit(sys.version_info < (3, {}))",
            self.least_python
        );
        let output = Command::new("python3").args(["-c", &probe]).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The interpreter of an environment with the packages that the tests need. It is made anew only when they or
    /// Python itself have changed.
    fn environment(&self, version: &str) -> Result<PathBuf, String> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
        let (python, stamp) = (directory.join("bin/python"), directory.join("installed"));
        let requirements = self.folder().join("requirements.txt");
        let wanted = version.to_owned() + &fs::read_to_string(&requirements).expect("the list of packages can be read");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
        let installed = pip.arg(&requirements).output().expect("the command can be started");
        if !installed.status.success() {
            let printed = String::from_utf8_lossy(&installed.stderr);
            return Err(format!("the packages of {}:\n{printed}", requirements.display()));
        }
        fs::write(&stamp, wanted).expect("the build folder can be written to");
        Ok(python)
    }
}

/// Runs a command to its end, which has to be a good one.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().expect("the command can be started");
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
}
