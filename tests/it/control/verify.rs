//! `POST /_sim/verify`.

use serde_json::{Value, json};

use crate::support::{INDIVIDUAL, TestApp, list, passport, with};

async fn verify(app: &TestApp, expectation: Value) -> (u16, Value) {
    app.post("/verify", &expectation).await
}

/// A simulator with five entries: accepted, refused by a rule, by a parameter, by the gateway, and a refused result.
async fn busy() -> TestApp {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: rejected }]");
    app.apply(&passport("c-1")).await;
    app.apply(&with(passport("c-1"), "name", "Li Lei")).await;
    app.apply(&with(passport("c-2"), "identify_type", 7)).await;
    app.apply_as("no-token", &passport("c-2")).await;
    let headers = [("x-auth-token", "other-token")];
    app.call("GET", "/v2/customers/realname-auths/result?customer_id=c-1", &headers, "").await;
    app
}

#[tokio::test]
async fn post_verify_matches_every_field_and_operator() {
    let app = busy().await;
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
        let (status, answer) = verify(&app, json!({ "match": conditions, "count": { "exactly": count } })).await;
        assert_eq!((status, &answer["count"]), (200, &json!(count)), "{why}: {answer}");
    }
}

#[tokio::test]
async fn post_verify_of_a_fault_finds_no_status() {
    let app = TestApp::with("scripted: [{ then: { fault: empty } }]\ncustomers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await;
    for (status, count) in [(json!(200), 0), (json!({ "present": false }), 1)] {
        let expectation = json!({ "match": { "status": status }, "count": { "exactly": count } });
        let (status, answer) = verify(&app, expectation).await;
        assert_eq!((status, &answer["count"]), (200, &json!(count)), "{answer}");
    }
}

#[tokio::test]
async fn post_verify_by_customer_id_finds_results_by_their_query() {
    let app = busy().await;
    let conditions = json!({ "customer_id": "c-1", "path": { "suffix": "/result" } });
    let (status, answer) = verify(&app, json!({ "match": conditions, "count": { "exactly": 1 } })).await;
    assert_eq!(status, 200, "the journal's own filter finds it by its query: {answer}");
}

#[tokio::test]
async fn post_verify_with_another_count_is_409_with_the_closest() {
    let app = busy().await;
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
        let (answered, answer) = verify(&app, json!({ "match": { "customer_id": "c-2" }, "count": count })).await;
        assert_eq!((answered, &answer["count"]), (status, &json!(2)), "{count}: {answer}");
        assert_eq!(
            (answer["error"].is_string(), answer["closest"].is_array()),
            (status == 409, status == 409),
            "{answer}"
        );
    }
    let conditions = json!({ "customer_id": "c-1", "name": "Li Lei", "status": 200 });
    let (status, answer) = verify(&app, json!({ "match": conditions, "count": { "exactly": 1 } })).await;
    assert_eq!((status, &answer["count"]), (409, &json!(0)));
    let closest = list(&answer, "closest");
    let differs: Vec<_> = closest.iter().map(|close| close["differs"].clone()).collect();
    assert_eq!(differs[..2], [json!(["status"]), json!(["name"])], "the fewest differences first, then the newest");
    assert_eq!(closest[0]["entry"]["outcome"]["rule"], "not-authenticated-yet", "{answer}");
    let none = json!({ "match": { "customer_id": "c-2" }, "count": { "exactly": 0 } });
    let (_, answer) = verify(&app, none).await;
    let unwanted = list(&answer, "closest").iter();
    let unwanted: Vec<_> = unwanted.map(|close| (&close["differs"], &close["entry"]["response"]["status"])).collect();
    assert_eq!(unwanted, [(&json!([]), &json!(401)), (&json!([]), &json!(400))], "those that should not be there");
    assert_eq!(answer["detail"], "expected exactly 0, found 2");
}

#[tokio::test]
async fn post_verify_with_mistakes_is_422() {
    let app = busy().await;
    let table = [
        (json!({ "match": { "custmer_id": "c-1" } }), 422, "an unknown field"),
        (json!({ "match": { "status": "bad" } }), 422, "no number"),
        (json!({ "match": { "name": { "like": "Li" } } }), 422, "an unknown operator"),
        (json!({ "match": { "name": { "regex": "(" } } }), 422, "no expression"),
        (json!({ "match": { "name": { "prefix": "a", "suffix": "b" } } }), 422, "two operators"),
        (json!({ "count": { "exactly": 1, "at_least": 1 } }), 422, "two counts that exclude each other"),
        (json!({ "match": { "name": null } }), 422, "no condition"),
        (json!({ "match": { "name": {} } }), 422, "no operator"),
        (json!({ "match": { "name": { "prefix": null } } }), 422, "no value of an operator"),
        (json!({ "match": { "name": { "contains": "" } } }), 422, "what every value has"),
        (json!({ "match": { "name": { "not": null } } }), 422, "no condition to be negated"),
        (json!({ "match": { "name": { "not": [] } } }), 422, "no values of which it is none"),
        (json!({ "match": { "status": { "not": "bad" } } }), 422, "a negated value that is no number"),
        (json!({ "count": { "exactly": -1 } }), 422, "less than nothing"),
    ];
    for (expectation, status, why) in table {
        let (answered, error) = verify(&app, expectation).await;
        assert_eq!((answered, error["detail"][0]["message"].is_string()), (status, true), "{why}: {error}");
    }
}
