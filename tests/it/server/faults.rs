//! Scripted faults as a client's socket sees them.

use std::io::ErrorKind;

use serde_json::{Value, json};
#[cfg(feature = "s3")]
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
#[cfg(feature = "s3")]
use tokio::net::TcpListener;
#[cfg(feature = "s3")]
use tokio::sync::watch;

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

/// An S3 service with one picture for every name, which it gives when it may.
#[cfg(feature = "s3")]
async fn late_s3(listener: TcpListener, asked: watch::Sender<bool>, allowed: watch::Receiver<bool>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (asked, mut allowed) = (asked.clone(), allowed.clone());
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                if std::mem::take(&mut line) == "\r\n" {
                    asked.send_replace(true);
                    allowed.wait_for(|allowed| *allowed).await.expect("the test lives");
                    let head =
                        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4/5\r\ncontent-length: 5\r\n\r\n";
                    stream.write_all(&[head.as_bytes(), b"\xFF\xD8\xFF\xFF\xD9"].concat()).await.expect("it reads");
                }
            }
        });
    }
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn a_client_that_leaves_while_pictures_are_read_finds_its_request_decided() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let (asked, mut was_asked) = watch::channel(false);
    let (allow, allowed) = watch::channel(false);
    tokio::spawn(late_s3(listener, asked, allowed));
    let s3 = json!({ "endpoint": endpoint, "bucket": "b", "region": "r", "access_key": "a", "secret_key": "s" });
    let world = json!({
        "name": "late",
        "partners": [{ "id": "p", "name": "demo", "xaccount_type": "DEMO_IDP", "bucket": { "s3": s3 },
            "credentials": { "tokens": ["token"] } }],
        "customers": [{ "id": "c-1", "partner": "demo" }],
    });
    let fixture = TestDir::new("late").put("late.yaml", world.to_string());
    let process = Process::start_tls(&["--fixtures", &fixture]);
    let client = Client::http2(&process).await;
    let application = passport("c-1").to_string();
    tokio::select! {
        reply = client.post_as("token", application.clone()) => panic!("there is no answer yet: {reply:?}"),
        asked = was_asked.wait_for(|asked| *asked) => assert!(asked.is_ok()),
    }
    // The stream was reset before this answer was asked for.
    assert_eq!(client.get("/journal").await["entries"], json!([]));
    allow.send_replace(true);
    in_time(async { while client.get("/journal").await["entries"] == json!([]) {} }).await;
    client.post_as("token", application).await.assert_code(400, "CBC.99000027");
}
