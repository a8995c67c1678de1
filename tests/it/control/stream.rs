//! `GET /_sim/journal/stream`.

use axum::http::Request;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::*;

/// Follows the journal of a space from the last event that was seen.
async fn follow(process: &Process, space: &str, headers: &str) -> Connection {
    let mut follower = Connection::to(process).await;
    let request = format!("GET /_sim/journal/stream?space={space} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    follower.send(request).await;
    let head = follower.head().await;
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    follower
}

/// Reads the name of the next event, and its data.
async fn next(follower: &mut Connection) -> Option<(String, String)> {
    let mut name = String::new();
    loop {
        let line = follower.line().await?;
        if let Some(event) = line.strip_prefix("event: ") {
            event.clone_into(&mut name);
        } else if let Some(data) = line.strip_prefix("data: ") {
            return Some((name, data.to_owned()));
        } else if line == "0" {
            // The last chunk.
            return None;
        }
    }
}

#[tokio::test]
async fn get_journal_stream_sends_entries_until_the_end() {
    let process = Process::start(&[]);
    let mut follower = Connection::to(&process).await;
    follower.send("GET /_sim/journal/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let head = follower.head().await;
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    for _ in 0..3 {
        let reply = process.client().post_as("demo-token", "{}").await;
        let entry = follower.event().await.expect("an event");
        assert_eq!((text(&entry["request_id"]), text(&entry["outcome"]["decided_by"])), (reply.id(), "parameters"));
    }
    assert_eq!(process.end("TERM").0, Some(0));
    assert_eq!(follower.event().await, None);
}

#[tokio::test]
async fn get_journal_stream_tells_what_was_cleared_reset_and_missed() {
    let process = Process::start(&["--journal-entries", "2"]);
    let client = process.client();
    let mut follower = follow(&process, "default", "").await;
    client.post_as("demo-token", "{}").await;
    assert_eq!(next(&mut follower).await.expect("an event").0, "entry");
    assert_eq!(client.delete("/journal").await, 204);
    assert_eq!(next(&mut follower).await.expect("an event").0, "cleared");
    client.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(next(&mut follower).await.expect("an event").0, "reset");
    for _ in 0..5 {
        client.post_as("demo-token", "{}").await;
    }
    // Another follower goes on after the first entry. The second to the fourth are not there any more.
    let mut resumed = follow(&process, "default", "last-event-id: 1\r\n").await;
    assert_eq!(next(&mut resumed).await.expect("an event").0, "reset");
    let missed = next(&mut resumed).await.expect("an event");
    assert_eq!(missed, ("missed".to_owned(), "3".to_owned()), "numbers go on after a reset");
    let numbers = [next(&mut resumed).await, next(&mut resumed).await].map(|event| {
        let (_, data) = event.expect("an event");
        serde_json::from_str::<Value>(&data).expect("an entry")["number"].as_u64()
    });
    assert_eq!(numbers, [Some(5), Some(6)]);
}

#[tokio::test]
async fn get_journal_stream_that_is_resumed_tells_what_was_cleared_and_reset_meanwhile() {
    let process = Process::start(&[]);
    let client = process.client();
    client.post_as("demo-token", "{}").await;
    let resume = async |last: u64| {
        let mut follower = follow(&process, "default", &format!("last-event-id: {last}\r\n")).await;
        client.post_as("demo-token", "{}").await;
        let (first, data) = next(&mut follower).await.expect("an event");
        if first == "entry" { (first, data) } else { (first, next(&mut follower).await.expect("an event").0) }
    };
    let told = |first: &str, then: &str| (first.to_owned(), then.to_owned());
    assert_eq!(resume(1).await.0, "entry", "nothing has happened meanwhile");
    assert_eq!(client.delete("/journal").await, 204);
    assert_eq!(resume(2).await, told("cleared", "entry"));
    assert_eq!(resume(3).await.0, "entry", "the entry came after that");
    client.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(resume(4).await, told("reset", "entry"));
    assert_eq!(resume(5).await.0, "entry", "the entry came after that");
}

#[tokio::test]
async fn get_journal_stream_tells_of_a_reset_while_an_answer_is_delayed() {
    let process = Process::start(&[]);
    let client = process.client();
    client.script(&json!({ "delay": "1h", "then": { "error_code": "CBC.0999" } })).await;
    let mut late = Connection::to(&process).await;
    let mut follower = follow(&process, "default", "").await;
    late.send(raw_post(&builtin_passport("customer-new").to_string())).await;
    assert_eq!(next(&mut follower).await.expect("an event").0, "entry");
    client.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(next(&mut follower).await.expect("an event").0, "reset");
}

#[tokio::test]
async fn get_journal_stream_ends_with_its_space() {
    let process = Process::start(&[]);
    let client = process.client();
    let space = text(&client.create_space(&json!({})).await["id"]).to_owned();
    let mut follower = follow(&process, &space, "").await;
    assert_eq!(client.delete(&format!("/spaces/{space}")).await, 204);
    assert_eq!(next(&mut follower).await, None);
}

#[tokio::test]
async fn get_journal_stream_lets_other_tasks_go_on_before_each_entry() {
    let app = TestApp::builtin();
    for _ in 0..3 {
        app.post_as("demo-token", "{}").await.assert_parameter_error();
    }
    let follow = Request::get("/_sim/journal/stream").header("last-event-id", "0").body("").expect("a request");
    let mut followed = app.open(follow).await.expect("it follows").into_body();
    for _ in 0..3 {
        assert!(followed.frame().now_or_never().is_none(), "the entry is there, but others come first");
        followed.frame().await.expect("it goes on").expect("an event");
    }
}

#[tokio::test]
async fn get_journal_stream_with_a_malformed_last_event_id_is_400() {
    let app = TestApp::builtin();
    let reply = app.call("GET", "/_sim/journal/stream", &[("last-event-id", "x")], "").await;
    assert_eq!((reply.status, text(&reply.json()["error"])), (400, "malformed"));
}

#[tokio::test]
async fn get_journal_stream_in_brief_has_no_checks() {
    let process = Process::start(&[]);
    for (query, has_checks) in [("?view=full", true), ("?view=brief", false), ("", true)] {
        let mut follower = Connection::to(&process).await;
        let request = format!("GET /_sim/journal/stream{query} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        follower.send(request).await;
        assert_eq!(follower.head().await.status, 200);
        let reply = process.client().post_as("demo-token", "{}").await;
        let entry = follower.event().await.expect("an event");
        assert_eq!((text(&entry["request_id"]), entry["checks"].is_array()), (reply.id(), has_checks), "{query}");
    }
}

#[tokio::test]
async fn get_journal_stream_with_an_unknown_parameter_is_400() {
    let app = TestApp::builtin();
    for query in ["view=short", "vew=brief"] {
        let reply = app.call("GET", &format!("/_sim/journal/stream?{query}"), &[], "").await;
        assert_eq!((reply.status, text(&reply.json()["error"])), (400, "malformed"), "{query}");
    }
}
