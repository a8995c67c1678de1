//! `/_sim/scripted`, and the answers that it scripts: for which applications, how often, in which order, and what they change.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{AUTHENTICATED, TestApp, UNDER_REVIEW, keys, numbered, passport, text, with, without};

const FLAKY: &str = "CBC.0999";

/// A simulator with these scripted answers, which adopts all customers.
fn scripted(answers: &str) -> TestApp {
    TestApp::with(&format!("settings: {{ unlisted_customers: adopt }}\nscripted:\n{answers}"))
}

/// Applies so many times, each time for a new customer. Returns which answers were scripted.
async fn run(app: &TestApp, times: usize) -> Vec<bool> {
    let mut scripted = Vec::new();
    for time in 0..times {
        let reply = app.apply(&passport(&format!("c-{time}"))).await;
        scripted.push(reply.rule() == Some("script"));
    }
    scripted
}

/// Applies so many times. Returns the statuses.
async fn statuses(app: &TestApp, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(app.apply(&passport("c-1")).await.status);
    }
    statuses
}

#[tokio::test]
async fn empty_body_is_422_with_what_it_may_look_like() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    for (method, path) in [
        ("POST", "/scripted"),
        ("POST", "/verify"),
        ("POST", "/explain"),
        ("PUT", "/clock"),
        ("PUT", "/world"),
        ("POST", "/customers/c-1/review"),
    ] {
        let error = app.assert_control(method, path, Value::Null, 422).await;
        let hint = text(&error["detail"][0]["hint"]).strip_prefix("write it like ").expect("an example").to_owned();
        let example: Value = serde_json::from_str(&hint).expect("the example is JSON");
        let (status, answer) = app.control(method, path, &example).await;
        assert!(status != 400 && status != 422, "{method} {path}: {example}: {answer}");
    }
}

#[tokio::test]
async fn scripted_when_matches_every_parameter_and_operator() {
    let urls = json!(["2024/front.jpg", "2024/hand.png"]);
    let application = with(with(passport("c-1"), "verified_file_url", urls), "name", "王小明 (Wang)");
    let table = [
        ("", true, "no condition"),
        ("customer_id: c-1", true, "the value itself"),
        ("customer_id: c-", false, "a part of the value"),
        ("customer_id: C-1", false, "another case"),
        ("customer_id: [c-2, c-1]", true, "one of a list"),
        ("customer_id: [c-2, c-3]", false, "none of a list"),
        ("name: { prefix: 王小 }", true, "its beginning"),
        ("name: { prefix: 小 }", false, "not its beginning"),
        ("name: { suffix: Wang) }", true, "its end"),
        ("name: { suffix: Wang }", false, "not its end"),
        ("name: { contains: 明 ( }", true, "a part, in which nothing is a pattern"),
        ("name: { contains: W.ng }", false, "no part"),
        (r"name: { regex: 'W.ng\)$' }", true, "a pattern, anywhere"),
        ("name: { regex: '^W' }", false, "a pattern that begins elsewhere"),
        ("name: { present: true }", true, "there"),
        ("name: { present: false }", false, "there"),
        ("change_type: { present: true }", false, "not there"),
        ("change_type: { present: false }", true, "not there"),
        ("change_type: -1", false, "what is not there has no value"),
        ("customer_id: { not: c-2 }", true, "another value"),
        ("customer_id: { not: [c-2, c-1] }", false, "one of those that it may not be"),
        ("customer_id: { not: { prefix: c- } }", false, "the operator holds"),
        ("customer_id: { not: { not: c-1 } }", true, "not another value"),
        ("change_type: { not: -1 }", true, "what is not there is not this value"),
        ("change_type: { not: { present: true } }", true, "not there"),
        ("verified_file_url: { not: 2024/hand.png }", false, "an entry is this one"),
        ("verified_type: { not: 5 }", true, "another integer"),
        ("verified_number: E12345678", true, "text that is more than digits"),
        ("xaccount_type: { suffix: _IDP }", true, "each parameter can be named"),
        ("identify_type: 0", true, "an integer itself"),
        ("identify_type: 1", false, "another integer"),
        ("verified_type: [5, 3]", true, "one of a list of integers"),
        ("verified_type: [5, 33]", false, "none of a list of integers"),
        ("verified_type: { prefix: '3' }", true, "an integer as it is written"),
        ("verified_type: { regex: '^[0-9]$' }", true, "an integer as it is written"),
        ("verified_file_url: 2024/hand.png", true, "any entry of the list"),
        ("verified_file_url: { suffix: .png }", true, "any entry of the list"),
        ("verified_file_url: { prefix: 2023/ }", false, "no entry of the list"),
        ("caller: demo", true, "the partner's name"),
        ("caller: other", false, "another partner's name"),
        ("caller: { regex: '^(demo|x)$' }", true, "an operator on the partner's name"),
        ("customer_id: c-1, verified_type: 3, caller: demo", true, "all conditions hold"),
        ("customer_id: c-1, verified_type: 5, caller: demo", false, "one condition does not hold"),
    ];
    let application = without(application, "change_type");
    for (when, matches, why) in table {
        let app = scripted(&format!("  - {{ when: {{ {when} }}, then: {{ error_code: {FLAKY} }} }}"));
        let reply = app.apply(&application).await;
        let expected = if matches { (500, FLAKY) } else { (200, "") };
        assert_eq!((reply.status, reply.code().as_str()), expected, "{when}: {why}");
    }
    let app = scripted("  - { when: { change_type: -1, caller: other }, then: { is_review: 0 } }");
    app.apply(&with(application.clone(), "change_type", -1)).await.assert(200, UNDER_REVIEW);
    let foreign = with(with(application, "change_type", -1), "xaccount_type", "OTHER_IDP");
    app.apply_as("other-token", &foreign).await.assert(200, AUTHENTICATED);
}

