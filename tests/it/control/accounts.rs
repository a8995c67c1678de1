//! `/_sim/customers`, `/_sim/partners` and `/_sim/certificates`: created, replaced, read and deleted.

use serde_json::{Value, json};

use crate::support::{AUTHENTICATED, TestApp, UNDER_REVIEW, list, passport, with};

#[tokio::test]
async fn put_get_list_and_delete_of_each_kind() {
    let app = TestApp::with("");
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
        let before = app.get(&format!("/{kind}")).await;
        assert!(app.assert_control("GET", &path, Value::Null, 404).await["error"].is_string(), "{kind}");
        app.assert_control("DELETE", &path, Value::Null, 404).await;
        for (body, status) in [(first, 201), (second, 200)] {
            let written = app.assert_control("PUT", &path, body.clone(), status).await;
            assert_eq!(written[key], name, "{kind}");
            for (field, value) in body.as_object().expect("an object") {
                assert_eq!(&written[field], value, "{kind}: {field}");
            }
            assert_eq!(app.get(&path).await, written, "{kind}");
            let listed = app.get(&format!("/{kind}")).await;
            let listed = listed[kind].as_array().expect("a list");
            assert!(listed.contains(&written), "{kind}: {listed:?}");
            assert_eq!(listed.len(), before[kind].as_array().map_or(0, Vec::len) + 1, "{kind}");
            let again = app.assert_control("PUT", &path, written.clone(), 200).await;
            assert_eq!(again, written, "{kind}: what was read can be written");
        }
        app.assert_control("DELETE", &path, Value::Null, 204).await;
        app.assert_control("GET", &path, Value::Null, 404).await;
        assert_eq!(app.get(&format!("/{kind}")).await, before, "{kind}");
    }
}

#[tokio::test]
async fn put_and_delete_that_do_not_fit_are_refused_and_change_nothing() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }]");
    let before = app.get("/world").await;
    let taken = json!({ "partner": "demo", "credentials": { "tokens": ["token"] } });
    let partner = json!({ "id": "x", "xaccount_type": "X", "credentials": { "tokens": ["c-token"] } });
    let long = |list: &str, length: usize| format!("/{list}/{}", "n".repeat(length));
    let table = [
        ("PUT", "/customers/c-2", json!({ "partner": "unknown" }), 422, "an unknown partner"),
        ("PUT", "/customers/c-1", json!({ "partner": "unknown" }), 422, "an unknown partner for a known customer"),
        ("PUT", "/customers/c-2", taken, 409, "a partner's token"),
        ("PUT", "/partners/new", partner, 409, "a customer's token"),
        ("DELETE", "/partners/demo", Value::Null, 409, "a partner with a customer"),
        ("PUT", "/customers/c-2", json!({ "real_name": "passed" }), 422, "an unknown word"),
        ("PUT", "/customers/c-2", json!({ "partnr": "demo" }), 422, "an unknown key"),
        ("PUT", "/customers/c-2", json!({ "id": "c-3" }), 400, "another name than the path's"),
        ("PUT", "/partners/new", json!({ "id": "x" }), 422, "a key is missing"),
        ("PUT", "/certificates/E1", json!({ "verdict": "maybe" }), 422, "an unknown word"),
        ("PUT", &long("customers", 65), json!({}), 422, "a longer ID than a file may have"),
        ("PUT", &long("certificates", 65), json!({}), 422, "a longer number"),
        ("PUT", &long("partners", 257), json!({ "id": "x", "xaccount_type": "X" }), 422, "a longer name"),
    ];
    for (method, path, body, status, why) in table {
        let error = app.assert_control(method, path, body, status).await;
        assert!(error["error"].is_string() && !error["detail"].is_null(), "{why}: {error}");
        assert_eq!(app.get("/world").await, before, "{why}: it changes nothing");
    }
    for bad in ["{", "[]", "text"] {
        let reply = app.call("PUT", "/_sim/customers/c-2", &[], bad).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
    app.assert_control("DELETE", "/customers/c-1", Value::Null, 204).await;
    app.assert_control("DELETE", "/partners/demo", Value::Null, 204).await;
    assert_eq!(app.apply(&passport("c-1")).await.status, 401, "its token has gone with it");
}

