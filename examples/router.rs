//! The simulator without a socket: an axum `Router` that is called in the same process.
//!
//! Run it with `cargo run --example router`. It suits a client that is generic over a `tower::Service`, and tests that shall
//! open no port. Each call of `build()` makes a simulator of its own, so tests need not share anything.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bss_sim::{Expectation, Simulator};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), bss_sim::Error> {
    // `start()` would listen on a port. `build()` does not.
    let space = Simulator::builder().scenario("review-automatic").build()?;
    let (router, partner) = (space.router(), space.credentials());

    let application = json!({
        "customer_id": "customer-new",
        "identify_type": 0,
        "verified_type": 3,
        "verified_file_url": ["passport.jpg", "in-hand.jpg"],
        "name": "Wang Xiaoming",
        "verified_number": "E12345678",
        "xaccount_type": partner.xaccount_type,
    });
    let submit = || {
        Request::post("/v2/customers/realname-auths/individual")
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Auth-Token", &partner.token)
            .body(Body::from(application.to_string()))
            .expect("the request is well-formed")
    };

    // In this scenario an accepted application needs no review.
    let (status, body) = send(&router, submit()).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "is_review": 0 })));

    // The gateway answers in front of the API, here with its error for too many requests.
    space.script(json!({ "times": 1, "then": { "gateway": "APIGW.0308" } }))?;
    let (status, body) = send(&router, submit()).await;
    assert_eq!((status, &body["error_code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("APIGW.0308")));

    // The scripted answer is used up, so the rules decide again.
    let (status, body) = send(&router, submit()).await;
    assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!("CBC.99000027")));

    // The router serves the control API as well.
    let explain = Request::post("/_sim/explain")
        .body(Body::from(json!({ "request": application }).to_string()))
        .expect("the request is well-formed");
    let (_, explanation) = send(&router, explain).await;
    println!("the next request would get {}", explanation["response"]["body"]);

    // `explain` is not counted: it changes nothing and is in no journal.
    space.verify(&Expectation::exactly(3)).expect("three requests were sent");
    Ok(())
}

/// Sends a request through the router, and returns the status and the body of the answer.
async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.expect("a router does not fail");
    let status = response.status();
    let body = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    (status, serde_json::from_slice(&body).expect("the body is JSON"))
}
