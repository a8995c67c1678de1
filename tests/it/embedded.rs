//! The simulator inside a Rust test, as its user writes it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use bss_sim::{
    Certificate, Credentials, Customer, Error, Expectation, Matcher, Partner, RealNameStatus, Scenario, Settings,
    Simulator, World,
};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::service::{INDIVIDUAL, passport, with};

/// What a client may have to wait for a stop.
const STOP: Duration = Duration::from_secs(2);

/// Where a simulator listens: host and port.
fn authority(sim: &Simulator) -> String {
    sim.url().strip_prefix("http://").expect("it is an http URL").to_owned()
}

/// An application of a customer as it goes over the wire.
fn application(partner: &Credentials, customer: &str) -> String {
    let body = with(passport(customer), "xaccount_type", partner.xaccount_type.as_str()).to_string();
    format!(
        "POST {INDIVIDUAL} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\nx-auth-token: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        partner.token,
        body.len(),
    )
}

/// The same for clients that know HTTP.
fn request(partner: &Credentials, customer: &str) -> Request<Body> {
    let body = with(passport(customer), "xaccount_type", partner.xaccount_type.as_str()).to_string();
    let request = Request::post(INDIVIDUAL).header("host", "sim").header("x-auth-token", &partner.token);
    request.header("content-type", "application/json").body(body.into()).expect("the request is well-formed")
}

/// Sends an application, and reads the answer: the status with the JSON, `None` when there is none.
fn apply(sim: &Simulator, partner: &Credentials, customer: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(authority(sim)).expect("it listens");
    stream.write_all(application(partner, customer).as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    parse(&answer)
}

fn parse(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
}

/// The error code that a customer's application gets.
#[track_caller]
fn code(sim: &Simulator, partner: &Credentials, customer: &str) -> String {
    let (_, body) = apply(sim, partner, customer).expect("there is an answer");
    body["error_code"].as_str().unwrap_or("none").to_owned()
}

/// What a panic says.
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
fn several_in_one_process_have_nothing_in_common() {
    let simulators: Vec<_> = thread::scope(|scope| {
        let start = |_| scope.spawn(Simulator::start);
        let threads: Vec<_> = (0..8).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("it starts")).collect()
    });
    for sim in &simulators {
        let accepted = apply(sim, &sim.credentials(), "customer-new");
        assert_eq!(accepted, Some((200, json!({ "is_review": 1 }))), "nobody else has applied for it at {}", sim.url());
    }
    assert!(simulators.iter().all(|sim| sim.journal().len() == 1));
}

#[test]
fn a_drop_frees_the_port_and_ends_connections() {
    let sim = Simulator::start();
    let authority = authority(&sim);
    let mut idle = TcpStream::connect(&authority).expect("it listens");
    idle.write_all(b"GET /_sim/livez HTTP/1.1\r\nhost: sim\r\n\r\n").expect("it reads");
    let mut reader = BufReader::new(idle.try_clone().expect("a socket has clones"));
    let mut status = String::new();
    reader.read_line(&mut status).expect("it answers");
    assert_eq!(status, "HTTP/1.1 200 OK\r\n");

    drop(sim);
    TcpListener::bind(&authority).expect("the port is free");
    reader.read_to_string(&mut String::new()).expect("the connection ends");
}

#[test]
fn a_drop_does_not_wait_for_an_answer_that_never_comes() {
    let sim = Simulator::start();
    sim.script(json!({ "then": { "fault": "hang" } })).unwrap();
    let (authority, request) = (authority(&sim), application(&sim.credentials(), "customer-new"));
    let (sender, receiver) = mpsc::channel();
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(authority).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        sender.send(()).expect("the test waits");
        stream.read(&mut [0])
    });
    receiver.recv().expect("the request is sent");
    let began = Instant::now();
    drop(sim);
    assert!(began.elapsed() < STOP, "it took {:?}", began.elapsed());
    assert!(!matches!(client.join().expect("the client does not panic"), Ok(1..)), "nothing was answered");
}