#[tokio::test]
async fn put_with_a_mistake_is_422_with_its_own_line_and_column() {
    let app = TestApp::with("");
    let table = [
        ("/customers/c-9", "{\n  \"partner\": \"demo\",\n  \"real_name\": \"\\u8ba4\" }", "real_name", [3, 16]),
        ("/partners/new", "{ \"id\": \"\\ud83d\\ude00\", \"xaccount_tpye\": \"X\" }", "xaccount_tpye", [1, 25]),
        ("/certificates/E9", "{\n\"used_by\": [\n\"\u{85}\", 5] }", "used_by[1]", [3, 6]),
    ];
    for (path, body, key, place) in table {
        let reply = app.call("PUT", &format!("/_sim{path}"), &[], body).await;
        assert_eq!(reply.status, 422, "{reply:?}");
        let error = reply.json();
        let [problem] = list(&error, "detail") else { panic!("one problem: {error}") };
        assert_eq!(json!([problem["key"], [problem["line"], problem["column"]]]), json!([key, place]), "{error}");
    }
}

#[tokio::test]
async fn put_customer_partner_or_certificate_decides_the_next_application() {
    let app = TestApp::with("");
    let outcome = async |code: &str| {
        let reply = app.apply(&passport("c-1")).await;
        assert_eq!(reply.code(), code, "{reply:?}");
    };
    outcome("CBC.99000035").await;
    app.assert_control("PUT", "/customers/c-1", json!({ "partner": "other" }), 201).await;
    outcome("CBC.99000000").await;
    app.assert_control("PUT", "/customers/c-1", json!({ "partner": "demo" }), 200).await;
    app.assert_control("PUT", "/certificates/E12345678", json!({ "blocked": true }), 201).await;
    outcome("CBC.99007193").await;
    app.assert_control("PUT", "/certificates/E12345678", json!({ "used_by": ["a", "b", "c"] }), 200).await;
    outcome("CBC.99007189").await;
    app.assert_control("DELETE", "/certificates/E12345678", Value::Null, 204).await;
    let demo = app.get("/partners/demo").await;
    app.assert_control("PUT", "/partners/demo", with(demo.clone(), "photo_upload", false), 200).await;
    outcome("CBC.99005030").await;
    app.assert_control("PUT", "/partners/demo", demo, 200).await;
    app.assert_control("PUT", "/customers/c-1", json!({ "partner": "demo" }), 200).await;
    outcome("").await;
    assert_eq!(app.get("/certificates/E12345678").await["used_by"], json!(["c-1"]));
    app.assert_control("DELETE", "/customers/c-1", Value::Null, 204).await;
    outcome("CBC.99000035").await;
}

#[tokio::test]
async fn put_customer_that_was_read_changes_nothing() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }]");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    let world = app.get("/world").await;
    let customer = app.get("/customers/c-1").await;
    app.assert_control("PUT", "/customers/c-1", customer, 200).await;
    assert_eq!(app.get("/world").await, world);
}

#[tokio::test]
async fn put_without_credentials_keeps_the_credentials() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [own] } }]");
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "photo_upload": false });
    let (status, written) = app.put("/partners/demo", &partner).await;
    assert_eq!((status, &written["credentials"]["tokens"]), (200, &json!(["token"])), "{written}");
    assert_eq!(app.apply(&passport("c-1")).await.rule(), Some("partner-ready"));
    let customer = json!({ "partner": "demo", "attempts": 1 });
    let (status, written) = app.put("/customers/c-1", &customer).await;
    assert_eq!((status, &written["credentials"]["tokens"]), (200, &json!(["own"])), "{written}");
    assert_eq!(app.apply_as("own", &passport("c-1")).await.rule(), Some("caller-is-partner"));
}

/// Asserts that the world can be read and put back, and is the same then.
async fn assert_loads_again(app: &TestApp) {
    let world = app.get("/world").await;
    app.assert_control("PUT", "/world", world.clone(), 200).await;
    assert_eq!(app.get("/world").await, world);
}

#[tokio::test]
async fn put_customer_with_the_name_of_a_partner_is_another_account() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let knows = async |token: &str| app.apply_as(token, &passport("c-1")).await.rule() != Some("authenticated");
    assert_eq!(app.delete("/customers/demo").await, 404);
    assert!(knows("token").await, "no partner was deleted");

    let customer = json!({ "partner": "demo", "credentials": { "tokens": ["own"] } });
    assert_eq!(app.control("PUT", "/customers/demo", &customer).await.0, 201);
    assert!(knows("token").await && knows("own").await);
    assert_loads_again(&app).await;
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["token"] } });
    assert_eq!(app.control("PUT", "/partners/demo", &partner).await.0, 200);
    assert!(knows("token").await && knows("own").await);
    let thief = json!({ "partner": "demo", "credentials": { "tokens": ["token"] } });
    assert_eq!(app.control("PUT", "/customers/demo", &thief).await.0, 409, "the partner's token");
    assert_eq!(app.delete("/customers/demo").await, 204);
    assert!(knows("token").await && !knows("own").await);
}

