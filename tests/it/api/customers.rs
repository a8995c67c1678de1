//! `/v2/partners/sub-customers…`: querying and creating customers, and what goes before.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, UNDER_REVIEW, list, passport, text};

const QUERY: &str = "/v2/partners/sub-customers/query";

const CUSTOMERS: &str = r#"
customers:
  - id: c-1
    partner: demo
    real_name: authenticated
    name: Wang Xiaoming
    account_name: wang_shop
    associated_on: 2026-01-02T03:04:05Z
    association_type: "1"
    label: Gold partners
    telephone: "13800138000"
    country_code: "0086"
    email: wang@example.com
    customer_level: V3
    xaccount_id: user-1
    account_manager: manager-1
    is_frozen: true
  - { id: c-2, partner: demo, account_name: li_shop, associated_on: 2026-01-02T03:04:06.5Z, label: gold }
  - { id: c-3, partner: demo }
  - { id: c-4, partner: demo, associated_on: 9999-01-01T00:00:00Z }
  - { id: o-1, partner: other, account_name: other_shop }
  - { id: free }
"#;

async fn post(app: &TestApp, path: &str, token: &str, body: &Value) -> Reply {
    app.call("POST", path, &[("x-auth-token", token), ("content-type", "application/json")], body.to_string()).await
}

async fn query(app: &TestApp, body: Value) -> Reply {
    post(app, QUERY, "token", &body).await
}

/// The IDs of a page, in order, and the number of all.
#[track_caller]
fn listed(reply: &Reply) -> (Vec<String>, i64) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let ids = list(&body, "customer_infos").iter().map(|info| text(&info["customer_id"]).to_owned()).collect();
    (ids, body["count"].as_i64().expect("a number"))
}

