//! `/_sim/spaces`, and which space a request belongs to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{INDIVIDUAL, Reply, SignedRequest, TestApp, UNDER_REVIEW, keys, list, now, passport, text, with};

/// A world with one customer.
fn fixture(customer: &str) -> Value {
    json!({
        "partners": [{ "id": "p-account", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": {
            "tokens": ["listed-token"], "users": [{ "name": "ann", "password": "secret" }],
        } }],
        "customers": [{ "id": customer, "partner": "demo" }],
    })
}

/// The token of the first partner.
fn token(space: &Value) -> &str {
    text(&space["partners"][0]["token"])
}

/// The access key of the first partner.
fn key(space: &Value) -> (&str, &str) {
    let partner = &space["partners"][0];
    (text(&partner["ak"]), text(&partner["sk"]))
}

/// Adds the query that names a space.
fn at(path: &str, space: &Value) -> String {
    format!("{path}?space={}", text(&space["id"]))
}

/// Asserts that the gateway says that a space is gone, and which.
#[track_caller]
fn assert_gone(reply: &Reply, id: &str) {
    let body = reply.json();
    assert_eq!((reply.status, &body["error_code"]), (401, &json!("APIGW.0301")), "{reply:?}");
    assert_eq!(body["request_id"], reply.id());
    assert!(text(&body["error_msg"]).contains(id), "{body} does not name {id}");
    assert_eq!(keys(&body), ["error_msg", "error_code", "request_id"]);
}

#[tokio::test]
async fn post_spaces_answers_fresh_credentials_of_each_partner() {
    let app = TestApp::with("");
    let [first, second] = [
        app.create_space(&json!({ "scenario": "default" })).await,
        app.create_space(&json!({ "scenario": "default" })).await,
    ];
    for space in [&first, &second] {
        assert_eq!(space["scenario"], "default");
        assert_eq!(keys(space), ["id", "scenario", "partners", "users"]);
        let partners = list(space, "partners");
        let answer: Vec<_> =
            partners.iter().map(|partner| json!([partner["name"], partner["id"], partner["xaccount_type"]])).collect();
        assert_eq!(
            answer,
            [
                json!(["demo-partner", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "***_IDP"]),
                json!(["other-partner", "7c1d2e3f4a5b46c7d8e9f0a1b2c3d4e5", "OTHER_IDP"]),
            ],
        );
        for partner in partners {
            assert_eq!(keys(partner), ["name", "id", "xaccount_type", "token", "ak", "sk"]);
        }
    }
    let users: Vec<_> = list(&first, "users").iter().map(|user| [&user["domain"], &user["name"]]).collect();
    let fresh = json!(format!("user-{}", text(&first["id"])));
    let [demo, other] = [json!("demo-partner"), json!("other-partner")];
    assert_eq!(users, [[&demo, &fresh], [&demo, &json!("demo")], [&other, &fresh]]);
    let mut secrets: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|space| list(space, "partners"))
        .flat_map(|partner| ["token", "ak", "sk"].map(|name| text(&partner[name])))
        .collect();
    secrets.extend([&first, &second].iter().flat_map(|space| list(space, "users")).filter_map(|user| {
        let is_fresh = text(&user["name"]).starts_with("user-");
        is_fresh.then(|| text(&user["password"]))
    }));
    secrets.extend(["demo-token", "other-token", "DEMOAK0001", "demo-secret"]);
    secrets.sort_unstable();
    let all = secrets.len();
    secrets.dedup();
    assert_eq!(secrets.len(), all, "a credential stands twice: {secrets:?}");
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn post_spaces_with_four_thousand_partners_gives_each_its_own_key() {
    let app = TestApp::with("");
    let partner = |number| json!({ "id": format!("id-{number}"), "name": format!("p-{number}"), "xaccount_type": "X" });
    // So many that two keys would be alike if they were left to chance.
    let partners: Vec<_> = (0..4000).map(partner).collect();
    let space = app.create_space(&json!({ "fixture": { "partners": partners } })).await;
    let keys: BTreeSet<_> = list(&space, "partners").iter().map(|partner| text(&partner["ak"])).collect();
    assert_eq!(keys.len(), 4000);
}

