//! `/_sim/certificates`: the holders of a certificate, by a list or by an application, and after a call changed them.

use serde_json::{Value, json};

use crate::support::{TestApp, UNDER_REVIEW, list, numbered, text, with};

const SETTINGS: &str = "
settings: { customers_per_certificate: 1, attempts_per_customer: 100 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }, { id: c-3, partner: demo }]
";

/// Makes a control call that has to succeed.
async fn succeed(app: &TestApp, method: &str, path: &str, body: Value) {
    let (status, answer) = app.control(method, path, &body).await;
    assert!((200..300).contains(&status), "{method} {path} {body}: {answer}");
}

/// Puts a certificate with these holders.
async fn put(app: &TestApp, number: &str, used_by: &[&str]) {
    succeed(app, "PUT", &format!("/certificates/{number}"), json!({ "used_by": used_by })).await;
}

/// The holders of each certificate that has any.
async fn held(app: &TestApp) -> Value {
    let all = app.get("/certificates").await;
    let held = list(&all, "certificates").iter().filter(|one| one["used_by"] != json!([]));
    held.map(|one| (text(&one["number"]).to_owned(), one["used_by"].clone())).collect()
}

async fn decide(app: &TestApp, customer: &str, decision: &str) {
    let path = format!("/customers/{customer}/review");
    succeed(app, "POST", &path, json!({ "decision": decision })).await;
}

/// Reads the world and puts it back.
async fn put_back(app: &TestApp) {
    let world = app.get("/world").await;
    succeed(app, "PUT", "/world", world).await;
}

async fn assert_accepted(app: &TestApp, customer: &str, number: &str) {
    app.apply(&numbered(customer, number)).await.assert(200, UNDER_REVIEW);
}

async fn assert_worn_out(app: &TestApp, customer: &str, number: &str) {
    let reply = app.apply(&numbered(customer, number)).await;
    reply.assert_rule("certificate-not-worn-out", "CBC.99007189");
}

#[tokio::test]
async fn put_certificate_is_held_by_exactly_used_by() {
    let app = TestApp::with(SETTINGS);
    put(&app, "E-3", &["c-2"]).await;
    put(&app, "E-3", &["c-3"]).await;
    // An application that is refused, but counts, makes no holder, also not of a customer that was one before.
    assert_worn_out(&app, "c-2", "E-3").await;
    assert_worn_out(&app, "c-1", "E-3").await;
    assert_eq!(held(&app).await, json!({ "E-3": ["c-3"] }));
    put(&app, "E-3", &[]).await;
    assert_accepted(&app, "c-1", "E-3").await;
    assert_eq!(held(&app).await, json!({ "E-3": ["c-1"] }));

    // The same for a holder by an application: it stays under review, but holds nothing.
    put(&app, "E-3", &["c-2"]).await;
    assert_accepted(&app, "c-2", "E-3").await;
    decide(&app, "c-1", "reject").await;
    assert_eq!(held(&app).await, json!({ "E-3": ["c-2"] }), "what c-1 no longer held was not taken from c-2");
}

#[tokio::test]
async fn delete_certificate_frees_it() {
    let app = TestApp::with(SETTINGS);
    put(&app, "E-3", &["c-2"]).await;
    app.delete("/certificates/E-3").await;
    let tiff = with(numbered("c-2", "E-3"), "verified_file_url", json!(["front.tiff", "hand.jpg"]));
    assert_eq!(app.apply(&tiff).await.rule(), Some("pictures-pass"));
    assert_eq!(held(&app).await, json!({}));
    assert_accepted(&app, "c-1", "E-3").await;
}

