//! What the README says is true.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use bss_sim::{Scenario, Simulator as Embedded};

use crate::process::{Simulator, binary, run};
use crate::service::{INDIVIDUAL, Service};
use axum::body::Body;
use axum::http::{Method, Request};

const README: &str = include_str!("../../README.md");

/// The text between two marks of the README.
#[track_caller]
fn between<'a>(start: &str, end: &str) -> &'a str {
    let (_, rest) = README.split_once(start).unwrap_or_else(|| panic!("the README has no {start:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("the README has no {end:?} after {start:?}")).0
}

#[test]
fn the_table_of_outcomes_is_the_catalog() {
    let (_, catalog, _) = run(&["catalog"]);
    assert_eq!(between("<!-- catalog -->\n", "<!-- /catalog -->"), catalog);
}

#[tokio::test]
async fn every_scenario_is_named() {
    let (_, list) = Service::builtin().control(Method::GET, "/scenarios", None).await;
    for scenario in list["scenarios"].as_array().expect("a list") {
        let name = scenario["name"].as_str().expect("a name");
        assert!(README.contains(&format!("`{name}`")), "the README does not name the scenario {name}");
    }
}

#[tokio::test]
async fn the_first_request_gets_the_first_answer() {
    let service = Service::from_yaml(include_str!("../../fixtures/default.yaml"));
    let token = between("X-Auth-Token: ", "'");
    let request = Request::post(INDIVIDUAL).header("content-type", "application/json").header("x-auth-token", token);
    let request = request.body(Body::from(between("  -d '", "'\n"))).expect("a request");
    let reply = service.send(request).await;
    reply.assert(200, between("It answers `", "`"));
}

#[test]
fn the_scenario_does_what_it_says() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme.yaml");
    fs::write(&path, format!("name: {}", between("```yaml\nname: ", "```")))
        .expect("the build folder can be written to");
    let (code, stdout, stderr) = run(&["check", path.to_str().expect("the build folder's name is text")]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

#[test]
fn every_setting_is_in_the_file_that_explains_the_format() {
    let (_, schema, _) = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("a schema is JSON");
    let explained = include_str!("../../fixtures/default.yaml");
    for name in ["Settings", "Wire"] {
        for key in schema["$defs"][name]["properties"].as_object().expect("a mapping").keys() {
            assert!(explained.contains(&format!(" {key}:")), "fixtures/default.yaml does not have the setting {key}");
        }
    }
}

#[test]
fn every_bucket_can_be_given_so() {
    let section = between("below its folder `download`:\n\n```yaml\n", "```");
    for bucket in section.lines() {
        let yaml = format!("partners:\n  - id: p-1\n    name: demo\n    xaccount_type: DEMO_IDP\n    {bucket}\n");
        let needs_s3 = bucket.contains("s3:") && cfg!(not(feature = "s3"));
        let built = Embedded::builder().scenario(Scenario::text(yaml.as_str())).build();
        assert_eq!(built.is_err(), needs_s3, "{yaml}");
    }
}

#[test]
fn it_is_no_longer_than_anybody_reads() {
    assert!(README.lines().count() <= 300, "{} lines", README.lines().count());
}

/// What the README leaves to its reader, with what a reader might choose.
const CHOICES: [(&str, &str); 4] = [
    ("DIRECTORY", "fixtures/scenarios"),
    ("--tls-cert FILE --tls-key FILE", "--tls self-signed"),
    ("FILE", "fixtures/default.yaml"),
    ("NAME", "attempts-exhausted"),
];

/// What is no command of the simulator, with the place where it is run instead.
const ELSEWHERE: [(&str, &str, &str); 6] = [
    ("cargo test --locked --all-features", ".ci/run", "test_command='cargo test --locked --all-features'"),
    ("cargo bench --bench load", "Cargo.toml", "[[bench]]\nname = \"load\""),
    ("cargo install --path .", "Cargo.toml", "[[bin]]\nname = \"bss-sim\""),
    ("cargo doc --open", ".ci/run", "cargo doc"),
    ("docker build -t bss-sim .", "Dockerfile", "ENTRYPOINT [\"/bss-sim\"]"),
    ("curl -k https://127.0.0.1:8080/_sim/tls/ca.pem", "tests/sdk/test_tls.py", "/_sim/tls/ca.pem"),
];

/// Every command of the README: its blocks, and what stands between backticks.
fn commands() -> Vec<String> {
    let blocks = README.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().trim());
    let is_command = |code: &&str| ["bss-sim ", "cargo ", "docker ", "curl "].iter().any(|name| code.starts_with(name));
    let prose: String = README.split("```").step_by(2).collect();
    let words = prose.split('`').skip(1).step_by(2).filter(is_command).filter(|code| !code.contains(" = "));
    blocks.chain(words).map(str::to_owned).collect()
}

#[test]
fn every_command_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&place).expect("the build folder can be written to");
    let pytest = place.join("pytest");
    fs::write(&pytest, "#!/bin/sh\nexec curl -sf \"$BSS_SIM_URL/_sim/readyz\"\n").expect("it can be written to");
    fs::set_permissions(&pytest, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    let _ = fs::remove_file(place.join("bss-sim"));
    symlink(env!("CARGO_BIN_EXE_bss-sim"), place.join("bss-sim")).expect("the file system has links");
    let simulator = Simulator::start(&[]);
    for command in commands() {
        if let Some((_, file, text)) = ELSEWHERE.iter().find(|(known, ..)| *known == command) {
            assert!(fs::read_to_string(root.join(file)).expect("it is there").contains(text), "{command}: {file}");
            continue;
        }
        let chosen = CHOICES.iter().fold(command.clone(), |command, (word, choice)| command.replace(word, choice));
        let chosen = chosen.replace("127.0.0.1:8080", simulator.authority()).replace("cargo run --release", "bss-sim");
        let mut words = chosen.split(' ').skip(1).peekable();
        if chosen.starts_with("bss-sim") && words.peek().is_none_or(|word| word.starts_with("--") && *word != "--help")
        {
            let mut serve = binary();
            serve.args(words).args(["--listen", "127.0.0.1:0"]).current_dir(root);
            Simulator::spawn(&mut serve);
            continue;
        }
        let chosen = if chosen == "bss-sim explain" { format!("echo '{{}}' | {chosen}") } else { chosen };
        let mut shell = Command::new("sh");
        let found = format!("PATH=\"{}:$PATH\"; {chosen}", place.display());
        shell.args(["-c", &found]).current_dir(root).stdin(Stdio::null());
        let output = shell.output().expect("there is a shell");
        assert!(output.status.success() && !output.stdout.is_empty(), "{command}: {output:?}");
    }
}
