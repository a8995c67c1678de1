//! `GET /_sim/coverage`, which has to agree with the report of `bss-sim exec`.

use serde_json::{Value, json};

use crate::support::{Exec, TestApp, builtin_passport, list, passport, text, with};

/// The outcomes that were met, each with the request that got it last.
fn met(coverage: &Value) -> Vec<(&str, &str)> {
    let outcomes = list(coverage, "outcomes");
    let met: Vec<_> = outcomes.iter().filter(|outcome| outcome["met"] == true).collect();
    assert_eq!((&coverage["met"], &coverage["of"], outcomes.len()), (&json!(met.len()), &json!(24), 24), "{coverage}");
    assert!(outcomes.iter().all(|outcome| outcome["met"] == outcome["last_request_id"].is_string()), "{coverage}");
    met.into_iter().map(|outcome| (text(&outcome["outcome"]), text(&outcome["last_request_id"]))).collect()
}

#[tokio::test]
async fn get_coverage_has_each_outcome_with_its_last_request() {
    let app = TestApp::builtin();
    assert_eq!(met(&app.get("/coverage").await), []);
    let names = app.get("/catalog").await;
    let names: Vec<_> = list(&names, "outcomes").iter().map(|row| row["outcome"].clone()).collect();
    let coverage = app.get("/coverage").await;
    let listed: Vec<_> = list(&coverage, "outcomes").iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(listed, names);

    let accepted = app.apply_as("demo-token", &builtin_passport("customer-new")).await;
    app.post_as("demo-token", "{}").await.assert_parameter_error();
    let refused = app.post_as("demo-token", "{}").await;
    let pictures = json!(["front.txt", "in-hand.jpg"]);
    let tiff = with(builtin_passport("customer-rejected"), "verified_file_url", pictures);
    let failed = app.apply_as("demo-token", &tiff).await;
    // None of these is an outcome of an application.
    for token in ["wrong", "demo-token"] {
        let path = "/v2/customers/realname-auths/result?customer_id=nobody";
        assert!(app.call("GET", path, &[("x-auth-token", token)], "").await.status >= 400);
    }
    app.script(&json!({ "then": [{ "gateway": "APIGW.0308" }, { "fault": "empty" }] })).await;
    for status in [429, 200] {
        assert_eq!(app.apply_as("demo-token", &tiff).await.status, status);
    }
    let expected = [
        ("is_review 1", accepted.id()),
        ("CBC.99007004", failed.id()),
        ("CBC.0100", refused.id()),
        ("PIC_FORMAT_ERR", failed.id()),
    ];
    assert_eq!(met(&app.get("/coverage").await), expected);
}

#[tokio::test]
async fn get_coverage_is_of_a_space_until_it_is_deleted() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let space = app.create_space(&json!({ "scenario": "default" })).await;
    let (id, token) = (text(&space["id"]), text(&space["partners"][0]["token"]));
    let there = app.apply_as(token, &builtin_passport("customer-done")).await;
    let here = app.apply(&passport("c-1")).await;
    let of = async |space: &str| app.get(&format!("/coverage?space={space}")).await;
    let both = [("is_review 1", here.id()), ("CBC.99000027", there.id())];
    // What was tested stays tested.
    for (method, path) in [("POST", "/reset"), ("DELETE", "/journal"), ("PUT", "/world"), ("DELETE", "/scripted")] {
        assert!(app.control(method, &format!("{path}?space={id}"), &json!({})).await.0 < 300, "{method} {path}");
        assert_eq!(met(&of(id).await), both[1..], "{method} {path}");
    }
    assert_eq!(met(&of("default").await), both[..1]);
    assert_eq!(met(&of("*").await), both);
    assert_eq!(app.delete(&format!("/spaces/{id}")).await, 204);
    assert_eq!(app.control("GET", &format!("/coverage?space={id}"), &Value::Null).await.0, 404);
    assert_eq!(met(&of("*").await), both, "also what those got that are deleted");
    assert_eq!(app.control("GET", "/journal?space=*", &Value::Null).await.0, 404, "a list is of one space");
    assert_eq!((app.space.coverage().met, app.space.coverage_of_all_spaces().met), (1, 2));
}

#[tokio::test]
async fn get_coverage_of_all_spaces_is_what_exec_reports() {
    let exec = Exec::start(&[], Exec::WAIT);
    let client = exec.client();
    let space = client.create_space(&json!({ "scenario": "open" })).await;
    client.apply_as(text(&space["partners"][0]["token"]), &builtin_passport("customer-new")).await;
    client.apply_as("demo-token", &builtin_passport("customer-done")).await;
    client.post_as("customer-token", "{}").await;
    let coverage = client.get("/coverage?space=*").await;
    let names: Vec<_> = met(&coverage).into_iter().map(|(name, _)| name).collect();
    let (_, _, report) = exec.end();
    assert!(names.len() == 3, "{coverage}");
    let line = format!("\ndocumented outcomes that were seen: {}\n", names.join(", "));
    assert!(report.contains(&line) && report.contains("seen: 3 of 24"), "{report}");
}
