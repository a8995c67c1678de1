//! The library inside a Rust test, as its user writes it.

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bss_sim::{
    Certificate, Credentials, Customer, Error, Expectation, Matcher, Partner, RealNameStatus, Scenario, Settings,
    Simulator, World,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tower::ServiceExt;

use crate::support::*;

/// An application of a customer.
fn request(partner: &Credentials, customer: &str) -> Request<Body> {
    let body = with(passport(customer), "xaccount_type", partner.xaccount_type.as_str()).to_string();
    let request = Request::post(INDIVIDUAL).header("x-auth-token", &partner.token);
    request.header("content-type", "application/json").body(body.into()).expect("the request is well-formed")
}

fn block_on<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(future)
}

/// Sends an application. Returns the answer, or an error if the connection ends without one.
fn apply(sim: &Simulator, partner: &Credentials, customer: &str) -> Result<Reply, axum::Error> {
    block_on(Client::of_url(sim.url()).try_send(request(partner, customer)))
}

/// The error code that an application gets. Empty if it is accepted.
#[track_caller]
fn code(sim: &Simulator, partner: &Credentials, customer: &str) -> String {
    apply(sim, partner, customer).expect("an answer").code()
}

/// The message of a panic.
#[track_caller]
fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .expect("it says something")
}

#[test]
fn simulators_of_one_process_are_isolated() {
    let simulators: Vec<_> = thread::scope(|scope| {
        let start = |_| scope.spawn(Simulator::start);
        let threads: Vec<_> = (0..8).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("it starts")).collect()
    });
    for sim in &simulators {
        apply(sim, &sim.credentials(), "customer-new").expect("an answer").assert(200, UNDER_REVIEW);
    }
    assert!(simulators.iter().all(|sim| sim.journal().len() == 1));
}

#[tokio::test]
async fn dropped_simulator_frees_its_port_and_ends_connections() {
    let sim = Simulator::start();
    let address = sim.url().trim_start_matches("http://").to_owned();
    let mut idle = Connection::to_address(&address).await;
    idle.assert_alive().await;
    drop(sim);
    TcpListener::bind(&address).expect("the port is free");
    idle.assert_closed().await;
}

#[tokio::test]
async fn dropped_simulator_does_not_wait_for_a_hanging_answer() {
    let sim = Simulator::start();
    sim.script(json!({ "then": { "fault": "hang" } })).unwrap();
    let (client, request) = (Client::of_url(sim.url()), request(&sim.credentials(), "customer-new"));
    let hanging = tokio::spawn(async move { client.try_send(request).await });
    while sim.journal().is_empty() {
        tokio::task::yield_now().await;
    }
    // It would wait for ever.
    drop(sim);
    assert!(hanging.await.expect("no panic").is_err(), "nothing was answered");
}

