//! Accounts that come and go by call: nobody takes another one's place, and the world can always be loaded again.

use axum::http::Method;
use serde_json::{Value, json};

use crate::service::{Service, passport};

/// Makes a control call; its status.
async fn call(service: &Service, method: Method, path: &str, body: Value) -> u16 {
    let body = Some(body).filter(|body| !body.is_null());
    service.control(method, path, body.as_ref()).await.0
}

/// Asserts that the world can be read and put back, and is the same then.
async fn assert_loads_again(service: &Service) {
    let (_, world) = service.control(Method::GET, "/world", None).await;
    let (status, answer) = service.control(Method::PUT, "/world", Some(&world)).await;
    assert_eq!(status, 200, "{world:#}: {answer:#}");
    assert_eq!(service.control(Method::GET, "/world", None).await.1, world);
}

#[tokio::test]
async fn a_customer_that_is_called_like_a_partner_is_another_account() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let knows = async |token: &str| service.apply_as(token, &passport("c-1")).await.check() != Some("authenticated");
    assert_eq!(call(&service, Method::DELETE, "/customers/demo", Value::Null).await, 404);
    assert!(knows("token").await, "nobody was deleted");

    let customer = json!({ "partner": "demo", "credentials": { "tokens": ["own"] } });
    assert_eq!(call(&service, Method::PUT, "/customers/demo", customer).await, 201);
    assert!(knows("token").await && knows("own").await);
    assert_loads_again(&service).await;
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["token"] } });
    assert_eq!(call(&service, Method::PUT, "/partners/demo", partner).await, 200);
    assert!(knows("token").await && knows("own").await);
    let thief = json!({ "partner": "demo", "credentials": { "tokens": ["token"] } });
    assert_eq!(call(&service, Method::PUT, "/customers/demo", thief).await, 409, "the partner's token");
    assert_eq!(call(&service, Method::DELETE, "/customers/demo", Value::Null).await, 204);
    assert!(knows("token").await && !knows("own").await);
}
