//! `GET` and `PUT /_sim/world`, and `POST /_sim/reset`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{
    INDIVIDUAL, SignedRequest, TestApp, UNDER_REVIEW, builtin_passport, list, now, passport, text, with,
};

/// A world with every kind of state in it.
const RICH: &str = r#"
settings: { review_after: 48h, customers_per_certificate: 2, seed: 5, unlisted_customers: adopt }
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials: { tokens: [token, second], access_keys: [{ ak: AK1, sk: s1, security_token: t1 }], users: [{ name: u, password: p }] }
    bucket: { objects: [{ path: front.jpg, size: 120KB }, { path: hand.jpg, readable: true, shows: { name: Wang, number: "1" } }, { path: big.jpg, size: 11MiB }] }
  - { id: poor-account, name: poor, xaccount_type: POOR_IDP, real_name: unauthenticated, credentials: { tokens: [poor-token] } }
customers:
  - { id: c-1, partner: demo }
  - { id: c-2, partner: demo, attempts: 2 }
  - { id: c-3, partner: demo, real_name: rejected, opinion: "no: blurred" }
  - { id: c-4, partner: demo, partner_program: true, credentials: { tokens: [c-4-token] } }
  - { id: c-5, partner: poor }
  - { id: "007" }
certificates:
  - { number: E1, blocked: true }
  - { number: "2", holder: Wang }
  - { number: E3, verdict: fail, used_by: [gone-1] }
scripted:
  - { when: { customer_id: [c-8, c-9] }, times: 4, delay: 1ms, then: [{ error_code: CBC.0999 }, { is_review: 0 }, { gateway: APIGW.0308 }] }
  - { when: { name: { prefix: Flaky }, verified_type: 3, caller: demo }, then: { error_code: CBC.99007004, fail_check_items: [PIC_SIZE_ERR] } }
"#;

/// What would be answered to many requests, and what is answered to all credentials.
async fn answers(app: &TestApp) -> Vec<Value> {
    let mut answers = Vec::new();
    for customer in ["c-1", "c-2", "c-3", "c-4", "c-5", "007", "c-8", "c-9", "new"] {
        for (number, name) in [("E9", "Wang"), ("E1", "Wang"), ("2", "Li"), ("E3", "Wang"), ("E9", "Flaky Li")] {
            for front in ["front.jpg", "big.jpg"] {
                let request = with(with(passport(customer), "verified_number", number), "name", name);
                let request = with(request, "verified_file_url", json!([front, "hand.jpg"]));
                let question = json!({ "as": "token", "request": request });
                let explanation = app.assert_control("POST", "/explain", question, 200).await;
                let mut outcome = explanation["outcome"].clone();
                if outcome["decided_by"] == "script" {
                    // It names the place, which is another one in each world.
                    outcome["why"] = Value::Null;
                }
                answers.push(json!([explanation["response"], outcome]));
            }
        }
        let path = format!("/v2/customers/realname-auths/result?customer_id={customer}");
        let reply = app.call("GET", &path, &[("x-auth-token", "second")], "").await;
        answers.push(json!([reply.status, reply.body]));
    }
    for token in ["poor-token", "c-4-token", "no-token"] {
        answers.push(app.apply_as(token, &json!({})).await.status.into());
    }
    answers
}

#[tokio::test]
async fn put_world_that_was_read_changes_nothing() {
    let app = TestApp::from_text(RICH);
    for customer in ["c-8", "c-1", "c-9", "new"] {
        app.apply(&with(passport(customer), "verified_number", "E9")).await;
    }
    let approve = json!({ "decision": "approve" });
    app.assert_control("POST", "/customers/new/review", approve, 409).await;
    app.assert_control("PUT", "/certificates/E4", json!({ "used_by": ["c-1", "gone-2"] }), 201).await;
    app.assert_control("DELETE", "/customers/c-2", Value::Null, 204).await;
    let world = app.get("/world").await;
    let before = answers(&app).await;
    let different: HashSet<_> = before.iter().map(Value::to_string).collect();
    assert!(different.len() > 8, "the answers differ: {different:?}");
    for round in 1..=2 {
        app.assert_control("PUT", "/world", world.clone(), 200).await;
        assert_eq!(app.get("/world").await, world, "round {round}");
        assert_eq!(answers(&app).await, before, "round {round}");
    }
    let fresh = TestApp::with("");
    fresh.assert_control("PUT", "/world", world, 200).await;
    assert_eq!(answers(&fresh).await, before, "also in another simulator");
}

#[tokio::test]
async fn post_reset_restores_the_scenario() {
    let app = TestApp::from_text(RICH);
    // Its places are not given again.
    let script = async || {
        let mut script = app.get("/scripted").await;
        let places = script["scripted"].as_array_mut().expect("a list").iter_mut();
        places.for_each(|answer| answer["place"] = Value::Null);
        script
    };
    let (world, before) = (app.get("/world").await, script().await);
    for customer in ["c-8", "c-1", "new"] {
        app.apply(&passport(customer)).await;
    }
    app.assert_control("POST", "/scripted", json!({ "then": { "fault": "empty" } }), 201).await;
    app.assert_control("PUT", "/customers/c-7", json!({}), 201).await;
    app.assert_control("PUT", "/clock", json!({ "advance": "24h" }), 200).await;
    assert_ne!(app.get("/world").await, world);
    app.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(app.get("/world").await, world);
    assert_eq!(script().await, before);
    assert_eq!(app.get("/journal").await["entries"], json!([]));
    assert!(app.get("/clock").await["ahead_ms"].as_i64().is_some_and(|ahead| ahead.abs() < 1000));
}