#[tokio::test]
async fn query_answers_all_keys_in_the_pages_order_with_explicit_nulls() {
    let app = TestApp::with(CUSTOMERS);
    let full = query(&app, json!({ "customer_id": "c-1" })).await;
    full.assert(
        200,
        r#"{"customer_infos":[{"customer":"Wang Xiaoming","account_name":"wang_shop","customer_id":"c-1","associated_on":"2026-01-02T03:04:05Z","association_type":"1","label":"Gold partners","telephone":"13800138000","verified_status":"2","country_code":"0086","customer_type":0,"is_frozen":1,"account_managers":[{"account_name":"manager-1"}],"xaccount_id":"user-1","xaccount_type":"DEMO_IDP","customer_level":"V3","email":"wang@example.com"}],"count":1}"#,
    );
    assert_eq!(full.header("content-type"), Some("application/json;charset=UTF-8"));
    query(&app, json!({ "customer_id": "c-3" })).await.assert(
        200,
        r#"{"customer_infos":[{"customer":null,"account_name":"c-3","customer_id":"c-3","associated_on":"2023-03-01T00:00:00Z","association_type":"3","label":null,"telephone":null,"verified_status":"-1","country_code":null,"customer_type":-1,"is_frozen":0,"account_managers":[],"xaccount_id":null,"xaccount_type":null,"customer_level":null,"email":null}],"count":1}"#,
    );
    query(&app, json!({ "customer_id": "no-one" })).await.assert(200, r#"{"customer_infos":[],"count":0}"#);
}

#[tokio::test]
async fn query_filters_and_sorts_the_callers_own_customers() {
    let app = TestApp::with(CUSTOMERS);
    let table: [(Value, &[&str]); 28] = [
        (json!({}), &["c-2", "c-1", "c-3"]),
        (json!({ "account_name": "_shop" }), &["c-2", "c-1"]),
        (json!({ "account_name": "wang" }), &["c-1"]),
        (json!({ "account_name": "ng_sh" }), &["c-1"]),
        (json!({ "account_name": "WANG" }), &[]),
        (json!({ "account_name": "c-3" }), &["c-3"]),
        (json!({ "account_name": "other_shop" }), &[]),
        (json!({ "customer": "Xiao" }), &["c-1"]),
        (json!({ "customer": "c-2" }), &[]),
        (json!({ "label": "Gold p" }), &["c-1"]),
        (json!({ "label": "old" }), &["c-2", "c-1"]),
        (json!({ "association_type": "1" }), &["c-1"]),
        (json!({ "association_type": "3" }), &["c-2", "c-3"]),
        (json!({ "associated_on_begin": "2026-01-02T03:04:06Z" }), &["c-2"]),
        (json!({ "associated_on_begin": "2026-01-02T03:04:05Z" }), &["c-2", "c-1"]),
        (json!({ "associated_on_end": "2026-01-02T03:04:05Z" }), &["c-1", "c-3"]),
        (json!({ "associated_on_end": "2026-01-02T03:04:06Z" }), &["c-2", "c-1", "c-3"]),
        (json!({ "associated_on_begin": "2026-01-02T03:04:06Z", "associated_on_end": "2026-01-02T03:04:05Z" }), &[]),
        (json!({ "customer_id": "c-2" }), &["c-2"]),
        (json!({ "customer_id": "c-" }), &[]),
        (json!({ "customer_id": "c-4" }), &[]),
        (json!({ "customer_id": "o-1" }), &[]),
        (json!({ "customer_id": "free" }), &[]),
        (json!({ "account_name": "shop", "association_type": "3" }), &["c-2"]),
        (
            json!({ "account_name": null, "customer": null, "label": null, "association_type": null }),
            &["c-2", "c-1", "c-3"],
        ),
        (
            json!({ "associated_on_begin": null, "associated_on_end": null, "offset": null, "limit": null }),
            &["c-2", "c-1", "c-3"],
        ),
        (
            json!({ "account_name": "", "customer": "", "label": "", "association_type": "", "associated_on_begin": "" }),
            &["c-2", "c-1", "c-3"],
        ),
        (
            json!({ "associated_on_end": "", "customer_id": "", "indirect_partner_id": "", "unknown": 1 }),
            &["c-2", "c-1", "c-3"],
        ),
    ];
    for (body, expected) in table {
        let (ids, count) = listed(&query(&app, body.clone()).await);
        assert_eq!(
            (ids, usize::try_from(count)),
            (expected.iter().map(ToString::to_string).collect(), Ok(expected.len())),
            "{body}"
        );
    }
    let (of_other, _) = listed(&post(&app, QUERY, "other-token", &json!({})).await);
    assert_eq!(of_other, ["o-1"]);
}

#[tokio::test]
async fn query_pages_by_records_and_counts_all_matches() {
    let customers = (0..25).map(|number| format!("  - {{ id: c-{number:02}, partner: demo }}\n"));
    let app = TestApp::with(&format!("customers:\n{}", customers.collect::<String>()));
    let table = [
        (json!({}), 0, 10),
        (json!({ "offset": 1 }), 1, 10),
        (json!({ "offset": 20 }), 20, 5),
        (json!({ "offset": 25 }), 25, 0),
        (json!({ "offset": 40_000_000 }), 25, 0),
        (json!({ "limit": 1 }), 0, 1),
        (json!({ "offset": 3, "limit": 100 }), 3, 22),
    ];
    for (body, first, length) in table {
        let expected: Vec<_> = (first..first + length).map(|number| format!("c-{number:02}")).collect();
        assert_eq!(listed(&query(&app, body.clone()).await), (expected, 25), "{body}");
    }
}

#[tokio::test]
async fn query_with_a_value_out_of_bounds_is_a_parameter_error() {
    let app = TestApp::with("settings: { wire: { parameter_errors: named } }");
    let of_length = |length| "\u{5b57}".repeat(length);
    let table = [
        (json!({ "account_name": of_length(65) }), "account_name: size must be between 0 and 64"),
        (json!({ "account_name": "a b" }), "account_name: must be a text without blanks"),
        (json!({ "account_name": 1 }), "account_name: must be a string"),
        (json!({ "customer": " " }), "customer: must be a text without blanks"),
        (json!({ "customer": of_length(65) }), "customer: size must be between 0 and 64"),
        (json!({ "offset": -1 }), "offset: must be between 0 and 40000000"),
        (json!({ "offset": 40_000_001 }), "offset: must be between 0 and 40000000"),
        (json!({ "offset": "1" }), "offset: must be a 32-bit integer"),
        (json!({ "limit": 0 }), "limit: must be between 1 and 100"),
        (json!({ "limit": 101 }), "limit: must be between 1 and 100"),
        (json!({ "limit": 1.5 }), "limit: must be a 32-bit integer"),
        (json!({ "label": of_length(65) }), "label: size must be between 0 and 64"),
        (json!({ "association_type": "2" }), "association_type: must be 1 or 3"),
        (json!({ "association_type": 1 }), "association_type: must be a string"),
        (
            json!({ "associated_on_begin": "2026-01-02" }),
            "associated_on_begin: must be a time like 2019-05-06T08:05:01Z",
        ),
        (
            json!({ "associated_on_begin": "2026-02-30T00:00:00Z" }),
            "associated_on_begin: must be a time like 2019-05-06T08:05:01Z",
        ),
        (json!({ "associated_on_end": "2026-01-02T03:04:05.0Z" }), "associated_on_end: size must be between 0 and 20"),
        (json!({ "customer_id": of_length(65) }), "customer_id: size must be between 0 and 64"),
        (json!({ "indirect_partner_id": of_length(65) }), "indirect_partner_id: size must be between 0 and 64"),
        (json!([]), "body: must be a JSON object"),
    ];
    for (body, message) in table {
        let reply = query(&app, body.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "CBC.0100"), "{body}: {reply:?}");
        assert_eq!(reply.json()["error_msg"], message, "{body}");
    }
    let fits = of_length(64);
    let longest = json!({ "account_name": fits, "customer": fits, "label": fits, "customer_id": fits });
    assert_eq!(listed(&query(&app, longest).await), (vec![], 0));
    let without_body =
        app.call("POST", QUERY, &[("x-auth-token", "token"), ("content-type", "application/json")], "").await;
    assert_eq!((without_body.status, without_body.code().as_str()), (400, "CBC.0100"));
}

