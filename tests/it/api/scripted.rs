//! Scripted answers of every endpoint, answers of proxies, lost answers, drawn delays, and the quota.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::*;

const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
const RESULT: &str = "/v2/customers/realname-auths/result";
const DOMAINS: &str = "/v3/auth/domains";
const TOKENS: &str = "/v3/auth/tokens";

fn app() -> TestApp {
    TestApp::from_text(CALLERS)
}

fn assert_script(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.code().as_str(), reply.rule()), (status, code, Some("script")), "{reply:?}");
}

async fn result(app: &TestApp, customer: &str) -> Reply {
    app.call("GET", &format!("{RESULT}?customer_id={customer}"), &[("x-auth-token", "token")], "").await
}

async fn domains(app: &TestApp) -> Reply {
    app.call("GET", DOMAINS, &[("x-auth-token", "token")], "").await
}

async fn log_in(app: &TestApp) -> Reply {
    app.log_in(["demo", "operator", "demo-password"], &[]).await
}

#[tokio::test]
async fn scripted_when_path_answers_that_endpoint_alone() {
    for (path, status, code) in [(RESULT, 500, "CBC.0999"), (DOMAINS, 429, "APIGW.0308"), (TOKENS, 429, "APIGW.0308")] {
        let app = app();
        let then =
            if path == RESULT { json!({ "error_code": "CBC.0999" }) } else { json!({ "gateway": "APIGW.0308" }) };
        app.script(&json!({ "when": { "path": path }, "times": 1, "then": then })).await;
        app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
        let answers = [
            (RESULT, result(&app, "c-1").await, 200),
            (DOMAINS, domains(&app).await, 200),
            (TOKENS, log_in(&app).await, 201),
        ];
        for (asked, reply, usual) in answers {
            if asked == path {
                assert_script(&reply, status, code);
                assert_eq!(reply.header("x-subject-token"), None, "a scripted answer issues no token");
                assert!(reply.saw("script").contains("scripted[0]"), "{reply:?}");
            } else {
                assert_eq!(reply.status, usual, "{asked} when {path} is scripted: {reply:?}");
            }
        }
        assert_eq!(result(&app, "c-1").await.status, 200, "it is used up");
        let entries = app.get("/journal").await;
        list(&entries, "entries").iter().for_each(assert_consistent);
    }
}

#[tokio::test]
async fn scripted_without_path_is_for_applications_alone() {
    let app = app();
    app.script(&json!({ "then": { "gateway": "APIGW.0308" } })).await;
    assert_eq!(result(&app, "c-1").await.status, 200);
    assert_eq!(domains(&app).await.status, 200);
    assert_eq!(log_in(&app).await.status, 201);
    assert_script(&app.apply(&passport("c-1")).await, 429, "APIGW.0308");
}

