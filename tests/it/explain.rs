//! `POST /_sim/explain`, and the explanations of the journal: what would be answered, or was, and why.

use axum::http::Method;
use serde_json::{Value, json};

use crate::journal::{doors, entry};
use crate::service::{INDIVIDUAL, Service, passport, with, without};
use crate::time::login;

/// The checks and rules of a request, in the order of the contract.
const CHECKS: [&str; 22] = [
    "head-size",
    "space-known",
    "path-known",
    "method-known",
    "body-size",
    "authenticated",
    "caller-is-partner",
    "parameters",
    "script",
    "partner-ready",
    "platform-of-partner",
    "customer-not-caller",
    "customer-has-partner",
    "customer-of-caller",
    "customer-not-partner",
    "not-authenticated-yet",
    "attempts-left",
    "certificate-allowed",
    "certificate-not-worn-out",
    "pictures-pass",
    "identity-agrees",
    "verification-passes",
];

/// A world in which many things can go wrong.
const WORLD: &str = "
partners:
  - { id: demo-account, name: demo, xaccount_type: DEMO_IDP, credentials: { tokens: [token], users: [{ name: ann, password: p }] } }
  - { id: poor-account, name: poor, xaccount_type: POOR_IDP, photo_upload: false, credentials: { tokens: [poor-token] } }
customers:
  - { id: c-1, partner: demo, credentials: { tokens: [c-token] } }
  - { id: c-2, partner: demo, real_name: under_review }
  - { id: c-3, partner: demo, real_name: authenticated }
  - { id: c-4, partner: demo, attempts: 3 }
  - { id: c-5, partner: demo, partner_program: true }
  - { id: c-6, partner: poor }
  - { id: c-7 }
certificates:
  - { number: E1, blocked: true }
  - { number: E2, holder: Another Name }
  - { number: E3, verdict: fail }
  - { number: E4, used_by: [x, y, z] }
scripted:
  - { when: { name: Flaky }, times: 2, then: [{ error_code: CBC.0999 }, { gateway: APIGW.0308 }] }
  - { when: { name: Passing }, then: { is_review: 0 } }
  - { when: { name: Broken }, probability: 0.5, then: { error_code: CBC.99007261 } }
";

/// Many requests: who asks, and what.
fn requests() -> Vec<(&'static str, Value)> {
    let mut requests: Vec<_> = ["c-1", "c-2", "c-3", "c-4", "c-5", "c-6", "c-7", "c-8", "demo-account"]
        .into_iter()
        .flat_map(|customer| {
            ["E0", "E1", "E2", "E3", "E4"].map(|number| with(passport(customer), "verified_number", number))
        })
        .map(|request| ("token", request))
        .collect();
    let passport = passport("c-1");
    let fields: Vec<_> = passport.as_object().expect("an object").keys().cloned().collect();
    for field in fields {
        requests.push(("token", without(passport.clone(), &field)));
        for value in [json!(""), json!(null), json!(true), json!(-2), json!(1.0), json!([]), json!("x".repeat(300))] {
            requests.push(("token", with(passport.clone(), &field, value)));
        }
    }
    for urls in [json!(["a.txt", "b.jpg"]), json!(["a.jpg"]), json!(["../a.jpg", "b.jpg"]), json!(["a.txt", "b.doc"])] {
        requests.push(("token", with(passport.clone(), "verified_file_url", urls)));
    }
    for verified_type in 0..12 {
        requests.push(("token", with(passport.clone(), "verified_type", verified_type)));
    }
    for name in ["Flaky", "Flaky", "Flaky", "Passing", "Broken", "Broken", "Broken", "Broken", "\u{738b}\u{1F600}"] {
        requests.push(("token", with(passport.clone(), "name", name)));
    }
    for token in ["poor-token", "c-token", "no-token", ""] {
        requests.push((token, passport.clone()));
    }
    requests.push(("token", json!({})));
    requests
}

async fn explain(service: &Service, token: &str, request: &Value) -> Value {
    let question = json!({ "as": token, "request": request });
    let (status, told) = service.control(Method::POST, "/explain", Some(&question)).await;
    assert_eq!(status, 200, "{question}: {told}");
    told
}

/// A body but for the request's ID.
fn unnumbered(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    body
}

/// Asserts that what was explained is what is answered.
async fn assert_explained(service: &Service, token: &str, request: &Value) {
    let told = explain(service, token, request).await;
    let reply = service.apply_as(token, request).await;
    let answered = json!({ "status": reply.status.as_u16(), "body": unnumbered(reply.json()) });
    let explained =
        json!({ "status": told["response"]["status"], "body": unnumbered(told["response"]["body"].clone()) });
    assert_eq!(explained, answered, "{token}: {request}");
    let (_, entry) = service.control(Method::GET, &format!("/journal/{}", reply.id()), None).await;
    for part in ["outcome", "changes"] {
        assert_eq!(told[part], entry[part], "{token}: {request}");
    }
    for (explained, journalled) in
        told["checks"].as_array().into_iter().flatten().zip(entry["checks"].as_array().into_iter().flatten())
    {
        for part in ["check", "result", "basis", "source"] {
            assert_eq!(explained[part], journalled[part], "{token}: {request}");
        }
    }
    assert_eq!(told["checks"].as_array().map(Vec::len), entry["checks"].as_array().map(Vec::len));
}

