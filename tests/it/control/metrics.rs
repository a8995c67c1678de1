//! `GET /_sim/metrics`.

use bss_sim::{Scenario, Simulator};
use serde_json::json;

use crate::support::{INDIVIDUAL, PARTNERS, TestApp, builtin_passport, passport, text, with};

/// The lines of a scrape that are values, sorted.
async fn scrape(app: &TestApp) -> Vec<String> {
    let reply = app.call("GET", "/_sim/metrics", &[], "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(reply.body.ends_with("# EOF\n"), "{}", reply.body);
    let mut lines: Vec<_> = reply.body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[track_caller]
fn assert_has(lines: &[String], wanted: &str) {
    assert!(lines.iter().any(|line| line == wanted), "no {wanted} in {lines:#?}");
}

fn answered(path: &str, outcome: &str, decided_by: &str, rule: &str, count: u32) -> String {
    format!(
        "bss_sim_answers_total{{path=\"{path}\",outcome=\"{outcome}\",decided_by=\"{decided_by}\",rule=\"{rule}\"}} {count}"
    )
}

#[tokio::test]
async fn get_metrics_counts_answers_by_outcome_and_rule() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]");
    app.apply(&passport("c-1")).await;
    app.apply(&passport("c-1")).await;
    app.apply(&passport("c-1")).await;
    app.apply(&with(passport("c-2"), "verified_file_url", json!(["front.txt", "in-hand.txt"]))).await;
    app.apply(&with(passport("c-2"), "identify_type", 7)).await;
    app.apply_as("no-token", &passport("c-2")).await;
    app.script(&json!({ "times": 1, "then": { "fault": "close" } })).await;
    app.apply(&passport("c-2")).await;
    let result = "/v2/customers/realname-auths/result?customer_id=c-1";
    app.call("GET", result, &[("x-auth-token", "token")], "").await;
    app.call("GET", "/nowhere", &[], "").await;
    let lines = scrape(&app).await;
    for wanted in [
        answered(INDIVIDUAL, "is_review 1", "accepted", "", 1),
        answered(INDIVIDUAL, "CBC.99000027", "rule", "not-authenticated-yet", 2),
        answered(INDIVIDUAL, "CBC.99007004", "rule", "pictures-pass", 1),
        answered(INDIVIDUAL, "CBC.0100", "parameters", "parameters", 1),
        answered(INDIVIDUAL, "fault close", "script", "script", 1),
        answered("/v2/customers/realname-auths/result", "answered", "accepted", "", 1),
        answered("", "APIGW.0101", "gateway", "path-known", 1),
        "bss_sim_check_items_total{item=\"PIC_FORMAT_ERR\"} 1".to_owned(),
        "bss_sim_check_items_total{item=\"PIC_SIZE_ERR\"} 0".to_owned(),
        "bss_sim_faults_total{fault=\"close\"} 1".to_owned(),
        "bss_sim_spaces 1".to_owned(),
        "bss_sim_journal_entries 9".to_owned(),
        "bss_sim_journal_dropped_total 0".to_owned(),
        format!("bss_sim_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
    ] {
        assert_has(&lines, &wanted);
    }
    assert!(lines.iter().any(|line| line.contains("outcome=\"APIGW.0301\"") && line.ends_with(" 1")), "{lines:#?}");
}

#[tokio::test]
async fn get_metrics_counts_outlive_resets_and_deleted_spaces() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await;
    app.space.reset();
    app.apply(&passport("c-1")).await;
    let space = app.create_space(&json!({ "scenario": "default" })).await;
    app.apply_as(text(&space["partners"][0]["token"]), &builtin_passport("customer-new")).await;
    assert_has(&scrape(&app).await, "bss_sim_spaces 2");
    app.delete(&format!("/spaces/{}", text(&space["id"]))).await;
    let lines = scrape(&app).await;
    assert_has(&lines, &answered(INDIVIDUAL, "is_review 1", "accepted", "", 3));
    assert_has(&lines, "bss_sim_spaces 1");
    let another = scrape(&TestApp::with("")).await;
    assert!(!another.iter().any(|line| line.starts_with("bss_sim_answers")), "{another:#?}");
}

#[tokio::test]
async fn get_metrics_has_the_fill_of_the_journal() {
    let builder = Simulator::builder().scenario(Scenario::text(PARTNERS));
    let app = TestApp::build(builder.journal_entries(2).journal_bytes(1_000_000));
    for _ in 0..5 {
        app.apply(&passport("c-1")).await;
    }
    let lines = scrape(&app).await;
    assert_has(&lines, "bss_sim_journal_entries 2");
    assert_has(&lines, "bss_sim_journal_dropped_total 3");
    assert_has(&lines, "bss_sim_journal_bytes_limit 1000000");
    let bytes = |lines: &[String]| {
        let value = lines.iter().find_map(|line| line.strip_prefix("bss_sim_journal_bytes ")).expect("it is a metric");
        value.parse::<u64>().expect("a number")
    };
    assert!((1000..100_000).contains(&bytes(&lines)), "{lines:#?}");
    app.space.clear_journal();
    assert_eq!(bytes(&scrape(&app).await), 0);
}
