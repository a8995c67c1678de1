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
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_rustls::client::TlsStream;

use crate::support::*;

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

/// An application that the scenario `default` accepts, with this name.
fn named(name: &str) -> String {
    with(builtin_passport("customer-new"), "name", name).to_string()
}

/// A request of the API to the scenario `default`.
fn application(body: String) -> Request<String> {
    let request = Request::post(INDIVIDUAL).header("content-type", "application/json");
    request.header("x-auth-token", "demo-token").body(body).expect("a request")
}

/// Sends an application with this name in a task of its own.
fn spawn(client: &Client, name: &str) -> JoinHandle<Result<Reply, axum::Error>> {
    let (client, request) = (client.clone(), application(named(name)));
    tokio::spawn(async move { client.try_send(request).await })
}

async fn assert_serves(process: &Process) {
    Client::http2(process).await.post_as("demo-token", "{}").await.assert_parameter_error();
}

/// Opens a connection that offers only HTTP/2.
async fn connect(process: &Process) -> TlsStream<TcpStream> {
    TlsClient::of(&["h2"]).connect(process, "localhost").await.expect("it speaks TLS")
}

/// Sends bytes as they are, after the preface, and reads until the connection ends or breaks.
async fn exchange(process: &Process, sent: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(connect(process).await);
    let (all, mut came) = ([PREFACE, sent].concat(), Vec::new());
    let _ = in_time(async { tokio::join!(writer.write_all(&all), reader.read_to_end(&mut came)) }).await;
}

/// Waits until the scripted answers have been used so many times.
async fn wait_for_uses(client: &Client, expected: &[usize]) {
    let used = async || {
        let scripted = client.get("/scripted").await;
        list(&scripted, "scripted").iter().map(|answer| answer["used"].clone()).collect::<Value>()
    };
    in_time(async { while used().await != json!(expected) {} }).await;
}

#[tokio::test]
async fn requests_over_http2_are_answered_as_over_http1() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    let accepted = client.post_as("demo-token", named("Wang Xiaoming")).await;
    accepted.assert(200, UNDER_REVIEW);
    assert_eq!(accepted.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(accepted.header("content-length"), Some("15"));
    let entry = client.get(&format!("/journal/{}", accepted.id())).await;
    assert_eq!(entry["request"]["path"], INDIVIDUAL);
    assert_eq!(entry["request"]["headers"]["host"], "localhost", "as over HTTP/1.1");
    client.call("GET", "/v2", &[], "").await.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
    client.call("HEAD", "/_sim/livez", &[], "").await.assert(200, "");
    for path in [INDIVIDUAL, "/v2", &format!("/{}", "a".repeat(33 * 1024))] {
        let [head, get] = [client.call("HEAD", path, &[], "").await, client.call("GET", path, &[], "").await];
        assert_eq!((head.status, head.body.as_str()), (get.status, ""));
        assert_eq!(head.header("content-length"), get.header("content-length"));
    }
    client.post_as("demo-token", " ".repeat(1_000_000) + "{}").await.assert_parameter_error();
    assert_eq!(client.post_as("demo-token", " ".repeat(12 * 1024 * 1024) + "{}").await.status, 413);
}