#[tokio::test]
async fn it_is_used_from_an_asynchronous_test_as_well() {
    let sim = Simulator::start();
    sim.expect(Expectation::exactly(1).customer_id("customer-new").status(200));
    // There is one thread here: were the simulator to need it, nothing would ever be answered.
    let stream = tokio::net::TcpStream::connect(authority(&sim)).await.expect("it listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it is ready");
    tokio::spawn(connection);
    let response = sender.send_request(request(&sim.credentials(), "customer-new")).await.expect("it answers");
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn it_answers_without_a_port() {
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
fn what_was_expected_and_did_not_come_is_told_on_drop() {
    let told = panic_of(|| {
        let sim = Simulator::start();
        apply(&sim, &sim.credentials(), "customer-done");
        sim.expect(Expectation::exactly(1).customer_id("customer-done"));
        sim.expect(Expectation::at_least(2).customer_id("customer-done").status(200));
        sim.expect(Expectation::exactly(0).rule("not-authenticated-yet"));
    });
    assert_eq!(told.matches("expected at tests/it/embedded.rs:").count(), 2, "{told}");
    for part in [
        "expected at least 2, found 0",
        "expected exactly 0, found 1",
        "#1 POST /v2/customers/realname-auths/individual {\"customer_id\":\"customer-done\"",
        "status 400, error_code \"CBC.99000027\", rule \"not-authenticated-yet\": differs in status\n",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert!(!told.contains("Wang Xiaoming"), "{told}");
}

#[test]
fn what_was_expected_and_came_is_no_panic() {
    let sim = Simulator::start();
    sim.expect(Expectation::exactly(1).customer_id("customer-new").caller("demo-partner").path(INDIVIDUAL));
    sim.expect(Expectation::exactly(1).rule("not-authenticated-yet").status([400, 500]).name("Wang Xiaoming"));
    sim.expect(Expectation::exactly(0).error_code(Matcher::Prefix("APIGW".into())));
    sim.expect(Expectation::exactly(2).verified_number("E12345678"));
    let partner = sim.credentials();
    apply(&sim, &partner, "customer-new");
    apply(&sim, &partner, "customer-done");
    drop(sim);
}

#[test]
fn a_test_that_has_failed_fails_for_its_own_reason() {
    let told = panic_of(|| {
        let sim = Simulator::start();
        sim.expect(Expectation::exactly(1));
        // A second panic would end the process.
        panic!("the test's own reason");
    });
    assert_eq!(told, "the test's own reason");
}

#[test]
fn a_check_counts_when_it_is_asked_for() {
    let sim = Simulator::start();
    let accepted = Expectation::at_least(1).status(200);
    assert_eq!(sim.verify(&accepted).unwrap_err().to_string(), "expected at least 1, found 0");
    apply(&sim, &sim.credentials(), "customer-new");
    assert_eq!(sim.verify(&accepted).unwrap(), 1);
    sim.clear_journal();
    assert_eq!(sim.verify(&accepted).unwrap_err().count, 0);
}

#[test]
fn spaces_of_a_simulator_are_worlds_of_their_own() {
    let sim = Simulator::start();
    let one = sim.new_space();
    let other = sim.new_space_from("review-automatic").unwrap();
    assert_eq!(apply(&sim, &one.credentials(), "customer-new"), Some((200, json!({ "is_review": 1 }))));
    assert_eq!(apply(&sim, &sim.credentials(), "customer-new"), Some((200, json!({ "is_review": 1 }))));
    assert_eq!((one.journal().len(), other.journal().len(), sim.journal().len()), (1, 0, 1));
    assert!(sim.new_space_from("no-such-scenario").is_err());

    let gone = one.credentials();
    let told = panic_of(|| {
        one.expect(Expectation::exactly(2));
        drop(one);
    });
    assert!(told.contains("expected exactly 2, found 1"), "{told}");
    assert_eq!(code(&sim, &gone, "customer-new"), "APIGW.0301", "a space goes with what it expected");
}

#[test]
fn scripts_are_those_of_fixtures() {
    let sim = Simulator::start();
    let partner = sim.credentials();
    sim.script(json!({ "times": 1, "then": { "error_code": "CBC.0999" } })).unwrap();
    sim.script(r#"[{ "times": 1, "then": { "gateway": "APIGW.0308" } }, { "then": { "fault": "close" } }]"#).unwrap();
    assert_eq!(code(&sim, &partner, "customer-new"), "CBC.0999");
    assert_eq!(code(&sim, &partner, "customer-new"), "APIGW.0308");
    assert_eq!(apply(&sim, &partner, "customer-new"), None);
    sim.clear_script();
    assert_eq!(code(&sim, &partner, "customer-new"), "none");
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
fn state_follows_reviews_the_clock_and_resets() {
    let sim = Simulator::start();
    let (partner, status) = (sim.credentials(), |id: &str| sim.customer(id).map(|customer| customer.status));
    sim.approve("customer-under-review").unwrap();
    assert_eq!(status("customer-under-review"), Some(RealNameStatus::Authenticated));
    assert_eq!(
        sim.reject("customer-under-review", "blurred").unwrap_err().to_string(),
        "the customer is not under review but authenticated"
    );
    sim.put_customer("customer-late", Customer::new("demo-partner")).unwrap();
    assert_eq!(code(&sim, &partner, "customer-late"), "none");
    sim.reject("customer-late", "blurred").unwrap();
    assert_eq!(sim.customer("customer-late").expect("it was put").opinion.as_deref(), Some("blurred"));
    assert!(sim.put_customer("customer-later", Customer::new("nobody")).is_err());

    let at = |sim: &Simulator, place: usize| sim.journal()[place].json()["at"].as_str().expect("a time").to_owned();
    sim.freeze();
    apply(&sim, &partner, "customer-done");
    apply(&sim, &partner, "customer-done");
    assert_eq!(at(&sim, 1), at(&sim, 2), "time stands still");
    sim.advance(Duration::from_secs(24 * 60 * 60));
    apply(&sim, &partner, "customer-done");
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
fn a_world_is_written_in_code() {
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
fn what_is_wrong_with_fixtures_is_told_at_its_place() {
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
fn files_and_settings_make_a_simulator() {
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
        apply(&sim, &sim.credentials(), "nobody");
    }
    let journal = sim.journal();
    assert_eq!(journal.iter().map(bss_sim::Entry::number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((&journal[0].request()["name"], journal[0].path()), (&json!("Wang Xiaoming"), INDIVIDUAL));
    let file = Simulator::builder().scenario(Scenario::file(fixtures.join("default.yaml"))).start().unwrap();
    assert_eq!((file.credentials().ak.as_str(), file.credentials().sk.as_str()), ("DEMOAK0001", "demo-secret"));
}
