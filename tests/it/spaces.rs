//! Spaces: worlds of their own for tests that run side by side.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::service::{INDIVIDUAL, Reply, Service, passport, with};
use crate::time::{login, signed};

/// A world with one customer.
fn fixture(customer: &str) -> Value {
    json!({
        "partners": [{ "id": "p-account", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": {
            "tokens": ["listed-token"], "users": [{ "name": "ann", "password": "secret" }],
        } }],
        "customers": [{ "id": customer, "partner": "demo" }],
    })
}

/// Creates a space; what was answered.
async fn create(service: &Service, body: &Value) -> Value {
    let (status, space) = service.control(Method::POST, "/spaces", Some(body)).await;
    assert_eq!(status, 201, "{space}");
    space
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

fn token(space: &Value) -> &str {
    text(space, "/partners/0/token")
}

/// A control call in a space.
async fn steer(service: &Service, method: Method, path: &str, space: &Value, body: Option<&Value>) -> (u16, Value) {
    service.control(method, &format!("{path}?space={}", text(space, "/id")), body).await
}

/// Asserts that the gateway says that a space is gone, and which.
#[track_caller]
fn assert_gone(reply: &Reply, id: &str) {
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["error_code"]), (401, &json!("APIGW.0301")), "{reply:?}");
    assert_eq!(body["request_id"], reply.id());
    assert!(text(&body, "/error_msg").contains(id), "{body} does not name {id}");
    let keys: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["error_msg", "error_code", "request_id"]);
}

#[tokio::test]
async fn a_space_of_a_scenario_answers_fresh_credentials_of_each_partner() {
    let service = Service::with("");
    let [first, second] = [
        create(&service, &json!({ "scenario": "default" })).await,
        create(&service, &json!({ "scenario": "default" })).await,
    ];
    for space in [&first, &second] {
        assert_eq!(space["scenario"], "default");
        let keys: Vec<_> = space.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["id", "scenario", "partners"]);
        let partners = space["partners"].as_array().expect("a list");
        let told: Vec<_> =
            partners.iter().map(|partner| json!([partner["name"], partner["id"], partner["xaccount_type"]])).collect();
        assert_eq!(
            told,
            [
                json!(["demo-partner", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "***_IDP"]),
                json!(["other-partner", "7c1d2e3f4a5b46c7d8e9f0a1b2c3d4e5", "OTHER_IDP"]),
            ],
        );
        for partner in partners {
            let keys: Vec<_> = partner.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["name", "id", "xaccount_type", "token", "ak", "sk"]);
        }
    }
    let mut secrets: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|space| ["/partners/0", "/partners/1"].map(|partner| (space, partner)))
        .flat_map(|(space, partner)| ["token", "ak", "sk"].map(|name| text(space, &format!("{partner}/{name}"))))
        .collect();
    secrets.extend(["demo-token", "other-token", "DEMOAK0001", "demo-secret"]);
    secrets.sort_unstable();
    let all = secrets.len();
    secrets.dedup();
    assert_eq!(secrets.len(), all, "a credential stands twice: {secrets:?}");
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn every_partner_of_a_space_has_a_key_of_its_own() {
    let service = Service::with("");
    let partner = |number| json!({ "id": format!("id-{number}"), "name": format!("p-{number}"), "xaccount_type": "X" });
    // So many that two keys would be alike if they were left to chance.
    let partners: Vec<_> = (0..4000).map(partner).collect();
    let space = create(&service, &json!({ "fixture": { "partners": partners } })).await;
    let partners = space["partners"].as_array().expect("a list");
    let keys: BTreeSet<_> = partners.iter().map(|partner| text(partner, "/ak")).collect();
    assert_eq!(keys.len(), 4000);
}

