//! `POST /v2/customers/realname-auths/individual`, many times at once: the limits of customers and certificates hold.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Barrier;

use crate::support::{TestApp, numbered, passport};

const ROUNDS: usize = 200;

/// Sends all of these at the same time. Returns the error code of each answer, `null` if it was accepted.
async fn at_once(app: &TestApp, applications: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let applications: Vec<_> = applications.into_iter().collect();
    let start = Arc::new(Barrier::new(applications.len()));
    let tasks: Vec<_> = applications
        .into_iter()
        .map(|application| {
            let (app, start) = (app.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                app.apply(&application).await.json()["error_code"].clone()
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
async fn two_hundred_customers_at_once_get_a_certificate_as_often_as_its_limit() {
    for round in 0..ROUNDS {
        let limit = round % 4 + 1;
        let settings = format!("settings: {{ unlisted_customers: adopt, customers_per_certificate: {limit} }}");
        let codes = at_once(&TestApp::with(&settings), (0..200).map(|c| passport(&format!("c-{c}")))).await;
        assert_accepted(&codes, limit, "CBC.99007189");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundred_applications_of_one_customer_at_once_are_accepted_once() {
    for round in 0..ROUNDS {
        let unlisted = if round % 2 == 0 { "adopt" } else { "refuse" };
        let listed = if round % 2 == 0 { "" } else { "customers: [{ id: c-1, partner: demo }]" };
        let app = TestApp::with(&format!("settings: {{ unlisted_customers: {unlisted} }}\n{listed}"));
        let codes = at_once(&app, (0..100).map(|_| passport("c-1"))).await;
        assert_accepted(&codes, 1, "CBC.99000027");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_failing_applications_at_once_use_the_attempts_of_the_limit() {
    for round in 0..ROUNDS {
        let limit = round % 5 + 1;
        let app = TestApp::with(&format!(
            "settings: {{ unlisted_customers: adopt, attempts_per_customer: {limit} }}
certificates: [{{ number: BLOCKED, blocked: true }}]"
        ));
        let codes = at_once(&app, (0..50).map(|_| numbered("c-1", "BLOCKED"))).await;
        let counted = codes.iter().filter(|code| **code == "CBC.99007193").count();
        let refused = codes.iter().filter(|code| **code == "CBC.99000026").count();
        assert_eq!((counted, refused), (limit, 50 - limit));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_pair_of_customer_and_certificate_at_once_is_accepted_one_to_one() {
    let pairs: Vec<_> = (0..6).flat_map(|c| (0..6).map(move |n| (format!("c-{c}"), format!("E-{n}")))).collect();
    for _ in 0..ROUNDS {
        let app = TestApp::with(
            "settings: { unlisted_customers: adopt, customers_per_certificate: 1, attempts_per_customer: 100 }",
        );
        let codes = at_once(&app, pairs.iter().map(|(customer, number)| numbered(customer, number))).await;
        let accepted: Vec<_> =
            pairs.iter().zip(codes).filter(|(_, code)| code.is_null()).map(|(pair, _)| pair).collect();
        let customers: HashSet<_> = accepted.iter().map(|(customer, _)| customer).collect();
        let numbers: HashSet<_> = accepted.iter().map(|(_, number)| number).collect();
        assert_eq!((customers.len(), numbers.len()), (accepted.len(), accepted.len()), "one for one: {accepted:?}");
        // Every pair was tried: had two been left over, they would have found one another.
        assert_eq!(accepted.len(), 6, "every place is taken: {accepted:?}");
    }
}
