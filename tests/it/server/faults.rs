//! Scripted faults as a client's socket sees them.

use std::io::ErrorKind;

use serde_json::{Value, json};

use crate::support::*;

/// Starts a simulator that scripts this fault for the next application.
async fn with_fault(fault: &str) -> Process {
    let process = Process::start(&[]);
    process.client().script(&json!({ "times": 1, "then": { "fault": fault } })).await;
    process
}

/// Connects, and sends an application that would be accepted.
async fn send(process: &Process) -> Connection {
    let mut connection = Connection::to(process).await;
    connection.send(raw_post(&builtin_passport("customer-new").to_string())).await;
    connection
}

/// Asserts that the simulator serves on, and that the fault has changed nothing.
async fn assert_serves_unchanged(process: &Process) {
    let customer = process.client().get("/customers/customer-new").await;
    assert_eq!((&customer["attempts"], &customer["real_name"]), (&json!(0), &json!("unauthenticated")));
    process.client().apply_as("demo-token", &builtin_passport("customer-new")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn fault_reset_resets_the_connection() {
    let process = with_fault("reset").await;
    let (came, end) = send(&process).await.rest().await;
    assert_eq!((came, end.map_err(|error| error.kind())), (Vec::new(), Err(ErrorKind::ConnectionReset)));
    assert_serves_unchanged(&process).await;
}

#[tokio::test]
async fn fault_close_closes_the_connection_without_a_byte() {
    let process = with_fault("close").await;
    send(&process).await.assert_closed().await;
    assert_serves_unchanged(&process).await;
}

#[tokio::test]
async fn fault_empty_answers_200_without_a_body() {
    let process = with_fault("empty").await;
    send(&process).await.reply().await.assert(200, "");
    assert_serves_unchanged(&process).await;
}

#[tokio::test]
async fn fault_malformed_answers_less_than_its_content_length() {
    let process = with_fault("malformed").await;
    let mut connection = send(&process).await;
    let head = connection.head().await;
    let length: usize = head.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
    // Whether the connection is closed or reset, the body is too short.
    let body = connection.rest_as_text().await;
    assert!(head.status == 200 && length > body.len(), "{head:?} {body}");
    assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
    assert_serves_unchanged(&process).await;
}

#[tokio::test]
async fn fault_hang_never_answers_and_delays_nothing_else() {
    let process = Process::start(&[]);
    process.client().script(&json!({ "times": 2, "then": { "fault": "hang" } })).await;
    let (left, kept) = (send(&process).await, send(&process).await);
    // Both have to be at the script before others apply.
    while process.client().get("/scripted").await["scripted"][0]["left"] != 0 {}
    drop(left);
    kept.assert_silent_during(assert_serves_unchanged(&process)).await;
    assert_eq!(process.end("TERM").0, Some(0));
    assert_eq!(kept.rest_as_text().await, "");
}