#[tokio::test]
async fn signature_over_http2_is_over_the_authority() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    let (body, date) = (named("Wang Xiaoming"), now());
    let host = ("host", "bss-intl.myhuaweicloud.com");
    let sign = |signed| {
        // What is signed as the header `host` is sent as the authority alone.
        let mut request = SignedRequest { sent: &[JSON], signed, ..SignedRequest::post(&body, &date) }.request();
        *request.uri_mut() = format!("https://{}{INDIVIDUAL}", host.1).parse().expect("a URL");
        request
    };
    let wrong = client.send(sign(&[JSON, ("host", "localhost")])).await;
    assert!(wrong.status == 401 && wrong.body.contains("|host:bss-intl.myhuaweicloud.com|"), "{wrong:?}");
    client.send(sign(&[JSON, host])).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn hanging_streams_delay_no_other_stream() {
    let process = Process::start_tls(&["--log-level", "warn"]);
    let client = Client::http2(&process).await;
    client.script(&json!({ "when": { "name": "Hangs" }, "then": { "fault": "hang" } })).await;
    let hanging: Vec<_> = (0..50).map(|_| spawn(&client, "Hangs")).collect();
    wait_for_uses(&client, &[50]).await;
    for reply in join_all((0..500).map(|_| client.post_as("demo-token", "{}"))).await {
        reply.assert_parameter_error();
    }
    assert!(hanging.iter().all(|hanging| !hanging.is_finished()));
    // A client that gives up has its stream back.
    hanging.iter().for_each(JoinHandle::abort);
    client.post_as("demo-token", named("Wang Xiaoming")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn faults_over_http2_end_their_stream_only() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    let script = async |fault: &str| client.script(&json!({ "times": 1, "then": { "fault": fault } })).await;
    for fault in ["reset", "close", "malformed"] {
        script(fault).await;
        let error = match client.open(application(named("Wang Xiaoming"))).await {
            Ok(response) if fault == "malformed" => {
                assert_eq!((response.status().as_u16(), &response.headers()["content-length"]), (200, &15.into()));
                format!("{:?}", response.into_body().collect().await.expect_err("the body is cut short"))
            }
            opened => format!("{:?}", opened.expect_err("there is no answer")),
        };
        assert!(error.contains("Reset(") && error.contains("INTERNAL_ERROR"), "{fault}: {error}");
    }
    script("empty").await;
    client.post_as("demo-token", named("Wang Xiaoming")).await.assert(200, "");
    client.post_as("demo-token", named("Wang Xiaoming")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn body_timeout_over_http2_answers_400_and_keeps_the_connection() {
    let process = Process::start_tls(&["--body-timeout", "300ms"]);
    let client = Client::http2(&process).await;
    let half = |_| {
        let beginning = stream::iter([Ok::<_, Infallible>(" ".repeat(1000))]).chain(stream::pending());
        client.send(application(String::new()).map(|_| Body::from_stream(beginning)))
    };
    let (halves, whole) = tokio::join!(join_all((0..50).map(half)), client.post_as("demo-token", "{}"));
    whole.assert_parameter_error();
    for half in halves {
        half.assert_gateway(400, "APIGW.0201", "API request error.");
    }
    client.post_as("demo-token", "{}").await.assert_parameter_error();
}

#[tokio::test]
async fn ninety_long_bodies_on_one_connection_are_answered() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    let long = " ".repeat(200_000) + "{}";
    for reply in join_all((0..90).map(|_| client.post_as("demo-token", long.clone()))).await {
        reply.assert_parameter_error();
    }
}

#[tokio::test]
async fn streams_begin_with_the_window_of_the_protocol() {
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let process = Process::start_tls(&[]);
    let mut stream = connect(&process).await;
    stream.write_all(PREFACE).await.expect("it is taken in");
    let mut head = [0; 9];
    in_time(stream.read_exact(&mut head)).await.expect("a frame");
    assert_eq!(head[3], SETTINGS);
    let mut settings = vec![0; head[2].into()];
    stream.read_exact(&mut settings).await.expect("a whole frame");
    let windows = settings.chunks(6).filter(|setting| setting[..2] == INITIAL_WINDOW_SIZE.to_be_bytes());
    assert!(windows.into_iter().all(|window| window[2..] == 65_535_u32.to_be_bytes()), "{settings:?}");
}

#[tokio::test]
async fn answer_timeout_over_http2_resets_clients_that_do_not_read() {
    let process = Process::start_tls(&["--answer-timeout", "2s"]);
    let busy = Client::http2(&process).await;
    for reply in join_all((0..50).map(|_| busy.post_as("demo-token", "{}"))).await {
        reply.assert_parameter_error();
    }
    let mut narrow = Builder::new(TokioExecutor::new());
    narrow.initial_stream_window_size(100);
    let client = Client::http2_with(&process, &narrow).await;
    let get = |path: &str| Request::get(format!("/_sim{path}")).body("").expect("a request");
    // A follower may wait for as long as it likes.
    let followed = client.open(get("/journal/stream")).await.expect("it follows");
    let unread = client.open(get("/journal?limit=50")).await.expect("an answer");
    assert_eq!(unread.status(), 200);
    client.assert_ends().await;
    followed.into_body().collect().await.expect_err("the whole connection is reset");
    assert_serves(&process).await;
    // A small window is none too small for a client that reads.
    let patient = Client::http2_with(&process, &narrow).await;
    assert!(patient.send(get("/journal?limit=50")).await.body.len() > 100_000);
}

#[tokio::test]
async fn idle_timeout_over_http2_closes_clients_that_only_ping() {
    let process = Process::start_tls(&["--idle-timeout", "300ms"]);
    let mut pinging = Builder::new(TokioExecutor::new());
    pinging.timer(TokioTimer::new()).keep_alive_interval(Duration::from_millis(10)).keep_alive_while_idle(true);
    let (silent, talking) = (Client::http2(&process).await, Client::http2_with(&process, &pinging).await);
    let following = Client::http2(&process).await;
    let follow = Request::get("/_sim/journal/stream").body("").expect("a request");
    let mut followed = following.open(follow).await.expect("it follows").into_body();
    talking.post_as("demo-token", "{}").await.assert_parameter_error();
    silent.assert_ends().await;
    talking.assert_ends().await;
    // Half a head begins no request, and neither does the preface.
    exchange(&process, &frame(HEADERS, 0, 1, &GET)).await;
    exchange(&process, b"").await;
    assert_serves(&process).await;
    assert!(in_time(followed.frame()).await.expect("an event").is_ok(), "a follower is not idle");
}

#[tokio::test]
async fn floods_of_frames_are_ended_and_delay_no_other_client() {
    let process = Process::start_tls(&["--idle-timeout", "1s", "--log-level", "warn"]);
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
        tokio::join!(exchange(&process, &sent), assert_serves(&process));
    }
    assert_serves(&process).await;
}

#[tokio::test]
async fn more_than_100_streams_are_refused() {
    let process = Process::start_tls(&[]);
    let mut stream = connect(&process).await;
    let path = "/_sim/journal/stream";
    let get = [&[0x82, 0x87, 0x04, 20], path.as_bytes()].concat();
    assert_eq!(path.len(), 20);
    let crowd = (1..300).step_by(2).flat_map(|id| frame(HEADERS, END_HEADERS | END_STREAM, id, &get));
    stream.write_all(&[PREFACE, &crowd.collect::<Vec<_>>()].concat()).await.expect("it is taken in");
    let (mut begun, mut refused) = (0, 0);
    while begun + refused < 150 {
        let mut head = [0; 9];
        in_time(stream.read_exact(&mut head)).await.expect("a frame");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.expect("a whole frame");
        begun += usize::from(head[3] == HEADERS);
        refused += usize::from(head[3] == RST_STREAM && payload == [0, 0, 0, 7]);
    }
    assert_eq!((begun, refused), (100, 50));
}

#[tokio::test]
async fn long_target_over_http2_is_414_and_long_headers_are_494() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    let long = |length: usize| "a".repeat(length * 1024);
    let status = async |target: usize, headers: &[usize]| {
        let names: Vec<_> = (0..headers.len()).map(|index| format!("x-{index}")).collect();
        let values: Vec<_> = headers.iter().map(|length| long(*length)).collect();
        let headers: Vec<_> = names.iter().zip(&values).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        client.call("GET", &format!("/unknown?{}", long(target)), &headers, "").await.status
    };
    assert_eq!(status(30, &[30, 30, 30]).await, 404);
    assert_eq!(status(33, &[]).await, 414);
    assert_eq!(status(1, &[33]).await, 494);
    assert_eq!(status(1, &[31, 31, 31, 31, 31]).await, 494);
    assert_eq!(status(1, &[60, 60, 60, 60, 60]).await, 431, "far longer heads are not answered by the gateway");
    assert_eq!(status(1, &[]).await, 404, "the connection goes on");
}

#[tokio::test]
async fn sigterm_over_http2_lets_answers_end_and_resets_hanging_streams() {
    let process = Process::start_tls(&["--log-level", "warn"]);
    let client = Client::http2(&process).await;
    let scripted = json!([
        { "when": { "name": "Hangs" }, "then": { "fault": "hang" } },
        { "when": { "name": "Late" }, "delay": "100ms", "then": { "error_code": "CBC.0999" } },
    ]);
    client.script(&scripted).await;
    let follow = Request::get("/_sim/journal/stream").body("").expect("a request");
    let followed = client.open(follow).await.expect("it follows").into_body();
    let [hanging, late] = ["Hangs", "Late"].map(|name| spawn(&client, name));
    wait_for_uses(&client, &[1, 1]).await;
    let end = spawn_blocking(|| process.end("TERM"));
    let late = late.await.expect("no panic").expect("an answer");
    late.assert(500, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
    followed.collect().await.expect("its proper end");
    hanging.await.expect("no panic").expect_err("no answer");
    assert_eq!(end.await.expect("no panic").0, Some(0));
}
