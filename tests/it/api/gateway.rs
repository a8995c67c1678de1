//! What the gateway answers before the API sees a request: paths, methods, lengths, and the request ID.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use serde_json::json;

use crate::support::{CALLERS, INDIVIDUAL, TestApp, UNDER_REVIEW, UNKNOWN_METHOD, UNKNOWN_PATH, passport, with};

const LIMIT: usize = 12 * 1024 * 1024;

const CUSTOMERS: &str = r"
customers:
  - { id: c-1, partner: demo }
  - { id: c-done, partner: demo, real_name: authenticated }
  - { id: c-own, partner: demo, credentials: { tokens: [customer-token] } }
scripted:
  - { when: { name: Scripted }, then: { error_code: CBC.0999 } }
";

fn app() -> TestApp {
    TestApp::with(CUSTOMERS)
}

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("x-auth-token", "token");

/// An application that an ignored field fills up to this many bytes.
fn padded(length: usize) -> String {
    let empty = with(passport("c-1"), "padding", "").to_string();
    let padded = with(passport("c-1"), "padding", "x".repeat(length - empty.len())).to_string();
    assert_eq!(padded.len(), length);
    padded
}

/// A body of unknown length: this chunk, so many times.
struct Chunks(Bytes, usize);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.1 == 0 {
            return Poll::Ready(None);
        }
        self.1 -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.0.clone()))))
    }
}

#[tokio::test]
async fn post_individual_that_fails_several_checks_is_answered_by_the_first() {
    let app = app();
    let too_long = || "x".repeat(LIMIT + 1);
    let scripted = with(passport("c-done"), "name", "Scripted");

    let reply = app.call("GET", "/v2/customers/realname-auths/company", &[JSON], too_long()).await;
    reply.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
    assert_eq!(reply.rule(), Some("path-known"), "before the method, the length and the caller");

    let reply = app.call("GET", INDIVIDUAL, &[JSON], too_long()).await;
    reply.assert_gateway(404, "APIGW.0101", UNKNOWN_METHOD);
    assert_eq!(reply.rule(), Some("method-known"), "before the length and the caller");

    let reply = app.call("POST", INDIVIDUAL, &[JSON], too_long()).await;
    reply.assert_gateway(413, "APIGW.0201", "Request entity too large.");
    assert_eq!(reply.rule(), Some("body-size"), "before the caller");

    let reply = app.call("POST", INDIVIDUAL, &[JSON], "{").await;
    reply.assert_unauthenticated("x-auth-token not found");
    assert_eq!(reply.rule(), Some("authenticated"), "before the parameters");

    app.post_as("unknown", "{").await.assert_unauthenticated("decrypt token fail");

    let reply = app.post_as("customer-token", "{").await;
    reply.assert_code(403, "CBC.0151");
    assert_eq!(reply.rule(), Some("caller-is-partner"), "before the parameters");

    let reply = app.apply(&with(scripted.clone(), "change_type", 0)).await;
    reply.assert_parameter_error();
    assert_eq!(reply.rule(), Some("parameters"), "before the script and the rules");

    let reply = app.apply(&scripted).await;
    reply.assert_code(500, "CBC.0999");
    assert_eq!(reply.rule(), Some("script"), "before the rules");

    let reply = app.apply(&passport("c-done")).await;
    reply.assert_code(400, "CBC.99000027");
    assert_eq!(reply.rule(), Some("not-authenticated-yet"), "the rules come last");

    let reply = app.apply(&passport("c-1")).await;
    reply.assert(200, UNDER_REVIEW);
    assert_eq!(reply.rule(), None, "nothing refused");
}

#[tokio::test]
async fn any_method_on_unknown_path_is_404_apigw_0101() {
    let slash = format!("{INDIVIDUAL}/");
    let doubled = INDIVIDUAL.replace("/v2/", "/v2//");
    let upper = INDIVIDUAL.to_uppercase();
    let below = format!("{INDIVIDUAL}/c-1");
    let paths =
        ["/", "/v2", "/favicon.ico", &slash, &doubled, &upper, &below, "/v1/customers/realname-auths/individual"];
    for path in paths {
        for method in ["POST", "GET", "PUT", "OPTIONS", "BREW"] {
            let reply = app().call(method, path, &[JSON, TOKEN], passport("c-1").to_string()).await;
            reply.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
        }
    }
}

#[tokio::test]
async fn unknown_method_on_individual_is_404_apigw_0101_without_allow() {
    let methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "X-ODD_METHOD"];
    for method in methods {
        let reply = app().call(method, INDIVIDUAL, &[JSON, TOKEN], passport("c-1").to_string()).await;
        assert!(!reply.headers.contains_key("allow"), "the gateway sends no Allow: {method}");
        match method {
            "HEAD" => assert_eq!((reply.status, reply.body.as_str()), (404, "")),
            _ => reply.assert_gateway(404, "APIGW.0101", UNKNOWN_METHOD),
        }
    }
}