#[tokio::test]
async fn request_with_the_credentials_of_a_space_is_answered_by_it() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    app.apply_as(token(&space), &passport("c-1")).await.assert(200, UNDER_REVIEW);
    let customer = app.get(&at("/customers/c-1", &space)).await;
    assert_eq!(customer["real_name"], "under_review");
    let customer = app.get("/customers/c-1").await;
    assert_eq!(customer["real_name"], "unauthenticated", "the default space has changed too");

    let again = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let (key, body, date) = (key(&again), passport("c-1").to_string(), now());
    let signed = SignedRequest { key, ..SignedRequest::post(&body, &date) };
    app.send(signed.request()).await.assert(200, UNDER_REVIEW);
    let domains = SignedRequest { method: "GET", path: "/v3/auth/domains", body: "", ..signed };
    assert_eq!(app.send(domains.request()).await.json()["domains"][0]["id"], "p-account");
}

#[tokio::test]
async fn request_with_x_sim_space_is_answered_by_that_space() {
    let app = TestApp::with("");
    let [first, second] = [
        app.create_space(&json!({ "fixture": fixture("c-first") })).await,
        app.create_space(&json!({ "fixture": fixture("c-second") })).await,
    ];
    for (space, customer) in [(&first, "c-first"), (&second, "c-second")] {
        let id = text(&space["id"]);
        let by_header = app.call("GET", "/_sim/customers", &[("X-Sim-Space", id)], "").await.json();
        let by_query = app.get(&at("/customers", space)).await;
        assert_eq!(by_header, by_query);
        assert_eq!(by_header["customers"][0]["id"], customer);
        // A token that the fixture lists leads nowhere by itself: several spaces may list it.
        let headers = [("content-type", "application/json"), ("x-auth-token", "listed-token"), ("x-sim-space", id)];
        let body = passport(customer).to_string();
        app.call("POST", INDIVIDUAL, &headers, body).await.assert(200, UNDER_REVIEW);
    }
    let headers = [("x-auth-token", token(&first)), ("x-sim-space", text(&second["id"]))];
    let reply = app.call("POST", INDIVIDUAL, &headers, "{}").await;
    assert_eq!(reply.status, 401, "the header counts before the credential, which the space does not know: {reply:?}");
    let headers = [("content-type", "application/json"), ("x-auth-token", token(&first)), ("x-sim-space", "default")];
    assert_eq!(app.call("POST", INDIVIDUAL, &headers, "{}").await.status, 401);
}

/// Uses a space of its own, and asserts that it sees only what it did itself.
async fn live(app: TestApp, number: usize) {
    let (own, foreign) = (format!("c-{number}"), format!("c-{}", number + 1));
    let space = app.create_space(&json!({ "fixture": fixture(&own) })).await;
    let script =
        json!({ "when": { "name": format!("Scripted {number}") }, "times": 2, "then": { "error_code": "CBC.0999" } });
    app.assert_control("POST", &at("/scripted", &space), script, 201).await;
    let advance = json!({ "advance": format!("{}h", number + 1) });
    app.assert_control("PUT", &at("/clock", &space), advance, 200).await;

    let application = with(passport(&own), "verified_number", "E00000001");
    let named = with(application.clone(), "name", format!("Scripted {number}"));
    let outcomes = [(named, 500), (passport(&foreign), 400), (application.clone(), 200), (application, 400)];
    let mut ids = Vec::new();
    for (application, status) in outcomes {
        let reply = app.apply_as(token(&space), &application).await;
        assert_eq!(reply.status, status, "{number}: {reply:?}");
        ids.push(Value::from(reply.id()));
    }

    let customers = app.get(&at("/customers", &space)).await;
    assert_eq!(list(&customers, "customers").len(), 1, "{customers}");
    assert_eq!(customers["customers"][0]["attempts"], 1, "{customers}");
    let certificates = app.get(&at("/certificates", &space)).await;
    assert_eq!(certificates["certificates"][0]["used_by"], json!([own]));
    let script = app.get(&at("/scripted", &space)).await;
    assert_eq!((list(&script, "scripted").len(), &script["scripted"][0]["left"]), (1, &json!(1)));
    let journal = app.get(&at("/journal", &space)).await;
    let found: Vec<_> = list(&journal, "entries").iter().map(|entry| entry["request_id"].clone()).collect();
    assert_eq!(found, ids);
    let clock = app.get(&at("/clock", &space)).await;
    let hours = (clock["ahead_ms"].as_u64().expect("a number") + 1_800_000) / 3_600_000;
    assert_eq!(hours, number as u64 + 1, "{clock}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_spaces_at_once_are_isolated() {
    let app = TestApp::with("");
    let clients: Vec<_> = (0..200).map(|number| tokio::spawn(live(app.clone(), number))).collect();
    for client in clients {
        client.await.expect("every client finds its space as it left it");
    }
    let journal = app.get("/journal").await;
    assert_eq!(journal["entries"], json!([]), "the default space was not called");
    let spaces = app.get("/spaces").await;
    assert_eq!(list(&spaces, "spaces").len(), 201);
}

#[tokio::test]
async fn request_for_a_deleted_space_names_it() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let id = text(&space["id"]);
    let path = format!("/spaces/{id}");
    assert_eq!(app.get(&path).await, space);
    assert_eq!(app.delete(&path).await, 204);
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path),
        ("GET", format!("/journal?space={id}")),
        ("POST", format!("/reset?space={id}")),
        ("GET", "/customers?space=no-such-space".to_owned()),
    ] {
        let (status, error) = app.control(method, &path, &Value::Null).await;
        assert_eq!((status, error["error"].is_string()), (404, true), "{path}: {error}");
    }
    let by_header = app.call("GET", "/_sim/clock", &[("x-sim-space", id)], "").await;
    assert_eq!(by_header.status, 404);

    assert_gone(&app.apply_as(token(&space), &passport("c-1")).await, id);
    let signed = SignedRequest { key: key(&space), ..SignedRequest::post("{}", &now()) }.request();
    assert_gone(&app.send(signed).await, id);
    let named = [("x-auth-token", "token"), ("x-sim-space", id)];
    assert_gone(&app.call("POST", INDIVIDUAL, &named, "{}").await, id);
    let never = [("x-auth-token", "token"), ("x-sim-space", "never-was")];
    assert_gone(&app.call("POST", INDIVIDUAL, &never, "{}").await, "never-was");
}

