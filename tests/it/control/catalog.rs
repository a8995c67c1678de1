//! `GET /_sim/catalog` and `GET /_sim/scenarios`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bss_sim::{Scenario, Simulator};
use serde_json::{Value, json};

use crate::support::{INDIVIDUAL, TestApp, TestDir, builtin_passport, list, text};

/// What an outcome of the catalog looks like in an answer.
fn is_outcome(outcome: &str, response: &Value) -> bool {
    let body = &response["body"];
    match outcome.strip_prefix("is_review ") {
        Some(review) => response["status"] == 200 && body["is_review"].to_string().trim_matches('"') == review,
        None if outcome.starts_with("CBC.") => body["error_code"] == outcome,
        None => body["error_code"] == "CBC.99007004" && body["fail_check_items"] == json!([outcome]),
    }
}

async fn catalog(app: &TestApp, space: &str) -> Vec<Value> {
    list(&app.get(&format!("/catalog?space={space}")).await, "outcomes").to_vec()
}

#[tokio::test]
async fn get_catalog_has_a_scenario_and_a_script_for_every_outcome() {
    let app = TestApp::builtin();
    let outcomes = catalog(&app, "default").await;
    let named: Vec<_> = outcomes.iter().map(|row| text(&row["outcome"])).collect();
    let documented = [
        "is_review 0",
        "is_review 1",
        "CBC.99000000",
        "CBC.99000027",
        "CBC.99000026",
        "CBC.99000035",
        "CBC.99005030",
        "CBC.99007004",
        "CBC.99007188",
        "CBC.99007189",
        "CBC.99007193",
        "CBC.99007202",
        "CBC.99007259",
        "CBC.99007261",
        "CBC.99007265",
        "CBC.0100",
        "CBC.0151",
        "CBC.0999",
        "PIC_FORMAT_ERR",
        "PIC_SIZE_ERR",
        "INVALID_FRONT_IDCARD",
        "INVALID_BACK_IDCARD",
        "IDCARD_INFO_NOT_SAME",
        "INVALID_IDCARD_FACE",
    ];
    assert_eq!(named, documented);
    for row in &outcomes {
        let name = text(&row["outcome"]);
        assert!(row["status"].is_u64() && !text(&row["text"]).is_empty(), "{row}");
        assert!(row["causes"].is_array(), "{row}");
        let scenario = row["ways"]["scenario"].as_str().unwrap_or_else(|| panic!("no scenario for {name}"));
        let shown = app.get(&format!("/scenarios/{scenario}")).await;
        assert_eq!(shown["name"], scenario, "{name}");
        assert!(text(&shown["yaml"]).contains("exchanges:"), "{name}: {shown}");

        app.script(&row["ways"]["scripted"]).await;
        let reply = app.apply_as("demo-token", &builtin_passport("customer-own")).await;
        let response = json!({ "status": reply.status, "body": reply.json() });
        assert!(is_outcome(name, &response) && response["status"] == row["status"], "{name}: {response}");
        app.post("/reset", &Value::Null).await;
    }
}

#[tokio::test]
async fn get_catalog_scripts_of_the_gateway_and_of_faults_are_taken_as_they_are() {
    let app = TestApp::builtin();
    let all = app.get("/catalog").await;
    let scripts = |kind: &str| list(&all, kind).iter().map(|row| row["scripted"].clone()).collect::<Vec<_>>();
    let (gateway, faults) = (scripts("gateway"), scripts("faults"));
    assert_eq!((gateway.len(), faults.len()), (23, 5));
    for (row, script) in list(&all, "gateway").iter().zip(gateway) {
        app.script(&script).await;
        let reply = app.apply_as("demo-token", &builtin_passport("customer-own")).await;
        let answer = reply.json();
        assert_eq!(
            [&json!(reply.status), &answer["error_code"], &answer["error_msg"]],
            [&row["status"], &row["outcome"], &row["text"]]
        );
    }
    app.script(&json!(faults)).await;
    let named: Vec<_> = list(&all, "faults").iter().map(|row| text(&row["outcome"])).collect();
    assert_eq!(named, ["fault reset", "fault close", "fault empty", "fault malformed", "fault hang"]);
}

#[tokio::test]
async fn get_catalog_requests_give_their_outcome_in_every_scenario() {
    let app = TestApp::builtin();
    let scenarios = app.get("/scenarios").await;
    let mut sent = BTreeSet::new();
    for scenario in list(&scenarios, "scenarios") {
        let space = app.create_space(&json!({ "scenario": scenario["name"] })).await;
        let id = text(&space["id"]);
        for row in catalog(&app, id).await {
            let request = &row["ways"]["request"];
            if request.is_null() {
                continue;
            }
            let (name, caller) = (text(&row["outcome"]), text(&request["as"]));
            let partner = list(&space, "partners").iter().find(|partner| partner["name"] == caller);
            let token = partner.map_or(caller, |partner| text(&partner["token"]));
            let headers = [("content-type", "application/json"), ("x-auth-token", token), ("x-sim-space", id)];
            let body = request["request"].to_string();
            let reply = app.call("POST", INDIVIDUAL, &headers, body).await;
            let response = json!({ "status": reply.status, "body": reply.json() });
            assert!(is_outcome(name, &response), "{}: {name}: {request}: {response}", scenario["name"]);
            sent.insert(name.to_owned());
            app.post(&format!("/reset?space={id}"), &Value::Null).await;
        }
    }
    assert!(sent.contains("CBC.99007004"), "the code of check items: {sent:?}");
    assert!(sent.len() >= 19, "only these were sent: {sent:?}");
}

/// The names of the scenarios that a simulator knows.
async fn names(app: &TestApp) -> Vec<String> {
    let scenarios = app.get("/scenarios").await;
    list(&scenarios, "scenarios").iter().map(|scenario| text(&scenario["name"]).to_owned()).collect()
}

#[tokio::test]
async fn get_scenarios_lists_files_which_hide_built_in_ones() {
    let before = names(&TestApp::builtin()).await;
    let files = TestDir::new("scenarios");
    for (name, content) in [("mine.yaml", "customers: []"), ("open.json", "{}"), ("any.txt", "name: any")] {
        files.put(name, content);
    }
    let known = TestApp::build(Simulator::builder().fixtures(files.path()).fixtures(files.join("any.txt")));
    let names = names(&known).await;
    for name in ["mine", "open", "any"] {
        assert_eq!(names.iter().filter(|known| *known == name).count(), 1, "{name}: {names:?}");
    }
    assert_eq!(names.len(), before.len() + 2, "one takes the place of a built-in scenario");
    let error = Simulator::builder().scenario("opn").build().unwrap_err();
    assert!(error.to_string().contains("`open`"), "the name that was meant: {error}");
}

#[tokio::test]
async fn get_scenarios_lists_every_file_of_fixtures() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = ["", "scenarios"].into_iter().flat_map(|name| fs::read_dir(fixtures.join(name)).unwrap());
    let files =
        files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let stems: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names(&TestApp::builtin()).await.into_iter().collect::<BTreeSet<_>>(), stems);
    for name in &stems {
        Simulator::builder().scenario(Scenario::named(name)).build().unwrap();
    }
}
