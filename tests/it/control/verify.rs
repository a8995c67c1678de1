//! `POST /_sim/verify`.

use serde_json::{Value, json};

use crate::support::{CALLERS, INDIVIDUAL, TestApp, UNDER_REVIEW, list, passport, text, with};

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
        (json!({ "method": "GET" }), 1, "a method"),
        (json!({ "identify_type": 7 }), 1, "a field of the body"),
        (json!({ "verified_type": [3, 5], "change_type": -1 }), 4, "fields of the body"),
        (json!({ "verified_file_url": { "suffix": "hand.jpg" } }), 4, "an entry of a list"),
        (json!({ "xaccount_type": "DEMO_IDP" }), 4, "a platform"),
        (json!({ "headers": { "X-Auth-Token": "no-token" } }), 1, "a header, in any case"),
        (
            json!({ "headers": { "x-auth-token": { "prefix": "tok" }, "CONTENT-TYPE": "application/json" } }),
            3,
            "headers",
        ),
        (json!({ "headers": { "x-nothing": { "present": false } } }), 5, "a header that nobody sent"),
        (json!({ "outcome": "is_review 1" }), 1, "an outcome of the catalog"),
        (json!({ "outcome": ["CBC.0100", "CBC.99000027"] }), 2, "one of two outcomes"),
        (json!({ "status": { "not": 400 } }), 2, "another status"),
        (json!({ "name": { "not": { "prefix": "Wang" } } }), 2, "no such name, or none"),
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
    let status = json!([{ "field": "status", "expected": "200", "got": "400" }]);
    let name = json!([{ "field": "name", "expected": "\"Li Lei\"", "got": "differs" }]);
    assert_eq!(differs[..2], [status, name], "the fewest differences first, then the newest");
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
        (json!({ "count": { "at_least": 3, "at_most": 1 } }), 422, "no number is both"),
        (json!({ "count": 2 }), 422, "a number alone"),
        (json!({ "within": "61s" }), 422, "longer than a call may wait"),
        (json!({ "within": 2 }), 422, "a span without a unit"),
        (json!({ "sequence": [] }), 422, "nothing is expected"),
        (json!({ "sequence": [{}], "count": { "exactly": 1 } }), 422, "a count of a sequence"),
        (json!({ "sequence": [{}], "match": {} }), 422, "conditions on a sequence"),
        (json!({ "sequence": [{ "custmer_id": "c-1" }] }), 422, "an unknown field of a sequence"),
        (json!({ "match": { "headers": { "x-trace": null } } }), 422, "no condition on a header"),
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

#[tokio::test]
async fn post_verify_with_a_number_as_count_suggests_exactly() {
    let (status, error) = verify(&busy().await, json!({ "count": 2 })).await;
    assert_eq!((status, &error["detail"][0]["hint"]), (422, &json!("write {\"exactly\": 2}")), "{error}");
}

#[tokio::test]
async fn post_verify_of_outcomes_knows_check_items() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.apply(&with(passport("c-1"), "verified_file_url", json!(["a.txt", "b.jpg"]))).await;
    for outcome in ["CBC.99007004", "PIC_FORMAT_ERR"] {
        assert_eq!(verify(&app, json!({ "match": { "outcome": outcome } })).await.0, 200, "{outcome}");
    }
    app.script(&json!({ "then": { "fault": "reset" } })).await;
    app.apply(&passport("c-1")).await;
    assert_eq!(verify(&app, json!({ "match": { "outcome": "fault reset" } })).await.0, 200);
}

#[tokio::test]
async fn post_verify_finds_a_body_with_a_byte_order_mark() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.post_body(format!("\u{feff}{}", passport("c-1"))).await.assert(200, UNDER_REVIEW);
    let (status, answer) = verify(&app, json!({ "match": { "customer_id": "c-1", "name": "Wang Xiaoming" } })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(app.get("/journal?customer_id=c-1").await["entries"][0]["request"]["body"]["customer_id"], "c-1");
}

