//! The packages for Go, Java and Node, and the official SDKs with them: the projects in `tests/clients`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
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

#[test]
fn node_suite_passes() {
    let subject = "the package for Node with the official SDK";
    let probe =
        ["sh", "-c", "npm --version && node --version && node --eval 'process.exit(Symbol.asyncDispose ? 0 : 1)'"];
    let Some(versions) = (Suite { subject, needs: "npm, and node, 18.18 or later", probe: &probe }).tools() else {
        return;
    };
    let folder = node_modules(&versions);
    // A copy, which finds the packages in the folder above it.
    let suite = folder.join("suite");
    // It is not there in the first run.
    let _ = fs::remove_dir_all(&suite);
    fs::create_dir(&suite).expect("the build folder can be written to");
    for file in fs::read_dir(suite_folder("clients/node")).expect("the suite can be read") {
        let file = file.expect("the suite can be read");
        if file.path().is_file() {
            fs::copy(file.path(), suite.join(file.file_name())).expect("the build folder can be written to");
        }
    }
    // The SDK writes into the home of its user.
    run_suite(Command::new("node").arg("--test").current_dir(suite).env("HOME", folder));
}

/// A folder with the packages that the suite for Node needs. They are installed anew only when they or Node have changed.
fn node_modules(versions: &str) -> PathBuf {
    let folder = build_folder("node");
    fs::create_dir_all(&folder).expect("the build folder can be written to");
    let stamp = folder.join("installed");
    let [package, lock] = ["package.json", "package-lock.json"].map(|name| suite_folder("clients/node").join(name));
    let wanted = versions.to_owned() + &fs::read_to_string(&lock).expect("the list of packages can be read");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return folder;
    }
    for file in [package, lock] {
        let name = file.file_name().expect("it is a file");
        fs::copy(&file, folder.join(name)).expect("the build folder can be written to");
    }
    run_suite(Command::new("npm").args(["ci", "--loglevel=error", "--no-audit", "--no-fund"]).current_dir(&folder));
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages/npm/bss-sim");
    symlink(own, folder.join("node_modules/bss-sim")).expect("the file system has links");
    fs::write(&stamp, wanted).expect("the build folder can be written to");
    folder
}