/// Applies for the same customers again and again until it is stopped. Returns how often.
async fn load(app: TestApp, stop: Arc<AtomicBool>, number: usize) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let customer = format!("c-{}", (number + count) % 10);
        let reply = app.apply(&with(passport(&customer), "verified_number", format!("E{}", count % 7))).await;
        let code = reply.json()["error_code"].clone();
        let documented = ["CBC.99000027", "CBC.99000026", "CBC.99000035", "CBC.99007189"];
        let is_documented = reply.status == 200 && reply.body == UNDER_REVIEW
            || reply.status == 400 && documented.iter().any(|known| code == *known);
        assert!(is_documented, "{reply:?}");
        count += 1;
        tokio::task::yield_now().await;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn put_world_and_post_reset_under_load_lose_no_request() {
    let old: Vec<_> = (0..10).map(|number| json!({ "id": format!("c-{number}"), "partner": "demo" })).collect();
    let partner = json!({ "id": "demo-account", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["token"] } });
    let app = TestApp::from_text(&json!({ "partners": [partner], "customers": old }).to_string());
    let world = json!({ "partners": [partner], "customers": [{ "id": "d-1", "partner": "demo", "attempts": 1 }] });
    app.assert_control("PUT", "/world", world.clone(), 200).await;
    let normal = app.get("/world").await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..6).map(|number| tokio::spawn(load(app.clone(), Arc::clone(&stop), number))).collect();
    for round in 0..60 {
        let back = json!({ "partners": [partner], "customers": old });
        app.assert_control("PUT", "/world", back, 200).await;
        if round % 2 == 0 {
            app.assert_control("POST", "/reset", Value::Null, 200).await;
        }
        // Long enough for some of the applications to get in.
        while list(&app.get("/customers").await, "customers").iter().all(|one| one["attempts"] == 0) {
            tokio::task::yield_now().await;
        }
        app.assert_control("PUT", "/world", world.clone(), 200).await;
        assert_eq!(app.get("/world").await, normal, "round {round}: the load has no customer in this world");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.expect("every request ends with a documented answer") > 0);
    }
    assert_eq!(app.get("/world").await, normal);
}

#[tokio::test]
async fn world_of_a_space_can_be_served_by_another_process() {
    let app = TestApp::builtin();
    let space = app.create_space(&json!({ "scenario": "default" })).await;
    let (id, partner) = (text(&space["id"]), &space["partners"][0]);
    let world = app.get(&format!("/world?space={id}")).await.to_string();
    let (token, key) = (text(&partner["token"]), (text(&partner["ak"]), text(&partner["sk"])));
    let application = builtin_passport("customer-new");
    // Without the space, its credentials are those of no one.
    let elsewhere = TestApp::builtin();
    assert_eq!(elsewhere.apply_as(token, &application).await.rule(), Some("space-known"));
    let serving = TestApp::from_text(&world);
    serving.apply_as(token, &application).await.assert(200, UNDER_REVIEW);
    let (body, date) = (application.to_string(), now());
    let signed = SignedRequest { key, ..SignedRequest::post(&body, &date) };
    serving.send(signed.request()).await.assert_rule("not-authenticated-yet", "CBC.99000027");
    // The header names a space of this process.
    let headers = [("x-auth-token", token), ("x-sim-space", id)];
    assert_eq!(serving.call("POST", INDIVIDUAL, &headers, body.clone()).await.rule(), Some("space-known"));
}

#[tokio::test]
async fn put_world_takes_characters_that_yaml_does_not() {
    let name = "a\u{7f}b\u{85}c\u{2028}d\u{feff}e\u{ffff}f\u{1f600}";
    let file = json!({
        "partners": [{ "id": "p-1", "name": name, "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["t"] } }],
        "customers": [{ "id": "c-1", "partner": name }],
    });
    for text in [file.to_string(), file.to_string().replace('\u{1f600}', r"\ud83d\ude00")] {
        let app = TestApp::from_text(&text);
        let world = app.get("/world").await;
        assert_eq!(world["partners"][0]["name"], name);
        // What was written is loaded again, by a call and from a file.
        assert_eq!(app.put("/world", &world).await.0, 200);
        assert_eq!(TestApp::from_text(&world.to_string()).get("/world").await, world);
        let question = json!({ "as": "t", "request": { "customer_id": name } });
        assert_eq!(app.post("/explain", &question).await.0, 200);
    }
}

#[tokio::test]
async fn get_world_lists_credentials_in_their_order() {
    let many = |kind: &str| (0..9).map(|number| format!("{kind}-{number}")).collect::<Vec<_>>();
    let keys: Vec<_> = many("ak").iter().map(|ak| json!({ "ak": ak, "sk": "s" })).collect();
    let users: Vec<_> = many("user").iter().map(|name| json!({ "name": name, "password": "p" })).collect();
    let credentials = json!({ "tokens": many("token"), "access_keys": keys, "users": users });
    let file = json!({ "customers": [{ "id": "c-1", "credentials": credentials }] }).to_string();
    let world = async || TestApp::from_text(&file).get("/world").await;
    let first = world().await;
    assert_eq!(first["customers"][0]["credentials"]["access_keys"], json!(keys));
    assert_eq!(world().await.to_string(), first.to_string());
}