#[tokio::test]
async fn head_is_no_get_and_uses_no_scripted_answer_up() {
    let app = app();
    for path in ["/v2/customers/realname-auths/result", "/v3/auth/domains"] {
        let answer = json!({ "when": { "path": path }, "times": 1, "then": { "gateway": "APIGW.0308" } });
        app.assert_control("POST", "/scripted", answer, 201).await;
        let target = format!("{path}?customer_id=c-1");
        let head = app.call("HEAD", &target, &[TOKEN], "").await;
        assert_eq!((head.status, head.body.as_str()), (404, ""), "{path}");
        assert_eq!(app.call("GET", &target, &[TOKEN], "").await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn unknown_path_or_method_comes_before_an_unknown_space() {
    let space = ("x-sim-space", "nope");
    app().call("POST", "/nope", &[space], "").await.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
    app().call("GET", INDIVIDUAL, &[space], "").await.assert_gateway(404, "APIGW.0101", UNKNOWN_METHOD);
    let too_long = app().call("POST", INDIVIDUAL, &[space], "x".repeat(LIMIT + 1)).await;
    too_long.assert_gateway(413, "APIGW.0201", "Request entity too large.");
    assert_eq!(app().call("POST", INDIVIDUAL, &[space], "{}").await.status, 401);
}

#[tokio::test]
async fn post_individual_answers_json_with_charset_at_every_status() {
    let app = app();
    // A query does not hide the path.
    let query = format!("{INDIVIDUAL}?a=b&c");
    let replies = [
        (200, app.call("POST", &query, &[JSON, TOKEN], passport("c-1").to_string()).await),
        (400, app.apply(&passport("c-1")).await),
        (400, app.post_body("").await),
        (403, app.post_as("customer-token", "").await),
        (500, app.apply(&with(passport("c-1"), "name", "Scripted")).await),
    ];
    for (status, reply) in &replies {
        assert_eq!(reply.status, *status, "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/json;charset=UTF-8"), "{reply:?}");
    }
}

#[tokio::test]
async fn post_individual_with_more_than_12_mib_is_413_apigw_0201() {
    for (length, accepted) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
        let body = padded(length);
        let streamed = Body::new(Chunks(Bytes::from(body.clone()), 1));
        let declared = [JSON, TOKEN, ("content-length", &length.to_string())];
        let replies = [app().call("POST", INDIVIDUAL, &declared, body).await, app().post_body(streamed).await];
        for reply in replies {
            if accepted {
                reply.assert(200, UNDER_REVIEW);
            } else {
                reply.assert_gateway(413, "APIGW.0201", "Request entity too large.");
            }
        }
    }
}

#[tokio::test]
async fn post_individual_with_endless_body_is_413_apigw_0201() {
    let endless = Body::new(Chunks(Bytes::from(vec![b' '; 64 * 1024]), usize::MAX));
    let reply = app().post_body(endless).await;
    reply.assert_gateway(413, "APIGW.0201", "Request entity too large.");
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let app = TestApp::from_text(CALLERS);
    let table = [
        ("GET", "/_sim/livez", "", 200),
        ("HEAD", "/_sim/readyz", "", 200),
        ("POST", "/_sim/livez", "", 405),
        ("GET", "/_sim/nothing", "", 404),
        ("GET", "/", "", 404),
        ("GET", INDIVIDUAL, "", 404),
        ("HEAD", INDIVIDUAL, "", 404),
        ("POST", INDIVIDUAL, "", 401),
        ("POST", INDIVIDUAL, "token", 400),
        ("POST", INDIVIDUAL, "customer-token", 403),
        ("GET", "/v3/auth/domains", "", 401),
        ("GET", "/v3/auth/domains", "token", 200),
        ("POST", "/v3/auth/tokens", "", 400),
        ("GET", "/v3/auth/nothing", "", 404),
    ];
    let mut ids = HashSet::new();
    for (method, path, token, status) in table {
        // The ID that a client sends is ignored.
        let headers = [("x-auth-token", token), ("x-request-id", "00000000000000000000000000000000")];
        let reply = app.call(method, path, &headers, "").await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert_eq!(reply.headers.get_all("x-request-id").iter().count(), 1, "{method} {path}: {reply:?}");
        let id = reply.id().to_owned();
        assert!(id.bytes().any(|byte| byte != b'0') && ids.insert(id), "{method} {path}: {reply:?}");
    }
}
