//! `POST /_sim/explain`: what would be answered, and why.

use serde_json::{Value, json};

use crate::support::{CALLERS, TestApp, list, passport, with, without};

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

/// Many requests: the caller's token, and the body.
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

async fn explain(app: &TestApp, token: &str, request: &Value) -> Value {
    let question = json!({ "as": token, "request": request });
    let (status, explanation) = app.post("/explain", &question).await;
    assert_eq!(status, 200, "{question}: {explanation}");
    explanation
}

/// A body but for the request's ID.
fn unnumbered(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    body
}

/// Asserts that what was explained is what is answered.
async fn assert_explained(app: &TestApp, token: &str, request: &Value) {
    let explanation = explain(app, token, request).await;
    let reply = app.apply_as(token, request).await;
    let answered = json!({ "status": reply.status, "body": unnumbered(reply.json()) });
    let explained = json!({ "status": explanation["response"]["status"], "body": unnumbered(explanation["response"]["body"].clone()) });
    assert_eq!(explained, answered, "{token}: {request}");
    let entry = app.get(&format!("/journal/{}", reply.id())).await;
    let outcome = |entry: &Value| {
        let mut outcome = entry["outcome"].clone();
        // An explanation says besides whom it was asked for.
        if outcome["rule"] == "authenticated" {
            outcome["why"].take();
        }
        outcome
    };
    assert_eq!(outcome(&explanation), outcome(&entry), "{token}: {request}");
    assert_eq!(explanation["changes"], entry["changes"], "{token}: {request}");
    let checks = |explanation: &Value| -> Vec<Value> {
        let parts = |check: &Value| json!([check["check"], check["result"], check["basis"], check["source"]]);
        list(explanation, "checks").iter().map(parts).collect()
    };
    assert_eq!(checks(&explanation), checks(&entry), "{token}: {request}");
}

#[tokio::test]
async fn post_explain_agrees_with_the_answer() {
    let settings = [
        "",
        "contract: \"2026-01\"",
        "wire: { parameter_errors: named, is_review: string }, review: automatic",
        "unlisted_customers: adopt",
        "authentication: lenient",
    ];
    for settings in settings {
        let app = TestApp::from_text(&format!("settings: {{ {settings} }}\n{WORLD}"));
        for (token, request) in requests().iter().filter(|(token, _)| !token.is_empty()) {
            assert_explained(&app, token, request).await;
        }
    }
}

#[tokio::test]
async fn post_explain_with_an_empty_token_agrees_with_the_answer() {
    assert_explained(&TestApp::from_text(WORLD), "", &passport("c-1")).await;
}

#[tokio::test]
async fn post_explain_with_an_issued_token_agrees_before_and_after_it_expires() {
    let app = TestApp::from_text(WORLD);
    let issued = app.log_in(["demo", "ann", "p"], &[]).await;
    let token = issued.token();
    assert_explained(&app, token, &passport("c-1")).await;
    app.put("/clock", &json!({ "advance": "25h" })).await;
    assert_explained(&app, token, &passport("c-1")).await;
}

#[tokio::test]
async fn post_explain_changes_nothing() {
    let app = TestApp::from_text(WORLD);
    app.put("/clock", &json!({ "freeze": true })).await;
    app.apply(&with(passport("c-1"), "name", "Flaky")).await;
    let state = async || {
        let mut state = Vec::new();
        for path in ["/world", "/scripted", "/journal", "/customers", "/certificates", "/clock"] {
            let mut value = app.get(path).await;
            value.as_object_mut().expect("an object").remove("ahead_ms");
            state.push(value);
        }
        state
    };
    let before = state().await;
    for (token, request) in requests() {
        let first = explain(&app, token, &request).await;
        assert_eq!(explain(&app, token, &request).await, first, "the same explanation again");
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn post_explain_as_takes_a_token_or_a_partner() {
    let app = TestApp::from_text(WORLD);
    let table =
        [(json!({}), "demo-partner's"), (json!({ "as": "demo" }), "its name"), (json!({ "as": "token" }), "its token")];
    for (question, why) in table {
        let (_, explanation) = app.post("/explain", &with(question, "request", passport("c-1"))).await;
        assert_eq!(
            explanation["response"],
            json!({ "status": 200, "body": { "is_review": 1 } }),
            "{why}: {explanation}"
        );
        assert_eq!(explanation["changes"][0]["real_name"], json!(["unauthenticated", "under_review"]), "{why}");
    }
    let poor = explain(&app, "poor", &with(passport("c-6"), "xaccount_type", "POOR_IDP")).await;
    let why = "partner-ready: partner authenticated: true, photo upload enabled: false, bucket authorized: true";
    assert_eq!(
        poor["outcome"],
        json!({ "error_code": "CBC.99005030", "decided_by": "rule", "rule": "partner-ready", "fault": null, "why": why })
    );
    for (body, why) in [
        (json!({}), "no request"),
        (json!({ "request": [] }), "no object"),
        (json!({ "request": {}, "of": 1 }), "an unknown key"),
    ] {
        assert_eq!(app.post("/explain", &body).await.0, 422, "{why}");
    }
}

#[tokio::test]
async fn explanation_as_text_has_no_control_characters_of_a_client() {
    let app = TestApp::from_text(CALLERS);
    let body = json!({ "request": passport("c\u{1b}[2J\npassed      everything\u{9b}") }).to_string();
    let reply = app.call("POST", "/_sim/explain", &[("accept", "text/plain")], body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(!reply.body.contains(|c: char| c.is_control() && c != '\n'), "{:?}", reply.body);
    assert!(!reply.body.contains("\npassed      everything"), "{}", reply.body);
}
