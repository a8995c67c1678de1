//! What is limited stays limited: the attempts of a customer and the customers of a certificate, one after the
//! other and all at once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::rules::{apply_as, assert_refused, certificate};
use crate::service::{Service, passport, with};

const ACCEPTED: &str = r#"{"is_review":1}"#;
const ROUNDS: usize = 200;

#[tokio::test]
async fn exactly_as_many_attempts_are_taken_as_the_limit_says() {
    for limit in 1..=3 {
        for used in 0..=limit + 1 {
            let service = Service::with(&format!(
                "settings: {{ attempts_per_customer: {limit} }}
customers: [{{ id: c-1, partner: demo, attempts: {used} }}]
certificates: [{{ number: BLOCKED, blocked: true }}]"
            ));
            for _ in used..limit {
                let reply = service.apply(&certificate("c-1", "BLOCKED")).await;
                assert_refused(&reply, "certificate-allowed", "CBC.99007193");
            }
            assert_refused(&service.apply(&passport("c-1")).await, "attempts-left", "CBC.99000026");
        }
    }
}

#[tokio::test]
async fn an_application_counts_from_the_rule_that_limits_attempts() {
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
    let service = Service::with(yaml);
    for (application, token, check) in uncounted {
        assert_eq!(apply_as(&service, token, &application).await.check(), Some(check));
    }
    service.apply(&c_1).await.assert(200, ACCEPTED);
    assert_refused(&service.apply(&c_1).await, "not-authenticated-yet", "CBC.99000027");
    service.space.reject("c-1", "no").expect("it is under review");
    assert_refused(&service.apply(&c_1).await, "attempts-left", "CBC.99000026");

    let tiff = with(c_1.clone(), "verified_file_url", json!(["front.tiff", "hand.jpg"]));
    let counted = [
        (certificate("c-1", "BLOCKED"), "certificate-allowed"),
        (certificate("c-1", "WORN"), "certificate-not-worn-out"),
        (tiff, "pictures-pass"),
        (certificate("c-1", "HELD"), "identity-agrees"),
        (certificate("c-1", "FORGED"), "verification-passes"),
    ];
    for (application, rule) in counted {
        let service = Service::with(yaml);
        assert_eq!(service.apply(&application).await.check(), Some(rule));
        assert_refused(&service.apply(&c_1).await, "attempts-left", "CBC.99000026");
        service.apply(&passport("c-2")).await.assert(200, ACCEPTED);
    }
}

#[tokio::test]
async fn asking_again_during_a_review_is_no_attempt() {
    let service = Service::with("settings: { attempts_per_customer: 2 }\ncustomers: [{ id: c-1, partner: demo }]");
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
    for _ in 0..3 {
        assert_refused(&service.apply(&passport("c-1")).await, "not-authenticated-yet", "CBC.99000027");
    }
    service.space.reject("c-1", "no").expect("it is under review");
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn exactly_as_many_customers_may_use_a_certificate_as_the_limit_says() {
    for limit in 1..=3_usize {
        for held in 0..=limit + 1 {
            let used_by = (1..=held).map(|other| format!("u-{other}")).collect::<Vec<_>>().join(", ");
            let customers = (1..=4).map(|c| format!("{{ id: c-{c}, partner: demo }}")).collect::<Vec<_>>().join(", ");
            let service = Service::with(&format!(
                "settings: {{ customers_per_certificate: {limit} }}
customers: [{customers}]
certificates: [{{ number: E12345678, used_by: [{used_by}] }}]"
            ));
            let free = limit.saturating_sub(held);
            for customer in 1..=free {
                service.apply(&passport(&format!("c-{customer}"))).await.assert(200, ACCEPTED);
            }
            let next = format!("c-{}", free + 1);
            assert_refused(&service.apply(&passport(&next)).await, "certificate-not-worn-out", "CBC.99007189");
            service.apply(&certificate(&next, "E-OTHER")).await.assert(200, ACCEPTED);
        }
    }
}

/// One certificate for one customer, and three who want it.
const ONE_HOLDER: &str = "
settings: { customers_per_certificate: 1, attempts_per_customer: 100, review: REVIEW }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }, { id: c-3, partner: demo, real_name: under_review }]
certificates: [{ number: OWN, used_by: [c-1] }, { number: LISTED, used_by: [c-3] }]
";