#[tokio::test]
async fn an_explanation_is_what_the_request_gets() {
    let settings = [
        "",
        "contract: \"2026-01\"",
        "wire: { parameter_errors: named, is_review: string }, review: automatic",
        "unlisted_customers: adopt",
        "authentication: lenient",
    ];
    for settings in settings {
        let service = Service::from_yaml(&format!("settings: {{ {settings} }}\n{WORLD}"));
        for (token, request) in requests().iter().filter(|(token, _)| !token.is_empty()) {
            assert_explained(&service, token, request).await;
        }
    }
}

#[tokio::test]
async fn a_caller_without_a_token_is_explained_as_one() {
    assert_explained(&Service::from_yaml(WORLD), "", &passport("c-1")).await;
}

#[tokio::test]
async fn a_token_of_iam_is_explained_before_and_after_its_end() {
    let service = Service::from_yaml(WORLD);
    let issued = login(&service, &[], ["demo", "ann", "p"]).await;
    let token = issued.headers["x-subject-token"].to_str().expect("a token is text");
    assert_explained(&service, token, &passport("c-1")).await;
    service.control(Method::PUT, "/clock", Some(&json!({ "advance": "25h" }))).await;
    assert_explained(&service, token, &passport("c-1")).await;
}

#[tokio::test]
async fn an_explanation_changes_nothing() {
    let service = Service::from_yaml(WORLD);
    service.control(Method::PUT, "/clock", Some(&json!({ "freeze": true }))).await;
    service.apply(&with(passport("c-1"), "name", "Flaky")).await;
    let state = async || {
        let mut state = Vec::new();
        for path in ["/world", "/scripted", "/journal", "/customers", "/certificates", "/clock"] {
            let (_, mut value) = service.control(Method::GET, path, None).await;
            value.as_object_mut().expect("an object").remove("ahead_ms");
            state.push(value);
        }
        state
    };
    let before = state().await;
    for (token, request) in requests() {
        let first = explain(&service, token, &request).await;
        assert_eq!(explain(&service, token, &request).await, first, "it tells the same again");
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn who_asks_is_named_by_a_token_or_as_a_partner_and_is_else_the_first_partner() {
    let service = Service::from_yaml(WORLD);
    let table =
        [(json!({}), "demo-partner's"), (json!({ "as": "demo" }), "its name"), (json!({ "as": "token" }), "its token")];
    for (question, why) in table {
        let (_, told) =
            service.control(Method::POST, "/explain", Some(&with(question, "request", passport("c-1")))).await;
        assert_eq!(told["response"], json!({ "status": 200, "body": { "is_review": 1 } }), "{why}: {told}");
        assert_eq!(told["changes"][0]["real_name"], json!(["unauthenticated", "under_review"]), "{why}");
    }
    let poor = explain(&service, "poor", &with(passport("c-6"), "xaccount_type", "POOR_IDP")).await;
    assert_eq!(poor["outcome"], json!({ "error_code": "CBC.99005030", "decided_by": "rule", "rule": "partner-ready" }));
    for (body, why) in [
        (json!({}), "no request"),
        (json!({ "request": [] }), "no object"),
        (json!({ "request": {}, "of": 1 }), "an unknown key"),
    ] {
        assert_eq!(service.control(Method::POST, "/explain", Some(&body)).await.0, 422, "{why}");
    }
}

#[tokio::test]
async fn an_explanation_has_every_check_in_order_and_agrees_with_the_outcome() {
    let service = Service::builtin();
    for (door, reply, _, _, rule) in doors(&service).await {
        let entry = entry(&service, &reply).await;
        let checks = entry["checks"].as_array().expect("a list");
        let results: Vec<_> = checks.iter().map(|check| check["result"].as_str().expect("text")).collect();
        let failed: Vec<_> =
            checks.iter().filter(|check| check["result"] == "failed").map(|check| &check["check"]).collect();
        assert_eq!(failed, if rule.is_null() { vec![] } else { vec![&rule] }, "{door}: {checks:?}");
        if entry["request"]["path"]
            .as_str()
            .is_some_and(|path| path.starts_with(INDIVIDUAL) || path.contains("unknown"))
        {
            let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().expect("text")).collect();
            assert_eq!(names, CHECKS, "{door}");
            let decided = CHECKS.iter().position(|check| rule == *check).unwrap_or(CHECKS.len());
            for (place, result) in results.iter().enumerate() {
                let expected = match place.cmp(&decided) {
                    std::cmp::Ordering::Less => "passed",
                    std::cmp::Ordering::Equal => "failed",
                    std::cmp::Ordering::Greater => "not_reached",
                };
                assert_eq!(*result, expected, "{door}: {}", CHECKS[place]);
            }
        }
    }
}
