//! `bss-sim exec`: a command with a simulator beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::process::{binary, finished, run, run_on};
use crate::waiting::{WAITING, Waiting};

/// The environment that a command has, when this is in the environment before.
fn environment(arguments: &[&str], before: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut command = binary();
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.arg("exec").args(arguments).args(["--", "env"]).envs(before.iter().copied());
    let (code, stdout, stderr) = finished(command.output().expect("the binary can be started"));
    assert_eq!(code, Some(0), "{stderr}");
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    stdout.lines().filter_map(pair).collect()
}

#[test]
fn the_command_finds_the_simulator_and_nothing_of_the_real_service() {
    let before = [
        ("HUAWEICLOUD_SDK_AK", "REALAK"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "real"),
        ("HUAWEICLOUD_SDK_DOMAIN_ID", "real"),
        ("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/real"),
        ("HUAWEICLOUD_OIDC_ID_TOKEN", "real"),
        ("BSS_SIM_TOKEN", "of-another-simulator"),
        ("OTHER", "kept"),
    ];
    let found = environment(&[], &before);
    let url = &found["BSS_SIM_URL"];
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with('/'), "{url}");
    let ours = |(name, _): &(&String, &String)| {
        name.starts_with("BSS_SIM_") || name.starts_with("HUAWEICLOUD_") || name.to_lowercase() == "no_proxy"
    };
    let ours: Vec<_> = found.iter().filter(ours).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("BSS_SIM_AK", "DEMOAK0001"),
        ("BSS_SIM_PARTNER", "demo-partner"),
        ("BSS_SIM_PARTNER_ID", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71"),
        ("BSS_SIM_SK", "demo-secret"),
        ("BSS_SIM_TOKEN", "demo-token"),
        ("BSS_SIM_URL", url),
        ("BSS_SIM_XACCOUNT_TYPE", "***_IDP"),
        ("HUAWEICLOUD_SDK_AK", "DEMOAK0001"),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", url),
        ("HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1", url),
        ("HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101", url),
        ("HUAWEICLOUD_SDK_SK", "demo-secret"),
        ("HUAWEICLOUD_SDK_STS_ENDPOINT", url),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
    ];
    assert_eq!(ours, expected);
    assert_eq!(found["OTHER"], "kept");
}

#[test]
fn a_credential_that_the_partner_does_not_have_is_not_there() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare-partner.yaml");
    let partner = "{ id: account, name: bare, xaccount_type: BARE_IDP, credentials: { access_keys: [{ ak: A, sk: s, security_token: t }] } }";
    fs::write(&path, format!("partners: [{partner}]\n")).expect("the build folder can be written to");
    let found = environment(&["--fixtures", path.to_str().expect("text")], &[("BSS_SIM_TOKEN", "of-another")]);
    assert_eq!((found["BSS_SIM_PARTNER"].as_str(), found["HUAWEICLOUD_SDK_AK"].as_str()), ("bare", "A"));
    assert_eq!(found["HUAWEICLOUD_SDK_SECURITY_TOKEN"], "t");
    assert_eq!(found.get("BSS_SIM_TOKEN"), None);
    fs::write(&path, "partners: []\n").expect("the build folder can be written to");
    let found = environment(&["--fixtures", path.to_str().expect("text")], &[("HUAWEICLOUD_SDK_AK", "REALAK")]);
    assert_eq!((found.get("BSS_SIM_PARTNER"), found.get("HUAWEICLOUD_SDK_AK")), (None, None));
}

#[test]
fn no_proxy_comes_between() {
    for (before, expected) in [
        (&[("NO_PROXY", "a.example")][..], "a.example,127.0.0.1"),
        (&[("no_proxy", "b.example"), ("NO_PROXY", "")], "b.example,127.0.0.1"),
        (&[("NO_PROXY", "*")], "*"),
    ] {
        let found = environment(&[], before);
        assert_eq!((found["NO_PROXY"].as_str(), found["no_proxy"].as_str()), (expected, expected), "{before:?}");
    }
}

#[test]
fn stdin_and_stdout_are_the_commands_own() {
    let (code, stdout, stderr) = run_on("some\ntext", &["exec", "--", "sh", "-c", "cat; echo said >&2"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "some\ntext"));
    assert!(stderr.starts_with("said\n\nbss-sim: the requests of all spaces"), "{stderr}");
    assert!(stderr.contains("\nnone: the command has to call $BSS_SIM_URL\n"), "{stderr}");
}

#[test]
fn the_commands_exit_code_is_passed_on() {
    for (command, code, message) in [
        (&["true"][..], 0, "seen: 0 of 24 documented outcomes (0 %)"),
        (&["sh", "-c", "exit 7"], 7, "seen: 0 of 24"),
        (&["sh", "-c", "kill -s KILL $$"], 137, "seen: 0 of 24"),
        (&["no-such-command"], 127, "cannot run `no-such-command`: there is no such file, nor is it in PATH"),
        (&["/dev/null"], 126, "cannot run `/dev/null`: it is not executable: chmod +x"),
    ] {
        let (found, _, stderr) = run(&[&["exec", "--"], command].concat());
        assert_eq!(found, Some(code), "{command:?}: {stderr}");
        assert!(stderr.contains(message), "{command:?}: {stderr}");
    }
}

#[test]
fn its_own_errors_have_their_own_exit_codes() {
    for (arguments, code, message) in [
        (&["exec"][..], 2, "COMMAND"),
        (&["exec", "--coverage-fail-under", "101", "--", "true"], 2, "101 is not in 0..=100"),
        (&["exec", "--scenario", "opne", "--", "true"], 3, "did you mean `open`?"),
    ] {
        let (found, _, stderr) = run(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
}

#[test]
fn signals_are_passed_on_and_the_simulator_goes_on_until_the_command_has_ended() {
    const TOLD: &str = r#"
        sleep 600 >/dev/null 2>&1 & waited=$!
        trap 'echo INT' INT
        trap 'echo HUP' HUP
        trap 'echo TERM; "$0" healthcheck && echo answered; kill $waited; exit 9' TERM
        echo "$BSS_SIM_URL"
        while :; do wait $waited; done"#;
    let script = TOLD.replace("$0", env!("CARGO_BIN_EXE_bss-sim"));
    let mut waiting = Waiting::start(&[], &script);
    for signal in ["INT", "HUP"] {
        waiting.signal(signal);
        assert_eq!(waiting.line(), format!("{signal}\n"));
    }
    waiting.signal("TERM");
    let (code, printed, report) = waiting.end();
    assert_eq!((code, printed.as_str()), (Some(9), "TERM\nanswered\n"));
    assert!(report.contains("bss-sim: requests: 0"), "{report}");
}

#[test]
fn the_log_is_quiet_unless_it_is_asked_for() {
    for (arguments, logged) in [(&[][..], false), (&["--log-level", "info", "--log-format", "json"], true)] {
        let waiting = Waiting::start(arguments, WAITING);
        waiting.apply("demo-token", &json!({}));
        let (_, _, stderr) = waiting.end();
        let (log, report) = stderr.split_once("\nbss-sim: the requests of all spaces").expect("there is a report");
        assert_eq!(log.contains("answered"), logged, "{stderr}");
        assert!(!report.contains("answered"), "what is logged comes before the report: {stderr}");
    }
}
