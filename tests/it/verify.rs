//! `POST /_sim/verify`, `GET /_sim/catalog`, and what every control call has in common.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::process::Simulator;
use crate::service::{INDIVIDUAL, Service, passport, with};

async fn verify(service: &Service, expectation: Value) -> (u16, Value) {
    service.control(Method::POST, "/verify", Some(&expectation)).await
}

/// A service that has answered: accepted, refused by a rule, refused for its parameters, to a stranger, for a result.
async fn busy() -> Service {
    let service =
        Service::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: rejected }]");
    service.apply(&passport("c-1")).await;
    service.apply(&with(passport("c-1"), "name", "Li Lei")).await;
    service.apply(&with(passport("c-2"), "identify_type", 7)).await;
    service.apply_as("no-token", &passport("c-2")).await;
    let headers = [("x-auth-token", "other-token")];
    service.call(Method::GET, "/v2/customers/realname-auths/result?customer_id=c-1", &headers, "").await;
    service
}

#[tokio::test]
async fn every_field_and_every_operator_selects() {
    let service = busy().await;
    let table = [
        (json!({}), 5, "nothing is asked for"),
        (json!({ "path": INDIVIDUAL }), 4, "a path"),
        (json!({ "path": "/v2/customers/realname-auths/result" }), 1, "a path without its query"),
        (json!({ "path": { "prefix": "/v2/customers" } }), 5, "a prefix"),
        (json!({ "path": { "suffix": "/individual" } }), 4, "a suffix"),
        (json!({ "path": { "contains": "realname" } }), 5, "a part"),
        (json!({ "path": { "regex": "/res.lt$" } }), 1, "an expression"),
        (json!({ "path": { "present": true } }), 5, "all have a path"),
        (json!({ "customer_id": "c-2" }), 2, "a customer"),
        (json!({ "customer_id": ["c-2", "c-3"] }), 2, "one of two customers"),
        (json!({ "name": "Li Lei" }), 1, "a name"),
        (json!({ "name": { "prefix": "Wang" } }), 3, "a name's prefix"),
        (json!({ "verified_number": "E12345678" }), 4, "a number"),
        (json!({ "verified_number": { "present": false } }), 1, "no number"),
        (json!({ "status": 400 }), 3, "a status"),
        (json!({ "status": [200, 401] }), 2, "one of two"),
        (json!({ "error_code": "CBC.99000027" }), 1, "a code"),
        (json!({ "error_code": { "prefix": "CBC." } }), 3, "codes of the API"),
        (json!({ "error_code": { "present": false } }), 1, "no code"),
        (json!({ "rule": "not-authenticated-yet" }), 1, "a rule"),
        (json!({ "rule": "parameters" }), 1, "a check"),
        (json!({ "caller": "demo" }), 3, "a caller"),
        (json!({ "caller": { "present": false } }), 1, "a stranger"),
        (json!({ "caller": "demo", "status": 400, "customer_id": "c-1" }), 1, "all conditions hold"),
        (json!({ "caller": "demo", "status": 401 }), 0, "one condition does not hold"),
    ];
    for (conditions, count, why) in table {
        let (status, told) = verify(&service, json!({ "match": conditions, "count": { "exactly": count } })).await;
        assert_eq!((status, &told["count"]), (200, &json!(count)), "{why}: {told}");
    }
}

#[tokio::test]
async fn a_result_is_found_by_the_customer_that_was_asked_for() {
    let service = busy().await;
    let conditions = json!({ "customer_id": "c-1", "path": { "suffix": "/result" } });
    let (status, told) = verify(&service, json!({ "match": conditions, "count": { "exactly": 1 } })).await;
    assert_eq!(status, 200, "the journal's own filter finds it by its query: {told}");
}

#[tokio::test]
async fn a_count_holds_or_is_told_with_what_comes_closest() {
    let service = busy().await;
    let table = [
        (json!({ "exactly": 2 }), 200),
        (json!({ "exactly": 1 }), 409),
        (json!({ "exactly": 0 }), 409),
        (json!({ "at_least": 2 }), 200),
        (json!({ "at_least": 3 }), 409),
        (json!({ "at_most": 2 }), 200),
        (json!({ "at_most": 1 }), 409),
        (json!({ "at_least": 1, "at_most": 2 }), 200),
        (json!({ "at_least": 3, "at_most": 9 }), 409),
    ];
    for (count, status) in table {
        let (answered, told) = verify(&service, json!({ "match": { "customer_id": "c-2" }, "count": count })).await;
        assert_eq!((answered, &told["count"]), (status, &json!(2)), "{count}: {told}");
        assert_eq!((told["error"].is_string(), told["closest"].is_array()), (status == 409, status == 409), "{told}");
    }
    let conditions = json!({ "customer_id": "c-1", "name": "Li Lei", "status": 200 });
    let (status, told) = verify(&service, json!({ "match": conditions, "count": { "exactly": 1 } })).await;
    assert_eq!((status, &told["count"]), (409, &json!(0)));
    let closest = told["closest"].as_array().expect("a list");
    let differs: Vec<_> = closest.iter().map(|close| close["differs"].clone()).collect();
    assert_eq!(differs[..2], [json!(["status"]), json!(["name"])], "the fewest differences first, then the newest");
    assert_eq!(closest[0]["entry"]["outcome"]["rule"], "not-authenticated-yet", "{told}");
    let none = json!({ "match": { "customer_id": "c-2" }, "count": { "exactly": 0 } });
    let (_, told) = verify(&service, none).await;
    let unwanted = told["closest"].as_array().expect("a list").iter();
    let unwanted: Vec<_> = unwanted.map(|close| (&close["differs"], &close["entry"]["response"]["status"])).collect();
    assert_eq!(unwanted, [(&json!([]), &json!(401)), (&json!([]), &json!(400))], "those that should not be there");
    assert_eq!(told["detail"], "expected exactly 0, found 2");
}