#[tokio::test]
async fn scripted_answers_match_in_order_until_used_up() {
    let app = scripted(
        "
  - { when: { name: Nobody }, then: { error_code: CBC.0151 } }
  - { when: { customer_id: c-1 }, times: 2, then: { error_code: CBC.0999 } }
  - { when: { customer_id: { prefix: c- } }, times: 1, then: { error_code: CBC.99007261 } }",
    );
    app.apply(&passport("c-1")).await.assert_scripted(500, "CBC.0999");
    app.apply(&passport("c-1")).await.assert_scripted(500, "CBC.0999");
    app.apply(&passport("c-1")).await.assert_scripted(400, "CBC.99007261");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    let nobody = with(passport("c-2"), "name", "Nobody");
    for _ in 0..5 {
        app.apply(&nobody).await.assert_scripted(403, "CBC.0151");
    }
}

#[tokio::test]
async fn scripted_sequence_repeats_its_last_step_until_used_up() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let steps = json!([{ "error_code": "CBC.0999" }, { "gateway": "APIGW.0308" }, { "error_code": "CBC.0151" }]);
    let script = json!({ "when": { "customer_id": "c-1" }, "times": 5, "then": steps });
    let (status, added) = app.post("/scripted", &script).await;
    assert_eq!((status, &added["added"]), (201, &json!(1)));
    assert_eq!(statuses(&app, 2).await, [500, 429]);
    let list = app.get("/scripted").await;
    assert_eq!((&list["scripted"][0]["used"], &list["scripted"][0]["left"]), (&json!(2), &json!(3)));
    assert_eq!(list["scripted"][0]["scripted"]["times"], 5);
    assert_eq!(list["scripted"][0]["scripted"]["then"], steps);
    assert_eq!(statuses(&app, 5).await, [403, 403, 403, 200, 400], "then it is used up, and the rules decide");
    let list = app.get("/scripted").await;
    assert_eq!(list["scripted"][0]["left"], 0);
}

