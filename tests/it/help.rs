//! The help teaches: every example in it runs as it stands there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Simulator, binary, finished, run};
use crate::service::{passport, with};

/// Those that are to end otherwise than well, for nothing is asked of the simulator here.
const FAILING: [(&str, i32); 1] = [("bss-sim exec --coverage-fail-under 80 -- pytest", 1)];

/// A directory with all that the examples name.
fn place() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("help");
    fs::create_dir_all(place.join("bin")).expect("the build folder can be written to");
    fs::create_dir_all(place.join("fixtures")).expect("the build folder can be written to");
    let request = with(passport("customer-new"), "xaccount_type", "***_IDP").to_string();
    let scenario = "name: mine\npartners: []\n";
    for (name, text) in [
        ("request.json", request.as_str()),
        ("mine.yaml", scenario),
        ("fixtures/mine.yaml", scenario),
        ("bin/pytest", "#!/bin/sh\nexit 0\n"),
    ] {
        fs::write(place.join(name), text).expect("the build folder can be written to");
    }
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.join("bin/pytest"), executable).expect("a file of ours can be changed");
    place
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let (_, help, _) = run(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").expect("there are commands");
    let names = commands.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The lines of a help text that are commands, after the headline of its examples.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("Example").or(help.split_once("Begin here")).expect("it has examples");
    let lines = examples.lines().skip(1).take_while(|line| line.starts_with("  "));
    let examples: Vec<_> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.starts_with('#')).collect();
    assert!(!examples.is_empty(), "{help}");
    examples
}

#[test]
fn every_example_runs_as_it_stands() {
    let simulator = Simulator::start(&[]);
    let bin = Path::new(env!("CARGO_BIN_EXE_bss-sim")).parent().expect("the binary is in a directory");
    let place = place();
    let path = std::env::join_paths([bin.to_owned(), place.join("bin"), "/usr/bin".into(), "/bin".into()]);
    let path = path.expect("no directory has a colon in its name");
    let mut texts: Vec<_> = commands().iter().map(|command| run(&[command, "--help"]).1).collect();
    texts.push(run(&["-h"]).1);
    for example in texts.iter().flat_map(|text| examples(text)) {
        assert!(example.contains("bss-sim"), "{example}");
        if example == "bss-sim" || example.starts_with("bss-sim serve") {
            let arguments: Vec<_> = example.split(' ').skip(1).collect();
            Simulator::spawn(binary().args(arguments).env("BSS_SIM_LISTEN", "127.0.0.1:0").current_dir(&place));
            continue;
        }
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", &example]).current_dir(&place).env("PATH", &path);
        shell.env("BSS_SIM_URL", simulator.ready["url"].as_str().expect("a URL"));
        let Ok(output) = shell.output() else { return };
        let expected = FAILING.iter().find(|(failing, _)| *failing == example).map_or(0, |(_, code)| *code);
        let (code, stdout, stderr) = finished(output);
        assert_eq!(code, Some(expected), "{example}: {stdout}{stderr}");
    }
}

#[test]
fn the_short_help_is_short_and_leads_to_the_long_one() {
    for command in commands() {
        let (short, long) = (run(&[&command, "-h"]).1, run(&[&command, "--help"]).1);
        assert!(!short.contains("Example") && long.contains("Example"), "{command}");
        assert!(short.contains("see more with '--help'") && short.lines().count() < 40, "{command}: {short}");
    }
}