#[tokio::test]
async fn a_bad_expectation_is_refused() {
    let service = busy().await;
    let table = [
        (json!({ "match": { "custmer_id": "c-1" } }), 422, "an unknown field"),
        (json!({ "match": { "status": "bad" } }), 422, "no number"),
        (json!({ "match": { "name": { "like": "Li" } } }), 422, "an unknown operator"),
        (json!({ "match": { "name": { "regex": "(" } } }), 422, "no expression"),
        (json!({ "match": { "name": { "prefix": "a", "suffix": "b" } } }), 422, "two operators"),
        (json!({ "count": { "exactly": 1, "at_least": 1 } }), 422, "two counts that exclude each other"),
        (json!({ "count": { "exactly": -1 } }), 422, "less than nothing"),
    ];
    for (expectation, status, why) in table {
        let (answered, error) = verify(&service, expectation).await;
        assert_eq!((answered, error["detail"][0]["message"].is_string()), (status, true), "{why}: {error}");
    }
}

/// Some control calls, with what they answer.
const CALLS: [(&str, &str, u16); 19] = [
    ("GET", "", 200),
    ("GET", "/catalog", 200),
    ("GET", "/scenarios", 200),
    ("GET", "/scenarios/default", 200),
    ("GET", "/scenarios/defualt", 404),
    ("GET", "/spaces", 200),
    ("POST", "/reset", 200),
    ("GET", "/world", 200),
    ("GET", "/customers", 200),
    ("GET", "/journal", 200),
    ("GET", "/clock", 200),
    ("GET", "/scripted", 200),
    ("GET", "/schema/fixture.json", 200),
    ("DELETE", "/journal", 204),
    ("GET", "/unknown", 404),
    ("GET", "/customers/c-1/unknown", 404),
    ("PATCH", "/customers/c-1", 404),
    ("POST", "/clock", 404),
    ("GET", "/verify", 404),
];

