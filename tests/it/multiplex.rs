//! HTTP/2: all that HTTP/1.1 can, many times at once, and within the same limits.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use hyper::client::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::limits::PARAMETER_ERROR;
use crate::process::Simulator;
use crate::secure::{Client, Multiplexed, PATIENCE, application, secured};
use crate::service::{INDIVIDUAL, passport, with};
use crate::signing::{Call, JSON, now};

const ACCEPTED: &str = r#"{"is_review":1}"#;

/// What every connection of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The head of `GET /`.
const GET: [u8; 3] = [0x82, 0x87, 0x84];

/// A frame as it goes over the wire.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A well-formed application for a customer of the default scenario's, of somebody with this name.
fn valid(name: &str) -> String {
    with(with(passport("customer-new"), "xaccount_type", "***_IDP"), "name", name).to_string()
}

async fn assert_serves(simulator: &Simulator) {
    let answer = Multiplexed::to(simulator).await.apply("{}").await.expect("an answer");
    answer.assert(400, PARAMETER_ERROR);
}

/// Sends bytes as they are, after the preface, and reads to the end.
async fn outcome(simulator: &Simulator, sent: &[u8]) {
    let stream = Client::of(&["h2"]).connect(simulator, "localhost").await.expect("it speaks TLS");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (all, mut came) = ([PREFACE, sent].concat(), Vec::new());
    let both = async { tokio::join!(writer.write_all(&all), reader.read_to_end(&mut came)) };
    // However it ends, and whether all was taken in or not.
    let _ = timeout(PATIENCE, both).await.expect("an end in time");
}

/// Waits until the scripted answers have been used so many times.
async fn wait_for_uses(connection: &Multiplexed, expected: &[usize]) {
    let used = async || {
        let list = connection.control("GET", "/scripted", &json!(null)).await.body;
        let list: Value = serde_json::from_str(&list).expect("a list");
        list["scripted"].as_array().expect("a list").iter().map(|answer| answer["used"].clone()).collect::<Value>()
    };
    let wait = async { while used().await != json!(expected) {} };
    timeout(PATIENCE, wait).await.expect("they come");
}

#[tokio::test]
async fn everything_is_as_over_one_connection_for_each() {
    let simulator = secured(&[]);
    let connection = Multiplexed::to(&simulator).await;
    let answer = connection.apply(&valid("Wang Xiaoming")).await.expect("an answer");
    answer.assert(200, ACCEPTED);
    assert_eq!(answer.headers["content-type"], "application/json;charset=UTF-8");
    assert_eq!(answer.headers["content-length"], "15");
    let id = answer.headers["x-request-id"].to_str().expect("a request's ID is text");
    let entry = connection.control("GET", &format!("/journal/{id}"), &json!(null)).await;
    let entry: Value = serde_json::from_str(&entry.body).expect("an entry");
    assert_eq!(entry["request"]["path"], INDIVIDUAL);
    assert_eq!(entry["request"]["headers"]["host"], "localhost", "as over HTTP/1.1");
    let unknown = connection.send(Request::get("https://localhost/v2").body("").expect("a request")).await;
    let unknown = unknown.expect("an answer");
    assert_eq!((unknown.status, &unknown.headers["server"]), (404, &"api-gateway".parse().expect("a value")));
    let head = Request::head("https://localhost/_sim/livez").body("").expect("a request");
    connection.send(head).await.expect("an answer").assert(200, "");
    let long = connection.apply(&(" ".repeat(1_000_000) + "{}")).await.expect("an answer");
    long.assert(400, PARAMETER_ERROR);
    let too_long = connection.apply(&(" ".repeat(12 * 1024 * 1024) + "{}")).await.expect("an answer");
    assert_eq!(too_long.status, 413);
}

