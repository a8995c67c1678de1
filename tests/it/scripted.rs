//! Answers fixed beforehand: which applications they are for, how often and in which order they are given, and
//! what they leave as it was.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bodies::assert_gateway;
use crate::rules::{apply_as, assert_refused, certificate, items_refusal, refusal};
use crate::service::{Reply, Service, passport, with, without};

const ACCEPTED: &str = r#"{"is_review":1}"#;
const FLAKY: &str = "CBC.0999";

/// A service with these scripted answers that has customers enough.
fn scripted(answers: &str) -> Service {
    Service::with(&format!("settings: {{ unlisted_customers: adopt }}\nscripted:\n{answers}"))
}

#[track_caller]
fn assert_scripted(reply: &Reply, status: u16, body: &str) {
    assert_eq!(reply.check(), Some("script"), "{reply:?}");
    reply.assert(status, body);
}

/// Applies so many times, each time for a new customer, and tells which answers were scripted.
async fn run(service: &Service, times: usize) -> Vec<bool> {
    let mut scripted = Vec::new();
    for time in 0..times {
        let reply = service.apply(&passport(&format!("c-{time}"))).await;
        scripted.push(reply.check() == Some("script"));
    }
    scripted
}

#[tokio::test]
async fn a_condition_finds_the_applications_that_it_is_for() {
    let urls = json!(["2024/front.jpg", "2024/hand.png"]);
    let application = with(with(passport("c-1"), "verified_file_url", urls), "name", "王小明 (Wang)");
    let table = [
        ("", true, "no condition"),
        ("customer_id: c-1", true, "the value itself"),
        ("customer_id: c-", false, "a part of the value"),
        ("customer_id: C-1", false, "another case"),
        ("customer_id: [c-2, c-1]", true, "one of a list"),
        ("customer_id: [c-2, c-3]", false, "none of a list"),
        ("customer_id: []", false, "none of an empty list"),
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
        let service = scripted(&format!("  - {{ when: {{ {when} }}, then: {{ error_code: {FLAKY} }} }}"));
        let reply = service.apply(&application).await;
        if matches {
            assert_eq!((reply.status.as_u16(), &reply.body), (500, &refusal(FLAKY)), "{when}: {why}");
        } else {
            assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, ACCEPTED), "{when}: {why}");
        }
    }
    let service = scripted("  - { when: { change_type: -1, caller: other }, then: { is_review: 0 } }");
    service.apply(&with(application.clone(), "change_type", -1)).await.assert(200, ACCEPTED);
    let foreign = with(with(application, "change_type", -1), "xaccount_type", "OTHER_IDP");
    assert_scripted(&apply_as(&service, "other-token", &foreign).await, 200, r#"{"is_review":0}"#);
}

#[tokio::test]
async fn the_first_answer_that_matches_is_given_until_it_is_used_up() {
    let service = scripted(
        "
  - { when: { name: Nobody }, then: { error_code: CBC.0151 } }
  - { when: { customer_id: c-1 }, times: 2, then: { error_code: CBC.0999 } }
  - { when: { customer_id: { prefix: c- } }, times: 1, then: { error_code: CBC.99007261 } }",
    );
    assert_scripted(&service.apply(&passport("c-1")).await, 500, &refusal("CBC.0999"));
    assert_scripted(&service.apply(&passport("c-1")).await, 500, &refusal("CBC.0999"));
    assert_scripted(&service.apply(&passport("c-1")).await, 400, &refusal("CBC.99007261"));
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
    let nobody = with(passport("c-2"), "name", "Nobody");
    for _ in 0..5 {
        assert_scripted(&service.apply(&nobody).await, 403, &refusal("CBC.0151"));
    }
}

