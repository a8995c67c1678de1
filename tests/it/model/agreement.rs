//! What has to agree in any state: an explanation with itself and with its answer, and a journal with what was answered.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Reply, assert_consistent, list, text};

/// Asserts that the checks of a journal entry, or of an explanation, agree with its outcome and its answer.
pub(super) fn assert_agrees_with_itself(entry: &Value) {
    let (outcome, response) = (&entry["outcome"], &entry["response"]);
    assert_eq!(outcome["error_code"], response["body"]["error_code"], "{entry:#}");
    assert_eq!(outcome["decided_by"], decided_by(outcome["rule"].as_str()), "{entry:#}");

    assert_consistent(entry);
}

fn decided_by(rule: Option<&str>) -> &'static str {
    match rule {
        None => "accepted",
        Some("script") => "script",
        Some("parameters") => "parameters",
        Some("authenticated") => "gateway",
        Some(_) => "rule",
    }
}

/// A verdict without what is each request's own: the gateway's body has the request's ID.
pub(super) fn predicted(entry: &Value) -> Value {
    let mut response = entry["response"].clone();
    if let Some(body) = response["body"].as_object_mut() {
        body.remove("request_id");
    }
    let mut outcome = entry["outcome"].clone();
    if outcome["rule"] == "authenticated" {
        // An explanation says besides whom it was asked for.
        outcome["why"].take();
    }
    let checks: Vec<_> = list(entry, "checks").iter().map(|it| json!([it["check"], it["result"]])).collect();
    json!({ "response": response, "outcome": outcome, "changes": entry["changes"], "checks": checks })
}

/// Asserts that every answer stands in the journal once, in its own words, or was dropped and counted.
pub(super) fn assert_complete(journal: &Value, replies: &[Reply]) {
    let entries = list(journal, "entries");
    let ids: HashSet<_> = entries.iter().map(|entry| text(&entry["request_id"])).collect();
    assert_eq!(ids.len(), entries.len(), "an entry is there once");
    let counted = entries.len() + usize::try_from(journal["dropped"].as_u64().expect("a number")).expect("it fits");
    assert_eq!(counted, replies.len(), "entries and dropped ones of {} answers", replies.len());
    for entry in entries {
        assert_agrees_with_itself(entry);
        let reply = replies.iter().find(|reply| entry["request_id"] == reply.id()).expect("an entry has an answer");
        let mut body = reply.json();
        if body.get("opinion").is_some_and(|opinion| !opinion.is_null()) {
            // A reviewer may have written anything.
            body["opinion"] = "***".into();
        }
        assert_eq!(entry["response"], json!({ "status": reply.status, "body": body }), "{entry:#}");
    }
}
