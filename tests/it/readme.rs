//! What the README says is true.

use std::fs;
use std::path::Path;

use bss_sim::fixture::{Library, Scenario};

use crate::process::run;
use crate::service::{INDIVIDUAL, Service};
use axum::body::Body;
use axum::http::Request;

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

#[test]
fn every_scenario_is_named() {
    for name in Library::builtin().names() {
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
    reply.assert(200, between("x-request-id: a9ceeea2ede349a2aa90572ee58da5a4\n\n", "\n"));
}

#[test]
fn the_scenario_does_what_it_says() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme.yaml");
    fs::write(&path, between("```yaml\n", "```")).expect("the build folder can be written to");
    let (code, stdout, stderr) = run(&["check", path.to_str().expect("the build folder's name is text")]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

#[test]
fn every_setting_is_listed() {
    let (_, schema, _) = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("a schema is JSON");
    let settings = between("### Settings\n", "### Scripted");
    let keys = |name: &str| schema["$defs"][name]["properties"].as_object().expect("a mapping").clone();
    let wire = keys("Wire").keys().map(|key| format!("wire.{key}")).collect::<Vec<_>>();
    let own = keys("Settings").keys().filter(|key| *key != "wire").cloned().collect::<Vec<_>>();
    for key in own.into_iter().chain(wire) {
        assert!(settings.contains(&format!("| `{key}` |")), "the README does not list the setting {key}");
    }
}

#[test]
fn every_bucket_can_be_given_so() {
    let section = between("### Pictures\n", "### Scripted");
    let blocks: Vec<_> =
        section.split("```").skip(1).step_by(2).map(|block| block.trim_start_matches("yaml\n")).collect();
    let [four, obs] = blocks[..] else { panic!("there are two blocks: {blocks:?}") };
    for bucket in four.lines().chain([obs]) {
        let bucket = bucket.trim_end().replace('\n', "\n    ");
        let yaml = format!("partners:\n  - id: p-1\n    name: demo\n    xaccount_type: DEMO_IDP\n    {bucket}\n");
        let needs_s3 = bucket.contains("s3:") && cfg!(not(feature = "s3"));
        assert_eq!(Scenario::read("readme.yaml", "readme", &yaml).is_err(), needs_s3, "{yaml}");
    }
}