#[tokio::test]
async fn query_with_a_reseller_is_refused() {
    let app = TestApp::with(CUSTOMERS);
    query(&app, json!({ "indirect_partner_id": "reseller-1" })).await.assert(
        400,
        r#"{"error_code":"CBC.99000037","error_msg":"You do not have the operation permission to this reseller."}"#,
    );
    let entry = &app.get("/journal").await["entries"][0];
    let last = list(entry, "checks").last().expect("a check");
    assert_eq!(
        (text(&last["check"]), text(&last["result"]), text(&last["basis"])),
        ("reseller-of-caller", "failed", "assumed")
    );
}

#[tokio::test]
async fn query_follows_applications_and_reviews() {
    let app = TestApp::with("settings: { review_after: 2h }\ncustomers: [{ id: c-1, partner: demo }]");
    let assert_state = async |verified_status: &str, customer_type: i64, customer: Value| {
        let info = query(&app, json!({})).await.json()["customer_infos"][0].clone();
        let state = [&info["verified_status"], &info["customer_type"], &info["customer"]].map(Clone::clone);
        assert_eq!(state, [json!(verified_status), json!(customer_type), customer]);
    };
    assert_state("-1", -1, Value::Null).await;
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    assert_state("0", 0, Value::Null).await;
    app.assert_control("POST", "/customers/c-1/review", json!({ "decision": "reject" }), 200).await;
    assert_state("1", 0, Value::Null).await;
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    app.assert_control("PUT", "/clock", json!({ "advance": "119m" }), 200).await;
    assert_state("0", 0, Value::Null).await;
    app.assert_control("PUT", "/clock", json!({ "advance": "1m" }), 200).await;
    assert_state("2", 0, json!("Wang Xiaoming")).await;
}

#[tokio::test]
async fn query_lists_a_customer_from_its_association_on() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, associated_on: 2030-01-01T00:00:00Z }]");
    app.assert_control("PUT", "/clock", json!({ "set": "2029-12-31T23:59:59Z", "freeze": true }), 200).await;
    assert_eq!(listed(&query(&app, json!({})).await), (vec![], 0));
    app.assert_control("PUT", "/clock", json!({ "advance": "1s" }), 200).await;
    assert_eq!(listed(&query(&app, json!({})).await), (vec!["c-1".to_owned()], 1));
}

#[tokio::test]
async fn query_is_for_partners_and_sees_its_own_space() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, credentials: { tokens: [c-token] } }]");
    let space = app.assert_control("POST", "/spaces", json!({ "scenario": "default" }), 201).await;
    let token = text(&space["partners"][0]["token"]);
    let (ids, _) = listed(&post(&app, QUERY, token, &json!({ "account_name": "customer-n" })).await);
    assert_eq!(ids, ["customer-new"]);
    let by_customer = post(&app, QUERY, "c-token", &json!({})).await;
    assert_eq!((by_customer.status, by_customer.code().as_str()), (403, "CBC.0151"));
    let by_stranger = post(&app, QUERY, "no-token", &json!({})).await;
    assert_eq!((by_stranger.status, by_stranger.code().as_str()), (401, "APIGW.0301"));
    let by_get = app.call("GET", QUERY, &[("x-auth-token", "token")], "").await;
    assert_eq!((by_get.status, by_get.code().as_str()), (404, "APIGW.0101"));
}

#[tokio::test]
async fn query_can_be_scripted_and_is_explained() {
    let app = TestApp::with(CUSTOMERS);
    let scripted =
        json!({ "when": { "path": QUERY, "customer_id": "c-1" }, "times": 1, "then": { "error_code": "CBC.0250" } });
    app.assert_control("POST", "/scripted", scripted, 201).await;
    let acceptance = json!({ "when": { "path": QUERY }, "then": { "is_review": 1 } });
    app.assert_control("POST", "/scripted", acceptance, 422).await;
    assert_eq!(listed(&query(&app, json!({})).await).1, 3);
    let limited = query(&app, json!({ "customer_id": "c-1" })).await;
    assert_eq!((limited.status, limited.code().as_str()), (429, "CBC.0250"));
    query(&app, json!({ "limit": 0 })).await;
    let journal = app.get("/journal").await;
    let entries = list(&journal, "entries");
    let results = |entry: &Value| {
        let results =
            list(entry, "checks").iter().map(|check| format!("{} {}", text(&check["check"]), text(&check["result"])));
        results.collect::<Vec<_>>()
    };
    assert!(results(&entries[0]).ends_with(&["parameters passed".to_owned(), "reseller-of-caller passed".to_owned()]));
    assert_eq!(entries[0]["outcome"]["why"], "accepted: 3 of 3 customers");
    assert!(results(&entries[1]).ends_with(&["script failed".to_owned(), "reseller-of-caller not_reached".to_owned()]));
    let failed = ["parameters failed", "script not_reached", "reseller-of-caller not_reached"].map(str::to_owned);
    assert!(results(&entries[2]).ends_with(&failed), "{:?}", results(&entries[2]));
}

