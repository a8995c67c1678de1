//! `POST /v2/customers/realname-auths/individual`: the business rules, what counts as an attempt, and who holds a certificate.

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{AUTHENTICATED, TestApp, UNDER_REVIEW, assert_consistent, numbered, passport, with};

const HOUR: Duration = Duration::from_secs(3600);

/// A world of one partner with these lines, one customer and one certificate.
fn world(partner: &str, customer: &str, certificate: &str) -> TestApp {
    TestApp::from_text(&format!(
        "
settings: {{ customers_per_certificate: 1 }}
partners:
  - {{ id: demo-account, name: demo, xaccount_type: DEMO_IDP, credentials: {{ tokens: [token] }}, {partner} }}
  - {{ id: other-account, name: other, xaccount_type: OTHER_IDP }}
customers: [{{ id: c-1, {customer} }}]
certificates: [{{ number: E12345678, {certificate} }}]"
    ))
}

#[tokio::test]
async fn post_individual_that_fails_several_rules_is_refused_by_the_first() {
    // Each row mends what the row before it was refused for, and leaves all that can still be wrong.
    let unready = "real_name: unauthenticated";
    let all = "partner_program: true, real_name: authenticated, attempts: 9";
    let bad = "blocked: true, holder: Another Name, verdict: fail, used_by: [c-9]";
    let (demo, worn) = ("partner: demo", "holder: Another Name, verdict: fail, used_by: [c-9]");
    let url = |picture: &str| with(passport("c-1"), "verified_file_url", json!([picture, "hand.jpg"]));
    let (good, bad_picture) = (url("front.jpg"), url("front.tiff"));
    let caller = with(bad_picture.clone(), "customer_id", "demo-account");
    let elsewhere = with(caller.clone(), "xaccount_type", "OTHER_IDP");
    let foreign = with(bad_picture.clone(), "xaccount_type", "OTHER_IDP");
    let demo_and = |more: &str| format!("{demo}, {more}");
    let table: [(&str, String, &str, &Value, &str, &str); 17] = [
        (unready, all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("photo_upload: false", all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("bucket: { authorized: false }", all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("", all.into(), bad, &elsewhere, "platform-of-partner", "CBC.0100"),
        ("", all.into(), bad, &foreign, "platform-of-partner", "CBC.0100"),
        ("", all.into(), bad, &caller, "customer-not-caller", "CBC.99007265"),
        ("", all.into(), bad, &bad_picture, "customer-has-partner", "CBC.99000035"),
        ("", format!("partner: other, {all}"), bad, &bad_picture, "customer-of-caller", "CBC.99000000"),
        ("", demo_and(all), bad, &bad_picture, "customer-not-partner", "CBC.99007259"),
        (
            "",
            demo_and("real_name: authenticated, attempts: 9"),
            bad,
            &bad_picture,
            "not-authenticated-yet",
            "CBC.99000027",
        ),
        (
            "",
            demo_and("real_name: under_review, attempts: 9"),
            bad,
            &bad_picture,
            "not-authenticated-yet",
            "CBC.99000027",
        ),
        ("", demo_and("real_name: rejected, attempts: 9"), bad, &bad_picture, "attempts-left", "CBC.99000026"),
        ("", demo.into(), bad, &bad_picture, "certificate-allowed", "CBC.99007193"),
        ("", demo.into(), worn, &bad_picture, "certificate-not-worn-out", "CBC.99007189"),
        ("", demo.into(), "holder: Another Name, verdict: fail", &bad_picture, "pictures-pass", "CBC.99007004"),
        ("", demo.into(), "holder: Another Name, verdict: fail", &good, "identity-agrees", "CBC.99007202"),
        ("", demo.into(), "holder: Wang Xiaoming, verdict: fail", &good, "verification-passes", "CBC.99007188"),
    ];
    for (partner, customer, certificate, application, rule, code) in table {
        let reply = world(partner, &customer, certificate).apply(application).await;
        reply.assert_rule(rule, code);
    }
    let fine = world("", demo, "holder: Wang Xiaoming, verdict: pass");
    fine.apply(&good).await.assert(200, UNDER_REVIEW);
    let reply = fine.apply(&with(passport("c-2"), "xaccount_type", "DEMO_IDP")).await;
    reply.assert_rule("customer-has-partner", "CBC.99000035");
}

/// The key of a bucket with the front picture, of which the text says more.
fn front(more: &str) -> String {
    format!("bucket: {{ objects: [{{ path: front.jpg, {more} }}, {{ path: hand.jpg }}] }}")
}

#[tokio::test]
async fn entry_shows_what_each_rule_compared() {
    let demo = "partner: demo";
    let and = |more: &str| format!("{demo}, {more}");
    let foreign = with(passport("c-1"), "xaccount_type", "OTHER_IDP");
    let (own, caller) = (passport("c-1"), passport("demo-account"));
    let table: [(&str, &str, &str, &str, &Value); 26] = [
        ("partner-ready", "real_name: unauthenticated", demo, "", &own),
        ("partner-ready", "photo_upload: false", demo, "", &own),
        ("partner-ready", "bucket: { authorized: false }", demo, "", &own),
        ("partner-ready", "bucket: { directory: /no/such/directory }", demo, "", &own),
        ("platform-of-partner", "", demo, "", &foreign),
        ("customer-not-caller", "", demo, "", &caller),
        ("customer-has-partner", "", demo, "", &passport("c-2")),
        ("customer-has-partner", "", "attempts: 0", "", &own),
        ("customer-of-caller", "", "partner: other", "", &own),
        ("customer-not-partner", "", &and("partner_program: true"), "", &own),
        ("not-authenticated-yet", "", &and("real_name: rejected"), "", &own),
        ("not-authenticated-yet", "", &and("real_name: under_review"), "", &own),
        ("not-authenticated-yet", "", &and("real_name: authenticated"), "", &own),
        ("attempts-left", "", &and("attempts: 2"), "", &own),
        ("attempts-left", "", &and("attempts: 3"), "", &own),
        ("certificate-allowed", "", demo, "blocked: true", &own),
        ("certificate-not-worn-out", "", demo, "used_by: [c-1]", &own),
        ("certificate-not-worn-out", "", demo, "used_by: [c-2]", &own),
        ("pictures-pass", "bucket: { objects: [{ path: hand.jpg }] }", demo, "", &own),
        ("pictures-pass", &front("readable: false"), demo, "", &own),
        ("pictures-pass", &front("format: webp"), demo, "", &own),
        ("pictures-pass", &front("size: 10485761"), demo, "", &own),
        ("pictures-pass", &front("shows: { name: Other }"), demo, "", &own),
        ("identity-agrees", "", demo, "holder: Wang Xiaoming", &own),
        ("identity-agrees", "", demo, "holder: Other", &own),
        ("verification-passes", "", demo, "verdict: fail", &own),
    ];
    let mut lines = Vec::new();
    for (rule, partner, customer, certificate, application) in table {
        let reply = world(partner, customer, certificate).apply(application).await;
        let entry = reply.entry().json();
        assert_consistent(&entry);
        let attempt = if entry["changes"] == json!([]) { "no attempt" } else { "an attempt" };
        let code = if reply.status == 200 { "accepted".to_owned() } else { reply.code() };
        lines.push(format!("{rule}: {} -> {code}, {attempt}", reply.saw(rule)));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    partner-ready: partner authenticated: false, photo upload enabled: true, bucket authorized: true -> CBC.99005030, no attempt
    partner-ready: partner authenticated: true, photo upload enabled: false, bucket authorized: true -> CBC.99005030, no attempt
    partner-ready: partner authenticated: true, photo upload enabled: true, bucket authorized: false -> CBC.99005030, no attempt
    partner-ready: partner authenticated: true, photo upload enabled: true, bucket authorized: true, bucket cannot be reached (assumed): the directory /no/such/directory: No such file or directory (os error 2) -> CBC.99005030, no attempt
    platform-of-partner: xaccount_type is another than the assigned "DEMO_IDP" -> CBC.0100, no attempt
    customer-not-caller: customer_id demo-account, the caller's own account demo-account -> CBC.99007265, no attempt
    customer-has-partner: no customer with this ID -> CBC.99000035, no attempt
    customer-has-partner: partner of the customer: none -> CBC.99000035, no attempt
    customer-of-caller: partner of the customer: other, caller: demo -> CBC.99000000, no attempt
    customer-not-partner: joined a partner program: true -> CBC.99007259, no attempt
    not-authenticated-yet: real-name status: rejected -> accepted, an attempt
    not-authenticated-yet: real-name status: under_review -> CBC.99000027, no attempt
    not-authenticated-yet: real-name status: authenticated -> CBC.99000027, no attempt
    attempts-left: attempts used: 2, allowed: 3 -> accepted, an attempt
    attempts-left: attempts used: 3, allowed: 3 -> CBC.99000026, no attempt
    certificate-allowed: certificate blocked: true -> CBC.99007193, an attempt
    certificate-not-worn-out: other customers with this certificate: 0, allowed: 1 -> accepted, an attempt
    certificate-not-worn-out: other customers with this certificate: 1, allowed: 1 -> CBC.99007189, an attempt
    pictures-pass: front "front.jpg": missing: INVALID_FRONT_IDCARD, in hand "hand.jpg": jpg of 102400 bytes: passed -> CBC.99007004, an attempt
    pictures-pass: front "front.jpg": jpg of 102400 bytes, unreadable: INVALID_FRONT_IDCARD, in hand "hand.jpg": jpg of 102400 bytes: passed -> CBC.99007004, an attempt
    pictures-pass: front "front.jpg": webp of 102400 bytes: PIC_FORMAT_ERR, in hand "hand.jpg": jpg of 102400 bytes: passed -> CBC.99007004, an attempt
    pictures-pass: front "front.jpg": jpg of 10485761 bytes: PIC_SIZE_ERR, in hand "hand.jpg": jpg of 102400 bytes: passed -> CBC.99007004, an attempt
    pictures-pass: front "front.jpg": jpg of 102400 bytes: IDCARD_INFO_NOT_SAME, in hand "hand.jpg": jpg of 102400 bytes: passed -> CBC.99007004, an attempt
    identity-agrees: the listed holder -> accepted, an attempt
    identity-agrees: another name than the listed holder's -> CBC.99007202, an attempt
    verification-passes: verdict listed for this certificate: fail -> CBC.99007188, an attempt
    "#);
}

#[tokio::test]
async fn review_after_approves_a_review_by_itself() {
    let customers = "customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: under_review }]";
    for (review_after, advance, ends) in [("2h", HOUR, false), ("2h", 2 * HOUR, true), ("null", 100_000 * HOUR, false)]
    {
        let app = TestApp::with(&format!("settings: {{ review_after: {review_after} }}\n{customers}"));
        app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
        app.space.advance(advance);
        for customer in ["c-1", "c-2"] {
            app.apply(&passport(customer)).await.assert_rule("not-authenticated-yet", "CBC.99000027");
            let rejected = app.space.reject(customer, "no");
            assert_eq!(rejected.is_err(), ends, "{customer}: review_after {review_after}, after {advance:?}");
        }
    }
}

#[tokio::test]
async fn unlisted_customers_adopt_gives_the_customer_to_its_first_caller() {
    let app = TestApp::with(
        "settings: { unlisted_customers: adopt, attempts_per_customer: 1 }
certificates: [{ number: BLOCKED, blocked: true }]",
    );
    let foreign = |customer| with(passport(customer), "xaccount_type", "OTHER_IDP");
    app.apply(&passport("new-1")).await.assert(200, UNDER_REVIEW);
    app.apply_as("other-token", &foreign("new-1")).await.assert_rule("customer-of-caller", "CBC.99000000");
    app.apply_as("other-token", &foreign("new-2")).await.assert(200, UNDER_REVIEW);
    app.apply(&passport("new-2")).await.assert_rule("customer-of-caller", "CBC.99000000");
    app.apply(&numbered("new-3", "BLOCKED")).await.assert_rule("certificate-allowed", "CBC.99007193");
    app.apply(&passport("new-3")).await.assert_rule("attempts-left", "CBC.99000026");
    app.apply(&passport("demo-account")).await.assert_rule("customer-not-caller", "CBC.99007265");
}

#[tokio::test]
async fn post_individual_beyond_the_attempts_of_a_customer_is_cbc_99000026() {
    for limit in 1..=3 {
        for used in 0..=limit + 1 {
            let app = TestApp::with(&format!(
                "settings: {{ attempts_per_customer: {limit} }}
customers: [{{ id: c-1, partner: demo, attempts: {used} }}]
certificates: [{{ number: BLOCKED, blocked: true }}]"
            ));
            for _ in used..limit {
                let reply = app.apply(&numbered("c-1", "BLOCKED")).await;
                reply.assert_rule("certificate-allowed", "CBC.99007193");
            }
            app.apply(&passport("c-1")).await.assert_rule("attempts-left", "CBC.99000026");
        }
    }
}

#[tokio::test]
async fn post_individual_counts_as_an_attempt_from_the_rule_attempts_left_on() {
    let yaml = "
settings: { attempts_per_customer: 1, customers_per_certificate: 1 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]
certificates:
  - { number: BLOCKED, blocked: true }
  - { number: WORN, used_by: [c-9] }
  - { number: HELD, holder: Another Name }
  - { number: FORGED, verdict: fail }
";
    let c_1 = passport("c-1");
    let uncounted = [
        (with(c_1.clone(), "identify_type", 1), "token", "parameters"),
        (with(c_1.clone(), "xaccount_type", "OTHER_IDP"), "token", "platform-of-partner"),
        (with(c_1.clone(), "xaccount_type", "OTHER_IDP"), "other-token", "customer-of-caller"),
    ];
    let app = TestApp::with(yaml);
    for (application, token, check) in uncounted {
        assert_eq!(app.apply_as(token, &application).await.rule(), Some(check));
    }
    app.apply(&c_1).await.assert(200, UNDER_REVIEW);
    app.apply(&c_1).await.assert_rule("not-authenticated-yet", "CBC.99000027");
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&c_1).await.assert_rule("attempts-left", "CBC.99000026");

    let tiff = with(c_1.clone(), "verified_file_url", json!(["front.tiff", "hand.jpg"]));
    let counted = [
        (numbered("c-1", "BLOCKED"), "certificate-allowed"),
        (numbered("c-1", "WORN"), "certificate-not-worn-out"),
        (tiff, "pictures-pass"),
        (numbered("c-1", "HELD"), "identity-agrees"),
        (numbered("c-1", "FORGED"), "verification-passes"),
    ];
    for (application, rule) in counted {
        let app = TestApp::with(yaml);
        assert_eq!(app.apply(&application).await.rule(), Some(rule));
        app.apply(&c_1).await.assert_rule("attempts-left", "CBC.99000026");
        app.apply(&passport("c-2")).await.assert(200, UNDER_REVIEW);
    }
}

#[tokio::test]
async fn post_individual_during_a_review_is_no_attempt() {
    let app = TestApp::with("settings: { attempts_per_customer: 2 }\ncustomers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    for _ in 0..3 {
        app.apply(&passport("c-1")).await.assert_rule("not-authenticated-yet", "CBC.99000027");
    }
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn post_individual_beyond_the_customers_of_a_certificate_is_cbc_99007189() {
    for limit in 1..=3_usize {
        for held in 0..=limit + 1 {
            let used_by = (1..=held).map(|other| format!("u-{other}")).collect::<Vec<_>>().join(", ");
            let customers = (1..=4).map(|c| format!("{{ id: c-{c}, partner: demo }}")).collect::<Vec<_>>().join(", ");
            let app = TestApp::with(&format!(
                "settings: {{ customers_per_certificate: {limit} }}
customers: [{customers}]
certificates: [{{ number: E12345678, used_by: [{used_by}] }}]"
            ));
            let free = limit.saturating_sub(held);
            for customer in 1..=free {
                app.apply(&passport(&format!("c-{customer}"))).await.assert(200, UNDER_REVIEW);
            }
            let next = format!("c-{}", free + 1);
            app.apply(&passport(&next)).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
            app.apply(&numbered(&next, "E-OTHER")).await.assert(200, UNDER_REVIEW);
        }
    }
}

/// A certificate for one customer, and three customers.
const ONE_HOLDER: &str = "
settings: { customers_per_certificate: 1, attempts_per_customer: 100, review: REVIEW }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }, { id: c-3, partner: demo, real_name: under_review }]
certificates: [{ number: OWN, used_by: [c-1] }, { number: LISTED, used_by: [c-3] }]
";

#[tokio::test]
async fn post_individual_with_the_certificate_that_the_customer_holds_is_accepted() {
    let app = TestApp::with(&ONE_HOLDER.replace("REVIEW", "manual"));
    app.apply(&numbered("c-1", "OWN")).await.assert(200, UNDER_REVIEW);
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn rejected_review_frees_the_certificate_and_an_approved_one_does_not() {
    let app = TestApp::with(&ONE_HOLDER.replace("REVIEW", "manual"));
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    app.apply(&passport("c-2")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
    app.space.reject("c-1", "no").expect("it is under review");
    app.apply(&passport("c-2")).await.assert(200, UNDER_REVIEW);
    app.space.approve("c-2").expect("it is under review");
    app.apply(&passport("c-1")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
    app.apply(&passport("c-2")).await.assert_rule("not-authenticated-yet", "CBC.99000027");
    let again = app.space.reject("c-2", "no");
    assert!(again.is_err(), "a decision is final");

    app.apply(&numbered("c-1", "LISTED")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
    app.space.reject("c-3", "no").expect("it is under review");
    app.apply(&numbered("c-1", "LISTED")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn review_automatic_authenticates_at_once() {
    let app = TestApp::with(&ONE_HOLDER.replace("REVIEW", "automatic"));
    app.apply(&passport("c-1")).await.assert(200, AUTHENTICATED);
    app.apply(&passport("c-1")).await.assert_rule("not-authenticated-yet", "CBC.99000027");
    app.apply(&passport("c-2")).await.assert_rule("certificate-not-worn-out", "CBC.99007189");
    let reviewed = app.space.reject("c-1", "no");
    assert!(reviewed.is_err(), "there is no review to decide");
}
