//! The suites in Python: the official SDK, and Schemathesis with a validator of OpenAPI. Each has a folder below `tests` with
//! the list of its packages, and runs in a virtual environment of its own in the build folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Suite, build_folder, run_suite, suite_folder};

#[test]
fn sdk_suite_passes() {
    let suite = PythonSuite { name: "sdk", subject: "the official SDK", least_python: 9 };
    let needs_s3: &[_] = if cfg!(feature = "s3") { &[] } else { &["test_bucket.py"] };
    suite.run(needs_s3);
}

#[test]
fn openapi_suite_passes() {
    PythonSuite { name: "openapi", subject: "the document of OpenAPI", least_python: 11 }.run(&[]);
}

/// A suite in Python.
struct PythonSuite {
    /// Its folder below `tests`.
    name: &'static str,
    /// What it tests.
    subject: &'static str,
    /// The oldest Python 3 that its packages are made for.
    least_python: u32,
}

impl PythonSuite {
    /// Runs the tests, but for some files.
    #[track_caller]
    fn run(&self, ignored: &[&str]) {
        let Some(version) = self.python_version() else { return };
        let folder = suite_folder(self.name);
        run_suite(
            Command::new(self.environment(&version))
                .args(["-m", "pytest", "-q"])
                .arg(&folder)
                .args(ignored.iter().map(|file| format!("--ignore={}", folder.join(file).display())))
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        );
    }

    /// What `python3` is, if it will do.
    #[track_caller]
    fn python_version(&self) -> Option<String> {
        let Self { subject, least_python, .. } = *self;
        // Some systems ship `venv` without `ensurepip`, and then it cannot make an environment.
        let probe = format!(
            "import ensurepip, sys, venv; print(sys.executable, sys.version); sys.exit(sys.version_info < (3, {least_python}))"
        );
        let needs = format!("python3, 3.{least_python} or later, with its module venv");
        Suite { subject, needs: &needs, probe: &["python3", "-c", &probe] }.tools()
    }

    /// The interpreter of an environment with the packages that the tests need. It is made anew only when they or
    /// Python itself have changed.
    fn environment(&self, version: &str) -> PathBuf {
        let directory = build_folder(self.name);
        let (python, stamp) = (directory.join("bin/python"), directory.join("installed"));
        let requirements = suite_folder(self.name).join("requirements.txt");
        let wanted = version.to_owned() + &fs::read_to_string(&requirements).expect("the list of packages can be read");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return python;
        }
        run_suite(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        run_suite(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
                .arg(&requirements),
        );
        fs::write(&stamp, wanted).expect("the build folder can be written to");
        python
    }
}