#[tokio::test]
async fn journal_masks_what_a_query_asks_and_answers() {
    let app = TestApp::with(CUSTOMERS);
    let body = json!({
        "account_name": "wang_shop", "customer": "Wang", "label": "Gold", "limit": 100, "offset": 0, "association_type": "1",
        "associated_on_begin": "2026-01-02T03:04:05Z", "customer_id": "c-1",
    });
    assert_eq!(listed(&query(&app, body).await).1, 1);
    let entry = &app.get("/journal").await["entries"][0];
    assert_eq!(
        entry["request"]["body"],
        json!({
            "account_name": "***", "customer": "***", "label": "***", "limit": 100, "offset": 0, "association_type": "1",
            "associated_on_begin": "2026-01-02T03:04:05Z", "customer_id": "c-1",
        })
    );
    let info = &entry["response"]["body"]["customer_infos"][0];
    for hidden in ["customer", "account_name", "label", "telephone", "xaccount_id", "email"] {
        assert_eq!(info[hidden], "***", "{hidden}");
    }
    assert_eq!(info["account_managers"], json!([{ "account_name": "***" }]));
    assert_eq!((&info["customer_id"], &info["verified_status"]), (&json!("c-1"), &json!("2")));
}

const CREATE: &str = "/v2/partners/sub-customers";
const CHECK_IDENTITY: &str = "/v2/partners/sub-customers/users/check-identity";
const SEND_CODE: &str = "/v2/bases/verificationcode/send";

/// A creation with these fields besides the mandatory ones.
fn creation(fields: &Value) -> Value {
    let mut body = json!({ "domain_area": "MX", "xaccount_id": "user-9", "xaccount_type": "DEMO_IDP" });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    body
}

async fn create(app: &TestApp, fields: Value) -> Reply {
    post(app, CREATE, "token", &creation(&fields)).await
}

/// Asks for a code, and reads it.
async fn code_for(app: &TestApp, email: &str) -> String {
    let sent = post(app, SEND_CODE, "token", &json!({ "receiver_type": 2, "email": email })).await;
    sent.assert(204, "");
    let codes = app.get(&format!("/verification-codes?email={email}")).await;
    text(&codes["codes"][0]["code"]).to_owned()
}