#[tokio::test]
async fn the_last_step_of_a_sequence_repeats() {
    let steps = "[{ error_code: CBC.0999 }, { gateway: APIGW.0308 }, { error_code: CBC.99007261 }]";
    let service = scripted(&format!("  - {{ then: {steps} }}"));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(service.apply(&passport("c-1")).await.status.as_u16());
    }
    assert_eq!(statuses, [500, 429, 400, 400, 400]);

    let service = scripted(&format!("  - {{ times: 4, then: {steps} }}"));
    assert_eq!(run(&service, 6).await, [true, true, true, true, false, false], "`times` counts uses, not rounds");

    let service = scripted("  - { times: 1, then: [{ error_code: CBC.0999 }, { is_review: 0 }] }");
    assert_scripted(&service.apply(&passport("c-1")).await, 500, &refusal("CBC.0999"));
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn every_documented_refusal_can_be_scripted() {
    for code in
        ["00000", "00027", "00026", "00035", "05030", "07188", "07189", "07193", "07202", "07259", "07261", "07265"]
    {
        let code = format!("CBC.990{code}");
        let service = scripted(&format!("  - {{ then: {{ error_code: {code} }} }}"));
        assert_scripted(&service.apply(&passport("c-1")).await, 400, &refusal(&code));
    }
    for (code, status) in [("CBC.0100", 400), ("CBC.0151", 403), ("CBC.0999", 500)] {
        let reply = scripted(&format!("  - {{ then: {{ error_code: {code} }} }}")).apply(&passport("c-1")).await;
        assert_scripted(&reply, status, &refusal(code));
        assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8");
    }
}

#[tokio::test]
async fn scripted_check_items_stand_third_and_in_the_pages_order() {
    let items = "[INVALID_IDCARD_FACE, PIC_SIZE_ERR, INVALID_IDCARD_FACE]";
    let service = scripted(&format!("  - {{ then: {{ error_code: CBC.99007004, fail_check_items: {items} }} }}"));
    let reply = service.apply(&passport("c-1")).await;
    assert_scripted(&reply, 400, &items_refusal(&["PIC_SIZE_ERR", "INVALID_IDCARD_FACE"]));
}

#[tokio::test]
async fn any_row_of_the_gateways_table_can_be_scripted() {
    let rows = [
        ("APIGW.0101", 404, "The API does not exist or has not been published in the environment.", None),
        ("APIGW.0103", 404, "The backend does not exist.", None),
        ("APIGW.0201", 400, "API request error.", None),
        ("APIGW.0301", 401, "Incorrect IAM authentication information.", None),
        ("APIGW.0305", 401, "Incorrect authentication information.", None),
        ("APIGW.0306", 403, "API access denied.", None),
        (
            "APIGW.0308",
            429,
            "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second",
            Some("1"),
        ),
        ("APIGW.0404", 403, "Access to the backend IP address has been denied.", None),
    ];
    for (code, status, message, retry_after) in rows {
        let reply = scripted(&format!("  - {{ then: {{ gateway: {code} }} }}")).apply(&passport("c-1")).await;
        assert_eq!(reply.check(), Some("script"));
        assert_gateway(&reply, status, code, message);
        let header = reply.headers.get("retry-after").map(|seconds| seconds.to_str().unwrap());
        assert_eq!(header, retry_after, "{code}");
    }
}

#[tokio::test]
async fn an_answer_can_be_held_back() {
    let service = scripted("  - { times: 1, delay: 50ms, then: { error_code: CBC.0999 } }");
    let start = Instant::now();
    assert_scripted(&service.apply(&passport("c-1")).await, 500, &refusal("CBC.0999"));
    assert!(start.elapsed() >= Duration::from_millis(50), "came after {:?}", start.elapsed());

    let service = scripted("  - { when: { customer_id: c-1 }, delay: 10m, then: { error_code: CBC.0999 } }");
    let (held_back, other) = (passport("c-1"), passport("c-2"));
    tokio::select! {
        biased;
        reply = service.apply(&held_back) => panic!("not held back: {reply:?}"),
        reply = service.apply(&other) => reply.assert(200, ACCEPTED),
    }
}

