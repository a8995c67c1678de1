//! The packages for Go and Java, and the official SDKs with them: the projects in `tests/clients`.

use std::process::Command;

use crate::support::{Suite, build_folder, run_suite, suite_folder};

#[test]
fn go_suite_passes() {
    let subject = "the package for Go with the official SDK";
    if (Suite { subject, needs: "go, 1.19 or later", probe: &["go", "version"] }).tools().is_none() {
        return;
    }
    // `-count=1`: what go remembers of earlier runs does not depend on the simulator.
    run_suite(
        Command::new("go")
            .args(["test", "-count=1", "./...", "example.org/bss-sim/go"])
            .current_dir(suite_folder("clients/go")),
    );
}

#[test]
fn java_suite_passes() {
    let subject = "the package for Java with the official SDK";
    // Maven comes without a compiler.
    let probe = ["sh", "-c", "mvn --version && javac --version"];
    if (Suite { subject, needs: "mvn, and a JDK of version 11 or later", probe: &probe }).tools().is_none() {
        return;
    }
    run_suite(
        Command::new("mvn")
            .args(["--batch-mode", "--quiet", "test"])
            .arg(format!("-Dbuild.root={}", build_folder("java").display()))
            .current_dir(suite_folder("clients/java")),
    );
}
