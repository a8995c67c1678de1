//! Scripted answers as a client's socket sees them: faults of the connection, and errors of the gateway.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};

use crate::process::Simulator;
use crate::service::{Service, passport, with};

/// One application of the default scenario's, with this body, over a connection of its own.
pub(crate) fn application(body: &str) -> String {
    request("POST", "/v2/customers/realname-auths/individual", body)
}

pub(crate) fn request(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-auth-token: demo-token\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Sends a request and reads the whole answer.
#[track_caller]
pub(crate) fn ask(authority: &str, request: &str) -> String {
    let mut answer = String::new();
    send(authority, request).read_to_string(&mut answer).expect("the answer is text");
    answer
}

#[track_caller]
fn send(authority: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(authority).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket has a timeout");
    stream.write_all(request.as_bytes()).expect("it reads");
    stream
}

/// A well-formed application for a customer of the default scenario's.
fn valid() -> String {
    application(&with(passport("customer-new"), "xaccount_type", "***_IDP").to_string())
}

/// A simulator with a scripted answer.
#[track_caller]
fn scripted(answer: &Value) -> Simulator {
    let simulator = Simulator::start(&[]);
    let told = ask(simulator.authority(), &request("POST", "/_sim/scripted", &answer.to_string()));
    assert!(told.starts_with("HTTP/1.1 201"), "{told}");
    simulator
}

/// Asserts that the simulator goes on, and that the fault has changed nothing.
#[track_caller]
fn assert_goes_on(simulator: &Simulator) {
    let customer = ask(simulator.authority(), &request("GET", "/_sim/customers/customer-new", ""));
    assert!(customer.contains(r#""attempts":0"#) && customer.contains("unauthenticated"), "{customer}");
    let answer = ask(simulator.authority(), &valid());
    assert!(answer.ends_with(r#"{"is_review":1}"#), "{answer}");
}

fn once(fault: &str) -> Value {
    json!({ "times": 1, "then": { "fault": fault } })
}

#[test]
fn a_reset_connection_is_reset() {
    let simulator = scripted(&once("reset"));
    let mut bytes = Vec::new();
    let error = send(simulator.authority(), &valid()).read_to_end(&mut bytes).expect_err("a reset");
    assert_eq!((error.kind(), bytes.as_slice()), (ErrorKind::ConnectionReset, &b""[..]));
    assert_goes_on(&simulator);
}

#[test]
fn a_closed_connection_ends_without_a_byte() {
    let simulator = scripted(&once("close"));
    assert_eq!(ask(simulator.authority(), &valid()), "");
    assert_goes_on(&simulator);
}

#[test]
fn an_empty_answer_has_no_body() {
    let simulator = scripted(&once("empty"));
    let answer = ask(simulator.authority(), &valid());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, "");
    assert_goes_on(&simulator);
}

#[test]
fn a_malformed_answer_is_shorter_than_it_says() {
    let simulator = scripted(&once("malformed"));
    let mut bytes = Vec::new();
    // Whether the end comes as an end or as a reset, the answer is short.
    let _ = send(simulator.authority(), &valid()).read_to_end(&mut bytes);
    let answer = String::from_utf8(bytes).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    assert!(length.is_some_and(|length: usize| length > body.len()), "{answer}");
    assert!(serde_json::from_str::<Value>(body).is_err(), "{body}");
    assert_goes_on(&simulator);
}

#[test]
fn a_hanging_answer_never_comes_and_holds_nobody_else_up() {
    let simulator = scripted(&json!({ "times": 2, "then": { "fault": "hang" } }));
    for is_given_up in [true, false] {
        let mut stream = send(simulator.authority(), &valid());
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket has a timeout");
        let error = stream.read(&mut [0]).expect_err("nothing comes");
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        if is_given_up {
            drop(stream);
        } else {
            assert_goes_on(&simulator);
            let (status, _, _) = simulator.end("TERM");
            assert_eq!(status.code(), Some(0));
            return;
        }
    }
}

#[tokio::test]
async fn each_code_of_the_gateway_can_be_scripted() {
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
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    for (code, status, message) in table {
        let script = json!({ "times": 1, "then": { "gateway": code } });
        assert_eq!(service.control(Method::POST, "/scripted", Some(&script)).await.0, 201, "{code}");
        let reply = service.apply(&passport("c-1")).await;
        let body = json!({ "error_msg": message, "error_code": code, "request_id": reply.id() });
        reply.assert(status, &body.to_string());
        assert_eq!(reply.headers["content-type"], "application/json", "{code}");
        assert_eq!(reply.headers["server"], "api-gateway", "{code}");
        assert_eq!(reply.headers.contains_key("retry-after"), code == "APIGW.0308", "{code}");
    }
    let (_, customer) = service.control(Method::GET, "/customers/c-1", None).await;
    assert_eq!((&customer["attempts"], &customer["real_name"]), (&json!(0), &json!("unauthenticated")));
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
}

/// The statuses of some applications, one after the other.
async fn statuses(service: &Service, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(service.apply(&passport("c-1")).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_sequence_goes_on_to_its_last_step_which_repeats_until_it_is_used_up() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let steps = json!([{ "error_code": "CBC.0999" }, { "gateway": "APIGW.0308" }, { "error_code": "CBC.0151" }]);
    let script = json!({ "when": { "customer_id": "c-1" }, "times": 5, "then": steps });
    let (status, added) = service.control(Method::POST, "/scripted", Some(&script)).await;
    assert_eq!((status, &added["added"]), (201, &json!(1)));
    assert_eq!(statuses(&service, 2).await, [500, 429]);
    let (_, list) = service.control(Method::GET, "/scripted", None).await;
    assert_eq!((&list["scripted"][0]["used"], &list["scripted"][0]["left"]), (&json!(2), &json!(3)));
    assert_eq!(list["scripted"][0]["scripted"]["times"], 5);
    assert_eq!(list["scripted"][0]["scripted"]["then"], steps);
    assert_eq!(statuses(&service, 5).await, [403, 403, 403, 200, 400], "then it is used up, and the rules decide");
    let (_, list) = service.control(Method::GET, "/scripted", None).await;
    assert_eq!(list["scripted"][0]["left"], 0);
}

#[tokio::test]
async fn answers_are_added_behind_those_that_are_there_and_cleared_together() {
    let service = Service::with(
        "customers: [{ id: c-1, partner: demo }]\nscripted: [{ times: 1, then: { error_code: CBC.0999 } }]",
    );
    let more = json!([{ "times": 1, "then": { "gateway": "APIGW.0308" } }, { "then": { "error_code": "CBC.0151" } }]);
    let (status, added) = service.control(Method::POST, "/scripted", Some(&more)).await;
    assert_eq!((status, &added["added"]), (201, &json!(2)));
    assert_eq!(statuses(&service, 4).await, [500, 429, 403, 403]);
    let (_, list) = service.control(Method::GET, "/scripted", None).await;
    let left: Vec<_> =
        list["scripted"].as_array().expect("a list").iter().map(|answer| answer["left"].clone()).collect();
    assert_eq!(left, [json!(0), json!(0), Value::Null], "an answer without `times` is given for ever");
    assert_eq!(service.control(Method::DELETE, "/scripted", None).await.0, 204);
    assert_eq!(service.control(Method::GET, "/scripted", None).await.1["scripted"], json!([]));
    assert_eq!(statuses(&service, 1).await, [200]);
}

#[tokio::test]
async fn a_delayed_answer_comes_no_earlier() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }]");
    let script = json!({ "delay": "200ms", "then": { "error_code": "CBC.0999" } });
    service.control(Method::POST, "/scripted", Some(&script)).await;
    let began = Instant::now();
    assert_eq!(statuses(&service, 1).await, [500]);
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_share_of_the_answers_is_the_same_in_every_run_of_a_seed() {
    let run = async |seed: u64| {
        let service = Service::from_yaml(&format!(
            "{}customers: [{{ id: c-1, partner: demo, real_name: authenticated }}]\nsettings: {{ seed: {seed} }}",
            crate::service::DEMO
        ));
        let script = json!({ "probability": 0.3, "then": { "error_code": "CBC.0999" } });
        assert_eq!(service.control(Method::POST, "/scripted", Some(&script)).await.0, 201);
        let first = statuses(&service, 200).await;
        service.control(Method::POST, "/reset", None).await;
        service.control(Method::POST, "/scripted", Some(&script)).await;
        assert_eq!(statuses(&service, 200).await, first, "after a reset it begins again");
        first
    };
    let first = run(7).await;
    assert_eq!(run(7).await, first);
    assert_ne!(run(8).await, first);
    let drawn = first.iter().filter(|status| **status == 500).count();
    assert!((40..=80).contains(&drawn), "about 60 of 200 are drawn, but {drawn} were");
}

#[tokio::test]
async fn a_bad_script_is_refused_and_adds_nothing() {
    let service = Service::with("");
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
        (json!({ "then": { "is_review": 1, "fault": "hang" } }), "exactly one", "two answers"),
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
        let (status, error) = service.control(Method::POST, "/scripted", Some(&script)).await;
        assert!([404, 422].contains(&status), "{why}: {status}");
        assert!(error["detail"].to_string().contains(names), "{why}: {error}");
    }
    assert_eq!(service.control(Method::GET, "/scripted", None).await.1["scripted"], json!([]));
}