#[tokio::test]
async fn post_scripted_appends_and_delete_scripted_clears() {
    let app = TestApp::with(
        "customers: [{ id: c-1, partner: demo }]\nscripted: [{ times: 1, then: { error_code: CBC.0999 } }]",
    );
    let more = json!([{ "times": 1, "then": { "gateway": "APIGW.0308" } }, { "then": { "error_code": "CBC.0151" } }]);
    let (status, added) = app.post("/scripted", &more).await;
    assert_eq!((status, &added["added"]), (201, &json!(2)));
    assert_eq!(statuses(&app, 4).await, [500, 429, 403, 403]);
    let list = app.get("/scripted").await;
    let left: Vec<_> = list["scripted"].as_array().expect("a list").iter().map(|answer| &answer["left"]).collect();
    assert_eq!(left, [&json!(0), &json!(0), &Value::Null], "an answer without `times` is given for ever");
    assert_eq!(app.delete("/scripted").await, 204);
    assert_eq!(app.get("/scripted").await["scripted"], json!([]));
    assert_eq!(statuses(&app, 1).await, [200]);
}

#[tokio::test]
async fn place_of_a_scripted_answer_is_never_given_again() {
    let app = scripted("  - then: { error_code: CBC.0999 }");
    let place = async || {
        let listed = app.get("/scripted").await;
        let (_, added) = app.post("/scripted", &json!({ "then": { "error_code": "CBC.0999" } })).await;
        (listed["scripted"][0]["place"].as_u64(), added["place"].as_u64())
    };
    assert_eq!(place().await, (Some(0), Some(1)));
    app.assert_control("POST", "/reset", json!(null), 200).await;
    assert_eq!(place().await, (Some(2), Some(3)));
    let world = app.get("/world").await;
    app.assert_control("PUT", "/world", world, 200).await;
    assert_eq!(place().await, (Some(4), Some(6)), "the world has two");
    let error = app.assert_control("POST", "/scripted", json!([]), 422).await;
    assert_eq!(error["detail"][0]["message"], "there is no scripted answer in the list");
    assert_eq!(place().await, (Some(4), Some(7)), "an empty list has no place");
}

#[tokio::test]
async fn scripted_fail_check_items_are_third_and_in_the_order_of_the_page() {
    let items = "[INVALID_IDCARD_FACE, PIC_SIZE_ERR, INVALID_IDCARD_FACE]";
    let app = scripted(&format!("  - {{ then: {{ error_code: CBC.99007004, fail_check_items: {items} }} }}"));
    let reply = app.apply(&passport("c-1")).await;
    reply.assert_scripted(400, "CBC.99007004");
    assert_eq!(keys(&reply.json()), ["error_code", "error_msg", "fail_check_items"]);
    assert_eq!(reply.json()["fail_check_items"], json!(["PIC_SIZE_ERR", "INVALID_IDCARD_FACE"]));
}

#[tokio::test]
async fn scripted_gateway_answers_each_code_of_the_gateway() {
    let table = [
        ("APIGW.0101", 404, "The API does not exist or has not been published in the environment."),
        ("APIGW.0103", 404, "The backend does not exist."),
        ("APIGW.0104", 400, "The plug-ins do not exist."),
        ("APIGW.0105", 400, "The backend configurations do not exist."),
        ("APIGW.0106", 400, "Orchestration error."),
        ("APIGW.0201", 400, "API request error."),
        ("APIGW.0301", 401, "Incorrect IAM authentication information."),
        ("APIGW.0302", 403, "The IAM user is not authorized to access the API."),
        ("APIGW.0303", 401, "Incorrect app authentication information."),
        ("APIGW.0304", 403, "The app is not authorized to access the API."),
        ("APIGW.0305", 401, "Incorrect authentication information."),
        ("APIGW.0306", 403, "API access denied."),
        ("APIGW.0307", 401, "The token must be updated."),
        (
            "APIGW.0308",
            429,
            "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second",
        ),
        ("APIGW.0310", 403, "The project is unavailable."),
        ("APIGW.0401", 403, "Unknown client IP address."),
        ("APIGW.0402", 403, "The IP address is not authorized to access the API."),
        ("APIGW.0404", 403, "Access to the backend IP address has been denied."),
    ];
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    for (code, status, message) in table {
        app.script(&json!({ "times": 1, "then": { "gateway": code } })).await;
        let reply = app.apply(&passport("c-1")).await;
        reply.assert_gateway(status, code, message);
        assert_eq!(reply.rule(), Some("script"), "{code}");
        assert_eq!(reply.header("retry-after"), (code == "APIGW.0308").then_some("1"), "{code}");
    }
    let customer = app.get("/customers/c-1").await;
    assert_eq!((&customer["attempts"], &customer["real_name"]), (&json!(0), &json!("unauthenticated")));
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test(start_paused = true)]
async fn scripted_delay_holds_the_answer_back() {
    let app = scripted("  - { when: { customer_id: c-1 }, delay: 10m, then: { error_code: CBC.0999 } }");
    let (delayed, other) = (passport("c-1"), passport("c-2"));
    let began = Instant::now();
    let (delayed, other) = tokio::join!(app.apply(&delayed), async {
        let reply = app.apply(&other).await;
        (reply, began.elapsed())
    });
    delayed.assert_scripted(500, "CBC.0999");
    assert_eq!(began.elapsed().as_secs(), 600);
    other.0.assert(200, UNDER_REVIEW);
    assert_eq!(other.1, Duration::ZERO);
}

