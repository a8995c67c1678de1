//! What shells complete.

use std::process::Command;

use crate::process::run;

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
fn bash_completes_commands_flags_and_scenarios() {
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
fn every_shell_has_a_script() {
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
