//! HTTP/1.1: how much may be sent, and what becomes of unusual requests on a connection.

use std::collections::HashSet;

use axum::http::Version;

use crate::support::*;

const KIB: usize = 1024;
const LIMIT: usize = 12 * KIB * KIB;
const TOO_LARGE: &str = "Request entity too large.";

/// A JSON object without fields that blanks fill up to this many bytes.
fn padded(length: usize) -> String {
    " ".repeat(length - 2) + "{}"
}

#[tokio::test]
async fn header_names_are_in_title_case() {
    let process = Process::start(&[]);
    let mut connection = Connection::to(&process).await;
    let user = r#""user":{"name":"demo","password":"demo-password","domain":{"name":"demo-partner"}}"#;
    let login = format!(r#"{{"auth":{{"identity":{{"methods":["password"],"password":{{{user}}}}}}}}}"#);
    connection.send(raw_post(&login).replace(INDIVIDUAL, "/v3/auth/tokens")).await;
    connection.end_sending().await;
    let answer = connection.rest_as_text().await;
    for name in ["Content-Type", "Content-Length", "X-Request-Id", "X-Subject-Token"] {
        assert!(answer.contains(&format!("\r\n{name}: ")), "{answer}");
    }
}

#[tokio::test]
async fn body_of_more_than_12_mib_that_is_sent_whole_is_413() {
    let process = Process::start(&[]);
    for (length, fits) in [(LIMIT, true), (LIMIT + 1, false), (3 * LIMIT, false)] {
        let body = padded(length);
        let plain = format!("{}{body}", head(&format!("content-length: {length}"))).into_bytes();
        let chunked = [head("transfer-encoding: chunked").as_bytes(), &chunked(&body)].concat();
        for request in [plain, chunked] {
            let mut connection = Connection::to(&process).await;
            connection.send(request).await;
            let answer = connection.reply().await;
            if fits {
                answer.assert_parameter_error();
            } else {
                answer.assert_gateway(413, "APIGW.0201", TOO_LARGE);
            }
            // All that was sent has been read, so that the connection can go on.
            connection.assert_alive().await;
        }
    }
}

#[tokio::test]
async fn long_body_of_a_request_that_is_refused_by_its_head_is_read() {
    let process = Process::start(&["--control-token", "secret"]);
    let body = padded(13 * KIB * KIB);
    let long = format!("x-long: {}\r\n", "a".repeat(33 * KIB));
    let space = "x-sim-space: nope\r\n".to_owned();
    for (target, header, status) in [
        ("POST /nope", String::new(), 404),
        ("DELETE /v3/auth/tokens", String::new(), 404),
        ("POST /nope", long, 494),
        ("POST /nope", space.clone(), 404),
        ("POST /v2/partners/sub-customers", space, 413),
        ("PUT /_sim/world", String::new(), 401),
    ] {
        let mut connection = Connection::to(&process).await;
        let length = body.len();
        let head = format!("{target} HTTP/1.1\r\nhost: localhost\r\n{header}content-length: {length}\r\n\r\n");
        connection.send(head + &body).await;
        assert_eq!(connection.reply().await.status, status, "{target}");
        // All that was sent has been read, so that the connection can go on.
        connection.assert_alive().await;
    }
    let mut connection = Connection::to(&process).await;
    let head = "POST /nope HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    connection.send(head).await;
    connection.reply().await.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
}

#[tokio::test]
async fn expect_100_continue_with_more_than_12_mib_is_413_at_once() {
    let process = Process::start(&[]);
    let mut connection = Connection::to(&process).await;
    connection.send(head(&format!("content-length: {}\r\nexpect: 100-continue", LIMIT + 1))).await;
    connection.reply().await.assert_gateway(413, "APIGW.0201", TOO_LARGE);
    connection.assert_closed().await;

    for (framing, body, fits) in [
        (format!("content-length: {LIMIT}"), padded(LIMIT).into_bytes(), true),
        ("transfer-encoding: chunked".to_owned(), chunked(&padded(LIMIT + 1)), false),
    ] {
        let mut connection = Connection::to(&process).await;
        connection.send(head(&format!("{framing}\r\nexpect: 100-continue"))).await;
        assert_eq!(connection.head().await.status, 100, "{framing}");
        connection.send(body).await;
        let answer = connection.reply().await;
        if fits {
            answer.assert_parameter_error();
        } else {
            answer.assert_gateway(413, "APIGW.0201", TOO_LARGE);
        }
    }
}

#[tokio::test]
async fn long_target_is_414_and_long_headers_are_494() {
    let process = Process::start(&[]);
    let target = |length: usize| format!("/unknown?{}", "a".repeat(length - "/unknown?".len()));
    let header = |name: &str, length: usize| format!("{name}: {}\r\n", "a".repeat(length));
    let four = ["a", "b", "c", "d"].map(|name| header(name, 31 * KIB)).concat();
    // How the gateway counts a header is not known: these are some bytes away from the limits, on both sides.
    let table = [
        (target(32 * KIB), String::new(), 404, "the longest target"),
        (target(32 * KIB + 1), String::new(), 414, "a byte more"),
        (target(60 * KIB), header("a", 33 * KIB), 414, "the target comes first"),
        (target(20), header("a", 32 * KIB - 64), 404, "a long header"),
        (target(20), header("a", 32 * KIB + 64), 494, "too long a header"),
        (target(20), header("x-auth-token", 300 * KIB), 494, "much too long a header"),
        (target(20), four.clone() + &header("e", 3 * KIB), 404, "many long headers"),
        (target(20), four + &header("e", 5 * KIB), 494, "together they are too long"),
    ];
    for (target, headers, status, why) in table {
        let mut connection = Connection::to(&process).await;
        connection.send(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")).await;
        let answer = connection.reply().await;
        assert_eq!(answer.status, status, "{why}: {answer:?}");
        match status {
            414 => answer.assert_gateway(414, "APIGW.0201", "Request URI too large."),
            494 => answer.assert_gateway(494, "APIGW.0201", "Request headers too large."),
            _ => answer.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH),
        }
        connection.assert_alive().await;
    }
}

#[tokio::test]
async fn status_without_a_reason_has_an_empty_phrase() {
    let process = Process::start(&[]);
    let mut connection = Connection::to(&process).await;
    connection.send(format!("GET / HTTP/1.1\r\nhost: localhost\r\na: {}\r\n\r\n", "a".repeat(33 * KIB))).await;
    assert_eq!(connection.line().await.as_deref(), Some("HTTP/1.1 494"), "without `<none>`");
}

#[tokio::test]
async fn unusual_requests_are_answered() {
    let process = Process::start(&[]);
    let connect = async || Connection::to(&process).await;

    let mut connection = connect().await;
    connection.send("GET /_sim/livez HTTP/1.0\r\n\r\n").await;
    let answer = connection.reply().await;
    answer.assert(200, ALIVE);
    assert_eq!(answer.version, Version::HTTP_10, "an old client is answered in its own version");
    connection.assert_closed().await;

    // A client that takes the simulator for its proxy sends the whole URL.
    let mut connection = connect().await;
    let url = format!("POST http://bss-intl.myhuaweicloud.com{INDIVIDUAL}");
    connection.send(raw_post("{}").replace(&format!("POST {INDIVIDUAL}"), &url)).await;
    connection.reply().await.assert_parameter_error();
    let date = now();
    let signed = SignedRequest::post("{}", &date);
    let (host, authorization) = (HOST.1, signed.authorization());
    let headers = format!("host: {host}\r\nx-sdk-date: {}\r\nauthorization: {authorization}", signed.date);
    let signed = format!("{url} HTTP/1.1\r\ncontent-type: application/json\r\n{headers}\r\ncontent-length: 2\r\n\r\n");
    connection.send(signed + "{}").await;
    connection.reply().await.assert_parameter_error();

    // HEAD is answered without a body, or the next answer would not be understood.
    let mut connection = connect().await;
    connection.send("HEAD /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let answer = connection.head().await;
    answer.assert(200, "");
    assert_eq!(answer.header("content-length"), Some("15"), "{answer:?}");
    connection.send(head("content-length: 0").replace("POST", "HEAD")).await;
    assert_eq!(connection.head().await.status, 404);
    connection.assert_alive().await;

    for request in ["OPTIONS * HTTP/1.1", "CONNECT localhost:443 HTTP/1.1", "GET http://localhost HTTP/1.1"] {
        let mut connection = connect().await;
        connection.send(format!("{request}\r\nhost: localhost\r\n\r\n")).await;
        connection.reply().await.assert_gateway(404, "APIGW.0101", UNKNOWN_PATH);
    }

    // What is no HTTP is not answered by the gateway.
    for garbage in ["hello\r\n\r\n", "GET /_sim/livez\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"] {
        let mut connection = connect().await;
        connection.send(garbage).await;
        assert_eq!(connection.reply().await.status, 400, "{garbage:?}");
        connection.assert_closed().await;
    }
    let mut connection = connect().await;
    connection.send(head("transfer-encoding: chunked") + "zz\r\n").await;
    connection.reply().await.assert_gateway(400, "APIGW.0201", "API request error.");
    connect().await.assert_alive().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let process = Process::start(&[]);
    let mut connection = Connection::to(&process).await;
    let unknown = raw_post("{}").replace("demo-token", "unknown-token");
    let alive = "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    connection.send(unknown + &raw_post("{}") + alive).await;
    let answers = [connection.reply().await, connection.reply().await, connection.reply().await];
    answers[0].assert_unauthenticated("decrypt token fail");
    answers[1].assert_parameter_error();
    answers[2].assert(200, ALIVE);
    assert_eq!(answers.iter().map(Reply::id).collect::<HashSet<_>>().len(), 3, "{answers:?}");
}
