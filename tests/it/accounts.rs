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

#[tokio::test]
async fn no_two_accounts_have_the_same_id() {
    let service = Service::with("settings: { unlisted_customers: adopt }\ncustomers: [{ id: c-1, partner: demo }]");
    let partner = |id: &str| json!({ "id": id, "xaccount_type": "X", "credentials": { "tokens": ["third-token"] } });
    let table = [
        ("/customers/demo-account", json!({ "partner": "demo" }), 409, "a partner's account"),
        ("/partners/third", partner("c-1"), 409, "a customer's account"),
        ("/partners/third", partner("demo-account"), 409, "another partner's account"),
        ("/partners/third", partner("third-account"), 201, "its own account"),
        ("/partners/third", partner("third-account"), 200, "its own account again"),
        ("/partners/third", partner("c-1"), 409, "another account than before"),
    ];
    for (path, body, status, why) in table {
        assert_eq!(call(&service, Method::PUT, path, body).await, status, "{why}");
        assert_loads_again(&service).await;
    }
    let reply = service.apply(&passport("other-account")).await;
    assert_eq!(reply.check(), Some("customer-has-partner"), "a partner's account is nobody's customer");
    let scripted = json!({ "then": { "is_review": 0 } });
    assert_eq!(call(&service, Method::POST, "/scripted", scripted).await, 201);
    service.apply(&passport("demo-account")).await.assert(200, r#"{"is_review":0}"#);
    assert_loads_again(&service).await;
}

#[tokio::test]
async fn a_partner_stays_while_an_answer_is_fixed_for_its_applications() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let answer = json!({ "when": { "caller": ["demo", "other"] }, "times": 1, "then": { "error_code": "CBC.0999" } });
    for forget in [Method::DELETE, Method::POST] {
        assert_eq!(call(&service, Method::POST, "/scripted", answer.clone()).await, 201);
        assert_eq!(call(&service, Method::DELETE, "/partners/other", Value::Null).await, 409);
        assert_loads_again(&service).await;
        if forget == Method::DELETE {
            assert_eq!(call(&service, Method::DELETE, "/scripted", Value::Null).await, 204);
        } else {
            assert_eq!(service.apply(&passport("c-1")).await.check(), Some("script"), "and used up");
        }
        assert_eq!(call(&service, Method::DELETE, "/partners/other", Value::Null).await, 204);
        assert_loads_again(&service).await;
        assert_eq!(call(&service, Method::POST, "/scripted", answer.clone()).await, 422, "no such partner any more");
        let other = json!({ "id": "other-account", "xaccount_type": "OTHER_IDP" });
        assert_eq!(call(&service, Method::PUT, "/partners/other", other).await, 201);
    }
}

#[tokio::test]
async fn an_acceptance_is_in_force_while_its_answer_is_delayed() {
    let service = Service::with("settings: { unlisted_customers: adopt }");
    let scripted = json!({ "delay": "10m", "then": { "is_review": 0 } });
    assert_eq!(call(&service, Method::POST, "/scripted", scripted).await, 201);
    let request = tokio::spawn({
        let service = service.clone();
        async move { service.apply(&passport("c-1")).await }
    });
    while service.control(Method::GET, "/journal", None).await.1["entries"] == json!([]) {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.control(Method::GET, "/customers/c-1", None).await.1["real_name"], "authenticated");
    assert_eq!(call(&service, Method::DELETE, "/partners/demo", Value::Null).await, 409, "it has a customer");
    request.abort();
    assert_eq!(service.control(Method::GET, "/customers/c-1", None).await.1["real_name"], "authenticated");
    assert_loads_again(&service).await;
}

#[tokio::test]
async fn names_are_as_in_files_neither_empty_nor_given_twice() {
    let service = Service::builtin();
    let key = json!({ "ak": "AK9", "sk": "s" });
    for (path, body, said) in [
        ("/customers/c-9", json!({ "credentials": { "tokens": [""] } }), "the token is empty"),
        ("/customers/c-9", json!({ "credentials": { "tokens": ["t", "t"] } }), "the token is given twice"),
        ("/customers/c-9", json!({ "credentials": { "access_keys": [key, key] } }), "the access key is given twice"),
        ("/partners/p-9", json!({ "id": "", "xaccount_type": "X" }), "the account ID is empty"),
    ] {
        let (status, answer) = service.control(Method::PUT, path, Some(&body)).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer["detail"][0]["message"].as_str().is_some_and(|message| message == said), "{answer}");
    }
    assert_eq!(service.control(Method::GET, "/customers/c-9", None).await.0, 404);
}