#[tokio::test]
async fn simulator_in_an_async_test_answers() {
    let sim = Simulator::start();
    sim.expect(Expectation::exactly(1).customer_id("customer-new").status(200));
    // The test has one thread: if the simulator needed it, nothing would be answered while the test blocks.
    let reply = Client::of_url(sim.url()).send(request(&sim.credentials(), "customer-new")).await;
    reply.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn space_without_a_port_answers_by_its_router() {
    let space = Simulator::builder().build().unwrap();
    space.expect(Expectation::exactly(2));
    for status in [200, 400] {
        let application = request(&space.credentials(), "customer-new");
        let response = space.router().oneshot(application).await.expect("the router never fails");
        assert_eq!(response.status(), status);
    }
    let steering = Request::get("/_sim/journal").body(Body::empty()).expect("a request");
    let response = space.router().oneshot(steering).await.expect("the router never fails");
    let listed = response.into_body().collect().await.expect("the body is in memory").to_bytes();
    let listed: Value = serde_json::from_slice(&listed).expect("JSON");
    let journal: Vec<_> = space.journal().iter().map(|entry| entry.json().clone()).collect();
    assert_eq!(listed["entries"], Value::from(journal), "the journal is that of the control API");
}

#[test]
fn dropped_simulator_panics_if_an_expectation_does_not_hold() {
    let message = panic_of(|| {
        let sim = Simulator::start();
        apply(&sim, &sim.credentials(), "customer-done").expect("an answer");
        sim.expect(Expectation::exactly(1).customer_id("customer-done"));
        sim.expect(Expectation::at_least(2).customer_id("customer-done").status(200));
        sim.expect(Expectation::exactly(0).rule("not-authenticated-yet"));
    });
    assert_eq!(message.matches("expected at tests/it/library.rs:").count(), 2, "{message}");
    for part in [
        "expected at least 2, found 0",
        "expected exactly 0, found 1",
        "#1 POST /v2/customers/realname-auths/individual -> 400 CBC.99000027, not-authenticated-yet: real-name status: auth",
        "\n    status: expected 200, got 400\n",
    ] {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    assert!(!message.contains("Wang Xiaoming"), "{message}");
}

#[test]
fn dropped_simulator_does_not_panic_if_its_expectations_hold() {
    let sim = Simulator::start();
    sim.expect(Expectation::exactly(1).customer_id("customer-new").caller("demo-partner").path(INDIVIDUAL));
    sim.expect(Expectation::exactly(1).rule("not-authenticated-yet").status([400, 500]).name("Wang Xiaoming"));
    sim.expect(Expectation::exactly(0).error_code(Matcher::Prefix("APIGW".into())));
    sim.expect(Expectation::exactly(2).verified_number("E12345678").method("POST").verified_type(3));
    sim.expect(Expectation::exactly(1).outcome("is_review 1").header("X-Auth-Token", Matcher::Present(true)));
    sim.expect(Expectation::exactly(0).name(Matcher::Not(Box::new("Wang Xiaoming".into()))));
    sim.expect(Expectation::sequence().status(200).then().status(400).rule("not-authenticated-yet"));
    let partner = sim.credentials();
    apply(&sim, &partner, "customer-new").expect("an answer");
    apply(&sim, &partner, "customer-done").expect("an answer");
    drop(sim);
}

#[test]
fn dropped_simulator_does_not_panic_in_a_test_that_panics() {
    let message = panic_of(|| {
        let sim = Simulator::start();
        sim.expect(Expectation::exactly(1));
        // A second panic would end the process.
        panic!("the test's own reason");
    });
    assert_eq!(message, "the test's own reason");
}

#[test]
fn verify_counts_the_journal_of_the_moment() {
    let sim = Simulator::start();
    let accepted = Expectation::at_least(1).status(200);
    assert_eq!(sim.verify(&accepted).unwrap_err().to_string(), "expected at least 1, found 0");
    apply(&sim, &sim.credentials(), "customer-new").expect("an answer");
    assert_eq!(sim.verify(&accepted).unwrap(), 1);
    sim.clear_journal();
    assert_eq!(sim.verify(&accepted).unwrap_err().count, 0);
}

#[test]
fn verify_within_a_time_waits_for_it() {
    let sim = Simulator::start();
    let both = Expectation::sequence().status(200).then().status(400).within(Duration::from_secs(60));
    thread::scope(|scope| {
        scope.spawn(|| {
            let partner = sim.credentials();
            apply(&sim, &partner, "customer-new").expect("an answer");
            apply(&sim, &partner, "customer-done").expect("an answer");
        });
        assert_eq!(sim.verify(&both).unwrap(), 2);
    });
    let never = Expectation::exactly(1).within(Duration::from_secs(60));
    assert_eq!(sim.verify(&never).unwrap_err().count, 2, "what is too many is not waited for");
}

#[test]
fn new_space_is_isolated_and_ends_when_dropped() {
    let sim = Simulator::start();
    let one = sim.new_space();
    let other = sim.new_space_from("review-automatic").unwrap();
    apply(&sim, &one.credentials(), "customer-new").expect("an answer").assert(200, UNDER_REVIEW);
    apply(&sim, &sim.credentials(), "customer-new").expect("an answer").assert(200, UNDER_REVIEW);
    assert_eq!((one.journal().len(), other.journal().len(), sim.journal().len()), (1, 0, 1));
    assert!(sim.new_space_from("no-such-scenario").is_err());

    let gone = one.credentials();
    let message = panic_of(|| {
        one.expect(Expectation::exactly(2));
        drop(one);
    });
    assert!(message.contains("expected exactly 2, found 1"), "{message}");
    assert_eq!(code(&sim, &gone, "customer-new"), "APIGW.0301", "a space goes with what it expected");
}

#[test]
fn script_takes_the_answers_of_a_fixture() {
    let sim = Simulator::start();
    let partner = sim.credentials();
    sim.script(json!({ "times": 1, "then": { "error_code": "CBC.0999" } })).unwrap();
    sim.script(r#"[{ "times": 1, "then": { "gateway": "APIGW.0308" } }, { "then": { "fault": "close" } }]"#).unwrap();
    assert_eq!(code(&sim, &partner, "customer-new"), "CBC.0999");
    assert_eq!(code(&sim, &partner, "customer-new"), "APIGW.0308");
    assert!(apply(&sim, &partner, "customer-new").is_err());
    sim.clear_script();
    assert_eq!(code(&sim, &partner, "customer-new"), "");
    let statuses: Vec<_> = sim.journal().iter().map(|entry| (entry.status(), entry.decided_by().to_owned())).collect();
    let [script, accepted] = ["script", "accepted"].map(str::to_owned);
    assert_eq!(
        statuses,
        [(Some(500), script.clone()), (Some(429), script.clone()), (None, script), (Some(200), accepted)]
    );
    assert!(matches!(
        sim.script(json!({ "when": { "caller": "nobody" }, "then": { "is_review": 0 } })),
        Err(Error::Update(_))
    ));
}

#[test]
fn space_follows_reviews_the_clock_and_resets() {
    let sim = Simulator::start();
    let (partner, status) = (sim.credentials(), |id: &str| sim.customer(id).map(|customer| customer.status));
    sim.approve("customer-under-review").unwrap();
    assert_eq!(status("customer-under-review"), Some(RealNameStatus::Authenticated));
    assert_eq!(
        sim.reject("customer-under-review", "blurred").unwrap_err().to_string(),
        "the customer is not under review but authenticated"
    );
    sim.put_customer("customer-late", Customer::new("demo-partner")).unwrap();
    assert_eq!(code(&sim, &partner, "customer-late"), "");
    sim.reject("customer-late", "blurred").unwrap();
    assert_eq!(sim.customer("customer-late").expect("it was put").opinion.as_deref(), Some("blurred"));
    assert!(sim.put_customer("customer-later", Customer::new("nobody")).is_err());

    let at = |sim: &Simulator, place: usize| sim.journal()[place].json()["at"].as_str().expect("a time").to_owned();
    sim.freeze();
    apply(&sim, &partner, "customer-done").expect("an answer");
    apply(&sim, &partner, "customer-done").expect("an answer");
    assert_eq!(at(&sim, 1), at(&sim, 2), "time stands still");
    sim.advance(Duration::from_secs(24 * 60 * 60));
    apply(&sim, &partner, "customer-done").expect("an answer");
    assert_eq!(at(&sim, 3)[10..], at(&sim, 1)[10..], "a day later, to the millisecond");
    assert_ne!(at(&sim, 3), at(&sim, 1));
    sim.unfreeze();

    sim.reset();
    assert_eq!((sim.journal().len(), status("customer-late")), (0, None));
    assert_eq!(status("customer-under-review"), Some(RealNameStatus::UnderReview));
    sim.replace(json!({ "customers": [{ "id": "c-1" }] })).unwrap();
    assert_eq!((status("c-1"), status("customer-done")), (Some(RealNameStatus::Unauthenticated), None));
    assert!(sim.replace(json!({ "customer": [] })).is_err());
    assert!(status("c-1").is_some(), "what is wrong changes nothing");
}

#[test]
fn world_in_code_is_a_scenario() {
    let world = World::new()
        .settings(&Settings { customers_per_certificate: 1, ..Settings::default() })
        .partner(&Partner::new("demo", "DEMO_IDP"))
        .partner(&Partner { photo_upload: false, ..Partner::new("other", "OTHER_IDP") })
        .customer("c-1", &Customer::new("demo"))
        .customer("c-2", &Customer { status: RealNameStatus::Authenticated, ..Customer::new("demo") })
        .customer("c-3", &Customer::new("other"))
        .customer("c-4", &Customer::new("demo"))
        .certificate_used_by("E12345678", &["c-2"])
        .certificate("E00000193", &Certificate { blocked: true, ..Certificate::default() })
        .scripted(json!({ "when": { "customer_id": "c-4" }, "then": { "error_code": "CBC.99007261" } }));
    let sim = Simulator::builder().scenario(world).start().unwrap();
    let (demo, other) = (sim.credentials(), sim.credentials_of("other"));
    assert_eq!((demo.name.as_str(), other.id.as_str()), ("demo", "other"));
    assert!([&demo.token, &demo.ak, &demo.sk].iter().all(|given| !given.is_empty()) && demo.token != other.token);
    let codes = ["c-1", "c-2", "c-4"].map(|customer| code(&sim, &demo, customer));
    assert_eq!(codes, ["CBC.99007189", "CBC.99000027", "CBC.99007261"]);
    assert_eq!(code(&sim, &other, "c-3"), "CBC.99005030");

    let twice = World::new().customer("c-1", &Customer::default()).customer("c-1", &Customer::default());
    let error = Simulator::builder().scenario(twice).start().unwrap_err();
    assert!(matches!(&error, Error::Fixture(wrong) if wrong.problems[0].key == "customers[1].id"), "{error}");
}

#[test]
fn builder_with_mistakes_returns_them_with_their_place() {
    let text = "customers:\n  - { id: c-1, partner: nobody }\n  - { id: c-2, reel_name: rejected }\n";
    let error = format!("{:?}", Simulator::builder().scenario(Scenario::text(text)).start().unwrap_err());
    assert!(
        error.contains("fixture:2:25: customers[0].partner") && error.contains("did you mean `real_name`"),
        "{error}"
    );
    let missing = Simulator::builder().scenario(Scenario::file("no-such-file.yaml")).start().unwrap_err();
    assert!(missing.to_string().contains("no-such-file.yaml: cannot be read"), "{missing}");
    let added = Simulator::builder().fixtures("no-such-directory").start().unwrap_err();
    assert!(matches!(added, Error::Fixture(_)), "{added}");
}

#[test]
fn builder_takes_files_and_settings() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let sim = Simulator::builder()
        .fixtures(fixtures.join("pictures"))
        .scenario("real-pictures")
        .journal_entries(2)
        .journal_bytes(1024 * 1024)
        .show_personal_data()
        .start()
        .unwrap();
    for _ in 0..3 {
        apply(&sim, &sim.credentials(), "nobody").expect("an answer");
    }
    let journal = sim.journal();
    assert_eq!(journal.iter().map(bss_sim::Entry::number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((&journal[0].request()["name"], journal[0].path()), (&json!("Wang Xiaoming"), INDIVIDUAL));
    let file = Simulator::builder().scenario(Scenario::file(fixtures.join("default.yaml"))).start().unwrap();
    assert_eq!((file.credentials().ak.as_str(), file.credentials().sk.as_str()), ("DEMOAK0001", "demo-secret"));
}
