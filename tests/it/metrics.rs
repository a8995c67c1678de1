//! `GET /_sim/metrics`.

use axum::http::Method;
use bss_sim::{Scenario, Simulator};
use serde_json::json;

use crate::service::{DEMO, Service, passport, with};

const PATH: &str = "/v2/customers/realname-auths/individual";

/// The lines of a scrape that are values, sorted.
async fn scrape(service: &Service) -> Vec<String> {
    let reply = service.call(Method::GET, "/_sim/metrics", &[], "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
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
async fn answers_are_counted_by_outcome_and_by_what_decided() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]");
    service.apply(&passport("c-1")).await;
    service.apply(&passport("c-1")).await;
    service.apply(&passport("c-1")).await;
    service.apply(&with(passport("c-2"), "verified_file_url", json!(["front.txt", "in-hand.txt"]))).await;
    service.apply(&with(passport("c-2"), "identify_type", 7)).await;
    service.apply_as("no-token", &passport("c-2")).await;
    service.control(Method::POST, "/scripted", Some(&json!({ "times": 1, "then": { "fault": "close" } }))).await;
    service.apply(&passport("c-2")).await;
    service
        .call(Method::GET, "/v2/customers/realname-auths/result?customer_id=c-1", &[("x-auth-token", "token")], "")
        .await;
    service.call(Method::GET, "/nowhere", &[], "").await;
    let lines = scrape(&service).await;
    for wanted in [
        answered(PATH, "is_review 1", "accepted", "", 1),
        answered(PATH, "CBC.99000027", "rule", "not-authenticated-yet", 2),
        answered(PATH, "CBC.99007004", "rule", "pictures-pass", 1),
        answered(PATH, "CBC.0100", "parameters", "parameters", 1),
        answered(PATH, "fault close", "script", "script", 1),
        answered("/v2/customers/realname-auths/result", "told", "accepted", "", 1),
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
async fn counts_outlive_resets_and_spaces_and_are_each_simulators_own() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    service.apply(&passport("c-1")).await;
    service.control(Method::POST, "/reset", None).await;
    service.apply(&passport("c-1")).await;
    let (_, space) = service.control(Method::POST, "/spaces", Some(&json!({ "scenario": "default" }))).await;
    let token = space["partners"][0]["token"].as_str().expect("a fresh token");
    service.apply_as(token, &with(passport("customer-new"), "xaccount_type", "***_IDP")).await;
    assert_has(&scrape(&service).await, "bss_sim_spaces 2");
    service.control(Method::DELETE, &format!("/spaces/{}", space["id"].as_str().expect("an ID")), None).await;
    let lines = scrape(&service).await;
    assert_has(&lines, &answered(PATH, "is_review 1", "accepted", "", 3));
    assert_has(&lines, "bss_sim_spaces 1");
    let another = scrape(&Service::with("")).await;
    assert!(!another.iter().any(|line| line.starts_with("bss_sim_answers")), "{another:#?}");
}

#[tokio::test]
async fn the_journals_fill_is_told_and_what_gave_way() {
    let builder = Simulator::builder().scenario(Scenario::text(DEMO));
    let service = Service::built(builder.journal_entries(2).journal_bytes(1_000_000));
    for _ in 0..5 {
        service.apply(&passport("c-1")).await;
    }
    let lines = scrape(&service).await;
    assert_has(&lines, "bss_sim_journal_entries 2");
    assert_has(&lines, "bss_sim_journal_dropped_total 3");
    assert_has(&lines, "bss_sim_journal_bytes_limit 1000000");
    let bytes = |lines: &[String]| {
        let value = lines.iter().find_map(|line| line.strip_prefix("bss_sim_journal_bytes ")).expect("it is told");
        value.parse::<u64>().expect("a number")
    };
    assert!((1000..100_000).contains(&bytes(&lines)), "{lines:#?}");
    service.control(Method::DELETE, "/journal", None).await;
    assert_eq!(bytes(&scrape(&service).await), 0);
}