#[tokio::test]
async fn put_account_with_the_id_of_another_is_409() {
    let app = TestApp::with("settings: { unlisted_customers: adopt }\ncustomers: [{ id: c-1, partner: demo }]");
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
        assert_eq!(app.control("PUT", path, &body).await.0, status, "{why}");
        assert_loads_again(&app).await;
    }
    let reply = app.apply(&passport("other-account")).await;
    assert_eq!(reply.rule(), Some("customer-has-partner"), "a partner's account is no customer of a partner");
    let scripted = json!({ "then": { "is_review": 0 } });
    assert_eq!(app.control("POST", "/scripted", &scripted).await.0, 201);
    app.apply(&passport("demo-account")).await.assert(200, AUTHENTICATED);
    assert_loads_again(&app).await;
}

#[tokio::test]
async fn put_account_with_a_user_of_an_account_of_the_same_name_is_409() {
    let app = TestApp::with("");
    let partner = |user: &str| {
        let users = json!([{ "name": user, "password": "first" }]);
        json!({ "id": "third-account", "xaccount_type": "X", "credentials": { "users": users } })
    };
    let customer = |user: &str| json!({ "credentials": { "users": [{ "name": user, "password": "second" }] } });
    assert_eq!(app.control("PUT", "/partners/third", &partner("ann")).await.0, 201);
    assert_eq!(app.control("PUT", "/customers/third", &customer("ann")).await.0, 409);
    assert_eq!(app.control("PUT", "/customers/third", &customer("ben")).await.0, 201);
    assert_eq!(app.control("PUT", "/partners/third", &partner("ben")).await.0, 409);
    assert_eq!(app.control("PUT", "/partners/third", &partner("ann")).await.0, 200);
    for (user, password) in [("ann", "first"), ("ben", "second")] {
        assert_eq!(app.log_in(["third", user, password], &[]).await.status, 201, "{user}");
    }
    assert_loads_again(&app).await;
}

#[tokio::test]
async fn delete_partner_with_a_scripted_answer_left_is_409() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let answer = json!({ "when": { "caller": ["demo", "other"] }, "times": 1, "then": { "error_code": "CBC.0999" } });
    for forget in ["DELETE", "POST"] {
        assert_eq!(app.control("POST", "/scripted", &answer).await.0, 201);
        assert_eq!(app.delete("/partners/other").await, 409);
        assert_loads_again(&app).await;
        if forget == "DELETE" {
            assert_eq!(app.delete("/scripted").await, 204);
        } else {
            assert_eq!(app.apply(&passport("c-1")).await.rule(), Some("script"), "and used up");
        }
        assert_eq!(app.delete("/partners/other").await, 204);
        assert_loads_again(&app).await;
        assert_eq!(app.control("POST", "/scripted", &answer).await.0, 422, "no such partner any more");
        let other = json!({ "id": "other-account", "xaccount_type": "OTHER_IDP" });
        assert_eq!(app.control("PUT", "/partners/other", &other).await.0, 201);
    }
}