#[tokio::test]
async fn scripted_refusal_changes_nothing() {
    for then in ["error_code: CBC.99007188", "error_code: CBC.99000027", "gateway: APIGW.0308"] {
        let app = TestApp::with(&format!(
            "
settings: {{ attempts_per_customer: 1, customers_per_certificate: 1 }}
customers: [{{ id: c-1, partner: demo }}, {{ id: c-2, partner: demo }}]
scripted: [{{ when: {{ customer_id: c-1 }}, times: 3, then: {{ {then} }} }}]"
        ));
        for _ in 0..3 {
            assert_eq!(app.apply(&passport("c-1")).await.rule(), Some("script"));
        }
        app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
        app.apply(&passport("c-2")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
    }
}

#[tokio::test]
async fn scripted_is_review_changes_what_a_real_acceptance_does() {
    for (is_review, reviewed) in [(0, false), (1, true)] {
        let review_setting = if reviewed { "automatic" } else { "manual" };
        let app = TestApp::with(&format!(
            "
settings: {{ attempts_per_customer: 1, customers_per_certificate: 1, review: {review_setting} }}
customers: [{{ id: c-1, partner: demo }}, {{ id: c-2, partner: demo }}]
scripted: [{{ when: {{ customer_id: c-1 }}, times: 1, then: {{ is_review: {is_review} }} }}]"
        ));
        let reply = app.apply(&passport("c-1")).await;
        assert_eq!((reply.json(), reply.rule()), (json!({ "is_review": is_review }), Some("script")));
        app.apply(&passport("c-1")).await.assert_rule("not-authenticated-yet", "CBC.99000027");
        app.apply(&passport("c-2")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
        if reviewed {
            app.space.reject("c-1", "no").expect("it is under review");
            let own = numbered("c-1", "E-OTHER");
            app.apply(&own).await.assert_rule("attempts-left", "CBC.99000026");
        } else {
            assert!(app.space.reject("c-1", "no").is_err(), "no review");
        }
    }
}

#[tokio::test]
async fn scripted_is_review_twice_leaves_the_customer_with_its_last_certificate() {
    let app = TestApp::with(
        "
settings: { customers_per_certificate: 1 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]
scripted: [{ when: { customer_id: c-1 }, times: 2, then: { is_review: 1 } }]",
    );
    app.apply(&numbered("c-1", "E-1")).await.assert(200, UNDER_REVIEW);
    app.apply(&numbered("c-1", "E-2")).await.assert(200, UNDER_REVIEW);
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&numbered("c-2", "E-1")).await.assert(200, UNDER_REVIEW);
    app.apply(&numbered("c-1", "E-2")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn scripted_answer_is_not_used_up_by_a_parameter_error() {
    let app = scripted("  - { times: 1, then: { error_code: CBC.0999 } }");
    app.apply(&with(passport("c-1"), "name", Value::Null)).await.assert_parameter_error();
    app.post_body("{").await.assert_parameter_error();
    app.apply_as("unknown", &passport("c-1")).await.assert_unauthenticated("decrypt token fail");
    app.apply(&passport("c-1")).await.assert_scripted(500, "CBC.0999");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn scripted_probability_gives_its_share_and_repeats_with_the_seed() {
    let seeded = |seed: u64, share: &str| {
        TestApp::with(&format!(
            "
settings: {{ unlisted_customers: adopt, customers_per_certificate: 100000, seed: {seed} }}
scripted: [{{ probability: {share}, then: {{ error_code: CBC.0999 }} }}]"
        ))
    };
    for (share, least, most) in [("0", 0, 0), ("0.0", 0, 0), ("0.2", 300, 500), ("0.5", 850, 1150), ("1", 2000, 2000)] {
        for seed in [0, 1, 42, 1 << 60] {
            let first = run(&seeded(seed, share), 2000).await;
            let given = first.iter().filter(|scripted| **scripted).count();
            assert!((least..=most).contains(&given), "share {share}, seed {seed}: {given} of 2000");
        }
    }
    let app = seeded(7, "0.5");
    let first = run(&app, 200).await;
    assert_eq!(first, run(&seeded(7, "0.5"), 200).await, "the same seed");
    assert_ne!(first, run(&seeded(8, "0.5"), 200).await, "another seed");
    app.space.reset();
    assert_eq!(first, run(&app, 200).await, "after a reset it begins again");
}

#[tokio::test]
async fn scripted_acceptance_is_in_force_while_its_answer_is_delayed() {
    let app = TestApp::with("settings: { unlisted_customers: adopt }");
    app.script(&json!({ "delay": "10m", "then": { "is_review": 0 } })).await;
    let request = tokio::spawn({
        let app = app.clone();
        async move { app.apply(&passport("c-1")).await }
    });
    while app.get("/journal").await["entries"] == json!([]) {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.get("/customers/c-1").await["real_name"], "authenticated");
    assert_eq!(app.delete("/partners/demo").await, 409, "it has a customer");
    request.abort();
    assert_eq!(app.get("/customers/c-1").await["real_name"], "authenticated");
}

#[tokio::test]
async fn post_scripted_with_mistakes_is_refused_and_adds_nothing() {
    let app = TestApp::with("");
    let table = [
        (
            json!({ "when": { "caller": "nobody" }, "then": { "error_code": "CBC.0999" } }),
            "nobody",
            "an unknown caller",
        ),
        (json!([{ "then": { "is_review": 1 } }, { "then": { "error_code": "CBC.1" } }]), "CBC.1", "one of two is bad"),
        (json!({ "then": { "gateway": "APIGW.9999" } }), "APIGW.9999", "an unknown error of the gateway"),
        (json!({ "then": { "fault": "explode" } }), "explode", "an unknown fault"),
        (json!({ "then": { "is_review": 2 } }), "is_review", "there is no such number"),
        (json!({ "then": { "is_review": 1, "error_code": "CBC.0999" } }), "one answer", "two answers"),
        (json!({ "then": [] }), "without a step", "no answer"),
        (json!({ "times": 0, "then": { "is_review": 1 } }), "never given", "an answer that is never given"),
        (json!({ "probability": 1.5, "then": { "is_review": 1 } }), "probability", "no probability"),
        (json!({ "when": { "nam": "A" }, "then": { "is_review": 1 } }), "nam", "no parameter of the API's"),
        (
            json!({ "then": { "error_code": "CBC.0999", "fail_check_items": [] } }),
            "CBC.99007004",
            "items of another code",
        ),
    ];
    for (script, names, why) in table {
        let (status, error) = app.post("/scripted", &script).await;
        assert!([404, 422].contains(&status), "{why}: {status}");
        assert!(error["detail"].to_string().contains(names), "{why}: {error}");
    }
    assert_eq!(app.get("/scripted").await["scripted"], json!([]));
}