#[tokio::test]
async fn a_signature_is_over_the_authority() {
    let simulator = secured(&[]);
    let connection = Multiplexed::to(&simulator).await;
    let (body, date) = (valid("Wang Xiaoming"), now());
    let host = ("host", "bss-intl.myhuaweicloud.com");
    let sign = |signed| {
        // What is signed as the header `host` is sent as the authority alone.
        let (mut parts, _) = Call { sent: &[JSON], signed, ..Call::post(&body, &date) }.request().into_parts();
        parts.uri = format!("https://{}{INDIVIDUAL}", host.1).parse().expect("a URL");
        Request::from_parts(parts, body.clone())
    };
    let wrong = connection.send(sign(&[JSON, ("host", "localhost")])).await.expect("an answer");
    assert!(wrong.status == 401 && wrong.body.contains("|host:bss-intl.myhuaweicloud.com|"), "{wrong:?}");
    connection.send(sign(&[JSON, host])).await.expect("an answer").assert(200, ACCEPTED);
}

#[tokio::test]
async fn streams_do_not_wait_for_each_other() {
    let simulator = secured(&["--log-level", "warn"]);
    let connection = Multiplexed::to(&simulator).await;
    let hang = json!({ "when": { "name": "Hangs" }, "then": { "fault": "hang" } });
    assert_eq!(connection.control("POST", "/scripted", &hang).await.status, 201);
    let hanging: Vec<_> = (0..50)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.apply(&valid("Hangs")).await })
        })
        .collect();
    wait_for_uses(&connection, &[50]).await;
    let others = (0..500).map(|_| connection.apply("{}"));
    for answer in join_all(others).await {
        answer.expect("an answer").assert(400, PARAMETER_ERROR);
    }
    assert!(hanging.iter().all(|hanging| !hanging.is_finished()));
    // Whoever gives up has its stream back.
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
    connection.apply(&valid("Wang Xiaoming")).await.expect("an answer").assert(200, ACCEPTED);
}

#[tokio::test]
async fn a_fault_is_one_of_its_stream() {
    let simulator = secured(&[]);
    let connection = Multiplexed::to(&simulator).await;
    let script = async |fault: &str| {
        let script = json!({ "times": 1, "then": { "fault": fault } });
        assert_eq!(connection.control("POST", "/scripted", &script).await.status, 201);
    };
    for fault in ["reset", "close", "malformed"] {
        script(fault).await;
        let opened = connection.open(application(&valid("Wang Xiaoming"))).await;
        let error = match opened {
            Ok(response) if fault == "malformed" => {
                assert_eq!((response.status().as_u16(), &response.headers()["content-length"]), (200, &15.into()));
                response.into_body().collect().await.expect_err("the body is cut short")
            }
            opened => opened.expect_err("there is no answer"),
        };
        let text = format!("{error:?}");
        assert!(text.contains("Reset(") && text.contains("INTERNAL_ERROR"), "{fault}: {text}");
    }
    script("empty").await;
    connection.apply(&valid("Wang Xiaoming")).await.expect("an answer").assert(200, "");
    connection.apply(&valid("Wang Xiaoming")).await.expect("an answer").assert(200, ACCEPTED);
}

#[tokio::test]
async fn half_a_body_is_refused_and_the_connection_goes_on() {
    let simulator = secured(&["--body-timeout", "300ms"]);
    let connection = Multiplexed::to(&simulator).await;
    let half = |_| {
        let beginning = stream::iter([Ok::<_, Infallible>(" ".repeat(1000))]).chain(stream::pending());
        connection.send(application("").map(|_| Body::from_stream(beginning)))
    };
    let (halves, whole) = tokio::join!(join_all((0..50).map(half)), connection.apply("{}"));
    whole.expect("an answer").assert(400, PARAMETER_ERROR);
    for half in halves {
        let half = half.expect("an answer");
        assert!(half.status == 400 && half.body.contains("APIGW.0201"), "{half:?}");
    }
    connection.apply("{}").await.expect("an answer").assert(400, PARAMETER_ERROR);
}

