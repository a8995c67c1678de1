//! Who holds a certificate: by a list, by an application, and after either was changed by a call.

use axum::http::Method;
use serde_json::{Value, json};

use crate::rules::{assert_refused, certificate};
use crate::service::{Service, with};

const SETTINGS: &str = "
settings: { customers_per_certificate: 1, attempts_per_customer: 100 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }, { id: c-3, partner: demo }]
";

/// Makes a control call that succeeds; what is answered.
async fn steer(service: &Service, method: Method, path: &str, body: Value) -> Value {
    let body = Some(body).filter(|body| !body.is_null());
    let (status, value) = service.control(method.clone(), path, body.as_ref()).await;
    assert!((200..300).contains(&status), "{method} {path} {body:?}: {status} {value}");
    value
}

/// Says who holds a certificate.
async fn put(service: &Service, number: &str, used_by: &[&str]) {
    steer(service, Method::PUT, &format!("/certificates/{number}"), json!({ "used_by": used_by })).await;
}

/// Who holds which certificates.
async fn held(service: &Service) -> Value {
    let all = steer(service, Method::GET, "/certificates", Value::Null).await;
    let all = all["certificates"].as_array().expect("a list");
    let held = all.iter().filter(|one| one["used_by"] != json!([]));
    held.map(|one| (one["number"].as_str().expect("a number").to_owned(), one["used_by"].clone())).collect()
}

async fn decide(service: &Service, customer: &str, decision: &str) {
    let path = format!("/customers/{customer}/review");
    steer(service, Method::POST, &path, json!({ "decision": decision })).await;
}

/// Reads the world and puts it back.
async fn put_back(service: &Service) {
    let world = steer(service, Method::GET, "/world", Value::Null).await;
    steer(service, Method::PUT, "/world", world).await;
}