#[tokio::test]
async fn put_certificate_leaves_its_holders_their_others() {
    let by_calls = TestApp::with(SETTINGS);
    put(&by_calls, "E-2", &["c-1"]).await;
    put(&by_calls, "E-1", &["c-1"]).await;
    let by_file = TestApp::with(&format!(
        "{SETTINGS}certificates: [{{ number: E-2, used_by: [c-1] }}, {{ number: E-1, used_by: [c-1] }}]"
    ));
    for app in [by_calls, by_file] {
        assert_eq!(held(&app).await, json!({ "E-1": ["c-1"], "E-2": ["c-1"] }));
        assert_worn_out(&app, "c-2", "E-1").await;
        assert_worn_out(&app, "c-2", "E-2").await;
        // An accepted application leaves the customer with its own certificate alone.
        assert_accepted(&app, "c-1", "E-1").await;
        assert_eq!(held(&app).await, json!({ "E-1": ["c-1"] }));
        assert_accepted(&app, "c-2", "E-2").await;
    }
}

#[tokio::test]
async fn customer_that_is_rejected_replaced_or_deleted_frees_its_certificates() {
    let reviewed = format!(
        "{}certificates: [{{ number: E-2, used_by: [c-1] }}, {{ number: E-1, used_by: [c-1] }}]",
        SETTINGS.replace("{ id: c-1,", "{ id: c-1, real_name: under_review,")
    );
    for is_put_back in [false, true] {
        let prepared = async || {
            let app = TestApp::with(&reviewed);
            if is_put_back {
                put_back(&app).await;
            }
            app
        };
        let app = prepared().await;
        decide(&app, "c-1", "reject").await;
        assert_eq!(held(&app).await, json!({}), "rejected; put back: {is_put_back}");

        let app = prepared().await;
        decide(&app, "c-1", "approve").await;
        assert_eq!(held(&app).await, json!({ "E-1": ["c-1"], "E-2": ["c-1"] }), "approved");
        succeed(&app, "PUT", "/customers/c-1", json!({ "partner": "demo" })).await;
        assert_eq!(held(&app).await, json!({}), "begins anew; put back: {is_put_back}");

        let app = prepared().await;
        app.delete("/customers/c-1").await;
        assert_eq!(held(&app).await, json!({}), "deleted; put back: {is_put_back}");
    }
}

#[tokio::test]
async fn put_customer_that_was_read_keeps_its_certificates() {
    let app = TestApp::with(SETTINGS);
    put(&app, "E-1", &["c-1"]).await;
    let customer = app.get("/customers/c-1").await;
    succeed(&app, "PUT", "/customers/c-1", customer).await;
    assert_eq!(held(&app).await, json!({ "E-1": ["c-1"] }));
}

#[tokio::test]
async fn put_certificate_may_name_customers_that_are_not_listed() {
    let adopting = SETTINGS.replace("settings: {", "settings: { unlisted_customers: adopt,");
    for is_put_back in [false, true] {
        let app = TestApp::with(&adopting);
        put(&app, "E-1", &["c-8"]).await;
        put(&app, "E-2", &["c-9"]).await;
        succeed(&app, "PUT", "/customers/c-8", json!({ "partner": "demo", "real_name": "under_review" })).await;
        assert_eq!(held(&app).await, json!({ "E-1": ["c-8"], "E-2": ["c-9"] }), "c-8 is listed now");
        if is_put_back {
            put_back(&app).await;
        }
        decide(&app, "c-8", "reject").await;
        assert_eq!(held(&app).await, json!({ "E-2": ["c-9"] }), "c-8 was rejected; put back: {is_put_back}");
        assert_accepted(&app, "c-9", "E-3").await;
        assert_eq!(held(&app).await, json!({ "E-3": ["c-9"] }), "c-9 was adopted; put back: {is_put_back}");
    }
}

#[tokio::test]
async fn certificate_of_an_application_can_be_replaced_and_deleted() {
    let app = TestApp::with(SETTINGS);
    assert_accepted(&app, "c-1", "E-1").await;
    assert_eq!(app.delete("/certificates/E-1").await, 204);
    assert_eq!(held(&app).await, json!({}));
    assert_eq!(app.delete("/certificates/E-1").await, 404);
    assert_accepted(&app, "c-2", "E-1").await;
    let put = json!({ "used_by": ["c-3"] });
    assert_eq!(app.put("/certificates/E-1", &put).await.0, 200);
    assert_eq!(held(&app).await, json!({ "E-1": ["c-3"] }));
}
