//! Assertions for answers to any request.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::service::{Answer, Service};

/// The codes of the gateway, each with the statuses that it has.
const GATEWAY: [(&str, &[u16]); 18] = [
    ("APIGW.0101", &[404]),
    ("APIGW.0103", &[404]),
    ("APIGW.0104", &[400]),
    ("APIGW.0105", &[400]),
    ("APIGW.0106", &[400]),
    ("APIGW.0201", &[400, 413, 414, 494, 502, 504]),
    ("APIGW.0301", &[401]),
    ("APIGW.0302", &[403]),
    ("APIGW.0303", &[401]),
    ("APIGW.0304", &[403]),
    ("APIGW.0305", &[401]),
    ("APIGW.0306", &[403]),
    ("APIGW.0307", &[401]),
    ("APIGW.0308", &[429]),
    ("APIGW.0310", &[403]),
    ("APIGW.0401", &[403]),
    ("APIGW.0402", &[403]),
    ("APIGW.0404", &[403]),
];

/// The rows of the catalog: every outcome that the API's page documents.
static CATALOG: LazyLock<Vec<Value>> = LazyLock::new(|| Service::new("customers: []").list("catalog", "outcomes"));

/// Asserts that an answer of the simulated service is one that its documentation knows, and that the journal explains
/// it. Returns the journal's entry.
#[must_use]
pub fn journaled(service: &Service, answer: &Answer) -> Value {
    let id = answer.header("x-request-id");
    assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{answer:?}");
    let entry = service.entry(id).unwrap_or_else(|| panic!("the journal has no {answer:?}"));
    explained(&entry);
    let decided_by = entry["outcome"]["decided_by"].as_str().expect("an entry has it");
    if entry["response"]["fault"].is_string() {
        assert_eq!(decided_by, "script", "{entry}");
        return entry;
    }
    assert_eq!(entry["response"]["status"], answer.status, "{entry}");
    if entry["request"]["method"] == "HEAD" && answer.body.as_ref().is_none_or(bytes::Bytes::is_empty) {
        return entry;
    }
    let body = answer.json();
    if answer.status != 201 && !entry["request"]["path"].as_str().unwrap_or_default().starts_with("/v3/") {
        assert_eq!(hidden(&entry["response"]["body"]), hidden(&body), "the journal has the answer: {entry}");
        documented(answer, &body, decided_by);
    }
    entry
}

/// A body without what the journal masks: what the client sent, in a text of the gateway, and a reviewer's opinion.
fn hidden(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(message) = body["error_msg"].as_str() {
        let sent = [", canonicalRequest:", "ak:", "algorithm ", "has no space "];
        let end = sent.iter().filter_map(|beginning| message.find(beginning)).min().unwrap_or(message.len());
        body["error_msg"] = message[..end].into();
    }
    if body["opinion"].is_string() {
        body["opinion"] = "***".into();
    }
    body
}

/// Asserts status, keys and texts of a body of the API or of its gateway.
fn documented(answer: &Answer, body: &Value, decided_by: &str) {
    let keys: Vec<_> = body.as_object().expect("every body is an object").keys().map(String::as_str).collect();
    let Some(code) = body["error_code"].as_str() else {
        assert_eq!(answer.status, 200, "{answer:?}");
        let accepted = [json!(0), json!(1), json!("0"), json!("1")];
        match keys[..] {
            ["is_review"] => assert!(accepted.contains(&body["is_review"]), "{body}"),
            ["opinion"] => assert_eq!(body["opinion"], Value::Null),
            ["review_result", "opinion"] => assert!([json!(0), json!(1), json!(2)].contains(&body["review_result"])),
            _ => panic!("no documented body: {body}"),
        }
        return;
    };
    if let Some(row) = CATALOG.iter().find(|row| row["outcome"] == code) {
        assert!(code != "CBC.0999" || decided_by == "script", "a fault of the simulator: {answer:?}");
        assert_eq!(row["status"], answer.status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
        assert!(code == "CBC.0100" || body["error_msg"] == row["text"], "{body}");
        let items = body["fail_check_items"].as_array();
        let expected: &[_] = if items.is_some() {
            &["error_code", "error_msg", "fail_check_items"]
        } else {
            &["error_code", "error_msg"]
        };
        assert_eq!(keys, expected);
        assert!(items.is_none() || code == "CBC.99007004", "{body}");
        let row_of =
            |item: &Value| CATALOG.iter().position(|row| row["outcome"] == *item).expect("an item of the page");
        let rows: Vec<_> = items.into_iter().flatten().map(row_of).collect();
        assert!(rows.is_sorted_by(|a, b| a < b), "each item once, in the page's order: {body}");
    } else {
        let is_known = GATEWAY.iter().any(|(known, statuses)| *known == code && statuses.contains(&answer.status));
        assert!(is_known, "{answer:?}");
        assert_eq!(keys, ["error_msg", "error_code", "request_id"]);
        assert_eq!(body["request_id"], answer.header("x-request-id"));
        assert_eq!(
            (answer.header("content-type"), answer.header("server")),
            ("application/json", "api-gateway"),
            "{answer:?}"
        );
    }
}

/// Asserts that an explanation agrees with itself and with the answer that it explains.
pub fn explained(explanation: &Value) {
    let checks = explanation["checks"].as_array().expect("checks");
    let results: Vec<_> = checks.iter().map(|check| check["result"].as_str().expect("a result")).collect();
    let passed = results.iter().take_while(|result| **result == "passed").count();
    let outcome = &explanation["outcome"];
    let after = if outcome["rule"].is_null() {
        assert_eq!(outcome["decided_by"], "accepted", "{explanation}");
        &results[passed..]
    } else {
        assert_eq!(results.get(passed), Some(&"failed"), "{explanation}");
        assert_eq!(checks[passed]["check"], outcome["rule"], "{explanation}");
        &results[passed + 1..]
    };
    let is_accepted = outcome["decided_by"] == "accepted";
    assert!(after.iter().all(|result| *result == "not_reached" && !is_accepted), "{explanation}");
    assert_eq!(outcome["error_code"], explanation["response"]["body"]["error_code"], "{explanation}");
    for check in checks {
        let basis = check["basis"].as_str();
        assert!(matches!(basis, Some("documented" | "assumed")), "{check}");
        assert!(check["source"].as_str().is_some_and(|source| !source.is_empty()), "{check}");
    }
}

/// Asserts that a world as a space writes it loads, and is then written as before.
pub fn written_again(service: &Service, target: &str) {
    let written = service.control("GET", target, b"");
    assert_eq!(written.status, 200, "{written:?}");
    let text = String::from_utf8(written.body.expect("a whole body").to_vec()).expect("JSON is text");
    // The library takes it, and gives credentials to partners that have none: it would write another world.
    drop(Service::new(&text));
    let put = service.control("PUT", target, text.as_bytes());
    assert_eq!(put.status, 200, "{put:?}\n{text}");
    let again = service.control("GET", target, b"");
    assert_eq!(again.body.as_deref().map(String::from_utf8_lossy).as_deref(), Some(&*text), "it is written otherwise");
}