async fn assert_accepted(service: &Service, customer: &str, number: &str) {
    service.apply(&certificate(customer, number)).await.assert(200, r#"{"is_review":1}"#);
}

async fn assert_worn_out(service: &Service, customer: &str, number: &str) {
    let reply = service.apply(&certificate(customer, number)).await;
    assert_refused(&reply, "certificate-not-worn-out", "CBC.99007189");
}

#[tokio::test]
async fn a_certificate_that_is_put_is_held_by_exactly_those_it_names() {
    let service = Service::with(SETTINGS);
    put(&service, "E-3", &["c-2"]).await;
    put(&service, "E-3", &["c-3"]).await;
    // An application that is refused, but counts, makes nobody a holder, also not who was one before.
    assert_worn_out(&service, "c-2", "E-3").await;
    assert_worn_out(&service, "c-1", "E-3").await;
    assert_eq!(held(&service).await, json!({ "E-3": ["c-3"] }));
    put(&service, "E-3", &[]).await;
    assert_accepted(&service, "c-1", "E-3").await;
    assert_eq!(held(&service).await, json!({ "E-3": ["c-1"] }));

    // The same for who holds it by an application: it stays under review, but holds nothing.
    put(&service, "E-3", &["c-2"]).await;
    assert_accepted(&service, "c-2", "E-3").await;
    decide(&service, "c-1", "reject").await;
    assert_eq!(held(&service).await, json!({ "E-3": ["c-2"] }), "what c-1 no longer held was not taken from c-2");
}

#[tokio::test]
async fn a_certificate_that_is_deleted_is_held_by_nobody() {
    let service = Service::with(SETTINGS);
    put(&service, "E-3", &["c-2"]).await;
    steer(&service, Method::DELETE, "/certificates/E-3", Value::Null).await;
    let tiff = with(certificate("c-2", "E-3"), "verified_file_url", json!(["front.tiff", "hand.jpg"]));
    assert_eq!(service.apply(&tiff).await.check(), Some("pictures-pass"));
    assert_eq!(held(&service).await, json!({}));
    assert_accepted(&service, "c-1", "E-3").await;
}

#[tokio::test]
async fn a_certificate_that_is_put_takes_no_other_away_from_its_holders() {
    let by_calls = Service::with(SETTINGS);
    put(&by_calls, "E-2", &["c-1"]).await;
    put(&by_calls, "E-1", &["c-1"]).await;
    let by_file = Service::with(&format!(
        "{SETTINGS}certificates: [{{ number: E-2, used_by: [c-1] }}, {{ number: E-1, used_by: [c-1] }}]"
    ));
    for service in [by_calls, by_file] {
        assert_eq!(held(&service).await, json!({ "E-1": ["c-1"], "E-2": ["c-1"] }));
        assert_worn_out(&service, "c-2", "E-1").await;
        assert_worn_out(&service, "c-2", "E-2").await;
        // An accepted application leaves the customer with its own certificate alone.
        assert_accepted(&service, "c-1", "E-1").await;
        assert_eq!(held(&service).await, json!({ "E-1": ["c-1"] }));
        assert_accepted(&service, "c-2", "E-2").await;
    }
}

#[tokio::test]
async fn who_is_no_longer_under_review_or_authenticated_gives_up_all_it_holds() {
    let reviewed = format!(
        "{}certificates: [{{ number: E-2, used_by: [c-1] }}, {{ number: E-1, used_by: [c-1] }}]",
        SETTINGS.replace("{ id: c-1,", "{ id: c-1, real_name: under_review,")
    );
    for is_put_back in [false, true] {
        let prepared = async || {
            let service = Service::with(&reviewed);
            if is_put_back {
                put_back(&service).await;
            }
            service
        };
        let service = prepared().await;
        decide(&service, "c-1", "reject").await;
        assert_eq!(held(&service).await, json!({}), "rejected; put back: {is_put_back}");

        let service = prepared().await;
        decide(&service, "c-1", "approve").await;
        assert_eq!(held(&service).await, json!({ "E-1": ["c-1"], "E-2": ["c-1"] }), "approved");
        steer(&service, Method::PUT, "/customers/c-1", json!({ "partner": "demo" })).await;
        assert_eq!(held(&service).await, json!({}), "begins anew; put back: {is_put_back}");

        let service = prepared().await;
        steer(&service, Method::DELETE, "/customers/c-1", Value::Null).await;
        assert_eq!(held(&service).await, json!({}), "deleted; put back: {is_put_back}");
    }
}

#[tokio::test]
async fn a_customer_that_holds_by_a_list_goes_on_when_it_is_put_back() {
    let service = Service::with(SETTINGS);
    put(&service, "E-1", &["c-1"]).await;
    let customer = steer(&service, Method::GET, "/customers/c-1", Value::Null).await;
    steer(&service, Method::PUT, "/customers/c-1", customer).await;
    assert_eq!(held(&service).await, json!({ "E-1": ["c-1"] }));
}

#[tokio::test]
async fn who_holds_before_it_is_listed_is_no_other_holder_than_the_rest() {
    let adopting = SETTINGS.replace("settings: {", "settings: { unlisted_customers: adopt,");
    for is_put_back in [false, true] {
        let service = Service::with(&adopting);
        put(&service, "E-1", &["c-8"]).await;
        put(&service, "E-2", &["c-9"]).await;
        steer(&service, Method::PUT, "/customers/c-8", json!({ "partner": "demo", "real_name": "under_review" })).await;
        assert_eq!(held(&service).await, json!({ "E-1": ["c-8"], "E-2": ["c-9"] }), "c-8 is listed now");
        if is_put_back {
            put_back(&service).await;
        }
        decide(&service, "c-8", "reject").await;
        assert_eq!(held(&service).await, json!({ "E-2": ["c-9"] }), "c-8 was rejected; put back: {is_put_back}");
        assert_accepted(&service, "c-9", "E-3").await;
        assert_eq!(held(&service).await, json!({ "E-3": ["c-9"] }), "c-9 was adopted; put back: {is_put_back}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_only_held_can_be_replaced_and_deleted_like_a_listed_one() {
    let service = Service::with(SETTINGS);
    assert_accepted(&service, "c-1", "E-1").await;
    assert_eq!(service.control(Method::DELETE, "/certificates/E-1", None).await.0, 204);
    assert_eq!(held(&service).await, json!({}));
    assert_eq!(service.control(Method::DELETE, "/certificates/E-1", None).await.0, 404);
    assert_accepted(&service, "c-2", "E-1").await;
    let put = json!({ "used_by": ["c-3"] });
    assert_eq!(service.control(Method::PUT, "/certificates/E-1", Some(&put)).await.0, 200);
    assert_eq!(held(&service).await, json!({ "E-1": ["c-3"] }));
}