#[tokio::test]
async fn put_with_empty_or_repeated_credentials_is_422() {
    let app = TestApp::builtin();
    let key = json!({ "ak": "AK9", "sk": "s" });
    let user = json!({ "name": "ann", "password": "s" });
    for (path, body, said) in [
        ("/customers/c-9", json!({ "credentials": { "tokens": [""] } }), "the token is empty"),
        ("/customers/c-9", json!({ "credentials": { "tokens": ["t", "t"] } }), "the token is given twice"),
        ("/customers/c-9", json!({ "credentials": { "access_keys": [key, key] } }), "the access key is given twice"),
        ("/partners/p-9", json!({ "id": "", "xaccount_type": "X" }), "the account ID is empty"),
        ("/customers/c-9", json!({ "credentials": { "users": [user, user] } }), "the user is given twice"),
    ] {
        let (status, answer) = app.put(path, &body).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer["detail"][0]["message"].as_str().is_some_and(|message| message == said), "{answer}");
    }
    assert_eq!(app.control("GET", "/customers/c-9", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn references_to_unknown_partners_are_422_at_their_place_beside_other_mistakes() {
    let app = TestApp::builtin();
    let unknown = |line: u32, column: u32, key: &str| {
        let (message, hint) = ("there is no partner named `demo-partnr`", "did you mean `demo-partner`?");
        json!({ "line": line, "column": column, "key": key, "message": message, "hint": hint })
    };
    for (method, path, body, expected, mistakes) in [
        (
            "PUT",
            "/customers/c-9",
            "{\n \"partner\":\"demo-partnr\",\n \"attempts\":\"x\"}",
            unknown(2, 12, "partner"),
            2,
        ),
        (
            "POST",
            "/scripted",
            "{\"when\":\n{\"caller\":\"demo-partnr\"},\"then\":{\"is_review\":1}}",
            unknown(2, 11, "when.caller"),
            1,
        ),
        (
            "POST",
            "/scripted",
            "[{\"then\":{\"is_review\":1}},\n{\"when\":{\"caller\":\"demo-partnr\"},\"then\":{\"is_review\":1}}]",
            unknown(2, 19, "[1].when.caller"),
            1,
        ),
    ] {
        let reply = app.call(method, &format!("/_sim{path}"), &[], body).await;
        let detail = &reply.json()["detail"];
        assert_eq!((reply.status, &detail[0]), (422, &expected), "{body}");
        assert_eq!(detail.as_array().map(Vec::len), Some(mistakes), "{body}: {detail}");
    }
}

/// The names in a list, and what is said of the rest of it.
async fn page(app: &TestApp, kind: &str, key: &str, query: &str) -> (Vec<String>, Value) {
    let mut listed = app.get(&format!("/{kind}?{query}")).await;
    let names = list(&listed, kind).iter().map(|one| one[key].as_str().expect("a name").to_owned()).collect();
    listed.as_object_mut().expect("an object").remove(kind);
    (names, listed)
}

#[tokio::test]
async fn lists_of_customers_and_certificates_have_pages_and_a_search() {
    let app = TestApp::with(
        "customers: [{ id: c-1, partner: demo }, { id: c-3 }, { id: c-2, partner: other, real_name: under_review }]\n\
         certificates: [{ number: E3, blocked: true }, { number: E1, used_by: [c-1] }, { number: E2, holder: Wang C-1 }]",
    );
    let whole = json!({});
    let last = |total: u32| json!({ "total": total, "next": null });
    let more = |total: u32, next: &str| json!({ "total": total, "next": next });
    for (kind, key, query, names, rest) in [
        ("customers", "id", "", vec!["c-1", "c-2", "c-3"], whole.clone()),
        ("customers", "id", "limit=2", vec!["c-1", "c-2"], more(3, "c-2")),
        ("customers", "id", "limit=2&after=c-2", vec!["c-3"], last(3)),
        ("customers", "id", "limit=3", vec!["c-1", "c-2", "c-3"], last(3)),
        ("customers", "id", "after=c-1x", vec!["c-2", "c-3"], whole.clone()),
        ("customers", "id", "after=c-9", vec![], whole.clone()),
        ("customers", "id", "search=OTHER", vec!["c-2"], whole.clone()),
        ("customers", "id", "search=under_review&limit=9", vec!["c-2"], last(1)),
        ("customers", "id", "search=c-&limit=1&after=c-1", vec!["c-2"], more(3, "c-2")),
        ("certificates", "number", "limit=1", vec!["E1"], more(3, "E1")),
        ("certificates", "number", "limit=1&after=E2", vec!["E3"], last(3)),
        ("certificates", "number", "search=c-1", vec!["E1", "E2"], whole.clone()),
        ("certificates", "number", "search=blocked", vec!["E3"], whole.clone()),
    ] {
        let names = names.into_iter().map(str::to_owned).collect();
        assert_eq!(page(&app, kind, key, query).await, (names, rest), "{kind}?{query}");
    }
}

#[tokio::test]
async fn list_with_a_parameter_that_is_wrong_is_400() {
    let app = TestApp::with("");
    for (path, said) in [
        ("/customers?limit=0", "limit: write a number from 1"),
        ("/customers?limit=many", "limit"),
        ("/customers?offset=1", "offset"),
        ("/certificates?limit=-1", "limit"),
        ("/certificates?serch=x", "serch"),
        ("/partners?limit=1", "limit"),
        ("/customers/c-1?limit=1", "limit"),
    ] {
        let error = app.assert_control("GET", path, Value::Null, 400).await;
        assert!(error["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{path}: {error}");
    }
}