#[tokio::test]
async fn delete_default_space_is_409() {
    let app = TestApp::with("");
    let (status, error) = app.control("DELETE", "/spaces/default", &Value::Null).await;
    assert_eq!((status, error["error"].is_string()), (409, true), "{error}");
    assert_eq!(app.get("/spaces/default").await["id"], "default");
}

#[tokio::test]
async fn post_spaces_with_mistakes_is_422_with_line_key_and_hint() {
    let app = TestApp::with("");
    let refuse = async |body: &str| {
        let reply = app.call("POST", "/_sim/spaces", &[], body.to_owned()).await;
        (reply.status, reply.json())
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
        let problem = list(&error, "detail").iter().find(|problem| text(&problem["key"]).ends_with(key));
        let problem = problem.unwrap_or_else(|| panic!("nothing about `{key}` in {error}"));
        assert_eq!(problem["line"], line, "{body}: {error}");
        assert!(problem["column"].as_u64().is_some_and(|column| column > 0), "{error}");
        assert!(!text(&problem["message"]).is_empty(), "{error}");
        assert!(text(&problem["hint"]).contains(hint), "{error}");
    }
    assert_eq!(refuse(r#"{"scenario":"default","fixture":{}}"#).await.0, 422, "one of them, not both");
    let (status, error) = refuse(r#"{"scenario":"defualt"}"#).await;
    assert_eq!(status, 404);
    assert!(text(&error["detail"]).contains("`default`"), "{error}");
    let spaces = app.get("/spaces").await;
    assert_eq!(list(&spaces, "spaces").len(), 1, "a refused body creates nothing");
}

#[tokio::test]
async fn request_with_a_token_issued_in_a_space_is_answered_by_it() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let user = ["demo", "ann", "secret"];
    let issued = app.log_in(user, &[("x-sim-space", text(&space["id"]))]).await;
    app.apply_as(issued.token(), &passport("c-1")).await.assert(200, UNDER_REVIEW);
    let here = app.log_in(user, &[]).await;
    assert_eq!(here.status, 401, "the default space has no such user");
}

/// The login of a user in the answer of `POST /_sim/spaces`.
fn login(user: &Value) -> [&str; 3] {
    [text(&user["domain"]), text(&user["name"]), text(&user["password"])]
}

#[tokio::test]
async fn request_with_a_broken_credential_of_a_space_is_refused_there() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let (token, (ak, _)) = (token(&space), key(&space));
    for (name, value) in [
        ("x-auth-token", format!("Bearer {token}")),
        ("x-auth-token", format!("\"{token}\"")),
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("SDK-HMAC-SHA256 Access={ak}, SignedHeaders=host, Signature=zz")),
        ("authorization", format!("AWS4-HMAC-SHA256 Credential={ak}/20261129/x, Signature=00")),
    ] {
        let reply = app.call("POST", INDIVIDUAL, &[(name, &value)], "{}").await;
        assert_eq!(reply.status, 401, "{name}: {value}");
        app.get(&at(&format!("/journal/{}", reply.id()), &space)).await;
    }
    assert_eq!(app.get("/journal").await["entries"], json!([]), "nothing is in the default space");
}

