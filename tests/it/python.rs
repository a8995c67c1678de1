//! The suites in Python: the official SDK, Schemathesis with a validator of OpenAPI, and the console in a browser. Each has a
//! folder below `tests` with the list of its packages, and runs in a virtual environment of its own in the build folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Suite, build_folder, run_suite, suite_folder};

#[test]
fn sdk_suite_passes() {
    let suite = PythonSuite { name: "sdk", subject: "the official SDK", least_python: 9, program: None };
    let needs_s3: &[_] = if cfg!(feature = "s3") { &[] } else { &["test_bucket.py"] };
    suite.run(needs_s3);
}

#[test]
fn openapi_suite_passes() {
    PythonSuite { name: "openapi", subject: "the document of OpenAPI", least_python: 11, program: None }.run(&[]);
}

#[test]
fn console_suite_passes() {
    let program = Some("/usr/bin/chromium");
    PythonSuite { name: "console", subject: "the console", least_python: 11, program }.run(&[]);
}

/// A suite in Python.
struct PythonSuite {
    /// Its folder below `tests`.
    name: &'static str,
    /// What it tests.
    subject: &'static str,
    /// The oldest Python 3 that its packages are made for.
    least_python: u32,
    /// A program that it needs besides.
    program: Option<&'static str>,
}

impl PythonSuite {
    /// Runs the tests, but for some files.
    #[track_caller]
    fn run(&self, ignored: &[&str]) {
        let Some(python) = self.python_version().and_then(|version| self.environment(&version)) else { return };
        let folder = suite_folder(self.name);
        run_suite(
            Command::new(python)
                .args(["-m", "pytest", "-q"])
                .arg(&folder)
                .args(ignored.iter().map(|file| format!("--ignore={}", folder.join(file).display())))
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        );
    }

    /// What `python3` is, if it will do, and if the program is there.
    #[track_caller]
    fn python_version(&self) -> Option<String> {
        let Self { subject, least_python, program, .. } = *self;
        // Some systems ship `venv` without `ensurepip`, and then it cannot make an environment.
        let probe = format!(
            "import ensurepip, os, sys, venv; print(sys.executable, sys.version); \
             sys.exit(sys.version_info < (3, {least_python}) or not os.path.exists('{}'))",
            program.unwrap_or("/")
        );
        let python = format!("python3, 3.{least_python} or later, with its module venv");
        let needs = program.map_or(python.clone(), |program| format!("{python}, and {program}"));
        Suite { subject, needs: &needs, probe: &["python3", "-c", &probe] }.tools()
    }

    /// The interpreter of an environment with the packages that the tests need, if they can be had. It is made anew only when
    /// they, Python itself or the place of the environment have changed.
    #[track_caller]
    fn environment(&self, version: &str) -> Option<PathBuf> {
        let directory = build_folder(self.name);
        let (python, stamp) = (directory.join("bin/python"), directory.join("installed"));
        let requirements = suite_folder(self.name).join("requirements.txt");
        let packages = fs::read_to_string(&requirements).expect("the list of packages can be read");
        let wanted = format!("{}\n{version}{packages}", directory.display());
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Some(python);
        }
        run_suite(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        let (python_path, list) = (python.to_string_lossy(), requirements.to_string_lossy());
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", &list];
        let install: Vec<_> = [&*python_path].into_iter().chain(pip).collect();
        let needs = format!("the packages of {list}");
        Suite { subject: self.subject, needs: &needs, probe: &install }.tools()?;
        fs::write(&stamp, wanted).expect("the build folder can be written to");
        Some(python)
    }
}