#[tokio::test]
async fn every_control_answer_has_an_id_of_its_own_and_every_refusal_one_form() {
    let service = Service::with("");
    let mut ids = Vec::new();
    for (method, path, status) in CALLS.into_iter().chain([("GET", "/livez", 200), ("HEAD", "/readyz", 200)]) {
        let method = method.parse().expect("a method");
        let reply = service.call(method, &format!("/_sim{path}"), &[], "").await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        assert!(reply.id().len() == 32 && reply.id().bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}: {reply:?}");
        ids.push(reply.id().to_owned());
        if status == 404 {
            let keys: Vec<_> = reply.json().as_object().expect("an object").keys().cloned().collect();
            assert_eq!(keys, ["error", "detail"], "{path}");
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CALLS.len() + 2);
    let (_, journal) = service.control(Method::GET, "/journal", None).await;
    assert_eq!(journal["entries"], json!([]), "control calls are not journalled");
}

#[test]
fn with_a_control_token_only_health_is_free() {
    let simulator = Simulator::start(&["--control-token", "control-secret"]);
    let client = Client::of(&simulator);
    for (method, path, status) in CALLS {
        let call = |shown: &[(&str, &str)]| client.call(method, &format!("/_sim{path}"), shown);
        for wrong in [
            &[][..],
            &[("authorization", "Bearer control")],
            &[("authorization", "Bearer control-secret2")],
            &[("authorization", "control-secret")],
            &[("x-auth-token", "control-secret")],
        ] {
            let (refused, error) = call(wrong);
            assert_eq!((refused, error["error"].is_string()), (401, true), "{path}: {wrong:?}");
        }
        assert_eq!(call(&[("authorization", "Bearer control-secret")]).0, status, "{path}");
    }
    for path in ["/_sim/livez", "/_sim/readyz"] {
        assert_eq!(client.call("GET", path, &[]).0, 200, "{path}");
        assert_eq!(client.call("HEAD", path, &[]).0, 200, "{path}");
    }
    assert_eq!(client.apply("demo-token", "no-such-customer"), "CBC.0100", "the API itself asks for no control token");
}

/// What an outcome of the catalog looks like in an answer.
fn is_outcome(outcome: &str, response: &Value) -> bool {
    let body = &response["body"];
    match outcome.strip_prefix("is_review ") {
        Some(review) => response["status"] == 200 && body["is_review"].to_string().trim_matches('"') == review,
        None if outcome.starts_with("CBC.") => body["error_code"] == outcome,
        None => body["error_code"] == "CBC.99007004" && body["fail_check_items"] == json!([outcome]),
    }
}

async fn catalog(service: &Service, space: &str) -> Vec<Value> {
    let (status, catalog) = service.control(Method::GET, &format!("/catalog?space={space}"), None).await;
    assert_eq!(status, 200);
    catalog["outcomes"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_catalog_has_every_documented_outcome_with_ways_to_get_it() {
    let service = Service::builtin();
    let outcomes = catalog(&service, "default").await;
    let named: Vec<_> = outcomes.iter().map(|row| row["outcome"].as_str().expect("text")).collect();
    let documented = [
        "is_review 0",
        "is_review 1",
        "CBC.99000000",
        "CBC.99000027",
        "CBC.99000026",
        "CBC.99000035",
        "CBC.99005030",
        "CBC.99007004",
        "CBC.99007188",
        "CBC.99007189",
        "CBC.99007193",
        "CBC.99007202",
        "CBC.99007259",
        "CBC.99007261",
        "CBC.99007265",
        "CBC.0100",
        "CBC.0151",
        "CBC.0999",
        "PIC_FORMAT_ERR",
        "PIC_SIZE_ERR",
        "INVALID_FRONT_IDCARD",
        "INVALID_BACK_IDCARD",
        "IDCARD_INFO_NOT_SAME",
        "INVALID_IDCARD_FACE",
    ];
    assert_eq!(named, documented);
    for row in &outcomes {
        let name = row["outcome"].as_str().expect("text");
        assert!(row["status"].is_u64() && !row["text"].as_str().expect("text").is_empty(), "{row}");
        assert!(row["causes"].is_array(), "{row}");
        let scenario = row["ways"]["scenario"].as_str().unwrap_or_else(|| panic!("no scenario for {name}"));
        let (status, told) = service.control(Method::GET, &format!("/scenarios/{scenario}"), None).await;
        assert_eq!((status, &told["name"]), (200, &json!(scenario)), "{name}");
        assert!(told["yaml"].as_str().is_some_and(|yaml| yaml.contains("exchanges:")), "{name}: {told}");

        let script = &row["ways"]["scripted"];
        assert_eq!(service.control(Method::POST, "/scripted", Some(script)).await.0, 201, "{name}: {script}");
        let request = with(passport("customer-own"), "xaccount_type", "***_IDP");
        let reply = service.apply_as("demo-token", &request).await;
        let response = json!({ "status": reply.status.as_u16(), "body": reply.json() });
        assert!(is_outcome(name, &response) && response["status"] == row["status"], "{name}: {response}");
        service.control(Method::POST, "/reset", None).await;
    }
}

#[tokio::test]
async fn every_request_of_the_catalog_gives_its_outcome_in_every_scenario() {
    let service = Service::builtin();
    let (_, scenarios) = service.control(Method::GET, "/scenarios", None).await;
    let mut sent = std::collections::BTreeSet::new();
    for scenario in scenarios["scenarios"].as_array().expect("a list") {
        let (status, space) =
            service.control(Method::POST, "/spaces", Some(&json!({ "scenario": scenario["name"] }))).await;
        assert_eq!(status, 201, "{scenario}: {space}");
        let id = space["id"].as_str().expect("an ID");
        for row in catalog(&service, id).await {
            let request = &row["ways"]["request"];
            if request.is_null() {
                continue;
            }
            let name = row["outcome"].as_str().expect("text");
            let caller = request["as"].as_str().expect("text");
            let partner =
                space["partners"].as_array().expect("a list").iter().find(|partner| partner["name"] == caller);
            let token = partner.map_or(caller, |partner| partner["token"].as_str().expect("text"));
            let headers = [("content-type", "application/json"), ("x-auth-token", token), ("x-sim-space", id)];
            let body = request["request"].to_string();
            let reply = service.call(Method::POST, INDIVIDUAL, &headers, body).await;
            let response = json!({ "status": reply.status.as_u16(), "body": reply.json() });
            assert!(is_outcome(name, &response), "{}: {name}: {request}: {response}", scenario["name"]);
            sent.insert(name.to_owned());
            service.control(Method::POST, &format!("/reset?space={id}"), None).await;
        }
    }
    assert!(sent.len() >= 18, "only these were sent: {sent:?}");
}