#[tokio::test]
async fn post_verify_of_a_sequence_finds_its_entries_in_order() {
    let app = busy().await;
    let (ok, refused, stranger) = (json!({ "status": 200 }), json!({ "status": 400 }), json!({ "status": 401 }));
    let table = [
        (json!([ok]), 200, "", "one"),
        (json!([ok, refused, stranger]), 200, "", "others stand between"),
        (json!([refused, refused, refused]), 200, "", "each entry counts once"),
        (json!([{}, {}, {}, {}, {}]), 200, "", "every entry"),
        (
            json!([refused, ok]),
            409,
            "expected 2 in this order, found 1: nothing meets condition 2 after #2 (#1 came too early)",
            "another order",
        ),
        (
            json!([ok, { "name": "Nobody" }, refused]),
            409,
            "expected 3 in this order, found 1: nothing meets condition 2 after #1",
            "what was never sent",
        ),
        (
            json!([refused, refused, refused, refused]),
            409,
            "expected 4 in this order, found 3: nothing meets condition 4 after #5",
            "one too many: none came too early",
        ),
        (json!([{ "status": 500 }]), 409, "expected 1 in this order, found 0: nothing meets condition 1", "none"),
    ];
    for (sequence, status, detail, why) in table {
        let (answered, answer) = verify(&app, json!({ "sequence": sequence })).await;
        assert_eq!(answered, status, "{why}: {answer}");
        if status == 409 {
            assert_eq!(answer["detail"], detail, "{why}: {answer}");
            assert!(!list(&answer, "closest").is_empty(), "{why}: {answer}");
        }
    }
}

#[tokio::test]
async fn post_verify_as_text_tells_expected_and_got() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await;
    app.apply(&with(passport("c-1"), "name", "Li Lei")).await;
    let conditions = json!({
        "customer_id": "c-1", "name": { "not": "Wang Xiaoming" }, "verified_type": [5, 6], "status": 200,
        "headers": { "X-Auth-Token": "another", "X-Trace": { "prefix": "t-" } }, "error_code": { "present": false },
    });
    let body = json!({ "match": conditions, "count": { "exactly": 1 } }).to_string();
    let text = [("accept", "text/plain, application/json")];
    let reply = app.call("POST", "/_sim/verify", &text, body.clone()).await;
    assert_eq!((reply.status, reply.header("content-type")), (409, Some("text/plain; charset=utf-8")));
    insta::assert_snapshot!(reply.body, @r#"
    expected exactly 1, found 0
      #1 POST /v2/customers/realname-auths/individual -> 200, accepted: every rule holds
        name: expected not "Wang Xiaoming", but it differs
        verified_type: expected 5 or 6, got 3
        headers.x-auth-token: expected "another", but it differs
        headers.x-trace: expected what begins with "t-", got nothing
      #2 POST /v2/customers/realname-auths/individual -> 400 CBC.99000027, not-authenticated-yet: real-name status: under_review
        verified_type: expected 5 or 6, got 3
        status: expected 200, got 400
        headers.x-auth-token: expected "another", but it differs
        headers.x-trace: expected what begins with "t-", got nothing
        error_code: expected no value, got "CBC.99000027"
    "#);
    for accept in ["application/json, text/plain", "*/*", "text/html"] {
        let reply = app.call("POST", "/_sim/verify", &[("accept", accept)], body.clone()).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (409, Some("not_verified")), "{accept}");
    }
    let reply = app.call("POST", "/_sim/verify", &text, "{}").await;
    reply.assert(200, "as expected: found 2\n");
}

