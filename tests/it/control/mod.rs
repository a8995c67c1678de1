//! The control API, as a test of a client uses it.

mod accounts;
mod catalog;
mod certificates;
mod check;
mod clock;
mod conditions;
mod console;
mod coverage;
mod explain;
mod guard;
mod journal;
mod metrics;
mod openapi;
mod scripted;
mod secrets;
mod spaces;
mod stream;
mod verify;
mod why;
mod world;

use serde_json::Value;

use crate::support::*;

#[tokio::test]
async fn unknown_parameter_of_the_query_is_400_and_changes_nothing() {
    let app = TestApp::builtin();
    app.script(&serde_json::json!({ "then": { "error_code": "CBC.0999" } })).await;
    for (method, path) in [
        ("POST", "/reset?spcae=abc"),
        ("GET", "/journal?limt=1"),
        ("DELETE", "/scripted?place=0"),
        ("DELETE", "/journal?since=1"),
        ("POST", "/verify?wait=2s"),
        ("GET", "/spaces?space=default&x"),
    ] {
        let (status, error) = app.control(method, path, &Value::Null).await;
        assert_eq!((status, text(&error["error"])), (400, "malformed"), "{method} {path}: {error}");
        assert!(text(&error["detail"]).contains("space"), "it says what is known: {error}");
    }
    assert_eq!(list(&app.get("/scripted").await, "scripted").len(), 1);
    for path in ["/journal?space=default&since=0", "/metrics?x=1", "/clock?space=default"] {
        assert_eq!(app.call("GET", &format!("/_sim{path}"), &[], "").await.status, 200, "{path}");
    }
}