#[tokio::test]
async fn a_client_of_a_space_needs_only_one_of_its_credentials() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let space = create(&service, &json!({ "fixture": fixture("c-1") })).await;
    service.apply_as(token(&space), &passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let (_, customer) = steer(&service, Method::GET, "/customers/c-1", &space, None).await;
    assert_eq!(customer["real_name"], "under_review");
    let (_, customer) = service.control(Method::GET, "/customers/c-1", None).await;
    assert_eq!(customer["real_name"], "unauthenticated", "the default space has changed too");

    let again = create(&service, &json!({ "fixture": fixture("c-1") })).await;
    let (ak, sk) = (text(&again, "/partners/0/ak"), text(&again, "/partners/0/sk"));
    let body = passport("c-1").to_string();
    let reply = service.send(signed(Method::POST, INDIVIDUAL, &body, ak, sk, 0)).await;
    reply.assert(200, r#"{"is_review":1}"#);
    let domains = service.send(signed(Method::GET, "/v3/auth/domains", "", ak, sk, 0)).await.json();
    assert_eq!(domains["domains"][0]["id"], "p-account");
}

#[tokio::test]
async fn a_header_or_a_query_names_the_space() {
    let service = Service::with("");
    let [first, second] = [
        create(&service, &json!({ "fixture": fixture("c-first") })).await,
        create(&service, &json!({ "fixture": fixture("c-second") })).await,
    ];
    for (space, customer) in [(&first, "c-first"), (&second, "c-second")] {
        let id = text(space, "/id");
        let by_header = service.call(Method::GET, "/_sim/customers", &[("X-Sim-Space", id)], "").await.json();
        let (_, by_query) = steer(&service, Method::GET, "/customers", space, None).await;
        assert_eq!(by_header, by_query);
        assert_eq!(by_header["customers"][0]["id"], customer);
        // A token that the fixture lists leads nowhere by itself: several spaces may list it.
        let headers = [("content-type", "application/json"), ("x-auth-token", "listed-token"), ("x-sim-space", id)];
        let body = passport(customer).to_string();
        service.call(Method::POST, INDIVIDUAL, &headers, body).await.assert(200, r#"{"is_review":1}"#);
    }
    let headers = [("x-auth-token", token(&first)), ("x-sim-space", text(&second, "/id"))];
    let reply = service.call(Method::POST, INDIVIDUAL, &headers, "{}").await;
    assert_eq!(reply.status, 401, "the header counts before the credential, which the space does not know: {reply:?}");
    let headers = [("content-type", "application/json"), ("x-auth-token", token(&first)), ("x-sim-space", "default")];
    assert_eq!(service.call(Method::POST, INDIVIDUAL, &headers, "{}").await.status, 401);
}

/// What one of many clients does in its space, and sees of it.
async fn live(service: Service, number: usize) {
    let (own, foreign) = (format!("c-{number}"), format!("c-{}", number + 1));
    let space = create(&service, &json!({ "fixture": fixture(&own) })).await;
    let script =
        json!({ "when": { "name": format!("Scripted {number}") }, "times": 2, "then": { "error_code": "CBC.0999" } });
    assert_eq!(steer(&service, Method::POST, "/scripted", &space, Some(&script)).await.0, 201);
    let hours = json!({ "advance": format!("{}h", number + 1) });
    steer(&service, Method::PUT, "/clock", &space, Some(&hours)).await;

    let application = with(passport(&own), "verified_number", "E00000001");
    let named = with(application.clone(), "name", format!("Scripted {number}"));
    let outcomes = [(named, 500), (passport(&foreign), 400), (application.clone(), 200), (application, 400)];
    let mut ids = Vec::new();
    for (application, status) in outcomes {
        let reply = service.apply_as(token(&space), &application).await;
        assert_eq!(reply.status, status, "{number}: {reply:?}");
        ids.push(Value::from(reply.id()));
    }

    let (_, customers) = steer(&service, Method::GET, "/customers", &space, None).await;
    assert_eq!(customers["customers"].as_array().map(Vec::len), Some(1), "{customers}");
    assert_eq!(customers["customers"][0]["attempts"], 1, "{customers}");
    let (_, certificates) = steer(&service, Method::GET, "/certificates", &space, None).await;
    assert_eq!(certificates["certificates"][0]["used_by"], json!([own]));
    let (_, script) = steer(&service, Method::GET, "/scripted", &space, None).await;
    assert_eq!((script["scripted"].as_array().map(Vec::len), &script["scripted"][0]["left"]), (Some(1), &json!(1)));
    let (_, journal) = steer(&service, Method::GET, "/journal", &space, None).await;
    let entries = journal["entries"].as_array().expect("a list");
    assert_eq!(entries.iter().map(|entry| entry["request_id"].clone()).collect::<Vec<_>>(), ids);
    let (_, clock) = steer(&service, Method::GET, "/clock", &space, None).await;
    let hour = 3_600_000;
    let ahead = clock["ahead_ms"].as_u64().expect("a number");
    let set = (number as u64 + 1) * hour;
    assert!((set - 1000..=set + 1000).contains(&ahead), "{number}: {clock}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_spaces_side_by_side_see_nothing_of_one_another() {
    let service = Service::with("");
    let clients: Vec<_> = (0..200).map(|number| tokio::spawn(live(service.clone(), number))).collect();
    for client in clients {
        client.await.expect("every client finds its space as it left it");
    }
    let (_, journal) = service.control(Method::GET, "/journal", None).await;
    assert_eq!(journal["entries"], json!([]), "the default space was not called");
    let (_, spaces) = service.control(Method::GET, "/spaces", None).await;
    assert_eq!(spaces["spaces"].as_array().map(Vec::len), Some(201));
}

#[tokio::test]
async fn a_call_for_a_space_that_is_gone_says_so() {
    let service = Service::with("");
    let space = create(&service, &json!({ "fixture": fixture("c-1") })).await;
    let id = text(&space, "/id");
    let path = format!("/spaces/{id}");
    assert_eq!(service.control(Method::GET, &path, None).await, (200, space.clone()));
    assert_eq!(service.control(Method::DELETE, &path, None).await, (204, Value::Null));
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path),
        (Method::GET, format!("/journal?space={id}")),
        (Method::POST, format!("/reset?space={id}")),
        (Method::GET, "/customers?space=no-such-space".to_owned()),
    ] {
        let (status, error) = service.control(method, &path, None).await;
        assert_eq!((status, error["error"].is_string()), (404, true), "{path}: {error}");
    }
    let by_header = service.call(Method::GET, "/_sim/clock", &[("x-sim-space", id)], "").await;
    assert_eq!(by_header.status, 404);

    assert_gone(&service.apply_as(token(&space), &passport("c-1")).await, id);
    let (ak, sk) = (text(&space, "/partners/0/ak"), text(&space, "/partners/0/sk"));
    assert_gone(&service.send(signed(Method::POST, INDIVIDUAL, "{}", ak, sk, 0)).await, id);
    let named = [("x-auth-token", "token"), ("x-sim-space", id)];
    assert_gone(&service.call(Method::POST, INDIVIDUAL, &named, "{}").await, id);
    let never = [("x-auth-token", "token"), ("x-sim-space", "never-was")];
    assert_gone(&service.call(Method::POST, INDIVIDUAL, &never, "{}").await, "never-was");
}

#[tokio::test]
async fn the_default_space_cannot_be_deleted() {
    let service = Service::with("");
    let (status, error) = service.control(Method::DELETE, "/spaces/default", None).await;
    assert_eq!((status, error["error"].is_string()), (409, true), "{error}");
    assert_eq!(service.control(Method::GET, "/spaces/default", None).await.0, 200);
}

#[tokio::test]
async fn a_bad_body_is_refused_with_what_is_wrong_and_where() {
    let service = Service::with("");
    let refuse = async |body: &str| {
        let reply = service.call(Method::POST, "/_sim/spaces", &[], body.to_owned()).await;
        (reply.status.as_u16(), reply.json())
    };
    for body in ["{", "{\"scenario\":}", "[1,"] {
        let (status, error) = refuse(body).await;
        assert_eq!((status, error["error"].is_string()), (400, true), "{body:?}: {error}");
    }
    let table = [
        // The body, the line of the mistake, what its key names, and what its hint names.
        ("{\n\"scenrio\": \"default\"}", 2, "scenrio", "scenario"),
        ("{\"fixture\": {\n \"customers\": [\n  { \"idd\": \"c\" }]}}", 3, "idd", "id"),
        ("{\"fixture\": {\"settings\":\n {\"review\": \"manul\"}}}", 2, "review", "manual"),
        (
            "{\"fixture\": {\"partners\": [{\"id\": \"p\", \"name\": \"demo\", \"xaccount_type\": \"X\"}],\n\"customers\": [\n{\"id\": \"c\", \"partner\": \"dmo\"}]}}",
            3,
            "partner",
            "demo",
        ),
    ];
    for (body, line, key, hint) in table {
        let (status, error) = refuse(body).await;
        assert_eq!(status, 422, "{body}: {error}");
        let problems = error["detail"].as_array().expect("a list");
        let problem = problems.iter().find(|problem| text(problem, "/key").ends_with(key));
        let problem = problem.unwrap_or_else(|| panic!("nothing about `{key}` in {error}"));
        assert_eq!(problem["line"], line, "{body}: {error}");
        assert!(problem["column"].as_u64().is_some_and(|column| column > 0), "{error}");
        assert!(!text(problem, "/message").is_empty(), "{error}");
        assert!(text(problem, "/hint").contains(hint), "{error}");
    }
    assert_eq!(refuse(r#"{"scenario":"default","fixture":{}}"#).await.0, 422, "one of them, not both");
    let (status, error) = refuse(r#"{"scenario":"defualt"}"#).await;
    assert_eq!(status, 404);
    assert!(text(&error, "/detail").contains("`default`"), "{error}");
    let (_, spaces) = service.control(Method::GET, "/spaces", None).await;
    assert_eq!(spaces["spaces"].as_array().map(Vec::len), Some(1), "a refused body creates nothing");
}

#[tokio::test]
async fn a_token_that_iam_issues_in_a_space_leads_to_it() {
    let service = Service::with("");
    let space = create(&service, &json!({ "fixture": fixture("c-1") })).await;
    let issued = login(&service, &[("x-sim-space", text(&space, "/id"))], ["demo", "ann", "secret"]).await;
    let token = issued.headers["x-subject-token"].to_str().expect("a token is text");
    service.apply_as(token, &passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let here = login(&service, &[], ["demo", "ann", "secret"]).await;
    assert_eq!(here.status, 401, "the default space has no such user");
}

#[tokio::test]
async fn the_credentials_of_a_space_outlive_its_reset_and_its_world() {
    let service = Service::with("");
    let space = create(&service, &json!({ "fixture": fixture("c-1") })).await;
    service.apply_as(token(&space), &passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let (status, told) = steer(&service, Method::POST, "/reset", &space, None).await;
    assert_eq!((status, &told["partners"]), (200, &space["partners"]));
    service.apply_as(token(&space), &passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let (status, told) = steer(&service, Method::PUT, "/world", &space, Some(&fixture("c-2"))).await;
    assert_eq!((status, &told["partners"]), (200, &space["partners"]));
    service.apply_as(token(&space), &passport("c-2")).await.assert(200, r#"{"is_review":1}"#);
}