#[tokio::test]
async fn credential_that_looks_like_one_of_a_space_is_of_a_lenient_default_space() {
    let credentials = [
        ("x-auth-token", "xxHSTA0123456789012345"),
        ("authorization", "SDK-HMAC-SHA256 Access=HSTA0BCDEFGHIJKLMNOP, SignedHeaders=host, Signature=00"),
    ];
    for (settings, status) in [("authentication: lenient", 200), ("authentication: strict", 401)] {
        let app = TestApp::with(&format!(
            "settings: {{ {settings} }}\ncustomers: [{{ id: c-1, partner: demo }}, {{ id: c-2, partner: demo }}]"
        ));
        for ((name, value), customer) in credentials.into_iter().zip(["c-1", "c-2"]) {
            let headers = [("content-type", "application/json"), (name, value)];
            let reply = app.call("POST", INDIVIDUAL, &headers, passport(customer).to_string()).await;
            assert_eq!(reply.status, status, "{settings}, {value}: {reply:?}");
            let named = [headers[0], headers[1], ("x-sim-space", "00000000000000aa")];
            assert_gone(&app.call("POST", INDIVIDUAL, &named, "{}").await, "00000000000000aa");
        }
    }
}

#[tokio::test]
async fn login_of_a_fresh_user_leads_to_its_space_without_a_header() {
    let app = TestApp::with("");
    let spaces = [
        app.create_space(&json!({ "fixture": fixture("c-1") })).await,
        app.create_space(&json!({ "fixture": fixture("c-1") })).await,
    ];
    for space in &spaces {
        let issued = app.log_in(login(&space["users"][0]), &[]).await;
        assert_eq!(issued.status, 201, "{issued:?}");
        app.apply_as(issued.token(), &passport("c-1")).await.assert(200, UNDER_REVIEW);
        let journal = app.get(&at("/journal", space)).await;
        let paths: Vec<_> = list(&journal, "entries").iter().map(|entry| text(&entry["request"]["path"])).collect();
        assert_eq!(paths, ["/v3/auth/tokens", INDIVIDUAL], "the login is recorded where it was answered");
        assert_eq!(journal["entries"][0]["caller"], "demo");
    }
    assert_eq!(app.get("/journal").await["entries"], json!([]), "the default space was not called");

    // What is scripted, and what is wrong, is also that of the space.
    let [first, second] = &spaces;
    let script = json!({ "when": { "path": "/v3/auth/tokens" }, "times": 1, "then": { "gateway": "APIGW.0308" } });
    app.assert_control("POST", &at("/scripted", first), script, 201).await;
    assert_eq!(app.log_in(login(&second["users"][0]), &[]).await.status, 201);
    let [domain, name, _] = login(&first["users"][0]);
    assert_eq!(app.log_in([domain, name, "wrong"], &[]).await.status, 429);
    let wrong = app.log_in([domain, name, "wrong"], &[]).await;
    assert_eq!(wrong.status, 401);
    assert!(app.control("GET", &at(&format!("/journal/{}", wrong.id()), first), &Value::Null).await.0 == 200);

    // A space that the client names itself counts before.
    let elsewhere = app.log_in(login(&first["users"][0]), &[("x-sim-space", text(&second["id"]))]).await;
    assert_eq!(elsewhere.status, 401, "{elsewhere:?}");
}

#[tokio::test]
async fn login_of_a_user_whose_space_is_gone_says_so() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let id = text(&space["id"]);
    assert_eq!(app.delete(&format!("/spaces/{id}")).await, 204);
    let reply = app.log_in(login(&space["users"][0]), &[]).await;
    assert_eq!(reply.status, 401);
    let entry = app.get(&format!("/journal/{}", reply.id())).await;
    let hint = format!("the user was made for the space {id}: it was deleted, gave way to newer ones, or never was");
    let why = format!("identity: no such user with this password ({hint})");
    assert_eq!(entry["outcome"]["why"], json!(why));
}