#[tokio::test]
async fn a_scripted_refusal_changes_nothing() {
    for then in ["error_code: CBC.99007188", "error_code: CBC.99000027", "gateway: APIGW.0308"] {
        let service = Service::with(&format!(
            "
settings: {{ attempts_per_customer: 1, customers_per_certificate: 1 }}
customers: [{{ id: c-1, partner: demo }}, {{ id: c-2, partner: demo }}]
scripted: [{{ when: {{ customer_id: c-1 }}, times: 3, then: {{ {then} }} }}]"
        ));
        for _ in 0..3 {
            assert_eq!(service.apply(&passport("c-1")).await.check(), Some("script"));
        }
        service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
        assert_refused(&service.apply(&passport("c-2")).await, "certificate-not-worn-out", "CBC.99007189");
    }
}

#[tokio::test]
async fn a_scripted_acceptance_changes_what_a_real_one_does() {
    for (is_review, reviewed) in [(0, false), (1, true)] {
        let review_setting = if reviewed { "automatic" } else { "manual" };
        let service = Service::with(&format!(
            "
settings: {{ attempts_per_customer: 1, customers_per_certificate: 1, review: {review_setting} }}
customers: [{{ id: c-1, partner: demo }}, {{ id: c-2, partner: demo }}]
scripted: [{{ when: {{ customer_id: c-1 }}, times: 1, then: {{ is_review: {is_review} }} }}]"
        ));
        assert_scripted(&service.apply(&passport("c-1")).await, 200, &format!(r#"{{"is_review":{is_review}}}"#));
        assert_refused(&service.apply(&passport("c-1")).await, "not-authenticated-yet", "CBC.99000027");
        assert_refused(&service.apply(&passport("c-2")).await, "certificate-not-worn-out", "CBC.99007189");
        if reviewed {
            service.space.reject("c-1", "no").expect("it is under review");
            let own = certificate("c-1", "E-OTHER");
            assert_refused(&service.apply(&own).await, "attempts-left", "CBC.99000026");
        } else {
            assert!(service.space.reject("c-1", "no").is_err(), "no review");
        }
    }
}

#[tokio::test]
async fn a_customer_that_is_accepted_again_by_a_script_holds_only_its_last_certificate() {
    let service = Service::with(
        "
settings: { customers_per_certificate: 1 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]
scripted: [{ when: { customer_id: c-1 }, times: 2, then: { is_review: 1 } }]",
    );
    assert_scripted(&service.apply(&certificate("c-1", "E-1")).await, 200, ACCEPTED);
    assert_scripted(&service.apply(&certificate("c-1", "E-2")).await, 200, ACCEPTED);
    service.space.reject("c-1", "no").expect("it is under review");
    service.apply(&certificate("c-2", "E-1")).await.assert(200, ACCEPTED);
    service.apply(&certificate("c-1", "E-2")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn only_what_is_well_formed_uses_a_script_up() {
    let service = scripted("  - { times: 1, then: { error_code: CBC.0999 } }");
    service.apply(&with(passport("c-1"), "name", Value::Null)).await.assert_parameter_error();
    service.post("{").await.assert_parameter_error();
    let message = "Incorrect IAM authentication information: decrypt token fail";
    assert_gateway(&apply_as(&service, "unknown", &passport("c-1")).await, 401, "APIGW.0301", message);
    assert_scripted(&service.apply(&passport("c-1")).await, 500, &refusal("CBC.0999"));
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn a_probability_gives_its_share_and_a_seed_the_same_run_again() {
    let seeded = |seed: u64, share: &str| {
        Service::with(&format!(
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
    let first = run(&seeded(7, "0.5"), 200).await;
    assert_eq!(first, run(&seeded(7, "0.5"), 200).await, "the same seed");
    assert_ne!(first, run(&seeded(8, "0.5"), 200).await, "another seed");
}
