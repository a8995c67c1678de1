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