fn is_random_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[tokio::test]
async fn create_answers_an_account_that_is_at_once_a_customer() {
    let app = TestApp::with("");
    let created =
        create(&app, json!({ "domain_name": "wang_shop", "password": "Example-1", "is_close_market_ms": "true" }))
            .await;
    let body = created.json();
    let id = text(&body["domain_id"]);
    assert!(is_random_id(id), "{created:?}");
    created.assert(200, &format!(r#"{{"domain_id":"{id}","domain_name":"wang_shop"}}"#));
    let info = query(&app, json!({ "customer_id": id })).await.json()["customer_infos"][0].clone();
    let expected = json!({
        "customer": null, "account_name": "wang_shop", "customer_id": id, "associated_on": info["associated_on"], "association_type": "3",
        "label": null, "telephone": null, "verified_status": "-1", "country_code": null, "customer_type": -1, "is_frozen": 0,
        "account_managers": [], "xaccount_id": "user-9", "xaccount_type": "DEMO_IDP", "customer_level": null, "email": null,
    });
    assert_eq!(info, expected);
    app.apply(&passport(id)).await.assert(200, UNDER_REVIEW);
    let entry = &app.get("/journal").await["entries"][0];
    assert_eq!(entry["changes"], json!([{ "customer": id, "created": true, "attempts": [0, 0] }]));
    let shown = entry.to_string();
    for hidden in ["Example-1", "wang_shop", "user-9"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    assert_eq!(entry["request"]["body"]["is_close_market_ms"], "true");
    let world = app.get("/world").await.to_string();
    assert!(world.contains("wang_shop") && !world.contains("Example-1"), "{world}");
}

#[tokio::test]
async fn create_without_a_name_takes_a_random_one() {
    let app = TestApp::with("");
    for (xaccount_id, domain_name) in [("u-1", json!("")), ("u-2", Value::Null)] {
        let created = create(&app, json!({ "xaccount_id": xaccount_id, "domain_name": domain_name })).await.json();
        assert!(is_random_id(text(&created["domain_name"])), "{created}");
        assert_ne!(created["domain_name"], created["domain_id"]);
    }
    assert_eq!(listed(&query(&app, json!({})).await).1, 2);
}

#[tokio::test]
async fn create_with_a_value_out_of_bounds_is_a_parameter_error() {
    let app = TestApp::with("settings: { wire: { parameter_errors: named } }");
    let of_length = |length| "x".repeat(length);
    let table = [
        (json!({ "domain_area": null }), "domain_area: must not be null"),
        (json!({ "domain_area": "MEX" }), "domain_area: size must be between 0 and 2"),
        (json!({ "domain_area": "M1" }), "domain_area: must be the two letters of a country"),
        (json!({ "domain_area": "" }), "domain_area: must be the two letters of a country"),
        (json!({ "xaccount_id": "" }), "xaccount_id: size must be between 1 and 128"),
        (json!({ "xaccount_id": of_length(129) }), "xaccount_id: size must be between 1 and 128"),
        (json!({ "xaccount_type": of_length(65) }), "xaccount_type: size must be between 1 and 64"),
        (json!({ "xaccount_type": "OTHER_IDP" }), "xaccount_type: must be the platform ID of the partner"),
        (json!({ "domain_name": of_length(65) }), "domain_name: size must be between 0 and 64"),
        (json!({ "email": "wang" }), "email: must be a mail address with an @"),
        (json!({ "email": format!("{}@", of_length(64)) }), "email: size must be between 0 and 64"),
        (json!({ "email": "a@b" }), "verification_code: must not be null"),
        (json!({ "email": "a@b", "verification_code": "" }), "verification_code: size must be between 1 and 10"),
        (json!({ "password": "Short-1" }), "password: size must be between 8 and 32"),
        (json!({ "password": of_length(33) }), "password: size must be between 8 and 32"),
        (json!({ "is_close_market_ms": "yes" }), "is_close_market_ms: must be true or false"),
        (json!({ "include_association_result": 1 }), "include_association_result: must be true or false"),
        (json!({ "indirect_partner_id": of_length(65) }), "indirect_partner_id: size must be between 0 and 64"),
    ];
    for (fields, message) in table {
        let reply = create(&app, fields.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "CBC.0100"), "{fields}: {reply:?}");
        assert_eq!(reply.json()["error_msg"], message, "{fields}");
    }
    assert_eq!(listed(&query(&app, json!({})).await).1, 0);
    let table = [
        json!({ "xaccount_id": of_length(128), "is_close_market_ms": true, "include_association_result": false }),
        json!({ "xaccount_id": "2", "is_close_market_ms": "", "include_association_result": "", "indirect_partner_id": "" }),
        json!({ "xaccount_id": "3", "is_close_market_ms": null, "include_association_result": null, "email": null, "password": null }),
        json!({ "xaccount_id": "4", "domain_area": "mx", "include_association_result": "true", "email": "", "unknown": {} }),
    ];
    for fields in table {
        let reply = create(&app, fields.clone()).await;
        assert_eq!(reply.status, 200, "{fields}: {reply:?}");
    }
}

#[tokio::test]
async fn create_is_refused_by_the_conditions_in_their_order() {
    let app = TestApp::with(CUSTOMERS);
    let table = [
        (json!({ "indirect_partner_id": "r-1" }), "CBC.99000037", "reseller-of-caller"),
        (json!({ "domain_name": "abcd" }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "x".repeat(33) }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "1abcde" }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "abc def" }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "op_shop" }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "shadow_shop" }), "CBC.99000031", "account-name-well-formed"),
        (json!({ "domain_name": "wang_shop" }), "CBC.99000038", "account-name-free"),
        (json!({ "domain_name": "other_shop" }), "CBC.99000038", "account-name-free"),
        (json!({ "domain_name": "other" }), "CBC.99000038", "account-name-free"),
        (json!({ "password": "abcdefgh" }), "CBC.99000036", "password-well-formed"),
        (
            json!({ "domain_name": "shop-number-1", "password": "shop-number-1" }),
            "CBC.99000036",
            "password-well-formed",
        ),
        (
            json!({ "domain_name": "shop-number-1", "password": "1-rebmun-pohs" }),
            "CBC.99000036",
            "password-well-formed",
        ),
        (
            json!({ "email": "w@example.com", "verification_code": "1", "password": "w@example.com" }),
            "CBC.99000036",
            "password-well-formed",
        ),
        (json!({ "xaccount_id": "user-1" }), "CBC.99000039", "xaccount-id-free"),
        (json!({ "email": "wang@example.com", "verification_code": "123456" }), "CBC.99000029", "email-free"),
        (json!({ "email": "new@example.com", "verification_code": "123456" }), "CBC.99004010", "code-agrees"),
        (json!({ "domain_name": "abcd", "xaccount_id": "user-1" }), "CBC.99000031", "account-name-well-formed"),
    ];
    for (fields, code, condition) in table {
        let reply = create(&app, fields.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{fields}: {reply:?}");
        let entry = app.get("/journal?order=desc&limit=1").await["entries"][0].clone();
        assert_eq!((&entry["outcome"]["rule"], &entry["changes"]), (&json!(condition), &json!([])), "{fields}");
        let mut results = list(&entry, "checks").iter().skip_while(|check| check["check"] != "platform-of-partner");
        assert!(
            results.by_ref().take_while(|check| check["check"] != condition).all(|check| check["result"] == "passed"),
            "{entry}"
        );
        assert!(results.all(|check| check["result"] == "not_reached"), "{entry}");
    }
    assert_eq!(listed(&query(&app, json!({})).await).1, 3, "nothing was created");
    let other_platform = creation(&json!({ "xaccount_id": "user-1", "xaccount_type": "OTHER_IDP" }));
    assert_eq!(post(&app, CREATE, "other-token", &other_platform).await.status, 200, "a user ID of another platform");
}