#[tokio::test]
async fn post_verify_refuses_a_key_at_its_place() {
    let app = TestApp::builtin();
    let table = [
        (r#"{"within":"5m"}"#, 11, "within", "at most 60s"),
        (r#"{"match":{},"sequence":[{}]}"#, 24, "sequence", "stands alone"),
        (r#"{"sequence":[]}"#, 13, "sequence", "expects nothing"),
        (r#"{"count":{"exactly":1,"at_most":2}}"#, 10, "count", "excludes"),
        (r#"{"count":{"at_least":3,"at_most":2}}"#, 10, "count", "no number"),
    ];
    for (body, column, key, said) in table {
        let reply = app.call("POST", "/_sim/verify", &[], body).await;
        let (status, mistake) = (reply.status, &reply.json()["detail"][0]);
        assert_eq!((status, &mistake["column"], &mistake["key"]), (422, &json!(column), &json!(key)), "{body}");
        assert!(mistake["message"].as_str().is_some_and(|message| message.contains(said)), "{mistake}");
    }
}

#[tokio::test]
async fn post_verify_within_a_time_waits_for_the_entry_and_leaves_other_calls_room() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let expectation = json!({ "match": { "customer_id": "c-1" }, "within": "60s" });
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (app, expectation) = (app.clone(), expectation.clone());
            tokio::spawn(async move { verify(&app, expectation).await })
        })
        .collect();
    // Each of these calls takes its turn among the few that run at the same time.
    for _ in 0..20 {
        app.get("/clock").await;
        assert_eq!(app.post("/reset", &json!(null)).await.0, 200);
    }
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    for call in waiting {
        let (status, answer) = call.await.expect("the call does not panic");
        assert_eq!((status, &answer["count"]), (200, &json!(1)), "{answer}");
    }
}

#[tokio::test]
async fn post_verify_within_a_time_that_passes_is_409() {
    let app = TestApp::with("");
    let (status, answer) = verify(&app, json!({ "match": { "status": 200 }, "within": "10ms" })).await;
    assert_eq!((status, answer["detail"].as_str()), (409, Some("expected at least 1, found 0")));
    app.post_body("{}").await;
    let (status, answer) = verify(&app, json!({ "count": { "exactly": 0 }, "within": "60s" })).await;
    assert_eq!((status, &answer["count"]), (409, &json!(1)), "what is too many is not waited for");
}

#[tokio::test]
async fn post_verify_within_a_time_ends_when_its_space_is_deleted() {
    let app = TestApp::with("");
    let space = app.create_space(&json!({})).await;
    let id = text(&space["id"]);
    // The journal of the space is empty: the call waits.
    let expectation = json!({ "match": { "status": 200 }, "within": "60s" });
    let waiting = {
        let (app, path) = (app.clone(), format!("/verify?space={id}"));
        tokio::spawn(async move { app.post(&path, &expectation).await })
    };
    // The call has found its space when the test goes on, for they share a thread.
    tokio::task::yield_now().await;
    assert_eq!(app.delete(&format!("/spaces/{id}")).await, 204);
    let (status, answer) = waiting.await.expect("the call does not panic");
    assert_eq!((status, &answer["error"]), (404, &json!("not_found")), "{answer}");
    assert!(text(&answer["detail"]).starts_with(&format!("there is no space {id}")), "{answer}");
}

#[tokio::test]
async fn post_verify_shows_what_differs_before_what_is_absent() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await;
    for _ in 0..3 {
        app.call("GET", "/v3/auth/domains", &[("x-auth-token", "token")], "").await;
    }
    for (conditions, why) in [
        (json!({ "name": "Wang Xiaomin" }), "another name"),
        (json!({ "name": "Wang Xiaomin", "status": 400 }), "another name and another status"),
        (json!({ "name": "Wang Xiaomin", "outcome": "answered" }), "a name, and what only the others have"),
    ] {
        let (_, answer) = verify(&app, json!({ "match": conditions })).await;
        assert_eq!(answer["closest"][0]["entry"]["request"]["path"], INDIVIDUAL, "{why}: {answer}");
        assert_eq!(list(&answer, "closest").len(), 3, "{why}: {answer}");
    }
}

#[tokio::test]
async fn post_verify_with_a_value_that_no_entry_has_is_422_with_what_is_meant() {
    let app = TestApp::with("");
    let table = [
        (
            json!({ "outcome": "CBC.0998" }),
            "match.outcome",
            "there is no outcome `CBC.0998`",
            "did you mean `CBC.0999`?",
        ),
        (
            json!({ "outcome": "is_review" }),
            "match.outcome",
            "there is no outcome `is_review`",
            "did you mean `is_review 1`?",
        ),
        (
            json!({ "outcome": "fault rest" }),
            "match.outcome",
            "there is no outcome `fault rest`",
            "did you mean `fault reset`?",
        ),
        (
            json!({ "error_code": ["CBC.0100", "PIC_SIZE_ERR"] }),
            "match.error_code",
            "there is no error code `PIC_SIZE_ERR`",
            "known here: ",
        ),
        (
            json!({ "rule": { "not": "attempts_left" } }),
            "match.rule",
            "there is no check or rule `attempts_left`",
            "did you mean `attempts-left`?",
        ),
        (json!({ "method": "post" }), "match.method", "there is no method `post`", "did you mean `POST`?"),
        (
            json!({ "path": "v3/auth/tokens" }),
            "match.path",
            "there is no path `v3/auth/tokens`",
            "did you mean `/v3/auth/tokens`?",
        ),
        (json!({ "path": "/v2/a?b=c" }), "match.path", "a path is without its query", "write `/v2/a`"),
        (json!({ "status": [200, 20] }), "match.status", "there is no HTTP status 20", "write one from 100 to 599"),
        (json!({ "status": 600 }), "match.status", "there is no HTTP status 600", "write one from 100 to 599"),
    ];
    for (conditions, key, message, hint) in table {
        let (status, error) = verify(&app, json!({ "match": conditions })).await;
        let mistake = &error["detail"][0];
        assert_eq!((status, &mistake["key"], &mistake["message"]), (422, &json!(key), &json!(message)), "{error}");
        assert!(text(&mistake["hint"]).starts_with(hint), "{error}");
        let (status, error) = verify(&app, json!({ "sequence": [{}, conditions] })).await;
        let key = key.replace("match", "sequence[1]");
        assert_eq!((status, &error["detail"][0]["key"]), (422, &json!(key)), "{error}");
    }
    // What an entry can have, and what is no literal value.
    for conditions in [
        json!({ "outcome": ["raw", "answered", "not identified", "fault hang", "CBC.0250", "APIGW.0308", "PIC_SIZE_ERR"] }),
        json!({ "error_code": ["CBC.0250", "APIGW.0308"], "rule": ["quota", "identity", "script", "pictures-pass"] }),
        json!({ "path": ["/unknown", "*"], "status": [100, 599], "method": "OPTIONS" }),
        json!({ "path": { "suffix": "tokens" }, "method": { "regex": "post" }, "rule": { "prefix": "x" } }),
    ] {
        let (status, answer) = verify(&app, json!({ "match": conditions, "count": { "exactly": 0 } })).await;
        assert_eq!(status, 200, "{conditions}: {answer}");
    }
}

#[tokio::test]
async fn post_verify_shows_values_as_they_were_sent() {
    let app = TestApp::from_text(CALLERS);
    let long = format!("x-{}", "a".repeat(80));
    let token = [("x-auth-token", "token"), ("content-type", "application/json"), (&*long, "value")];
    let sent = with(with(passport("a***b"), "verified_type", 3), "xaccount_type", "***");
    app.call("POST", INDIVIDUAL, &token, sent.to_string()).await;
    let table = [
        (json!({ "customer_id": "00123" }), json!("\"00123\""), json!("\"a***b\"")),
        (json!({ "customer_id": "+8" }), json!("\"+8\""), json!("\"a***b\"")),
        (json!({ "customer_id": "8" }), json!("8"), json!("\"a***b\"")),
        (json!({ "headers": { &long: "x" } }), json!("\"x\""), json!("differs")),
        (json!({ "headers": { "x-nothing": "x" } }), json!("\"x\""), Value::Null),
        (json!({ "name": "Li" }), json!("\"Li\""), json!("differs")),
    ];
    for (conditions, expected, got) in table {
        let (status, found) = verify(&app, json!({ "match": conditions })).await;
        let difference = &found["closest"][0]["differs"][0];
        assert_eq!((status, &difference["expected"], &difference["got"]), (409, &expected, &got), "{found}");
    }
}