#[tokio::test]
async fn a_customer_does_not_stand_in_its_own_way() {
    let service = Service::with(&ONE_HOLDER.replace("REVIEW", "manual"));
    service.apply(&certificate("c-1", "OWN")).await.assert(200, ACCEPTED);
    service.space.reject("c-1", "no").expect("it is under review");
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
    service.space.reject("c-1", "no").expect("it is under review");
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn a_rejection_frees_the_certificate_and_an_approval_does_not() {
    let service = Service::with(&ONE_HOLDER.replace("REVIEW", "manual"));
    service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
    assert_refused(&service.apply(&passport("c-2")).await, "certificate-not-worn-out", "CBC.99007189");
    service.space.reject("c-1", "no").expect("it is under review");
    service.apply(&passport("c-2")).await.assert(200, ACCEPTED);
    service.space.approve("c-2").expect("it is under review");
    assert_refused(&service.apply(&passport("c-1")).await, "certificate-not-worn-out", "CBC.99007189");
    assert_refused(&service.apply(&passport("c-2")).await, "not-authenticated-yet", "CBC.99000027");
    let again = service.space.reject("c-2", "no");
    assert!(again.is_err(), "a decision is final");

    assert_refused(&service.apply(&certificate("c-1", "LISTED")).await, "certificate-not-worn-out", "CBC.99007189");
    service.space.reject("c-3", "no").expect("it is under review");
    service.apply(&certificate("c-1", "LISTED")).await.assert(200, ACCEPTED);
}

#[tokio::test]
async fn without_a_review_an_accepted_customer_is_authenticated_at_once() {
    let service = Service::with(&ONE_HOLDER.replace("REVIEW", "automatic"));
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":0}"#);
    assert_refused(&service.apply(&passport("c-1")).await, "not-authenticated-yet", "CBC.99000027");
    assert_refused(&service.apply(&passport("c-2")).await, "certificate-not-worn-out", "CBC.99007189");
    let reviewed = service.space.reject("c-1", "no");
    assert!(reviewed.is_err(), "there is no review to decide");
}

/// Sends all of these at the same time. Returns the error code of each answer, `null` if it was accepted.
async fn at_once(service: &Service, applications: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let applications: Vec<_> = applications.into_iter().collect();
    let start = Arc::new(Barrier::new(applications.len()));
    let tasks: Vec<_> = applications
        .into_iter()
        .map(|application| {
            let (service, start) = (service.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                service.apply(&application).await.json()["error_code"].clone()
            })
        })
        .collect();
    let mut codes = Vec::new();
    for task in tasks {
        codes.push(task.await.expect("no application panics"));
    }
    codes
}

/// Asserts that so many were accepted, and that all others were refused with this code.
#[track_caller]
fn assert_accepted(codes: &[Value], accepted: usize, code: &str) {
    let passed = codes.iter().filter(|found| found.is_null()).count();
    let refused = codes.iter().filter(|found| **found == code).count();
    assert_eq!((passed, refused), (accepted, codes.len() - accepted), "accepted, refused with {code}: {codes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_customers_at_once_as_many_take_a_certificate_as_the_limit_says() {
    for round in 0..ROUNDS {
        let limit = round % 4 + 1;
        let settings = format!("settings: {{ unlisted_customers: adopt, customers_per_certificate: {limit} }}");
        let codes = at_once(&Service::with(&settings), (0..200).map(|c| passport(&format!("c-{c}")))).await;
        assert_accepted(&codes, limit, "CBC.99007189");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_applications_of_one_customer_at_once_one_is_accepted() {
    for round in 0..ROUNDS {
        let unlisted = if round % 2 == 0 { "adopt" } else { "refuse" };
        let listed = if round % 2 == 0 { "" } else { "customers: [{ id: c-1, partner: demo }]" };
        let service = Service::with(&format!("settings: {{ unlisted_customers: {unlisted} }}\n{listed}"));
        let codes = at_once(&service, (0..100).map(|_| passport("c-1"))).await;
        assert_accepted(&codes, 1, "CBC.99000027");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_failing_applications_at_once_as_many_are_attempts_as_the_limit_says() {
    for round in 0..ROUNDS {
        let limit = round % 5 + 1;
        let service = Service::with(&format!(
            "settings: {{ unlisted_customers: adopt, attempts_per_customer: {limit} }}
certificates: [{{ number: BLOCKED, blocked: true }}]"
        ));
        let codes = at_once(&service, (0..50).map(|_| certificate("c-1", "BLOCKED"))).await;
        let counted = codes.iter().filter(|code| **code == "CBC.99007193").count();
        let refused = codes.iter().filter(|code| **code == "CBC.99000026").count();
        assert_eq!((counted, refused), (limit, 50 - limit));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn customers_and_certificates_in_every_pair_at_once_find_one_another_once() {
    let pairs: Vec<_> = (0..6).flat_map(|c| (0..6).map(move |n| (format!("c-{c}"), format!("E-{n}")))).collect();
    for _ in 0..ROUNDS {
        let service = Service::with(
            "settings: { unlisted_customers: adopt, customers_per_certificate: 1, attempts_per_customer: 100 }",
        );
        let codes = at_once(&service, pairs.iter().map(|(customer, number)| certificate(customer, number))).await;
        let accepted: Vec<_> =
            pairs.iter().zip(codes).filter(|(_, code)| code.is_null()).map(|(pair, _)| pair).collect();
        let customers: HashSet<_> = accepted.iter().map(|(customer, _)| customer).collect();
        let numbers: HashSet<_> = accepted.iter().map(|(_, number)| number).collect();
        assert_eq!((customers.len(), numbers.len()), (accepted.len(), accepted.len()), "one for one: {accepted:?}");
        // Every pair was tried: had two been left over, they would have found one another.
        assert_eq!(accepted.len(), 6, "nobody is left over: {accepted:?}");
    }
}