#[tokio::test(flavor = "multi_thread")]
async fn create_checks_and_creates_in_one_step() {
    let app = TestApp::with("");
    let attempts = (0..8).map(|number| {
        let app = app.clone();
        tokio::spawn(async move {
            create(&app, json!({ "xaccount_id": format!("u-{number}"), "domain_name": "one_shop" })).await.status
        })
    });
    let mut created = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        created += usize::from(attempt.await.expect("no panic") == 200);
    }
    assert_eq!(created, 1);
}

#[tokio::test]
async fn create_with_association_after_makes_a_customer_later() {
    let app = TestApp::with("settings: { association_after: 40m }");
    app.assert_control("PUT", "/clock", json!({ "freeze": true }), 200).await;
    let created = create(&app, json!({ "include_association_result": true })).await.json();
    let id = text(&created["domain_id"]);
    let pending = |reply: Reply| (reply.status, reply.code());
    assert_eq!(listed(&query(&app, json!({})).await).1, 0);
    assert_eq!(pending(app.apply(&passport(id)).await), (400, "CBC.99000035".to_owned()));
    let world = app.get("/world").await;
    app.assert_control("PUT", "/world", world.clone(), 200).await;
    assert_eq!(app.get("/world").await, world, "what is read can be loaded again");
    app.assert_control("PUT", "/clock", json!({ "advance": "39m 59s" }), 200).await;
    assert_eq!(pending(app.apply(&passport(id)).await), (400, "CBC.99000035".to_owned()));
    app.assert_control("PUT", "/clock", json!({ "advance": "1s" }), 200).await;
    assert_eq!(listed(&query(&app, json!({})).await).0, [id]);
    app.apply(&passport(id)).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn create_with_a_scripted_timeout_of_the_association_creates_the_customer() {
    let app = TestApp::with(
        "scripted: [{ when: { path: /v2/partners/sub-customers }, times: 2, then: { error_code: CBC.99000050 } }]",
    );
    let reply = create(&app, json!({ "domain_name": "wang_shop" })).await;
    let id = listed(&query(&app, json!({})).await).0.remove(0);
    reply.assert(
        500,
        &format!(
            r#"{{"error_code":"CBC.99000050","error_msg":"Querying the association result timed out. Query the customer list later.","domain_id":"{id}","domain_name":"wang_shop"}}"#
        ),
    );
    let again = create(&app, json!({ "domain_name": "wang_shop" })).await;
    again.assert(
        500,
        r#"{"error_code":"CBC.99000050","error_msg":"Querying the association result timed out. Query the customer list later."}"#,
    );
    assert_eq!(create(&app, json!({ "domain_name": "wang_shop" })).await.code(), "CBC.99000038");
    let journal = app.get("/journal?path=/v2/partners/sub-customers").await;
    let changes: Vec<_> = list(&journal, "entries").iter().map(|entry| list(entry, "changes").len()).collect();
    assert_eq!(changes, [1, 0, 0]);
}

#[tokio::test]
async fn neighbours_codes_are_scripted_at_their_endpoints_alone() {
    let app = TestApp::with("");
    let table = [
        (CREATE, "CBC.99000030", true),
        (CREATE, "CBC.0250", true),
        (CREATE, "CBC.99004015", false),
        (SEND_CODE, "CBC.99004015", true),
        (QUERY, "CBC.99000038", false),
        (CHECK_IDENTITY, "CBC.0999", true),
        (CHECK_IDENTITY, "CBC.0101", false),
        ("/v2/customers/realname-auths/individual", "CBC.99000038", false),
    ];
    for (path, code, fits) in table {
        let scripted = json!({ "when": { "path": path }, "times": 1, "then": { "error_code": code } });
        let answer = app.assert_control("POST", "/scripted", scripted, if fits { 201 } else { 422 }).await;
        if !fits {
            let message = text(&answer["detail"][0]["message"]);
            assert!(message.contains(path) && message.contains(code), "{answer}");
        }
    }
    create(&app, json!({})).await.assert(
        400,
        r#"{"error_code":"CBC.99000030","error_msg":"The number of registrations exceeds the upper limit."}"#,
    );
    assert_eq!(create(&app, json!({})).await.status, 429);
    assert_eq!(
        post(&app, SEND_CODE, "token", &json!({ "receiver_type": 2, "email": "a@b" })).await.code(),
        "CBC.99004015"
    );
    let checked = post(&app, CHECK_IDENTITY, "token", &json!({ "search_type": "name", "search_value": "abcde" })).await;
    assert_eq!((checked.status, checked.code().as_str()), (500, "CBC.0999"));
    assert_eq!(app.get("/coverage").await["met"], 0, "the neighbours have none of the page's outcomes");
}

#[tokio::test]
async fn create_with_a_mail_address_needs_the_latest_code() {
    let app = TestApp::with("settings: { seed: 7 }");
    let email = "wang@example.com";
    let first = code_for(&app, email).await;
    let second = code_for(&app, email).await;
    assert!(
        first != second && second.len() == 6 && second.bytes().all(|byte| byte.is_ascii_digit()),
        "{first} {second}"
    );
    let with_code = async |xaccount_id: &str, code: &str| {
        let reply =
            create(&app, json!({ "xaccount_id": xaccount_id, "email": email, "verification_code": code })).await;
        (reply.status, reply.code())
    };
    assert_eq!(with_code("u-1", &first).await, (400, "CBC.99004010".to_owned()), "another one was sent since");
    assert_eq!(app.get("/verification-codes").await["codes"][0]["tries_left"], 2);
    assert_eq!(with_code("u-1", &second).await.0, 200);
    assert_eq!(app.get("/verification-codes").await, json!({ "codes": [] }), "a code is good for one registration");
    assert_eq!(with_code("u-2", &second).await, (400, "CBC.99000029".to_owned()), "the address is taken");
    assert_eq!(query(&app, json!({})).await.json()["customer_infos"][0]["email"], email);
    let again = TestApp::with("settings: { seed: 7 }");
    assert_eq!(code_for(&again, email).await, first, "codes follow from the seed");
    let shown = app.get("/journal").await.to_string();
    for hidden in [email, &*first, &*second] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}

#[tokio::test]
async fn codes_expire_by_the_clock_and_bear_three_wrong_tries() {
    let app = TestApp::with("");
    app.assert_control("PUT", "/clock", json!({ "set": "2026-01-01", "freeze": true }), 200).await;
    let send = async |email: &str, timeout: Value| {
        post(&app, SEND_CODE, "token", &json!({ "receiver_type": 2, "email": email, "timeout": timeout }))
            .await
            .assert(204, "");
        app.get(&format!("/verification-codes?email={email}")).await["codes"][0].clone()
    };
    let table = [
        (Value::Null, "2026-01-01T00:10:00.000Z"),
        (json!(1), "2026-01-01T00:01:00.000Z"),
        (json!(60), "2026-01-01T01:00:00.000Z"),
        (json!(61), "2026-01-01T00:05:00.000Z"),
        (json!(3000), "2026-01-01T00:05:00.000Z"),
    ];
    for (timeout, expires_at) in table {
        let code = send("a@example.com", timeout.clone()).await;
        let expected =
            json!({ "email": "a@example.com", "code": code["code"], "expires_at": expires_at, "tries_left": 3 });
        assert_eq!(code, expected, "{timeout}");
    }
    let code = text(&send("a@example.com", json!(1)).await["code"]).to_owned();
    let with_code = async |code: &str| {
        let reply = create(&app, json!({ "email": "a@example.com", "verification_code": code })).await;
        (reply.status, reply.code())
    };
    app.assert_control("PUT", "/clock", json!({ "advance": "1m" }), 200).await;
    assert_eq!(with_code(&code).await, (400, "CBC.99004008".to_owned()));
    let code = text(&send("a@example.com", Value::Null).await["code"]).to_owned();
    for _ in 0..3 {
        assert_eq!(with_code("000000x").await, (400, "CBC.99004010".to_owned()));
    }
    assert_eq!(with_code(&code).await, (400, "CBC.99004009".to_owned()), "the right one comes too late");
    let code = text(&send("a@example.com", Value::Null).await["code"]).to_owned();
    assert_eq!(with_code(&code).await.0, 200);
}

#[tokio::test]
async fn an_address_gets_15_codes_an_hour_and_60_a_day() {
    let app = TestApp::with("");
    app.assert_control("PUT", "/clock", json!({ "set": "2026-01-01", "freeze": true }), 200).await;
    let send = async |email: &str| post(&app, SEND_CODE, "token", &json!({ "receiver_type": 2, "email": email })).await;
    for hour in 0..4 {
        for number in 0..15 {
            assert_eq!(send("a@example.com").await.status, 204, "code {number} of hour {hour}");
        }
        send("a@example.com").await.assert(
            400,
            r#"{"error_code":"CBC.99004015","error_msg":"The number of verification codes exceeds the upper limit."}"#,
        );
        assert_eq!(send(&format!("b{hour}@example.com")).await.status, 204, "each address is counted");
        app.assert_control("PUT", "/clock", json!({ "advance": "1h" }), 200).await;
    }
    assert_eq!(send("a@example.com").await.code(), "CBC.99004015", "60 in a day");
    app.assert_control("PUT", "/clock", json!({ "advance": "20h" }), 200).await;
    assert_eq!(send("a@example.com").await.status, 204, "a day after the first");
    assert_eq!(list(&app.get("/verification-codes").await, "codes").len(), 5);
    app.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(app.get("/verification-codes").await, json!({ "codes": [] }));
    assert_eq!(app.call("GET", "/_sim/verification-codes?mail=a", &[], "").await.status, 400);
}

#[tokio::test]
async fn send_code_with_a_value_out_of_bounds_is_a_parameter_error() {
    let app = TestApp::with("settings: { wire: { parameter_errors: named } }");
    let table = [
        (json!({ "email": "a@b" }), "receiver_type: must not be null"),
        (json!({ "receiver_type": 1, "email": "a@b" }), "receiver_type: must be one of 2"),
        (json!({ "receiver_type": 2 }), "email: must not be null"),
        (json!({ "receiver_type": 2, "email": "ab" }), "email: must be a mail address with an @"),
        (
            json!({ "receiver_type": 2, "email": format!("@{}", "x".repeat(64)) }),
            "email: size must be between 0 and 64",
        ),
        (json!({ "receiver_type": 2, "email": "a@b", "timeout": 0 }), "timeout: must be between 1 and 3000"),
        (json!({ "receiver_type": 2, "email": "a@b", "timeout": 3001 }), "timeout: must be between 1 and 3000"),
        (json!({ "receiver_type": 2, "email": "a@b", "lang": "de-de" }), "lang: must be zh-cn or en-us"),
    ];
    for (body, message) in table {
        let reply = post(&app, SEND_CODE, "token", &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "CBC.0100"), "{body}: {reply:?}");
        assert_eq!(reply.json()["error_msg"], message, "{body}");
    }
    let body = json!({ "receiver_type": 2, "email": "a@b", "lang": "zh-cn", "timeout": 3000 });
    let sent = post(&app, SEND_CODE, "token", &body).await;
    sent.assert(204, "");
    assert_eq!(sent.header("content-type"), None);
    let entry = app.get("/journal?order=desc&limit=1").await["entries"][0].clone();
    let shown = json!({ "receiver_type": 2, "email": "***", "lang": "zh-cn", "timeout": 3000 });
    assert_eq!((&entry["request"]["body"], &entry["response"]), (&shown, &json!({ "status": 204, "body": null })));
}

