//! The store by call: customers, partners, certificates, reviews, and the world as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::Method;
use serde_json::{Value, json};

use crate::service::{Service, passport, with};
use crate::time::login;

/// Makes a control call and asserts its status; what was answered.
async fn steer(service: &Service, method: Method, path: &str, body: Value, status: u16) -> Value {
    let body = Some(body).filter(|body| !body.is_null());
    let (answered, value) = service.control(method.clone(), path, body.as_ref()).await;
    assert_eq!(answered, status, "{method} {path} {body:?}: {value}");
    value
}

async fn get(service: &Service, path: &str) -> Value {
    steer(service, Method::GET, path, Value::Null, 200).await
}

/// Asks for the result of a review, with the rest of the query.
async fn result(service: &Service, token: &str, query: &str) -> (u16, String) {
    let path = format!("/v2/customers/realname-auths/result{query}");
    let reply = service.call(Method::GET, &path, &[("x-auth-token", token)], "").await;
    (reply.status.as_u16(), reply.body)
}

#[tokio::test]
async fn things_are_created_replaced_read_listed_and_deleted() {
    let service = Service::with("");
    let table = [
        (
            "customers",
            "id",
            "c-1",
            json!({ "partner": "demo" }),
            json!({ "partner": "other", "real_name": "rejected", "opinion": "no", "attempts": 2 }),
        ),
        (
            "partners",
            "name",
            "third",
            json!({ "id": "third-account", "xaccount_type": "3_IDP" }),
            json!({ "id": "third-account", "xaccount_type": "4_IDP", "photo_upload": false }),
        ),
        (
            "certificates",
            "number",
            "E1",
            json!({ "blocked": true }),
            json!({ "holder": "Wang", "verdict": "fail", "used_by": ["c-8", "c-9"] }),
        ),
    ];
    for (kind, key, name, first, second) in table {
        let path = format!("/{kind}/{name}");
        let before = get(&service, &format!("/{kind}")).await;
        assert!(steer(&service, Method::GET, &path, Value::Null, 404).await["error"].is_string(), "{kind}");
        steer(&service, Method::DELETE, &path, Value::Null, 404).await;
        for (body, status) in [(first, 201), (second, 200)] {
            let written = steer(&service, Method::PUT, &path, body.clone(), status).await;
            assert_eq!(written[key], name, "{kind}");
            for (field, value) in body.as_object().expect("an object") {
                assert_eq!(&written[field], value, "{kind}: {field}");
            }
            assert_eq!(get(&service, &path).await, written, "{kind}");
            let listed = get(&service, &format!("/{kind}")).await;
            let listed = listed[kind].as_array().expect("a list");
            assert!(listed.contains(&written), "{kind}: {listed:?}");
            assert_eq!(listed.len(), before[kind].as_array().map_or(0, Vec::len) + 1, "{kind}");
            let again = steer(&service, Method::PUT, &path, written.clone(), 200).await;
            assert_eq!(again, written, "{kind}: what was read can be written");
        }
        steer(&service, Method::DELETE, &path, Value::Null, 204).await;
        steer(&service, Method::GET, &path, Value::Null, 404).await;
        assert_eq!(get(&service, &format!("/{kind}")).await, before, "{kind}");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_rest_of_the_world_is_refused() {
    let service = Service::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }]");
    let before = get(&service, "/world").await;
    let taken = json!({ "partner": "demo", "credentials": { "tokens": ["token"] } });
    let partner = json!({ "id": "x", "xaccount_type": "X", "credentials": { "tokens": ["c-token"] } });
    let table = [
        (Method::PUT, "/customers/c-2", json!({ "partner": "nobody" }), 422, "an unknown partner"),
        (Method::PUT, "/customers/c-1", json!({ "partner": "nobody" }), 422, "an unknown partner for a known customer"),
        (Method::PUT, "/customers/c-2", taken, 409, "a partner's token"),
        (Method::PUT, "/partners/new", partner, 409, "a customer's token"),
        (Method::DELETE, "/partners/demo", Value::Null, 409, "a partner with a customer"),
        (Method::PUT, "/customers/c-2", json!({ "real_name": "passed" }), 422, "an unknown word"),
        (Method::PUT, "/customers/c-2", json!({ "partnr": "demo" }), 422, "an unknown key"),
        (Method::PUT, "/customers/c-2", json!({ "id": "c-3" }), 400, "another name than the path's"),
        (Method::PUT, "/partners/new", json!({ "id": "x" }), 422, "a key is missing"),
        (Method::PUT, "/certificates/E1", json!({ "verdict": "maybe" }), 422, "an unknown word"),
    ];
    for (method, path, body, status, why) in table {
        let error = steer(&service, method, path, body, status).await;
        assert!(error["error"].is_string() && !error["detail"].is_null(), "{why}: {error}");
        assert_eq!(get(&service, "/world").await, before, "{why}: it changes nothing");
    }
    for bad in ["{", "[]", "text"] {
        let reply = service.call(Method::PUT, "/_sim/customers/c-2", &[], bad).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
    steer(&service, Method::DELETE, "/customers/c-1", Value::Null, 204).await;
    steer(&service, Method::DELETE, "/partners/demo", Value::Null, 204).await;
    assert_eq!(service.apply(&passport("c-1")).await.status, 401, "its token has gone with it");
}

#[tokio::test]
async fn a_mistake_in_a_body_is_told_at_its_own_line_and_column() {
    let service = Service::with("");
    let table = [
        ("/customers/c-9", "{\n  \"partner\": \"demo\",\n  \"real_name\": \"\\u8ba4\" }", "real_name", (3, 16)),
        ("/partners/new", "{ \"id\": \"\\ud83d\\ude00\", \"xaccount_tpye\": \"X\" }", "xaccount_tpye", (1, 25)),
        ("/certificates/E9", "{\n\"used_by\": [\n\"\u{85}\", 5] }", "used_by[1]", (3, 6)),
    ];
    for (path, body, key, (line, column)) in table {
        let reply = service.call(Method::PUT, &format!("/_sim{path}"), &[], body).await;
        let error = reply.json();
        let [problem] = &error["detail"].as_array().expect("a list of problems")[..] else { panic!("{error}") };
        assert_eq!(
            (&problem["line"], &problem["column"], &problem["key"]),
            (&json!(line), &json!(column), &json!(key))
        );
    }
}

#[tokio::test]
async fn what_is_put_decides_at_once() {
    let service = Service::with("");
    let outcome = async |code: &str| {
        let reply = service.apply(&passport("c-1")).await;
        assert!(reply.body.contains(code), "{code}: {reply:?}");
    };
    outcome("CBC.99000035").await;
    steer(&service, Method::PUT, "/customers/c-1", json!({ "partner": "other" }), 201).await;
    outcome("CBC.99000000").await;
    steer(&service, Method::PUT, "/customers/c-1", json!({ "partner": "demo" }), 200).await;
    steer(&service, Method::PUT, "/certificates/E12345678", json!({ "blocked": true }), 201).await;
    outcome("CBC.99007193").await;
    steer(&service, Method::PUT, "/certificates/E12345678", json!({ "used_by": ["a", "b", "c"] }), 200).await;
    outcome("CBC.99007189").await;
    steer(&service, Method::DELETE, "/certificates/E12345678", Value::Null, 204).await;
    let demo = get(&service, "/partners/demo").await;
    steer(&service, Method::PUT, "/partners/demo", with(demo.clone(), "photo_upload", false), 200).await;
    outcome("CBC.99005030").await;
    steer(&service, Method::PUT, "/partners/demo", demo, 200).await;
    steer(&service, Method::PUT, "/customers/c-1", json!({ "partner": "demo" }), 200).await;
    outcome(r#"{"is_review":1}"#).await;
    assert_eq!(get(&service, "/certificates/E12345678").await["used_by"], json!(["c-1"]));
    steer(&service, Method::DELETE, "/customers/c-1", Value::Null, 204).await;
    outcome("CBC.99000035").await;
}

#[tokio::test]
async fn a_review_is_decided_by_call() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let review = async |body: Value, status| steer(&service, Method::POST, "/customers/c-1/review", body, status).await;
    let told = async || result(&service, "token", "?customer_id=c-1").await;
    let approve = json!({ "decision": "approve" });
    assert_eq!(told().await, (200, r#"{"opinion":null}"#.to_owned()), "before any application");
    review(approve.clone(), 409).await;
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    assert_eq!(told().await, (200, r#"{"review_result":0,"opinion":null}"#.to_owned()));
    review(json!({ "decision": "perhaps" }), 422).await;
    let rejected = review(json!({ "decision": "reject", "opinion": "blurred \u{7167}" }), 200).await;
    assert_eq!(rejected["real_name"], "rejected");
    assert_eq!(told().await, (200, "{\"review_result\":1,\"opinion\":\"blurred \u{7167}\"}".to_owned()));
    review(approve.clone(), 409).await;
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    assert_eq!(told().await, (200, r#"{"review_result":0,"opinion":null}"#.to_owned()), "applied again");
    assert_eq!(review(approve.clone(), 200).await["real_name"], "authenticated");
    assert_eq!(told().await, (200, r#"{"review_result":2,"opinion":null}"#.to_owned()));
    review(json!({ "decision": "reject" }), 409).await;
    steer(&service, Method::POST, "/customers/no-one/review", approve, 404).await;
}

#[tokio::test]
async fn a_rejection_frees_the_certificate_and_an_approval_does_not() {
    let service = Service::with(
        "settings: { customers_per_certificate: 1 }\ncustomers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]",
    );
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    assert!(service.apply(&passport("c-2")).await.body.contains("CBC.99007189"));
    // Also in a world that was read and put back.
    let world = get(&service, "/world").await;
    steer(&service, Method::PUT, "/world", world, 200).await;
    steer(&service, Method::POST, "/customers/c-1/review", json!({ "decision": "reject" }), 200).await;
    service.apply(&passport("c-2")).await.assert(200, r#"{"is_review":1}"#);
    steer(&service, Method::POST, "/customers/c-2/review", json!({ "decision": "approve" }), 200).await;
    assert!(service.apply(&passport("c-1")).await.body.contains("CBC.99007189"));
}

#[tokio::test]
async fn a_customer_that_is_read_and_put_back_is_the_same() {
    let service = Service::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }]");
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let world = get(&service, "/world").await;
    let customer = get(&service, "/customers/c-1").await;
    steer(&service, Method::PUT, "/customers/c-1", customer, 200).await;
    assert_eq!(get(&service, "/world").await, world);
}

#[tokio::test]
async fn the_result_of_a_review_is_told_to_the_customers_partner_alone() {
    let service = Service::with(
        "customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }, { id: c-2, partner: other }, { id: c-3 }]",
    );
    let long = format!("?customer_id={}", "c".repeat(65));
    let table = [
        ("token", "", 400, "CBC.0100", "nobody is named"),
        ("token", "?customer_id=", 400, "CBC.0100", "empty"),
        ("token", long.as_str(), 400, "CBC.0100", "65 characters"),
        ("token", "?customer_id=c-1&customer_id=c-1", 400, "CBC.0100", "repeated"),
        ("token", "?customer_id=c-2", 400, "CBC.99000000", "another partner's"),
        ("token", "?customer_id=c-3", 400, "CBC.99000035", "nobody's"),
        ("token", "?customer_id=c-4", 400, "CBC.99000035", "not listed"),
        ("c-token", "?customer_id=c-1", 403, "CBC.0151", "a customer itself"),
        ("no-token", "?customer_id=c-1", 401, "APIGW.0301", "a stranger"),
    ];
    for (token, query, status, code, why) in table {
        let (answered, body) = result(&service, token, query).await;
        let body: Value = serde_json::from_str(&body).expect("an answer is JSON");
        assert_eq!((answered, &body["error_code"]), (status, &json!(code)), "{why}: {body}");
    }
    let (status, body) = result(&service, "token", "?other=1&customer_id=c%2d1").await;
    assert_eq!((status, body.as_str()), (200, r#"{"opinion":null}"#), "encoded, beside another parameter");
}

/// A world with something of everything in progress.
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

/// What would be answered to many requests, and what the door says to all credentials.
async fn answers(service: &Service) -> Vec<Value> {
    let mut answers = Vec::new();
    for customer in ["c-1", "c-2", "c-3", "c-4", "c-5", "007", "c-8", "c-9", "new"] {
        for (number, name) in [("E9", "Wang"), ("E1", "Wang"), ("2", "Li"), ("E3", "Wang"), ("E9", "Flaky Li")] {
            for front in ["front.jpg", "big.jpg"] {
                let request = with(with(passport(customer), "verified_number", number), "name", name);
                let request = with(request, "verified_file_url", json!([front, "hand.jpg"]));
                let question = json!({ "as": "token", "request": request });
                let told = steer(service, Method::POST, "/explain", question, 200).await;
                answers.push(json!([told["response"], told["outcome"]]));
            }
        }
        let (status, body) = result(service, "second", &format!("?customer_id={customer}")).await;
        answers.push(json!([status, body]));
    }
    for token in ["poor-token", "c-4-token", "no-token"] {
        answers.push(service.apply_as(token, &json!({})).await.status.as_u16().into());
    }
    answers
}

#[tokio::test]
async fn a_world_that_is_read_and_put_back_is_the_same() {
    let service = Service::from_yaml(RICH);
    for customer in ["c-8", "c-1", "c-9", "new"] {
        service.apply(&with(passport(customer), "verified_number", "E9")).await;
    }
    let approve = json!({ "decision": "approve" });
    steer(&service, Method::POST, "/customers/new/review", approve, 409).await;
    steer(&service, Method::PUT, "/certificates/E4", json!({ "used_by": ["c-1", "gone-2"] }), 201).await;
    steer(&service, Method::DELETE, "/customers/c-2", Value::Null, 204).await;
    let world = get(&service, "/world").await;
    let before = answers(&service).await;
    let different: std::collections::HashSet<_> = before.iter().map(Value::to_string).collect();
    assert!(different.len() > 8, "the answers differ: {different:?}");
    for round in 1..=2 {
        steer(&service, Method::PUT, "/world", world.clone(), 200).await;
        assert_eq!(get(&service, "/world").await, world, "round {round}");
        assert_eq!(answers(&service).await, before, "round {round}");
    }
    let fresh = Service::with("");
    steer(&fresh, Method::PUT, "/world", world, 200).await;
    assert_eq!(answers(&fresh).await, before, "also in a service that was another one");
}

#[tokio::test]
async fn a_reset_makes_the_space_as_its_scenario_made_it() {
    let service = Service::from_yaml(RICH);
    let (world, script) = (get(&service, "/world").await, get(&service, "/scripted").await);
    for customer in ["c-8", "c-1", "new"] {
        service.apply(&passport(customer)).await;
    }
    steer(&service, Method::POST, "/scripted", json!({ "then": { "fault": "empty" } }), 201).await;
    steer(&service, Method::PUT, "/customers/c-7", json!({}), 201).await;
    steer(&service, Method::PUT, "/clock", json!({ "advance": "24h" }), 200).await;
    assert_ne!(get(&service, "/world").await, world);
    steer(&service, Method::POST, "/reset", Value::Null, 200).await;
    assert_eq!(get(&service, "/world").await, world);
    assert_eq!(get(&service, "/scripted").await, script);
    assert_eq!(get(&service, "/journal").await["entries"], json!([]));
    assert!(get(&service, "/clock").await["ahead_ms"].as_i64().is_some_and(|ahead| ahead.abs() < 1000));
}

/// Applies for the same customers again and again, until told to stop; how often.
async fn load(service: Service, stop: Arc<AtomicBool>, number: usize) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let customer = format!("c-{}", (number + count) % 10);
        let reply = service.apply(&with(passport(&customer), "verified_number", format!("E{}", count % 7))).await;
        let code = reply.json()["error_code"].clone();
        let documented = ["CBC.99000027", "CBC.99000026", "CBC.99000035", "CBC.99007189"];
        let is_documented = reply.status == 200 && reply.body == r#"{"is_review":1}"#
            || reply.status == 400 && documented.iter().any(|known| code == *known);
        assert!(is_documented, "{reply:?}");
        count += 1;
        tokio::task::yield_now().await;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn resets_and_new_worlds_under_load_lose_no_request_and_keep_nothing_of_the_old() {
    let old: Vec<_> = (0..10).map(|number| json!({ "id": format!("c-{number}"), "partner": "demo" })).collect();
    let partner = json!({ "id": "demo-account", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["token"] } });
    let service = Service::from_yaml(&json!({ "partners": [partner], "customers": old }).to_string());
    let world = json!({ "partners": [partner], "customers": [{ "id": "d-1", "partner": "demo", "attempts": 1 }] });
    steer(&service, Method::PUT, "/world", world.clone(), 200).await;
    let normal = get(&service, "/world").await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..6).map(|number| tokio::spawn(load(service.clone(), Arc::clone(&stop), number))).collect();
    for round in 0..60 {
        let back = json!({ "partners": [partner], "customers": old });
        steer(&service, Method::PUT, "/world", back, 200).await;
        if round % 2 == 0 {
            steer(&service, Method::POST, "/reset", Value::Null, 200).await;
        }
        // Long enough for some of the applications to get in.
        while get(&service, "/customers").await["customers"]
            .as_array()
            .is_none_or(|all| all.iter().all(|one| one["attempts"] == 0))
        {
            tokio::task::yield_now().await;
        }
        steer(&service, Method::PUT, "/world", world.clone(), 200).await;
        assert_eq!(get(&service, "/world").await, normal, "round {round}: the load has no customer in this world");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.expect("every request ends with a documented answer") > 0);
    }
    assert_eq!(get(&service, "/world").await, normal);
}

#[tokio::test]
async fn a_change_of_something_else_locks_nobody_out() {
    let service = Service::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [own] } }]");
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "photo_upload": false });
    let (status, written) = service.control(Method::PUT, "/partners/demo", Some(&partner)).await;
    assert_eq!((status, &written["credentials"]["tokens"]), (200, &json!(["token"])), "{written}");
    assert_eq!(service.apply(&passport("c-1")).await.check(), Some("partner-ready"));
    let customer = json!({ "partner": "demo", "attempts": 1 });
    let (status, written) = service.control(Method::PUT, "/customers/c-1", Some(&customer)).await;
    assert_eq!((status, &written["credentials"]["tokens"]), (200, &json!(["own"])), "{written}");
    assert_eq!(service.apply_as("own", &passport("c-1")).await.check(), Some("caller-is-partner"));
}

#[tokio::test]
async fn a_token_of_iam_knows_its_partner_as_it_is_now() {
    let service = Service::from_yaml(
        "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials: { users: [{ name: ann, password: secret }] }
customers: [{ id: c-1, partner: demo }]",
    );
    let issued = login(&service, &[], ["demo", "ann", "secret"]).await;
    let token = issued.headers["x-subject-token"].to_str().expect("a token is text");
    assert_eq!(service.apply_as(token, &passport("c-1")).await.check(), None);
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "photo_upload": false });
    assert_eq!(service.control(Method::PUT, "/partners/demo", Some(&partner)).await.0, 200);
    assert_eq!(service.apply_as(token, &passport("c-1")).await.check(), Some("partner-ready"));
    assert_eq!(service.control(Method::DELETE, "/customers/c-1", None).await.0, 204);
    assert_eq!(service.control(Method::DELETE, "/partners/demo", None).await.0, 204);
    assert_eq!(service.apply_as(token, &passport("c-1")).await.check(), Some("authenticated"));
}
