//! `--help`, whose examples run as they are, and `bss-sim completions`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{INDIVIDUAL, Process, TestDir, UNDER_REVIEW, binary, builtin_passport, finished, run};

/// Those that are to end otherwise than well, for nothing is asked of the simulator here.
const FAILING: [(&str, i32); 2] = [
    ("bss-sim exec --coverage-fail-under 80 -- pytest", 1),
    ("bss-sim exec --fail-on unexpected,leftover,no-requests -- pytest", 1),
];

/// A capture of a call that bss-sim answers likewise.
fn capture() -> Value {
    let headers =
        [("content-type", "application/json;charset=UTF-8"), ("x-request-id", "0123456789abcdef0123456789abcdef")];
    let headers = headers.map(|(name, value)| json!({ "name": name, "value": value }));
    let request = json!({
        "method": "POST",
        "url": format!("https://bss.example.com{INDIVIDUAL}"),
        "headers": [{ "name": "x-auth-token", "value": "token" }, { "name": "content-type", "value": "application/json" }],
        "postData": { "mimeType": "application/json", "text": builtin_passport("customer-new").to_string() },
    });
    let response = json!({ "status": 200, "headers": headers, "content": { "text": UNDER_REVIEW } });
    json!({ "log": { "version": "1.2", "entries": [{ "request": request, "response": response }] } })
}

/// A directory with all that the examples name.
fn place() -> TestDir {
    let place = TestDir::new("help");
    let scenario = "name: mine\npartners: []\n";
    place.put("request.json", builtin_passport("customer-new").to_string());
    place.put("mine.yaml", scenario);
    place.put("capture.har", capture().to_string());
    place.put("fixtures/mine.yaml", scenario);
    let pytest = place.put("bin/pytest", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(pytest, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
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
fn help_examples_run() {
    let process = Process::start(&[]);
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
            Process::spawn(binary().args(arguments).env("BSS_SIM_LISTEN", "127.0.0.1:0").current_dir(place.path()));
            continue;
        }
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", &example]).current_dir(place.path()).env("PATH", &path);
        shell.env("BSS_SIM_URL", process.url());
        let Ok(output) = shell.output() else { return };
        let expected = FAILING.iter().find(|(failing, _)| *failing == example).map_or(0, |(_, code)| *code);
        let (code, stdout, stderr) = finished(output);
        assert_eq!(code, Some(expected), "{example}: {stdout}{stderr}");
    }
}

#[test]
fn short_help_is_short_and_names_the_long_one() {
    for command in commands() {
        let (short, long) = (run(&[&command, "-h"]).1, run(&[&command, "--help"]).1);
        assert!(!short.contains("Example") && long.contains("Example"), "{command}");
        assert!(short.contains("see more with '--help'") && short.lines().count() < 40, "{command}: {short}");
    }
}

/// The script for bash; then, as bash does it, what the function that the script registers makes of these words.
const COMPLETE: &str = r#"
    source <(printf '%s' "$SCRIPT")
    complete=$(complete -p bss-sim) && [[ $complete =~ -F\ ([^ ]+) ]]
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    "${BASH_REMATCH[1]}" bss-sim "${@: -1}" "${@: -2:1}"
    printf '%s\n' "${COMPREPLY[@]}"
"#;

/// What bash completes the last of these words to. None: there is no bash here.
fn complete(words: &[&str]) -> Option<Vec<String>> {
    let (code, script, stderr) = run(&["completions", "bash"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", COMPLETE, "bash", "bss-sim"]).args(words).env("SCRIPT", script);
    let output = bash.output().ok()?;
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

#[test]
fn completions_of_bash_complete_commands_flags_and_scenarios() {
    for (words, expected) in [
        (&["--sc"][..], &["--scenario"][..]),
        (&["com"], &["completions"]),
        (&["exec", "--cov"], &["--coverage-fail-under"]),
        (&["explain", "--scenario", "picture-f"], &["picture-format", "picture-front-invalid"]),
        (&["completions", "z"], &["zsh"]),
    ] {
        let Some(completed) = complete(words) else { return };
        assert_eq!(completed, expected, "{words:?}");
    }
}

#[test]
fn completions_print_a_script_for_every_shell() {
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef bss-sim"),
        ("fish", "complete -c bss-sim"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[bss-sim]"),
    ] {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(script.contains(mark) && script.contains("scenario"), "{shell}: {script}");
    }
}