#[tokio::test]
async fn check_identity_tells_what_an_account_has() {
    let app = TestApp::with(&format!("settings: {{ wire: {{ parameter_errors: named }} }}\n{CUSTOMERS}"));
    let check = async |search_type: &str, search_value: &str| {
        post(&app, CHECK_IDENTITY, "token", &json!({ "search_type": search_type, "search_value": search_value })).await
    };
    let available = r#"{"check_result":"available"}"#;
    let used = r#"{"check_result":"used_by_user"}"#;
    let table = [
        ("name", "wang_shop", used),
        ("name", "other_shop", used),
        ("name", "other", used),
        ("name", "Wang_shop", available),
        ("name", "free-name", available),
        ("email", "wang@example.com", used),
        ("email", "li@example.com", available),
        ("mobile", "0086-13800138000", r#"{"check_result":"used_by_user","mobile_remain_available_num":0}"#),
        ("mobile", "0052-13800138000", r#"{"check_result":"available","mobile_remain_available_num":1}"#),
    ];
    for (search_type, search_value, body) in table {
        check(search_type, search_value).await.assert(200, body);
    }
    let table = [
        ("phone", "abcde", "search_type: must be email, mobile or name"),
        ("name", "abcd", "search_value: must be an account name"),
        ("name", "_abcde", "search_value: must be an account name"),
        ("name", "op_abc", "search_value: must be an account name"),
        ("email", "abcde", "search_value: must be a mail address with an @"),
        ("mobile", "13800138000", "search_value: must be a number like 0086-13800138000"),
        ("name", "", "search_value: size must be between 1 and 64"),
    ];
    for (search_type, search_value, message) in table {
        let reply = check(search_type, search_value).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "CBC.0100"), "{search_type} {search_value}: {reply:?}");
        assert_eq!(reply.json()["error_msg"], message);
    }
    let entry = &app.get("/journal").await["entries"][0];
    assert_eq!(entry["request"]["body"], json!({ "search_type": "name", "search_value": "***" }));
    assert_eq!(entry["outcome"]["why"], "accepted: used_by_user");
}