#[tokio::test]
async fn scripted_when_matches_path_method_headers_and_the_customer_of_a_query() {
    let table = [
        (json!({ "path": { "prefix": "/v2/" }, "method": "GET" }), true, "path and method"),
        (json!({ "path": { "prefix": "/v2/" }, "method": "POST" }), false, "another method"),
        (json!({ "path": [RESULT, INDIVIDUAL], "customer_id": "c-1" }), true, "the customer of the query"),
        (json!({ "path": RESULT, "customer_id": "c-2" }), false, "another customer"),
        (json!({ "path": RESULT, "caller": "demo" }), true, "the caller"),
        (json!({ "path": RESULT, "caller": "other" }), false, "another caller"),
        (json!({ "path": RESULT, "headers": { "X-Trace": "t-1" } }), true, "a header, in any case"),
        (json!({ "path": RESULT, "headers": { "x-trace": { "prefix": "t-" } } }), true, "an operator on a header"),
        (json!({ "path": RESULT, "headers": { "x-trace": "t-2" } }), false, "another value"),
        (json!({ "path": RESULT, "headers": { "x-other": { "present": false } } }), true, "no such header"),
        (json!({ "path": RESULT, "headers": { "x-other": { "present": true } } }), false, "no such header"),
    ];
    for (when, matches, why) in table {
        let app = app();
        app.script(&json!({ "when": when, "then": { "error_code": "CBC.0999" } })).await;
        let headers = [("x-auth-token", "token"), ("X-TRACE", "t-1")];
        let reply = app.call("GET", &format!("{RESULT}?customer_id=c-1"), &headers, "").await;
        assert_eq!(reply.status, if matches { 500 } else { 200 }, "{why}: {when}");
    }
    let by_header = app();
    let when = json!({ "headers": { "user-agent": { "contains": "okhttp" } } });
    by_header.script(&json!({ "when": when, "then": { "error_code": "CBC.0999" } })).await;
    by_header.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn scripted_answers_of_iam_come_before_its_authentication_and_others_after_theirs() {
    let app = app();
    let down = json!({ "gateway": "APIGW.0201", "status": 504 });
    app.script(&json!([
        { "when": { "path": { "prefix": "/v3/" } }, "then": down },
        { "when": { "path": RESULT }, "then": down },
    ]))
    .await;
    assert_script(&app.call("GET", DOMAINS, &[], "").await, 504, "APIGW.0201");
    assert_script(&app.call("POST", TOKENS, &[], "no JSON").await, 504, "APIGW.0201");
    app.call("GET", RESULT, &[], "").await.assert_unauthenticated("x-auth-token not found");
    app.call("GET", RESULT, &[("x-auth-token", "token")], "").await.assert_parameter_error();
    app.call("GET", RESULT, &[("x-auth-token", "customer-token")], "").await.assert_code(403, "CBC.0151");
}

#[tokio::test]
async fn scripted_answer_that_an_endpoint_does_not_give_is_a_mistake() {
    let app = app();
    let table = [
        (json!({ "when": { "path": RESULT }, "then": { "is_review": 1 } }), "then", "is_review"),
        (json!({ "when": { "path": DOMAINS }, "then": { "error_code": "CBC.0999" } }), "then", "gateway"),
        (
            json!({ "when": { "path": { "prefix": "/v3/" } }, "then": [{ "raw": { "status": 502 } }, { "is_review": 0, "fault": "close" }] }),
            "then",
            "gateway",
        ),
        (json!({ "when": { "path": "/v2/customer" }, "then": { "error_code": "CBC.0999" } }), "when.path", INDIVIDUAL),
        (json!({ "when": { "method": "GET" }, "then": { "error_code": "CBC.0999" } }), "when.method", "POST"),
        (json!({ "when": { "path": RESULT } }), "", "`delay`"),
        (json!({ "when": { "path": RESULT, "name": "x" }, "delay": "1s" }), "when.name", "parameter"),
        (json!({ "when": { "path": DOMAINS, "caller": { "not": "demo" } }, "delay": "1s" }), "when.caller", "caller"),
        (
            json!({ "when": { "path": [TOKENS, INDIVIDUAL], "customer_id": "c" }, "delay": "1s" }),
            "when.customer_id",
            TOKENS,
        ),
        (
            json!({ "then": { "raw": { "status": 200, "content_type": "a".repeat(257) } } }),
            "then.raw.content_type",
            "text/html",
        ),
        (json!({ "then": { "raw": { "status": 99 } } }), "then.raw.status", "200 to 599"),
        (json!({ "then": { "raw": { "status": 204, "body": "x" } } }), "then.raw", "no body"),
        (json!({ "then": { "raw": { "status": 200, "content_type": "a\nb" } } }), "then.raw.content_type", "text/html"),
        (json!({ "delay": { "min": "2s", "max": "1s" } }), "delay", "`max`"),
        (json!({ "delay": { "min": "2s" } }), "delay", "max"),
        (json!({ "delay": "0s" }), "", "nothing is scripted"),
        (json!({ "then": { "error_code": "CBC.0157" } }), "then.error_code", "CBC.0156"),
        (json!({ "then": { "status": 502, "fault": "close" } }), "then", "`gateway`"),
    ];
    for (script, key, said) in table {
        for (body, prefix) in [(script.clone(), ""), (json!([script]), "[0]")] {
            let (status, error) = app.post("/scripted", &body).await;
            assert_eq!(status, 422, "{body}: {error}");
            let [mistake] = list(&error, "detail") else { panic!("one mistake: {error}") };
            let path = [prefix, key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
            assert_eq!(mistake["key"], path, "{body}: {error}");
            assert!(mistake.to_string().contains(said), "{said}: {error}");
        }
        let error = build_error(&format!("{CALLERS}scripted: [{script}]")).to_string();
        assert!(error.contains(said) && error.contains("scripted[0]"), "{error}");
    }
    assert_eq!(app.get("/scripted").await, json!({ "scripted": [] }));
}

#[tokio::test]
async fn scripted_raw_answers_as_a_proxy_would() {
    let app = app();
    let page = "<html><body>502 Bad Gateway</body></html>";
    app.script(&json!([
        { "times": 1, "then": { "raw": { "status": 502, "content_type": "text/html", "body": page } } },
        { "times": 1, "then": { "raw": { "status": 200, "content_type": "application/json", "body": "{\"is_review\":1}" } } },
        { "times": 1, "then": { "raw": { "status": 503 } } },
    ]))
    .await;
    let reply = app.apply(&passport("c-1")).await;
    reply.assert(502, page);
    assert_eq!(reply.header("content-type"), Some("text/html"));
    let entry = reply.entry();
    assert_eq!((entry.status(), entry.response()), (Some(502), &json!(page)));
    let reply = app.apply(&passport("c-1")).await;
    reply.assert(200, UNDER_REVIEW);
    assert_eq!(reply.entry().response(), &json!({ "is_review": 1 }));
    let reply = app.apply(&passport("c-1")).await;
    reply.assert(503, "");
    assert_eq!(reply.header("content-type"), None);
    assert_eq!(app.get("/customers/c-1").await["attempts"], 0, "a raw answer changes nothing, whatever it says");
}

#[tokio::test]
async fn scripted_common_errors_have_their_status_and_text() {
    let app = app();
    let table = [
        ("CBC.0150", 403, "Access denied. The customer does not belong to the website you are now at."),
        ("CBC.0154", 401, "The token is invalid or has expired."),
        ("CBC.0155", 403, "The request is not allowed."),
        ("CBC.0156", 403, "Access denied. The customer does not belong to the website you are now at."),
        ("CBC.0250", 429, "Message flow control."),
        ("CBC.99000037", 400, "You do not have the operation permission to this reseller."),
        ("CBC.99005035", 400, "This API cannot be used by a sandbox account."),
    ];
    for (code, status, text) in table {
        app.script(&json!({ "times": 1, "then": { "error_code": code } })).await;
        let reply = app.apply(&passport("c-1")).await;
        reply.assert(status, &format!(r#"{{"error_code":"{code}","error_msg":"{text}"}}"#));
        reply.assert_scripted(status, code);
        app.script(&json!({ "when": { "path": RESULT }, "times": 1, "then": { "error_code": code } })).await;
        result(&app, "c-1").await.assert_scripted(status, code);
    }
}

#[tokio::test]
async fn scripted_answer_that_is_lost_has_changed_what_it_says() {
    let process = Process::start(&[]);
    let client = process.client();
    let then = json!({ "is_review": 1, "fault": "close" });
    client.script(&json!({ "when": { "customer_id": "customer-new" }, "times": 1, "then": then })).await;
    let body = builtin_passport("customer-new").to_string();
    let mut connection = Connection::to(&process).await;
    connection.send(raw_post(&body)).await;
    connection.assert_closed().await;
    let customer = client.get("/customers/customer-new").await;
    assert_eq!((&customer["real_name"], &customer["attempts"]), (&json!("under_review"), &json!(1)));
    // The client repeats, and is told that the work is done.
    let again = client.apply_as("demo-token", &builtin_passport("customer-new")).await;
    again.assert_code(400, "CBC.99000027");
    let entry = &client.get("/journal?limit=1").await["entries"][0];
    assert_eq!(entry["response"], json!({ "status": null, "body": null, "fault": "close" }));
    assert_eq!(entry["outcome"]["decided_by"], "script");
    assert_eq!(entry["changes"][0]["real_name"], json!(["unauthenticated", "under_review"]));
    let coverage = client.get("/coverage").await;
    assert_eq!(coverage["met"], 1, "a lost answer is not seen by the client: {coverage}");
}

#[tokio::test]
async fn scripted_refusal_that_is_lost_or_cut_short() {
    let process = Process::start(&[]);
    let client = process.client();
    client
        .script(&json!([
            { "times": 1, "then": { "error_code": "CBC.99007188", "fault": "malformed" } },
            { "times": 1, "then": { "error_code": "CBC.0999", "fault": "empty" } },
        ]))
        .await;
    let body = builtin_passport("customer-new").to_string();
    let mut connection = Connection::to(&process).await;
    connection.send(raw_post(&body)).await;
    let head = connection.head().await;
    let cut = connection.rest_as_text().await;
    let whole = r#"{"error_code":"CBC.99007188","error_msg":"Real-name authentication failed."}"#;
    assert_eq!(head.status, 400);
    assert_eq!(head.header("content-length"), Some(&*whole.len().to_string()));
    assert!(!cut.is_empty() && whole.starts_with(&cut) && cut.len() < whole.len(), "{cut}");
    let mut connection = Connection::to(&process).await;
    connection.send(raw_post(&body)).await;
    connection.reply().await.assert(200, "");
    assert_eq!(client.get("/customers/customer-new").await["attempts"], 0);
}

#[tokio::test(start_paused = true)]
async fn scripted_delay_without_answer_holds_back_what_the_rules_answer() {
    let app = app();
    app.script(&json!([
        { "times": 1, "delay": "10m" },
        { "when": { "path": RESULT }, "delay": "20m" },
        { "when": { "path": TOKENS }, "delay": "30m" },
    ]))
    .await;
    let began = Instant::now();
    let reply = app.apply(&passport("c-1")).await;
    reply.assert(200, UNDER_REVIEW);
    assert_eq!(began.elapsed(), Duration::from_secs(600));
    assert_eq!(reply.saw("script"), "scripted[0] delays the answer by 600s");
    app.apply(&passport("c-1")).await.assert_code(400, "CBC.99000027");
    assert_eq!(began.elapsed(), Duration::from_secs(600), "it is used up");
    let reply = result(&app, "c-1").await;
    reply.assert(200, r#"{"review_result":0,"opinion":null}"#);
    assert_eq!(began.elapsed(), Duration::from_secs(1800));
    assert_eq!(reply.saw("script"), "scripted[1] delays the answer by 1200s");
    let reply = log_in(&app).await;
    assert_eq!((reply.status, reply.token().is_empty()), (201, false));
    assert_eq!(began.elapsed(), Duration::from_secs(3600));
    assert_eq!(app.get("/scripted").await["scripted"][0]["left"], 0);
}

#[tokio::test(start_paused = true)]
async fn scripted_delay_is_drawn_between_its_bounds_and_repeats_with_the_seed() {
    let delays = async |seed: u64| {
        let scripted = "scripted: [{ delay: { min: 100ms, max: 500ms } }]";
        let app = TestApp::with(&format!("settings: {{ seed: {seed}, unlisted_customers: adopt }}\n{scripted}"));
        assert_eq!(
            app.get("/scripted").await["scripted"][0]["scripted"]["delay"],
            json!({ "min": "100ms", "max": "500ms" })
        );
        let mut delays = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            app.apply(&passport("c-1")).await;
            delays.push(began.elapsed());
        }
        delays
    };
    let first = delays(1).await;
    // The timer has a resolution of a millisecond.
    let bounds = Duration::from_millis(100)..=Duration::from_millis(501);
    assert!(first.iter().all(|delay| bounds.contains(delay)), "{first:?}");
    assert!(first.iter().min() < first.iter().max(), "{first:?}");
    assert_eq!(first, delays(1).await);
    assert_ne!(first, delays(2).await);
}

#[tokio::test]
async fn scripted_answer_can_be_taken_away_and_its_place_is_not_given_again() {
    let app = app();
    let answer = |code: &str| json!({ "then": { "error_code": code } });
    app.script(&json!([answer("CBC.0999"), answer("CBC.0151"), answer("CBC.99007261")])).await;
    assert_eq!(app.delete("/scripted/1").await, 204);
    assert_eq!(app.delete("/scripted/1").await, 404);
    assert_eq!(app.delete("/scripted/x").await, 404);
    assert_eq!(app.delete("/scripted/+0").await, 404, "another way to write a place");
    assert_eq!(app.delete("/scripted/0").await, 204);
    let places = async || -> Vec<Value> {
        list(&app.get("/scripted").await, "scripted").iter().map(|row| row["place"].clone()).collect()
    };
    assert_eq!(places().await, [2]);
    let reply = app.apply(&passport("c-1")).await;
    reply.assert_scripted(400, "CBC.99007261");
    assert_eq!(reply.saw("script"), "scripted[2] matches");
    let (_, added) = app.post("/scripted", &answer("CBC.0999")).await;
    assert_eq!(added, json!({ "place": 3, "added": 1 }));
    assert_eq!(app.delete("/scripted").await, 204);
    let (_, added) = app.post("/scripted", &answer("CBC.0999")).await;
    assert_eq!(added["place"], 4);
    assert_eq!(places().await, [4]);
}

#[tokio::test]
async fn world_with_every_kind_of_script_can_be_loaded_again() {
    let app = app();
    let scripted = json!([
        { "when": { "path": RESULT, "method": "GET", "headers": { "x-a": { "present": true } } },
          "probability": 1.0, "then": [{ "error_code": "CBC.0250" }] },
        { "when": { "path": { "prefix": "/v3/" } }, "probability": 1.0, "delay": "200ms" },
        { "when": {}, "probability": 1.0, "times": 3, "delay": { "min": "1s", "max": "2s" },
          "then": [
            { "is_review": 1, "fault": "close" },
            { "raw": { "status": 502, "content_type": "text/html", "body": "<html>" } },
            { "error_code": "CBC.99007004", "fail_check_items": ["PIC_SIZE_ERR"], "fault": "reset" },
            { "gateway": "APIGW.0201", "status": 504 },
            { "fault": "hang" },
          ] },
    ]);
    app.script(&scripted).await;
    let world = app.get("/world").await;
    let as_written = |value: &Value| {
        let mut scripted = value["scripted"].clone();
        for answer in scripted.as_array_mut().expect("a list") {
            for condition in answer["when"].as_object_mut().expect("conditions").values_mut() {
                // A single value is written as a list of one.
                if let Some([one]) = condition.as_array().map(Vec::as_slice) {
                    *condition = one.clone();
                }
            }
        }
        scripted
    };
    assert_eq!(as_written(&world), scripted);
    let (status, answer) = app.put("/world", &world).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(app.get("/world").await["scripted"], world["scripted"]);
}

#[tokio::test]
async fn quota_refuses_each_caller_on_each_path_beyond_it_until_the_next_second() {
    let app = TestApp::from_text(&format!("settings: {{ quota: 2/s }}\n{CALLERS}"));
    app.put("/clock", &json!({ "freeze": true })).await;
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    app.apply(&passport("c-1")).await.assert_code(400, "CBC.99000027");
    let text = "The throttling threshold has been reached: policy user over ratelimit,limit:2,time:1 second";
    let refused = app.apply(&passport("c-1")).await;
    refused.assert_gateway(429, "APIGW.0308", text);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.rule(), Some("quota"));
    assert_eq!(refused.entry().caller(), Some("demo"));
    let again = json!({ "request_id": refused.id() });
    for question in [&again, &json!({ "request": passport("c-1") })] {
        let (_, explained) = app.post("/explain", question).await;
        assert_eq!(explained["outcome"]["rule"], "quota", "{explained}");
    }
    assert_eq!(refused.saw("quota"), "policy user over ratelimit,limit:2,time:1 second");
    // Another caller, other paths, and a caller that is not known.
    app.apply_as("other-token", &passport("c-1")).await.assert_code(400, "CBC.0100");
    assert_eq!(result(&app, "c-1").await.status, 200);
    assert_eq!(domains(&app).await.status, 200);
    app.apply_as("nobody", &passport("c-1")).await.assert_unauthenticated("decrypt token fail");
    app.apply_as("customer-token", &passport("c-1")).await.assert_code(403, "CBC.0151");
    app.put("/clock", &json!({ "advance": "1s" })).await;
    let (_, explained) = app.post("/explain", &again).await;
    assert_eq!(explained["outcome"]["rule"], "not-authenticated-yet", "as the space is now: {explained}");
    // To explain counts nothing: two are left.
    app.apply(&passport("c-1")).await.assert_code(400, "CBC.99000027");
    app.apply(&passport("c-1")).await.assert_code(400, "CBC.99000027");
    assert_eq!(app.get("/world").await["settings"]["quota"], "2/s");
    for quota in ["0/s", "10", "10/min", "-1/s", "x/s"] {
        let error = build_error(&format!("settings: {{ quota: '{quota}' }}\n{CALLERS}")).to_string();
        assert!(error.contains("10/s"), "{quota}: {error}");
    }
}