#[tokio::test]
async fn long_bodies_that_wait_for_their_turn_hold_up_no_other_stream() {
    let simulator = secured(&[]);
    let connection = Multiplexed::to(&simulator).await;
    let long = " ".repeat(200_000) + "{}";
    for answer in join_all((0..90).map(|_| connection.apply(&long))).await {
        answer.expect("an answer").assert(400, PARAMETER_ERROR);
    }
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_reset_whatever_else_it_does() {
    let simulator = secured(&["--answer-timeout", "300ms"]);
    let busy = Multiplexed::to(&simulator).await;
    for answer in join_all((0..50).map(|_| busy.apply("{}"))).await {
        answer.expect("an answer").assert(400, PARAMETER_ERROR);
    }
    let mut narrow = Builder::new(TokioExecutor::new());
    narrow.initial_stream_window_size(100);
    let connection = Multiplexed::built(&simulator, &narrow).await;
    let get = |path: &str| Request::get(format!("https://localhost/_sim{path}")).body("").expect("a request");
    // Whoever follows may wait for as long as it likes.
    let followed = connection.open(get("/journal/stream")).await.expect("it follows");
    let untaken = connection.open(get("/journal?limit=50")).await.expect("an answer");
    assert_eq!(untaken.status(), 200);
    connection.end().await;
    followed.into_body().collect().await.expect_err("the whole connection is reset");
    assert_serves(&simulator).await;
    // A small window is none too small for whoever looks through it.
    let patient = Multiplexed::built(&simulator, &narrow).await;
    assert!(patient.send(get("/journal?limit=50")).await.expect("an answer").body.len() > 100_000);
}

#[tokio::test]
async fn a_connection_without_a_request_is_idle_whatever_it_sends() {
    let simulator = secured(&["--idle-timeout", "300ms"]);
    let mut pinging = Builder::new(TokioExecutor::new());
    pinging.timer(TokioTimer::new()).keep_alive_interval(Duration::from_millis(10)).keep_alive_while_idle(true);
    let (silent, talking) = (Multiplexed::to(&simulator).await, Multiplexed::built(&simulator, &pinging).await);
    let following = Multiplexed::to(&simulator).await;
    let follow = Request::get("https://localhost/_sim/journal/stream").body("").expect("a request");
    let mut followed = following.open(follow).await.expect("it follows").into_body();
    talking.apply("{}").await.expect("an answer").assert(400, PARAMETER_ERROR);
    silent.end().await;
    talking.end().await;
    // Half a head begins no request, and neither does the preface.
    outcome(&simulator, &frame(HEADERS, 0, 1, &GET)).await;
    outcome(&simulator, b"").await;
    assert_serves(&simulator).await;
    let event = timeout(PATIENCE, followed.frame()).await.expect("whoever follows, follows for ever");
    assert!(event.expect("an event").is_ok());
}

#[tokio::test]
async fn what_frames_can_do_has_an_end_and_holds_up_nobody() {
    let simulator = secured(&["--idle-timeout", "1s", "--log-level", "warn"]);
    let whole = END_HEADERS | END_STREAM;
    let ids = || (1_u32..20_000).step_by(2);
    let rapid =
        ids().flat_map(|id| [frame(HEADERS, whole, id, &GET), frame(RST_STREAM, 0, id, &[0, 0, 0, 8])].concat());
    let endless = (0..200).flat_map(|_| frame(CONTINUATION, 0, 1, &[0; 16 * 1024]));
    let table: [(&str, Vec<u8>); 7] = [
        ("streams that are reset at once", rapid.collect()),
        ("a head without an end", frame(HEADERS, 0, 1, &GET).into_iter().chain(endless).collect()),
        ("pings", (0..20_000).flat_map(|_| frame(PING, 0, 0, &[0; 8])).collect()),
        ("settings", (0..20_000).flat_map(|_| frame(SETTINGS, 0, 0, &[])).collect()),
        ("no data", ids().flat_map(|_| frame(DATA, 0, 1, &[])).collect()),
        ("a frame that is too long", frame(DATA, 0, 1, &vec![0; 100_000])),
        ("no frame", vec![0xff; 100_000]),
    ];
    for (what, sent) in table {
        eprintln!("{what}");
        tokio::join!(outcome(&simulator, &sent), assert_serves(&simulator));
    }
    assert_serves(&simulator).await;
}

#[tokio::test]
async fn more_streams_than_there_may_be_are_refused() {
    let simulator = secured(&[]);
    let mut stream = Client::of(&["h2"]).connect(&simulator, "localhost").await.expect("it speaks TLS");
    let path = "/_sim/journal/stream";
    let get = [&[0x82, 0x87, 0x04, 20], path.as_bytes()].concat();
    assert_eq!(path.len(), 20);
    let crowd = (1..300).step_by(2).flat_map(|id| frame(HEADERS, END_HEADERS | END_STREAM, id, &get));
    stream.write_all(&[PREFACE, &crowd.collect::<Vec<_>>()].concat()).await.expect("it is taken in");
    let (mut begun, mut refused) = (0, 0);
    while begun + refused < 150 {
        let mut head = [0; 9];
        timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("in time").expect("a frame");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.expect("a whole frame");
        begun += usize::from(head[3] == HEADERS);
        refused += usize::from(head[3] == RST_STREAM && payload == [0, 0, 0, 7]);
    }
    assert_eq!((begun, refused), (100, 50));
}

#[tokio::test]
async fn heads_have_the_limits_of_the_gateway() {
    let simulator = secured(&[]);
    let connection = Multiplexed::to(&simulator).await;
    let long = |length: usize| "a".repeat(length * 1024);
    let ask = async |target: usize, headers: &[usize]| {
        let mut request = Request::get(format!("https://localhost/unknown?{}", long(target)));
        for (index, length) in headers.iter().enumerate() {
            request = request.header(format!("x-{index}"), long(*length));
        }
        connection.send(request.body("").expect("a request")).await.expect("an answer").status
    };
    assert_eq!(ask(30, &[30, 30, 30]).await, 404);
    assert_eq!(ask(33, &[]).await, 414);
    assert_eq!(ask(1, &[33]).await, 494);
    assert_eq!(ask(1, &[31, 31, 31, 31, 31]).await, 494);
    assert_eq!(ask(1, &[60, 60, 60, 60, 60]).await, 431, "beyond all reason, it never gets as far as the gateway");
    assert_eq!(ask(1, &[]).await, 404, "the connection goes on");
}

#[tokio::test]
async fn a_stop_lets_streams_end_and_waits_for_none_that_does_not() {
    let simulator = secured(&["--log-level", "warn"]);
    let connection = Multiplexed::to(&simulator).await;
    let scripted = json!([
        { "when": { "name": "Hangs" }, "then": { "fault": "hang" } },
        { "when": { "name": "Late" }, "delay": "100ms", "then": { "error_code": "CBC.0999" } },
    ]);
    assert_eq!(connection.control("POST", "/scripted", &scripted).await.status, 201);
    let follow = Request::get("https://localhost/_sim/journal/stream").body("").expect("a request");
    let followed = connection.open(follow).await.expect("it follows").into_body();
    let [hanging, late] = ["Hangs", "Late"].map(|name| {
        let connection = connection.clone();
        tokio::spawn(async move { connection.apply(&valid(name)).await })
    });
    wait_for_uses(&connection, &[1, 1]).await;
    let end = tokio::task::spawn_blocking(|| simulator.end("TERM"));
    late.await
        .expect("no panic")
        .expect("an answer")
        .assert(500, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
    followed.collect().await.expect("its proper end");
    hanging.await.expect("no panic").expect_err("no answer");
    assert_eq!(end.await.expect("no panic").0.code(), Some(0));
}