#[tokio::test]
async fn label_is_shown_wherever_the_space_is() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1"), "label": "test_retry[gw0]" })).await;
    assert_eq!(keys(&space), ["id", "label", "scenario", "partners", "users"]);
    let labels = async || {
        app.apply_as(token(&space), &passport("c-1")).await;
        let (spaces, journal) = (app.get("/spaces").await, app.get(&at("/journal", &space)).await);
        let entry = list(&journal, "entries").last().expect("an entry").clone();
        let one = app.get(&format!("/spaces/{}", text(&space["id"]))).await;
        assert_eq!(spaces["spaces"][0].get("label"), None, "the default space has none");
        [spaces["spaces"][1]["label"].clone(), entry["label"].clone(), one["label"].clone()]
    };
    assert_eq!(labels().await, ["test_retry[gw0]"; 3]);
    app.post(&at("/reset", &space), &Value::Null).await;
    assert_eq!(labels().await, ["test_retry[gw0]"; 3]);

    let path = format!("/spaces/{}", text(&space["id"]));
    let changed = app.assert_control("PUT", &path, json!({ "label": "字".repeat(200) }), 200).await;
    assert_eq!((&changed["label"], &changed["users"]), (&json!("字".repeat(200)), &space["users"]));
    for label in ["字".repeat(201), "x".repeat(1_000_000)] {
        for (method, path) in [("PUT", &*path), ("POST", "/spaces")] {
            let error = app.assert_control(method, path, json!({ "label": label }), 422).await;
            assert!(text(&error["detail"][0]["message"]).contains("at most 200"), "{error}");
        }
    }
    for blank in ["", " ", "\n\u{3000}"] {
        let error = app.assert_control("PUT", &path, json!({ "label": blank }), 422).await;
        assert!(text(&error["detail"][0]["message"]).contains("blank"), "{error}");
    }
    assert_eq!(labels().await, [(); 3].map(|()| json!("字".repeat(200))), "a refused label changes nothing");
    app.assert_control("PUT", &path, json!({ "label": null }), 200).await;
    assert_eq!(labels().await, [Value::Null, Value::Null, Value::Null]);
    let (status, _) = app.put("/spaces/ffffffffffffffff", &json!({ "label": "x" })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn post_reset_and_put_world_keep_the_credentials_of_the_space() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    app.apply_as(token(&space), &passport("c-1")).await.assert(200, UNDER_REVIEW);
    let (status, answer) = app.post(&at("/reset", &space), &Value::Null).await;
    assert_eq!((status, &answer["partners"]), (200, &space["partners"]));
    assert_eq!(answer["users"], space["users"]);
    app.apply_as(token(&space), &passport("c-1")).await.assert(200, UNDER_REVIEW);
    let (status, answer) = app.put(&at("/world", &space), &fixture("c-2")).await;
    assert_eq!((status, &answer["partners"]), (200, &space["partners"]));
    assert_eq!(answer["users"], space["users"]);
    assert_eq!(app.log_in(login(&space["users"][0]), &[]).await.status, 201);
    app.apply_as(token(&space), &passport("c-2")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn har_of_a_space_names_the_fields_of_a_login_and_the_parts_of_a_signature() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({ "fixture": fixture("c-1") })).await;
    let (ak, sk) = key(&space);
    app.log_in(login(&space["users"][0]), &[]).await;
    let date = now();
    app.send(SignedRequest { key: (ak, sk), ..SignedRequest::post("{}", &date) }.request()).await;
    let scoped = format!("V11-HMAC-SHA256 Credential={ak}/20261129/x, SignedHeaders=host;x-sdk-date, Signature=12cd");
    app.call("POST", INDIVIDUAL, &[("authorization", &scoped)], "{}").await;
    let har = app.get(&format!("{}&format=har", at("/journal", &space))).await;
    assert!(!har.to_string().contains(ak) && !har.to_string().contains("Signature=12cd"), "{har:#}");
    let entries = list(&har["log"], "entries");
    let answer: Value = serde_json::from_str(text(&entries[0]["response"]["content"]["text"])).expect("it is JSON");
    let token = &answer["token"];
    assert_eq!(keys(token), ["catalog", "domain", "expires_at", "issued_at", "methods", "roles", "user"]);
    assert_eq!(token["user"]["domain"]["id"], space["partners"][0]["id"], "the ID tells which partner it is");
    assert_ne!(token["user"]["name"], space["users"][0]["name"]);
    let authorization = |place: usize| {
        let headers = list(&entries[place]["request"], "headers");
        let header = headers.iter().find(|header| header["name"] == "authorization").expect("it was sent");
        text(&header["value"]).to_owned()
    };
    let part = |value: &str, name: &str| {
        let (_, rest) = value.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name}: {value}"));
        rest.split([',', '/']).next().expect("a value").to_owned()
    };
    let (signed, scoped) = (authorization(1), authorization(2));
    assert!(signed.starts_with("SDK-HMAC-SHA256 Access="), "{signed}");
    assert_eq!(part(&scoped, "SignedHeaders"), "host;x-sdk-date");
    assert_eq!((part(&signed, "Signature").len(), part(&scoped, "Signature").len()), (64, 4));
    assert_eq!(part(&signed, "Access"), part(&scoped, "Credential"), "equal values stay equal");
}
