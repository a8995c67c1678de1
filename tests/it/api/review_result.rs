//! `GET /v2/customers/realname-auths/result`.

use serde_json::json;

use crate::support::{Reply, TestApp, UNDER_REVIEW, passport};

/// Asks for the result of a review, with the rest of the query.
async fn result(app: &TestApp, token: &str, query: &str) -> Reply {
    let path = format!("/v2/customers/realname-auths/result{query}");
    app.call("GET", &path, &[("x-auth-token", token)], "").await
}

#[tokio::test]
async fn get_result_follows_applications_and_reviews() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let review = async |body, status| app.assert_control("POST", "/customers/c-1/review", body, status).await;
    let assert_result = async |body: &str| result(&app, "token", "?customer_id=c-1").await.assert(200, body);
    let approve = json!({ "decision": "approve" });
    assert_result(r#"{"opinion":null}"#).await;
    review(approve.clone(), 409).await;
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    assert_result(r#"{"review_result":0,"opinion":null}"#).await;
    review(json!({ "decision": "perhaps" }), 422).await;
    let error = review(json!({ "decision": "approve", "opinion": "fine" }), 422).await;
    assert_eq!(error["detail"][0]["key"], "opinion", "nobody would see it: {error}");
    let rejected = review(json!({ "decision": "reject", "opinion": "blurred \u{7167}" }), 200).await;
    assert_eq!(rejected["real_name"], "rejected");
    assert_result("{\"review_result\":1,\"opinion\":\"blurred \u{7167}\"}").await;
    review(approve.clone(), 409).await;
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    assert_result(r#"{"review_result":0,"opinion":null}"#).await;
    assert_eq!(review(approve.clone(), 200).await["real_name"], "authenticated");
    assert_result(r#"{"review_result":2,"opinion":null}"#).await;
    review(json!({ "decision": "reject" }), 409).await;
    app.assert_control("POST", "/customers/no-one/review", approve, 404).await;
}

#[tokio::test]
async fn get_result_of_a_customer_that_is_not_the_callers_is_refused() {
    let app = TestApp::with(
        "customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }, { id: c-2, partner: other }, { id: c-3 }]",
    );
    let of_length = |length| format!("?customer_id={}", "%E5%AD%97".repeat(length));
    let (longest, long) = (of_length(64), of_length(65));
    let table = [
        ("token", "", 400, "CBC.0100", "no customer is named"),
        ("token", "?customer=c-1", 400, "CBC.0100", "another parameter"),
        ("token", "?customer_id=", 400, "CBC.0100", "empty"),
        ("token", &long, 400, "CBC.0100", "65 characters"),
        ("token", &longest, 400, "CBC.99000035", "64 characters, which are 192 bytes"),
        ("token", "?customer_id=%FF", 400, "CBC.0100", "no UTF-8"),
        ("token", "?customer_id=c-4&other=%E5%AD", 400, "CBC.0100", "no UTF-8 elsewhere"),
        ("token", "?customer_id=c-1&customer_id=c-1", 400, "CBC.0100", "repeated"),
        ("token", "?customer_id=c-2", 400, "CBC.99000000", "another partner's"),
        ("token", "?customer_id=c-3", 400, "CBC.99000035", "without a partner"),
        ("token", "?customer_id=c-4", 400, "CBC.99000035", "not listed"),
        ("c-token", "?customer_id=c-1", 403, "CBC.0151", "a customer itself"),
        ("no-token", "?customer_id=c-1", 401, "APIGW.0301", "a stranger"),
    ];
    for (token, query, status, code, why) in table {
        let reply = result(&app, token, query).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{why}: {reply:?}");
    }
    let encoded = result(&app, "token", "?other=1&customer_id=c%2d1").await;
    encoded.assert(200, r#"{"opinion":null}"#);
}
