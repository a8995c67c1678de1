//! Conditions of `when` and `match`: on every parameter of every endpoint, and on what else a request has.

use serde_json::{Value, json};

use crate::support::*;

const ENTERPRISE: &str = "/v2/customers/realname-auths/enterprise";

/// Well-formed bodies of the neighbours, each with its method and its path.
fn neighbours() -> Vec<(&'static str, &'static str, Value)> {
    let enterprise = json!({
        "customer_id": "c-1", "identify_type": 1, "corp_name": "Example Ltd.", "verified_number": "9131",
        "verified_file_url": ["1.jpg", "2.jpg", "3.jpg", "4.jpg"], "xaccount_type": "DEMO_IDP", "certificate_type": 99,
        "reg_country": "CN", "reg_address": "a street",
        "enterprise_person": { "legel_name": "Li", "legel_id_number": "E1", "certifier_role": "legalPerson" },
    });
    vec![
        ("POST", ENTERPRISE, enterprise.clone()),
        ("PUT", ENTERPRISE, with(enterprise, "change_type", 1)),
        (
            "POST",
            "/v2/partners/sub-customers/query",
            json!({
                "account_name": "n", "customer": "m", "offset": 0, "limit": 10, "label": "l", "association_type": "3",
                "associated_on_begin": "2019-05-06T08:05:01Z", "associated_on_end": "2029-05-06T08:05:01Z",
                "customer_id": "c-1", "indirect_partner_id": "i-1",
            }),
        ),
        (
            "POST",
            "/v2/partners/sub-customers",
            json!({
                "domain_area": "MX", "xaccount_id": "u", "xaccount_type": "DEMO_IDP", "domain_name": "new_name",
                "email": "a@b.example", "verification_code": "123456", "password": "Pass-word1",
                "is_close_market_ms": true, "indirect_partner_id": "i-1", "include_association_result": false,
            }),
        ),
        (
            "POST",
            "/v2/partners/sub-customers/users/check-identity",
            json!({ "search_type": "name", "search_value": "new_name" }),
        ),
        (
            "POST",
            "/v2/bases/verificationcode/send",
            json!({ "receiver_type": 2, "email": "a@b.example", "timeout": 10, "lang": "en-us" }),
        ),
    ]
}

/// The conditions that one body meets, one for each of its fields, and of objects for each of their fields.
fn conditions(body: &Value) -> Vec<Value> {
    let fields = body.as_object().expect("a body is an object").iter();
    let conditions = fields.flat_map(|(name, value)| match value {
        Value::Array(entries) => vec![json!({ name: entries[0] })],
        Value::Object(fields) => {
            let of_fields = fields.iter().map(|(field, value)| json!({ name: { field: value } }));
            of_fields.chain([json!({ name: { "present": true } })]).collect()
        }
        value => vec![json!({ name: value }), json!({ name: [value] }), json!({ name: { "not": { "not": value } } })],
    });
    conditions.collect()
}

#[tokio::test]
async fn every_field_of_the_neighbours_can_be_named_in_when_and_match() {
    let app = TestApp::from_text(CALLERS);
    let headers = [("x-auth-token", "token"), ("content-type", "application/json")];
    for (method, path, body) in neighbours() {
        for condition in conditions(&body) {
            assert_eq!(app.delete("/scripted").await, 204);
            assert_eq!(app.delete("/journal").await, 204);
            let mut when = condition.clone();
            (when["path"], when["method"]) = (path.into(), method.into());
            app.script(&json!({ "when": when, "then": { "error_code": "CBC.0999" } })).await;
            let listed = &app.get("/scripted").await["scripted"][0]["scripted"];
            let (status, answer) = app.post("/scripted", listed).await;
            assert_eq!(status, 201, "what is listed can be added again: {listed}: {answer}");
            let reply = app.call(method, path, &headers, body.to_string()).await;
            assert_eq!((reply.status, reply.rule()), (500, Some("script")), "{when}: {reply:?}");
            let (status, answer) = app.post("/verify", &json!({ "match": condition })).await;
            assert_eq!((status, &answer["count"]), (200, &json!(1)), "{condition}: {answer}");
        }
        let other = without(body.clone(), body.as_object().expect("it is one").keys().next_back().expect("it has one"));
        let reply = app.call(method, path, &headers, other.to_string()).await;
        assert_ne!(reply.status, 500, "another request does not match: {reply:?}");
    }
}

#[tokio::test]
async fn conditions_on_objects_and_truth_values() {
    let app = TestApp::from_text(CALLERS);
    let headers = [("x-auth-token", "token"), ("content-type", "application/json")];
    let path = "/v2/partners/sub-customers";
    let account = json!({ "domain_area": "MX", "xaccount_id": "u", "xaccount_type": "DEMO_IDP" });
    for (sent, means, count) in
        [(json!("true"), true, 1), (json!("false"), false, 1), (json!(""), false, 2), (json!(true), true, 2)]
    {
        let body = with(account.clone(), "is_close_market_ms", sent.clone());
        app.call("POST", path, &headers, body.to_string()).await;
        let (status, answer) = app.post("/verify", &json!({ "match": { "is_close_market_ms": means } })).await;
        assert_eq!((status, &answer["count"]), (200, &json!(count)), "{sent}: {answer}");
    }
    let absent = json!({ "match": { "path": path, "enterprise_person": { "present": false } } });
    assert_eq!(app.post("/verify", &absent).await.1["count"], 4);
}

#[tokio::test]
async fn condition_that_can_never_hold_or_has_no_such_key_is_told_once() {
    let app = TestApp::from_text(CALLERS);
    let table = [
        (json!({ "headers": { "a b": "x" } }), "headers", "no header has such a name"),
        (json!({ "headers": { "": "x" } }), "headers", "no header has such a name"),
        (json!({ "enterprise_person": { "legal_name": "Li" } }), "legal_name", "legel_name"),
        (json!({ "enterprise_person": {} }), "enterprise_person", "no condition"),
        (json!({ "enterprise_person": "Li" }), "enterprise_person", "a mapping"),
        (json!({ "reciever_type": 2 }), "reciever_type", "receiver_type"),
        (json!({ "verified_typ": 3 }), "verified_typ", "verified_type"),
        (json!({ "is_close_market_ms": "true" }), "is_close_market_ms", "without quotes"),
    ];
    for (conditions, key, said) in table {
        let when = with(conditions.clone(), "path", json!({ "prefix": "/v2/" }));
        for (call, body) in
            [("/scripted", json!({ "when": when, "delay": "1s" })), ("/verify", json!({ "match": conditions }))]
        {
            let (status, error) = app.post(call, &body).await;
            assert_eq!(status, 422, "{body}: {error}");
            let told: Vec<_> = list(&error, "detail").iter().filter(|told| text(&told["key"]).contains(key)).collect();
            assert_eq!(told.len(), 1, "{call}: {error}");
            assert!(told[0].to_string().contains(said), "{said}: {error}");
        }
    }
    let nobody = json!({ "when": { "caller": { "not": "nobody" } }, "delay": "1s" });
    let (status, error) = app.post("/scripted", &nobody).await;
    assert_eq!((status, &error["detail"][0]["message"]), (422, &json!("there is no partner named `nobody`")));
}
